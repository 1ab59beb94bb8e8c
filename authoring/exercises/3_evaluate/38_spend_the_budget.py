# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the budget is cut
#     question: Three and a half thousand euros less. What do we stop, and what would we add again first?
#     module: loyalty.evaluate.budget
#     test: helpers/tests/tasks/t38/test_tasks.py
#     minutes: 35
#     pace: 15 for 38a and 38b, 20 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, early summer. There were €13,000 for the next mailing. On Friday Jonas cut them to **€9,500**, and by Monday he wants to know what that does. This is what there is:
#
# - Ines's figures from three tests together: profit per contact after all costs, already **cautious** (0.84 standard errors are taken off);
# - a call centre that reaches at most **2,500** customers until then;
# - the house rule: **10 %** of each segment are control, and nobody gets more than one offer;
# - a plan by the agency, made for €13,000.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("38a")` gives one step at a time. The next cell makes the chain and its three tests; that takes about ten seconds.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t38.scene import gather_tests

options, agency = gather_tests()
options.sort_values("profit", ascending=False).head(8)

# %% [markdown]
# All money is in euros per *contacted* customer, except `reward`. That is what one **redeemed** reward costs (points at their expected cost), and `redeemed` is the share of the contacted who redeem it. `discount` is what the tills take off, on average over all contacted.
#
# And this is the agency's plan: the best offer of each segment, to the same share of each segment.

# %%
agency

# %% [markdown]
# **38a The agency's bill.** The agency says that its plan costs €13,000, because "everybody may redeem". What does it cost in all (contacts, discounts, rewards), when as many redeem as in `redeemed`? One number, in whole euros.

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
assert abs(everybody - 13_000) < 5 and agency_cost < 0.7 * everybody

# %% [markdown] tags=["solution"]
# €{{agency_cost:,.0f}}, two thirds of what they asked for. The other €{{everybody - agency_cost:,.0f}} would lie aside for rewards that nobody collects. So the agency's plan fits into the cut budget as it stands. That does not make it a good plan: it promises €{{agency_profit:,.0f}}.

# %% [markdown]
# **38b The plan after the cut.** What is the profit of the best plan for €9,500? At most 2,500 calls, 10 % of each segment as control, at most one offer a customer, costs as in 38a. An offer may go to a part of a segment. One number, in whole euros.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.budget import plan_budget

rules = {"capacity": {"call": 2_500}, "control_share": 0.10}
plan = plan_budget(options, 9_500, **rules)
new_profit = plan.profit.effect
### END SOLUTION

# %%
check("38b", new_profit)

# %%
hint("38b")

# %% tags=["verify"]
from loyalty.tasks.t38.scene import reveal_truth

before = plan_budget(options, 13_000, **rules)
unlimited = plan_budget(options, 9_500, control_share=0.10)
fearful = plan_budget(options.assign(cost=options.contact_cost + options.discount + options.reward), 9_500, **rules)
fall = before.profit.effect - new_profit
stopped = before.plan.merge(plan.plan, on=["segment", "offer_id"], how="left", suffixes=("_before", "")).fillna(0.0)
stopped["less"] = stopped.contacts_before - stopped.contacts
revealed = reveal_truth()
truly = plan.plan.merge(revealed, on=["segment", "offer_id"])
truly_profit = (truly.contacts * truly.truth).sum()
agency_truly = agency.merge(revealed, on=["segment", "offer_id"])
agency_brings = (agency_truly.contacts * agency_truly.truth).sum()
by_segment = stopped.set_index("segment").less
equal_cut = before.profit.effect * 3_500 / 13_000
assert set(by_segment[by_segment > 1].index) == {"beauty", "online"} and by_segment.idxmax() == "beauty"
assert (stopped.contacts == 0).sum() == 1 and stopped.set_index("segment").contacts["online"] == 0
assert fall < 0.7 * equal_cut and new_profit > 1.5 * agency_profit and fearful.cost > 9_000
calls = unlimited.plan[unlimited.plan.offer_id == "concierge"].contacts.sum()
assert calls > 5_000 and truly_profit > agency_brings
assert 0.8 < truly_profit / new_profit < 1.1

