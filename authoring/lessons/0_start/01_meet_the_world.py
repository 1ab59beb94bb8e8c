# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Meet the world
#     question: You say that 95 of 100 intervals hold the true value. Who has ever seen the true value?
#     part_a: 25
#     part_b: 0
#     know_first: ["00"]
#     module: loyalty.world
#     test: helpers/tests/world/truth/test_truth.py::test_lift_is_the_difference_between_two_lives_of_the_same_customers
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - walk through a **simulated world**, a chain whose customers we wrote, and hold it beside a real one
# - send a first wave by lottery, and lay your estimate beside the **truth**
# - meet the **natural buyer**, who is paid for a visit that he would have made anyway
# - watch intervals keep their promise, which is called **coverage**, a thousand times

# %% [markdown]
# ## Jonas has a question
#
# Jonas keeps the money, and he reads footnotes. In the last lesson we wrote that an interval is *"made so that 95 of 100 such
# ranges hold the true value"*. He wants to know who counted.
#
# With real customers nobody can count. A person gets the letter or does not get it. What the same person would have done
# otherwise is on no receipt. So Marta and Jonas get a second chain. It is a pharmacy and drugstore with stores, an online shop
# and a card, and it exists in this computer only.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=1)
world

# %% [markdown]
# Another seed makes another chain by the same rules. The same seed makes this one again, to the cent. It has the tables that any
# chain has.

# %%
import pandas as pd

tables = {
    "receipts": "a line of a receipt",
    "customers": "a customer",
    "products": "a product",
    "offers": "something that can be offered",
    "contacts": "a customer in a campaign",
}
rows = {name: len(getattr(world, name)) for name in tables}
pd.DataFrame({"rows": rows, "one row is": tables})

# %%
receipts = world.receipts
receipts[["customer_id", "time", "basket_id", "product_id", "sales", "margin"]].head(3)

# %% [markdown]
# Here are its two years, week by week. The chain used to write to its best customers, and in month 12 it gave out the card.

# %%
from loyalty.charts import draw_bars, draw_intervals, headline, house_style
from loyalty.tasks.t01.pictures import draw_two_years

house_style()
ax = draw_two_years(world)

# %% [markdown]
# ## Does it look like a chain?
#
# An invented chain may look like nothing on earth. So we set it beside the Complete Journey, the real grocer of the last lesson.
# A drugstore is no grocer. Therefore the same rules also make a *grocer*, with other numbers in them (`preset="cj_like"`).

# %%
from loyalty.datasets import complete_journey
from loyalty.tasks.t01.pictures import YEAR, describe_year, draw_likeness

grocer = World(customers=2_500, months=12, seed=1, preset="cj_like")
chains = {
    "real grocer": (complete_journey().receipts, pd.Timestamp("2017-01-01")),
    "our grocer": (grocer.receipts, pd.Timestamp("2017-01-01")),
    "our drugstore": (receipts, world.end - YEAR),
}
figure = draw_likeness(chains)

# %%
likeness = pd.DataFrame({name: describe_year(*chain) for name, chain in chains.items()})
likeness.round(2)

# %% tags=["verify"]
gap = (likeness["our grocer"] / likeness["real grocer"] - 1).abs()
assert gap.iloc[:5].max() < 0.15 and likeness.loc["correlation of neighbouring periods", "our grocer"] < 0.7
assert likeness.loc["28-day periods without purchase", "our drugstore"] > 0.45

# %% [markdown]
# Our grocer comes close. This is no wonder, for we chose its numbers with the real one on the desk: it is a likeness, not a proof.
# One of the six numbers is clearly off. Spend in neighbouring periods correlates less in our chain: real people are steadier.
#
# From here on we stay in the drugstore. It is another trade, with small receipts and long pauses. Its targets, and how near it
# comes to them, stand on [one page](../../docs/tables/likeness.md).

# %% [markdown]
# ## A first wave, by lottery
#
# Marta wants to send the **basket discount**: 10 % on everything, for two weeks. Half of the customers get it, and a lottery says
# who.

# %%
plan = world.customers[["customer_id"]].assign(offer_id=None, propensity=0.5)
plan.loc[plan.sample(frac=0.5, random_state=1).index, "offer_id"] = "basket_discount"
wave, later = world.run(plan)
wave

