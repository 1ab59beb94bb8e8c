# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: The customer profile
#     question: Who is this customer, as of that day?
#     part_a: 25
#     part_b: 30
#     know_first: ["00"]
#     useful: ["02", "03"]
#     module: loyalty.prepare.profile
#     test: helpers/tests/prepare/test_profile.py::test_the_profile_is_the_same_to_the_last_bit_from
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - reduce a year of receipts to one row a customer: the **profile as of a date**
# - read **recency**, **frequency** and **monetary**, and know three ways to get each of them wrong
# - judge a silence by the customer's own **gap**, not by a calendar
# - in Part B: measure a **leakage**: what happens when a profile looks past its date

# %% [markdown]
# ## Two customers on Monday's list
#
# It is Sunday, 1 October, early in the morning. Marta wants a list for Monday: *"Everybody who has been silent for two weeks gets
# the letter: We miss you."* Ines prints the letters. She has two households in her hand.

# %%
import pandas as pd

from loyalty.charts import house_style
from loyalty.datasets import complete_journey
from loyalty.tasks.t12.pictures import draw_two_households

house_style()
chain = complete_journey()
as_of = pd.Timestamp("2017-10-01")
before = chain.receipts[chain.receipts.time < as_of]
ax = draw_two_households(before, as_of, [1158, 1107])

# %% tags=["verify"]
last = before[before.customer_id.isin([1158, 1107])].groupby("customer_id").time.max().dt.normalize()
assert (last == "2017-09-17").all()

# %% [markdown]
# Both households bought last on the same day, two weeks ago. Do both get the same letter? You see it at once. A computer does not: it
# needs numbers.
#
# So we describe each customer by a few numbers. They say who the customer was *that morning*, when Marta had to decide. Such a row is
# called a **profile as of a date**. The most important line of code stands above: **`time < as_of`**. What happens on the day
# itself, or later, nobody can know that morning.
#
# ## By hand, for one household

# %%
one = before[before.customer_id == 1158]
one[["time", "basket_id", "product_id", "sales"]].tail(3)

# %% [markdown]
# Each row is a *line* of a receipt: one product. Three numbers are the classic of the trade. **Recency**: how many days since the last
# purchase? **Frequency**: how many receipts? **Monetary**: how much money?

# %%
last_day = one.time.max().normalize()
numbers = {
    "recency_days": (as_of - last_day).days,
    "frequency": one.basket_id.nunique(),
    "monetary": one.sales.sum().round(2),
}
pd.DataFrame(numbers, index=["household 1158"])

# %% tags=["verify"]
assert 5 < len(one) / one.basket_id.nunique() < 7

# %% [markdown]
# Each number has a trap inside:
#
# - Recency counts *to the as-of date*. It does not count to today, nor to the end of the file.
# - Frequency counts *receipts*. If you count lines instead, the household seems to come about six times as often.
# - Days are days of the calendar, so we cut the clock off (`normalize`). Otherwise the recency of a customer who bought yesterday
#   evening is 0 in the morning.
#
# ## For everybody
#
# Now the same in pandas for all households. `groupby` is the pivot table of Excel.

# %%
by_hand = before.groupby("customer_id").agg(
    last=("time", "max"), frequency=("basket_id", "nunique"), monetary=("sales", "sum")
)
by_hand["recency_days"] = (as_of - by_hand["last"].dt.normalize()).dt.days
by_hand[["recency_days", "frequency", "monetary"]].head(3).round(2)

# %% [markdown]
# The rest of the workshop uses a helper. It checks the table first, and returns one row a customer. Does it find the same?

# %%
from loyalty.prepare.profile import build_profile

profile = build_profile(chain.receipts, as_of)
columns = ["recency_days", "frequency"]
same = (profile.set_index("customer_id")[columns] == by_hand[columns]).all(axis=None)
cents = abs(profile.monetary.sum() - by_hand.monetary.sum())
print(f"the same for all {len(profile):,} customers: {same}; money differs by ${cents:.2f}")

# %% tags=["verify"]
assert same and cents < 0.005

# %% [markdown]
# It does, to the cent. From here on we use the helper, and we know what it does.
#
# ## Who is not in the table?
#
# The chain knows a few more households than that. A table made of receipts never holds customers who bought nothing, and Marta
# worries about exactly these. Give the helper the list of customers, and they get their row.

# %%
everybody = chain.customers
profile = build_profile(chain.receipts, as_of, customers=everybody, products=chain.products)
silent = profile[profile.frequency == 0]
silent[["customer_id", "recency_days", "frequency", "monetary", "gap_days"]].head(3)

