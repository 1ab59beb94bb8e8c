# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Design the test
#     question: How many must I leave out, and what will I then be able to see?
#     part_a: 25
#     part_b: 45
#     know_first: ["31"]
#     module: loyalty.evaluate.design
#     test: helpers/tests/evaluate/design/test_power.py::test_the_stated_power_is_what_repeated_tests_see
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - settle the **eligibility** before the draw, and see who is no **control group**
# - find the **minimum detectable effect** of a plan, and its **power**: by hand, by repeating the lottery, by one function
# - hold it against the **break-even**, and decide how many customers to leave out
# - in Part B: draw so that a new customer moves nobody, and know what spoils a good plan (a **heavy tail**, **peeking**, a **sample ratio mismatch**), and how to look early all the same

# %% [markdown]
# ## Three opinions about a gift
#
# It is the last day of December. Tomorrow a letter goes out: *"Come in January and take a gift home."* Nobody knows whether it pays. Three people sit at the table.
#
# - Marta: *"Leave out two in a hundred, if you must. Each customer without a letter is a lost sale."*
# - Ines: *"We leave out five in a hundred. We always do."*
# - Jonas: *"Half and half, as the doctors do. I want to see something for my money."*
#
# The customers whom we leave out, by lottery, are the **control group**. How large must it be? We can compute that tonight, before anybody prints a letter.
#
# First: who may get a letter at all? Ines has a list. It says who agreed to get letters, who works here, and when each customer last bought. We filter it with one rule a line. (The next cell makes the chain; it takes about five seconds.)

# %%
from loyalty.tasks.t32.gift import read_list
from loyalty.world import World

world = World(customers=40_000, months=24, seed=32)
customers = read_list(world)

# %%
import pandas as pd

from loyalty.evaluate.design import Rule, filter_eligible

year_ago = world.end - pd.Timedelta(days=365)
rules = [
    Rule("no consent", "consent", "is", True),
    Rule("staff", "staff", "is", False),
    Rule("silent for a year", "last_purchase", ">=", year_ago),
]
found = filter_eligible(customers, rules, as_of=world.end)
found

# %% [markdown]
# The last row of `left` says how many may get the letter. (A customer can break two rules at once: `customers` counts all who break this one, `only_this` counts those who break no other.) These people fulfil the conditions; this is called **eligibility**. They are the people of our test, *all* of them: those who get the letter and those who do not. The others leave **before** the draw, on both sides.
#
# Marta sees the many customers without consent and has an idea: *"There is our control group, for nothing! We may not write to them anyway."* What did these people spend in November, when there was no letter?

# %%
from loyalty.charts import house_style
from loyalty.tasks.t32.pictures import draw_consent

house_style()
start = pd.Timestamp("2024-11-04")  # four whole weeks, before Christmas begins
end = start + pd.Timedelta(days=28)
window = world.receipts[(world.receipts.time >= start) & (world.receipts.time < end)]
money = window.groupby("customer_id")[["sales", "margin"]].sum()
money = money.reindex(customers.customer_id, fill_value=0)
active = customers[~customers.staff & (customers.last_purchase >= year_ago)]
ax = draw_consent(money.sales[active.customer_id], active.consent)

# %% tags=["verify"]
spent = money.sales[active.customer_id].to_numpy()
assert spent[active.consent].mean() - spent[~active.consent].mean() > 5
assert active.consent.sum() == len(found.eligible)

# %% [markdown]
# Any campaign would "work" against such a control group. Only a lottery among people who *could* have got the letter makes two groups alike.
#
# ## How much do people differ?
#
# What a test can see depends on how much customers differ from each other. Our own history tells us: what did each eligible customer spend in four weeks? The campaign will run as long.

# %%
from loyalty.tasks.t32.pictures import draw_spread

eligible = found.eligible
november = money.sales.reindex(eligible.customer_id).to_numpy()  # who bought nothing has 0
size, mean, sd = len(november), november.mean(), november.std(ddof=1)
print(f"{size:,} customers, €{mean:.2f} on average, standard deviation €{sd:.2f}")
ax = draw_spread(november)

