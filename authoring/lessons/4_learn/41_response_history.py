# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     module: loyalty.learn.history
#     test: helpers/tests/learn/test_history.py::test_appending_the_same_wave_twice_changes_nothing_and_says_so
#     minutes: 45
# ---

# %% [markdown]
# # The response history
#
# **What do we already know, and how sure are we?**
#
# *45 minutes: 25 together, 20 alone · before: [The customer profile](../1_prepare/12_customer_profile.ipynb)*
#
# You will
#
# - put every campaign of a year into one **response history** that a second load cannot spoil
# - read a **response rate** with its interval, and keep it apart from a lift
# - calm small cells with **shrinkage**, and test that it helps
# - ask what past response says about the next, and log what was decided

# %% [markdown]
# ## Twenty-seven campaigns, one memory
#
# Marta plans the spring. *"Which offer for whom? We have sent 27 campaigns; somebody must know what worked."* Somebody does: there are 27 slides, in 27 folders, and each of them says "a success". A programme learns when what was sent, to whom,
# and what came of it stand in **one table, for ever**.
#
# The chain's year has 6,589 invitations. Each says who was invited to what, and in which segment the household was *on that day*.

# %%
from loyalty.charts import house_style
from loyalty.datasets import checkpoint, complete_journey

house_style()
chain = complete_journey()
contacts = checkpoint("contacts_cj")  # made by authoring/make_data.py; segments: thirds of spend in the 84 days before
contacts[["campaign_id", "customer_id", "arm", "offer_id", "segment", "start", "end"]].head(3)

# %% tags=["verify"]
assert len(contacts) == 6589 and contacts.campaign_id.nunique() == 27

# %% [markdown]
# Who responded? The chain logged {{len(chain.redemptions):,}} redeemed coupons. Join them, one row for each invitation. Who redeemed five coupons responded *once*, and who redeemed none stays in with a zero: he is the larger part of what we know.

# %%
redeemed = chain.redemptions[["campaign_id", "customer_id"]].drop_duplicates().assign(responded=1)
outcomes = contacts[["campaign_id", "wave", "customer_id", "start", "end"]].assign(window="main")
outcomes = outcomes.merge(redeemed, on=["campaign_id", "customer_id"], how="left").fillna({"responded": 0})
outcomes = outcomes.astype({"responded": "int64"})
by_hand = outcomes.assign(offer_id=contacts.offer_id).groupby("offer_id").responded.agg(["sum", "count", "mean"])
by_hand.round(3)

# %% tags=["verify"]
assert len(outcomes) == len(contacts) and (outcomes.customer_id == contacts.customer_id).all()
assert by_hand["mean"].idxmax() == "Type A"

# %% [markdown]
# {{by_hand["mean"]["Type A"]:.1%}} of the invitations of type A led to a redemption, {{by_hand["mean"]["Type B"]:.1%}} of type B, {{by_hand["mean"]["Type C"]:.1%}} of type C. That is a **response rate**: who answers. It is *not* what the offer changed: nobody was left out, so nobody knows who would have bought
# anyway. We shall say "rate", never "lift".
#
# ## A memory that cannot be spoiled
#
# Results arrive by mail, late, twice, and corrected. So the history lives in a file of its own that takes a wave only whole, and knows it when it comes again.

# %%
import tempfile
from pathlib import Path

from loyalty.learn.history import open_history

folder = tempfile.TemporaryDirectory()  # in your own work: a fixed path
history = open_history(Path(folder.name) / "responses.duckdb")
waves = contacts.drop(columns=["start", "end"])
history.append(waves, outcomes)

# %%
history.append(waves.sample(frac=1, random_state=1), outcomes)

# %% [markdown]
# The second time, in another order: nothing changed. If a wave came again with *other* numbers, the history would refuse and ask for a reason. Even a power cut in the middle leaves either the whole wave or nothing.
#
# Does it tell us the same as our hand?

# %%
from loyalty.learn.rates import measure_rates

offers = measure_rates(history, by=["offer_id"])
offers.to_frame()[["offer_id", "n", "customers", "responses", "rate", "low", "high"]].round(3)

# %% tags=["verify"]
found = offers.to_frame().set_index("offer_id").rate
assert (found - by_hand["mean"]).abs().max() < 1e-12
assert offers.to_frame().low.iloc[0] > offers.to_frame().high.iloc[1]

