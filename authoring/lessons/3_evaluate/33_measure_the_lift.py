# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Measure the lift
#     question: What did it really change?
#     part_a: 25
#     part_b: 64
#     know_first: ["32"]
#     module: loyalty.evaluate.lift
#     test: helpers/tests/evaluate/lift/test_measure.py::test_redeemers_look_golden_and_the_others_pay_for_it
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - see what "those who used it against the control group" really compares, and meet the **redeemer**
# - measure the **lift (campaign)** by **intention to treat**, with its **confidence interval**: by hand, by shuffling, by one function
# - read a **p-value**, and say when a result is **open**
# - in Part B: sharpen a result by **pre-period adjustment**, choose the right unit with the **delta method**, stay calm before many numbers (**multiple-testing correction**, **winner's curse**), and hold **guardrails** (**non-inferiority**)

# %% [markdown]
# ## Ten percent off
#
# On 1 March 2025 the chain wrote to three quarters of its customers: *"Ten percent off everything, for two weeks"*. A lottery chose them. The last quarter got nothing; they are the control group.
#
# The letter went by e-mail, and some addresses were dead. Most of these belong to customers who have not been seen for half a year. Ines keeps the list. After the lottery and before the sending she tested **all** addresses, also those of the control group, and wrote the result into the list. She drew nobody anew.
#
# The next cell makes the chain and sends the mailing; that takes about five seconds. It gives two tables. `contacts` says who was drawn for what. `outcomes` says what each customer did in the four weeks before, the four weeks during and the four weeks after.

# %%
from loyalty.tasks.t33.spring import send_spring

spring = send_spring()
world, contacts, outcomes = spring.world, spring.contacts, spring.outcomes
contacts.groupby("arm").address_works.agg(customers="size", address_works="mean").round(3)

# %% tags=["verify"]
profile = spring.profile
assert len(contacts) == 20_000 and contacts.groupby("arm").address_works.mean().between(0.77, 0.83).all()
assert profile.customer_id.equals(contacts.customer_id)
assert f"{world.end:%d %B %Y}" == "01 March 2025"
assert (profile.recency_days.isna() | (profile.recency_days > 180))[~contacts.address_works].mean() > 0.7

# %% [markdown]
# Four of five addresses work, in both groups alike.
#
# Now it is Monday, four weeks later. Marta runs the loyalty programme, and she has a slide:

# %%
from loyalty.charts import house_style
from loyalty.tasks.t33.pictures import draw_slide

house_style()
people = outcomes.merge(contacts[["customer_id", "arm", "delivered", "address_works"]])
march = people[people.window == "main"]
sent, control = march[march.arm == "voucher"], march[march.arm == "control"]
redeemers = sent[sent.redeemed == 1]
ax = draw_slide(redeemers.sales, control.sales)

# %% tags=["verify"]
slide = redeemers.sales.mean() - control.sales.mean()
told = len(redeemers) * slide

# %% [markdown]
# The board loves it. Marta multiplies her gap by all who used the voucher and reports €{{told:,.0f}} of new sales. Jonas has to pay for the next voucher, and he asks us to sign the slide.
#
# Marta's arithmetic is right. We look at her comparison. But first your bet:
#
# **How many euros more did a customer spend in these four weeks because we drew him for the voucher?** Take the average over everybody whom we drew, users or not. Marta spreads her money over all of them and bets €{{told / len(sent):.2f}}.

# %%
from loyalty.tasks import predict, reveal

predict("33-bet", ...)  # your bet in euros, in the place of the dots

# %% [markdown]
# ## May we compare at all?
#
# We look at the lottery twice before we look at any lift. Afterwards nobody wants to know. First: are they all there? We planned a quarter for the control group. If only a fifth had come, some people would have fallen out on the way. (This is the test of [lesson 32](32_design_the_test.ipynb).)

# %%
from loyalty.evaluate.design import check_balance, check_sample_ratio

shares = {"control": 0.25, "voucher": 0.75}
print(check_sample_ratio(contacts, shares).sentence())

# %% [markdown]
# They are. Second: were the two groups alike on the evening *before* the letter?

# %%
known = ["recency_days", "frequency", "monetary", "tenure_days", "online_share"]
balance = check_balance(contacts, spring.profile, covariates=known)
ax = balance.plot(source="loyalty.world, seed 33")

# %% tags=["verify"]
ratio = check_sample_ratio(contacts, shares)
assert not ratio.alarm and 0.4 < ratio.p < 0.6 and not balance.warnings and balance.p > 0.05
assert (balance.table.difference.abs() < 0.05).all()

# %% [markdown]
# All differences are tiny; they lie in the grey band of what chance makes. (`recency_days is empty` means: never bought yet.) From now on only two things can set the groups apart: the letter, or luck.
#
# ## Who uses a voucher?
#
# Marta took one part of the drawn customers and compared it with *all* of the control group. We ask her groups one more question. What did the same people spend in February, before there was a voucher?

# %%
import numpy as np

from loyalty.tasks.t33.pictures import draw_two_months

february = people[people.window == "pre"].set_index("customer_id").sales
sides = [march.arm == "control", march.redeemed == 1]
group = np.select(sides, ["control", "used it"], "drawn, did not use it")
months = march.assign(february=march.customer_id.map(february), march=march.sales, group=group)
ax = draw_two_months(months)

# %% tags=["verify"]
groups = months.groupby("group")[["february", "march"]].mean()
early = groups.february["used it"] - groups.february["control"]
idle = groups.march["drawn, did not use it"] - groups.march["control"]
assert early > 15 and idle < -1.5 and 1.9 < groups.february["used it"] / groups.february["control"] < 2.3

# %% [markdown]
# A customer who uses an offer is called a **redeemer**. The later redeemers spent twice as much as the control group already in February, without any voucher. You have to come to the shop to use one. So "used it" means "came", and most of those who came would have come anyway. The control group holds everybody, also the people who stayed at home.
#
# Now look at the blue bars. Those who did *not* use the voucher spent **less** than the control group. Did the voucher hurt them? Of course not. The slide sorts people into those who came and those who did not. Then it admires that they differ.
#
# ## Everyone we drew
#
# A fair comparison takes **everyone we drew for the voucher**. It does not ask whether the e-mail arrived or whether somebody used it. It compares them with everyone we left out. The lottery made these two groups alike, and nothing that people did later can change who is in them. This is called **intention to treat**. What it finds is the **lift** of the campaign. By hand:

# %%
gap = sent.sales.mean() - control.sales.mean()
se = np.sqrt(sent.sales.var() / len(sent) + control.sales.var() / len(control))
low, high = gap - 1.96 * se, gap + 1.96 * se
print(f"€{gap:.2f}  (€{low:.2f} to €{high:.2f}) per customer drawn")

# %% tags=["verify"]
idlers = len(sent) - len(redeemers)
assert abs((told + idlers * idle) / len(sent) - gap) < 1e-9
assert told / len(sent) > high

# %% [markdown]
# **€{{gap:.2f}}** for each customer drawn. `se` is the standard error from the last lesson: how far luck alone moves such a gap. We take 1.96 of them to each side and get the 95 % **confidence interval**. Every lift inside it fits what we saw. Marta's bet does not lie inside.
#
# Where is the rest of her money? She counted the plus of those who used the voucher and left out the minus of the others. If you add both, her total becomes ours. So this is the sentence to take home:
#
# > **Everyone we drew counts. A customer who bought nothing counts as zero.**
#
# But is it more than luck? Suppose the voucher did nothing. Then "voucher" and "control" are only labels, and we may shuffle them like cards. We deal them a thousand times and look at the gaps that chance alone makes.

# %%
from loyalty.tasks.t33.pictures import draw_dealings


def deal(sales, n, draws=1_000):
    """Gaps of mean sales; the first n of all shuffled customers are called "voucher"."""
    rng = np.random.default_rng(33)
    shuffles = (rng.permutation(sales) for _ in range(draws))
    return np.array([mixed[:n].mean() - mixed[n:].mean() for mixed in shuffles])


chance = deal(march.sales.to_numpy(), len(sent))
ax = draw_dealings(chance, gap)

# %% tags=["verify"]
assert (np.abs(chance) >= gap).sum() == 0 and abs(chance.std() / se - 1) < 0.1

# %% [markdown]
# No dealing of a thousand makes a gap as large as ours, up or down. Luck alone hardly made it. The **p-value** is just this share: how often chance alone makes a gap at least as large as the one we saw. The helper finds it without cards, for the sales and for the share of customers who bought at all:

# %%
from loyalty.evaluate.lift import measure_lift
from loyalty.text import say_p

lift = measure_lift(contacts, outcomes, "sales")
buyers = measure_lift(contacts, outcomes, "responded")
for found in (lift, buyers):
    print(f"{found.sentence('€')} {say_p(found.p)}")

# %% tags=["verify"]
assert abs(lift.effect - gap) < 1e-9 and abs(lift.low - low) < 0.01
assert buyers.low > 0 and buyers.p < 0.01 and not lift.warnings and not buyers.warnings

# %% [markdown]
# The same lift and the same interval as by hand. (*Assigned* is the helper's word for *drawn*; `responded` means: bought something.) Both p-values are small, and zero lies outside both intervals. If zero lies inside, we call a result **open**: nobody knows yet whether there is an effect.
#
# The voucher moves people. Whether it pays, we ask in a minute.
#
# ## "But many never got it!"
#
# Marta takes it well, and she has another idea: *"One e-mail in five never arrived. It cannot have done anything. Let us compare only the people whom we reached."*

# %%
from loyalty.stats import compare_means

reached = sent[sent.delivered.astype(bool)]
second_slide = compare_means(reached.sales, control.sales, estimand="reached, all of control")
second_slide

# %% [markdown]
# More than twice our number, and nobody had to use a voucher for it! It is the same trap again. The dead addresses belong mostly to people who have left. Marta took them out of one group, and people of the same kind are still in the other. The p-value is splendid all the same: it measures luck, and it does not know whether a comparison was fair.
#
# We may leave out dead addresses, but then in **both** groups, by something that the letter cannot have changed. Ines has that column:

# %%
works = contacts[contacts.address_works]
lift_works = measure_lift(works, outcomes, "sales")
lift_works

# %% tags=["verify"]
dead_sent = sent[~sent.address_works].sales.mean()
assert second_slide.effect > 2 * lift.effect and second_slide.p < 1e-20
assert second_slide.low > lift_works.effect and dead_sent < 0.4 * control.sales.mean()
assert 0.18 < 1 - sent.delivered.mean() < 0.25

# %% [markdown]
# This number is good too. It answers another question: what does the letter do to people who can get it? Our first number says what *this mailing to this list* did. Next time Ines will test the addresses before the draw, and then both numbers are the same.
#
# ## Did it earn?
#
# Sales are not profit. Most of a euro goes to the supplier, and many customers got ten percent off what they would have bought anyway. The next lesson counts this line by line. Here you see only its last line, the profit per customer drawn, in the four weeks and the four after them:

# %%
from loyalty.evaluate.money import campaign_money

money = campaign_money(contacts, outcomes, world.offers)
print(f"€{money.profit.effect:.2f}  (−€{-money.profit.low:.2f} to €{money.profit.high:.2f})")

# %% tags=["verify"]
assert money.verdict == "open" and money.profit.effect > 0 > money.profit.low

# %% [markdown]
# Cents, not euros, and zero lies inside: the profit is open. Perhaps the voucher earned a little, perhaps it lost a little.
#
# ## The truth
#
# In this world we know both lives of every customer, with the letter and without. So we know what it really changed, and how good your bet was:

# %%
from loyalty.tasks.t33.spring import tell_spring

gain = tell_spring().to_numpy()  # euros that the letter brought, customer by customer
ends = {"low": lift.low, "high": lift.high}
reveal("33-bet", estimate=lift.effect, **ends, truth=gain.mean(), unit="€")

# %% [markdown]
# The truth about all customers lies in our interval, as it does in about 95 of 100 campaigns. And the other comparisons? Each diamond below belongs to the people of its own row.

