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
# Jonas keeps the money, and he reads footnotes. In the last lesson we wrote that an interval is *"made so that 95 of 100 such ranges hold the true
# value"*. He wants to know who counted.
#
# With real customers nobody can. A person gets the letter or does not get it; what the same person would have done otherwise is on no receipt. So Marta
# and Jonas get a second chain, a pharmacy and drugstore that exists in this computer only: 40 stores, an online shop, and a card since month 12.

# %%
from loyalty.world import World

world = World(customers=5_000, months=24, seed=1)
world

# %% [markdown]
# That took less than a second. Another seed makes another chain by the same rules; the same seed makes this one again, to the cent. It has the tables that
# any chain has.

# %%
import pandas as pd

tables = {"receipts": "a line of a receipt", "customers": "a customer", "products": "a product",
          "offers": "something that can be offered", "contacts": "a customer in a campaign"}  # fmt: skip
pd.DataFrame({"rows": {name: len(getattr(world, name)) for name in tables}, "one row is": tables})

# %%
receipts = world.receipts
receipts[["customer_id", "time", "basket_id", "product_id", "quantity", "sales", "margin", "store_id"]].head(3)

# %% [markdown]
# Two years, week by week. The chain had a habit of writing to its best customers, and in month 12 it gave out the card.

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, draw_intervals, headline, house_style

house_style()


