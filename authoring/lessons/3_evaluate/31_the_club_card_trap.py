# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: The club card trap
#     question: Card holders buy more. Because of the card?
#     part_a: 25
#     part_b: 25
#     know_first: ["01"]
#     module: loyalty.evaluate.observational
#     test: helpers/tests/evaluate/observational/test_noncompliance.py::test_its_interval_holds_the_worlds_truth_as_often_as_it_says
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - see why the **naive gap** between holders and others is not the effect of the card: customers chose themselves, which is called **self-selection**
# - invite by **randomisation**, read the answer by **intention to treat**, and lay it beside the **truth**
# - put three famous slogans about large data to the test
# - ask what the card does to those who take it because they were invited, the **complier effect**

# %% [markdown]
# ## Marta celebrates
#
# The club card of the drugstore chain is one year old, and Marta has a slide for Monday's board meeting: *"Holders spend four times as much as everybody else."* She wants a letter to
# every customer without a card. Jonas, who keeps the money, looks at the slide for a long time. Let us first draw it ourselves, from the last 84 days of the chain.

# %%
import numpy as np
import pandas as pd

from loyalty.world import World

world = World(customers=40_000, months=24, seed=31)
end, start = world.end, world.end - pd.Timedelta(days=84)
people = world.customers[world.customers.joined_on < start]
holder = (people.card_since < start).to_numpy()  # had the card before the 84 days began


# %%
def spend(start, end):
    """Euros per 28 days of each customer; who bought nothing has 0."""
    window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < end)]
    total = window.groupby("customer_id").sales.sum().reindex(people.customer_id, fill_value=0)
    return total.to_numpy() / (end - start).days * 28


now = spend(start, end)
rows = pd.DataFrame({"group": np.where(holder, "card holders", "others"), "spend": now, "nothing": now == 0})
slide = rows.groupby("group").agg(customers=("spend", "size"), spend=("spend", "mean"), nothing=("nothing", "mean"))
slide.round(2)

# %% [markdown]
# The slide is right: holders spend €{{slide.spend["card holders"]:.2f}} in 28 days, the others €{{slide.spend["others"]:.2f}}. (Of the holders {{slide.nothing["card holders"]:.0%}} bought nothing, of the others {{slide.nothing["others"]:.0%}}. They count, with zero.) And it is not luck:

# %%
mine, theirs = now[holder], now[~holder]
gap = mine.mean() - theirs.mean()
se = np.sqrt(mine.var(ddof=1) / len(mine) + theirs.var(ddof=1) / len(theirs))
f"€{gap:.2f}  (€{gap - 1.96 * se:.2f} to €{gap + 1.96 * se:.2f})"

# %% tags=["verify"]
assert 3.8 < slide.spend["card holders"] / slide.spend["others"] < 4.4

# %% [markdown]
# €{{gap:.2f}} a head, known to within a euro. Marta multiplies: {{slide.customers["others"]:,}} customers without a card, times €{{gap:.2f}}, times thirteen periods: **€{{slide.customers["others"] * gap * 13 / 1e6:.1f}} million a year**.
#
# If the card makes people spend more, then giving it to people should show it. So, your bet. On the day of the launch the chain invites one half of its customers to the card; a lottery says which half.
# **How many euros more will an invited customer spend in 28 days than one who was not invited?** Nearly everybody follows the invitation. Marta takes off a little for those who do not, and bets on €25.

# %%
from loyalty.tasks import predict, reveal

predict("31a", 10)  # your bet in euros: change 10

# %% [markdown]
# ## The year before the card
#
# Before the lottery, one look back. The chain sold for a year before there was any card. We take the customers who were there already and sort them by what they became *later*: holder or not. Then we compare them before the launch, in the same weeks of the year.

# %%
from loyalty.stats import compare_means

launch = world.receipts.time.min().normalize() + pd.DateOffset(months=12)
before = spend(launch - pd.Timedelta(days=84), launch)
old = (people.joined_on < launch - pd.Timedelta(days=84)).to_numpy()
gaps = {when: compare_means(money[old & holder], money[old & ~holder])
        for when, money in {"before the card existed": before, "with the card": now}.items()}  # fmt: skip