# %%
from loyalty.tasks.t33.pictures import draw_beside_truth

found = {"used the voucher": compare_means(redeemers.sales, control.sales)}
found |= {"reached by e-mail": second_slide, "with a working address": lift_works}
found |= {"everyone drawn": lift}
members = [redeemers, reached, works, contacts]
truths = [gain[contacts.customer_id.isin(who.customer_id)].mean() for who in members]
title = "Two slides miss the truth, two comparisons hold it"
ax = draw_beside_truth(found, truths, title, wrong=2)

# %% tags=["verify"]
from loyalty.evaluate.lift import unmask_redeemers

unmasked = unmask_redeemers(contacts, outcomes)
inside = [one.low < truth < one.high for one, truth in zip(found.values(), truths, strict=True)]
assert abs(unmasked.effect["redeemers"] - slide) < 1e-9 and abs(unmasked.effect["all assigned"] - gap) < 1e-9
assert inside == [False, False, True, True] and 3.5 < slide / truths[0] < 4.5
assert gain[contacts.customer_id.isin(sent.customer_id[sent.redeemed != 1])].mean() > 1
assert 2.5 < lift.effect < 3.5

# %% [markdown]
# The redeemers really spent €{{truths[0]:.2f}} more because of the voucher; the slide had claimed four times that, and the rest they would have spent anyway. Those who did *not* use it spent more too, not less. Jonas signs: *"The voucher raised sales by about €3 per customer drawn (€{{lift.low:.1f}} to €{{lift.high:.1f}}). Whether it earned is open."*

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/33_measure_the_lift.ipynb), at least 33a and 33b. What follows is for self-study: nine pieces of about seven minutes. Run all cells, and read the pieces that you need.
#
# | piece | read it when |
# |---|---|
# | per customer, per receipt, per line | somebody reports the average receipt |
# | one number decides, two must not be hurt | several numbers are measured at once |
# | most customers spend nothing | somebody doubts the interval |
# | sharper with the past | your interval is too wide (for 33d) |
# | five letters, one control group | you sent more than one offer |
# | in which store does it work best? | somebody asks for the best store, region or segment |
# | where an interval cannot hold | the control group is small, or hardly anybody buys |
# | when a few customers decide | a result warns of a heavy tail |
# | real people | you do not trust simulated ones |
#
# Some words that you will meet in reports: dealing the labels anew is a **permutation test**. The interval that we made by hand, each group with its own spread, is **Welch's** interval. A result is called *significant* when its p-value is below 0.05; for a mean that is when the 95 % interval leaves out zero.
#
# ---

# %% [markdown]
# ## Per customer, per receipt, per line
#
# The agency that wrote the e-mail has looked at the receipts, line by line.

# %%
lines = spring.receipts.merge(contacts[["customer_id", "arm"]], on="customer_id")
line_sales = [lines.sales[lines.arm == arm] for arm in ("voucher", "control")]
by_line = compare_means(*line_sales, estimand="per line, as if each were a customer")
by_line

# %% tags=["verify"]
assert by_line.high < 0 and abs(lines.sales.sum() - march.sales.sum()) < 0.01
more = lines.groupby("arm").size() / march.groupby("arm").size()
assert more["voucher"] > more["control"]

# %% [markdown]
# *"A line on the receipt sells for €{{abs(by_line.effect):.2f}} **less** with the voucher. It drives sales down!"* The arithmetic is right again. Of course a line is cheaper at ten percent off. But a customer with the voucher buys more lines: {{more["voucher"]:.2f}} in the four weeks, against {{more["control"]:.2f}}. The lottery drew customers, so the customer is the **unit of analysis**. A line is what the customer did.
#
# There is a second fault in the agency's number, and it is harder to see. It counts {{len(lines):,}} lines as if they were independent observations. But a customer who buys expensive goods does so line after line. Let us deal the labels again, customer by customer, and watch how far the *price per line* moves by chance.

# %%
from loyalty.tasks.t33.lotteries import deal_prices

lines_of = lines.groupby("customer_id").size().reindex(march.customer_id, fill_value=0)
counted = march.assign(lines=lines_of.to_numpy())
ratios = deal_prices(counted, len(sent))
print(f"standard error: the agency's €{by_line.se:.3f}, by dealing €{ratios.std():.3f}")

# %% [markdown]
# The agency's is too small. In this chain the fault is modest, because the lines of one customer are not very alike. Where they are alike, it is large.
#
# If you really need a ratio (the average receipt, the price of a line), the **delta method** gives its error without any dealing. Each customer gets one number: *what he spent, less what his lines would have cost at the group's average*. This number has an ordinary standard error. Divide it by the lines of an average customer, and you have the error of the ratio.


# %%
def value_ratio(group):
    """Sales per line of a group of customers, and its standard error by the delta method."""
    ratio = group.sales.sum() / group.lines.sum()
    beyond = (group.sales - ratio * group.lines) / group.lines.mean()
    return ratio, beyond.std() / np.sqrt(len(group))


price, error = value_ratio(counted[counted.arm == "voucher"])
price_control, error_control = value_ratio(counted[counted.arm == "control"])

# %%
from loyalty.text import say_euros

by_hand = price - price_control
per_line = measure_lift(counted, outcome="sales", per="lines")
print(f"by hand {say_euros(by_hand, 3)}, standard error €{np.hypot(error, error_control):.4f}")
print(f"helper  {say_euros(per_line.effect, 3)}, standard error €{per_line.se:.4f}")

# %% tags=["verify"]
assert abs(by_hand - per_line.effect) < 1e-9
assert abs(np.hypot(error, error_control) / per_line.se - 1) < 0.001
assert by_line.se < 0.95 * per_line.se and by_line.se < ratios.std() and abs(ratios.std() / per_line.se - 1) < 0.08

# %% [markdown]
# By hand and by the helper the same, and the agency's error is {{1 - by_line.se / per_line.se:.0%}} too small. (Dealing mixes the groups, so it lies between.) And the average receipt?

# %%
per_order = measure_lift(contacts, outcomes, "sales", per="orders")
print(per_order.sentence("€"))

# %% tags=["verify"]
assert per_order.open

