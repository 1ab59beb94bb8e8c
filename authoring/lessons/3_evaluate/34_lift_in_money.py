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
# - turn the number into a decision: earned, lost or open, with the **probability of loss**; and, alone, the **value of testing** once more
# - see what turns a verdict round: **pull-forward**, the price of a point with its **breakage**, and the number that was named as the goal

# %% [markdown]
# ## A voucher of €5
#
# In January the chain sent half of its customers a voucher of €5, *"We miss you"*, good for four weeks. A lottery chose them, and the other half got nothing. It is Monday. Marta has a slide, and Jonas has the bill for the vouchers. On Tuesday the board decides whether the other half gets one too.

# %%
from loyalty.tasks.t34.january import open_january

january = open_january()  # about two seconds
wave = january.send("win_back", days=28)
wave

# %% [markdown]
# Marta's slide compares the customers who used the voucher with the control group:

# %%
from loyalty.charts import house_style
from loyalty.tasks.t34.pictures import draw_slide

house_style()
people = wave.outcomes.merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
during = people[people.window == "main"]
control, sent = during[during.arm == "control"], during[during.arm == "win_back"]
users = sent[sent.redeemed == 1]
slide = users.sales.mean() - control.sales.mean()
ax = draw_slide(users.sales.mean(), control.sales.mean())

# %% [markdown]
# *"The voucher brings €{{slide:.0f}} a head, and it costs 5."* It shines. We know from the last lesson what is wrong: a customer must come to use a voucher, and the control group holds everybody, those who stayed at home too.
#
# Place your bet before we count. **How many euros of profit did the voucher bring for each customer to whom it was sent?** Profit is margin less everything that the voucher cost, in the eight weeks from the sending on.

# %%
from loyalty.tasks import predict, reveal

predict("34.1", ...)  # your bet in euros, such as 1.50

# %% [markdown]
# ## First the lift
#
# We compare everybody to whom it was sent with everybody who was left out: before the sending (`pre`, where nothing may be found) and during the campaign (`main`).

# %%
import pandas as pd

from loyalty.evaluate.lift import measure_lift

windows = ["pre", "main"]
lifts = [measure_lift(wave.contacts, wave.outcomes, "sales", window=name) for name in windows]
both = pd.concat([found.to_frame() for found in lifts]).set_axis(windows)
both[["effect", "low", "high"]].astype(float).round(2)

# %% tags=["verify"]
before, lift = lifts
assert before.low < 0 < before.high and lift.low > 0 and lift.p < 0.01 and len(users) > 6_000
assert slide > 15 * lift.effect and len(sent) == len(control) == 20_000

# %% [markdown]
# Before the sending the groups differed no more than a lottery makes them differ: zero lies inside. During the campaign a customer spent **€{{lifts[1].effect:.2f}}** more (€{{lifts[1].low:.2f}} to €{{lifts[1].high:.2f}}) because we sent the voucher. That is real, and it is a {{slide / lifts[1].effect:.0f}}th of the slide. A report could end here, with the word *significant*.
#
# Jonas does not pay his suppliers with significance. He asks what is left.
#
# ## The bill, line by line
#
# For each customer we add up four things, over the campaign and the four weeks after it: what the customer paid, the margin (what is left when the goods are paid), the vouchers used, and the points. A point costs a cent when it is spent. Three of ten are never spent, so a new point costs 0.7 cents.

# %%
lines = ["sales", "margin", "reward_paid", "points"]
counted = people[people.window != "pre"].assign(points=people.points_issued * 0.70 * 0.01)
counted = counted.groupby(["customer_id", "arm"])[lines].sum().reset_index()
means = counted.groupby("arm")[lines].mean()
means.loc["difference"] = means.loc["win_back"] - means.loc["control"]
means.round(3)

# %% [markdown]
# Read the last row. The voucher brought sales, but most of a euro of sales goes to the supplier, and little margin stays. And every customer cost, on average, €{{means.reward_paid["difference"]:.2f}} in vouchers. The letter costs 8 cents more. So we can write the **profit and loss**, treated less control:

