# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Lift in money
#     question: Did it earn?
#     part_a: 25
#     part_b: 35
#     know_first: ["33"]
#     module: loyalty.evaluate.money
#     test: helpers/tests/evaluate/money/test_profit.py::test_a_campaign_whose_slide_shines_can_lose
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - write a campaign's **profit and loss** line by line, per customer, with the interval of the one number at its end
# - count what went to **natural buyers**, and find the **break-even**
# - turn the number into a decision: earned, lost or open, with the **probability of loss** and the **value of testing** once more
# - see what turns a verdict round: **pull-forward**, the price of a point with its **breakage**, and the number that was named as the goal

# %% [markdown]
# ## A voucher of €5
#
# In January the chain sent 20,000 customers a voucher of €5, *"We miss you"*, good for 28 days. A lottery chose them, and 20,000 others got nothing. It is Monday. Marta has a slide, Jonas has the bill for the vouchers, and on Tuesday the board decides whether the other half gets one too.

# %%
from loyalty.world import World

world = World(customers=40_000, months=24, seed=34)
everybody = world.customers[["customer_id"]].assign(offer_id=None, propensity=0.5)
half = everybody.sample(frac=0.5, random_state=34).index  # the lottery


def send(offer, days, post=28):
    """Send an offer to the half that was drawn; watch the days of the campaign and those after it."""
    plan = everybody.copy()
    plan.loc[half, "offer_id"] = offer
    return world.run(plan, campaign_id=offer, days=days, post=post)[0]


wave = send("win_back", days=28)
wave

# %% [markdown]
# Marta's slide compares those who used the voucher with the control group, in the four weeks of the campaign:

# %%
people = wave.outcomes.merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
during = people[people.window == "main"]
control, sent = during[during.arm == "control"], during[during.arm == "win_back"]
users = sent[sent.redeemed == 1]
slide = users.sales.mean() - control.sales.mean()
print(f"{len(users):,} users spent €{users.sales.mean():.2f}, control €{control.sales.mean():.2f}: €{slide:.2f} a head")

# %% [markdown]
# *"The voucher brings €{{slide:.0f}} a head, and it costs 5."* It shines. We know from the last lesson what is wrong with it: to use a voucher one has to come, and the control group holds everybody.
#
# Your bet, before we count. **How many euros of profit did the voucher bring for each customer to whom it was sent?** Margin, less everything that it cost, in the eight weeks from the sending on.

# %%
from loyalty.tasks import predict, reveal

predict("34a", 1.00)  # your bet in euros: change 1.00

# %% [markdown]
# ## First the lift
#
# Everybody to whom it was sent, against everybody who was left out: before the sending (`pre`, where nothing may be found) and during the campaign.

# %%
import pandas as pd

from loyalty.evaluate.lift import measure_lift

before, lift = (measure_lift(wave.contacts, wave.outcomes, "sales", window=window) for window in ("pre", "main"))
both = pd.concat([before.to_frame(), lift.to_frame()]).set_index(pd.Index(["pre", "main"], name="window"))
both[["effect", "low", "high", "p", "n_treated", "n_control"]].round(3)

# %% tags=["verify"]
assert before.low < 0 < before.high and lift.low > 0 and lift.p < 0.01 and len(users) > 6_000
assert slide > 15 * lift.effect

# %% [markdown]
# Before the sending the groups differed by €{{abs(before.effect):.2f}}, which is no more than a lottery does (zero lies inside). During the campaign a customer spent **€{{lift.effect:.2f}}** more (€{{lift.low:.2f}} to €{{lift.high:.2f}}) because we sent him the voucher. That is {{lift.relative:.0%}}, it is real, and it is a {{slide / lift.effect:.0f}}th of the slide. A report could end here, with the word *significant*.
#
# Jonas does not pay his suppliers with significance. He asks what is left.
#
# ## The bill, line by line
#
# For each customer we add up, over the campaign and the 28 days after it: what he paid, what is left of that when the goods are paid (the margin), the vouchers he used, and his points. A point costs a cent when it is spent, and 70 of 100 are ever spent, so a new point costs 0.7 cents. (Prices in this world are without value-added tax. On your receipts it is usually inside; it has to go before you call anything a margin.)

