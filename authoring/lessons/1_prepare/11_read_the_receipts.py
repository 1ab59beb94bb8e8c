# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Read the receipts
#     question: Can I trust this table?
#     part_a: 25
#     part_b: 30
#     know_first: ["00"]
#     useful: ["02"]
#     module: loyalty.prepare.clean.receipts
#     test: helpers/tests/prepare/clean/test_grade.py::test_what_was_planted_is_found_and_good_lines_stay
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - tell a **resend** from a **repeat purchase**, and see what a careless clean-up throws away
# - give every **return** its minus, and every stamp in **UTC** its day
# - find the cards that are no customers: **staff cards**, and one card that belongs to a cashier
# - account for every euro between the files and the **net sales**

# %% [markdown]
# ## Our best customer
#
# It is Monday. The till system has sent its files for the first time: four months, one file a month. Ines has read them into one table.

# %%
import pandas as pd

from loyalty.charts import house_style
from loyalty.tasks.t11.pictures import count_top, draw_top
from loyalty.tasks.t11.scene import receive_export

house_style()
receipts, export = receive_export()
top = count_top(receipts)
ax = draw_top(top, "One card leaves all others far behind", odd=[top.index[0]])

# %% tags=["verify"]
assert top.iloc[0] > 4 * top.iloc[1] and receipts.file.nunique() == 4
assert top.index[0] == "2700900001"

# %% [markdown]
# Marta is delighted: *"Let us invite this customer to dinner!"* Jonas looks at another number. The files say that the chain sold for
# €{{receipts.sales.sum():,.0f}}. He has to show this number to the board, and it looks too good.
#
# Both ask the same question: can I trust this table? Here is what a row looks like.

# %%
columns = ["time", "store_id", "till_id", "basket_id", "line_no"]
columns += ["customer_id", "sales", "kind"]
receipts[columns].head(3)

# %% [markdown]
# One row is a *line* of a receipt: one product on one card. The table looks tidy. That says nothing.
#
# What do you expect? By how many euros is the sum of the files higher than the true sales to customers, with returns taken off?

# %%
from loyalty.tasks import predict

predict("11-bet", ...)  # your bet in euros, in place of the dots

# %% [markdown]
# ## Twice the same line
#
# Tills lose their connection, and then they send a day again. Such a copy is called a **resend**. It is equal to the first line in
# everything: till, number of the receipt, line on the receipt, time, card and money.

# %%
numbers = ["store_id", "till_id", "basket_id", "line_no"]
same = [*numbers, "customer_id", "product_id", "time", "sales", "kind"]
resent = receipts.duplicated(same) & receipts.line_no.notna()
print(f"{resent.sum()} lines were sent twice: €{receipts[resent].sales.sum():,.2f} too much")

# %% tags=["verify"]
planted = export.truth.defects.defect.value_counts()
assert resent.sum() == planted["resend"]

# %% [markdown]
# Most tables have no such numbers. Then people compare what they have: the card, the day and the money. What would that remove?

# %%
from loyalty.tasks.t11.pictures import draw_copies

sales_only = receipts[receipts.kind == "sale"].assign(day=lambda t: t.time.dt.normalize())
coarse = sales_only.duplicated(["customer_id", "day", "sales"])
finer = sales_only.duplicated(["customer_id", "day", "product_id", "sales"])
ways = {"everything, with its numbers": resent.sum(), "card, day, product, money": finer.sum()}
ways["card, day, money"] = coarse.sum()
ax = draw_copies(pd.Series(ways))

# %% tags=["verify"]
assert resent.sum() < finer.sum() < coarse.sum()
lost_true = coarse.sum() - resent.sum()

# %% [markdown]
# The coarse look takes {{f"{coarse.sum():,}"}} lines for copies, and most of them are true purchases. Two packs of tissues were scanned one by
# one. Somebody came back in the afternoon for the same tea. Such a **repeat purchase** is what we live on. (And on one card, the longest bar of our first
# picture, many people seem to shop.) So we compare everything that the till wrote, its *numbers* too. The numbers alone are not enough: a till
# starts them anew, and the same number comes again on another receipt. Where a till sends no numbers, we do not guess. We ask.
#
# ## Money that went back
#
# Customers bring goods back. The till marks such a line as a **return**.

