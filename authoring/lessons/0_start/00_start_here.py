# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "Start here: a campaign that melts"
#     question: The campaign's members spent $154 more a month. Did the campaign do it?
#     part_a: 20
#     part_b: 0
#     know_first: []
#     module: loyalty.datasets
#     test: helpers/tests/datasets/test_loaders.py::test_campaign_13_shows_the_naive_gap_of_lesson_00
# ---

# %% [markdown]
# [[opening]]
#
# *Run each cell with Shift + Enter, from top to bottom.*
#
# You will
#
# - catch a **naive comparison** in the act, on a real chain's receipts
# - see what **difference in differences** can repair, and what it cannot
# - learn what a **control group** is for, and what you lose without one
# - find your way through the workshop, and question your own **loyalty programme**

# %% [markdown]
# ## Monday, nine o'clock
#
# Marta runs the loyalty programme of a grocery chain. The campaign of August and September went to 1,077 households, and her slide has one number on
# it: *"Members of the campaign spent \$154 more a month than the others."* At ten she will ask Jonas, who keeps the money, to pay for it again.
#
# She wants us to check the arithmetic. We have one year of real receipts, so let us look.

# %%
from loyalty.datasets import complete_journey

chain = complete_journey()
chain

# %% [markdown]
# The data are the Complete Journey: {{len(chain.receipts):,}} receipt lines of {{chain.receipts.customer_id.nunique():,}} households of a
# real American grocery chain. Each line says who paid, when, and how much.

# %%
receipts, contacts, campaigns = chain.receipts, chain.contacts, chain.campaigns
receipts[["customer_id", "time", "basket_id", "product_id", "sales"]].head(3)

# %% [markdown]
# ## The slide
#
# The campaign on the slide has number 13. Who was in it, and when did it run?

# %%
campaign = campaigns[campaigns.campaign_id == 13].iloc[0]
invited = contacts[contacts.campaign_id == 13].customer_id
everyone = chain.customers.set_index("customer_id").index
member = everyone.isin(invited)
print(f"{member.sum():,} households invited, {(~member).sum():,} not")
print(f"from {campaign.start:%d %B} until before {campaign.end:%d %B}")

# %% [markdown]
# Windows differ in length. So we count what a household spends **per 28 days**, which is also the slide's "month". A
# household that bought nothing counts as zero.

# %%
import pandas as pd


def spend(start, end):
    """Dollars per 28 days of each household, from start until before end."""
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    total = window.groupby("customer_id").sales.sum().reindex(everyone, fill_value=0)
    return total / (end - start).days * 28


during = spend(campaign.start, campaign.end)
naive = during[member].mean() - during[~member].mean()

# %% [markdown]
# This is Marta's slide, made again from the receipts:

# %%
from loyalty.charts import CONTROL, TREATED, draw_bars, headline, house_style

house_style()
means = {"invited": during[member].mean(), "not invited": during[~member].mean()}
ax = draw_bars(pd.Series(means), colours=[TREATED, CONTROL], write="${:,.2f}".format)
source = "Complete Journey"
headline(ax, "Members spend far more", "$ per household and 28 days", source)

# %% [markdown]
# Marta's arithmetic is right: members spend **\${{naive:.2f}} more**. Could that be chance? A **confidence interval** answers.
# It is a range around the number, made so that 95 of 100 such ranges hold the true value.

# %%
import numpy as np


def compare(spending):
    """Members minus others: the difference of the means, with its 95 % interval."""
    a, b = spending[member], spending[~member]
    effect, se = a.mean() - b.mean(), np.sqrt(a.var() / len(a) + b.var() / len(b))
    return pd.Series({"effect": effect, "low": effect - 1.96 * se, "high": effect + 1.96 * se})


slide = compare(during)
slide.round(2).to_frame("members minus others, $").T

# %% tags=["verify"]
assert round(slide.effect) == 154 and slide.low > 100
assert member.sum() == 1077

