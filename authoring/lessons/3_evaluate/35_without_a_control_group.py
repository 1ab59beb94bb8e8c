# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     module: loyalty.evaluate.observational
#     test: helpers/tests/evaluate/test_observational.py
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
# Marta has taken our advice, the next campaign will have a control group. But the board still wants a report on the last one, campaign 13, and Jonas asks: *"You are analysts. Is there nothing
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
# These are the numbers that we found by hand in lesson 00: a naive gap of \$154, and three differences in differences that do not agree. The method stands on one
# assumption: *without the campaign, the gap would have stayed as it was*. Did it usually stay?

# %%
did.plot_gap()
# %% [markdown]
# It did not. In blocks as long as the campaign the gap fell from \${{did.gaps.gap.iloc[0]:.0f}} to \${{did.gaps.gap.iloc[-2]:.0f}} before the campaign had begun. Why should it fall by itself? The invited were
# chosen for spending much *just then*. Whoever is picked at a high point comes down afterwards, campaign or not. This is called **regression to the mean**.
#
# ## The same question where the answer is nothing
#
# A good trick costs nothing: ask the method about a day on which nothing happened. If it finds an "effect" there, we know what its effects are worth. Such a fake question is called a placebo.

# %%
did.plot()
# %% tags=["verify"]
placebos = did.to_frame().query("kind == 'placebo'")
assert (placebos.p_holm < 0.05).sum() == 2 and placebos.effect.lt(0).all()

# %% [markdown]
# Grey are the dates without a campaign. The method "finds" up to −\${{abs(did.to_frame().query("kind == 'placebo'").effect.min()):.0f}} where there was nothing to find; two of the five stand even after we correct for having asked five times.
# Our campaign's numbers look just like them. So what may Marta sign?

# %%
from loyalty.evaluate.observational import say_what_is_allowed

say_what_is_allowed(did, what="campaign 13", measure="sales per member and 28 days", unit="$")

# %% [markdown]
# "Cannot be told" is not a failure of the analyst. It is the result.
#
# ## Where the answer is known
#
# Maybe we were unlucky with campaign 13. To judge a *method* we need a case where somebody did draw lots. Here is the most famous one. In the 1970s a programme in the United States (the National
# Supported Work demonstration) gave people without work a year of supported jobs. Who got in was decided by lottery, so the effect on their later earnings is known.

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
# {{known.n_treated}} people drawn in, {{known.n_control}} drawn out: the programme brought **\${{known.effect:,.0f}}** a year (\${{known.low:,.0f}} to \${{known.high:,.0f}}). Here the naive comparison is the right one, for the lottery made the groups alike.
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
survey.groupby("treated")[traits].mean().T.set_axis(["survey", "participants"], axis=1).round(2)

# %% [markdown]
# Two different worlds. The men of the survey earned about \$14,000 a year before the programme (`re74`, `re75`), the participants next to nothing. Can difference in differences bridge that? We have two years to serve as "before".

# %%
import pandas as pd

from loyalty.charts import draw_intervals, headline

answers = {"naive": naive}
for before in ("re75", "re74"):
    change = survey.assign(change=survey.re78 - survey[before])
    answers[f"change since 19{before[2:]}"] = compare_naively(change, treated="treated", outcome="change")
table = pd.DataFrame({name: {"effect": a.effect, "low": a.low, "high": a.high} for name, a in answers.items()}).T
ax = draw_intervals(table, truth=known.effect, unit="$", decimals=0)
headline(
    ax,
    "From far too little to far too much",
    "effect on yearly earnings, 95 % interval; truth: the lottery's answer",
    "NSW, CPS",
)

# %% tags=["verify"]
assert (table.low.iloc[1:] > known.effect).all() and table.effect.iloc[1:].min() > 1.8 * known.effect

