# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "81 % of what?"
#     question: Which of the agency's numbers can we send letters by?
#     module: loyalty.learn.offers
#     test: helpers/tests/tasks/t44/test_tasks.py
#     minutes: 40
#     pace: 12 for 44a, 6 for 44b, 8 for 44c, 10 for 44d, 4 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, and an agency with two sentences:
#
# - *"The cream sells the serum."* (No number. Nobody could say what it is a share of.)
# - *"81 % of those who buy the tablets A 30 buy another product three to seven months later."*
#
# `creams` and `serums` are the purchases of both products in 2023 and 2024, one row a purchase. `receipts` are all lines of 2023 to 2025. `register` is the (made-up) refill register of the pharmacies until the end of June 2025: substances A, B and C, in packs of 30 and 90 tablets. Some patients pause for most of a year, and come back.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("44a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.tasks.t44.scene import open_exercise, open_register

creams, serums, receipts, names = open_exercise()
register = open_register()
register.head(3)

# %%
creams.head(3)

# %% [markdown]
# **44a Of what?** Which share of the cream's buyers bought the serum 90 to 210 days after it? Take the customers with a cream whose 210 days end before 1 January 2025. Each counts once, with the *first such* cream (the lesson drew one by lot; here it is the first). Day 90 and day 210 belong to the window. Count from date to date, whatever the hour. One fraction, to three decimals, such as 0.123.

# %%
### BEGIN SOLUTION
over = creams[creams.time.dt.normalize() + pd.Timedelta(210, "D") < "2025-01-01"]
buyers = over.sort_values("time").drop_duplicates("customer_id")
pairs = serums.merge(buyers, on="customer_id", suffixes=("", "_cream"))
days = (pairs.time.dt.normalize() - pairs.time_cream.dt.normalize()).dt.days
share = pairs[days.between(90, 210)].customer_id.nunique() / len(buyers)
### END SOLUTION

# %%
check("44a", share)

# %%
hint("44a")

# %% [markdown] tags=["solution"]
# {{share:.1%}} of {{len(buyers)}} customers. With all {{creams.customer_id.nunique()}} buyers in the denominator it would be lower: some bought the cream last week. Of the serum's *buyers* only a part had a cream before, and that is another sentence. Always ask: a share of whom?

# %% [markdown]
# **44b Where was it proved?** Mine the rules of `receipts` until 1 January 2025, with `lag=(90, 210)`. Then prove them with `rules.prove(receipts)`. Give it *all* receipts: it takes X from 2025 on by itself, and needs the 210 days before. What is the confidence of Face cream 01 → Serum 01 *in the proof*? A tuple `(confidence, low, high)` of fractions, to three decimals.

# %%
### BEGIN SOLUTION
from loyalty.learn.offers import mine_rules

rules = mine_rules(receipts, lag=(90, 210), until="2025-01-01")
proof = rules.prove(receipts).to_frame(names).set_index("first_product")
row = proof.loc["Face cream 01"]
proved = (row.confidence, row.low, row.high)
### END SOLUTION

# %%
check("44b", proved)

# %%
hint("44b")

# %% tags=["verify"]
found = rules.to_frame(names).iloc[:4].set_index("first_product")
assert (proof.verdict == "proved").all() and len(proof) == 4
assert found.loc["Face cream 01", "confidence"] > row.confidence

# %% [markdown] tags=["solution"]
# {{row.confidence:.1%}} ({{row.low:.1%}} to {{row.high:.1%}}), of {{row.buyers}} buyers. Where the rule was found it was {{found.loc["Face cream 01", "confidence"]:.1%}}. If you prove a rule on the months in which you found it, you will always find it true.
#
# (`mine_rules(receipts, lag=(90, 210), start="2025-01-01")` has the same three numbers in its row: they are the same customers. But it asks all pairs again. The proof asks only the {{len(proof)}} that were found before, and corrects for {{len(proof)}}.)

# %% [markdown]
# **44c Who runs out?** How many refills are due from 1 to 14 July 2025? Use `list_refills` with `horizon=14`. A refill is the same *substance*, whatever the pack, and 90 tablets last longer than 30. One whole number: the rows with the status "due now".

# %%
### BEGIN SOLUTION
from loyalty.learn.offers import list_refills

lines = register.assign(product_id=register.substance, quantity=register.pack)
refills = list_refills(lines, "2025-07-01", horizon=14)
due = len(refills.due_now)
### END SOLUTION

# %%
check("44c", due)

# %%
hint("44c")

# %% tags=["verify"]
ignored = list_refills(lines, "2025-07-01", horizon=14, per="purchase")
series = ["customer_id", "product_id"]
both = len(ignored.due_now.merge(refills.due_now, on=series))
assert len(ignored.due_now) < due and both < 0.7 * due

# %% [markdown] tags=["solution"]
# {{due}}. Without the size of the pack the list has {{len(ignored.due_now)}}, and only {{both}} of them are among the {{due}}. A customer who has just bought 90 tablets would be called far too early.

# %% [markdown]
# **44d 81 % of what?** Take the buyers of A 30 (each once, with the first one whose 210 days end before 1 July 2025). Which share bought, 90 to 210 days after it, a *substance that they had not bought up to that day*? One fraction, to three decimals.

# %%
### BEGIN SOLUTION
plain = register[register.product_id == "A 30"]
plain = plain[plain.time + pd.Timedelta(210, "D") < "2025-07-01"]
plain = plain.sort_values("time").drop_duplicates("customer_id")
day = plain[["customer_id", "time"]]
joined = register.merge(day, on="customer_id", suffixes=("", "_plain"))
joined["days"] = (joined.time - joined.time_plain).dt.days
had = joined[joined.days <= 0][["customer_id", "substance"]].drop_duplicates()
later = joined[joined.days.between(90, 210)].merge(had, how="left", indicator=True)
new = later[later._merge == "left_only"].customer_id.nunique() / len(plain)
### END SOLUTION

# %%
check("44d", new)

# %%
hint("44d")

# %% tags=["verify"]
slide = later[later.product_id != "A 30"].customer_id.nunique() / len(plain)
assert round(slide, 2) == 0.81 and new < 0.3

# %% [markdown] tags=["solution"]
# {{new:.1%}}. The agency's number is there as well: {{slide:.0%}} bought "another product". But A 90 after A 30 is the same tablet in a larger pack, and B is no news to who takes B already. These are refills, and they come without any letter. A patient who paused for most of a year discovered nothing new when he came back: "not before" means never before, not "not in the last 210 days".

# %% [markdown]
# ## Monday
#
# **44e July 2025.** What do we do? One letter.
#
# - `"P"`: *The serum letter to all buyers of the cream: the rule is proved.*
# - `"Q"`: *The serum letter to half of those who bought the cream three to five months ago, by lottery; the refill list, by substance and pack, to the shops.*
# - `"R"`: *A letter for B and C to all buyers of A 30: 81 % buy another product.*
# - `"S"`: *No letter: most buyers of the cream do not buy the serum.*
# - `"T"`: *A letter for the pair with the largest confidence of all.*

# %%
### BEGIN SOLUTION
decision = "Q"
### END SOLUTION

# %%
check("44e", decision)

# %%
hint("44e")

# %% [markdown] tags=["solution"]
# Q. The rule says whom to ask and when. It does not say that asking helps: in Part B of the lesson nearly all who bought with the letter would have bought without it. P pays for what comes anyway, R for refills. S does not ask what chance makes. T does not ask for the lift.
