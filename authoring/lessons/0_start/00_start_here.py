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
print(
    f"{member.sum():,} households invited, {(~member).sum():,} not; {campaign.start:%d %B} until before {campaign.end:%d %B}"
)

# %% [markdown]
# The campaign ran for {{(campaign.end - campaign.start).days}} days. To compare windows of different length we count what a household spends
# **per 28 days**, which is also the slide's "month". A household that bought nothing counts as zero.

# %%
import pandas as pd


def spend(start, end):
    """Dollars per 28 days of each household, from start until before end; nothing bought is 0."""
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    return window.groupby("customer_id").sales.sum().reindex(everyone, fill_value=0) / (end - start).days * 28


during = spend(campaign.start, campaign.end)
naive = during[member].mean() - during[~member].mean()
pd.Series({"invited": during[member].mean(), "not invited": during[~member].mean(), "difference": naive}).round(
    2
).to_frame("$ per 28 days").T

# %% [markdown]
# Marta's arithmetic is right: \${{during[member].mean():.2f}} against \${{during[~member].mean():.2f}}, **\${{naive:.2f}} more**. Could it be chance? The
# **confidence interval** answers: a range around the number, made so that 95 of 100 such ranges hold the true value.

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
# From \${{slide.low:.0f}} to \${{slide.high:.0f}}, far from zero. The gap is real. But a gap is not yet an *effect*, and the campaign's effect is what Jonas pays for.
#
# Before we look further, place a bet: **of these \$154, how many dollars did the campaign itself bring?** Write your number in the next cell.

# %%
from loyalty.tasks import predict, reveal

predict("00a", 120)  # your bet in dollars: change 120

# %% [markdown]
# ## Was the gap there before?
#
# If the campaign made the gap, there should be no gap before the campaign. Here is the whole year, week by week.

# %%
import matplotlib.pyplot as plt

from loyalty.charts import CONTROL, GREY, TREATED, draw_intervals, headline, house_style

house_style()


def draw_the_year():
    """Average spend per 28 days of both groups, week by week, with the campaign shaded."""
    weeks = pd.date_range("2017-01-02", "2017-12-25", freq="7D")
    lines = pd.DataFrame(
        {start: spend(start, start + pd.Timedelta(days=7)).groupby(member).mean() for start in weeks}
    ).T
    fig, ax = plt.subplots()
    ax.axvspan(campaign.start, campaign.end, color=GREY, alpha=0.18, linewidth=0)
    for group, colour, label in [(True, TREATED, "invited to campaign 13"), (False, CONTROL, "not invited")]:
        ax.plot(lines.index, lines[group], color=colour, linewidth=2.2)
        ax.annotate(
            label, (lines.index[2], lines[group].max()), (0, 4), textcoords="offset points", color=colour, weight="bold"
        )
    ax.annotate("campaign 13", (campaign.start, 8), (6, 0), textcoords="offset points", va="bottom", color="#5F6368")
    ax.set(ylim=(0, 320), ylabel="$ per 28 days")
    headline(
        ax,
        "The gap was there first",
        "average spend per household, $ per 28 days, week by week, 2017",
        "Complete Journey",
    )


draw_the_year()

# %% [markdown]
# The two lines are far apart all year, and no jump is to be seen when the campaign begins. In numbers, in blocks as long as the campaign
# (each "before" is one block further back):

# %%
length = campaign.end - campaign.start
blocks = {
    f"{n} before": compare(spend(campaign.start - n * length, campaign.start - (n - 1) * length)) for n in (3, 2, 1)
}
gaps = pd.DataFrame({**blocks, "campaign": slide}).T
gaps.round(1)

# %% tags=["verify"]
assert [round(g) for g in gaps.effect] == [180, 172, 159, 154]
assert gaps.effect.is_monotonic_decreasing

# %% [markdown]
# \${{gaps.effect.iloc[0]:.0f}}, \${{gaps.effect.iloc[1]:.0f}}, \${{gaps.effect.iloc[2]:.0f}} in the three blocks before; \${{gaps.effect.iloc[3]:.0f}} during
# the campaign. The members did not become better customers by being invited: they had been better customers all along.
# Setting two such groups side by side is called a **naive comparison**.

# %% [markdown]
# ## Can we take the old gap away?
#
# A fair idea: look at how much each household *changed*. Members during minus before, less others during minus before. What both groups share,
# the season for example, falls out. This is called **difference in differences**. We need a "before": let us take the 28 days before the start.


# %%
def difference_in_differences(days):
    """Change of the members minus change of the others, against a window of `days` before the start."""
    before = spend(campaign.start - pd.Timedelta(days=days), campaign.start)
    return compare(during - before)


difference_in_differences(28).round(2).to_frame("28 days before, $").T

# %% tags=["verify"]
did = pd.DataFrame({f"{days} days before": difference_in_differences(days) for days in (28, 84, 180)}).T
assert did.effect.round().tolist() == [-6, -10, -19]
assert did.low.iloc[0] < 0 < did.high.iloc[0] and (did.high.iloc[1:] < 0).all()

