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
# - calm small cells with **shrinkage**, and meet the **winner's curse**
# - in Part B: test that shrinkage helps, ask what past response says about the next, and log what was decided

# %% [markdown]
# ## Twenty-seven campaigns, one memory
#
# Marta plans the spring. *"Which offer for whom? We have sent 27 campaigns, so somebody must know what worked."* There are 27 slides in 27 folders, and each of them says "a success". A programme learns when three things stand in **one table, for ever**: what was sent, to whom, and what came of it.
#
# This is the year of a real grocer. Each row is an invitation. It says who was invited to what, and in which segment the household was *on that day*.

# %%
from loyalty.datasets import checkpoint, complete_journey

chain = complete_journey()
contacts = checkpoint("contacts_cj")  # segments: thirds of spend in the 84 days before
contacts[["campaign_id", "customer_id", "arm", "offer_id", "segment", "start", "end"]].head(3)

# %% tags=["verify"]
assert len(contacts) == 6589 and contacts.campaign_id.nunique() == 27

# %% [markdown]
# Who responded? The chain logged every redeemed coupon. We join them, one row for each invitation. A household that redeemed five coupons responded *once*. A household that redeemed none stays in with a zero. Such households are the larger part of what we know.

# %%
redeemed = chain.redemptions[["campaign_id", "customer_id"]].drop_duplicates()
redeemed = redeemed.assign(responded=1)
outcomes = contacts[["campaign_id", "wave", "customer_id", "start", "end"]]
outcomes = outcomes.assign(window="main")
outcomes = outcomes.merge(redeemed, on=["campaign_id", "customer_id"], how="left")
outcomes = outcomes.fillna({"responded": 0}).astype({"responded": "int64"})
rows = outcomes.assign(offer_id=contacts.offer_id)
by_hand = rows.groupby("offer_id").responded.agg(["sum", "count", "mean"])
by_hand.round(3)

# %%
from loyalty.charts import draw_bars, headline, house_style

house_style()
ax = draw_bars(by_hand["mean"], write="{:.0%}".format)
title = "Invitations of type A are answered most"
headline(ax, title, "share of invitations with a redeemed coupon", "Complete Journey")

# %% tags=["verify"]
assert len(outcomes) == len(contacts) and (outcomes.customer_id == contacts.customer_id).all()
assert by_hand["mean"].idxmax() == "Type A"

# %% [markdown]
# This is a **response rate**: it says who answers. It does *not* say what the offer changed. Nobody was left out, so nobody knows who would have bought anyway. We will say "rate" here, never "lift".
#
# ## A memory that cannot be spoiled
#
# Results arrive by mail: late, twice, and corrected. So the history lives in a file of its own. It takes a wave only as a whole, and it knows a wave that comes again.

# %%
import tempfile
from pathlib import Path

from loyalty.learn.history import open_history

folder = tempfile.TemporaryDirectory()  # in your own work: a fixed path
history = open_history(Path(folder.name) / "responses.duckdb")
waves = contacts.drop(columns=["start", "end"])
print(history.append(waves, outcomes))
mixed = waves.sample(frac=1, random_state=1)
print(history.append(mixed, outcomes))  # once more, in another order

# %% [markdown]
# The second time nothing changed. If a wave comes again with *other* numbers, the history refuses and asks for a reason. After a power cut you find either the whole wave or nothing.
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
# The same rates, now with intervals. They are wider than a textbook would make them, because many households were invited more than once. Three invitations to one family are not three independent observations.
#
# ## Which cell is the best?
#
# Marta wants the rates by segment, campaign by campaign, for the coupon campaigns of types B and C. Each pair of a campaign and a segment is a **cell**.

# %%
coupons = history.to_frame().query("offer_id != 'Type A'")
cells = measure_rates(coupons, by=["campaign_id", "segment"], min_size=1)
table = cells.to_frame().sort_values("rate", ascending=False)
table[["campaign_id", "segment", "n", "responses", "rate", "low", "high"]].head(6).round(3)

# %% tags=["verify"]
top = table.iloc[0]
assert (top.n, top.responses) == (4, 1) and table.n.iloc[:4].max() < 10

