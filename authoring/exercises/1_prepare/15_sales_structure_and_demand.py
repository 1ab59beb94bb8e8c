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
# It is 29 December 2025. Another chain, and Ines orders shower gel for the next four weeks. She has three years of receipts. On some days the shelf was empty, because the supplier did not deliver. In some weeks there was a promotion. The shop wrote both down.
#
# `days` has one row a day: pieces and sales of shower gel, and the two flags. `receipts` and `products` are those of the whole chain.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("15a")` gives one step at a time.

# %%

from loyalty.tasks import check, hint
from loyalty.tasks.t15.scene import open_exercise, open_shower

receipts, products, flags = open_exercise()
days, weeks, flagged = open_shower()
days.tail(3)

# %% [markdown]
# **15a What was wanted?** How many pieces of shower gel were sold on an ordinary day, from 1 October to 31 December 2025, both included? A day is ordinary when the shelf was not empty and there was no promotion. One number: the mean of pieces a day, to two decimals.

# %%
### BEGIN SOLUTION
autumn = days[days.date.between("2025-10-01", "2025-12-31")]
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
# {{wanted:.1f}} pieces a day. All days together say {{plain:.1f}}: who plans with that orders too little, and the shelf is empty again. The promotion pulls the other way. That both happened does not make the mean right: it is luck which of the two was more.

# %% [markdown]
# **15b What brings the money?** How many products of this chain are in class A in 2025? They are the ones that bring the first 80 % of the sales in euros. The product that crosses the 80 % belongs to them. One whole number.

# %%
### BEGIN SOLUTION
year = receipts[receipts.time.between("2025-01-01", "2026-01-01", inclusive="left")]
sales = year.groupby("product_id").sales.sum().sort_values(ascending=False)
before = (sales.cumsum() - sales) / sales.sum()
class_a = int((before < 0.8).sum())
### END SOLUTION

# %%
check("15b", class_a)

# %%
hint("15b")

# %% tags=["verify"]
from loyalty.prepare.demand import classify_abc_xyz

classes = classify_abc_xyz(receipts, start="2025-01-01", end="2026-01-01", draws=50)
assert (classes.table.abc == "A").sum() == class_a
kept = (classes.table.abc_keep >= 0.9).mean()

# %% [markdown] tags=["solution"]
# {{class_a}} of {{len(sales)}}. "A fifth brings 80 %" would be {{len(sales) // 5}}, and they bring {{sales.head(len(sales) // 5).sum() / sales.sum():.0%}}. (`classify_abc_xyz` gives the same number, and says how surely: when the months are drawn again, {{kept:.0%}} of the products keep their letter in at least nine of ten draws.)

# %% [markdown]
# **15c How wrong is the forecast?** From here on we take weeks: `weeks` is the series, and `flagged` says which weeks had a sold-out day or a promotion. Test `waves` from a rolling origin: four weeks ahead, first origin after two years, a new one every four weeks. Flagged weeks are not learned from and not scored. What is its MASE? One number, to three decimals.

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
# **15d How much?** Forecast the four weeks after the end of the series, from 29 December 2025 on, with `waves`, learned from ordinary weeks. How many pieces are that in all? One number, to a whole piece.

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
# - `"Q"`: *Order the forecast from ordinary weeks, with a reserve for the weeks above it; and write down each day on which the shelf is empty.*
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
# Q. P orders the empty shelf again, R fills the store, S trusts a number that was found on known weeks, and T punishes the customers for the supplier. How large the reserve should be is a question of money: what does an empty shelf cost, and what does a full one?