# %%
back = receipts.kind == "return"
receipts[back][["time", "customer_id", "quantity", "sales", "kind"]].head(3)

# %% tags=["verify"]
assert (receipts[back].sales >= 0).all() and planted["negative quantity"] > 50

# %% [markdown]
# The money has no minus. So the sum of the column counts these lines as purchases. They should be *taken off*, and the sum is too high
# by twice their amount: €{{2 * receipts[back].sales.sum():,.0f}}. (One store has another habit: it types returns as a sale of *minus one
# piece*. Look at the quantity as well.)
#
# ## Customers who buy at night
#
# When do people order in the web shop (store 0)? One line is a month.

# %%
from loyalty.tasks.t11.pictures import draw_hours

web = receipts[receipts.store_id == 0]
at_night = web.groupby("file").time.apply(lambda times: (times.dt.hour < 5).mean())
ax = draw_hours(web, odd=at_night.idxmax())

# %% tags=["verify"]
others = at_night.drop(at_night.idxmax())
assert at_night.max() > 0.1 and others.max() < 0.01

# %% [markdown]
# In one month the whole day is four hours late. Nobody changed their life that month. The computer of the web shop did: its clock is on
# **UTC**, the world's common clock. The shops of this chain are four hours behind it. So we move this month back.

# %%
late = (receipts.store_id == 0) & (receipts.file == at_night.idxmax())
local = receipts[late].time - pd.Timedelta(hours=4)
moved = local.dt.normalize() != receipts[late].time.dt.normalize()
money = receipts[late].sales[moved].sum()
print(f"{moved.mean():.0%} of these lines were on the wrong day: €{money:,.0f}")

# %% tags=["verify"]
assert 0.1 < moved.mean() < 0.4

# %% [markdown]
# No money is lost by a wrong clock. But the evening's orders stand on the next day. Ask "did the Sunday mail sell?", and a part of the answer
# stands under Monday.
#
# ## Who is the best customer?
#
# Now to Marta's dinner. In this chain a customer meets many cashiers, by chance. How is it with the best card?

# %%
from loyalty.tasks.t11.pictures import describe_cards, draw_cards

cards = describe_cards(receipts)
ax = draw_cards(cards)

# %% tags=["verify"]
first = cards.loc[top.index[0]]
assert first.one_cashier == 1 and first.receipts > 5 * cards.drop(index=top.index[0]).receipts.max()

# %% [markdown]
# {{first.receipts:.0f}} receipts, and every one at the same cashier. This is not a customer. A cashier uses a card of his own for the
# receipts of customers who have none, and collects their points. The purchases are real, but we do not know whose they are. (Be careful: in a
# shop with one cashier every regular looks like this. There the helper does not judge.)
#
# There are more people behind the counter. Employees pay 15 % less on everything. Which cards get exactly this discount on each line?

# %%
employees = cards[(cards.staff_share > 0.9) & (cards.lines >= 8)]
employees.sort_values("lines", ascending=False)[["receipts", "lines", "staff_share"]].head(4)

# %% tags=["verify"]
assert len(employees) == 8

# %% [markdown]
# These are **staff cards**, {{len(employees)}} in all. Employees are welcome, but they tell us nothing about customers: they pay other prices, and
# no voucher brings them to the shop.
#
# ## The whole table
#
# By hand we found four faults. How many more are there? The helper asks all its questions at once. It needs three things that only
# the chain's people know: the shops' clock, the tax, and the staff's discount. (About five seconds.)

# %%
from loyalty.prepare.clean import clean_receipts, inspect_receipts

told = {"zone": -4, "vat_rate": 0.20, "staff_discount": 0.15}
quality = inspect_receipts(receipts, **told)
ax = quality.plot(unit="€", source="a till system's export, simulated chain")

