# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the budget is cut
#     question: Two thousand euros less. What do we stop, and what would we buy back first?
#     module: loyalty.evaluate.budget
#     test: helpers/tests/tasks/t38/test_tasks.py
#     minutes: 35
#     pace: 15 for 38a and 38b, 20 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, early summer. There were €12,000 for the next mailing. On Friday Jonas cut them to **€10,000**, and by Monday he wants to know what that does. This is what there is:
#
# - Ines's figures from three tests, pooled: profit per contact after all costs, already **cautious** (0.84 standard errors off);
# - a call centre that reaches at most **2,500** customers until then;
# - the house rule: **10 %** of each segment are control, and nobody gets more than one offer;
# - a plan by the agency, made for €12,000.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("38a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t38.scene import gather_tests

options, agency = gather_tests()
options.sort_values("profit", ascending=False).head(8)

# %% [markdown]
# Money in euros per *contacted* customer, except `reward`: that is what one **redeemed** reward costs (points at their expected cost), and `redeemed` is the part of the contacted who redeem it. `discount` is what the tills take off, on average over all contacted. And the agency's plan, the best offer of each segment to the same share of each:

# %%
agency

# %% [markdown]
# **38a The agency's bill.** The agency says that its plan costs €12,000, because "everybody may redeem". What does it cost in all, at expected redemption? One number, whole euros.

# %%
### BEGIN SOLUTION
options["cost"] = options.contact_cost + options.discount + options.reward * options.redeemed
lines = agency.merge(options, on=["segment", "offer_id"])
agency_cost = (lines.contacts * lines.cost).sum()
### END SOLUTION

# %%
check("38a", agency_cost)

# %%
hint("38a")

# %% tags=["verify"]
everybody = (lines.contacts * (lines.contact_cost + lines.discount + lines.reward)).sum()
agency_profit = (lines.contacts * lines.profit).sum()
assert abs(everybody - 12_000) < 5 and agency_cost < 0.7 * everybody

# %% [markdown] tags=["solution"]
# €{{agency_cost:,.0f}}, two thirds of what they asked for. The €{{everybody - agency_cost:,.0f}} between would lie aside for rewards that nobody collects. So the agency's plan fits into the cut budget as it stands. That does not make it a good plan: it promises €{{agency_profit:,.0f}}.

# %% [markdown]
# **38b The plan after the cut.** What is the profit of the best plan for €10,000: at most 2,500 calls, 10 % of each segment as control, at most one offer a customer, costs at expected redemption? One number, whole euros.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.budget import plan_budget

rules = {"capacity": {"call": 2_500}, "control_share": 0.10}
plan = plan_budget(options, 10_000, **rules)
new_profit = plan.profit.effect
### END SOLUTION

# %%
check("38b", new_profit)

# %%
hint("38b")

# %% tags=["verify"]
from loyalty.tasks.t38.scene import reveal_truth

before = plan_budget(options, 12_000, **rules)
unlimited = plan_budget(options, 10_000, control_share=0.10)
fearful = plan_budget(options.assign(cost=options.contact_cost + options.discount + options.reward), 10_000, **rules)
fall = before.profit.effect - new_profit
stopped = before.plan.merge(plan.plan, on=["segment", "offer_id"], suffixes=("_before", ""))
stopped["less"] = stopped.contacts_before - stopped.contacts
revealed = reveal_truth()
truly = plan.plan.merge(revealed, on=["segment", "offer_id"])
truly_profit = (truly.contacts * truly.truth).sum()
agency_truly = agency.merge(revealed, on=["segment", "offer_id"])
agency_brings = (agency_truly.contacts * agency_truly.truth).sum()
assert (stopped.less > 1).sum() == 1 and stopped.set_index("segment").less.idxmax() == "beauty"
assert fall < 0.7 * before.profit.effect / 6 and new_profit > 1.5 * agency_profit and fearful.cost > 9_000
calls = unlimited.plan[unlimited.plan.offer_id == "concierge"].contacts.sum()
assert calls > 5_000 and truly_profit > agency_brings
assert 0.8 < truly_profit / new_profit < 1.1

# %% tags=["solution"]
plan

