# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Measure the lift
#     question: What did it really change?
#     part_a: 25
#     part_b: 50
#     know_first: ["32"]
#     module: loyalty.evaluate.lift
#     test: helpers/tests/evaluate/lift/test_measure.py::test_redeemers_look_golden_and_the_others_pay_for_it
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - see what "those who used it against the control group" really compares, and unmask the **redeemer**
# - measure the **lift (campaign)** by **intention to treat**, with its **confidence interval**: by hand, by shuffling, by one function
# - sharpen it by **pre-period adjustment**, and choose the right unit with the **delta method**
# - keep your head when there are many numbers: **multiple-testing correction**, and the **winner's curse**

# %% [markdown]
# ## Ten percent off
#
# On 1 March the chain wrote to three quarters of its 20,000 customers: *"Ten percent off everything, for two weeks"*. A lottery chose them; the last quarter got nothing. The letter went by e-mail. After the lottery and before the sending, Ines, who keeps the list, had all addresses tested, also those of the control group. Where a customer had not been seen for half a year, the address was often dead. She wrote this into the list; nobody was drawn anew.
#
# The next cell makes the chain and sends the mailing. You need not read it. It leaves two tables: `contacts` says who was drawn for what, `outcomes` what each customer did in the four weeks before, the four weeks during and the four weeks after.

# %%
import numpy as np
import pandas as pd

from loyalty.evaluate.design import assign_arms
from loyalty.prepare.profile import build_profile
from loyalty.world import World

world = World(20_000, 26, seed=33)
profile = build_profile(world.receipts, world.end, customers=world.customers)
shares = {"control": 0.25, "voucher": 0.75}
drawn = assign_arms(world.customers, shares, salt="spring 2025", offers={"voucher": "basket_discount"}).contacts


def send(drawn):
    """Send a wave by e-mail and watch four weeks before, four during, four after; dead addresses get nothing."""
    silent = profile.recency_days.fillna(999).to_numpy() > 180
    works = np.random.default_rng(33).random(len(profile)) > np.where(silent, 0.6, 0.03)
    wave, later = world.run(drawn.assign(offer_id=drawn.offer_id.where(works)), campaign_id="spring", days=28)
    arrived = wave.contacts.delivered.fillna(False).where(drawn.arm != "control")
    return wave, later, wave.contacts.assign(offer_id=drawn.offer_id, delivered=arrived, address_works=works)


wave, later, contacts = send(drawn)
outcomes = wave.outcomes
contacts.groupby("arm").agg(customers=("arm", "size"), address_works=("address_works", "mean")).round(3)

# %% tags=["verify"]
assert len(contacts) == 20_000 and contacts.groupby("arm").address_works.mean().between(0.77, 0.83).all()
assert profile.customer_id.equals(drawn.customer_id) and contacts.customer_id.equals(drawn.customer_id)
assert f"{world.end:%d %B %Y}" == "01 March 2025"
assert (profile.recency_days.isna() | (profile.recency_days > 180))[~contacts.address_works].mean() > 0.7

# %% [markdown]
# Four of five addresses work, in both groups alike. Now it is Monday, four weeks later. Marta, who runs the loyalty programme, has a slide:

# %%
people = outcomes.merge(contacts[["customer_id", "arm", "delivered", "address_works"]], on="customer_id")
march = people[people.window == "main"]
sent, control = march[march.arm == "voucher"], march[march.arm == "control"]
redeemers = sent[sent.redeemed == 1]
slide = redeemers.sales.mean() - control.sales.mean()
print(f"Users of the voucher spent €{redeemers.sales.mean():.2f}, the control group €{control.sales.mean():.2f}.")
print(f"The voucher brings €{slide:.2f} a head.")

# %% [markdown]
# The board loves it. {{len(redeemers):,}} customers used it, times €{{slide:.2f}}: €{{len(redeemers) * slide:,.0f}} in four weeks. Jonas, who has to pay for the next one, asks us to sign the slide. Marta's arithmetic is right. We look at her comparison.
#
# First your bet. **How many euros more did a customer spend in the four weeks because we had drawn him for the voucher?** On average over all {{len(sent):,}} whom we drew, whether they used it or not. Marta divides her €{{len(redeemers) * slide:,.0f}} by them and bets €{{len(redeemers) * slide / len(sent):.2f}}.

# %%
from loyalty.tasks import predict, reveal

predict("33a", 5)  # your bet in euros: change 5

# %% [markdown]
# ## May we compare at all?
#
# Two looks before any lift, because afterwards one no longer wants to know. Did the lottery deal as planned? If a quarter was planned and a fifth arrived, somebody fell out on the way, and hardly by chance.

# %%
from loyalty.evaluate.design import check_balance, check_sample_ratio

ratio = check_sample_ratio(contacts, shares)
print(ratio.sentence())

# %% [markdown]
# A quarter was planned, {{(contacts.arm == "control").mean():.1%}} came, and chance alone makes such a gap, or a larger one, in every second lottery (p = {{ratio.p:.3f}}; this is the test of the lesson before). Second: were the two groups alike on the evening *before*?

# %%
from loyalty.charts import house_style

house_style()
known = ["recency_days", "frequency", "monetary", "basket_value", "tenure_days", "online_share"]
balance = check_balance(contacts, profile, covariates=known)
ax = balance.plot(source="loyalty.world, seed 33")

# %% tags=["verify"]
assert not ratio.alarm and 0.4 < ratio.p < 0.6 and not balance.warnings and balance.p > 0.05
assert (balance.table.difference.abs() < 0.05).all()

# %% [markdown]
# All differences are below a twentieth of a standard deviation, inside the grey band of what chance makes (p = {{balance.p:.2f}} for all together; `recency_days is empty` means: never bought yet). Whatever sets the two groups apart from now on is the letter, or chance.
#
# ## Who uses a voucher?
#
# Marta took one part of the drawn customers and compared it with *all* of the control group. Let us give her groups one more column: what did the same people spend in February, before there was a voucher?

# %%
february = people[people.window == "pre"].set_index("customer_id").sales
who = np.select([march.arm == "control", march.redeemed == 1], ["control", "used it"], "drawn, did not use it")
before_after = march.assign(february=february.reindex(march.customer_id).to_numpy(), march=march.sales, who=who)
groups = before_after.groupby("who").agg(
    customers=("who", "size"), february=("february", "mean"), march=("march", "mean")
)
groups.round(2)