# %% tags=["verify"]
found = quality.findings.set_index("finding")
assert found.lines["resend"] == resent.sum() and len(found) == 15

# %% [markdown]
# Look at the colours. Some lines should *go*. Most can be *corrected*, because we know what they should say. A few nobody can
# judge: there we *ask* the shop. Ours are among them: the {{found.lines["resend"]}} resent lines are the same that we found by hand.
#
# Now the cleaning. It gives back three things: the clean table, the removed lines with a reason each, and a sum.

# %%
clean, removed, summary = clean_receipts(receipts, **told)
summary

# %% tags=["verify"]
cents = (summary.money * 100).round().astype(int)
assert cents.iloc[:-1].sum() == cents.iloc[-1] and summary.lines.iloc[:-1].sum() == summary.lines.iloc[-1]

# %% [markdown]
# Read it from top to bottom: what came in, what went and why, what was corrected, and what is left. It adds up to the cent. If a
# cleaning cannot show you this table, it has lost something. What is left is the **net sales**: sales to customers, with returns taken off.
#
# And your bet? In this chain we know the truth.

# %%
from loyalty.tasks import reveal

in_files, net = receipts.sales.sum(), clean.sales.sum()
truth = export.truth.net_sales
reveal("11-bet", estimate=in_files - net, truth=in_files - truth, unit="€")

# %% tags=["verify"]
assert abs(net / truth - 1) < 0.001

# %% [markdown]
# ## The answer for Monday

# %%
from loyalty.tasks.t11.pictures import draw_way

ax = draw_way(summary, truth)

# %% [markdown]
# The files were {{in_files / truth - 1:.0%}} too high, and the clean table meets the truth. Marta's dinner is off: the best customer was a
# cashier. Jonas has a number for the board, and a list of what he still has to ask.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/11_read_the_receipts.ipynb): a second export, with other faults in other places. What
# follows is for self-study.
#
# ---

# %% [markdown]
# ## Did it find everything?
#
# The faults of this table were planted, and each one is written down with file and line. So the cleaning can be graded: how many were
# planted, how many were found?

# %%
grade = export.truth.grade(clean, removed, quality.missing_days)
grade

# %% tags=["verify"]
assert (grade.share >= 0.98).all() and export.truth.count_wrongly_removed(removed) == 0
good = grade.loc["a good line"]

# %% [markdown]
# The last row is as important as the others: all {{good.planted:,.0f}} good lines are still what they were. If you remove every line, you
# also find every fault. Do not be too impressed, though. The same people wrote the faults and the rules. The
# [table of twenty exports](../../docs/tables/clean.md) says where the rules stop.
#
# ## Day and month change places
#
# One store writes 5 March as 3 May, as long as the day can be a month. How would you notice?

# %%
from loyalty.tasks.t11.pictures import draw_days

outside = receipts.time.dt.month != receipts.file_month.dt.month
in_shops = receipts[outside & (receipts.store_id > 0)]
place = in_shops.groupby(["store_id", "file"]).size().idxmax()
there = receipts[(receipts.store_id == place[0]) & (receipts.file == place[1])]
ax = draw_days(there)

# %% tags=["verify"]
assert (
    planted["day and month"] > 200
    and (clean[clean.file == place[1]].time.dt.month == there.file_month.iloc[0].month).all()
)

# %% [markdown]
# A file of one month holds days of all the others. Changed back, each of them falls into the month of its file, so we may change
# them. *Without* the name of the file we could not: 3 May is a fine day.
#
# ## Money that means something else
#
# What does one piece of a product cost, compared with what it usually costs in the chain? Each dot is a store in a month.

# %%
from loyalty.tasks.t11.pictures import draw_prices

single = receipts[receipts.quantity == 1].copy()
single["shelf"] = single.sales + single.discount
single["ratio"] = single.shelf / single.groupby("product_id").shelf.transform("median")
ratios = single.groupby(["store_id", "file"], as_index=False).ratio.median()
ax = draw_prices(ratios)

