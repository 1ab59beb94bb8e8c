# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the detergent reminder
#     question: When is a household late with its detergent, and who gets the reminder?
#     module: loyalty.segment.rules
#     test: helpers/tests/tasks/t22/test_tasks.py
#     minutes: 40
#     pace: 20 for 22a to 22d, 5 for the decision, 15 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# The maker of a laundry detergent pays for a reminder: *"Your detergent may be running out."* It goes to households that are late. It
# is 1 July 2017. Marta's first draft of the rule says "30 days, as always". She also has a list of segments for it.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("22a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules import assign_life_cycle, measure_gaps
from loyalty.tasks import check, hint

chain = complete_journey()
as_of = pd.Timestamp("2017-07-01")
receipts = chain.receipts[chain.receipts.time < as_of]
profile = build_profile(chain.receipts, as_of, customers=chain.customers)
category = chain.products.set_index("product_id").category
detergent = receipts[receipts.product_id.map(category) == "LAUNDRY DETERGENTS"]

# %% [markdown]
# **22a Equal customers, equal scores.** Score the frequency of all households from 1 to 5 as of 1 July 2017. The rule is that of
# `score_rfm`: take a household, and leave out all buyers with the same frequency. Which share of the remaining buyers has *fewer*
# receipts? Below 20 % the score is 1, from 20 % it is 2, from 40 % it is 3, from 60 % it is 4, from 80 % it is 5. Households that never bought
# get 0, and they are not counted when the others are scored. A table with `customer_id` and `f`, one row for each of the {{len(profile):,}} households.

# %%
### BEGIN SOLUTION
from loyalty.segment.rules import score_rfm

frequency_scores = score_rfm(profile).table[["customer_id", "f"]]
### END SOLUTION

# %%
check("22a", frequency_scores)

# %%
hint("22a")

# %% [markdown] tags=["solution"]
# `pd.qcut(profile.frequency.rank(method="first"), 5)` would give five groups of the same size. But two households with the same
# number of receipts would have different scores: the one that stands higher in the table would get the worse one. Sort the table
# by id, and loyalty begins to depend on the card number. `score_rfm(profile).edges` shows how large the parts are now.

# %% [markdown]
# **22b When is a household late?** Take all gaps between two consecutive detergent days of the same household, before 1 July 2017. Two
# purchases on one day are one detergent day. Which number of days do 80 % of these gaps not exceed? One number: the 80 %
# quantile of all gaps in one pot, in days.

# %%
### BEGIN SOLUTION
days = detergent.assign(day=detergent.time.dt.normalize())
days = days.drop_duplicates(["customer_id", "day"]).sort_values("day")
detergent_gaps = days.groupby("customer_id").day.diff().dt.days.dropna()
late_after = detergent_gaps.quantile(0.8)
### END SOLUTION

# %%
check("22b", late_after)

# %%
hint("22b")

# %% [markdown] tags=["solution"]
# {{late_after:.0f}} days. Between two *visits* of any kind 80 % of the gaps are {{measure_gaps(chain.receipts, as_of).at(0.8).any_gap:.0f}} days or
# shorter. A rule made from visits would call {{(detergent_gaps > measure_gaps(chain.receipts, as_of).at(0.8).any_gap).mean():.0%}} of the detergent
# gaps late: nearly the whole town.

# %% [markdown]
# **22c What would "30 days, as always" have done?** Take the same gaps as in 22b; all of them ended with a purchase. Which share of these
# gaps was longer than 30 days? One fraction between 0 and 1, to three decimals.

# %%
### BEGIN SOLUTION
falsely_late = (detergent_gaps > 30).mean()
### END SOLUTION

# %%
check("22c", falsely_late)

# %%
hint("22c")

# %% [markdown] tags=["solution"]
# {{falsely_late:.0%}}. In {{falsely_late * 100:.0f}} of 100 gaps the draft would have reminded a household that was only washing at its own pace. It
# bought without the reminder, and the maker pays for every one.
#
# One thing we do not see: gaps that were still open on 1 July. Some of those households had really gone.

# %% [markdown]
# **22d Newcomers.** Marta's draft calls everybody with one to three receipts "rare", and wants to leave them out. How many of these
# households are *new* by the life cycle? Use `assign_life_cycle` with `measure_gaps(chain.receipts, as_of)`. One whole number of
# households.

# %%
### BEGIN SOLUTION
stage = assign_life_cycle(profile, gaps=measure_gaps(chain.receipts, as_of))
few = profile[profile.frequency.between(1, 3)]
new_not_rare = int(few.merge(stage, on="customer_id").segment.eq("new").sum())
### END SOLUTION