# %% tags=["verify"]
early = groups.february["used it"] - groups.february["control"]
idle = groups.march["drawn, did not use it"] - groups.march["control"]
assert early > 15 and idle < -1.5

# %% [markdown]
# In February, without any voucher, its later users already spent €{{groups.february["used it"] - groups.february["control"]:.2f}} more than the control group. To use a voucher one has to come to the shop: "used it" already means "came", and those who come are mostly those who would have come anyway. The control group holds everybody, also those who stayed at home.
#
# And if the slide were right, so would be its other half: those who did *not* use it spent €{{groups.march["control"] - groups.march["drawn, did not use it"]:.2f}} **less** than the control group. Has the voucher hurt them? Of course not. The slide has sorted people into those who came and those who did not, and then admires that they differ.
#
# ## Everyone we drew
#
# A fair comparison takes **everyone we drew for the voucher**, whether it arrived or not, whether they used it or not, against everyone we left out. The lottery made these two groups alike, and nothing that they did afterwards chose them. This is called **intention to treat**. By hand:

# %%
gap = sent.sales.mean() - control.sales.mean()
se = np.sqrt(sent.sales.var() / len(sent) + control.sales.var() / len(control))
came = sent.responded.mean() - control.responded.mean()
print(f"sales: €{gap:.2f}  (€{gap - 1.96 * se:.2f} to €{gap + 1.96 * se:.2f}) per customer drawn")
print(f"buyers: {sent.responded.mean():.1%} against {control.responded.mean():.1%}, {came * 100:.1f} points more")

# %% tags=["verify"]
idlers = len(sent) - len(redeemers)
assert abs((len(redeemers) * slide + idlers * idle) / len(sent) - gap) < 1e-9
assert len(redeemers) * slide / len(sent) > gap + 1.96 * se

# %% [markdown]
# **€{{gap:.2f}}** for each customer drawn. `se` is the standard error, the usual size of luck; 1.96 of them to each side make the 95 % interval (each group with its own spread: *Welch's* interval). With {{len(control):,}} customers in the control group anything from €{{gap - 1.96 * se:.2f}} to €{{gap + 1.96 * se:.2f}} fits what we saw. Marta's €{{len(redeemers) * slide / len(sent):.2f}} does not.
#
# Where is the rest of her money? Add up *both* halves of the slide. {{len(redeemers):,}} users with €{{slide:.2f}} more, {{len(sent) - len(redeemers):,}} others with €{{groups.march["control"] - groups.march["drawn, did not use it"]:.2f}} less: that leaves €{{gap * len(sent):,.0f}} of her €{{len(redeemers) * slide:,.0f}}, and divided by all {{len(sent):,}} it is our €{{gap:.2f}} again. The slide had kept the plus and left out the minus. So this is the sentence to take home, whatever else you forget:
#
# > **Whoever was drawn counts. Whoever bought nothing counts as zero.**
#
# But is it more than luck? Suppose the voucher did nothing. Then "voucher" and "control" are only labels, and any other deal of the labels would have been as good. So we deal them a thousand times anew, and look what gaps chance alone makes. Statisticians call it a **permutation test**.

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, draw_intervals, headline


def deal(sales, n, draws=1_000):
    """Gaps of mean sales when all customers are shuffled and the first n are called "voucher", many times."""
    rng = np.random.default_rng(33)
    shuffles = (rng.permutation(sales) for _ in range(draws))
    return np.array([mixed[:n].mean() - mixed[n:].mean() for mixed in shuffles])


chance = deal(march.sales.to_numpy(), len(sent))
fig, ax = plt.subplots(figsize=(9, 3.6))
ax.hist(chance, bins=40, color=GREY)
ax.axvline(gap, color=TREATED, linewidth=3)
ax.set_ylabel("dealings")
ax.annotate(f"our gap €{gap:.2f}", (gap, 60), (-8, 0), textcoords="offset points", ha="right", color=TREATED)
headline(ax, "Chance alone hardly makes such a gap", "gaps in 1,000 dealings of the labels, € per customer", "loyalty.world, seed 33")  # fmt: skip

# %% tags=["verify"]
assert (np.abs(chance) >= gap).mean() < 0.002 and abs(chance.std() / se - 1) < 0.1

# %% [markdown]
# In {{(np.abs(chance) >= gap).sum()}} of 1,000 dealings the gap is as large as ours, up or down. Luck alone hardly made it. And the spread of these gaps, €{{chance.std():.2f}}, is what the formula by hand called the standard error: €{{se:.2f}}. Two roads, and nearly one number (dealing pretends that the voucher does nothing and mixes the two groups, the formula keeps them apart). The third road is the helper:

# %%
from loyalty.evaluate.lift import measure_lift

lift = measure_lift(contacts, outcomes, "sales")
buyers = measure_lift(contacts, outcomes, "responded")
both = pd.concat([lift.to_frame(), buyers.to_frame()]).set_index("outcome")
both[["effect", "low", "high", "relative", "p", "n_treated", "n_control"]].round(4)

# %% tags=["verify"]
assert abs(lift.effect - gap) < 1e-9 and abs(lift.low - (gap - 1.96 * se)) < 0.01 and abs(buyers.effect - came) < 1e-9
assert buyers.low > 0 and not lift.warnings and not buyers.warnings

# %% [markdown]
# The same €{{lift.effect:.2f}} (€{{lift.low:.2f}} to €{{lift.high:.2f}}). That is {{lift.relative:.0%}} of what the control group spent ({{lift.details["relative_low"]:.0%}} to {{lift.details["relative_high"]:.0%}}). And of 100 customers drawn {{buyers.effect * 100:.1f}} more bought at all (`responded`; {{buyers.low * 100:.1f}} to {{buyers.high * 100:.1f}}). The **p-value** says what the dealings said: if the letter did nothing, chance alone would make a gap of at least this size in {{lift.p * 1e5:.0f}} of 100,000 lotteries (the 0.0000 of the table), for the buyers in {{buyers.p * 1e4:.0f}} of 10,000. (Reports call a result *significant* when p is below 0.05; for a mean that is when its 95 % interval leaves out zero. If zero lies inside, we say *open*.) The voucher moves people. Whether it pays, we ask in a minute.
#
# ## "But many never got it!"
#
# Marta is a good sport, and has a better idea: *"{{1 - sent.delivered.mean():.0%}} of the e-mails never arrived"* (the dead addresses, and a few more that filters caught). *"They cannot have done anything. Let us compare those whom we reached."*

