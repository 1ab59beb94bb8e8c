# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "Would another plan have won?"
#     question: Can last year's log judge next year's plan?
#     part_a: 25
#     part_b: 35
#     know_first: ["33", "42"]
#     module: loyalty.learn.offpolicy
#     test: helpers/tests/learn/offpolicy/test_value.py::test_twelve_rows_weighed_by_hand
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - judge a plan that was never played from the log of one that was: **off-policy evaluation**
# - weigh rows by the chance that the plan gives them over the chance that they had: **inverse propensity weighting**
# - say how much the log really knows of the plan: its **effective sample size**
# - see where a log must be silent: no **overlap**

# %% [markdown]
# ## A plan for next year
#
# It is January. For eight waves the chain sent its letters by a plan of fixed chances: each segment had its favourites, and a lottery decided for each customer. Jonas has another plan: *"The basket discount for everybody! Only chronic care patients need no letter."*
#
# To try it costs half a year. Marta looks for an answer in the log.

# %%
from loyalty.tasks.t43.scene import JONAS, open_year, write_plan

year = open_year()
log_rows = year.log
log_rows[["wave", "customer_id", "segment", "arm", "propensity", "profit"]].head(4)

# %% [markdown]
# One row is a customer in a wave. `profit` is what the customer brought in four weeks, the letter paid. `propensity` is the chance of the arm that the lottery drew.
#
# Marta takes the mean of those who got the discount:

# %%
means = log_rows.groupby("arm").profit.mean()
means.round(2).to_frame("profit, € a customer")

# %%
all_rows = log_rows.profit.mean()
naive = means["basket_discount"] - all_rows
f"{naive:.2f} € against all rows"

# %% tags=["verify"]
assert naive < -0.6 and means.idxmin() == "basket_discount"

# %% [markdown]
# *"Last of all arms, €{{-naive:.2f}} below the mean. Forget it, Jonas."*
#
# Is that fair? Look at *who* got the discount.

# %%
from loyalty.charts import house_style
from loyalty.tasks.t43.pictures import draw_where

house_style()
title = "The two segments of least profit got the discount most"
ax = draw_where(log_rows, "basket_discount", title)

# %% tags=["verify"]
by_segment = log_rows.groupby("segment")
no_letter = log_rows[log_rows.arm == "control"].groupby("segment").profit.mean()
chance = by_segment.chance_basket_discount.mean().round(9)
poor = ["medicines", "vitamins and sun"]
assert set(no_letter.nsmallest(2).index) == set(poor) == set(chance.nlargest(2).index)
assert (
    no_letter.idxmax() == "baby" and chance["baby"] == 0.1 and abs(no_letter["household"] - no_letter["beauty"]) < 0.1
)
assert chance["household"] > 2 * chance["beauty"]

# %% [markdown]
# Families with a baby bring most, and they rarely got the discount. Customers of vitamins and medicines bring least, and they got it most often. (In the middle there is no such order: household and beauty bring about the same, and household got it three times as often.) Marta did not compare offers alone. She compared segments too.
#
# But the log knows by which chance everybody got what. That will put it right.
#
# Your bet first. **The log has {{len(log_rows):,}} rows of {{log_rows.customer_id.nunique():,}} customers. But for most rows the lottery drew another arm than Jonas would have sent. How many customers, all of them under Jonas's plan for one wave, would tell as much about it as this log?**

# %%
from loyalty.tasks import predict, reveal

predict("43-bet", ...)  # your bet, a number of customers, in the place of the dots

# %% [markdown]
# ## Twelve rows by hand
#
# We take twelve rows. Jonas's plan would have given the same arm to a few of them. Only these can say something about his plan.
#
# Now the idea. A baby customer got the discount by a chance of 0.1. So for each one whom we see with it there were ten who might have been seen. This row speaks for ten. Its **weight** is the chance under Jonas's plan (here 1) over the chance in the log.

# %%
import numpy as np

