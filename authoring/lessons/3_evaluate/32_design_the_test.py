# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Design the test
#     question: How many must I leave out, and what will I then be able to see?
#     part_a: 25
#     part_b: 35
#     know_first: ["31"]
#     module: loyalty.evaluate.design
#     test: helpers/tests/evaluate/design/test_power.py::test_the_stated_power_is_what_repeated_tests_see
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - find the **minimum detectable effect** of a plan, and its **power**: by hand, by repeating the lottery, by one function
# - hold it against the **break-even**, and decide how many customers a **control group** needs
# - settle the **eligibility** before the draw, and draw so that a new customer moves nobody
# - know what spoils a good plan: a **heavy tail**, **peeking**, a **sample ratio mismatch**

# %% [markdown]
# ## Three opinions about a gift
#
# It is the last day of December, and tomorrow a letter goes out: *"Come in January and take a gift home."* Nobody knows whether it pays. Three people sit at the table.
#
# - Marta: *"Two in a hundred, if you must. Each customer without a letter is a lost sale."*
# - Ines: *"We leave out 5 percent. We always leave out 5 percent."*
# - Jonas: *"Half and half, as the doctors do. I want to see something for my money."*
#
# Who is right can be computed tonight, before a single letter is printed. First: who may get one at all? Ines has a list: who gave his consent to letters, who is staff, and when each customer last bought. We filter it with one rule a line; the first cell makes the list, `filter_eligible` is what to look at.

# %%
import numpy as np
import pandas as pd

from loyalty.evaluate.design import Rule, filter_eligible
from loyalty.world import World

world = World(customers=40_000, months=24, seed=32)


def read_list(world):
    """Ines's list: consent was usually signed together with the card; one in a hundred works here."""
    rng, customers = np.random.default_rng(32), world.customers
    consent = rng.random(len(customers)) < np.where(customers.card_since.notna(), 0.80, 0.45)
    last = world.receipts.groupby("customer_id").time.max().reindex(customers.customer_id)
    staff = rng.random(len(customers)) < 0.01
    return customers.assign(consent=consent, staff=staff, last_purchase=last.to_numpy())


customers = read_list(world)
rules = [
    Rule("no consent", "consent", "is", True),
    Rule("staff", "staff", "is", False),
    Rule("silent for a year", "last_purchase", ">=", world.end - pd.Timedelta(days=365)),
]
found = filter_eligible(customers, rules, as_of=world.end)
found

# %% [markdown]
# Of {{len(customers):,}} customers {{len(found.eligible):,}} may get the letter (`left`, last row). A customer can break two rules at once: `customers` counts all who break this one, `only_this` those who break no other. The {{len(found.eligible):,}} are the people of our test: *all* of them, those who get it and those who do not. Whoever may not be written to leaves **before** the draw, on both sides.
#
# Marta sees {{int(found.counts.customers[0]):,}} customers without consent and has an idea: *"There is our control group, for nothing! We may not write to them anyway."* What did these people spend in November, when there was no letter?

# %%
start = pd.Timestamp("2024-11-04")  # four whole weeks, before Christmas begins
window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < start + pd.Timedelta(days=28))]
money = window.groupby("customer_id")[["sales", "margin"]].sum().reindex(customers.customer_id, fill_value=0)

still_here = customers[~customers.staff & (customers.last_purchase >= world.end - pd.Timedelta(days=365))]
by_consent = still_here.assign(november=money.sales.reindex(still_here.customer_id).to_numpy()).groupby("consent")
by_consent.november.agg(["size", "mean"]).round(2)

# %% tags=["verify"]
means = by_consent.november.mean()
assert means[True] - means[False] > 5 and by_consent.size()[True] == len(found.eligible)

# %% [markdown]
# €{{by_consent.november.mean()[True]:.2f}} with consent, €{{by_consent.november.mean()[False]:.2f}} without: **€{{by_consent.november.mean()[True] - by_consent.november.mean()[False]:.2f}} apart, and no letter was sent**. Any campaign would "work" against such a control group. Only a lottery among those who *could* have got the letter makes two groups alike.
#
# ## How much do people differ?
#
# What a test can see depends on how much customers differ from each other. Our own history tells it: what did each of the {{len(found.eligible):,}} spend in four weeks, as long as the campaign will run?

# %%
eligible = found.eligible
november = money.sales.reindex(eligible.customer_id).to_numpy()  # who bought nothing counts with 0
size, mean, sd = len(november), november.mean(), november.std(ddof=1)
print(f"{size:,} customers, €{mean:.2f} on average, standard deviation €{sd:.2f}")
print(f"{(november == 0).mean():.0%} bought nothing, the best one bought for €{november.max():,.0f}")

# %% [markdown]
# €{{mean:.0f}} on average, give or take {{sd:.0f}}: nearly half the people are at nothing, and a few are at hundreds. Through this fog we want to see the work of a letter.
#
# Your bet. **Leave out 5 % of them. How many euros more per customer must the gift bring, on average, so that the test sees it four times out of five?**

