# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Clusters
#     question: Does the data have groups, or am I cutting a cloud?
#     part_a: 30
#     part_b: 35
#     know_first: ["12", "22"]
#     module: loyalty.segment.clusters
#     test: helpers/tests/segment/clusters/test_groups.py::test_three_groups_are_found_and_clouds_are_not
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - scale features, so that money does not decide alone, and cut customers into clusters with **k-means**
# - ask with a **null cloud** whether there are groups at all
# - choose the number of clusters by a rule, and measure **cluster stability**
# - look at profiles first, and give names afterwards

# %% [markdown]
# ## Five personas for €30,000
#
# An agency has shown Marta five personas: "Champions", "Smart Shoppers", "Sleeping Beauties" and two more, found by an algorithm in her customers'
# recency, frequency and money. They cost €30,000. She asks Ines: *"Are these five kinds of people really there?"*
#
# Ines can run the same algorithm in a minute. It will find five clusters. It would also find five in a cloud of midges. So the question is the
# right one, and it comes before the names.

# %%
import numpy as np
import pandas as pd

from loyalty.charts import house_style
from loyalty.prepare.profile import build_profile
from loyalty.tasks.t23.scene import open_chain

house_style()
world = open_chain()
profile = build_profile(world.receipts, world.end, customers=world.customers)
buyers = profile[profile.frequency > 0]  # the others never bought: a segment of their own
rfm = ["recency_days", "frequency", "monetary"]
buyers[rfm].describe().loc[["50%", "max"]].round(0)

# %% [markdown]
# Look at the units: days, receipts, euros. The best customer spent more than thirty times as much as the one in the middle. Clustering measures
# *distances* between customers. What happens to a distance of 10 receipts beside one of 1,000 euros?
#
# ## Whoever has the largest numbers decides
#
# The algorithm is called **k-means**. It puts each customer to the nearest of k centres, and each centre into the middle of its customers, until
# nothing changes. First we give it the columns as the till exports them: days, receipts, and money in *cents*. Then we ask how much of each column
# the clusters explain.

# %%
from sklearn.cluster import KMeans

from loyalty.tasks.t23.pictures import draw_deciders

exported = buyers[rfm].assign(monetary=100 * buyers.monetary)  # cents
raw = KMeans(5, n_init=10, random_state=23).fit_predict(exported)
middles = exported.groupby(raw).transform("mean")
explained = middles.var() / exported.var()
ax = draw_deciders(explained)

# %% tags=["verify"]
assert explained["monetary"] > 0.9 and explained["recency_days"] < 0.3
assert 30 < buyers.monetary.max() / buyers.monetary.median() < 40
in_euros = KMeans(5, n_init=10, random_state=23).fit_predict(buyers[rfm])
middles_euros = buyers[rfm].groupby(in_euros).transform("mean")
euros = middles_euros.var() / buyers[rfm].var()
assert abs(euros["recency_days"] - euros["monetary"]) < 0.1 and euros["recency_days"] > 0.7

# %% [markdown]
# Money has decided, because a cent is a small unit. Frequency follows, for it goes along with money. Recency hardly matters. With the same money in
# euros recency would decide as much as money. So the clusters depend on a unit that nobody chose.
#
# The cure has two steps. Take the *logarithm* of a skewed column: then the step from €10 to €20 is as long as the one from €1,000 to €2,000. And divide
# each column by its spread.

# %%
from loyalty.segment.clusters import scale_features

features = scale_features(buyers, rfm)
features

# %% [markdown]
# This is the recipe. All three columns are skewed, so all three got logarithms. New customers will be scaled by the same numbers.
#
# ## k-means by hand
#
# Two lines make the whole algorithm: everybody goes to the nearest centre, then each centre goes into the middle of its customers.

# %%
points = features.values
centres = points[np.random.default_rng(23).choice(len(points), 5, replace=False)]
for _ in range(100):
    squared = ((points[:, None] - centres) ** 2).sum(axis=2)
    nearest = squared.argmin(axis=1)
    centres = np.array([points[nearest == k].mean(axis=0) for k in range(5)])
print(f"mean squared distance to the own centre: {squared.min(axis=1).mean():.3f}")