# %% tags=["verify"]
assert 0.4 < (november == 0).mean() < 0.5 and november.max() > 500

# %% [markdown]
# The *standard deviation* says how far customers lie from the average, and it is larger than the average itself. In spite of these differences we want to see what a letter does.
#
# Your bet. **Leave out five in a hundred. How many euros more per customer must the gift bring, on average, so that the test sees it four times out of five?**

# %%
from loyalty.tasks import predict, reveal

predict("32-bet", ...)  # your bet in euros, in the place of the dots

# %% [markdown]
# ## By hand
#
# Draw a small and a large group by lot, and their means differ by themselves, letter or no letter. The **standard error** says how much such a gap varies by chance, and these gaps follow the bell curve. An effect has to clear two hurdles:
#
# - *It must be called an effect.* For that the gap must lie more than **1.96** standard errors from zero. Chance alone gets there in 5 of 100 lotteries. So 5 of 100 useless letters look like something.
# - *It must be seen often.* A true effect of exactly 1.96 is seen every second time only, because luck takes away as often as it adds. To be seen in 80 of 100 it must lie another **0.84** further out.

# %%
import numpy as np


def find_error(share):
    """Standard error of the gap when this share of the customers is left out."""
    left_out = share * size
    return sd * np.sqrt(1 / left_out + 1 / (size - left_out))


by_hand = (1.96 + 0.84) * find_error(0.05)
print(f"standard error €{find_error(0.05):.2f}, seen from €{by_hand:.2f} on")

# %% [markdown]
# **€{{by_hand:.2f}}** per customer is the **minimum detectable effect**. The "80 of 100" that belongs to it is called **power**.
#
# We can believe a formula, or try it. We try it. We draw the lots a thousand times over November, where there was no letter (grey). Then we do it again and plant the effect into everybody who "got" one (blue).

# %%
from loyalty.tasks.t32.gift import repeat_lottery
from loyalty.tasks.t32.pictures import draw_two_hills

left_out = round(0.05 * size)
nothing = repeat_lottery(november, left_out)
something = repeat_lottery(november, left_out, planted=by_hand)
line = 1.96 * find_error(0.05)
ax = draw_two_hills(nothing, something, by_hand, line)

# %% tags=["verify"]
alarms, seen = (np.abs(nothing) > line).mean(), (np.abs(something) > line).mean()
assert 0.03 < alarms < 0.07 and 0.76 < seen < 0.84

# %% [markdown]
# The grey lotteries beyond the dashed lines are false alarms. The blue ones beyond them see the effect. The formula promised 5 and 80 of 100, and the lotteries keep that.
#
# The helper does the same in one line. It gets the whole history instead of one spread, and so its number is a little larger:

# %%
from loyalty.evaluate.design import find_detectable

plan = find_detectable(november, size=size, control=0.05)
reveal("32-bet", estimate=plan.effect, unit="€", says="Seen in 80 of 100 waves.")

# %% tags=["verify"]
same = find_detectable(sd=sd, mean=mean, size=size, control=0.05)
assert 0 < same.effect - by_hand < 0.05 < plan.effect - same.effect < 0.30 and not plan.warnings

# %% [markdown]
# A little more than by hand, and that is the better number. A letter does not hand the same amount to everybody. It brings *some* people in, and then the treated differ more from each other. And where so few are left out, the helper measures with a little more care.
#
# ## In money
#
# Is that much? Jonas has the costs. A letter is 10 cents. Ines knows from the last gift that about one customer in five takes it, and it costs €2.40.

# %%
margin_rate = money.margin.sum() / money.sales.sum()
cost = 0.10 + 0.20 * 2.40
break_even = cost / margin_rate
print(f"€{cost:.2f} a customer; of a euro of sales {margin_rate * 100:.0f} cents are margin")
print(f"the gift pays from €{break_even:.2f} of additional sales on")

# %% [markdown]
# This is the **break-even**. Look at the gap between it and what five in a hundred can see: everything in between earns money, and the test mostly misses it. What do the other shares see?