# %% [markdown]
# The winner is campaign {{table.campaign_id.iloc[0]}} in segment "{{table.segment.iloc[0]}}" with {{table.rate.iloc[0]:.0%}}: **one response out of four**. The next three places have fewer than ten invitations too. That is no accident. Among many small cells some are lucky, and if you sort by the raw rate, the luckiest stand on top. The intervals warn us, but people read a sorted list from the top, and nobody reads intervals.
#
# ## Calming the small cells
#
# Before we see a cell, we already know what coupon campaigns of this chain usually get: {{cells.priors[None].mean:.1%}}. So we let every cell begin with some invitations in the **bank** that had the usual rate. A cell with four invitations hardly moves away from there. A large cell speaks for itself. How many invitations are in the bank? The spread of all cells tells it; `priors` holds it as `a` responses and `b` silent ones. The rest is one line:

# %%
a, b = cells.priors[None].a, cells.priors[None].b
table["calmed"] = (table.responses + a) / (table.n + a + b)
shown = ["campaign_id", "segment", "n", "responses", "rate", "calmed", "shrunken"]
print(f"in the bank: {a + b:.0f} invitations, {a:.1f} responses")
table[shown].head(6).round(3)

# %% tags=["verify"]
assert (table.calmed - table.shrunken).abs().max() < 1e-9
best = table.sort_values("shrunken", ascending=False)
assert best.n.iloc[:4].min() > 80 and best.campaign_id.iloc[0] != cells.best.campaign_id
assert abs(table.rate.iloc[0] - 0.25) < 1e-9 and table.shrunken.iloc[0] < 0.08

# %% [markdown]
# A quarter became {{table.shrunken.iloc[0]:.0%}}. This is called **shrinkage**. The helper's `shrunken` is the number of our line, and the helper gives it an interval as well. Here are segments and types for the whole year:

# %%
segments = measure_rates(history, by=["segment", "offer_id"])
ax = segments.plot(source="Complete Journey")
label = ax.set_xlabel("share of invitations with a redeemed coupon")
# %% tags=["verify"]
shown = segments.to_frame()
nobody_yet = shown[shown.responses == 0]
assert len(nobody_yet) == 2 and (nobody_yet.shrunken > 0.03).all()
moved = (shown.shrunken - shown.rate).abs()
assert moved[shown.n > 400].max() < 0.006 and moved[shown.n < 40].min() > 0.015
young = contacts[contacts.segment.isna()]
assert len(young) == 147 and (young.start < "2017-02-01").all() and chain.receipts.time.min().year == 2017

# %% [markdown]
# Large cells stay almost where they are. Small ones move towards the middle. A cell in which nobody has responded yet is not called zero. ("unknown" are the first invitations of the year. There were too few receipts for a segment yet.) Does it help, or does it only look careful? Part B tests it: shrunken rates predict better than raw ones.
#
# ## And what did it change?
#
# The real chain left nobody out, so its history ends at rates. The workshop's simulated chain kept a **control group**. It sent three waves with two offers each, to every customer seen in the last half year. A lottery decided who got which offer: a third got the one, a third the other, and a third nothing.
#
# The segments come from receipts *before* the wave. They say when a customer last came (`lately` means within four weeks), and how often so far (few, some or many receipts). The next cell plays the three waves and puts them into a history. That takes about five seconds.

# %%
from loyalty.tasks.t41.waves import remember_waves, send_waves

sent_waves = send_waves()
remembered = remember_waves(sent_waves)
arms = remembered.groupby(["campaign_id", "arm"])
means = {"answered": ("redeemed", "mean"), "sales": ("sales", "mean")}
arms.agg(customers=("arm", "size"), **means).round(3)

# %% [markdown]
# `answered` is the response rate. The control group stands in the history like everybody else. It could not redeem anything, but it *bought*. So the same table answers the second question: what did customers spend with the offer, and what without? The difference is the **lift**. `measure_lift` gives it for each segment, with its interval. We call it once for each wave, because each wave has its own control group, and `gather_lifts` puts all cells into one table.

# %%
from loyalty.evaluate.lift import gather_lifts, measure_lift

measured = []
for _, wave in remembered.groupby("campaign_id"):
    measured += list(measure_lift(wave, outcome="sales", by="segment"))