# %% [markdown]
# The average receipt leaves everything open, while sales per customer rose by {{lift.relative:.0%}}. The voucher changes how often people come, and so it changes the *denominator* too. If a campaign moves the denominator of a ratio, the ratio is no measure of success. It is a description.

# %% [markdown]
# ## One number decides, two must not be hurt
#
# Sales rose. *"And the margin?"* asks Ines. *"And all the points that we now owe?"* Marta is prepared. Before the start she wrote three lines:
#
# 1. **Sales** per customer decide (the **primary metric**).
# 2. The margin may fall by at most €0.50 per customer.
# 3. The points issued may rise by at most 3 per customer.
#
# Lines 2 and 3 are **guardrails**: they need not become better, but they must not become much worse. How do we judge them? The usual way is to look for a fall, and to be glad if none is significant. Let us try this with only the first 300 customers of the list:

# %%
few = contacts.head(300)
small = measure_lift(few, outcomes, "margin")
print(f"{say_euros(small.effect)}  ({say_euros(small.low)} to {say_euros(small.high)})")
print("a significant fall:", small.high < 0)

# %% tags=["verify"]
assert small.low < -0.5 < small.high and small.open

# %% [markdown]
# No significant fall. But the interval goes down to {{say_euros(small.low)}}: with 300 customers even a fall {{small.low / -0.5:.0f}} times as large as Marta allows could hide in it. A test that is small enough never finds any harm.
#
# So turn the question round. Not *"do we see a fall?"*, but *"can we rule out a fall of more than 50 cents?"* We can if the **whole interval** lies above −€0.50. The name for this is a test of **non-inferiority**. Now with all customers:

# %%
from loyalty.evaluate.lift import measure_with_guardrails

limits = {"margin": -0.50, "points_issued": 3}
guarded = measure_with_guardrails(contacts, outcomes, primary="sales", guardrails=limits)
print(guarded.sentence())
guarded.to_frame()[["role", "outcome", "effect", "low", "high", "limit", "verdict"]].round(2)

# %% tags=["verify"]
rows = guarded.to_frame().set_index("outcome")
assert rows.verdict.to_dict() == {"sales": "better", "margin": "holds", "points_issued": "not shown"}
assert guarded.decide() == "open" and rows.low["margin"] < 0
assert 0 < rows.low["points_issued"] < rows.effect["points_issued"] < 3 < rows.high["points_issued"]

# %%
ax = guarded.plot()
# %% [markdown]
# The margin's interval begins at {{say_euros(rows.low["margin"])}}. That is above the limit, so this guardrail holds, although nobody has shown that the margin rose. The points are another matter. They rose by {{rows.effect["points_issued"]:.1f}} per customer, but it may have been {{rows.high["points_issued"]:.1f}}, and that is beyond the limit. The guardrail is not broken, and it is not shown to hold. *"It looks fine"* was not the rule. So Marta waits: she measures these points once more with the next wave, before everybody gets the letter.
#
# Three rules keep this honest:
#
# - **Fix the limits before the start.** A limit that is chosen afterwards always holds.
# - **All guardrails must hold**, so their p-values need no correction. Each one more makes it harder to pass, not easier.
# - Everything else that you look at (`secondary=[...]`) is corrected by Holm and decides nothing.
#
# "Holds" speaks of sales margin per customer, before the costs of the campaign. Whether the letter *earned* is the question of [the next lesson](34_lift_in_money.ipynb).
#
# ## Most customers spend nothing
#
# {{(march.sales == 0).mean():.0%}} of the customers bought nothing in March, and a few spent hundreds. The formula by hand was made for numbers that spread like a bell curve. Does it hold for such a shape? Ask the data: draw each group anew *from its own customers*, with replacement, and see how the gap moves. That is the **bootstrap**.

# %%
rng = np.random.default_rng(33)
ours, theirs = sent.sales.to_numpy(), control.sales.to_numpy()


def redraw():
    """The gap when each group is drawn anew from its own customers."""
    return rng.choice(ours, len(ours)).mean() - rng.choice(theirs, len(theirs)).mean()


again = [redraw() for _ in range(1_000)]
print("by hand: €{:.2f} to €{:.2f}".format(*np.quantile(again, [0.025, 0.975])))

# %%
import pandas as pd

ways = {}
for interval in ("percentile", "bootstrap", "welch"):
    way = measure_lift(contacts, outcomes, "sales", interval=interval)
    ways[way.method] = {"effect": way.effect, "low": way.low, "high": way.high}
pd.DataFrame(ways).T.round(2)

# %% tags=["verify"]
ends = pd.DataFrame(ways).T
ends.loc["by hand"] = [gap, *np.quantile(again, [0.025, 0.975])]
assert np.ptp(ends.low) < 0.2 and np.ptp(ends.high) < 0.2

# %% [markdown]
# Four ways, and they agree within {{100 * max(np.ptp(ends[end].round(2)) for end in ("low", "high")):.0f}} cents. The customers do not spread like a bell, but the *mean* of thousands of them nearly does, unless a few very large customers dominate it. Then the helper warns of a heavy tail. ("Bootstrap-t" is the careful kind: it draws the standard error anew as well.) So take the formula, and keep the bootstrap for the day on which somebody doubts it.
#
# ## Sharper with the past
#
# Much of the spread between customers has nothing to do with March: people who spend much in February spend much in March. Subtract what the past predicts, and what is left varies less. How much does it predict? We learn it from months in which nothing happened: February on January.


# %%
def spend(first, last):
    """Euros of each customer in a window of days before the campaign, such as (-28, 0)."""
    start, end = (world.end + pd.Timedelta(days=days) for days in (first, last))
    window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < end)]
    sums = window.groupby("customer_id").sales.sum()
    return sums.reindex(march.customer_id, fill_value=0).to_numpy()


january, past = spend(-56, -28), spend(-28, 0)
slope = np.polyfit(january, past, 1)[0]

# %%
rest = march.sales - slope * (past - past.mean())
quiet = compare_means(rest[march.arm == "voucher"], rest[march.arm == "control"])
print(f"slope {slope:.2f}: €{quiet.effect:.2f}  (€{quiet.low:.2f} to €{quiet.high:.2f})")

