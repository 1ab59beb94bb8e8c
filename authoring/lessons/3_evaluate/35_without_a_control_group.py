# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Without a control group
#     question: Nobody kept a control. What can still be said?
#     part_a: 25
#     part_b: 45
#     know_first: ["00", "01"]
#     module: loyalty.evaluate.observational
#     test: helpers/tests/evaluate/observational/test_estimates.py::test_the_nsw_experiment_gives_the_published_difference
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - put **difference in differences** on trial: at dates when nothing happened, and beside a truth that we planted
# - check methods where a lottery gave the answer: a **naive comparison** and its repairs
# - weigh and match by the **propensity score**, test the result with a **placebo test**, and count over 200 lists when it can be trusted
# - write the one sentence that the evidence allows

# %% [markdown]
# ## The report is due, the control group is not
#
# Marta has taken our advice: the next campaign will have a control group. But the board still wants a report on campaign 13, and Jonas asks: *"You are analysts. Can you do nothing without a control group?"* There is a whole shelf of methods. We find out what they are worth, first on our campaign, then where we know the truth.

# %%
from loyalty.charts import house_style
from loyalty.datasets import complete_journey
from loyalty.evaluate.observational import difference_in_differences

house_style()
chain = complete_journey()
invited = chain.contacts[chain.contacts.campaign_id == 13].customer_id
when = {"start": "2017-08-08", "end": "2017-09-25"}
did = difference_in_differences(
    chain.receipts, treated=invited, customers=chain.customers, **when
)  # fmt: skip
ax = did.plot_gap(unit="$", source="Complete Journey")

# %% tags=["verify"]
assert did.to_frame().effect.round(2).tolist()[:4] == [153.87, -6.22, -9.64, -19.36]

# %% [markdown]
# Each bar is a gap: what an invited household spent more than the others, in four weeks. The last bar is the campaign. The **naive comparison** takes this bar for the effect. **Difference in differences** takes only how the gap *changed*. It stands on one assumption: without the campaign, the gap would have stayed as it was.
#
# Did it usually stay? It did not. It fell from \${{did.gaps.gap.iloc[0]:.0f}} to \${{did.gaps.gap.iloc[-2]:.0f}} before the campaign had begun. Why should it fall by itself? The picture does not say. The usual suspect: the list holds people who had just spent much. People who are picked at a high point come down afterwards, campaign or not. This is called **regression to the mean**.
#
# ## The same question where the answer is nothing
#
# A good trick costs nothing: ask the method about a day on which the campaign did not begin. If it finds an "effect" there, we know what its effects are worth. Such a fake question is called a **placebo**.

# %%
ax = did.plot(unit="$", source="Complete Journey")

# %% tags=["verify"]
placebos = did.to_frame().query("kind == 'placebo'")
assert (placebos.p_holm < 0.05).sum() == 2 and placebos.effect.lt(0).all() and len(placebos) == 5
mine = did.to_frame().query("kind == 'campaign'")
assert (mine.high > placebos.effect.min()).sum() >= 2 and (mine.low < placebos.effect.max()).all()
both = chain.contacts[
    (chain.contacts.campaign_id == 8) & chain.contacts.customer_id.isin(invited)
].customer_id.nunique()
start_8, end_8 = chain.campaigns[chain.campaigns.campaign_id == 8].iloc[0][["start", "end"]]
assert (f"{start_8:%d %B}", f"{end_8:%d %B}") == ("08 May", "26 June")  # the end is the first day without it

# %% [markdown]
# Grey are dates before the campaign. The method "finds" losses where our campaign did nothing, and our campaign's numbers look much like them.
#
# One doubt: the grey dates were no empty weeks. Smaller campaigns ran all year, and one of May and June had {{both}} of our members. Perhaps it moved the gap, perhaps nobody did. Either way the gap moves without our campaign, and the method cannot tell us who moved it. So what may Marta sign?

# %%
from loyalty.evaluate.observational import say_what_is_allowed

what = {"what": "campaign 13", "measure": "sales per member and 28 days", "unit": "$"}
say_what_is_allowed(did, **what)

# %% [markdown]
# "Cannot be told" is not a failure of the analyst. It is the result.
#
# ## A list whose truth we know
#
# Two suspicions are left. Perhaps this campaign is a special case, and perhaps the list itself moved the gap. In the simulated chain we can test both. Ines has drawn a list there as such lists are drawn: by what each customer spent in the last four weeks. The more, the likelier an invitation.

