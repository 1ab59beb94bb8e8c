# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "two plans and one log"
#     question: Which of two plans goes out in January?
#     module: loyalty.learn.offpolicy
#     test: helpers/tests/tasks/t43/test_tasks.py
#     minutes: 35
#     pace: 15 for 43a and 43b, 8 for 43c, 4 for 43d, 4 for the decision, 4 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain has sent six waves, four weeks each, in 2025. Each segment had its own fixed chances of five arms, and a lottery decided for each customer. A fifth of the customers is the holdout: they were in no lottery, and got nothing.
#
# `log` has one row a customer and wave. `profit` is in euros per customer in the four weeks, the letter paid. `propensity` is the chance of the arm that was drawn, `chance_…` that of each arm.
#
# For 2026 two plans lie on the table. Both were written down before anybody looked into this log:
#
# - **Plan A**: baby gets the bonus points, beauty the category discount, household and vitamins the basket discount; chronic care and medicines get nothing.
# - **Plan B**: as plan A, but baby gets the basket discount and beauty gets nothing.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("43a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t43.scene import PLAN_A, PLAN_B, open_summer, write_plan

log = open_summer()
log[["wave", "customer_id", "segment", "arm", "propensity", "holdout", "profit"]].head(3)

# %%
write_plan(PLAN_A).merge(write_plan(PLAN_B), on="segment", suffixes=("_A", "_B"))

# %% tags=["verify"]
from loyalty.text import say_euros

assert log.holdout.mean() > 0.15 and say_euros(-1.0) == "−€1.00"

# %% [markdown]
# **43a Plan A by weights.** What would plan A have brought, per customer and wave? Take the rows of the lotteries of all six waves (no holdout). Rows that got what plan A would give weigh 1 / propensity, all others 0. Give the *weighted mean* of the profit (SNIPS). One number, in euros, to the cent.

# %%
### BEGIN SOLUTION
import numpy as np

drawn = log[~log.holdout]
same = drawn.arm == drawn.segment.map(PLAN_A)
weight = np.where(same, 1 / drawn.propensity, 0.0)
value_a = (weight * drawn.profit).sum() / weight.sum()
### END SOLUTION

# %%
check("43a", value_a)

# %%
hint("43a")

# %% [markdown] tags=["solution"]
# €{{value_a:.2f}}. The plain mean of the same rows is €{{drawn.profit[same].mean():.2f}}: they come mostly from segments where plan A and the log liked the same. In chronic care and medicines the rows *without* a letter are the ones that speak for plan A. The holdout stays out: it was in no lottery.

# %% [markdown]
# **43b How much does the log know?** The effective sample size of plan A, by rows (Kish): the square of the sum of the weights over the sum of their squares. One number of rows, rounded to a whole one. (`found.ess` of the helper counts by customers, and is smaller.)

# %%
### BEGIN SOLUTION
rows_worth = round(weight.sum() ** 2 / (weight**2).sum())
### END SOLUTION

# %%
check("43b", rows_worth)

# %%
hint("43b")

# %% [markdown] tags=["solution"]
# {{rows_worth:,}} of {{len(drawn):,}} rows. {{same.sum():,}} rows have weight; that the weights are unequal costs the rest. `value_plan` shows a smaller number, by customers: rows of one customer are not independent.

# %% [markdown]
# **43c A or B?** By how much is plan A better than plan B? Use `open_log` and `value_plan` of `loyalty.learn.offpolicy` with `method="snips"` and `against=`. `open_log` leaves the holdout out by itself; a plan is given as `write_plan(PLAN_A)`; take no covariates. A tuple `(effect, low, high)`, A less B, in euros per customer and wave, to the cent, 95 % interval.

# %%
### BEGIN SOLUTION
from loyalty.learn.offpolicy import open_log, value_plan

judged = open_log(log)
plan_a, plan_b = write_plan(PLAN_A), write_plan(PLAN_B)
found = value_plan(judged, plan_a, against=plan_b, method="snips")
a_less_b = (found.difference.effect, found.difference.low, found.difference.high)
### END SOLUTION

# %%
check("43c", a_less_b)

# %%
hint("43c")

# %% [markdown] tags=["solution"]
# {{say_euros(a_less_b[0])}} ({{say_euros(a_less_b[1])}} to {{say_euros(a_less_b[2])}}). In four of six segments both plans want the same, and there chance takes no part in the difference. Two separate intervals would be too wide. Even so zero lies inside.

# %% [markdown]
# **43d Where must the log be silent?** Somebody asks for a plan C: *the category discount for everybody.* For how many rows of the lotteries can the log say nothing about it? One whole number.

# %%
### BEGIN SOLUTION
silent = int((drawn.chance_category_discount == 0).sum())
### END SOLUTION

# %%
check("43d", silent)

# %%
hint("43d")

# %% [markdown] tags=["solution"]
# {{silent:,}} rows, all of chronic care: there the category discount had no chance. `value_plan(judged, "category_discount")` refuses, and says so. A row that *could* have got it and did not is no problem: others with the same chance speak for it.

# %% [markdown]
# ## Monday
#
# **43e January 2026.** What goes out? One letter. You may look at `value_plan(open_log(log), write_plan(PLAN_A)).difference` first: plan A against the plan that ran.
#
# - `"P"`: *Plan A for everybody: it has the highest value.*
# - `"Q"`: *Where A and B differ, a lottery between the two; a small chance for the other arms everywhere; all chances go into the log.*
# - `"R"`: *Plan C: those who got the category discount brought more than those who got nothing.*
# - `"S"`: *The old plan stays: its interval and that of plan A overlap.*
# - `"T"`: *Take the best arm of each segment from this log, and report the value that this log gives for it.*

# %%
### BEGIN SOLUTION
ran = value_plan(judged, plan_a, method="snips").difference
decision = "Q"
### END SOLUTION

# %%
check("43e", decision)

# %%
hint("43e")

# %% [markdown] tags=["solution"]
# Q. Plan A is better than the plan that ran: €{{ran.effect:.2f}} (€{{ran.low:.2f}} to €{{ran.high:.2f}}). Whether it is better than B, this log cannot say; a lottery between the two can, and costs little. P closes the question without an answer. R goes where the log never tried. S reads two intervals side by side. T lets a plan be judged by the rows that it was made from.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **43f Cut weights.** A colleague finds weights of ten too restless. What does IPS say of plan A if no weight counts more than 5? Divide by the number of rows of the lotteries. One number, in euros per customer and wave, to the cent.

# %%
### BEGIN SOLUTION
cut = np.minimum(weight, 5)
clipped = (cut * drawn.profit).sum() / len(drawn)
### END SOLUTION

# %%
check("43f", clipped)

# %%
hint("43f")

# %% [markdown] tags=["solution"]
# €{{clipped:.2f}} in the place of €{{(weight * drawn.profit).sum() / len(drawn):.2f}}. What was cut off is missing in the sum, and nothing takes its place. The interval would be shorter, round a number that is too low.

# %% tags=["verify"]
assert ran.low > 0 and found.difference.low < 0 < found.difference.high
whole = value_plan(judged, plan_a, method="snips")
assert abs(whole.value - value_a) < 1e-9 and round(whole.ess_rows) == rows_worth
ran_chances = drawn[["wave", "customer_id", *(name for name in drawn if name.startswith("chance_"))]]
old = value_plan(judged, ran_chances, method="snips")
assert abs(old.value - drawn.profit.mean()) < 1e-9 and old.high > whole.low
means = drawn.groupby("arm").profit.mean()
assert means["category_discount"] > means["control"] + 0.5