# %% [markdown]
# The interval runs from \${{slide.low:.0f}} to \${{slide.high:.0f}}, far from zero. The gap is real. But a gap is not yet an *effect*, and
# Jonas pays for the effect.
#
# Place a bet before we look further: **of these \$154, how many dollars did the campaign itself bring?** Write your number in
# place of the three dots.

# %%
from loyalty.tasks import predict, reveal

predict("00a", ...)  # your bet in dollars, in place of the dots

# %% [markdown]
# ## Was the gap there before?
#
# If the campaign made the gap, there should be no gap before the campaign. Here is the whole year, week by week.

# %%
from loyalty.charts import draw_lines

week = pd.Timedelta(days=7)
starts = pd.date_range("2017-01-02", "2017-12-25", freq="7D")
lines = pd.DataFrame({day: spend(day, day + week).groupby(member).mean() for day in starts}).T
lines = lines.rename(columns={True: "invited to campaign 13", False: "not invited"})
ax = draw_lines(
    lines[["invited to campaign 13", "not invited"]],
    shade=(campaign.start, campaign.end),
    shaded="campaign 13",
)
ax.set_ylabel("$ per 28 days")
headline(ax, "The gap was there first", "average spend per household, by week, 2017", source)

# %% [markdown]
# The two lines are far apart all year. Nothing jumps when the campaign begins. Let us put numbers on it, in blocks as long as
# the campaign; each "before" is one block further back.

# %%
length = campaign.end - campaign.start
gaps = {}
for n in (3, 2, 1):
    start = campaign.start - n * length
    gaps[f"{n} before"] = compare(spend(start, start + length))
gaps = pd.DataFrame({**gaps, "campaign": slide}).T
gaps.round(1)

# %% tags=["verify"]
assert [round(g) for g in gaps.effect] == [180, 172, 159, 154]
assert gaps.effect.is_monotonic_decreasing

# %% [markdown]
# The gap was there in all three blocks before, and it was even larger. The invitation did not make the members better customers.
# They had been better customers all along. Setting two such groups side by side is called a **naive comparison**.

# %% [markdown]
# ## Can we take the old gap away?
#
# Here is a fair idea: look at how much each household *changed*. We take the change of the members, and subtract the change of
# the others. What both groups share, such as the season, falls out. This is called **difference in differences**. It needs a
# "before": let us take the 28 days before the start.


# %%
def difference_in_differences(days):
    """Change of the members minus change of the others, against `days` before the start."""
    before = spend(campaign.start - pd.Timedelta(days=days), campaign.start)
    return compare(during - before)


difference_in_differences(28).round(2).to_frame("28 days before, $").T

# %% tags=["verify"]
did = pd.DataFrame({days: difference_in_differences(days) for days in (28, 84, 180)}).T
assert did.effect.round().tolist() == [-6, -10, -19]
assert did.low.iloc[0] < 0 < did.high.iloc[0] and (did.high.iloc[1:] < 0).all()

# %% [markdown]
# The \$154 has melted to **{{"−" if did.effect.iloc[0] < 0 else ""}}\${{abs(did.effect.iloc[0]):.2f}}** (from −\${{abs(did.low.iloc[0]):.0f}} to
# \${{did.high.iloc[0]:.0f}}). Members spent about six dollars *less* than they would have without the campaign, if both groups
# had otherwise moved alike. Zero lies inside the interval: perhaps the campaign did nothing at all.
#
# But why 28 days? Nobody told us to take 28. Let us also try 84 and 180.

# %%
from loyalty.charts import draw_intervals

answers = {f"{days} days before": difference_in_differences(days) for days in (28, 84, 180)}
did = pd.DataFrame(answers).T
ax = draw_intervals(did, unit="$")
subtitle = "difference in differences, $ per 28 days, 95 % interval"
headline(ax, "Three windows before, three answers", subtitle, source)