# %% [markdown]
# The \$154 has melted to **{{"−" if did.effect.iloc[0] < 0 else ""}}\${{abs(did.effect.iloc[0]):.2f}}** (from −\${{abs(did.low.iloc[0]):.0f}} to
# \${{did.high.iloc[0]:.0f}}): about six dollars *less* for each member and 28 days
# than without the campaign, if the two groups had otherwise moved alike. Zero lies inside: perhaps nothing at all. But why 28 days? Nobody told us to take 28. Let us also try 84 and 180.

# %%
did = pd.DataFrame({f"{days} days before": difference_in_differences(days) for days in (28, 84, 180)}).T
ax = draw_intervals(did, unit="$")
headline(
    ax,
    "Three windows before, three answers",
    "difference in differences, $ per 28 days, 95 % interval",
    "Complete Journey",
)
# %% [markdown]
# About −\$6, −\$10 and −\$19, and the last interval does not even hold the first answer. What we find depends on a window that we chose. That
# happens when the two groups were already moving differently: our gap was shrinking, from \$180 to \$159, before the campaign started. The method needs
# **parallel trends**, and here they are not parallel. There is a second trouble:

# %%
also_8 = contacts[(contacts.campaign_id == 8) & contacts.customer_id.isin(invited)].customer_id.nunique()
print(f"{also_8} of the {member.sum():,} members of campaign 13 had campaign 8 as well, from 8 May to 25 June")

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
# That falls into the windows of 84 and of 180 days. A longer "before" is no clean before either. Who was chosen, then?

# %%
before = spend(campaign.start - pd.Timedelta(days=28), campaign.start)
group = pd.qcut(before, 10, duplicates="drop").cat.rename_categories(["lowest\nfifth", *range(3, 11)])
chosen = pd.Series(member, index=everyone).groupby(group, observed=True).mean()


def draw_the_choice():
    """Share of households invited, by spend in the 28 days before."""
    fig, ax = plt.subplots(figsize=(9, 3.8))
    ax.bar([str(name) for name in chosen.index], chosen * 100, color=TREATED, width=0.7)
    for x, share in enumerate(chosen):
        ax.annotate(f"{share:.0%}", (x, share * 100), (0, 4), textcoords="offset points", ha="center")
    ax.set(xlabel="tenth of households, by spend in the 28 days before (10 = highest)", yticks=[])
    ax.spines["left"].set_visible(False)
    headline(
        ax, "The campaign went to those who were spending already", "share of households invited, %", "Complete Journey"
    )


draw_the_choice()

# %% tags=["verify"]
assert (
    0.35 < (before == 0).sum() / (len(before) / 2) < 0.36
)  # ties: nearly a fifth spent nothing, so the lowest two tenths are one group
assert chosen.is_monotonic_increasing

# %% [markdown]
# {{chosen.iloc[0]:.0%}} of the lowest fifth were invited, {{chosen.iloc[-1]:.0%}} of the highest tenth. (The lowest two tenths are one bar, for {{(before == 0).sum()}} households spent nothing at
# all, and equal households must stand together.) Whoever made the list took good customers, and by doing so hid what the campaign did.

# %% [markdown]
# ## What would have helped?
#
# A lottery. Suppose the chain had drawn the 1,077 households by lot. We can try it, 1,000 times, on the weeks *before* the campaign, when there
# can be no effect: how large is the gap between "invited" and "not invited" when chance alone decides?

# %%
rng = np.random.default_rng(0)
last_block = spend(campaign.start - length, campaign.start).to_numpy()
lotteries = [rng.permutation(member) for _ in range(1000)]
lottery_gaps = [last_block[drawn].mean() - last_block[~drawn].mean() for drawn in lotteries]
pd.Series(lottery_gaps).quantile([0.025, 0.975]).round(1).to_frame("gap by lottery, $")

# %% tags=["verify"]
low, high = np.percentile(lottery_gaps, [2.5, 97.5])
assert -20 < low < -8 and 8 < high < 20

# %% [markdown]
# In 95 of 100 lotteries the gap per 28 days before the campaign lies between −\${{abs(np.percentile(lottery_gaps, 2.5)):.0f}} and
# \${{np.percentile(lottery_gaps, 97.5):.0f}}. The real choice made one of \${{gaps.effect.iloc[2]:.0f}}. A lottery does not make the groups *equal*. It makes them alike,
# up to chance, and how much chance can do we can compute. Those whom it leaves out are called the **control group**. Now look at your bet.

# %%
reveal("00a", estimate=did.effect.iloc[0], low=did.low.min(), high=did.high.max(), unit="$",
       says="Estimate with 28 days before; the interval spans all three windows. Real receipts hold no truth to compare with.")  # fmt: skip

# %% [markdown]
# What shall we tell Marta at ten? Not that the campaign failed: that cannot be read from this table either. We tell her this:
#
# > *"The gap of \$154 was there before the campaign. What the campaign itself did cannot be read from these data. If we leave a random part of the
# > customers out next time, we can say it four weeks later, with an interval."*
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
