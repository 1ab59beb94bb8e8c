# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Who to target
#     question: Whom does the offer change?
#     part_a: 25
#     part_b: 42
#     know_first: ["34"]
#     module: loyalty.evaluate.uplift
#     test: helpers/tests/evaluate/uplift/test_world.py::test_the_response_model_loses_what_a_learner_saves
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - send an offer to those most likely to buy, by a **response model**, and count what that earns
# - count in euros what **persuadables**, **sure things**, **lost causes** and **sleeping dogs** bring and cost
# - in Part B: learn the effect itself by an **uplift model**, from the **T-learner** to the **DR-learner**
# - judge on a **holdout**; in Part B a ranking by its **gain curve** and its **policy value**, and set the cut-off

# %% [markdown]
# ## The voucher comes back
#
# In January a lottery drew half of the chain's 40,000 customers. They got a voucher of €5: *"We miss you"*. It lost money. Now the agency writes: *"No wonder. You sent it to everybody! Our model finds the customers who are most likely to buy. Send it to those."* Marta's team likes that and wants to write to the best fifth on Monday. Jonas would like to know beforehand what such a letter earns.
#
# The next cell makes the chain and sends the voucher to the half that was drawn. That takes about eight seconds. It leaves one table, `people`, with a row for each customer. The first columns were known before. `sent` says whether he was sent the voucher, and `came` whether he came in the four weeks. `profit` is what he left in those and the four weeks after: margin less rewards less points. The letter itself (8 cents) is not in it yet.

# %%
from loyalty.tasks.t37.voucher import open_january, send_voucher

january = open_january()
wave, money, came, people = send_voucher(january)
columns = ["recency_days", "frequency", "monetary", "sent", "came", "profit"]
people[columns].head(3).round(2)

# %% [markdown]
# ## Those most likely to buy
#
# What the agency does is no secret. It takes the customers who got the voucher, and predicts from their profile who came. This is called a **response model**. We do the same. But a model remembers the customers from whom it learned, and it would shine on them. So we cut the list in two by lot: one half teaches, and the other half, the **holdout**, judges. We sort the holdout by its chance to come, and cut it into fifths.

# %%
import numpy as np

from loyalty.evaluate.uplift import make_ridge

learn, judge = money.split(seed=37)
pupils = people.loc[learn.arm.index].query("sent")
response = make_ridge().fit(pupils[learn.features.columns], pupils.came)
judged = people.loc[judge.arm.index]
judged["chance"] = response.predict(judged[judge.features.columns])
place = judged.chance.rank(ascending=False) / len(judged)
judged["fifth"] = np.ceil(place * 5).astype(int)

# %%
from loyalty.charts import house_style
from loyalty.tasks.t37.pictures import draw_visits

house_style()
table = judged.pivot_table(index="fifth", columns="sent", values="came") * 100
table.columns = ["without", "with"]
ax = draw_visits(table[["with"]], "The agency's slide: the model knows who comes")

# %% tags=["verify"]
hits = judged[judged.sent].groupby("fifth").came.mean()
assert hits.is_monotonic_decreasing and hits[1] > 0.65 and hits[5] < 0.1
assert judged.groupby("fifth").size().eq(4_000).all()
assert 1.8 < hits[1] / judged[judged.sent].came.mean() < 2.5

# %% [markdown]
# It works, on customers that it has never seen. *"Our target group responds more than twice as well as your average"*, says the slide. True, every word.
#
# Your bet. **How many euros of profit does the chain make with one letter to the best fifth?** Against not writing to them, over the eight weeks, letter and voucher paid.

# %%
from loyalty.tasks import predict, reveal

predict("37-bet", ...)  # your bet in euros, in the place of the dots

# %% [markdown]
# ## The bars that were missing
#
# The slide shows those who got the voucher. But the lottery left out half of each fifth. What did *they* do?

# %%
ax = draw_visits(table, "Most of the best fifth come without a voucher too")

# %% tags=["verify"]
table["more"] = table["with"] - table["without"]
assert table["without"].is_monotonic_decreasing and table.without[1] > 60
best_came = judged[judged.fifth == 1].groupby("sent").came
gap_of_came = abs(best_came.mean().diff().iloc[1])
assert table.more.idxmax() in (2, 3) and gap_of_came < 1.96 * best_came.sem().pow(2).sum() ** 0.5

# %% [markdown]
# The model has found regular customers. The voucher changes something elsewhere, in the middle of the list. Now the same in money, by hand, as in the last lessons: sent less control, and the letter off.

# %%
import pandas as pd

from loyalty.stats import compare_means

LETTER = 0.08


def price(group):
    """Profit of a letter to these customers: sent less control, with its 95 % interval."""
    gap = compare_means(group.profit[group.sent], group.profit[~group.sent])
    return pd.Series({"effect": gap.effect, "low": gap.low, "high": gap.high}) - LETTER