lifts = gather_lifts(measured)
answered = remembered.groupby(["arm", "segment"]).redeemed.mean().rename("rate").reset_index()
ranking = lifts.to_frame().merge(answered)
ranking = ranking.sort_values("effect", ascending=False, ignore_index=True)
columns = ["arm", "segment", "n_treated", "rate", "effect", "low", "high", "shrunken"]
ranking[columns].head(6).round(2)

# %% tags=["verify"]
import numpy as np
import pandas as pd

top, loud = ranking.iloc[0], ranking.loc[ranking.rate.idxmax()]
one_wave = remembered[remembered.campaign_id == "win_back and concierge"]
spent = one_wave.pivot_table("sales", "segment", "arm", aggfunc="mean")
win_back = ranking[ranking.arm == "win_back"].set_index("segment").effect
assert (spent.win_back - spent.control - win_back).abs().max() < 1e-9
assert len(ranking) == 36 and ranking.n_treated.min() == 20 and not lifts.warnings
assert (top.arm, top.segment) == ("basket_discount", "lately, many") and top.low > 0 and top.shrunken_low < 0
assert (ranking.low > 0).sum() == 2 and ranking.p_adjusted.min() > 0.05
assert (loud.arm, loud.segment) == ("win_back", "lately, many") and loud.effect < 0 < loud.high
assert [str(before.end.date()) for before, _ in sent_waves] == ["2025-01-01", "2025-02-26", "2025-04-23"]

# %% [markdown]
# These are the first six of {{len(ranking)}} cells, six offers in six segments. The winner is the basket discount for "{{top.segment}}": **€{{top.effect:.2f}}** a customer (€{{top.low:.2f}} to €{{top.high:.2f}}). Only two of all the intervals lie above zero, and chance alone makes about one of them. (The column `p_adjusted` corrects for so many tries. After that no cell is left.) Lifts are far noisier than rates.
#
# So lifts are calmed too. The idea is that of the rates. Each offer has a bank of its own, the mean lift of its six cells, and every cell moves towards it. For the winner `shrunken` says €{{top.shrunken:.2f}}.
#
# And the cell with the highest *rate*? It is the win-back coupon for "{{loud.segment}}": {{loud.rate:.0%}} used it. Its measured lift is below zero, and its interval holds zero.
#
# In this world we can ask the truth. Your bet first: **what does the winning cell truly gain, in euros a customer?** Marta bets the raw lift.

# %%
from loyalty.tasks import predict, reveal

predict("41-bet", ...)  # your bet in euros, in the place of the dots

# %%
from loyalty.tasks.t41.waves import find_true_lifts

true_lifts = find_true_lifts(sent_waves)
ranking = ranking.merge(true_lifts, on=["arm", "segment"])
winner = ranking.iloc[0]
ends = {"low": winner.shrunken_low, "high": winner.shrunken_high}
reveal("41-bet", estimate=winner.shrunken, **ends, truth=winner.truth, unit="€")

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
assert 1.4 < loud.rate / winner.rate < 2.2 and loud.truth < 0.3 * winner.truth
assert 1.45 < winner.effect / winner.truth < 1.65

# %% [markdown]
# The truth is the mean over the very customers of the cell, with good and bad luck averaged out. Marta promises 1.5 times the truth. The shrunken value is almost exactly right, and that is luck too, because its interval is wide.
#
# And the rate? The cell that answered most truly gains €{{loud.truth:.2f}}. The winner answered about half as often and gains €{{winner.truth:.2f}}. In five of the six offers the segment that answers most is also the one that gains most; for the win-back coupon it is not. A rate is not always a bad guide, but without a control group nobody knows when it is one.

# %%
from loyalty.tasks.t41.pictures import draw_winners

ax = draw_winners(ranking)

# %% [markdown]
# Nine of the ten highest lifts lie above their diamonds. That is the **winner's curse**: the first in a list was good *and* lucky, and next time the luck is gone. Shrinking takes {{1 - off.shrunken / off.effect:.0%}} off the squared error of all cells, and Part B shows when a still simpler report, *one lift for each offer*, is better.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/41_response_history.ipynb), 41a to 41d. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Does shrinkage help, or does it only look careful?
#
# We can test it on the real chain. We draw half of the households, compute the cells from them, and predict the rates that the *other* half shows. We predict in three ways: with the raw rate, with one rate for all, and with the shrunken rate. Fifty times; that takes about three seconds.