# %% tags=["verify"]
assert (ratios.ratio < 0.95).sum() == 1 and abs(ratios.ratio.min() - 1 / 1.2) < 0.005

# %% [markdown]
# All stores sell at the same prices, but one of them sends a month without the tax of 20 %. Nothing in a single line shows it. Only the
# comparison with the other stores does.
#
# Another store sends the price of *one piece* where the sum should stand. That shows only on lines with several pieces.

# %%
several = receipts[receipts.quantity > 1].copy()
usual = single.groupby("product_id").shelf.median()
pieces = (several.sales + several.discount) / several.product_id.map(usual)
several["paid_for"] = pieces.round(2)
by_file = several[several.quantity == 3].groupby(["store_id", "file"])
by_file.paid_for.median().nsmallest(3).to_frame()

# %% [markdown]
# In nearly every store three pieces cost three times the price of one. In the first row they seem to cost as much as one piece. (The second row is
# the store without tax.)
#
# ## What we have to ask
#
# Some questions no rule can answer.

# %%
asked = quality.findings[quality.findings.treatment == "ask"]
asked[["finding", "lines", "money", "examples"]]

# %% tags=["verify"]
lost = export.truth.defects.set_index("defect").loc["missing day"]
assert f"no line of {quality.missing_days.day.iloc[0]:%Y-%m-%d}" == lost.found
day_money = found.money["missing day"]

# %% [markdown]
# An old till sends no line numbers, so two equal lines may be two packs or one line sent twice. They stay, marked `ask`. And one day of
# the busiest store is missing. On such a day it usually sells for about €{{day_money:,.0f}}. We say so; we do not fill it in.
#
# ## A real chain with a wrong clock
#
# Is this only a game with planted faults? The Complete Journey is a real chain in the eastern United States. Its published stamps say
# nothing about a clock. Look at the hours.

# %%
from loyalty.datasets import complete_journey
from loyalty.tasks.t11.pictures import draw_matches, draw_two_clocks

published = complete_journey(clock="utc")
chain = complete_journey()
ax = draw_two_clocks(published.receipts.time, chain.receipts.time)

# %% [markdown]
# As stamped, many people shop after midnight. In the time of New York the day looks like a day. That is a hint, no proof.
#
# The proof comes from another table. The chain wrote down on which *day* a coupon was redeemed. To redeem a coupon you have to
# buy something that day. In which clock is that true?

# %%
from loyalty.prepare.clean import compare_clocks

clocks = compare_clocks(published.receipts, published.redemptions, "America/New_York")
ax = draw_matches(clocks)

# %% tags=["verify"]
assert clocks.matched.tolist() == [1869, 2102] and clocks.of.tolist() == [2102, 2102]
assert clocks.moved.iloc[1] == 250_533
share = clocks.moved.iloc[1] / len(published.receipts)

# %% [markdown]
# As stamped, {{clocks.matched.iloc[0]:,}} of {{clocks.of.iloc[0]:,}} redemptions find a purchase. In the shops' time all of them do. So the clock was UTC,
# and {{clocks.moved.iloc[1]:,}} lines ({{share:.0%}}) stood on the wrong day. Two tables that were written by two systems are worth more than one
# table that was checked twice.
#
# ## Wrong judgements
#
# Every line may be right, and the table can still mislead. Then the fault is in what we take a row *for*. Three such judgements are
# built into many customer bases:
#
# 1. *A card is a person.* So each new card is a new customer, who gets a welcome gift.
# 2. *Who was silent for 90 days is lost.* So these customers are written off.
# 3. *Customers joined when they first bought.* So the month with the most first purchases had the best campaign.
#
# In the simulated chain we know better. First the cards: one customer in eight loses theirs within the last year, and buys on with a
# new one.

# %%
from loyalty.tasks.t11.scene import SILENT, lose_cards
from loyalty.world import World

world = World(customers=5_000, months=24, seed=12)
bought = lose_cards(world.receipts, world.end)
began = bought.groupby("card").agg(first=("time", "min"), customer_id=("customer_id", "first"))
new_cards = began[began["first"] >= world.end - pd.Timedelta(days=365)]
known_before = new_cards.index != new_cards.customer_id