# %% [markdown]
# The same rates, now with intervals. They are wider than a textbook would make them for {{offers.to_frame().n.iloc[0]:,}} invitations, for these went to only {{offers.to_frame().customers.iloc[0]:,}} households: the same family three times is not three witnesses.
#
# ## Which cell is the best?
#
# An average over everybody helps nobody. Marta wants it by segment, campaign by campaign, for the coupon campaigns of types B and C.

# %%
coupons = history.to_frame().query("offer_id != 'Type A'")
cells = measure_rates(coupons, by=["campaign_id", "segment"], min_size=1)
table = cells.to_frame().sort_values("rate", ascending=False)
table[["campaign_id", "segment", "n", "responses", "rate", "low", "high"]].head(6).round(3)

# %% tags=["verify"]
top = table.iloc[0]
assert (top.n, top.responses) == (4, 1) and table.n.iloc[:4].max() < 10

# %% [markdown]
# The winner is campaign {{table.campaign_id.iloc[0]}} in segment "{{table.segment.iloc[0]}}" with {{table.rate.iloc[0]:.0%}}: **{{table.responses.iloc[0]}} response out of {{table.n.iloc[0]}}**. The next three places have fewer than ten invitations too. That is no accident. Among many small cells some are lucky, and whoever sorts by the raw rate puts the luckiest on top. The intervals warn us,
# but a sorted list is read from above, and nobody reads intervals.
#
# ## Calming the small cells
#
# Think of it like this: before we see a cell, we already know what coupon campaigns of this chain usually get, {{cells.priors[None].mean:.1%}}. It is as if every cell began with some invitations in the bank that had the usual rate. A cell with four invitations hardly moves from there; one with 138 speaks for itself.
# How many in the bank? The spread of all cells tells: here about {{cells.priors[None].a + cells.priors[None].b:.0f}}, of which {{cells.priors[None].a:.1f}} responded. The rest is one line:

# %%
a, b = cells.priors[None].a, cells.priors[None].b
table["calmed"] = (table.responses + a) / (table.n + a + b)
table[["campaign_id", "segment", "n", "responses", "rate", "calmed"]].head(6).round(3)

# %%
table[["campaign_id", "segment", "n", "rate", "shrunken", "shrunken_low", "shrunken_high"]].sort_values(
    "shrunken", ascending=False
).head(5).round(3)

# %% tags=["verify"]
assert (table.calmed - table.shrunken).abs().max() < 0.01
best = table.sort_values("shrunken", ascending=False)
assert best.n.iloc[:4].min() > 80

# %% [markdown]
# The 25 % became {{table.shrunken.iloc[0]:.1%}}, and cells with over eighty invitations took the top. (The helper's numbers differ from our line in the third digit: it also allows for not knowing the bank exactly.) This is called **shrinkage**. The best cell, the one whose *lower* end is highest, is campaign {{cells.best.campaign_id}} for "{{cells.best.segment}}":
# {{cells.best.shrunken:.1%}} ({{cells.best.shrunken_low:.1%}} to {{cells.best.shrunken_high:.1%}}).

# %%
segments = measure_rates(history, by=["segment", "offer_id"])
segments.plot(source="Complete Journey")
# %% [markdown]
# Large cells stay where they are, small ones move towards the middle, and cells where nobody has responded yet are not called zero.
#
# ## Does it help, or does it only look careful?
#
# We can test it. Draw half of the households, compute the cells from them, and predict the rates that the *other* half shows. Three ways: the raw rate, one rate for all, and the shrunken one. Two hundred times.

# %%
import numpy as np
import pandas as pd

from loyalty.shrinkage import shrink_rates

rng = np.random.default_rng(41)
people = coupons.customer_id.unique()


