# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Spend the budget
#     question: Which offer to which segment for this money?
#     part_a: 25
#     part_b: 35
#     know_first: ["34"]
#     useful: ["41"]
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
# - draw the **efficient frontier**, and give calls, rewards and the control group their price

# %% [markdown]
# ## Ten thousand euros for Christmas
#
# It is the end of November. Jonas has €10,000 for the Christmas mailing: *"Everything that leaves the till for it has to fit in: letters, calls, discounts, points."* Marta wants to give the best offer to the best customers until the money is out. Ines has no opinion. She has a test.
#
# On 1 October everybody whom the chain had seen in the last half year took part. A lottery dealt them into fifths: 10 % off everything, 20 % off face care, 300 bonus points, a call from the pharmacist (50 cents, and a present of €1 for those who then come for it), or nothing.

# %%
from dataclasses import replace

from loyalty.world import PRESETS, World

usual = PRESETS["default"]()  # the chain as always; only the present after a call is cheaper than usual
chain = [replace(offer, reward=1.0) if offer.name == "concierge" else offer for offer in usual.offers]
world = World(60_000, months=21, seed=38, parameters=replace(usual, name="calls", offers=tuple(chain)))
OFFERS = ["basket_discount", "category_discount", "bonus_points", "concierge"]

# %% [markdown]
# The segments come from receipts *before* the test: the shelf on which a customer spends most, or "online" if that is where he spends most. The next cell makes them and plays the lottery. You need not read it.

# %%
import numpy as np
import pandas as pd

SHELVES = {"Baby": "baby", "Mother": "baby", "Face": "beauty", "Make-up": "beauty", "Medicines": "medicine",
           "Vitamins": "medicine", "Chronic care": "chronic", "Support": "chronic"}  # fmt: skip


def find_segments(world):
    """Segment of each customer seen in the last half year, and his margin in the last year, from receipts alone."""
    seen = world.receipts[world.receipts.time < world.end]
    shelf = seen.product_id.map(world.products.set_index("product_id").department.map(SHELVES)).fillna("home")
    shelf = shelf.where(seen.channel != "online", "online")
    spent = seen.groupby([seen.customer_id, shelf.rename("segment")]).sales.sum().unstack(fill_value=0)
    last_year = seen[seen.time >= world.end - pd.Timedelta(days=365)].groupby("customer_id").margin.sum()
    people = pd.DataFrame({"segment": spent.idxmax(axis=1), "year": last_year}).fillna({"year": 0.0})
    recent = seen.groupby("customer_id").time.max() >= world.end - pd.Timedelta(days=182)
    return people[recent].reset_index()


customers, lots = find_segments(world), np.random.default_rng(38)
dealt = lots.permutation(np.resize(np.array([None, *OFFERS]), len(customers)))
wave, later = world.run(customers.assign(offer_id=dealt, propensity=1 / 5), campaign_id="autumn test", pre=0)
wave

# %% [markdown]
# ## What does a contact bring, and what does it cost?
#
# Two numbers for each customer, over four weeks and the four after them. **Profit**: margin, less presents, points and the contact, as in [Lift in money](34_lift_in_money.ipynb). **Spent**: what Jonas has to find for it, so the discounts as well. (They are off the margin already. A point costs a cent, and 70 of 100 are ever spent.)

# %%
sums = ["margin", "discount", "reward_paid", "points_issued"]
bought = wave.outcomes.groupby("customer_id")[sums].sum().reset_index()
people = wave.contacts[["customer_id", "arm", "segment"]].merge(bought).merge(customers[["customer_id", "year"]])
contact = people.arm.map(world.offers.set_index("offer_id").contact_cost).fillna(0)
given = people.reward_paid + people.points_issued * 0.70 * 0.01 + contact
people = people.assign(profit=people.margin - given, spent=people.discount + given)
people.groupby("arm")[["profit", "spent"]].mean().round(2)

# %% tags=["verify"]
mean = people.groupby("arm")[["profit", "spent"]].mean()
assert mean.profit.idxmax() == "basket_discount" and (mean.profit.drop("control") > mean.profit["control"]).all()
assert mean.spent["control"] < 0.3

# %% [markdown]
# (Control costs €{{people[people.arm == "control"].spent.mean():.2f}} too: card holders collect points on whatever they buy. So cost, like profit, is treated less control.) Marta reads the first line and wants 10 % off for everybody. But the question is *which offer to which segment*. We need this table for each of the six segments, treated less control, and sharpened by what a customer had brought in the year before.