# %%
from loyalty.tasks import predict, reveal

predict("32a", 1.00)  # your bet in euros per customer: change 1.00

# %% [markdown]
# ## By hand
#
# Draw two groups of {{size * 0.95:,.0f}} and {{size * 0.05:,.0f}} customers by lot, and their means differ by themselves, letter or no letter. How far such a gap jumps is the **standard error**, and the jumps follow the bell curve. An effect has to clear two hurdles:
#
# - To be *called* an effect the gap must lie more than **1.96** standard errors from zero. Chance alone gets beyond that in 5 of 100 lotteries, so only 5 of 100 useless letters look like something.
# - A true effect of exactly 1.96 would be seen every second time only: luck takes away as often as it adds. To be seen in 80 of 100 it must lie another **0.84** further out; 80 of 100 jumps stay above −0.84.


# %%
def find_error(share):
    """Standard error of the gap when this share of the customers is left out."""
    left_out = share * size
    return sd * np.sqrt(1 / left_out + 1 / (size - left_out))


by_hand = (1.96 + 0.84) * find_error(0.05)
f"standard error €{find_error(0.05):.2f}, seen from €{by_hand:.2f} on"

# %% [markdown]
# **€{{by_hand:.2f}}**, that is {{by_hand / mean:.0%}} of what people spend. This is the **minimum detectable effect**; the "80 of 100" that belongs to it is called **power**. A formula can be believed or tried. We try it: draw the lots a thousand times over November, where there was no letter, and then once more with €{{by_hand:.2f}} planted into everyone who "got" it.

# %%
import matplotlib.pyplot as plt

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, headline, house_style

house_style()


def repeat_lottery(share, planted=0.0, runs=1000):
    """Gaps between the two groups in many lotteries, with an effect planted into the treated."""
    rng, left_out, gaps = np.random.default_rng(32), round(share * size), []
    for _ in range(runs):
        lots = rng.permutation(november)
        gaps.append(lots[left_out:].mean() + planted - lots[:left_out].mean())
    return np.array(gaps)


nothing, something = repeat_lottery(0.05), repeat_lottery(0.05, planted=by_hand)
line = 1.96 * find_error(0.05)
alarms, seen = (np.abs(nothing) > line).mean(), (np.abs(something) > line).mean()


def draw_two_hills():
    """The gaps of both series, and the lines beyond which a gap is called an effect."""
    ax = plt.subplots(figsize=(9, 3.8))[1]
    edges = np.linspace(-6, 10.5, 60)
    ax.hist(nothing, edges, color=GREY, alpha=0.8)
    ax.hist(something, edges, color=TREATED, alpha=0.6)
    for end in (-line, line):
        ax.axvline(end, color=INK, linewidth=1, linestyle="--")
    top = ax.get_ylim()[1]
    ax.annotate(f"no effect:\n{alarms:.0%} beyond", (-6, 0.8 * top), color="#5F6368")
    ax.annotate(f"€{by_hand:.2f} planted:\n{seen:.0%} beyond", (7.0, 0.8 * top), color=TREATED)
    ax.set(xlabel="gap between the groups, € per customer", ylabel="lotteries")
    headline(ax, "Two hills that overlap: this is all that 5 % can tell apart", f"1,000 lotteries over November, 5 % left out; dashed: called an effect beyond ±€{line:.2f}", "loyalty.world, seed 32")  # fmt: skip


draw_two_hills()

# %% tags=["verify"]
assert 0.03 < alarms < 0.07 and 0.76 < seen < 0.84

# %% [markdown]
# {{alarms:.1%}} of the grey lotteries lie beyond the dashed lines: false alarms. Of the blue ones {{seen:.0%}} do: they see the effect. The formula promised 5 and 80, and a thousand lotteries cannot tell that apart (give or take 1.4 and 2.5 points). Now the helper, first with our two numbers, then with the whole history:

# %%
from loyalty.evaluate.design import find_detectable, find_power

same = find_detectable(sd=sd, mean=mean, size=size, control=0.05)
plan = find_detectable(november, size=size, control=0.05)
print(f"from mean and standard deviation: €{same.effect:.2f}; from the history: €{plan.effect:.2f}")
reveal("32a", estimate=plan.effect, unit="€", says="Seen in 80 of 100 waves with 5 % left out.")

# %% tags=["verify"]
assert abs(same.effect - by_hand) < 0.005 and 0.05 < plan.effect - same.effect < 0.30 and not plan.warnings

# %% [markdown]
# The first is our €{{by_hand:.2f}}, up to the rounding of 1.96 and 0.84. With the history it says €{{plan.effect:.2f}}, a little more, and that is the better number: a letter does not hand the same amount to everybody, it brings *some* people in. The treated then differ more from each other, and with a small control our interval takes its spread from everybody, the treated included; why, Part B shows under *A heavy tail*.
#
# ## In money
#
# Is €{{plan.effect:.2f}} much? Jonas has the costs. A letter is 10 cents. From the last gift Ines knows that about one customer in five takes it, at €2.40.