# %%
from loyalty.tasks.t35.ines import open_list

ines = open_list()
shoppers = ines.shoppers
groups = shoppers.groupby("group", observed=True).invited
groups.agg(customers="size", invited="mean").round(2)

# %% [markdown]
# Nobody drew the invited and the others alike. The letter offers 10 % off everything for 14 days. Your bet: **how many euros more does an invited customer spend in the 28 days because of the letter?**

# %%
from loyalty.tasks import predict, reveal

predict("35.1", ...)  # your bet in euros, such as 3.50

# %% [markdown]
# The letter goes out on New Year's Day. We ask as before: what was the gap, block by block?

# %%
import pandas as pd

world = ines.world
wave, later = ines.send()
when = {"start": world.end, "end": world.end + pd.Timedelta(days=28)}
letter = difference_in_differences(
    later.receipts, treated=ines.invited, customers=world.customers, **when
)  # fmt: skip
ax = letter.plot_gap(unit="€", source="loyalty.world, seed 35")

# %% tags=["verify"]
gap = letter.gaps.gap.to_numpy()
assert gap[:5].max() < 0.5 * gap[5] and gap[6] > gap[:5].max() and gap[:5].min() > 17 and gap[:5].max() < 21
assert f"{letter.gaps.start.iloc[5]:%d %B}" == "04 December" and f"{world.end:%d %B %Y}" == "01 January 2025"

# %% [markdown]
# For five blocks the gap stood still. Then came the four weeks by which Ines chose, and it is more than twice as high, although nobody had done anything to anybody. Choosing made that peak: it took people who happened to be at a high, and left people who happened to be at a low. In January both are back to normal. That is regression to the mean, and a difference in differences takes the way down for the letter's doing:

# %%
answers = letter.to_frame().query("kind != 'placebo'")
answers.index = ["naive", *(f"{days:.0f} days before" for days in answers.pre_days[1:])]
answers[["effect", "low", "high"]].round(2)

# %% [markdown]
# Four answers, from a large gain to a large loss. Jonas would read −€{{abs(letter.estimates[0].effect):.0f}} and stop the letter. Would the checks have warned us?

# %%
what = {"what": "the letter", "measure": "sales per invited customer", "unit": "€"}
say_what_is_allowed(letter, **what)

# %% tags=["verify"]
assert say_what_is_allowed(letter).level == "cannot be told" and letter.placebo_fails and letter.windows_disagree
early = letter.placebos[0]
assert early.details["pre_days"] == 28 and f"{early.details['start']:%d %B}" == "04 December" and early.low > 20

# %% [markdown]
# They would. The method "finds" an effect at dates before anything was sent, and the windows disagree: the same two signs as with Marta's campaign. Now the truth.

# %%
from loyalty.tasks.t35.pictures import draw_answers

truth = ines.find_truth(wave)
draw_answers(answers, "One letter, four answers, and none holds the truth", truth)
second = letter.estimates[1]
ends = {"low": second.low, "high": second.high, "truth": truth, "unit": "€"}
says = "Estimate: with 84 days before. Truth: the expected effect on the invited."
reveal("35.1", estimate=second.effect, says=says, **ends)

# %% tags=["verify"]
assert (
    not ((answers.low < truth) & (truth < answers.high)).any() and answers.high.iloc[1] < 0 and answers.high.iloc[2] < 0
)

# %% tags=["verify"]
from loyalty.tasks.t35.ines import PAGE, read_change_without_deciding_days, read_lists

page = PAGE.read_text(encoding="utf-8")
held_180 = float(read_lists().loc["change since 180 days before", "holds the truth"].strip("%"))
assert held_180 > 75 and "200 worlds" in page and "seeds 0, 1, 2, …, never picked" in page

# %% [markdown]
# The letter works: it brings €{{truth:.2f}} a head, and a report would have stopped it. The more days "before" a method takes, the more it thins the peak in them; even 180 days miss the truth here (Part B counts how often). Are there methods that do better? That is Part B as well.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/35_without_a_control_group.ipynb), at least 35a to 35c. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Where a lottery gave the answer
#
# To judge a method among real people we need a case where somebody did draw lots. Here is the most famous one. In the 1970s a programme in the United States (the National Supported Work demonstration) gave people with little chance of work about a year in a supported job. A lottery decided who got in, so we know the effect on their later earnings, up to chance.