# %%
from loyalty.evaluate.lift import measure_lift

lifts = measure_lift(people, outcome="profit", by="segment", before="year").to_frame()
options = lifts.rename(columns={"arm": "offer_id", "effect": "profit"})
options["se"] = (options.high - options.low) / (2 * 1.96)
spent = people.pivot_table("spent", "segment", "arm")
options["cost"] = [spent[row.offer_id][row.segment] - spent.control[row.segment] for row in options.itertuples()]
options["customers"] = options.segment.map(customers.segment.value_counts())
options = options[["segment", "offer_id", "customers", "profit", "se", "cost", "shrunken"]]
options.sort_values("profit", ascending=False).head(8).round(2)

# %% tags=["verify"]
top = options.loc[options.profit.idxmax()]
assert (top.segment, top.offer_id) == ("baby", "bonus_points") and len(options) == 24
assert ((options.profit - 1.96 * options.se) > 0).sum() == 4 and options.cost.min() > 0

# %% [markdown]
# First line: 300 bonus points to a customer of the baby shelf cost €{{top.cost:.2f}} and bring **€{{top.profit:.2f}}**, give or take €{{1.96 * top.se:.2f}} (95 % interval; `se` is the standard error; `shrunken` we need later). Only {{((options.profit - 1.96 * options.se) > 0).sum()}} of {{len(options)}} cells are clear of zero by themselves. We keep that in mind, and plan.
#
# ## By hand, on a small table
#
# Two segments of 1,000 customers, three offers, €1,300. Which contacts do we buy?

# %%
tiny = pd.DataFrame({"segment": ["families"] * 3 + ["beauty"] * 3,
                     "offer_id": ["points", "10 % off", "face care"] * 2, "customers": 1_000,
                     "profit": [1.20, 1.30, 0.10, 0.30, 0.30, 0.90],
                     "cost": [0.80, 1.30, 0.15, 0.60, 0.50, 0.75]})  # fmt: skip
tiny["per_euro"] = tiny.profit / tiny.cost
tiny.sort_values("per_euro", ascending=False).round(2)

# %% [markdown]
# By profit *per contact* 10 % off for families wins (€1.30), takes all the money for 1,000 families, and brings €1,300. But it is not the customers who are scarce, it is the euros. So we buy by profit **per euro**, from the top: points for all families, and what is left goes to face care. (Everybody gets at most one offer.)

# %%
money, by_hand = 1_300, []
for row in tiny.sort_values("per_euro", ascending=False).drop_duplicates("segment").itertuples():
    contacts = min(row.customers, money / row.cost)
    money = money - contacts * row.cost
    by_hand.append([row.segment, row.offer_id, contacts, contacts * row.cost, contacts * row.profit])
by_hand = pd.DataFrame(by_hand, columns=["segment", "offer_id", "contacts", "cost", "profit"])
by_hand.round(1)

# %% tags=["verify"]
assert abs(by_hand.profit.sum() - 1_800) < 1e-9 and abs(by_hand.cost.sum() - 1_300) < 1e-9
assert tiny.sort_values("per_euro").offer_id.iloc[-1] == "points" and abs(tiny.per_euro[5] - 1.2) < 1e-9

# %% [markdown]
# **€{{by_hand.profit.sum():,.0f}}** instead of 1,300, for the same money. And if Jonas gave one euro more? It would go where the money ran out, to face care, and bring €{{tiny.per_euro[5]:.2f}}. That is the **shadow price** of a euro. It is *not* the average: the plan brings €{{by_hand.profit.sum() / 1_300:.2f}} for each euro spent, but the good places are taken. Who multiplies the next thousand by the average has counted the families twice.
#
# Real tables have 24 lines, call centres and caps, and there the hand gets lost: one cheaper offer may have to give way to a dearer one in the same segment. A **linear programme** does not get lost. We say what to maximise (profit × contacts) and what must not be exceeded (1,000 customers, 1,000 customers, €1,300):

# %%
from scipy.optimize import linprog

groups = [(tiny.segment == name).astype(int) for name in ("families", "beauty")]
solved = linprog(-tiny.profit, A_ub=[*groups, tiny.cost], b_ub=[1_000, 1_000, 1_300])  # it minimises: hence the minus
print(f"profit €{-solved.fun:,.2f}, one more euro €{-solved.ineqlin.marginals[-1]:.2f}")

