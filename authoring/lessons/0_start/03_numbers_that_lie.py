# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Numbers that lie
#     question: "Every number on this slide is computed correctly. Which of them may I believe?"
#     part_a: 20
#     part_b: 5
#     know_first: ["02"]
#     module: loyalty.tasks.t03.scene
#     test: helpers/tests/tasks/t03/test_scene.py::test_about_95_of_100_intervals_hold_the_truth
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - choose between **mean** and **median**, and say what each is for
# - tell percent from the **percentage point**, and use a **weighted mean**
# - see what chance alone can do, by a **permutation test**: shuffle and count
# - know what a **confidence interval** promises, and count whether it keeps its promise

# %% [markdown]
# ## A slide from the agency
#
# The agency has sent Marta one slide with four lines:
#
# > 1. *Your average customer leaves €24 at the till.*
# > 2. *The answers to your letters rose by 25 %.*
# > 3. *On average 8 % of a region's letters were answered.*
# > 4. *Blue envelopes bring €15 more than green ones.*
#
# Nobody has made an arithmetic mistake. We look at each line, and ask what it does not say.

# %% [markdown]
# ## 1 The receipt in the middle
#
# We have all receipts of one year of a simulated chain.

# %%
from loyalty.charts import house_style
from loyalty.tasks.t03.pictures import draw_receipts
from loyalty.tasks.t03.scene import list_receipts

house_style()
receipts = list_receipts()
ax = draw_receipts(receipts.sales, "Most receipts are smaller than the mean")

# %% tags=["verify"]
mean, median = receipts.sales.mean(), receipts.sales.median()
below = (receipts.sales < mean).mean()
assert round(mean) == 24 and 13.5 < median < 14.5 and below > 0.6

# %% [markdown]
# The **mean** is €{{receipts.sales.mean():.2f}}. The **median** is €{{receipts.sales.median():.2f}}: half of the receipts are smaller. A few large
# receipts pull the mean up, and {{(receipts.sales < receipts.sales.mean()).mean() * 100:.0f}} % of all receipts lie below it.
#
# How easily is a mean pulled? We take a hundred receipts, then one hotel receipt of €2,000 is added.

# %%
import pandas as pd

hundred = receipts.sales.head(100)
with_hotel = pd.concat([hundred, pd.Series([2_000.0])])
both = {"100 receipts": hundred, "with the hotel": with_hotel}
pd.DataFrame({name: sales.agg(["mean", "median"]) for name, sales in both.items()}).round(2)

# %% tags=["verify"]
assert with_hotel.mean() > 2 * hundred.mean() and with_hotel.median() - hundred.median() < 1

# %% [markdown]
# One extra receipt makes the mean more than twice as large, and the median hardly moves. Which one is right? It depends on the question.
#
# - *What is a typical receipt?* The median.
# - *How much money will a thousand receipts bring?* The mean: mean times number is the sum.
#
# Line 1 of the slide says "your average customer" and gives the mean of receipts. *Try it: 03a in the
# [exercise](../../exercises/0_start/03_numbers_that_lie.ipynb).*

# %% [markdown]
# ## 2 Percent of what?
#
# Last year 4 of 100 letters were answered, this year 5 of 100.

# %%
from loyalty.tasks.t03.pictures import draw_rates

title = "One percentage point more, and 25 percent more: both are true"
ax = draw_rates(0.04, 0.05, ("last year", "this year"), title)

# %% [markdown]
# The difference of two percents is counted in **percentage points**: here it is one. "25 %" is the same rise, divided by the *old* rate.
# It sounds larger. So say both, and say of what: *from 4 % to 5 %, one percentage point*. *Try it: 03b.*

# %% [markdown]
# ## 3 The mean of means
#
# Line 3 takes the rate of each region, adds the four and divides by four.

# %%
from loyalty.tasks.t03.scene import list_letters

letters = list_letters()
letters["rate"] = letters.responses / letters.letters
letters

