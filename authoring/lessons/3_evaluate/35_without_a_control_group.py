# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     module: loyalty.evaluate.observational
#     test: helpers/tests/evaluate/test_observational.py::test_the_nsw_experiment_gives_the_published_difference
#     minutes: 60
# ---

# %% [markdown]
# # Without a control group
#
# **Nobody kept a control. What can still be said?**
#
# *60 minutes: 25 together, 35 alone · before: [Start here](../0_start/00_start_here.ipynb)*
#
# You will
#
# - put **difference in differences** on trial: the same question at dates when nothing happened
# - check methods where the answer is known: a **naive comparison** and its repairs beside a real lottery
# - weigh and match by the **propensity score**, and test the result with a **placebo test**
# - write the one sentence that the evidence allows

# %% [markdown]
# ## The report is due, the control group is not
#
# Marta has taken our advice: the next campaign will have a control group. But the board still wants a report on campaign 13, and Jonas asks: *"You are analysts. Is there nothing
# you can do without a control?"* There is a whole shelf of methods. Let us find out what they are worth, first on our campaign, then where we know the answer.

# %%
from loyalty.charts import house_style
from loyalty.datasets import complete_journey
from loyalty.evaluate.observational import difference_in_differences

house_style()
chain = complete_journey()
invited = chain.contacts[chain.contacts.campaign_id == 13].customer_id
did = difference_in_differences(
    chain.receipts, treated=invited, start="2017-08-08", end="2017-09-25", customers=chain.customers
)
did.to_frame().query("kind != 'placebo'")[["kind", "pre_days", "effect", "low", "high"]].round(2)

# %% tags=["verify"]
assert did.to_frame().effect.round(2).tolist()[:4] == [153.87, -6.22, -9.64, -19.36]

# %% [markdown]
# These are the numbers that we found by hand in lesson 00, in dollars per household and 28 days: a naive gap of \$154, and three differences in differences that do not agree. The method stands on one
# assumption: *without the campaign, the gap would have stayed as it was*. Did it usually stay?

# %%
ax = did.plot_gap(unit="$", source="Complete Journey")

# %% [markdown]
# It did not. In blocks as long as the campaign the gap fell from \${{did.gaps.gap.iloc[0]:.0f}} to \${{did.gaps.gap.iloc[-2]:.0f}} per 28 days before the campaign had begun. Why should it fall by itself?
# The table does not say. The usual suspect: the list holds people who had spent much, and whoever is picked at a high point comes down afterwards, campaign or not. This is called **regression to the mean**.
#
# ## The same question where the answer is nothing
#
# A good trick costs nothing: ask the method about a day on which campaign 13 did not begin. If it finds an "effect" there, we know what its effects are worth. Such a fake question is called a placebo.

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
# Grey are the dates before campaign 13. The method "finds" up to −\${{abs(did.to_frame().query("kind == 'placebo'").effect.min()):.0f}} where there was nothing of campaign 13 to find; two of the five stand even after we correct for having asked five times.
# Our campaign's numbers look much like them.
#
# One doubt: the grey dates were no empty weeks. Smaller campaigns ran all year, and campaign 8 (8 May to 25 June) had {{both}} of our members. Perhaps it moved the gap, perhaps nobody did. Either way the gap moves without
# campaign 13, and the method cannot tell us who moved it. So what may Marta sign?

# %%
from loyalty.evaluate.observational import say_what_is_allowed

say_what_is_allowed(did, what="campaign 13", measure="sales per member and 28 days", unit="$")

# %% [markdown]
# "Cannot be told" is not a failure of the analyst. It is the result.
#
# ## Where the answer is known
#
# Maybe we were unlucky with campaign 13. To judge a *method* we need a case where somebody did draw lots. Here is the most famous one. In the 1970s a programme in the United States (the National
# Supported Work demonstration) gave people with little chance of work about a year in a supported job. Who got in was decided by lottery, so we know the effect on their later earnings, up to chance.

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
# {{known.n_treated}} people drawn in, {{known.n_control}} drawn out: the programme brought **\${{known.effect:,.0f}}** in the year 1978 (\${{known.low:,.0f}} to \${{known.high:,.0f}}). Here the naive comparison is the right one, for the lottery made the groups alike, up to chance.
#
# Now forget the lottery. Suppose somebody had only the participants, and took "the others" from a survey of {{(people["sample"] == "cps").sum():,}} American men. That is our situation: a campaign, and everybody else.

# %%
survey = people[people.treated | (people["sample"] == "cps")]
naive = compare_naively(survey, treated="treated", outcome="re78")
naive

# %% [markdown]
# **−\${{abs(naive.effect):,.0f}}**, with a narrow interval and {{naive.n_control:,}} people behind it. The interval is narrow around the wrong number: more rows do not cure a wrong comparison. Who are these people?

