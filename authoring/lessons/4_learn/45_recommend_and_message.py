# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "Recommend and message"
#     question: Whom else, what else, and what do we send?
#     part_a: 25
#     part_b: 18
#     know_first: ["24", "33"]
#     module: loyalty.learn.recommend
#     test: helpers/tests/learn/recommend/test_scores.py::test_hits_and_ndcg_are_those_counted_customer_by_customer
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - score recommendations on months that they did not know, beside two simple ways: **time split**, **hit rate**
# - recommend to a visitor of whom you know one product (**item-to-item recommendation**), and to a member with a whole history
# - find **look-alikes** of a list of customers, and ask what they did later
# - make the list for Monday: who may get what, why, and who gets nothing on purpose

# %% [markdown]
# ## 88 of 100
#
# An agency shows one slide to a grocer. *"Our engine recommends five groups of goods to each household. In the next three months 88 of 100 households bought at least one of them."*
#
# The grocer likes it. Marta asks one question: how many would it be without an engine? The simplest list is the same for everybody: the five groups that most households bought.
#
# Your bet: **of 100 households, how many buy at least one of the five best-sellers?**

# %%
from loyalty.tasks import predict, reveal

predict("45-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %% [markdown]
# We count it by hand. The list knows the receipts before 1 October 2017. It is scored on those after it. This is a **time split**. (Lines that cost nothing, such as free gifts, are no purchases.)

# %%
from loyalty.tasks.t45.scene import GROCER_CUT, read_groceries

lines = read_groceries().query("sales > 0")
early, late = lines[lines.time < GROCER_CUT], lines[lines.time >= GROCER_CUT]
buyers = early.groupby("product_id").customer_id.nunique()
best = buyers.sort_values(ascending=False).head(5).index
best.tolist()

# %%
bought = late[late.product_id.isin(best) & late.customer_id.isin(early.customer_id)]
hits = bought.drop_duplicates(["customer_id", "product_id"])
households = early.customer_id.nunique()
each = hits.product_id.value_counts() / households
reached = hits.customer_id.nunique() / households
print(each.round(2).to_string())
reveal("45-bet", estimate=100 * reached, unit="of 100 households")

# %%
from loyalty.charts import house_style
from loyalty.tasks.t45.pictures import draw_slide
from loyalty.tasks.t45.scene import score_shop

house_style()
grocer = score_shop("grocer, groups of goods")
rates = grocer.to_frame("any_hit").query("among == 'all'").set_index("way").value
names = {"again": "what it bought most before", "popular": "best-sellers"}
names |= {"linear": "the agency's engine"}
shown = rates[list(names)].rename(names)
strict = grocer.to_frame("hit_rate").query("among == 'all'").set_index("way").value
print("hit rate", strict[list(names)].rename(names).round(3).to_string())
title = "Three lists reach nearly everybody"
ax = draw_slide(shown, "the agency's engine", title, "Complete Journey, real receipts")

# %% tags=["verify"]
assert abs(reached - rates["popular"]) < 1e-12 and rates["again"] > rates["popular"] > rates["linear"]
assert round(100 * rates["linear"]) == 88
by_hand = len(hits) / 5 / households
assert abs(by_hand - strict["popular"]) < 1e-12 and strict["again"] > strict["popular"] > strict["linear"] + 0.04

# %% [markdown]
# {{100 * reached:.0f}} of 100, with a list that knows nobody. The slide's number is true, and it says nothing: each of these five groups is bought by {{100 * each.min():.0f}} to {{100 * each.max():.0f}} of 100 households in these months.
#
# So we take a stricter number. The **hit rate** is the share of all places on the lists that were bought later (as in lesson 24; the table above the chart).
#
# The list that simply repeats what the household bought most hits {{100 * strict["again"]:.1f}} of 100 places, the best-sellers {{100 * strict["popular"]:.1f}}, the engine {{100 * strict["linear"]:.1f}}. The engine is the worst of the three. To repeat what somebody buys anyway needs no engine.
#
# ## Something new
#
# Then what is a recommendation for? For something that the customer does *not* have yet. So we leave out what he bought before, on both sides: on the list and in the later purchases. Now the best-sellers are the best-sellers *that he has not bought*.
#
# Five recommenders compete. The word in quotes is the name in the tables:
#
# - *best-sellers*, `"popular"`: the same order for everybody;
# - *item-to-item, last product only*, `"last"`: who bought X bought Y, and X is the last product that the customer bought;
# - *item-to-item, whole history*, `"items"`: the same, added up over all products that he has bought;
# - *linear model*, `"linear"`: each product is explained by all the others together (the agency's engine);
# - *community*, `"community"`: what is bought in the customer's community (lesson 24).
#
# (To repeat what he bought before is `"again"`. It cannot find anything new.)

# %%
from loyalty.tasks.t45.scene import open_chain

chain = score_shop("our chain, products")
title = "In our chain, every recommender beats the best-sellers"
ax = chain.plot(title=title, source="simulated chain, seed 45")

# %% tags=["verify"]
by_way = chain.to_frame("hit_rate").query("among == 'new'").set_index("way").value
assert chain.find_winners()[0] == "linear" and len(chain.find_winners()) == 4
assert by_way["linear"] > 1.6 * by_way["popular"]

# %% [markdown]
# (`score_shop` calls `score_recommenders`, as you will in the exercise. Our chain has {{len(open_chain().customers):,}} customers; the {{chain.n_customers:,}} who bought before 1 October 2024 get a list.) Of 100 places with the linear model {{100 * by_way["linear"]:.1f}} are bought in the next three months, with best-sellers {{100 * by_way["popular"]:.1f}}. Our chain is simulated, and its tastes are kind.
#
# Is "higher" also "better"? The result has a table `.gains`: each difference from best-sellers, its interval, and a verdict. The next figure draws it.
#
# Is it so in a real shop? We ask the grocer twice: for single products, and for groups of goods. (A few seconds.)

# %%
from loyalty.tasks.t45.pictures import draw_gains
from loyalty.tasks.t45.scene import gather_gains

gains = gather_gains()
title = "Our chain gains much, the grocer less"
ax = draw_gains(gains, title)

# %% tags=["verify"]
by = gains.set_index(["shop", "way"])
groups, products = by.loc["grocer, groups of goods"], by.loc["grocer, products"]
assert groups.verdict["items"] == "better" and groups.gain["items"] < 0.015
assert (groups.verdict[["linear", "community"]] == "not clear").all() and groups.verdict["last"] == "worse"
assert (products.verdict[["items", "linear"]] == "better").all() and products.gain.max() < 0.03
assert products.verdict["last"] == "not clear"
assert (by.loc["our chain, products"].gain > 0.015).all()

# %% [markdown]
# Each line is a difference from best-sellers, on the same customers. With the grocer's products the linear model gains {{100 * products.gain["linear"]:.1f}} of 100 places ({{100 * products.low["linear"]:.1f}} to {{100 * products.high["linear"]:.1f}}). With groups of goods only one way is seen to be better, by {{100 * groups.gain["items"]:.1f}} ({{100 * groups.low["items"]:.1f}} to {{100 * groups.high["items"]:.1f}}). Where a line crosses zero, nobody may say "our engine is better". (For the grocer's single products there are no communities: too few households buy the same product.)
#
# If you try many engines, one of them looks good by luck. So the verdicts are stricter, the more ways there are (Holm's correction).
#
# ## A visitor whom nobody knows
#
# In the web shop somebody looks at one product. He has no card and no history. All we know is the page. What should stand in the box beside it?

# %%
from loyalty.learn.recommend import recommend_beside
from loyalty.tasks.t45.scene import CUT, name_products

names = name_products()
receipts = open_chain().receipts
page = names.index[names == "Monitors 01"][0]
box = recommend_beside(receipts, CUT, page, size=5)
box.assign(product_id=box.product_id.map(names)).round(2)

# %% [markdown]
# That is **item-to-item**: `both` customers bought the product and the page's product, before 1 October 2024 (`CUT`). The `similarity` is high where many buyers of one are buyers of the other. To score it we take a later basket, show one of its products by lot, and let the box guess the others. (A few seconds.)

# %%
from loyalty.tasks.t45.scene import gather_visits, score_visits

visits = gather_visits()
baskets = score_visits("grocer, groups of goods").to_frame().set_index("way")
print(baskets[["hit_rate", "any_hit"]].round(2))
title = "One product tells much, little, or less than nothing"
ax = draw_gains(visits, title, what="in the same basket")

# %% tags=["verify"]
far = visits.set_index("shop")
assert far.low["our chain, products"] > 0.03 and far.low["grocer, products"] > 0
assert far.high["grocer, groups of goods"] < -0.02 and len(box) == 5

hit = baskets.any_hit
assert hit["popular"] > hit["items"]

# %% [markdown]
# In our chain the box gains {{100 * far.gain["our chain, products"]:.1f}} of 100 places. With the grocer's groups of goods it *loses* {{-100 * far.gain["grocer, groups of goods"]:.1f}}: the five best-sellers have a hit in {{100 * hit["popular"]:.0f}} of 100 baskets, the box in {{100 * hit["items"]:.0f}} (`any_hit`). So measure it in your shop. This box does not win everywhere.
#
# ## Whom else?
#
# Jonas has a list of customers who joined the baby club at the till. *"Find me 300 more like them."* The list is a **seed list**. Who is like the seeds and is not on it is a **look-alike**. (The club is made up; its members are young families of the chain.)

# %%
from loyalty.learn.recommend import find_lookalikes
from loyalty.tasks.t45.scene import describe_people, list_club

people, club = describe_people(), list_club()
alike = find_lookalikes(people, club)
print(f"{len(people):,} customers; test of the probabilities: p = {alike.p_calibration:.2f}")
title = "One tenth of the customers holds half of the seeds"
ax = alike.plot(title=title, source="simulated chain")

# %% tags=["verify"]
tenth = alike.reach.iloc[1]
assert len(people) < chain.n_customers < len(open_chain().customers)
assert 0.4 < tenth.found < 0.65 and alike.low > 0.8 and alike.p_calibration > 0.01

# %% [markdown]
# `people` are the {{len(people):,}} customers who bought something within the year. (Of the {{chain.n_customers:,}} with a list, the others have not come for longer.) `find_lookalikes` learns from some of the {{len(club)}} seeds, and looks for the others, in turn. So the curve is about members that the model did not see (in the figure: "held-out"). The likeliest tenth holds {{tenth.found:.0%}} of them ({{tenth.low:.0%}} to {{tenth.high:.0%}}). Each customer gets a probability to be on such a list. Of those with 20 %, about 20 of 100 should be on it. A test finds nothing against that (p = {{alike.p_calibration:.2f}}; below 0.01 it would).
#
# They are alike. Will they also *buy* alike? We ask the three months after. Beside them stands the simplest list: the 300 who spent most on baby products before. (The club's members are on neither list.)

# %%
from loyalty.tasks.t45.scene import watch_babies

proof = alike.prove(watch_babies(), "bought_later", count=300, rival="spent_before")
title = "The look-alikes are not seen to beat a plain list"
ax = proof.plot(title=title, source="simulated chain")

# %% tags=["verify"]
later = proof.table.set_index("list")["mean"]
sizes = proof.table.set_index("list").customers
assert later["look-alikes"] > 2 * later["everybody else"] and proof.low < 0

# %% [markdown]
# Of the look-alikes {{later["look-alikes"]:.0%}} bought baby products later, of everybody else (on neither list) {{later["everybody else"]:.0%}}. That sounds like a success. But the plain list has {{later["most spent before"]:.0%}}. The difference is {{100 * proof.gain:.1f}} points ({{100 * proof.low:.1f}} to {{100 * proof.high:.1f}}).
#
# The model looks for the seeds in five groups, and these are drawn by lot. How much does the lot matter? We draw eight times. (A few seconds.)

# %%
from loyalty.tasks.t45.scene import look_behind, try_folds

lots = try_folds(300)
print((100 * lots).round(2))
behind = look_behind(alike, 300)
behind.round(2)

# %% tags=["verify"]
assert (lots.gain < 0).all() and not (lots.low > 0).any() and len(lots) == 8
assert abs(lots.gain[0] - proof.gain) < 1e-12
clearly = int((lots.high < 0).sum())
families = behind.set_index("list").young_families
both = int(behind.of_them_look_alikes.iloc[1])
assert sizes["everybody else"] == len(people) - len(club) - 600 + both
assert families["look-alikes"] > families["most spent before"] + 0.05 > 0.6 and 100 < both < 300

# %% [markdown]
# The difference lies between {{100 * lots.gain.min():.1f}} and {{100 * lots.gain.max():.1f}} points. In {{clearly}} of the draws the whole interval is below zero. So say: *not seen to be better, perhaps a little worse*.
#
# Were the look-alikes wrong? Our chain is simulated, so the last table looks behind the curtain. No: {{families["look-alikes"]:.0%}} of them are young families. Of the plain list it is {{families["most spent before"]:.0%}}, of all who are not in the club {{families["all who are not in the club"]:.0%}}. *Alike* and *will buy* are two questions. For the club, take the look-alikes. For selling nappies, nothing shows that they are better than the plain list. (The two lists share {{both}} customers. Only the others make the difference.)
#
# ## What do we send?
#
# Each customer now gets five suggestions with a reason, made of what was known before 1 October.

# %%
from loyalty.learn.recommend import recommend_products

lists = recommend_products(receipts, CUT, way="linear", size=5)
everybody = open_chain().customers.customer_id
without = (~everybody.isin(lists.table.customer_id)).sum()
print(f"{len(everybody):,} customers, {without} of them without a list")
lists.to_frame(names)[["customer_id", "place", "product_id", "reason"]].head(4)

# %% tags=["verify"]
assert len(everybody) == 5_000 and 0 < without < 1_000

# %% [markdown]
# (Of the 5,000 customers {{without}} bought nothing before 1 October. They have no list.)
#
# A suggestion is not yet a message. Some customers have not agreed to get any. Some have had enough (a **frequency cap**: three messages in four weeks). Some products are sold out. Some earn nothing after the discount of 20 %. And one of ten gets nothing, on purpose: the control, drawn by lot from those who *could* get one. The `salt` is a word of ours: with the same word the lot falls in the same way again.

# %%
from loyalty.learn.recommend import plan_messages
from loyalty.tasks.t45.scene import explain_places, list_customers, stock_shelf

limits = {"discount": 0.2, "contact_cost": 0.10, "most_contacts": 3}
draw = {"campaign_id": "autumn", "salt": "letters", "control": 0.1}
sending = plan_messages(lists, stock_shelf(), list_customers(CUT), **limits, **draw)
why = explain_places(sending, lists)
print(why.to_string())
ax = sending.plot(source="simulated chain, seed 45; consent and stock are made up")

# %% tags=["verify"]
steps = sending.steps.set_index("step")
assert set(sending.to_send.customer_id).isdisjoint(sending.withheld.customer_id)
assert (sending.people.margin > 0.1).all() and steps.out["earns nothing"] > 500 and steps.out["out of stock"] > 500
assert (sending.to_send.place > 1).mean() > 0.2

share = why.set_index("the_first_choice").share
assert abs(share["is on the message"] - (sending.to_send.place == 1).mean()) < 0.001
assert why.messages.sum() == len(sending.to_send) and why.messages.min() > 50

# %% [markdown]
# {{len(sending.to_send):,}} messages of {{steps.left["with a recommendation"]:,}} customers with a list. Of these messages {{1 - share["is on the message"]:.0%}} do not carry the first choice: it was sold out ({{share["is sold out"]:.0%}}), it earned too little ({{share["earns too little"]:.0%}}), or its pieces were promised to customers with a higher score ({{share["its pieces went to others"]:.0%}}).
#
# The list is of Tuesday, 1 October. The messages go out on Monday, the 7th. So we ask *again*, at the moment of export: who still agrees, and who has bought the product meanwhile?

# %%
from loyalty.learn.recommend import export_messages
from loyalty.tasks.t45.scene import EXPORT_DAY, find_visible

today = list_customers(EXPORT_DAY)
words = {"expires": "2024-10-31", "secret": "only Marta knows it"}
out = export_messages(sending, today, EXPORT_DAY, **words, receipts=receipts)
print(out.taken_off.to_string())
visible = find_visible(sending)
print(f"\nvisible: €{visible.effect:.2f} a customer; spent before: €{visible.noise.base:.2f}")
out.send.head(3)

# %% tags=["verify"]
off = out.taken_off.set_index("reason").customers
assert off.min() > 0 and len(out.send) + off.sum() == len(sending.to_send)
assert set(out.send.customer_id).isdisjoint(sending.withheld.customer_id) and out.send.code.is_unique
assert 0.3 < visible.effect / visible.noise.base < 0.8 and len(sending.withheld) < 300
assert len(out.assignment) == len(sending.people) and list(out.send) == "customer_id offer_id code expires".split()

# %% [markdown]
# (`offer_id` is the product.) {{off.sum()}} messages are taken off. These customers stay in their arm when we measure, because nobody looks for such people in the control (lesson 33).
#
# The file for the sender has no control and no reason in it. *"Because you bought diabetes care"* is nobody's business outside, and perhaps not even a good sentence for a letter.
#
# ### On Monday
#
# Marta sends {{len(out.send):,}} messages. She keeps the assignment inside. What the messages *change*, only the control can tell: a hit rate cannot. Is this control large enough? With {{len(sending.withheld)}} customers it shows, four times of five, a change of about €{{visible.effect:.0f}} a customer. In the four weeks before they spent €{{visible.noise.base:.0f}}. So only a large change will be seen. For a smaller one Marta needs a larger control (lesson 32).
#
# For your own receipts the template **next_offers** takes all these steps, from the scores to the file for the sender: `python3 workshop.py run next_offers --example -o offers.html`.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/45_recommend_and_message.ipynb), 45a to 45c. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: more than hits
#
# Six minutes. Two lists have the same hit rate. One has its hits on top, the other at the bottom. Readers begin at the top. So **NDCG** gives each place a worth, 1 / log2(place + 1), and divides by the best that could be.

# %%
import numpy as np

from loyalty.tasks.t45.pictures import draw_place_values

hits, wanted = [0, 1, 0, 0, 1], 4  # second and fifth of five; four products were bought
worth = 1 / np.log2(np.arange(1, 6) + 1)
ndcg = (worth * hits).sum() / worth[:wanted].sum()
ax = draw_place_values(hits, f"Two hits of five: NDCG is {ndcg:.2f}")

# %% tags=["verify"]
from sklearn.metrics import ndcg_score

from loyalty.tasks.t45.scene import score_one_list

referee = ndcg_score([[0, 1, 0, 0, 1, 1, 1]], [[7, 6, 5, 4, 3, 2, 1]], k=5)
assert abs(score_one_list(hits, wanted) - ndcg) < 1e-12 and abs(referee - ndcg) < 1e-12

# %% [markdown]
# Two more numbers say what a hit rate hides. **Catalogue coverage**: which share of the products is shown at all, to 1,000 customers together? **Novelty**: how unknown are the products? It is in bits: one more means that half as many customers know the product.

# %%
frame = chain.to_frame().query("among == 'new'").set_index("way")
frame[["hit_rate", "ndcg", "coverage", "novelty"]].round(3)

# %% tags=["verify"]
assert frame.coverage["popular"] < 0.05 < frame.coverage["items"] < frame.coverage["linear"]
assert 0.8 < frame.novelty["linear"] - frame.novelty["popular"] < 1.2 and frame.novelty.idxmax() == "last"

# %% [markdown]
# The best-sellers show {{frame.coverage["popular"]:.0%}} of the products, the linear model {{frame.coverage["linear"]:.0%}}. It hits more *and* shows more of the shop. That is not always so: "last product only" shows more still, and hits less.
#
# And the novelty? The linear model's products have {{frame.novelty["linear"] - frame.novelty["popular"]:.1f}} bits more than the best-sellers. So they are known to about half as many customers. The most unknown ones come from "last product only".

# %% [markdown]
# ## The months that were known
#
# Four minutes. What if the recommenders learn from all months, and are scored on the last three of them? It happens easily: one forgets to cut the table.

# %%
from loyalty.tasks.t45.pictures import draw_leak
from loyalty.tasks.t45.scene import score_leaky

leak = score_leaky()
ax = draw_leak(leak, "Known months help the linear model most")

# %%
(100 * leak).round(2)  # of 100 places

# %% tags=["verify"]
assert (leak.leaky > leak.honest).all() and leak.leaky["linear"] > 1.15 * leak.honest["linear"]
assert abs(leak.honest["linear"] - by_way["linear"]) < 1e-12
lead = leak.loc["linear"] - leak.loc["items"]
assert (leak.leaky - leak.honest).idxmax() == "linear" and lead.leaky > 3 * lead.honest > 0

# %% [markdown]
# The linear model seems to hit {{leak.leaky["linear"]:.1%}} instead of {{leak.honest["linear"]:.1%}}. Nothing else was changed. It can learn most by heart, and it gains most from the leak. Its lead on item-to-item is {{100 * lead.honest:.2f}} of 100 places in truth, and {{100 * lead.leaky:.2f}} with the leak. The leak shows what a method remembers, not what it finds.

# %% [markdown]
# ## Ten per cent more page views
#
# Eight minutes. The web shop has tried a box with recommendations. All visitors saw it, nobody was kept without it. *"Page views went up by 10 %!"* What is that worth? (A made-up shop: 120,000 visitors a month, 3 of 100 order, an order earns €8.)
#
# It depends on how much of the rise comes through to orders. If orders rise as much as pages, it is worth much. But a visitor who looks at one page more has not ordered anything yet.

# %%
from loyalty.tasks.t45.pictures import draw_views
from loyalty.tasks.t45.scene import WebShop, value_views

worth = value_views(WebShop(), more=0.10, passes=(1.0, 0.5, 0.2, 0.1))
ax = draw_views(worth, "The less comes through, the longer the test")

# %%
worth.round(1)

# %% tags=["verify"]
from loyalty.evaluate.design import find_size

size = find_size(rate=0.03, effect=0.003, control=0.5).size
assert abs(worth.visitors[0] - size) < 1e-6 and worth.months[0] < 1.2 < 50 < worth.months[3]
assert worth.margin[0] == 120_000 * 0.003 * 8

# %% [markdown]
# If all of it comes through, the box earns €{{worth.margin[0]:,.0f}} a month, and a holdout of half of the visitors would show it within {{worth.months[0]:.1f}} months. If one tenth comes through, it earns €{{worth.margin[3]:,.0f}}, and no test of a sensible length sees it ({{worth.months[3]:.0f}} months). Each month counts its visitors as new ones. Many come again, so the test takes longer still.
#
# So the sentence for the board is: *"We do not know what it is worth. We leave the box out for half of the visitors for two months. If orders rise by a tenth, we will see it with a chance of four in five or more."* Page views alone cannot decide. A visitor counts in the half to which he was drawn, whether he saw the box or not, and he stays there when he comes again.

# %% [markdown]
# ## What we learned
#
# - Scores need a **time split**, best-sellers beside them, and products new to the customer apart. The **hit rate** of an engine alone says nothing.
# - The box beside one product (**item-to-item**) beat the best-sellers where it showed products. Where it showed groups of goods it lost. Measure it in your shop.
# - **Look-alikes** are alike. Whether they buy alike, later purchases tell, beside a plain list.
# - A send list takes away consent, caps, stock and loss *before* the lottery, and asks for consent once more at export.
#
# ## What could still be wrong
#
# - A hit is a purchase. Some would have bought without the message. Offline scores cannot say how many.
# - Where nothing is to be learned, the linear model is *worse* than best-sellers: it learns noise ([20 worlds](../../docs/tables/recommend.md)).
# - Receipts show what customers saw and could buy. A product that was sold out, or stood in a corner, looks unloved.
# - The intervals draw customers again. The next three months may be another season.
# - The linear model has a setting, its penalty: how careful it is with products that few bought. We fixed it beforehand. If you try several, you need a third period to score the best.
#
# ## Use it on your data
#
# ```python
# scores = score_recommenders("receipts.parquet", "2025-04-01")
# scores.find_winners()
# lists = recommend_products("receipts.parquet", "2025-07-01")
# ```
#
# Then `plan_messages` with your products and customers, and `export_messages` on the day of sending. Or the template `next_offers`, which takes all these steps and writes the files.

# %% [markdown]
# [[links]]
