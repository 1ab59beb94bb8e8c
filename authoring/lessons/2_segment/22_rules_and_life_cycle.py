# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Rules and the life cycle
#     question: Which task is this segmentation for?
#     part_a: 40
#     part_b: 45
#     know_first: ["12"]
#     module: loyalty.segment.rules
#     test: helpers/tests/segment/rules/test_schemes.py::test_every_made_customer_is_in_exactly_one_segment
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - score **recency**, **frequency** and **monetary** so that equal customers get equal scores
# - put every customer into exactly one segment, with a size, money and an action
# - draw the line of a **life-cycle stage** from the customers' own rhythm
# - unmask a "fall" of the best customers as **regression to the mean**

# %% [markdown]
# ## "Please segment the base"
#
# That is all Marta's mail says. Ines has a list of eleven segments from a textbook ready. We write back one question: *to decide what?*
#
# Marta thinks, and answers: *"I can afford 400 letters on Monday. I want to win back people who are slipping away, and I do not want to bother the others."* Now we have a task. It asks two
# things: who is slipping away, and what is each of them worth? Keep it in mind; we shall measure every segmentation against it.

# %%
import pandas as pd

from loyalty.charts import house_style
from loyalty.datasets import checkpoint, complete_journey

house_style()
chain = complete_journey()
profile = checkpoint("profile_cj")  # lesson 12's profile, as of 1 October 2017
profile[["customer_id", "recency_days", "frequency", "monetary"]].head(3)

# %% [markdown]
# ## Scores from one to five, by hand
#
# The classic cuts recency, frequency and monetary into five equal parts each. In pandas that seems to be one line.

# %%
buyers = profile[profile.frequency > 0]


def score_by_rank(table):
    """Five parts of equal size, whatever it takes: the recipe found in most blogs."""
    return pd.qcut(table.frequency.rank(method="first"), 5, labels=[1, 2, 3, 4, 5])


first = score_by_rank(buyers)
shuffled = score_by_rank(buyers.sample(frac=1, random_state=22)).reindex(buyers.index)
print(f"{(first != shuffled).sum()} of {len(buyers):,} customers get another score when the rows are shuffled")

# %% tags=["verify"]
assert 20 < (first != shuffled).sum() < 100
assert set(first[buyers.frequency == 42]) == {3, 4}

# %% [markdown]
# Nothing about these customers has changed, only the order of the rows. `rank(method="first")` breaks ties by position, so of two customers with 42 receipts each, one gets a 3 and the other a 4. If
# a voucher hangs on it, try to explain that at the till. **Equal customers, equal scores** is the first rule, even if the five parts are then not quite equal.

# %%
from loyalty.segment.rules import name_segments, score_rfm

scores = score_rfm(profile)
scores.edges

# %% [markdown]
# The helper cuts at values: a 5 in frequency begins at {{scores.edges.frequency_at_least.iloc[-1]:.0f}} receipts, for everybody. Its five parts hold {{scores.edges.f_customers.min()}} to {{scores.edges.f_customers.max()}} customers; those of recency, where many share a day, {{scores.edges.r_customers.min()}} to {{scores.edges.r_customers.max()}}. That is what ties cost, and we accept it. (Part 1 is what is left below, so it has no edge.)
#
# ## Names for everybody
#
# 125 combinations are too many for any plan. A map gives each of them a name, and every combination has exactly one name: there is no "other".

# %%
named = name_segments(scores)
sizes = named.segment.value_counts()
sizes.to_frame("customers").assign(share=lambda t: (t.customers / len(profile)).round(3))

# %%
import matplotlib.pyplot as plt
import seaborn as sns

from loyalty.charts import GREY, TREATED, TRUTH, headline


def draw_grid():
    """Money of each cell of the recency × frequency grid, as a share of all."""
    cells = scores.table.merge(profile[["customer_id", "monetary"]]).query("r > 0")
    grid = (
        cells.pivot_table("monetary", "f", "r", aggfunc="sum").sort_index(ascending=False)
        / profile.monetary.sum()
        * 100
    )
    fig, ax = plt.subplots(figsize=(9, 4.2))
    sns.heatmap(grid, annot=True, fmt=".0f", cmap="Blues", cbar=False, linewidths=1, ax=ax)
    ax.set(xlabel="recency score (5 = bought lately)", ylabel="frequency score")
    headline(
        ax, "The money sits in one corner", "share of all sales by recency and frequency score, %", "Complete Journey"
    )


