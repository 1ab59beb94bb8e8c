# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: The customer profile
#     question: Who is this customer, as of that day?
#     part_a: 25
#     part_b: 30
#     know_first: ["00"]
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
# - measure a **leakage**: what happens when a profile looks past its date

# %% [markdown]
# ## Two customers on Monday's list
#
# It is Sunday, 1 October, early in the morning. Marta wants a list for Monday: *"Everybody who has been silent for two weeks gets the letter: We miss you."*
# Ines, who prints the letters, has two households in her hand, 1158 and 1107. Both bought last on 17 September. Same letter?
#
# Before we answer we need to know who they are. Not who they are today: who they were *that morning*, when Marta had to decide.

# %%
import pandas as pd

from loyalty.datasets import complete_journey

chain = complete_journey()
as_of = pd.Timestamp("2017-10-01")
before = chain.receipts[chain.receipts.time < as_of]
one = before[before.customer_id == 1158]
one[["time", "basket_id", "product_id", "sales"]].tail(3)

# %% [markdown]
# Each row is a *line* of a receipt: one product. Household 1158 has {{len(one):,}} such lines before our date. We did one thing that matters
# more than all that follows: **`time < as_of`**. What happens on the day itself, or later, we cannot know that morning.

# %% [markdown]
# ## By hand, for one household
#
# Three numbers are the classic of the trade. **Recency**: how many days since the last purchase? **Frequency**: how many receipts? **Monetary**: how much money?

# %%
last_day = one.time.max().normalize()
numbers = {
    "recency_days": (as_of - last_day).days,
    "frequency": one.basket_id.nunique(),
    "monetary": one.sales.sum().round(2),
}
pd.DataFrame(numbers, index=["household 1158"])

# %% [markdown]
# {{(as_of - last_day).days}} days, {{one.basket_id.nunique()}} receipts, \${{one.sales.sum():,.2f}}. Each number has a trap inside:
#
# - recency counts *to the as-of date*, not to today and not to the end of the file;
# - frequency counts *receipts*, not lines: lines would say {{len(one)}}, about {{len(one) / one.basket_id.nunique():.0f}} times as many;
# - days are days of the calendar, so we cut the clock off (`normalize`). Otherwise somebody who bought yesterday evening is "0 days" away in the morning.

# %% [markdown]
# ## For everybody
#
# The same in pandas for all households: `groupby` is Excel's pivot table.

# %%
by_hand = before.groupby("customer_id").agg(
    last=("time", "max"), frequency=("basket_id", "nunique"), monetary=("sales", "sum")
)
by_hand["recency_days"] = (as_of - by_hand["last"].dt.normalize()).dt.days
by_hand[["recency_days", "frequency", "monetary"]].head(3).round(2)

# %% [markdown]
# And the helper that the rest of the workshop uses. It checks the table first, and returns one row a customer.

# %%
from loyalty.prepare.profile import build_profile

profile = build_profile(chain.receipts, as_of, products=chain.products)
columns = ["recency_days", "frequency"]
same = (profile.set_index("customer_id")[columns] == by_hand[columns]).all(axis=None)
cents = abs(profile.monetary.sum() - by_hand.monetary.sum())
print(f"same days and receipts for all {len(profile):,} customers: {same}; money differs by ${cents:.2f}")

# %% tags=["verify"]
assert same and cents < 0.005

# %% [markdown]
# Same numbers, to the cent. From here on we use the helper, and we know what it does. (`products` gives it the categories, for later.)

# %% [markdown]
# ## Who is not in the table?
#
# {{len(profile):,}} rows. The chain knows {{len(chain.customers):,}} households. A table made of receipts never holds those who bought nothing, and these are the
# ones Marta worries about. Give the helper the list of customers, and they get their row.

# %%
profile = build_profile(chain.receipts, as_of, customers=chain.customers, products=chain.products)
silent = profile[profile.frequency == 0]
silent[["customer_id", "recency_days", "frequency", "monetary", "gap_days"]].head(3)

# %% [markdown]
# {{len(silent)}} households: zero receipts, zero dollars, and an *empty* recency. It is not 0 days (that would be the best customer) and not 999 (that would be a number
# somebody later averages). Nothing known is written as nothing.
#
# ## What is a usual customer?
#
# How long ago did they buy? A picture first, of all who bought at least once.

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, TREATED, TRUTH, headline, house_style

house_style()