# %%
from loyalty.tasks.t41.waves import predict_other_half

errors = predict_other_half(coupons, times=50)
(errors.mean() / errors["raw"].mean()).round(2)

# %% tags=["verify"]
mean = errors.mean()
assert mean["shrunken"] < mean["one rate for all"] < mean["raw"]
wins = (errors["shrunken"] < errors["raw"]).mean()
assert wins > 0.8

# %% [markdown]
# The raw rates are the worst guide. Shrunken rates make {{1 - errors.shrunken.mean() / errors.raw.mean():.0%}} less squared error, and also less than one rate for all. They were better than raw in {{(errors["shrunken"] < errors["raw"]).mean():.0%}} of the fifty draws. (The error never goes to zero, because the other half is noisy too.)
#
# So which cell stands first? The best one is the cell whose *lower* end is highest. That is campaign {{cells.best.campaign_id}} for "{{cells.best.segment}}": {{cells.best.shrunken:.1%}} ({{cells.best.shrunken_low:.1%}} to {{cells.best.shrunken_high:.1%}}). Campaign {{best.campaign_id.iloc[0]}} is as good, as far as anybody can tell: {{best.shrunken.iloc[0]:.1%}} ({{best.shrunken_low.iloc[0]:.1%}} to {{best.shrunken_high.iloc[0]:.1%}}).

# %% [markdown]
# ## Who responded responds again?
#
# Before each wave we know who had responded to an earlier one, who had been invited without responding, and who is new. Only campaigns that were *over* at that moment may count as "earlier".

# %%
from loyalty.learn.history import predict_from_past

past = predict_from_past(history)
shown = ["past", "n", "rate", "low", "high", "relative", "relative_low", "relative_high"]
past.to_frame()[shown].round(2)

# %% tags=["verify"]
row = past.to_frame().set_index("past").loc["responded before"]
assert row.relative_low > 4 and round(row.crude, 1) == 3.9 and round(row.relative, 1) == 5.0

# %% [markdown]
# {{past.to_frame().rate.iloc[0]:.0%}} against {{past.to_frame().rate.iloc[1]:.0%}}. Part of that is mix, because past responders were invited to other waves than the others. We compare *within* each wave: a household that responded before is **{{past.to_frame().relative.iloc[0]:.1f}} times** as likely to respond as one that was invited and did not ({{past.to_frame().relative_low.iloc[0]:.1f}} to {{past.to_frame().relative_high.iloc[0]:.1f}}). Past response is a strong *predictor*. Is it a reason to invite these households? Not yet: they redeem, but they might buy without coupons as well. To predict who answers is one thing, to know whom it changes is another.
#
# ## Does an offer wear out?

# %%
from loyalty.learn.history import measure_decay

wear = measure_decay(history)
shown = ["offer_id", "contact", "customers", "rate", "low", "high"]
shown += ["change", "change_low", "change_high"]
wear[shown].head(8).round(3)

# %% tags=["verify"]
first, third = (wear[(wear.offer_id == "Type A") & (wear.contact == k)].iloc[0] for k in (1, 3))
assert third.rate > first.high and third.change_low > 0
later = wear[(wear.offer_id == "Type B") & wear.contact.between(2, 4)]
assert len(later) == 3 and (later.change_low < 0).all() and (later.change_high > 0).all()

# %% [markdown]
# Type A does the opposite of wearing out. The third invitation is answered by {{third.rate:.0%}} ({{third.low:.0%}} to {{third.high:.0%}}), the first by {{first.rate:.0%}} ({{first.low:.0%}} to {{first.high:.0%}}). The same households, compared with their own first time, gained {{third.change * 100:.1f}} percentage points ({{third.change_low * 100:.1f}} to {{third.change_high * 100:.1f}}). For type B every change has zero in its interval: it may wear out or not.
#
# Why did type A gain? People may have learned how it works, or the later campaigns were better, or the chain picked better. The history cannot tell which, and so we do not.
#
# ## What did we decide?
#
# A history of numbers becomes a memory when the decisions stand in it too: what we expected, what we saw, what follows, and whether we should *not* do it again.

