# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the second slide
#     question: Which sentence may Marta sign?
#     module: loyalty.tasks.t03.tasks
#     test: helpers/tests/tasks/t03/test_tasks.py
#     minutes: 20
#     pace: three for each of 03a to 03e, five for the sentence
# ---

# %% [markdown]
# [[opening]]
#
# The agency has sent a second slide. Marta wants to know what each of its numbers is worth, before she signs anything.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("03a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t03.scene import list_letters, list_receipts

december = list_receipts("2024-12-01", "2025-01-01")
december.head(3)

# %% [markdown]
# **03a What is a typical receipt of December?** One row of `december` is one receipt. Give the median and the mean of `sales`: two numbers in round
# brackets, with a comma between, `(median, mean)`, in euros, to the cent.

# %%
### BEGIN SOLUTION
typical = (december.sales.median(), december.sales.mean())
### END SOLUTION

# %%
check("03a", typical)

# %%
hint("03a")

# %% [markdown] tags=["solution"]
# Half of the receipts are under €{{typical[0]:.2f}}. The mean, €{{typical[1]:.2f}}, is right for a budget: times the number of receipts it gives the sales. For "a typical customer" it is
# the wrong number.

# %% [markdown]
# **03b How much did the answers rise?** The tables hold the letters of spring and of autumn, and how many were answered. Take all regions together. By how much did
# the response rate rise? Answer with two numbers in round brackets, with a comma between, `(points, percent)`: the rise in percentage points, and the
# rise in percent of the old rate. To one decimal.

# %%
spring, autumn = list_letters("spring"), list_letters("autumn")
autumn

# %%
### BEGIN SOLUTION
old = spring.responses.sum() / spring.letters.sum() * 100
new = autumn.responses.sum() / autumn.letters.sum() * 100
rise = (new - old, (new / old - 1) * 100)
### END SOLUTION

# %%
check("03b", rise)

# %%
hint("03b")

# %% tags=["verify"]
assert round(rise[0], 1) == 1.2 and 22 < rise[1] < 24

# %% [markdown] tags=["solution"]
# From {{old:.2f}} % to {{new:.2f}} %: {{rise[0]:.1f}} points, or {{rise[1]:.0f}} % of the old rate. The agency's slide says *"{{(autumn.responses.sum() / spring.responses.sum() - 1) * 100:.0f}} %
# more answers"*. That is true as well: more letters were sent.

# %% [markdown]
# **03c What is the response rate of autumn?** Of all letters together. One fraction between 0 and 1, to four decimals.

# %%
### BEGIN SOLUTION
rate = autumn.responses.sum() / autumn.letters.sum()
### END SOLUTION

# %%
check("03c", rate)

# %%
hint("03c")

# %% [markdown] tags=["solution"]
# {{rate * 100:.2f}} %. The mean of the four rates is {{(autumn.responses / autumn.letters).mean() * 100:.1f}} %. With it Marta would expect
# {{((autumn.responses / autumn.letters).mean() - rate) * autumn.letters.sum():,.0f}} answers too many from the next {{autumn.letters.sum():,}} letters.

# %% [markdown]
# **03d What can chance do?** In November the agency sent blue and green envelopes once more. `gap` is the difference that it found.
# `gaps` holds the gaps of 1,000 shuffles. Which share of the shuffles is at least as far from zero as `gap`, on either side? One fraction, to three
# decimals. (The mean of True and False is the share of True.)

# %%
from loyalty.tasks.t03.scene import find_gap, open_envelopes, shuffle_gaps

people = open_envelopes("exercise")
gap, gaps = find_gap(people), shuffle_gaps(people)
print(f"blue minus green: €{gap:.2f} per customer")

# %%
### BEGIN SOLUTION
by_chance = (gaps.abs() >= abs(gap)).mean()
### END SOLUTION

# %%
check("03d", by_chance)

# %%
hint("03d")

# %% [markdown] tags=["solution"]
# {{by_chance * 100:.1f}} %. Before the letters went out nobody knew which colour would win. If green had won, the slide would say "green". So both sides
# count. (The colour does nothing here, as in the lesson. Of many random draws we chose one with a large gap.)

# %% [markdown]
# **03e How many intervals keep the promise?** A hundred analysts took a sample of 800 receipts each. `intervals` holds the mean of each, with its 95 % interval from
# `low` to `high`. `truth` is the mean of *all* receipts. How many of the hundred intervals hold the truth?

# %%
from loyalty.tasks.t03.scene import open_intervals

intervals, truth = open_intervals()
intervals.head(3).round(2)

# %%
### BEGIN SOLUTION
holding = ((intervals.low <= truth) & (truth <= intervals.high)).sum()
### END SOLUTION

# %%
check("03e", holding)

# %%
hint("03e")

# %% [markdown] tags=["solution"]
# {{holding}} of 100. Another hundred analysts would count a few more or a few less. The promise is about 95 in the long run. (We chose
# these hundred so that each usual mistake gives another number.)

# %% [markdown]
# **03f Which sentence may Marta sign?** The first analyst drew his sample at random. He found a mean receipt of €{{intervals["mean"].iloc[0]:.2f}}, with a 95 % interval from
# €{{intervals.low.iloc[0]:.2f}} to €{{intervals.high.iloc[0]:.2f}}. Which sentence is right? Answer `"A"`, `"B"`, `"C"` or `"D"`.
#
# - **A** *95 % of our receipts lie between these two amounts.*
# - **B** *The true mean lies between these two amounts, for certain.*
# - **C** *The interval was made by a method that holds the true mean in about 95 of 100 samples.*
# - **D** *The next sample will have a mean in this range, in 95 of 100 cases.*

# %%
### BEGIN SOLUTION
sentence = "C"
### END SOLUTION

# %%
check("03f", sentence)

# %%
hint("03f")

# %% tags=["verify"]
sales = list_receipts().sales
low, high = intervals.low.iloc[0], intervals.high.iloc[0]
inside = sales.between(low, high).mean()
next_mean = intervals["mean"].iloc[1:].between(low, high).mean()
assert inside < 0.15 and next_mean < 0.94

# %% [markdown] tags=["solution"]
# C. Only {{list_receipts().sales.between(intervals.low.iloc[0], intervals.high.iloc[0]).mean() * 100:.0f}} % of the receipts lie in that short range, so A is far off. D sounds nearly right, but the next mean has luck of its own:
# of the other 99 means, {{int(intervals["mean"].iloc[1:].between(intervals.low.iloc[0], intervals.high.iloc[0]).sum())}} lie in the range. And B is what a boss would like to hear.