# %% [markdown]
# {{len(silent)}} households have zero receipts, zero dollars, and an *empty* recency. Zero days would be the best customer. And a number
# such as 999 is a trap, because one day somebody takes a mean. What we do not know stays empty.
#
# ## What is usual?
#
# How long ago did the others buy?

# %%
from loyalty.tasks.t12.pictures import draw_recency

ax = draw_recency(profile.recency_days)

# %% tags=["verify"]
assert profile.recency_days.median() == 7 and profile.recency_days.mean() > 20

# %% [markdown]
# Half of them bought within the last week, and yet the mean is almost three weeks. A few long silences pull it up. For such shapes we quote the
# median.
#
# A mean can mislead in another way too. Jonas asks a simple thing: *"What is our average receipt?"* There are two ways to compute it.

# %%
from loyalty.charts import draw_bars, headline

per_receipt = before.sales.sum() / before.basket_id.nunique()
of_means = (by_hand.monetary / by_hand.frequency).mean()
two_ways = {"all sales / all receipts": per_receipt, "mean of the households' means": of_means}
ax = draw_bars(pd.Series(two_ways), colours=["#0072B2", "#9AA0A6"], write="${:.2f}".format)
headline(ax, "One question, two averages", "dollars a receipt", "Complete Journey")

# %% tags=["verify"]
invented = (of_means - per_receipt) * before.basket_id.nunique()
assert of_means > per_receipt + 1 and 250_000 < invented < 300_000

# %% [markdown]
# The left bar is the average *receipt*. The right bar is the average of *households*: one that came once counts as much as one that came
# three hundred times. Both are true answers, to two questions. Jonas asked for the left one. If he multiplies the right one by his
# receipts, he invents \${{invented:,.0f}} of sales.
#
# ## Back to the two households

# %%
pair = profile[profile.customer_id.isin([1158, 1107])].set_index("customer_id")
pair[["recency_days", "frequency", "monetary", "gap_days"]].round(1)

# %% tags=["verify"]
assert (pair.recency_days == 14).all() and 3 < pair.gap_days[1158] < 4 and 60 < pair.gap_days[1107] < 67

# %% [markdown]
# The last column is what you saw in the first picture. A customer's **gap** is the mean number of days between two purchase days. Household
# 1158 comes twice a week, so it has missed about four visits. Household 1107 comes every two months. It is not even due, and the letter
# "We miss you" would puzzle it. How long a silence is depends on *whose* silence it is.
#
# Does this hold for more than two households? We take everybody who had been silent for two to three weeks. Then we look, this once, into
# the four weeks *after* that Sunday. Your bet first. **Of 100 such households, how many come back without a letter from us?**

# %%
from loyalty.tasks import predict, reveal

