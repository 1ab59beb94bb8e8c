# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "The next offer"
#     question: What should this customer see next?
#     part_a: 25
#     part_b: 30
#     know_first: ["12", "33"]
#     module: loyalty.learn.offers
#     test: helpers/tests/learn/offers/test_rules.py::test_a_planted_rule_is_found_with_its_probability_and_proved_on_later_months
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - count how many buyers of X buy Y some months later: **timed rule**, **confidence**
# - ask how many would do so anyway: **lift**
# - tell "Y follows X" from "the same people like both", and prove rules on later months
# - make a list of who runs out of what: **refill**

# %% [markdown]
# ## A slide with eight rules
#
# An agency has looked at two years of receipts. Its slide says who buys what within three to seven months after what. Jonas wants to send letters on Monday.

# %%
from loyalty.tasks.t44.scene import mine_chain, name_products, write_slide

names = name_products()
write_slide(mine_chain(), names).round(2)

# %% [markdown]
# *"Two of three!"* says Jonas. *"Who buys this pain relief needs nappies half a year later."*
#
# Marta has worked in a shop. She says: *"Who buys a blood pressure monitor comes back for tablets. That one I would believe. And it is not on the slide."*
#
# ## Twelve buyers by hand
#
# We look at twelve buyers of the monitor, and mark when they bought the tablets.

# %%
from loyalty.charts import house_style
from loyalty.tasks.t44.pictures import draw_lives
from loyalty.tasks.t44.scene import find_product, open_chain, pick_buyers

house_style()
receipts = open_chain().receipts
MONITOR, TABLETS = find_product("Monitors 01"), find_product("Blood pressure 01")
twelve = pick_buyers(receipts, MONITOR, 12)
tablets = receipts[receipts.product_id == TABLETS][["customer_id", "time"]]
ax = draw_lives(twelve, tablets, "Some come for tablets in the blue months")

# %%
pairs = tablets.merge(twelve, on="customer_id", suffixes=("", "_monitor"))
days = (pairs.time.dt.normalize() - pairs.time_monitor.dt.normalize()).dt.days
came = pairs[days.between(90, 210)].customer_id.nunique()
f"{came} of {len(twelve)}"

# %% tags=["verify"]
from loyalty.learn.offers import mine_rules

mine = receipts[receipts.customer_id.isin(twelve.customer_id)]
by_helper = mine_rules(mine, lag=(90, 210), until="2025-01-01", min_buyers=1)
pair = by_helper.pick(MONITOR, TABLETS)
assert pair.buyers == 12 and pair.bought == came and 4 <= came <= 10

# %% [markdown]
# This is a **timed rule**: who bought X buys Y within a window. Its **confidence** is the share of X's buyers who do, here {{came}} of 12.
#
# Look at the denominator. It holds *buyers of the monitor whose blue months are over*. Who bought it last week cannot have come yet. So they are left out, and counted.
#
# ## How many would come anyway?
#
# Twelve buyers are too few for a number; from here on we take all. Patients buy tablets with a monitor and without. So we take the monitors away and deal them anew: to purchases of the same month, by customers who buy about as much. This destroys every rule. How many of those who get a monitor by chance "come for tablets"?

# %%
from loyalty.learn.offers import mine_rules
from loyalty.tasks.t44.pictures import draw_deals
from loyalty.tasks.t44.scene import deal_buyers

rules = mine_rules(receipts, lag=(90, 210), until="2025-01-01")
one = rules.pick(MONITOR, TABLETS)
deals = deal_buyers(receipts, MONITOR, TABLETS)
title = f"Chance makes about {deals.mean():.1f} of {one.buyers}, we found {one.bought}"
ax = draw_deals(deals, one.bought, title)
print(rules.warnings[0])

# %% tags=["verify"]
assert abs(deals.mean() / one.buyers - one.chance) < 0.01 and deals.max() < one.bought
assert one.lift_low > 2 and one.confidence > 0.4