# %% [markdown]
# The slope says: a customer who spent a euro more in January spent €{{slope:.2f}} more in February. ("March" are its first four weeks all along, "February" the four weeks before them and "January" the four before these.) The helper with this slope returns the same. Without it, it learns a slope in each group. You may also give it a longer past, here the 364 days before the start.

# %%
year = contacts.assign(year=spend(-364, 0))
sharp = {
    "plain": lift,
    "February, slope known": measure_lift(contacts, outcomes, before="sales", slope=slope),
    "February": measure_lift(contacts, outcomes, before="sales"),
    "a year": measure_lift(year, outcomes, before="year"),
}

# %%
table = pd.concat([one.to_frame() for one in sharp.values()]).set_index(pd.Index(sharp))
table["variance saved"] = [f"{one.details.get('saving', 0):.0%}" for one in sharp.values()]
table[["effect", "low", "high", "variance saved"]].round(2)

# %% tags=["verify"]
known_slope, month, long = list(sharp.values())[1:]
assert abs(known_slope.effect - quiet.effect) < 1e-9 and abs(known_slope.low - quiet.low) < 1e-6
assert 0.1 < month.details["saving"] < long.details["saving"] < 0.4
assert all(one.low < gain.mean() < one.high for one in sharp.values())
assert long.effect < lift.effect

# %% [markdown]
# A month of the past saves {{month.details["saving"]:.0%}} of the variance, a year {{long.details["saving"]:.0%}}. That is as if the campaign had had {{1 / (1 - long.details["saving"]) - 1:.0%}} more customers, and it costs nothing but a column. Keep two things in mind. The column must lie *before* the start: a column that the campaign itself has changed takes away a part of the effect. And do not choose the version whose number you like best: write down before the start which one decides.
#
# This time the sharper answers lie lower, and the plain one happens to be nearest to the truth (€{{gain.mean():.2f}}). Is sharpening a bad idea then? One campaign cannot tell. But in this world we know both lives of everybody, so we can draw the same lottery five hundred times.

# %%
from loyalty.tasks.t33.lotteries import repeat_lottery

labels = (march.arm == "voucher").to_numpy()
without = march.sales.to_numpy() - gain * labels  # everybody's March without a letter
lotteries = repeat_lottery(without, gain, labels, known=slope * (past - past.mean()))
lotteries.agg(["mean", "std"]).round(2)

# %% tags=["verify"]
spread = lotteries[["plain", "sharpened"]].std()
assert (lotteries[["plain", "sharpened"]].mean() - gain.mean()).abs().max() < 0.1
assert 0.1 < 1 - (spread["sharpened"] / spread["plain"]) ** 2 < 0.3 and lotteries["holds the truth"].mean() > 0.93

# %% [markdown]
# Both are right on average (the truth is €{{gain.mean():.2f}}), and the sharpened one varies less: €{{spread["sharpened"]:.2f}} instead of €{{spread["plain"]:.2f}} (`std`). It is better in the long run and not in every single campaign. And the last column keeps the promise of the interval: in {{lotteries["holds the truth"].sum()}} of 500 lotteries, {{lotteries["holds the truth"].mean():.0%}}, it holds the truth about these customers (with 500 lotteries 93 to 97 % would be no surprise).
#
# ## Five letters, one control group
#
# Only a simulated world can go back to the same morning. So we do: this time Marta sends five different letters on the same day and leaves one quarter out. The list is clean, and nearly all letters arrive.

# %%
from loyalty.evaluate.design import assign_arms

offers = ["basket_discount", "bonus_points", "gift", "reminder", "magazine"]
shares = {"control": 0.25} | dict.fromkeys(offers, 0.15)
five = assign_arms(world.customers, shares, salt="five letters").contacts
contest, _ = world.run(five, campaign_id="five", days=28)
arms = measure_lift(contest.contacts, contest.outcomes, "sales")
arms.to_frame()[["arm", "effect", "low", "high", "p", "p_adjusted"]].round(3)

# %% tags=["verify"]
five_truth = world.truth.lift(contest).sales.unstack().main
shown = arms.to_frame().set_index("arm")
lucky = without[(five.arm == "control").to_numpy()].mean() - without.mean()
assert contest.contacts.delivered.mean() > 0.95
assert (shown.p > 0.05).all() and shown.p.idxmin() == "gift" == shown.effect.idxmax() and shown.p.min() < 0.07
assert five_truth.idxmax() == "basket_discount" and five_truth["magazine"] == 0
assert ((shown.low < five_truth[shown.index]) & (five_truth[shown.index] < shown.high)).all()
assert (shown.effect < five_truth[shown.index]).all() and not arms.warnings
assert lucky > 0.5

# %% [markdown]
# The gift leads with €{{arms.best().effect:.2f}}, p = {{arms.best().p:.2f}}. *"Nearly significant!"* But five questions are five chances to be fooled. How large are they? Five letters that change nobody, and a thousand lotteries:

# %%
from loyalty.tasks.t33.lotteries import count_fools

raw, corrected = count_fools(without, five.arm)
print(f"at least one of five looks significant: {raw:.0%} of lotteries")
print(f"with Holm's correction: {corrected:.0%}")

# %% tags=["verify"]
assert 0.12 < raw < 0.24 and corrected < 0.06

# %% [markdown]
# Not in 5 but in {{raw * 100:.0f}} of 100 campaigns something would look significant although nothing works. Holm's **multiple-testing correction** (`p_adjusted`) brings that back to {{corrected * 100:.0f}}, and the gift's p = {{arms.best().p:.2f}} becomes {{arms.best().p_adjusted:.2f}}. Beside the truth:

# %%
letters = {one.arm: one for one in arms.results}
truth = world.truth.lift(contest).sales.unstack().main[list(letters)]
title = "Five letters of 3,000 customers cannot be ranked"
ax = draw_beside_truth(letters, truth.tolist(), title)

