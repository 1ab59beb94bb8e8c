# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "a year of trying"
#     question: What did a year of trying show, and what goes out in January?
#     module: loyalty.learn.policy
#     test: helpers/tests/tasks/t42/test_tasks.py
#     minutes: 35
#     pace: 20 for 42a to 42c, 5 for 42d, 5 for the decision, 5 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain has kept its log for a year: thirteen waves from January to December 2025, four weeks each. Its policy is simple. Half of the chance of each segment goes to the arm that was best so far, the other half is spread over all arms alike. Then every arm gets 2 % (the floor), and the rest is scaled down: the log shows 0.56 for the best arm and 0.11 for each other one. In the first wave all arms had the same chance. A tenth of the customers is held out of all waves.
#
# `year.log` has one row a customer and wave. `profit` is in euros per customer in the four weeks, discount, points and letter paid. `propensity` is the chance of the arm that was drawn; a customer of the holdout has `control` and `holdout`. Who has bought nothing for half a year is silent, and drops out of the log until the next purchase; so a customer has about twelve rows, not thirteen. `year.totals` has one row a customer: the profit of all thirteen waves together, the silent ones too.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("42a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t42.scene import open_year

year = open_year()
year.log.head(3)

# %% [markdown]
# **42a The first wave.** By how much did the `bonus_points` change the mean profit of a customer of the segment `baby` in wave 1 (January 2025), against the control of that wave's lottery? One number, in euros per customer, to the cent.

# %%
### BEGIN SOLUTION
drawn = year.log[~year.log.holdout]
first = drawn[(drawn.wave == 1) & (drawn.segment == "baby")]
arms = first.groupby("arm").profit.agg(["mean", "sem"])
points_lift = arms["mean"]["bonus_points"] - arms["mean"]["control"]
### END SOLUTION

# %%
check("42a", points_lift)

# %%
hint("42a")

# %% [markdown] tags=["solution"]
# €{{points_lift:.2f}}. The customers of the holdout stand in the log with `control` too. They were not in this lottery: their chance of control was one. Leave them out here; they have another task (42d).

# %% [markdown]
# **42b Which is better?** The basket discount was ahead of the points. From wave 1 alone, in the segment `baby`: what is the probability that the `bonus_points` are truly better than the `basket_discount`? Take each arm's mean as normal with its own standard error (`sem`), and believe nothing beforehand. No dice are needed: `norm.cdf` of `scipy.stats` gives the exact value. One fraction from 0 to 1, to three decimals.

# %%
### BEGIN SOLUTION
from scipy.stats import norm

gap = arms["mean"]["bonus_points"] - arms["mean"]["basket_discount"]
error = (arms["sem"]["bonus_points"] ** 2 + arms["sem"]["basket_discount"] ** 2) ** 0.5
points_better = norm.cdf(gap / error)
### END SOLUTION

# %%
check("42b", points_better)

# %%
hint("42b")

# %% [markdown] tags=["solution"]
# {{points_better:.0%}}: far from sure. The control group does not come in at all, because both offers are held against the same one. Who draws the two *lifts* independently adds its noise twice.

# %% [markdown]
# **42c The Christmas letter.** *"In December the basket discount brought a third more than in November!"* What was its lift in profit in the segment `baby`, in wave 12 (5 November to 2 December 2025) and in wave 13 (3 to 30 December 2025)? Two numbers `(wave 12, wave 13)`, in euros per customer, to the cent.

# %%
### BEGIN SOLUTION
late = drawn[drawn.wave.isin([12, 13]) & (drawn.segment == "baby")]
means = late.groupby(["wave", "arm"]).profit.mean().unstack()
in_time = means["basket_discount"] - means["control"]
christmas = (in_time[12], in_time[13])
### END SOLUTION

# %%
check("42c", christmas)

# %%
hint("42c")

# %% [markdown] tags=["solution"]
# Customers with the discount brought €{{means["basket_discount"][12]:.2f}} and then €{{means["basket_discount"][13]:.2f}}. So did everybody: December is December. The lift did not rise. With some fifty customers an arm neither lift says much.

# %% [markdown]
# **42d What did the programme earn?** Compare those who could be written to with the holdout: total profit per customer over the thirteen waves, with a 95 % interval. Use `compare_means(treated, control)` of `loyalty.stats` on `year.totals`. A tuple `(effect, low, high)`, in euros per customer and year, to the cent.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

totals = year.totals
whole = compare_means(totals.profit[~totals.holdout], totals.profit[totals.holdout])
programme = (whole.effect, whole.low, whole.high)
### END SOLUTION

# %%
check("42d", programme)

# %%
hint("42d")

# %% [markdown] tags=["solution"]
# €{{whole.effect:.2f}} (€{{whole.low:.2f}} to €{{whole.high:.2f}}). The holdout is honest, and too small: the interval holds a loss as well as a gain. That is no reason to spend it, but one to make it larger or to wait.

# %% [markdown]
# ## Monday
#
# **42e January 2026.** What goes out? One letter.
#
# - `"A"`: *December's winner to everybody, for the whole year: it had the highest profit.*
# - `"B"`: *The policy goes on, with its log of chances and its floor. The holdout stays.*
# - `"C"`: *The policy goes on, but the holdout joins in: it shows nothing, and it costs money.*
# - `"D"`: *The policy goes on. The list is made by hand where we know better; the log keeps the policy's chances.*
# - `"E"`: *The same chance for every arm for another year, because nothing is sure yet.*

# %%
### BEGIN SOLUTION
decision = "B"
### END SOLUTION

# %%
check("42e", decision)

# %%
hint("42e")

# %% [markdown] tags=["solution"]
# B. A is a winner of a holiday week. C spends the only group that can say what the year earned. D breaks the log: what is written there is not what was drawn from, and nobody can learn from it later. E pays for trying what is known to be bad.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **42f Everybody the discount.** What would the mean profit of a customer have been in wave 13, if *every* customer of that lottery (all segments, without the holdout) had got the `basket_discount`? Weigh each customer who got it with 1 / propensity, and take the weighted mean. One number, in euros per customer, to the cent.

# %%
### BEGIN SOLUTION
got = drawn[(drawn.wave == 13) & (drawn.arm == "basket_discount")]
weight = 1 / got.propensity
everybody = (weight * got.profit).sum() / weight.sum()
### END SOLUTION

# %%
check("42f", everybody)

# %%
hint("42f")

# %% [markdown] tags=["solution"]
# €{{everybody:.2f}}, and not €{{got.profit.mean():.2f}}. The discount went mostly to segments that buy less. Without the logged chance nobody could put that right.

# %% tags=["verify"]
played = drawn[drawn.wave > 1].groupby(["wave", "segment", "arm"]).propensity.mean()
best_chance, other_chance = played[played > 0.3], played[played < 0.3]
rows_each = len(year.log) / year.log.customer_id.nunique()
assert (best_chance.round(2) == 0.56).all() and (other_chance.round(2) == 0.11).all() and 11.5 < rows_each < 12.5
assert 1.28 < means["basket_discount"][13] / means["basket_discount"][12] < 1.38
assert arms["mean"]["basket_discount"] > arms["mean"]["bonus_points"]
assert points_better < 0.5 and whole.low < 0 < whole.high
assert means["basket_discount"][13] > means["basket_discount"][12] + 2 and in_time[13] < in_time[12]
assert everybody > got.profit.mean() + 1
by_segment = got.groupby("segment").profit.size() / drawn[drawn.wave == 13].groupby("segment").size()
usual = year.totals.groupby("segment").profit.mean()
