# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the letters of a town
#     question: Does one list of offers for everybody sell as well as a list for each community?
#     module: loyalty.segment.micro
#     test: helpers/tests/tasks/t24/test_tasks.py
#     minutes: 35
#     pace: 20 for 24a to 24c, 15 for the offers and the decision
# ---

# %% [markdown]
# [[opening]]
#
# Jonas runs the shops of another town. It is 1 July 2024. The summer letter has three offers, and nobody is offered what he has bought already. On Monday Jonas decides whether they come from one list for
# everybody, the best-sellers, or from a list for each community. He has the receipts of 18 months. The cashiers also type in the carrier bags.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("24a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t24.scene import read_town

town = read_town()
town.tail(3)

# %% [markdown]
# One row is a receipt line: {{len(town):,}} of them. Product 9999 is the carrier bag. `hour` is the hour of the day.
#
# **24a Make the links.** The offers will be scored from 1 April 2024 on. So make the links of customers and products *before* that day, and leave the carrier bag out. How many
# links are there? One whole number.

# %%
### BEGIN SOLUTION
from loyalty.segment.micro import link_customers

links = link_customers(town, end="2024-04-01", leave_out=[9999])
number_of_links = len(links.table)
### END SOLUTION

# %%
check("24a", number_of_links)

# %%
hint("24a")

# %% tags=["verify", "solution"]
with_bag = link_customers(town, end="2024-04-01")
bags = with_bag.to_frame().iloc[0]
assert bags.product_id == 9999 and bags.share > 0.9

# %% [markdown] tags=["solution"]
# {{number_of_links:,}}. With the bag there would be {{len(with_bag.table) - number_of_links:,}} more, because {{bags.share:.0%}} of the customers bought one. It is on top of every list, it is
# bought again most often, and it says nothing about anybody.

# %% [markdown]
# **24b Are there communities?** Use `find_communities` with `rewirings=19`, `starts=1` and `seed=24`. (For a decision take 100 rewirings; here the check should not keep you waiting.)
# `(modularity, low, high)`, to three decimals: Barber's modularity, and the middle 95 % of the rewired graphs.

# %%
### BEGIN SOLUTION
from loyalty.segment.micro import find_communities

found = find_communities(links, rewirings=19, starts=1, seed=24)
against_chance = (found.modularity, found.null_low, found.null_high)
### END SOLUTION

# %%
check("24b", against_chance)

# %%
hint("24b")

# %% tags=["verify", "solution"]
assert found.verdict == "communities" and found.modularity > 2 * found.null_high

# %% [markdown] tags=["solution"]
# {{against_chance[0]:.3f}}, and by lot {{against_chance[1]:.3f}} to {{against_chance[2]:.3f}}. With 19 rewirings p cannot be less than 0.05, and it is {{found.p:.2f}}. The distance
# says more than p does.

# %% [markdown]
# **24c Which kind of link?** Customers can also be linked by the same stores, or by the same hours of the day. Make the links with `to="store_id"` and `to="hour"`
# (same days; leave nothing out, even if a warning speaks of a store with most of the customers), and test them as in 24b. For which of the three are there communities? A set of names out of `"product_id"`, `"store_id"` and `"hour"`.

# %%
### BEGIN SOLUTION
kinds = {"product_id": found}
for kind in ("store_id", "hour"):
    other = link_customers(town, to=kind, end="2024-04-01")
    kinds[kind] = find_communities(other, rewirings=19, starts=1, seed=24)
with_communities = {kind for kind, one in kinds.items() if one.verdict == "communities"}
### END SOLUTION

# %%
check("24c", with_communities)

# %%
hint("24c")

# %% tags=["solution"]
from loyalty.charts import house_style
from loyalty.tasks.t24.pictures import draw_kinds

house_style()
stores, hours = kinds["store_id"], kinds["hour"]
shown = {"same products": found, "same stores": stores, "same hours": hours}
title = "The stores look like communities, and are chance"
ax = draw_kinds(shown, title, "simulated town, seed 11")

# %% tags=["verify", "solution"]
assert with_communities == {"product_id"} and stores.modularity > 0.9 * found.modularity

# %% [markdown] tags=["solution"]
# Only the products. The stores reach {{stores.modularity:.2f}}, nearly as much as the products, with {{len(stores.table)}} "communities" on the map. A graph with few links a customer splits easily.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **24d Does it sell?** Score three offers for each customer on the purchases from 1 April on, with the communities of 24b. `(gain, low, high)`: the hit rate of the community's
# offers less that of best-sellers, with its 95 % interval. Fractions, to four decimals.

# %%
### BEGIN SOLUTION
from loyalty.segment.micro import score_offers

scores = score_offers(found, town, start="2024-04-01", offers=3)
gain = (scores.gain, scores.low, scores.high)
### END SOLUTION

# %%
check("24d", gain)

# %%
hint("24d")

# %% tags=["solution"]
ax = scores.plot(source="simulated town, seed 11")

# %% tags=["verify", "solution"]
from loyalty.tasks.t24.measures import score_leaky

leaky = score_leaky()
assert scores.winner == "community" and leaky.gain > scores.gain

# %% [markdown] tags=["solution"]
# {{100 * gain[0]:.1f}} of 100 offers more ({{100 * gain[1]:.1f}} to {{100 * gain[2]:.1f}}). With communities made of all months it would have been {{100 * leaky.gain:.1f}}: the same months
# had made the communities and scored them.

# %% [markdown]
# **24e What does Jonas do?** Here are five ways. Compare them with your numbers of 24d, and choose one letter. (The cell takes some seconds.)

# %%
import pandas as pd

from loyalty.tasks.t24.measures import list_letters

pd.set_option("display.max_colwidth", None)  # the sentences, whole
list_letters()

# %%
### BEGIN SOLUTION
decision = "B"
### END SOLUTION

# %%
check("24e", decision)

# %%
hint("24e")

# %% [markdown] tags=["solution"]
# B, by the low end of 24d ({{1000 * gain[1]:.0f}} of 1,000 offers). The communities are there, and their offers are bought more often than best-sellers. What the letter *changes* is another question, and only a control group answers it (lesson 33).