# %% [markdown]
# The truth lies in all five intervals, and still the order is wrong. The gift leads and is in truth third. The voucher, which we know to work from 15,000 customers, looks like nothing with {{arms.results[0].n_treated:,}}. Open does not mean *no effect*; it means that this test was too small to tell.
#
# One thing more: all five estimates lie *below* their truth. They share one control group, and this one was a little lucky: without any letter its customers would have spent €{{lucky:.2f}} more than the average customer. That luck is in all five. No correction takes it away; only a larger control group makes it smaller.

# %% [markdown]
# ## In which store does it work best?
#
# Back to the voucher. A regional manager asks the most natural question of all: *"And in my store?"* We know each customer's home store.

# %%
store = "store " + world.customers.home_store.astype(str)
stores = measure_lift(contacts.assign(store=store), outcomes, "sales", by="store")
ranked = stores.to_frame().set_index("segment").sort_values("effect", ascending=False)
columns = ["n_control", "effect", "low", "high", "p", "p_adjusted", "shrunken"]
ranked[columns].iloc[[0, 1, 2, -2, -1]].round(2)

# %% tags=["verify"]
from loyalty.tasks.t33.spring import expect_spring

expected = expect_spring()
store_truth = expected.groupby(store).mean()
assert (ranked.p < 0.05).sum() >= 2 and (ranked.p_adjusted >= 0.05).all() and len(ranked) == 40
assert ranked.low.iloc[0] > 0 and ranked.effect.iloc[0] > 2 * store_truth.max() and ranked.effect.iloc[-1] < -3
assert stores.details["p_differ"] > 0.85 and ranked.shrunken.std() < 0.01 and store_truth.min() > 1

# %% [markdown]
# *{{ranked.index[0].capitalize()}}*: +€{{ranked.effect.iloc[0]:.2f}}, "significant" (p = {{ranked.p.iloc[0]:.2f}}), {{ranked.effect.iloc[0] / lift.effect:.1f}} times the chain's lift. Send more there! And must {{ranked.index[-1]}} stop at once, with −€{{abs(ranked.effect.iloc[-1]):.2f}}?
#
# Of the forty stores {{(ranked.p < 0.05).sum()}} are "significant", and after the correction (Benjamini–Hochberg, for segments) none is. Each store is much too small for an answer of its own. And the manager's question was another one. He does not ask whether the voucher works, but whether it works *better in his store*. Do the stores differ at all? p = {{stores.details["p_differ"]:.2f}}: chance alone would nearly always make them differ at least this much, so nothing speaks for it. So the helper pulls every store to one common value, €{{ranked.shrunken.mean():.2f}}: the last column, the **shrinkage**. The truth, once for all forty:

# %%
from loyalty.tasks.t33.pictures import draw_stores
from loyalty.tasks.t33.spring import expect_spring

true_of = expect_spring().groupby(store).mean()
ax = draw_stores(ranked, true_of[ranked.index].to_numpy())

# %% [markdown]
# In truth the stores lie between €{{true_of.min():.2f}} and €{{true_of.max():.2f}} (what the letter brings there in the long run), and the "best" one has €{{true_of[ranked.index[0]]:.2f}}. It was merely lucky. The winner among forty is good *and* lucky, and next time only good. This is the **winner's curse**, and it is no accident of this one lottery. Here are three hundred of them, each with its best store and with the common value to which the helper would pull all forty:

# %%
from loyalty.tasks.t33.lotteries import crown_best

crowned = crown_best(without, gain, labels, store, true_of)
crowned.round(2).to_frame("€ per customer, mean of 300 lotteries")

# %% tags=["verify"]
assert crowned.iloc[0] > 2.5 * crowned.iloc[1] and abs(crowned.iloc[1] - gain.mean()) < 0.5
assert (
    crowned.iloc[0] - crowned.iloc[1] > 8 * abs(crowned.iloc[2] - gain.mean()) and crowned.iloc[2] > gain.mean() + 0.3
)

# %% [markdown]
# The crowned store shows €{{crowned.iloc[0]:.2f}} on average and has €{{crowned.iloc[1]:.2f}}. So never report the best cell without its shrunken value; `stores.best()` gives both, and so does `arms.best()` for the five letters (the gift's €{{arms.best().effect:.2f}} becomes €{{arms.best().shrunken:.2f}}).
#
# The common value is not perfect either: €{{crowned.iloc[2]:.2f}} on average, where the truth is €{{gain.mean():.2f}}. Stores with a small error weigh more in it. A store with some 75 control customers looks *sure* when none of these happens to be a big buyer, and then it also looks *good*; so it weighs too much. For one number about the whole chain take the plain lift, €{{lift.effect:.2f}}, and make no cells this small. (The next piece shows the same fault from near.)
#
# ## Where an interval cannot hold
#
# "A control group costs sales. Let us leave out 100 of 2,000, and look at the category that we advertise", says Jonas. The category is *Support* (bandages, insoles, monitors). Does an interval hold what it promises there? We test it where nothing happened: February, no campaign, labels dealt at will, true effect zero.

# %%
from loyalty.tasks.t33.lotteries import hold_zero

support = world.products.product_id[world.products.department == "Support"]
in_february = world.receipts.time >= world.end - pd.Timedelta(days=28)
bought = world.receipts[in_february & world.receipts.product_id.isin(support)]
totals = bought.groupby("customer_id").sales.sum()
category = totals.reindex(contacts.customer_id, fill_value=0).to_numpy()
sizes = {"2,000 and 2,000": (2_000, 2_000), "1,900 and 100": (1_900, 100)}
held = pd.DataFrame({name: hold_zero(category, *pair) for name, pair in sizes.items()})
held.map("{:.1%}".format)

# %% tags=["verify"]
even, small = held["2,000 and 2,000"], held["1,900 and 100"]
assert even["Welch holds zero"] > 0.935 and small["Welch holds zero"] < 0.89
assert 0.93 < small["larger variance holds zero"] <= 1 and small["Welch says: it works"] > 0.1
assert 0.04 < (category > 0).mean() < 0.08