# %%
lines = ["sales", "margin", "reward_paid", "points"]
counted = people[people.window.isin(["main", "post"])].assign(points=people.points_issued * 0.70 * 0.01)
counted = counted.groupby(["customer_id", "arm"])[lines].sum().reset_index()
means = counted.groupby("arm")[lines].mean()
means.loc["difference"] = means.loc["win_back"] - means.loc["control"]
means.round(3)

# %% [markdown]
# Read the last row. The voucher brought €{{means.sales["difference"]:.2f}} of sales a customer in the eight weeks (nearly all of it in the first four), but most of a euro of sales goes to the supplier: €{{means.margin["difference"]:.2f}} of it was margin. And every customer cost, on average, €{{means.reward_paid["difference"]:.2f}} in vouchers. Now the letter, 8 cents each, and we can write the **profit and loss**, treated less control:

# %%
gap, contact = means.loc["difference"], 0.08
by_hand = gap.margin - gap.reward_paid - gap.points - contact
bill = {"margin": gap.margin, "rewards": -gap.reward_paid, "points": -gap.points, "contact cost": -contact, "profit": by_hand}  # fmt: skip
bill = pd.Series(bill).to_frame("€ per customer")
bill.assign(total=bill["€ per customer"] * len(sent)).round({"€ per customer": 3, "total": 0})

# %% tags=["verify"]
assert by_hand < -1 and gap.margin < 0.35 * gap.sales and gap.reward_paid > 4 * gap.margin

# %% [markdown]
# **−€{{abs(by_hand):.2f}} a customer, −€{{abs(by_hand) * len(sent):,.0f}} in all.** But how sure is that? We must not add the intervals of margin, rewards and points: a customer who buys much also brings much of the others, and they move together. The way out is simple. Every customer gets *one* number, his own profit; and one number has one interval. The price of the letter is known to the cent. It moves the interval and does not widen it.

# %%
from loyalty.stats import compare_means

profit = counted.margin - counted.reward_paid - counted.points
earned = compare_means(profit[counted.arm == "win_back"], profit[counted.arm == "control"])
f"{earned.effect - contact:.2f}  ({earned.low - contact:.2f} to {earned.high - contact:.2f})"

# %% [markdown]
# The helper does the same with three tables, the contacts, the outcomes and what the offers cost, and returns the same number. Margin, rewards, points and contact cost are the summands; a line that begins with *of which* is already inside them.

# %%
from loyalty.evaluate.money import campaign_money

money = campaign_money(wave.contacts, wave.outcomes, world.offers)
money

# %% tags=["verify"]
assert abs(money.profit.effect - by_hand) < 1e-9 and abs(money.profit.low - (earned.low - contact)) < 1e-9
assert money.verdict == "lost" and not money.warnings

# %%
from loyalty.charts import house_style

house_style()
ax = money.plot(unit="€", source="loyalty.world, seed 34")

# %% [markdown]
# The picture is the whole story: a small step up, a long way down. And what is the truth? In this world both lives of each of the 40,000 customers are known, with the voucher and without.

# %%
truth = world.truth.lift(wave).profit["win_back", "both"]
reveal("34a", estimate=money.profit.effect, low=money.profit.low, high=money.profit.high, truth=truth, unit="€",
       says="Profit per customer to whom it was sent, campaign and 28 days after it.")  # fmt: skip

# %% tags=["verify"]
assert money.profit.low < truth < money.profit.high

# %% [markdown]
# The interval holds it. The voucher did bring customers; it paid far more than they left. Whom did it pay?
#
# ## Who got the money?
#
# In the control group {{control.responded.mean():.1%}} bought something in the four weeks, without any voucher. Of those to whom it was sent, {{sent.responded.mean():.1%}} did. So of 100 who came, how many would have come anyway?

# %%
anyway = control.responded.mean() / sent.responded.mean()
more = measure_lift(wave.contacts, wave.outcomes, "responded")  # how many more came, with its interval
lives = world.truth.would_have_come_anyway(wave)
came, used = lives[lives.came], lives[lives.redeemed]
shares = {"estimate, from the control group": anyway, "truth, all who came": came.would_have_come.mean(),
          "truth, who used the voucher": used.would_have_come.mean()}  # fmt: skip
(pd.Series(shares) * 100).round(1).to_frame("would have come anyway, of 100")