# %% [markdown]
# The outcomes are counted in three windows of 28 days: before the sending, from the sending on (the main window), and after
# that. First we check the **balance**: before the sending, the two groups should be alike.

# %%
from loyalty.stats import compare_means

arms = wave.contacts[["customer_id", "arm"]]
outcomes = wave.outcomes.merge(arms, on="customer_id")
before = outcomes[outcomes.window == "pre"]
drawn = before.arm == "basket_discount"
balance = compare_means(before[drawn].sales, before[~drawn].sales)
balance

# %% tags=["verify"]
assert balance.low < 0 < balance.high and not balance.warnings

# %% [markdown]
# Zero lies inside the interval: the groups are as alike as a lottery makes them.
#
# Now your bet. **How many euros more does a customer spend in the 28 days because we sent the discount?** Think of everyone we
# sent it to, also of those who never open a letter.

# %%
from loyalty.tasks import predict, reveal

predict("01a", ...)  # your bet in euros, in place of the dots

# %% [markdown]
# Marta's slide takes those who *used* the discount, and sets them beside the control group.

# %%
main = outcomes[outcomes.window == "main"]
sent = main[main.arm == "basket_discount"]
control = main[main.arm == "control"]
redeemers = sent[sent.redeemed == 1]
naive = compare_means(redeemers.sales, control.sales)
naive

# %% [markdown]
# The redeemers spent **€{{naive.effect:.2f}} more**, and the arithmetic is right. But everybody who redeems has come to the shop, and
# the control group also holds those who stayed at home. It is a **naive comparison** once more. The fair one takes everyone we
# sent it to, as the lottery drew them, and everyone it left out.

# %%
fair = compare_means(sent.sales, control.sales)
fair

# %% tags=["verify"]
assert naive.low > 8 * fair.effect and fair.low < 0 < fair.high and not fair.warnings

# %% [markdown]
# **€{{fair.effect:.2f}} a customer**, and anything from −€{{abs(fair.low):.2f}} to €{{fair.high:.2f}} fits what we saw. Zero fits too. From this
# wave alone we cannot say that the discount did anything. On real data the story ends here, and somebody says *"so it does not
# work"*.

# %% [markdown]
# ## Behind the curtain: each customer lives twice
#
# Here the story goes on. We can start the same 28 days again, for the same people with the same luck. Once everybody gets the
# discount, once nobody does. The life that did not happen is called the **counterfactual**. Only in a world can it be seen.


# %%
def live(offer):
    """Sales of each customer if everybody gets this offer; None: nobody gets any."""
    everyone = world.customers[["customer_id"]].assign(offer_id=offer)
    lives = world.run(everyone)[0].outcomes
    return lives[lives.window == "main"].set_index("customer_id").sales


having, without = live("basket_discount"), live(None)
truth = (having - without).mean()
f"€{truth:.2f}"

# %% [markdown]
# There is no lottery here and no interval: we subtracted two lives of the same people. The **truth** is €{{truth:.2f}} a customer. The
# discount does work. "We cannot see it" never meant "it is not there". The world's own helper says the same.

# %%
world.truth.lift(wave)[["n", "orders", "sales", "margin"]].round(2)

# %% tags=["verify"]
helper = world.truth.lift(wave).sales
assert abs(helper["basket_discount", "main"] - truth) < 1e-6
assert -0.5 < helper["basket_discount", "post"] < 0
assert fair.low < truth < fair.high and round(naive.effect / truth) == 10

# %%
says = "Estimate: all we sent it to, less control. Truth: both lives of these 5,000 customers."
known = {"low": fair.low, "high": fair.high, "truth": truth}
reveal("01a", estimate=fair.effect, **known, unit="€", says=says)

# %%
rows = {"redeemers less control": naive, "all sent less control": fair}
estimates = pd.concat([row.to_frame() for row in rows.values()]).set_index(pd.Index(rows))
ax = draw_intervals(estimates.assign(colour=["#C2410C", "#0072B2"]), truth=truth, unit="€")
subtitle = "sales per customer, € in 28 days, 95 % interval"
headline(ax, "Only one of the two asks the right question", subtitle, "loyalty.world, seed 1")