# %% [markdown]
# The last interval does not even hold the first answer. What we find depends on a window that we chose. This happens when the
# two groups were already moving differently, and ours were: the gap was shrinking before the campaign started. The method needs
# **parallel trends**, and here the trends are not parallel. There is a second trouble:

# %%
in_8 = contacts[contacts.campaign_id == 8].customer_id
also_8 = everyone[member].isin(in_8).sum()
print(f"{also_8} of {member.sum():,} members had campaign 8 as well, from 8 May to 25 June")

# %% tags=["verify"]
start_8, end_8 = campaigns[campaigns.campaign_id == 8].iloc[0][["start", "end"]]
assert (start_8, end_8) == (
    pd.Timestamp("2017-05-08"),
    pd.Timestamp("2017-06-26"),
)  # the end is the first day without it
assert campaign.start - pd.Timedelta(days=28) >= end_8
assert campaign.start - pd.Timedelta(days=84) < end_8
assert campaign.start - pd.Timedelta(days=180) <= start_8
assert did.high.iloc[2] < did.effect.iloc[0]

# %% [markdown]
# Campaign 8 falls into the windows of 84 and of 180 days. So a longer "before" is no clean before either.
#
# Who was chosen, then?

# %%
before = spend(campaign.start - pd.Timedelta(days=28), campaign.start)
tenth = pd.qcut(before, 10, duplicates="drop")  # many spent nothing: two tenths are one
group = tenth.cat.rename_categories(["lowest\nfifth", *range(3, 11)])
chosen = pd.Series(member, index=everyone).groupby(group, observed=True).mean()
ax = draw_bars(chosen, write="{:.0%}".format)
ax.set_xlabel("tenth of households, by spend in the 28 days before (10 = highest)")
headline(ax, "The campaign went to good customers", "share of households invited", source)

# %% tags=["verify"]
assert (
    0.35 < (before == 0).sum() / (len(before) / 2) < 0.36
)  # ties: nearly a fifth spent nothing, so the lowest two tenths are one group
assert chosen.is_monotonic_increasing and chosen.iloc[0] < 0.15 and chosen.iloc[-1] > 0.6

# %% [markdown]
# Hardly anybody of the lowest fifth was invited, and most of the highest tenth. (Households that spent nothing are all equal, so
# the lowest two tenths share one bar.) The list took good customers, and this choice hides what the campaign did.

# %% [markdown]
# ## What would have helped?
#
# A lottery. Suppose that the chain had drawn the households by lot. We can try this many times on the weeks *before* the
# campaign, when there can be no effect. How large is the gap when chance alone decides who is invited?

# %%
rng = np.random.default_rng(0)
last_block = spend(campaign.start - length, campaign.start).to_numpy()
lotteries = [rng.permutation(member) for _ in range(1000)]
lottery_gaps = [last_block[drawn].mean() - last_block[~drawn].mean() for drawn in lotteries]
real = gaps.effect["1 before"]

# %%
import seaborn as sns

from loyalty.charts import GREY, HIGHLIGHT

ax = sns.histplot(x=lottery_gaps, color=GREY, bins=30)
ax.axvline(real, color=HIGHLIGHT, linewidth=3)
ax.text(real - 3, 60, "the real list", ha="right", color=HIGHLIGHT)
ax.set(xlabel="invited minus not invited, $ per 28 days", ylabel="lotteries of 1,000")
headline(ax, "No lottery would have made this list", "gap before the campaign", source)

# %% tags=["verify"]
low, high = np.percentile(lottery_gaps, [2.5, 97.5])
assert -20 < low < -8 and 8 < high < 20 and max(lottery_gaps) < real / 3

# %% [markdown]
# A lottery does not make the two groups *equal*. It makes them alike, up to chance, and what chance can do we can compute. The
# customers whom the lottery leaves out are called the **control group**. Now look at your bet.

# %%
first = did.iloc[0]
says = "28 days before; the interval spans all three windows. Real receipts hold no truth."
low, high = did.low.min(), did.high.max()
reveal("00a", estimate=first.effect, low=low, high=high, unit="$", says=says)