# %% tags=["verify"]
natural = money.lines.set_index("line").per_customer["of which natural buyers"]
assert abs(anyway - came.would_have_come.mean()) < 0.02 and round(used.would_have_come.mean() * 100) == 93
assert 0.27 < means.margin["control"] / means.sales["control"] < 0.32
given = used.would_have_come.sum() * 5
least, most = (1 - end / sent.responded.mean() for end in (more.high, more.low))
assert abs(1 - more.effect / sent.responded.mean() - anyway) < 1e-9 and least < came.would_have_come.mean() < most
assert abs(given / len(sent) + natural) < 0.05

# %% [markdown]
# The estimate has its doubt like any other: of 100 customers {{more.effect * 100:.1f}} more came ({{more.low * 100:.1f}} to {{more.high * 100:.1f}}). So of 100 *who came*, between {{least * 100:.0f}} and {{most * 100:.0f}} would have come anyway (provided that a voucher keeps nobody away). The truth, {{came.would_have_come.mean() * 100:.1f}}, lies inside.
#
# {{used.would_have_come.sum():,.0f}} of the {{len(used):,}} who used it are **natural buyers**: they would have come without it. At €5 each that is €{{used.would_have_come.sum() * 5:,.0f}}; the helper's line *of which natural buyers*, made from the control group alone, says €{{abs(money.lines.set_index("line").total["of which natural buyers"]):,.0f}}.
#
# It is an *of which* line. Their vouchers stand in the bill already, once, with all the others. Two mistakes are popular: to subtract them a second time, and to leave them out because "the campaign did not bring them". It did not bring them, but it did pay them.
#
# ## How far away was the break-even?
#
# All costs as they were, how much more would the voucher have had to sell?

# %%
point = money.break_even
needed = {"more sales, € a customer": [point.sales, gap.sales],
          "more sales, %": [point.relative * 100, gap.sales / means.sales["control"] * 100],
          "who buys in the four weeks, %": [point.response * 100, sent.responded.mean() * 100]}  # fmt: skip
pd.DataFrame(needed, index=["break-even", "this voucher"]).T.round(1)

# %% tags=["verify"]
assert point.sales > 3 * gap.sales and point.response > sent.responded.mean() + 0.08

# %% [markdown]
# At the **break-even** the voucher sells €{{point.sales:.2f}} more a customer, and it sold €{{gap.sales:.2f}}. Or in heads: {{point.response:.0%}} of all customers would have had to come, where {{control.responded.mean():.0%}} come by themselves. In truth the point lies even higher, because each new customer uses a voucher too. Had somebody worked this out in December, there would have been no letter.
#
# ## What Jonas decides
#
# One rule, agreed *before* the number is known. The whole interval above zero: **earned**, send it again. The whole interval below: **lost**, stop. Zero inside: **open**, and then we ask what one more test would be worth.

# %%
names = ["verdict", "profit", "low", "high", "probability_of_loss", "value_of_testing", "recommendation"]
money.to_frame()[names].round(2)

# %% tags=["verify"]
assert money.probability_of_loss > 0.999 and money.value_of_testing < 0.5 and money.recommendation == "stop"

# %% [markdown]
# *Lost*. Two words for a manager:
#
# - **Probability of loss**: as far as these data tell, how likely is it that the voucher loses money? Here it is next to certain. It is not the p-value; that one speaks of luck in a world without any effect.
# - **Value of testing** once more: what is it worth to know better before we decide? A new test has a value only if it could change the decision. Here it could not, so it is worth nothing, and a "second pilot to be sure" would only pay the natural buyers again.
#
# The other half gets no voucher. That saves the chain about as much as the first half has cost: €{{round(abs(money.total.effect), -3):,.0f}} (€{{round(abs(money.total.high), -3):,.0f}} to €{{round(abs(money.total.low), -3):,.0f}}).

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/34_lift_in_money.ipynb), at least 34a and 34b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## A report that comes too early
#
# Marta's second campaign: 10 % off everything, for 14 days. The same half gets it, and we start from the same morning (only a simulated world can do that). On day 15 the report is due.