# %% [markdown]
# Marta's whole interval is far from the truth. An interval knows about luck; it does not know that the wrong people were
# compared. The fair interval holds the truth. In the table above, the row `post` shows what a report forgets if it ends with the
# campaign: some sales go back in the next four weeks, because some customers bought earlier, not more.
#
# ## Which truth?
#
# There are two, and lessons say which one they mean.

# %%
population = world.truth.lift(wave, population=True).loc[("basket_discount", "main"), "sales"]
both = {"these customers (sample)": truth, "all such customers (population)": population}
pd.Series(both).round(2).to_frame("€")

# %% tags=["verify"]
assert abs(population - truth) < 0.5 and fair.low < population < fair.high

# %% [markdown]
# The first is what the discount did to *these* customers, with the luck that they had. The second is what it does on average to
# customers of this chain, of whom ours are a draw. An interval promises to hold the second in 95 of 100 cases. It holds the first
# at least as often.

# %% [markdown]
# ## Who would have come anyway?
#
# Why was Marta's number so large? Let us ask the redeemers' other life.

# %%
lives = world.truth.would_have_come_anyway(wave)
natural = lives[lives.redeemed].would_have_come.mean()
used = redeemers.customer_id
spent = {"redeemers, with the discount": having[used].mean()}
spent["the same people, without it"] = without[used].mean()
spent["the control group"] = control.sales.mean()
colours = ["#C2410C", "#F3B08F", "#E69F00"]
ax = draw_bars(pd.Series(spent), colours=colours, write="€{:.2f}".format)
title = f"{natural * 100:.0f} of 100 redeemers would have come anyway"
headline(ax, title, "sales per customer, € in 28 days", "loyalty.world, seed 1")

# %% tags=["verify"]
assert 0.85 < natural < 0.95 and abs(having[used].mean() - redeemers.sales.mean()) < 1e-6
assert without[used].mean() > 1.5 * control.sales.mean()

# %% [markdown]
# Such a customer is a **natural buyer**: he pays less for what he was going to buy. Even without the discount the redeemers spend
# far more than the control group. Of Marta's €{{naive.effect:.2f}} the discount made €{{having[used].mean() - without[used].mean():.2f}}. The rest
# is who they are.

# %% [markdown]
# ## The promise, counted
#
# Back to Jonas. We have both lives of everybody, so a lottery costs nothing. We draw the lots anew, let each customer show the
# life that his lot allows, compute the interval, and look whether it holds the truth. We do this a thousand times, which takes a
# few seconds.

# %%
import numpy as np

rng = np.random.default_rng(1)


def draw_lots(having, without, times=1000):
    """Effect, low, high of the fair comparison under many lotteries."""
    found = []
    for _ in range(times):
        drawn = rng.permutation(len(having)) < len(having) // 2
        estimate = compare_means(having[drawn], without[~drawn])
        found.append((estimate.effect, estimate.low, estimate.high))
    return pd.DataFrame(found, columns=["effect", "low", "high"])


lotteries = draw_lots(having, without)
holds = (lotteries.low <= truth) & (truth <= lotteries.high)
print(f"{holds.sum()} of {len(holds):,} intervals hold the truth")

# %%
from loyalty.tasks.t01.pictures import draw_promise

ax = draw_promise(lotteries, truth)

# %% tags=["verify"]
assert 930 <= holds.sum() <= 970
found = lotteries.low > 0
assert 0.6 < found.mean() < 0.85

# %% [markdown]
# The share of intervals that hold the truth is called **coverage**. It is what was promised, up to chance. Two things for Jonas:
#
# - The promise is about the *method*. No single interval knows whether it is one of the five in a hundred that miss.
# - It is no promise to *find*. In {{(lotteries.low <= 0).mean():.0%}} of the lotteries the interval reaches down to zero though the effect is
#   real, and ours was one of them. How many customers are needed to see an effect can be known before the start.
#
# ## A campaign that does nothing
#
# One of the offers is a printed magazine. In this world it changes nobody, ever. What does our comparison say?