# %%
rate_13 = outcomes[outcomes.campaign_id == 13].responded.mean()
history.decide(
    13,
    decided_on="2017-10-02",
    metric="response rate",
    expected=0.20,
    observed=round(float(rate_13), 3),
    verdict="not known",
    do_not_repeat=False,
    note="Nobody was left out. If we repeat it, then with a control group.",
)
history.decisions().drop(columns=["decided_on"], errors="ignore").T

# %% tags=["verify"]
assert rate_13 < 0.2 and outcomes[outcomes.campaign_id == 13].end.max() < pd.Timestamp("2017-10-02")

# %% [markdown]
# For campaign 13 we had hoped for 20 % and saw {{rate_13:.1%}}. Whether that was worth the coupons is not known, and the next reader of the table sees why.

# %%
history.close()
folder.cleanup()

# %% [markdown]
# ## Beside the truth
#
# The other half of the households is only the second-best judge. In the simulated chain we can ask the truth, for rates as well. We go back to the evening before the first wave and run three *small* tests with the same offers and segments: 150 customers an offer, out of those who came in the last half year. That takes about five seconds.

# %%
import numpy as np

from loyalty.tasks.t41.small_tests import send_small_tests

rng = np.random.default_rng(41)
first_evening = sent_waves[0].before  # a world never changes
tests = send_small_tests(first_evening, rng)
shelf = tempfile.TemporaryDirectory()
with open_history(Path(shelf.name) / "tests.duckdb") as memory:
    for test in tests:
        rule = {"scheme": "visits", "version": "1", "segment_as_of": test.world.end}
        memory.append(test.wave.contacts, test.wave.outcomes, **rule)
    cells_of = ["segment", "offer_id"]
    tested = measure_rates(memory, by=cells_of, outcome="redeemed", min_size=1)
tested = tested.to_frame()
tested[["segment", "offer_id", "n", "responses", "rate", "shrunken"]].head(4).round(2)

# %% [markdown]
# {{len(tested)}} cells. The smallest has a single customer, and half of them have {{tested.n.median():.0f}} or fewer.
#
# What is the *true* rate of a cell? A world never changes, so we can go back to the day of each test and send the offer to **everybody** in the segment instead of to a few. The share that then redeems is what the test tried to learn: the rate of *these* customers in *these* four weeks.

# %%
from loyalty.tasks.t41.pictures import draw_small_cells
from loyalty.tasks.t41.small_tests import send_to_everybody

everybody = send_to_everybody(tests)
truth = everybody.groupby(["segment", "offer_id"]).redeemed.mean().rename("truth")
tested = tested.merge(truth.reset_index(), on=["segment", "offer_id"])
ax = draw_small_cells(tested)

# %% tags=["verify"]
small = tested.sort_values(["n", "segment", "offer_id"]).head(12)
nearer = ((small.shrunken - small.truth).abs() < (small.rate - small.truth).abs()).sum()
assert tested.n.min() == 1 and small.truth.min() > 0 and nearer > 6 and (small.rate == 0).sum() > 4
assert small.truth.between(small.shrunken_low, small.shrunken_high).all()
too_high = (small.shrunken > small.truth).groupby(small.offer_id).mean()
assert too_high["win_back"] == 0 and too_high["category_discount"] == 1
assert ((small.shrunken - small.truth) ** 2).sum() < ((small.rate - small.truth) ** 2).sum()

# %% [markdown]
# {{(small.rate == 0).sum()}} of the twelve raw rates are zero, and none of the diamonds is. A small cell says "never" too easily. The calmed rate is nearer to the diamond in only {{nearer}} of the twelve, but the mean squared error is smaller. Look at the two ends: the win-back coupon is calmed too far down and the category discount too far up, because six different offers share one bank.
#
# This is one draw, and a draw can be lucky. We know for everybody what he would have done, so we can hold the lottery again, fifty times, and count how often an interval holds the truth.

# %%
import pandas as pd

from loyalty.tasks.t41.small_tests import draw_tests_again