pd.concat([g.to_frame() for g in gaps.values()]).set_index(pd.Index(gaps))[["effect", "low", "high"]].round(2)

# %% tags=["verify"]
first, later = gaps["before the card existed"], gaps["with the card"]
assert people.card_since.min() > launch and abs(first.effect - later.effect) < 0.5 and later.low > 30
assert (launch - pd.Timedelta(days=84)).strftime("%d %b") == start.strftime("%d %b")

# %% [markdown]
# Before the card existed, its later holders already spent €{{gaps["before the card existed"].effect:.2f}} more than the others (€{{gaps["before the card existed"].low:.2f}} to €{{gaps["before the card existed"].high:.2f}}). No card can reach back in time. **The gap was there first**, and today, at €{{gaps["with the card"].effect:.2f}}, it is the same. (The slide said €{{gap:.2f}}; it also counts those who came later.) Drawn over the two years, for the customers who were there from the first day:

# %%
import matplotlib.pyplot as plt

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, TRUTH, draw_intervals, headline, house_style

house_style()


def draw_two_years():
    """Spend of later holders and of the others in blocks of 28 days, with 95 % intervals."""
    starts = pd.date_range(end=end, periods=27, freq="28D")[:-1]
    there = (people.joined_on < "2023-01-01").to_numpy()
    blocks = [spend(day, day + pd.Timedelta(days=28)) for day in starts]
    fig, ax = plt.subplots(figsize=(9, 4.2))
    middle = starts + pd.Timedelta(days=14)
    for who, colour, name in ((there & holder, TREATED, "holders today"), (there & ~holder, CONTROL, "the others")):
        mean = np.array([block[who].mean() for block in blocks])
        half = np.array([1.96 * block[who].std() / who.sum() ** 0.5 for block in blocks])
        ax.plot(middle, mean, color=colour, linewidth=2)
        ax.fill_between(middle, mean - half, mean + half, color=colour, alpha=0.25, linewidth=0)
        ax.annotate(name, (middle[-1], mean[-1]), (10, 0), textcoords="offset points", va="center", color=colour)
    ax.axvline(launch, color=INK, linewidth=1, linestyle=":")
    ax.annotate("the card comes", (launch, 4), (5, 0), textcoords="offset points")
    ax.set(ylim=(0, None), xlim=(starts[0], end + pd.Timedelta(days=110)), ylabel="€ per customer")
    quarters = pd.date_range("2023-01-01", end, freq="QS")
    ax.set_xticks(quarters, quarters.strftime("%Y-%m"))
    headline(ax, "The gap was there before the card",
             "customers who were there before 2023; sales per 28 days, €, 95 % intervals", "loyalty.world, seed 31")  # fmt: skip


draw_two_years()

# %% [markdown]
# Both lines rise in winter, when people have colds and buy presents, and both sink a little, because some customers leave for good. A step that begins with the card and stays is not to be seen. Whatever the card does, it is small beside the gap.
#
# Who takes it, then? We sort the same customers by what they spent in the 84 days before the launch.

# %%
from loyalty.stats import wilson

fifth = 1 + pd.qcut(pd.Series(before).where(before > 0), 5, labels=False).fillna(-1).astype(int).to_numpy()
taken = pd.Series(holder[old]).groupby(fifth[old]).agg(["mean", "size"])


def draw_take_up():
    """Share of customers with a card today, by what they spent before there was one."""
    low, high = wilson(taken["mean"].to_numpy(), taken["size"].to_numpy())
    names = ["bought\nnothing", "lowest\nfifth", "second", "third", "fourth", "highest\nfifth"]
    fig, ax = plt.subplots(figsize=(9, 4))
    ax.bar(names, taken["mean"] * 100, color=[GREY] * 5 + [TREATED], width=0.7)
    ax.vlines(range(6), low * 100, high * 100, color=INK, linewidth=2)
    for place, share in enumerate(taken["mean"] * 100):
        ax.annotate(f"{share:.0f} %", (place, high[place] * 100), (0, 4), textcoords="offset points", ha="center")
    ax.set(ylim=(0, 80), ylabel="% with a card")
    headline(ax, "Who already buys much takes the card",
             "customers with a card today, %, by spend in the 84 days before it existed, 95 % intervals",
             "loyalty.world, seed 31")  # fmt: skip


