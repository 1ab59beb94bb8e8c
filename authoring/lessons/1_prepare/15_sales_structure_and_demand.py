# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "Sales structure and demand"
#     question: What do we sell, to whom, and what comes next?
#     part_a: 25
#     part_b: 35
#     know_first: ["02"]
#     module: loyalty.prepare.demand
#     test: helpers/tests/prepare/demand/test_backtest.py::test_no_forecast_sees_the_days_that_it_is_scored_on
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - class products by what they bring and by how evenly they sell: **ABC analysis**, **XYZ analysis**
# - see what chance does to the **coefficient of variation**
# - say what each segment buys more of than others: **category mix**
# - measure a **season index** with its interval

# %% [markdown]
# ## A list to cut
#
# The chain sells 600 products. On Monday Jonas wants to cut the list. He has read that a fifth of the products bring 80 % of the sales. *"The rest only fills shelves,"* he says.
#
# Marta asks first whether that is so here.

# %%
from loyalty.charts import house_style
from loyalty.tasks.t15.scene import open_chain

house_style()
receipts, products = open_chain().receipts, open_chain().products
sales = receipts.groupby("product_id").sales.sum().sort_values(ascending=False)
first_fifth = sales.head(len(sales) // 5).sum() / sales.sum()
f"{first_fifth:.0%}"

# %% [markdown]
# A fifth of the products bring {{first_fifth:.0%}}. The famous sentence is a rule of thumb. It is not a law, and it is not true here. How many products *do* bring 80 %?

# %%
from loyalty.prepare.demand import classify_abc_xyz

classes = classify_abc_xyz(receipts, products=products, season_by="department")
ax = classes.plot(source="simulated chain, seed 15")

# %% tags=["verify"]
import numpy as np

table = classes.table
counts = table.abc.value_counts()
by_hand = (sales.cumsum() - sales) / sales.sum()
assert (by_hand < 0.8).sum() == counts["A"] and ((by_hand >= 0.8) & (by_hand < 0.95)).sum() == counts["B"]
assert 0.5 < first_fifth < 0.6 and counts["A"] > 200

# %% [markdown]
# This is an **ABC analysis**. Sort the products by sales and add up. The products that bring the first 80 % are A, up to 95 % they are B, and the rest is C. Here {{counts["A"]}} products are A, nearly half of the list.
#
# Two products with equal sales always get one class. And the product that crosses the border still belongs to the class above it.
#
# ## How evenly do they sell?
#
# Jonas has a second idea: *"Then we cut what sells unevenly. Nobody can order that."* Here are two products.

# %%
from loyalty.tasks.t15.pictures import draw_months
from loyalty.tasks.t15.scene import compare_two

months = compare_two()
ax = draw_months(months, "One sells evenly, one does not. Or so it seems")

# %%
(months.std() / months.mean()).round(2)

# %% tags=["verify"]
cv = months.std() / months.mean()
assert cv.iloc[0] < 0.2 and cv.iloc[1] > 0.5

# %% [markdown]
# The standard deviation divided by the mean is the **coefficient of variation**. It says how far a usual month is away from the mean, as a share of the mean. `classify_abc_xyz` first takes the season of the department out, so its numbers differ a little from these. Then it sorts: up to 0.5 is X, up to 1 is Y, above it is Z. This is the **XYZ analysis**.

# %%
uneven = classes.table[classes.table.xyz == "Y"]
classes.matrix()

# %% tags=["verify"]
assert (table.xyz != "Z").all() and 100 < len(uneven) < 200

# %% [markdown]
# No product is Z, and {{len(uneven)}} are Y. This is Jonas's list. Your bet: **in how many of them do people really *want* such different amounts from month to month?**

# %%
from loyalty.tasks import predict, reveal

predict("15-bet", ...)  # your bet, a number of products, in the place of the dots

# %% [markdown]
# In this world we may look behind the curtain. We know the expected demand of each product: what would be sold without luck.

# %%
from loyalty.tasks.t15.pictures import draw_true_evenness
from loyalty.tasks.t15.scene import know_evenness

truth = know_evenness()
really = int((truth.loc[uneven.item] > 0.5).sum())
ax = draw_true_evenness(uneven, truth, 0.5, f"{really} of {len(uneven)} are truly uneven")
reveal("15-bet", estimate=really, unit="products")

# %%
names = products.set_index("product_id")["name"]
rare = names.index[names == months.columns[1]][0]
print(f"half of the list sell fewer than {uneven.pieces.median():.1f} pieces a month")
print(f"{months.columns[1]}: {truth[rare]:.2f} in truth")

# %% tags=["verify"]
assert truth[rare] < 0.1 and rare in set(uneven.item)
assert 5 <= really <= 20 and (truth.loc[table.item[table.xyz == "X"]] <= 0.5).all()
assert uneven.pieces.median() < table.pieces[table.xyz == "X"].median()

# %% [markdown]
# {{really}}. Most of the others sell evenly, and *little*: half of the list sell fewer than {{uneven.pieces.median():.0f}} pieces a month. With so few buyers a month is sometimes lucky and sometimes not. The second product of the beginning is one of these: its true number is {{truth[rare]:.2f}}.
#
# Real chains have no curtain. But what chance alone would make can be computed from the receipts.

# %%
ax = classes.plot_evenness(source="simulated chain, seed 15")
enough = (uneven.cv_chance > 0.5).sum()
print(f"Chance alone makes {enough} of {len(uneven)} a Y")
unsure = (classes.table.keep < 0.9).mean()
print(f"{unsure:.0%} keep both letters in fewer than nine of ten draws")

# %% tags=["verify"]
little, much = table[table.pieces < 10], table[table.pieces > 50]
assert len(uneven) / 2 < enough < 0.7 * len(uneven)
assert (little.cv / little.cv_chance).median() < 1.1 and (much.cv / much.cv_chance).median() > 1.0

# %% [markdown]
# The small red dots are what chance would make: the column `cv_chance`. On the left they lie where the blue ones are. So a Y on the left tells how much is sold, and nothing about how evenly. (The column `keep` says how often a product keeps its class when the months are drawn again. {{unsure:.0%}} of the products keep both letters in fewer than nine of ten draws.)
#
# ## To whom?
#
# Cutting a product also hits the people who buy it. We put each customer into a segment: the department where most of the money went *before* 2025. Then we look at 2025.

# %%
from loyalty.prepare.demand import mix_by_segment
from loyalty.tasks.t15.scene import pick_segments

segments = pick_segments(open_chain(), before="2025-01-01")
mix = mix_by_segment(receipts, segments, products=products, start="2025-01-01")
title = "Baby customers also give more than twice the usual share to Mother"
ax = mix.plot("Baby", title=title, most=12, source="simulated chain, seed 15")

# %% tags=["verify"]
baby = mix.table[mix.table.segment == "Baby"].set_index("item")
assert 2 < baby.loc["Mother", "index"] < 3 and (baby.drop(["Baby", "Mother"]).gap_high < 0).all()
assert (
    baby.loc["Baby", "index"] > 3
    and 0.5 < 1 - baby.loc["Baby", "share"] < 0.9
    and (baby.loc[["Baby", "Mother"], "gap_low"] > 0).all()
)

# %% [markdown]
# This is the **category mix** of a segment. Of each euro these customers spend, {{100 * baby.loc["Baby", "share"]:.0f}} cents go into the baby department ({{100 * baby.loc["Baby", "low"]:.0f}} to {{100 * baby.loc["Baby", "high"]:.0f}}), of others' {{100 * baby.loc["Baby", "others"]:.0f}}. Into *Mother* go {{100 * baby.loc["Mother", "share"]:.0f}} cents, of others' {{100 * baby.loc["Mother", "others"]:.0f}}.
#
# Why the date? If purchases of 2025 made the segment, "Baby" would buy nappies in 2025 in any case. This would be a circle.
#
# And who buys the C products?

# %%
letters = classes.table.set_index("item").abc
lettered = products.assign(abc=products.product_id.map(letters))
who = mix_by_segment(receipts, segments, by="abc", products=lettered, start="2025-01-01").table
small = who[who.item == "C"].set_index("segment")
small.loc[["Food and gifts", "Household", "Baby"], ["share", "low", "high"]].round(3)

# %% tags=["verify"]
assert small.share.idxmax() == "Food and gifts" and small.loc["Baby", "high"] < 0.05

# %% [markdown]
# Of the Baby customers' money {{small.loc["Baby", "share"]:.0%}} goes into C products ({{small.loc["Baby", "low"]:.1%}} to {{small.loc["Baby", "high"]:.1%}}), of the Food and gifts customers' {{small.loc["Food and gifts", "share"]:.0%}}. Whether they would stay away without *their* C product, sales cannot say. That is a [test](../3_evaluate/32_design_the_test.ipynb).
#
# ## When?
#
# Jonas orders four weeks ahead. Before any forecast he needs to know the calendar.

# %%
from loyalty.prepare.demand import season_of, sum_demand
from loyalty.tasks.t15.scene import know_season

demand = sum_demand(receipts, by="department", products=products, every="month")
vitamins = season_of(demand.series("Vitamins"))
true_season = know_season("Vitamins")
title = "Vitamins sell in winter"
ax = vitamins.plot(title=title, truth=true_season, source="simulated chain, seed 15")

# %% tags=["verify"]
found = vitamins.table
inside = true_season.between(found.low, found.high)
assert inside.sum() >= 11 and found["index"].idxmax() in ("Jan", "Feb")

# %% [markdown]
# The **season index** of January is {{found.loc["Jan", "index"]:.1f}} ({{found.loc["Jan", "low"]:.1f}} to {{found.loc["Jan", "high"]:.1f}}): so many times the mean of the year. The intervals are wide, because three years are only three values for each month. {{inside.sum()}} of the 12 truths lie inside.

# %%
from loyalty.tasks.t15.pictures import draw_year
from loyalty.tasks.t15.scene import measure_seasons

ax = draw_year(measure_seasons(), "Every department has its own year")

# %% [markdown]
# ### On Monday
#
# Nothing is cut because of a letter. Jonas looks at products that sell little one by one, and asks *who* buys them. And the winter order goes out before the winter.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/15_sales_structure_and_demand.ipynb), 15a and 15b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: the same week of last year
#
# Six minutes. How many vitamins will be sold in the next four weeks? The oldest method is: as many as in the same weeks of last year. It is called the **seasonal naive**. We stand before December 2025.

# %%
from loyalty.prepare.demand import forecast_demand
from loyalty.tasks.t15.scene import open_weeks

weeks = open_weeks()["Vitamins"]
past, later = weeks[:"2025-11-30"], weeks["2025-12-01":]
last_year, came = past.iloc[-52:].head(4), later.head(4)
print(last_year.to_list(), "in all", last_year.sum(), "- and came", came.sum())

# %%
naive = forecast_demand(past, 4)
title = "The same weeks of last year were higher than what came"
ax = naive.plot(title=title, actual=later, last=60, source="simulated chain, seed 15")

# %% tags=["verify"]
december = came
assert naive.table.forecast.to_list() == last_year.to_list() and last_year.sum() > 1.1 * december.sum()
errors = (past - past.shift(52)).dropna()
assert np.isclose(naive.table.high95.iloc[0] - naive.table.forecast.iloc[0], 1.959964 * np.sqrt((errors**2).mean()))

# %% [markdown]
# The helper has the same four numbers. In all they are {{last_year.sum() / december.sum() - 1:.0%}} too high. And it has two **prediction intervals**. They come from the errors that this method made in the past. "80 %" is a promise: of ten weeks to come about eight lie inside. We will test it.
#
# ## Where do you look for the error?
#
# Seven minutes. Ines has a better method, `waves`: a level that moves slowly, and three sine waves for the year (statsmodels calls this an unobserved components model). How good is it? Here are four answers, for medicines.

# %%
from loyalty.tasks.t15.pictures import draw_errors
from loyalty.tasks.t15.scene import judge_four_ways

errors = judge_four_ways("Medicines")
ax = draw_errors(errors, "If you look in the wrong place, the error looks small")

# %% tags=["verify"]
assert errors.iloc[3] > 2 * errors.iloc[1] > 3 * errors.iloc[0] and errors.is_monotonic_increasing
from loyalty.tasks.t15.scene import backtest_chain

ahead = backtest_chain().table.query("series == 'Medicines' and method == 'waves'")
misses = (ahead.forecast - ahead.actual).abs()
assert misses[ahead.period.dt.month <= 3].mean() > 1.5 * misses[ahead.period.dt.month > 3].mean()

# %% [markdown]
# - *Fitted afterwards*: the fit has seen the week itself and the weeks after it.
# - *Random weeks*: a fifth of the weeks is hidden at random. But their neighbours are known, before and after. On Monday nobody knows next week.
# - *Rolling origin*: we go back to a day, forget all that came later, forecast, and look. Then we move on by four weeks and do it again.
#
# Only the **rolling origin** asks the question that Jonas has. One week ahead the error is {{errors.iloc[2]:.0f}}, up to four weeks ahead {{errors.iloc[3]:.0f}}. The flu makes the winter weeks worst.
#
# ## Which method wins where?
#
# Seven minutes. We need a number that can be compared between departments. Divide the error by the error that the seasonal naive made inside the history: this is **MASE**. First by hand, for one department and one origin.

# %%
history, came = weeks.iloc[:104], weeks.iloc[104:108]
scale = (history - history.shift(52)).abs().mean()
error = abs(came.to_numpy() - history.iloc[-52:-48].to_numpy()).mean()
f"{error:.1f} / {scale:.1f} = {error / scale:.2f}"

# %%
from loyalty.prepare.demand import backtest_demand

one = backtest_demand(weeks.iloc[:108], ["seasonal naive"], horizon=4)
one.scores()[["mase", "origins", "periods"]].round(2)

# %% tags=["verify"]
assert np.isclose(one.scores().mase.iloc[0], error / scale) and 5.5 < error / scale < 6.5

# %% [markdown]
# Six times the usual error: January 2025 had a large flu wave, January 2024 had a small one. So one origin is no test. Now all departments, all origins of 2025, three methods. `seasonal mean` is the mean of the same week in all years that we have. (A few seconds.)

# %%
from loyalty.tasks.t15.scene import backtest_chain

test = backtest_chain()
title = "Over all departments, waves is nearest to what came"
ax = test.plot(title=title, source="simulated chain, seed 15")

# %%
verdicts = test.compare()
by_department = verdicts[verdicts.series != "all series"]
by_department.groupby(["method", "verdict"]).size().unstack(fill_value=0)

# %%
clear = by_department[by_department.verdict != "not told apart"]
columns = ["series", "method", "gap", "low", "high", "verdict"]
print(clear[columns].round(2).to_string(index=False))

# %% tags=["verify"]
scores = test.scores()
whole = scores[scores.series == "all series"].set_index("method")
wins = by_department[by_department.method == "waves"].verdict.value_counts()
gap = verdicts[(verdicts.series == "all series") & (verdicts.method == "waves")].iloc[0]
gifts = scores[scores.series == "Food and gifts"].set_index("method").mase
assert gap.verdict == "better" and whole.mase.idxmin() == "waves" and 3 <= wins["better"] <= 9
assert gifts["waves"] > gifts["seasonal naive"]
mean_verdicts = by_department[by_department.method == "seasonal mean"].verdict.value_counts()
assert mean_verdicts["worse"] == mean_verdicts["better"] == 1
one_name = by_department[by_department.method == "seasonal mean"].set_index("verdict").series[["worse", "better"]]
assert (
    verdicts[(verdicts.series == "all series") & (verdicts.method == "seasonal mean")].verdict.iloc[0]
    == "not told apart"
)

# %% [markdown]
# Over all departments `waves` is better than the seasonal naive: its MASE is {{whole.mase["waves"]:.2f}}, the naive's {{whole.mase["seasonal naive"]:.2f}}. But look closer. In {{wins["better"]}} of 12 departments it is better, in {{wins["not told apart"]}} one year cannot tell them apart. In food and gifts the naive is even a little nearer: three waves a year are too soft for a December that begins on one day and ends on Christmas Eve. The `seasonal mean` cannot be told from the naive over all. It is worse in {{one_name["worse"]}} and better in {{one_name["better"]}}.
#
# So the seasonal naive stays in the table. It costs nothing, and it is the one to beat.
#
# We can also ask how near each one is to the *truth*, to what people wanted without luck.

# %%
near = test.scores("truth")
columns = ["method", "mase", "mase_low", "mase_high", "bias", "bias_low", "bias_high"]
near[near.series == "all series"][columns].round(2)

# %% [markdown]
# And what would somebody reach who knows the truth? Here it is a forecast like the others, against what was sold.

# %%
import pandas as pd

from loyalty.tasks.t15.scene import score_the_truth

sold = pd.concat([test.scores(), score_the_truth()])
sold[sold.series == "all series"][["method", "mase", "mase_low", "mase_high"]].round(2)

# %% tags=["verify"]
true_score = near[near.series == "all series"].set_index("method")
luck = sold.mase.iloc[-1]
assert 0.55 < luck < 0.7 and luck > 0.7 * whole.mase["waves"]
assert true_score.mase["waves"] < 0.6 * true_score.mase["seasonal naive"] and true_score.bias_high["seasonal naive"] < 0
from loyalty.tasks.t15.scene import know_weeks

by_year = know_weeks().sum(axis=1).groupby(know_weeks().index.year).mean()
assert by_year[2025] > 1.04 * by_year[2024]

# %% [markdown]
# Even somebody who knows the truth has {{luck:.2f}}: the luck of the weeks, which no method can know. The naive repeats last year's luck. And it has a **forecast bias**: over all departments and the whole year it is too low by {{-true_score.bias["seasonal naive"]:.0%}}, because this chain grows, and last year was smaller. (Our four weeks of vitamins were too high. One order is no test.)
#
# ## Do the intervals keep their promise?
#
# Three minutes.

# %%
scores = test.scores()
whole = scores[scores.series == "all series"].set_index("method")
shares = ["coverage80", "coverage80_low", "coverage80_high"]
shares += ["coverage95", "coverage95_low", "coverage95_high"]
whole[shares].round(3)

# %%
waves = test.table[test.table.method == "waves"]
held = waves.actual.between(waves.low95, waves.high95).mean()
above = (waves.actual > waves.high95).mean()
print(f"inside the 95 % interval {held:.1%}, above its upper end {above:.1%}")

# %% tags=["verify"]
assert (whole.coverage80_low < 0.8).all() and (whole.coverage80_high > 0.8).all()
assert whole.coverage95_high["waves"] < 0.95
assert np.isclose(held, whole.coverage95["waves"]) and above > 0.05

# %% [markdown]
# The first table says which share of the weeks lay inside each interval (`test.plot_coverage()` draws it). The 80 % intervals keep their promise. The 95 % interval of `waves` holds {{whole.coverage95["waves"]:.1%}} ({{whole.coverage95_low["waves"]:.1%}} to {{whole.coverage95_high["waves"]:.1%}}): too narrow in this chain and this year. It knows the luck of a week, but it does not know that its own waves may be wrong. Over [twenty chains](../../docs/tables/demand.md) it is nearer to its promise, and still a little below. An order fails only at the upper end. It should be passed in one week of 40. It was passed in one of {{1 / above:.0f}}.
#
# Where do these intervals *of the coverage* come from? Weeks of one origin are good or bad together, in all departments. So each origin counts as one block.
#
# ## A grocer's days
#
# Six minutes. The Complete Journey has one year, so there is no season of the year to learn. But it has weekdays. We forecast 28 days, with one method more: exponential smoothing (`ets` in statsmodels). (About ten seconds.)

# %%
from loyalty.tasks.t15.scene import backtest_grocer

grocer = backtest_grocer()
best = grocer.best
columns = ["series", "method", "mase", "gap", "low", "high", "verdict"]
print(best[columns].round(2).to_string(index=False))

# %%
groceries = grocer.scores()
total = groceries[groceries.series == "all series"].set_index("method")
columns = ["mase", "mase_low", "mase_high"]
columns += ["coverage80", "coverage80_low", "coverage80_high"]
total[columns].round(2)

# %%
columns = ["method", "gap", "low", "high", "verdict"]
for rival in ("seasonal naive", "seasonal mean"):
    over_all = grocer.compare(to=rival).query("series == 'all series'")
    print(f"against the {rival}\n{over_all[columns].round(2).to_string(index=False)}\n")

# %% tags=["verify"]
first = total.mase.idxmin()
apart = grocer.compare(to="seasonal mean").query("series == 'all series' and method == @first").iloc[0]
assert apart.verdict == "not told apart"
others = grocer.compare().query("series == 'all series'")
assert (
    (best.method != "seasonal naive").all()
    and (best.verdict == "better").sum() >= 4
    and (others.verdict == "better").all()
)
assert total.mase.drop("seasonal naive").max() - total.mase.drop("seasonal naive").min() < 0.06
assert total.coverage80_low["seasonal naive"] > 0.8

# %% [markdown]
# For days the seasonal naive is last week, again and again for four weeks. Over all departments each of the others is better. Among themselves one year does not tell them apart: between the nearest and the mean of the last four weeks the gap is {{apart.gap:.2f}} ({{apart.low:.2f}} to {{apart.high:.2f}}). So take the one that you can explain. (`best` picks the winner when the race is over. It is no promise for next year.)
#
# The 80 % intervals of the naive hold {{total.coverage80["seasonal naive"]:.0%}}. They keep more than they promise, and are far too wide: an order by them fills the store.
#
# ## Sold is not wanted
#
# Six minutes. So far every product was always there. Now the same chain with real shelves: sometimes a supplier does not deliver, and sometimes a category is promoted.

# %%
from loyalty.tasks.t15.pictures import draw_shelf
from loyalty.tasks.t15.scene import follow_category, open_shelf

shelf = open_shelf()
pressure = follow_category(shelf, products, "Blood pressure")
title = "An empty shelf is not missing demand"
ax = draw_shelf(pressure, title, since="2025-04-01")

# %% [markdown]
# A **stock-out** looks like a week in which nobody wanted anything. A method that believes it orders less, and next time the shelf is empty earlier. The shop knows these days. So we flag the weeks: nobody learns from them, and nobody is scored on them.

# %%
asked = {"horizon": 4, "truth": pressure.truth}
believe = backtest_demand(pressure.sold, ["waves"], **asked)
flag = backtest_demand(pressure.sold, ["waves"], flags=pressure.flagged, **asked)
usual = flag.table.scored.to_numpy()
lines = {"every week believed": believe.table, "flagged weeks left out": flag.table}
lines = {name: one[usual] for name, one in lines.items()}
gaps = {name: (one.forecast - one.truth).abs().mean() for name, one in lines.items()}
bias = {name: one.forecast.sum() / one.truth.sum() - 1 for name, one in lines.items()}
pd.DataFrame({"distance": gaps, "bias": bias}).round(3)

# %% tags=["verify"]
low, low_flagged = bias["every week believed"], bias["flagged weeks left out"]
assert (believe.table.period.to_numpy() == flag.table.period.to_numpy()).all()
assert np.isclose(flag.scores("truth").bias.iloc[0], low_flagged)
assert gaps["flagged weeks left out"] < 0.5 * gaps["every week believed"] and low < -0.05 < low_flagged

# %% [markdown]
# That is the distance between forecast and truth, in pieces a week, and the bias, both on the {{usual.sum()}} weeks without a flag. If you believe the empty shelf, you forecast {{-low:.0%}} too little. With the flags it is {{-low_flagged:.0%}}.
#
# One category is one draw. Here the flags more than halve the distance. Over [twenty chains](../../docs/tables/demand.md) they take off about a fifth, and they help in all of them.

# %% [markdown]
# ## What we learned
#
# - **ABC analysis** says what brings the money; a fifth of the products need not bring 80 %.
# - A large **coefficient of variation** may be chance: an **XYZ analysis** of products that sell little sorts luck.
# - The **category mix** says who is hit, if the segment is older than the purchases.
# - A **season index** from three years has a wide interval, because each month was seen three times.
# - The **seasonal naive** is the one to beat, from a **rolling origin**, in **MASE**, with the **forecast bias** and the coverage of the **prediction intervals**.
# - After a **stock-out** sales are not demand.
#
# ## What could still be wrong
#
# - The backtest saw one year. Its intervals take the origins as independent, and a bad winter lasts longer than four weeks.
# - In food and gifts one chain and one year say little. In most of the [twenty chains](../../docs/tables/demand.md) the seasonal mean is the best there.
# - We looked at four methods. If you try thirty and take the best, its error looks small by luck.
# - In our world nobody buys a substitute when the shelf is empty, and nobody fills the cupboard in a promotion. Real customers do both.
# - A forecast says what people will buy if we do what we did. It does not say what a price or a letter changes: for that, see [lesson 32](../3_evaluate/32_design_the_test.ipynb).
#
# ## Use it on your data
#
# ```python
# demand = sum_demand("receipts.parquet", by="category", products="products.csv", every="week")
# backtest_demand(demand.wide(), ["seasonal naive", "waves"], horizon=4).plot()
# classes = classify_abc_xyz("receipts.parquet", products="products.csv", season_by="department")
# classes.table[["item", "abc", "xyz", "cv", "cv_chance"]]
# ```

# %% [markdown]
# [[links]]