# %%
from loyalty.tasks.t03.pictures import draw_weights

mean_of_rates = letters.rate.mean()
weighted = letters.responses.sum() / letters.letters.sum()
ax = draw_weights(letters, "The small regions answer best, but few letters go there")

# %% tags=["verify"]
import numpy as np

assert round(mean_of_rates, 4) == 0.08 and abs(weighted - 0.0525) < 1e-12
assert abs(np.average(letters.rate, weights=letters.letters) - weighted) < 1e-12

# %% [markdown]
# The mean of the rates is {{mean_of_rates * 100:.0f}} %. It counts the {{letters.letters.min()}} letters of the smallest region as much as the {{letters.letters.max():,}} of the largest. But of all
# letters only **{{weighted * 100:.2f}} %** were answered. This is the **weighted mean**: each region counts as much as it has letters.
#
# The rule is short: *sum first, divide once*. *Try it: 03c.*

# %% [markdown]
# ## 4 What chance can do
#
# For line 4 the agency put the same letter into 120 envelopes, half of them blue and half green. Who got which was chosen at random.

# %%
from loyalty.tasks.t03.scene import find_gap, open_envelopes

people = open_envelopes()
gap = find_gap(people)
print(f"blue minus green: €{gap:.2f} per customer")

# %% [markdown]
# So, blue envelopes? First a question: how large a gap does chance make *alone*? We can try. Every customer keeps his money, and we
# shuffle the colours.

# %%
from loyalty.tasks.t03.pictures import draw_shuffles

shuffles = [people.envelope.sample(frac=1, random_state=seed) for seed in (1, 2, 3)]
title = "The same people and the same money, with new colours"
figure = draw_shuffles(people, [people.envelope, *shuffles], title)

# %% [markdown]
# The money stays; a customer changes sides. Each shuffle makes a gap, though now no colour can do anything.
#
# Place your bet: **of 1,000 shuffles, how many make a gap at least as far from zero as the agency's?**

# %%
from loyalty.tasks import predict, reveal

predict("03-bet", ...)  # your bet, from 0 to 1,000, in place of the dots

# %%
from loyalty.tasks.t03.pictures import draw_gaps
from loyalty.tasks.t03.scene import shuffle_gaps

gaps = shuffle_gaps(people)
ax = draw_gaps(gaps, gap, "Chance alone often makes such a gap")
far = (gaps.abs() >= abs(gap)).sum()

# %% tags=["verify"]
mixed = [people.sales.groupby(colours.to_numpy()).sum() for colours in shuffles]
assert all(abs(sums.sum() - people.sales.sum()) < 1e-6 for sums in mixed)
assert all((colours.to_numpy() != people.envelope).any() for colours in shuffles)
assert abs((gaps.abs() >= abs(gap)).mean() - far / 1_000) < 1e-12
assert len(people) == 120 and round(gap) == 15 and 100 < far < 200
assert abs(gaps.mean()) < 1

# %%
says = "Shuffles of 1,000 that are as far from zero, on either side."
reveal("03-bet", estimate=far, unit="", says=says)

# %% [markdown]
# {{far}} of 1,000 shuffles do it. What chance does once in {{1000 / far:.0f}} times is no reason to buy blue envelopes. This is a **permutation test**.
# The share of such shuffles is called the p-value: `(gaps.abs() >= abs(gap)).mean()`. The mean of True
# and False is a share, because True counts as 1 and False as 0. Many people ask for less than 5 of 100 before they believe in an effect.
#
# In this chain we know the truth: the colour changes *nothing*. (Of many random draws we chose one with a large gap, to show how real chance can look.) *Try it: 03d.*

# %% [markdown]
# ## 5 What an interval promises
#
# Most of the time we do not have all receipts, only a sample. Its mean is a little off. So we give a range with it.

# %%
from loyalty.tasks.t03.scene import find_interval

sample = receipts.sales.sample(800, random_state=3)
estimate, low, high = find_interval(sample)
print(f"€{estimate:.2f}, and a 95 % interval from €{low:.2f} to €{high:.2f}")

