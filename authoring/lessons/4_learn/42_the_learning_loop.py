# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "The learning loop"
#     question: Send what worked, or go on trying?
#     part_a: 25
#     part_b: 35
#     know_first: ["33", "41"]
#     module: loyalty.learn.policy
#     test: helpers/tests/learn/policy/test_programme.py::test_the_holdout_is_never_written_to_and_is_the_same_for_all_policies
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - write down a **policy**: a rule that gives every customer a chance of every offer, and logs it
# - let belief decide how often an offer is tried: **Thompson sampling**
# - count what a policy lost against always doing the best: its **regret**
# - keep a **holdout** that is never spent, and say what it costs and what it shows

# %% [markdown]
# ## One wave, one winner
#
# It is January 2025. The chain will write to its customers every four weeks for two years. Marta has four offers. *"We try them once. Then we know the winner, and we repeat it."*
#
# So the first wave is a lottery: every offer, and nothing, has the same chance. A tenth of the customers is kept out of all waves. We come back to them. The segment of a customer is the part of the shop where most of the last year's money went.

# %%
from loyalty.learn.policy import EqualSplit, describe_customers, run_programme
from loyalty.tasks.t42.scene import make_rules, make_world

world = make_world(42)
people = describe_customers(world)
rules = make_rules()
first = run_programme(world, EqualSplit(rules), waves=1, customers=people).log
first[["customer_id", "segment", "arm", "propensity", "holdout", "profit"]].head(4)

# %% tags=["verify"]
assert next(offer.contact for offer in world.parameters.offers if offer.name == "bonus_points") == 0.08
assert 3_400 < len(people) < 3_700 and first.propensity[~first.holdout].nunique() == 1

# %% [markdown]
# Each row is a customer. `profit` is what the customer brought in the four weeks, with discount, points and the letter paid. A letter costs €0.08, so who got one and bought nothing shows −0.08. `propensity` is the chance that the customer had of getting this arm.
#
# What did each offer change? Mean profit with the offer, less that of the control group, with its interval:

# %%
from loyalty.charts import draw_intervals, headline, house_style

house_style()
lots = first[~first.holdout].groupby("arm").profit.agg(["mean", "sem"])
none = lots.loc["control"]
lifts = lots.drop("control").assign(effect=lambda table: table["mean"] - none["mean"])
half = 1.96 * (lifts["sem"] ** 2 + none["sem"] ** 2) ** 0.5
lifts = lifts.assign(low=lifts.effect - half, high=lifts.effect + half)
lifts = lifts.sort_values("effect", ascending=False)
ax = draw_intervals(lifts, unit="€")
subtitle = "lift in profit, € a customer"
headline(ax, "After one wave nobody has won", subtitle, "simulated chain, seed 42")

# %% tags=["verify"]
assert lifts.index[0] == "bonus_points" and (lifts.low < 0).all() and (lifts.high > 0).sum() >= 3

# %% [markdown]
# Marta sees the points on top: *"€{{lifts.effect.iloc[0]:.2f}} a customer. Repeat it!"* But every interval holds zero, and they overlap. A winner is declared all the same, in most chains, every month.
#
# Your bet. **Marta repeats the points for two years. Of the profit that the best choice would have earned, how many percent does she get?**

# %%
from loyalty.tasks import predict, reveal

predict("42-bet", ...)  # your bet, from 0 to 100, in the place of the dots

# %% [markdown]
# ## By hand: how sure are we?
#
# Take one segment, the customers who mostly buy for a baby. For each arm we know a mean and how unsure it is. So we can play dice: draw for each arm one mean that fits the data. In this *possible world* we look which arm is best. Then we draw again, many times. In the picture, zero is the control group.

# %%
import numpy as np
import pandas as pd

baby = first[(first.segment == "baby") & ~first.holdout]
known = baby.groupby("arm").profit.agg(["mean", "count"])
noise = (baby.profit - baby.groupby("arm").profit.transform("mean")).std()
error = noise / known["count"] ** 0.5
dice = np.random.default_rng(42)
draws = {arm: dice.normal(known["mean"][arm], error[arm], 20_000) for arm in known.index}
draws = pd.DataFrame(draws)
by_hand = draws.idxmax(axis=1).value_counts(normalize=True)
by_hand.round(2).to_frame("how often it is the best")