# %%
traits = ["age", "education", "black", "hispanic", "married", "no_degree", "re74", "re75"]
means = survey.groupby("treated")[traits].mean().T.set_axis(["survey", "participants"], axis=1)
means.map(lambda mean: f"{mean:,.0f}" if mean > 100 else f"{mean:.2f}")

# %% [markdown]
# Two different worlds. The men of the survey earned about \$14,000 a year before the programme (`re74`, `re75`), the participants \${{means.participants["re74"]:,.0f}} and \${{means.participants["re75"]:,.0f}}. Can difference in differences bridge that? We have two years to serve as "before".

# %%
import pandas as pd

from loyalty.charts import draw_intervals, headline

answers = {"naive": naive}
for before in ("re75", "re74"):
    change = survey.assign(change=survey.re78 - survey[before])
    answers[f"change since 19{before[2:]}"] = compare_naively(change, treated="treated", outcome="change")
table = pd.DataFrame({name: {"effect": a.effect, "low": a.low, "high": a.high} for name, a in answers.items()}).T
ax = draw_intervals(table, truth=known.effect, unit="$", decimals=0)
what = "effect on earnings in 1978, $, 95 % interval; truth: the lottery's answer"
headline(ax, "From far too little to far too much", what, "NSW, CPS")

# %% tags=["verify"]
assert (table.low.iloc[1:] > known.effect).all() and table.effect.iloc[1:].between(
    1.8 * known.effect, 2.2 * known.effect
).all()
climb = (lottery.re78 - lottery.re75)[~lottery.treated].mean()
survey_climb = (survey.re78 - survey.re75)[~survey.treated].mean()
assert climb > 2 * survey_climb and means.survey[["re74", "re75"]].between(13_500, 14_500).all()

# %% [markdown]
# It jumps over the truth: +\${{table.effect.iloc[1]:,.0f}} and +\${{table.effect.iloc[2]:,.0f}}, about twice the lottery's answer, and neither interval holds it. Why? Look at those who were drawn *out* and got nothing: from 1975 to 1978 they climbed by \${{climb:,.0f}} on their own, the men of the survey by \${{survey_climb:,.0f}}.
# People tend to apply for such a programme when they are at a low point. This is regression to the mean again, this time upwards.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/35_without_a_control_group.ipynb), at least 35a to 35c. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Comparing like with like
#
# Another idea: do not compare with all {{naive.n_control:,}} men of the survey, but with those who *look like* participants. How likely was somebody with these traits to be a participant? That chance is
# the **propensity score**. We estimate it from what was known before. One column stays out: `re75`. We shall need it as a witness.

# %%
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

covariates = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]
model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000))  # C: no shrinking
score = model.fit(survey[covariates], survey.treated).predict_proba(survey[covariates])[:, 1]
pd.Series(score).groupby(survey.treated.to_numpy()).median().set_axis(["survey", "participants"]).round(4).to_frame(
    "median chance"
)

# %% [markdown]
# The median participant has a chance of {{np.median(score[survey.treated]):.0%}}, the median man of the survey one of {{np.median(score[~survey.treated]):.2%}}. As a picture:

# %%
from loyalty.evaluate.observational import check_overlap, draw_overlap

ax = draw_overlap(survey, treated="treated", covariates=covariates)

# %% [markdown]
# Nearly all men of the survey had a chance near zero of being a participant. They say little about participants. Give each man of the survey the weight *chance / (1 − chance)*: whoever could well have been a
# participant counts much, the others hardly at all. By hand that is one line:

# %%
treated = survey.treated.to_numpy()
weights = np.where(treated, 1, score / (1 - score))
by_hand = survey.re78[treated].mean() - np.average(survey.re78[~treated], weights=weights[~treated])
round(by_hand)

# %%
from loyalty.evaluate.observational import weight_by_propensity

weighted = weight_by_propensity(survey, treated="treated", outcome="re78", covariates=covariates, target="att")
weighted

# %% tags=["verify"]
assert abs(by_hand - weighted.effect) < 1 and round(naive.effect) == -8498
assert weighted.low < 0 < weighted.high < known.effect

# %% [markdown]
# The same number, and the helper adds the interval. From −\$8,498 to \${{weighted.effect:,.0f}}: the weights brought us much nearer to the lottery's \${{known.effect:,.0f}}, though the interval (−\${{abs(weighted.low):,.0f}} to \${{weighted.high:,.0f}}) does not quite hold it. How many men of the survey did the work?

# %%
overlap = check_overlap(survey, treated="treated", covariates=covariates)
print(
    f"{naive.n_control:,} men of the survey count like {overlap.ess_control:,.0f}; largest remaining difference of a trait: {overlap.worst_difference:.2f} standard deviations"
)

