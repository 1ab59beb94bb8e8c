# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "Rank customers"
#     question: How few customers carry the business, and do the famous numbers hold here?
#     part_a: 25
#     part_b: 30
#     know_first: ["12"]
#     module: loyalty.segment.rank
#     test: helpers/tests/segment/rank/test_shares.py::test_the_intervals_hold_as_often_as_they_say
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - draw the **Lorenz curve**, and read two numbers from it: the share of the best, and the **Gini coefficient**
# - put customers into **deciles** in which equal customers stay together
# - follow each **cohort** month by month, and read its **retention** without calling silence a loss
# - put four famous numbers to the test, and say which of them your data cannot test

# %% [markdown]
# ## A slide for Monday
#
# Marta has found a slide: *"20 % of the customers bring 80 % of the sales."* So she wants to write to the best fifth only. The others, she says, bring
# almost nothing. Jonas, who pays for the letters, asks one question: *"Is that so in our chain, or only on the slide?"*
#
# We begin with ten households, so that we can count by hand.

# %%
import pandas as pd

from loyalty.charts import house_style
from loyalty.datasets import cdnow, complete_journey
from loyalty.tasks.t21.pictures import draw_ten

house_style()
chain = complete_journey()
spend = chain.receipts.groupby("customer_id").sales.sum()
ten = spend.iloc[100:110].sort_values(ascending=False)
ax = draw_ten(ten)

# %% tags=["verify"]
assert len(ten) == 10 and (chain.customers.customer_id.isin(spend.index)).all()
two_of_ten = ten.iloc[:2].sum() / ten.sum()

# %% [markdown]
# We put the largest first and add up. The two best of ten bring {{two_of_ten:.0%}}. For ten households that is quickly done. Now your bet for all
# {{len(spend):,}}. **Of 100 dollars, how many come from the best 20 of 100 households?**

# %%
from loyalty.tasks import predict, reveal