# %%
from loyalty.tasks.t42.pictures import draw_beliefs

possible = draws.drop(columns="control").sub(draws["control"], axis=0)
ax = draw_beliefs(possible, "One wave leaves much room: baby customers")

# %% tags=["verify"]
assert by_hand.index[0] == "bonus_points" and 0.3 < by_hand.iloc[0] < 0.8

# %% [markdown]
# The points are best in {{by_hand["bonus_points"]:.0%}} of the possible worlds, the basket discount in {{by_hand["basket_discount"]:.0%}}. All arms of a draw share one draw of the control group, as they share the control group itself.
#
# And now the idea, which is old (1933) and simple: **give each arm the chance with which it is the best.** What looks good is sent often. What may still be good is tried now and then. What is surely bad nearly disappears. This is **Thompson sampling**. A rule that turns what is known into chances is called a **policy**.
#
# ## The helper
#
# `Thompson(rules).choose` does this for all segments. It adds three things. Before any data it believes that lifts are small, half a euro or so. The segments lean on each other. And the rules act *before* the lottery: no arm gets less than {{rules.floor:.0%}}, so that we never stop learning.

# %%
from loyalty.learn.policy import Thompson

policy = Thompson(rules)
second = policy.choose(first, people, seed=42)
chances = second.chances.assign(segment=people.segment)[~second.table.holdout]
chances.groupby("segment").mean().round(2)

# %% tags=["verify"]
free = Thompson(make_rules(floor=0.0), common=100.0, own=100.0).choose(first, people, seed=42)
raw = free.chances[(people.segment == "baby") & ~free.table.holdout].iloc[0]
assert (raw - by_hand.reindex(raw.index, fill_value=0.0)).abs().max() < 0.04
assert np.allclose(second.chances.sum(axis=1), 1) and second.chances[~second.table.holdout].min().min() >= 0.02 - 1e-9

# %% [markdown]
# Each row sums to one, apart from rounding. For baby customers the chances are flatter than ours by hand, because the helper trusts one wave less, and because no arm falls below its floor. (Told to believe nothing beforehand, and without a floor, it returns our numbers.) The lottery draws from exactly these chances, and exactly these go into the log. Whoever wants to judge another plan from this log one day needs them.
#
# ## Two years
#
# Now we let three policies run for 26 waves in the same chain: Marta's, Thompson sampling, and one that no chain has. It knows the truth, and sends each segment what is really best for it. All three meet the same customers with the same luck. (This takes about fifteen seconds.)

# %%
from loyalty.learn.policy import BestPolicy, RepeatWinner, run_programmes

policies = {"repeat the winner": RepeatWinner(rules), "Thompson": policy}
policies["best by segment"] = BestPolicy(rules)
two_years = run_programmes(world, policies, waves=26, customers=people)
best = two_years["best by segment"]
earned = pd.Series({name: run.profit for name, run in two_years.items()})
lost = pd.Series({name: run.regret(best).iloc[-1] for name, run in two_years.items()})
pd.DataFrame({"profit, €": earned, "regret, €": lost}).round(-2)

# %%
part = 100 * earned["repeat the winner"] / earned["best by segment"]
reveal("42-bet", estimate=round(part), unit="%")

# %% tags=["verify"]
share = earned / earned["best by segment"]
assert share["repeat the winner"] < 0.15 and 0.5 < share["Thompson"] < 0.8
assert (two_years["Thompson"].log.query("holdout").arm == "control").all()

# %% [markdown]
# Marta gets {{part:.0f}} percent. The points were lucky in January; only baby customers love them. Thompson sampling gets {{share["Thompson"]:.0%}}. What a policy earned less than the best is its **regret**: the price of not having known. (Profit is counted against no letters at all, with the customers' good and bad luck averaged out.)
#
# How did it find out? Here is one segment, wave by wave:

# %%
from loyalty.tasks.t42.pictures import draw_chances

log = two_years["Thompson"].log
ax = draw_chances(log, "beauty", "The first favourite was wrong, and lost its place")