# %% [markdown] tags=["solution"]
# €{{new_profit:,.0f}}. Only one line gets shorter: {{stopped.less.max():,.0f}} gifts for the beauty shelf, the place where a euro brings least. The cut takes a sixth of the money and {{fall / before.profit.effect * 100:.0f}} % of the profit (€{{fall:,.0f}}). Who cuts every line by a sixth loses €{{before.profit.effect / 6:,.0f}}, because he also cuts the calls, which bring most for a euro. (The helper warns because nobody gave it standard errors; these figures are cautious already.)
#
# The tempting ways, and what they would have cost: without the call centre's limit the programme wants {{calls:,.0f}} calls, and {{calls - 2_500:,.0f}} customers would wait for one that never comes. Planned at 100 % redemption it promises €{{fearful.profit.effect:,.0f}}, because the calls look too dear.
#
# And the truth? This plan brings €{{truly_profit:,.0f}}, {{truly_profit / new_profit * 100:.0f}} % of its promise; the agency's would have brought €{{agency_brings:,.0f}}. Three tests and a cautious reading keep what they say far better than the one test of the lesson.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **38c Two prices.** At this plan: how much profit would one more *euro* of budget bring, and one more *call*? `(euro, call)`, in euros, to a cent.

# %%
### BEGIN SOLUTION
prices = plan.binding.set_index("limit").price
two_prices = (prices["budget"], prices["capacity"])
### END SOLUTION

# %%
check("38c", two_prices)

# %%
hint("38c")

# %% tags=["verify"]
one_more = plan_budget(options, 10_001, **rules).profit.effect - new_profit
assert abs(one_more - two_prices[0]) < 1e-4
average = new_profit / plan.cost
best_call = options[options.channel == "call"].profit.max()
assert average > 1.8 * two_prices[0] and best_call > 1.5 * two_prices[1]

# %% [markdown] tags=["solution"]
# {{two_prices[0] * 100:.0f}} cents for a euro, {{two_prices[1] * 100:.0f}} cents for a call. The average says {{average * 100:.0f}} cents for a euro; whoever begs for more money with that number promises twice too much. And a call brings {{best_call * 100:.0f}} cents of profit, but the money for it must be taken from the gifts, where it earned something too. What is left is its price.

# %% [markdown]
# **38d Which wish?** Jonas has found €300 again. Marta may choose: *one more agent* in the call centre, who makes 700 calls and gets the €300 as his wage (the calls themselves are paid from the €10,000); or *€300 more budget*. Which one, and what does each bring in the end? Answer with three values, `("agent" or "budget", agent, budget)`: profit in whole euros, the agent's wage taken off what his calls bring.

# %%
### BEGIN SOLUTION
more_calls = plan_budget(options, 10_000, capacity={"call": 3_200}, control_share=0.10)
more_money = plan_budget(options, 10_300, **rules)
agent = more_calls.profit.effect - new_profit - 300
money = more_money.profit.effect - new_profit
wish = ("agent" if agent > money else "budget", agent, money)
### END SOLUTION

# %%
check("38d", wish)

# %%
hint("38d")

# %% tags=["verify"]
assert wish[0] == "budget" and agent + 300 > money and agent > 0
assert abs(agent + 300 - 700 * two_prices[1]) < 0.01 and abs(money - 300 * two_prices[0]) < 0.01
assert agent + 100 > money  # at a wage of 200

# %% [markdown] tags=["solution"]
# The **budget**: €{{money:,.0f}} against €{{agent:,.0f}}. The agent's calls bring €{{agent + 300:,.0f}}, more than twice as much, and that is the trap: his wage is in nobody's profit yet. The €300 of budget are; the plan's profit is after all costs. An experienced colleague draws one line under both before comparing: *what is in Jonas's pocket afterwards?*
#
# She also checks that the prices still hold for steps of this size. 700 calls × {{two_prices[1] * 100:.0f}} cents and 300 euros × {{two_prices[0] * 100:.0f}} cents: they do here. And she would say how sure it is: the difference of €{{money - agent:,.0f}} hangs on a wage that is known to the cent, and on two prices that are not. At a wage of €200 she would hire him.