# %%
shares = [0.02, 0.05, 0.10, 0.20, 0.50]
plan = find_detectable(november, size=size, control=0.05, worth=margin_rate, cost=cost)
curve = plan.curve(shares)
columns = ["control", "n_control", "effect", "profit", "sees_break_even"]
curve[columns].round({"n_control": 0, "effect": 2, "profit": 0})

# %%
ax = plan.plot(unit="€", source="loyalty.world, seed 32")

# %% tags=["verify"]
sees = curve.set_index("control")
assert sees.sees_break_even.to_dict() == {0.02: False, 0.05: False, 0.10: False, 0.20: False, 0.50: True}
assert sees.effect[0.02] > 3.4 * break_even and sees.effect[0.10] > 1.5 * break_even
assert sees.effect[0.20] / sees.effect[0.50] < 1.3 and sees.profit[0.05] > 10_000
assert not find_detectable(november, size=size, control=0.40).effect <= break_even

# %% [markdown]
# The column `effect` is what is seen in 80 of 100 waves. The column `profit` is what such a gift leaves in January, over all who get it. A gift that earns €{{curve.profit[1]:,.0f}} is still missed by Ines in 20 of 100 waves. Of these shares only the half comes down to the break-even.
#
# Mind the words. *Seeing* the break-even means telling it from **nothing**. To prove a **profit** the whole interval must lie above the break-even. For that the gift must bring about twice as much (`plan.proves_profit`). One wave will hardly do that.
#
# And what does Jonas's half cost? Suppose the gift brings €3. Then each customer left out is {{(3 * margin_rate - cost) * 100:.0f}} cents of profit that we do not make. Half the list is €{{0.5 * size * (3 * margin_rate - cost):,.0f}}, once. That is the price of knowing. If it brings €1, leaving out half *saves* money.
#
# They agree: for an unknown offer in a small chain, **half and half**, this once. When the gift has shown what it does, a small control group will do to watch over it.
#
# ## The truth, and who would have seen it
#
# In this world we may look at what the gift will do in January, before it does it.

# %%
from loyalty.evaluate.design import find_power
from loyalty.tasks.t32.pictures import draw_chances

effects = world.truth.effect("gift", days=28, post=0).set_index("customer_id")
truth = effects.sales[eligible.customer_id].mean()
names = {"Marta: 2 %": 0.02, "Ines: 5 %": 0.05, "10 %": 0.10, "Jonas: 50 %": 0.50}
chances = {}
for name, share in names.items():
    chances[name] = find_power(november, size=size, effect=truth, control=share).power
ax = draw_chances(chances, truth)

# %% tags=["verify"]
assert break_even < truth < plan.effect and truth < curve.effect[2]
assert chances["Ines: 5 %"] < 0.40 < chances["10 %"] < 0.7 < 0.9 < chances["Jonas: 50 %"]
taken = effects.reward_paid[eligible.customer_id].mean() / 2.40
assert 0.18 < taken < 0.22 and 0 < truth * margin_rate - cost < 0.20
assert find_detectable(november, size=size, control=0.05, growth="scale").effect > plan.effect + 0.2
half = find_detectable(november, size=size, control=0.50, worth=margin_rate, cost=cost)
assert 1.8 < half.proves_profit / break_even < 2.2

# %% [markdown]
# The gift pays a little, and the plans with a small control group would mostly miss it. Then the report says *"no significant effect"*, somebody reads *"does not work"*, and a good idea is buried. **A control group that is too small does not say "no effect"; it says nothing.**

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/3_evaluate/32_design_the_test.ipynb), at least 32a and 32b; for 32c read the first piece below. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Draw so that nobody moves
#
# Ines draws as most people do: she numbers the list, shuffles it, and takes the first half. She even keeps the seed. An hour later one more customer gives his consent, and the list is made again. How many change sides?