# %% tags=["verify"]
beauty = log[(log.segment == "beauty") & ~log.holdout].groupby("wave").mean(numeric_only=True)
assert beauty.chance_bonus_points[2] > 0.45 and beauty.chance_category_discount[2] < 0.2
assert beauty.chance_category_discount[26] > 0.8

# %% [markdown]
# In wave 2 the policy loved the points, as Marta did. But it kept trying the others a little. When the category discount (on face care) did better, it moved. Marta's rule could not move: after January it no longer asked.
#
# ## One chain is one draw
#
# Was that luck? We let all policies run in forty chains, seeds fixed beforehand. The [whole page](../../docs/tables/policies.md) is made by `benchmarks/policies.py`.

# %%
from loyalty.tasks.t42.pictures import draw_gains
from loyalty.tasks.t42.worlds import read_policies, read_waves

forty = read_policies("calm") / 1000
shown = ["best by segment", "equal split", "repeat the winner", "Thompson"]
title = "Who learns and goes on trying earns three times as much"
ax = draw_gains(read_waves(), "calm", title, tuple(shown))

# %% tags=["verify"]
winner, learner, even = (forty.loc[name] for name in ("repeat the winner", "Thompson", "equal split"))
assert round(winner.seeds * 1000) == 40 and learner.low > winner.high
assert winner.difference_low < 0 < winner.difference_high
assert 2.5 < learner["mean"] / even["mean"] < 3.5 and 2.5 < learner["mean"] / winner["mean"] < 3.5
assert round(learner.better * 1000, 6) == 1 and learner.least > 5 and winner.least < -0.5

# %% [markdown]
# The winner of one wave earns, on average, no more than a lottery that never learns: {{winner["mean"]:.1f}} against {{even["mean"]:.1f}} thousand euros, and the difference could be nothing. In some chains January finds a good offer. In the worst one, two years *lost* {{-winner["least"]:.1f}} thousand. Thompson sampling earned more than the equal split in all forty chains. It is not the best: much of what could be earned was lost while it learned.
#
# ## What the holdout costs, and what it shows
#
# A tenth of the customers got nothing for two years. That is a **holdout**. Jonas asks: *"We know the best offers now. Why not write to them too?"* Here is the price, and what we buy with it:

# %%
from loyalty.tasks.t42.worlds import read_holdout

read_holdout()[["profit, k€", "cost, k€", "adjusted, ± €", "truth, €", "above zero"]]

# %% tags=["verify"]
held = read_holdout()
cost, low, high = (
    float(part) for part in held["cost, k€"]["10 %"].replace("(", "").replace(")", "").replace("to ", "").split()
)
noisy, true_gain = float(held["adjusted, ± €"]["10 %"]), float(held["truth, €"]["10 %"])
sure = int(held["above zero"]["10 %"].split()[0])
whole = float(held["profit, k€"]["none"])
assert 0.115 < cost / whole < 0.135 and low > 0 and noisy > 1.5 * true_gain and sure < 10
assert float(held["adjusted, ± €"]["20 %"]) > true_gain

# %% [markdown]
# The price of a tenth is about €{{1000 * round(cost, 1):,.0f}} in two years: those customers got nothing. That is about an eighth of the profit.
#
# And what does it show? Hold the others against the holdout, two years of profit. The truth is €{{true_gain:.2f}} a customer, and the interval reaches €{{noisy:.0f}} to either side, although we took out what each customer usually spends. In {{sure}} of forty chains it lies above zero. Jonas could say: *it costs money and shows nothing.*
#
# He is half right. The holdout cannot show a *small* gain in a chain of this size. It would show a large loss, and no other group can: the control of each wave had letters before. So count beforehand what it can show, as in lesson 32. Then make it as large as that needs, or say openly that you do not know. Do not spend it because it is silent.
#
# ### On Monday
#
# Send no winner for good. Give every arm a chance, write the chance into the log, and let the lifts of each wave change it.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/42_the_learning_loop.ipynb), 42a to 42e. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: six policies
#
# The whole table, in thousands of euros. `difference` is against the equal split in the same chain; `better` is in which part of the forty chains a policy earned more than that.

# %%
columns = ["mean", "low", "high", "difference", "difference_low", "difference_high"]
table = forty[columns].round(1).assign(better=1000 * forty.better)
table