# %%
gap = means.loc["difference"]
contact = 0.08
bill = pd.Series({"margin": gap.margin, "rewards": -gap.reward_paid})
bill["points"] = -gap.points
bill["contact cost"] = -contact
bill["profit"] = bill.sum()
pd.DataFrame({"€ per customer": bill.round(3), "total": (bill * len(sent)).round(0)})

# %% tags=["verify"]
by_hand = bill["profit"]
assert by_hand < -1 and gap.margin < 0.35 * gap.sales and gap.reward_paid > 4 * gap.margin
assert set(people.window) == {"pre", "main", "post"}

# %% [markdown]
# The voucher lost money. But how sure is that? We must not add the intervals of margin, rewards and points: they move together, because a customer who buys much has much of all three. The way out is simple. Every customer gets *one* number, the profit from this customer, and one number has one interval. The price of the letter is known to the cent: it moves the interval and does not widen it.

# %%
from loyalty.stats import compare_means
from loyalty.text import say_euros

profit = counted.margin - counted.reward_paid - counted.points
drawn = counted.arm == "win_back"
earned = compare_means(profit[drawn], profit[~drawn])
moved = (end - contact for end in (earned.effect, earned.low, earned.high))
"{} ({} to {})".format(*map(say_euros, moved))

# %% [markdown]
# **{{say_euros(earned.effect - contact)}} a customer** ({{say_euros(earned.low - contact)}} to {{say_euros(earned.high - contact)}}). The helper takes three tables, the contacts, the outcomes and what the offers cost, and returns the same number. A line that begins with *of which* is already inside the others.

# %%
from loyalty.evaluate.money import campaign_money

money = campaign_money(wave.contacts, wave.outcomes, january.world.offers)
ax = money.plot(unit="€", source="loyalty.world, seed 34")
money

# %% tags=["verify"]
assert abs(money.profit.effect - by_hand) < 1e-9 and abs(money.profit.low - (earned.low - contact)) < 1e-9
assert money.verdict == "lost" and not money.warnings

# %% [markdown]
# A small step up, a long way down. And what is the truth? In this world both lives of each customer are known, with the voucher and without.

# %%
truth = january.world.truth.lift(wave).profit["win_back", "both"]
ends = {"low": money.profit.low, "high": money.profit.high, "truth": truth, "unit": "€"}
says = "Profit per customer to whom it was sent, campaign and four weeks after it."
reveal("34.1", estimate=money.profit.effect, says=says, **ends)

# %% tags=["verify"]
assert money.profit.low < truth < money.profit.high

# %% [markdown]
# The interval holds the truth. The voucher did bring customers, but it paid far more than they left. Whom did it pay?
#
# ## Who got the money?
#
# Many customers of the control group came without any voucher. So of 100 customers who came, how many would have come anyway? The control group tells.

# %%
from loyalty.tasks.t34.pictures import draw_hundred

anyway = control.responded.mean() / sent.responded.mean()
ax = draw_hundred(anyway, "Nearly everybody would have come without the voucher")

# %% tags=["verify"]
more = measure_lift(wave.contacts, wave.outcomes, "responded")  # how many more came, with its interval
lives = january.world.truth.would_have_come_anyway(wave)
came, used = lives[lives.came], lives[lives.redeemed]
natural = money.lines.set_index("line").per_customer["of which natural buyers"]
assert abs(anyway - came.would_have_come.mean()) < 0.02 and round(used.would_have_come.mean() * 100) == 93
assert 0.27 < means.margin["control"] / means.sales["control"] < 0.32
given = used.would_have_come.sum() * 5
least, most = (1 - end / sent.responded.mean() for end in (more.high, more.low))
assert abs(1 - more.effect / sent.responded.mean() - anyway) < 1e-9 and least < came.would_have_come.mean() < most
assert abs(given / len(sent) + natural) < 0.05

