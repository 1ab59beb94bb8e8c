# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: three letters with points
#     question: How many must stay out, who are they, and which plan gets signed?
#     module: loyalty.evaluate.design
#     test: helpers/tests/tasks/t32/test_tasks.py
#     minutes: 45
#     pace: 15 for 32a and 32b, 10 for the draw, 20 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, with 30,000 customers on the list. From 1 January 2025 on three letters go out, four weeks apart: *"300 extra points on your next purchase."* They go to the same people each time, and they are judged **once, after all 84 days**: did those who got the three letters spend more than those who got none?
#
# Three letters with their points cost €1.80 per customer, all in all, and of a euro of sales 28 cents are margin. On Monday Jonas signs a plan, and a plan says who stays out.
#
# `customers` is the list: consent, staff, last purchase. `receipts` are the lines of autumn 2024; two equal lines on a receipt are two articles, so drop nothing. (The cell takes about five seconds.) Put your answer in the place of `...`, run the cell, then run the check. Stuck? Run the cell with the hint again: it gives one step at a time.

# %%
import numpy as np
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.tasks.t32.scene import read_chain

customers, receipts = read_chain()
as_of = pd.Timestamp("2025-01-01")  # the day of the draw
start, end = pd.to_datetime(["2024-09-11", "2024-12-04"])  # 84 days of autumn, [start, end)
customers.head(3)

# %% [markdown]
# **32a What does the house rule see?** "We always leave out 5 %." *Eligible* is a customer who gave consent, is no staff, and bought on or after 1 January 2024. How many euros more per customer in 84 days must the letters bring, so that a test with 5 % of the eligible customers left out sees it in 80 of 100 cases (two-sided, 5 % false alarms: 1.96 + 0.8416 standard errors)? Use the formula of the lesson, with the standard deviation of what the eligible customers spent in [11 September 2024, 4 December 2024), zeros included. One number, euros, to the cent.

# %%
### BEGIN SOLUTION
recent = customers.last_purchase >= "2024-01-01"
eligible = customers[customers.consent & ~customers.staff & recent]
autumn = receipts[(receipts.time >= start) & (receipts.time < end)]
spent = autumn.groupby("customer_id").sales.sum()
spent = spent.reindex(eligible.customer_id, fill_value=0)
size, sd = len(spent), spent.std()
house_rule = (1.96 + 0.8416) * sd * np.sqrt(1 / (0.05 * size) + 1 / (0.95 * size))
### END SOLUTION

# %%
check("32a", house_rule)

# %%
hint("32a")

# %% [markdown] tags=["solution"]
# €{{house_rule:.2f}}, on €{{spent.mean():.2f}} that a customer spends in twelve weeks: {{house_rule / spent.mean():.0%}}. Ask Jonas when three letters last did that. There are tempting ways to a prettier number. One is to take a month for the spread: people differ by €{{autumn[autumn.time >= end - pd.Timedelta(days=28)].groupby("customer_id").sales.sum().reindex(spent.index, fill_value=0).std():.0f}} in four weeks and by €{{sd:.0f}} in twelve, but the campaign is judged after twelve. Another is to drop the top hundredth as "outliers". They will come in spring all the same, and they will not ask to be left out.
#
# The helper, given the whole history, says a little more, because letters bring *some* people in and so make the treated differ more:

# %% tags=["solution"]
from loyalty.evaluate.design import find_detectable

house = find_detectable(spent, size=size, control=0.05, worth=0.28, cost=1.80)
print(house.sentence("€"))

# %% [markdown]
# **32b How many must stay out?** Jonas wants to see it if the campaign *just pays*: if its additional sales bring in €1.80 of **margin** per customer. What is the smallest share of the eligible customers, in whole percent, with which that effect is seen in 80 of 100 cases? Use `find_detectable` from `loyalty.evaluate.design` as it is, with the history (what each eligible customer spent in [11 September 2024, 4 December 2024)) and `size=` the number of eligible customers. Do not round before you compare. One fraction: 7 % is 0.07.

# %%
### BEGIN SOLUTION
break_even = 1.80 / 0.28
shares = np.arange(1, 51) / 100
effects = [find_detectable(spent, size=size, control=share).effect for share in shares]
share_out = shares[np.array(effects) <= break_even].min()
### END SOLUTION

# %%
check("32b", share_out)

# %%
hint("32b")