# %%
from loyalty.stats import compare_means

reached = sent[sent.delivered.astype(bool)]
second_slide = compare_means(reached.sales, control.sales, estimand="the reached against all of control")
second_slide

# %% [markdown]
# €{{second_slide.effect:.2f}}: {{second_slide.effect / lift.effect:.1f}} times our number, and nobody had to redeem anything. It is the same trap again. Dead addresses belong mostly to people who have left; Marta took them out on one side and left people of the same kind in the control group. And look at p: `e-25` means 24 zeros behind the point. A p-value measures luck. It does not know whether the comparison was fair.
#
# If the dead addresses shall go, they must go on **both** sides, by something that neither the letter nor the customer's answer to it could change. Ines has that column: all addresses were tested before the sending.

# %%
works = contacts[contacts.address_works]
lift_works = measure_lift(works, outcomes, "sales")
lift_works

# %% tags=["verify"]
dead_sent = sent[~sent.address_works].sales.mean()
assert second_slide.low > lift.high - 0.5 and second_slide.effect > 2 * lift.effect
assert (
    1e-25 <= second_slide.p < 1e-24 and second_slide.low > lift_works.effect and dead_sent < 0.4 * control.sales.mean()
)

# %% [markdown]
# €{{lift_works.effect:.2f}} (€{{lift_works.low:.2f}} to €{{lift_works.high:.2f}}) per customer with a working address. This is a good number too; it answers another question: what does the letter do to those who can get it? The €{{lift.effect:.2f}} tells what *this mailing to this list* did. Next time Ines tests the addresses before the draw, and both are one.
#
# ## Did it earn?
#
# Sales are not profit: most of a euro goes to the supplier, and ten percent went to everybody who would have come anyway. The next lesson counts this line by line, with the chain's own margins; here only the last line, *profit* per customer drawn, in the four weeks and the four after them.

# %%
from loyalty.evaluate.money import campaign_money

money = campaign_money(contacts, outcomes, world.offers)
money.profit

# %% tags=["verify"]
assert money.verdict == "open" and money.profit.effect > 0 > money.profit.low

# %% [markdown]
# €{{money.profit.effect:.2f}}: cents, not euros. And zero lies between −€{{abs(money.profit.low):.2f}} and €{{money.profit.high:.2f}}: not even the sign is sure. For all {{len(sent):,}} together Marta's €{{len(redeemers) * slide:,.0f}} of sales are €{{money.total.effect:,.0f}} of profit, give or take €{{(money.total.high - money.total.low) / 2:,.0f}}.
#
# ## The truth
#
# In this world both lives of every customer are known, with the letter and without. What it changed for all {{len(contacts):,}}:

# %%
lives = world.truth.effect("basket_discount", days=28, post=0, kind="realised")
gain = lives.sales.to_numpy() * contacts.address_works  # a dead address changes nobody
reveal("33a", estimate=lift.effect, low=lift.low, high=lift.high, truth=gain.mean(), unit="€",
       says="Sales per customer drawn, in the four weeks.")  # fmt: skip

# %%
from loyalty.evaluate.lift import unmask_redeemers


def draw_beside_truth(rows, names, truths, title):
    """Estimates with their intervals, and in each row the truth about the very same people."""
    table = pd.concat(rows)[["effect", "low", "high"]].set_axis(names)
    ax = draw_intervals(table.assign(colour=[HIGHLIGHT, HIGHLIGHT, TREATED, TREATED]), unit="€")
    ax.plot(truths, range(len(truths)), "D", markerfacecolor="white", markeredgecolor=TRUTH, markersize=9, linestyle="none", zorder=4)  # fmt: skip
    headline(ax, title, "against control: sales per customer, €, 95 % interval; diamond: the truth for these people", "loyalty.world, seed 33")  # fmt: skip


unmasked = unmask_redeemers(contacts, outcomes)  # the helper for our three groups
groups_of = [contacts.customer_id.isin(who.customer_id) for who in (redeemers, reached, works, contacts)]
truths = [gain[group].mean() for group in groups_of]
rows = [unmasked.loc[["redeemers"]], second_slide.to_frame(), lift_works.to_frame(), lift.to_frame()]
names = ["who used it", "whom it reached", "with a working address", "all drawn"]
draw_beside_truth(rows, names, truths, "Two slides miss the truth, two comparisons hold it")

# %% tags=["verify"]
inside = [row.low.iloc[0] < truth < row.high.iloc[0] for row, truth in zip(rows, truths, strict=True)]
assert abs(unmasked.effect["redeemers"] - slide) < 1e-9 and abs(unmasked.effect["all assigned"] - gap) < 1e-9
assert inside == [False, False, True, True] and 3.5 < slide / truths[0] < 4.5
sent_mask = wave.contacts.offer_id.notna()
assert abs(gain[sent_mask].mean() - world.truth.lift(wave, among="treated").sales["basket_discount", "main"]) < 1e-6
assert gain[contacts.customer_id.isin(sent.customer_id[sent.redeemed != 1])].mean() > 1

# %% [markdown]
# The truth for these very customers is €{{gain.mean():.2f}}. It lies inside our interval, as it should in at least 95 of 100 campaigns. Those who *used* the voucher spent €{{truths[0]:.2f}} more because of it; the slide had claimed €{{slide:.2f}}, four times that. The rest they would have spent anyway. And those who did *not* use it? The slide's other half said −€{{groups.march["control"] - groups.march["drawn, did not use it"]:.2f}}; in truth the letter brought them in as well, with €{{gain[contacts.customer_id.isin(sent.customer_id[sent.redeemed != 1])].mean():.2f}} more each.
#
# Jonas signs: *"The voucher raised sales by about €3 per customer drawn (€{{lift.low:.1f}} to €{{lift.high:.1f}}). Whether it earned is open."*

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/33_measure_the_lift.ipynb), at least 33a and 33b. What follows is for self-study: seven pieces of about seven minutes. Run all cells, and read the pieces that you need.
#
# | piece | read it when |
# |---|---|
# | per customer, per receipt, per line | somebody reports the average receipt |
# | most customers spend nothing | somebody doubts the interval |
# | sharper with the past | your interval is too wide (for 33d) |
# | five letters, one control group | you sent more than one offer |
# | in which store does it work best? | somebody asks for the best store, region or segment |
# | where an interval cannot hold | the control group is small, or hardly anybody buys |
# | real people | you do not trust simulated ones |
#
# ---