# %% [markdown]
# What shall we tell Marta at ten? We cannot say that the campaign failed: these data do not show that either. We tell her this:
#
# > *"The gap of \$154 was there before the campaign. These data cannot say what the campaign itself did. If we leave a random
# > part of the customers out next time, we can say it four weeks later, with an interval."*
#
# That sentence is worth more than the slide. The rest of the workshop teaches you to make the next campaign answer the question.

# %% [markdown]
# ## The map
#
# Everything here goes once round a cycle, and the folders follow it: lessons in `notebooks`, exercises in `exercises`, worked solutions in `solutions`.

# %%
from loyalty.charts import draw_cycle

figure = draw_cycle()

# %% [markdown]
# Real receipts, as you saw, never tell what a campaign truly did. They do tell what customers are like, and that is where the cycle begins.
#
# [[map]]
#
# **How to walk it.** Read a lesson, running each cell; stop where it tells you to; do the exercise; look at the solution only then.
# In a path a number is a lesson: as much of it as a group does in that time, with the first tasks of its exercise.
#
# [[paths]]

# %% [markdown]
# ## A segmentation needs a task
#
# One rule before you go. When someone asks for "a segmentation", ask back: *to decide what?* Whom to write to, whom to leave in peace, how many
# vouchers to print: each is a task, and each cuts the customers differently. A segmentation without a task is a drawing.

# %% [markdown]
# ## Your own programme, in twelve questions
#
# Programmes fail for four kinds of reason: people, processes, methodology, culture. Answer 1 for yes and 0 for no, about your own
# programme, today, not as planned. Nobody sees it.
#
# | | | question |
# |---|---|---|
# | **People** | 1 | Can one named person stop a campaign? |
# | | 2 | Does an analyst see a campaign *before* it is sent? |
# | | 3 | Does finance agree with how its profit is counted? |
# | **Processes** | 4 | Is there one list of all campaigns, with dates and goals? |
# | | 5 | Can you say for any customer who contacted them, when, and with what? |
# | | 6 | Is each goal written down before the start? |
# | **Methodology** | 7 | Did your last campaign leave out a random control group? |
# | | 8 | Is its result stated with an interval? |
# | | 9 | Is it counted in margin, not in sales? |
# | **Culture** | 10 | Was a campaign ever stopped because of its numbers? |
# | | 11 | Is a failed test told aloud? |
# | | 12 | Does the next campaign start from the result of the last? |

# %%
audit = {
    "people": [0, 0, 0],  # questions 1 to 3
    "processes": [0, 0, 0],  # 4 to 6
    "methodology": [0, 0, 0],  # 7 to 9
    "culture": [0, 0, 0],  # 10 to 12
}
pd.Series(audit).map(sum).rename("yes, of 3").to_frame()

# %% [markdown]
# The row with the fewest yeses goes first in your plan for Monday. If it is methodology, you are in the right place.

# %% [markdown]
# ## What we learned
#
# - A **naive comparison** of members with others said +\$154; the gap was there before the campaign.
# - **Difference in differences** took the old gap away and said −\$6, −\$10 or −\$19, depending on the window. When the trends are not parallel, none of them is the answer.
# - A **control group**, drawn by lottery before the start, is what would have answered the question. Nothing that one does afterwards is as good.
# - A **loyalty programme** is judged by what it changes, and that takes people, processes, methodology and culture.
#
# ## What could still be wrong
#
# - Those who packaged the data call them simulated. They are equal to a real chain's published year, with the dates moved to 2017.
# - "Invited" is all we know. Who read the letter, and what each coupon cost, the table does not say.
# - The intervals take households as independent, and the windows before as given. They do not hold the doubt about the choice of window: that is why we show three.
#
# ## Use it on your data
#
# Put your own campaign in place of number 13: `compare(spend(start, end))` for three windows before the start. If the gap was there before, do not show
# the slide.

# %% [markdown]
# [[links]]