best = judged[judged.fifth == 1]
price(best).round(2).to_frame("€ a letter").T

# %%
world = january.world
truth = world.truth.effect("win_back").set_index("customer_id").profit  # letter off
found = price(best)
ends = {"low": found.low, "high": found.high, "truth": truth[best.index].mean()}
reveal("37-bet", estimate=found.effect, **ends, unit="€")

# %% tags=["verify"]
assert price(best).high < 0 and price(best).low < truth[best.index].mean() < price(best).high

# %% [markdown]
# **It loses €{{abs(price(best).effect):.2f}} a letter** (€{{abs(price(best).high):.2f}} to €{{abs(price(best).low):.2f}}). Monday's letters would burn about €{{abs(round(truth[best.index].mean() * 8000, -3)):,.0f}}.
#
# And the other fifths? Each row of the next picture is a fifth with its own control group, and the diamond is its truth.

# %%
from loyalty.tasks.t37.pictures import draw_letters

names = ["most likely to buy", "second fifth", "third fifth", "fourth fifth", "least likely"]
groups = [group for _, group in judged.groupby("fifth")]
fifths = pd.DataFrame([price(group) for group in groups], index=names)
fifths["truth"] = truth.groupby(judged.fifth).mean().to_numpy()
ax = draw_letters(fifths, "The likelier to buy, the dearer the letter")

# %% tags=["verify"]
assert fifths.truth.is_monotonic_increasing and fifths.truth.max() < 0
assert ((fifths.low < fifths.truth) & (fifths.truth < fifths.high)).all()
in_all = truth[judged.index].mean() / fifths.truth.iloc[0]
assert fifths.effect.idxmin() == "most likely to buy" and 0.45 < in_all < 0.55

# %% [markdown]
# In truth the money runs exactly against the model: the best fifth is the worst place for a voucher. A lottery would lose half as much a letter. The model answers *"who will buy?"*. Jonas has to know *"whom does the voucher change?"*.
#
# ## Four kinds of customers
#
# Think of both lives of a customer, with the voucher and without. There are four kinds, and they have names:
#
# - **persuadables** come only with it
# - **sure things** come anyway
# - **lost causes** never come
# - **sleeping dogs** come only if we leave them alone.
#
# No chain can see who is who, because each customer lives only one of the two lives. This world has kept both:

# %%
from loyalty.tasks.t37.voucher import sort_kinds

kinds = sort_kinds(january, wave, "win_back")
kinds.round({"€ each": 2, "€ in all": 0})

# %% tags=["verify"]
assert kinds["€ each"]["persuadables"] > 0 and (kinds["€ each"].drop("persuadables") < 0).all()
assert -kinds["€ in all"]["sure things"] > 10 * kinds["€ in all"]["persuadables"]
assert kinds.customers["sure things"] > 12 * kinds.customers["persuadables"]
assert -0.12 < kinds["€ each"]["lost causes"] < -LETTER

# %% [markdown]
# There is the bill. A few persuadables brought a little, and many sure things cost more than ten times as much. A response model looks for those who come, and nearly all of them are sure things.
#
# ## Segments by effect
#
# The simplest model of an effect needs no model. Take segments that Marta knows, each with its own control group. We sort all customers by their last purchase, which was known before the wave. So nothing was learned from the wave, and everybody may judge.

# %%
from loyalty.evaluate.lift import measure_lift

limits = [0, 28, 90, 180, 9_999]
labels = ["up to 4 weeks", "4 weeks to 3 months", "3 to 6 months", "longer, or never"]
last = pd.cut(people.recency_days.fillna(9_999), limits, labels=labels).astype(str)
by_last = people.assign(last=last, arm=money.arm, propensity=0.5).reset_index()
lifts = measure_lift(by_last, outcome="profit", by="last").to_frame().set_index("segment")
segments = lifts.loc[labels, ["effect", "low", "high"]] - LETTER
segments["truth"] = truth.groupby(last).mean()
segments["came, of 100"] = people[people.sent].groupby(last).came.mean() * 100
segments.rename_axis("€ a letter, by last purchase").round(2)

# %% tags=["verify"]
responded = segments["came, of 100"]
assert responded.is_monotonic_decreasing and segments.high.iloc[0] < 0 and segments.truth.max() < 0
assert segments.truth.idxmin() == labels[0]

# %% [markdown]
# Those who were here last month respond best, and the voucher loses most with them. In truth it loses money in all four segments. So the answer to *"whom?"* is, for this voucher: **nobody**. Targeting cannot save an offer that pays €5 for less than that in margin.
#
# ## Is the response model always wrong?
#
# No, and it would be unfair to the agency to stop here. We send two other offers to the same half: ten percent off everything, and a plain reminder by e-mail that costs 5 cents and gives nothing away. What do the four kinds bring with each of the three?