# %% [markdown]
# The estimate has its doubt like any other: between {{least * 100:.0f}} and {{most * 100:.0f}} of 100 would have come anyway (if a voucher keeps nobody away). The truth lies inside. These people are **natural buyers**, and most vouchers went to them: about €{{abs(money.lines.set_index("line").total["of which natural buyers"]):,.0f}}, says the helper's line *of which natural buyers*.
#
# Their vouchers are in the bill already, once, with all the others. Two mistakes are popular: to subtract them a second time, and to leave them out because "the campaign did not bring them". It did not bring them, but it did pay them.
#
# ## How far away was the break-even?
#
# Suppose that all costs stay as they were. How much more would the voucher have had to sell?

# %%
point = money.break_even
needed = {"more sales, € a customer": [point.sales, gap.sales]}
needed["customers who buy, %"] = [point.response * 100, sent.responded.mean() * 100]
pd.DataFrame(needed, index=["break-even", "this voucher"]).T.round(1)

# %% tags=["verify"]
assert point.sales > 3 * gap.sales and point.response > sent.responded.mean() + 0.08

# %% [markdown]
# At the **break-even** the voucher sells {{point.sales / gap.sales:.0f}} times what it sold. In truth the point lies even higher, because each new customer uses a voucher too. A look at this table in December would have saved the letter.
#
# ## What Jonas decides
#
# One rule, agreed *before* the number is known. If the whole interval lies above zero, the campaign **earned**: send it again. If it lies below, the campaign **lost**: stop. If zero is inside, the result is **open**, and Part B shows what to do then.
#
# A manager also wants to hear the **probability of loss**: as far as these data tell, how likely is it that the voucher loses money? Here it is next to certain. (It is not the p-value: a p-value speaks of luck in a world without any effect.)

# %%
from loyalty.tasks.t34.pictures import draw_end

ax = draw_end(slide, money, truth)
f"verdict: {money.verdict}"

# %% tags=["verify"]
assert money.probability_of_loss > 0.999 and money.value_of_testing < 0.5 and money.recommendation == "stop"

# %% [markdown]
# The other half gets no voucher. That saves the chain about as much as the first half has cost: €{{round(abs(money.total.effect), -3):,.0f}} (€{{round(abs(money.total.high), -3):,.0f}} to €{{round(abs(money.total.low), -3):,.0f}}). A "second pilot to be sure" would only pay the natural buyers again.

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
discount = january.send("basket_discount", days=14)
tables = discount.contacts, discount.outcomes, january.world.offers
early = campaign_money(*tables, windows="main")
late = campaign_money(*tables)
two = pd.concat([early.to_frame(), late.to_frame()])
two.index = ["the 14 days", "and 28 days more"]
two[["profit", "low", "high", "verdict", "probability_of_loss"]].round(2)

# %% tags=["verify"]
assert (early.verdict, late.verdict) == ("earned", "open") and late.profit.effect < early.profit.effect / 3
assert late.profit.effect > 0

# %% [markdown]
# On day 15 the campaign has **earned**. Four weeks later the verdict is **open**. Where did the money go?
#
# Some customers had only bought earlier what they would have bought anyway: shampoo at 10 % off in January, and none in February. This is **pull-forward**. To see it, we stop the clock on different days.

# %%
from loyalty.tasks.t34.pictures import draw_clock

days = [7, 14, 28, 42, 56]  # five waves, about five seconds
stops = {day: january.stop_the_clock("basket_discount", day) for day in days}
clock = pd.DataFrame(stops).T
ax = draw_clock(clock, days=14)

# %% tags=["verify"]
assert clock.truth.idxmax() == 14 and 0.4 < clock.truth[42] / clock.truth[14] < 0.6
assert abs(clock.truth[56] - clock.truth[42]) < 0.01 and clock.low[14] > 0 > clock.low[28]
assert ((clock.low < clock.truth) & (clock.truth < clock.high)).all()

