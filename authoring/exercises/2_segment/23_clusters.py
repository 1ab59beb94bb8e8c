# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the drugstore personas
#     question: Are the four drugstore personas kinds of people, or a cut cloud?
#     module: loyalty.segment.clusters
#     test: helpers/tests/tasks/t23/test_tasks.py
#     minutes: 40
#     pace: 15 for 23a and 23b, 10 for 23c and 23d, 10 for the names, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# Jonas runs the drugstore shelves of a real chain (Complete Journey). An agency offers him four personas of his households, with names and pictures.
# It is 1 October 2017. On Monday he decides whether he buys them, and what he does with them.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("23a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t23.scene import PERSONAS, read_drugstore

shelf = read_drugstore()
shelf.head(3)

# %% [markdown]
# One row is a household that bought something from these shelves: {{len(shelf):,}} of them. `money` is in dollars, `promo_share` is the share of discounts in
# the price, `home_store` is the code of the store where it buys most.
#
# **23a Make four clusters.** Cluster the households by k-means into 4, as the lesson does: scale the *four features* recency_days, receipts, money and
# promo_share with `scale_features`, take `seed=23`, and number the clusters by money. How many households are in the cluster with the most money? One whole number.

# %%
### BEGIN SOLUTION
from loyalty.segment.clusters import cluster_customers, scale_features

names = ["recency_days", "receipts", "money", "promo_share"]
features = scale_features(shelf, names)
clusters = cluster_customers(features, 4, rank_by="money", seed=23)
most_money = (clusters.table.cluster == 1).sum()
### END SOLUTION

# %%
check("23a", most_money)

# %%
hint("23a")

# %% tags=["verify", "solution"]
from sklearn.cluster import KMeans

as_they_are = KMeans(4, n_init=10, random_state=23).fit_predict(shelf[names])
richest = shelf.money.groupby(as_they_are).agg(["mean", "size"]).sort_values("mean").iloc[-1]
assert richest["size"] < 50

# %% [markdown] tags=["solution"]
# {{most_money}}. With the columns as they are the "best" cluster would have {{richest["size"]:.0f}} households, and the plan for it would be a plan for
# nobody. And with `home_store` among the features the clusters would be regions of a list of codes.

# %% [markdown]
# **23b Is the cut stable?** Draw the households again 30 times, and cluster again. How far does the new clustering agree with the first one? Use
# `measure_stability` with 4 clusters, `draws=30`, `seed=23` and `max_rows=1_000`. `(agreement, low, high)`, three numbers, to two decimals: the mean
# adjusted Rand index, and the ends of the middle 95 % of the draws.

# %%
### BEGIN SOLUTION
from loyalty.segment.clusters import measure_stability

stability = measure_stability(features, 4, draws=30, seed=23, max_rows=1_000)
agreement = (stability.ari, stability.low, stability.high)
### END SOLUTION

# %%
check("23b", agreement)

# %%
hint("23b")

# %% [markdown] tags=["solution"]
# {{agreement[0]:.2f}} on average. The agency had run its algorithm with other *seeds*, and that looks better still. But another seed only shows the luck of
# the starts. The households are a draw too, and in the worst draws the agreement falls to {{agreement[1]:.2f}}.

# %% [markdown]
# **23c Are there groups at all?** Ask `find_groups` with `ks=[2, 3, 4, 5, 6]`, `draws=39`, `seed=23` and `max_rows=700`. (For a decision take 99 clouds and more
# households; here the check should not keep you waiting.) One number: the p-value, a fraction, to three decimals.

# %%
### BEGIN SOLUTION
from loyalty.segment.clusters import find_groups

groups = find_groups(features, ks=[2, 3, 4, 5, 6], draws=39, seed=23, max_rows=700)
p_value = groups.p
### END SOLUTION

# %%
check("23c", p_value)

# %%
hint("23c")

# %% tags=["verify", "solution"]
slow = find_groups(features, seed=23, max_rows=1_000)
assert groups.verdict == slow.verdict == "cloud"
many = find_groups(features, ks=[2, 3, 4, 5, 6], draws=39, seed=23, max_rows=2_000)
assert many.p <= 0.05 and many.verdict == "no valley"