# %% [markdown] tags=["solution"]
# **{{share_out:.0%}}**, {{share_out * size:,.0f}} customers. The break-even is €{{break_even:.2f}} of sales in twelve weeks. "Always 10 %" sees €{{find_detectable(spent, size=size, control=0.10).effect:.2f}}; half and half €{{find_detectable(spent, size=size, control=0.50).effect:.2f}} and leaves {{(0.5 - share_out) * size:,.0f}} customers more without a letter than the question needs. One percent less, {{share_out - 0.01:.0%}}, sees €{{find_detectable(spent, size=size, control=share_out - 0.01).effect:.2f}} and misses the condition by {{(find_detectable(spent, size=size, control=share_out - 0.01).effect - break_even) * 100:.0f}} cents; nobody should quarrel about that percent, but 10 % is another test altogether.
#
# And say it to Jonas at once: *seeing* the break-even is telling it from nothing. A proven profit needs a true effect of about twice that.

# %% tags=["verify"]
assert 0.15 < share_out < 0.30 and find_detectable(spent, size=size, control=0.10).effect > 1.2 * break_even

# %% [markdown]
# **32c Who stays out?** Draw the control group with `assign_arms` from `loyalty.evaluate.design` and your share from 32b, out of the eligible customers. The arms are called `"control"` and `"points"`. Customers who give consent later join the draw from that day. This must not change the group of anybody else. The word for this campaign, its salt, is `"points 2025"`. Until now Ines has added the number of the letter and drawn anew for each (`"points 2025 letter 3"`). Give the `customer_id`s of those who are control **when the third letter goes out**, as a set or a list.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.design import assign_arms

plan = {"control": share_out, "points": 1 - share_out}
drawn = assign_arms(eligible, plan, salt="points 2025")
control = set(drawn.contacts.customer_id[drawn.contacts.arm == "control"])
### END SOLUTION

# %%
check("32c", control)

# %%
hint("32c")

# %% [markdown] tags=["solution"]
# {{len(control):,}} customers, {{len(control) / size:.1%}} of {{size:,}}; a hash keeps a share on average, not to the head. The same people for all three, because the question is what *three* letters do. Drawn anew each time, only {{share_out**3:.1%}} would be without any letter at the end, and of the control of the third letter {{1 - share_out**2:.0%}} would have got one of the first two or both.

# %% tags=["solution"]
from loyalty.evaluate.design import check_balance, check_sample_ratio

before = pd.DataFrame({"customer_id": spent.index, "autumn": spent.to_numpy()})
before["days_since_purchase"] = (as_of - eligible.last_purchase).dt.days.to_numpy()
print(check_sample_ratio(drawn).sentence())
check_balance(drawn, before)

# %% tags=["verify"]
assert not check_sample_ratio(drawn).alarm and not check_balance(drawn, before).warnings

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **32d Thirteen Mondays.** Marta wants to look at the result every Monday, 13 times until the end, and to stop as soon as zero lies outside the interval. Suppose the letters do nothing. With which probability does she stop? Each look brings as much new data as the one before. One fraction, to about a thousandth: from `count_looks`, or from your own simulation of a million tests.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.design import count_looks

peeking = count_looks(13)
### END SOLUTION

# %%
check("32d", peeking)

# %%
hint("32d")

# %% [markdown] tags=["solution"]
# {{peeking:.0%}} instead of 5. Not 13 × 5 % = 65 %, and not 1 − .95¹³ = {{1 - 0.95**13:.0%}} either: what she saw last Monday is still in the data this Monday, so the looks resemble each other. Ask Marta to look at the *counts* on Mondays (sample ratio), and at the money once.

# %% [markdown]
# **32e Looks that are planned.** Marta asks once more: *"May I look after each letter, on day 28, 56 and 84, if it stands in the plan?"* Yes, with bounds. Spend the 5 false alarms in 100 after O'Brien and Fleming. The looks resemble each other as much as what the eligible customers had spent after 28, 56 and 84 days of autumn does (from 11 September on, zeros included): take the correlation of these three sums. **How many standard errors from zero must the result lie at the last look?** Use `plan_looks` from `loyalty.evaluate.design` with `correlation=`. One number, to three decimals.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.design import plan_looks

