# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the app and its badge
#     question: Two invoices lie on the desk. Which of them has earned its money?
#     module: loyalty.evaluate.observational
#     test: helpers/tests/tasks/t31/test_tasks.py
#     minutes: 40
#     pace: 15 for 31a and 31b, 25 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, and no plastic: its card is an app. An agency built it, and since 3 June 2024 the app also has a badge. A user who pays a single receipt of **at least €30** from 3 June 2024 until before 5 August 2024 gets a badge, a golden star beside his name. The agency's slide says: *"Since the badge came, owners spend four times as much as other users."* The agency sends two invoices, one for the app and one for the badge. Jonas must sign them, and he asks you.
#
# The world's card plays the app here; the renaming below is all there is to it (the cell takes about ten seconds). Two equal lines on a receipt are two articles: drop nothing. Put your answer in the place of `...`, run the cell, then run the check. Stuck? Run the cell with the hint again: it gives one step at a time.

# %%
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.world import World

wave, chain = World(customers=40_000, months=24, seed=131).randomise_card_invitation(0.5)
receipts = chain.receipts[["customer_id", "time", "basket_id", "sales"]]
customers = chain.customers.rename(columns={"card_since": "app_since"})
opens, closes, end = pd.to_datetime(["2024-06-03", "2024-08-05", "2024-10-28"])
users = pd.Index(customers.customer_id[customers.app_since < opens])

# %% [markdown]
# **31a The slide, with the days counted fairly.** There are {{len(users):,}} users who had the app before 3 June 2024. *Owners* are the users who paid a receipt (all lines of one `basket_id`) of at least €30 in [3 June 2024, 5 August 2024). How much more than the other users did owners spend in the 84 days **[5 August 2024, 28 October 2024)**? Answer with owners minus others, in euros per customer and 28 days: the sum of the 84 days divided by 3. One number, to a tenth of a cent.

# %%
### BEGIN SOLUTION
weeks = receipts[(receipts.time >= opens) & (receipts.time < closes)]
weeks = weeks[weeks.customer_id.isin(users)]
baskets = weeks.groupby(["customer_id", "basket_id"]).sales.sum().reset_index()
owner = users.isin(baskets.customer_id[baskets.sales >= 30])

autumn = receipts[(receipts.time >= closes) & (receipts.time < end)]
spent = autumn.groupby("customer_id").sales.sum().reindex(users, fill_value=0)
after = spent.to_numpy() / 3  # 84 days are three times 28
badge_gap = after[owner].mean() - after[~owner].mean()
### END SOLUTION

# %%
check("31a", badge_gap)

# %%
hint("31a")

# %% tags=["verify"]


def spend(start, end):
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    total = window.groupby("customer_id").sales.sum().reindex(users, fill_value=0)
    return total.to_numpy() / (end - start).days * 28


since = spend(opens, end)
assert 3.8 < since[owner].mean() / since[~owner].mean() < 4.4
since_june = receipts[(receipts.time >= opens) & (receipts.time < end) & receipts.customer_id.isin(users)]
bills = since_june.groupby(["customer_id", "basket_id"]).sales.sum().reset_index()
sooner_or_later = users.isin(bills.customer_id[bills.sales >= 30])
late_gap = after[sooner_or_later].mean() - after[~sooner_or_later].mean()
assert late_gap > badge_gap + 5

# %% [markdown] tags=["solution"]
# €{{badge_gap:.2f}}. The agency had counted from 3 June on. Then the gap is €{{since[owner].mean() - since[~owner].mean():.2f}}, because each owner brings a receipt of €30 into the window by definition: it is how he became one. If we had waited until 28 October to see who earned a star, the gap would be €{{late_gap:.2f}}: to earn it in September you have to come in September. Those days cannot go wrong for an owner; they are called *immortal time*. Settle first who is who. Then start the clock, the same for both.

# %% [markdown]
# **31b Before there was a badge.** The same owners and the same other users, in the 84 days *before* the badge, [11 March 2024, 3 June 2024): difference and 95 % interval as `(effect, low, high)`, owners minus others, each group with its own variance (Welch, as `compare_means` does), in euros per customer and 28 days, to a tenth of a cent.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

spring = receipts[(receipts.time >= "2024-03-11") & (receipts.time < opens)]
spent = spring.groupby("customer_id").sales.sum().reindex(users, fill_value=0)
before = spent.to_numpy() / 3
found = compare_means(before[owner], before[~owner])
gap_before = (found.effect, found.low, found.high)
### END SOLUTION

# %%
check("31b", gap_before)

# %%
hint("31b")

# %% tags=["verify"]
change = compare_means((after - before)[owner], (after - before)[~owner])
here = chain.truth.alive(end).set_index("customer_id").alive.reindex(users).to_numpy(bool)
assert found.low > 0.85 * badge_gap and change.low > 0 and here[owner].mean() > here[~owner].mean() + 0.05

# %% [markdown] tags=["solution"]
# €{{found.effect:.2f}} (€{{found.low:.2f}} to €{{found.high:.2f}}), before anybody could have a star. Nearly the whole gap was there first.
#
# And the rest, €{{change.effect:.2f}}? The change has an interval of its own, €{{change.low:.2f}} to €{{change.high:.2f}}, and zero lies outside. The agency would frame it. But in this world *we* made the badge, out of receipts; no customer has ever heard of it, and its effect is exactly zero. But a purchase of €30 proves that somebody is still a customer: at the end of October {{here[owner].mean():.0%}} of the owners were, and {{here[~owner].mean():.0%}} of the others. A gap that grows is no proof either.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# The app itself was launched better than its badge: on 1 January 2024 the chain invited one half of its customers, by lottery. `arm` says who was invited, `took_app` says who then took the app. The window `main` is the year after, all 366 days of 2024.

