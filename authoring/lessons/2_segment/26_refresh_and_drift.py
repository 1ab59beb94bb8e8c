# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Refresh and drift
#     question: How often should we segment again?
#     part_a: 30
#     part_b: 40
#     know_first: ["12", "22"]
#     module: loyalty.segment.drift
#     test: helpers/tests/segment/drift/test_watch.py::test_a_year_without_drift_rings_seldom
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - measure the **label life**: how long a segment's label stays right, with its **half-life**
# - weigh the cost of refreshing against the cost of stale labels
# - in Part B: read a **stability index** beside what chance does, and not beside a famous number
# - build an alarm that rings on **drift** and not on **seasonality**, and tell changed customers from a changed method

# %% [markdown]
# ## "We have the list already"
#
# On 1 July Ines labelled all households of the chain: active, cooling, gone quiet. Marta wrote to the cooling ones. It is 1 August now, and she wants to
# write again. *"No need to bother Ines,"* she says. *"We have the list already."*
#
# A label is like milk: it does not say by itself when it has turned. So we look. The next cell labels the households on the first of seven months, always by
# the rule of 1 July. It takes about ten seconds.

# %%
import pandas as pd

from loyalty.charts import house_style
from loyalty.tasks.t26.scene import photograph_households

house_style()
photos = photograph_households()
july, august = photos[:2]
july.segment.value_counts().to_frame("households on 1 July")

# %% [markdown]
# Marta's list has {{(july.segment == "cooling").sum()}} households. Your bet first: **of 100 households that were cooling on 1 July, how many are
# cooling on 1 August?**

# %%
from loyalty.tasks import predict, reveal