# %% [markdown]
# ## All methods, and a witness
#
# {{overlap.ess_control:,.0f}} men carry the comparison, and in the recorded traits they look like the participants. But there are other ways to compare like with like: matching, regression, both at once (doubly robust). The helper runs them all. And it asks each of them a question with a known answer: *what did the programme change in 1975, before it began?* Nothing. A method that finds something
# there has not made the groups alike. This is the **placebo test**.

# %%
from loyalty.evaluate.observational import compare_all

everything = compare_all(survey, treated="treated", outcome="re78", covariates=covariates, placebo="re75")
ax = everything.plot()

# %% tags=["verify"]
frame = everything.to_frame()
adjusted = frame[frame.method != "naive"]
assert (
    (frame.placebo_says == "fails").all()
    and adjusted.effect.between(-1000, 1200).all()
    and (adjusted.effect < known.effect).all()
)
assert len(frame) == 7 and (frame.placebo_high < 0).all()
assert (adjusted.placebo < -1000).all()

# %% [markdown]
# The adjusted estimates lie between −\${{abs(everything.to_frame().effect.iloc[1:].min()):,.0f}} and \${{everything.to_frame().effect.iloc[1:].max():,.0f}}: not far from each other, and all below the lottery's answer. They more or less agree, and that proves little, for all of them
# lean on the same columns. The witness tells us: every grey interval lies below zero. After all that weighing, the participants still earned over \$1,000 less *in 1975* than the men they are compared with. What is left over in 1975 is probably left
# over in 1978 too.

# %% [markdown]
# ## Then use the witness?
#
# If `re75` says the groups differ, put it among the covariates:

# %%
with_1975 = compare_all(survey, treated="treated", outcome="re78", covariates=[*covariates, "re75"])
with_1975.to_frame().set_index("method")[["effect", "low", "high"]].round(0).astype(int)

# %% tags=["verify"]
better = with_1975.to_frame().set_index("method").effect
assert better["weights"] > weighted.effect and better["doubly robust"] > 1000
robust = with_1975.to_frame().set_index("method").loc["doubly robust"]
assert robust.low < known.effect < robust.high

# %% [markdown]
# Better: without the naive one they run from −\${{abs(better.iloc[1:].min()):,.0f}} to \${{better.iloc[1:].max():,.0f}}, and doubly robust says \${{better["doubly robust"]:,.0f}} now (\${{robust.low:,.0f}} to \${{robust.high:,.0f}}), and the lottery's \${{known.effect:,.0f}} lies inside. We can say "better" only because we know the lottery's answer. In a real report there is no lottery, and the witness has left the stand to
# join the jury: nobody can check the result any more. Decide *before* you look which column stays out.
#
# ## How strong would a secret have to be?
#
# The covariates hold what somebody wrote down. Suppose something was not: motivation, say. How strongly would it have to drive both who takes part and what they earn, to undo the estimate?

# %%
everything.sensitivity

# %% [markdown]
# The sentence on top says it: next to nothing would do, for the estimate is near zero anyway. (`r2_treatment` and `r2_outcome` are shares explained; each row asks what would be left if the secret were that many `times` as strong as the trait named.) In a report this is the last line, after the placebo, and it answers the director's "but you controlled for everything!"

# %%
say_what_is_allowed(everything, what="the programme", measure="earnings in 1978", unit="$", decimals=0)

# %% [markdown]
# ## What we learned
#
# - **Difference in differences** needs trends that were parallel. Ask it about dates before the campaign; it "found" −\$16 where there was nothing.
# - Where a lottery gave the answer, \$1,794, a **naive comparison** said −\$8,498 and the changes said about twice the lottery's answer.
# - Weights by the **propensity score** compare like with like, as far as the columns go; a **placebo test** shows what they left behind. All seven methods failed it.
# - The sentence to sign follows from the checks, not from the estimate that looks best. Often it is "cannot be told".
#
# ## What could still be wrong
#
# - A passed placebo does not prove a method right. It shows only what to *distrust*.
# - The lottery's own answer has an interval, \$474 to \$3,115. The adjusted estimates are low, but several of their intervals overlap with it.
# - Campaign 13's members had other campaigns before. A clean "before" does not exist in this chain.
# - We chose the list of covariates. Another analyst would choose another one, and get another number.
#
# ## Use it on your data
#
# `difference_in_differences(receipts, treated=members, start=…, end=…, customers=customers)`, then look at `.plot()` before you look at the effect; and let `say_what_is_allowed(…)` write the first sentence of your report.
#
# **Next:** [the exercise](../../exercises/3_evaluate/35_without_a_control_group.ipynb)
