# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: The response history
#     question: What do we already know, and how sure are we?
#     part_a: 25
#     part_b: 45
#     know_first: ["12"]
#     module: loyalty.learn.history
#     test: helpers/tests/learn/history/test_store.py::test_appending_the_same_wave_twice_changes_nothing_and_says_so
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - put every campaign of a year into one **response history** that a second load cannot spoil
# - read a **response rate** with its interval, and set beside it the **lift** that only a control group can show
# - calm small cells with **shrinkage**, test that it helps, and meet the **winner's curse**
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
print(history.append(waves, outcomes))
print(history.append(waves.sample(frac=1, random_state=1), outcomes))  # once more, in another order

# %% [markdown]
# The second time, in another order, nothing changed. If a wave came again with *other* numbers, the history would refuse and ask for a reason. Even a power cut in the middle leaves either the whole wave or nothing.
#
# Does it tell us the same as our hand?

# %%
from loyalty.learn.history import measure_rates

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
assert (table.calmed - table.shrunken).abs().max() < 1e-9
best = table.sort_values("shrunken", ascending=False)
assert best.n.iloc[:4].min() > 80 and best.campaign_id.iloc[0] != cells.best.campaign_id

# %% [markdown]
# The 25 % became {{table.shrunken.iloc[0]:.1%}}, and cells with over eighty invitations took the top. This is called **shrinkage**. (The helper's numbers are those of our line, and it adds an interval.) The best cell, the one whose *lower* end is highest, is campaign {{cells.best.campaign_id}} for "{{cells.best.segment}}":
# {{cells.best.shrunken:.1%}} ({{cells.best.shrunken_low:.1%}} to {{cells.best.shrunken_high:.1%}}). Campaign {{best.campaign_id.iloc[0]}} is as good, as far as anybody can tell: {{best.shrunken.iloc[0]:.1%}} ({{best.shrunken_low.iloc[0]:.1%}} to {{best.shrunken_high.iloc[0]:.1%}}).

# %%
segments = measure_rates(history, by=["segment", "offer_id"])
ax = segments.plot(source="Complete Journey")

# %% tags=["verify"]
shown = segments.to_frame()
nobody_yet = shown[shown.responses == 0]
assert len(nobody_yet) == 2 and (nobody_yet.shrunken > 0.03).all()
moved = (shown.shrunken - shown.rate).abs()
assert moved[shown.n > 400].max() < 0.006 and moved[shown.n < 40].min() > 0.015
young = contacts[contacts.segment.isna()]
assert len(young) == 147 and (young.start < "2017-02-01").all() and chain.receipts.time.min().year == 2017

# %% [markdown]
# Large cells stay almost where they are, small ones move towards the middle, and cells where nobody has responded yet are not called zero. ("unknown" are invitations from before February 2017: there was less than a month of receipts to make segments from.)
#
# ## Does it help, or does it only look careful?
#
# We can test it. Draw half of the households, compute the cells from them, and predict the rates that the *other* half shows. Three ways: the raw rate, one rate for all, and the shrunken one. Fifty times.

# %%
import numpy as np
import pandas as pd

from loyalty.stats import shrink_rates

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


errors = pd.DataFrame([predict_other_half() for _ in range(50)])
(errors.mean() / errors["raw"].mean()).round(2)

# %% tags=["verify"]
mean = errors.mean()
assert mean["shrunken"] < mean["one rate for all"] < mean["raw"]
wins = (errors["shrunken"] < errors["raw"]).mean()
assert wins > 0.8

# %% [markdown]
# The raw rates are the worst guide. Shrunken rates make {{1 - errors.shrunken.mean() / errors.raw.mean():.0%}} less squared error, less also than one rate for all, and they were better than raw in {{(errors["shrunken"] < errors["raw"]).mean():.0%}} of the fifty draws. (The error never goes to zero, for the other half is noisy too.)

# %% [markdown]
# ## And what did it change?
#
# The history of the real chain ends at rates, for it left nobody out. The workshop's simulated chain kept a **control group**. It sent three waves, eight weeks apart, each with two offers and to every customer seen in the last half year. A lot decided: a third got the one offer, a third the other, a third nothing.
#
# The segments come from receipts *before* the wave: the last visit within four weeks ("lately") or longer ago, and few (up to 5), some (6 to 15) or many receipts so far. The next cell plays the three waves and puts them into a history. You need not read it; look at the table below it.

# %%
from loyalty.prepare.profile import build_profile
from loyalty.world import World


def segment_base(world):
    """Segment of each customer on the world's last day, from receipts alone."""
    profile = build_profile(world.receipts, world.end, customers=world.customers)
    number = pd.cut(profile.frequency, [-1, 5, 15, np.inf], labels=["few", "some", "many"]).astype("str")
    name = np.where(profile.recency_days <= 28, "lately", "longer ago") + ", " + number
    return profile[["customer_id"]].assign(segment=name.where(profile.recency_days <= 182, "silent for half a year"))


def send_wave(world, pair, lots):
    """One wave to everybody seen in the last half year: each third by lot an offer, another offer, or nothing."""
    base = segment_base(world).query("segment != 'silent for half a year'")
    offers = lots.permutation(np.resize(np.array([None, *pair]), len(base)))
    wave, later = world.run(base.assign(offer_id=offers, propensity=1 / 3), campaign_id=" and ".join(pair))
    return (world, wave), later