# %%
margin_rate = money.margin.sum() / money.sales.sum()
cost = 0.10 + 0.20 * 2.40
break_even = cost / margin_rate
print(f"€{cost:.2f} a customer; {margin_rate:.3f} of a euro of sales is margin: pays from €{break_even:.2f} on")

# %% [markdown]
# From **€{{break_even:.2f}}** of additional sales per customer the gift pays: the **break-even**. With 5 % left out the test sees 80 of 100 gifts that bring €{{plan.effect:.2f}}. Everything in between earns money and is missed more often; a gift that just pays would be seen in {{find_power(november, size=size, effect=break_even, control=0.05).power * 100:.0f}} of 100 Januaries. So what do the other shares see?

# %%
plan = find_detectable(november, size=size, control=0.05, worth=margin_rate, cost=cost)
curve = plan.curve([0.02, 0.05, 0.10, 0.20, 0.50])
curve.round({"effect": 2, "relative": 3, "profit": 0, "n_control": 0})

# %%
ax = plan.plot(unit="€", source="loyalty.world, seed 32")

# %% tags=["verify"]
sees = curve.set_index("control")
assert sees.sees_break_even.to_dict() == {0.02: False, 0.05: False, 0.10: False, 0.20: False, 0.50: True}
assert sees.effect[0.02] > 3.4 * break_even and sees.effect[0.10] > 1.5 * break_even
assert sees.effect[0.20] / sees.effect[0.50] < 1.3 and sees.profit[0.05] > 10_000
assert not find_detectable(november, size=size, control=0.40).effect <= break_even

# %% [markdown]
# Read down the column `effect`: what is seen in 80 of 100 waves. With Marta's 2 % the gift must bring €{{curve.effect[0]:.2f}}, with Ines's 5 % €{{curve.effect[1]:.2f}}, with 10 % €{{curve.effect[2]:.2f}}. The column `profit` is what such a gift leaves in January over all who get it: one that earns €{{curve.profit[1]:,.0f}} is still missed by Ines in 20 of 100 waves.
#
# From a fifth on the curve flattens: half instead of a fifth takes {{0.3 * size:,.0f}} more customers and gains {{(curve.effect[3] - curve.effect[4]) * 100:.0f}} cents. Yet of these shares only the half comes down to the break-even, at €{{curve.effect[4]:.2f}}. ({{min(k for k in range(20, 51) if find_detectable(november, size=size, control=k / 100).effect <= break_even)}} % would just do; half is what one can remember.)
#
# Mind the words. *Seeing* the break-even means telling it from **nothing**. To prove a **profit** the whole interval has to lie above the break-even, and for that the true effect must be €{{break_even:.2f}} + €{{curve.effect[4]:.2f}} = €{{find_detectable(november, size=size, control=0.50, worth=margin_rate, cost=cost).proves_profit:.2f}} with half and half (a plan knows it as `.proves_profit`). One wave will hardly do that.
#
# ## Whose habit is 5 %?
#
# A habit is often right somewhere else. How many customers would a chain need, so that 5 % see the break-even?

# %%
from loyalty.evaluate.design import find_size

shares = [0.05, 0.10, 0.20, 0.50]
sizes = [find_size(november, effect=break_even, control=share) for share in shares]
needed = {"eligible customers": [one.size for one in sizes], "of them left out": [one.n_control for one in sizes]}
pd.DataFrame(needed, index=pd.Index([f"{share:.0%}" for share in shares], name="share left out")).round(-2).astype(int)

# %% tags=["verify"]
assert 4.6 < sizes[0].size / size < 5.5 and sizes[-1].size < size < sizes[2].size

# %% [markdown]
# {{round(sizes[0].size, -2):,.0f}}. Ines's habit comes from a chain five times our size. And what would Jonas's half cost? Suppose the gift brings €3. Then each customer left out is 3 × {{margin_rate:.3f}} − {{cost:.2f}} = {{(3 * margin_rate - cost) * 100:.1f}} cents of profit that we do not make: half the list is €{{0.5 * size * (3 * margin_rate - cost):,.0f}}, once. That is the price of knowing. If it brings €1, leaving out half *saves* us €{{-0.5 * size * (margin_rate - cost):,.0f}}.
#
# They agree: an unknown offer, a small chain, **half and half**, this once. When it has shown what it does, a small control will do to watch over it.
#
# ## Draw so that nobody moves
#
# Ines draws as most people do: number the list, shuffle, take the first half. She even keeps the seed. An hour later one more customer gives his consent, and the list is made again. How many change sides?

# %%
from loyalty.evaluate.design import hash_customers


