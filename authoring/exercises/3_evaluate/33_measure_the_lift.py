# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the autumn mailing
#     question: "A gift for everybody who visits the shop: what did it change, and shall everybody get one?"
#     module: loyalty.evaluate.lift
#     test: helpers/tests/tasks/t33/test_tasks.py
#     minutes: 40
#     pace: 15 for 33a and 33b, 25 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# In autumn 2024 the chain sent an e-mail to three quarters of its customers: *"A hand cream as a gift, with any purchase in the next two weeks"*. A lottery chose them; a quarter got nothing. The campaign calendar says 17 September 2024, because the list was loaded on that day. Then somebody at the agency was ill, and the e-mail went out on **1 October 2024** at six in the morning. Where the address was dead, nothing arrived (`delivered` is False). On Monday Jonas decides whether everybody gets the gift in December.
#
# There are two tables. `contacts` has one row for each of the 20,000 customers: `arm` is "gift" or "control", and `used_gift` is 1 if the customer took the gift. `receipts` has one row for each receipt **line** from 1 July to 25 November 2024. All lines with the same `basket_id` are one receipt. Two equal lines on a receipt are two articles: drop nothing.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? Run the cell with the hint again: it gives one step at a time. (The next cell makes the mailing; it takes about five seconds.)

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t33.scene import load_autumn

autumn = load_autumn()
contacts, receipts = autumn.contacts, autumn.receipts
contacts.groupby("arm")[["delivered", "used_gift"]].mean().round(3)

# %% [markdown]
# **33a Did more people buy?** The share of customers who bought anything in the four weeks **from the day of sending**, [1 October 2024, 29 October 2024): everyone drawn for the gift minus the control group. One number, a fraction to four decimals (0.0123 is 1.23 percentage points).

# %%
### BEGIN SOLUTION
window = receipts[(receipts.time >= "2024-10-01") & (receipts.time < "2024-10-29")]
bought = contacts.customer_id.isin(window.customer_id)
share = bought.groupby(contacts.arm).mean()
more_buyers = share["gift"] - share["control"]
### END SOLUTION

# %%
check("33a", more_buyers)

# %%
hint("33a")

# %% tags=["verify"]
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t33.scene import tell_autumn

wrong = {
    code: {m.name: m.value for m in find_task(code).compute().mistakes} for code in ("33a", "33b", "33c", "33d", "33e")
}
truth = tell_autumn()
assert wrong["33a"]["delivered_against_whole_control"] > 5 * more_buyers and more_buyers < 0.015

# %% [markdown] tags=["solution"]
# {{more_buyers * 100:.2f}} percentage points: of 1,000 customers drawn, {{more_buyers * 1000:.0f}} more bought. Two tempting ways would have made it a triumph. Of those who *took* the gift everybody bought; that is how one takes it: "+{{wrong["33a"]["redeemers_against_control"] * 100:.0f}} points". And those whom the e-mail *reached*, against the whole control group: "+{{wrong["33a"]["delivered_against_whole_control"] * 100:.0f}} points", because the dead addresses belong mostly to people who have left.
#
# Is {{more_buyers * 100:.2f}} more than luck? `measure_lift` of this share gives an interval; we shall need it in 33e.

# %% [markdown]
# **33b What did it change in sales?** Sales per customer **drawn**, in the same four weeks: `(effect, low, high)`, gift minus control, in euros to a tenth of a cent, such as `(1.234, 0.456, 2.012)`. The interval is the 95 % interval of the lesson, each group with its own variance (Welch).

# %%
### BEGIN SOLUTION
from loyalty.evaluate.lift import build_outcomes, measure_lift

outcomes = build_outcomes(contacts, receipts, start="2024-10-01", end="2024-10-29")
lift = measure_lift(contacts, outcomes, "sales")
autumn_lift = (lift.effect, lift.low, lift.high)
### END SOLUTION

# %%
check("33b", autumn_lift)

# %%
hint("33b")

# %% tags=["verify"]
tempting = wrong["33b"]
assert lift.low < truth.sales < lift.high and tempting["window_from_list_load"][0] < 0.8 * lift.effect
names = ["redeemers_against_control", "delivered_against_whole_control", "buyers_only", "window_from_list_load"]
assert all(tempting[name][1] > 0 for name in [*names, "lines_as_unit"])
assert tempting["lines_as_unit"][0] < 0.4 and tempting["buyers_only"][0] > 1.8 * lift.effect