draw_take_up()

# %% tags=["verify"]
assert taken["mean"].is_monotonic_increasing and taken["mean"].iloc[0] < 0.03 and taken["mean"].iloc[-1] > 0.6

# %% [markdown]
# Of the customers who had bought nothing, {{taken["mean"].iloc[0]:.0%}} have a card today; of the highest fifth, {{taken["mean"].iloc[-1]:.0%}}. And no wonder: points are worth something to those who come anyway, and the cashier asks those who stand
# at the till. Customers selected themselves, so this is called **self-selection**. The card did not make good customers. Good customers took the card.
#
# ## Launch it again, by lottery
#
# Did the card do *nothing*, then? The gap cannot tell; it is full of other things. In a real chain the moment has passed. In this one we may go back to the morning of the launch and do it properly: the same people with the same luck,
# but one half is invited, and a lottery says who.

# %%
wave, trial = world.randomise_card_invitation(0.5)
contacts = wave.contacts
contacts.groupby("arm").took_card.agg(customers="size", took_the_card="mean").round(3)

# %% [markdown]
# One cannot force a card on anybody: {{1 - contacts.took_card[contacts.arm == "invited"].mean():.0%}} of the invited did not take it, and {{contacts.took_card[contacts.arm == "control"].mean():.0%}} of the others asked for one at the till. We shall come back to them. ({{len(contacts):,}} people were customers on that morning.) First the **balance**: were the two groups alike in the year before?

# %%
outcomes = wave.outcomes.merge(contacts[["customer_id", "arm", "took_card"]], on="customer_id")
outcomes["spend"] = outcomes.sales / (outcomes.end - outcomes.start).dt.days * 28  # € per 28 days
main, pre = (outcomes[outcomes.window == window] for window in ("main", "pre"))
compare_means(pre.spend[pre.arm == "invited"], pre.spend[pre.arm == "control"])

# %% tags=["verify"]
balance = compare_means(pre.spend[pre.arm == "invited"], pre.spend[pre.arm == "control"])
assert balance.low < 0 < balance.high and not balance.warnings

# %% [markdown]
# {{abs(balance.effect) * 100:.0f}} cents apart, zero inside the interval: alike, as far as a lottery makes groups alike. No gap of €30 here.
#
# Now the year after the launch. **Everybody we invited against everybody we did not**, whatever they did with the invitation. This is **intention to treat**.

# %%
yes, no = (main.spend[main.arm == arm] for arm in ("invited", "control"))
effect = yes.mean() - no.mean()
se = np.sqrt(yes.var(ddof=1) / len(yes) + no.var(ddof=1) / len(no))
f"€{effect:.2f}  (€{effect - 1.96 * se:.2f} to €{effect + 1.96 * se:.2f})"

# %% [markdown]
# The helper takes the two tables as they are, once sales are per 28 days, and gives the same number. (*Welch* is the name of the interval that we have just worked out. *relative* is the effect as a part of what the control group spent. *p* is small when luck alone would rarely make such a gap.)

# %%
from loyalty.evaluate.lift import measure_lift

days = (main.end - main.start).dt.days.iloc[0]
per_28_days = wave.outcomes.assign(sales=wave.outcomes.sales / days * 28)
invitation = measure_lift(contacts, per_28_days)
invitation

# %% [markdown]
# And now your bet. The truth is what this world alone can do: the same people with the same luck, once all of them invited and once none.

# %%
secret = trial.truth.card_effect
truth = secret.invitation / days * 28
reveal("31a", estimate=invitation.effect, low=invitation.low, high=invitation.high, truth=truth, unit="€",
       says="Estimate: all invited less all not invited.")  # fmt: skip

# %% tags=["verify"]
assert abs(invitation.effect - effect) < 1e-9 and 0 < invitation.low < truth < invitation.high < 2
assert not invitation.warnings and days == 366

# %% [markdown]
# An invited customer spent **€{{invitation.effect:.2f}} more** in 28 days (€{{invitation.low:.2f}} to €{{invitation.high:.2f}}), {{invitation.relative:.1%}} of what he would have spent. Zero is outside: the card does work. It works by one euro, and Marta's slide had promised more than twenty-five.
#
# And what does it do for the holders on her slide? This world knows both lives of everybody.