# %% [markdown]
# Of {{one.buyers}} buyers, {{one.bought}} came: a confidence of {{one.confidence:.1%}} ({{one.low:.1%}} to {{one.high:.1%}}). Chance makes {{one.chance:.1%}}. The **lift** of a rule is the first divided by the second: {{one.lift:.1f}} ({{one.lift_low:.1f}} to {{one.lift_high:.1f}}). A lift of 1 means: X tells nothing about Y.
#
# `mine_rules` knows the mean over *all* possible deals by a formula, so it does not need to draw. A customer counts only if the 210 days *before* his monitor are known too, because we will look at both sides of it. (The twelve were chosen so, too.) Who bought it on several such days counts once: one of the days is drawn by lot. (In the exercise you count by hand, and take the first day.) The printed line says who was left out, over all products.
#
# ## All pairs
#
# There are {{rules.compared:,}} pairs to compare. Your bet: **how many of them beat chance, after correction for so many: 10, 1,000 or 100,000?**

# %%
from loyalty.tasks import predict, reveal

predict("44-bet", ...)  # your bet, a number of pairs, in the place of the dots

# %%
beat = int((rules.table.q_chance <= 0.05).sum())
reveal("44-bet", estimate=beat, unit="pairs")

# %% tags=["verify"]
slide = rules.table.sort_values("confidence", ascending=False, kind="stable").head(8)
assert beat > 1_000 and (slide.q_chance <= 0.05).all()
assert (slide.verdict == "same people").all()
assert 0.65 < slide.confidence.iloc[0] < 0.68

# %% [markdown]
# The whole slide is among them. So are these rules true? Jonas looks for the trick: *does the pain relief make people need nappies?* No. Young families buy both. They bought nappies *before* the pain relief as well.
#
# That can be counted. If only taste is at work, Y comes about as often before X as after it.

# %%
import pandas as pd

from loyalty.tasks.t44.pictures import draw_sides

table = rules.to_frame(names)
follows = table[table.verdict == "follows"]
slide = table.sort_values("confidence", ascending=False, kind="stable").head(8)
shown = pd.concat([follows, slide.head(2)])
ax = draw_sides(shown, "Four pairs show an order, the slide's first two do not")

# %%
rules.count_verdicts().round(2)

# %% tags=["verify"]
assert len(rules.found) == 4 and (rules.found.after_only > 4 * rules.found.before_only).all()
assert slide.before_only.sum() > 0.5 * slide.after_only.sum() and (slide.q > 0.5).all()
after, before = table.after_only.sum(), table.before_only.sum()
assert 0.95 < after / before < 1.05 and (slide.after_only > slide.before_only).all()
never = rules.compared - len(table)

# %% [markdown]
# `mine_rules` asks both questions of each pair, and corrects for all of them. Of {{beat:,}} pairs that beat chance, only {{len(rules.found)}} show an order. The monitor is one of them. For the others the verdict is "same people": good for a shelf, no reason for a letter in three months.
#
# The slide's pairs have a few more customers after X than before it. Why? The agency *chose* them by what came after X. So luck is among them. In the whole table nobody has chosen, and the two sides are about equal: {{after:,}} after and {{before:,}} before.
#
# Two more verdicts: "confidence without lift" has a confidence of a fifth or more, and no lift that can be told from 1. "Not clear" is all the rest. {{never:,}} pairs were compared and are not in the table: no buyer of X bought Y on either side.
#
# ## Proved on later months
#
# We found these four by searching. So on the months that we searched they look better than they are. The year 2025 has not been looked at. There we ask once more.

# %%
proof = rules.prove(receipts)
title = "All four hold in the year after"
ax = proof.plot(names=names, title=title, source="simulated chain, seed 44")

# %% tags=["verify"]
truth = open_chain().truth.successions
planted = set(zip(truth.first_product, truth.then_product, strict=True))
assert set(zip(rules.found.first_product, rules.found.then_product, strict=True)) == planted
assert (proof.table.verdict == "proved").all() and len(proof.table) == 4