# %% [markdown] tags=["solution"]
# p = {{p_value:.2f}}: clouds without any groups look as separate as these households, again and again. With 99 clouds and 1,000 households it is {{slow.p:.2f}}, and
# the verdict is the same. The p-value moves with the households that are drawn. With 2,000 of them and 39 clouds it is {{many.p:.3f}}. But a small one
# alone is not enough: the emptiest border still holds {{many.table.valley.min():.2f}} of what its emptier centre holds. The verdict is *no valley*.

# %% [markdown]
# **23d How many clusters?** The rule was written down before: the largest number, from 2 to 6, with a valley at each border *and* with every cluster
# stable. Use `choose_k` with `ks=[2, 3, 4, 5, 6]`, `seed=23` and `max_rows=600`. One whole number, or 0 if no number passes.

# %%
### BEGIN SOLUTION
from loyalty.segment.clusters import choose_k

choice = choose_k(features, ks=[2, 3, 4, 5, 6], seed=23, max_rows=600)
number_of_clusters = choice.k or 0
### END SOLUTION

# %%
check("23d", number_of_clusters)

# %%
hint("23d")

# %% [markdown] tags=["solution"]
# 0: no number passes. The elbow and the silhouette would both have said {{choice.table.k[1]}}, and both would have said something for any cloud.

# %% tags=["verify", "solution"]
from loyalty.tasks.t23.measures import find_best_silhouette, find_elbow

assert number_of_clusters == 0 and find_best_silhouette() == find_elbow() == choice.table.k[1]

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **23e Do the names fit?** The agency chose its names before it had looked at a profile. Here they are.

# %%
for number, (name, column, claim) in PERSONAS.items():
    print(f"cluster {number}  {name}  (claims: {column} is {claim})")

# %% [markdown]
# Make the profiles of the four clusters of 23a (`profile_clusters`). A name is *contradicted* if it says "high", and the whole 95 % interval of the cluster's
# mean is below the mean of all households (or the reverse). Which names are contradicted? A set of cluster numbers, such as `{1, 4}`.

# %%
### BEGIN SOLUTION
from loyalty.segment.clusters import profile_clusters

profiles = profile_clusters(clusters, shelf, names)
rows = profiles.to_frame().set_index(["cluster", "column"])
contradicted = set()
for number, (_, column, claim) in PERSONAS.items():
    row = rows.loc[(number, column)]
    if row.high < row.everybody if claim == "high" else row.low > row.everybody:
        contradicted.add(number)
### END SOLUTION

# %%
check("23e", contradicted)

# %%
hint("23e")

# %% tags=["solution"]
from loyalty.charts import house_style

house_style()
ax = profiles.plot(title="Cluster 3 lives on promotions", source="Complete Journey")

# %% tags=["verify", "solution"]
assert contradicted == {2, 3}
promo = profiles.pivot().loc["promo_share"]
assert promo[3] > 2 * promo[2]

# %% [markdown] tags=["solution"]
# The "bargain hunters" get {{promo[2]:.0%}} off the price, less than everybody. Those who "need no promotion" get {{promo[3]:.0%}}. With these names Jonas
# would have sent his coupons to the wrong households, and would never have known why they did not work.

# %% [markdown]
# **23f What does Jonas do?** Choose one letter:
#
# - `"A"`: buy the personas. The cut is stable, so these are four kinds of households.
# - `"B"`: forget clusters. There are no groups, so the cut is useless.
# - `"C"`: use the cut as a convenience, with names from the profile. Treat the clusters differently where this makes sense, keep a control group, and
#   judge the cut by what it earns.
# - `"D"`: try other seeds and other columns, until `find_groups` gives p below 0.05.

# %%
### BEGIN SOLUTION
decision = "C"
### END SOLUTION

# %%
check("23f", decision)

# %%
hint("23f")

# %% [markdown] tags=["solution"]
# C. It costs nothing, and it promises nothing. A household at a border may be treated like either neighbour, because there is no valley between them.
# Whether a cluster deserves a treatment of its own is a question for lesson 33, with a control group.