# %% [markdown]
# ## Per customer, per receipt, per line
#
# The agency that wrote the e-mail has looked at the receipts themselves, line by line.

# %%
start, end = world.end, world.end + pd.Timedelta(days=28)
receipts = later.receipts[(later.receipts.time >= start) & (later.receipts.time < end)]
lines = receipts.merge(contacts[["customer_id", "arm"]], on="customer_id")
line_sales = [lines.sales[lines.arm == arm] for arm in ("voucher", "control")]
by_line = compare_means(*line_sales, estimand="per line, as if each line were a customer")
by_line

# %% tags=["verify"]
assert by_line.high < 0 and abs(lines.sales.sum() - march.sales.sum()) < 0.01
more = lines.groupby("arm").size() / march.groupby("arm").size()
assert more["voucher"] > more["control"]

# %% [markdown]
# *"A line on the receipt sells for €{{abs(by_line.effect):.2f}} **less** with the voucher (−€{{abs(by_line.low):.2f}} to −€{{abs(by_line.high):.2f}}). It drives sales down!"* The arithmetic is right again. Of course a line is cheaper at ten percent off. But a customer with the voucher has more lines: {{(lines.arm == "voucher").sum() / len(sent):.2f}} in the four weeks, against {{(lines.arm == "control").sum() / len(control):.2f}}. The lottery drew customers, so the customer is the **unit of analysis**; the line is what the customer did.
#
# There is a second fault in the agency's number, and it is harder to see. It counts {{len(lines):,}} lines as if each were a witness of its own. But whoever buys dear goods does so line after line. Let us deal the labels again, customer by customer, and watch how far the *price per line* moves by chance.


# %%
def deal_prices(table, n, draws=1_000):
    """Gaps of the price per line when whole customers are shuffled and the first n are called "voucher"."""
    rng, gaps = np.random.default_rng(33), []
    sales, count = table.sales.to_numpy(), table.lines.to_numpy()
    for _ in range(draws):
        order = rng.permutation(len(table))
        ours, theirs = order[:n], order[n:]
        gaps.append(sales[ours].sum() / count[ours].sum() - sales[theirs].sum() / count[theirs].sum())
    return np.array(gaps)


lines_of = lines.groupby("customer_id").size().reindex(march.customer_id, fill_value=0)
counted = march.assign(lines=lines_of.to_numpy())
ratios = deal_prices(counted, len(sent))
print(f"standard error: the agency's €{by_line.se:.3f}, by dealing customers €{ratios.std():.3f}")

# %% [markdown]
# The agency's is too small. In this chain the fault is modest, because a customer's lines are rather unlike; where they resemble each other, it is large. If somebody really needs a ratio (the average receipt, the price of a line), the **delta method** gives its error without any dealing: each customer gets one number, *what he spent less what his lines would have cost at the group's average*. That number has an ordinary standard error; divided by the lines of an average customer, it is the error of the ratio.


# %%
from loyalty.text import say_money


def value_ratio(group):
    """Sales per line of a group of customers, and its standard error by the delta method."""
    ratio = group.sales.sum() / group.lines.sum()
    beyond = (group.sales - ratio * group.lines) / group.lines.mean()
    return ratio, beyond.std() / np.sqrt(len(group))


(price, error), (price_control, error_control) = (
    value_ratio(counted[counted.arm == arm]) for arm in ("voucher", "control")
)
per_line = measure_lift(counted, outcome="sales", per="lines")
print(f"by hand {say_money(price - price_control, '€', 3)}, standard error €{np.hypot(error, error_control):.4f}")
print(f"helper  {say_money(per_line.effect, '€', 3)}, standard error €{per_line.se:.4f}")

# %% tags=["verify"]
assert abs(price - price_control - per_line.effect) < 1e-9
assert abs(np.hypot(error, error_control) / per_line.se - 1) < 0.001
assert by_line.se < 0.95 * per_line.se and by_line.se < ratios.std() and abs(ratios.std() / per_line.se - 1) < 0.08
# %% [markdown]
# By hand and by the helper the same, and the agency's €{{by_line.se:.3f}} is {{1 - by_line.se / per_line.se:.0%}} too small. (Dealing, which mixes the groups, lies between.) And the average receipt?

# %%
per_order = measure_lift(contacts, outcomes, "sales", per="orders")
print(per_order.sentence("€"))

# %% tags=["verify"]
assert per_order.open

# %% [markdown]
# The average receipt leaves everything open, while sales per customer rose by {{lift.relative:.0%}}. The voucher changes how often people come, and with that it changes the *denominator* too. A ratio whose denominator the campaign moves is no measure of success. It is a description.
#
# ## Most customers spend nothing
#
# {{(march.sales == 0).mean():.0%}} of the customers bought nothing in March, and a few spent hundreds. Does the formula by hand, made for numbers that spread like a bell curve, hold for such a shape? Ask the data: draw each group anew *from its own customers*, with replacement, and see how the gap moves. That is the **bootstrap**.

# %%
rng, ours, theirs = np.random.default_rng(33), sent.sales.to_numpy(), control.sales.to_numpy()
again = [rng.choice(ours, len(ours)).mean() - rng.choice(theirs, len(theirs)).mean() for _ in range(1_000)]
low, high = np.quantile(again, [0.025, 0.975])
ways = {"by hand (percentiles)": {"effect": gap, "low": low, "high": high}}
for interval in ("percentile", "bootstrap", "welch"):
    found = measure_lift(contacts, outcomes, "sales", interval=interval)
    ways[found.method] = {"effect": found.effect, "low": found.low, "high": found.high}