# %%
card = world.truth.card_effect
f"€{card.effect:.2f} per holder and 28 days, {card.relative:.1%} of what they would have spent without it"

# %% tags=["verify"]
assert abs(gap - card.naive) < 1e-6 and round(card.ratio) == 16 and card.holders == holder.sum()

# %% [markdown]
# Of the €{{gap:.2f}} on the slide the card made one part in {{card.ratio:.0f}}. The rest is who they are.


# %%
def draw_beside_truth(rows, truths, title):
    """Estimates with their intervals, and under each the truth of what it is taken for."""
    table = pd.DataFrame({name: {"effect": e.effect, "low": e.low, "high": e.high} for name, e in rows.items()}).T
    table["colour"] = [HIGHLIGHT, *[TREATED] * (len(rows) - 1)]
    ax = draw_intervals(table, unit="€")
    ax.plot(truths, np.arange(len(rows)) + 0.28, "D", mfc="white", mec=TRUTH, mew=1.6, markersize=9, label="truth")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    headline(ax, title, "sales per 28 days, €, 95 % interval", "loyalty.world, seed 31")


slide_gap = compare_means(mine, theirs)
draw_beside_truth({"holders less others (slide)": slide_gap, "invited less not invited (lottery)": invitation},
                  [card.effect, truth], f"The slide promises {card.ratio:.0f} times what the card does")  # fmt: skip

# %% tags=["verify"]
assert abs(card.relative - 0.05) < 0.005 and gap * contacts.groupby("arm").took_card.mean().diff().iloc[-1] > 25
yearly = slide.customers["others"] * 13
theirs_more = invitation.relative * slide.spend["others"]
assert theirs_more < 0.6 * invitation.effect

# %% [markdown]
# So what does the board decide? Not €{{yearly * gap / 1e6:.1f}} million of sales a year. If the others answered an invitation as the lottery's customers did, it would be about €{{yearly * invitation.effect / 1e6:.1f}} million (€{{yearly * invitation.low / 1e6:.1f}} to €{{yearly * invitation.high / 1e6:.1f}} million). They will rather do less, because they buy less: {{invitation.relative:.1%}} of their €{{slide.spend["others"]:.2f}} are €{{theirs_more:.2f}}, or €{{yearly * theirs_more / 1e6:.1f}} million. And the points have to be paid.
#
# That may still be worth a letter. It is not worth the party. And the next launch, a new shop, a new app, keeps one half (or one tenth) without the invitation, by lottery.
#
# > **Note** · "Because of the card" is a sentence about two lives of one person. A slide that compares two *groups* of persons cannot say it, unless chance made the groups.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/31_the_club_card_trap.ipynb), 31a and 31b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Three slogans, put to the test
#
# From a conference on large data Marta has brought three sentences. *You have all the data, so you need no sample and no test. Never mind if the data are messy, there are so many. And correlation is enough; nobody needs causes any more.* They deserve a fair trial, and here
# they can get one.
#
# ### "You have all the data"
#
# We draw the slide from 1,000 customers, from 10,000, and from all.

# %%
order = np.random.default_rng(31).permutation(len(people))
sizes = {}
for n in (1_000, 10_000, len(people)):
    who = order[:n]
    sizes[f"{n:,} customers"] = compare_means(now[who][holder[who]], now[who][~holder[who]])
table = pd.DataFrame({name: {"effect": e.effect, "low": e.low, "high": e.high} for name, e in sizes.items()}).T
table.assign(width=table.high - table.low).round(2)

# %%
ax = draw_intervals(table.assign(colour=HIGHLIGHT), truth=card.effect, unit="€")
headline(ax, "More rows: ever surer of the wrong number",
         "holders less others, sales per customer and 28 days, €, 95 % interval", "loyalty.world, seed 31")  # fmt: skip

# %% tags=["verify"]
widths = (table.high - table.low).to_numpy()
assert widths[0] > 2.5 * widths[1] > 5 * widths[2] and table.low.min() > 25
assert len(people) == slide.customers.sum()

