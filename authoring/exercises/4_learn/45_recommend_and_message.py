# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the message of another town
#     question: What does the agency's engine find, and what may we send?
#     module: loyalty.learn.recommend
#     test: helpers/tests/tasks/t45/test_tasks.py
#     minutes: 40
#     pace: 12 for 45a, 5 for 45b, 10 for 45c, 8 for 45d, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# Marta helps in another town. An agency has made lists there on 1 October 2024: five products for each customer. Its slide says how many of these places "hit".
#
# `receipts` are the lines of 2023 and 2024. `agency` has one row a place: customer, place, product.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("45a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t45.scene import open_town, read_slide

receipts, agency = open_town()
print(f"The slide: {read_slide()} of 100 places hit!")
agency.head(3)

# %% [markdown]
# **45a What is the hit rate?** Which share of *all* places holds a product that the customer bought in October to December 2024, and had *not* bought before 1 October 2024 (in 2023 or 2024)? One fraction, to four decimals, such as 0.1234.

# %%
### BEGIN SOLUTION
pair = ["customer_id", "product_id"]
before = receipts[receipts.time < "2024-10-01"][pair].drop_duplicates()
later = receipts[receipts.time >= "2024-10-01"][pair].drop_duplicates()
places = agency.merge(before, on=pair, how="left", indicator="before")
places = places.merge(later, on=pair, how="left", indicator="later")
hits = (places.later == "both") & (places.before == "left_only")
hit_rate = hits.mean()
### END SOLUTION

# %%
check("45a", hit_rate)

# %%
hint("45a")

# %% tags=["verify", "solution"]
old = (places.before == "both").mean()
slide = ((places.before == "both") | (places.later == "both")).mean()
assert round(100 * slide) == read_slide() and old > 0.5 and 0.02 < hit_rate < 0.03

# %% [markdown] tags=["solution"]
# {{hit_rate:.1%}}. The slide counts all months, also those that the lists were made of. {{old:.0%}} of the places hold what the customer had already. Such a list can only remind.

# %% [markdown]
# **45b Who may claim to be better?** The agency has a grocer as well. Score the recommenders on the grocer's summer: `score_recommenders(groceries, "2017-07-01", end="2017-10-01", seed=45)`. The result has a table `.gains` with one row a comparison: the way (`way`), which products count (`among`), the simple way beside it (`against`), the number (`metric`), and a `verdict`. Which of `"last"`, `"items"` and `"linear"` are seen to have a better hit rate than best-sellers, for products that are *new* to the household? A set of names.

# %%
from loyalty.learn.recommend import score_recommenders
from loyalty.tasks.t45.scene import read_groceries

groceries = read_groceries()
### BEGIN SOLUTION
scores = score_recommenders(groceries, "2017-07-01", end="2017-10-01", seed=45)
gains = scores.gains.query("among == 'new' and metric == 'hit_rate'")
better = set(gains[gains.verdict == "better"].way)
### END SOLUTION

# %%
check("45b", better)

# %%
hint("45b")

# %% tags=["solution"]
from loyalty.charts import house_style
from loyalty.tasks.t45.pictures import draw_gains

house_style()
shown = gains.assign(shop="grocer's summer, groups of goods")
ax = draw_gains(shown, "One of three beats the best-sellers", "Complete Journey")

# %% tags=["verify", "solution"]
by_way = gains.set_index("way")
assert better == {"items"} and by_way.gain["linear"] > 0 > by_way.low["linear"]

# %% [markdown] tags=["solution"]
# Only item-to-item with the whole history, by {{100 * by_way.gain["items"]:.1f}} of 100 places ({{100 * by_way.low["items"]:.1f}} to {{100 * by_way.high["items"]:.1f}}). The linear model's number is higher than that of the best-sellers too, and its interval holds zero. "Higher" is no claim.

# %% [markdown]
# **45c How many messages go out?** Three steps:
#
# - Make lists of four products: `recommend_products(receipts, "2024-10-01", size=4)`.
# - Plan the messages with `customers`, the table of 1 October. Take `campaign_id="winter"`, `salt="town"`, a control of 20 % (`control=0.2`), a discount of 25 % (`discount=0.25`), €0.10 a message (`contact_cost=0.10`), and at most three messages in four weeks (`most_contacts=3`). Leave every other setting as it is.
# - Export them on Monday, 7 October 2024, with `today`, `expires="2024-10-31"`, the receipts, and any `secret` of 12 characters or more.
#
# How many messages go out? One whole number. (If it is wrong, the first check takes some seconds: it tries what may have happened.)