letter = (autumn.time - start).dt.days // 28
parts = autumn.groupby(["customer_id", letter]).sales.sum().unstack(fill_value=0)
until = parts.reindex(spent.index, fill_value=0).to_numpy().cumsum(axis=1)
planned = plan_looks(3, correlation=np.corrcoef(until.T))
last_bound = planned.bounds[-1]
### END SOLUTION

# %%
check("32e", last_bound)

# %%
hint("32e")

# %% [markdown] tags=["solution"]
# {{last_bound:.3f}}, after {{planned.bounds[0]:.2f}} and {{planned.bounds[1]:.2f}}. At the first look only a disaster stops the letters, or a wonder. At the end it takes hardly more than the 1.96 of a single look. The tables say {{plan_looks(3).bounds[-1]:.3f}}: they do not know that it is the same people each time.
#
# The tempting way is Pocock's: nearly the same bound at each look, {{plan_looks(3, correlation=planned.correlation, spending="pocock").bounds[-1]:.2f}} at the end. It stops earlier, and it pays for that at the end: a good campaign that shows late is missed more often. Write the choice into the plan before the first letter.

# %% tags=["verify"]
assert 1.96 < last_bound < plan_looks(3).bounds[-1] and abs(np.corrcoef(until.T)[0, 2] - 0.73) < 0.02

# %% [markdown]
# **32f Which plan does Jonas sign?** His conditions: an effect that just pays is seen in 80 of 100 cases; useless letters are celebrated in at most 5 of 100; and no more customers stay out than necessary. Answer with the letter.
#
# - `"A"`: 10 %, as other chains do, the same customers throughout, one look at the end.
# - `"B"`: half and half, the same customers throughout, one look at the end.
# - `"C"`: everybody with consent gets the letters; the control are the active customers without consent; one look at the end.
# - `"D"`: your share from 32b, the same customers throughout, one look at the end.
# - `"E"`: your share from 32b, drawn anew for each letter, one look at the end.
# - `"F"`: your share from 32b, the same customers throughout, a look every Monday, stop as soon as zero lies outside the usual interval.

# %%
### BEGIN SOLUTION
ten = find_detectable(spent, size=size, control=0.10)
signed = "A" if ten.effect <= break_even else "D"
### END SOLUTION

# %%
check("32f", signed)

# %%
hint("32f")

# %% [markdown] tags=["solution"]
# D. A is too blind, B leaves out more than is needed, C compares two kinds of people, E has hardly anybody left without a letter, and F rings in {{peeking:.0%}} of useless campaigns.
#
# What would C have "found"? In autumn, without any letter:

# %% tags=["solution"]
active = customers[~customers.staff & (customers.last_purchase >= "2024-01-01")]
autumn_spend = autumn.groupby("customer_id").sales.sum()
autumn_spend = active.customer_id.map(autumn_spend).fillna(0)
free = autumn_spend[active.consent].mean() - autumn_spend[~active.consent].mean()
print(f"€{free:.2f} a customer, before the first letter")
print(f"{free / break_even:.1f} times the break-even")

# %% [markdown] tags=["solution"]
# And then it was spring. In this chain we may see both lives of each customer, with three letters and without, and let your lottery decide which of the two each of them lives:

# %% tags=["solution"]
from loyalty.stats import compare_means
from loyalty.tasks.t32.scene import reveal_spring

spring = reveal_spring().set_index("customer_id").loc[eligible.customer_id]
stays_out = spring.index.isin(control)
found = compare_means(spring.with_points[~stays_out], spring.without[stays_out])
truth = (spring.with_points - spring.without).mean()
print(f"measured: €{found.effect:.2f} ({found.low:.2f} to {found.high:.2f})")
print(f"truth: €{truth:.2f}")

# %% tags=["verify"]
assert free > 2 * break_even and found.low < truth < found.high and truth > break_even
from loyalty.evaluate.design import find_power

at_truth = find_power(spent, size=size, effect=truth, control=share_out).power
assert at_truth > 0.8 and found.low < break_even

# %% [markdown] tags=["solution"]
# The truth, €{{truth:.2f}}, is above the break-even of €{{break_even:.2f}}: the campaign paid. The effect is seen, as planned: zero lies outside the interval. The profit is *not* proven: its lower end, €{{found.low:.2f}}, lies below the break-even. Jonas was told so before. An experienced colleague writes the plan, the share, the salt and the day of the one look on a page, sends it to Jonas **before** the first letter, and keeps the answer.
