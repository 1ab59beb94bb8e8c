# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Spend the budget
#     question: Which offer to which segment for this money?
#     part_a: 25
#     part_b: 35
#     know_first: ["34"]
#     module: loyalty.evaluate.budget
#     test: helpers/tests/evaluate/budget/test_plan.py::test_prices_of_money_capacity_and_caps_are_finite_differences_upward
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - turn a test into a table of segment × offer: the profit and the cost of a contact, with its doubt
# - spend a budget by hand, then as a **linear programme**, and read the **shadow price**: what one more euro would bring
# - see how much of its promise a plan keeps, and meet the **optimizer's curse**
# - in Part B: draw the **efficient frontier**, and give calls, rewards and the control group their price

# %% [markdown]
# ## Ten thousand euros for Christmas
#
# It is the end of November. Jonas has €10,000 for the Christmas mailing. *"Everything that leaves the till for it has to fit in: letters, calls, discounts, points."* Marta wants to give the best offer to the best customers until the money is gone. Ines has no opinion. She has a test.
#
# In October every customer took part whom the chain had seen in the last half year. A lottery split them into five equal groups. Four of them got one offer each: ten percent off everything, a fifth off face care, bonus points, or a call from the pharmacist with a small present for those who then come. The fifth group got nothing.
#
# From the receipts before the test we know the **segment** of each customer: the shelf on which he spends most, or "online". The next cell makes the chain and plays the test. That takes about five seconds.

# %%
from loyalty.tasks.t38.christmas import play_autumn

autumn = play_autumn()
world, customers, wave = autumn.world, autumn.customers, autumn.wave
wave

# %% [markdown]
# ## What does a contact bring, and what does it cost?
#
# We need two numbers for each customer, over the eight weeks after the sending. **Profit** is the margin less presents, points and the contact, as in [Lift in money](34_lift_in_money.ipynb). **Spent** is what Jonas has to find: the same costs, and the discounts as well. (The discounts are off the margin already. A point costs a cent, and 70 of 100 are ever spent.)

# %%
paid = ["margin", "discount", "reward_paid", "points_issued"]
bought = wave.outcomes.groupby("customer_id")[paid].sum().reset_index()
people = wave.contacts[["customer_id", "arm", "segment"]].merge(bought)
people = people.merge(customers[["customer_id", "year"]])
contact = people.arm.map(world.offers.set_index("offer_id").contact_cost).fillna(0)
given = people.reward_paid + people.points_issued * 0.70 * 0.01 + contact
people = people.assign(profit=people.margin - given, spent=people.discount + given)
people.groupby("arm")[["profit", "spent"]].mean().round(2)

# %% tags=["verify"]
mean = people.groupby("arm")[["profit", "spent"]].mean()
assert mean.profit.idxmax() == "basket_discount" and (mean.profit.drop("control") > mean.profit["control"]).all()
assert 0 < mean.spent["control"] < 0.3

# %% [markdown]
# (The control group costs a little too, because card holders collect points on whatever they buy. So we will count the cost, like the profit, as treated less control.)
#
# Marta reads the first line and wants ten percent off for everybody. But the question is *which offer to which segment*. We need the two numbers for each pair of a segment and an offer. Such a pair is called an **option**. `measure_lift` finds the profit with its standard error `se`, and it sharpens both by what each customer had brought in the year before.

# %%
from loyalty.evaluate.lift import measure_lift

lifts = measure_lift(people, outcome="profit", by="segment", before="year").to_frame()
spent = people.pivot_table("spent", "segment", "arm", observed=True)
extra = spent.drop(columns="control").sub(spent.control, axis=0).stack().rename("cost")
options = lifts.rename(columns={"arm": "offer_id", "effect": "profit"})
options["se"] = (options.high - options.low) / (2 * 1.96)
options = options.join(extra, on=["segment", "offer_id"])
options["customers"] = options.segment.map(customers.segment.value_counts())
options = options[["segment", "offer_id", "customers", "profit", "se", "cost"]]
options.sort_values("profit", ascending=False).head().round(2)

# %%
from loyalty.charts import house_style
from loyalty.tasks.t38.pictures import draw_options

house_style()
ax = draw_options(options)

# %% tags=["verify"]
top = options.loc[options.profit.idxmax()]
assert (top.segment, top.offer_id) == ("baby", "bonus_points") and len(options) == 24
assert ((options.profit - 1.96 * options.se) > 0).sum() == 4 and options.cost.min() > 0
assert options.notna().all(axis=None)