# %% [markdown]
# In this world we know the truth: these four are built in, and nothing else follows anything. `probability` is the share of X's buyers of these `types` who come because of X, `elsewhere` the same share of all other customers.

# %%
truth = open_chain().truth.successions
told = truth.assign(X=truth.first_product.map(names), Y=truth.then_product.map(names))
told[["X", "Y", "types", "probability", "elsewhere"]]

# %% [markdown]
# **For whom?** The monitor's rule, split by the department in which customers spent most before 2025. X is from 2025 on. Otherwise the segment would already know the answer: who came for tablets is in "chronic care" *because* of them.

# %%
from loyalty.tasks.t44.pictures import draw_split
from loyalty.tasks.t44.scene import prefer_department

segments = prefer_department(open_chain(), "2025-01-01")
split = rules.split(receipts, segments, since="2025-01-01")
monitor = split[split.first_product == MONITOR]
beyond = monitor[(monitor.buyers >= 8) & (monitor.low > monitor.chance)]
ax = draw_split(monitor, f"In {len(beyond)} segments more come than chance makes")

# %% tags=["verify"]
rows = monitor.set_index("segment")
chronic, support, medicines = (rows.loc[name] for name in ("Chronic care", "Support", "Medicines"))
assert sorted(beyond.segment) == ["Chronic care", "Medicines", "Support"]
assert max(beyond.low) < min(beyond.high)
types = open_chain().truth.types_on(pd.Timestamp("2025-01-01")).merge(segments)
buyers = receipts[(receipts.product_id == MONITOR) & (receipts.time >= "2025-01-01")].customer_id.unique()
of_segment = types[types.customer_id.isin(buyers)].groupby("segment").type
patients = of_segment.agg(lambda names: (names == "chronic_patient").mean())
assert chronic.low > 0.5 and chronic.lift_low > 2 and chronic.buyers > 30
true_rule = truth[truth.first_product == MONITOR].iloc[0]
assert true_rule.types == "chronic_patient"
assert patients["Chronic care"] > 0.8 and 0.1 < patients["Medicines"] < 0.9

# %% [markdown]
# Of the monitor's buyers in chronic care {{chronic.confidence:.0%}} come ({{chronic.low:.0%}} to {{chronic.high:.0%}}), in support {{support.confidence:.0%}} ({{support.low:.0%}} to {{support.high:.0%}}), in medicines {{medicines.confidence:.0%}} ({{medicines.low:.0%}} to {{medicines.high:.0%}}). In all three it is more than chance makes. The intervals overlap: which segment is first, so few buyers do not say. "Who bought X" is half of a rule, "for whom" is the other half.
#
# The rule is built in with {{true_rule.probability:.0%}} for chronic patients, and {{true_rule.elsewhere:.1%}} for all others; what they buy anyway comes on top. A segment is not a type: in chronic care {{patients["Chronic care"]:.0%}} of these buyers are chronic patients, in support {{patients["Support"]:.0%}}, in medicines {{patients["Medicines"]:.0%}}. So we do not expect the same numbers.
#
# ## Who runs out of what?
#
# The other list for Monday is no rule at all. Who takes tablets every day needs a new pack when the old one is empty: a **refill**. It needs no X. A (made-up) register has customers who buy packs of 30 and 90 tablets.

# %%
from loyalty.learn.offers import list_refills
from loyalty.tasks.t44.scene import AS_OF, make_register, read_register

register = read_register(make_register())
refills = list_refills(register, AS_OF, horizon=14)
columns = "customer_id product_id last pieces gaps due low high chance".split()
refills.due_now[columns].head(5)

# %%
from loyalty.tasks.t44.pictures import draw_chances

later = refills.prove(register)
ax = draw_chances(later, "What the list promised came true", "made-up register, seed 3")

# %% tags=["verify"]
due = refills.due_now
assert len(later) >= 6 and (later.low - 0.06 < later.expected).all()
assert (later.expected < later.high + 0.06).all()
assert refills.rhythms.days.between(0.95, 1.15).all()