# %% [markdown]
# {{(category > 0).mean():.0%}} of the customers buy in this category: 6 of a control group of 100. Then the usual interval (Welch's) holds zero in {{held["1,900 and 100"]["Welch holds zero"]:.1%}} of the campaigns instead of 95 %, and nearly always misses on the pleasant side: in {{held["1,900 and 100"]["Welch says: it works"]:.1%}} of campaigns that do nothing it says *it works*. Why? Mostly the small group happens to hold no big buyer. Then its mean is low, and its spread looks small too.
#
# The careful interval takes for the control the larger of two spreads: its own, and that of all 2,000 customers. It holds zero in {{held["1,900 and 100"]["larger variance holds zero"]:.1%}}. The helper takes it wherever control is under 20 %, says so, and warns all the same:

# %%
arm = np.repeat(["mail", "control"], [1_900, 100])
pilot = pd.DataFrame({"arm": arm, "sales": category[:2_000]})
measure_lift(pilot)

# %% tags=["verify"]
assert "larger variance" in measure_lift(pilot).method and len(measure_lift(pilot).warnings) == 2
assert measure_lift(pilot).low < -measure_lift(pilot).base < 0

# %% [markdown]
# Read the warnings before the number: *heavy tail*, *fewer than 20 customers with a value other than zero*. This interval claims little, and it is nearly useless: from −€{{abs(measure_lift(pilot).low):.2f}} to €{{measure_lift(pilot).high:.2f}}, around a control group that spends €{{measure_lift(pilot).base:.2f}} a head. No method makes 100 customers tell more, no bootstrap either. The cure is a larger control group, or a number that is not zero for nearly everybody.
#
# These were two cells. [Do the intervals hold?](../../docs/tables/certify.md) counts it for more than a hundred, and names those that do not; `python3 workshop.py certify` makes the table anew.

# %% [markdown]
# ## When a few customers decide
#
# The mean of a small group cannot be saved. But Jonas may ask something else. Here are three other questions. Each has an answer that holds, and each answer leaves something out.
#
# **Did it do anything at all?** We deal the labels anew, as in Part A. Now each gap is divided by its own standard error, also the one we measured. Suppose that the letter changed *nobody*. Then the labels are only words, and every deal was as likely as ours. This is true for any tail and for any size. We try it on pilots that do nothing, with the same category and 100 controls; that takes about five seconds.

# %%
from loyalty.tasks.t33.lotteries import count_false_alarms

alarms = count_false_alarms(category, 1_900, 100)
alarms.map("{:.1%}".format).to_frame("false alarms")

# %% tags=["verify"]
assert alarms["Welch"] > 0.1 and 0.035 < alarms["labels dealt anew"] < 0.065
dealt = measure_lift(pilot, interval="permutation")
assert dealt.open and dealt.p > 0.05 and dealt.effect == measure_lift(pilot).effect

# %% [markdown]
# Welch's interval raises a false alarm in {{alarms["Welch"]:.1%}} of these pilots, the deals in {{alarms["labels dealt anew"]:.1%}}; 5 % were promised. So this p-value can be trusted (`measure_lift(pilot, interval="permutation")`). But it answers only *whether*. It does not say how much, and it cannot make a small pilot see more.
#
# **Do more people buy, or do they buy more?** Back to the letter of March. The lift has two parts, and they add up to it exactly.

# %%
from loyalty.evaluate.lift import split_lift

parts = split_lift(contacts, outcomes)
both = np.concatenate([without + gain, without])  # two lives of everybody
lives = pd.DataFrame({"arm": np.repeat(["voucher", "control"], len(gain)), "sales": both})
truth = split_lift(lives).to_frame().effect
ax = parts.plot(truth=truth.tolist(), unit="€", source="loyalty.world, seed 33")

# %%
parts.to_frame()[["treated", "control"]].round(3)

# %% tags=["verify"]
split = parts.to_frame()
assert abs(split.effect.iloc[:2].sum() - lift.effect) < 1e-9
assert ((split.low < truth) & (truth < split.high)).all() and split.low.min() > 0

# %% [markdown]
# More customers bought, and the baskets were bigger. *"So a buyer spends €{{split.treated.iloc[1] - split.control.iloc[1]:.2f}} more with my letter"*, says Marta. Not quite. That more people bought is an effect: we compared everybody drawn. But the *buyers* of the two groups are not the same people, because the letter chose some of them. In our world we can look.

# %%
having = without + gain
anyway = (without > 0) & (having > 0)
new = (without == 0) & (having > 0)
print(f"would have bought anyway: {say_euros(gain[anyway].mean())} more each")
print(f"came because of the letter: {say_euros(having[new].mean())} each")

# %% tags=["verify"]
assert gain[anyway].mean() > 1.2 * (split.treated.iloc[1] - split.control.iloc[1])
assert having[new].mean() < 0.7 * split.control.iloc[1]

# %% [markdown]
# Those who would have come anyway spent {{say_euros(gain[anyway].mean())}} more, not Marta's {{say_euros(split.treated.iloc[1] - split.control.iloc[1])}}. The newcomers bought little and pulled the average basket down. No real campaign shows you who is who. So the first part is an effect, and the second only **describes**.
#
# **What happened to most customers?** A few big buyers make the interval wide. Let nobody count for more than a cap: this is a *winsorised mean*. The cap must be fixed before we see March, so the helper takes it from February. Of those who bought then, one in twenty spent more.

# %%
from loyalty.evaluate.lift import measure_capped_lift

capped = measure_capped_lift(contacts, outcomes, quantile=0.95)
true_capped = np.minimum(having, capped.cap).mean() - np.minimum(without, capped.cap).mean()
found = {"all sales": lift, f"sales up to €{capped.cap:.0f}": capped}
title = "Capped sales are sharper, and they are another number"
ax = draw_beside_truth(found, [gain.mean(), true_capped], title)

# %% tags=["verify"]
assert capped.low < true_capped < capped.high and capped.se < 0.85 * lift.se
assert true_capped < gain.mean() and capped.left_out > 0.3