pd.DataFrame(ways).T.round(2)

# %% tags=["verify"]
ends = pd.DataFrame(ways).T
assert np.ptp(ends.low) < 0.2 and np.ptp(ends.high) < 0.2

# %% [markdown]
# Four ways, and they agree within {{100 * max(np.ptp(pd.DataFrame(ways).T[end]) for end in ("low", "high")):.0f}} cents. The customers do not spread like a bell, but the *mean* of thousands of them nearly does, unless a few giants rule it; then the helper warns of a heavy tail. ("Bootstrap-t" is the careful sort: it draws the standard error anew as well.) So take the formula, and keep the bootstrap for the day on which somebody doubts it.
#
# ## Sharper with the past
#
# Much of the spread between customers has nothing to do with March: who spends much in February spends much in March. Take off what the past foretells, and what is left is quieter. How much does it foretell? We learn it from months in which nothing happened: February on January.


# %%
def spend(start, end):
    """Euros of each customer in a window before the campaign."""
    window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < end)]
    return window.groupby("customer_id").sales.sum().reindex(march.customer_id, fill_value=0).to_numpy()


day = pd.Timedelta(days=1)
january, past = spend(start - 56 * day, start - 28 * day), spend(start - 28 * day, start)
slope = np.polyfit(january, past, 1)[0]
rest = march.sales - slope * (past - past.mean())
by_hand = compare_means(rest[march.arm == "voucher"], rest[march.arm == "control"])
print(f"slope {slope:.2f}: €{by_hand.effect:.2f}  (€{by_hand.low:.2f} to €{by_hand.high:.2f})")

# %% [markdown]
# The slope says: who spent a euro more in January spent €{{slope:.2f}} more in February. ("March" are its first four weeks all along, "February" the four weeks before them and "January" the four before these.) The helper with this slope returns the same; without it, it learns a slope in each group; and one may give it a longer past, here the 364 days before the start.

# %%
year = contacts.assign(year=spend(start - 364 * day, start))
sharp = {"plain": lift, "February, slope known": measure_lift(contacts, outcomes, before="sales", slope=slope),
         "February": measure_lift(contacts, outcomes, before="sales"), "a year": measure_lift(year, outcomes, before="year")}  # fmt: skip
table = pd.concat([found.to_frame() for found in sharp.values()]).set_index(pd.Index(sharp))
table["variance saved"] = [f"{found.details.get('saving', 0):.0%}" for found in sharp.values()]
table[["effect", "low", "high", "variance saved"]].round(2)

# %% tags=["verify"]
known_slope, month, long = list(sharp.values())[1:]
assert abs(known_slope.effect - by_hand.effect) < 1e-9 and abs(known_slope.low - by_hand.low) < 1e-6
assert 0.1 < month.details["saving"] < long.details["saving"] < 0.4
assert all(found.low < gain.mean() < found.high for found in sharp.values())
assert long.effect < lift.effect

# %% [markdown]
# A month of the past saves {{sharp["February"].details["saving"]:.0%}} of the variance, a year {{sharp["a year"].details["saving"]:.0%}}. That is as if the campaign had had {{1 / (1 - sharp["a year"].details["saving"]) - 1:.0%}} more customers, and it costs nothing but a column. Two things to keep in mind. The column must lie *before* the start; a column that the campaign itself has changed takes away a part of the effect. And one does not choose the version whose number one likes best: write down before the start which one decides.
#
# This time the sharper answers lie lower, and the plain one happens to be nearest to the truth (€{{gain.mean():.2f}}). Is sharpening a bad idea then? One campaign cannot tell. But in this world we know both lives of everybody, so we can draw the same lottery five hundred times.

# %%
labels = (march.arm == "voucher").to_numpy()
without = march.sales.to_numpy() - gain.to_numpy() * labels  # everybody's March without a letter
quiet, rng = slope * (past - past.mean()), np.random.default_rng(33)


def draw_again():
    """The gap of one more lottery, plain and sharpened, and whether the plain 95 % interval holds the truth."""
    one = rng.permutation(labels)
    money = without + gain.to_numpy() * one
    ours, theirs, rest = money[one], money[~one], money - quiet
    plain, half = ours.mean() - theirs.mean(), 1.96 * np.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    return plain, rest[one].mean() - rest[~one].mean(), abs(plain - gain.mean()) < half


lotteries = pd.DataFrame([draw_again() for _ in range(500)], columns=["plain", "sharpened", "holds the truth"])
lotteries.agg({"plain": ["mean", "std"], "sharpened": ["mean", "std"], "holds the truth": ["mean"]}).round(3)

# %% tags=["verify"]
spread = lotteries[["plain", "sharpened"]].std()
assert (lotteries[["plain", "sharpened"]].mean() - gain.mean()).abs().max() < 0.1
assert 0.1 < 1 - (spread["sharpened"] / spread["plain"]) ** 2 < 0.3 and lotteries["holds the truth"].mean() > 0.93

# %% [markdown]
# Both are right on average (the truth is €{{gain.mean():.2f}}), and the sharpened one wanders less: €{{lotteries["sharpened"].std():.2f}} instead of €{{lotteries["plain"].std():.2f}}. It is better in the long run and not in every single campaign. And the last column keeps the promise of the interval: in {{lotteries["holds the truth"].sum()}} of 500 lotteries, {{lotteries["holds the truth"].mean():.0%}}, it holds the truth about these customers (with 500 lotteries 93 to 97% would be no surprise).
#
# ## Five letters, one control group
#
# In another year, so to speak, Marta sends five different letters on the same day, and leaves one quarter out. The list is clean this time: nearly all letters arrive. (Only a simulated world can go back to the same morning.)

# %%
offers = ["basket_discount", "bonus_points", "gift", "reminder", "magazine"]
five = assign_arms(world.customers, {"control": 0.25} | dict.fromkeys(offers, 0.15), salt="five letters").contacts
contest, _ = world.run(five, campaign_id="five", days=28)
arms = measure_lift(contest.contacts, contest.outcomes, "sales")
arms.to_frame()[["arm", "effect", "low", "high", "p", "p_adjusted"]].round(3)