def draw_recency():
    """How many households bought last how many days ago; the median and the mean marked."""
    fig, ax = plt.subplots(figsize=(9, 4))
    ax.hist(profile.recency_days.clip(upper=100), bins=range(1, 103, 3), color=TREATED, alpha=0.85)
    marks = [
        (profile.recency_days.median(), "median", HIGHLIGHT, 700),
        (profile.recency_days.mean(), "mean", "#333333", 450),
    ]
    for value, name, colour, height in marks:
        ax.vlines(value, 0, height + 40, color=colour, linewidth=2)
        ax.annotate(
            f"{name} {value:.0f} days", (value, height), (6, 0), textcoords="offset points", color=colour, weight="bold"
        )
    ax.set(xlabel="days since the last purchase, as of 1 October (100 = 100 or more)", ylabel="households")
    headline(
        ax,
        "Half of the households bought within the last week",
        "households by recency, number of households",
        "Complete Journey",
    )


draw_recency()

# %% tags=["verify"]
assert profile.recency_days.median() == 7 and profile.recency_days.mean() > 20

# %% [markdown]
# Half of them bought within the last {{profile.recency_days.median():.0f}} days, yet the mean is {{profile.recency_days.mean():.0f}}: a few long silences pull it up. For such shapes we quote the median.
# And the other columns? The rows are shares: below the value in row 0.10 lie 10 % of the households, in row 0.50 half of them.

# %%
shown = ["recency_days", "frequency", "monetary", "gap_days", "basket_value", "breadth", "promo_share", "trend"]
profile[shown].quantile([0.1, 0.25, 0.5, 0.75, 0.9]).round(2)

# %% [markdown]
# Read the middle row aloud: a household in the middle came {{profile.frequency.median():.0f}} times in nine months, every {{profile.gap_days.median():.0f}} days, left
# \${{profile.monetary.median():,.0f}} in all, bought from {{profile.breadth.median():.0f}} different categories (**breadth**), and spent half of its money on lines with a discount (**promo share**). Its
# **trend** is near zero: it spent in the last 84 days about what it spent in the 84 before. (Each column has its own middle; no one household has them all.)
#
# ## The average receipt, twice
#
# Jonas asks a simple thing: *"What is our average receipt?"* Two ways to compute it:

# %%
all_receipts = before.sales.sum() / before.basket_id.nunique()
mean_of_means = profile.basket_value.mean()
pd.Series({"sales / receipts": all_receipts, "mean of the customers' means": mean_of_means}).round(2).to_frame("$")

# %% [markdown]
# \${{all_receipts:.2f}} or \${{mean_of_means:.2f}}? The first is the average *receipt*. The second is the mean of the households' averages: a household that came once counts as much as one that came
# three hundred times. Both are true answers, to different questions. Jonas asked for the first; on his {{before.basket_id.nunique():,}} receipts the difference would invent
# \${{(mean_of_means - all_receipts) * before.basket_id.nunique():,.0f}} of sales.
#
# ## Back to the two households

# %%
pair = profile[profile.customer_id.isin([1158, 1107])].set_index("customer_id")
pair[["recency_days", "frequency", "monetary", "tenure_days", "gap_days", "breadth", "trend"]].T.round(2)

# %% tags=["verify"]
assert (pair.recency_days == 14).all() and pair.gap_days[1158] < 4 and pair.gap_days[1107] > 60
assert 0.45 < profile.promo_share.median() < 0.55 and abs(profile.trend.median()) < 0.05

# %% [markdown]
# Both silent for 14 days. Household 1158 came every {{pair.gap_days[1158]:.1f}} days: it has missed about {{pair.recency_days[1158] / pair.gap_days[1158]:.0f}} visits. Household 1107 comes every
# {{pair.gap_days[1107]:.0f}} days: it is not even due. The letter "We miss you" would puzzle it. The mean number of days between two purchase days of a household is its **gap**. How long
# a silence is depends on *whose* silence it is. (`tenure_days` is the time since the first purchase that we see.)
#
# Does that hold for more than two? Take everybody who had been silent for 14 to 20 days, and look, this once, into the four weeks *after* 1 October.

# %%
from statsmodels.stats.proportion import proportion_confint

later = chain.receipts[(chain.receipts.time >= as_of) & (chain.receipts.time < as_of + pd.Timedelta(days=28))]
quiet = profile[profile.recency_days.between(14, 20)].assign(came=lambda p: p.customer_id.isin(later.customer_id))
rhythm = pd.cut(quiet.gap_days, [0, 10, 20, 400], labels=["every 10 days or faster", "10 to 20 days", "more rarely"])
back = quiet.groupby(rhythm, observed=True).came.agg(["sum", "count", "mean"])
back["low"], back["high"] = proportion_confint(back["sum"], back["count"], method="wilson")
back.round(2)