# %%
expected = refills.due_now.chance.sum()
print(f"{len(refills.due_now)} due now, by their own chances about {expected:.0f} will come")
refills.table.status.value_counts()

# %% [markdown]
# {{len(due):,}} refills are due in the next two weeks. Not all will come: by the list's own chances about {{expected:.0f}}. The late ones are a list of their own. Each customer has a rhythm, in days a tablet, and it is multiplied by the tablets in the last pack. Who takes more than one tablet a day is due earlier. For a customer with one or two packs the rhythm of all others counts most.
#
# ### On Monday
#
# The refill list goes to the shops. The four rules wait for one question more: does a letter change anything? That is the third section of Part B.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/4_learn/44_the_next_offer.ipynb), 44a to 44e. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: thousands of questions
#
# Seven minutes. {{rules.compared:,}} pairs were compared. At p < .05 up to one of twenty passes by luck alone. What would we have found in a chain in which nothing follows anything, and everybody has the same taste?

# %%
from loyalty.tasks.t44.pictures import draw_thousands
from loyalty.tasks.t44.scene import mine_null

nothing = mine_null(44)
title = "Without correction, rules are found where there are none"
ax = draw_thousands(rules.table, nothing.table, title)

# %% tags=["verify"]
loose = int((nothing.table.p_chance < 0.05).sum())
assert loose > 1_000 and nothing.found.empty and (nothing.table.q_chance <= 0.05).sum() <= 5

# %% [markdown]
# {{loose:,}} "rules" where there is none, of {{nothing.compared:,}} pairs in that chain. That is fewer than one of twenty, because a rare pair can hardly reach p < .05. The correction (Benjamini–Hochberg) takes them away. In our own chain it leaves thousands, and rightly: taste is no accident. Only the question of order asks for what follows.
#
# One chain without rules is one draw. The [whole page](../../docs/tables/rules.md) asks twenty.

# %% [markdown]
# ## A grocer's year
#
# Five minutes. Now real receipts: the Complete Journey, groups of goods, two to eight weeks, because one year holds no more. (A few seconds.)

# %%
from loyalty.tasks.t44.scene import mine_groceries

groceries = mine_groceries()
groceries.count_verdicts().round(2)

# %%
columns = "first_product then_product buyers confidence chance lift verdict".split()
groceries.table.sort_values("confidence", ascending=False)[columns].head(4).round(2)

# %% tags=["verify"]
counted = groceries.count_verdicts().set_index("verdict").pairs
top = groceries.table.sort_values("confidence", ascending=False).iloc[0]
unclear = groceries.table[groceries.table.verdict == "not clear"]
as_chance = int(((unclear.lift_low > 0.5) & (unclear.lift_high < 1.5)).sum())
assert 0.2 < as_chance / len(unclear) < 0.5
silent = groceries.compared - len(groceries.table)
assert groceries.found.empty and counted["confidence without lift"] > 10_000
assert top.confidence > 0.85 and top.lift < 1.15

# %% [markdown]
# No rule was found. The largest confidence is {{top.confidence:.0%}}, and chance makes {{top.chance:.0%}}: everybody buys {{top.then_product.lower()}}. {{counted["confidence without lift"]:,}} pairs have a confidence of a fifth or more, and no lift that can be told from 1: they carry the verdict "confidence without lift". {{counted["same people"]}} pairs beat chance, and show no order.
#
# {{counted["not clear"]:,}} pairs stay "not clear". They are of two kinds. For {{as_chance:,}} of them we know well that X tells little: the whole interval of the lift lies between 0.5 and 1.5. For the others the interval is wider, mostly because few customers buy X or Y. ({{silent:,}} more pairs were compared, and nobody bought Y on either side of X.) So the data do not say that nothing follows. They say: in one year of this grocer no order is seen.

# %% [markdown]
# ## Does the message change it?
#
# Seven minutes. Cream and serum is one of our four rules. A larger chain of the same kind (30,000 customers) takes everybody who bought the cream three to five months ago. A lottery sends half of them a discount for the face department. Who buys the serum in the next eight weeks? (About ten seconds.)

