# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Rules and the life cycle
#     question: Which task is this segmentation for?
#     part_a: 40
#     part_b: 52
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
# - in Part B: unmask a "fall" of the best customers as **regression to the mean**

# %% [markdown]
# ## "Please segment the base"
#
# This is the whole mail from Marta. Ines has an answer ready: eleven segments from a textbook. We write back one question: *to
# decide what?*
#
# Marta thinks about it. Then she answers: *"On Monday I can pay for 400 letters. They should go to customers who are slipping away.
# I do not want to bother the others."* Now we have a task. It asks two things. Who is slipping away? And what is each of them
# worth? We shall test each segmentation with these two questions.

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
# The textbook gives each customer a **score** from one to five for recency, for frequency and for monetary. Each score should hold
# a fifth of the customers. Most blogs do it in one line of pandas. Let us do it twice, and shuffle the rows in between.

# %%
buyers = profile[profile.frequency > 0]


def score_by_rank(table):
    """Five parts of equal size: the recipe that most blogs give."""
    return pd.qcut(table.frequency.rank(method="first"), 5, labels=[1, 2, 3, 4, 5])


first = score_by_rank(buyers)
shuffled = score_by_rank(buyers.sample(frac=1, random_state=22)).reindex(buyers.index)
moved = (first != shuffled).sum()
print(f"{moved} of {len(buyers):,} customers get another score after the shuffle")

# %% tags=["verify"]
assert 20 < (first != shuffled).sum() < 100
assert set(first[buyers.frequency == 42]) == {3, 4}

# %%
from loyalty.tasks.t22.pictures import draw_ties

ax = draw_ties(buyers.frequency, first)

# %% [markdown]
# The customers are the same; only the rows stand in another order. `rank(method="first")` must put equal
# customers in some order, and takes the order of the table. So of two customers with 42 receipts one gets a 3 and the other a 4. If a voucher
# hangs on it, try to explain that at the till.
#
# **Equal customers, equal scores** is our first rule. The helper keeps it: it cuts at *values*. The five parts
# are then not quite equal in size, and we accept that.
#
# ## Names for everybody
#
# Three scores make many combinations, too many for any plan. So a map gives every combination exactly one name. Customers with the
# same name are a **segment**. There is no "other".

# %%
from loyalty.segment.rules import name_segments, score_rfm

scores = score_rfm(profile)
named = name_segments(scores)
sizes = named.segment.value_counts()
sizes.to_frame("customers").assign(share=(sizes / len(profile)).round(3))

# %%
from loyalty.tasks.t22.pictures import draw_grid

scored = scores.table.merge(profile[["customer_id", "monetary"]], on="customer_id")
ax = draw_grid(scored[["r", "f"]], scored.monetary)

# %% tags=["verify"]
top_cell = scored.query("r == 5 and f == 5").monetary.sum() / profile.monetary.sum()
assert top_cell > 0.2 and (scored.customer_id == profile.customer_id).all()

# %% [markdown]
# One cell of the grid holds a quarter of the money. It is a pretty picture, and every name on the map sounds as if it knew
# something. Does it? Take the {{sizes["new customers"]}} "new customers". They bought lately, they have few receipts and little money. But are they
# new?

# %%
from loyalty.tasks.t22.pictures import draw_new

with_names = profile.merge(named[["customer_id", "segment"]], on="customer_id")
called_new = with_names[with_names.segment == "new customers"]
ax = draw_new(called_new.tenure_days, seen=273)

# %% tags=["verify"]
assert called_new.tenure_days.median() > 200 and (called_new.tenure_days <= 30).mean() < 0.2
assert 0.24 < top_cell < 0.27

# %% [markdown]
# Most of them have been with us for months. They are not new, they are *rare*. The map never looked at the day when somebody
# started. A welcome letter would be embarrassing.
#
# **A name is a claim.** A rule that does not look at a thing cannot claim it.
#
# ## The life cycle, from the customers' own rhythm
#
# Marta's task is about slipping away. So time should decide, not points. Each customer gets a **life-cycle stage**: new, active,
# **cooling** or **gone quiet**. Where do we draw the lines? Habit says 30 days. Let us ask the receipts instead. How long is a usual gap
# between two purchase days?