# %%
check("22d", new_not_rare)

# %%
hint("22d")

# %% [markdown] tags=["solution"]
# {{new_not_rare}} of {{len(few)}}. A customer who came for the first time last week cannot have ten receipts. Do not call such a customer rare
# before there was time to be anything else.

# %% [markdown]
# **22e Which list is finished?** Marta's list for the reminder has five segments:
#
# | segment | households | what we do |
# |---|---|---|
# | late, much detergent | late by the rule of 22b, 3 or more detergent days | reminder with a coupon |
# | late, little detergent | late by the rule, 1 or 2 detergent days | reminder |
# | not late | has detergent days, and the last one is not too long ago | nothing, this month |
# | rare | 1 to 3 receipts of any kind | to be discussed |
# | other | everybody else | |
#
# A list is finished when each household is in exactly one segment, and each segment has an action. Choose one letter:
#
# - `"A"`: use the list as it is.
# - `"B"`: take out "rare" and "other". A household that is in none of the first three is not listed and gets nothing.
# - `"C"`: take out "rare": only detergent decides to which segment a household belongs. Write "no detergent yet: nothing" in the place of
#   "other".

# %%
### BEGIN SOLUTION
list_choice = "C"
### END SOLUTION

# %%
check("22e", list_choice)

# %%
hint("22e")

# %% [markdown] tags=["solution"]
# C. "Rare" overlaps with the others: a rare household can be late with detergent. And "to be discussed" is no action. A segmentation
# without holes is dull, and this is what makes it good: next month you can add up the segments, and the sum is the base.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **22f The best fifth.** Of all households take the {{len(chain.customers) // 5}} that spent most in the 91 days of the window [1 July 2017, 30 September
# 2017). How did their mean spend change in the next 91 days, [30 September 2017, 30 December 2017)? Then the other way round: take the
# {{len(chain.customers) // 5}} that spent most in the *later* window. By which fraction is their mean spend in the earlier window higher or lower
# (earlier / later − 1)? `sum_windows` from `loyalty.segment.rules` adds up the windows. Households
# that bought nothing count as 0. `(forwards, backwards)`, two fractions, to three decimals: −0.1 means ten percent less.

# %%
### BEGIN SOLUTION
from loyalty.segment.rules import sum_windows

windows = ("2017-07-01", "2017-09-30", "2017-12-30")
spend = sum_windows(chain.receipts, *windows, customers=chain.customers)
fifth = len(spend) // 5
best, best_later = spend.nlargest(fifth, "first"), spend.nlargest(fifth, "second")
forwards = best["second"].mean() / best["first"].mean() - 1
backwards = best_later["first"].mean() / best_later["second"].mean() - 1
both_ways = (forwards, backwards)
### END SOLUTION

# %%
check("22f", both_ways)

# %%
hint("22f")

# %% [markdown] tags=["solution"]
# −{{abs(both_ways[0]):.1%}} forwards and −{{abs(both_ways[1]):.1%}} backwards. If it were nothing but a real fall, the backward reading would show a
# rise. The two are not equal. All households together spent {{spend["second"].mean() / spend["first"].mean() - 1:.1%}} more in the later
# window, before Christmas. That makes the fall forwards smaller, and the one backwards larger.

# %% [markdown]
# **22g Is it an effect?** Somebody in the meeting blames the new opening hours of October: *"Our best customers spend less since then. There
# is the proof."* Answer with one word: `"effect"` if the numbers of 22f show more than regression to the mean (p below 0.05 at the
# top), `"regression"` if they do not. (Helper:
# `expose_regression(spend, seed=22).gaps` from `loyalty.segment.rules`; `spend` is the table of the two windows of 22f.)

# %%
### BEGIN SOLUTION
from loyalty.segment.rules import expose_regression

exposed = expose_regression(spend, seed=22)
p_top = exposed.gaps.set_index("group").p["top"]
verdict = "effect" if p_top < 0.05 else "regression"
### END SOLUTION

# %%
check("22g", verdict)

# %%
hint("22g")

# %% [markdown] tags=["solution"]
# p = {{p_top:.2f}}: chance alone makes such a difference often enough. That does not prove that nothing happened. The fall forwards less the
# one backwards is −{{abs(exposed.gaps.gap.iloc[0]) * 100:.0f}} % of an average customer's spend, with a 95 % interval from
# −{{abs(exposed.gaps.low.iloc[0]) * 100:.0f}} % to {{exposed.gaps.high.iloc[0] * 100:.0f}} %. The word follows from the test, not from the story. And even a
# real fall would only be a fall. Whether the opening hours did it is the next question.