# %% [markdown]
# The truth rises to day 14 and falls to day 42; after that it stays. About half of the profit was borrowed from February. Our estimate fell further than the truth. That is luck, and we have met it: this half of the customers had spent €{{abs(lifts[0].effect):.2f}} less even before the sending, so every campaign that goes to it comes out a little low. (How to correct for that was in [the last lesson](33_measure_the_lift.ipynb).)
#
# So the window does not end with the campaign: count on until what was pulled forward is back, here 28 days more. That has a price. Each further week adds purchases that have nothing to do with us, and the interval grows. On day 42 even 40,000 customers leave the verdict open.
#
# ## What does a point cost?
#
# Third campaign: 300 bonus points for a purchase within 21 days. Three people price the same points. The *agency* says: points are no money, zero. The *auditor* says: a point is a cent, so 300 points are €3, the face value. *Ines* says: of 100 points 70 are ever spent, so €2.10. The 30 that are never spent are the **breakage**.

# %%
from loyalty.tasks.t34.january import price_points
from loyalty.tasks.t34.pictures import draw_prices

bonus = january.send("bonus_points", days=21)
chances = {"agency: zero": 0.0, "Ines: expected": 0.7, "auditor: face value": 1.0}
prices = price_points(january, bonus, chances)
ax = draw_prices(prices)
prices["to do"] = prices.next.str.split(",").str[0]  # what follows the comma is the reason
prices[["profit", "low", "high", "verdict", "to do"]].round(2)

# %% tags=["verify"]
assert list(prices.verdict) == ["earned", "open", "open"]
assert [words.split()[0].strip(",") for words in prices.next] == ["send", "test", "stop"]
points = bonus.outcomes[bonus.outcomes.window != "pre"].merge(bonus.contacts[["customer_id", "arm"]])
points = points[points.arm == "bonus_points"]
so_far = points.points_redeemed.sum() / points.points_issued.sum()
truths = list(prices.truth)
assert 0.2 < so_far < 0.6 and truths[0] > 0.3 and 0 < truths[1] < 0.15 and truths[2] < 0
assert ((prices.low < prices.truth) & (prices.truth < prices.high)).all()

# %% [markdown]
# *Send again*, *test once more*, *stop*: the customers did the same thing three times. And no larger test would settle it, because the truth moves with the price as well (the diamonds).
#
# What we owe for points that were issued and not yet spent is the **points liability**, and its honest price is the expected one. Where do the 70 % come from? From points that are old enough. In these seven weeks only {{so_far * 100:.0f}} points were spent for each 100 that were issued, because people take up to three months. If you book what has been spent *so far*, you have found a fourth price, and it flatters again.
#
# Accounting keeps other books: under IFRS 15 a part of the revenue itself is deferred until the points are spent or expire. Our number is for deciding, not for the annual report.
#
# ## Which number decides?
#
# Fourth campaign: a small gift for everybody who comes within 14 days. Three people read three numbers of the same wave.

# %%
from loyalty.evaluate.lift import measure_lifts

gift = january.send("gift", days=14)
gift_money = campaign_money(gift.contacts, gift.outcomes, january.world.offers)
answers = measure_lifts(gift.contacts, gift.outcomes, ["responded", "sales"]).to_frame()
read = pd.concat([answers, gift_money.profit.to_frame()])[["effect", "low", "high"]]
read.index = ["responded", "sales", "profit"]
read.astype(float).round(3)

# %% tags=["verify"]
assert (read.low.iloc[:2] > 0).all() and read.low["profit"] < 0 < read.high["profit"] and gift_money.verdict == "open"
bought = gift_money.lines.set_index("line").per_customer
price = -(bought["rewards"] + bought["contact cost"]) / read.effect["responded"]
dearest, cheapest = (price * read.effect["responded"] / read[end]["responded"] for end in ("low", "high"))
gift_truth = january.world.truth.lift(gift).profit["gift", "both"]
assert 10 < price < 25 and round(slide / lift.effect) == 20 and 0 < gift_truth < 0.1
luck = (
    money.profit.effect - truth,
    late.profit.effect - clock.truth[42],
    prices.profit.iloc[1] - truths[1],
)
assert max(*luck, gift_money.profit.effect - gift_truth) < 0