# %% [markdown] tags=["solution"]
# €{{lift.effect:.2f}} (€{{lift.low:.2f}} to €{{lift.high:.2f}}). What the wrong ways would have told the board:
#
# | compared | result | what is wrong |
# |---|---|---|
# | who took the gift, with control | €{{tempting["redeemers_against_control"][0]:.2f}} | they came; the control group holds also those who did not |
# | whom it reached, with all of control | €{{tempting["delivered_against_whole_control"][0]:.2f}} | the dead addresses left one side only |
# | buyers only | €{{tempting["buyers_only"][0]:.2f}} | who bought nothing is part of the answer |
# | from 17 September on | €{{tempting["window_from_list_load"][0]:.2f}} | two of four weeks lie before the letter |
# | per receipt line | €{{tempting["lines_as_unit"][0]:.2f}} | a line was not drawn, a customer was |
#
# Zero lies outside all five intervals: each of them would have been called "significant". A p-value does not know who was compared. The right way takes everyone who was drawn, the days after the letter, and zero for a customer who bought nothing.
#
# The day of sending is a column, so let the function read it: `build_outcomes(…, from_sent=True)` starts the window at `sent_at`, for the control group on the day of the wave.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **33c The average receipt.** Sales *per receipt* in the four weeks (all sales of a group divided by all its receipts): gift minus control as `(effect, low, high)`, in euros to a tenth of a cent. The 95 % interval comes from the delta method with the customer as the unit, because the lottery drew customers, not receipts.

# %%
### BEGIN SOLUTION
per_receipt = measure_lift(contacts, outcomes, "sales", per="orders")
receipt_gap = (per_receipt.effect, per_receipt.low, per_receipt.high)
### END SOLUTION

# %%
check("33c", receipt_gap)

# %%
hint("33c")

# %% tags=["verify"]
by_receipt = wrong["33c"]["receipts_as_customers"]
assert by_receipt[2] - by_receipt[1] < 0.95 * (receipt_gap[2] - receipt_gap[1]) and receipt_gap[1] > 0

# %% [markdown] tags=["solution"]
# €{{receipt_gap[0]:.2f}} (€{{receipt_gap[1]:.2f}} to €{{receipt_gap[2]:.2f}}). If each receipt counted as an independent observation, the interval would be €{{by_receipt[1]:.2f}} to €{{by_receipt[2]:.2f}}, too narrow: ten receipts of one family are one family. And remember what this number is: it describes the receipts. It is not what the campaign brought, because people who came for the gift have changed the denominator as well.

# %% [markdown]
# **33d Sharper.** The answer of 33b, adjusted by what each customer had bought in the 28 days before the sending, [3 September 2024, 1 October 2024), with a slope for each group: `(effect, low, high)` with its 95 % interval, in euros to about a tenth of a cent.

# %%
### BEGIN SOLUTION
sharp = measure_lift(contacts, outcomes, "sales", before="sales")
sharper_lift = (sharp.effect, sharp.low, sharp.high)
### END SOLUTION

# %%
check("33d", sharper_lift)

# %%
hint("33d")

# %% tags=["verify"]
september = measure_lift(contacts, outcomes, "sales", window="pre")
assert september.open and september.effect < 0 and sharp.effect > lift.effect
assert 0.1 < sharp.details["saving"] < 0.25 and sharp.low < truth.sales < sharp.high
change = wrong["33d"]["change_since_before"]
assert change[2] - change[1] > lift.high - lift.low

# %% [markdown] tags=["solution"]
# €{{sharp.effect:.2f}} (€{{sharp.low:.2f}} to €{{sharp.high:.2f}}): {{sharp.details["saving"]:.0%}} of the variance is saved. The number moves up, because the lottery had given the gift group customers who bought a little less in September (−€{{abs(september.effect):.2f}}, well within chance); the adjustment makes up for a part of that. To subtract September *in full* is too much of a good thing: €{{change[0]:.2f}}, with an interval wider than without any adjustment.