# %%
from loyalty.datasets import nsw
from loyalty.evaluate.observational import compare_naively

people = nsw().people
lottery = people[people["sample"] == "nsw"]
known = compare_naively(lottery, treated="treated", outcome="re78")
known

# %% tags=["verify"]
assert round(known.effect, 2) == 1794.34 and round(known.se, 1) == 671.0

# %% [markdown]
# The programme brought **\${{known.effect:,.0f}}** of earnings in the year 1978 (`re78`; \${{known.low:,.0f}} to \${{known.high:,.0f}}). Here the naive comparison is the right one, because the lottery made the groups alike, up to chance.
#
# Now forget the lottery. Suppose somebody had only the participants, and took "the others" from a survey of {{(people["sample"] == "cps").sum():,}} American men. That is our situation: a campaign, and everybody else.

# %%
survey = people[people.treated | (people["sample"] == "cps")]
naive = compare_naively(survey, treated="treated", outcome="re78")
naive

# %% [markdown]
# **−\${{abs(naive.effect):,.0f}}**, with a narrow interval and thousands of people behind it. The interval is narrow around the wrong number: more rows do not cure a wrong comparison. Who are these people?

# %%
traits = ["age", "education", "black", "hispanic", "married", "no_degree", "re74", "re75"]
means = survey.groupby("treated")[traits].mean().T
means = means.set_axis(["survey", "participants"], axis=1)
means.map(lambda mean: f"{mean:,.0f}" if mean > 100 else f"{mean:.2f}")

# %% [markdown]
# Two different worlds: before the programme (`re74`, `re75`) the men of the survey earned many times what the participants did. Can difference in differences bridge that? We have two years to serve as "before".

# %%
changes = {}
for before in ("re75", "re74"):
    change = survey.assign(change=survey.re78 - survey[before])
    found = compare_naively(change, treated="treated", outcome="change")
    changes[f"change since 19{before[2:]}"] = found.to_frame()
table = pd.concat(changes).droplevel(1)
table[["effect", "low", "high"]].round(0).astype(int)

# %% tags=["verify"]
assert (table.low > known.effect).all() and table.effect.between(1.8 * known.effect, 2.2 * known.effect).all()
climb = (lottery.re78 - lottery.re75)[~lottery.treated].mean()
survey_climb = (survey.re78 - survey.re75)[~survey.treated].mean()
assert climb > 2 * survey_climb and means.survey[["re74", "re75"]].between(13_500, 14_500).all()

# %% [markdown]
# It is far above the truth: about twice the lottery's answer, and neither interval holds it. Why? Look at the people who were drawn *out* and got nothing. From 1975 to 1978 they climbed by \${{climb:,.0f}} on their own, the men of the survey by \${{survey_climb:,.0f}}. People tend to apply for such a programme when they are at a low point. This is regression to the mean again, this time upwards.

# %% [markdown]
# ## Comparing like with like
#
# Another idea: do not compare with all men of the survey, but with those who *look like* participants. How likely was somebody with these traits to be a participant? That chance is the **propensity score**. We estimate it from what was known before. One column stays out: `re75`. We shall need it as a witness.

# %%
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from loyalty.tasks.t35.pictures import draw_chances

covariates = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]
plain = LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000)  # C: unshrunken
model = make_pipeline(StandardScaler(), plain).fit(survey[covariates], survey.treated)
score = model.predict_proba(survey[covariates])[:, 1]
ax = draw_chances(score, survey.treated, "Most men of the survey were no candidates")

# %% [markdown]
# Nearly all men of the survey had a chance near zero, so they say little about participants. Give each of them the weight *chance / (1 − chance)*. A man who could well have been a participant then counts much, and the others hardly at all. By hand that is one line:

# %%
treated = survey.treated.to_numpy()
weights = np.where(treated, 1, score / (1 - score))
others = np.average(survey.re78[~treated], weights=weights[~treated])
by_hand = survey.re78[treated].mean() - others
round(by_hand)

# %%
from loyalty.evaluate.observational import weight_by_propensity

asked = {"table": survey, "treated": "treated", "outcome": "re78"}
weighted = weight_by_propensity(**asked, covariates=covariates, target="att")
weighted