# %%
from loyalty.stats import compare_rates
from loyalty.tasks.t44.scene import send_message

people = send_message().people
sent, control = (people[people.arm == name] for name in ("message", "control"))
gap = compare_rates([sent.bought.sum(), control.bought.sum()], [len(sent), len(control)])
people.groupby("arm")[["bought", "anyway"]].agg(["sum", "count", "mean"]).round(3)

# %%
gap

# %% tags=["verify"]
anyway = sent.anyway.sum() / sent.bought.sum()
assert gap.low < 0 < gap.high and 0.85 < anyway <= 1 and len(people) > 400
assert gap.low < (sent.bought.mean() - sent.anyway.mean()) < gap.high

# %% [markdown]
# With the message {{sent.bought.mean():.1%}} bought it, without {{control.bought.mean():.1%}}: a difference of {{100 * gap.effect:.1f}} points (from {{-100 * gap.low:.1f}} fewer to {{100 * gap.high:.1f}} more). The rule is true. What the message changes cannot be told from so few customers.
#
# The column `anyway` is the truth, the same weeks without any message: of {{sent.bought.sum()}} buyers with the message {{sent.anyway.sum()}} would have bought all the same. A rule tells *who* and *when*. Whether a letter is worth its price, only a control group tells.

# %% [markdown]
# ## Late customers
#
# Five minutes. How long is the gap between two packs? The plain way takes all gaps that are closed. But slow customers have more gaps that are still open, and these are left out. Here are the register's first nine months:

# %%
import numpy as np

series = ["customer_id", "product_id"]
short = register[register.time < "2024-10-01"].sort_values([*series, "time"])
gaps = short.groupby(series).time.diff().dt.days
tablet = gaps / short.groupby(series).pack.shift()
closed = np.exp(np.log(tablet).groupby(short.product_id).mean())
fitted = list_refills(short, "2024-10-01").rhythms.set_index("product_id").days
pd.DataFrame({"closed gaps only": closed, "open gaps censored": fitted, "true": 1.05}).round(3)

# %% tags=["verify"]
assert (closed < fitted).all() and (abs(fitted - 1.05) < abs(closed - 1.05)).all() and (abs(fitted - 1.05) < 0.06).all()

# %% [markdown]
# `list_refills` takes an open gap for what it is: *at least so long*. It is **censored**, not missing. (`true` is the rhythm that all customers were drawn from: the fitted one is nearer in all three, and not exact.) And some will never close it: they have stopped. The list has a column `stopped` for that.
#
# ## What we learned
#
# - A **timed rule** has a window and a denominator: buyers of X whose window is over. **Confidence** alone sells nappies to everybody.
# - **Lift** holds confidence against what chance makes, with an interval.
# - The same people like many things. Only what comes *after* X more than *before* it follows. And rules are proved on months that nobody searched.
# - A **refill** list needs each customer's own rhythm, the size of the pack, and the open gaps.
#
# ## What could still be wrong
#
# - Dealing anew within month and activity is no experiment. What happens to a customer at the time of X (a birth, a diagnosis) makes X and Y. The rule is useful all the same, but X is no cause.
# - A rule with a small effect, or a rare X, is not found. "Not clear" is not "no".
# - Y's calendar (its seasons, its first day on the shelf) is taken from all customers. Where those who buy X have another one, it can look like an order.
# - Up-selling (the larger pack, the dearer brand) moves sales from one product to another. What it earns after that loss is not in our world: ask your own experiment.
#
# ## Use it on your data
#
# ```python
# rules = mine_rules("receipts.parquet", lag=(90, 210), until="2025-01-01")
# rules.prove("receipts.parquet").to_frame()
# list_refills("receipts.parquet", "2025-07-01").due_now
# ```
#
# Receipts with customer, time, sales and product. For groups of goods put the group into `product_id`.

# %% [markdown]
# [[links]]