draw_grid()

# %% tags=["verify"]
both_fives = scores.table.merge(profile[["customer_id", "monetary"]]).query("r == 5 and f == 5")
top_cell = both_fives.monetary.sum() / profile.monetary.sum()
assert top_cell > 0.2

# %% [markdown]
# One cell of 25 holds {{top_cell:.0%}} of the money. A pretty picture, and every name sounds as if it knew something. Does it? Take the {{sizes["new customers"]}} "new customers": bought lately, few receipts, little money. Are they new?

# %%
called_new = profile[profile.customer_id.isin(named[named.segment == "new customers"].customer_id)]
called_new[["tenure_days", "frequency", "gap_days"]].describe().loc[["25%", "50%", "75%"]].round(0)

# %% tags=["verify"]
assert called_new.tenure_days.median() > 200

# %% [markdown]
# Half of them have been with us for more than {{called_new.tenure_days.median():.0f}} of the 273 days that we can see. Most of them are not new, they are *rare*: the map never looked at when somebody started. A welcome letter would be embarrassing. **A name is a claim**, and a rule that does not look
# at a thing cannot claim it.
#
# ## The life cycle, from the customers' own rhythm
#
# Marta's task is about slipping away, so time should decide: new, active, cooling, gone quiet. Where do we draw the lines? The habit says 30 days. Let us ask the receipts: how long is a usual **gap** between two purchase days?

# %%
from loyalty.segment.rules import LIFE_CYCLE, assign_life_cycle, measure_gaps

gaps = measure_gaps(chain.receipts, "2017-10-01")
gaps

# %% [markdown]
# Of all gaps 80 % are {{gaps.at(0.8).any_gap:.0f}} days or shorter. But frequent customers make most of the gaps. Counting each *customer* once, it is {{gaps.at(0.8).typical_customer:.0f}} days. So there is no single line for all. The last column measures each gap in its customer's own mean gap: 80 % are at most {{gaps.at(0.8).times_own_mean:.1f}} times as long as that, 95 % at most {{gaps.at(0.95).times_own_mean:.1f}} times.
#
# The helper gives everybody with at least {{gaps.own_from}} gaps a line of their own: *cooling* when the silence
# is longer than 80 % of the gaps of somebody with this rhythm, *gone quiet* beyond 95 %. Those with fewer purchases are measured by the typical customer, and those who have only just begun stay *new*.

# %%
stage = assign_life_cycle(profile, gaps=gaps)
habit = assign_life_cycle(profile, gaps=(30, 90))
counts = {"own rhythm": stage.segment.value_counts(), "30 and 90 days": habit.segment.value_counts()}
pd.DataFrame(counts).reindex(list(LIFE_CYCLE)).dropna().astype(int)

# %% [markdown]
# Two rules, two answers: {{(stage.segment == "gone quiet").sum()}} customers gone quiet, or {{(habit.segment == "gone quiet").sum()}}. Which is right? Look four weeks ahead, this once, and see who came back without any letter.

# %%
from statsmodels.stats.proportion import proportion_confint

later = chain.receipts[(chain.receipts.time >= "2017-10-01") & (chain.receipts.time < "2017-10-29")]


def came_back(membership):
    """Share of each stage that bought in the next 28 days, with its 95 % interval."""
    came = membership.customer_id.isin(later.customer_id).groupby(membership.segment).agg(["sum", "count", "mean"])
    came["low"], came["high"] = proportion_confint(came["sum"], came["count"], method="wilson")
    return came.loc[["active", "cooling", "gone quiet"], ["count", "mean", "low", "high"]].round(2)


pd.concat({"own rhythm": came_back(stage), "30 and 90 days": came_back(habit)})