# %% tags=["verify"]
assert abs(by_hand - weighted.effect) < 1 and round(naive.effect) == -8498
assert weighted.low < 0 < weighted.high < known.effect

# %% [markdown]
# The same number, and the helper adds the interval. The weights brought us much nearer to the lottery's answer, though the interval (−\${{abs(weighted.low):,.0f}} to \${{weighted.high:,.0f}}) does not quite hold it. How many men of the survey did the work?

# %%
from loyalty.evaluate.observational import check_overlap

overlap = check_overlap(survey, treated="treated", covariates=covariates)
print(f"{naive.n_control:,} men of the survey count like {overlap.ess_control:,.0f}")
print(f"largest difference of a trait: {overlap.worst_difference:.2f} standard deviations")

# %% [markdown]
# ## All methods, and a witness
#
# A few hundred men carry the comparison, and in the recorded traits they look like the participants. But there are other ways to compare like with like: matching, regression, both at once (doubly robust). The helper runs them all. And it asks each of them a question with a known answer: *what did the programme change in 1975, before it began?* Nothing. A method that finds something there has not made the groups alike. This is the **placebo test**.

# %%
from loyalty.evaluate.observational import compare_all
from loyalty.tasks.t35.pictures import draw_witness

everything = compare_all(**asked, covariates=covariates, placebo="re75")
frame = everything.to_frame()
adjusted = frame[frame.method != "naive"]
ax = draw_witness(adjusted, "The witness contradicts every method", known.effect)

# %% tags=["verify"]
assert (
    (frame.placebo_says == "fails").all()
    and adjusted.effect.between(-1000, 1200).all()
    and (adjusted.effect < known.effect).all()
)
assert len(frame) == 7 and (frame.placebo_high < 0).all()
assert (adjusted.placebo < -1000).all()

# %% [markdown]
# Six methods that adjust, six answers, and all below the lottery's. Where they come near each other it proves little, because all of them lean on the same columns. The witness tells us more: every interval on the right lies below zero. After all that weighing, the participants still earned over \$1,000 less *in 1975* than the men they are compared with. What is left over in 1975 is probably left over in 1978 too.

# %% [markdown]
# ## Then use the witness?
#
# If `re75` says that the groups differ, put it among the covariates:

# %%
with_1975 = compare_all(**asked, covariates=[*covariates, "re75"]).to_frame()
with_1975.set_index("method")[["effect", "low", "high"]].round(0).astype(int)

# %% tags=["verify"]
better = with_1975.set_index("method").effect
assert better["weights"] > weighted.effect and better["doubly robust"] > 1000
robust = with_1975.set_index("method").loc["doubly robust"]
assert robust.low < known.effect < robust.high

# %% [markdown]
# Better: doubly robust says \${{better["doubly robust"]:,.0f}} now (\${{robust.low:,.0f}} to \${{robust.high:,.0f}}), and the lottery's answer lies inside. But we can say "better" only because we know that answer. In a real report there is no lottery, and the witness has become a covariate, so it can no longer check the result. Decide *before* you look which column stays out.
#
# ## How strong would a secret have to be?
#
# The covariates hold what somebody wrote down. Suppose that something was not: motivation, say. How strongly would it have to drive both who takes part and what they earn, to undo the estimate?

# %%
everything.sensitivity

# %% [markdown]
# The sentence on top says it: almost nothing would be enough, because the estimate is near zero anyway. (`r2_treatment` and `r2_outcome` are shares explained. Each row asks what would be left if the secret were that many `times` as strong as the trait named.) In a report this is the last line, after the placebo. It answers the director's "but you controlled for everything!"

# %%
what = {"what": "the programme", "measure": "earnings in 1978", "unit": "$", "decimals": 0}
say_what_is_allowed(everything, **what)

# %% [markdown]
# ## The same methods on Ines's list
#
# Back to the letter of Part A. `ines.describe` makes one row a customer, with logarithms of what the customer spent (€400 is not ten times the reason that €40 is). The witness is what they spent in four weeks of late summer, long before this letter.

# %%
listed = ines.describe(wave)
on_list = {"table": listed, "treated": "invited", "outcome": "sales", "placebo": "witness"}
blind = compare_all(**on_list, covariates=["quarter", "year"])
told = compare_all(**on_list, covariates=["decided", "quarter", "year"])