# %%
discount = send("basket_discount", days=14)
early = campaign_money(discount.contacts, discount.outcomes, world.offers, windows="main")
late = campaign_money(discount.contacts, discount.outcomes, world.offers)
two = pd.concat([early.to_frame(), late.to_frame()]).set_index(pd.Index(["the 14 days", "and 28 days more"]))
two[["profit", "low", "high", "verdict", "probability_of_loss"]].round(2)

# %% tags=["verify"]
assert (early.verdict, late.verdict) == ("earned", "open") and late.profit.effect < early.profit.effect / 3
assert late.profit.effect > 0

# %% [markdown]
# On day 15: €{{early.profit.effect:.2f}} a customer (€{{early.profit.low:.2f}} to €{{early.profit.high:.2f}}), **earned**. Four weeks later: €{{late.profit.effect:.2f}} (−€{{abs(late.profit.low):.2f}} to €{{late.profit.high:.2f}}), **open**. Where did the money go?
#
# Some customers had only bought earlier what they would have bought anyway: shampoo at 10 % off in January, and none in February. This is **pull-forward**. To see it, let us stop the clock on different days.


# %%
def stop_the_clock(day):
    """Profit per customer if one counts until this day: the estimate, its interval, and the truth."""
    wave = send("basket_discount", day, post=0)
    seen = wave.outcomes[wave.outcomes.window == "main"].merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
    treated = seen.arm == "basket_discount"
    profit = seen.margin - seen.points_issued * 0.70 * 0.01 - contact * treated
    found = compare_means(profit[treated], profit[~treated])
    return {"effect": found.effect, "low": found.low, "high": found.high, "truth": world.truth.lift(wave).profit.iloc[0]}  # fmt: skip


clock = pd.DataFrame({day: stop_the_clock(day) for day in (7, 14, 28, 42, 56)}).T

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, draw_intervals, headline
from loyalty.text import say_money


def draw_clock():
    """Profit per customer by the day on which one stops counting, beside the truth."""
    fig, ax = plt.subplots(figsize=(9, 4.4))
    ax.axvspan(0, 14, color=GREY, alpha=0.15, linewidth=0)
    ax.axhline(0, color=INK, linewidth=1)
    ax.vlines(clock.index, clock.low, clock.high, color=TREATED, linewidth=3)
    ax.plot(clock.index, clock.effect, "o", color=TREATED, markersize=8, label="estimate")
    ax.plot(clock.index, clock.truth, "D", markerfacecolor="white", markeredgecolor=TRUTH, markersize=9, label="truth")
    ax.set(xlim=(0, 60), xticks=clock.index, xlabel="days since the sending", ylabel="€ per customer")
    ax.annotate("the discount is valid", (0.5, clock.low.min()), color="#5F6368")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    headline(ax, "Who stops on day 14 counts the gain and not the price",
             "profit per customer until that day, €, 95 % intervals", "loyalty.world, seed 34")  # fmt: skip


draw_clock()

# %% tags=["verify"]
assert clock.truth.idxmax() == 14 and 0.4 < clock.truth[42] / clock.truth[14] < 0.6
assert abs(clock.truth[56] - clock.truth[42]) < 0.01 and clock.low[14] > 0 > clock.low[28]
assert ((clock.low < clock.truth) & (clock.truth < clock.high)).all()

# %% [markdown]
# The truth rises to €{{clock.truth[14]:.2f}} on day 14 and falls to €{{clock.truth[42]:.2f}} by day 42; after that it stays. About half of the profit was borrowed from February. Our estimate fell further than the truth. That is luck, and we have met it: this half of the customers had spent €{{abs(before.effect):.2f}} less even before the sending, and every campaign that goes to it comes out a little low. (How to correct for that was in [the last lesson](33_measure_the_lift.ipynb).)
#
# So the window does not end with the campaign: count on until what was pulled forward is back, here 28 days more.
#
# That has a price. Each further week adds purchases that have nothing to do with us, and the interval grows. On day 42 even 40,000 customers leave the verdict open; the truth, which is positive, lies inside.
#
# ## What does a point cost?
#
# Third campaign: 300 bonus points for a purchase within 21 days. Three people price the same points. The *agency* says: points are no money, zero. The *auditor* says: a point is a cent, so 300 points are €3, the face value. *Ines* says: of 100 points 70 are ever spent, so €2.10. The 30 that are never spent are the **breakage**.