# %%
from loyalty.evaluate.budget import plan_budget

plan_budget(tiny, 1_300)

# %% tags=["verify"]
small = plan_budget(tiny, 1_300)
assert abs(-solved.fun - 1_800) < 1e-6 and abs(small.profit.effect - 1_800) < 1e-6
assert abs(-solved.ineqlin.marginals[-1] - 1.2) < 1e-6 and abs(small.shadow_price - 1.2) < 1e-6

# %% [markdown]
# Three ways, one number: €{{small.profit.effect:,.0f}}, and €{{small.shadow_price:.2f}} for one more euro. (The helper mentions that we gave no standard errors.)
#
# ## The Christmas plan
#
# Now the real table. One condition more: of each segment 10 % get nothing, by lot. Without them nobody could say in February what Christmas has brought.

# %%
plan = plan_budget(options, 10_000, control_share=0.10)
plan

# %%
plan.binding.round(2)

# %% tags=["verify"]
assert list(plan.plan.segment) == ["baby", "baby", "home", "online"] and abs(plan.cost - 10_000) < 0.01
assert list(plan.plan.offer_id) == ["bonus_points", "category_discount", "concierge", "category_discount"]
assert 1.5 < plan.shadow_price < 2.2 and plan.profit.low > 0
average = plan.profit.effect / plan.cost
assert average > 1.5 * plan.shadow_price

# %% [markdown]
# **€{{plan.profit.effect:,.0f}} of profit for €10,000** (€{{plan.profit.low:,.0f}} to €{{plan.profit.high:,.0f}}). The second table lists what is scarce. One more *euro* would bring €{{plan.shadow_price:.2f}}: so Jonas should find more, as long as a euro elsewhere earns him less than that. (The average, €{{plan.profit.effect / plan.cost:.2f}}, would have told him a fairy tale.) One more *customer* on the baby shelf would be worth €{{plan.binding.set_index("name").price["baby"]:.2f}}, and so would each of those whom we hold back as control. The baby shelf gets two offers, and that is right: points where the money reaches, the cheap voucher where it does not.
#
# The helper does not trust this number: it says *count on about* a much smaller one, and warns. Before we read why, your bet: **what will this plan truly bring, in euros?**

# %%
from loyalty.tasks import predict, reveal

predict("38a", 30_000)  # your bet in euros: change 30_000

# %% [markdown]
# ## What the plan truly brings
#
# In this world each customer's expected profit is known, with each offer, at Christmas. `bring` adds it up for a plan: who in a segment is contacted is drawn by lot, so what counts is the mean of the segment.


# %%
def look_behind(world):
    """True profit and cost of a contact: for each customer, a column an offer."""
    profits, costs = pd.DataFrame(index=segment.index), pd.DataFrame(index=segment.index)
    for offer, contact_cost in world.offers.set_index("offer_id").contact_cost[OFFERS].items():
        effect = world.truth.effect(offer).set_index("customer_id").reindex(segment.index)
        profits[offer] = effect.profit
        costs[offer] = effect.discount + effect.reward_paid + effect.points_issued * 0.70 * 0.01 + contact_cost
    return profits, costs


def average(home):
    """The true options, when `home` says who belongs to which segment."""
    found = {name: table.groupby(home).mean().stack() for name, table in {"profit": profits, "cost": costs}.items()}
    table = pd.DataFrame(found).rename_axis(["segment", "offer_id"]).reset_index()
    return table.assign(customers=table.segment.map(home.value_counts()))


def bring(plan):
    """What a plan truly brings and truly costs."""
    rows = plan.plan.merge(truth, on=["segment", "offer_id"], suffixes=("_planned", ""))
    return rows.contacts @ rows.profit, rows.contacts @ rows.cost


segment = customers.set_index("customer_id").segment
profits, costs = look_behind(later)
truth = average(segment)
best_first = customers.sort_values("year", ascending=False).customer_id
affordable = best_first[costs.basket_discount[best_first].cumsum().to_numpy() <= 10_000]
marta = profits.basket_discount[affordable].sum()  # the best offer to the best customers, until the money is out
brought, bill = bring(plan)
oracle = plan_budget(truth, 10_000, control_share=0.10)  # the same offers and segments, by somebody who knows the truth
ways = {"Marta's way": marta, "our plan": brought, "the best plan": oracle.profit.effect}
pd.Series(ways, name="truly brings, €").round(0).to_frame()