# %% [markdown]
# The best option is bonus points for the baby shelf: a contact costs €{{top.cost:.2f}} and brings **€{{top.profit:.2f}}** (€{{top.profit - 1.96 * top.se:.2f}} to €{{top.profit + 1.96 * top.se:.2f}}). Most of the other intervals hold zero. The figures are noisy. We keep that in mind, and plan.
#
# ## By hand, on a small table
#
# Two segments of a thousand customers each, three offers, and €1,300. Everybody gets at most one offer. Which contacts do we buy?

# %%
import pandas as pd

tiny = pd.DataFrame({"segment": ["families"] * 3 + ["beauty"] * 3,
                     "offer_id": ["points", "10 % off", "face care"] * 2, "customers": 1_000,
                     "profit": [1.20, 1.30, 0.10, 0.30, 0.30, 0.90],
                     "cost": [0.80, 1.30, 0.15, 0.60, 0.50, 0.75]})  # fmt: skip
tiny["per_euro"] = tiny.profit / tiny.cost
tiny.sort_values("per_euro", ascending=False).round(2)

# %% [markdown]
# By profit *per contact* ten percent off for families wins. It takes all the money and brings €1,300. But we have customers enough; it is the euros that are scarce. So we buy by profit **per euro**, from the top. All families get points, and what is left goes to face care.

# %%
money, by_hand = 1_300, []
from_the_top = tiny.sort_values("per_euro", ascending=False).drop_duplicates("segment")
for row in from_the_top.itertuples():
    contacts = min(row.customers, money / row.cost)
    money = money - contacts * row.cost
    sums = [contacts, contacts * row.cost, contacts * row.profit]
    by_hand.append([row.segment, row.offer_id, *sums])
names = ["segment", "offer_id", "contacts", "cost", "profit"]
by_hand = pd.DataFrame(by_hand, columns=names)
by_hand.round(1)

# %% tags=["verify"]
assert abs(by_hand.profit.sum() - 1_800) < 1e-9 and abs(by_hand.cost.sum() - 1_300) < 1e-9
assert tiny.sort_values("per_euro").offer_id.iloc[-1] == "points" and abs(tiny.per_euro[5] - 1.2) < 1e-9

# %% [markdown]
# **€{{by_hand.profit.sum():,.0f}}** for the same money. And if Jonas gave one euro more? It would go where the money ran out, to face care, and bring €{{tiny.per_euro[5]:.2f}}. That is the **shadow price** of a euro. The average is higher: the plan brings €{{by_hand.profit.sum() / 1_300:.2f}} for each euro spent. But the good places are taken. If you multiply the next thousand by the average, you count the families twice.
#
# A real table has more lines, and a call centre that can be full. Sometimes a cheap offer must make room for a dearer one in the same segment. Then you cannot do it by hand. A **linear programme** can. We tell it what should be large (profit × contacts), and what must not be exceeded (the customers of each segment, and the money).

# %%
from scipy.optimize import linprog

groups = [(tiny.segment == name).astype(int) for name in ("families", "beauty")]
most = [1_000, 1_000, 1_300]
# linprog makes a sum as small as it can: hence the minus
solved = linprog(-tiny.profit, A_ub=[*groups, tiny.cost], b_ub=most)
print(f"profit €{-solved.fun:,.2f}, one more euro €{-solved.ineqlin.marginals[-1]:.2f}")

# %%
from loyalty.evaluate.budget import plan_budget

plan_budget(tiny, 1_300)

# %% tags=["verify"]
small = plan_budget(tiny, 1_300)
assert abs(-solved.fun - 1_800) < 1e-6 and abs(small.profit.effect - 1_800) < 1e-6
assert abs(-solved.ineqlin.marginals[-1] - 1.2) < 1e-6 and abs(small.shadow_price - 1.2) < 1e-6

# %% [markdown]
# Three ways, one number. (The helper warns because we gave it no standard errors.)
#
# ## The Christmas plan
#
# Now the real table. One condition more: a tenth of each segment gets nothing, and a lottery decides who. Without this control group nobody could say in February what Christmas has brought.

# %%
plan = plan_budget(options, 10_000, control_share=0.10)
plan