twelve = log_rows.sample(12, random_state=0).reset_index(drop=True)
same = twelve.arm == twelve.segment.map(JONAS)
twelve["weight"] = np.where(same, 1 / twelve.propensity, 0.0)
twelve.loc[same, ["segment", "arm", "propensity", "profit", "weight"]].round(2)

# %%
from loyalty.tasks.t43.pictures import draw_weights

ax = draw_weights(twelve, "Three of twelve rows speak for everybody")

# %% tags=["verify"]
assert same.sum() == 3 and sorted(twelve.weight.round(2))[-3:] == [2.5, 3.33, 10.0]

# %% [markdown]
# This is **inverse propensity weighting**, IPS for short. The value of the plan is the sum of weight × profit, divided by the number of rows, twelve. Or we divide by the sum of the weights: then it is a weighted mean, *self-normalised* (SNIPS).

# %%
total = (twelve.weight * twelve.profit).sum()
ips, snips = total / 12, total / twelve.weight.sum()
f"IPS {ips:.2f}   SNIPS {snips:.2f}"

# %% [markdown]
# The two differ because the weights sum to {{twelve.weight.sum():.1f}} and not to 12. With many rows both come near each other.
#
# How much do we know from these rows? One of them has nearly two thirds of the weight. The **effective sample size** says it: the square of the sum of the weights over the sum of their squares.

# %%
ess = twelve.weight.sum() ** 2 / (twelve.weight**2).sum()
f"{ess:.1f} of 12"

# %% tags=["verify"]
from loyalty.learn.offpolicy import open_log, value_plan

mine = value_plan(open_log(twelve), write_plan(JONAS), method="ips")
assert abs(mine.value - ips) < 1e-9 and abs(mine.ess - ess) < 1e-9 and 2 < ess < 2.3
assert abs(value_plan(open_log(twelve), write_plan(JONAS), method="snips").value - snips) < 1e-9

# %% [markdown]
# Twelve rows are worth two. That is the price of judging a plan that was not played.
#
# ## The whole log
#
# `open_log` reads and checks the log, `value_plan` weighs it. On our twelve rows it returns the numbers above. On all rows:

# %%
from loyalty.learn.offpolicy import open_log, value_plan

log = open_log(log_rows, covariates=["usual"])
plan = write_plan(JONAS)
found = value_plan(log, plan, method="snips")
gap = found.difference
found

# %%
reveal("43-bet", estimate=round(found.ess), unit="customers")

# %% tags=["verify"]
from loyalty.text import say_euros

assert gap.low < 0 < gap.effect < gap.high and say_euros(gap.low)[0] == "−"
assert not found.warnings and 0.6 < twelve.weight.max() / twelve.weight.sum() < 0.667
assert 4_500 < found.ess < 5_800 and 0.24 < found.matched < 0.27
weighted = value_plan(log, plan, method="ips")
assert abs(weighted.value - found.value) < 0.05
arm_rows = found.overlap.set_index("arm").ess
discount_rows, control_rows = arm_rows["basket_discount"], arm_rows["control"]
agrees = log_rows.arm == log_rows.segment.map(JONAS)
heavy = 1 / log_rows.propensity[agrees]
letter = log_rows.arm[agrees] == "basket_discount"
assert abs(heavy.sum() ** 2 / (heavy**2).sum() - found.ess_rows) < 0.5
assert found.ess_rows < discount_rows + control_rows and heavy[~letter].nunique() == 1
assert heavy[letter].min() < 2.6 and heavy[letter].max() > 9.9

# %% [markdown]
# The plan would have brought €{{found.value:.2f}} a customer and wave. That is {{say_euros(gap.effect)}} more than the plan that ran ({{say_euros(gap.low)}} to {{say_euros(gap.high)}}). Both are judged on the same rows, so the comparison is **paired**.
#
# One row in four has weight, and the weights are unequal: counted by rows, the effective sample size is {{round(found.ess_rows, -2):,.0f}}. And rows of one customer are not independent: who buys much in one wave buys much in the next. Counted by customers it is about {{round(found.ess, -2):,.0f}}: so many different customers, all under Jonas's plan, would tell as much. That is a careful number for one wave, not an exact one, and it answers the bet.
#
# Which arms does the log know well enough? The picture shows the **overlap** of both plans:

# %%
ax = found.plot(source="simulated chain, seed 43")

# %% [markdown]
# Jonas wants the discount for four of five rows, and the log has it in one of five. The title counts customers, the words beside the bars count rows, each arm for itself: {{control_rows:,.0f}} and {{discount_rows:,.0f}}. Together these would be {{control_rows + discount_rows:,.0f}}, and the whole is worth {{found.ess_rows:,.0f}} rows only. Inside control all weights are alike ({{heavy[~letter].mean():.1f}}). Of the discount's rows some weigh {{heavy[letter].min():.1f}} and some {{heavy[letter].max():.0f}}, so each of its rows is worth less; and once light and heavy rows stand in one sum, the light ones count for little. That is enough here. Under 50 customers the helper would warn.
#
# ## Was it right?
#
# No chain can play two plans on the same customers. Ours can: the same customers with the same luck, but Jonas's letters.

# %%
from loyalty.stats import compare_means
from loyalty.tasks.pictures import draw_beside_truth
from loyalty.tasks.t43.scene import play_really

truth = play_really(plan).profit.mean() - all_rows
got = log_rows.profit[log_rows.arm == "basket_discount"]
shown = {"mean of the discount": compare_means(got, log_rows.profit), "weighted": gap}
title = "The plain mean is wrong, the weighted log is near"
what = "Jonas's plan less the one that ran"
ax = draw_beside_truth(shown, [truth] * 2, title, what, wrong=1)

# %% tags=["verify"]
assert gap.low < truth < gap.high and truth > 0.1 > naive
assert shown["mean of the discount"].high < 0

# %% [markdown]
# The truth is {{say_euros(truth)}} more a customer and wave: Jonas's plan is a little *better*. The weighted log points the same way, but zero lies inside its interval: alone it could not say so. The mean of those who got the discount was wrong by more than a euro.
#
# ## Where the log never tried
#
# *"Then the discount for chronic care too!"* says Jonas.

# %%
from loyalty.tables import TableError

try:
    value_plan(log, "basket_discount")
except TableError as problem:
    print(problem)

# %% tags=["verify"]
chronic = log_rows.segment == "chronic care"
assert (log_rows.chance_basket_discount[chronic] == 0).all() and chronic.sum() == 13_101
try:
    value_plan(log, {"call": 1.0})
except TableError as unknown:
    assert "never tried" in str(unknown)

# %% [markdown]
# In chronic care the discount had no chance. No row shows what it does there, and no weight can make one: 1 / 0. The helper refuses. (We know the truth: there the discount does harm.) Only a new test can tell.
#
# ### On Monday
#
# Write the chance of *every* arm into the log of every wave, and give every arm that may matter some chance everywhere. Then next year's plan can be judged by this year's log.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/43_would_another_plan_have_won.ipynb), 43a to 43e. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: a model helps, and a model errs
#
# Weights use nothing but chances. A model can know more: what a customer of this segment, with this usual spend, brings with each arm. The *direct* method fits such a model and asks it what the plan would bring. It is calm, and wrong where the model is wrong.
#
# **Doubly robust** takes the model, and then corrects it: for the rows that the plan agrees with, it adds the weighted mean of what the model missed. Each customer is predicted by a model that has not seen this customer. It stays right if the model is wrong, as long as the chances are right.

# %%
import pandas as pd

names = {"IPS": "ips", "SNIPS": "snips", "direct": "direct", "doubly robust": "dr"}
judged = {name: value_plan(log, plan, method=method) for name, method in names.items()}
table = pd.concat({name: one.to_frame() for name, one in judged.items()}).droplevel(1)
table["width"] = table.high - table.low
table[["value", "low", "high", "width", "difference"]].round(2)

# %% tags=["verify"]
width = table.width
assert width.idxmax() == "IPS" and width["doubly robust"] < width["SNIPS"]
assert 1 - width["doubly robust"] / width["IPS"] > 0.1
assert table.value.max() - table.value.min() < 0.06