lots, now, sent_waves = np.random.default_rng(41), World(customers=5_000, months=24, seed=41), []
with tempfile.TemporaryDirectory() as shelf, open_history(Path(shelf) / "waves.duckdb") as memory:
    for pair in [("basket_discount", "gift"), ("category_discount", "bonus_points"), ("win_back", "concierge")]:
        (before, wave), now = send_wave(now, pair, lots)
        memory.append(wave.contacts, wave.outcomes, scheme="visits", version="1", segment_as_of=before.end)
        sent_waves.append((before, wave))
    remembered = memory.to_frame().query("window == 'main'")  # the four weeks during
remembered.groupby(["campaign_id", "arm"]).agg(customers=("arm", "size"), answered=("redeemed", "mean")).round(3)

# %% [markdown]
# `answered` is the response rate. The control group stands in the history like everybody else; it could not redeem anything, but it *bought*. So the same table can answer the second question: what did customers spend, with the offer and without? In one wave, in € per customer in four weeks:

# %%
one_wave = remembered[remembered.campaign_id == "win_back and concierge"]
spent = one_wave.pivot_table("sales", "segment", "arm", aggfunc="mean")
spent.assign(lift_win_back=spent.win_back - spent.control).round(2)

# %% [markdown]
# The last column is the **lift** of the win-back coupon: sales with the offer minus sales without it. In "lately, many" those with the coupon bought for €{{spent.win_back["lately, many"]:.2f}} each, the control group for €{{spent.control["lately, many"]:.2f}}, so the lift is −€{{spent.control["lately, many"] - spent.win_back["lately, many"]:.2f}}. Did the coupon drive them away, or was it chance? We need intervals.
#
# `measure_lift` gives the same lifts with intervals. We call it once for each wave, for each wave has its own control group; `gather_lifts` puts all into one table. We add the response rate.

# %%
from loyalty.evaluate.lift import gather_lifts, measure_lift

measured = [measure_lift(rows, outcome="sales", by="segment") for _, rows in remembered.groupby("campaign_id")]
lifts = gather_lifts([lift for wave in measured for lift in wave])
answered = remembered.groupby(["arm", "segment"]).redeemed.mean().rename("rate").reset_index()
ranking = lifts.to_frame().merge(answered).sort_values("effect", ascending=False, ignore_index=True)
ranking[["arm", "segment", "n_treated", "rate", "effect", "low", "high", "shrunken"]].head(6).round(2)

# %% tags=["verify"]
top, loud = ranking.iloc[0], ranking.loc[ranking.rate.idxmax()]
assert (
    spent.win_back - spent.control - ranking[ranking.arm == "win_back"].set_index("segment").effect
).abs().max() < 1e-9
assert len(ranking) == 36 and ranking.n_treated.min() == 20 and not lifts.warnings
assert (top.arm, top.segment) == ("basket_discount", "lately, many") and top.low > 0 and top.shrunken_low < 0
assert (ranking.low > 0).sum() == 2 and ranking.p_adjusted.min() > 0.05
assert (loud.arm, loud.segment) == ("win_back", "lately, many") and loud.effect < 0 < loud.high
assert [str(before.end.date()) for before, _ in sent_waves] == ["2025-01-01", "2025-02-26", "2025-04-23"]

# %% [markdown]
# {{len(ranking)}} cells, six offers in six segments. The winner is the basket discount for "{{top.segment}}": €{{top.effect:.2f}} a customer (€{{top.low:.2f}} to €{{top.high:.2f}}). Only {{(ranking.low > 0).sum()}} of the intervals lie above zero, and in {{len(ranking)}} tries about one does so by chance. Corrected for so many tries no cell is left (the smallest p is {{ranking.p_adjusted.min():.2f}}). Lifts are far noisier than rates:
# for a lift even a cell of five hundred is small.
#
# So lifts are calmed too. The idea is that of the rates: each offer has its own bank, the mean lift of its six cells, and every cell moves towards it. The column `shrunken` says €{{top.shrunken:.2f}} for the winner (−€{{-top.shrunken_low:.2f}} to €{{top.shrunken_high:.2f}}).
#
# And the cell with the highest *rate*? The win-back coupon for "{{loud.segment}}": {{loud.rate:.0%}} used it, and its lift is the −€{{-loud.effect:.2f}} that we saw (−€{{-loud.low:.2f}} to €{{loud.high:.2f}}). It is not among the six above; it stands in place {{ranking.index[ranking.rate == ranking.rate.max()][0] + 1}} of {{len(ranking)}}.
#
# In this world we can ask the truth. Your bet first: **what does the winning cell truly gain, in euros a customer?** Marta bets the raw lift, €{{top.effect:.2f}}.

# %%
from loyalty.tasks import predict, reveal

predict("41a", 9)  # your bet in euros: change 9

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, TREATED, TRUTH, headline


def find_true_lifts(before, wave):
    """Expected lift of each offer in each segment: the very customers of the wave, good and bad luck averaged out."""
    segment = wave.contacts.set_index("customer_id").segment
    offers = wave.contacts.offer_id.dropna().unique()
    gains = {offer: before.truth.effect(offer, days=28, post=0).set_index("customer_id").sales for offer in offers}
    return pd.DataFrame(gains).reindex(segment.index).groupby(segment).mean().rename_axis("arm", axis=1).stack()