# %% [markdown]
# More customers came, they spent more, and the profit is open: a success, a success, and a shrug. (The truth behind the shrug: {{gift_truth * 100:.0f}} cents a customer, nearly nothing.) Which of them is *the* result? That depends on what the campaign was for, and it has to be written down before the start:
#
# | goal | it wants | the number that decides | and beside it |
# |---|---|---|---|
# | **engage** | customers who come again | more customers who came, of 100 sent | what each of them cost |
# | **sell** | money | profit per customer, after pull-forward | probability of loss |
# | **inform** | customers who know | more customers who know it, asked in both groups | price of a contact |
#
# As a campaign to *engage*, the gift did what it should, at a price: gifts and letters cost €{{price:.0f}} for each additional customer who came (€{{cheapest:.0f}} to €{{dearest:.0f}}). Is a visit worth that? Perhaps, if the customer stays; then say so beforehand. As a campaign to *sell*, it is not proven. A campaign to *inform*, such as a printed magazine, is not a failure because nobody bought, but receipts cannot say what it has taught. In the table of campaigns two columns wait for the answer, `goal` and `primary_metric`.
#
# ## Significant and losing, insignificant and worth repeating
#
# The voucher of Part A was significant and lost. The opposite exists too. The buyer of face care wants 20 % off her shelf, and gets a small pilot: 2,000 customers with, 2,000 without.

# %%
plan, next_plan = january.draw_pilots("category_discount")
pilot, later = january.world.run(plan, campaign_id="face_pilot", days=14, post=28)
tables = pilot.contacts, pilot.outcomes
first = campaign_money(*tables, january.world.offers, rollout=40_000)
pilot_lift = measure_lift(*tables, "sales")
told = pd.concat([pilot_lift.to_frame(), first.profit.to_frame()])
told.set_axis(["sales", "profit"])[["effect", "low", "high", "p"]].astype(float).round(2)

# %% tags=["verify"]
assert pilot_lift.low < 0 < pilot_lift.high and first.profit.low < 0 < first.profit.high and first.profit.effect < 0
assert first.testing.worth_it

# %% [markdown]
# Zero lies inside both intervals. *"Not significant, forget it"*, says the agency, which would rather sell vouchers.
#
# Wait. If the offer goes out, it goes to 40,000 customers. Fifty cents more or less are €20,000, and the pilot cannot tell them apart. So we ask for the **value of testing** once more: what is it worth to know better before we decide? A new test has a value only if it could change the decision.
#
# By hand: imagine all the profits that fit what we saw. For each of them imagine a second pilot, pool the two, and send only if the pooled number is above zero. How much better is that, on average, than to forget the offer now?

# %%
from loyalty.tasks.t34.january import imagine_second_test

worlds = imagine_second_test(first.profit)  # a million worlds
gain = worlds.true.where(worlds.pooled > 0, 0).mean() - max(first.profit.effect, 0)
print(f"worth €{40_000 * gain:,.0f} (helper: €{first.value_of_testing:,.0f})")
print(f"it costs €{first.testing.cost:,.0f}")

# %% tags=["verify"]
assert abs(40_000 * gain / first.value_of_testing - 1) < 0.03

# %% [markdown]
# The second pilot is worth much more than it is expected to lose (some customers get an offer that looks slightly bad). So: *test once more*. In {{(worlds.pooled <= 0).mean():.0%}} of the imagined cases the two together still say no, and then we stop. In the others the pilot finds an offer worth thousands, and that is what we pay for. Let us do it, with 4,000 other customers, six weeks later.

# %%
again = later.run(next_plan, campaign_id="face_again", days=14, post=28)[0]
tables = again.contacts, again.outcomes, january.world.offers
repeat = campaign_money(*tables, rollout=40_000)