# %% [markdown]
# Then silence. On the last day we ask who bought nothing for 90 days, and who of them is truly gone.

# %%
last = world.receipts.groupby("customer_id").time.max().dt.normalize()
silent = last[(world.end - last).dt.days >= SILENT]
alive = world.truth.alive().set_index("customer_id").alive
still_here = alive.reindex(silent.index)

# %% [markdown]
# And the first purchase. Whose first receipt falls into the first month of the table, and who of them joined before?

# %%
first_seen = world.receipts.groupby("customer_id").time.min().dt.to_period("M")
first_month = first_seen[first_seen == first_seen.min()]
joined = world.customers.set_index("customer_id").joined_on.dt.to_period("M")
older = joined.reindex(first_month.index) < first_seen.min()

# %%
from loyalty.tasks.t11.pictures import draw_judgements

shares = pd.DataFrame(
    {
        "wrong": [known_before.mean(), still_here.mean(), older.mean()],
        "of": [len(new_cards), len(still_here), len(older)],
        "says": ["known customers", "still customers", "joined before"],
    },
    index=["new card = new customer", "90 days silent = lost", "first purchase = joined"],
)
ax = draw_judgements(shares)

# %% tags=["verify"]
wrong = shares.wrong
assert 0.2 < wrong.iloc[1] < 0.35 and wrong.iloc[2] > 0.8 and 0.15 < wrong.iloc[0] < 0.7
journey_first = chain.receipts.groupby("customer_id").time.min().dt.month
january = (journey_first == 1).mean()
gift = 5

# %% [markdown]
# Each judgement flips a decision.
#
# 1. A welcome gift of €{{gift}} for each new card costs €{{gift * len(new_cards):,}}. Of this, €{{gift * known_before.sum():,}} goes to people who have been
#    customers for a long time. *Do not pay for a new card. Pay for a new person.* (Lesson 13, *One customer, many ids*, finds out who that is.)
# 2. {{wrong.iloc[1]:.0%}} of the "lost" are still customers. They only come rarely. *Do not write anybody off by the calendar.* Judge a silence
#    by the customer's own gap, as lesson 12 does.
# 3. {{wrong.iloc[2]:.0%}} of the "new customers" of the first month joined before the table begins. The same is true of the real chain:
#    {{january:.0%}} of its households "joined" in January. *Do not repeat the January campaign.* The table began in January, nothing else.
#
# (These shares count whole groups of a simulated chain whose truth is known, so they need no interval. In another chain they differ.)

# %% [markdown]
# ## What we learned
#
# - A **resend** is equal in everything, its numbers too. A **repeat purchase** only looks like it, and must stay.
# - A **return** needs its minus, and a stamp in **UTC** needs the shop's clock, or the evening stands on the wrong day.
# - **Staff cards** and the cashier's card are no customers. They are not lost: they stand in `removed`, with their reason.
# - From the files to the **net sales** every line and every euro has a name, and the sum adds up to the cent.
#
# ## What could still be wrong
#
# - A rule shows what is odd, not why. A discount of 1/6 looks like a missing tax, and a shop that opens late like a wrong clock. Ask before you
#   correct.
# - The rules find what they know. A fault of another kind passes all of them. Compare the clean sum with the accounts.
# - A fault that is in *all* stores and months looks like the truth. The tax was found only because other stores had it.
# - Sales to staff, and those on the cashier's card, are true sales. For the accounts they count. For the customer base they do not. Say
#   which of the two sums you show.
# - What has to be asked stays open until somebody asks.
#
# ## Use it on your data
#
# Look before you clean, and keep what was removed:
# `clean, removed, summary = clean_receipts(read_till_files("folder"), zone="Europe/Berlin", vat_rate=0.19)`
#
# Files of another form come in by `loyalty.load_tables`. The report alone is `inspect_receipts(receipts)`.

# %% [markdown]
# [[links]]