asked = everybody[everybody.segment != "silent for half a year"]
wrong, inside = draw_tests_again(asked, truth, rng, times=50)
columns = {"squared error": wrong.mean(), "truth in the interval": inside.mean()}
pd.DataFrame(columns).reindex(wrong.columns).round(4)

# %% tags=["verify"]
mse, held = wrong.mean(), inside.mean()
assert mse["shrunken"] < 0.6 * mse["raw"] < mse["raw"] < mse["one rate for all"]
assert held.between(0.94, 0.97).all()
better = (wrong["shrunken"] < wrong["raw"]).mean()
assert better > 0.95

# %% [markdown]
# Against the truth the raw rates are off by {{mse["raw"] ** 0.5 * 100:.0f}} percentage points in a typical cell (the root of the mean squared error), one rate for all by {{mse["one rate for all"] ** 0.5 * 100:.0f}}, and the shrunken ones by {{mse["shrunken"] ** 0.5 * 100:.0f}}. That is **{{1 - mse["shrunken"] / mse["raw"]:.0%}} less squared error** than raw, and the shrunken rates were better in {{better:.0%}} of the draws. Averaged over the cells the intervals keep their promise: {{held["raw"]:.1%}} of the raw ones and {{held["shrunken"]:.1%}} of the shrunken ones hold the truth.
#
# ## The best response rate is not the best offer
#
# Marta has her list, and the offer with the highest rate stands first. Beside the rate we now put the lift that each small test measured for its offer as a whole. Its truth is the mean over the customers of that test, with good and bad luck averaged out.

# %%
from loyalty.tasks.t41.pictures import draw_rate_and_lift
from loyalty.tasks.t41.small_tests import put_lifts_beside_rates

offers = put_lifts_beside_rates(tests, asked)
figure = draw_rate_and_lift(offers)

# %% tags=["verify"]
best, last, basket = offers.iloc[0], offers.iloc[-1], offers.set_index("offer_id").loc["basket_discount"]
assert (best.offer_id, last.offer_id) == ("win_back", "category_discount")
assert offers.true_rate.between(offers.rate_low, offers.rate_high).all() and best.true_rate == offers.true_rate.max()
assert (offers.lift_low < 0).all() and (offers.lift_high > 0).all()
assert offers.true_lift.between(offers.lift_low, offers.lift_high).sum() == 5
assert basket.true_lift == offers.true_lift.max() and 0.4 < basket.true_rate / best.true_rate < 0.5
assert best.true_profit < 0 < last.true_profit
anyway = tests[2].world.truth.would_have_come_anyway(tests[2].wave)
anyway = anyway[(anyway.offer_id == "win_back") & anyway.redeemed].would_have_come.mean()
assert anyway > 0.7 and first_evening.offers.set_index("offer_id").reward_cost["win_back"] == 5

# %% [markdown]
# On the left the intervals are short, and the diamonds lie inside. On the right nothing can be ranked. Each interval is about €{{(offers.lift_high - offers.lift_low).mean():.0f}} wide and holds zero, and one of the six just misses its diamond. In the long run one in twenty does. (Two offers of one test share a control group, and with it its luck.) **A test that is large enough for a rate may be far too small for a lift.**
#
# So the chain would follow the left picture. The truth would not. The win-back coupon has by far the best rate, {{best.true_rate:.0%}}, and adds €{{best.true_lift:.2f}} a customer in sales. The basket discount is answered less than half as often and adds €{{basket.true_lift:.2f}}. Of those who used the coupon {{anyway:.0%}} would have come anyway, and each is paid €5: over eight weeks the coupon loses €{{-best.true_profit:.2f}} a customer. The category discount, last in the list with {{last.true_rate:.0%}}, earns €{{last.true_profit:.2f}}. A history of rates alone would have sent the wrong letter for years. Keep the control group's rows in it.

# %% [markdown]
# ## Was the calm winner luck?
#
# In Part A shrinking helped, in *one* draw of three lotteries. Would it help again? In this world every customer has three lives: the four weeks of the wave without an offer, with the first, and with the second. We let him live all three. Then we can draw the lots again as often as we like, and each time we see only the life that he drew. Four answers compete for the lift of each cell:
#
# - *raw*: what the cell itself shows
# - *one lift for each offer*: the same number for all six segments of an offer
# - *shrunken, a bank for each offer*: as in Part A
# - *shrunken, one bank for all*: all {{len(ranking)}} cells move towards one common mean.
#
# Sixty lotteries take about fifteen seconds.

