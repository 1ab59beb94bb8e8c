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
# - invite by **randomisation**, look at the **balance**, read the answer by **intention to treat**, and lay it beside the **truth**
# - in Part B: put three famous slogans about large data to the test
# - in Part B: ask what the card does to those who take it because they were invited, the **complier effect**

# %% [markdown]
# ## Marta celebrates
#
# The club card of the drugstore chain is one year old. Marta has a slide for Monday's board meeting: *"Holders spend four times as much as everybody else."* She wants to send a letter to every customer without a card. Jonas keeps the money, and he looks at the slide for a long time.
#
# We draw it ourselves first, from the last 84 days of the chain. (The next cell makes the chain; it takes about five seconds.)

# %%
import numpy as np
import pandas as pd

from loyalty.world import World

world = World(customers=40_000, months=24, seed=31)
end, start = world.end, world.end - pd.Timedelta(days=84)
people = world.customers[world.customers.joined_on < start]
holder = (people.card_since < start).to_numpy()  # had the card before the 84 days


# %%
def spend(start, end):
    """Euros per 28 days of each customer; who bought nothing has 0."""
    window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < end)]
    total = window.groupby("customer_id").sales.sum()
    return total.reindex(people.customer_id, fill_value=0).to_numpy() / (end - start).days * 28


now = spend(start, end)

# %%
from loyalty.charts import house_style
from loyalty.tasks.t31.pictures import draw_slide

house_style()
ax = draw_slide(now[holder], now[~holder])

# %% tags=["verify"]
assert 3.8 < now[holder].mean() / now[~holder].mean() < 4.4
yearly = (~holder).sum() * 13

# %% [markdown]
# The slide is right. (Customers who bought nothing count too, with zero.) And it is not luck:

# %%
mine, theirs = now[holder], now[~holder]
gap = mine.mean() - theirs.mean()
se = np.sqrt(mine.var(ddof=1) / len(mine) + theirs.var(ddof=1) / len(theirs))
print(f"€{gap:.2f}  (€{gap - 1.96 * se:.2f} to €{gap + 1.96 * se:.2f})")

# %% [markdown]
# The gap is known to within a euro. Such a gap between people who have something and people who do not is called the **naive gap**. Marta multiplies it by all customers without a card, and by the thirteen periods of a year: **€{{yearly * gap / 1e6:.1f}} million**.
#
# If the card makes people spend more, then giving it to people should show it. So, your bet. On the day of the launch the chain invites one half of its customers to the card, and a lottery says which half. **How many euros more will an invited customer spend in 28 days than one who was not invited?** Nearly everybody follows the invitation. Marta bets on €25.

# %%
from loyalty.tasks import predict, reveal

predict("31-bet", ...)  # your bet in euros, in the place of the dots

# %% [markdown]
# ## The year before the card
#
# Before the lottery we look back once. The chain sold for a year before there was any card. We take the customers who were there already, and sort them by what they became *later*: holder or not. What did they spend before the launch, in the same weeks of the year?

# %%
from loyalty.stats import compare_means

launch = world.receipts.time.min().normalize() + pd.DateOffset(months=12)
before = spend(launch - pd.Timedelta(days=84), launch)
old = (people.joined_on < launch - pd.Timedelta(days=84)).to_numpy()
first = compare_means(before[old & holder], before[old & ~holder])
later = compare_means(now[old & holder], now[old & ~holder])
for when, found in (("before the card", first), ("with the card", later)):
    print(f"{when:15} €{found.effect:.2f}  (€{found.low:.2f} to €{found.high:.2f})")

# %% tags=["verify"]
assert people.card_since.min() > launch and abs(first.effect - later.effect) < 0.5 and later.low > 30
assert (launch - pd.Timedelta(days=84)).strftime("%d %b") == start.strftime("%d %b")

# %% [markdown]
# No card can reach back in time. **The gap was there first**, and today it is the same. (The slide also counts customers who came later; its gap is a little smaller.) Here are the two years, for the customers who were there from the first day:

# %%
from loyalty.tasks.t31.club import follow_spend
from loyalty.tasks.t31.pictures import draw_two_years

there = (people.joined_on < "2023-01-01").to_numpy()
names = np.where(holder, "holders today", "the others")[there]
groups = pd.Series(names, index=people.customer_id[there])
ax = draw_two_years(follow_spend(world.receipts, groups, end), launch)

# %% [markdown]
# Both lines rise in winter, when people have colds and buy presents. Both sink a little, because some customers leave for good. Nobody can see a step that begins with the card and stays. Whatever the card does, it is small beside the gap.
#
# Who takes the card, then? We sort the same customers by what they spent in the 84 days before the launch.