# %% tags=["verify"]
greedy, profiles, rests = (
    forty.loc[n] for n in ("epsilon-greedy", "Thompson on profiles", "Thompson, one contact in two waves")
)
assert greedy.thompson_high < 0 < 0.1 * learner["mean"] + greedy.thompson
assert profiles.high < learner.low and 0.34 < 1 - rests["mean"] / learner["mean"] < 0.5
assert world.parameters.fatigue.strength == 0.15

# %% [markdown]
# Three things are not what one might expect.
#
# - **Epsilon-greedy** sends each segment the best so far, and keeps a fifth of the chance for all arms. It comes close: it earns {{-greedy.thompson:.1f}} thousand less than Thompson sampling ({{-greedy.thompson_high:.1f}} to {{-greedy.thompson_low:.1f}}, paired). When tastes change (below), the two cannot be told apart. Simple is nearly good enough, as long as it goes on trying.
# - **Thompson on profiles** gives every customer a chance of their own, from a straight line in visits, spend and the shares of what they buy. It knows more and earns *less*. More numbers have to be learned from the same noise, and the effect may be no straight line; the table does not say which of the two it is.
# - A **rest**, one contact in two waves at most, costs more than a third of the profit. Customers here tire a little (a fresh letter takes about a seventh off the next one's gain), and that is no reason to send half as many. In your chain it may be one: ask the log.

# %% [markdown]
# ## Rules act before the lottery
#
# A cap, a budget, a rest for customers who had enough: whatever limits the mailing must change the *chances*, not the list after the draw. If somebody strikes customers off a drawn list, the log says one chance and the truth is another. Here the mean chance of the basket discount is at most 15 %; some customers have more. And letters may cost at most €100 a wave. The first row is without rules, then each comes alone, then both.

# %%
costs = dict.fromkeys(rules.offers, 0.08)
cap, purse = {"caps": {"basket_discount": 0.15}}, {"costs": costs, "budget": 100}
tries = {"none": {}, "cap": cap, "budget": purse, "both": cap | purse}
lists = {n: Thompson(make_rules(**t)).choose(log, people, seed=42) for n, t in tries.items()}
limited = lists["both"]
inside = ~limited.table.holdout
means = pd.DataFrame({n: c.chances[inside].mean() for n, c in lists.items()}).T
means.assign(cost=0.08 * (1 - means["control"]) * inside.sum()).round(2)

# %% tags=["verify"]
assert means.basket_discount["none"] > 0.2 and abs(means.basket_discount["cap"] - 0.15) < 1e-9
assert limited.chances.basket_discount[inside].max() > 0.15 and means.control["budget"] > means.control["cap"]
assert limited.chances.basket_discount[inside].mean() <= 0.15 + 1e-9
assert 0.08 * (1 - limited.chances.control[inside]).sum() <= 100 + 1e-6
own = limited.chances.to_numpy()[np.arange(len(people)), limited.chances.columns.get_indexer(limited.table.arm)]
assert (own == limited.table.propensity).all()

# %% [markdown]
# What was cut off went to control. The floor of every arm stayed.
#
# The chances are exact in this sense: the lottery draws from them. They differ a little from the ideal of Thompson sampling, because they are shares of {{2_000:,}} draws: by a standard error of at most {{second.error:.3f}}. `Choice.error` says so.
#
# ## When tastes change
#
# Nothing stays. In the next forty chains a rival begins to sell cheap to families in the second year, and other offers begin to work for others. All that was learned is about the first year.

# %%
ax = draw_gains(read_waves(), "changed", "After wave 13, what was learned costs money")

# %%
changed = read_policies("changed") / 1000
changed[columns].round(1).assign(better=1000 * changed.better)