def draw_winners(count=10):
    """The cells with the highest raw lifts: raw, shrunken, and the truth."""
    shown = ranking.head(count)
    fig, ax = plt.subplots(figsize=(9, 4.8))
    ax.hlines(shown.index - 0.2, shown.low, shown.high, color=GREY, linewidth=2)
    ax.plot(shown.effect, shown.index - 0.2, "o", color=HIGHLIGHT, markerfacecolor="white", markersize=8, label="raw")
    ax.hlines(shown.index + 0.2, shown.shrunken_low, shown.shrunken_high, color=TREATED, linewidth=3)
    ax.plot(shown.shrunken, shown.index + 0.2, "o", color=TREATED, markersize=8, label="shrunken")
    ax.plot(shown.truth, shown.index, "D", color=TRUTH, markerfacecolor="white", markersize=9, label="truth", linestyle="none")  # fmt: skip
    names = shown.arm.str.replace("_", " ") + " · " + shown.segment + " (" + shown.n_treated.astype("str") + ")"
    ax.set_yticks(shown.index, names)
    ax.invert_yaxis()
    ax.axvline(0, color=TRUTH, linewidth=1)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.legend(loc="lower right")
    headline(ax, "Winners promise more than they keep", "the ten highest lifts, € a customer, 95 % interval; customers in brackets", "simulated chain, seed 41")  # fmt: skip


true_lifts = pd.concat(find_true_lifts(*sent) for sent in sent_waves).rename("truth").reset_index()
ranking = ranking.merge(true_lifts, on=["arm", "segment"])
draw_winners()
winner = ranking.iloc[0]
reveal("41a", estimate=winner.shrunken, low=winner.shrunken_low, high=winner.shrunken_high, truth=winner.truth,
       unit="€", says="Sales per customer of the cell, in four weeks.")  # fmt: skip

# %% tags=["verify"]
for before, wave in sent_waves:
    whole, sizes = before.truth.lift(wave, kind="expected").sales, wave.contacts.segment.value_counts()
    mean = true_lifts[true_lifts.arm.isin(whole.index.unique("offer_id"))].pivot(
        index="segment", columns="arm", values="truth"
    )
    for offer in mean:
        assert abs(np.average(mean[offer], weights=sizes[mean.index]) - whole[offer, "main"]) < 1e-9
assert ranking.effect.is_monotonic_decreasing and (ranking.effect > ranking.truth).head(10).sum() == 9
off = ranking[["effect", "shrunken"]].sub(ranking.truth, axis=0).pow(2).mean()
assert off.shrunken < off.effect / 2 and winner.truth == ranking.truth.max()
assert abs(winner.shrunken - winner.truth) < 0.1
coupon = ranking[ranking.arm == "win_back"].set_index("segment")
assert coupon.rate.idxmax() == "lately, many" and coupon.truth.idxmax() == "lately, some"
same = {arm: rows.rate.idxmax() == rows.truth.idxmax() for arm, rows in ranking.groupby("arm")}
assert sum(same.values()) == 5 and not same["win_back"]
loud = ranking.loc[ranking.rate.idxmax()]

# %% [markdown]
# The truth is €{{winner.truth:.2f}}: the mean over the very customers of the cell, with good and bad luck averaged out. Marta promises {{winner.effect / winner.truth - 1:.0%}} too much. The shrunken value is right to {{abs(winner.shrunken - winner.truth) * 100:.0f}} cents, which is luck too, for its interval is wide. Nine of the ten highest lifts lie above their diamonds. That is the **winner's curse**: whoever is first was good *and* lucky, and next time the luck is gone. (Here the first in the list *is* the truly best cell. It could have been another.)
#
# Over all {{len(ranking)}} cells shrinking takes {{1 - off.shrunken / off.effect:.0%}} off the squared error. Was that luck? Part B holds the lottery again, many times. It finds that shrinking does help, and that at this size a simpler report helps more: **one lift for each offer**.
#
# And the rate? The cell that answered most, the win-back coupon for "{{loud.segment}}" with {{loud.rate:.0%}}, truly gains €{{loud.truth:.2f}} a customer; the winning cell answered half as often ({{winner.rate:.0%}}) and gains €{{winner.truth:.2f}}. Even within the win-back coupon the segment that answers most is not the one that changes most: "lately, some" answers less ({{coupon.rate["lately, some"]:.0%}}) and gains €{{coupon.truth["lately, some"]:.2f}}. (For the
# other five offers the same segment leads in both. A rate is not always a bad guide; without control nobody knows when.)

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
from loyalty.learn.history import predict_from_past

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
from loyalty.learn.history import measure_decay

wear = measure_decay(history)
wear[["offer_id", "contact", "customers", "rate", "low", "high", "change", "change_low", "change_high"]].head(8).round(
    3
)

# %% tags=["verify"]
first, third = (wear[(wear.offer_id == "Type A") & (wear.contact == k)].iloc[0] for k in (1, 3))
assert third.rate > first.high and third.change_low > 0
later = wear[(wear.offer_id == "Type B") & wear.contact.between(2, 4)]
assert len(later) == 3 and (later.change_low < 0).all() and (later.change_high > 0).all()

# %% [markdown]
# Type A does the opposite of wearing out: the third invitation is answered by {{third.rate:.0%}} ({{third.low:.0%}} to {{third.high:.0%}}), the first by {{first.rate:.0%}} ({{first.low:.0%}} to {{first.high:.0%}}). The same households, compared with their own first time, gained {{third.change * 100:.1f}} percentage points ({{third.change_low * 100:.1f}} to {{third.change_high * 100:.1f}}). For type B every change has zero in its interval: it may wear out or not. Back to type A: people learn how it works; or the later campaigns were better; or the chain picked better. The history cannot
# say which, and so we do not.
#
# ## What did we decide?
#
# A history of numbers becomes a memory when the decisions stand in it too: what we expected, what we saw, what follows, and whether we should *not* do it again.