# %%
from loyalty.tasks.t31.pictures import draw_take_up

spent = pd.Series(before).where(before > 0)
fifth = 1 + pd.qcut(spent, 5, labels=False).fillna(-1).astype(int).to_numpy()  # 0: nothing
taken = pd.Series(holder[old]).groupby(fifth[old]).agg(["mean", "size"])
ax = draw_take_up(taken)

# %% tags=["verify"]
assert taken["mean"].is_monotonic_increasing and taken["mean"].iloc[0] < 0.03 and taken["mean"].iloc[-1] > 0.6

# %% [markdown]
# No wonder. Points are worth something to people who come anyway, and the cashier asks the people who stand at the till. So the card goes to those who come often. Customers selected themselves, so this is called **self-selection**. The card did not make good customers. Good customers took the card.
#
# ## Launch it again, by lottery
#
# Does the card do *nothing*, then? The gap cannot tell; it is full of other things. In a real chain the moment has passed. In this one we can go back to the morning of the launch and do it properly. They are the same people with the same luck, but now we invite one half of them, and a lottery says which half. This is called **randomisation**.

# %%
wave, trial = world.randomise_card_invitation(0.5)
contacts = wave.contacts
contacts.groupby("arm").took_card.agg(customers="size", took_the_card="mean").round(3)

# %% [markdown]
# Nobody can be forced to take a card. One invited customer in ten did not take it, and a few of the others asked for one at the till. Part B comes back to them. First the **balance**: were the two groups alike in the year *before*?

# %%
outcomes = wave.outcomes.merge(contacts[["customer_id", "arm", "took_card"]])
outcomes["spend"] = outcomes.sales / (outcomes.end - outcomes.start).dt.days * 28
main, pre = (outcomes[outcomes.window == window] for window in ("main", "pre"))
yes, no = (pre.spend[pre.arm == arm] for arm in ("invited", "control"))
compare_means(yes, no, estimand="invited less not invited, year before")

# %% tags=["verify"]
balance = compare_means(yes, no)
assert balance.low < 0 < balance.high and not balance.warnings and abs(balance.effect) < 0.3
assert 0.85 < contacts.took_card[contacts.arm == "invited"].mean() < 0.92

# %% [markdown]
# They are less than thirty cents apart, with zero inside the interval: as alike as a lottery makes groups. There is no gap of €30 here.
#
# Now the year after the launch. We compare **everybody we invited with everybody we did not invite**, whatever they did with the invitation. This is called **intention to treat**. By hand, and then by the helper, which takes the two tables as they are, once the sales are per 28 days:

# %%
yes, no = (main.spend[main.arm == arm] for arm in ("invited", "control"))
effect = yes.mean() - no.mean()
se = np.sqrt(yes.var(ddof=1) / len(yes) + no.var(ddof=1) / len(no))
print(f"€{effect:.2f}  (€{effect - 1.96 * se:.2f} to €{effect + 1.96 * se:.2f})")

# %%
from loyalty.evaluate.lift import measure_lift

days = (main.end - main.start).dt.days.iloc[0]
per_28_days = wave.outcomes.assign(sales=wave.outcomes.sales / days * 28)
invitation = measure_lift(contacts, per_28_days)
print(invitation.sentence("€"))

# %% [markdown]
# Zero is outside the interval: the card does work. It works by about one euro, and Marta had promised more than twenty-five.
#
# So what does the board decide? Not €{{yearly * gap / 1e6:.1f}} million of sales a year. If the customers without a card answered an invitation as the lottery's customers did, it would be about €{{yearly * invitation.effect / 1e6:.1f}} million. They will probably do less, because they buy less. And the points have to be paid.
#
# That may still be worth a letter. It is no reason to celebrate. At the next launch, of a new shop or a new app, a lottery keeps one half (or one tenth) without the invitation.
#
# > **Note** · "Because of the card" compares the same person with the card and without it. A slide that compares two *groups* of persons cannot say it, unless chance made the groups.
#
# ## The truth
#
# This world knows the **truth**: the same people with the same luck, once all of them invited and once none. How good was your bet?

# %%
secret = trial.truth.card_effect
truth = secret.invitation / days * 28
ends = {"low": invitation.low, "high": invitation.high}
reveal("31-bet", estimate=invitation.effect, **ends, truth=truth, unit="€")

# %% [markdown]
# And what does the card really do for the holders on Marta's slide?

# %%
from loyalty.tasks.t31.pictures import draw_beside_truth