# %%
def shuffle(ids):
    """Control by shuffling the list, always with the same seed."""
    return set(np.random.default_rng(32).permutation(ids)[: len(ids) // 2])


ids = eligible.customer_id.to_numpy()
newcomer = found.excluded.query("reason == 'no consent'").customer_id.iloc[0]
one_more = np.sort(np.append(ids, newcomer))

# %%
from loyalty.evaluate.design import hash_customers


def hash_draw(ids):
    """Control by a number computed from the customer's own id and a word, the salt."""
    return set(ids[hash_customers(ids, "gift 2025") < 0.5])


draws = {"shuffled list": shuffle, "hash": hash_draw}
moved = {name: len(draw(ids) - draw(one_more)) for name, draw in draws.items()}
pd.Series(moved).to_frame("controls who would now get the letter")

# %% tags=["verify"]
at_the_end = len(shuffle(ids) - shuffle(np.append(ids, ids.max() + 1)))
assert moved["hash"] == 0 and moved["shuffled list"] > 0.2 * size and at_the_end > 500

# %% [markdown]
# {{moved["shuffled list"]:,}} against {{moved["hash"]}}. The newcomer stands near the top of the list, and everybody below him slips by one place. At the very end of the list he would still have moved {{at_the_end:,}}. The shuffle depends on the whole list. The **hash** depends only on the customer himself and on a word for this campaign, the *salt*. Anybody can compute it again next year, in any language, on any list.
#
# `assign_arms` draws so, and writes down for each customer with which probability. It also counts the result within two **strata**, here the buyers of November and the others. Then `check_balance` looks whether the lottery was kind to us, at what was known before:

# %%
from loyalty.evaluate.design import assign_arms

bought = np.where(november > 0, "bought in November", "did not")
people = eligible.assign(stratum=bought)
halves = {"control": 0.5, "gift": 0.5}
options = {"strata": "stratum", "assigned_at": world.end}
drawn = assign_arms(people, halves, salt="gift 2025", **options)

# %%
from loyalty.evaluate.design import check_balance

profile = pd.DataFrame({"customer_id": ids, "november": november})
profile["has card"] = eligible.card_since.notna()
profile["days as customer"] = (world.end - eligible.joined_on).dt.days
profile["days since purchase"] = (world.end - eligible.last_purchase).dt.days
balance = check_balance(drawn, profile)
ax = balance.plot(source="loyalty.world, seed 32")

# %% tags=["verify"]
assert not balance.warnings and balance.p > 0.05 and set(drawn.contacts.query("arm == 'control'").customer_id) == hash_draw(ids)  # fmt: skip
assert (drawn.log.drawn - 0.5).abs().max() < 0.02

# %% [markdown]
# {{balance.n_control:,}} customers are control, {{balance.n_treated:,}} get the gift; within both strata the lottery came within {{(drawn.log.drawn - 0.5).abs().max() * 100:.1f}} points of the half. All differences lie within what chance makes (p = {{balance.p:.2f}} for all together: {{balance.p * 100:.0f}} of 100 fair lotteries come out less even). If one had lain outside, we would note it and *not* draw again. If you draw until you like the result, you have no lottery any more.
#
# ## Whose habit is 5 %?
#
# A habit is often right somewhere else. How many customers would a chain need, so that 5 % see the break-even?

# %%
from loyalty.evaluate.design import find_size

shares = [0.05, 0.10, 0.20, 0.50]
sizes = [find_size(november, effect=break_even, control=share) for share in shares]
needed = pd.DataFrame(index=pd.Index([f"{share:.0%}" for share in shares], name="left out"))
needed["eligible customers"] = [one.size for one in sizes]
needed["of them left out"] = [one.n_control for one in sizes]
needed.round(-2).astype(int)

# %% tags=["verify"]
assert 4.6 < sizes[0].size / size < 5.5 and sizes[-1].size < size < sizes[2].size

# %% [markdown]
# {{round(sizes[0].size, -2):,.0f}}. Ines's habit comes from a chain five times our size.
#
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
# €{{lift.effect:.2f}} (€{{lift.low:.2f}} to €{{lift.high:.2f}}); the truth, €{{truth:.2f}}, lies inside. The interval reaches €{{(lift.high - lift.low) / 2:.2f}} to each side; from November we had expected €{{1.96 * find_error(0.5):.2f}}. January is not November (people differed by €{{spread:.0f}} instead of €{{sd:.0f}}), and a plan is only as good as the month it was made from. How to measure is the next lesson's matter. We stay with what can go wrong before.
#
# ## Does the test raise an alarm when nothing was done?
#
# Before you trust a test, run it where nothing was done. Split November by lot, a thousand times, send nothing, measure. This is an **A/A test**. Five of 100 should raise an alarm, and the p-values should be spread evenly: small ones as often as large ones.

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
print(f"{(baby > 0).mean():.0%} buy; the top 1 % make {top:.0%} of the variance")
print(f"skewness {find_skewness(baby):.1f}")
print("\n".join(find_detectable(baby, size=2_000, control=0.05).warnings))

# %% [markdown]
# The helper warns twice. What happens to somebody who does not listen? An A/A test for 1,900 against 100, with two kinds of interval: the usual one (Welch), which takes the control's variance from its 100 customers, and one that takes a common (*pooled*) variance from all 2,000.

# %%
from loyalty.tasks.t32.gift import count_alarms

values = {"all sales": november, "baby department": baby}
rung = {name: count_alarms(one, treated=1_900, control=100) for name, one in values.items()}
alarms_of = pd.DataFrame(rung, index=["own variance (Welch)", "common variance"])
alarms_of.T.map("{:.1%}".format)

# %% tags=["verify"]
own, common = rung["baby department"]
assert own > 0.09 and 0.03 < common < 0.065
assert top > 0.3

# %% [markdown]
# With its own variance the baby department rings in {{own:.0%}} of the 2,000 tests (give or take {{196 * (own * (1 - own) / 2000) ** 0.5:.1f}} points) instead of 5. When by luck no big buyer is among the 100, their mean is low *and* their variance is low: wrong and sure of it. So our helpers take the common variance when the control is under a fifth. It saves the false alarms, and it cannot make big buyers come: with such data take more controls, or count buyers instead of money. It does *not* help to cut the big ones off, because the money is with them.
#
# ## Peeking
#
# Marta looks into the data every Monday, and would stop as soon as the result is clear. *"It costs nothing to look."* We let her look at an A/A test, two thousand times, after each day and after each week.

# %%
from loyalty.tasks.t32.gift import watch_tests

day = (window.time - start).dt.days
cells = {"index": "customer_id", "columns": day, "values": "sales", "aggfunc": "sum"}
by_day = window.pivot_table(**cells, fill_value=0).reindex(ids, fill_value=0)
so_far = by_day.to_numpy().cumsum(axis=1)  # euros until each day
paths = watch_tests(so_far)

# %%
from loyalty.evaluate.design import count_looks

looks = {"once, at the end": [27], "every Monday": [6, 13, 20, 27], "every day": range(28)}
rang = paths > 1.96
alarms = {name: rang[:, list(days)].any(axis=1).mean() for name, days in looks.items()}
peeked = pd.Series(alarms).to_frame("false alarms")
peeked["by the book"] = [count_looks(len(days)) for days in looks.values()]
peeked.map("{:.1%}".format)

# %% tags=["verify"]
assert 0.03 < alarms["once, at the end"] < 0.07 and 0.09 < alarms["every Monday"] < 0.15
assert 0.17 < alarms["every day"] < count_looks(28) and np.corrcoef(so_far[:, 6], so_far[:, 27])[0, 1] > 0.5
assert all(abs(alarms[name] - count_looks(len(days))) < 0.05 for name, days in looks.items())

# %% [markdown]
# One look at the end: {{alarms["once, at the end"]:.0%}}. Every Monday: {{alarms["every Monday"]:.0%}}. Every day: {{alarms["every day"]:.0%}}, all of them about nothing. The last column has the textbook's numbers, which suppose that each look brings as much news as the one before. Our customers come close. With a look every day they stay below, because people who buy much early in the month buy much later too, and each look brings a little less news. The cheap cure: write the day of the one look into the plan, and look at the *counts* meanwhile, not at the effect.
#
# ## Looking early, allowed
#
# Marta does not give up. *"The next letters run for 13 weeks. If they are a disaster, must I really wait for 13 weeks?"* No. She may look every Monday, if the plan says so **before** the start and asks for more than 1.96 on the early Mondays. Doctors do it too, and call it a **group-sequential** test. Five false alarms in 100 are a budget. The plan says how much of it each look may spend: **alpha spending**. The usual way (after O'Brien and Fleming) spends nearly nothing early.
#
# How strict must each Monday be? That hangs on how much two looks resemble each other. Tables suppose that each week is a new lottery. Ours is not quite: a customer who buys much in week 1 often buys much in week 2 as well. So we measure it, over 13 weeks of autumn.

# %%
from loyalty.evaluate.design import plan_looks

first = pd.Timestamp("2024-09-02")  # a Monday, 13 weeks before Christmas begins
autumn = world.receipts[world.receipts.time >= first]
week = (autumn.time - first).dt.days // 7
by_week = autumn[week < 13].pivot_table(**cells | {"columns": week}, fill_value=0)
until = by_week.reindex(ids, fill_value=0).to_numpy().cumsum(axis=1)
mondays = plan_looks(13, correlation=np.corrcoef(until.T))
mondays.to_frame().set_index("look").loc[[1, 2, 4, 7, 10, 13]].round(4)

# %% [markdown]
# `bound` is how many standard errors from zero the result must lie, `p` is the p-value at this line, and `spent` is which share of useless campaigns has been stopped by then. On the first Monday only a miracle or a disaster counts. At the end the line is {{mondays.bounds[-1]:.2f}}, hardly above 1.96: looking early costs little. Does it hold? We let Marta watch two thousand campaigns that do nothing.

# %%
from loyalty.tasks.t32.pictures import draw_mondays

empty = watch_tests(until)
ax = draw_mondays(empty, mondays.bounds)

# %% tags=["verify"]
peeks = (empty > 1.96).any(axis=1).mean()
paid = (empty > mondays.bounds).any(axis=1).mean()
assert paid < 0.067 and 0.15 < peeks < 0.22 and mondays.bounds[-1] < 2.10
assert np.corrcoef(until.T)[0, 12] > 0.35 and abs(mondays.peeking - peeks) < 0.025

# %% [markdown]
# With 1.96 she stops {{peeks:.0%}} of them, with the planned bounds {{paid:.1%}}. (In 2,000 campaigns luck gives or takes one point.) Now the gift of January, with a look planned for each of its four Mondays. `measure_looks` takes the contacts, the receipts and the planned days:

# %%
from loyalty.evaluate.lift import measure_looks

planned = pd.date_range(world.end, periods=5, freq="7D")[1:]
january_receipts = later.receipts[later.receipts.time >= world.end]
days = {"start": world.end, "dates": list(planned)}
watched = measure_looks(wave.contacts, january_receipts, **days)
print(watched.sentence("€"))
ax = watched.plot(source="loyalty.world, seed 32")

# %% tags=["verify"]
at_stop, at_end = watched.final, watched.looks[-1]
assert watched.decision == "stop" and at_stop.number == 1 and at_stop.low > 0 and not watched.warnings
assert abs(at_end.effect - lift.effect) < 0.02 and at_end.low < truth < at_end.high
assert at_stop.effect < at_end.effect

# %% [markdown]
# The first look already tells the gift from nothing. (Looks 2 to 4 are drawn only to show what would have come; orange is a result beyond its bounds.) Two cautions before anybody opens a bottle:
#
# - **A test that stops early shows too much, on average.** It stops when luck helps. So use the interval (€{{at_stop.low:.2f}} to €{{at_stop.high:.2f}}), which is wide on purpose: the intervals of all four looks hold together in 95 of 100 campaigns.
# - **It is the effect of one week.** What the gift brings in four weeks, and what is missing in February, is not known on day seven. Stop a disaster early; let a success run, and count it to the end.
#
# A day that was not in the plan is refused: `measure_looks` has no bound for it. A planned look that falls out is no problem; what it could have spent is left for the later ones.
#
# ## Are they all there?
#
# You can look at counts every day, and you should. Somebody planned half and half and got 821,588 and 815,482. That is 50.2 % and 49.8 %. Good enough? By hand: how far is it off, in steps of what a lottery does?

# %%
from loyalty.evaluate.design import check_sample_ratio

got = np.array([821_588, 815_482])
steps = (got[0] - got.sum() / 2) / np.sqrt(got.sum() / 4)
print(f"{steps:.2f} standard deviations; squared {steps**2:.2f}")
for a, b in ([821_588, 815_482], [501_314, 498_686]):
    print(check_sample_ratio({"a": a, "b": b}, {"a": 0.5, "b": 0.5}).sentence())

# %% tags=["verify"]
even = {"a": 0.5, "b": 0.5}
assert abs(steps**2 - check_sample_ratio({"a": 821_588, "b": 815_482}, even).statistic) < 1e-9
assert abs(check_sample_ratio({"a": 501_314, "b": 498_686}, even).p - 0.0086) < 5e-5
assert got[0] - got[1] > 6_000

# %% [markdown]
# Nearly five standard deviations: about two lotteries in a million do that. Somewhere 6,000 people fell out, and hardly by chance. This is a **sample ratio mismatch**, and nobody may read a lift of such a test. The second split, 50.1 to 49.9 %, has p = 0.0086, and raises **no** alarm. It is worth a look: ask how the lists were made, and read on. The alarm waits for p < 0.001, because the check runs in every campaign: at 5 % it would call each twentieth sound campaign broken. The p-value is always shown.
#
# ## Taken out afterwards
#
# How do people fall out? Kindly, mostly. In January some letters come back, mostly from people who have not bought for long, and somebody takes them out: "they got nothing". Control customers do not send letters back.

# %%
from loyalty.tasks.t32.gift import lose_letters

kept = lose_letters(drawn.contacts, profile["days since purchase"].to_numpy())
print(check_sample_ratio(kept, drawn.shares).sentence())
print(check_balance(kept, profile).warnings[0])
still_in = wave.contacts.customer_id.isin(kept.customer_id)
worse = measure_lift(wave.contacts[still_in], wave.outcomes, "sales")
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
options = {"salt": "gift 2025", "universal": held, "assigned_at": world.end}
year = assign_arms(people, halves, **options)
year.to_frame().round(3)

# %% [markdown]
# A tenth is held out. Among the others the old lottery of *gift 2025* holds as it was, as the other salt has nothing to do with it. Now you can compare in two ways, from one January, and the two answer two questions:

# %%
from loyalty.stats import compare_means

outcomes = world.run(year.contacts, days=28)[0].outcomes
spent = outcomes[outcomes.window == "main"].set_index("customer_id").sales
january = year.contacts.assign(sales=year.contacts.customer_id.map(spent))
universal = january.control_kind == "universal"
gift, kept_out = january.arm == "gift", january.control_kind == "campaign"
campaign = compare_means(january.sales[gift], january.sales[kept_out])
programme = compare_means(january.sales[~universal], january.sales[universal])

# %%
from loyalty.tasks.pictures import draw_beside_truth

two = {"gift less campaign control": campaign, "all others less universal control": programme}
aims = [truth, truth * gift[~universal].mean()]
what = "sales per customer in January, 95 % intervals"
ax = draw_beside_truth(two, aims, "Two questions, two answers", what)

# %% tags=["verify"]
reached = gift[~universal].mean()
assert campaign.low < truth < campaign.high and programme.low < truth * reached < programme.high
assert programme.high - programme.low > 2 * 1.96 * 0.9 and 0.48 < reached < 0.52

# %% [markdown]
# The first is the gift's effect on those drawn for it. The second compares *everybody the programme could have reached*, the campaign's own control included, with those it left alone; as only half got the gift, the truth is half as large, €{{truth * reached:.2f}}. One month of a tenth is far too little to see that (−€{{abs(programme.low):.2f}} to €{{programme.high:.2f}}). A universal control is for a year and for all campaigns together, and costs every one of them a tenth of its customers.
#
# ## The chance that goes into the log
#
# If you later judge a ranking or a plan by what was sent, as in [lesson 37](37_who_to_target.ipynb), you must know with which chance a customer got what he got. Not the share on the paper: the chance that comes out of the whole draw, universal control included. By simulation: 500 customers, 40 draws, each with other salts.

# %%
from loyalty.evaluate.design import check_arm_probs


def draw_again(turn, some, term=("2025-01-01", "2026-01-01")):
    """Share that gets the gift in one more year, with other salts."""
    held = hold_out(some, 0.10, f"programme {turn}", term)
    again = assign_arms(some, halves, salt=f"gift {turn}", universal=held)
    return (again.contacts.arm == "gift").mean()


came_out = np.mean([draw_again(turn, people.head(500)) for turn in range(40)])

# %%
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
# The gift comes again in February and in March. With the same salt the same people stay out; with a new salt a new half stays out. Which is right depends on the question, and mixing them up is a common way to lose a control group.

# %%
months = ["gift 2025", "gift 2025 February", "gift 2025 March"]
out = pd.DataFrame({salt: hash_customers(ids, salt) < 0.5 for salt in months})
never = {"the same salt": out[months[0]].mean(), "a new salt each": out.all(axis=1).mean()}
pd.Series(never).map("{:.1%}".format).to_frame("never got a gift in three months")

# %% tags=["verify"]
assert 0.115 < never["a new salt each"] < 0.135

# %% [markdown]
# *What do three gifts in a row do?* Keep the same control throughout. Otherwise only {{never["a new salt each"]:.0%}} are left who never got one, and each month's "control" still carries last month's gift about. *What does a gift do on a fresh customer each time, in three unrelated campaigns?* Take a new salt each time, and nobody has to go without for ever.
#
# ## Your own numbers
#
# Put your own numbers into the last line of the cell: the standard deviation of your customers, your break-even in euros, and the numbers of eligible customers, one line each. Then read off what you would see.

# %%
from loyalty.tasks.t32.pictures import draw_map

ax = draw_map(sd, break_even, [5_000, 20_000, 100_000, 500_000])

# %% [markdown]
# ## What we learned
#
# - **Eligibility** comes before the draw, on both sides; people without consent are no **control group**.
# - The **minimum detectable effect** is 2.8 standard errors, at a **power** of 80 %. With 5 % of {{size:,}} left out it was €{{plan.effect:.2f}}, {{plan.effect / mean:.0%}} of what people spend.
# - The **break-even** was €{{break_even:.2f}}. Only half and half came down to it. A control group of 5 % would have missed the true effect, €{{truth:.2f}}, in {{100 - chances["Ines: 5 %"] * 100:.0f}} of 100 waves. Seeing the break-even is not yet proving a profit.
# - A hash of id and salt moves nobody when the list grows. A **heavy tail** makes a small control sure of wrong things, **peeking** every Monday more than doubles the false alarms (planned looks do not), and a **sample ratio mismatch** means: do not read the lift.
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
# `find_detectable(spend_of_each_customer, size=…, control=0.10, worth=margin_rate, cost=…)`, then `assign_arms(eligible, {"control": 0.10, "letter": 0.90}, salt="spring 2026")`. To look early, write the days into the plan; then `measure_looks(contacts, receipts, start="2026-05-04", dates=[…])` after each.
#
# Both, with filters and lists to send: `python3 workshop.py run campaign_plan --data customers=list.xlsx --data receipts=till.csv --columns columns.yml --set campaign=may --set start=2026-05-04 --set end=2026-06-01 --set registered_on=2026-04-26 --set margin_rate=0.30 --set control_share=0.20 --set contact_cost=0.58 -o plan.html`. `columns.yml` says which of your columns is which (`python3 workshop.py columns customers=list.xlsx receipts=till.csv -o columns.yml` proposes one). To see a whole plan on an example first: `python3 workshop.py run campaign_plan --example -o plan.html`.

# %% [markdown]
# [[links]]