# %%
from loyalty.tasks.t37.pictures import draw_kinds
from loyalty.tasks.t37.voucher import send_to_drawn

others = {offer: send_to_drawn(january, offer) for offer in ("basket_discount", "reminder")}
three = pd.DataFrame({"win_back": kinds["€ in all"]})
for offer, sent in others.items():
    three[offer] = sort_kinds(january, sent, offer)["€ in all"]
figure = draw_kinds(three)

# %% tags=["verify"]
assert three.basket_discount["sure things"] > 0 and abs(three.reminder["sure things"]) < 500
assert -three.reminder["sleeping dogs"] > 0.6 * three.reminder["persuadables"]

# %% [markdown]
# Sure things cost a fortune with the voucher, earn a little with ten percent off (they buy somewhat more), and cost nothing with the reminder. A response model is wrong where a sure thing costs more than he adds, and can be good elsewhere. Nobody knows beforehand which case it is, but every wave with a control group shows it in one line: *with less without*.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/37_who_to_target.ipynb), at least 37a and 37b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## How sure was that?
#
# Mind what the answer took. With 20,000 customers the same fifth gave −€1.89 (−€4.23 to €0.44). That is open, although the truth, −€2.49, was as bad. So we took a chain twice as large, after we had seen that, and an interval that was given a second chance is a little too good. If you plan such a test, count the group on which you want to judge: here {{len(best):,}} customers, not 40,000.
#
# ## Three offers, forty worlds
#
# Our three waves are one draw of luck. The [table of 40 worlds](../../docs/tables/uplift.md) has done this 40 times, with 20,000 customers each (and a few more columns: what each of them buys). Each time one half of a wave taught, and the best fifth of the other half, by each ranking, got the offer. Here is what one contact truly brings, in euros:

# %%
from loyalty.tasks.t37.worlds import count_losses, read_worlds

column = "best fifth, € a contact"
worlds = pd.DataFrame({offer: read_worlds(offer)[column] for offer in three})
worlds.loc[["response model", "DR-learner", "effect by RFM segment", "random"]]

# %% tags=["verify"]
mean_of = worlds.map(lambda cell: float(cell.split()[0]) if cell else np.nan)
ends_of = worlds.map(lambda cell: [float(end) for end in cell.split("(")[1].strip(")").split(" to ")] if cell else None)
losing = {offer: count_losses(offer) for offer in three}
voucher, percent, remind = (mean_of[offer] for offer in three)
assert 1.9 < voucher["response model"] / voucher["random"] < 2.1 and losing["win_back"] == "40 of 40"
assert ends_of.win_back["DR-learner"][0] > ends_of.win_back["response model"][1] and voucher["DR-learner"] < 0
least = voucher.drop(voucher.index[voucher.index.str.startswith("oracle")]).nlargest(2)
assert set(least.index) == {"effect by RFM segment", "DR-learner"} and least.max() - least.min() < 0.05
bd, best_learner = ends_of.basket_discount, percent[["S-learner", "T-learner", "X-learner", "DR-learner"]].max()
assert bd["response model"][0] < best_learner < bd["response model"][1]
assert bd["response model"][0] > bd["random"][1] and losing["basket_discount"] == "0 of 40"
assert ends_of.reminder["DR-learner"][0] < 0 < ends_of.reminder["DR-learner"][1]
assert ends_of.reminder["response model"][0] > 0

# %% [markdown]
# - **The voucher.** The response model's best fifth loses €{{-voucher["response model"]:.2f}} a contact, twice as much as a lottery, and it lost in {{losing["win_back"]}} worlds. A model that learns the effect loses least (the segments €{{-voucher["effect by RFM segment"]:.2f}}, the DR-learner €{{-voucher["DR-learner"]:.2f}}, hardly to be told apart). The right number of letters is none.
# - **Ten percent off.** The response model brings €{{percent["response model"]:.2f}}, as good as the best learner, and far better than a lottery (€{{percent["random"]:.2f}}). It lost in no world. A customer who comes often is also changed most *in euros*, because the offer works on every visit, and nothing is paid for a visit as such.
# - **The reminder.** A learner cannot be told from a lottery. There is too little effect to learn from one wave. (The response model brings {{remind["response model"] * 100:.0f}} cents, and lost in {{losing["reminder"]}} worlds.) The sleeping dogs take back €{{abs(three.reminder["sleeping dogs"]):,.0f}} of the €{{three.reminder["persuadables"]:,.0f}} that the persuadables brought: some types of customers buy less when they are reminded.
#
# Marta writes to the agency: *"Thank you for the model. The voucher goes to nobody. When we can offer the ten percent to a fifth only, we will ask you for the list."*
#
# ## Can a model name the four kinds?
#
# It can try. `price_groups` sorts the holdout by a model's opinion (here two models of who comes, with the voucher and without), and then measures each group's money against its own control. `predicted_base` is the share who would come anyway, `predicted_effect` how many more come with the voucher, and `effect` is in euros a letter:

# %%
from loyalty.evaluate.uplift import fit_uplift, price_groups

pupils_came = came.split(seed=37)[0]
opinion = price_groups(judge, fit_uplift(pupils_came, "t"), cost=LETTER)
named = opinion.to_frame().set_index("name")
named[["share", "predicted_base", "predicted_effect", "effect", "low", "high"]].round(2)

# %% tags=["verify"]
assert (named.effect < 0).all() and named.high["persuadables"] < 0.5 and not opinion.warnings
assert named.share["persuadables"] > 10 * kinds.customers["persuadables"] / kinds.customers.sum()

# %% [markdown]
# The model calls {{named.share["persuadables"]:.0%}} of the customers persuadable. In truth {{kinds.customers["persuadables"] / kinds.customers.sum():.0%}} were. When a model says "persuadable", it means *a group in which a few more come than elsewhere* (predicted: {{named.predicted_effect["persuadables"] * 100:.0f}} of 100). Such a group still holds mostly sure things and lost causes. In money not one of the four groups is above zero. Do not fall in love with the names; look at the euros.

# %% [markdown]
# ## Learning the effect
#
# An **uplift model** predicts what the offer changes, customer by customer. The trouble is that nobody has ever seen the number that it has to predict. The most natural way takes two models, one of those who were sent the voucher and one of the others, and subtracts. It is called the **T-learner** (two), and it is three lines by hand:

# %%
from loyalty.text import say_money

sent = (learn.arm == "win_back").to_numpy()
with_it = make_ridge().fit(learn.features[sent], learn.outcome[sent])
without = make_ridge().fit(learn.features[~sent], learn.outcome[~sent])
by_hand = with_it.predict(judge.features) - without.predict(judge.features)
helper = fit_uplift(learn, "t").score(judge)["win_back"]
furthest = np.abs(by_hand - helper).max()
print(f"by hand: mean {say_money(by_hand.mean(), '€', 3)}")
print(f"furthest from the helper: €{furthest:.6f}")

# %% tags=["verify"]
assert np.abs(by_hand - helper).max() < 1e-9 and by_hand.mean() < 0

# %% [markdown]
# The same numbers. (`make_ridge` is a straight line through ranks, held back by a penalty; any scikit-learn model may take its place.) What is the trouble with two models? Each of them predicts who buys much, and each makes its own errors. In the difference we see mostly those errors. So there are three more ideas:
#
# - **S-learner** (single): one model for both, with the arm as one more column.
# - **X-learner** (crossed): for each customer who was sent it, subtract what the *other* model expected of him without. Do the opposite for the control group. Then learn those differences.
# - **DR-learner** (doubly robust): make for each customer a guess of his effect that is right on average, and learn the guess.
#
# How can there be a guess for one customer? With a fair coin, twice the profit of those who were sent it, minus twice the profit of the others, is right on average. But it is terribly loud. If we first take off what a model expected, it becomes quieter, and it is still right on average:

# %%
profit, expected = learn.outcome.to_numpy(), with_it.predict(learn.features)
base = without.predict(learn.features)
loud = np.where(sent, 2 * profit, -2 * profit)
quiet = expected - base + np.where(sent, 2 * (profit - expected), -2 * (profit - base))
lift = profit[sent].mean() - profit[~sent].mean()
guesses = pd.DataFrame({"loud guess": loud, "doubly robust guess": quiet}).agg(["mean", "std"])
guesses.assign(lift=[lift, np.nan]).round(2)

# %% tags=["verify"]
assert abs(guesses["loud guess"]["mean"] - lift) < 1e-9 and guesses.loc["std"].is_monotonic_decreasing
assert (
    abs(guesses["doubly robust guess"]["mean"] - lift) < 2 * guesses["doubly robust guess"]["std"] / len(profit) ** 0.5
)
assert guesses["doubly robust guess"]["std"] > 20 * abs(lift)

# %% [markdown]
# The mean of the first *is* the lift, that of the second nearly so. It is quieter, but look at the size: the guess of one customer spreads by €{{guesses["doubly robust guess"]["std"]:.0f}}, and the effects that we want to tell apart differ by one or two. That is the whole difficulty of uplift in one line, and no learner takes it away. (The helper lets each half-guess come from a model that has not seen the customer: cross-fitting.)
#
# All four on the voucher, beside the response model. For once with the truth, on the holdout:

# %%
scores = pd.DataFrame({"T-learner": helper})
for name, code in {"S-learner": "s", "X-learner": "x", "DR-learner": "dr"}.items():
    scores[name] = fit_uplift(learn, code).score(judge)["win_back"]
scores["response model"] = judged.chance
top = scores.rank(ascending=False, pct=True) <= 0.2
alike = scores.corrwith(truth, method="spearman")
ranks = pd.DataFrame({"rank correlation with the true effect": alike})
in_best = [truth[top.index[top[name]]].mean() for name in scores]
ranks["best fifth, € a letter, truth"] = in_best
ranks.round(2)