# %%
found = pd.concat([first.profit.to_frame(), repeat.profit.to_frame()])
pilots = found[["effect", "low", "high"]].astype(float)
pilots.index = ["first pilot", "second pilot"]
together = (first.profit.effect + repeat.profit.effect) / 2
se = (first.profit.se**2 + repeat.profit.se**2) ** 0.5 / 2
pilots.loc["both"] = [together, together - 1.96 * se, together + 1.96 * se]

# %%
from loyalty.tasks.t34.pictures import draw_pilots

effects = january.world.truth.effect("category_discount", days=14, post=28)
true = effects.profit.mean()  # expected, all 40,000 customers
ax = draw_pilots(pilots, true, "After two small pilots the answer is still out")

# %% tags=["verify"]
assert pilots.low.lt(0).all() and pilots.high.gt(0).all() and together < 0 < true and (pilots.high > true).all()

# %% [markdown]
# Both together: {{say_euros(together)}} ({{say_euros(pilots.low["both"])}} to {{say_euros(pilots.high["both"])}}). Still open. And the truth? €{{true:.2f}} a customer, and €{{true * 40_000:,.0f}} for the whole chain: a good offer, which two pilots could not see. That is no fault of the rule. It said what the next test is worth, not that it will succeed. Is a third one worth its price, as large as these two together?

# %%
from loyalty.evaluate.money import value_test

third = value_test(together, se, rollout=40_000, n_treated=4_000, n_control=4_000)
print(f"a third pilot is worth €{third.sample:,.0f}; expected to lose €{third.cost:,.0f}")

# %% tags=["verify"]
assert third.worth_it and third.sample > 5 * third.cost

# %% [markdown]
# Yes, and by far. The advice to Marta is neither "it works" nor "it does not", but "we do not know yet, and knowing is cheap". A larger test would have been the better first one; how large stands in [Design the test](32_design_the_test.ipynb).
#
# ## What we learned
#
# - A **profit and loss** compares everybody sent with everybody left out: margin, less rewards, points and contact. Its interval comes from one profit per customer. The voucher of the slide, €{{slide:.0f}} a head, lost €{{abs(by_hand):.2f}} a customer, and the truth was −€{{abs(truth):.2f}}.
# - In truth {{used.would_have_come.mean() * 100:.0f}} of 100 vouchers went to **natural buyers**. Judging by control, we had counted {{anyway * 100:.0f}} of 100 buyers. To reach the **break-even** it would have had to add €{{point.sales:.2f}} of sales a customer; it added €{{gap.sales:.2f}}.
# - Earned, lost or open, with the **probability of loss**. For the open ones the **value of testing** says what to do next: above its price, test once more.
# - A window that ended with the campaign said *earned*; **pull-forward** took about half of the true profit back. The same points *earned* at no cost, and had to *stop* at face value. The right price counts the points that nobody spends, the **breakage**. And the goal, named before, says which number decides.
#
# ## What could still be wrong
#
# - We counted 28 days after the campaign. In this world all is paid back by then; in yours, customers may stock up for a quarter.
# - Prices in this world are without value-added tax. On your receipts it is usually inside; take it off before you call anything a margin.
# - The break-even keeps all costs as they were. Each additional buyer brings some more.
# - The probability of loss starts from "we knew nothing before". If you have a history of such offers, you know more, and should use it.
# - The value of testing takes the next test to measure the same effect. Seasons change, and customers tire.
# - One offer in one world. Its margin of 30 cents of a euro, and that 93 of 100 come anyway, is how we made this chain; count your own.
#
# ## Use it on your data
#
# `campaign_money(contacts, outcomes, offers)` from `loyalty.evaluate.money`, or the whole report from two tables, two dates and a margin rate:
#
# `python3 workshop.py run campaign_report --data receipts=till.csv --data contacts=list.xlsx --columns columns.yml --set start=2026-03-02 --set end=2026-03-30 --set margin_rate=0.30 -o report.html`

# %% [markdown]
# [[links]]