# %% [markdown]
# What is 95 % here? It is *not* 95 % of the receipts. It is a promise about the **method**: if a hundred people each take such a sample, about 95 of their
# intervals hold the true mean. In this chain we know the truth, so let a hundred people try.

# %%
from loyalty.tasks.t03.pictures import draw_hundred
from loyalty.tasks.t03.scene import take_samples

truth = receipts.sales.mean()
intervals = take_samples(receipts.sales, size=800)
holds = (intervals.low <= truth) & (truth <= intervals.high)
subtitle = "mean receipt, €, with 95 % interval: 100 samples of 800 receipts"
ax = draw_hundred(intervals, truth, f"{holds.sum()} of 100 intervals hold the truth", subtitle)

# %% tags=["verify"]
many = take_samples(receipts.sales, size=800, samples=2_000, seed=0)
coverage = ((many.low <= truth) & (truth <= many.high)).mean()
assert 90 <= holds.sum() <= 99 and 0.935 < coverage < 0.965

# %% [markdown]
# {{holds.sum()}} hold it and {{(~holds).sum()}} miss; in another hundred it may be a few more or less. One interval alone does not show which kind it is. *Try it: 03e and
# 03f.*

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/0_start/03_numbers_that_lie.ipynb). What follows is for self-study.
#
# ---

# %% [markdown]
# ## Four times the data, half the width

# %%
from loyalty.tasks.t03.pictures import draw_widths

widths = {}
for size in (200, 800, 3_200):
    found = take_samples(receipts.sales, size)
    widths[size] = (found.high - found.low).mean()
ax = draw_widths(pd.Series(widths), "Four times the receipts make the interval half as wide")

# %% tags=["verify"]
assert abs(widths[200] / widths[800] - 2) < 0.15
assert abs(widths[800] / widths[3_200] - 2) < 0.15

# %% [markdown]
# Precision is expensive. To halve the width once more you need four times the receipts again.
#
# ## A hundred wrong intervals
#
# Now a hundred people take samples in another way. They pick lines (one line = one product) at random, and look up the receipt of each line. It sounds
# harmless.

# %%
by_lines = take_samples(receipts.sales, size=800, chances=receipts.lines)
right = ((by_lines.low <= truth) & (truth <= by_lines.high)).sum()
subtitle = "the same chain; receipts found by picking lines at random"
title = f"Drawn in the wrong way, {right or 'none'} of 100 intervals holds the truth"
ax = draw_hundred(by_lines, truth, title, subtitle)

# %% tags=["verify"]
assert right == 0 and by_lines["low"].min() > 1.5 * truth

# %% [markdown]
# A receipt with ten lines has ten chances to be picked, so large receipts come too often. An interval knows about *luck*. It knows nothing about a sample that
# was drawn in the wrong way, and more data of the same kind do not help.

# %% [markdown]
# ## What we learned
#
# - The **median** is the typical receipt. The **mean** is the one that adds up to the money.
# - A rise from 4 % to 5 % is one **percentage point** and 25 percent of the old rate. A **weighted mean** sums first and divides once.
# - A **permutation test** shuffles the groups and counts how often chance makes such a gap.
# - A **confidence interval** is a promise about a method: of a hundred, about 95 hold the truth.
#
# ## What could still be wrong
#
# - A gap that chance makes rarely may still have another cause. Who got which envelope? Only chance makes the groups alike.
# - A gap that chance makes often may still be real. With {{len(people)}} customers only a large effect can be seen.
# - If you test twenty colours, about one of them will look good by chance alone.
#
# ## Use it on your data
#
# Two columns are enough, the group and the amount: `compare_means(sales_of_blue, sales_of_green)` from `loyalty.stats` gives the gap with its interval. For a rate
# of a whole chain: `table.responses.sum() / table.letters.sum()`.

# %% [markdown]
# [[links]]