# %%
rate_13 = outcomes[outcomes.campaign_id == 13].responded.mean()
history.decide(
    13, decided_on="2017-10-02", metric="response rate", expected=0.20, observed=round(float(rate_13), 3),
    verdict="not known", do_not_repeat=False, note="Nobody was left out: repeat only with control.",
)  # fmt: skip
history.decisions()[["campaign_id", "metric", "expected", "observed", "verdict", "do_not_repeat", "note"]].T

# %% tags=["verify"]
assert rate_13 < 0.2 and outcomes[outcomes.campaign_id == 13].end.max() < pd.Timestamp("2017-10-02")

# %% [markdown]
# For campaign 13 we had hoped for 20% and saw {{rate_13:.1%}}. Whether that was worth the coupons is not known, and the next reader of the table sees why.

# %%
history.close()
folder.cleanup()

# %% [markdown]
# ## Beside the truth
#
# The other half of the households is only the second-best judge. In the simulated chain we can ask the truth, for rates as well. We begin anew on the evening before the first wave and run three *small* tests with the same offers and segments: 150 customers an offer, out of those who came in the last half year.


# %%
def send_test(world, offers):
    """One test wave: 150 customers drawn for each offer and 150 for control."""
    base = segment_base(world)
    plan = base[base.segment != "silent for half a year"].sample(450, random_state=rng)
    plan = plan.assign(offer_id=np.repeat(np.array([None, *offers]), 150), propensity=1 / 3)
    wave, later = world.run(plan, campaign_id=" and ".join(offers))
    return {"world": world, "base": base, "offers": offers, "wave": wave}, later


# %%
rng = np.random.default_rng(41)
world, tests = sent_waves[0][0], []  # a world never changes
for pair in [("basket_discount", "gift"), ("category_discount", "bonus_points"), ("win_back", "concierge")]:
    test, world = send_test(world, pair)
    tests.append(test)

# %%
with tempfile.TemporaryDirectory() as folder, open_history(Path(folder) / "tests.duckdb") as history:
    for test in tests:
        day, wave = test["world"].end, test["wave"]
        print(history.append(wave.contacts, wave.outcomes, scheme="visits", version="1", segment_as_of=day))
    tested = measure_rates(history, by=["segment", "offer_id"], outcome="redeemed", min_size=1).to_frame()
tested[["segment", "offer_id", "n", "responses", "rate", "low", "high", "shrunken"]].head(4).round(2)

# %% [markdown]
# {{len(tested)}} cells, the smallest with a single customer, half of them with {{tested.n.median():.0f}} or fewer. (The history counts each test three times: before, during and after. The rate is about the four weeks during.)
#
# What is the *true* rate of a cell? A world never changes, so we can go back to the day of each test and send the offer to **everybody** in the segment instead of to a few. The share that then redeems is the truth that the test tried to learn: the rate of *these* customers in *these* four weeks.


# %%
def send_to_everybody(test, offer):
    """Who would redeem an offer if all customers had got it on the day of the test; with their segments."""
    everybody, _ = test["world"].run(test["base"].assign(offer_id=offer))
    return everybody.outcomes.query("window == 'main'").merge(test["base"], on="customer_id").assign(offer_id=offer)


everybody = pd.concat(send_to_everybody(test, offer) for test in tests for offer in test["offers"])
truth = everybody.groupby(["segment", "offer_id"]).redeemed.mean().rename("truth")
tested = tested.merge(truth.reset_index(), on=["segment", "offer_id"])


# %%
from matplotlib.ticker import PercentFormatter


def draw_small_cells(count=12):
    """The smallest cells: raw rate, shrunken rate with its interval, and the truth."""
    cells = tested.sort_values(["n", "segment", "offer_id"]).head(count).sort_values("truth", ignore_index=True)
    fig, ax = plt.subplots(figsize=(9, 5.4))
    ax.hlines(cells.index, cells.shrunken_low, cells.shrunken_high, color=TREATED, linewidth=3)
    ax.plot(cells.rate, cells.index, "o", color=HIGHLIGHT, markerfacecolor="white", markersize=8, label="raw")
    ax.plot(cells.shrunken, cells.index, "o", color=TREATED, markersize=8, label="shrunken, with 95 % interval")
    ax.plot(cells.truth, cells.index, "D", color=TRUTH, markerfacecolor="none", markersize=10, label="truth")
    ax.set_yticks(
        cells.index, cells.offer_id.str.replace("_", " ") + " · " + cells.segment + " (" + cells.n.astype("str") + ")"
    )
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.legend(loc="lower right")
    headline(ax, "On average, calmed rates lie nearer to the truth", "share that redeemed, the twelve smallest cells; customers in brackets", "simulated chain, seed 41")  # fmt: skip


draw_small_cells()

# %% tags=["verify"]
small = tested.sort_values(["n", "segment", "offer_id"]).head(12)
nearer = ((small.shrunken - small.truth).abs() < (small.rate - small.truth).abs()).sum()
assert tested.n.min() == 1 and small.truth.min() > 0 and nearer > 6 and (small.rate == 0).sum() > 4
assert small.truth.between(small.shrunken_low, small.shrunken_high).all()
too_high = (small.shrunken > small.truth).groupby(small.offer_id).mean()
assert too_high["win_back"] == 0 and too_high["category_discount"] == 1
assert ((small.shrunken - small.truth) ** 2).sum() < ((small.rate - small.truth) ** 2).sum()

