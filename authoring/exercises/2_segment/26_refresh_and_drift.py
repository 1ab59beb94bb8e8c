# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the monthly needs
#     question: How often shall the labels be renewed, and did the families leave?
#     module: loyalty.segment.drift
#     test: helpers/tests/tasks/t26/test_tasks.py
#     minutes: 40
#     pace: 20 for 26a to 26c, 15 for 26d to 26f, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# A simulated drugstore chain labels its customers on the first of each month, by what they spent most on in the last 91 days: health, beauty, family, home or summer. Who bought nothing in these
# 91 days is not in the snapshot. Each month every customer gets the magazine of the own label. Jonas asks two things: how often do we need new labels, and where have the families gone?
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("26a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.tasks.t26.scene import read_new_rule, read_photographs

snapshots = read_photographs()
by_day = {snapshot.as_of.iloc[0]: snapshot for snapshot in snapshots}
snapshots[0].head(3)

# %% [markdown]
# There are {{len(snapshots)}} snapshots, from 1 July 2023 to 1 January 2026, with about {{round(sum(map(len, snapshots)) / len(snapshots), -2):,.0f}} customers each.
#
# **26a How long is a label right?** Take the twelve snapshots of 1 January to 1 December 2024. Inside these twelve there are ten starts, January to October, that can be seen two months later. Of the customers who are
# there two months later ("today"), which share has a label from the start that a fresh segmentation would give too? Newcomers have no label, so theirs is not right. Count over all starts together: one
# fraction between 0 and 1, to **four** decimals. You can do it by hand, or with the helper of the lesson: `from loyalty.segment.drift import measure_label_life`. Keep its result as `life`; 26b asks for it.

# %%
### BEGIN SOLUTION
from loyalty.segment.drift import measure_label_life

year = [snapshot for day, snapshot in by_day.items() if day.year == 2024]
life = measure_label_life(year)
right_today = life.at(2).right_today
### END SOLUTION

# %%
check("26a", right_today)

# %%
hint("26a")

# %% [markdown] tags=["solution"]
# {{right_today:.1%}} (95 % interval {{life.at(2).today_low:.1%}} to {{life.at(2).today_high:.1%}}). Among customers who were there on both days it is {{life.at(2).right:.1%}}. That looks better, because it forgets the
# newcomers, and they are {{life.at(2).newcomers:.0%}} of today's base.

# %% [markdown]
# **26b What does a refresh every three months cost?** A refresh costs €300. A customer with a wrong label, or without one, costs €0.15 a month: the wrong magazine. In the month of the
# refresh the labels are fresh; they are used at the ages 0, 1 and 2 months. The base is the mean number of customers of the twelve snapshots, {{life.customers:,.1f}} (`life.customers`). One number: euros a month, to the cent.

# %%
### BEGIN SOLUTION
wrong = 1 - life.table.right_today
cost_of_three = 300 / 3 + 0.15 * life.customers * wrong[:3].mean()
### END SOLUTION

# %%
check("26b", cost_of_three)

# %%
hint("26b")

# %% [markdown] tags=["solution"]
# €{{cost_of_three:.2f}}. If the newcomers are left out, it looks like €{{100 + 0.15 * life.customers * (1 - life.table.right[:3]).mean():.2f}}, and refreshing seems to matter less than it does.

# %% [markdown]
# **26c Pick a period.** The same costs. Which period from 1 to 6 months is the cheapest? One whole number.

# %%
### BEGIN SOLUTION
from loyalty.segment.drift import plan_refresh

plan = plan_refresh(life, cost_of_refresh=300, cost_of_stale_label=0.15, periods=range(1, 7))
period = plan.best
### END SOLUTION

# %%
check("26c", period)

# %%
hint("26c")

# %% tags=["solution"]
from loyalty.charts import house_style

house_style()
ax = plan.plot(title="Every second month", source="simulated chain, seed 126")

# %% tags=["verify", "solution"]
assert period == 2 and plan.alike == ()

# %% [markdown] tags=["solution"]
# Every {{period}} months. The half-life is {{life.half_life:.1f}} months, and it would have been a poor guide: it knows nothing of costs. With other costs another period wins, so ask who measured the 15 cents.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **26d How far did the shares move?** Compute the population stability index of 1 August 2025 against the month that takes the season out. All customers of each month. One number, to four decimals.

# %%
### BEGIN SOLUTION
from loyalty.segment.drift import measure_stability_index

then, now = by_day[pd.Timestamp("2024-08-01")], by_day[pd.Timestamp("2025-08-01")]
index = measure_stability_index(then, now)
psi = index.psi
### END SOLUTION

# %%
check("26d", psi)

# %%
hint("26d")

# %% tags=["verify", "solution"]
both = set(then.customer_id) & set(now.customer_id)
kept = [one[one.customer_id.isin(both)] for one in (then, now)]
survivors = measure_stability_index(*kept)
assert index.is_drift and not survivors.is_drift and index.psi < 0.1

# %% [markdown] tags=["solution"]
# {{psi:.4f}}, where chance alone stays below {{index.threshold:.4f}}. Two tempting ways say "nothing happened". The famous line of 0.1 is one. The other keeps only customers who are in both months: {{survivors.psi:.4f}}, below
# its threshold of {{survivors.threshold:.4f}}. The rival's customers do not come any more, so they are in one month only.

# %% [markdown]
# **26e When does the alarm ring?** Watch all {{len(snapshots)}} snapshots with `watch_drift`, with `seed=126` and everything else as it is. Its table has a column `alarm`. What is the first check in which the *shares* ring? One date, such as "2025-01-31".

# %%
### BEGIN SOLUTION
from loyalty.segment.drift import watch_drift

watch = watch_drift(list(snapshots), seed=126)
table = watch.to_frame()
first_alarm = table.as_of[table.alarm.str.contains("shares")].iloc[0]
### END SOLUTION

# %%
check("26e", first_alarm)

# %%
hint("26e")

# %% tags=["solution"]
from loyalty.tasks.t26.pictures import draw_truth
from loyalty.tasks.t26.scene import open_exercise_town

opens = open_exercise_town().drift_day
title = "The index rings in summer, and goes on"
source = "simulated chain, seed 126"
ax = draw_truth(watch, opens, title, "a rival for families opens", source=source)

# %% tags=["verify", "solution"]
assert first_alarm > opens and (watch.table.alarm[watch.table.as_of <= opens] == "").all()
moved = table[table.alarm.str.contains("moves")]
assert len(moved) == 1 and moved.as_of.item() == first_alarm - pd.DateOffset(months=1)
tests = table[["p_shares", "p_moves"]].min(axis=1)
assert table.as_of[tests < 0.05].iloc[0] == first_alarm - pd.DateOffset(months=2)
assert (table.alarm[table.as_of >= first_alarm] == "shares").all()
over_five = watch_drift(list(snapshots), seed=126, moves_over=5).table.set_index("as_of").alarm
assert over_five[moved.as_of.item()] == "" and over_five[first_alarm] == "shares"

# %% [markdown] tags=["solution"]
# {{first_alarm:%-d %B %Y}}, and each month after it. The truth: a rival for families opened on {{opens:%-d %B %Y}}, and the rule reads three months of receipts. With an uncorrected 5 % the first ring would have come two months
# earlier, and in many quiet years too.
#
# The moves rang once, on {{moved.as_of.item():%-d %B %Y}} (p = {{moved.p_moves.item():.4f}}). That may be the rival or luck: a month later they were silent, and counted over five months they are silent in May as well. One month of one
# test is a reason to look, not a finding.

# %% [markdown]
# **26f Customers or method?** In 2025 Ines changed the rule: it counts lines and not euros. The report shows the family share of August 2024 by the old rule beside that of August 2025 by the new rule. `read_new_rule()` gives both Augusts by
# the new rule. What did the customers do to the share of the family segment, and what did the method? And to health, which seems to stand still? Take the mean of both orders, as `split_change` does. Four fractions, to three decimals:
# `(family by customers, family by method, health by customers, health by method)`. −0.01 is one point less.

# %%
### BEGIN SOLUTION
from loyalty.segment.drift import split_change

split = split_change(then, now, *read_new_rule())
rows = split.to_frame().set_index("segment")
family, health = rows.loc["family"], rows.loc["health"]
four_parts = (family.customers, family.method, health.customers, health.method)
### END SOLUTION

# %%
check("26f", four_parts)

# %%
hint("26f")

# %% tags=["solution"]
title = "More than half of the families' fall is the rule"
ax = split.plot(title=title, source="simulated chain, seed 126")

# %% tags=["verify", "solution"]
assert family.method_high < family.customers_high < 0 and abs(family.method) > abs(family.customers)
assert abs(family.order) < 0.002 < abs(health.order) and health.order_low < 0 < health.order_high
assert health.customers > 0.01 and health.method < -0.01 and abs(health.change) < 0.005

# %% [markdown] tags=["solution"]
# The report shows {{100 * family.change:.2f}} points. The customers did {{100 * family.customers:.2f}} of them ({{100 * family.customers_low:.2f}} to {{100 * family.customers_high:.2f}}), the rule {{100 * family.method:.2f}}
# ({{100 * family.method_low:.2f}} to {{100 * family.method_high:.2f}}). For family the order
# hardly matters. Health stands still in the report, at {{100 * health.change:+.2f}} points: the customers did {{100 * health.customers:+.2f}} ({{100 * health.customers_low:+.2f}} to {{100 * health.customers_high:+.2f}}), the rule {{100 * health.method:+.2f}}. Here the order counts: by the old rule
# alone the customers did {{100 * health.customers_first:+.2f}}, by the new rule alone {{100 * health.customers_last:+.2f}}. Part of the rise is arithmetic: where families are missing, every other share grows.

# %% [markdown]
# **26g What does Jonas do?** Choose one letter:
#
# - `"A"`: nothing. The index is far below 0.1.
# - `"B"`: ask for a budget to win back ten points of families.
# - `"C"`: find out what happened to the families since spring, and speak of four points, not of ten. Show both rules side by side for a year.
# - `"D"`: wait until winter. In August the families are on holiday.

# %%
### BEGIN SOLUTION
decision = "C"
### END SOLUTION

# %%
check("26g", decision)

# %%
hint("26g")

# %% tags=["verify", "solution"]
assert round(-100 * family.customers) == 4 and round(-100 * family.change) == 10

# %% [markdown] tags=["solution"]
# C. The families did leave, fewer than the report says, and for a reason that a phone call to the branch would have told in April. A new rule is no crime. But the day it starts, the old one has to run beside it.