# %%
bonus = send("bonus_points", days=21)
chances = {"agency: zero": 0.0, "Ines: expected": 0.7, "auditor: face value": 1.0}
three = {who: campaign_money(bonus.contacts, bonus.outcomes, world.offers, redemption_probability=chance)
         for who, chance in chances.items()}  # fmt: skip
table = pd.concat([found.to_frame() for found in three.values()]).set_index(pd.Index(three))
table["next"] = table.recommendation.str.split(":| with").str[0]
table[["profit", "low", "high", "verdict", "next"]].round(2)

# %%
priced = table.rename(columns={"profit": "effect"}).assign(colour=[HIGHLIGHT, TREATED, HIGHLIGHT])
secret = world.truth.lift(bonus).loc[("bonus_points", "both")]  # its profit is at 70 of 100 points spent
truths = [secret.profit + (0.70 - chance) * 0.01 * secret.points_issued for chance in chances.values()]
ax = draw_intervals(priced, unit="€")
ax.plot(truths, [0.28, 1.28, 2.28], "D", mfc="white", mec=TRUTH, mew=1.6, markersize=9, label="truth at that price")
ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
headline(ax, "One campaign, three prices of a point, three decisions",
         "profit per customer, campaign and 28 days after, €, 95 % interval", "loyalty.world, seed 34")  # fmt: skip

# %% tags=["verify"]
assert [found.verdict for found in three.values()] == ["earned", "open", "open"]
assert [found.recommendation.split()[0] for found in three.values()] == ["send", "test", "stop:"]
points = bonus.outcomes[bonus.outcomes.window != "pre"].merge(bonus.contacts[["customer_id", "arm"]])
points = points[points.arm == "bonus_points"]
so_far = points.points_redeemed.sum() / points.points_issued.sum()
assert 0.2 < so_far < 0.6 and truths[0] > 0.3 and 0 < truths[1] < 0.15 and truths[2] < 0
assert all(found.profit.low < at < found.profit.high for found, at in zip(three.values(), truths, strict=True))

# %% [markdown]
# *Send again*, *test once more*, *stop*: the customers did the same thing three times. And no larger test would settle it, for the truth moves with the price as well (the diamonds).
#
# What we owe for points that were issued and not yet spent is the **points liability**, and its honest price is the expected one, {{0.7:.0%}} of face value here. Where do the 70 % come from? From points that are old enough. In these seven weeks only {{so_far * 100:.0f}} points were spent for each 100 that were issued, because people take up to three months. Who books what has been spent *so far* has found a fourth price, and it flatters again.
#
# Accounting keeps other books: under IFRS 15 a part of the revenue itself is deferred until the points are spent or expire. Our number is for deciding, not for the annual report.
#
# ## Which number decides?
#
# Fourth campaign: a small gift for everybody who comes within 14 days. Three people read three numbers of the same wave.

# %%
from loyalty.evaluate.lift import measure_lifts

gift = send("gift", days=14)
gift_money = campaign_money(gift.contacts, gift.outcomes, world.offers)
read = measure_lifts(gift.contacts, gift.outcomes, ["responded", "sales"]).to_frame()
read = read[["outcome", "effect", "low", "high"]]
read.loc[2] = ["profit", *(getattr(gift_money.profit, name) for name in ("effect", "low", "high"))]
read.round(3)

# %% tags=["verify"]
assert (read.low[:2] > 0).all() and read.low[2] < 0 < read.high[2] and gift_money.verdict == "open"
bought = gift_money.lines.set_index("line").per_customer
price = -(bought["rewards"] + bought["contact cost"]) / read.effect[0]
dearest, cheapest = (price * read.effect[0] / end for end in (read.low[0], read.high[0]))
gift_truth = world.truth.lift(gift).profit["gift", "both"]
assert 10 < price < 25 and round(slide / lift.effect) == 20 and 0 < gift_truth < 0.1
luck = (
    money.profit.effect - truth,
    late.profit.effect - clock.truth[42],
    three["Ines: expected"].profit.effect - truths[1],
)
assert max(*luck, gift_money.profit.effect - gift_truth) < 0