# %% [markdown]
# The helper does this ten times from other starts, keeps the best, and numbers the clusters by money, the highest first. (Another column does it with `rank_by=`.)

# %%
from loyalty.segment.clusters import cluster_customers

five = cluster_customers(features, 5, seed=23)
own = five.centres.set_index("cluster").loc[five.table.cluster, rfm].to_numpy()
to_own = ((points - own) ** 2).sum(axis=1)
print(f"mean squared distance to the own centre: {to_own.mean():.3f}")
five

# %% tags=["verify"]
by_hand, by_helper = squared.min(axis=1).mean(), to_own.mean()
assert by_helper <= by_hand + 1e-3 and by_hand / by_helper < 1.1
assert len(five.table) == len(buyers) and five.starts_agree < 0.9 and len(five.warnings) == 1

# %% [markdown]
# Everybody is in one of five clusters, and they are nicely sized. The warning is a first hint: from other starts some customers end in another cluster.
# Marta's agency stopped here. We do not know yet whether the five were *there*, or whether we made them.
#
# ## A cloud without groups
#
# What would five clusters look like if there were no groups? We can try it. We invent customers who have the same recencies, the same frequencies
# and the same money as ours, and the same correlations. But they have no groups: they form one smooth hill. This is a **null cloud**.
#
# Here are both, cut into five. One of the two is invented.

# %%
from loyalty.segment.clusters import draw_null_cloud
from loyalty.tasks.t23.pictures import SIMULATED, draw_panels

cloud = draw_null_cloud(features, seed=23)
panels = {"A": cloud, "B": features}
title = "Which of these are Marta's customers?"
figure = draw_panels(panels, "recency_days", "monetary", 5, title, SIMULATED)

# %% [markdown]
# Both look like five groups, because the colours say so. Between real groups there should be a *valley*: a strip with few customers. So we count
# the customers at each border, and divide by the customers at the emptier centre. We call it a valley if the border holds at most three quarters (0.75)
# of that.
#
# Then we do the same with 99 null clouds. Together with Marta's customers these are 100 tables. Your bet first: **how many of the 100 tables look at
# least as separate as Marta's customers?** (Her own table is one of them, so the least is 1.)

# %%
from loyalty.tasks import predict, reveal

predict("23-bet", ...)  # your bet, from 1 to 100, in place of the dots

# %%
from loyalty.segment.clusters import find_groups

test = find_groups(features, seed=23, max_rows=1_000)
ax = test.plot(source=SIMULATED)

# %%
ends = {"low": round(100 * test.p_low), "high": round(100 * test.p_high)}
says = "Tables of 100 that look at least as separate, Marta's customers among them."
reveal("23-bet", estimate=round(100 * test.p), **ends, unit="of 100", says=says)

# %% tags=["verify"]
assert test.verdict == "cloud" and test.p > 0.05
assert (test.table.valley > 1).all() and test.draws == 99

# %% [markdown]
# The blue points lie among the clouds, or above them. And at no number of clusters is the border emptier than the centres: the cut runs over the hill, not
# through a valley.
# ("B" were Marta's customers.) The verdict is *a cloud*. So the five personas are not kinds of people. They are a ruler with five marks.
#
# **A cut cloud can still be useful.** Shoe sizes are a cut cloud too. Then it is a convenience, and we judge it by its use: do we treat
# the five differently, and does it earn? But nobody needs to pay €30,000 for a ruler.
#
# ## Ask for something else
#
# Recency, frequency and money say how *much*. Perhaps there are groups in *what* people buy. We take the share of each department in the spend, and of the
# online shop in the visits. Shares have one unit, so we only take square roots. And we take customers with five receipts or more: three receipts are
# too few to show a habit.

# %%
from loyalty.segment.clusters import share_spend

shares = share_spend(world.receipts, world.products, world.end)
regulars = buyers[buyers.frequency >= 5]
shopping = shares.merge(regulars[["customer_id", "online_share", *rfm]], on="customer_id")
departments = [*shares.columns[2:], "online_share"]
what = scale_features(shopping, departments, how="root")
second = find_groups(what, seed=23, draws=39, max_rows=1_000)
second