# %%
reveal("38a", estimate=plan.profit.effect, low=plan.profit.low, high=plan.profit.high, truth=brought, unit="€",
       says="Profit of the plan: margin less all costs, eight weeks.")  # fmt: skip

# %% tags=["verify"]
calls = best_first[costs.concierge[best_first].cumsum().to_numpy() <= 10_000]
called = profits.concierge[calls].sum()
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
overlooked = options.set_index(["segment", "offer_id"]).profit["chronic", "concierge"]
assert overlooked < 0.5 and missed.profit.item() / missed.contacts.item() > 2 * overlooked
seen_through = plan_budget(
    average(later.truth.types.set_index("customer_id").type.reindex(segment.index)), 10_000, control_share=0.10
)
assert seen_through.profit.effect > 1.2 * oracle.profit.effect

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, TREATED, TRUTH, headline, house_style

house_style()


def draw_promise():
    """What the plan promised, with its interval, and what three ways to spend the same money truly bring."""
    fig, ax = plt.subplots(figsize=(9, 3.4))
    ax.hlines(1, plan.profit.low, plan.profit.high, color=TREATED, linewidth=3)
    ax.plot(plan.profit.effect, 1, "o", color=TREATED, markersize=9, label="promised, 95 % interval")
    ax.plot([marta, brought, oracle.profit.effect], [0, 1, 2], "D", color=TRUTH, markerfacecolor="white",
            markersize=10, label="truly brings")  # fmt: skip
    ax.set_yticks([0, 1, 2], ["best offer to the\nbest customers", "our plan", "best plan for who\nknows the truth"])
    ax.set(ylim=(2.5, -0.5), xlim=(0, None), xlabel="€")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.legend(loc="upper right")
    headline(ax, f"Promised {plan.profit.effect / 1000:.0f} thousand, brought {brought / 1000:.0f}",
             "profit for a budget of €10,000, €", "loyalty.world, seed 38")  # fmt: skip


draw_promise()

# %% [markdown]
# **€{{brought:,.0f}}**, {{brought / plan.profit.effect * 100:.0f}} % of the promise, and outside of its interval. It is more than Marta's way (€{{marta:,.0f}}: her best customers would have bought anyway, and each of them takes 10 % off much; the money is out after {{len(affordable):,}} of them). But somebody who knew the truth would have made €{{oracle.profit.effect:,.0f}} of the same money, so our plan has {{brought / oracle.profit.effect * 100:.0f}} % of what was there. (And had Marta happened to like calls, her best customers would have brought €{{called:,.0f}}, more than our programme. Nothing in the table of offers told her so: there the four are within {{spread_of_offers * 100:.0f}} cents of each other.)
#
# What happened? A programme that looks for the highest profit per euro among 24 noisy cells finds the good ones, *and the lucky ones*. The calls for the home shelf promised €{{options.set_index(["segment", "offer_id"]).profit["home", "concierge"]:.2f}} each, and truly lose {{abs(fluke) * 100:.0f}} cents. The calls that do earn, €{{missed.profit.item() / missed.contacts.item():.2f}} each for the chronic shelf, looked poor in our test: €{{overlooked:.2f}}. This is the **optimizer's curse**, the winner's curse of [The response history](../4_learn/41_response_history.ipynb) with money in its hand. And the interval? It says how far the figures may err. It does not know that the plan was *chosen because* of them.
#
# That was the helper's warning. It guesses how much is lost in this way by spoiling the figures once more and planning again, twenty times: about €{{plan.disappointment:,.0f}}. So Jonas should not hear "{{plan.profit.effect:,.0f}}" but *"count on about {{round(plan.profit.effect - plan.disappointment, -3):,.0f}}"*. Still too much here, yet the right kind of sentence.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/38_spend_the_budget.ipynb), at least 38a and 38b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Was that bad luck?
#
# In the world we can let each customer live five lives, one with each offer and one with none, and deal the lots again: another lottery of the same test, another table, another plan. And we can ask whether we should have *calmed* the cells first. Five ways to read the same test:
#
# - *raw*, as in Part A, and *raw, cautious*: 0.84 standard errors less in each cell, the lower fifth of what it may be (the helper's `caution=0.2`)
# - *calmed towards its offer* (the column `shrunken`: each cell is pulled towards the mean of its offer, the noisier the further), and *calmed, one bank for all* (towards one mean of all 24)
# - *one lift for each offer*, which came nearer to the truth than cells calmed towards their offer in The response history.