# %% [markdown]
# The interval shrinks from €{{widths[0]:.0f}} wide to less than €{{np.ceil(widths[2]):.0f}}, and it shrinks around the wrong number. An interval knows about luck: how much the gap would move with other customers. Of **selection bias** it knows nothing, and selection is the same in a thousand rows as in a billion.
#
# All the data is not the same as the right comparison. What was missing on the slide was no row. It was a lottery.

# %% [markdown]
# ### "Never mind the mess"
#
# Now the good data, those of the lottery, and a mess in them. A list was sorted wrongly, two files were joined by a column with gaps, and for some customers nobody knows any more who had been invited. We shuffle the arm (invited or not) among a part of the customers, a hundred times for each size of mess. *found* counts the shuffles in which the whole interval is above zero.

# %%
invited, money = (main.arm == "invited").to_numpy(), main.spend.to_numpy()
rng = np.random.default_rng(31)


def shuffle(mess):
    """Effect, low and high of the lottery when the arms of this part of the customers are shuffled."""
    arm, lost = invited.copy(), rng.random(len(invited)) < mess
    arm[lost] = rng.permutation(arm[lost])
    a, b = money[arm], money[~arm]
    gap, half = a.mean() - b.mean(), 1.96 * np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return {"effect": gap, "low": gap - half, "high": gap + half}


runs = {f"{mess:.0%} shuffled": pd.DataFrame([shuffle(mess) for _ in range(100)]) for mess in (0, 0.1, 0.2, 0.3, 0.5)}
messy = pd.DataFrame({name: run.mean() for name, run in runs.items()}).T
messy["found"] = [f"{(run.low > 0).sum()} of 100" for run in runs.values()]
messy.round(2)

# %%
ax = draw_intervals(messy.drop(columns="found"), truth=truth, unit="€")
headline(ax, "Mess hides what is there", "effect of the invitation, € per 28 days; mean of 100 shuffles, 95 % interval",
         "loyalty.world, seed 31")  # fmt: skip

# %% tags=["verify"]
found = {name: (run.low > 0).mean() for name, run in runs.items()}
assert messy.effect.is_monotonic_decreasing and 0.4 < messy.effect.iloc[-1] / messy.effect.iloc[0] < 0.6
assert found["30% shuffled"] < 0.9 and found["50% shuffled"] < 0.5 and messy.low.iloc[-1] < 0
assert (messy.high - messy.low).std() < 0.01

# %% [markdown]
# With half of the arms shuffled the effect is halved, and in only {{found["50% shuffled"] * 100:.0f}} of 100 shuffles it is still seen. The interval does not get any wider: it does not notice. More rows would make it narrow around *half* the effect. (That the numbers pass the truth on their way down is chance. Our one lottery had drawn a little too high; with a less lucky one fewer would be found.)
#
# This was the kind sort of mess, one that strikes everybody alike; it hides. If only the receipts of the *best* customers get lost, or a cashier swipes her own card for strangers, mess also invents.

# %% [markdown]
# ### "Correlation is enough"
#
# For one kind of question it is. Who will bring the money next quarter? The card is a good answer:

# %%
f"{holder.mean():.0%} of the customers, {now[holder].sum() / now.sum():.0%} of the sales"

# %% [markdown]
# The cards were known before the 84 days began, and they foretold who would buy. To plan stocks or to print a list of good customers nobody needs a cause.
#
# The board asked another question: what changes *if we give* the card? There correlation had led Marta to €25, and the answer was €{{invitation.effect:.2f}}. A forecast looks at a world that we leave alone; a decision changes it.
#
# "Then control for it!" says Jonas's nephew, who studies. We know what everybody bought before the launch. Let us compare like with like, in the three usual ways.

# %%
year = world.receipts[world.receipts.time < launch]
visits = year.groupby("customer_id").basket_id.nunique().reindex(people.customer_id, fill_value=0).to_numpy()
silent = (launch - year.groupby("customer_id").time.max()).dt.days.reindex(people.customer_id).fillna(365).to_numpy()
known = {"before": before, "year": spend(launch - pd.Timedelta(days=364), launch), "visits": visits, "silent": silent}
groups = {"holder": holder, "fifth": fifth.astype(str), "now": now, "change": now - before}
same = pd.DataFrame(groups | known)[old]

# %%
from loyalty.evaluate.observational import adjust_by_regression, compare_naively, compare_strata