# %% tags=["verify"]
assert second.verdict == "groups" and second.p <= 0.03
assert len(shopping) == len(regulars) and len(departments) == 13
few = len(buyers) - len(regulars)
is_valley = second.table.valley <= 0.75
deep, full = (", ".join(map(str, second.table.k[kind])) for kind in (is_valley, ~is_valley))
assert is_valley.sum() >= 3 and second.p == 1 / (1 + second.draws)
assert (second.table.valley < second.table.null_median).all()

# %% [markdown]
# Look at the column `valley`. With {{deep}} clusters it is 0.75 or less: the border is a valley. With {{full}} it is not, though it is always
# emptier than in the middle one of the null clouds (`null_median`). Not one of {{second.draws}} clouds stands out as much as these customers do (p = {{second.p:.3f}}). The verdict is *groups*.
#
# It is the same chain and another question. Clusters can only show what the columns know.
#
# ## How many?
#
# Most people look at a curve and see an elbow. The next person sees it elsewhere. We write the rule down *before* we look: take the largest number of
# clusters where the border is a valley (0.75 or less), and where each cluster is stable. Stable means: we draw the customers again, cluster again, and
# each cluster comes back nearly as it was (0.75 or more, where 1 is the very same customers). This is **cluster stability**.

# %%
from loyalty.segment.clusters import choose_k

choice = choose_k(what, seed=23, max_rows=2_000)
ax = choice.plot(source=SIMULATED)

# %% tags=["verify"]
k = choice.k
assert k is not None and 5 <= k <= 7
row = choice.table.set_index("k").loc[k]
assert choice.table.valley.between(0.55, 0.75).all() and (choice.table.valley != second.table.valley).any()
assert choice.table.set_index("k").least_stable[k + 1] < 0.6

# %% [markdown]
# Here the border is a valley at every number, and in the table above it was not. There we took 1,000 customers and two starts, to save time. Here we take
# 2,000 customers and ten starts. A border near the limit can fall on either side of it. With {{k + 1}} clusters the least stable one dissolves.
#
# The rule takes {{k}}. Drawn again, the whole clustering agrees with itself to {{row.ari:.2f}} of 1 (middle 95 % of the draws: {{row.low:.2f}} to
# {{row.high:.2f}}). The measure is the adjusted Rand index: 1 is the same clusters, 0 is chance.
#
# ## First the profile, then the name
#
# The agency had its names before it had looked. We look first. Each number is a mean: a share for the departments and the online shop, receipts for `frequency`, euros for `monetary`. The colour says whether it is more or less than
# everybody has.

# %%
from loyalty.segment.clusters import profile_clusters

groups = cluster_customers(what, choice.k, rank_by="online_share", seed=23)
profiles = profile_clusters(groups, shopping, [*departments, "frequency", "monetary"])
ax = profiles.plot(title="What each group buys", source=SIMULATED)

# %% [markdown]
# Read a column from the top to the bottom, and look for the strong colours. The name should say this, and nothing else. The helper writes a dull
# first name from the strongest columns. A person makes a better one of it, and checks that every word stands in the profile.

# %%
from loyalty.segment.clusters import name_clusters

named = name_clusters(profiles)
named.segment.value_counts().to_frame("customers")

# %% tags=["verify"]
assert named.segment.nunique() == k and len(named) == len(shopping)

# %% [markdown]
# These are groups with which Marta can do something: most of them have a shelf of their own. And she can go on: the table has the form that
# `make_cards` of lesson 22 takes.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/2_segment/23_clusters.ipynb), 23a to 23d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Were they right?
#
# Our chain is simulated, so we can look behind the curtain: each customer has a true type, such as "young family" or "chronic patient". Nobody
# used it so far. How well does each segmentation agree with it? We add three more methods. A **Gaussian mixture** allows clusters of any
# elliptic shape. **Hierarchical clustering** (Ward's) joins the two nearest clusters again and again. **HDBSCAN** looks for dense places and calls
# everybody else noise. This takes a few seconds.

# %%
from loyalty.segment.clusters import compare_segmentations
from loyalty.segment.rules import name_segments, score_rfm

