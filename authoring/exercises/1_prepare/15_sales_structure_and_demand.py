# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "an empty shelf"
#     question: How much shower gel shall we order for January?
#     module: loyalty.prepare.demand
#     test: helpers/tests/tasks/t15/test_tasks.py
#     minutes: 35
#     pace: 15 for 15a and 15b, 15 for 15c and 15d, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# It is Monday, 29 December 2025, before the shops open. Another chain, and Ines orders shower gel for the next four weeks. She has three years of receipts, up to yesterday. On some days the shelf was empty, because the supplier did not deliver. In some weeks there was a promotion. The shop wrote both down.
#
# `days` has one row a day: pieces and sales of shower gel, and the two flags. `receipts` and `products` are those of the whole chain.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("15a")` gives one step at a time.

# %%

from loyalty.tasks import check, hint
from loyalty.tasks.t15.scene import open_exercise, open_shower

receipts, products = open_exercise()[:2]
days, weeks, flagged = open_shower()
days.tail(3)

# %% [markdown]
# **15a What was wanted?** How many pieces of shower gel were sold on an ordinary day, from 1 October to 28 December 2025, both included? A day is ordinary when the shelf was not empty and there was no promotion. One number: the mean of pieces a day, to two decimals.

# %%
### BEGIN SOLUTION
autumn = days[days.date.between("2025-10-01", "2025-12-28")]
ordinary = autumn[~autumn.out_of_stock & ~autumn.promotion]
wanted = ordinary.pieces.mean()
### END SOLUTION

# %%
check("15a", wanted)

# %%
hint("15a")

# %% tags=["verify"]
plain = autumn.pieces.mean()
assert plain < 0.9 * wanted and autumn[autumn.out_of_stock].pieces.sum() == 0

# %% [markdown] tags=["solution"]
# {{wanted:.2f}} pieces a day. All days together say {{plain:.1f}}: an order of that size is too small, and the shelf is empty again. The promotion pulls the other way. The two do not cancel out: here the empty days weigh more, elsewhere it may be the promotion.

# %% [markdown]
# **15b What brings the money?** "A fifth of the products brings 80 % of the sales." What does the largest fifth of the products bring in this chain? Rank the products by their sales in euros of 2025, up to yesterday. One number: the share of all sales of these days, in percent, to two decimals.

# %%
### BEGIN SOLUTION
year = receipts[receipts.time >= "2025-01-01"]
sales = year.groupby("product_id").sales.sum().sort_values(ascending=False)
fifth = 100 * sales.head(len(sales) // 5).sum() / sales.sum()
### END SOLUTION

# %%
check("15b", fifth)

# %%
hint("15b")

# %% tags=["verify"]
from loyalty.prepare.demand import classify_abc_xyz

classes = classify_abc_xyz(receipts, products=products, start="2025-01-01", draws=50)
class_a = ((sales.cumsum() - sales) / sales.sum() < 0.8).sum()
assert 50 < fifth < 60 and class_a > 2 * len(sales) // 5
kept = (classes.table.abc_keep >= 0.9).mean()

# %% [markdown] tags=["solution"]
# {{fifth:.1f}} %, and not 80. For 80 % it takes {{class_a}} of {{len(sales)}} products: these are class A. (`classify_abc_xyz` finds them in whole months, and says how surely: when the months are drawn again, {{kept:.0%}} of the products keep their letter in at least nine of ten draws.)

# %% [markdown]
# **15c How wrong is the forecast?** From here on we take weeks: `weeks` is the series, and `flagged` says which weeks had a sold-out day or a promotion. Test `waves` from a rolling origin: four weeks ahead, first origin after two years, a new one every four weeks. Flagged weeks are not learned from and not scored: give `flags=flagged`. Use `backtest_demand`, and leave its other settings as they are. What is its MASE? One number, to three decimals.

# %%
### BEGIN SOLUTION
from loyalty.prepare.demand import backtest_demand

test = backtest_demand(weeks, ["seasonal naive", "waves"], horizon=4, flags=flagged)
scores = test.scores().set_index("method")
mase = scores.mase["waves"]
### END SOLUTION

# %%
check("15c", mase)

# %%
hint("15c")

# %% tags=["verify"]
one = test.compare().iloc[0]
assert mase < scores.mase["seasonal naive"]

# %% [markdown] tags=["solution"]
# {{mase:.2f}} ({{scores.mase_low["waves"]:.2f}} to {{scores.mase_high["waves"]:.2f}}), the seasonal naive {{scores.mase["seasonal naive"]:.2f}}. The difference is {{one.gap:.2f}} ({{one.low:.2f}} to {{one.high:.2f}}), which means: {{one.verdict}}. In sample the method would look better, because it bends towards the weeks that it is judged on. And MAPE would divide by the few pieces of the sold-out weeks.

# %% [markdown]
# **15d How much?** Forecast the four weeks after the end of the series, from today on, with `waves`, learned from ordinary weeks. How many pieces are that in all? One number, to a whole piece.

# %%
### BEGIN SOLUTION
from loyalty.prepare.demand import forecast_demand

january = forecast_demand(weeks, 4, method="waves", flags=flagged)
pieces = january.total
### END SOLUTION

# %%
check("15d", pieces)

# %%
hint("15d")

# %% tags=["verify"]
believed = forecast_demand(weeks, 4, method="waves").total
upper = january.table.high80.sum()
last = weeks.iloc[-52:-48].sum()
coverage = scores.loc["waves", ["coverage95", "coverage95_low", "coverage95_high"]]
assert last < believed < pieces and pieces - believed > 40

# %% [markdown] tags=["solution"]
# {{pieces:.0f}} pieces. With the empty shelves in the history it would be {{believed:.0f}}: a forecast of sales, and not of demand. And last January {{last:.0f}} were sold, because for some days there was nothing to sell. (In the backtest the 95 % intervals held {{coverage.iloc[0]:.0%}} of the weeks, {{coverage.iloc[1]:.0%}} to {{coverage.iloc[2]:.0%}}.)

# %% [markdown]
# ## Monday
#
# **15e The order.** What does Ines do? One letter.
#
# - `"P"`: *Order what was sold in the same weeks of last January.*
# - `"Q"`: *Forecast from ordinary weeks, and order for each week the upper end of its 80 % interval; and write down each day on which the shelf is empty.*
# - `"R"`: *Order as for the last promotion week, so that the shelf is never empty.*
# - `"S"`: *Order the forecast without a reserve: in sample the error is small.*
# - `"T"`: *Take shower gel off the list: its sales go up and down.*

# %%
### BEGIN SOLUTION
decision = "Q"
### END SOLUTION

# %%
check("15e", decision)

# %%
hint("15e")

# %% [markdown] tags=["solution"]
# Q. P leads to the empty shelf again, R fills the store, S trusts a number that was found on known weeks, and T punishes the customers for the supplier. The upper ends add up to {{upper:.0f}} pieces, {{upper - pieces:.0f}} more than the forecast. What is left over sells in February. Whether 80 % is the right level is a question of money: what does an empty shelf cost, and what does a full one?