# %%
from loyalty.stats import shrink_normal

sizes, shelves = customers.segment.value_counts(), customers.segment.astype("category")
year = customers.year - customers.year.mean()
true_profit = truth[["segment", "offer_id", "profit"]].rename(columns={"profit": "truth"})


def live_all_lives():
    """Profit and money spent of each customer of the test in five lives: with nothing, and with each offer."""
    lives, contact_cost = [], world.offers.set_index("offer_id").contact_cost
    for offer in [None, *OFFERS]:
        lived = world.run(customers[["customer_id"]].assign(offer_id=offer), pre=0)[0].outcomes
        rows = lived.groupby("customer_id")[sums].sum().reindex(customers.customer_id)
        given = rows.reward_paid + rows.points_issued * 0.70 * 0.01 + (contact_cost[offer] if offer else 0)
        lives.append((rows.margin - given, rows.discount + given))
    return np.array([life[0] for life in lives]), np.array([life[1] for life in lives])


def deal_again():
    """The table of options as another lottery would have shown it."""
    everybody = np.arange(len(customers))
    life = lots.permutation(everybody) % 5
    profit = earned[life, everybody]
    profit = profit - (year * profit).sum() / (year**2).sum() * year  # sharpened by the year before
    rows = pd.DataFrame({"segment": shelves, "life": life, "profit": profit, "spent": paid[life, everybody]})
    groups = rows.groupby(["segment", "life"], observed=True)
    cells = groups.mean().assign(var=groups.profit.var() / groups.size()).reset_index()
    both = cells[cells.life > 0].merge(cells[cells.life == 0], on="segment", suffixes=("", "_control"))
    table = pd.DataFrame({"segment": both.segment.astype("str"), "offer_id": np.array(OFFERS)[both.life - 1]})
    table["customers"] = table.segment.map(sizes)
    table["profit"], table["se"] = both.profit - both.profit_control, (both["var"] + both.var_control) ** 0.5
    table["cost"] = (both.spent - both.spent_control).clip(lower=0.02)  # by luck a cheap offer may look free
    return table.merge(true_profit)


def read_in_five_ways(table):
    """Profit per contact as each reading of a table has it."""
    offers = table.groupby("offer_id")
    by_offer = pd.concat([shrink_normal(rows.profit, rows.se).table.shrunken for _, rows in offers])
    lift = offers[["profit", "customers"]].apply(lambda rows: np.average(rows.profit, weights=rows.customers))
    one_bank = shrink_normal(table.profit, table.se).table.shrunken
    return {"raw": table.profit, "raw, cautious": table.profit - 0.84 * table.se, "calmed towards its offer": by_offer,
            "calmed, one bank for all": one_bank, "one lift for each offer": table.offer_id.map(lift)}  # fmt: skip


def spend(table, profit, money=10_000):
    """The plan as a linear programme, as in Part A: what it promises, and what it truly brings."""
    belongs = np.array([table.segment == name for name in sizes.index], dtype=float)
    found = linprog(-profit[table.index], A_ub=[*belongs, table.cost], b_ub=[*0.90 * sizes, money])
    return {"promised": -found.fun, "brought": found.x @ table.truth}


earned, paid = live_all_lives()
tables = [deal_again() for _ in range(30)]
lottery = [{"reading": name} | spend(table, it) for table in tables for name, it in read_in_five_ways(table).items()]
lottery = pd.DataFrame(lottery)
means = lottery.groupby("reading", sort=False).mean()
means["of the best plan, %"] = means.brought / oracle.profit.effect * 100
means.round(0)