types = world.truth.types_on(world.end)
same = types.customer_id.isin(shopping.customer_id)
how_much = scale_features(shopping, rfm)
made = {"rules: RFM names": name_segments(score_rfm(shopping.assign(as_of=world.end)))}
runs = {"k-means: how much": (how_much, 7), "mixture: how much": (how_much, 7)}
runs |= {f"{one}: what they buy": (what, 7) for one in ("k-means", "mixture", "ward")}
runs |= {"hdbscan: what they buy": (what, 50)}  # a cluster has 50 customers or more
for name, (table, k_or_size) in runs.items():
    found = cluster_customers(table, k_or_size, method=name.split(":")[0]).table
    made[name] = found.rename(columns={"cluster": "segment"})

# %%
from loyalty.tasks.t23.pictures import draw_agreement

pair, known = ("segment", "type"), types[same]
agreed = {name: compare_segmentations(made[name], known, columns=pair) for name in made}
rows = {name: (a.ari, a.low, a.high) for name, a in agreed.items()}
table = pd.DataFrame(rows, index=["ari", "low", "high"]).T
ax = draw_agreement(table, "Only what people buy finds the types, by most methods")

# %% tags=["verify"]
much = table[table.index.str.endswith("much") | table.index.str.startswith("rules")]
assert (much.ari < 0.15).all()
assert table.ari["k-means: what they buy"] > 0.45 and table.ari["hdbscan: what they buy"] < 0.15
assert (table.ari[["mixture: what they buy", "ward: what they buy"]] > 2 * much.ari.max()).all()
noise = (made["hdbscan: what they buy"].segment == 0).mean()

# %% [markdown]
# Recency, frequency and money know next to nothing about the types, by rules, k-means or a mixture. What people buy knows much, if the method can see it.
# HDBSCAN cannot: it calls {{noise:.0%}} of the customers noise, because the groups touch each other. That noise is a segment too, with a name and a size. If
# it were dropped, so many customers would silently get no letter.
#
# ## Stable is not real
#
# *"But our five personas are stable, we checked!"* says the agency. Let us check it as well, and check the null cloud beside it.

# %%
from loyalty.segment.clusters import measure_stability

ours = measure_stability(features, 5, seed=23, max_rows=2_000)
clouds = measure_stability(cloud, 5, seed=23, max_rows=2_000)
ax = ours.plot(source=SIMULATED)
rows = {"Marta's customers": ours, "null cloud": clouds}
rows = {name: (one.ari, one.low, one.high) for name, one in rows.items()}
pd.DataFrame(rows, index=["ARI", "low", "high"]).T.round(2)

# %% tags=["verify"]
assert ours.ari > 0.7 and clouds.ari > 0.6

# %% [markdown]
# Both cuts come back rather well when the customers are drawn again. A long hill is always cut at the same places. So an unstable cluster is nothing to
# plan with, and a stable one may still be a slice of a cloud.
#
# ## The silhouette flatters a cloud too
#
# Many tools print a **silhouette**: how much nearer each customer is to the own cluster than to the next one. Some say that 0.3 or more
# is good. What does our null cloud get?

# %%
from sklearn.metrics import silhouette_score

scores = {}
for name, table in {"RFM": features, "its null cloud": cloud, "what they buy": what}.items():
    clusters = cluster_customers(table, 3, seed=23).table.cluster
    score = silhouette_score(table.values, clusters, sample_size=1_500, random_state=23)
    scores[name] = score
pd.Series(scores).round(2).to_frame("silhouette, 3 clusters")

# %% tags=["verify"]
assert scores["its null cloud"] > 0.3 and scores["what they buy"] < scores["its null cloud"]

# %% [markdown]
# The cloud without any groups gets a better mark than the table that has groups. A silhouette depends on the number of columns and on the shape. It
# needs a null cloud beside it, like every other measure.
#
# ## Rules for the till
#
# A call centre cannot compute a distance to {{k}} centres in {{len(departments)}} columns. But its screen can show a few shares of the customer who calls:
# how much of the spend goes to each department, and how many visits are online. So we want questions about one share at a time, with the answer yes or no.
# A **decision tree** learns them from customers that it sees, and is tested on customers that it has not seen.

# %%
from loyalty.segment.clusters import learn_rules

rules = learn_rules(groups, shopping, departments, max_rules=8, seed=23)
ax = rules.plot(source=SIMULATED)