# %%
ax = plan.plot(unit="€", source="loyalty.world, seed 38")
label = ax.set_xlabel("€")
# %% tags=["verify"]
assert list(plan.plan.segment) == ["baby", "baby", "home", "online"] and abs(plan.cost - 10_000) < 0.01
assert list(plan.plan.offer_id) == ["bonus_points", "category_discount", "concierge", "category_discount"]
assert 1.5 < plan.shadow_price < 2.2 and plan.profit.low > 0
average = plan.profit.effect / plan.cost
assert average > 1.5 * plan.shadow_price

# %% [markdown]
# The plan promises **€{{plan.profit.effect:,.0f}} of profit** (€{{plan.profit.low:,.0f}} to €{{plan.profit.high:,.0f}}). One more euro would bring €{{plan.shadow_price:.2f}}. So Jonas should find more money, as long as a euro brings less than that elsewhere. The average would have misled him again.
#
# The baby shelf gets two offers, and that is right. Points go as far as the money reaches, and the cheap voucher goes to the others.
#
# But the helper does not trust this promise. It says *count on about* a much smaller number, and it warns. Before we read why, your bet: **what will this plan truly bring, in euros?**

# %%
from loyalty.tasks import predict, reveal

predict("38-bet", ...)  # your bet in euros, in the place of the dots

# %% [markdown]
# ## What the plan truly brings
#
# In this world we know what each customer is expected to bring at Christmas, with each offer and without. We add it up for three ways to spend the money. Marta gives ten percent off to the best customers of last year. We follow our plan. And somebody who knows the truth makes the best plan of all, with the same segments and offers.

# %%
from loyalty.tasks.t38.christmas import bring, list_true_options, look_behind, pay_best_customers

curtain = look_behind(autumn)
segment = customers.set_index("customer_id").segment
truth = list_true_options(curtain, segment)
marta, reached = pay_best_customers(autumn, curtain, "basket_discount", 10_000)
brought, bill = bring(plan, truth)
oracle = plan_budget(truth, 10_000, control_share=0.10)
promise = {"estimate": plan.profit.effect, "low": plan.profit.low, "high": plan.profit.high}
reveal("38-bet", **promise, truth=brought, unit="€")

# %% tags=["verify"]
called, _ = pay_best_customers(autumn, curtain, "concierge", 10_000)
everybody = mean.profit.drop("control")
spread_of_offers = everybody.max() - everybody.min()
assert called > brought and spread_of_offers < 0.35
assert marta < brought < plan.profit.low and brought / oracle.profit.effect < 0.5
fluke = truth[(truth.segment == "home") & (truth.offer_id == "concierge")].profit.item()
voucher = truth[(truth.segment == "baby") & (truth.offer_id == "category_discount")].profit.item()
points = truth[(truth.segment == "baby") & (truth.offer_id == "bonus_points")].profit.item()
assert fluke < 0 and 0 < voucher < 0.2 and points > 1.2
missed = oracle.plan[~oracle.plan.segment.isin(plan.plan.segment)]
assert list(missed.segment) == ["chronic"] and list(missed.offer_id) == ["concierge"]
by_option = options.set_index(["segment", "offer_id"]).profit
overlooked = by_option["chronic", "concierge"]
assert overlooked < 0.5 and missed.profit.item() / missed.contacts.item() > 2 * overlooked
home_types = autumn.later.truth.types.set_index("customer_id").type.reindex(segment.index)
seen_through = plan_budget(list_true_options(curtain, home_types), 10_000, control_share=0.10)
assert seen_through.profit.effect > 1.2 * oracle.profit.effect
assert brought / plan.profit.effect < 1 / 3

# %% [markdown]
# Less than a third of the promise. What happened?
#
# The programme looked for the highest profit per euro among noisy options. It found the good ones, *and the lucky ones*. Calls to the home shelf promised €{{by_option["home", "concierge"]:.2f}} each; in truth they lose money. Calls to the chronic shelf do earn, but they looked poor in our test. This is the **optimizer's curse**, the winner's curse of [The response history](../4_learn/41_response_history.ipynb) with money in its hand. The interval does not help. It says how far the figures may err, and it does not know that the plan was *chosen because of* them.
#
# That was the helper's warning. It spoils the figures once more, plans again, and does so twenty times. On average such plans lose about €{{plan.disappointment:,.0f}} of their promise. So it tells Jonas: *"count on about €{{round(plan.profit.effect - plan.disappointment, -3):,.0f}}"*. For our unlucky test even that is too much, but it is the right kind of sentence.

# %%
from loyalty.tasks.t38.pictures import draw_promise