# %% tags=["verify"]
own, fixed = came_back(stage), came_back(habit)
assert own["mean"]["gone quiet"] > 0.45 and fixed["mean"]["gone quiet"] < 0.35
assert own["high"]["cooling"] < own["low"]["active"]
assert own["high"]["gone quiet"] < own["low"]["cooling"] and fixed["high"]["gone quiet"] < fixed["low"]["cooling"]
assert fixed["high"]["gone quiet"] < own["low"]["gone quiet"]
on = chain.campaigns[(chain.campaigns.start < "2017-10-29") & (chain.campaigns.end > "2017-10-01")].campaign_id
reached = chain.contacts[chain.contacts.campaign_id.isin(on)].customer_id
other_letters = stage[stage.segment == "gone quiet"].customer_id.isin(reached).sum()

# %% [markdown]
# Both rules sort customers in the right order. And both teach modesty: of those who had "gone quiet" by their own rhythm, {{own["mean"]["gone quiet"]:.0%}} ({{own["low"]["gone quiet"]:.0%}} to {{own["high"]["gone quiet"]:.0%}}) were back within four weeks; of those silent for over 90 days, {{fixed["mean"]["gone quiet"]:.0%}} ({{fixed["low"]["gone quiet"]:.0%}} to {{fixed["high"]["gone quiet"]:.0%}}). If Marta's task were "who will not come by himself", the plain
# 90 days would serve her *better*: long silences speak for themselves. The list by own rhythm catches people earlier, and pays with letters to people who come anyway. Neither is *the* segmentation. Each is one for a task.
#
# ## What are they worth?
#
# Marta asked to catch them *while* they are slipping, so we go on with the own rhythm. Her second question was about worth: we cut the customers into tenths by what they spent, each tenth a **decile**, and count.

# %%
from loyalty.segment.rules import cross_value, make_cards

value = cross_value(stage, profile)
table = value.pivot(index="segment", columns="decile", values="customers").reindex(list(LIFE_CYCLE)).dropna()
table.astype(int)

# %% tags=["verify"]
quiet_worth = int(table.loc["gone quiet", range(5, 11)].sum())
assert 0 < 400 - quiet_worth < table.loc["cooling"].sum()

# %% [markdown]
# Columns are tenths of the customers by money, 10 spent most. For her 400 letters Marta takes those gone quiet from tenths 5 to 10, {{quiet_worth}} customers, and fills up with {{400 - quiet_worth}} cooling ones, the best first: she looks at money, not only at heads. Whether a letter brings anybody back, no table of segments can say.
#
# A segment is finished when somebody could act on it tomorrow. That is what its card is for: size, money, and one sentence that says what to do. A segment without an action is refused.

# %%
make_cards(stage, profile, actions=LIFE_CYCLE)

# %% tags=["verify"]
cards = make_cards(stage, profile, actions=LIFE_CYCLE).to_frame()
assert cards.customers.sum() == len(profile) and abs(cards.money.sum() - profile.monetary.sum()) < 0.005

# %% [markdown]
# Money is in dollars. Check the sum, always: {{len(profile):,}} customers and \${{profile.monetary.sum():,.2f}}, to the cent. Nobody is in two segments, nobody is in none.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/2_segment/22_rules_and_life_cycle.ipynb), 22a to 22d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Who moved?
#
# Segments are photographs. We take one on 1 July and one on 1 October, and count who went where. This is called a **migration matrix**.

# %%
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules import measure_migration

july = build_profile(chain.receipts, "2017-07-01", customers=chain.customers)
stage_july = assign_life_cycle(july, gaps=measure_gaps(chain.receipts, "2017-07-01"))
moves = measure_migration(stage_july, stage, order=[s for s in LIFE_CYCLE if s != "returned"])
ax = moves.plot()

# %% tags=["verify"]
share = moves.to_frame().set_index(["before", "after"]).share
assert share["gone quiet", "active"] > 0.5 and 0.14 < share["active", "cooling"] < 0.18

# %% [markdown]
# "{{moves.to_frame().set_index(["before", "after"]).share["active", "cooling"]:.0%}} of our active customers have cooled down!" Before somebody rings the alarm, read the column, not only the row: about as many cooling customers became active again. A migration matrix shows movement; by itself it does not show a direction. The helper counts both ways for each
# pair; half and half would be no direction:

# %%
flows = moves.compare_flows().set_index(["higher", "lower"])
flows.loc[
    [("active", "cooling"), ("active", "gone quiet"), ("cooling", "gone quiet")],
    ["fell", "rose", "fell_share", "low", "high", "p_corrected"],
].round(2)

# %% tags=["verify"]
assert flows.loc[("active", "cooling"), "low"] < 0.5 < flows.loc[("active", "cooling"), "high"]
assert flows.loc[("active", "gone quiet"), "high"] < 0.5 and flows.loc[("active", "gone quiet"), "p_corrected"] > 0.05
assert (flows.p_corrected > 0.05)[[("active", "cooling"), ("cooling", "gone quiet")]].all()

# %% [markdown]
# {{flows.loc[("active", "cooling"), "fell"]}} fell and {{flows.loc[("active", "cooling"), "rose"]}} rose: nothing that chance could not do. Between active and gone quiet more rose than fell, {{flows.loc[("active", "gone quiet"), "rose"]}} against {{flows.loc[("active", "gone quiet"), "fell"]}}; but we look at many pairs at once, and corrected for that (`p_corrected`) chance can still do it. No alarm.
#
# ## The best customers always fall
#
# Jonas has found something worse. He took the best fifth of the second quarter and looked at what they spent in the third: *"Ten percent less. Our best customers are leaving us!"*

# %%
from loyalty.segment.rules import expose_regression, sum_windows