# %% [markdown]
# {{(small.rate == 0).sum()}} of the twelve raw rates are zero, and none of the diamonds is: a small cell says "never" too easily. The calmed rate is nearer to the diamond in {{nearer}} of the twelve only, but the mean squared error is smaller. Look at the two ends: the win-back coupon is calmed too far down and the category discount too far up, because six different offers share one bank. And this is one draw, and a draw can be lucky. As we know for everybody what he would have done, we can hold the lottery again, fifty times, and count how
# often an interval holds the truth.

# %%
from statsmodels.stats.proportion import proportion_confint


def hold_lottery(people):
    """Draw 150 customers an offer again; squared error of three answers, and how many intervals hold the truth."""
    some = people.groupby("offer_id").sample(150, random_state=rng)
    cells = some.groupby(["segment", "offer_id"]).redeemed.agg(["sum", "count", "mean"]).join(truth)
    calm = shrink_rates(cells["sum"], cells["count"]).table
    low, high = proportion_confint(cells["sum"], cells["count"], method="wilson")
    answers = {"raw": cells["mean"], "one rate for all": some.redeemed.mean(), "shrunken": calm.shrunken}
    errors = {name: ((answer - cells.truth) ** 2).mean() for name, answer in answers.items()}
    held = {"raw": cells.truth.between(low, high).mean(), "shrunken": cells.truth.between(calm.low, calm.high).mean()}
    return pd.concat({"squared error": pd.Series(errors), "truth in the interval": pd.Series(held)})


asked = everybody[everybody.segment != "silent for half a year"]
draws = pd.DataFrame([hold_lottery(asked) for _ in range(50)])
draws.mean().unstack(0).reindex(["raw", "one rate for all", "shrunken"]).round(4)

# %% tags=["verify"]
mse, held = draws["squared error"].mean(), draws["truth in the interval"].mean()
assert mse["shrunken"] < 0.6 * mse["raw"] < mse["raw"] < mse["one rate for all"]
assert held.between(0.94, 0.97).all()
better = (draws["squared error", "shrunken"] < draws["squared error", "raw"]).mean()
assert better > 0.95

# %% [markdown]
# Against the truth the raw rates are off by {{mse["raw"] ** 0.5 * 100:.0f}} percentage points in a typical cell (the root of the mean squared error), one rate for all by {{mse["one rate for all"] ** 0.5 * 100:.0f}}, the shrunken ones by {{mse["shrunken"] ** 0.5 * 100:.0f}}: **{{1 - mse["shrunken"] / mse["raw"]:.0%}} less squared error** than raw, and better in {{better:.0%}} of the draws. The intervals keep their promise, averaged over the cells:
# {{held["raw"]:.1%}} of the raw ones and {{held["shrunken"]:.1%}} of the shrunken ones hold the truth.
#
# ## The best response rate is not the best offer
#
# Marta has her list: the offer with the highest rate wins. Beside the rate we now put the lift that each small test measured for its offer as a whole. Its truth is the mean over the customers of that test, with good and bad luck averaged out.

# %%
from loyalty.stats import compare_means


def put_lift_beside_rate(test, offer):
    """Response rate and lift in sales of one offer, as its test saw them, each with its truth."""
    people = test["wave"].contacts.merge(test["wave"].outcomes.query("window == 'main'"), on="customer_id")
    sent, control = people[people.offer_id == offer], people[people.arm == "control"]
    low, high = proportion_confint(sent.redeemed.sum(), len(sent), method="wilson")
    true_rate = asked[asked.offer_id == offer].redeemed.mean()
    lift, true = (
        compare_means(sent.sales, control.sales),
        test["world"].truth.lift(test["wave"], kind="expected").loc[offer],
    )
    rate = {"rate": sent.redeemed.mean(), "rate_low": low, "rate_high": high, "true_rate": true_rate}
    gain = {"lift": lift.effect, "lift_low": lift.low, "lift_high": lift.high, "true_lift": true.sales["main"]}
    return {"offer_id": offer} | rate | gain | {"true_profit": true.profit["both"]}


rows = [put_lift_beside_rate(test, offer) for test in tests for offer in test["offers"]]
offers = pd.DataFrame(rows).sort_values("rate", ascending=False, ignore_index=True)
offers.round(2)