# %% tags=["verify"]
assert back["mean"].is_monotonic_decreasing and back.low.iloc[0] > back.high.iloc[2]
assert back["count"].sum() == len(quiet) and quiet.came.mean() > 0.75
on = chain.campaigns[(chain.campaigns.start < as_of + pd.Timedelta(days=28)) & (chain.campaigns.end > as_of)]
other_letters = quiet.customer_id.isin(
    chain.contacts[chain.contacts.campaign_id.isin(on.campaign_id)].customer_id
).sum()

# %% [markdown]
# Of those with a quick rhythm {{back["mean"].iloc[0]:.0%}} came back by themselves within four weeks ({{back.low.iloc[0]:.0%}} to {{back.high.iloc[0]:.0%}}); of those with a slow one {{back["mean"].iloc[2]:.0%}}
# ({{back.low.iloc[2]:.0%}} to {{back.high.iloc[2]:.0%}}). That is not what the story of the two households promised: a slow customer is not late, but he also comes less often in *any* four weeks.
# So the gap tells who is late, and late is not lost: here it was the late ones who came back more often. Of all {{len(quiet)}} together {{quiet.came.mean():.0%}} came: Marta's letter would go mostly to people who come without it. Whether it brings anybody back
# is another question, and you know from lesson 00 what it takes to answer it.

# %% [markdown]
# ## What do we not know?
#
# A profile is only as good as its filled fields. The **fill rate** is the share of customers for whom a field holds something.

# %%
facts = chain.customers.drop(columns="customer_id")
filled = pd.concat([profile[shown].notna().mean(), facts.notna().mean()]).sort_values()


def draw_fill_rates():
    """Share of customers with a value, field by field: from receipts, and from what customers told."""
    fig, ax = plt.subplots(figsize=(9, 5.2))
    colours = [TREATED if name in shown else GREY for name in filled.index]
    ax.barh(filled.index, filled * 100, color=colours, height=0.65)
    for y, share in enumerate(filled):
        ax.annotate(
            f"{share:.0%}" if share < 0.995 or share == 1 else f"{share:.1%}",
            (share * 100, y),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
        )
    ax.set(xlim=(0, 112), xticks=[])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.annotate("from receipts", (60, 9), color="white", weight="bold", va="center", ha="center")
    ax.annotate("told by the customer", (62, 2), color="#5F6368", weight="bold", va="center", ha="center")
    headline(
        ax,
        "Receipts fill the profile; customers told us little",
        "share of households with a value, %",
        "Complete Journey",
    )


draw_fill_rates()

# %% [markdown]
# What receipts say is known for nearly everybody; what people must be asked for is known for {{facts.notna().mean().max():.0%}} at best. Which question should the cashier ask next? Not the one with
# the emptiest field. The one whose answer would **change a decision**: the size of the household, if we print family packs on vouchers; nothing at all, if we do not.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/12_customer_profile.ipynb): the same, for another day, with a decision at the end. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Every category has its own clock
#
# A customer's gap mixes milk with detergent. Let us look at the **repurchase cycle**: the days between two purchases of the *same category* by the same household.


# %%
def measure_cycles(lines, categories):
    """Quartiles of the days between two purchase days of a category by one household, a row a category."""
    days = lines.merge(chain.products[["product_id", "category"]], on="product_id")
    days = days[days.category.isin(categories)].assign(day=lambda d: d.time.dt.normalize())
    days = days.drop_duplicates(["customer_id", "category", "day"]).sort_values(["customer_id", "category", "day"])
    gaps = days.groupby(["category", "customer_id"]).day.diff().dt.days.groupby(days.category)
    return gaps.describe(percentiles=[0.25, 0.5, 0.75])[["count", "25%", "50%", "75%"]].sort_values("50%")


names = [
    "CIGARETTES",
    "FLUID MILK PRODUCTS",
    "DIAPERS & DISPOSABLES",
    "DOG FOODS",
    "COFFEE",
    "LAUNDRY DETERGENTS",
    "ORAL HYGIENE PRODUCTS",
    "DEODORANTS",
]
cycles = measure_cycles(before, names)
cycles.astype({"count": int})