# %% [markdown]
# All four agree. IPS is the widest. The interval of doubly robust is {{1 - width["doubly robust"] / width["IPS"]:.0%}} shorter. The default of `value_plan` is doubly robust.
#
# ## Clipped weights
#
# A few rows with large weights make IPS restless. So people cut the weights: nothing counts more than, say, three. What does that do?

# %%
clips = [2, 3, 5, 9, 10]
cut = [value_plan(log, plan, method="clipped", clip=clip) for clip in clips]
clipped = pd.concat([one.to_frame() for one in cut]).assign(clip=clips)
clipped["width"] = clipped.high - clipped.low
clipped[["clip", "value", "width", "cut"]].round(2)

# %% tags=["verify"]
values = clipped.value.to_numpy()
assert (np.diff(values) > 0).all() and values[0] < 0.6 * values[-1] and cut[-1].estimate.details["cut"] == 0
lost = clipped.cut.to_numpy()[1]
over = np.where(agrees, np.maximum(1 / log_rows.propensity - 3, 0), 0.0)
whose = (pd.Series(over).groupby(log_rows.segment.to_numpy()).sum() / over.sum()).sort_values(ascending=False)
weights = np.where(agrees, 1 / log_rows.propensity, 0.0)
assert abs(over.sum() / weights.sum() - lost) < 1e-9
assert set(whose.index[:2]) == {"baby", "beauty"} and whose.iloc[:2].sum() > 0.85
assert (log_rows.propensity[agrees & log_rows.segment.isin(["baby", "beauty"])].round(9) == 0.1).all()
assert 0.2 < lost < 0.5 and clipped.width.to_numpy()[0] < 0.5 * clipped.width.to_numpy()[-1]

# %% [markdown]
# The interval becomes short, and it lies in the wrong place. Cut at three, {{lost:.0%}} of the weight is gone, and these rows are missing in the sum. Rows of baby and beauty customers have the weight ten, and it is mostly they who are cut: of the weight that is gone, {{whose["baby"]:.0%}} was baby's and {{whose["beauty"]:.0%}} beauty's. A clipped value of a profit is too *low*. The helper says how much weight was cut, and that the interval does not know of it. `method="switch"` asks the model for what was cut, and is as good as the model.
#
# ## Forty lotteries
#
# One log is one draw. So we take a smaller chain and its first wave, and deal the same customers again, forty times, by the same chances; seeds 0 to 39. Each log judges Jonas's plan in seven ways. (About ten seconds.)

# %%
from loyalty.tasks.t43.pictures import draw_lotteries
from loyalty.tasks.t43.scene import repeat_lottery

forty, true_value = repeat_lottery(plan)
title = "Three ways miss the truth, four lie around it"
ax = draw_lotteries(forty, true_value, title)

# %% tags=["verify"]
from loyalty.tasks.t43.scene import find_outcomes

dealt = len(find_outcomes()[0])
by_wave = play_really(plan).groupby("wave").profit.mean()
whole_year = truth + all_rows
assert abs(by_wave[1] - true_value) < 0.2 and whole_year < true_value - 0.3 and (by_wave[4:] < by_wave[1]).all()

# %% [markdown]
# The truth is another one than above: {{say_euros(true_value)}} and not {{say_euros(whole_year)}}. These are {{dealt:,}} customers in one wave, the first. In the large chain Jonas's plan brings {{say_euros(by_wave[1])}} in the first wave too, and less in the later ones ({{say_euros(by_wave[8])}} in the eighth): the year's mean is {{say_euros(whole_year)}}.

# %%
forty["holds"] = forty.low.le(true_value) & forty.high.ge(true_value)
by_method = forty.groupby("method", sort=False)
summary = by_method.value.agg(["mean", "std"]).assign(holds=by_method.holds.sum())
summary["error"] = summary["mean"] - true_value
summary.round(2)