# %% tags=["verify"]
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
def draw_promises():
    """Promised against brought, one dot a lottery, for three readings."""
    fig, ax = plt.subplots(figsize=(9, 4.6))
    looks = {
        "raw": (HIGHLIGHT, "o"),
        "raw, cautious": (TREATED, "s"),
        "one lift for each offer": (GREY, "^"),
    }
    for name, (colour, mark) in looks.items():
        mine = lottery[lottery.reading == name]
        ax.plot(mine.promised / 1000, mine.brought / 1000, mark, color=colour, markersize=6, alpha=0.8, label=name)
    ax.plot(plan.profit.effect / 1000, brought / 1000, "o", color=HIGHLIGHT, markersize=13, markerfacecolor="none")
    ax.annotate("our plan", (plan.profit.effect / 1000, brought / 1000), (10, -4), textcoords="offset points")
    ax.plot([0, 20], [0, 20], color=TRUTH, linewidth=1)
    ax.annotate("kept its promise", (18.8, 19.3), ha="right")
    ax.axhline(oracle.profit.effect / 1000, color=TRUTH, linewidth=1, linestyle=":")
    ax.annotate("the best plan", (40, oracle.profit.effect / 1000), (0, 4), textcoords="offset points", ha="right")
    ax.set(xlabel="promised, thousand €", ylabel="truly brings, thousand €")
    ax.legend(loc="lower right")
    headline(ax, "Plans choose their own luck", "30 lotteries of the same test, profit for €10,000", "loyalty.world, seed 38")  # fmt: skip


draw_promises()

# %% [markdown]
# *Was it bad luck?* Partly. Of thirty lotteries {{worse * 100:.0f}} % led to a plan as poor as ours or poorer. But the promise is broken in every one of them: a raw plan promises €{{raw.promised:,.0f}} on average and brings €{{raw.brought:,.0f}}, {{raw["of the best plan, %"]:.0f}} % of the best plan. So €{{raw.promised - raw.brought:,.0f}} are lost on average, and the helper's guess of €{{plan.disappointment:,.0f}} was no bad one; our own loss was twice as large.
#
# *Should we have calmed the cells?* Two answers, and they differ.
#
# - **For the promise: yes.** One bank for all promises €{{one_bank.promised:,.0f}} and brings €{{one_bank.brought:,.0f}}: nearly honest. (The mean of its offer calms too little: a promise of €{{calmed.promised:,.0f}} against €{{calmed.brought:,.0f}}.)
# - **For the choice: no, not like this.** Cells calmed towards their offer chose slightly worse than raw ones, by €{{raw.brought - calmed.brought:,.0f}} (±€{{margin:,.0f}}). And *one lift for each offer*, which had the smaller error in lesson 41, chose by far the worst: €{{one_lift.brought:,.0f}}. Of course: it says the same for every segment, and the whole question was which segment. Small errors on average and good decisions are two things. Calls are good for one shelf and bad for others; who pulls all of them towards their mean hides the one.
#
# **The cautious reading is good at both**: it promises €{{cautious.promised:,.0f}} and brings €{{cautious.brought:,.0f}}. It prefers a sure euro to a doubtful one and a half, and it tells Jonas a number that it keeps, on average. So: choose by the sharpest figures that you have, and plan with `caution=0.2`. (That is a third rule, for a third question. Did *one* campaign earn? Its whole interval says, and if that leaves it open, what one more test is worth: [lesson 34](34_lift_in_money.ipynb). *Whom* does one offer go to? Those whose predicted effect is above the cost: [lesson 37](37_who_to_target.ipynb). Here the highest of many noisy figures are picked, and caution is the price of picking.) In the helper what the cautious figures add up to stands in `.profit.details`, as "planned":

# %%
careful = plan_budget(options, 10_000, control_share=0.10, caution=0.2)
print(f"planned €{careful.profit.details['planned']:,.0f}, truly brings €{bring(careful)[0]:,.0f}")

# %% tags=["verify"]
assert brought < bring(careful)[0] < careful.profit.details["planned"] < plan.profit.effect

# %% [markdown]
# For our own test, an unlucky one: instead of €{{plan.profit.effect:,.0f}} it says €{{careful.profit.details["planned"]:,.0f}}, and instead of €{{brought:,.0f}} it brings €{{bring(careful)[0]:,.0f}}. A larger test would help more.

# %% [markdown]
# ## How much money is enough?
#
# Jonas asks the other way round: what would €5,000, €15,000, €20,000 bring? The **efficient frontier** is the best that each budget can do. We draw ours, what its plans truly bring, and the frontier of the truth.

# %%
from loyalty.evaluate.budget import trace_frontier

budgets = [500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 12_500, 15_000, 17_500, 20_000, 22_500, 25_000]
ours = trace_frontier(options, budgets, control_share=0.10)
best = trace_frontier(truth, budgets, control_share=0.10)
known = options.merge(true_profit)
ours["brought"] = [spend(known, known.profit, money)["brought"] for money in budgets]
ours[["budget", "cost", "profit", "shadow_price", "brought"]].iloc[[1, 4, 6, 8, 10, 12]].round(2)