predict("21-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %% [markdown]
# ## The curve behind the number
#
# Go on adding up, household by household, and draw how much of the money is reached. This is the **Lorenz curve**. If everybody brought the same, it
# would be the straight line. The more it bends away from it, the fewer customers carry the business.
#
# The helper ranks everybody in *one* window, and measures the curve.

# %%
from loyalty.segment.rank import measure_concentration, rank_customers

year = "2017-01-01", "2018-01-01"
ranking = rank_customers(chain.receipts, *year, customers=chain.customers)
found = measure_concentration(ranking)
ax = found.plot(title="The best fifth bring a good half")

# %%
share = found.share(0.2)
ends = {"low": round(100 * share.low), "high": round(100 * share.high)}
reveal("21-bet", estimate=round(100 * share.value), **ends, unit="%")

# %% tags=["verify"]
by_hand = spend.nlargest(round(0.2 * len(spend))).sum() / spend.sum()
assert abs(by_hand - share.value) < 0.001
assert 0.52 < share.value < 0.57 and share.high < 0.6

# %% [markdown]
# A good half, and not four fifths. The other households bring the rest, and that is a lot of money to leave without a letter.
#
# The **Gini coefficient** puts the whole curve into one number: 0 if all bring the same, almost 1 if one brings everything. Here it is
# {{found.gini.value:.2f}}. It is good for comparing, but nobody can act on it. For a plan, take the share.
#
# ## Is it only this chain?
#
# We do the same with two others: CDNOW, a web shop for music in the nineties, and the workshop's simulated chain.

# %%
from loyalty.tasks.t21.pictures import draw_shares
from loyalty.tasks.t21.scene import rank_three

measured = {name: measure_concentration(one) for name, one in rank_three().items()}
ax = draw_shares(measured, "The best fifth bring less than 80 % in all three")

# %% tags=["verify"]
tops = {name: one.share(0.2) for name, one in measured.items()}
assert all(one.high < 0.75 for one in tops.values())
assert tops["CDNOW"].low > tops["grocery chain"].high
assert abs(tops["simulated chain"].value - tops["grocery chain"].value) < 0.03
no_sales = measured["CDNOW"].members - measured["CDNOW"].buyers
assert no_sales == 68

# %% [markdown]
# The famous number fails in all three. (The simulated chain was built to resemble real ones, so it is no third witness. It is here because we know its
# truth. And {{no_sales}} customers of CDNOW only took goods without a price: they are no buyers.) Each share has an interval. In 95 of 100 such studies it holds
# the true share of such customers; at CDNOW in fewer, as Part B shows.
#
# ## How the rule becomes true again
#
# Ines disagrees: *"For beer it is true. I counted it."* She is right, and so are we.

# %%
from loyalty.tasks.t21.pictures import draw_two_curves
from loyalty.tasks.t21.scene import read_category

beer = rank_customers(read_category("BEERS/ALES"), *year, customers=chain.customers)
buyers, everybody = (measure_concentration(beer, of=who) for who in ("buyers", "members"))
ax = draw_two_curves(buyers, everybody, "beer in 2017")

# %% tags=["verify"]
assert buyers.share(0.2).value < 0.72 and 0.8 < everybody.share(0.2).value < 0.88
idle = 1 - buyers.customers / everybody.customers
assert 0.4 < idle < 0.55

# %% [markdown]
# Same beer, same dollars. Ines counted all households, and almost half of them buy no beer. Add people who buy nothing, and any business looks as
# if few carried it. So a share of the best has to say **of whom**: of the buyers, or of all members.
#
# ## The best tenth, and who stands on the line
#
# Marta likes the beer. She wants to thank the best tenth of all households, by number of beer receipts. Tenths of a ranking are called **deciles**.

# %%
beer_lines = read_category("BEERS/ALES")
by_receipts = rank_customers(beer_lines, *year, customers=chain.customers, of="receipts")
tenth = by_receipts.to_frame().receipts.iloc[: len(chain.customers) // 10]
last = tenth.iloc[-1]
inside, on_the_line = (tenth == last).sum(), (by_receipts.table.receipts == last).sum()
print(f"{on_the_line} households have {last} receipts, {inside} of them inside the tenth")
by_receipts.deciles().head(3).round(2)

# %% tags=["verify"]
deciles = by_receipts.deciles().set_index("decile")
assert 0 < inside < on_the_line and deciles.customers.sum() == len(chain.customers)
assert deciles.least[10] > deciles.most[9]
best_least, best_many = int(deciles.least[10]), int(deciles.customers[10])

# %% [markdown]
# A cut after exactly one tenth goes through people with the same number of receipts. The order of rows decides who is thanked. The helper cuts
# between *values*: everybody with {{best_least}} receipts or more is in the best decile. Those are {{best_many}} households, a few more than a tenth, and each
# "no" can be explained. (Lesson 22 uses the same rule.)
#
# ## Who came back?
#
# Jonas has a second fear: *"The best are few, and they run away."* For this we sort customers by the month of their first purchase. Each such group is a
# **cohort**. Then we count who bought again, month by month.

# %%
from loyalty.segment.rank import build_cohorts

shop = cdnow()
cohorts = build_cohorts(shop.receipts)
ax = cohorts.plot(title="Six of seven do not come in the month after")

# %% tags=["verify"]
first_month = cohorts.pool().set_index("age").share[1]
assert 1 / 8 < first_month < 1 / 6
assert cohorts.sizes.sum() == shop.receipts.customer_id.nunique()

# %% [markdown]
# The share that buys in a later month is the **retention**. In CDNOW it falls at once, and then slowly. Cells that are not over yet are blank. "We lose
# 85 of 100 customers in a month", says Jonas. Do we? Let us ask those who did *not* come in the month after.

# %%
from loyalty.tasks.t21.pictures import draw_later

month = shop.receipts.time.dt.year * 12 + shop.receipts.time.dt.month
age = month - month.groupby(shop.receipts.customer_id).transform("min")
next_month = set(shop.receipts.customer_id[age == 1])
later = set(shop.receipts.customer_id[age > 1]) - next_month
never = shop.receipts.customer_id.nunique() - len(next_month) - len(later)
parts = {"next month": len(next_month)}
parts |= {"not then, but later": len(later), "not seen again": never}
ax = draw_later(parts, "Twice as many came later as came in the next month")

# %% tags=["verify"]
assert 1.9 < len(later) / len(next_month) < 2.3 and never > 0
silent = len(later) + never

# %% [markdown]
# Of those who stayed away in that month, {{len(later) / silent:.0%}} bought later. A blank month is silence, not loss. Even "not seen again" means only: not
# until the file ends.
#
# ## Four famous numbers, three data sets
#
# Now the whole slide deck. Each number gets a verdict by its interval: *holds* (within five points), *does not hold*, or *not decided*. Or
# the honest one: *cannot be tested here, because …* And a number that grows with time, but names no time, gets: *depends on the years*.

# %%
from loyalty.segment.rank import judge_half_lost, judge_win_or_keep

dear = judge_win_or_keep(data="grocery chain")
dear

# %% [markdown]
# Read the last line. A receipt holds no costs. And "cost per new customer" is not the budget divided by all who are new: many would have come anyway. It
# takes a control group for winning and another one for keeping. Then the two costs can be compared.

# %%
from loyalty.tasks.t21.pictures import draw_verdicts
from loyalty.tasks.t21.scene import judge_all

verdicts = judge_all()
ax = draw_verdicts(verdicts, "Four times no, and most cannot be tested here")

# %% tags=["verify"]
words = pd.Series([one.verdict for one in verdicts])
counts = {"cannot be tested here": 7, "does not hold": 4, "depends on the years": 1}
assert words.value_counts().to_dict() == counts

# %% [markdown]
# Only the simulated chain knows who has left, and what they would have brought. Of less churn it says no in five years and yes in ten, because the claim names no years (see
# below). Your chain does not know it. On Monday Marta writes to more than a fifth, and the slide goes into the archive.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/2_segment/21_rank_customers.ipynb), 21a to 21d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## The same window for everybody
#
# The simulated chain has customers who came last month and customers who came two years ago. Somebody ranks them by all they ever bought. What does
# this do to the list of the best hundred?

# %%
from loyalty.tasks.t21.scene import open_world

world = open_world()


def rank_since(day):
    """Rank by what was bought from a day to the end of 2024."""
    return rank_customers(world.receipts, day, "2025-01-01", customers=world.customers)


ever, last_year = rank_since("2023-01-01"), rank_since("2024-01-01")
lists = {"since joining": ever, "in 2024": last_year}
best = {name: set(one.to_frame().customer_id[:100]) for name, one in lists.items()}
sales = last_year.table.set_index("customer_id").sales
means = {name: sales.loc[list(ids)].mean() for name, ids in best.items()}
pd.Series(means).round(0).to_frame("mean sales in 2024, €")

# %% tags=["verify"]
other = len(best["since joining"] - best["in 2024"])
gone = world.truth.alive().set_index("customer_id").alive
left = int((~gone.loc[list(best["since joining"])]).sum())
left_too = int((~gone.loc[list(best["in 2024"])]).sum())
assert 15 < other < 60 and left > left_too

# %% [markdown]
# {{other}} of the hundred are other people. The list "since joining" is full of customers who had more time. {{left}} of its names have truly left the chain by
# the end of 2024 (of the other list: {{left_too}}). A sum since joining rewards age. So rank everybody in one window, and say how many came after its start:

# %%
print(*last_year.warnings, sep="\n")

# %% [markdown]
# ## Who is on top?
#
# Look at the first names of any ranking before you thank them. Some cards belong to nobody: a cashier swipes his own card when a customer has none. Here
# we let two cashiers do that with one receipt in a hundred.

# %%
from loyalty.tasks.t21.scene import hand_to_cashiers

swiped = rank_customers(hand_to_cashiers(chain.receipts, cards=2, share=0.01, seed=21), *year)
swiped.to_frame().head(4)[["customer_id", "sales", "receipts", "days", "rank"]].round(0)

# %% tags=["verify"]
assert set(swiped.to_frame().customer_id[1:3]) == {-1, -2}
both_cards = swiped.to_frame().iloc[1:3]
per_day = (both_cards.receipts / both_cards.days).max()
assert per_day < 3 and swiped.suspects.empty

# %% [markdown]
# They take the second and the third place at once. In the table they look like very good customers: the helper's `suspects` looks for cards
# with receipts like a till, and does not see these two. In a single category it would, because nobody buys pain relief a hundred times. So
# ask for the list of staff cards, and give it to `leave_out`.
#
# ## How sure is such a share?
#
# By hand: draw as many customers again from our customers, with replacement, and measure each time. This is the bootstrap.

# %%
import numpy as np

rng = np.random.default_rng(21)
amounts = spend.to_numpy()
fifth = round(0.2 * len(amounts))
drawn = np.sort(rng.choice(amounts, (400, len(amounts))), axis=1)
again = drawn[:, -fifth:].sum(axis=1) / drawn.sum(axis=1)
low, high = np.quantile(again, [0.025, 0.975])
print(f"bootstrap {low:.3f} to {high:.3f}, helper {share.low:.3f} to {share.high:.3f}")

# %% tags=["verify"]
assert abs(low - share.low) < 0.006 and abs(high - share.high) < 0.006

# %% [markdown]
# The helper needs no draws. It computes how much each customer moves the share, and corrects for the skew: a few very large customers make the right side long. But no formula helps where one
# customer can be as large as a thousand others. CDNOW has such a tail, and the helper says so:

# %%
print(*measured["CDNOW"].warnings, sep="\n")

# %% tags=["verify"]
assert any("heavy tail" in text for text in measured["CDNOW"].warnings)
assert not any("heavy tail" in text for text in measured["grocery chain"].warnings)

# %% [markdown]
# The tail index says how fast large customers become rare: the smaller it is, the slower. In our trials with such tails (index 2) the interval held in about 91 of 100 cases, not in 95. With lighter tails it held as it should.
#
# ## "Half are lost in five years"
#
# In the simulated chain we know who has left. We take the newcomers of 2023 and look at the truth for five years. (The interval is Wilson's, which suits a share.) This takes a few seconds.

# %%
from loyalty.stats import wilson
from loyalty.tasks.t21.pictures import draw_lost
from loyalty.tasks.t21.scene import count_lost

lost = count_lost()
lost["low"], lost["high"] = wilson(lost.share, lost.customers)
ax = draw_lost(lost, first_year=lost.share.iloc[0])

# %% tags=["verify"]
after = lost.set_index("years")
guess = 1 - (1 - after.share[1]) ** 5
assert after.low[5] > 0.55 and guess > after.high[5] and 0.45 < after.share[3] < 0.55
after_five = judge_half_lost(lost=int(after.lost[5]), customers=int(after.customers[5]), years=5)
assert after_five.verdict == "does not hold"

# %% [markdown]
# {{after.share[5]:.0%}} have left after five years ({{after.low[5]:.0%}} to {{after.high[5]:.0%}}). The famous half is reached about two years earlier. And if you had
# stretched the first year to five, you would have said {{guess:.0%}}: the quick ones leave first, and those who stay, stay. Both are numbers of a chain that
# we made. Yours will be others.
#
# ## "5 % less churn, 25 % more profit"
#
# Less **churn** is good, of course. But 5 % of what? The authors of the number meant five *points*: of 100 customers, five more stay each year. Many
# slides read it as one leaver in twenty. With one margin a year for ever, each reading has a formula.

# %%
from loyalty.segment.rank import find_value_gain

rates = (0.5, 0.7, 0.85, 0.9)
rows = {f"{r:.0%}": [find_value_gain(r), find_value_gain(r, points=False)] for r in rates}
gain = pd.DataFrame(rows, index=["five points", "one leaver in twenty"])
gain.rename_axis(columns="yearly retention").map("{:.1%}".format)

# %% tags=["verify"]
assert abs(find_value_gain(0.85) - 0.25) < 1e-9 and gain.loc["one leaver in twenty"].max() < 0.053

# %% [markdown]
# Read as points, with later money counted 10 % less each year, the 25 % is true at *one* retention: 85 %. Read as one leaver in twenty it is true nowhere.
# And "profit" means all later years together. What does the simulated chain say? We make it again with less leaving, and change nothing else.

# %%
from loyalty.tasks.t21.pictures import draw_gains
from loyalty.tasks.t21.scene import measure_gain

gains = {
    "five points, next year": measure_gain(points=True, years=1),
    "five points, five years": measure_gain(points=True),
    "five points, ten years": measure_gain(points=True, years=10),
    "one leaver in twenty, ten years": measure_gain(points=False, years=10),
}
gains = pd.DataFrame(gains, index=["effect", "low", "high"]).T
ax = draw_gains(gains)

# %% tags=["verify"]
five = gains.filter(like="five points", axis=0)
assert five.high.iloc[1] < 0.2 < 0.25 < five.low.iloc[2] and gains.high.iloc[3] < 0.05

# %% [markdown]
# The famous number has no years, and everything hangs on them. Five points bring {{five.effect.iloc[0]:.0%}} in the next year and {{five.effect.iloc[1]:.0%}} in five. In
# ten years they bring {{five.effect.iloc[2]:.0%}}, if later money counts as much as today's. So the number can be true for somebody who waits long enough. One
# leaver in twenty never comes near. (The intervals are narrow because both worlds hold the same customers.) And what such a programme would *cost* is not in the picture.
#
# ## "Winning costs 5–10 × keeping"
#
# Suppose both were tested against a control group. Then the comparison is one line. (These costs are made up.)

# %%
costs = {"cost_to_win": (42.0, 33.0, 55.0), "cost_to_keep": (24.0, 17.0, 36.0)}
judge_win_or_keep(**costs, data="made up")

# %% [markdown]
# In this example winning is dearer, but not five times. To have a number of your own, keep a control group when you advertise, and another when you try to
# keep customers. Lesson 32 plans one.

# %% [markdown]
# ## What we learned
#
# - The **Lorenz curve** shows how few carry the business. Its share of the best needs two words more: of *whom*, in *which window*. The
#   **Gini coefficient** compares curves.
# - **Deciles** are cut at values. Then equal customers get the same.
# - A **cohort** shows who came in which month. **Retention** in a month is no count of the lost: many who are silent come later.
# - Of the four famous numbers, two did not hold where they could be tested. One depends on the years, which it does not name. And one no data here can test: what it costs
#   to win. It is useful to say what would be needed.
#
# ## What could still be wrong
#
# - The households of the Complete Journey were picked as frequent shoppers. A chain with many rare customers can be more concentrated.
# - CDNOW was seen for 18 months, the others for 12. In a longer window shares can differ.
# - The first cohort of most files is no cohort: it holds everybody who came before the file begins. (CDNOW's file begins with real newcomers.)
# - Sales are not margin. The best by sales may be the best bargain hunters.
#
# ## Use it on your data
#
# `measure_concentration(rank_customers("receipts.parquet", "2024-01-01", "2025-01-01", customers="members.csv", leave_out=staff))` and
# `build_cohorts("receipts.parquet")`.

# %% [markdown]
# [[links]]