# %% tags=["verify"]
held = summary.holds
assert held["IPS, clipped at 3"] == 0 and held["1/n as propensity"] < 15
assert (held[["IPS", "SNIPS", "direct", "doubly robust"]] >= 36).all()
assert summary.error["1/n as propensity"] > 1
fair = ["IPS", "SNIPS", "direct", "doubly robust"]
assert (summary.error[fair].abs() < 3 * summary["std"][fair] / 40**0.5).all()
plain = "mean of rows that agree"
assert held[plain] < 36
held_fair = held[fair]
wide = forty.pivot(index="seed", columns="method", values="value")
one, other = wide["SNIPS"], wide["doubly robust"]
from scipy.stats import pearsonr

assert pearsonr(one + other, one - other).pvalue > 0.2 and one.std() < other.std()

# %% [markdown]
# The column `holds` counts the intervals that hold the truth. IPS, SNIPS, direct and doubly robust lie around the truth, and {{held_fair.min()}} or {{held_fair.max()}} of their forty intervals hold it. Clipped at three never does, and 1/n only {{held["1/n as propensity"]}} times. The "mean of rows that agree" is a plain mean, and not Marta's of above: hers took all rows with the discount, this one all rows with the arm that the plan wants, control in chronic care too. It is too low, by {{abs(summary.error[plain]):.2f}} euros on average: {{held[plain]}} of 40 intervals still reach the truth, so one such interval can look fine.
#
# The column `std` says how far a method jumps from log to log. Doubly robust is not the steadiest here: SNIPS has {{summary["std"]["SNIPS"]:.2f}}, doubly robust {{summary["std"]["doubly robust"]:.2f}}. Forty draws do not tell these two apart. On the eight waves of the whole log doubly robust had the shorter interval, {{width["doubly robust"]:.2f}} against {{width["SNIPS"]:.2f}}. Neither is the shorter one everywhere.
#
# Forty are few. The [whole page](../../docs/tables/offpolicy.md) asks more than a thousand logs of each of seven chains, with heavy tails, rare buyers, or 24 arms.
#
# ## One chance for all
#
# The second row of the picture is the commonest mistake. The log was kept without chances, and somebody writes 1/n: five arms, so 0.2. But the lottery was not fair to all arms. `check_chances` holds the logged chances against what was drawn:

# %%
from loyalty.learn.offpolicy import check_chances

wrong = {name: 0.2 for name in log_rows if name.startswith("chance_")}
one_fifth = open_log(log_rows.assign(propensity=0.2, **wrong))
checked = check_chances(one_fifth)
ax = checked.plot(source="simulated chain, seed 43")
checked.finding

# %%
bad = value_plan(one_fifth, plan, method="ips")
print(f"with 1/n: IPS {bad.value:.2f}, with the chances of the log {judged['IPS'].value:.2f}")
print("Warning:", *bad.warnings)
print("the chances of the log pass the check:", check_chances(log).fits)

# %% tags=["verify"]
cells = checked.to_frame()
cells["share"] = cells.drawn / cells.rows
assert cells.grouping[cells.p.idxmin()] == "all" and cells.arm[cells.p.idxmin()] == "control"
top = cells.loc[cells.share.idxmax()]
assert judged["IPS"].value == weighted.value
assert top.share > 0.45
assert not checked.fits and check_chances(log).fits
assert any("not those that were drawn from" in text for text in bad.warnings)
assert bad.value > found.value + 1

# %% [markdown]
# If 0.2 were true, all points would lie on the line. The topmost is {{top.arm.replace("_", " ")}} in {{top.group}}, drawn for {{100 * top.share:.0f}} of 100. The sentence names control in all rows: that gap is small, and with so many rows the surest of all. The true chances of our log pass the check.
#
# The check counts, in all rows, in each segment, each wave, and each level of the logged chance. If chances were wrong for some customers and right on average in all of these, it would see nothing.
#
# ## Two plans, one log
#
# Marta has a plan as well. It stood in December already, before this log was read: as Jonas's, but baby customers get the bonus points, and beauty customers the category discount.

# %%
from loyalty.learn.offpolicy import compare_plans