# %% tags=["solution"]
plan

# %% [markdown] tags=["solution"]
# €{{new_profit:,.0f}}. The ten percent for online customers go, and {{by_segment["beauty"]:,.0f}} gifts for the beauty shelf: the two places where a euro brings least. The cut takes {{3_500 / 13_000 * 100:.0f}} % of the money and {{fall / before.profit.effect * 100:.0f}} % of the profit (€{{fall:,.0f}}). If you cut every line by the same share, you lose €{{equal_cut:,.0f}}, because you also cut the calls, which bring most for a euro. (The helper warns because nobody gave it standard errors. These figures are cautious already.)
#
# Three tempting ways, and what they cost. Without the call centre's limit the programme wants {{calls:,.0f}} calls, and {{calls - 2_500:,.0f}} customers would wait for a call that never comes. Planned as if everybody redeemed, the plan promises only €{{fearful.profit.effect:,.0f}}, because the rewards look too dear. And if you fill the budget by hand, from the top of a ranking with one offer a segment, you pass over the gifts for the beauty shelf, because its best offer is a call, and the calls have run out.
#
# And the truth? Our plan brings €{{truly_profit:,.0f}}, {{truly_profit / new_profit * 100:.0f}} % of its promise; the agency's would have brought €{{agency_brings:,.0f}}. Three tests and a cautious reading keep what they say far better than the one test of the lesson.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **38c Two prices.** At the plan of 38b: how much profit would one more *euro* of budget bring, and how much one more *call*? `(euro, call)`, in euros, rounded to a cent.

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
one_more = plan_budget(options, 9_501, **rules).profit.effect - new_profit
assert abs(one_more - two_prices[0]) < 1e-4
average = new_profit / plan.cost
best_call = options[options.channel == "call"].profit.max()
assert average > 1.8 * two_prices[0] and best_call > 1.5 * two_prices[1]

# %% [markdown] tags=["solution"]
# {{two_prices[0] * 100:.0f}} cents for a euro, {{two_prices[1] * 100:.0f}} cents for a call. The average says {{average * 100:.0f}} cents for a euro. If you ask for more money with that number, you promise twice too much. And a call brings {{best_call * 100:.0f}} cents of profit, but the money for it must be taken from the gifts, where it earned something too. What is left is its price.

# %% [markdown]
# **38d Which wish?** Jonas has found €300 again. Marta may choose. One wish is *one more agent* in the call centre: he makes 700 calls and gets the €300 as his wage (the calls themselves are paid from the €9,500). The other wish is *€300 more budget*. Which one brings more, and how much profit does each bring **on top of your 38b**? Answer with three values, `("agent" or "budget", agent, budget)`: both in whole euros, and the agent's wage taken off what his calls bring.

# %%
### BEGIN SOLUTION
more_calls = plan_budget(options, 9_500, capacity={"call": 3_200}, control_share=0.10)
more_money = plan_budget(options, 9_800, **rules)
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
assert agent + 300 < 700 * two_prices[1] - 10 and abs(money - 300 * two_prices[0]) < 0.01
assert agent + 100 > money  # at a wage of 200

# %% [markdown] tags=["solution"]
# The **budget**: €{{money:,.0f}} against €{{agent:,.0f}}. The agent's calls bring €{{agent + 300:,.0f}}, more than twice as much, and that is the trap: his wage is in nobody's profit yet. The €300 of budget are, because the plan's profit is after all costs. An experienced colleague draws one line under both before she compares: *what is in Jonas's pocket afterwards?*
#
# She also looks whether the prices of 38c hold for steps of this size. The euro's does: 300 × {{two_prices[0] * 100:.0f}} cents. The call's does not: 700 × {{two_prices[1] * 100:.0f}} cents would be €{{700 * two_prices[1]:,.0f}}. The money for the calls comes from the gifts, and after a while there are no gifts left to take it from. For a large step, plan again.
#
# And how sure is it? The difference of €{{money - agent:,.0f}} hangs on a wage that is known to the cent, and on two prices that are not. At a wage of €200 she would hire him.