# %%
contacts = wave.contacts.rename(columns={"took_card": "took_app"})
columns = ["campaign_id", "wave", "customer_id", "window", "start", "end", "orders", "sales"]
outcomes = wave.outcomes[columns]

# %% [markdown]
# **31c What did the invitation change?** Everyone invited against everyone not invited, in the window `main`: `(effect, low, high)`, 95 % interval (Welch), in euros per customer and 28 days, to a tenth of a cent.

# %%
### BEGIN SOLUTION
days = (outcomes.end - outcomes.start).dt.days
per_28_days = outcomes.assign(sales=outcomes.sales / days * 28)
main = per_28_days[per_28_days.window == "main"]
main = main.merge(contacts[["customer_id", "arm", "took_app"]])
lift = compare_means(main.sales[main.arm == "invited"], main.sales[main.arm == "control"])
invited_effect = (lift.effect, lift.low, lift.high)
### END SOLUTION

# %%
check("31c", invited_effect)

# %%
hint("31c")

# %% tags=["verify"]
import numpy as np
import statsmodels.api as sm

flags = np.column_stack([(main.arm == "invited").to_numpy(float), main.orders])
equal = sm.OLS(main.sales.to_numpy(), sm.add_constant(flags)).fit(cov_type="HC1")
equal_low, equal_high = equal.conf_int()[1]
secret = chain.truth.card_effect
truth = secret.invitation / days.max() * 28
assert equal_low < 0 < equal_high and lift.low < truth < lift.high

# %% [markdown] tags=["solution"]
# €{{lift.effect:.2f}} (€{{lift.low:.2f}} to €{{lift.high:.2f}}). The truth, which only this world tells, is €{{truth:.2f}}.
#
# A colleague wanted to be "extra fair" and compared customers with *equally many orders*. He found −€{{abs(equal.params[1]):.2f}} (−€{{abs(equal_low):.2f}} to €{{equal_high:.2f}}): no effect. But to come more often is what the app does to people. If you hold the orders fixed, you remove the effect by hand. What happened after the invitation is a consequence, and a consequence must not be controlled for.

# %% [markdown]
# **31d And the app itself?** The effect per customer who takes the app *because he was invited* (here the column is `took="took_app"`): `(effect, low, high)`, 95 % interval (of `measure_complier_effect`, or the one of 31c divided in the same way), in euros per customer and 28 days, to about a tenth of a cent.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.observational import measure_complier_effect

complier = measure_complier_effect(contacts, per_28_days, took="took_app")
app_effect = (complier.effect, complier.low, complier.high)
### END SOLUTION

# %%
check("31d", app_effect)

# %%
hint("31d")

# %% tags=["verify"]
took = compare_means(main.sales[main.took_app == 1], main.sales[main.took_app == 0])
true_complier = secret.complier / days.max() * 28
assert complier.low < true_complier < complier.high < took.low

# %% [markdown] tags=["solution"]
# €{{complier.effect:.2f}} (€{{complier.low:.2f}} to €{{complier.high:.2f}}), and the truth is €{{true_complier:.2f}}. The invitation raised take-up from {{complier.details["took_control"]:.0%}} to {{complier.details["took_treated"]:.0%}}; the customers in between made the whole effect of 31c. Users against others, the tempting way, says €{{took.effect:.2f}}: the trap of the lesson, inside a good lottery.

# %% [markdown]
# **31e Two invoices.** The app costs **10 cents per invited customer and 28 days**; of each euro of sales 28 cents are margin. For the badge the agency wants a tenth of what owners spend more than others. Which note does Jonas write? Answer with a pair: its letter, and the **lower end** of the app's profit in euros per invited customer and 28 days (margin of the effect less the fee), to a tenth of a cent, such as `("A", 0.123)`.
#
# - `"A"`: *Pay both.*
# - `"B"`: *Pay for the app. For the badge nothing: its gap was there before.*
# - `"C"`: *Pay neither. Among customers with equally many orders the app changes nothing.*
# - `"D"`: *Pay for the badge only. Its gap is more than twenty times the app's effect.*

# %%
### BEGIN SOLUTION
profit_low = 0.28 * invited_effect[1] - 0.10
badge_explains = gap_before[2] < badge_gap / 2
notes = {(True, True): "A", (True, False): "B", (False, False): "C", (False, True): "D"}
letter = notes[profit_low > 0, badge_explains]
decision = (letter, profit_low)
### END SOLUTION

# %%
check("31e", decision)

# %%
hint("31e")

# %% tags=["verify"]
assert letter == "B" and badge_gap > 20 * invited_effect[0] and 0 < profit_low < 0.1

# %% [markdown] tags=["solution"]
# B. At the estimate the app leaves {{(0.28 * lift.effect - 0.10) * 100:.0f}} cents per invited customer, at the lower end {{profit_low * 100:.0f}}: little, but earned. The badge's invoice would have been {{0.1 * badge_gap:.2f}} euros per owner and 28 days for nothing at all.
#
# What would an experienced colleague write to the agency? "We pay for what the lottery shows. If you believe in the badge, let us draw lots: every second user who pays €30 gets the star, and your bonus follows the difference between these two halves." Both halves have then paid €30; the qualifying purchase, and all that it says about a person, is on both sides.