# %% tags=["verify"]
five_truth = world.truth.lift(contest).sales.unstack().main
shown = arms.to_frame().set_index("arm")
assert contest.contacts.delivered.mean() > 0.95
assert (shown.p > 0.05).all() and shown.p.idxmin() == "gift" == shown.effect.idxmax() and shown.p.min() < 0.07
assert five_truth.idxmax() == "basket_discount" and five_truth["magazine"] == 0
assert ((shown.low < five_truth[shown.index]) & (five_truth[shown.index] < shown.high)).all()
assert (shown.effect < five_truth[shown.index]).all() and not arms.warnings
assert without[(five.arm == "control").to_numpy()].mean() > without.mean() + 0.5

# %% [markdown]
# The gift leads with €{{arms.best().effect:.2f}}, p = {{arms.best().p:.2f}}. *"Nearly significant!"* But who asks five times gets five chances to be fooled. How large are they? Five letters that change nobody, and a thousand lotteries:


# %%
def count_fools(draws=1_000):
    """How often at least one of five letters that do nothing looks significant: at p < 0.05, and after Holm."""
    rng, largest = np.random.default_rng(33), []
    groups = five.arm.map({name: place for place, name in enumerate([*offers, "control"])}).to_numpy()
    for _ in range(draws):  # deal the six labels anew, and keep the largest of the five |gap| / standard error
        group = rng.permutation(groups)
        n, total, squares = (np.bincount(group, weights) for weights in (None, without, without**2))
        mean, error = total / n, (squares / n - (total / n) ** 2) / n
        largest.append(np.abs((mean[:5] - mean[5]) / np.sqrt(error[:5] + error[5])).max())
    return np.mean(np.array(largest) > 1.96), np.mean(np.array(largest) > 2.576)  # 2.576: p = 0.05 / 5


raw, corrected = count_fools()
print(f"at least one of five looks significant: {raw:.0%} of lotteries, with Holm's correction {corrected:.0%}")

# %% tags=["verify"]
assert 0.12 < raw < 0.24 and corrected < 0.06

# %% [markdown]
# Not in 5 but in {{raw * 100:.0f}} of 100 campaigns something would look significant although nothing works. Holm's **multiple-testing correction** (`p_adjusted`) brings that back to {{corrected * 100:.0f}}, and the gift's p = {{arms.best().p:.2f}} becomes {{arms.best().p_adjusted:.2f}}. Beside the truth:

# %%
truth = world.truth.lift(contest).sales.unstack()["main"]
table = arms.to_frame().set_index("arm")[["effect", "low", "high"]]
ax = draw_intervals(table.assign(colour=GREY), unit="€")
ax.plot(truth[table.index], range(5), "D", markerfacecolor="white", markeredgecolor=TRUTH, markersize=9, linestyle="none", zorder=4)  # fmt: skip
headline(ax, "Five letters of 3,000 customers cannot be ranked", "sales per customer drawn, four weeks, €, 95 % interval; diamond: the truth", "loyalty.world, seed 33")  # fmt: skip

# %% [markdown]
# The truth lies in all five intervals, and still the order is wrong: the gift that leads is third, and the voucher, which we know to work from 15,000 customers, looks like nothing with {{arms.results[0].n_treated:,}}. Open does not mean *no effect*; it means that this test was too small to tell.
#
# One thing more: all five estimates lie *below* their truth. They share one control group, and this one was a little lucky: without any letter its customers would have spent €{{without[(five.arm == "control").to_numpy()].mean() - without.mean():.2f}} more than the average customer. That luck is in all five. No correction takes it away; only a larger control group makes it smaller.

# %% [markdown]
# ## In which store does it work best?
#
# Back to the voucher. A regional manager asks the most natural question of all: *"And in my store?"* We know each customer's home store.

# %%
store = world.customers.home_store.astype(str).radd("store ")
stores = measure_lift(contacts.assign(store=store), outcomes, "sales", by="store")
ranked = stores.to_frame().sort_values("effect", ascending=False)
ranked[["segment", "n_treated", "n_control", "effect", "low", "high", "p", "p_adjusted", "shrunken"]].iloc[[0, 1, 2, -2, -1]].round(2)  # fmt: skip

# %% tags=["verify"]
expected = world.truth.effect("basket_discount", days=28, post=0).sales * contacts.address_works
store_truth = expected.groupby(store).mean()
assert (ranked.p < 0.05).sum() >= 2 and (ranked.p_adjusted >= 0.05).all() and len(ranked) == 40
assert ranked.low.iloc[0] > 0 and ranked.effect.iloc[0] > 2 * store_truth.max() and ranked.effect.iloc[-1] < -3
assert stores.details["p_differ"] > 0.85 and ranked.shrunken.std() < 0.01 and store_truth.min() > 1

# %% [markdown]
# *{{ranked.segment.iloc[0].capitalize()}}*: +€{{ranked.effect.iloc[0]:.2f}}, "significant" (p = {{ranked.p.iloc[0]:.2f}}), {{ranked.effect.iloc[0] / lift.effect:.1f}} times the chain's lift. Send more there! And {{ranked.segment.iloc[-1]}} shall stop at once, with −€{{abs(ranked.effect.iloc[-1]):.2f}}?
#
# Of the forty stores {{(ranked.p < 0.05).sum()}} are "significant", and after the correction (Benjamini–Hochberg, for segments) none: each is much too small for an answer of its own. And the manager's question was another one. He does not ask whether the voucher works, but whether it works *better in his store*. Do the stores differ at all? p = {{stores.details["p_differ"]:.2f}}: chance alone would make them differ at least this much nearly always, so nothing speaks for it. The helper therefore pulls every store to one common value, €{{ranked.shrunken.mean():.2f}}: the last column, the **shrinkage**. The truth, once for all forty:


# %%
def draw_stores(ranked, truth):
    """Effects of all stores with their intervals, the measured best on the left, beside the truth."""
    fig, ax = plt.subplots(figsize=(9, 4))
    place = range(len(ranked))
    ax.vlines(place, ranked.low, ranked.high, color=GREY, linewidth=2)
    ax.plot(place, ranked.shrunken, color=HIGHLIGHT, linewidth=2, label="shrunken")
    ax.plot(place, ranked.effect, "o", color=TREATED, markersize=6, label="measured")
    ax.plot(place, truth, "D", markerfacecolor="white", markeredgecolor=TRUTH, markersize=5, linestyle="none", label="truth")  # fmt: skip
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xticks=[], xlabel="forty stores, the best on the left")
    ax.legend(loc="upper right", ncols=3)
    headline(ax, "The best store is the luckiest", "effect per customer drawn, four weeks, €, 95 % intervals", "loyalty.world, seed 33")  # fmt: skip