# %%
def draw_frontier():
    """Profit by budget: as the figures say, as the plans truly bring, and the true frontier."""
    fig, ax = plt.subplots(figsize=(9, 4.4))
    thousand = ours.budget / 1000
    ax.fill_between(thousand, ours.low / 1000, ours.high / 1000, color=TREATED, alpha=0.12, linewidth=0)
    ax.plot(thousand, ours.profit / 1000, color=TREATED, marker="o", label="our frontier, 95 % interval")
    ax.plot(thousand, best.profit / 1000, color=TRUTH, label="the true frontier")
    ax.plot(thousand, ours.brought / 1000, color=TRUTH, linestyle="none", marker="D", markerfacecolor="white",
            markersize=9, label="what our plans truly bring")  # fmt: skip
    ax.set(xlabel="budget, thousand €", ylabel="thousand €", xlim=(0, None), ylim=(-2, None))
    ax.legend(loc="upper left")
    headline(ax, "Little money keeps least of its promise", "profit by budget, thousand €", "loyalty.world, seed 38")


draw_frontier()

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
# The curve is steep at first and flat at the end. Beyond €{{row.cost[25_000]:,.0f}} our figures know no contact that pays, and a plan with €25,000 leaves the rest with Jonas. Five thousand more than the ten bring €{{step:,.0f}}, and not the €{{naive:,.0f}} that the average of €{{row.profit[10_000] / 10_000:.2f}} a euro suggests. (In truth they would bring who knows it €{{true_step:,.0f}}.) The diamonds tell another story. The first ten thousand truly bring €{{brought:,.0f}}, the second €{{true_late:,.0f}}: little money goes into the few cells that look best, and those are the luckiest; with much money nearly every segment gets something, deserved or not.
#
# ## The call centre is full
#
# The plan wants {{plan.plan[plan.plan.offer_id == "concierge"].contacts.sum():,.0f}} calls. Then the head of the call centre says that her people can make 4,000 by Christmas. That is a limit like the others, so it gets a price like the others. We say which offer uses which channel:

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
# The loss is small, €{{lost:,.0f}}: the money goes to the next best place. One more **call** is worth {{prices["capacity"] * 100:.0f}} cents, on top of the money that it costs. Now two wishes can be compared. For €200 Jonas can have one more agent until Christmas, who makes 400 calls: worth €{{400 * prices["capacity"]:,.0f}} to the plan, less than the wage. Or €200 more budget: 200 × €{{prices["budget"]:.2f}} = €{{200 * prices["budget"]:,.0f}}, and that is after all costs. Jonas buys the budget. (Both prices hold for small steps. We made the plan again with 4,400 calls, and with €10,200: they still held.) And the truth says that these calls should not be made at all, {{abs(fluke) * 100:.0f}} cents lost on each: a price is as good as the figures behind it.
#
# ## Rewards that nobody collects
#
# The controller wants to be safe. *"We offer 300 points and a present of €1. If everybody collects, that is what we owe; so that is what I put aside."* What a contact costs when as many redeem as in the test, and when everybody does (the offer itself in its four weeks; above, points on all other purchases of eight weeks were in it as well):

# %%
from loyalty.evaluate.budget import cost_offers

used = wave.outcomes[wave.outcomes.window == "main"].merge(people[["customer_id", "arm", "segment"]])
used = used[used.arm != "control"].groupby(["segment", "arm"])[["redeemed", "discount"]].mean().reset_index()
used = used.rename(columns={"arm": "offer_id"})
points = used.offer_id.map(world.offers.set_index("offer_id").points)
costed = cost_offers(world.offers, used.assign(points_issued=points * used.redeemed))
costed["everybody"] = cost_offers(world.offers, used.assign(points_issued=points)).cost_at_full
costed = costed.merge(options[["segment", "offer_id", "customers", "profit", "se"]])
costed[costed.segment == "baby"][["offer_id", "redeemed", "cost", "everybody"]].round(2)

# %%
fearful = plan_budget(costed.assign(cost=costed.everybody), 10_000, control_share=0.10)
lines = fearful.plan.merge(costed, on=["segment", "offer_id"], suffixes=("_put_aside", "_expected"))
spends = (lines.contacts * lines.cost_expected).sum()
print(f"put aside €{fearful.cost:,.0f}, expected to be spent €{spends:,.0f}, profit €{fearful.profit.effect:,.0f}")