def predict_other_half():
    """Squared error of three predictions for the half of the households that was not used."""
    half = coupons.customer_id.isin(rng.choice(people, len(people) // 2, replace=False))
    one, other = (
        coupons[side].groupby(["campaign_id", "segment"]).responded.agg(["sum", "count"]) for side in (half, ~half)
    )
    both = one.join(other.add_suffix("_other"), how="inner")
    target, weight = both.sum_other / both.count_other, both.count_other
    calm = shrink_rates(both["sum"], both["count"]).table.shrunken.to_numpy()
    guesses = {
        "raw": both["sum"] / both["count"],
        "one rate for all": both["sum"].sum() / both["count"].sum(),
        "shrunken": calm,
    }
    return {name: np.average((guess - target) ** 2, weights=weight) for name, guess in guesses.items()}


errors = pd.DataFrame([predict_other_half() for _ in range(200)])
(errors.mean() / errors["raw"].mean()).round(2)

# %% tags=["verify"]
mean = errors.mean()
assert mean["shrunken"] < mean["raw"] and mean["shrunken"] < mean["one rate for all"]
wins = (errors["shrunken"] < errors["raw"]).mean()
assert wins > 0.8

# %% [markdown]
# The raw rates are the worst guide. Shrunken rates make {{1 - errors.shrunken.mean() / errors.raw.mean():.0%}} less squared error, less also than one rate for all, and they were better than raw in {{(errors["shrunken"] < errors["raw"]).mean():.0%}} of the 200 draws. (The error never goes to zero, for the other half is noisy too.)

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/41_response_history.ipynb), 41a to 41d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Who responded responds again?
#
# Before each wave we know who had responded to an earlier one, who had been invited without responding, and who is new. Only campaigns that were *over* at that moment may count as "earlier".

# %%
from loyalty.learn.past import predict_from_past

past = predict_from_past(history)
past.to_frame()[
    ["past", "n", "customers", "responses", "rate", "low", "high", "relative", "relative_low", "relative_high"]
].round(2)

# %% tags=["verify"]
row = past.to_frame().set_index("past").loc["responded before"]
assert row.relative_low > 4 and round(row.crude, 1) == 3.9 and round(row.relative, 1) == 5.0

# %% [markdown]
# {{past.to_frame().rate.iloc[0]:.0%}} against {{past.to_frame().rate.iloc[1]:.0%}}. Part of that is mix: past responders were invited to other waves than the others. Compared *within* each wave, somebody who responded before is **{{past.to_frame().relative.iloc[0]:.1f}} times** as likely to respond as somebody who was invited and did not
# ({{past.to_frame().relative_low.iloc[0]:.1f}} to {{past.to_frame().relative_high.iloc[0]:.1f}}). Past response is a strong *predictor*. Is it a reason to invite these households? Not yet: they redeem, but they might buy without coupons as well. Predicting who answers and knowing whom it changes are two things.
#
# ## Does an offer wear out?

# %%
from loyalty.learn.past import measure_decay

wear = measure_decay(history)
wear[["offer_id", "contact", "customers", "rate", "low", "high", "change", "change_low", "change_high"]].head(8).round(
    3
)

# %% tags=["verify"]
first, third = (wear[(wear.offer_id == "Type A") & (wear.contact == k)].iloc[0] for k in (1, 3))
assert third.rate > first.high and third.change_low > 0

# %% [markdown]
# Type A does the opposite: the third invitation is answered by {{wear.rate.iloc[2]:.0%}}, the first by {{wear.rate.iloc[0]:.0%}}. Even the same households compared with their own first time gained {{wear.change.iloc[2]:.1%}} ({{wear.change_low.iloc[2]:.1%}} to {{wear.change_high.iloc[2]:.1%}}). People learn how it works; or the later campaigns were better; or the chain picked better. The history cannot
# say which, and so we do not.
#
# ## What did we decide?
#
# A history of numbers becomes a memory when the decisions stand in it too: what we expected, what we saw, what follows, and whether we should *not* do it again.

# %%
history.decide(
    13, decided_on="2017-10-02", metric="response rate", expected=0.20, observed=offers.to_frame().rate.iloc[0],
    verdict="not known", do_not_repeat=False, note="Effect unknown: nobody was left out. Repeat only with a control group.",
)  # fmt: skip
history.decisions()[["campaign_id", "metric", "expected", "observed", "verdict", "do_not_repeat", "note"]].T

# %%
history.close()
folder.cleanup()

# %% [markdown]
# ## What we learned
#
# - A **response history** holds every contact, the silent ones too, with the segment of that day; the same wave twice changes nothing.
# - A **response rate** says who answers. Without a control group it says nothing about what the offer changed.
# - **Shrinkage** took a "25 %" from one response out of four down to 7 %, and predicted the other half of the households better than raw rates.
# - Who responded before is about five times as likely to respond again. That predicts; it does not justify.
#
# ## What could still be wrong
#
# - Type A sends sixteen coupons chosen for the household, types B and C the same to all. Their rates compare two kinds of campaign, not two offers.
# - Campaigns that ran over the end of the year had less time to be answered: their rates are a little low.
# - The bank of shrinkage assumes that cells are alike in kind. Do not put a win-back letter and a birthday card into one bank.
#
# ## Use it on your data
#
# `open_history("responses.duckdb").append(contacts, outcomes)` after every wave; `measure_rates(history, by=["segment", "offer_id"])` before the next.
#
# **Next:** [the exercise](../../exercises/4_learn/41_response_history.ipynb)