predict("26-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %%
on_list = july.loc[july.segment == "cooling", "customer_id"]
today = august.set_index("customer_id").segment.loc[on_list]
still = (today == "cooling").sum()
print(f"{still} of {len(today)} are still cooling")

# %%
from loyalty.tasks.t26.pictures import count_of_hundred

of_hundred, low, high = count_of_hundred(today == "cooling")
reveal("26-bet", estimate=of_hundred, low=low, high=high, unit="of 100")

# %% tags=["verify"]
assert 8 < of_hundred < 20 and of_hundred == round(100 * still / len(today)) and (today == "active").mean() > 0.5

# %%
from loyalty.tasks.t26.pictures import draw_list_today

ax = draw_list_today(today, "cooling", "More than half of the list are active again")

# %% [markdown]
# More than half of them are active again. (Did July's letter do it? No table of segments can say that.) Cooling is a short station: people come back, or they go on to
# silence. If Marta uses the old list, she sends "we miss you" to people who have just been here.
#
# ## Is a label still right?
#
# We say that a label is *right* if a fresh segmentation would give the same one today. The **label life** is how long this lasts. By hand, for all
# labels of 1 July (no household has joined or left, so we may divide by the labels that were given):

# %%
first = july.set_index("customer_id").segment
by_hand = []
for later in photos:
    now = later.set_index("customer_id").segment
    by_hand.append((first == now.loc[first.index]).mean())
pd.Series(by_hand, name="labels still right").round(3).rename_axis("months later").to_frame()

# %% [markdown]
# That is one start. But August, September and so on are starts too: their labels also grow one month old, two months old. The helper takes them all. The
# last snapshot is of January, so the labels of December were seen at the age of one month only: they count at age 1, and at no other age.

# %%
from loyalty.segment.drift import measure_label_life

life = measure_label_life(photos)
ax = life.plot(title="The first month costs most", source="Complete Journey")

# %% tags=["verify"]
one, last = life.at(1), life.table.iloc[-1]
assert 0.6 < one.right < 0.67 and one.right - last.right < 0.12
assert abs(by_hand[-1] - last.right) < 1e-12
lost_first, lost_later = 1 - one.right, one.right - last.right
assert all(set(later.customer_id) == set(july.customer_id) for later in photos)
assert last.right - last.by_chance < 0.06 and 0 < by_hand[1] < one.right

# %% [markdown]
# Here is the surprise. {{100 * lost_first:.0f}} of 100 labels are wrong after *one* month ({{100 * (1 - one.high):.0f}} to
# {{100 * (1 - one.low):.0f}}). The next five months together cost only {{100 * lost_later:.0f}} more. (July's own labels lost {{100 * (1 - by_hand[1]):.0f}} in their first month; the helper's number is that of six starts together.) Labels do not age like milk after all. They age like a
# weather report.
#
# The **half-life**, the age at which half of the labels are wrong, lies beyond the months that we saw. So we say "more than {{last.age:.0f}} months", and do not guess.
#
# The dotted line is a warning: so many labels would be right if we handed them out at random, because most households are active anyway. After a month these are {{100 * one.by_chance:.0f}} of 100, and {{100 * one.right:.0f}} are right. After six
# months they are {{100 * last.by_chance:.0f}}, and {{100 * last.right:.0f}} are right ({{100 * last.low:.0f}} to {{100 * last.high:.0f}}): a list that is half a year old knows little more than chance.
#
# ## Which labels last?

# %%
from loyalty.segment.rules import measure_migration
from loyalty.tasks.t26.pictures import draw_stages

order = ["new", "active", "cooling", "gone quiet", "never bought"]
moves = measure_migration(july, august, order=order)
ax = draw_stages(moves, "New and cooling labels seldom last a month")

# %% tags=["verify"]
same = moves.to_frame().query("before == after").set_index("before")
stays = same.share
short, long = same.loc[["new", "cooling"]], same.loc[["active", "never bought", "gone quiet"]]
assert short.high.max() < long.low.min() and short.high.max() < 0.35
assert same.low["new"] < same.high["cooling"] and same.low["active"] < same.high["never bought"]
assert stays["active"] > 0.7 and stays["cooling"] < 0.2 and stays["cooling"] < stays["gone quiet"] < 0.5
gone = moves.to_frame().query("before != after").groupby("before").customers.sum()
stations = ["new", "cooling"]
had, lost = first.isin(stations).mean(), gone[stations].sum() / gone.sum()
assert lost > 2 * had and gone.idxmax() == "active"
assert lost > 1 / 3

# %% [markdown]
# New and cooling are stations on a way: most of them end within the month, and then the label is wrong. (Which of the two spoils faster, {{len(first[first == "new"])}} new households cannot tell.) Only {{100 * had:.0f}} of 100 households had one of these two labels, but
# more than a third of the lost labels were theirs ({{gone[stations].sum()}} of {{gone.sum()}}). Active households lost the most labels in number ({{gone["active"]}}), because there are so many of them.
#
# And later? Of 100 labels of July, so many are right in January:

# %%
in_january = measure_migration(july, photos[-1], order=order).to_frame()
in_january = in_january.query("before == after").set_index("before")
(100 * in_january[["share", "low", "high"]]).round(0)

# %% tags=["verify"]
kept = in_january.share
assert kept["active"] > 0.95 * stays["active"] and kept["never bought"] == kept["new"] == 0
assert kept["gone quiet"] < stays["gone quiet"] - 0.1

# %% [markdown]
# "Active" hardly aged after the first month: {{100 * stays["active"]:.0f}} of 100 were right in August, {{100 * kept["active"]:.0f}} in January. "Gone quiet" went
# on from {{100 * stays["gone quiet"]:.0f}} to {{100 * kept["gone quiet"]:.0f}}. "New" and "never bought" are all gone: such labels cannot come back.
#
# So a newsletter for active households can use last month's list. A letter to cooling households cannot. **The label that is worth most to Marta is one
# of the two that spoil first.**
#
# ## What does it cost?
#
# Ines needs half a day for a refresh; we count €250. A household with a wrong label gets the wrong letter; we count 20 cents a month. With a refresh every two months the
# labels are used at the ages 0 and 1: fresh in one month, one month old in the next. `wrong` starts at age 0, so `wrong[:2]` holds just these two ages.
#
# We take the column `right_today`, and not `right`. `right` asks of those who are there on both days; `right_today` asks of *today's* customers: who joined since has no label, gets a wrong letter too, and counts as wrong.
# Here nobody joined, and both are the same. In your chain, and in the exercise, they are not.

# %%
households = len(july)
wrong = 1 - life.table.right_today  # by age: 0, 1, 2 … months
every_two = 250 / 2 + 0.20 * households * wrong[:2].mean()
every_four = 250 / 4 + 0.20 * households * wrong[:4].mean()
print(f"every month €250, every two months €{every_two:.0f}, every four €{every_four:.0f}")

# %%
from loyalty.segment.drift import plan_refresh

plan = plan_refresh(life, cost_of_refresh=250, cost_of_stale_label=0.20)
ax = plan.plot(title="Every four months is the cheapest, by a hair", source="Complete Journey")

# %% tags=["verify"]
table = plan.table.set_index("period")
assert (life.table.right_today - life.table.right).abs().max() < 1e-12
assert abs(table.cost[2] - every_two) < 1e-9 and abs(table.cost[4] - every_four) < 1e-9
assert plan.best == 4 and set(plan.alike) == {5, 6}
assert table.cost[1] > table.cost[2] > table.cost[4]
assert table.more_low[3] > 0 > table.more_low[6]

# %% [markdown]
# A refresh every {{plan.best}} months is the cheapest, at €{{table.cost[plan.best]:.0f}} a month (€{{table.low[plan.best]:.0f}} to
# €{{table.high[plan.best]:.0f}}). But look how flat the bars are. "Alike" marks the
# periods that show no clear difference from the cheapest: five and six months. Why not three, which looks as cheap as six? The helper does not compare the two lines of the figure. It takes the difference on the
# *same* households, and there three months cost €{{table.more[3]:.2f}} more (€{{table.more_low[3]:.2f}} to €{{table.more_high[3]:.2f}}), six months €{{table.more[6]:.2f}} more (−€{{abs(table.more_low[6]):.2f}} to €{{table.more_high[6]:.2f}}). Nobody should fight for a few euros.
#
# The 20 cents are the soft spot: nobody has measured them. So we try other costs.

# %%
from loyalty.tasks.t26.measures import compare_costs
from loyalty.tasks.t26.pictures import draw_best_periods

cents = [5, 10, 15, 18, 20, 22, 25, 28, 30, 35, 40]
costs = compare_costs(life, 250, [cent / 100 for cent in cents])
ax = draw_best_periods(costs, "At 15 cents every seven months, at 28 cents every month")

# %% tags=["verify"]
best = costs.set_index("stale").best
assert best[0.4] == 1 and best[0.1] == 7
seldom, often = costs[costs.best == 7].stale.max(), costs[costs.best == 1].stale.min()
assert (seldom, often) == (0.15, 0.28)
alike = costs.set_index("stale")[["first", "last"]]
assert alike.loc[seldom].tolist() == [5, 7] and alike.loc[often].tolist() == [1, 2]


def find_loss(cent):
    """How much more the habit of every quarter costs than the best period."""
    cost = plan_refresh(life, cost_of_refresh=250, cost_of_stale_label=cent / 100).table.set_index("period").cost
    return cost[3] / cost.min() - 1


loss = {cent: find_loss(cent) for cent in cents}
near = [cent for cent in cents if loss[cent] < 0.07]
assert near == list(filter(lambda cent: near[0] <= cent <= near[-1], cents))
assert loss[5] > 0.3 and loss[40] > 0.3 and not (costs.best == 3).all()

# %% [markdown]
# Up to {{100 * seldom:.0f}} cents the cheapest period is seven months, the longest that we can judge: ages up to six months were seen. From {{100 * often:.0f}} cents on a refresh every month is the cheapest. In between
# lies less than a doubling of the cost, and the answer goes from one end to the other: labels lose so much in the first month that after it there is little left to save. The grey lines say how sure this is: at {{100 * seldom:.0f}} cents
# {{alike["first"][seldom]}} to {{alike["last"][seldom]}} months show no clear difference, at {{100 * often:.0f}} cents {{alike["first"][often]}} and {{alike["last"][often]}}.
#
# And the habit "every quarter"? From {{near[0]}} to {{near[-1]}} cents it costs at most {{100 * max(loss[cent] for cent in near):.0f}} % more
# than the best. But at 5 cents it costs {{100 * loss[5]:.0f}} % more, and at 40 cents {{100 * loss[40]:.0f}} %. So the number to measure next is the cost of a wrong label.
#
# ## Monday
#
# Marta's "we miss you" letter goes to a stage that spoils within the month, so Ines refreshes before each of these letters. The newsletter for active households lives well with a list
# that is renewed every few months, as long as a wrong label costs about 20 cents. Nobody has measured these cents, and from {{100 * often:.0f}} on every month would be right. So Ines measures them before anybody writes a period into the calendar.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/2_segment/26_refresh_and_drift.ipynb), 26a to 26c. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Has the town changed?
#
# A refresh gives every customer a new label by the *same* rule. But a rule can grow old too. If the customers change for good, this is **drift**, and somebody should think again. How would we notice?
#
# Now we need a town whose truth is known. Our simulated chain labels its customers each month by what they spent most on in the last three months: health, beauty,
# family, home or summer. On one day a rival opened, and took most of the visits of one kind of customers. We do not look yet. This takes about ten seconds.

# %%
from loyalty.tasks.t26.scene import open_lesson_town, photograph_needs

town = open_lesson_town()
snapshots = photograph_needs(town)
by_day = {snapshot.as_of.iloc[0]: snapshot for snapshot in snapshots}
winter, summer = by_day[pd.Timestamp("2024-02-01")], by_day[pd.Timestamp("2024-08-01")]
pairs = {"winter": winter, "summer": summer}
counts = pd.DataFrame({name: one.segment.value_counts() for name, one in pairs.items()})
shares = counts / counts.sum()
shares.round(3)

# %% [markdown]
# ## The index, by hand
#
# Banks use one number for "how far have the shares moved": the population **stability index**, PSI. For each segment it takes the difference of the
# shares, times the logarithm of their ratio. The sum is the index. (The helper's figure also names a *threshold*: so far chance alone would push the index. We come to it next.)

# %%
import numpy as np

parts = (shares.summer - shares.winter) * np.log(shares.summer / shares.winter)
psi = parts.sum()
print(f"stability index {psi:.4f}")

# %%
from loyalty.segment.drift import measure_stability_index

index = measure_stability_index(winter, summer)
ax = index.plot(title="From winter to summer health falls", source="simulated chain, seed 26")

# %% tags=["verify"]
assert abs(index.psi - psi) < 1e-12 and index.is_drift and index.psi < 0.1
moved = index.table.set_index("segment").difference
assert moved.idxmin() == "health" and moved.idxmax() == "summer" and moved["health"] < -0.08 and moved["summer"] > 0.06

# %% [markdown]
# The helper finds the same number. Is it large? Folklore knows: below 0.1 is small, above 0.25 is drift. These lines are a habit of credit scoring, and they know neither how many customers we have nor what month it
# is. And here they would say nothing, although health lost {{100 * abs(moved["health"]):.0f}} points and summer won {{100 * moved["summer"]:.0f}}.
#
# ## What chance does
#
# The index is never below zero, so luck always pushes it up. How far? Take the *same* month of two years. If nothing has changed, then for each customer it does not matter which label
# is last year's and which is this year's. So we toss a coin for each customer, and swap the two labels if it shows heads. Then we compute the index again, 500 times.

# %%
from loyalty.tasks.t26.measures import toss_coins
from loyalty.tasks.t26.pictures import draw_coins

last_year = by_day[pd.Timestamp("2023-08-01")]
both = last_year.merge(summer, on="customer_id", suffixes=("_then", "_now"))
then, now = both.segment_then, both.segment_now
tossed = toss_coins(then, now)
counts = pd.DataFrame({"then": then.value_counts(), "now": now.value_counts()}) / len(both)
found = ((counts.now - counts.then) * np.log(counts.now / counts.then)).sum()
ax = draw_coins(tossed, found, "August against August: coins do as much")

# %%
same_month = measure_stability_index(last_year, summer)
print(same_month.reads())

# %% tags=["verify"]
assert not same_month.is_drift and found < np.quantile(tossed, 0.95)
assert abs(np.quantile(tossed, 0.95) - same_month.threshold) < 0.0015
assert 10 < 0.1 / same_month.threshold < 50
ratio = 0.1 / same_month.threshold

# %% [markdown]
# Coins make an index of {{tossed.mean():.4f}} on average, and 19 of 20 stay below {{np.quantile(tossed, 0.95):.4f}}. Coins need customers who were there in both months, {{len(both):,}} of them, and there the index is {{found:.4f}}. The helper
# takes everybody, those who joined or left too: {{same_month.psi:.4f}}. It draws the customers again (a **bootstrap**), from a table in which both months have equal shares, and finds nearly the same line, its **threshold**:
# {{same_month.threshold:.4f}}. The famous 0.1 is {{ratio:.0f}} times as high. The threshold moves with the number of customers: only for about {{round(len(summer) / ratio, -1):.0f}} customers it would be 0.1.
#
# And the month decides everything. Winter against summer is far beyond the threshold; August against August is not. **Compare a month with the same month of last year.**
#
# ## An alarm for the year
#
# Twelve checks a year are twelve chances for a false alarm: at 5 % each, {{100 * (1 - 0.95**12):.0f}} of 100 quiet years would ring (if the checks were independent). So the checks share the 5 %. The helper watches two things each month: the shares, and the *moves*, how many
# customers have another label than six months before. (Six, because labels from overlapping three months share receipts.) Twelve checks of two tests make 24 tests a year, and each gets {{100 * (1 - 0.95 ** (1 / 24)):.2f}} %.

# %%
from loyalty.segment.drift import watch_drift
from loyalty.tasks.t26.pictures import SIMULATED, draw_truth

watch = watch_drift(snapshots, seed=26)
title = "The alarm rings after the rival opened"
ax = draw_truth(watch, town.drift_day, title, "a rival opens")

# %% tags=["verify"]
assert watch.first_alarm > town.drift_day and watch.table.psi.max() < 0.1
assert (watch.table.alarm[watch.table.as_of <= town.drift_day] == "").all()
months_late = round((watch.first_alarm - town.drift_day).days / 30.4)
rung = watch.table.set_index("as_of").loc[watch.first_alarm]
assert rung.alarm == "shares" and 0.25 * watch.each < rung.p_shares <= watch.each
rings = watch.table[watch.table.alarm.str.contains("shares")]
edge = rings[rings.psi < 1.1 * rings.threshold]
assert edge.as_of.dt.strftime("%m").tolist() == ["04", "07", "08"] and len(rings) == 10
autumn = watch.table[watch.table.as_of.between("2025-10-01", "2025-12-01")]
high = autumn.psi / autumn.threshold
assert len(high) == 3 and high.min() > 2
assert watch.table.alarm.iloc[-9:].str.contains("shares").all()

# %% [markdown]
# No alarm before, though a summer and an autumn passed. The rival opened on {{town.drift_day:%-d %B %Y}} and took four of five visits of the beauty customers. The first alarm comes {{months_late}} months later: the
# rule reads three months of receipts, so the old habit fades slowly. Three of the ten crosses sit almost on the threshold, in {{" and ".join(edge.as_of.dt.strftime("%B")).replace(" and ", ", ", 1)}} (p = {{", ".join(f"{p:.4f}" for p in edge.p_shares)}}; an alarm needs {{watch.each:.4f}}). Such a p-value hangs a little on the draws of the
# bootstrap, so do not build on one month. From October to December the index is {{high.min():.1f}} to {{high.max():.1f}} times the threshold, and no draws change that. The folklore line of 0.1 was never reached: the index was {{watch.table.psi.max():.3f}} at most. (It falls again after the autumn. This chart does not say why.)
#
# ## Customers who change places
#
# Now another town. There a quarter of all customers drew a new taste on the same day, so that as many came to each segment as left it.

# %%
from loyalty.tasks.t26.scene import Drift, keep_steady, open_town

swapped = open_town(keep_steady(Drift(months=(24,), share=0.25)), seed=26)
exchange = watch_drift(photograph_needs(swapped), seed=26)
title = "For four months the moves ring, then they are silent"
ax = draw_truth(exchange, swapped.drift_day, title, "a quarter change", of="moves")

# %%
rang = exchange.table.alarm.str
by_shares, by_moves = rang.contains("shares").sum(), rang.contains("moves").sum()
print(f"{len(exchange.table)} checks: {by_shares} ring by the shares, {by_moves} by the moves")

# %% tags=["verify"]
assert set(exchange.table.alarm) == {"", "moves"} and exchange.first_alarm > swapped.drift_day
peak = exchange.table.loc[exchange.table.more.idxmax()]
ends = exchange.alarms[-1]
assert ends == pd.Timestamp("2025-07-01") and exchange.first_alarm == pd.Timestamp("2025-04-01")
assert len(exchange.alarms) == 4 and by_shares == 0
seen = exchange.table.dropna(subset="more").set_index("as_of")
autumn_moves, last_moves = seen.more["2025-10-01":"2025-12-01"], seen.iloc[-1]
assert (seen.more[:"2025-09-01"] > 0).all() and (autumn_moves <= 0).sum() == 2 and autumn_moves.abs().max() < 0.02
assert last_moves.high < 0 and exchange.each < last_moves.p_moves < 0.05 and last_moves.name.month == 1
assert (seen.low[:"2025-01-01"] < 0).all() and len(seen) == 13

# %% [markdown]
# The index, that is the shares, rings in none of the {{len(exchange.table)}} checks, as it should: as many came to each segment as left it. So the chart shows the moves. It starts in January 2025, because a move needs a snapshot six months before *last year's* month, and the first snapshot is of July 2023.
#
# There the alarm rings. In {{peak.as_of:%B}}, the largest of these {{exchange.table.more.notna().sum()}} differences, {{100 * peak.moved:.1f}} of 100 had changed their label over six months, a year before {{100 * peak.moved_before:.1f}}: {{100 * peak.more:.1f}} points
# more ({{100 * peak.low:.1f}} to {{100 * peak.high:.1f}}). (The largest of many is a little too large by luck.) The bars are 95 % intervals. A bar that misses zero is not yet an alarm: that takes p ≤ {{100 * exchange.each:.2f}} %. A report that shows shares only will never see this
# kind of drift, and it makes old lists wrong all the same.
#
# And note how it ends: from August on the alarm is silent, though nobody changed back. A change counts only while it lies inside the six months. From October to December about as many moved as a year before, and in {{last_moves.name:%B %Y}} even fewer:
# −{{100 * abs(last_moves.more):.1f}} points (−{{100 * abs(last_moves.low):.1f}} to −{{100 * abs(last_moves.high):.1f}}, p = {{last_moves.p_moves:.2f}}). Of {{len(seen)}} such bars one may miss zero by luck. **An alarm of the moves always stops.**
#
# ## A winter that is not like the last one
#
# So far each winter had the same flu. Real ones do not.

# %%
real_winters = open_town(keep_steady(same_winters=False), seed=26)
flu = watch_drift(photograph_needs(real_winters), seed=26)
ax = draw_truth(flu, None, "A winter unlike the last rings too, and then stops")

# %% tags=["verify"]
on = flu.table.alarm != ""
assert 1 <= on.sum() <= 5 and not on.iloc[-6:].any()
assert set(flu.table.alarm[on]) == {"shares"}
health = {one.as_of.iloc[0]: (one.segment == "health").mean() for one in photograph_needs(real_winters)}
marches = health[pd.Timestamp("2024-03-01")], health[pd.Timestamp("2025-03-01")]
assert marches[1] < marches[0] - 0.05
from loyalty.tasks.t26.scene import find_flu_height

heights = [find_flu_height(keep_steady(same_winters=False), 26, year) for year in (2024, 2025)]
assert heights[1] < 0.6 * heights[0]
assert [f"{day:%Y-%m}" for day in flu.table.as_of[on]] == ["2025-02", "2025-03", "2025-04"]

# %% [markdown]
# Nobody changed for good here, and the alarm rang {{on.sum()}} times. It is no lie: that winter *was* not like the one before. Its flu was lighter (in truth {{heights[1]:.2f}} high after {{heights[0]:.2f}}), and in March health had {{100 * marches[1]:.0f}} of 100 customers
# after {{100 * marches[0]:.0f}}. But it is no drift either. **Last year's month takes out a season that
# repeats, not one that varies.** So ask a second question before you act. If the *shares*
# ring: do they still ring when the season is over? The rival's did, the flu's did not. If the *moves* ring, this question does not help, because they stop after drift too. Then look at who moved, and from where to where.
#
# ## Changed customers, or a changed method?
#
# In the new year Ines improves the rule: it counts lines and not euros. The yearly report shows November 2024 by the old rule beside November 2025 by the new rule, and the share of beauty has hardly moved. *"So the rival did us no harm,"* says Jonas. To see what happened, label *both*
# years by *both* rules: last year's rule on this year's base, and this year's rule on last year's base.

# %%
from loyalty.segment.drift import split_change
from loyalty.tasks.t26.scene import label_needs

years = [pd.Timestamp("2024-11-01"), pd.Timestamp("2025-11-01")]
old_rule = label_needs(town, years)
new_rule = label_needs(town, years, of="lines", version="2")
split = split_change(*old_rule, *new_rule)
ax = split.plot(title="The new rule hides what the rival took", source=SIMULATED)

# %% tags=["verify"]
beauty = split.table.set_index("segment").loc["beauty"]
assert beauty.customers_high < -0.02 and beauty.method_low > 0.02 and -0.02 < beauty.change < 0
assert abs(beauty.customers + beauty.method - beauty.change) < 1e-12
assert abs(beauty.order) < 0.02
from loyalty.text import say_money

by_old, by_new, order_gap = (
    say_money(100 * beauty[name], decimals=2) for name in ("customers_first", "customers_last", "order")
)

# %% [markdown]
# The share of beauty changed by −{{100 * abs(beauty.change):.2f}} points in the report (the diamond). The customers account for −{{100 * abs(beauty.customers):.2f}} (−{{100 * abs(beauty.customers_low):.2f}} to −{{100 * abs(beauty.customers_high):.2f}}), and the new rule for
# +{{100 * beauty.method:.2f}} (+{{100 * beauty.method_low:.2f}} to +{{100 * beauty.method_high:.2f}}). One hid the other. (By the old rule alone the customers did {{by_old}}, by the new rule alone {{by_new}}. The helper takes the mean of both orders. The
# difference of the two is its column `order`: {{order_gap}} points.)

# %% [markdown]
# ## What we learned
#
# - The **label life** of life-cycle stages: the first month costs most, and labels of short stages, new and cooling, seldom outlast it. A **half-life** beyond the last month is told as "more than".
# - Refreshing costs money, stale labels cost money. With labels like these the answer is before each use, or seldom; the cost of a wrong label decides which.
# - The **stability index** needs a threshold of its own: from a bootstrap of *your* customers, against the same month of last year. All tests of a year share one chance of a false alarm.
# - **Drift** stays and **seasonality** comes back. Shares do not see customers who change places, so watch the moves as well. And before you praise or blame the customers, run last year's rule on this year's base.
#
# ## What could still be wrong
#
# - The intervals speak of other households in the same months. One year of one chain says little about other years.
# - Right means "as a fresh segmentation would say", and the fresh one has its own luck. A label can be right and useless.
# - Our quiet towns are quieter than yours: no customer joined or left the chain, no card was launched. (Who buys nothing for three months is not in a snapshot all the same: only {{same_month.n_both:,}} of {{same_month.n_now:,}} customers of August 2024 are in that of 2023.) Newcomers of another
#   kind move the shares too, and the alarm will say so.
# - The cost of a wrong label is a guess until somebody measures it, with a control group.
#
# ## Use it on your data
#
# Keep one snapshot a month (customer_id, as_of, scheme, version, segment), made by the rule of that year. Then `measure_label_life(snapshots)`, `plan_refresh(life, cost_of_refresh=…, cost_of_stale_label=…)`, and each month
# `watch_drift(snapshots)`. When the rule changes, `split_change(then_old, now_old, then_new, now_new)`. The template `segments` does it for you:
# with `--set store=store.duckdb` each month's run goes on from the last one, by the same rule.

# %% [markdown]
# [[links]]