# %%
from loyalty.tasks.t41.lives import live_each_life, score_lotteries

rng = np.random.default_rng(41)
lives = live_each_life(sent_waves)
scores = score_lotteries(lives, true_lifts, rng, times=1, count=60)
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
# *Shrinking was no luck.* The raw lifts miss the truth by €{{raw["squared error"] ** 0.5:.2f}} in a typical cell (the root of the squared error), those shrunken as in Part A by €{{calm["squared error"] ** 0.5:.2f}}. That is {{1 - calm["squared error"] / raw["squared error"]:.0%}} less squared error, and it is less in every single lottery. (Our own draw was a kind one: its raw lifts had an error of {{off.effect:.1f}}, and only {{lucky:.0%}} of the lotteries have less.)
#
# ***One lift for each offer* is better still.** It misses by €{{whole["squared error"] ** 0.5:.2f}}, has {{1 - whole["squared error"] / calm["squared error"]:.0%}} less squared error than the shrunken cells, and was nearer in {{simple:.0%}} of the lotteries. Why? Six cells cannot show how alike they are. So their bank stays small and keeps {{calm.kept:.0%}} of the distance, and at this size most of the distance is noise. (For the *rates* above one number for all was the worst answer. There the offers differ far more, from {{offers.true_rate.min():.0%}} to {{offers.true_rate.max():.0%}}, and the noise of a cell is {{mse["raw"] ** 0.5 * 100:.0f}} percentage points.)
#
# One bank for all {{len(ranking)}} cells, which keeps {{wide.kept:.0%}}, has the smallest error. Our objection was that offers are not alike. But in truth their lifts differ by €{{offer_lifts.max() - offer_lifts.min():.2f}} at most, and the noise of a cell is €{{raw["squared error"] ** 0.5:.2f}}. **The larger the noise beside the true differences, the wider the bank may be.** In your own chain you do not know these differences. One lift for each offer is the answer that also tells Marta *which* offer.
#
# And what became of the winners?

# %%
lottery.drop(columns=["squared error", "kept"]).dropna().round(2)

# %% [markdown]
# *The best cell.* On average the raw winner says €{{raw["best cell says"]:.2f}} and is truly worth €{{raw["best cell truly"]:.2f}}. The winner shrunken as in Part A says €{{calm["best cell says"]:.2f}} and is worth €{{calm["best cell truly"]:.2f}}. It boasts less, and it still boasts. The truly best cell is worth €{{ranking.truth.max():.2f}}, and the raw winner is that cell in only {{picked:.0%}} of the lotteries. If you pick a winner among {{len(ranking)}} such cells, you pick mostly luck.
#
# *Intervals.* Averaged over the cells {{raw["truth in the interval"]:.0%}} of the raw ones and {{calm["truth in the interval"]:.0%}} of the shrunken ones hold the truth. But nobody looks at the average cell. Everybody looks at the best. There the raw interval holds the truth in {{raw["in the best cell's interval"]:.0%}} of the lotteries only, the shrunken one in {{calm["in the best cell's interval"]:.0%}}.
#
# Would a larger wave help? Let us send four times as many letters, in twenty lotteries.

# %%
larger = score_lotteries(lives, true_lifts, rng, times=4, count=20)
sizes = {"as sent": lottery, "four times as many": larger.groupby("answer", sort=False).mean()}
errors = {size: means["squared error"] for size, means in sizes.items()}
pd.DataFrame(errors).round(2)