# %%
def draw_cycles():
    """The median gap of each category as a point, the middle half of the gaps as a line."""
    fig, ax = plt.subplots(figsize=(9, 4.4))
    for y, (name, row) in enumerate(cycles.iterrows()):
        ax.plot([row["25%"], row["75%"]], [y, y], color=GREY, linewidth=5, solid_capstyle="round")
        ax.plot(row["50%"], y, "o", color=TREATED, markersize=9)
        ax.annotate(f"{row['50%']:.0f}", (row["50%"], y), (0, 9), textcoords="offset points", ha="center", fontsize=10)
    ax.set_yticks(range(len(cycles)), [name.capitalize() for name in cycles.index])
    ax.set(xlabel="days between two purchases", ylim=(len(cycles) - 0.4, -0.7))
    ax.grid(axis="y", visible=False)
    headline(ax, "Thirty days of silence are late for milk, early for deodorant",
             "days between two purchases of a category by one household: median, and the middle half", "Complete Journey")  # fmt: skip


draw_cycles()

# %% tags=["verify"]
assert cycles["75%"]["FLUID MILK PRODUCTS"] < 30 < cycles["50%"]["DEODORANTS"]
sticks = before[before.product_id.map(chain.products.set_index("product_id").category) == "DEODORANTS"]
sticks = sticks.assign(day=sticks.time.dt.normalize()).drop_duplicates(["customer_id", "day"]).sort_values("day")
assert 0.64 < (sticks.groupby("customer_id").day.diff().dt.days.dropna() > 30).mean() < 0.70

# %% [markdown]
# Milk every {{cycles["50%"]["FLUID MILK PRODUCTS"]:.0f}} days, detergent every {{cycles["50%"]["LAUNDRY DETERGENTS"]:.0f}}, deodorant every {{cycles["50%"]["DEODORANTS"]:.0f}}. One rule of "30 days silent" for all categories calls
# two out of three waits for the next deodorant "lost", while there is still something in the stick.
#
# One caution. We only see gaps that *closed* before our date. In a short window the long gaps are still open, and missing. How much does that matter?

# %%
short = before[before.time >= "2017-07-01"]
pd.DataFrame({"nine months": cycles["50%"], "last three months": measure_cycles(short, names)["50%"]})

# %% tags=["verify"]
three = measure_cycles(short, names)["50%"]
assert three["DEODORANTS"] < 0.8 * cycles["50%"]["DEODORANTS"]
assert abs(three["FLUID MILK PRODUCTS"] - cycles["50%"]["FLUID MILK PRODUCTS"]) <= 1

# %% [markdown]
# For milk three months are nearly enough. Deodorant's cycle "falls" from {{cycles["50%"]["DEODORANTS"]:.0f}} days to {{measure_cycles(short, names)["50%"]["DEODORANTS"]:.0f}}, mostly because we looked for a shorter time. The true cycle is probably longer
# than both. Use a window of several cycles, or a method for gaps that are still open (lifetime models do that).

# %% [markdown]
# ## A profile that knows too much
#
# Ines builds a score: who will buy in the four weeks from 1 October? She ranks households by frequency, and to save time she takes the profile she has, *as of 29 October*. It works better than the one as
# of 1 October. Of course it does. It has seen the answer.
#
# How good is a ranking? Take one household that came and one that did not: how often is the one that came ranked higher? 50 % is a coin, 100 % is perfect. (The field calls it
# the area under the ROC curve.)

# %%
import numpy as np
from sklearn.metrics import roc_auc_score

too_late = build_profile(chain.receipts, as_of + pd.Timedelta(days=28), customers=chain.customers)
came = profile.customer_id.isin(later.customer_id).to_numpy()


def rank_quality(score, draws=300):
    """Share of pairs ranked rightly, with a 95 % interval from drawing households again (bootstrap)."""
    rng, score = np.random.default_rng(12), np.asarray(score)
    again = (rng.integers(0, len(score), len(score)) for _ in range(draws))
    low, high = np.percentile([roc_auc_score(came[i], score[i]) for i in again], [2.5, 97.5])
    return {"pairs ranked rightly": roc_auc_score(came, score), "low": low, "high": high}


leak = pd.DataFrame({
    "frequency as of 1 October": rank_quality(profile.frequency),
    "frequency as of 29 October": rank_quality(too_late.frequency),
    "recency as of 1 October": rank_quality(-profile.recency_days.rank(na_option="bottom")),
    "recency as of 29 October": rank_quality(-too_late.recency_days.rank(na_option="bottom")),
}).T  # fmt: skip
leak.round(3)