# %% tags=["verify"]
assert (ranks.iloc[:4, 0] > 0.25).all() and ranks.iloc[4, 0] < -0.6
rank = pd.DataFrame({offer: read_worlds(offer)["rank"] for offer in three})
rank_of = rank.map(
    lambda cell: [float(part) for part in cell.strip(")").replace(" (", " to ").split(" to ")] if cell else None
)
learners = list(scores)[:-1]
means = rank_of.win_back[learners].str[0]
assert means.idxmax() == "DR-learner"
assert rank_of.win_back["DR-learner"][1] > max(rank_of.win_back[name][2] for name in learners if name != "DR-learner")
assert rank_of.win_back["effect by RFM segment"][2] > rank_of.win_back["DR-learner"][0]
assert (
    rank_of.basket_discount["DR-learner"][1]
    < rank_of.basket_discount["X-learner"][0]
    < rank_of.basket_discount["DR-learner"][2]
)
assert (ranks.iloc[:4, 1] > -1.2).all() and ranks.iloc[4, 1] < -2 and (ranks.iloc[:, 1] < 0).all()

# %% [markdown]
# A rank correlation of 1 would be the true order, 0 no order at all. The learners rank with the truth, the response model against it. Which of the four is best is luck in one world. Over the 40 worlds the DR-learner ranks best of them on the voucher, {{rank.win_back["DR-learner"]}}, the T-learner only {{rank.win_back["T-learner"]}}. Plain RFM segments, each with its own control, come close: {{rank.win_back["effect by RFM segment"]}}. On the ten percent X and DR cannot be told apart. No chain can make this table, though. What can be seen without the truth?
#
# ## The gain curve
#
# Sort the holdout by a score, best first, and offer to the first fifth, the first two fifths, and so on. At each step: how much more profit with than without, times the share of customers who got it. By hand, for the DR-learner:

# %%
step = np.ceil(scores["DR-learner"].rank(ascending=False) / len(scores) * 5).astype(int)
shares, gains = np.arange(6) / 5, [0.0]
for k in range(1, 6):
    part = judged[(step <= k).to_numpy()]
    gains.append((part.profit[part.sent].mean() - part.profit[~part.sent].mean()) * k / 5)
area = np.trapezoid(gains, shares) - gains[-1] / 2
shown = ", ".join(say_money(gain, "€", 2) for gain in gains)
print(f"gain per customer: {shown}; area above random: {area:.4f}")

# %% tags=["verify"]
assert gains[-1] < 0 and area > 0

# %% [markdown]
# The last number, −€{{abs(gains[-1]):.2f}}, is the voucher sent to all (letters not counted here). A lottery would walk there on a straight line. The **gain curve** of a good ranking lies above that line, and the area between the two is its score. The helper says the same of these five steps, and draws the curve with every customer as a step:

# %%
from loyalty.evaluate.uplift import measure_gains

five = measure_gains(judge, {"five steps": -step})
every = measure_gains(judge, scores[["DR-learner", "response model"]].to_dict("series"))
print(f"area by hand {area:.4f}, helper {five.estimates['five steps'].effect:.4f}")
true_gain = truth[judge.arm.index].mean() + LETTER
ax = every.plot(truth=true_gain, unit="€", source="loyalty.world, seed 37")

# %% tags=["verify"]
assert abs(area - five.estimates["five steps"].effect) < 1e-9
assert every.compare("DR-learner", "response model").low > 0
rising = every.curves[(every.curves["name"] == "DR-learner") & (every.curves["share"] > 0.005)]
assert (rising["low"] > 0).mean() < 0.01

# %%
good, bad = every.estimates["DR-learner"], every.estimates["response model"]
every.to_frame()[["name", "effect", "low", "high", "n_treated", "n_control"]].round(3)

# %% tags=["verify"]
assert good.low > 0 > bad.high

# %% [markdown]
# The DR-learner lies above random by €{{good.effect:.2f}} (€{{good.low:.2f}} to €{{good.high:.2f}}), the response model below it by €{{abs(bad.effect):.2f}} (€{{abs(bad.high):.2f}} to €{{abs(bad.low):.2f}}). Look at the zero line: even the good curve never clearly rises above it. (The diamond is the true gain of the voucher for all.) The best ranking of customers cannot make this voucher pay. The interval speaks of these scores on customers like these; training on another half would give another score.
#
# ## Why two libraries print different numbers
#
# Ask four libraries for "the Qini" of one ranking and you may get four numbers. None is wrong; they divide by different things. For *who came* (0 or 1), our two rankings, four conventions:


# %%
from loyalty.tasks.t37.curves import score_four