def draw_two_years():
    """Sales of each full week, with the launch of the card and the chain's own mailings."""
    start = receipts.time.min().normalize()
    week = (receipts.time - start).dt.days // 7
    sales = receipts.groupby(week).sales.sum().loc[: (world.end - start).days // 7 - 1] / 1000
    fig, ax = plt.subplots(figsize=(9, 3.8))
    ax.plot(start + pd.to_timedelta(sales.index * 7, unit="D"), sales, color=TREATED, linewidth=2)
    launch = start + pd.DateOffset(months=12)
    ax.axvline(launch, color=INK, linewidth=1, linestyle=":")
    ax.annotate("the card", (launch, 1), (5, 0), textcoords="offset points", va="bottom")
    for sent_at in world.contacts.sent_at.unique():
        ax.plot(sent_at, 6.5, "^", color=GREY, markersize=8)
        ax.annotate("mailing", (sent_at, 6.5), (8, 0), textcoords="offset points", va="center", color="#5F6368")
    ax.set(ylim=(0, None), ylabel="€ thousand a week")
    headline(
        ax, "Christmas is easy to see, the card is not", "sales of 5,000 customers, € thousand a week", "loyalty.world, seed 1"
    )  # fmt: skip


draw_two_years()

# %% [markdown]
# ## Does it look like a chain?
#
# An invented chain may look like nothing on earth. So we set it beside the Complete Journey, the real grocer of the last lesson. A drugstore is no grocer;
# therefore the same rules also make a *grocer*, with other numbers in them (`preset="cj_like"`).

# %%
import numpy as np

from loyalty.datasets import complete_journey

grocer = World(customers=2_500, months=12, seed=1, preset="cj_like")
year = pd.Timedelta(days=364)
chains = {
    "real grocer": (complete_journey().receipts, pd.Timestamp("2017-01-01")),
    "our grocer": (grocer.receipts, pd.Timestamp("2017-01-01")),
    "our drugstore": (receipts, world.end - year),
}


def describe(receipts, start):
    """A year of receipts in six numbers, money in the chain's own currency."""
    lines = receipts[(receipts.time >= start) & (receipts.time < start + year)]
    baskets = lines.groupby("basket_id").sales.agg(["sum", "size"])
    period = (lines.time - start).dt.days // 28
    spend = lines.groupby(["customer_id", period]).sales.sum().unstack(fill_value=0).to_numpy()
    yearly = np.sort(spend.sum(axis=1))
    return {
        "receipts per customer": len(baskets) / len(spend),
        "median receipt, $ or €": baskets["sum"].median(),
        "lines per receipt": baskets["size"].mean(),
        "share of sales of the top fifth": yearly[-len(yearly) // 5 :].sum() / yearly.sum(),
        "28-day periods without purchase": (spend == 0).mean(),
        "correlation of neighbouring periods": np.corrcoef(spend[:, :-1].ravel(), spend[:, 1:].ravel())[0, 1],
    }


likeness = pd.DataFrame({name: describe(*chain) for name, chain in chains.items()})
likeness.round(2)

# %% tags=["verify"]
gap = (likeness["our grocer"] / likeness["real grocer"] - 1).abs()
assert gap.iloc[:5].max() < 0.15 and likeness.loc["correlation of neighbouring periods", "our grocer"] < 0.7
assert likeness.loc["28-day periods without purchase", "our drugstore"] > 0.45

# %%
LOOK = {"real grocer": (GREY, 5), "our grocer": (TREATED, 2), "our drugstore": ("#009E73", 2)}  # colour, width


def draw_likeness():
    """How large receipts are, and how long customers stay away, in the three chains."""
    fig, (left, right) = plt.subplots(1, 2)
    edges = np.geomspace(0.5, 300, 40)
    for name, (receipts, start) in chains.items():
        look = {"color": LOOK[name][0], "linewidth": LOOK[name][1], "label": name}
        lines = receipts[(receipts.time >= start) & (receipts.time < start + year)]
        values = lines.groupby("basket_id").sales.sum()
        left.plot(edges[:-1], np.histogram(values, edges)[0] / len(values) * 100, **look)
        days = lines.assign(day=lines.time.dt.normalize())[["customer_id", "day"]].drop_duplicates()
        gaps = days.sort_values(["customer_id", "day"]).groupby("customer_id").day.diff().dt.days.dropna()
        right.plot(range(61), [(gaps <= day).mean() * 100 for day in range(61)], **look)
    left.set(xscale="log", xticks=[1, 10, 100], xticklabels=["1", "10", "100"], xlabel="$ or €", ylim=(0, None))
    right.set(ylim=(0, 103), xlabel="days between two visits")
    right.legend(loc="lower right")
    headline(left, "How large is a receipt", "receipts by value, % of all", "Complete Journey; loyalty.world, seed 1")
    headline(right, "and how long until the next?", "gaps that are over by that day, %")


draw_likeness()

# %% [markdown]
# Our grocer comes close, and no wonder: its numbers were chosen with the real one on the desk. That is a likeness, not a proof. One of the six is clearly off: in the
# real chain spend in neighbouring periods correlates with {{likeness.loc["correlation of neighbouring periods", "real grocer"]:.2f}}, in ours with {{likeness.loc["correlation of neighbouring periods", "our grocer"]:.2f}}. Real people are steadier than ours.
# The drugstore, where we stay from here on, is another trade: small receipts, and in {{likeness.loc["28-day periods without purchase", "our drugstore"]:.0%}} of all 28-day periods a customer buys nothing.
# What its targets were and how near it comes stands on [one page](../../docs/tables/likeness.md).

# %% [markdown]
# ## A first wave, by lottery
#
# Marta wants to send the **basket discount**: 10 % on everything, for 14 days. Half of the customers get it, and a lottery says who.

# %%
plan = world.customers[["customer_id"]].assign(offer_id=None, propensity=0.5)
plan.loc[plan.sample(frac=0.5, random_state=1).index, "offer_id"] = "basket_discount"
wave, later = world.run(plan)
wave

# %% [markdown]
# The wave went out on the first day after the history; `later` is the chain as it is afterwards. Its outcomes are counted in 28 days before, 28 days from the sending on (the main window), and
# 28 days after those. First the **balance**: before the sending, the two groups should be alike.

# %%
from loyalty.stats import compare_means

outcomes = wave.outcomes.merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
sent = outcomes[outcomes.arm == "basket_discount"]
control = outcomes[outcomes.arm == "control"]
balance = compare_means(sent[sent.window == "pre"].sales, control[control.window == "pre"].sales)
balance

# %% tags=["verify"]
assert balance.low < 0 < balance.high and not balance.warnings

# %% [markdown]
# {{"−" if balance.effect < 0 else ""}}€{{abs(balance.effect):.2f}} between them, on €{{balance.base:.2f}} a customer, and zero lies inside the interval ({{"−" if balance.low < 0 else ""}}€{{abs(balance.low):.2f}} to €{{balance.high:.2f}}): the groups are as alike as a lottery makes them.
#
# Now your bet. **How many euros more does a customer spend in the 28 days because we sent him the discount?** Think of everyone we sent it to, those too who
# never open a letter.

# %%
from loyalty.tasks import predict, reveal

predict("01a", 1.00)  # your bet in euros: change 1.00

# %% [markdown]
# Marta's slide takes those who *used* the discount, and sets them beside the control group.

# %%
sent, control = sent[sent.window == "main"], control[control.window == "main"]
redeemers = sent[sent.redeemed == 1]
naive = compare_means(redeemers.sales, control.sales)
print(f"{len(redeemers)} redeemers spent €{redeemers.sales.mean():.2f}, the control group €{control.sales.mean():.2f}")

# %% [markdown]
# €{{naive.effect:.2f}} more, and the arithmetic is right. But who redeems has come to the shop, and the control group holds those too who stayed at home. It is a **naive comparison** once more. The
# fair one takes everyone we sent it to, as the lottery drew them, and everyone it left out.

# %%
fair = compare_means(sent.sales, control.sales)
fair

# %% tags=["verify"]
assert naive.low > 8 * fair.effect and fair.low < 0 < fair.high and not fair.warnings

# %% [markdown]
# €{{fair.effect:.2f}} a customer, and anything from −€{{abs(fair.low):.2f}} to €{{fair.high:.2f}} fits what we saw. Zero fits too: from this wave alone we cannot say that the discount did
# anything. On real data the story ends here, and at this point somebody usually says *"so it does not work"*.

# %% [markdown]
# ## Behind the curtain: each customer lives twice
#
# Here it goes on. A world does not change, so we can start the same 28 days again, for the same people with the same luck. Once everybody gets the
# discount, once nobody does. The life that did not happen is called the **counterfactual**; nobody else ever sees it.


# %%
def live(offer):
    """Sales of each customer in the main window if everybody gets this offer; None: nobody gets any."""
    everyone = world.customers[["customer_id"]].assign(offer_id=offer)
    lives = world.run(everyone)[0].outcomes
    return lives[lives.window == "main"].set_index("customer_id").sales


having, without = live("basket_discount"), live(None)
truth = (having - without).mean()
f"€{truth:.2f}"

# %% [markdown]
# No lottery, no interval: the same people, subtracted. The **truth** is €{{truth:.2f}} a customer. The discount does work; "we cannot see it" was never "it is not there". The world's own helper says the same.

# %%
world.truth.lift(wave)[["n", "orders", "sales", "margin"]].round(2)

# %% tags=["verify"]
helper = world.truth.lift(wave).sales
assert abs(helper["basket_discount", "main"] - truth) < 1e-6
assert -0.5 < helper["basket_discount", "post"] < 0
assert fair.low < truth < fair.high and round(naive.effect / truth) == 10

# %%
reveal("01a", estimate=fair.effect, low=fair.low, high=fair.high, truth=truth, unit="€",
       says="Estimate: all we sent it to, less control, main window. Truth: both lives of these 5,000 customers.")  # fmt: skip

# %%
rows = {"redeemers less control": naive, "all sent less control": fair}
estimates = pd.concat([row.to_frame() for row in rows.values()]).set_index(pd.Index(rows))
ax = draw_intervals(estimates.assign(colour=[HIGHLIGHT, TREATED]), truth=truth, unit="€")
headline(ax, "One of the two was looking at the right thing", "sales per customer, € in 28 days, 95 % interval",
         "loyalty.world, seed 1")  # fmt: skip

# %% [markdown]
# Marta's whole interval is far from the truth: an interval knows about luck, not that the wrong people were compared. The fair one holds the truth. And the row `post` shows what a report that ends with the campaign forgets: {{-helper["basket_discount", "post"] * 100:.0f}} cents go back in the next four weeks, because some bought earlier, not more.
#
# ## Which truth?
#
# There are two, and lessons say which one they mean.

# %%
population = world.truth.lift(wave, population=True).loc[("basket_discount", "main"), "sales"]
both = pd.Series({"these 5,000 customers (sample)": truth, "all such customers (population)": population})
both.round(2).to_frame("€")

# %% tags=["verify"]
assert abs(population - truth) < 0.5 and fair.low < population < fair.high

# %% [markdown]
# €{{truth:.2f}} is what the discount did to *these* customers, with the luck that they had. €{{population:.2f}} is what it does on average to customers of this chain, of
# whom ours are a draw. An interval promises to hold the second in 95 of 100 cases; the first it holds at least as often.

# %% [markdown]
# ## Who would have come anyway?
#
# Why was Marta's number so large? Let us ask the redeemers' other life.

# %%
lives = world.truth.would_have_come_anyway(wave)
natural = lives[lives.redeemed].would_have_come.mean()
used = redeemers.customer_id
pd.Series({"with the discount": having[used].mean(), "without it": without[used].mean(), "control": control.sales.mean()}).round(2).to_frame("€ per head")  # fmt: skip

# %% tags=["verify"]
assert 0.85 < natural < 0.95 and abs(having[used].mean() - redeemers.sales.mean()) < 1e-6
assert without[used].mean() > 1.5 * control.sales.mean()

# %% [markdown]
# **{{natural * 100:.0f}} of 100 redeemers would have come without the discount.** Such a customer is a **natural buyer**: he pays less for what he was going to buy. Even without it the redeemers would have spent
# €{{without[used].mean():.2f}}, against €{{control.sales.mean():.2f}} in the control group. Of Marta's €{{naive.effect:.2f}} the discount made €{{having[used].mean() - without[used].mean():.2f}}; the rest is who they are.

# %% [markdown]
# ## The promise, counted
#
# Back to Jonas. With both lives of everybody in hand, a lottery costs nothing: draw the lots anew, let each customer show the life that his lot allows, compute the
# interval, and look whether it holds the truth. A thousand times.

# %%
rng = np.random.default_rng(1)


def draw_lots(having, without, times=1000):
    """Effect, low, high of the fair comparison under many lotteries, each for half of the customers."""
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
def draw_promise():
    """All intervals, sorted by their estimate; those that miss the truth stand out."""
    fig, ax = plt.subplots()
    place = lotteries.effect.rank(method="first")
    for colour, mine, width in ((TREATED, holds, 0.6), (HIGHLIGHT, ~holds, 1.2)):
        ax.vlines(place[mine], lotteries.low[mine], lotteries.high[mine], color=colour, linewidth=width)
    ax.axhline(truth, color=TRUTH, linewidth=1)
    ax.plot(1030, truth, "D", markerfacecolor="white", markeredgecolor=TRUTH, markeredgewidth=1.6, markersize=9)
    ax.annotate("truth", (1030, truth), (0, 10), textcoords="offset points", ha="center")
    ax.annotate("miss", (30, -3.4), color=HIGHLIGHT, weight="bold")
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlim=(-10, 1060), xlabel="lotteries, sorted by estimate", ylabel="€ per customer")
    headline(
        ax,
        f"{holds.sum()} of 1,000 intervals hold the truth",
        "effect on sales, € in 28 days, 95 % intervals: the same customers, the lots drawn anew",
        "loyalty.world, seed 1",
    )


draw_promise()

# %% tags=["verify"]
assert 930 <= holds.sum() <= 970
found = lotteries.low > 0
assert 0.6 < found.mean() < 0.85

# %% [markdown]
# {{holds.sum()}} of 1,000, where 950 were promised; chance alone moves that count by about {{1.96 * (1000 * 0.95 * 0.05) ** 0.5:.0f}} either way. The share of intervals that hold the truth is called **coverage**. Two things for Jonas. The promise is about the *method*: no single interval knows
# whether it is one of the five in a hundred that miss. And it is no promise to *find*: in {{(lotteries.low <= 0).mean():.0%}} of the lotteries the interval reaches down to zero though the effect is real, and ours was one of them. How many customers it takes to see an effect most of the time can be known before the start.
#
# ## A campaign that does nothing
#
# One of the offers is a printed magazine. In this world it changes nobody, ever. What does our comparison say?

# %%
magazine, _ = world.run(plan.assign(offer_id=plan.offer_id.replace("basket_discount", "magazine")))
main = magazine.outcomes.query("window == 'main'").merge(magazine.contacts[["customer_id", "arm"]], on="customer_id")
nothing = compare_means(main[main.arm == "magazine"].sales, main[main.arm == "control"].sales)
print(nothing)
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
# Here the truth is exactly zero, and each copy that is sent costs {{-silence.loc[("magazine", "main"), "profit"] * 100:.0f}} cents. Our one estimate says {{"−" if nothing.effect < 0 else ""}}€{{abs(nothing.effect):.2f}}, with zero well inside. But {{alarms.sum()}} of 1,000 lotteries raise a **false alarm**, about the same five in a hundred, seen from the
# other side. About half of these ({{(null.low > 0).sum()}}) look like a gain: of forty useless magazines a chain may expect to celebrate one.

# %% [markdown]
# ## Who lives here
#
# Now the curtain goes up all the way. Each customer has a hidden type, which no table shows.

# %%
effect = world.truth.effect("basket_discount", post=0)  # expected effect on each customer in the main window
people = world.truth.types.merge(world.truth.alive()).merge(effect[["customer_id", "sales"]])
types = people.groupby("type").agg(customers=("sales", "size"), effect=("sales", "mean")).sort_values("effect")


def draw_types():
    """True effect of the basket discount for each hidden type."""
    fig, ax = plt.subplots(figsize=(9, 4.2))
    ax.hlines(range(len(types)), 0, types.effect, color=GREY, linewidth=2)
    ax.plot(types.effect, range(len(types)), "D", markerfacecolor="white", markeredgecolor=TRUTH, markeredgewidth=1.6, markersize=9)  # fmt: skip
    for place, row in enumerate(types.itertuples()):
        value = f"{'−' if row.effect < 0 else ''}€{abs(row.effect):.2f}"
        ax.annotate(value, (max(row.effect, 0), place), (12, 0), textcoords="offset points", va="center")
    names = [f"{name.replace('_', ' ')} ({count})" for name, count in types.customers.items()]
    ax.set_yticks(range(len(types)), names)
    ax.axvline(0, color=INK, linewidth=1)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    headline(
        ax,
        "The same discount: much, little, nothing, harm",
        "true effect on sales, € per customer in 28 days (number of customers)",
        "loyalty.world, seed 1",
    )


draw_types()

# %% tags=["verify"]
assert types.index[0] == "chronic_patient" and types.effect.iloc[0] < 0 < types.effect.iloc[1]
assert types.index[-1] == "young_family" and types.effect.iloc[-2:].min() > 8
gone = ~people.alive
assert 0.25 < gone.mean() < 0.35 and (people[gone].sales == 0).all()

# %% [markdown]
# The average of €{{truth:.2f}} describes nobody. Young families and bulk savers spend over €8 more; the chronic patients, who come when their refill is due, spend a little *less*. And {{(~people.alive).mean() * 100:.0f}} of 100 customers on the list
# have left for good, which the chain does not know and no letter changes. An analyst sees no types. Finding those whom an offer changes, from receipts alone, is what the
# rooms Segment and Evaluate are for.
#
# ## What this world is, and what it is not
#
# Its people were written by us. Every rule stands on [one page](../../docs/world.md): who comes on which day, what lies in the basket, what an offer changes. So a method that fails here has
# no excuse, and one that works here has passed *one* test. Your customers did not read our rules.
#
# So the lessons keep two habits. On real receipts they stop at the interval and say so. On the world they give the estimate first, and the truth after it.

# %% [markdown]
# ## What we learned
#
# - A **simulated world** has the tables of a chain and one thing more: both lives of each customer. Its receipts resemble a real chain's, where we looked.
# - The lottery's interval held the **truth**, and zero as well: what one wave cannot show may still be there. Redeemers less control was ten times the truth.
# - Nine of ten redeemers were **natural buyers**.
# - **Coverage** was what was promised: about 95 of 100, also for the magazine, where the other five are false alarms.
#
# ## What could still be wrong
#
# - We counted coverage for one offer, one size and equal halves. More offers, and a control group of one in twenty, are [measured here](../../docs/tables/world_acceptance.md). With a control group of a hundred and few buyers an ordinary interval holds less than it says.
# - Sales are not profit. The discount cost money too, and part of the gain was only bought earlier.
# - The world has no competitors, no returns, no empty shelves, and nobody in it talks to a neighbour. Where your customers do, the lottery itself becomes harder.
#
# ## Use it on your data
#
# Rehearse your next design before you pay for it: `World(customers=20_000, months=24, seed=7).run(plan)` with your group sizes shows whether you would see an effect of the size that you hope for.

# %% [markdown]
# [[links]]