# %% tags=["verify"]
more = sizes["four times as many"]["squared error"]
more_error = larger.pivot_table("squared error", larger.index // 4, "answer")
level = (more_error[calm.name] < more_error[whole.name]).mean()
assert (
    more[wide.name] < min(more[calm.name], more[whole.name])
    and max(more[calm.name], more[whole.name]) < 0.65 * more["raw"]
)
assert abs(more[calm.name] - more[whole.name]) < 0.25 * more[whole.name]
per_wave = len(lives.table) / 3
lived = lives.table.groupby(["wave", "segment"], observed=True)[[0, 1, 2]].mean()
lived = pd.concat(lived[life] - lived[0] for life in (1, 2)).to_numpy()
arms = [
    (lives.arms[wave][life], segment)
    for life in (1, 2)
    for wave, segment in lives.table.groupby(["wave", "segment"], observed=True).groups
]
stuck = ((lived - true_lifts.set_index(["arm", "segment"]).truth[arms].to_numpy()) ** 2).mean()
assert 0.1 < stuck < 0.1 * more["raw"]

# %% [markdown]
# With some {{4 * per_wave:,.0f}} customers a wave the shrunken cells ({{more[calm.name]:.1f}}) have caught up with one lift for each offer ({{more[whole.name]:.1f}}). They are nearer in {{level:.0%}} of twenty lotteries, which is too few to crown one. The raw ones stay last ({{more["raw"]:.1f}}). Only at that size do the segments begin to speak. With {{per_wave:,.0f}} customers the honest report names one lift for each *offer*. Here it is, for the three waves that were really sent:

# %%
waves = [wave for _, wave in remembered.groupby("campaign_id")]
report = pd.concat([measure_lift(wave, outcome="sales").to_frame() for wave in waves])
report = report.sort_values("effect", ascending=False)
report[["arm", "n_treated", "effect", "low", "high"]].round(2)

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
#
# So which *segment* gains most is a question for the next, larger wave. That wave goes into the same history. (All this is about the number that you *report*. If you have to *choose* segments for a budget, you meet another answer in [Spend the budget](../3_evaluate/38_spend_the_budget.ipynb). There one lift for each offer chooses worst, because it says the same of every segment.)


# %% [markdown]
# ## What we learned
#
# - A **response history** holds every contact, also the silent ones, with the segment of that day. The same wave twice changes nothing.
# - A **response rate** says who answers. A **lift** says what the offer changed, and only a control group can tell it. The cell with the best rate, {{loud.rate:.0%}}, truly gained €{{loud.truth:.2f}} a customer, and its coupon lost money.
# - **Shrinkage** took a "25 %" from one response out of four down to 7 %, predicted the other half of the households better than raw rates, and lay nearer to the truth, for rates and for lifts.
# - The **winner's curse**: on average over the lotteries, the best of {{len(ranking)}} raw lifts said €{{raw["best cell says"]:.2f}} and was worth €{{raw["best cell truly"]:.2f}}. Shrinking halved the boast. With {{per_wave:,.0f}} customers a wave **one lift for each offer** helped more than shrinking its segments.
# - A household that responded before is about five times as likely to respond again. That is a prediction and no reason to send.
#
# ## What could still be wrong
#
# - Type A sends sixteen coupons chosen for the household, types B and C the same to all. Their rates compare two kinds of campaign, not two offers.
# - Campaigns that ran over the end of the year had less time to be answered: their rates are a little low.
# - The bank of shrinkage assumes that cells are alike in kind. For rates, which are measured sharply, a win-back letter and a birthday card do not belong in one bank. For our noisy lifts one bank did better. That is a finding about this world and these sizes, not a law.
# - Our lotteries draw the same lives again and again. Luck in these lives stays in every lottery; it makes {{stuck:.1f}} of the raw squared error of {{raw["squared error"]:.0f}}.
# - The cells of a wave share one control group for both offers, and all lifts end after four weeks. Customers may buy less afterwards, because they bought earlier.
#
# ## Use it on your data
#
# `history = open_history("responses.duckdb")`, and after every wave `history.append(contacts, outcomes, scheme="visits", version="1", segment_as_of=day)`: by which rule the segments were made, and as of which day. `measure_rates(history, by=["segment", "offer_id"])` before the next; with a control group also `measure_lift(history.to_frame().query("campaign_id == 'spring' and window == 'main'"))`: one lift for each offer. Add `by="segment"` when the wave is large enough.
#
# Your campaigns lie in one folder, each list with columns of its own? The template [response_history](../templates/response_history.ipynb) reads them, keeps them in one history, and says which test the next wave should hold. How plan, report and history hand their files to each other is told in [the loop](../../docs/loop.md).

# %% [markdown]
# [[links]]