# %% tags=["verify"]
assert (
    leak.iloc[3, 0] == 1 and leak.low.iloc[1] > leak.iloc[0, 0] and (profile.customer_id == too_late.customer_id).all()
)
pairs = np.random.default_rng(12)
again = [pairs.integers(0, len(came), len(came)) for _ in range(300)]
gains = [
    roc_auc_score(came[i], too_late.frequency.to_numpy()[i]) - roc_auc_score(came[i], profile.frequency.to_numpy()[i])
    for i in again
]
gain_low, gain_high = np.percentile(gains, [2.5, 97.5])
assert gain_low > 0

# %% [markdown]
# The leak lifts frequency from {{leak.iloc[0, 0]:.1%}} to {{leak.iloc[1, 0]:.1%}}: a small, pleasant, believable gain (by {{gain_low * 100:.1f}} to {{gain_high * 100:.1f}} points, when both are compared on the same households), and it is fiction. It lifts recency from {{leak.iloc[2, 0]:.1%}} to {{leak.iloc[3, 0]:.0%}}: whoever came in those four weeks has a recency of 28 days
# or less, so the profile contains the answer word for word. **Leakage** that makes a score perfect is found at once. The kind that makes it {{(leak.iloc[1, 0] - leak.iloc[0, 0]) * 100:.0f}} points better goes into production. On the next real Monday
# both are gone.
#
# The remedy is a habit: every profile carries its `as_of`, everything before it may be used, nothing from it on.

# %% [markdown]
# ## The same code on large tables
#
# {{len(chain.receipts):,}} lines fit into memory. Your chain may have a thousand times more. The helper is written once and runs where the table lives: on a pandas frame, a DuckDB table, a Parquet or CSV file. Only the
# result, one row a customer, comes back.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "receipts.parquet"
    chain.receipts.to_parquet(file)
    from_file = build_profile(file, as_of, customers=chain.customers, products=chain.products)

pd.testing.assert_frame_equal(from_file, profile)
print(f"{len(from_file):,} rows, equal to the profile made in pandas")

# %% [markdown]
# Beyond one machine the same function takes a Spark table and leaves the work to Spark. We do not run that here.

# %% [markdown]
# ## What a profile cannot see
#
# In the first part the quick households came back more often than the slow ones, although a silence of two weeks means more to them. Is somebody who has not come back lost, or only slow? No receipt says it. So we leave the real chain for the workshop's simulated one, a chain of drugstores where we may look
# behind the curtain: there each customer truly leaves on some day, and never returns.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=12)
people = build_profile(world.receipts, world.end, customers=world.customers)
nobody = world.customers[["customer_id"]].assign(offer_id=None)  # no offer to anybody: only four weeks pass
_, afterwards = world.run(nobody, days=28, post=0)
new = afterwards.receipts[afterwards.receipts.time >= world.end]
people["came"] = people.customer_id.isin(new.customer_id)

# %% [markdown]
# People come to a drugstore more rarely than to a grocer, so we take a silence of 6 to 12 weeks. First what the chain can see: who comes in the next four weeks. Then the truth: who still *is* a customer on the day of the profile (`truth.alive`).

# %%
waiting = people[people.recency_days.between(42, 83)].merge(world.truth.alive())
rhythms = ["every 28 days or faster", "28 to 56 days", "more rarely"]
rhythm = pd.cut(waiting.gap_days, [0, 28, 56, 999], labels=rhythms)
seen = waiting.groupby(rhythm, observed=True).agg(
    customers=("came", "size"), came=("came", "mean"), alive=("alive", "mean")
)

# %%
seen["low"], seen["high"] = proportion_confint(seen.customers * seen.came, seen.customers, method="wilson")
seen[["customers", "came", "low", "high", "alive"]].round(2)


# %%
def draw_seen_and_true():
    """Who came back within four weeks, with interval, and who is truly still a customer, by rhythm."""
    fig, ax = plt.subplots(figsize=(9, 3.6))
    ax.hlines(range(3), seen.low * 100, seen.high * 100, color=TREATED, linewidth=3)
    ax.plot(seen.came * 100, range(3), "o", color=TREATED, markersize=9, label="came within four weeks, 95 % interval")
    ax.plot(
        seen.alive * 100,
        range(3),
        "D",
        color=TRUTH,
        markerfacecolor="white",
        markersize=10,
        label="truth: still a customer",
    )
    ax.set_yticks(range(3), seen.index)
    ax.set(ylim=(2.5, -0.9), xlim=(0, 100), xlabel="share of customers, %")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper left", fontsize=10)
    headline(
        ax,
        "The slow ones stay away, and stay customers",
        "customers silent for 6 to 12 weeks, by their usual gap",
        "simulated chain, seed 12",
    )