# %%
from loyalty.learn.recommend import export_messages, plan_messages, recommend_products
from loyalty.tasks.t45.scene import open_town_tables

shelf, customers, today = open_town_tables()
### BEGIN SOLUTION
lists = recommend_products(receipts, "2024-10-01", size=4)
limits = {"discount": 0.25, "contact_cost": 0.10, "most_contacts": 3}
draw = {"campaign_id": "winter", "salt": "town", "control": 0.2}
sending = plan_messages(lists, shelf, customers, **limits, **draw)
days = {"at": "2024-10-07", "expires": "2024-10-31"}
out = export_messages(sending, today, **days, secret="the town's own word", receipts=receipts)
messages = len(out.send)
### END SOLUTION

# %%
check("45c", messages)

# %%
hint("45c")

# %% tags=["solution"]
ax = sending.plot(source="simulated town, seed 11; consent and stock are made up")

# %% tags=["verify", "solution"]
off = int(out.taken_off.customers.sum())
assert messages + off == len(sending.to_send) and off > 20
assert set(out.send.customer_id).isdisjoint(sending.withheld.customer_id)

# %% [markdown] tags=["solution"]
# {{messages:,}}. {{len(sending.withheld):,}} customers are withheld, {{off}} left in the six days between. Somebody will say: *"It is a pity to waste so many customers."* Without them nobody can say what the messages changed.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **45d Do look-alikes buy?** `club` is the list of the town's baby club. Find look-alikes among `people` (leave `seed` and `folds` as they are). Take 200, and compare them with the 200 who spent most on baby products before (`spent_before`). The members of the club are on neither list. Some customers are on both: `.prove` knows how to count them. Who bought baby products later (`bought_later`)? `(gain, low, high)`: share of the look-alikes less share of the plain list, with its 95 % interval. Fractions, to three decimals.

# %%
from loyalty.learn.recommend import find_lookalikes
from loyalty.tasks.t45.scene import open_town_club

people, club, later = open_town_club()
### BEGIN SOLUTION
alike = find_lookalikes(people, club)
proof = alike.prove(later, "bought_later", count=200, rival="spent_before")
gain = (proof.gain, proof.low, proof.high)
### END SOLUTION

# %%
check("45d", gain)

# %%
hint("45d")

# %% tags=["solution"]
title = "Nothing shows that look-alikes buy more"
ax = proof.plot(title=title, source="simulated town, seed 11")

# %% tags=["verify", "solution"]
shares = proof.table.set_index("list")["mean"]
assert gain[1] < 0 < gain[2] and shares["look-alikes"] > 3 * shares["everybody else"]

from loyalty.tasks.t45.scene import TOWN_SEED, look_behind

same = int(look_behind(alike, 200, TOWN_SEED).of_them_look_alikes.iloc[1])

# %% [markdown] tags=["solution"]
# {{100 * gain[0]:+.1f}} points ({{100 * gain[1]:.1f}} to {{100 * gain[2]:.1f}}). Against everybody else (on neither list) the look-alikes shine, {{shares["look-alikes"]:.0%}} against {{shares["everybody else"]:.0%}}. But {{same}} customers are on both lists, and the plain list costs nothing. It is not seen to be worse.

# %% [markdown]
# **45e Which sentence does Marta sign?** Choose one letter:
#
# - `"A"`: "The engine hits {{read_slide()}} of 100 places."
# - `"B"`: "The messages bring what the customers on the lists will buy; a control is not needed."
# - `"C"`: "For something new the agency's lists hit two or three places of 100. What messages change, only customers who got none can tell."
# - `"D"`: "The box in the web shop raised page views by 10 %, so it raises orders by 10 %."

# %%
### BEGIN SOLUTION
decision = "C"
### END SOLUTION

# %%
check("45e", decision)

# %%
hint("45e")

# %% [markdown] tags=["solution"]
# C. It has a number that was scored on later months, and it says what is not known yet and who can tell.