# %% [markdown]
# Of 100 customers {{read.effect[0] * 100:.1f}} more came in the two weeks ({{read.low[0] * 100:.1f}} to {{read.high[0] * 100:.1f}}). They spent €{{read.effect[1]:.2f}} more. And the profit, over the six weeks, is −€{{abs(read.effect[2]):.2f}} (−€{{abs(read.low[2]):.2f}} to €{{read.high[2]:.2f}}), open. A success, a success, and a shrug. (The truth behind the shrug: {{gift_truth * 100:.0f}} cents a customer, nearly nothing.) Which of them is *the* result depends on what the campaign was for, and that has to be written down before it starts:
#
# | goal | it wants | the number that decides | and beside it |
# |---|---|---|---|
# | **engage** | customers who come again | more customers who came, of 100 sent | what each of them cost |
# | **sell** | money | profit per customer, after pull-forward | probability of loss |
# | **inform** | customers who know | more customers who know it, asked in both groups | price of a contact |
#
# As a campaign to *engage*, the gift did what it should, at a price: gifts and letters cost €{{price:.0f}} for each additional customer who came (€{{cheapest:.0f}} to €{{dearest:.0f}}). Is a visit worth that? Perhaps, if he stays; then say so beforehand. As a campaign to *sell*, it is not proven. To pick the number after the result is no reading at all. A campaign to *inform*, the printed magazine at 45 cents say, is not a failure because nobody bought: but what it has taught nobody can read from receipts. In the table of campaigns two columns wait for the answer, `goal` and `primary_metric`.
#
# ## Significant and losing, insignificant and worth repeating
#
# The voucher of Part A was significant and lost. The opposite exists too. The buyer of face care wants 20 % off her shelf, and gets a small pilot: 2,000 customers with, 2,000 without.

# %%
drawn = everybody.sample(4_000, random_state=34)
drawn.iloc[:2_000, drawn.columns.get_loc("offer_id")] = "category_discount"
pilot, later = world.run(drawn, campaign_id="face_pilot", days=14, post=28)
first = campaign_money(pilot.contacts, pilot.outcomes, world.offers, rollout=40_000)
pilot_lift = measure_lift(pilot.contacts, pilot.outcomes, "sales")
told = pd.concat([pilot_lift.to_frame(), first.profit.to_frame()]).set_index(pd.Index(["sales", "profit"]))
told[["effect", "low", "high", "p"]].round(2)

# %% tags=["verify"]
assert pilot_lift.low < 0 < pilot_lift.high and first.profit.low < 0 < first.profit.high and first.profit.effect < 0
assert first.testing.worth_it

# %% [markdown]
# Sales: €{{pilot_lift.effect:.2f}}, zero inside. Profit: −€{{abs(first.profit.effect):.2f}}, anything from −€{{abs(first.profit.low):.2f}} to €{{first.profit.high:.2f}}. *"Not significant, forget it"*, says the agency, which would rather sell vouchers.
#
# Wait. If the offer goes out, it goes to 40,000. Fifty cents more or less are €20,000, and the pilot cannot tell them apart. What would it be worth to run it once more before deciding? By hand: imagine all the profits that fit what we saw; for each of them imagine a second pilot; pool the two, and send only if the pooled number is above zero. How much better is that, on average, than to forget it now?

# %%
import numpy as np

rng = np.random.default_rng(34)
believed = rng.normal(first.profit.effect, first.profit.se, 1_000_000)  # what it may truly bring a customer
second = rng.normal(believed, first.profit.se)  # what a second pilot would then say
pooled = (first.profit.effect + second) / 2
gain = np.where(pooled > 0, believed, 0).mean() - max(first.profit.effect, 0)
print(f"worth €{40_000 * gain:,.0f} (helper: €{first.value_of_testing:,.0f}); it costs €{first.testing.cost:,.0f}")

# %% tags=["verify"]
assert abs(40_000 * gain / first.value_of_testing - 1) < 0.03

# %% [markdown]
# The second pilot is worth €{{first.value_of_testing:,.0f}} to us, and it is expected to lose €{{first.testing.cost:,.0f}}, because some get an offer that looks slightly bad. So: *test once more*. In {{(pooled <= 0).mean():.0%}} of the imagined cases the two together still say no, and then we stop. In the others it finds an offer worth thousands, and that is what we pay for. Let us do it, with 4,000 other customers, six weeks later.