on = {"treated": "holder", "outcome": "now"}
cures = {"holders less others": compare_naively(same, **on),
         "in the same fifth of spend": compare_strata(same, by="fifth", target="att", **on),
         "regression on four columns": adjust_by_regression(same, covariates=list(known), target="att", **on),
         "change since before the card": compare_naively(same, treated="holder", outcome="change")}  # fmt: skip
cured = pd.concat([cure.to_frame() for cure in cures.values()]).set_index(pd.Index(cures))
cured[["effect", "low", "high"]].round(2)

# %% [markdown]
# What would be right? We know it from Part A: €{{card.effect:.2f}} a holder. (That is the mean of all holders; those who were customers before the launch, and only they are in this table, are {{(old & holder).sum() / holder.sum():.0%}} of them.)

# %%
ax = draw_intervals(cured.assign(colour=[HIGHLIGHT, *[TREATED] * 3]), truth=card.effect, unit="€")
headline(ax, "Three cures, and none of them heals",
         "effect on holders, sales per 28 days, €, 95 % interval", "loyalty.world, seed 31")  # fmt: skip

# %% tags=["verify"]
assert (cured.low.iloc[:3] > 5 * card.effect).all() and cured.low.iloc[3] < 0 < cured.high.iloc[3] < 0.6 * card.effect
lost = {who: before[old & mask].mean() - now[old & mask].mean() for who, mask in (("h", holder), ("o", ~holder))}
part = {who: lost[who] / before[old & mask].mean() for who, mask in (("h", holder), ("o", ~holder))}
assert 0 < part["h"] < 0.5 * part["o"] and abs(lost["h"] - lost["o"]) < 0.1

# %% [markdown]
# Comparing within the same fifth or by regression takes off a part of the bias: €{{cured.effect.iloc[1]:.2f}} and €{{cured.effect.iloc[2]:.2f}} are still {{cured.effect.iloc[1] / card.effect:.0f}} and {{cured.effect.iloc[2] / card.effect:.0f}} times the truth. Past receipts show only roughly who is a good customer. And they show too late who has left for good: he looks good in last year's receipts, takes no card, and buys nothing.
#
# The last cure goes too far. The change since before the card is €{{cured.effect.iloc[3]:.2f}} (−€{{abs(cured.low.iloc[3]):.2f}} to €{{cured.high.iloc[3]:.2f}}): *the card does nothing*, says this method, and it is wrong too. It assumes that both groups would have lost equally many euros without the card. But customers leave, and a holder who leaves takes more with him. In *percent* holders lost less than
# the others ({{part["h"]:.0%}} against {{part["o"]:.0%}}); in euros both lost the same. A method whose answer depends on the unit is no witness. What such methods can do, and how
# one tests them, is [a lesson of its own](35_without_a_control_group.ipynb).

# %% [markdown]
# ## What does the card do to those who take it?
#
# Back to the lottery. The board has one more good question: €{{invitation.effect:.2f}} is the effect of an *invitation*. What does the *card* do? The temptation is to compare those who took it with those who did not; then all of the selection is back:

# %%
taking = compare_naively(main, treated="took_card", outcome="spend")
taking

# %% tags=["verify"]
assert taking.low > 3 * secret.complier / days * 28

# %% [markdown]
# €{{taking.effect:.2f}}, and we are in the trap again, inside a perfect lottery. (It is smaller than on the slide because the invitation also gave cards to ordinary customers.)
#
# There are three sorts of customers. Some take the card in any case, some never, and some take it **if invited, and only then**. The lottery moved only the last: they are called compliers. How many are they? The share of takers differs between the two groups by

# %%
took = main.groupby("arm").took_card.mean()
take_up = took["invited"] - took["control"]
f"{take_up:.1%}"

# %% [markdown]
# So the whole effect of the invitation, €{{invitation.effect:.2f}} spread over everybody, was made by {{take_up:.1%}} of them. Per complier it is the first number divided by the second:

# %%
complier_effect = invitation.effect / take_up
f"€{complier_effect:.2f}"

# %%
from loyalty.evaluate.observational import measure_complier_effect

complier = measure_complier_effect(contacts, per_28_days)
complier