# %%
from loyalty.segment.rules import LIFE_CYCLE, assign_life_cycle, measure_gaps

gaps = measure_gaps(chain.receipts, "2017-10-01")
gaps

# %% tags=["verify"]
line = gaps.at(0.8)
assert line.any_gap < 10 and 15 < line.typical_customer < 21 and gaps.own_from == 5

# %% [markdown]
# Read the second row: it is the line below which four gaps of five lie. If we count gaps, the line is about a week. But frequent
# customers make most of the gaps. If each *customer* counts once, it is more than two weeks. So no single line fits all.
#
# The last column shows the way out. It measures each gap in the customer's *own* mean gap. Four of five gaps are shorter than
# {{gaps.at(0.8).times_own_mean:.1f}} times this mean. A customer whose silence is longer than that is *cooling*. Nineteen of twenty
# gaps are shorter than {{gaps.at(0.95).times_own_mean:.1f}} times the mean. After that the customer has *gone quiet*. (Customers with few
# gaps are measured by the typical customer. Beginners stay *new*.)

# %%
from loyalty.tasks.t22.pictures import draw_two_rhythms

stage = assign_life_cycle(profile, gaps=gaps)
ax = draw_two_rhythms(chain.receipts, stage, [1158, 349])

# %% tags=["verify"]
two = profile.merge(stage[["customer_id", "segment"]], on="customer_id").set_index("customer_id").loc[[1158, 349]]
assert 3 < two.gap_days[1158] < 4 and 40 < two.gap_days[349] < 45
assert two.recency_days.eq(14).all() and two.segment.tolist() == ["gone quiet", "active"]

# %% [markdown]
# Both households bought last two weeks ago. The upper one used to come every few days, so this silence is long. The lower one comes
# every six weeks, so it is not even due. The habit would treat both alike. We try both rules on everybody: our own, and the habit
# of 30 and 90 days.

# %%
habit = assign_life_cycle(profile, gaps=(30, 90))
rules = {"own rhythm": stage, "30 and 90 days": habit}
counts = pd.DataFrame({rule: found.segment.value_counts() for rule, found in rules.items()})
counts.reindex(list(LIFE_CYCLE)).dropna().astype(int)

# %% [markdown]
# Two rules, two answers: the own rhythm calls nearly three times as many customers gone quiet. Which rule is right? We look four weeks ahead,
# this once, and see who came back without a letter from us. Your bet first. **Of 100 customers who have gone quiet by their own
# rhythm, how many come back within four weeks?**

# %%
from loyalty.tasks import predict, reveal