others = {"best offer to the\nbest customers": marta}
others["best plan, knowing\nthe truth"] = oracle.profit.effect
ax = draw_promise(plan.profit, brought, others)

# %% [markdown]
# Our plan brings **€{{brought:,.0f}}**, more than Marta's way, because many of her best customers would have bought anyway. The same money could have brought €{{oracle.profit.effect:,.0f}}. A plan from one noisy test was better than this habit, and much poorer than its own promise.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/38_spend_the_budget.ipynb), at least 38a and 38b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Was that bad luck?
#
# In this world each customer can live five lives, one with each offer and one with none. So we can deal the lots of the test again and again. Each lottery shows another table and leads to another plan. We also ask whether we should have *calmed* the figures before we planned. Here are five ways to read the same test:
#
# - *raw*, as in Part A
# - *raw, cautious*: 0.84 standard errors less in each option, which is the lower fifth of what it may be (the helper's `caution=0.2`)
# - *calmed towards its offer*: each option is pulled towards the mean of its offer, the noisier the further
# - *calmed, one bank for all*: each option is pulled towards one mean of all 24
# - *one lift for each offer*, the same for every segment; it came nearer to the truth than calmed options in The response history.
#
# Thirty lotteries take about ten seconds.

# %%
from loyalty.tasks.t38.christmas import deal_lotteries, read_in_five_ways, spend

lottery = []
tables = deal_lotteries(autumn, truth, times=30)
for table in tables:
    readings = read_in_five_ways(table)
    lottery += [{"reading": name} | spend(table, profit) for name, profit in readings.items()]
lottery = pd.DataFrame(lottery)
means = lottery.groupby("reading", sort=False).mean()
means["of the best plan, %"] = means.brought / oracle.profit.effect * 100
means.round(0)