bought, got = judged.came.to_numpy(), judged.sent.to_numpy()
conventions = {}
for name in ("DR-learner", "response model"):
    conventions[name] = score_four(scores[name].to_numpy(), bought, got)
conventions = pd.DataFrame(conventions)
conventions.round(4)

# %% tags=["verify"]
measured = measure_gains(came.split(seed=37)[1], {"it": scores["DR-learner"]}).estimates["it"].effect
assert abs(measured - conventions["DR-learner"].iloc[0]) < 2e-4
assert conventions["DR-learner"].iloc[1] > 1_000 * abs(conventions["DR-learner"].iloc[3])
in_visits = measure_gains(came.split(seed=37)[1], {"it": judged.chance}).estimates["it"]
assert in_visits.low < 0 < in_visits.high and abs(in_visits.effect - conventions["response model"].iloc[0]) < 2e-4

# %% [markdown]
# The first is ours: outcome units per customer, above random, nothing divided. The last one compares with a "perfect" ranking that puts buyers with the voucher first and buyers without it last. That is hindsight. Nobody can have such a ranking, and it only exists for yes-or-no outcomes. Compare rankings within one convention and on the same customers. You cannot compare with a Qini from somebody's brochure.
#
# Mind what changed since the chart, too: this table counts *customers who came*, the chart *euros*. In the one the response model cannot be told from a lottery, in the other it is clearly worse.
#
# ## From a ranking to a policy
#
# A score is not yet a decision. Who gets the offer? The rule is one line: **those whose predicted effect is larger than the cost of a contact.** What that rule earns is its **policy value**: the share contacted, times (the effect among them, less the contact), per customer of the whole base. Nobody at all is worth 0. By hand and by helper, for ten percent off:

# %%
from loyalty.evaluate.uplift import value_policies
from loyalty.tasks.t37.voucher import count_money

learn_10, judge_10 = count_money(january, others["basket_discount"]).split(seed=37)
x_learner = fit_uplift(learn_10, "x")
changed = x_learner.score(judge_10)["basket_discount"]
chosen = (changed > LETTER).to_numpy()
got = (judge_10.arm == "basket_discount").to_numpy()
effect = judge_10.outcome[chosen & got].mean() - judge_10.outcome[chosen & ~got].mean()
by_hand = chosen.mean() * (effect - LETTER)

# %%
values = value_policies(judge_10, {"X-learner": x_learner}, cost=LETTER)
effect_10 = world.truth.effect("basket_discount").set_index("customer_id").profit
true_10 = effect_10[judge_10.arm.index]
policies = values.to_frame().set_index("name")[["share", "effect", "low", "high"]]
policies["truth"] = [true_10.where(chosen, 0).mean(), true_10.mean()]
print(f"X-learner by hand: €{by_hand:.4f}")
policies.round(3)

# %% tags=["verify"]
assert abs(by_hand - values.estimates["X-learner"].effect) < 1e-9
assert (policies.low < 0).all() and (policies.high > 0).all() and (policies.truth > 0).all()
assert abs(policies.truth.iloc[0] - policies.truth.iloc[1]) < 0.005 and round(policies.truth.iloc[0], 2) == round(
    policies.truth.iloc[1], 2
)
assert ((policies.low < policies.truth) & (policies.truth < policies.high)).all()

# %% [markdown]
# Two plans, two intervals, and zero lies inside both. With {{len(judge_10):,}} customers in the holdout the value of a policy is known to about €{{(policies.high.iloc[-1] - policies.low.iloc[-1]) / 2:.1f}} a customer up or down. The truth says that both earn, and the same: €{{policies.truth.iloc[0]:.2f}} a customer.
#
# Two plans on the same customers can be compared with each other much better than each with nobody, because the customers whom both contact cancel out.

# %%
against = values.compare("X-learner", "everybody: basket_discount")
against.to_frame()[["effect", "low", "high"]].round(3)

# %% tags=["verify"]
true_gap = policies.truth["X-learner"] - policies.truth.iloc[-1]
assert (
    against.low < true_gap < against.high
    and against.high - against.low < policies.high.iloc[-1] - policies.low.iloc[-1]
)
own = pd.Series({name: read_worlds("basket_discount")["share of oracle"][name] for name in (*learners, "everybody")})
own_share = own.str.split("%").str[0].astype(int)
assert own_share["everybody"] > own_share.drop("everybody").max() + 10
assert against.low < 0 < against.high and policies.high.iloc[-1] - policies.low.iloc[-1] > 3.5 * (
    against.high - against.low
)

# %% [markdown]
# The X-learner's plan brings €{{against.effect:.2f}} more (−€{{abs(against.low):.2f}} to €{{against.high:.2f}}): the interval is four times narrower than before, and the question still open.
#
# And over the 40 worlds? The oracle is the best plan that can be made from the same columns by somebody who sees the true effects. What it earns is 100 %:

# %%
own_cut = read_worlds("basket_discount").loc[["DR-learner", "X-learner", "everybody"]]
own_cut[["own cut-off, € a customer", "share of oracle"]]

# %% [markdown]
# This is the least comfortable line of the lesson. For ten percent off, *everybody* earns {{own_share["everybody"]}} % of what the oracle would, and the DR-learner's own cut-off {{own_share["DR-learner"]}} %: with 10,000 customers to learn from, the model leaves out people who would have earned more than their letters cost. Targeting needs effects that differ by more than the noise. Where nearly everybody gains a little, send to all, keep a control group, and let the next waves teach you. (First ask the two questions of [lesson 34](34_lift_in_money.ipynb), the chance of a loss and the worth of one more test: do they say send at all?)
#
# ## A ranking has to earn its place
#
# Must you choose between a model and everybody by feeling? No. Let **nobody**, **everybody** and two rankings compete on the learning half. Each customer is judged by models that did not see him (**cross-fitting**). One ranking is the ridge regression that we had. The other one is made of small **boosted trees**: these also see an effect that rises and falls again. And a rule that protects you from noise: a ranking is taken only if it beats the better of nobody and everybody by more than one standard error.

# %%
from loyalty.evaluate.uplift import choose_policy

choice = choose_policy(learn_10, cost=LETTER, seed=37)
print(choice.sentence("€"))
choice.to_frame()[["policy", "value", "share", "gain", "gain_se"]].round(3)

# %% tags=["verify"]
contest = choice.to_frame().set_index("policy")
assert choice.name == "everybody: basket_discount"
assert (contest.gain.dropna() < 0).all() and contest.value.iloc[1] > 2 * policies.truth.iloc[1]

# %%
ax = choice.plot(unit="€")

# %% tags=["verify"]
slopes = choice.heterogeneity.set_index("ranking")
assert (slopes.p > 0.05).all()
fifths = choice.groups[choice.groups.ranking == "ridge"].set_index("fifth").effect
assert fifths.idxmax() == 3 and fifths[1] < fifths[2]

# %% [markdown]
# `gain` is what a ranking would have earned beyond the better simple plan. Here both are below zero: neither ranking earned more than *everybody* at all. So everybody gets the ten percent. Everybody's value was €{{contest.value["everybody: basket_discount"]:.2f}} a customer on this half. The truth, which we know for the other half, is €{{policies.truth.iloc[1]:.2f}}: chance was kind to the number.
#
# The picture shows why no ranking won. It sorts the customers into five groups by the score, each customer by models that did not see him, and measures each group's effect. The groups do not stand in the order of their scores. So the score says nothing by which you could send. *"Then let us send to the middle fifth!"*, says the agency. No: it was picked out of five because it looked best.
#
# The rule costs something, too. Where effects really differ, it will sometimes leave a ranking that would have earned more. It is a rule for people who have one wave, and money to lose.
#
# ## The cut-off that looked best
#
# *"Then let us move the cut-off until the value is best"*, says the agency, *"on the holdout, so that it is fair."* Twenty cut-offs, the best 5 %, 10 %, … of the X-learner's list, all valued on the same holdout:


# %%
from loyalty.tasks.t37.curves import value_cuts, value_order

first = np.argsort(-changed.to_numpy(), kind="stable")
paid = judge_10.outcome.to_numpy()
cuts = value_cuts(paid, got, first, LETTER)
true_cuts = value_order(true_10.to_numpy(), first)
winner = int(np.argmax(cuts))
print(f"best cut-off: the first {(winner + 1) * 5} %, €{cuts[winner]:.2f} a customer")
print(f"its truth: €{true_cuts[winner]:.2f}")

# %% tags=["verify"]
assert abs(cuts[winner] - true_cuts[winner]) < 0.1 and (cuts < true_cuts).mean() > 0.7

# %% [markdown]
# On this holdout it looks harmless: chance had made most values a bit too low. But one holdout is one draw. In this world both lives of each customer are known, so we can hold the same lottery five hundred times. Each time the best of the twenty cut-offs is chosen and reported. That takes about three seconds.

# %%
from loyalty.tasks.t37.curves import draw_cuts_again
from loyalty.tasks.t37.voucher import live_twice

gain = live_twice(january, "basket_discount")[true_10.index].to_numpy()
told = draw_cuts_again(paid, gain, got, first, LETTER, times=500)
told.mean().round(2).to_frame("€ per customer, mean of 500 lotteries")

# %% tags=["verify"]
assert told.iloc[:, 0].mean() > told.iloc[:, 1].mean() + 0.1
assert abs(told.iloc[:, 2].mean() - gain.mean()) < 0.03 and told.iloc[:, 1].mean() < gain.mean()