# %% tags=["verify"]
assert 0.7 < rules.fidelity < 0.97 and rules.fidelity > rules.largest + 0.3
first = rules.knots[0]
no, yes = rules.knots[first.no], rules.knots[first.yes]
assert first.column in shares.columns and no.column is None and yes.column in shares.columns
own = np.average(shopping[first.column] > first.limit)
assert 0.1 < own < 0.4

# %% [markdown]
# Read it from the top. The first box asks: *does {{first.column}} take {{first.limit:.0%}} of this customer's spend, or less?* If no, the answer is cluster
# {{no.cluster}}, and {{own:.0%}} of the customers are placed after one look. If yes, the next box asks the same of {{yes.column}}.
#
# {{rules.fidelity:.0%}} of the held-out customers get the same cluster ({{rules.low:.0%}} to {{rules.high:.0%}}). Always naming the largest cluster would
# reach {{rules.largest:.0%}}. So there is a price for simple rules, and now we know it.
#
# ## Do clusters earn more than rules?
#
# Agreement with types is nice, but a segmentation has a task. Ours is: *one of four offers, or none, for each segment*. We choose the best offer of each
# segment on one half of the customers, and value the choice on the other half by its true expected profit.

# %%
from loyalty.tasks.t23.scene import value_plans

plans = {"RFM rules": name_segments(score_rfm(buyers))}
plans |= {f"k-means: {one}": made[f"k-means: {one}"] for one in ("how much", "what they buy")}
true_types = types[types.customer_id.isin(buyers.customer_id)]
plans["the true types"] = true_types.rename(columns={"type": "segment"})
profit = value_plans(world, plans)
profit.round(2).to_frame("expected profit, € a customer")

# %% tags=["verify"]
assert profit["k-means: what they buy"] > profit["RFM rules"]
assert profit["the true types"] > profit["RFM rules"]

# %% [markdown]
# In this world clusters of what people buy earn more than rules, and get a good part of what the true types would earn. That is one world. The
# project's benchmark asks forty of them, see `docs/tables/segment_clusters.md`. It is kind to every segmentation: it measures
# effects without noise. In a small pilot few large segments are easier to measure.
#
# Rules win when the task is about rules: who is slipping away (lesson 22), who has a birthday, who may be written to. Everybody understands them,
# and they do not move when the data are clustered again.
#
# ## And in a real chain?

# %%
from loyalty.datasets import checkpoint

real = checkpoint("profile_cj")
real = real[real.frequency > 0]
in_real = find_groups(scale_features(real, rfm), seed=23, draws=39, max_rows=1_000)
in_real

# %% tags=["verify"]
assert in_real.verdict == "cloud"

# %% [markdown]
# In the real chain's recency, frequency and money we find no groups either (p = {{in_real.p:.2f}}). "Not found" is not "not there": small groups, or groups that
# differ little, stay hidden. But nobody should sell you five personas from these three columns.

# %% [markdown]
# ## What we learned
#
# - **k-means** measures distances: unscaled, the largest numbers decide. Logarithms and one unit for all columns cure it.
# - A **null cloud** has our columns and our correlations, and no groups. Clusters are called groups only when they beat it, and when there are
#   valleys between them.
# - The number of clusters follows a rule that is written down first: valleys at all borders, and **cluster stability** for each cluster.
# - Profiles come first, names afterwards. A name is a claim, and it must stand in the profile.
#
# ## What could still be wrong
#
# - The test does not see groups that one column shows alone, nor small ones, nor groups that overlap much.
# - We left out {{few:,}} customers with fewer than five receipts. They are a segment of their own, and nobody knows yet what they like.
# - Clusters are a photograph. People move, and next year's clusters will have other borders: freeze the recipe and the centres (`assign_clusters`).
# - The simulated types are kind: real shelves do not sort people so neatly.
#
# ## Use it on your data
#
# `find_groups(scale_features(table, columns))` first. Then `choose_k(…)`, `cluster_customers(…)`, `profile_clusters(…)`, `name_clusters(…)`, and
# `learn_rules(…)` for those who have to apply it. For what people buy start with `share_spend(receipts, products, as_of)`.
# As one report: `python3 workshop.py run segments … --set scheme=clusters`; next month's customers then go to the same centres.

# %% [markdown]
# [[links]]