own = {"baby": "bonus_points", "beauty": "category_discount"}
marta = write_plan(JONAS | own)
rivals = compare_plans(log, {"Marta": marta, "Jonas": plan}, base="Jonas")
names = ["plan", "value", "low", "high", "difference", "difference_low", "difference_high"]
rivals.to_frame()[names].round(2)

# %%
really = {"Marta": play_really(marta).profit.mean(), "Jonas": truth + all_rows}
ax = rivals.plot(truth=really, unit="€")

# %% tags=["verify"]
paired = rivals.values["Marta"].difference
both = [rivals.values[name].estimate for name in ("Marta", "Jonas")]
apart = (both[0].se ** 2 + both[1].se ** 2) ** 0.5
assert paired.low > 0 and both[1].high > both[0].low and paired.se < 0.8 * apart
true_gap = really["Marta"] - really["Jonas"]
assert paired.low < true_gap < paired.high and 0 < true_gap < 0.5 * paired.effect
assert all(one.low < really[name] < one.high for name, one in zip(("Marta", "Jonas"), both, strict=True))

# %% [markdown]
# The two intervals overlap, and still Marta's plan is better (blue: the difference at the right is clear of zero), by {{say_euros(paired.effect)}} ({{say_euros(paired.low)}} to {{say_euros(paired.high)}}). (The truth is {{say_euros(true_gap)}}. It lies inside the interval, and it is much smaller: the direction was right, the size was partly luck.) Both plans are judged by the same rows, and much of what chance does to one it does to the other. So compare plans by their *difference* on the same rows, never by two intervals side by side.
#
# By segment:

# %%
from loyalty.learn.offpolicy import value_segments

parts = value_segments(log, plan)
ax = parts.plot(unit="€")

# %% tags=["verify"]
by_segment = parts.to_frame().set_index("segment")
assert (by_segment.p_adjusted < 0.05).sum() == 1 and by_segment.difference.idxmax() == "household"
best = by_segment.loc["household"]
assert best.shrunken < best.difference
medicines = by_segment.loc["medicines"]
assert 0 < medicines.difference_low < 0.005 and medicines.difference_p < 0.05 < medicines.p_adjusted

# %% [markdown]
# In one of six segments the gain is clear after correction: household, {{say_euros(best.difference)}}. Medicines is grey, though its interval begins just above zero ({{medicines.difference_low:.3f}}): one of six intervals does so by luck more often than 5 times in 100, and its p of {{medicines.difference_p:.3f}} becomes {{medicines.p_adjusted:.2f}}. The best of six looks better than it is. Drawn towards the others it is {{say_euros(best.shrunken)}}; both stand in `to_frame()`.

# %% [markdown]
# ## What we learned
#
# - **Off-policy evaluation** judges a plan from the log of another. It needs the chances.
# - **Inverse propensity weighting** lets each row speak for those who might have been in its place. Unweighted means compare segments.
# - The **effective sample size** says what the log is worth for *this* plan. Under 50, only a test can tell.
# - Without **overlap** there is no answer, and a good tool refuses to give one.
#
# ## What could still be wrong
#
# - Each wave was judged with the customers and the histories that *our* plan had made. A year of another plan tires other customers, and pulls forward other purchases. The value is that of one wave.
# - A plan that was found in these very rows flatters itself here. Learn on some waves, judge on the others: `log.keep(waves=...)`.
# - Of many plans the best looks too good, as always.
# - If the log itself learned (lesson 42), its chances moved with the outcomes. Then the interval is not exact, and the helper warns.
# - Chances in the log that nobody drew from make every number here wrong.
#
# ## Use it on your data
#
# ```python
# log = open_log(contacts, outcomes, assign_arms(...).arm_probs, offers=offers)
# value_plan(log, {"mail": 0.7, "control": 0.3}).sentence("€")
# ```
#
# Contacts with the arm, outcomes, and the chance of every arm, of one or several waves. The plan may be an arm, shares, a list of customers, or a policy of lesson 42.

# %% [markdown]
# [[links]]