# %%
def draw_rate_and_lift():
    """Response rate on the left, lift on the right, both with interval and truth; the same order."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
    for ax, name in zip(axes, ["rate", "lift"], strict=True):
        ax.hlines(offers.index, offers[f"{name}_low"], offers[f"{name}_high"], color=TREATED, linewidth=3)
        ax.plot(offers[name], offers.index, "o", color=TREATED, markersize=8, label="test, with 95 % interval")
        ax.plot(
            offers[f"true_{name}"], offers.index, "D", color=TRUTH, markerfacecolor="white", markersize=8, label="truth"
        )
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
    axes[0].set_yticks(offers.index, offers.offer_id.str.replace("_", " "))
    axes[0].invert_yaxis()
    axes[0].xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes[1].axvline(0, color=TRUTH, linewidth=1)
    axes[0].legend(loc="lower right", fontsize=9)
    headline(axes[0], "Who answers is soon known …", "response rate: share that redeemed", "simulated chain, seed 41")
    headline(axes[1], "… what it changes is not", "lift: sales a customer in four weeks, €")


draw_rate_and_lift()

# %% tags=["verify"]
best, last, basket = offers.iloc[0], offers.iloc[-1], offers.set_index("offer_id").loc["basket_discount"]
assert (best.offer_id, last.offer_id) == ("win_back", "category_discount")
assert offers.true_rate.between(offers.rate_low, offers.rate_high).all() and best.true_rate == offers.true_rate.max()
assert (offers.lift_low < 0).all() and (offers.lift_high > 0).all()
assert offers.true_lift.between(offers.lift_low, offers.lift_high).sum() == 5
assert basket.true_lift == offers.true_lift.max() and 0.4 < basket.true_rate / best.true_rate < 0.5
assert best.true_profit < 0 < last.true_profit
anyway = tests[2]["world"].truth.would_have_come_anyway(tests[2]["wave"])
anyway = anyway[(anyway.offer_id == "win_back") & anyway.redeemed].would_have_come.mean()
assert anyway > 0.7 and world.offers.set_index("offer_id").reward_cost["win_back"] == 5

# %% [markdown]
# On the left the intervals are short, and the diamonds lie inside. On the right nothing can be ranked: each interval is about €{{(offers.lift_high - offers.lift_low).mean():.0f}} wide and holds zero, and one of the six just misses its diamond; in the long run one in twenty does. (Two offers of one test share a control group, and with it its luck.) **A test that is large enough for a rate may
# be far too small for a lift.** (The tests ran eight weeks apart. A rate takes its season along; a lift does not, for its control group lived through the same weeks.)
#
# So the chain would follow the left picture. The truth would not. The win-back coupon has by far the best rate, {{best.true_rate:.0%}}, and adds €{{best.true_lift:.2f}} a customer in sales; the basket discount is answered less than half as often and adds €{{basket.true_lift:.2f}}. Of those who used the coupon {{anyway:.0%}} would have come anyway, and each is paid €5: over eight
# weeks it loses €{{-best.true_profit:.2f}} a customer. The category discount, last in the list with {{last.true_rate:.0%}}, earns €{{last.true_profit:.2f}}. A history of rates alone would have sent the wrong letter for years; keep the control group's rows in it.

# %% [markdown]
# ## Was the calm winner luck?
#
# In Part A shrinking helped, in *one* draw of three lotteries. Would it help again? In this world every customer has three lives: the four weeks of the wave without an offer, with the first, and with the second. We let him live all three. Then we can draw the lots again as often as we like, here sixty times; each time we see only the life that he drew.


# %%
from loyalty.stats import shrink_normal


def live_all_lives(number, before, wave):
    """Sales in the four weeks of each customer of a wave: without an offer, and with its first and second one."""
    lives = wave.contacts[["customer_id", "segment"]].assign(wave=number)
    for life, offer in enumerate([None, *ARMS[number][1:]]):
        everybody, _ = before.run(wave.contacts[["customer_id"]].assign(offer_id=offer))
        sales = everybody.outcomes.query("window == 'main'").set_index("customer_id").sales
        lives[life] = sales.reindex(lives.customer_id).to_numpy()
    return lives


def hold_lotteries(times=1):
    """Draw the customers of all waves again, with replacement, and deal them into thirds: lifts of all cells."""
    some = all_lives.sample(times * len(all_lives), replace=True, random_state=rng)
    life = np.arange(len(some)) % 3  # the order is random, so this is a lot
    sales = some[[0, 1, 2]].to_numpy()[np.arange(len(some)), life]
    dealt = pd.DataFrame({"wave": some.wave, "segment": some.segment, "life": life, "sales": sales})
    groups = dealt.groupby(["wave", "segment", "life"], observed=True).sales.agg(["mean", "var", "size"]).reset_index()
    control = groups[groups.life == 0].drop(columns="life")
    drawn = groups[groups.life > 0].merge(control, on=["wave", "segment"], suffixes=("", "_control"))
    drawn["arm"] = [ARMS[row.wave][row.life] for row in drawn.itertuples()]
    drawn["raw"] = drawn["mean"] - drawn.mean_control
    drawn["se"] = (drawn["var"] / drawn["size"] + drawn.var_control / drawn.size_control) ** 0.5
    return drawn[["arm", "segment", "size", "raw", "se"]].merge(true_lifts, on=["arm", "segment"])


rng = np.random.default_rng(41)
ARMS = [["control", *wave.contacts.offer_id.dropna().unique()] for _, wave in sent_waves]
all_lives = pd.concat([live_all_lives(number, *sent) for number, sent in enumerate(sent_waves)])
all_lives = all_lives.astype({"segment": "category"})

# %% [markdown]
# Four answers compete for the lift of each cell:
#
# - *raw*: what the cell itself shows
# - *one lift for each offer*: the same number for all six segments of an offer
# - *shrunken, a bank for each offer*: as in Part A
# - *shrunken, one bank for all*: all {{len(ranking)}} cells move towards one common mean.


# %%
def give_answers(drawn):
    """Four answers to the same lotteries: each a table with shrunken, low, high and kept."""
    offers = [rows for _, rows in drawn.groupby("arm")]
    raw = pd.DataFrame({"shrunken": drawn.raw, "kept": 1.0})
    raw["low"], raw["high"] = drawn.raw - 1.96 * drawn.se, drawn.raw + 1.96 * drawn.se
    means = [pd.Series(np.average(rows.raw, weights=rows["size"]), rows.index) for rows in offers]
    return {
        "raw": raw,
        "one lift for each offer": pd.DataFrame({"shrunken": pd.concat(means), "kept": 0.0}),
        "shrunken, a bank for each offer": pd.concat([shrink_normal(rows.raw, rows.se).table for rows in offers]),
        "shrunken, one bank for all": shrink_normal(drawn.raw, drawn.se).table,
    }


def score_lotteries(times, count):
    """Squared error, share kept, and how the best cell looks and is; one row for each answer and lottery."""
    scores = []
    for drawn in (hold_lotteries(times) for _ in range(count)):
        for name, answer in give_answers(drawn).items():
            cells = answer.join(drawn.truth)
            error = ((cells.shrunken - cells.truth) ** 2).mean()
            score = {"answer": name, "squared error": error, "kept": cells.kept.mean()}
            if "low" in cells:
                held, best = cells.truth.between(cells.low, cells.high), cells.shrunken.idxmax()
                score |= {"best cell says": cells.shrunken[best], "best cell truly": cells.truth[best]}
                score |= {"truth in the interval": held.mean(), "in the best cell's interval": float(held[best])}
            scores.append(score)
    return pd.DataFrame(scores)


scores = score_lotteries(times=1, count=60)
lottery = scores.groupby("answer", sort=False).mean()
lottery[["squared error", "kept"]].round(2)

# %% tags=["verify"]
raw, whole, calm, wide = (lottery.iloc[row] for row in range(4))
error = scores.pivot_table("squared error", scores.index // 4, "answer")
assert wide["squared error"] < whole["squared error"] < calm["squared error"] < 0.5 * raw["squared error"]
assert (error[calm.name] < error["raw"]).mean() == 1
assert (
    raw["truth in the interval"] > 0.94
    and calm["truth in the interval"] > 0.97
    and wide["truth in the interval"] > 0.94
)
assert raw["in the best cell's interval"] < 0.85 and calm["in the best cell's interval"] > 0.9
assert raw["best cell says"] > 4 * raw["best cell truly"] and calm["best cell says"] > 2.5 * calm["best cell truly"]
assert wide["best cell says"] < 1.5 * wide["best cell truly"]
assert raw["best cell truly"] < 0.6 * ranking.truth.max()
picked = (scores[scores.answer == "raw"]["best cell truly"] == ranking.truth.max()).mean()
boasts = [row["best cell says"] - row["best cell truly"] for row in (raw, calm)]
assert picked < 0.3 and 0.4 < boasts[1] / boasts[0] < 0.6
lucky = (error["raw"] <= off.effect).mean()
assert lucky < 0.1
simple = (error[whole.name] < error[calm.name]).mean()
assert simple > 0.65 and wide.kept < 0.2 < 0.35 < calm.kept
offer_lifts = true_lifts.groupby("arm").truth.mean()
assert offer_lifts.max() - offer_lifts.min() < 0.6 * raw["squared error"] ** 0.5

# %% [markdown]
# `squared error` compares with the true lift of Part A. `kept` is the share of a cell's distance from its mean that an answer keeps: raw keeps all, one lift for each offer keeps nothing.
#
# *Shrinking was no luck.* The raw lifts miss the truth by €{{raw["squared error"] ** 0.5:.2f}} in a typical cell (the root of the squared error), those shrunken as in Part A by €{{calm["squared error"] ** 0.5:.2f}}: {{1 - calm["squared error"] / raw["squared error"]:.0%}} less squared error, and less in every single lottery. (Our own draw was a kind one: its raw lifts had an error of {{off.effect:.1f}}, and only {{lucky:.0%}} of the lotteries have less.)
#
# ***One lift for each offer* is better still.** It misses by €{{whole["squared error"] ** 0.5:.2f}}, has {{1 - whole["squared error"] / calm["squared error"]:.0%}} less squared error than the shrunken cells, and was nearer in {{simple:.0%}} of the lotteries. Why? Six cells cannot show how alike they are. So their bank is careful and keeps {{calm.kept:.0%}} of the distance, and at this size most of the distance is noise. (For the *rates* above one number for all was the worst answer. There the offers differ far more, from {{offers.true_rate.min():.0%}} to {{offers.true_rate.max():.0%}}, and the noise of a cell is {{mse["raw"] ** 0.5 * 100:.0f}} percentage points.)
#
# One bank for all {{len(ranking)}} cells, which keeps {{wide.kept:.0%}}, has the smallest error. We held against it that offers are not alike. But in truth their lifts differ by €{{offer_lifts.max() - offer_lifts.min():.2f}} at most, and the noise of a cell is €{{raw["squared error"] ** 0.5:.2f}}. **The larger the noise beside the true differences, the wider the bank may be.** In your own chain you do not know these differences; one lift for each offer is the answer that also tells Marta *which* offer.
#
# And what became of the winners?

# %%
lottery.drop(columns=["squared error", "kept"]).dropna().round(2)

# %% [markdown]
# *The best cell.* On average the raw winner says €{{raw["best cell says"]:.2f}} and is truly worth €{{raw["best cell truly"]:.2f}}. The winner shrunken as in Part A says €{{calm["best cell says"]:.2f}} and is worth €{{calm["best cell truly"]:.2f}}: less of a boaster, and still one. The truly best cell is worth €{{ranking.truth.max():.2f}}, and the raw winner is that cell in only {{picked:.0%}} of the lotteries. Who picks a winner among {{len(ranking)}} such cells picks mostly luck.
#
# *Intervals.* Averaged over the cells {{raw["truth in the interval"]:.0%}} of the raw ones and {{calm["truth in the interval"]:.0%}} of the shrunken ones hold the truth. But nobody looks at the average cell, everybody looks at the best. There the raw interval holds the truth in {{raw["in the best cell's interval"]:.0%}} of the lotteries only, the shrunken one in {{calm["in the best cell's interval"]:.0%}}.
#
# Would a larger wave help? Let us send four times as many letters, in twenty lotteries.

# %%
larger = score_lotteries(times=4, count=20)
sizes = {"as sent": lottery, "four times as many": larger.groupby("answer", sort=False).mean()}
pd.DataFrame({size: table["squared error"] for size, table in sizes.items()}).round(2)

# %% tags=["verify"]
more = sizes["four times as many"]["squared error"]
more_error = larger.pivot_table("squared error", larger.index // 4, "answer")
level = (more_error[calm.name] < more_error[whole.name]).mean()
assert (
    more[wide.name] < min(more[calm.name], more[whole.name])
    and max(more[calm.name], more[whole.name]) < 0.65 * more["raw"]
)
assert abs(more[calm.name] - more[whole.name]) < 0.25 * more[whole.name]
per_wave = len(all_lives) / 3
lived = all_lives.groupby(["wave", "segment"], observed=True)[[0, 1, 2]].mean()
lived = pd.concat(lived[life] - lived[0] for life in (1, 2)).to_numpy()
arms = [
    (ARMS[wave][life], segment)
    for life in (1, 2)
    for wave, segment in all_lives.groupby(["wave", "segment"], observed=True).groups
]
stuck = ((lived - true_lifts.set_index(["arm", "segment"]).truth[arms].to_numpy()) ** 2).mean()
assert 0.1 < stuck < 0.1 * more["raw"]

# %% [markdown]
# With some {{4 * per_wave:,.0f}} customers a wave the shrunken cells ({{more[calm.name]:.1f}}) have caught up with one lift for each offer ({{more[whole.name]:.1f}}); they are nearer in {{level:.0%}} of twenty lotteries, too few to crown one. The raw ones stay last ({{more["raw"]:.1f}}). So the segments begin to speak only there. With {{per_wave:,.0f}} customers the honest report names one lift for each *offer*. Here it is, for the three waves that were really sent:

# %%
report = pd.concat([measure_lift(rows, outcome="sales").to_frame() for _, rows in remembered.groupby("campaign_id")])
report[["arm", "n_treated", "effect", "low", "high"]].sort_values("effect", ascending=False).round(2)

# %% tags=["verify"]
honest = report.set_index("arm")
honest["truth"] = pd.concat(
    before.truth.lift(wave, kind="expected").sales.xs("main", level=-1) for before, wave in sent_waves
)
missed = (honest.truth < honest.low) | (honest.truth > honest.high)
first = honest.loc[honest.effect.idxmax()]
assert first.name == "basket_discount" and not missed.any() and (honest.low > 0).sum() == 2
assert honest.p_adjusted.min() > 0.05 and honest.effect["win_back"] < 0 < honest.truth["win_back"]

# %% [markdown]
# The basket discount stands first with €{{first.effect:.2f}} a customer (€{{first.low:.2f}} to €{{first.high:.2f}}); its truth is €{{first.truth:.2f}}. All six intervals hold their truth, but they are wide. Two of them lie above zero, and corrected for the two offers of a wave neither does (the smallest p is {{honest.p_adjusted.min():.2f}}). The win-back coupon shows −€{{-honest.effect["win_back"]:.2f}} (−€{{-honest.low["win_back"]:.2f}} to €{{honest.high["win_back"]:.2f}}) and is truly worth €{{honest.truth["win_back"]:.2f}} in sales.
# So which *segment* gains most is a question for the next, larger wave. That wave goes into the same history. (All this is about the number that one *reports*. Who has to *choose* segments for a budget meets another answer in [Spend the budget](../3_evaluate/38_spend_the_budget.ipynb): there one lift for each offer chooses worst, for it says the same of every segment.)


# %% [markdown]
# ## What we learned
#
# - A **response history** holds every contact, the silent ones too, with the segment of that day; the same wave twice changes nothing.
# - A **response rate** says who answers, a **lift** what the offer changed; only a control group can tell. The cell with the best rate, {{loud.rate:.0%}}, truly gained €{{loud.truth:.2f}} a customer, and its coupon lost money.
# - **Shrinkage** took a "25 %" from one response out of four down to 7 %, predicted the other half of the households better than raw rates, and lay nearer to the truth, for rates and for lifts.
# - The **winner's curse**: the best of {{len(ranking)}} raw lifts said €{{raw["best cell says"]:.2f}} on average and was worth €{{raw["best cell truly"]:.2f}}. Shrinking halved the boast. With {{per_wave:,.0f}} customers a wave **one lift for each offer** helped more than shrinking its segments.
# - Who responded before is about five times as likely to respond again. That predicts; it does not justify.
#
# ## What could still be wrong
#
# - Type A sends sixteen coupons chosen for the household, types B and C the same to all. Their rates compare two kinds of campaign, not two offers.
# - Campaigns that ran over the end of the year had less time to be answered: their rates are a little low.
# - The bank of shrinkage assumes that cells are alike in kind. For rates, which are measured sharply, a win-back letter and a birthday card do not belong in one bank; for our noisy lifts one bank did better. That is a finding about this world and these sizes, not a law.
# - Our lotteries draw the same lives again and again. Luck in these lives stays in every lottery; it makes {{stuck:.1f}} of the raw squared error of {{raw["squared error"]:.0f}}.
# - The cells of a wave share one control group for both offers, and all lifts end after four weeks: part of what customers bought for the letter's sake they may not buy afterwards.
#
# ## Use it on your data
#
# `history = open_history("responses.duckdb")`, and after every wave `history.append(contacts, outcomes, scheme="visits", version="1", segment_as_of=day)`: by which rule the segments were made, and as of which day. `measure_rates(history, by=["segment", "offer_id"])` before the next; with a control group also `measure_lift(history.to_frame().query("campaign_id == 'spring' and window == 'main'"))`: one lift for each offer. Add `by="segment"` when the wave is large enough.

# %% [markdown]
# [[links]]