def shuffle(ids):
    """Control by shuffling the list, always with the same seed."""
    return set(np.random.default_rng(32).permutation(ids)[: len(ids) // 2])


def hash_draw(ids):
    """Control by a number computed from the customer's own id and a word, the salt."""
    return set(ids[hash_customers(ids, "gift 2025") < 0.5])


ids = eligible.customer_id.to_numpy()
newcomer = found.excluded.query("reason == 'no consent'").customer_id.iloc[0]
one_more = np.sort(np.append(ids, newcomer))
draws = {"shuffled list": shuffle, "hash": hash_draw}
moved = {name: len(draw(ids) - draw(one_more)) for name, draw in draws.items()}
pd.Series(moved).to_frame("controls who would now get the letter")

# %% tags=["verify"]
at_the_end = len(shuffle(ids) - shuffle(np.append(ids, ids.max() + 1)))
assert moved["hash"] == 0 and moved["shuffled list"] > 0.2 * size and at_the_end > 500

# %% [markdown]
# {{moved["shuffled list"]:,}} against {{moved["hash"]}}. The newcomer stands near the top of the list, and everybody below him slips by one place; had he come at the very end, still {{len(shuffle(ids) - shuffle(np.append(ids, ids.max() + 1))):,}} would have moved. The shuffle depends on the whole list; the **hash** only on the customer himself and on a word for this campaign. Anybody can compute it again next year, in any language, on any list. `assign_arms` draws so, and writes down for each customer with which probability. It also counts the result within two **strata**, here the buyers of November and the others. Then `check_balance` looks whether the lottery was kind to us, at what was known before:

# %%
from loyalty.evaluate.design import assign_arms, check_balance

november_buyer = np.where(november > 0, "bought in November", "did not")
people = eligible.assign(stratum=november_buyer)
drawn = assign_arms(people, {"control": 0.5, "gift": 0.5}, salt="gift 2025", strata="stratum", assigned_at=world.end)
profile = pd.DataFrame({"customer_id": ids, "november": november, "has card": eligible.card_since.notna()})
profile["days as customer"] = (world.end - eligible.joined_on).dt.days
profile["days since purchase"] = (world.end - eligible.last_purchase).dt.days
balance = check_balance(drawn, profile)
ax = balance.plot(source="loyalty.world, seed 32")

# %% tags=["verify"]
assert not balance.warnings and balance.p > 0.05 and set(drawn.contacts.query("arm == 'control'").customer_id) == hash_draw(ids)  # fmt: skip
assert (drawn.log.drawn - 0.5).abs().max() < 0.02

# %% [markdown]
# {{balance.n_control:,}} customers are control, {{balance.n_treated:,}} get the gift; within both strata the lottery came within {{(drawn.log.drawn - 0.5).abs().max() * 100:.1f}} points of the half. All differences lie within what chance makes (p = {{balance.p:.2f}} for all together: {{balance.p * 100:.0f}} of 100 fair lotteries come out less even). Had one lain outside, we would note it and *not* draw again: who draws until he likes it has no lottery any more.
#
# ## The truth, and who would have seen it
#
# In this world we may look at what the gift will do in January, before it does it. So: which of the plans would have seen it?

# %%
effects = world.truth.effect("gift", days=28, post=0).set_index("customer_id")
truth = effects.sales[ids].mean()
chances = {}
for share in (0.02, 0.05, 0.10, 0.50):
    chances[f"{share:.0%} left out"] = find_power(november, size=size, effect=truth, control=share).power
print(f"true effect: €{truth:.2f} of sales per customer, that is €{truth * margin_rate - cost:.2f} of profit")
pd.Series(chances).round(2).to_frame("chance to see it")

# %% tags=["verify"]
assert break_even < truth < plan.effect and truth < curve.effect[2]
assert chances["5% left out"] < 0.40 < chances["10% left out"] < 0.7 < 0.9 < chances["50% left out"]
taken = effects.reward_paid[ids].mean() / 2.40
assert 0.18 < taken < 0.22 and 0 < truth * margin_rate - cost < 0.20
assert find_detectable(november, size=size, control=0.05, growth="scale").effect > plan.effect + 0.2

# %% [markdown]
# €{{truth:.2f}}: a gift that pays, by a little. Marta's plan would have seen it in {{chances["2% left out"] * 100:.0f}} of 100 Januaries, Ines's in {{chances["5% left out"] * 100:.0f}}, Jonas's in {{chances["50% left out"] * 100:.0f}}. In the other Januaries the report says *"no significant effect"*, somebody reads *"does not work"*, and a good idea is buried by a small control group.
#
# **A control group that is too small does not say "no effect". It says nothing.** And the price of knowing: {{size / 2:,.0f}} customers without a gift that earns {{(truth * margin_rate - cost) * 100:.0f}} cents, about €{{round(size / 2 * (truth * margin_rate - cost), -2):,.0f}}, once.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/32_design_the_test.ipynb), at least 32a and 32b. What follows is for self-study.
#
# ---

# %% [markdown]
# ## January
#
# The letters go out, to those whom the lottery chose. Four weeks later:

# %%
from loyalty.evaluate.lift import measure_lift

wave, later = world.run(drawn.contacts, campaign_id="gift 2025", days=28)
lift = measure_lift(wave.contacts, wave.outcomes, "sales")
lift

# %% tags=["verify"]
assert lift.low < truth < lift.high and not lift.warnings
spread = wave.outcomes.query("window == 'main'").sales.std()
assert 0.9 < spread / sd < 1.35

# %% [markdown]
# €{{lift.effect:.2f}} (€{{lift.low:.2f}} to €{{lift.high:.2f}}); the truth, €{{truth:.2f}}, lies inside. The interval reaches €{{(lift.high - lift.low) / 2:.2f}} to each side; from November we had expected €{{1.96 * find_error(0.5):.2f}}. January is not November (people differed by €{{wave.outcomes[wave.outcomes.window == "main"].sales.std():.0f}} instead of €{{sd:.0f}}), and a plan is only as good as the month it was made from. How to measure is the next lesson's matter. We stay with what can go wrong before.
#
# ## Does the machine ring when nothing is there?
#
# Before a test is trusted, run it where nothing was done. Split November by lot, a thousand times, send nothing, measure. This is an **A/A test**. Five of 100 should ring, and the p-values should be spread evenly: small ones as often as large ones.

# %%
from loyalty.evaluate.design import run_aa

aa = run_aa(november, control=0.5, runs=1000, seed=32)
ax = aa.plot(source="loyalty.world, seed 32")

# %% tags=["verify"]
assert aa.holds and not aa.planted

# %% [markdown]
# {{aa.share:.1%}} of the tests ring ({{aa.low:.1%}} to {{aa.high:.1%}}), and all bars are about as high as chance makes them. Interval and data fit each other.
#
# ## A heavy tail and a small control
#
# That was money of 28 days, where half the people buy. Now the plan of a colleague: only the **baby department**, 2,000 customers, 5 % left out. There, few buy, and a few of these buy very much. First, how much hangs on how few? *Skewness* measures the tail: 0 for a bell, and the longer the tail, the more.

# %%
from loyalty.stats import find_skewness

baby_products = world.products.product_id[world.products.department == "Baby"]
baby_sales = window[window.product_id.isin(baby_products)].groupby("customer_id").sales.sum()
baby = baby_sales.reindex(ids, fill_value=0).to_numpy()
squares = np.sort((baby - baby.mean()) ** 2)[::-1]
top = squares[: len(baby) // 100].sum() / squares.sum()
print(f"{(baby > 0).mean():.0%} buy; the top 1 % make {top:.0%} of the variance; skewness {find_skewness(baby):.1f}")
print("\n".join(find_detectable(baby, size=2_000, control=0.05).warnings))

# %% [markdown]
# The helper warns twice. What happens to somebody who does not listen? An A/A test for 1,900 against 100, with two kinds of interval: the usual one (Welch), which takes the control's variance from its 100 customers, and one that takes a common (*pooled*) variance from all 2,000.


# %%
def count_alarms(values, n=1900, m=100, runs=2000):
    """False alarms with each group's own variance, and with one common variance."""
    rng, own, common = np.random.default_rng(32), 0, 0
    for _ in range(runs):
        lots = rng.choice(values, n + m)
        gap = abs(lots[:n].mean() - lots[n:].mean())
        own += gap > 1.96 * np.sqrt(lots[:n].var(ddof=1) / n + lots[n:].var(ddof=1) / m)
        common += gap > 1.96 * np.sqrt(lots.var(ddof=1) * (1 / n + 1 / m))
    return own / runs, common / runs


alarms_of = pd.DataFrame({"all sales": count_alarms(november), "baby department": count_alarms(baby)})
alarms_of.set_axis(["own variance (Welch)", "common variance"]).T.map("{:.1%}".format)

# %% tags=["verify"]
assert alarms_of["baby department"][0] > 0.09 and 0.03 < alarms_of["baby department"][1] < 0.065
assert top > 0.3

# %% [markdown]
# With its own variance the baby department rings in {{alarms_of["baby department"][0]:.0%}} of the 2,000 tests (give or take {{196 * (alarms_of["baby department"][0] * (1 - alarms_of["baby department"][0]) / 2000) ** 0.5:.1f}} points) instead of 5. When by luck no big buyer is among the 100, their mean is low *and* their variance is low: wrong and sure of it. So our helpers take the common variance when the control is under a fifth. It saves the false alarms, and it cannot make big buyers come: with such data take more controls, or count buyers instead of money. What does *not* help is to cut the big ones off, for the money is with them.
#
# ## Peeking
#
# Marta looks into the data every Monday, and would stop as soon as the result is clear. *"It costs nothing to look."* We let her look at an A/A test, two thousand times, after each day and after each week.

# %%
day = (window.time - start).dt.days
by_day = window.pivot_table(index="customer_id", columns=day, values="sales", aggfunc="sum", fill_value=0)
so_far = by_day.reindex(ids, fill_value=0).to_numpy().cumsum(axis=1)  # euros until each day


def watch(runs=2000):
    """Gap of an A/A test after each day, in standard errors; one row a test."""
    rng, half = np.random.default_rng(32), size // 2
    labels = (np.arange(size) < half) / half - (np.arange(size) >= half) / (size - half)
    gaps = np.array([rng.permutation(labels) @ so_far for _ in range(runs)])  # mean of one half less the other's
    return gaps / (so_far.std(axis=0) * np.sqrt(1 / half + 1 / (size - half)))


paths = np.abs(watch())
looks = {"once, at the end": [27], "every Monday": [6, 13, 20, 27], "every day": list(range(28))}
false_alarms = pd.Series({name: (paths[:, days] > 1.96).any(axis=1).mean() for name, days in looks.items()})
false_alarms.map("{:.1%}".format).to_frame("false alarms")

# %%
from loyalty.evaluate.design import count_looks

pd.Series({name: count_looks(len(days)) for name, days in looks.items()}).map("{:.1%}".format).to_frame("by the book")

# %% tags=["verify"]
assert 0.03 < false_alarms["once, at the end"] < 0.07 and 0.09 < false_alarms["every Monday"] < 0.15
assert 0.17 < false_alarms["every day"] < count_looks(28) and np.corrcoef(so_far[:, 6], so_far[:, 27])[0, 1] > 0.5
assert all(abs(false_alarms[name] - count_looks(len(days))) < 0.05 for name, days in looks.items())

# %% [markdown]
# One look at the end: {{false_alarms["once, at the end"]:.0%}}. Every Monday: {{false_alarms["every Monday"]:.0%}}. Every day: {{false_alarms["every day"]:.0%}}, all of them about nothing. The helper gives the textbook's numbers, which suppose that each look brings as much news as the one before. Our customers come close; with a look every day they stay below, for who buys much early in the month buys much later too, and each look brings a little less news. The cure is cheap: write the day of the one look into the plan, and look at the *counts* meanwhile, not at the effect.
#
# ## Are they all there?
#
# Counts can be looked at every day, and should be. Somebody planned half and half and got 821,588 and 815,482. That is 50.2 % and 49.8 %. Good enough? By hand: how far is it off, in steps of what a lottery does?

# %%
from loyalty.evaluate.design import check_sample_ratio

got = np.array([821_588, 815_482])
steps = (got[0] - got.sum() / 2) / np.sqrt(got.sum() / 4)
print(f"{steps:.2f} standard deviations; squared {steps**2:.2f}")
halves = {"a": 0.5, "b": 0.5}
for counts in ([821_588, 815_482], [501_314, 498_686]):
    print(check_sample_ratio(dict(zip("ab", counts, strict=True)), halves).sentence())

# %% tags=["verify"]
assert abs(steps**2 - check_sample_ratio({"a": 821_588, "b": 815_482}, halves).statistic) < 1e-9
assert abs(check_sample_ratio({"a": 501_314, "b": 498_686}, halves).p - 0.0086) < 5e-5
assert got[0] - got[1] > 6_000

# %% [markdown]
# Nearly five standard deviations: about two lotteries in a million do that. Somewhere 6,000 people fell out, and hardly by chance; this is a **sample ratio mismatch**, and no lift of such a test may be read. The second split, 50.1 to 49.9 %, has p = 0.0086, and raises **no** alarm. It is worth a look: ask how the lists were made, and read on. The alarm waits for p < 0.001, because the check runs in every campaign: at 5 % it would call each twentieth sound campaign broken. The p-value is always shown.
#
# ## Taken out afterwards
#
# How do people fall out? Kindly, mostly. In January some letters come back, mostly from people who have not bought for long, and somebody takes them out: "they got nothing". Control customers do not send letters back.


# %%
def lose_letters(contacts):
    """Take out the treated whose letter came back: mostly those who have not bought for long."""
    rng, silent = np.random.default_rng(32), profile["days since purchase"].to_numpy() > 60
    back = rng.random(len(contacts)) < np.where(silent, 0.25, 0.03)
    return contacts[~(back & (contacts.arm == "gift").to_numpy())]


kept = lose_letters(drawn.contacts)
print(check_sample_ratio(kept, drawn.shares).sentence())
print(check_balance(kept, profile).warnings[0])
worse = measure_lift(wave.contacts[wave.contacts.customer_id.isin(kept.customer_id)], wave.outcomes, "sales")
worse

# %% [markdown]
# {{len(drawn.contacts) - len(kept):,}} treated customers are gone, none of the control. Both bells ring, and the "effect" has grown from €{{lift.effect:.2f}} to €{{worse.effect:.2f}} without a single sale more. The helper refuses to build such a filter:

# %%
from loyalty.tables import TableError

try:
    filter_eligible(wave.contacts, [Rule("letter came back", "delivered", "is", True)])
except TableError as error:
    print(error.problems[0])

# %% tags=["verify"]
assert check_sample_ratio(kept, drawn.shares).alarm and worse.effect > lift.effect + 0.5

# %% [markdown]
# ## The customers whom nobody writes to
#
# One campaign against its own control says what *this campaign* did. Jonas wants more: *what does the whole programme do, all letters of a year together?* For that some customers must get none of them. This is the **universal control**: drawn once, with a salt of its own, for a fixed term, and no campaign counts them.

# %%
from loyalty.evaluate.design import hold_out

held = hold_out(people, 0.10, "programme 2025", ("2025-01-01", "2026-01-01"))
year = assign_arms(people, {"control": 0.5, "gift": 0.5}, salt="gift 2025", universal=held, assigned_at=world.end)
year.to_frame().round(3)

# %% [markdown]
# A tenth is held out. Among the others the old lottery of *gift 2025* holds as it was, as the other salt has nothing to do with it. Two contrasts can now be made from one January, and they answer two questions:

# %%
from loyalty.charts import draw_intervals
from loyalty.stats import compare_means

spent = world.run(year.contacts, days=28)[0].outcomes.query("window == 'main'").set_index("customer_id").sales
january = year.contacts.assign(sales=spent.reindex(year.contacts.customer_id).to_numpy())
universal = january.control_kind == "universal"
campaign = compare_means(january.sales[january.arm == "gift"], january.sales[january.control_kind == "campaign"])
programme = compare_means(january.sales[~universal], january.sales[universal])


def draw_contrasts():
    """Both contrasts beside what they aim at."""
    rows = {"gift − campaign control": campaign, "all others − universal control": programme}
    table = pd.DataFrame({name: {"effect": e.effect, "low": e.low, "high": e.high} for name, e in rows.items()}).T
    ax = draw_intervals(table, unit="€")
    aims = [truth, truth * (january.arm[~universal] == "gift").mean()]
    ax.plot(aims, [0, 1], "D", markerfacecolor="white", markeredgecolor=TRUTH, markersize=9, linestyle="none", zorder=4)
    headline(ax, "Two questions, two answers", "sales per customer in January, €, 95 % interval; diamond: the truth", "loyalty.world, seed 32")  # fmt: skip


draw_contrasts()

# %% tags=["verify"]
reached = (january.arm[~universal] == "gift").mean()
assert campaign.low < truth < campaign.high and programme.low < truth * reached < programme.high
assert programme.high - programme.low > 2 * 1.96 * 0.9 and 0.48 < reached < 0.52

# %% [markdown]
# The first is the gift's effect on those drawn for it. The second compares *everybody the programme could have reached*, the campaign's own control included, with those it left alone; as only half got the gift, the truth is half as large, €{{truth * (january.arm[~universal] == "gift").mean():.2f}}. One month of a tenth is far too little to see that (−€{{abs(programme.low):.2f}} to €{{programme.high:.2f}}). A universal control is for a year and for all campaigns together, and costs every one of them a tenth of its customers.
#
# ## The chance that goes into the log
#
# Whoever later judges a ranking or a plan by what was sent, as in [lesson 37](37_who_to_target.ipynb), has to know with which chance a customer got what he got. Not the share on the paper: the chance that comes out of the whole draw, universal control included. By simulation: 500 customers, 40 draws, each with other salts.

# %%
from loyalty.evaluate.design import check_arm_probs


def draw_again(turn, some, term=("2025-01-01", "2026-01-01")):
    """Share that gets the gift in one more year, with other salts."""
    held = hold_out(some, 0.10, f"programme {turn}", term)
    drawn = assign_arms(some, {"control": 0.5, "gift": 0.5}, salt=f"gift {turn}", universal=held)
    return (drawn.contacts.arm == "gift").mean()


came_out = np.mean([draw_again(turn, people.head(500)) for turn in range(40)])
logged = year.contacts.propensity[year.contacts.arm == "gift"].iloc[0]
print(f"came out: {came_out:.3f}; in the log: {logged:.3f}")
check_arm_probs(year.arm_probs).head(2)

# %% tags=["verify"]
assert abs(came_out - 0.45) < 0.012 and logged == 0.45

# %% [markdown]
# Not .50 but .45: of 100 customers ten are held out first, and half of the other ninety get the gift. The log knows it, and for each customer his chances sum to one.
#
# ## A new control for each wave?
#
# The gift comes again in February and in March. With the salt unchanged the same people stay out; with a new salt a new half. Which is right depends on the question, and mixing them up is a common way to lose a control group.

# %%
months = ["gift 2025", "gift 2025 February", "gift 2025 March"]
same_salt = np.mean([hash_customers(ids, months[0]) < 0.5] * 3, axis=0)
new_salts = np.mean([hash_customers(ids, salt) < 0.5 for salt in months], axis=0)
never = {"the same salt": (same_salt == 1).mean(), "a new salt each month": (new_salts == 1).mean()}
pd.Series(never).map("{:.1%}".format).to_frame("never got a gift in three months")

# %% tags=["verify"]
assert 0.115 < never["a new salt each month"] < 0.135

# %% [markdown]
# *What do three gifts in a row do?* The same control throughout, or only {{never["a new salt each month"]:.0%}} are left who never got one, and each month's "control" still carries last month's gift about. *What does a gift do on a fresh customer each time, in three unrelated campaigns?* A new salt each, and nobody has to go without for ever.
#
# ## Your own numbers
#
# Put your own numbers into the last line of the cell: the standard deviation of your customers, your break-even in euros, and the numbers of eligible customers, one line each. Then read off what you would see.


# %%
def draw_map(sd, break_even, sizes):
    """The smallest effect seen in 80 of 100 waves, by share left out, for several numbers of eligible customers."""
    shares = np.geomspace(0.01, 0.5, 60)
    ax = plt.subplots(figsize=(9, 4.5))[1]
    for place, size in enumerate(sizes):
        effect = 2.8 * sd * np.sqrt(1 / (shares * size) + 1 / ((1 - shares) * size))
        ax.plot(shares, effect, color=TREATED, linewidth=2.5, alpha=1 - 0.2 * place)
        ax.annotate(f"{size:,}", (shares[-1], effect[-1]), (6, 0), textcoords="offset points", va="center")
    ax.axhline(break_even, color=HIGHLIGHT, linestyle="--")
    ax.annotate(
        f"break-even €{break_even:.2f}", (0.0103, break_even), (0, 5), textcoords="offset points", color=HIGHLIGHT
    )
    ax.set(xscale="log", yscale="log", xlim=(0.01, 0.5), xlabel="share left out", ylabel="€ per customer")
    ax.set_xticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5], "1% 2% 5% 10% 20% 50%".split())
    ax.set_yticks([0.5, 1, 2, 5, 10, 20], "0.5 1 2 5 10 20".split())
    ax.minorticks_off()
    headline(ax, "Small controls are for large chains", "smallest effect seen in 80 of 100 waves, € per customer, by eligible customers", "loyalty.world, seed 32")  # fmt: skip


draw_map(sd, break_even, [5_000, 20_000, 100_000, 500_000])

# %% [markdown]
# ## What we learned
#
# - The **minimum detectable effect** is 2.8 standard errors, at a **power** of 80 %. With 5 % of {{size:,}} left out it was €{{plan.effect:.2f}}, {{plan.effect / mean:.0%}} of what people spend.
# - The **break-even** was €{{break_even:.2f}}. Only half and half came down to it, and the true effect, €{{truth:.2f}}, would have stayed unseen by a 5 % **control group** in {{100 - chances["5% left out"] * 100:.0f}} of 100 waves. Seeing the break-even is not yet proving a profit.
# - **Eligibility** comes before the draw, on both sides; people without consent are no control group. A hash of id and salt moves nobody when the list grows.
# - A **heavy tail** makes a small control sure of wrong things, **peeking** every Monday more than doubles the false alarms, and a **sample ratio mismatch** means: do not read the lift.
#
# ## What could still be wrong
#
# - The plan was made from November. In January people differ by another amount; a window of Christmas or flu would have promised something else again.
# - The €{{plan.effect:.2f}} supposes that the letter brings in more buyers with the usual basket. If it made each buyer buy more instead, it would take €{{find_detectable(november, size=size, control=0.05, growth="scale").effect:.2f}} (`growth="scale"`).
# - 80 of 100 is a convention. If missing a good offer costs more than a false alarm, ask for 90, and pay with more controls.
# - We planned with sales. A rate of buyers is less noisy, and knowing what each customer spent *before* sharpens the answer: the [next lesson](33_measure_the_lift.ipynb) measures by how much.
# - Four weeks are a choice. Part of what a letter brings in January is only bought earlier and missing in February; [lesson 34](34_lift_in_money.ipynb) counts it.
# - Nobody in this world talks to his neighbour. Where a family shares a card or a shop shows a poster, draw households or shops.
#
# ## Use it on your data
#
# `find_detectable(spend_of_each_customer, size=…, control=0.10, worth=margin_rate, cost=…)`, then `assign_arms(eligible, {"control": 0.10, "letter": 0.90}, salt="spring 2026")`. Both, with filters and lists to send: `python3 workshop.py run campaign_plan --data customers=list.xlsx --data receipts=till.csv --columns columns.yml --set campaign=may --set start=2026-05-04 --set end=2026-06-01 --set registered_on=2026-04-26 --set margin_rate=0.30 --set control_share=0.20 --set contact_cost=0.58 -o plan.html`. `columns.yml` says which of your columns is which (`python3 workshop.py columns customers=list.xlsx receipts=till.csv -o columns.yml` proposes one); and `python3 workshop.py run campaign_plan --example -o plan.html` shows the whole plan on an example first.

# %% [markdown]
# [[links]]