predict("12-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %%
from statsmodels.stats.proportion import proportion_confint

end = as_of + pd.Timedelta(days=28)
later = chain.receipts[(chain.receipts.time >= as_of) & (chain.receipts.time < end)]
quiet = profile[profile.recency_days.between(14, 20)]
came = quiet.customer_id.isin(later.customer_id)
low, high = proportion_confint(came.sum(), len(came), method="wilson")
ends = {"low": round(100 * low), "high": round(100 * high)}
reveal("12-bet", estimate=round(100 * came.mean()), **ends, unit="%")

# %% [markdown]
# Four of five come back alone. Most of Marta's letters would go to people who come anyway. Now the same households, sorted by their
# gap:

# %%
from loyalty.tasks.pictures import count_back
from loyalty.tasks.t12.pictures import draw_back

names = ["every 10 days or faster", "10 to 20 days", "more rarely"]
rhythm = pd.cut(quiet.gap_days, [0, 10, 20, 400], labels=names)
back = count_back(came, rhythm)
title = "The quick ones were late, and most of them came back"
subtitle = "silent for two to three weeks: came within four weeks, by their gap"
ax = draw_back(back, title, subtitle)

# %% tags=["verify"]
assert back.came.is_monotonic_decreasing and back.low.iloc[0] > back.high.iloc[2]
assert back.customers.sum() == len(quiet) and 0.77 < came.mean() < 0.84
on = chain.campaigns[(chain.campaigns.start < end) & (chain.campaigns.end > as_of)]
reached = chain.contacts[chain.contacts.campaign_id.isin(on.campaign_id)].customer_id
other_letters = quiet.customer_id.isin(reached).sum()

# %% [markdown]
# The gap tells who is *late*, but late is not lost: the late ones came back most often, because quick customers come more often in *any*
# four weeks. Would the letter bring anybody back? That is another question, and lesson 00 showed what it takes to answer it.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/12_customer_profile.ipynb): the same, for another day, with a decision at the end. What
# follows is for self-study.
#
# ---

# %% [markdown]
# ## The other columns
#
# The profile has more columns. The rows of this table are shares: below the value in row 0.10 lie 10 % of the households, and in row
# 0.50 half of them.

# %%
shown = ["recency_days", "frequency", "monetary", "gap_days"]
shown += ["basket_value", "breadth", "promo_share", "trend"]
profile[shown].quantile([0.1, 0.25, 0.5, 0.75, 0.9]).round(2)

# %% tags=["verify"]
assert 0.45 < profile.promo_share.median() < 0.55 and abs(profile.trend.median()) < 0.05

# %% [markdown]
# Read the middle row aloud. A household in the middle came {{profile.frequency.median():.0f}} times in nine months, every
# {{profile.gap_days.median():.0f}} days. It left \${{profile.monetary.median():,.0f}} in all and bought from {{profile.breadth.median():.0f}} different categories
# (**breadth**). Half of its money went to lines with a discount (**promo share**). Its **trend** is near zero: it spent in the last 84
# days about what it spent in the 84 days before. (Each column has its own middle. No one household has them all.)
#
# ## What do we not know?
#
# A profile is only as good as its filled fields. The **fill rate** is the share of customers for whom a field holds something.

# %%
from loyalty.tasks.t12.pictures import draw_fill_rates

facts = chain.customers.drop(columns="customer_id")
filled = pd.concat([profile[shown].notna().mean(), facts.notna().mean()]).sort_values()
ax = draw_fill_rates(filled, shown)

# %% [markdown]
# What receipts say is known for nearly everybody. What people must be asked for is known for {{facts.notna().mean().max():.0%}} at best.
# Which question should the cashier ask next? Do not take the field that is emptiest. Take the one whose answer would **change a
# decision**. If we print vouchers for family packs, ask for the size of the household. If we do not, ask nothing.
#
# ## Every category has its own clock
#
# A customer's gap mixes milk with detergent. Let us look at the **repurchase cycle**: the days between two purchases of the *same
# category* by the same household.

# %%
from loyalty.tasks.t12.pictures import draw_cycles, measure_cycles

lines = before.merge(chain.products[["product_id", "category"]], on="product_id")
categories = ["CIGARETTES", "FLUID MILK PRODUCTS", "DIAPERS & DISPOSABLES", "DOG FOODS"]
categories += ["COFFEE", "LAUNDRY DETERGENTS", "ORAL HYGIENE PRODUCTS", "DEODORANTS"]
cycles = measure_cycles(lines, categories)
ax = draw_cycles(cycles)

# %% tags=["verify"]
assert cycles["75%"]["FLUID MILK PRODUCTS"] < 30 < cycles["50%"]["DEODORANTS"]
sticks = lines[lines.category == "DEODORANTS"]
sticks = sticks.assign(day=sticks.time.dt.normalize()).drop_duplicates(["customer_id", "day"]).sort_values("day")
assert 0.64 < (sticks.groupby("customer_id").day.diff().dt.days.dropna() > 30).mean() < 0.70

# %% [markdown]
# With one rule of "30 days silent" for all categories, two of three waits for the next deodorant count as "lost", though
# the stick is not yet empty.
#
# One caution. We only see a gap if the second purchase lies before our date. In a short window the long gaps are still open, so they are missing. How
# much does that matter?

# %%
short = measure_cycles(lines[lines.time >= "2017-07-01"], categories)
pd.DataFrame({"nine months": cycles["50%"], "last three months": short["50%"]})

# %% tags=["verify"]
three = short["50%"]
assert three["DEODORANTS"] < 0.8 * cycles["50%"]["DEODORANTS"]
assert abs(three["FLUID MILK PRODUCTS"] - cycles["50%"]["FLUID MILK PRODUCTS"]) <= 1

# %% [markdown]
# For milk three months are nearly enough. Deodorant's cycle "falls" from {{cycles["50%"]["DEODORANTS"]:.0f}} days to {{short["50%"]["DEODORANTS"]:.0f}},
# mostly because we looked for a shorter time. The true cycle is probably longer than both. Use a window of several cycles, or a method
# for gaps that are still open (lifetime models do that).

# %% [markdown]
# ## A profile that knows too much
#
# Ines builds a score: who will buy in the four weeks from 1 October? She ranks households by frequency. To save time she takes the
# profile that she has, *as of 29 October*. It works better than the one as of 1 October. Of course it does: it has seen the answer.
#
# How good is a ranking? Take one household that came and one that did not. How often is the one that came ranked higher? 50 % is a
# coin, 100 % is perfect. (The field calls it the area under the ROC curve.)

# %%
import numpy as np
from sklearn.metrics import roc_auc_score

too_late = build_profile(chain.receipts, end, customers=everybody)
bought = profile.customer_id.isin(later.customer_id).to_numpy()


def rank_quality(score, draws=300):
    """Share of pairs ranked rightly, with a 95 % interval by drawing households again."""
    rng, score = np.random.default_rng(12), np.asarray(score)
    again = (rng.integers(0, len(score), len(score)) for _ in range(draws))
    low, high = np.percentile([roc_auc_score(bought[i], score[i]) for i in again], [2.5, 97.5])
    return {"pairs ranked rightly": roc_auc_score(bought, score), "low": low, "high": high}


# %%
looks = {
    "frequency as of 1 October": profile.frequency,
    "frequency as of 29 October": too_late.frequency,
    "recency as of 1 October": -profile.recency_days.rank(na_option="bottom"),
    "recency as of 29 October": -too_late.recency_days.rank(na_option="bottom"),
}
leak = pd.DataFrame({name: rank_quality(score) for name, score in looks.items()}).T
leak.round(3)

# %% tags=["verify"]
assert leak.iloc[3, 0] == 1 and leak.low.iloc[1] > leak.iloc[0, 0]
assert (profile.customer_id == too_late.customer_id).all()
pairs = np.random.default_rng(12)
again = [pairs.integers(0, len(bought), len(bought)) for _ in range(300)]
both = [(roc_auc_score(bought[i], too_late.frequency.to_numpy()[i]), roc_auc_score(bought[i], profile.frequency.to_numpy()[i])) for i in again]  # fmt: skip
gain_low, gain_high = np.percentile([late - early for late, early in both], [2.5, 97.5])
assert gain_low > 0

# %% [markdown]
# The leak lifts frequency from {{leak.iloc[0, 0]:.1%}} to {{leak.iloc[1, 0]:.1%}}. This is a small, pleasant, believable gain (by
# {{gain_low * 100:.1f}} to {{gain_high * 100:.1f}} points, when both are compared on the same households), and it is fiction. The leak lifts recency
# from {{leak.iloc[2, 0]:.1%}} to {{leak.iloc[3, 0]:.0%}}. Every customer who came in those four weeks has a recency of 28 days or less, so this
# profile contains the answer word for word.
#
# **Leakage** that makes a score perfect is found at once. The kind that makes it {{(leak.iloc[1, 0] - leak.iloc[0, 0]) * 100:.0f}} points better goes into
# production. On the next real Monday both are gone.
#
# The remedy is a habit. Every profile carries its `as_of`. Everything before this date may be used, and nothing from it on.

# %% [markdown]
# ## The same code on large tables
#
# {{len(chain.receipts):,}} lines fit into memory. Your chain may have a thousand times more. The helper is written once and runs where the table
# lives: on a pandas frame, a DuckDB table, a Parquet or CSV file. Only the result, one row a customer, comes back.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "receipts.parquet"
    chain.receipts.to_parquet(file)
    from_file = build_profile(file, as_of, customers=everybody, products=chain.products)

pd.testing.assert_frame_equal(from_file, profile)
print(f"{len(from_file):,} rows, equal to the profile made in pandas")

# %% [markdown]
# Beyond one machine the same function takes a Spark table and leaves the work to Spark. We do not run that here.

# %% [markdown]
# ## What a profile cannot see
#
# In the first part the quick households came back more often than the slow ones, although two weeks of silence mean more to them. Is a
# customer who has not come back lost, or only slow? No receipt says it. So we leave the real chain for the workshop's simulated one,
# where we may look behind the curtain. There each customer truly leaves on some day, and never returns. We let four weeks pass without
# any offer; this takes about ten seconds.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=12)
people = build_profile(world.receipts, world.end, customers=world.customers)
nobody = world.customers[["customer_id"]].assign(offer_id=None)  # no offer to anybody
_, afterwards = world.run(nobody, days=28, post=0)
new = afterwards.receipts[afterwards.receipts.time >= world.end]
people["came"] = people.customer_id.isin(new.customer_id)

# %% [markdown]
# People come to a drugstore more rarely than to a grocer, so we take a silence of 6 to 12 weeks. First what the chain can see: who comes
# in the next four weeks? Then the truth: who still *is* a customer on the day of the profile (`truth.alive`)?

# %%
waiting = people[people.recency_days.between(42, 83)].merge(world.truth.alive())
rhythms = ["every 28 days or faster", "28 to 56 days", "more rarely"]
rhythm = pd.cut(waiting.gap_days, [0, 28, 56, 999], labels=rhythms)
seen = count_back(waiting.came, rhythm)
seen["alive"] = waiting.groupby(rhythm, observed=True).alive.mean()
title = "The slow ones stay away, and stay customers"
subtitle = "came within four weeks, by their gap"
ax = draw_back(seen, title, subtitle, "simulated chain, seed 12")

# %% tags=["verify"]
assert seen.low.iloc[0] > seen.high.iloc[2] and seen.came.is_monotonic_decreasing
left = (1 - seen.alive) * seen.customers
left_low, left_high = proportion_confint(left, seen.customers, method="wilson")
assert left_low.iloc[0] > max(left_high.iloc[1:])
lost = 1 - seen.alive
assert 2.5 < lost.iloc[0] / lost.iloc[1] < 3 and 2.5 < lost.iloc[0] / lost.iloc[2] < 3
gone = waiting[~waiting.alive]
assert not gone.came.any()

# %% [markdown]
# The circles and the diamonds run in opposite directions. Fewer of the slow customers came within four weeks, yet {{seen.alive.iloc[2]:.0%}} of
# them are still customers. More of the quick ones came, and {{1 - seen.alive.iloc[0]:.0%}} of them are lost for ever ({{left_low.iloc[0]:.0%}} to
# {{left_high.iloc[0]:.0%}} if other customers like these were asked). This is nearly three times the share of the others.
#
# So the story of the two households was right after all: the same silence is a worse sign for a quick customer. The test "does the
# customer come within four weeks?" could not show it, because it also asks how *often* somebody comes.
#
# ## Same numbers, different people
#
# One more look. These customers have nearly the same recency, frequency and monetary. A map made of these three numbers can hardly tell
# them apart. But each has a type that the chain does not know. What would a plain reminder change for them?

# %%
alike = people[people.recency_days <= 14]
alike = alike[alike.frequency.between(18, 22) & alike.monetary.between(350, 550)]
effects = world.truth.effect("reminder")[["customer_id", "orders"]]
effects = effects.rename(columns={"orders": "more_visits"})
alike = alike.merge(world.truth.types).merge(effects)

# %%
means = alike.groupby("type")[["recency_days", "frequency", "monetary", "more_visits"]].mean()
means = means.assign(customers=alike.type.value_counts())
means.sort_values("more_visits").round(3)

# %% tags=["verify"]
effect = alike.groupby("type").more_visits.mean()
negative = alike.type.isin(effect[effect < 0].index)
assert set(alike.type[negative]) == {"beauty", "young_family"} and effect.idxmax() == "online_first"
assert alike.type.nunique() == 7 and world.truth.types.type.nunique() == 8

# %% [markdown]
# {{len(alike)}} customers are alike, and seven of the chain's eight types are among them. `more_visits` is what one reminder truly changes, over eight
# weeks. Customers who mostly order online come *more* often. The beauty lovers and the young families come *less* often: {{negative.sum()}} of the
# {{len(alike)}} would be better left alone. (These are true expected effects, so they need no interval.)
#
# Recency, frequency and monetary say how *much* somebody is a customer. What customers come for, and what would change it, stands in other
# columns, or in none. That is why campaigns need a lottery.

# %% [markdown]
# ## What we learned
#
# - A **profile as of a date** is one row a customer. It knows everything before the day, and nothing from it on.
# - **Recency** counts to the as-of date, **frequency** counts receipts, **monetary** is money paid. Customers who bought nothing have a
#   row too.
# - We judge a silence by the customer's own **gap**: two weeks are about four missed visits for one household, and no event for another. Late
#   is not lost. Slow is not lost.
# - **Leakage** made a score {{(leak.iloc[1, 0] - leak.iloc[0, 0]) * 100:.0f}} points better, and only on paper.
#
# ## What could still be wrong
#
# - We see cards, not households. Two cards in one family are two rows here, and what is bought with a borrowed card belongs to nobody we know.
# - The year begins on 1 January. A "first purchase" in January is mostly the first one *we see*.
# - The mean gap of a household with two purchases is one number from one gap. Look at `x`, the count of repeats, before you believe it.
# - Our four weeks after 1 October are one month of one chain. The shares that came back belong to that month. "Alone" means without *our*
#   letter: {{other_letters}} of those {{len(quiet)}} households were in some other campaign.
#
# ## Use it on your data
#
# A table with customer, time and amount is enough, as a frame or as a file:
# `build_profile("receipts.parquet", as_of="2017-10-01")`
#
# The profile of this lesson lies ready as a checkpoint: `loyalty.datasets.checkpoint("profile_cj")`.

# %% [markdown]
# [[links]]