spend = sum_windows(chain.receipts, "2017-04-01", "2017-07-01", "2017-09-30", customers=chain.customers)
best = spend.nlargest(len(spend) // 5, "first")
then = best["second"].mean() / best["first"].mean() - 1
print(
    f"best fifth of the second quarter: ${best['first'].mean():,.0f} a head, then ${best['second'].mean():,.0f}: {then:+.1%}"
)

# %% tags=["verify"]
change = best["second"].mean() / best["first"].mean() - 1
assert -0.11 < change < -0.09

# %% [markdown]
# His arithmetic is right. Now run the film backwards: take the best fifth of the *third* quarter, and look at what they had spent in the *second*.

# %%
best_later = spend.nlargest(len(spend) // 5, "second")
earlier = best_later["first"].mean() / best_later["second"].mean() - 1
print(
    f"best fifth of the third quarter: ${best_later['second'].mean():,.0f} a head, before that ${best_later['first'].mean():,.0f}: {earlier:+.1%}"
)

# %% tags=["verify"]
backwards = best_later["first"].mean() / best_later["second"].mean() - 1
assert -0.10 < backwards < -0.07

# %% [markdown]
# Also less! Seen from this end, the best customers have *risen*. The best cannot have fallen and risen in the same two quarters. What happens is this: to be among the best of a quarter takes a good customer *and* a good quarter. The customer stays, the luck mostly does not. Whoever is chosen for
# being at the top comes down afterwards, and whoever is chosen for being at the bottom "wakes up", without anybody doing anything. This is **regression to the mean**.

# %%
exposed = expose_regression(spend, seed=22)
ax = exposed.plot()

# %% tags=["verify"]
assert (exposed.gaps.p > 0.1).all()
steps = exposed.gaps.set_index("group")
assert 0.98 < spend["second"].mean() / spend["first"].mean() < 1
assert steps.low["top"] < 0 < steps.high["top"]

# %% [markdown]
# Forwards, backwards, and with the two quarters of each customer swapped by the toss of a coin: the same fall, the same awakening. (The helper divides each quarter by the mean of all customers, so that a season drops out; all of them together spent {{1 - spend["second"].mean() / spend["first"].mean():.1%}} less in the third quarter. Hence its numbers differ a little from ours.)
#
# Only what goes *beyond* that would be news: at the top the fall forwards differs from the one backwards by {{steps.gap["top"] * 100:.0f}} % of an average customer's spend (95 % interval −{{abs(steps.low["top"]) * 100:.0f}} % to {{steps.high["top"] * 100:.0f}} %). That is no news. Remember it when somebody sends a win-back letter to the bottom
# segment and celebrates that it "woke up".

# %% [markdown]
# ## Who is really lost?
#
# "Gone quiet" sounds like "lost", and we never said so, for the real chain cannot know it. All that it sees is who comes back. The workshop's simulated chain of drugstores knows more: each of its customers leaves on some day and never returns. We put both rules beside that truth: 5,000 customers, two years, and then four weeks without any offer.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=22)
people = build_profile(world.receipts, world.end, customers=world.customers).merge(world.truth.alive())
nobody = world.customers[["customer_id"]].assign(offer_id=None)
_, afterwards = world.run(nobody, days=28, post=0)
new = afterwards.receipts[afterwards.receipts.time >= world.end]
people["came"] = people.customer_id.isin(new.customer_id)

# %%
world_gaps = measure_gaps(world.receipts, world.end)
people["own rhythm"] = assign_life_cycle(people, gaps=world_gaps).segment
people["30 and 90 days"] = assign_life_cycle(people, gaps=(30, 90)).segment


def look_behind(rule):
    """What the chain sees of each stage, with its 95 % interval, beside the share that is truly still a customer."""
    seen = people.groupby(rule).agg(customers=("came", "size"), came=("came", "mean"), alive=("alive", "mean"))
    seen["low"], seen["high"] = proportion_confint(seen.customers * seen.came, seen.customers, method="wilson")
    return seen.loc[["active", "cooling", "gone quiet"]]


behind = pd.concat({rule: look_behind(rule) for rule in ["own rhythm", "30 and 90 days"]}, names=["rule", "stage"])


# %%
def draw_behind():
    """Both rules, stage by stage: who came back within four weeks, with interval, and who is truly a customer."""
    fig, ax = plt.subplots(figsize=(9, 4.2))
    rows = behind.reset_index()
    ax.hlines(rows.index, rows.low * 100, rows.high * 100, color=TREATED, linewidth=3)
    ax.plot(
        rows.came * 100, rows.index, "o", color=TREATED, markersize=8, label="came within four weeks, 95 % interval"
    )
    ax.plot(
        rows.alive * 100,
        rows.index,
        "D",
        color=TRUTH,
        markerfacecolor="white",
        markersize=9,
        label="truth: still a customer",
    )
    ax.set_yticks(rows.index, rows.stage + ", " + rows.rule + " (" + rows.customers.map("{:,}".format) + ")")
    ax.axhline(2.5, color=GREY, linewidth=1)
    ax.set(ylim=(5.5, -0.5), xlim=(0, 101), xlabel="share of customers, %")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right", fontsize=10)
    headline(
        ax,
        "Away for four weeks is not yet lost",
        "share of customers, by stage and rule; number of customers in brackets",
        "simulated chain, seed 22",
    )


draw_behind()

# %% tags=["verify"]
quiet_own, quiet_days = behind.loc[("own rhythm", "gone quiet")], behind.loc[("30 and 90 days", "gone quiet")]
assert (behind.alive > behind.high).all()
assert quiet_own.low < quiet_days.came < quiet_own.high and quiet_days.low < quiet_own.came < quiet_days.high
right_own = proportion_confint((1 - quiet_own.alive) * quiet_own.customers, quiet_own.customers, method="wilson")
right_days = proportion_confint((1 - quiet_days.alive) * quiet_days.customers, quiet_days.customers, method="wilson")
assert right_own[0] > right_days[1]

# %% [markdown]
# Look at those who had "gone quiet". The chain would see no difference between the rules: {{quiet_own.came:.0%}} ({{quiet_own.low:.0%}} to {{quiet_own.high:.0%}}) and {{quiet_days.came:.0%}} ({{quiet_days.low:.0%}} to {{quiet_days.high:.0%}}) came within four weeks. The truth does see one: the name "lost" would be right for {{1 - quiet_own.alive:.0%}} of the customers whom the own rhythm names
# (another 5,000 customers might give {{right_own[0]:.0%}} to {{right_own[1]:.0%}}) and for {{1 - quiet_days.alive:.0%}} of those whom the 90 days name ({{right_days[0]:.0%}} to {{right_days[1]:.0%}}). Does the rhythm know more, then? Ask those about whom the two rules disagree.

# %%
people = people.merge(world.truth.lifetime_value(days=365)[["customer_id", "sales"]])
named_by = (people["own rhythm"] == "gone quiet") + 2 * (people["30 and 90 days"] == "gone quiet")
groups = people.groupby(named_by.map({1: "only own rhythm", 2: "only 90 days", 3: "both"}))
split = groups.agg({"customer_id": "size", "gap_days": "median", "came": "mean", "alive": "mean", "sales": "mean"})
split.columns = ["customers", "usual_gap", "came", "alive", "next_year_sales"]
split.round(2)

# %%
quiet = people[people["own rhythm"] == "gone quiet"]
longest = people.nlargest(len(quiet), "recency_days")  # as many names, but by days alone
pd.DataFrame(
    {"customers": [len(quiet), len(longest)], "truly lost": [1 - quiet.alive.mean(), 1 - longest.alive.mean()]},
    index=["own rhythm", "longest silence"],
).round(3)

# %% tags=["verify"]
early, late = split.loc["only own rhythm"], split.loc["only 90 days"]
bounds = {name: proportion_confint(g.alive * g.customers, g.customers, method="wilson") for name, g in split.iterrows()}
assert bounds["only own rhythm"][0] < late.alive < bounds["only own rhythm"][1]
back = {name: proportion_confint(g.came * g.customers, g.customers, method="wilson") for name, g in split.iterrows()}
assert early.came > 2 * late.came and early.next_year_sales > 4 * late.next_year_sales
assert abs(quiet.alive.mean() - longest.alive.mean()) < 0.005 and longest.recency_days.min() > 100

# %% [markdown]
# {{early.customers + late.customers:.0f}} customers stand on one list only. The own rhythm alone names quick ones (usual gap {{early.usual_gap:.0f}} days), and {{early.came:.0%}} of them ({{back["only own rhythm"][0]:.0%}} to {{back["only own rhythm"][1]:.0%}}) were back within the month; the 90 days alone name slow ones ({{late.usual_gap:.0f}} days), and {{late.came:.0%}} ({{back["only 90 days"][0]:.0%}} to {{back["only 90 days"][1]:.0%}}) were back. Judged by who comes back, the first list looks like a mistake and the second like a catch. In truth
# both are wrong about equally often: {{early.alive:.0%}} of the {{early.customers:.0f}} and {{late.alive:.0%}} of the {{late.customers:.0f}} are still customers. And a list of the longest silences, cut so that it is as long as that of the own rhythm (from {{longest.recency_days.min():.0f}} days on), is right for {{1 - longest.alive.mean():.1%}} of its names, against {{1 - quiet.alive.mean():.1%}}.
#
# So for "lost" the rhythm adds next to nothing; what helps is to draw the line *later* than 90 days. For "slipping away" it does add something: those whom it alone names would still spend €{{early.next_year_sales:.0f}} a head in the next year, the others €{{late.next_year_sales:.0f}}. None of this can be seen in a real chain. It shows returns, never who has left; "lost" is always
# a guess, and a rule for it is as good as its task.

# %% [markdown]
# ## What we learned
#
# - A segmentation starts with a task. Ours was 400 letters; two rules answered it differently, and each was right for another task.
# - Scores from **recency**, **frequency** and **monetary** cut at values: equal customers, equal scores, and the sum of the segments is the whole.
# - A **life-cycle stage** takes its lines from the gaps that customers really leave. Early lines catch more, and more who come back by themselves. No line shows who is lost.
# - Whoever is chosen for being at the top falls, whoever is chosen for being at the bottom wakes up: **regression to the mean**. Compare with the film run backwards.
#
# ## What could still be wrong
#
# - The thresholds come from gaps that *closed*. Somebody who never returned left no closed gap; so true gaps are longer than these.
# - Four weeks after 1 October decided which rule looked better. Another month may differ. And {{other_letters}} of the {{len(stage[stage.segment == "gone quiet"])}} who had gone quiet were in some campaign in those weeks: "by themselves" means without *our* letter.
# - The textbook map was made for nobody in particular. So is every map that you copy.
#
# ## Use it on your data
#
# `name_segments(score_rfm(profile))` for a first look, `assign_life_cycle(profile, gaps=measure_gaps(receipts, as_of))` for the life cycle, and `make_cards(…, actions={…})` with *your* actions: it refuses a segment that has none.

# %% [markdown]
# [[links]]