# %% tags=["verify"]
forgets, keeps = changed.loc["Thompson that forgets"], changed.loc["Thompson"]
calm_gap = forty["mean"]["Thompson"] - forty["mean"]["Thompson that forgets"]
assert changed.thompson_low["epsilon-greedy"] < 0 < changed.thompson_high["epsilon-greedy"]
assert forgets["mean"] < 0.45 * changed["mean"]["best by segment"]
assert 2.5 < forgets["mean"] - keeps["mean"] < 3.5 and 2.5 < calm_gap < 3.5
curves = read_waves().query("kind == 'changed' and what == 'gained'")
curves = curves.pivot(index="wave", columns="policy", values="mean") / 1000
after = curves.loc[26] - curves.loc[13]
later_gap = after["Thompson that forgets"] - after["Thompson"]
assert after["Thompson"] < 0 < after["Thompson that forgets"] and later_gap > forgets["mean"] - keeps["mean"] > 0
assert changed["mean"].drop("best by segment").max() < 0.45 * changed["mean"]["best by segment"]

# %% [markdown]
# Now all that have to learn are poor. The one that never forgets has a year of evidence for the old truth, and each new wave weighs little against it: in the second year it *loses* {{-after["Thompson"]:.1f}} thousand euros. `Thompson(rules, forget=0.9)` lets every wave lose a tenth of its weight per wave. After the change alone it earns {{later_gap:.1f}} thousand euros more, in the same chains; over both years {{forgets["mean"] - keeps["mean"]:.1f}}. But forgetting has a price as well: while tastes stay, it earns {{calm_gap:.1f}} thousand *less* in two years, because it never becomes sure. Which of the two is yours? The log can say whether the lifts of the last waves differ from those before.

# %% [markdown]
# ## A winner of a holiday week
#
# The thirteenth wave falls into December. Then everybody buys more, whatever was sent:

# %%
starts = two_years["Thompson"].waves.set_index("wave").start.dt.strftime("%Y-%m-%d")
per_head = log.groupby("wave").profit.mean().rename(starts).iloc[9:14]
per_head.round(2).to_frame("profit, € a customer of the wave")

# %% tags=["verify"]
assert list(per_head.index)[3] == "2025-12-03" and per_head.idxmax() == "2025-12-03"
jump = per_head["2025-12-03"] / per_head["2025-11-05"] - 1
assert jump > 0.05

# %% [markdown]
# December brings {{jump:.0%}} more than November. Whoever compares an offer of December with an offer of November compares two months, and declares the calendar the winner. All policies here compare inside a wave only: each wave has its own control and its own level, and only the differences between its arms are kept.

# %% [markdown]
# ## Your own policy
#
# A policy is a small class with one method, `want`: the chances before the rules. Holdout, floor, lottery and log come for free.

# %%
from dataclasses import dataclass

from loyalty.learn.policy import Policy


@dataclass(frozen=True)
class Quiet(Policy):
    """Nothing for everybody, apart from the floor."""

    def want(self, past, people, wave, seed, truth=None):
        """All chance to control."""
        chances = np.zeros((len(people), len(self.rules.arms)))
        chances[:, 0] = 1
        return chances, 0.0


Quiet(rules).choose(log, people, seed=42)

# %% [markdown]
# ## What we learned
#
# - A **policy** gives every customer a chance of every arm, and the chance is logged. One wave declares no winner.
# - **Thompson sampling** sends an arm as often as it is believed to be the best. It kept asking, and so it found what January hid.
# - **Regret** is what not knowing cost. A band over many chains says it; one chain does not.
# - The **holdout** has a price that can be said in money. It must be large enough to show something.
#
# ## What could still be wrong
#
# - A wave counts four weeks. What an offer pulls forward from later weeks is missing in the *next* wave, for all its arms alike. So each lift is a little too good, most of all for the reminder.
# - Nobody new arrives in this chain, and the segments are those of the first day.
# - The policy believes in normal lifts of about half a euro. With other beliefs it learns faster or slower; they were fixed before the forty chains were run, and not tuned.
# - Our yardstick, the best policy, looks one wave ahead and knows only segments. Somebody who sees more can beat it.
# - Twenty-six waves do not tell how regret would grow in the long run.
#
# ## Use it on your data
#
# ```python
# choice = Thompson(Rules(("gift", "points"), holdout=0.1)).choose(log, customers, seed=2026)
# ```
#
# `log` holds wave, customer_id, segment, arm, profit, holdout; `choice.to_frame()` is your next mailing list with its chances. Keep the seed: it keeps the holdout.

# %% [markdown]
# [[links]]