# %%
letters = plan.assign(offer_id=plan.offer_id.replace("basket_discount", "magazine"))
magazine, _ = world.run(letters)
arms = magazine.contacts[["customer_id", "arm"]]
main = magazine.outcomes.query("window == 'main'").merge(arms, on="customer_id")
nothing = compare_means(main[main.arm == "magazine"].sales, main[main.arm == "control"].sales)
nothing

# %%
world.truth.lift(magazine)[["orders", "sales", "profit"]].round(2)

# %%
null = draw_lots(live("magazine"), without)
alarms = (null.low > 0) | (null.high < 0)
print(f"{alarms.sum()} of {len(alarms):,} lotteries find an effect that is not there")

# %% tags=["verify"]
silence = world.truth.lift(magazine)
assert (silence.sales == 0).all() and (live("magazine") == without).all()
assert nothing.low < 0 < nothing.high and 30 <= alarms.sum() <= 70 and 15 <= (null.low > 0).sum() <= 35

# %% [markdown]
# Here the truth is exactly zero, and each copy costs money. Our one estimate has zero well inside its interval. But {{alarms.sum()}} of
# 1,000 lotteries raise a **false alarm**: the same five in a hundred, seen from the other side. About half of the false alarms
# look like a gain. Of forty useless magazines a chain may expect to celebrate one.

# %% [markdown]
# ## Who lives here
#
# Now the curtain goes up all the way. Each customer has a hidden type, which no table shows.

# %%
from loyalty.tasks.t01.pictures import draw_types

effect = world.truth.effect("basket_discount", post=0)[["customer_id", "sales"]]
people = world.truth.types.merge(world.truth.alive()).merge(effect)
of_type = people.groupby("type").sales
types = pd.DataFrame({"customers": of_type.size(), "effect": of_type.mean()})
types = types.sort_values("effect")
ax = draw_types(types)

# %% tags=["verify"]
assert types.index[0] == "chronic_patient" and types.effect.iloc[0] < 0 < types.effect.iloc[1]
assert types.index[-1] == "young_family" and types.effect.iloc[-2:].min() > 8
gone = ~people.alive
assert 0.25 < gone.mean() < 0.35 and (people[gone].sales == 0).all()

# %% [markdown]
# The average describes nobody. Young families and bulk savers spend far more. The chronic patients come when their refill is due,
# and they spend a little *less*. And {{(~people.alive).mean() * 100:.0f}} of 100 customers on the list have left for good; the chain does not know
# it, and no letter changes it.
#
# An analyst sees no types. To find the customers whom an offer changes, from receipts alone, is what the rooms Segment and
# Evaluate are for.
#
# ## What this world is, and what it is not
#
# We wrote its people. Every rule stands on [one page](../../docs/world.md): who comes on which day, what lies in the basket, what
# an offer changes. So a method that fails here has no excuse, and a method that works here has passed *one* test. Your customers
# did not read our rules.
#
# So the lessons keep two habits. On real receipts they stop at the interval and say so. On the world they give the estimate
# first, and the truth after it.

# %% [markdown]
# ## What we learned
#
# - A **simulated world** has the tables of a chain and one thing more: both lives of each customer. Its receipts resemble a real chain's, where we looked.
# - The lottery's interval held the **truth**, and zero as well: what one wave cannot show may still be there. Redeemers less
#   control was ten times the truth.
# - Nine of ten redeemers were **natural buyers**.
# - **Coverage** was what was promised: about 95 of 100, also for the magazine, where the other five are false alarms.
#
# ## What could still be wrong
#
# - We counted coverage for one offer, one size and equal halves. More offers, and a control group of one in twenty, are
#   [measured here](../../docs/tables/world_acceptance.md). With few controls and few buyers an ordinary interval holds less than
#   it says.
# - Sales are not profit. The discount cost money too, and part of the gain was only bought earlier.
# - The world has no competitors, no returns, no empty shelves, and nobody in it talks to a neighbour. Where your customers do, the lottery itself becomes harder.
#
# ## Use it on your data
#
# Rehearse your next design before you pay for it: `World(customers=20_000, months=24, seed=7).run(plan)` with your group sizes
# shows whether you would see an effect of the size that you hope for.

# %% [markdown]
# [[links]]