# %% [markdown]
# `blind` stands for an analyst who has the customers' past, but not the four weeks by which Ines chose. `told` has them too.

# %%
from loyalty.charts import HIGHLIGHT, TREATED
from loyalty.tasks.t35.ines import METHODS

parts = []
for name, one, colour in (("blind", blind, HIGHLIGHT), ("told", told, TREATED)):
    part = one.to_frame().set_index("method").loc[list(METHODS)].rename(METHODS)
    parts.append(part.add_prefix(f"{name}: ", axis=0).assign(colour=colour))
ax = draw_answers(pd.concat(parts), "Told what decided, all four hold the truth", truth)

# %% tags=["verify"]
blind_frame, told_frame = (one.to_frame().set_index("method").iloc[1:] for one in (blind, told))
assert (blind_frame.effect > truth).all() and (blind_frame.placebo_says == "fails").all() and len(blind_frame) == 6
assert (told_frame.placebo_says == "fails").sum() == 1 and told_frame.placebo_says["regression"] == "fails"
four = list(METHODS)
assert (told_frame.effect[four] < truth).sum() == 3 and told_frame.effect["regression"] > truth
assert ((told_frame.low < truth) & (truth < told_frame.high))[four].all() and told_frame.effect[four].min() > 0
assert ((told_frame.high - told_frame.low)[four] / 2).between(3.5, 6).all() and (told_frame.effect[four] < 1).sum() == 3

# %% [markdown]
# The blind methods are all too high, and the witness says so of every one. Told the weeks that decided, all four intervals hold the truth. Here the witness rejects one of six methods, the regression, which comes nearest. The other intervals are wide, and their three estimates far too low. Bad luck, or bad methods? One list cannot tell. Here are the two soundest comparisons that we know: within each of Ines's four groups, and a real lottery with as many letters.

# %%
from loyalty.evaluate.observational import compare_strata

within = compare_strata(listed, treated="invited", outcome="sales", by="group")
within

# %%
lots = np.random.default_rng(35).permutation(shoppers.invited)
drawn, _ = ines.send(lots)
by_lot = shoppers.assign(invited=lots, sales=ines.read_sales(drawn))
fair = compare_naively(by_lot, treated="invited", outcome="sales")
lot_truth = ines.find_truth(drawn)
two = pd.concat([within.to_frame(), fair.to_frame()])[["effect", "low", "high"]]
two.index = ["within the groups", "lottery"]
two.assign(truth=[truth, lot_truth]).round(2)

# %% tags=["verify"]
assert within.high < truth and within.high > truth - 0.5 and lot_truth < fair.low < lot_truth + 0.5

# %% [markdown]
# Both just miss (the lottery has a truth of its own, because it invited others). Each should do so in five of a hundred lists; with the 180 days of Part A that makes three misses, an unlucky world. So we count.
#
# ## Two hundred lists
#
# [One page](../../docs/tables/selected.md) holds it: 200 worlds, ours among them and none picked, a list like Ines's in each. The letter is sent twice, once with the discount and once with a magazine that changes nothing.

# %%
from loyalty.tasks.t35.ines import read_lists

lists = read_lists()
lists