predict("22-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %%
from loyalty.tasks.pictures import count_back
from loyalty.tasks.t22.pictures import STAGES, draw_back

four_weeks = chain.receipts.time.between("2017-10-01", "2017-10-29", inclusive="left")
later = chain.receipts[four_weeks]
came = {rule: found.customer_id.isin(later.customer_id) for rule, found in rules.items()}
back = pd.concat({rule: count_back(came[rule], rules[rule].segment, STAGES) for rule in rules})
ax = draw_back(back, "Gone quiet is not gone", "Complete Journey")

# %%
quiet_back = back.loc[("own rhythm", "gone quiet")] * 100
ends = {"low": round(quiet_back.low), "high": round(quiet_back.high)}
reveal("22-bet", estimate=round(quiet_back.came), **ends, unit="%")

# %% tags=["verify"]
own, fixed = back.loc["own rhythm"], back.loc["30 and 90 days"]
assert 2.5 < own.customers["gone quiet"] / fixed.customers["gone quiet"] < 3
assert (
    own.came["gone quiet"] > 0.45
    and fixed.came["gone quiet"] < 0.35
    and own.low["gone quiet"] < 0.5 < own.high["gone quiet"]
)
assert 0.2 < fixed.came["gone quiet"] < 0.3
assert own.high["cooling"] < own.low["active"]
assert own.high["gone quiet"] < own.low["cooling"] and fixed.high["gone quiet"] < fixed.low["cooling"]
assert fixed.high["gone quiet"] < own.low["gone quiet"]
on = chain.campaigns[(chain.campaigns.start < "2017-10-29") & (chain.campaigns.end > "2017-10-01")].campaign_id
reached = chain.contacts[chain.contacts.campaign_id.isin(on)].customer_id
other_letters = stage[stage.segment == "gone quiet"].customer_id.isin(reached).sum()

# %% [markdown]
# Both rules put the stages in the right order. And both teach us to be modest. About half of those gone quiet by their own rhythm came
# back without our help. Of those who were silent for more than 90 days only a quarter did.
#
# Is the old habit better, then? For the question *"who will not come alone?"* it is: a very long silence speaks for itself. Our rule
# catches people earlier. The price is letters to people who would have come anyway. Neither rule is *the* segmentation. Each of them fits a task.
# Marta wants to catch people *while* they are slipping, so we go on with the own rhythm.
#
# ## A card for each segment
#
# A segment is finished when somebody could act on it tomorrow. So each segment gets a **card**: how many customers, how much money, and
# one sentence that says what to do. The helper refuses a segment without an action.

# %%
from loyalty.segment.rules import make_cards

make_cards(stage, profile, actions=LIFE_CYCLE)

# %% tags=["verify"]
cards = make_cards(stage, profile, actions=LIFE_CYCLE).to_frame()
assert cards.customers.sum() == len(profile) and abs(cards.money.sum() - profile.monetary.sum()) < 0.005

# %% [markdown]
# The money is in dollars. We always check the sums: the cards add up to all {{len(profile):,}} customers, and to all of the money,
# to the cent. Nobody is in two segments, and nobody is in none.
#
# ## Monday
#
# Now to Marta's second question, what they are worth. First she writes to customers who have gone quiet and spent more than the customer in
# the middle. The rest of her letters goes to cooling customers, and the best come first.

# %%
from loyalty.tasks.t22.pictures import draw_letters

people = profile.merge(stage[["customer_id", "segment"]], on="customer_id")
quiet = people.query("segment == 'gone quiet' and monetary > @profile.monetary.median()")
cooling = people[people.segment == "cooling"].nlargest(400 - len(quiet), "monetary")
letters = pd.concat([quiet, cooling])
ax = draw_letters(letters, people)

# %% tags=["verify"]
assert len(letters) == 400 and letters.customer_id.is_unique and 50 < len(quiet) < 150

# %% [markdown]
# The list is ready, and it answers both of Marta's questions. Everybody on it is slipping away, and we can say why each of them gets a letter. Whether a letter
# brings anybody back, no table of segments can say: that takes a lottery.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/2_segment/22_rules_and_life_cycle.ipynb), 22a to 22d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Who moved?
#
# A segmentation is a photograph. We take one on 1 July and one on 1 October, and count who went where. This is called a **migration
# matrix**.

# %%
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules import measure_migration

july = build_profile(chain.receipts, "2017-07-01", customers=chain.customers)
stage_july = assign_life_cycle(july, gaps=measure_gaps(chain.receipts, "2017-07-01"))
order = ["new", "active", "cooling", "gone quiet", "never bought"]
moves = measure_migration(stage_july, stage, order=order)
ax = moves.plot()

# %% tags=["verify"]
share = moves.to_frame().set_index(["before", "after"]).share
assert share["gone quiet", "active"] > 0.5 and 0.14 < share["active", "cooling"] < 0.18
cooled = share["active", "cooling"]

# %% [markdown]
# *"{{cooled * 100:.0f}} of 100 active customers have cooled down!"* Before somebody rings the alarm, look at the other direction too. Some
# cooling customers became active again. How many fell, and how many rose? The helper counts both ways for each pair of stages. If
# nothing has changed, half of the moves go down:

# %%
flows = moves.compare_flows().set_index(["higher", "lower"])
pairs = [("active", "cooling"), ("active", "gone quiet"), ("cooling", "gone quiet")]
flows.loc[pairs, ["fell", "rose", "fell_share", "low", "high", "p_corrected"]].round(2)

# %% tags=["verify"]
assert flows.loc[("active", "cooling"), "low"] < 0.5 < flows.loc[("active", "cooling"), "high"]
assert flows.loc[("active", "gone quiet"), "high"] < 0.5 and flows.loc[("active", "gone quiet"), "p_corrected"] > 0.05
assert (flows.p_corrected > 0.05)[pairs].all()

# %% [markdown]
# Between active and cooling about as many rose as fell. Between active and gone quiet more rose than fell. But we look at many
# pairs at once, and with so many looks chance alone finds something. `p_corrected` is the p-value after this correction, and it
# stays above 0.05 for each pair. No alarm.
#
# ## The best customers always fall
#
# Jonas has found something worse. He took the best fifth of the second quarter, and looked at what they spent in the third: *"Ten
# percent less. Our best customers are leaving us!"*

# %%
from loyalty.segment.rules import expose_regression, sum_windows

quarters = ("2017-04-01", "2017-07-01", "2017-09-30")
spend = sum_windows(chain.receipts, *quarters, customers=chain.customers)
best = spend.nlargest(len(spend) // 5, "first")
before, after = best["first"].mean(), best["second"].mean()
print(f"best of the second quarter: ${before:,.0f} a head, then ${after:,.0f}")

# %% tags=["verify"]
assert -0.11 < after / before - 1 < -0.09

# %% [markdown]
# His arithmetic is right. Now we look from the later quarter back to the earlier one. We take the best fifth of the *third* quarter, and look at what they had
# spent in the *second*.

# %%
best_later = spend.nlargest(len(spend) // 5, "second")
before, after = best_later["first"].mean(), best_later["second"].mean()
print(f"best of the third quarter: ${after:,.0f} a head, and ${before:,.0f} before that")

# %% tags=["verify"]
assert -0.10 < before / after - 1 < -0.07

# %% [markdown]
# These customers have *risen*. The best customers cannot have fallen and risen in the same two quarters. So what happens?
#
# To be among the best of a quarter takes a good customer *and* a good quarter. The customer stays, but the luck mostly goes. If you choose
# people because they are at the top, they come down afterwards. If you choose people because they are at the bottom, they "wake up".
# Nobody has done anything. This is **regression to the mean**.

# %%
exposed = expose_regression(spend, seed=22)
ax = exposed.plot()

# %% tags=["verify"]
assert (exposed.gaps.p > 0.1).all()
steps = exposed.gaps.set_index("group")
assert 0.98 < spend["second"].mean() / spend["first"].mean() < 1
assert steps.low["top"] < 0 < steps.high["top"]

# %% [markdown]
# The chart shows three readings: forwards, backwards, and with the two quarters of each customer swapped by the toss of a coin. The
# fall is the same each time, and so is the rise at the bottom. (The helper divides each quarter by the mean of all customers, so that a
# season drops out. That is why its numbers differ a little from ours.)
#
# News would be what goes *beyond* this. At the top, the change forwards and the change backwards
# differ by {{steps.gap["top"] * 100:.0f}} % of an average customer's spend (95 % interval −{{abs(steps.low["top"]) * 100:.0f}} % to {{steps.high["top"] * 100:.0f}} %). That is no news. Remember it
# when somebody writes to the bottom segment, and then celebrates that it "buys more again".

# %% [markdown]
# ## Who is really lost?
#
# "Gone quiet" sounds like "lost". We never said so, because a real chain cannot know it. It only sees who comes back. The workshop's
# simulated chain knows more: each of its customers leaves on some day and never returns. So we put both rules beside that truth. We
# take two years of 5,000 customers, and then four weeks without any offer. This takes about ten seconds.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=22)
people = build_profile(world.receipts, world.end, customers=world.customers)
people = people.merge(world.truth.alive())
nobody = world.customers[["customer_id"]].assign(offer_id=None)
_, afterwards = world.run(nobody, days=28, post=0)
new = afterwards.receipts[afterwards.receipts.time >= world.end]
people["came"] = people.customer_id.isin(new.customer_id)

# %%
world_gaps = measure_gaps(world.receipts, world.end)
people["own rhythm"] = assign_life_cycle(people, gaps=world_gaps).segment
people["30 and 90 days"] = assign_life_cycle(people, gaps=(30, 90)).segment


def look_behind(rule):
    """What the chain sees of each stage, beside the share that is truly still a customer."""
    seen = count_back(people.came, people[rule], STAGES)
    return seen.assign(alive=people.groupby(rule).alive.mean())


behind = pd.concat({rule: look_behind(rule) for rule in rules})
ax = draw_back(behind, "Away for four weeks is not yet lost", "simulated chain, seed 22")

# %% tags=["verify"]
from statsmodels.stats.proportion import proportion_confint

quiet_own, quiet_days = behind.loc[("own rhythm", "gone quiet")], behind.loc[("30 and 90 days", "gone quiet")]
assert (behind.alive > behind.high).all()
assert quiet_own.low < quiet_days.came < quiet_own.high and quiet_days.low < quiet_own.came < quiet_days.high
right_own = proportion_confint((1 - quiet_own.alive) * quiet_own.customers, quiet_own.customers, method="wilson")
right_days = proportion_confint((1 - quiet_days.alive) * quiet_days.customers, quiet_days.customers, method="wilson")
assert right_own[0] > right_days[1]

# %% [markdown]
# Look at those who had gone quiet. The chain sees no difference between the two rules: about as many came back. The truth sees one.
# The name "lost" would be right for {{1 - quiet_own.alive:.0%}} of the customers whom the own rhythm names (other customers like these:
# {{right_own[0]:.0%}} to {{right_own[1]:.0%}}), and for {{1 - quiet_days.alive:.0%}} of those whom the 90 days name ({{right_days[0]:.0%}} to {{right_days[1]:.0%}}).
#
# Does the rhythm know more, then? Ask the customers about whom the two rules disagree.

# %%
people = people.merge(world.truth.lifetime_value(days=365)[["customer_id", "sales"]])
by_rhythm = people["own rhythm"] == "gone quiet"
by_days = people["30 and 90 days"] == "gone quiet"
named_by = by_rhythm + 2 * by_days
groups = people.groupby(named_by.map({1: "only own rhythm", 2: "only 90 days", 3: "both"}))
split = pd.DataFrame({"customers": groups.size(), "usual_gap": groups.gap_days.median()})
split = split.assign(came=groups.came.mean(), alive=groups.alive.mean())
split = split.assign(next_year_sales=groups.sales.mean())
split.round(2)

# %% [markdown]
# `usual_gap` is the median of their own gaps in days, `next_year_sales` what they will truly spend in the year after, in euros. And
# how good would a list of the longest silences be, with as many names as the list of the own rhythm?

# %%
quiet = people[people["own rhythm"] == "gone quiet"]
longest = people.nlargest(len(quiet), "recency_days")  # as many names, but by days alone
lists = {"own rhythm": quiet, "longest silence": longest}
lost = {name: 1 - found.alive.mean() for name, found in lists.items()}
pd.Series(lost).round(3).to_frame("truly lost")

# %% tags=["verify"]
early, late = split.loc["only own rhythm"], split.loc["only 90 days"]
bounds = {name: proportion_confint(g.alive * g.customers, g.customers, method="wilson") for name, g in split.iterrows()}
assert bounds["only own rhythm"][0] < late.alive < bounds["only own rhythm"][1]
back_again = {
    name: proportion_confint(g.came * g.customers, g.customers, method="wilson") for name, g in split.iterrows()
}
assert early.came > 2 * late.came and early.next_year_sales > 4 * late.next_year_sales
assert abs(quiet.alive.mean() - longest.alive.mean()) < 0.005 and longest.recency_days.min() > 100

# %% [markdown]
# The own rhythm alone names quick customers, and {{early.came:.0%}} of them ({{back_again["only own rhythm"][0]:.0%}} to
# {{back_again["only own rhythm"][1]:.0%}}) were back within the month. The 90 days alone name slow ones, and {{late.came:.0%}}
# ({{back_again["only 90 days"][0]:.0%}} to {{back_again["only 90 days"][1]:.0%}}) were back. If you judge by who comes back, the first list looks like
# a mistake, and the second like a catch. In truth both are wrong about equally often. Three of four customers on each are still
# customers.
#
# And the list of the longest silences is as good as the list of the own rhythm. To find lost customers the rhythm adds almost nothing;
# it helps more to wait longer. To find customers who are slipping away it does add something. The customers whom it alone names would still spend €{{early.next_year_sales:.0f}} a head
# in the next year, the others €{{late.next_year_sales:.0f}}.
#
# None of this can be seen in a real chain. It shows who returns, never who has left. "Lost" is always a guess, and a rule for it is
# as good as its task.

# %% tags=["verify"]
assert 0.7 < early.alive < 0.8 and 0.7 < late.alive < 0.8

# %% [markdown]
# ## Which method at which stage?
#
# Marta's programme grows. It is designed (month 9), then comes the pilot of the card (month 13), the launch (month 18) and the growth (month 30). Jonas has read that
# rules are for the beginning, and clusters for later. Is that so? We give every method the same task: *four offers are ready. Each segment gets one of
# them, or none.* Then we compare the profit.
#
# First by hand, on the simulated chain, with the life cycle. The truth says what each offer would earn from each customer. Customers with an even number
# make the choice: each life-cycle stage takes the offer with the best mean.

# %%
from loyalty.tasks.t22.stages import list_gains

gains = list_gains(world)  # true profit of each offer, euros a customer
rhythm = people.set_index("customer_id")["own rhythm"].loc[gains.index]
even = gains.index % 2 == 0
means = gains[even].groupby(rhythm[even]).mean()
means.round(2)

# %% [markdown]
# Customers with an odd number then get these offers, and we count what they bring. Beside it stands the best single offer for everybody.

# %%
from loyalty.tasks.t22.stages import NOTHING, value_choice

choice = means.idxmax(axis=1).where(means.max(axis=1) > 0, NOTHING)
offered = rhythm[~even].map(choice)
earned = sum(gains.at[who, what] for who, what in offered.items() if what != NOTHING)
by_hand = earned / len(offered)
alike = gains[~even][gains[even].mean().idxmax()].mean()
print(f"life cycle €{by_hand:.3f}, one offer for everybody €{alike:.3f}")

# %%
value_choice(rhythm, choice, gains[~even])  # the helper, for the life cycle

# %% tags=["verify"]
assert abs(by_hand - value_choice(rhythm, choice, gains[~even])) < 1e-9
assert abs(by_hand - alike) < 0.03

# %% [markdown]
# The life cycle earns about as much as no division at all. But one chain is no proof. The project's benchmark asks 24 chains, at all four stages and with four methods
# (`docs/tables/stages.md`). RFM and the life cycle you know. *Clusters* are groups that a computer makes (lesson 23): one time from recency, frequency and
# monetary, one time from what customers buy.

# %%
from loyalty.tasks.t22.stages import draw_stages, read_stages

stages = read_stages()
perfect = stages[stages.way == "told"]
source = "24 simulated chains"
title = "What they buy wins, at every stage"
ax = draw_stages(perfect, title, source=source)

# %% tags=["verify"]
best = perfect[perfect.method == "clusters of what they buy"].set_index("month")
rest = perfect[~perfect.method.isin(["clusters of what they buy", "RFM, 11 names"])]
assert (best.best == best.chains).all() and (best.more_low > 0.15).all() and (best.chains == 24).all()
assert rest.more.abs().max() < 0.03 and stages.chains.nunique() == 1
grown = best.loc[30]

# %% [markdown]
# The clusters of what customers buy win in each of the 24 chains, at each stage. At month 30 they earn €{{grown.more:.2f}} a customer more than RFM ({{grown.more_low:.2f}} to
# {{grown.more_high:.2f}}). The other methods lie within three cents of RFM, and so does everybody alike, which is one offer for all. (Compare methods, not months: offers earn more in
# winter.)
#
# So Jonas is not right. The stage does not decide here, the *task* does. RFM and the life cycle sort customers by how often they come. Our offers work by what people need.
#
# But be careful: we have chosen the offers by the truth. A real chain needs a pilot: 2,500 customers, and by lot one of the four offers or nothing. Each
# segment takes what earned the most there.

# %%
real = stages[stages.way == "measured"]
title = "With a real pilot half of the profit is gone, or more"
ax = draw_stages(real, title, source=source)

# %%
bought = stages[stages.method == "clusters of what they buy"]  # beyond RFM, chain by chain
ways = {"told": "a perfect pilot", "measured": "a real pilot"}
bought = bought.assign(chosen=bought.way.map(ways)).set_index(["chosen", "month"])
bought[["more", "more_low", "more_high", "best"]].round(2)

# %% tags=["verify"]
kept = real[real.method == "clusters of what they buy"].set_index("month")
assert (kept.profit < 0.45 * best.profit).all() and kept.more_low[9] > 0 and kept.more_low[18] > 0
lost_most = real.profit.to_numpy() / perfect.profit.to_numpy()
assert lost_most.max() < 0.505 and (real.method.to_numpy() == perfect.method.to_numpy()).all()
assert kept.more_low[13] < 0 and kept.more_low[30] < 0 and (kept.more > 0).all()

# %% [markdown]
# All methods lose half of what they could earn, or more, because chance often praises the wrong offer. The clusters of what customers buy still lead RFM by
# €{{kept.more[9]:.2f}} at month 9 ({{kept.more_low[9]:.2f}} to {{kept.more_high[9]:.2f}}) and by €{{kept.more[18]:.2f}} at month 18 ({{kept.more_low[18]:.2f}} to {{kept.more_high[18]:.2f}}).
# At months 13 and 30 the lead cannot be told from zero.
#
# **For Marta:** divide by what your offers act on. And before you divide at all, ask whether your pilot is large enough to choose an offer for each segment
# (lesson 32). Our chain is kind to clusters: its customers have planted types, and offers work by type. Yours may differ.

# %% [markdown]
# ## What we learned
#
# - A segmentation starts with a task. Ours was 400 letters. Two rules answered it differently, and each is right for another task.
# - Scores from **recency**, **frequency** and **monetary** cut at values: equal customers, equal scores. The segments together are
#   the whole, customer for customer.
# - A **life-cycle stage** takes its lines from the gaps that customers really leave. Early lines catch more people, and more who come back
#   alone. No line shows who is lost.
# - The method should divide customers by what the offers act on. A finer division needs a larger pilot.
# - Customers who are chosen because they are at the top fall; those who are chosen at the bottom wake up. This is **regression to the mean**.
#   Check it with time reversed.
#
# ## What could still be wrong
#
# - The lines come from gaps that *closed*. A customer who never returned left no closed gap, so true gaps are longer than these.
# - Four weeks after 1 October decided which rule looked better. Another month may differ. And {{other_letters}} of the
#   {{len(stage[stage.segment == "gone quiet"])}} who had gone quiet were in some campaign in those weeks: "alone" means without *our* letter.
# - The textbook map was made for nobody in particular. So is every map that you copy.
#
# ## Use it on your data
#
# `name_segments(score_rfm(profile))` for a first look, `assign_life_cycle(profile, gaps=measure_gaps(receipts, as_of))` for the life
# cycle, and `make_cards(…, actions={…})` with *your* actions: it refuses a segment that has none.

# %% [markdown]
# [[links]]