# %% [markdown]
# **33e Which note does Jonas get?** A rough calculation is enough: of each euro of sales **30 cents** are margin (do not use the column `margin`). The gift costs **€2.40** for each customer who took it (`used_gift`). The e-mail costs **10 cents** for each customer drawn for it, delivered or not. Answer with a pair: the letter of the note that you sign, and the **lower end** of the profit's 95 % interval in euros per customer drawn, in the four weeks [1 October 2024, 29 October 2024), to a tenth of a cent, such as `("A", 0.123)`. The interval has to know about sales *and* gifts.
#
# - `"A"`: *Send it to everybody. Those who took the gift spent €33.59 more than the control group.*
# - `"B"`: *The gift raised sales. Whether it earned is open: do not send it to everybody on these numbers alone.*
# - `"C"`: *Send it to everybody. Sales rose, and the whole interval lies above zero.*
# - `"D"`: *Stop. It cannot be shown that more people bought, so the gift does nothing.*

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

main = outcomes[outcomes.window == "main"]
october = main.merge(contacts[["customer_id", "arm", "used_gift"]])
profit = 0.30 * october.sales - 2.40 * october.used_gift
with_gift, without = october.arm == "gift", october.arm == "control"
earned = compare_means(profit[with_gift], profit[without])
low, high = earned.low - 0.10, earned.high - 0.10
letter = "C" if low > 0 else "D" if high < 0 else "B"
note = (letter, low)
### END SOLUTION

# %%
check("33e", note)

# %%
hint("33e")

# %% tags=["verify"]
buyers = measure_lift(contacts, outcomes, "responded")
assert letter == "B" and buyers.open and buyers.effect == more_buyers
assert abs(tempting["redeemers_against_control"][0] - 33.59) < 0.005

# %% [markdown] tags=["solution"]
# B. At the estimate the gift leaves €{{earned.effect - 0.10:.2f}} per customer drawn (−€{{abs(low):.2f}} to €{{high:.2f}}): perhaps something, perhaps nothing. C reads the right interval and answers the wrong question: nobody doubts that *sales* rose, but did they leave *money*? D takes "not shown" for "not there" ({{buyers.effect * 100:.1f}} points more buyers, −{{abs(buyers.low) * 100:.1f}} to {{buyers.high * 100:.1f}}: much fits).
#
# The tempting short cut: 30 cents of the lower end of *sales*, less the average gift. Here it misses by a fifth of a cent only, because nearly all the luck is in the sales. It takes the gifts as sure, and nothing in it would tell you when that is wrong. One number a customer, one interval.
#
# What would an experienced colleague add? "Four weeks are kind to a gift: what people bought in October they may not buy in November. Count the four weeks after it too, before anybody signs." The receipts are there:

# %% tags=["solution"]
eight_weeks = outcomes[outcomes.window != "pre"].groupby("customer_id").sales.sum()
both = 0.30 * contacts.customer_id.map(eight_weeks) - 2.40 * contacts.used_gift
longer = compare_means(both[contacts.arm == "gift"], both[contacts.arm == "control"])
print(f"€{longer.effect - 0.10:.2f}, from {longer.low - 0.10:.2f} to {longer.high - 0.10:.2f}")

# %% tags=["verify"]
true_profit = 0.30 * truth.sales - 2.40 * contacts.used_gift[contacts.arm == "gift"].mean() - 0.10
assert low < true_profit < high and longer.low - 0.10 < 0 < longer.high - 0.10
assert longer.high - longer.low > 1.5 * (high - low) and 0.001 < abs(low - wrong["33e"]["interval_of_sales"][1]) < 0.003

# %% [markdown] tags=["solution"]
# €{{longer.effect - 0.10:.2f}} in eight weeks (−€{{abs(longer.low - 0.10):.2f}} to €{{longer.high - 0.10:.2f}}): a longer window, a wider interval, and open as before. "Open" is not yet a decision. What a wrong sending costs, and whether another test is worth its money, is the next lesson.
#
# And the truth, which only this world tells: the mailing changed sales by €{{truth.sales:.2f}} per customer drawn, inside the interval of 33b, and brought {{truth.responded * 1000:.0f}} more buyers of 1,000. With gifts and e-mails paid, €{{0.30 * truth.sales - 2.40 * contacts.used_gift[contacts.arm == "gift"].mean() - 0.10:.2f}} per customer drawn was left in the four weeks. Note B was a good note.