# %% tags=["verify"]
true_mean = float(next(line for line in page.splitlines() if line.startswith("| naive |")).split(" | ")[1])
share = lists[["holds the truth", "no effect: false alarms"]].map(lambda text: float(text.strip("%")))
held, alarm = share["holds the truth"], share["no effect: false alarms"]
left_out = read_change_without_deciding_days()
bias = lists["bias, €"].map(lambda text: float(text.split()[0]))
assert (
    held[["naive", "change since 28 days before"]].max() == 0
    and alarm[["naive", "change since 28 days before"]].min() == 100
)
good = ["told: weights", "told: doubly robust", "within the groups: strata (propensity)", "lottery: naive"]
assert held[good].min() >= 92 and alarm[good].max() <= 8
assert (
    held[["blind: doubly robust", "blind: matching"]].max() < 25
    and held["told: regression"] < 70
    and 80 < held["told: matching"] < 92
)
assert (
    lists["checks pass"].iloc[1:4].eq("0.0%").all() and float(lists["checks pass"]["blind: matching"].strip("%")) > 50
)
assert (
    70 < held["change since 180 days before"] < 90
    and abs(bias["change since 180 days before"]) < 1
    and held["change since 180 days before"] == held_180
)
other_way = float(left_out["bias, €"].split()[0])
assert 2 < other_way < 4.5
passed = lists["checks pass"][["told: weights", "told: doubly robust", "within the groups: strata (propensity)"]].map(
    lambda text: float(text.strip("%"))
)
assert passed.between(40, 62).all() and bias["blind: matching"] > true_mean
profile = "Adjusted for the profile, the last 28 days"
sure = page.split("# All above a border, nobody below\n", 1)[1].split("# A lottery\n")[0]
rows = [
    line.strip("| ").split(" | ")
    for line in sure.split(f"# {profile} among it\n")[1].split("#")[0].splitlines()
    if "%" in line
]
assert len(rows) == 5 and all(
    row[10] == "100.0%" and row[9] == "0.0%" and float(row[5].strip("%")) < 12.5 for row in rows
)
hidden = [
    line.strip("| ").split(" | ") for line in sure.split(f"# {profile} not recorded\n")[1].splitlines() if "%" in line
]
assert (
    len(hidden) == 5
    and sorted(float(row[10].strip("%")) for row in hidden)[3] == 0
    and all(float(row[5].strip("%")) < 12.5 for row in hidden)
)

# %% [markdown]
# *Bias* is the mean error (± its interval) beside a truth of about €{{true_mean:.2f}}. A *false alarm* is an effect "found" for the magazine. The *checks pass* where the helper lets us write "suggests". We read three things.
#
# - **The change since the days that decided is always wrong**, here and in 200 lists. With 180 days two errors happen to cancel on average: the peak pulls down, and by themselves the invited rise more than the others (leave the days that decided out, and 84 days miss by +€{{other_way:.2f}}). In {{held_180:.0f}} % of the lists that interval holds the truth, but {{alarm["change since 180 days before"]:.0f}} % false alarms remain, and in none of the lists did the checks pass.
# - **What decided must be among the columns.** Blind, the best methods cannot be saved, and matching, whose error is larger than the truth, passes the checks in {{lists["checks pass"]["blind: matching"]}} of the lists. Told, weights and doubly robust hold what they promise, and so does the plain comparison within the groups. Matching holds a little less than promised, regression much less (our guess: spending does not follow a line; on our list it came near by luck). Yet in about half of the lists the checks refuse the sound ones too: with {{shoppers.invited.sum():,}} invited the interval of a witness is often too wide to clear a method.
# - **Somebody like them must have been left out.** If Ines had invited *all* above €20 and nobody below, no method would hold the truth even in one list of eight. Told what decided, the helper warns every time; blind, four methods of five never do.
#
# So the cheapest repair is none of the methods: **write down how the list was made, and leave a part of every class out**. If you do that by lot, you have a control group.

# %% [markdown]
# ## What we learned
#
# - **Difference in differences** needs gaps that would have stayed. Ask it about dates before the campaign. It "found" a loss of \$16 where there was nothing, and a loss of €{{abs(letter.estimates[0].effect):.0f}} where a letter brought €{{truth:.0f}}: people who are picked at a high point fall back.
# - Where a lottery gave the answer, \$1,794, a **naive comparison** said −\$8,498 and comparing changes gave about twice the lottery's answer.
# - Weights by the **propensity score** compare like with like, as far as the columns go. A **placebo test** shows what they left behind, but not always. Over 200 lists they hold when what decided is among the columns and somebody like the invited was left out.
# - The sentence to sign follows from the checks, not from the estimate that looks best. Often it is "cannot be told".
#
# ## What could still be wrong
#
# - A passed placebo does not prove a method right. It shows only what to *distrust*.
# - In Ines's list chance decided within a group. On real lists somebody did, with reasons. And in this world a customer's good and bad months follow one another by chance, which is kinder than life.
# - The lottery's own answer has an interval, \$474 to \$3,115. The adjusted estimates are low, but several of their intervals overlap with it.
# - Campaign 13's members had other campaigns before. A clean "before" does not exist in this chain.
# - We chose the list of covariates. Another analyst would choose another one, and get another number.
#
# ## Use it on your data
#
# `difference_in_differences(receipts, treated=members, start=…, end=…, customers=customers)`, then look at `.plot()` before you look at the effect; and let `say_what_is_allowed(…)` write the first sentence of your report.

# %% [markdown]
# [[links]]