card = world.truth.card_effect
slide_gap = compare_means(mine, theirs)
found = {"holders less others (slide)": slide_gap, "invited less not invited": invitation}
title = f"The slide promises {card.ratio:.0f} times what the card does"
ax = draw_beside_truth(found, [card.effect, truth], title)

# %% tags=["verify"]
assert abs(invitation.effect - effect) < 1e-9 and 0 < invitation.low < truth < invitation.high < 2
assert not invitation.warnings and days == 366
assert abs(gap - card.naive) < 1e-6 and round(card.ratio) == 16 and card.holders == holder.sum()
assert abs(card.relative - 0.05) < 0.005 and gap * contacts.groupby("arm").took_card.mean().diff().iloc[-1] > 25
assert invitation.relative * theirs.mean() < 0.6 * invitation.effect

# %% [markdown]
# An invitation is worth **€{{invitation.effect:.2f}}** in 28 days (€{{invitation.low:.2f}} to €{{invitation.high:.2f}}), and the truth lies inside the interval. For a holder on the slide the card is worth €{{card.effect:.2f}}, about one part in {{card.ratio:.0f}} of the gap. The rest is who they are.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/31_the_club_card_trap.ipynb), 31a and 31b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Three slogans, put to the test
#
# Marta has brought three sentences from a conference on large data. *You have all the data, so you need no sample and no test. Never mind if the data are messy, there are so many. And correlation is enough; nobody needs causes any more.* They deserve a fair trial, and here they can get one.
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
title = "More rows: ever surer of the wrong number"
ax = draw_beside_truth(sizes, [card.effect] * 3, title, wrong=3)

# %% tags=["verify"]
widths = np.array([found.high - found.low for found in sizes.values()])
assert widths[0] > 2.5 * widths[1] > 5 * widths[2] and min(found.low for found in sizes.values()) > 25
assert len(people) == (~holder).sum() + holder.sum()

# %% [markdown]
# The interval shrinks from €{{widths[0]:.0f}} wide to less than €{{np.ceil(widths[2]):.0f}}, and it shrinks around the wrong number. An interval knows about luck: how much the gap would move with other customers. Of **selection bias** it knows nothing, and selection is the same in a thousand rows as in a billion.
#
# All the data are not the right comparison. The slide did not miss a row. It missed a lottery.

# %% [markdown]
# ### "Never mind the mess"
#
# Now we take the good data, those of the lottery, and put a mess into them. Somebody sorted a list wrongly, or joined two files by a column with gaps, and for some customers nobody knows any more who had been invited. We shuffle the arm (invited or not) among a part of the customers, a hundred times for each size of mess. *found* counts the shuffles in which the whole interval is above zero.

# %%
from loyalty.tasks.t31.club import mix_up

invited, money = (main.arm == "invited").to_numpy(), main.spend.to_numpy()
shares = (0, 0.1, 0.2, 0.3, 0.5)
runs = {f"{share:.0%} shuffled": mix_up(invited, money, share) for share in shares}
messy = pd.DataFrame({name: run.mean() for name, run in runs.items()}).T
messy["found"] = [f"{(run.low > 0).sum()} of 100" for run in runs.values()]
messy.round(2)

# %%
from loyalty.charts import draw_intervals, headline

ax = draw_intervals(messy.drop(columns="found"), truth=truth, unit="€")
ax.set_xlabel("€ per customer and 28 days")
what = "effect of the invitation, mean of 100 shuffles, 95 % intervals"
headline(ax, "Mess hides what is there", what, "loyalty.world, seed 31")

# %% tags=["verify"]
seen = {name: (run.low > 0).mean() for name, run in runs.items()}
assert messy.effect.is_monotonic_decreasing and 0.4 < messy.effect.iloc[-1] / messy.effect.iloc[0] < 0.6
assert seen["30% shuffled"] < 0.9 and seen["50% shuffled"] < 0.5 and messy.low.iloc[-1] < 0
assert (messy.high - messy.low).std() < 0.01

# %% [markdown]
# With half of the arms shuffled the effect is halved, and only {{seen["50% shuffled"] * 100:.0f}} of 100 shuffles still see it. The interval does not get any wider: it does not notice. More rows would make it narrow around *half* the effect. (That the numbers pass the truth on their way down is chance. Our one lottery had drawn a little too high; a less lucky one would be found more rarely.)
#
# This was the kind sort of mess, one that strikes everybody alike; it hides. If only the receipts of the *best* customers get lost, or a cashier swipes her own card for strangers, mess also invents.

# %% [markdown]
# ### "Correlation is enough"
#
# For one kind of question it is. Who will bring the money next quarter? The card is a good answer:

# %%
sales = now[holder].sum() / now.sum()
print(f"{holder.mean():.0%} of the customers, {sales:.0%} of the sales")

# %% [markdown]
# The cards were known before the 84 days began, and they predicted who would buy. To plan stocks or to print a list of good customers nobody needs a cause.
#
# The board asked another question: what changes *if we give* the card? With the correlation Marta had expected €25, and the answer was €{{invitation.effect:.2f}}. A forecast looks at a world that we leave alone; a decision changes it.
#
# "Then control for it!" says Jonas's nephew, who studies. We know what everybody bought before the launch. Let us compare like with like, in the three usual ways.

# %%
from loyalty.evaluate.observational import compare_naively

year = world.receipts[world.receipts.time < launch].groupby("customer_id")
visits = year.basket_id.nunique().reindex(people.customer_id, fill_value=0)
silent = (launch - year.time.max()).dt.days.reindex(people.customer_id).fillna(365)
same = pd.DataFrame({"holder": holder, "fifth": fifth.astype(str), "now": now})
same = same.assign(before=before, visits=visits.to_numpy(), silent=silent.to_numpy())
same["year"] = spend(launch - pd.Timedelta(days=364), launch)
same["change"] = same.now - same.before
same = same[old]

# %%
from loyalty.evaluate.observational import adjust_by_regression, compare_strata

on = {"treated": "holder", "outcome": "now"}
both = on | {"target": "att"}  # the effect on the holders
known = ["before", "year", "visits", "silent"]
cures = {"holders less others": compare_naively(same, **on)}
cures["in the same fifth of spend"] = compare_strata(same, by="fifth", **both)
cures["by regression"] = adjust_by_regression(same, covariates=known, **both)
cures["change since before"] = compare_naively(same, treated="holder", outcome="change")

# %% [markdown]
# What would be right? We know it from Part A: €{{card.effect:.2f}} a holder. (That is the mean of all holders. Only those who were customers before the launch are in this table; they are {{(old & holder).sum() / holder.sum():.0%}} of them.)

# %%
title = "Three cures, and none of them heals"
ax = draw_beside_truth(cures, [card.effect] * 4, title, wrong=4)

# %% tags=["verify"]
cured = pd.concat([cure.to_frame() for cure in cures.values()])
assert (cured.low.iloc[:3] > 5 * card.effect).all() and cured.low.iloc[3] < 0 < cured.high.iloc[3] < 0.6 * card.effect
lost = {who: before[old & mask].mean() - now[old & mask].mean() for who, mask in (("h", holder), ("o", ~holder))}
part = {who: lost[who] / before[old & mask].mean() for who, mask in (("h", holder), ("o", ~holder))}
assert 0 < part["h"] < 0.5 * part["o"] and abs(lost["h"] - lost["o"]) < 0.1

# %% [markdown]
# Comparing within the same fifth or by regression takes off a part of the bias: €{{cured.effect.iloc[1]:.2f}} and €{{cured.effect.iloc[2]:.2f}} are still {{cured.effect.iloc[1] / card.effect:.0f}} and {{cured.effect.iloc[2] / card.effect:.0f}} times the truth. Past receipts show only roughly who is a good customer. And they show too late who has left for good: he looks good in last year's receipts, takes no card, and buys nothing.
#
# The last cure goes too far. The change since before the card is €{{cured.effect.iloc[3]:.2f}} (−€{{abs(cured.low.iloc[3]):.2f}} to €{{cured.high.iloc[3]:.2f}}): *the card does nothing*, says this method, and it is wrong too. It assumes that both groups would have lost equally many euros without the card. But customers leave, and a holder who leaves takes more with him. In *percent* holders lost less than the others ({{part["h"]:.0%}} against {{part["o"]:.0%}}); in euros both lost the same. Do not trust a method whose answer depends on the unit. What such methods can do, and how one tests them, is [a lesson of its own](35_without_a_control_group.ipynb).

# %% [markdown]
# ## What does the card do to those who take it?
#
# Back to the lottery. The board has one more good question: €{{invitation.effect:.2f}} is the effect of an *invitation*. What does the *card* do? The temptation is to compare those who took it with those who did not. Then all of the selection is back:

# %%
taking = compare_naively(main, treated="took_card", outcome="spend")
taking

# %% tags=["verify"]
assert taking.low > 3 * secret.complier / days * 28