expected = world.truth.effect("basket_discount", days=28, post=0).sales * contacts.address_works
true_of = expected.groupby(store).mean()
draw_stores(ranked, true_of[ranked.segment].to_numpy())

# %% [markdown]
# In truth the stores lie between €{{true_of.min():.2f}} and €{{true_of.max():.2f}} (what the letter brings there in the long run), and the "best" one has €{{true_of[ranked.segment.iloc[0]]:.2f}}. It was merely lucky: whoever wins among forty is good *and* lucky, and next time only good. This is the **winner's curse**, and it is no accident of this one lottery. Three hundred of them, each with its best store and with the common value to which the helper would pull all forty (stores with a small error weigh more in it):


# %%
def summarise(spent, side):
    """Mean of one group in each store, and the squared standard error of that mean."""
    n, total, squares = (np.bincount(code[side], values[side]) for values in (side * 1.0, spent, spent**2))
    return total / n, (squares / n - (total / n) ** 2) / (n - 1)


def crown_best():
    """One more lottery: what the best of the forty stores shows, its truth, and the common value of all forty."""
    one = rng.permutation(labels)
    spent = without + gain.to_numpy() * one
    (ours, error), (theirs, other_error) = summarise(spent, one), summarise(spent, ~one)
    effect, best = ours - theirs, np.argmax(ours - theirs)
    return effect[best], true_of[names[best]], np.average(effect, weights=1 / (error + other_error))


rng, (code, names) = np.random.default_rng(33), pd.factorize(store)
columns = ["shown by the best", "true of the best", "common value"]
crowned = pd.DataFrame([crown_best() for _ in range(300)], columns=columns).mean()
crowned.round(2).to_frame("€ per customer, mean of 300 lotteries")

# %% tags=["verify"]
assert crowned.iloc[0] > 2.5 * crowned.iloc[1] and abs(crowned.iloc[1] - gain.mean()) < 0.5
assert (
    crowned.iloc[0] - crowned.iloc[1] > 8 * abs(crowned.iloc[2] - gain.mean()) and crowned.iloc[2] > gain.mean() + 0.3
)

# %% [markdown]
# The crowned store shows €{{crowned.iloc[0]:.2f}} on average and has €{{crowned.iloc[1]:.2f}}. So never report the best cell without its shrunken value; `stores.best()` gives both, and so does `arms.best()` for the five letters (the gift's €{{arms.best().effect:.2f}} becomes €{{arms.best().shrunken:.2f}}).
#
# The common value is not perfect either: €{{crowned.iloc[2]:.2f}} on average, where the truth is €{{gain.mean():.2f}}. A store with some 75 control customers looks *sure* when none of these happens to be a big buyer, and then it also looks *good*; so it weighs too much. For one number about the whole chain take the plain lift, €{{lift.effect:.2f}}, and make no cells this small. (The next piece shows the same fault from near.)
#
# ## Where an interval cannot hold
#
# "A control group costs sales. Let us leave out 100 of 2,000, and look at the category that we advertise", says Jonas. The category is *Support* (bandages, insoles, monitors). Does an interval hold what it promises there? We test it where nothing happened: February, no campaign, labels dealt at will, true effect zero.

# %%
february_lines = world.receipts[(world.receipts.time >= start - 28 * day) & (world.receipts.time < start)]
support = world.products.product_id[world.products.department == "Support"]
bought = february_lines[february_lines.product_id.isin(support)].groupby("customer_id").sales.sum()
category = bought.reindex(contacts.customer_id, fill_value=0).to_numpy()


def hold_zero(n, m, draws=2_000):
    """How often two intervals hold the true zero, and on which side Welch's misses."""
    rng = np.random.default_rng(33)
    a, b = rng.choice(category, (draws, n)), rng.choice(category, (draws, m))
    gaps, own = a.mean(axis=1) - b.mean(axis=1), np.array([a.var(axis=1, ddof=1), b.var(axis=1, ddof=1)])
    welch = 1.96 * np.sqrt(own[0] / n + own[1] / m)
    pooled = 1.96 * np.sqrt((own[0] * (n - 1) + own[1] * (m - 1)) / (n + m - 2) * (1 / n + 1 / m))
    counts = {"Welch holds zero": np.abs(gaps) < welch, "pooled variance holds zero": np.abs(gaps) < pooled}
    counts |= {"Welch says: it works": gaps > welch, "Welch says: it harms": gaps < -welch}
    return {name: what.mean() for name, what in counts.items()}


sizes = {"2,000 and 2,000": (2_000, 2_000), "1,900 and 100": (1_900, 100)}
held = pd.DataFrame({name: hold_zero(*pair) for name, pair in sizes.items()})
held.map("{:.1%}".format)

# %% tags=["verify"]
even, small = held["2,000 and 2,000"], held["1,900 and 100"]
assert even["Welch holds zero"] > 0.935 and small["Welch holds zero"] < 0.89
assert 0.93 < small["pooled variance holds zero"] < 0.975 and small["Welch says: it works"] > 0.1
assert 0.04 < (category > 0).mean() < 0.08

# %% [markdown]
# {{(category > 0).mean():.0%}} of the customers buy in this category: 6 of a control group of 100. Then the usual interval (Welch's) holds zero in {{held["1,900 and 100"]["Welch holds zero"]:.1%}} of the campaigns instead of 95%, and nearly always misses on the pleasant side: in {{held["1,900 and 100"]["Welch says: it works"]:.1%}} of campaigns that do nothing it says *it works*. Why? Mostly the small group happens to hold no big buyer; then its mean is low, and its spread looks small too.
#
# The interval with one pooled variance borrows the spread from the 1,900 and holds zero in {{held["1,900 and 100"]["pooled variance holds zero"]:.1%}}. The helper takes it wherever control is under 20 %, says so, and warns all the same:

# %%
pilot = pd.DataFrame({"arm": np.repeat(["mail", "control"], [1_900, 100]), "sales": category[:2_000]})
measure_lift(pilot)

# %% tags=["verify"]
assert "pooled" in measure_lift(pilot).method and len(measure_lift(pilot).warnings) == 2
assert measure_lift(pilot).low < -measure_lift(pilot).base < 0

# %% [markdown]
# Read the warnings before the number: *heavy tail*, *fewer than 20 customers with a value other than zero*. This interval claims little, and it is nearly useless: from −€{{abs(measure_lift(pilot).low):.2f}} to €{{measure_lift(pilot).high:.2f}}, around a control group that spends €{{measure_lift(pilot).base:.2f}} a head. No method makes 100 customers tell more, no bootstrap either. The cure is a larger control group, or a number that is not zero for nearly everybody.
#
# These were two cells. [Do the intervals hold?](../../docs/tables/certify.md) counts it for more than a hundred, and names those that do not; `python3 workshop.py certify` makes the table anew.

# %% [markdown]
# ## Real people: Hillstrom's e-mails
#
# All this was our own world. In 2008 Kevin Hillstrom published a test with 64,000 customers of a web shop: a third got an e-mail with men's goods, a third one with women's goods, a third none, by lottery. The file may not be passed on with this workshop; the next four code cells run if you have it (`hillstrom(download=True)` fetches it, 4 MB).

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
from loyalty.datasets import hillstrom

shop = hillstrom()  # hillstrom(download=True) fetches it
print(check_sample_ratio(shop.contacts, dict.fromkeys(["control", "mens", "womens"], 1 / 3)).sentence())
check_balance(shop.contacts, shop.covariates, covariates=["recency", "history", "mens", "womens", "newbie"])

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
emails = measure_lift(shop.contacts, shop.outcomes, "sales")
emails

# %% [markdown]
# 21,306 customers got nothing, 21,307 the men's and 21,387 the women's e-mail. In the two weeks after it, the control group spent \$0.65 a head. The men's e-mail added **\$0.77** (\$0.49 to \$1.05), the women's **\$0.42** (\$0.17 to \$0.68). You should see these numbers, each with its p-value after Holm. Fewer than one customer in a hundred bought without an e-mail, and still it can be seen: that is what 21,000 a group are for.
#
# Did it earn? The file knows neither margin nor costs. So we ask three times. The price of an e-mail is our assumption too: ten cents, everything included.

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
verdicts = [
    campaign_money(shop.contacts, shop.outcomes, margin_rate=rate, contact_cost=0.10, reward_cost=0, point_cost=0,
                   windows="main", arm=arm).to_frame().assign(margin_rate=rate)
    for arm in ("mens", "womens") for rate in (0.20, 0.30, 0.50)
]  # fmt: skip
pd.concat(verdicts)[["arm", "margin_rate", "profit", "low", "high", "verdict"]].round(3)

# %% [markdown]
# Read the column `verdict`. The men's e-mail is *open* at a margin of 20% and has *earned* at 30 and 50%; the women's is open at all three. The same lift, and the word next to it depends on a margin that no statistician can estimate from the file. Ask Jonas before you ask the data.
#
# Last question. Should the women's e-mail have gone to everybody? The list knows who had bought women's goods in the past year.

# %% tags=["optional-data"]
# Optional: needs Hillstrom's file
past_buyer = shop.covariates.womens.map({1: "bought women's goods", 0: "others"})
by_past = measure_lift(shop.contacts.assign(past=past_buyer), shop.outcomes, "sales", by="past")
by_past

# %% [markdown]
# The women's e-mail added \$0.54 (\$0.22 to \$0.87) for past buyers of women's goods and \$0.28 (−\$0.12 to \$0.68) for the others. "It works only for past buyers"? One interval leaves out zero and the other does not; that is no proof that they *differ*. They overlap widely, and `by_past.details` tests the difference itself: p = 0.32, open. Now put `"visited"` in the place of `"sales"`: visits are not so rare, and there the two groups differ beyond doubt (7.3 points more visitors against 1.1).

# %% [markdown]
# ## What we learned
#
# - **Whoever was drawn counts; whoever bought nothing counts as zero.** "Who used it against control" compares those who came with everybody. The **redeemer** of the voucher spent more already in February: the slide said €{{slide:.2f}} for each user, the truth was €{{truths[0]:.2f}}.
# - **Intention to treat** takes everybody whom the lottery drew. The **lift (campaign)** was €{{lift.effect:.2f}} per customer drawn, **confidence interval** €{{lift.low:.2f}} to €{{lift.high:.2f}}: the same by hand and by `measure_lift`, and far outside what shuffling makes. Whether it *earned* stayed open. "Whom we reached" is the same trap once more, and its p-value was magnificent.
# - **Pre-period adjustment** saved {{sharp["a year"].details["saving"]:.0%}} of the variance with one column. The customer is the unit; where a ratio must be, the **delta method** gives its error.
# - Five letters and forty stores produce winners by chance. **Multiple-testing correction** keeps us from celebrating nothing, and shrinkage takes most of the **winner's curse** off the best.
#
# ## What could still be wrong
#
# - The interval knows about luck, not about a lottery that was not kept: a list that was "cleaned" afterwards, a control group that got the letter too. We looked at sample ratio and balance, no more.
# - Four weeks are a choice. Part of what people bought in March they do not buy in April; the money counted that, the lift did not.
# - In our world customers do not talk to each other. A voucher that is shown to a neighbour in the control group makes every lift too small.
# - Our lottery had a bit of luck, like any other. The truth lay in the interval; in up to 5 of 100 campaigns it does not, and nobody rings a bell.
#
# ## Use it on your data
#
# `measure_lift(contacts, outcomes, "sales", before="sales")` with everybody who was drawn; `build_outcomes(contacts, receipts, start=…, end=…)` makes the outcomes from receipts, zeros included (`contacts` with `customer_id`, `arm`, and the name and number of the sending in `campaign_id` and `wave`). As one report for your boss: `python3 workshop.py run campaign_report --data receipts=till.csv --data contacts=list.xlsx --columns columns.yml --set start=2026-03-02 --set end=2026-03-30 --set margin_rate=0.30 -o report.html`

# %% [markdown]
# [[links]]