# %% [markdown]
# The cut-off that looked best reports €{{told.iloc[:, 0].mean():.2f}} a customer on average, and brings €{{told.iloc[:, 1].mean():.2f}}. *Everybody* is a plan that nobody chose by its result. It reports what it brings, and it brings more: €{{told.iloc[:, 2].mean():.2f}}. (Less than the €{{policies.truth.iloc[1]:.2f}} above: that was the mean over all luck, this is the luck that these 20,000 had.) This is the winner's curse of [lesson 33](33_measure_the_lift.ipynb), with cut-offs in the place of stores. A holdout judges **one** plan, fixed before: take the rule (effect above cost), or choose on the learning half (`score_out_of_fold` scores each customer by a model that did not see him), and open the holdout once.
#
# ## Real people: Hillstrom's e-mails once more
#
# The 64,000 e-mails of [lesson 33](33_measure_the_lift.ipynb): no truth, and no names for the four kinds. The women's e-mail brought 4.5 more visitors of 100 (15.1 against 10.6). Whom does it change? The next three code cells run if you have the file (`hillstrom(download=True)` fetches it, 4 MB); the numbers below are theirs.

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
from loyalty.datasets import hillstrom
from loyalty.evaluate.uplift import open_trial

shop = hillstrom()  # hillstrom(download=True) fetches it
two = shop.contacts[shop.contacts.arm != "mens"].assign(propensity=0.5)
visits = open_trial(shop.covariates, two, shop.outcomes, "visited")
teach, test = visits.split(seed=37)

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
codes = {"DR-learner": "dr", "X-learner": "x", "T-learner": "t", "response model": "response"}
rankings = {name: fit_uplift(teach, code) for name, code in codes.items()}
emails = measure_gains(test, rankings)
ax = emails.plot(source="Hillstrom, 2008")

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
emails.to_frame()[["name", "effect", "low", "high"]].round(4)

# %% [markdown]
# All four rankings beat a lottery. The DR-learner's area is 0.0060 visitors a customer (0.0035 to 0.0086), the response model's 0.0039 (0.0013 to 0.0065). Does the learner rank *better* than the response model? `emails.compare("DR-learner", "response model")` says 0.0021 (−0.0006 to 0.0049): open, with 21,000 customers to judge. An e-mail gives nothing away to a sure thing, so the response model does little harm here.
#
# You know from lesson 33 one column that a learner should find by itself: the e-mail brought 7.3 more visitors of 100 among past buyers of women's goods, and 1.1 among the others. It does: on the holdout the DR-learner predicts 6.7 and 0.8, and its best fifth holds past buyers only. Now put `"sales"` in the place of `"visited"`: all four intervals hold zero. Fewer than one in a hundred buys, and nobody learns *whom* an e-mail changes from so few buyers. You cannot compute a cut-off here. For that a visit needs a price in dollars, and the file does not know it. Ask the shop.

# %% [markdown]
# ## What we learned
#
# - A **response model** finds those who come. Its best fifth responded to the voucher {{hits[1] / judged[judged.sent].came.mean():.1f}} times as well as the average, and lost €{{abs(truth[best.index].mean()):.2f}} a letter; in {{losing["win_back"]}} worlds it lost. On ten percent off it was as good as any learner.
# - Money comes from **persuadables** and goes to **sure things**: {{kinds.customers["persuadables"]:,}} of the one brought €{{kinds["€ in all"]["persuadables"]:,.0f}}, {{kinds.customers["sure things"]:,}} of the other cost €{{abs(kinds["€ in all"]["sure things"]):,.0f}}. **Lost causes** cost little more than their letters; **sleeping dogs** ate most of what the reminder brought.
# - An **uplift model** learns the effect. The **T-learner** subtracts two models, the **DR-learner** learns a guess that is right on average; on the voucher it ranked best of four over 40 worlds. On the reminder it could not be told from a lottery.
# - A **gain curve** judges a ranking, a **policy value** judges a decision, both on a **holdout** that nobody has chosen on. The cut-off is the cost of a contact. For ten percent off, *everybody* beat the learners' cut-offs.
#
# ## What could still be wrong
#
# - One wave teaches one season. Whom an offer changes in January, it may not change before Christmas.
# - The learners here are straight lines on {{learn.features.shape[1]}} columns. Others may find more; they will also find more noise.
# - Our three offers have effects that we planted. What yours do with sure things is for your control group to say.
# - An interval on the holdout takes the model as given. Trained again next month, it will send to others.
# - *"Nobody"* was right for the money of eight weeks. If the voucher were to keep somebody for years, eight weeks would not show it.
#
# ## Use it on your data
#
# Before you buy any model: `judged.groupby(["fifth", "sent"])[["came", "profit"]].mean()`, response and money with and without, in the group that somebody wants to write to. With a randomised wave of some ten thousand customers: `learn, judge = open_trial(profile, contacts, outcomes, "profit", offers=offers, margin_rate=0.30).split()`, then `value_policies(judge, {"DR": fit_uplift(learn)}, cost=0.08)`.

# %% [markdown]
# [[links]]