# %% [markdown]
# The capped interval is {{1 - capped.se / lift.se:.0%}} shorter. Its truth is another one, too. In truth {{say_euros(gain.mean() - true_capped)}} of the lift lies above the cap (measured: {{say_euros(capped.left_out)}}), and customers paid it all the same. So **a winsorised mean is no money**. Do not multiply it by customers, and do not put it beside costs. The helper says so in a warning, and refuses an outcome that is called margin or profit.
#
# | question | ask | it does not say |
# |---|---|---|
# | Did it change anybody? | `measure_lift(…, interval="permutation")` | how much |
# | More buyers, or bigger baskets? | `split_lift(…)` | that anybody's basket grew |
# | What changed below a cap? | `measure_capped_lift(…)` | what it is worth |
#
# Write down before the start which of them you will ask. If you ask all and report the one you like, you are back at the five letters.

# %% [markdown]
# ## Real people: Hillstrom's e-mails
#
# All this was our own world. In 2008 Kevin Hillstrom published a test with 64,000 customers of a web shop: a third got an e-mail with men's goods, a third one with women's goods, a third none, by lottery. The file may not be passed on with this workshop; the next four code cells run if you have it (`hillstrom(download=True)` fetches it, 4 MB).

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
from loyalty.datasets import hillstrom

shop = hillstrom()  # hillstrom(download=True) fetches it
thirds = dict.fromkeys(["control", "mens", "womens"], 1 / 3)
print(check_sample_ratio(shop.contacts, thirds).sentence())
known = ["recency", "history", "mens", "womens", "newbie"]
check_balance(shop.contacts, shop.covariates, covariates=known)

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
emails = measure_lift(shop.contacts, shop.outcomes, "sales")
emails

# %% [markdown]
# 21,306 customers got nothing, 21,307 the men's and 21,387 the women's e-mail. In the two weeks after it, the control group spent \$0.65 a head. The men's e-mail added **\$0.77** (\$0.49 to \$1.05), the women's **\$0.42** (\$0.17 to \$0.68). You should see these numbers, each with its p-value after Holm. Fewer than one customer in a hundred bought without an e-mail, and still the effect can be seen: that is what 21,000 customers a group are for.
#
# Did it earn? The file knows neither margin nor costs. So we ask three times. The price of an e-mail is our assumption too: ten cents, everything included.

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
costs = {"contact_cost": 0.10, "reward_cost": 0, "point_cost": 0, "windows": "main"}


def judge(arm, rate):
    """The profit of one e-mail at one margin rate."""
    found = campaign_money(shop.contacts, shop.outcomes, margin_rate=rate, arm=arm, **costs)
    return found.to_frame().assign(margin_rate=rate)


verdicts = [judge(arm, rate) for arm in ("mens", "womens") for rate in (0.20, 0.30, 0.50)]
pd.concat(verdicts)[["arm", "margin_rate", "profit", "low", "high", "verdict"]].round(3)

# %% [markdown]
# Read the column `verdict`. The men's e-mail is *open* at a margin of 20 % and has *earned* at 30 and 50 %; the women's is open at all three. The same lift, and the word next to it depends on a margin that no statistician can estimate from the file. Ask Jonas before you ask the data.
#
# Last question. Should the women's e-mail have gone to everybody? The list knows who had bought women's goods in the past year.

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
kinds = {1: "bought women's goods", 0: "others"}
by_kind = shop.contacts.assign(past=shop.covariates.womens.map(kinds))
by_past = measure_lift(by_kind, shop.outcomes, "sales", by="past")
by_past

# %% [markdown]
# The women's e-mail added \$0.54 (\$0.22 to \$0.87) for past buyers of women's goods and \$0.28 (−\$0.12 to \$0.68) for the others. "It works only for past buyers"? Zero lies outside one interval and inside the other; that is no proof that they *differ*. They overlap widely, and `by_past.details` tests the difference itself: p = 0.32, open. Now put `"visited"` in the place of `"sales"`: visits are not so rare, and there the two groups differ beyond doubt (7.3 points more visitors against 1.1).

# %% [markdown]
# ## What we learned
#
# - **Everyone we drew counts; a customer who bought nothing counts as zero.** "Who used it against control" compares those who came with everybody. The **redeemer** spent more already in February: the slide said €{{slide:.2f}} for each user, the truth was €{{truths[0]:.2f}}.
# - **Intention to treat** takes everybody whom the lottery drew. The **lift (campaign)** was €{{lift.effect:.2f}} per customer drawn, **confidence interval** €{{lift.low:.2f}} to €{{lift.high:.2f}}: the same by hand and by `measure_lift`, and far outside what shuffling makes.
# - A **p-value** measures luck and no more: "whom we reached" had a splendid one and was the same trap. Whether the voucher earned stayed **open**.
# - **Pre-period adjustment** saved {{long.details["saving"]:.0%}} of the variance with one column; the **delta method** gives the error of a ratio. Five letters and forty stores produce winners by chance: **multiple-testing correction** keeps us from celebrating nothing, and shrinkage takes most of the **winner's curse** off the best.
#
# ## What could still be wrong
#
# - The interval knows about luck. It does not know about a lottery that was not kept: a list that was "cleaned" afterwards, a control group that got the letter too. We looked at sample ratio and balance, no more.
# - Four weeks are a choice. Part of what people bought in March they do not buy in April; the money counted that, the lift did not.
# - In our world customers do not talk to each other. If somebody shows the voucher to a neighbour in the control group, every lift gets too small.
# - Our lottery had a bit of luck, like any other. The truth lay in the interval; in up to 5 of 100 campaigns it does not, and nobody rings a bell.
#
# ## Use it on your data
#
# `measure_lift(contacts, outcomes, "sales", before="sales")` with everybody who was drawn; `unmask_redeemers(contacts, outcomes)` shows what the slide would have said. `build_outcomes(contacts, receipts, start=…, end=…)` makes the outcomes from receipts, zeros included (`contacts` with `customer_id`, `arm`, and the name and number of the sending in `campaign_id` and `wave`).
#
# As one report for your boss: `python3 workshop.py run campaign_report --data receipts=till.csv --data contacts=list.xlsx --columns columns.yml --set start=2026-03-02 --set end=2026-03-30 --set margin_rate=0.30 -o report.html`

# %% [markdown]
# [[links]]