# %% [markdown]
# It jumps over the truth: +\${{table.effect.iloc[1]:,.0f}} and +\${{table.effect.iloc[2]:,.0f}}, about twice the known effect, and neither interval holds it. The participants were at a low point when they joined; they would have
# climbed without any programme. The same regression to the mean as in campaign 13, with the sign turned.

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

# %%
from loyalty.evaluate.observational import check_overlap, draw_overlap

draw_overlap(survey, treated="treated", covariates=covariates)
# %% [markdown]
# Nearly all men of the survey had a chance near zero of being a participant. They say nothing about participants. Give each man of the survey the weight *chance / (1 − chance)*: whoever could well have been a
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
assert abs(by_hand - weighted.effect) < 1

# %% [markdown]
# The same number, and the helper adds the interval. From −\$8,498 to \${{weighted.effect:,.0f}}: the weights brought us near the lottery's \${{known.effect:,.0f}}. How many men of the survey did the work?

# %%
overlap = check_overlap(survey, treated="treated", covariates=covariates)
f"{naive.n_control:,} men of the survey count like {overlap.ess_control:,.0f}; largest remaining difference: {overlap.worst_difference:.2f} standard deviations"

# %% [markdown]
# ## All methods, and a witness
#
# Matching, regression, doubly robust: each compares like with like in its own way. The helper runs them all. And it asks each of them a question with a known answer: *what did the programme change in 1975, before it began?* Nothing. A method that finds something
# there has not made the groups alike. This is the **placebo test**.

# %%
from loyalty.evaluate.observational import compare_all

everything = compare_all(survey, treated="treated", outcome="re78", covariates=covariates, placebo="re75")
everything.plot()
# %% tags=["verify"]
frame = everything.to_frame()
adjusted = frame[frame.method != "naive"]
assert (frame.placebo_says == "fails").all() and adjusted.effect.between(-1000, 1200).all()
assert (adjusted.placebo < -1000).all()

# %% [markdown]
# The adjusted estimates lie between −\${{abs(everything.to_frame().effect.iloc[1:].min()):,.0f}} and \${{everything.to_frame().effect.iloc[1:].max():,.0f}}: close to each other, and all too low. They agree, and that proves little, for all of them
# lean on the same columns. The witness tells us: every grey interval lies below zero. After all that weighing, the participants still earned over \$1,000 less *in 1975* than the men they are compared with. What is left over in 1975 will be left
# over in 1978.

# %% [markdown]
# ## Then use the witness?
#
# If `re75` says the groups differ, put it among the covariates:

# %%
with_1975 = compare_all(survey, treated="treated", outcome="re78", covariates=[*covariates, "re75"])
with_1975.to_frame()[["method", "effect", "low", "high"]].round(0)

# %% tags=["verify"]
better = with_1975.to_frame().set_index("method").effect
assert better["weights"] > weighted.effect and better["doubly robust"] > 1000

# %% [markdown]
# Better: doubly robust says \${{with_1975.to_frame().set_index("method").effect["doubly robust"]:,.0f}} now. We can say "better" only because we know the lottery's answer. In a real report there is no lottery, and the witness has left the stand to
# join the jury: nobody can check the result any more. Decide *before* you look which column stays out.
#
# ## How strong would a secret have to be?
#
# The covariates hold what somebody wrote down. Suppose something was not: motivation, say. How strongly would it have to drive both who takes part and what they earn, to undo the estimate?

# %%
everything.sensitivity

# %% [markdown]
# Next to nothing would do: the estimate is near zero anyway. In a report this is the last line, after the placebo, and it answers the director's "but you controlled for everything!"

# %%
say_what_is_allowed(everything, what="the programme", measure="earnings in 1978", unit="$", decimals=0)

# %% [markdown]
# ## What we learned
#
# - **Difference in differences** needs trends that were parallel. Ask it about dates without a campaign; it "found" −\$16 where there was nothing.
# - Where a lottery gave the answer, \$1,794, a **naive comparison** said −\$8,498 and the changes said about twice the truth.
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