# %% tags=["verify"]
true_profit = truth[["segment", "offer_id", "profit"]].rename(columns={"profit": "truth"})
known = options.merge(true_profit)
alike = spend(known, known.profit)
assert abs(alike["promised"] - plan.profit.effect) < 0.01 and abs(alike["brought"] - brought) < 0.01
raw, cautious, calmed, one_bank, one_lift = (means.loc[name] for name in means.index)
assert means.index[0] == "raw" and "one lift" in one_lift.name and "bank" in one_bank.name
tries = lottery[lottery.reading == "raw"]
worse = (tries.brought <= brought).mean()
kept = (tries.brought / tries.promised).mean()
spread = lottery.pivot_table("brought", lottery.index // 5, "reading")
gap_calm = spread["raw"] - spread["calmed towards its offer"]
margin = 1.96 * gap_calm.std() / len(gap_calm) ** 0.5
assert (
    1.7 < (plan.profit.effect - brought) / plan.disappointment < 2.1
    and worse < 0.35
    and raw.promised > 1.7 * raw.brought
    and one_lift.brought < 0.5 * raw.brought
)
assert (tries.promised > tries.brought).all()
assert 1.8 < (plan.profit.effect - brought) / (raw.promised - raw.brought) < 2.2
assert min(raw.brought, cautious.brought) > calmed.brought > one_bank.brought > one_lift.brought
assert abs(one_bank.promised - one_bank.brought) < abs(calmed.promised - calmed.brought) < raw.promised - raw.brought
assert 0.9 < cautious.promised / cautious.brought < 1.2 and cautious.brought > raw.brought - margin
assert 0.7 < plan.disappointment / (raw.promised - raw.brought) < 1.3


# %%
from loyalty.tasks.t38.pictures import draw_promises

ax = draw_promises(lottery, (plan.profit.effect, brought), oracle.profit.effect)

# %% [markdown]
# *Was it bad luck?* Partly. Of the thirty lotteries {{worse * 100:.0f}} % led to a plan as poor as ours or poorer. But every single raw plan breaks its promise. On average it promises €{{raw.promised:,.0f}} and brings €{{raw.brought:,.0f}}, which is {{raw["of the best plan, %"]:.0f}} % of the best plan. So €{{raw.promised - raw.brought:,.0f}} are lost on average. The helper's guess, €{{plan.disappointment:,.0f}}, was no bad one; our own loss was twice as large. (And had Marta happened to like calls, her best customers would have brought €{{called:,.0f}}, more than our plan. Nothing in the table of offers told her so: there the four are within {{spread_of_offers * 100:.0f}} cents of each other.)
#
# *Should we have calmed the options?* There are two answers, and they differ.
#
# - **For the promise: yes.** Calming all options towards *one* mean promises €{{one_bank.promised:,.0f}} and brings €{{one_bank.brought:,.0f}}, which is nearly honest. The mean of its offer calms too little: it promises €{{calmed.promised:,.0f}} and brings €{{calmed.brought:,.0f}}.
# - **For the choice: no, not like this.** Options calmed towards their offer chose slightly worse than raw ones, by €{{raw.brought - calmed.brought:,.0f}} (±€{{margin:,.0f}}). *One lift for each offer*, which had the smaller error in lesson 41, chose by far the worst: €{{one_lift.brought:,.0f}}. It says the same for every segment, and our question was which segment. Calls are good for one shelf and bad for the others. If you pull all of them towards their mean, you hide the good one. Small errors on average and good decisions are two things.
#
# **The cautious reading is good at both.** It promises €{{cautious.promised:,.0f}} and brings €{{cautious.brought:,.0f}}. It prefers a sure euro to an uncertain €1.50, and on average it keeps what it tells Jonas. So choose by the sharpest figures that you have, and plan with `caution=0.2`.
#
# That is a third rule, for a third question:
#
# | question | rule |
# |---|---|
# | Did *one* campaign earn? | its whole interval, and if that is open, what one more test is worth ([lesson 34](34_lift_in_money.ipynb)) |
# | *Whom* does one offer go to? | those whose predicted effect is above the cost ([lesson 37](37_who_to_target.ipynb)) |
# | Which of many noisy options? | the cautious figures: caution is the price of picking the highest |
#
# For the plan of our own test the cautious figures stand in `.profit.details`, as "planned":

# %%
careful = plan_budget(options, 10_000, control_share=0.10, caution=0.2)
planned = careful.profit.details["planned"]
print(f"planned €{planned:,.0f}, truly brings €{bring(careful, truth)[0]:,.0f}")

# %% tags=["verify"]
assert brought < bring(careful, truth)[0] < careful.profit.details["planned"] < plan.profit.effect

# %% [markdown]
# Instead of €{{plan.profit.effect:,.0f}} it says €{{careful.profit.details["planned"]:,.0f}}, and instead of €{{brought:,.0f}} it brings €{{bring(careful, truth)[0]:,.0f}}. A larger test would help more.

# %% [markdown]
# ## How much money is enough?
#
# Jonas asks the other way round: what would €5,000, €15,000, €20,000 bring? The **efficient frontier** is the best that each budget can do. We draw ours, what its plans truly bring, and the frontier of the truth.

# %%
from loyalty.evaluate.budget import trace_frontier

thousands = [0.5, 1, 2, 3, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25]
budgets = [1_000 * one for one in thousands]
ours = trace_frontier(options, budgets, control_share=0.10)
best = trace_frontier(truth, budgets, control_share=0.10)
plans = [plan_budget(options, money, control_share=0.10) for money in budgets]
ours["brought"] = [bring(made, truth)[0] for made in plans]
shown = ["budget", "cost", "profit", "shadow_price", "brought"]
ours[shown].iloc[[1, 4, 6, 8, 10, 12]].round(2)

# %%
from loyalty.tasks.t38.pictures import draw_frontier

ax = draw_frontier(ours, best)

# %% tags=["verify"]
row = ours.set_index("budget")
assert row.shadow_price.is_monotonic_decreasing and row.shadow_price[22_500] == 0 and row.cost[25_000] < 21_000
step = row.profit[15_000] - row.profit[10_000]
naive = row.profit[10_000] / 10_000 * 5_000
true_step = best.set_index("budget").profit[15_000] - best.set_index("budget").profit[10_000]
true_late = row.brought[20_000] - row.brought[10_000]
assert step < 0.6 * naive and (ours.brought < best.profit * 1.02).all() and (ours.brought > 0).all()
assert (
    true_late > 1.5 * row.brought[10_000]
    and (ours.brought / ours.profit)[:4].mean() < 0.2 < 0.5 < (ours.brought / ours.profit).iloc[-1]
)

# %% [markdown]
# The curve is steep at first and flat at the end. Beyond €{{row.cost[25_000]:,.0f}} our figures know no contact that pays, and the rest of a larger budget stays with Jonas. Five thousand more than the ten would bring €{{step:,.0f}}. The average suggests €{{naive:,.0f}}. (On the true frontier they bring €{{true_step:,.0f}}.)
#
# The diamonds tell another story. The first ten thousand truly bring €{{brought:,.0f}}, the second ten thousand €{{true_late:,.0f}}. Little money goes into the few options that look best, and those are the luckiest ones. With much money nearly every segment gets something.
#
# ## The call centre is full
#
# Which limits does our plan meet, and what would one more unit of each bring? That is the table `binding`:

# %%
plan.binding.round(2)

# %% [markdown]
# The first line is the euro, the second a customer of the baby shelf. One more of them would be worth €{{plan.binding.set_index("name").price["baby"]:.2f}}, and so would each of those whom we hold back as control.
#
# Our plan wants {{plan.plan[plan.plan.offer_id == "concierge"].contacts.sum():,.0f}} calls. Then the head of the call centre says that her people can make 4,000 by Christmas. That is one limit more, so it gets a price too. We say which offer uses which channel:

# %%
channels = {"concierge": "call"}
by_channel = options.assign(channel=options.offer_id.map(channels).fillna("letter"))
full_house = plan_budget(by_channel, 10_000, control_share=0.10, capacity={"call": 4_000})
full_house.binding.round(2)

# %% tags=["verify"]
prices = full_house.binding.set_index("limit").price
lost = plan.profit.effect - full_house.profit.effect
more_calls = plan_budget(by_channel, 10_000, control_share=0.10, capacity={"call": 4_400})
more_money = plan_budget(by_channel, 10_200, control_share=0.10, capacity={"call": 4_000})
assert abs((more_calls.profit.effect - full_house.profit.effect) / 400 - prices["capacity"]) < 1e-6
assert abs((more_money.profit.effect - full_house.profit.effect) / 200 - prices["budget"]) < 1e-6
assert 0 < lost < 0.05 * plan.profit.effect and prices["capacity"] < prices["budget"]
wish = 400 * prices["capacity"], 200 * prices["budget"]
assert wish[0] < 200 < wish[1]

# %% [markdown]
# The loss is small, €{{lost:,.0f}}, because the money goes to the next best place. One more **call** is worth {{prices["capacity"] * 100:.0f}} cents, after the money that it costs.
#
# Now Jonas can compare two wishes. For €200 he can have one more agent until Christmas, who makes 400 calls. They are worth €{{400 * prices["capacity"]:,.0f}} to the plan, which is less than the wage. Or he adds the €200 to the budget: 200 × €{{prices["budget"]:.2f}} = €{{200 * prices["budget"]:,.0f}}, and that is after all costs. Jonas adds them to the budget. (Both prices hold for small steps only. We planned again with 4,400 calls, and with €10,200: here they still hold.)
#
# The truth says that these calls should not be made at all; each loses {{abs(fluke) * 100:.0f}} cents. A price is as good as the figures behind it.
#
# ## Rewards that nobody collects
#
# The controller wants to be safe. *"We offer 300 points and a present of €1. If everybody collects, that is what we owe. So that is what I put aside."* We compare two costs of a contact: when as many redeem as in the test, and when everybody does. (Here we count the offer itself, in its four weeks. Above we also counted the points on all other purchases of eight weeks.)

# %%
from loyalty.evaluate.budget import cost_offers

main = wave.outcomes[wave.outcomes.window == "main"]
used = main.merge(people[["customer_id", "arm", "segment"]]).query("arm != 'control'")
used = used.groupby(["segment", "arm"], observed=True)[["redeemed", "discount"]].mean()
used = used.reset_index()
used = used.rename(columns={"arm": "offer_id"})
points = used.offer_id.map(world.offers.set_index("offer_id").points)
costed = cost_offers(world.offers, used.assign(points_issued=points * used.redeemed))
costed["everybody"] = cost_offers(world.offers, used.assign(points_issued=points)).cost_at_full
costed = costed.merge(options[["segment", "offer_id", "customers", "profit", "se"]])
costed[costed.segment == "baby"][["offer_id", "redeemed", "cost", "everybody"]].round(2)

# %%
fearful = plan_budget(costed.assign(cost=costed.everybody), 10_000, control_share=0.10)
ends = ("_put_aside", "_expected")
lines = fearful.plan.merge(costed, on=["segment", "offer_id"], suffixes=ends)
spends = (lines.contacts * lines.cost_expected).sum()
print(f"put aside €{fearful.cost:,.0f}, expected to be spent €{spends:,.0f}")
print(f"profit €{fearful.profit.effect:,.0f}")

# %% tags=["verify"]
calm = plan_budget(costed, 10_000, control_share=0.10)
assert spends < 0.9 * fearful.cost and fearful.profit.effect < calm.profit.effect
assert (costed.everybody >= costed.cost - 1e-9).all() and 3 < costed.everybody.max() < 3.2

# %% [markdown]
# He has put aside €10,000 and will need €{{spends:,.0f}}. The rest lies idle in the one month in which it could work. His plan promises €{{calm.profit.effect - fearful.profit.effect:,.0f}} less profit than a plan at expected redemption. So budget what will be *used*, and keep a reserve for the error of that guess. The error is small: our own bill was estimated at €10,000 and truly is €{{bill:,.0f}}.
#
# ## What the control group costs, and whole segments
#
# Two habits, each with a price. We keep 10 % of each segment as control. And some chains can only send *one* offer to a *whole* segment.

# %%
habits = {"10 % control, parts of segments": plan}
habits["no control"] = plan_budget(options, 10_000)
whole = plan_budget(options, 10_000, control_share=0.10, whole=True)
habits["10 % control, whole segments"] = whole
rows = {}
for name, made in habits.items():
    rows[name] = [made.profit.effect, made.cost, made.plan.contacts.sum()]
pd.DataFrame(rows, index=["profit, €", "cost, €", "contacts"]).T.round(0)

# %% tags=["verify"]
price_control = habits["no control"].profit.effect - plan.profit.effect
price_whole = plan.profit.effect - habits["10 % control, whole segments"].profit.effect
assert 0 < price_control < 0.1 * plan.profit.effect and 0 < price_whole < 0.1 * plan.profit.effect
assert (
    habits["10 % control, whole segments"].cost < 10_000 and habits["10 % control, whole segments"].shadow_price is None
)

# %% [markdown]
# The control group costs only €{{price_control:,.0f}} of promised profit, {{price_control / plan.profit.effect * 100:.0f}} %, because the money that is not spent on these customers is spent on others. In return we will *know* in February what the plan has brought, and we have just seen what a promise is worth.
#
# Whole segments cost €{{price_whole:,.0f}}, and €{{10_000 - habits["10 % control, whole segments"].cost:,.0f}} are left because no further segment fits in. Then one more euro has no price. It changes nothing, until some euro pays for a whole segment.
#
# ## What we learned
#
# - A test becomes a table of **segment × offer** with profit, cost and doubt. Marta's way, the best offer to the best customers, brought €{{marta:,.0f}}.
# - When money is scarce, profit **per euro** ranks, not profit per contact. By hand, as a **linear programme** and by the helper the small plan was the same, and the **shadow price** said what one more euro brings: less than the average.
# - The **optimizer's curse**: our plan promised €{{plan.profit.effect:,.0f}} and brought €{{brought:,.0f}}, {{brought / plan.profit.effect * 100:.0f}} % of it. That was partly bad luck: over thirty lotteries raw plans kept {{kept * 100:.0f}} % on average. Moving all options towards one mean made the promises nearly honest. Caution did that too, and chose as well as any.
# - On the **efficient frontier** each further thousand promises less. A call, a euro, the control group: each limit has its price, and two wishes can be compared in euros.
#
# ## What could still be wrong
#
# - The test was in October, the plan is for Christmas. Customers buy other things then, and those who had an offer in October are a little tired. In this world that is small; in yours, test in the season.
# - A price holds for a small step. For a large one, plan again.
# - The plan's interval takes its options as independent. The offers of one segment share a control group, and so its luck. Where a segment gets two offers, as baby does, the interval is a little too narrow.
# - The programme thinks that a contact brings the same whether a hundred or ten thousand customers get one. Shops that run out of face cream disagree.
# - The segments were ours. Somebody who knows the truth makes €{{oracle.profit.effect:,.0f}} with them. With the true types of the customers as segments he makes €{{seen_through.profit.effect:,.0f}}, for the same money and offers.
# - One world, thirty lotteries of one test. That raw figures chose slightly better than calmed ones is a finding about this size of noise, not a law.
#
# ## Use it on your data
#
# `plan_budget(options, 10_000, control_share=0.10, caution=0.2)` from `loyalty.evaluate.budget`; `options` needs `segment`, `offer_id`, `customers`, `profit`, `cost`, and `se` to be cautious and to be warned.

# %% [markdown]
# [[links]]