# %% tags=["verify"]
true_complier = secret.complier / days * 28
assert abs(complier.effect - complier_effect) < 1e-9 and not complier.warnings
assert 0 < complier.low < true_complier < complier.high < gap and complier.high < taking.low
assert abs(complier.details["take_up"] - secret.compliers) < 0.02

# %% [markdown]
# **€{{complier.effect:.2f}}** in 28 days for a customer who takes the card because we invited him (€{{complier.low:.2f}} to €{{complier.high:.2f}}). This is the **complier effect**. Its interval excludes zero, and it excludes the slide's €{{gap:.2f}} by far. The truth, €{{true_complier:.2f}}, lies inside.
#
# The division leans on two assumptions. A letter by itself sells nothing; it works only through the card. And nobody refuses the card *because* he was invited. Had there been a voucher in the letter, the €{{invitation.effect:.2f}} would be card *and* voucher, and to divide would be wrong.

# %%
draw_beside_truth({"holders less others (slide)": slide_gap, "per complier": complier, "per invited": invitation},
                  [card.effect, secret.complier / days * 28, truth], "Only the lottery's answers come near the truth")  # fmt: skip

# %% [markdown]
# Why €{{true_complier:.2f}} here, and €{{card.effect:.2f}} for the holders on the slide? They are other people. The card adds about five percent to whoever holds it. Those on the slide are the best customers, and five percent of much is more. The lottery speaks for those whom an invitation moves, and that is the question when one writes letters.

# %% [markdown]
# ## The same slide where the card does nothing
#
# One last trial. The preset `no_effects` has the same people, and nothing that the chain does changes anybody.

# %%
null = World(40_000, 24, seed=31, preset="no_effects")
nothing, _ = null.randomise_card_invitation(0.5)
none = null.truth.card_effect
pd.Series({"naive gap, €": none.naive, "truth, €": none.effect, "naive gap / truth": none.ratio}).round(2).to_frame("")

# %%
silence = measure_complier_effect(nothing.contacts, nothing.outcomes.assign(sales=nothing.outcomes.sales / days * 28))
silence

# %% tags=["verify"]
assert none.effect == 0 and np.isnan(none.ratio) and 0.85 * gap < none.naive < gap
assert silence.low < 0 < silence.high < 1.5

# %% [markdown]
# The slide would show €{{none.naive:.2f}}, nearly as much as before, and Marta would celebrate just the same. How many times too large is that? The question has no answer: the true effect is zero, and a ratio to zero is **not defined** (`NaN`). "Sixteen times" was a number about the default world, no law. The lottery says €{{silence.effect:.2f}} per complier (−€{{abs(silence.low):.2f}} to €{{silence.high:.2f}}):
# zero lies inside, as it should.
#
# So the height of the gap tells nothing about the card. With a card that works and with one that does not, the slide is nearly the same.

# %% [markdown]
# ## What we learned
#
# - Holders spent €{{gap:.0f}} more, and did so before there was a card. That **naive gap** was {{card.ratio:.0f}} times the effect: by **self-selection**, good customers took the card.
# - With **randomisation** of the invitation and **intention to treat** the answer was €{{invitation.effect:.2f}} in 28 days per invited customer, and the **truth**, €{{truth:.2f}}, lay inside the interval.
# - More rows made the interval narrow around the wrong number, mess hid what was there, and correlation answered another question than the board's. Of the three usual corrections none had the truth in its interval.
# - The **complier effect**, €{{complier.effect:.2f}}, is the card's effect on those who take it because they are invited.
#
# ## What could still be wrong
#
# - The lottery invited all customers of the launch day; the board's letter would go to those without a card. That five percent holds for them too is hope, not measurement.
# - Sales are not profit. Points cost money, and holders get them on everything that they would have bought anyway.
# - In this world nobody lends his card to a neighbour, and a letter without a card sells nothing. Where that is not so, do not divide by the take-up.
# - It took {{len(main):,}} customers and a year to see five percent. A smaller trial would often have found "nothing", and that would have been wrong too.
#
# ## Use it on your data
#
# `measure_complier_effect(contacts, outcomes, took="took_card")` from `loyalty.evaluate.observational`, with everyone you invited and everyone you did not. No lottery yet? Then draw the gap of your slide *before* the card existed, as in our first picture; one chart usually ends the party.

# %% [markdown]
# [[links]]