# %%
others = everybody.drop(drawn.index).sample(4_000, random_state=34)
others.iloc[:2_000, others.columns.get_loc("offer_id")] = "category_discount"
again = later.run(others, campaign_id="face_again", days=14, post=28)[0]
repeat = campaign_money(again.contacts, again.outcomes, world.offers, rollout=40_000)
together, se = (first.profit.effect + repeat.profit.effect) / 2, (first.profit.se**2 + repeat.profit.se**2) ** 0.5 / 2
pilots = pd.concat([first.profit.to_frame(), repeat.profit.to_frame()])[["effect", "low", "high"]]
pilots.index = ["first pilot", "second pilot"]
pilots.loc["both"] = [together, together - 1.96 * se, together + 1.96 * se]

# %%
true = world.truth.effect("category_discount", days=14, post=28).profit.mean()  # expected, all 40,000 customers
ax = draw_intervals(pilots, truth=true, unit="€")
title = f"Two small pilots say {say_money(together, '€', 2)}, and the answer is still out"
headline(ax, title, "profit per customer, €, 95 % interval", "loyalty.world, seed 34")

# %% tags=["verify"]
assert pilots.low.lt(0).all() and pilots.high.gt(0).all() and together < 0 < true and (pilots.high > true).all()

# %% [markdown]
# Both together: {{say_money(together, "€", 2)}} ({{say_money(pilots.low["both"], "€", 2)}} to {{say_money(pilots.high["both"], "€", 2)}}). Still open. And the truth? €{{true:.2f}} a customer, as the mean over all 40,000, and €{{true * 40_000:,.0f}} for the whole chain: a good offer, which two pilots could not see. That is no fault of the rule; it said what the next test is worth, not that it will succeed. Is a third one worth its price, as large as these two together?

# %%
from loyalty.evaluate.money import value_test

third = value_test(together, se, rollout=40_000, n_treated=4_000, n_control=4_000)
print(f"a third pilot is worth €{third.sample:,.0f}, and it is expected to lose €{third.cost:,.0f}")

# %% tags=["verify"]
assert third.worth_it and third.sample > 5 * third.cost

# %% [markdown]
# Yes, and by far. The advice to Marta is neither "it works" nor "it does not", but "we do not know yet, and knowing is cheap". A larger test would have been the better first one; how large stands in [Design the test](32_design_the_test.ipynb).
#
# ## What we learned
#
# - A **profit and loss** compares everybody sent with everybody left out: margin, less rewards, points and contact. Its interval comes from one profit per customer. The voucher of the slide, €{{slide:.0f}} a head, lost €{{abs(by_hand):.2f}} a customer, and the truth was −€{{abs(truth):.2f}}.
# - {{used.would_have_come.mean() * 100:.0f}} of 100 vouchers went to **natural buyers**. To reach the **break-even** it would have had to add €{{point.sales:.2f}} of sales a customer; it added €{{gap.sales:.2f}}.
# - Earned, lost or open: for the open ones the **probability of loss** and the **value of testing** say what to do next. A value above its price means: once more.
# - A window that ended with the campaign said *earned*; **pull-forward** took about half of the true profit back. The same campaign had *earned* with points at no cost, and was to *stop* with points at face value; the honest price knows the **breakage**. And the goal, named before, says which number decides.
#
# ## What could still be wrong
#
# - We counted 28 days after the campaign. In this world all is paid back by then; in yours, customers may stock up for a quarter.
# - The break-even keeps all costs as they were. Each additional buyer brings some with him.
# - The probability of loss starts from "we knew nothing before". Whoever has a history of such offers knows more, and should use it.
# - The value of testing takes the next test to measure the same effect. Seasons change, and customers tire.
# - One offer in one world. That its margin is 30 cents of a euro and that 93 of 100 come anyway is how this chain was made; count your own.
#
# ## Use it on your data
#
# `campaign_money(contacts, outcomes, offers)` from `loyalty.evaluate.money`, or the whole report from two tables, two dates and a margin rate:
#
# `python3 workshop.py run campaign_report --data receipts=till.csv --data contacts=list.xlsx --columns columns.yml --set start=2026-03-02 --set end=2026-03-30 --set margin_rate=0.30 -o report.html`

# %% [markdown]
# [[links]]