draw_seen_and_true()

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
# The two columns run in opposite directions. Of the slow customers only {{seen.came.iloc[2]:.0%}} ({{seen.low.iloc[2]:.0%}} to {{seen.high.iloc[2]:.0%}}) came within four weeks, yet {{seen.alive.iloc[2]:.0%}} are still customers. Of the quick ones {{seen.came.iloc[0]:.0%}} ({{seen.low.iloc[0]:.0%}} to {{seen.high.iloc[0]:.0%}}) came, and {{1 - seen.alive.iloc[0]:.0%}} are lost for ever ({{left_low.iloc[0]:.0%}} to {{left_high.iloc[0]:.0%}} if other customers like these were asked): nearly three times the share of the
# others. So the story of the two households was right after all: the same silence is a worse sign for a quick customer. Only the test "does he come within four weeks?" could not show it, because it asks how *often* somebody comes as well.
#
# ## Same numbers, different people
#
# One more look. These customers have nearly the same recency, frequency and monetary; a map made of these three numbers can hardly tell them apart. Each has a latent type that the chain does not know. What would a plain reminder change for them?

# %%
alike = people[(people.recency_days <= 14) & people.frequency.between(18, 22) & people.monetary.between(350, 550)]
alike = alike.merge(world.truth.types).merge(world.truth.effect("reminder")[["customer_id", "orders"]])
alike = alike.rename(columns={"orders": "more_visits"})
means = alike.groupby("type")[["recency_days", "frequency", "monetary", "more_visits"]].mean()
means.assign(customers=alike.type.value_counts()).sort_values("more_visits").round(3)

# %% tags=["verify"]
effect = alike.groupby("type").more_visits.mean()
negative = alike.type.isin(effect[effect < 0].index)
assert set(alike.type[negative]) == {"beauty", "young_family"} and effect.idxmax() == "online_first"
assert alike.type.nunique() == 7 and world.truth.types.type.nunique() == 8

# %% [markdown]
# {{len(alike)}} customers alike, and seven of the chain's eight types are among them. For every hundred reminders those who mostly order online (only {{(alike.type == "online_first").sum()}} here) make {{effect["online_first"] * 100:.1f}} visits *more*; the beauty lovers make {{-effect["beauty"] * 100:.1f}} *fewer*, the young families {{-effect["young_family"] * 100:.1f}}: {{negative.sum()}} of the {{len(alike)}} would be better left alone. (These are true expected effects, over eight weeks; they need no interval.) Recency, frequency
# and monetary say how *much* somebody is a customer. What he comes for, and what would change it, stand in other columns, or in none. That is why the campaigns need a lottery.

# %% [markdown]
# ## What we learned
#
# - A **profile as of a date** is one row a customer that knows everything before the day and nothing from it on.
# - **Recency** counts to the as-of date, **frequency** counts receipts, **monetary** is money paid; customers who bought nothing have a row too.
# - A silence is judged by the customer's own **gap**: 14 days are about four missed visits for one household and no event for another. Late is not the same as lost, and neither is slow.
# - **Leakage** made a score {{(leak.iloc[1, 0] - leak.iloc[0, 0]) * 100:.0f}} points better, and only on paper.
#
# ## What could still be wrong
#
# - A household is a card. Two cards in one family are two rows here, and a borrowed card is nobody.
# - The year begins on 1 January: a "first purchase" in January is mostly the first one *we see*, so tenure is cut off.
# - The mean gap of a household with two purchases is one number from one gap. Look at `x`, the count of repeats, before you believe it.
# - Our four weeks after 1 October are one month of one chain. The shares that came back belong to that month. "By themselves" means without *our* letter: {{other_letters}} of those {{len(quiet)}} households were in some other campaign.
#
# ## Use it on your data
#
# A table with customer, time and amount is enough, as a frame or as a file:
# `build_profile("receipts.parquet", as_of="2017-10-01")`
#
# The profile of this lesson lies ready as a checkpoint: `loyalty.datasets.checkpoint("profile_cj")`.

# %% [markdown]
# [[links]]