# %% [markdown]
# €{{taking.effect:.2f}}, and we are in the trap again, inside a perfect lottery. (It is smaller than on the slide because the invitation also gave cards to ordinary customers.)
#
# There are three sorts of customers. Some take the card in any case, some never, and some take it **if invited, and only then**. The lottery moved only the last. They are called compliers. How many are they? As many as the share of takers differs between the two groups:

# %%
took = main.groupby("arm").took_card.mean()
take_up = took["invited"] - took["control"]
print(f"{take_up:.1%}")

# %% [markdown]
# So {{take_up:.1%}} of the customers made the whole effect of the invitation, which was spread over everybody. Per complier it is the first number divided by the second:

# %%
complier_effect = invitation.effect / take_up
print(f"€{complier_effect:.2f}")

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
# The division leans on two assumptions. A letter by itself sells nothing; it works only through the card. And nobody refuses the card *because* he was invited. If there had been a voucher in the letter, the €{{invitation.effect:.2f}} would be card *and* voucher, and it would be wrong to divide.

# %%
found = {"holders less others (slide)": slide_gap, "per complier": complier}
found |= {"per invited customer": invitation}
title = "Only the lottery's answers come near the truth"
ax = draw_beside_truth(found, [card.effect, secret.complier / days * 28, truth], title)

# %% [markdown]
# Why €{{true_complier:.2f}} here, and €{{card.effect:.2f}} for the holders on the slide? They are other people. The card adds about five percent to what a holder spends. The holders on the slide are the best customers, and five percent of much is more. The lottery speaks for those whom an invitation moves, and that is the question when one writes letters.

# %% [markdown]
# ## The same slide where the card does nothing
#
# One last trial. The preset `no_effects` has the same people, and nothing that the chain does changes anybody.

# %%
null = World(40_000, 24, seed=31, preset="no_effects")
nothing, _ = null.randomise_card_invitation(0.5)
none = null.truth.card_effect
shown = {"naive gap, €": none.naive, "truth, €": none.effect, "gap / truth": none.ratio}
pd.Series(shown).round(2).to_frame("")

# %%
silence = nothing.outcomes.assign(sales=nothing.outcomes.sales / days * 28)
quiet = measure_complier_effect(nothing.contacts, silence)
quiet

# %% tags=["verify"]
assert none.effect == 0 and np.isnan(none.ratio) and 0.85 * gap < none.naive < gap
assert quiet.low < 0 < quiet.high < 1.5

# %% [markdown]
# The slide would show €{{none.naive:.2f}}, nearly as much as before, and Marta would celebrate just the same. How many times too large is that? The question has no answer: the true effect is zero, and a ratio to zero is **not defined** (`NaN`). "Sixteen times" was a number about the default world, no law. The lottery says €{{quiet.effect:.2f}} per complier (−€{{abs(quiet.low):.2f}} to €{{quiet.high:.2f}}): zero lies inside, as it should.
#
# So the height of the gap tells nothing about the card. With a card that works and with one that does not, the slide is nearly the same.

# %% [markdown]
# ## What we learned
#
# - Holders spent €{{gap:.0f}} more, and did so before there was a card. That **naive gap** was {{card.ratio:.0f}} times the effect (€{{card.effect:.2f}}): by **self-selection**, good customers took the card.
# - With **randomisation** of the invitation, **balance** before it and **intention to treat**, the answer was €{{invitation.effect:.2f}} in 28 days per invited customer, and the **truth**, €{{truth:.2f}}, lay inside the interval.
# - More rows made the interval narrow around the wrong number, bad data hid the effect, and correlation did not answer the board's question. None of the three usual corrections had the truth in its interval.
# - The **complier effect**, €{{complier.effect:.2f}}, is the card's effect on those who take it because they are invited.
#
# ## What could still be wrong
#
# - The lottery invited all customers of the launch day; the board's letter would go to those without a card. They buy less: {{invitation.relative:.1%}} of their €{{theirs.mean():.2f}} would be €{{invitation.relative * theirs.mean():.2f}}. That the percentage holds for them too is hope, not measurement.
# - Sales are not profit. Points cost money, and holders get them on everything that they would have bought anyway.
# - In this world nobody lends his card to a neighbour, and a letter without a card sells nothing. Where that is not so, do not divide by the take-up.
# - It took {{len(main):,}} customers and a year to see five percent. A smaller trial would often have found "nothing", and that would have been wrong too.
#
# ## Use it on your data
#
# `measure_complier_effect(contacts, outcomes, took="took_card")` from `loyalty.evaluate.observational`, with everyone you invited and everyone you did not. No lottery yet? Then draw the gap of your slide *before* the card existed, as in our picture of the two years; one chart usually ends the party.

# %% [markdown]
# [[links]]