# %% tags=["verify"]
calm = plan_budget(costed, 10_000, control_share=0.10)
assert spends < 0.9 * fearful.cost and fearful.profit.effect < calm.profit.effect
assert (costed.everybody >= costed.cost - 1e-9).all() and 3 < costed.everybody.max() < 3.2

# %% [markdown]
# He has put aside €10,000 and will need €{{spends:,.0f}}. The rest lies idle, in the one month in which it could work: his plan promises €{{calm.profit.effect - fearful.profit.effect:,.0f}} less profit than a plan at expected redemption. Budget what will be *used*, and keep a reserve for the error of that guess, which is small: our own bill was estimated at €10,000 and truly is €{{bill:,.0f}}.
#
# ## What the control group costs, and whole segments
#
# Two habits, each with a price. We keep 10 % of each segment as control. And some chains can only send *one* offer to a *whole* segment.

# %%
habits = {"10 % control, parts of segments": plan, "no control": plan_budget(options, 10_000),
          "10 % control, whole segments": plan_budget(options, 10_000, control_share=0.10, whole=True)}  # fmt: skip
rows = {name: [made.profit.effect, made.cost, made.plan.contacts.sum()] for name, made in habits.items()}
pd.DataFrame(rows, index=["profit, €", "cost, €", "contacts"]).T.round(0)

# %% tags=["verify"]
price_control = habits["no control"].profit.effect - plan.profit.effect
price_whole = plan.profit.effect - habits["10 % control, whole segments"].profit.effect
assert 0 < price_control < 0.1 * plan.profit.effect and 0 < price_whole < 0.1 * plan.profit.effect
assert (
    habits["10 % control, whole segments"].cost < 10_000 and habits["10 % control, whole segments"].shadow_price is None
)

# %% [markdown]
# The control group costs €{{price_control:,.0f}} of promised profit, {{price_control / plan.profit.effect * 100:.0f}} %: the money is scarce, so what is not spent on these customers is spent on others. For that we shall *know* in February what the plan has brought, and we have just seen what a promise is worth. Whole segments cost €{{price_whole:,.0f}}, and €{{10_000 - habits["10 % control, whole segments"].cost:,.0f}} stay over because no further segment fits in. There is no price of one more euro then: one euro more changes nothing, until some euro changes a whole segment.
#
# ## What we learned
#
# - A test becomes a table of **segment × offer** with profit, cost and doubt. Marta's way, the best offer to the best customers, brought €{{marta:,.0f}}.
# - When money is scarce, profit **per euro** ranks, not profit per contact. By hand, as a **linear programme** and by the helper the small plan was the same, and the **shadow price** said what one more euro brings: less than the average.
# - The **optimizer's curse**: the plan promised €{{plan.profit.effect:,.0f}} and brought €{{brought:,.0f}}. In thirty lotteries raw plans kept {{kept * 100:.0f}} % of their promise on average. One bank for all mended the promise; caution mended the promise and chose as well as any.
# - On the **efficient frontier** each further thousand promises less. A call, a euro, the control group: each limit has its price, and two wishes can be compared in euros.
#
# ## What could still be wrong
#
# - The test was in October, the plan is for Christmas. Customers buy other things then, and those who had an offer in October are a little tired. In this world that is small; in yours, test in the season.
# - A price holds for a small step. For a large one, plan again.
# - The plan's interval takes its cells as independent. The offers of one segment share a control group, and so its luck: where a segment gets two of them, as baby does, the interval is a little too narrow.
# - The programme thinks that a contact brings the same whether a hundred or ten thousand get one. Shops that run out of face cream disagree.
# - The segments were ours. Who knows the truth makes €{{oracle.profit.effect:,.0f}} with them, and with the true types of the customers as segments €{{seen_through.profit.effect:,.0f}}, for the same money and offers.
# - One world, thirty lotteries of one test. That raw figures chose slightly better than calmed ones is a finding about this size of noise, not a law.
#
# ## Use it on your data
#
# `plan_budget(options, 10_000, control_share=0.10, caution=0.2)` from `loyalty.evaluate.budget`; `options` needs `segment`, `offer_id`, `customers`, `profit`, `cost`, and `se` to be cautious and to be warned.

# %% [markdown]
# [[links]]
