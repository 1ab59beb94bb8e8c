# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     module: loyalty.evaluate.observational
#     test: helpers/tests/tasks/test_t35_without_a_control_group.py
#     minutes: 40
# ---

# %% [markdown]
# # Exercise: the Christmas campaign
#
# **Campaign 18 ran before Christmas. Which sentence about it may be signed?**
#
# *40 minutes: 20 for 35a to 35c, 5 for the decision, 15 for Part B · after: [Without a control group](../../notebooks/3_evaluate/35_without_a_control_group.ipynb)*
#
# Campaign 18 ran from 30 October to 24 December 2017, the last day included. The agency that made it has sent a slide: *"Members spent far more. And even against their own past they gained."* Jonas has to sign the
# invoice on Friday. You have the receipts and the list of members, and nobody kept a control group.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("35a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.datasets import complete_journey, nsw
from loyalty.tasks import check, hint

chain = complete_journey()
receipts = chain.receipts
everyone = chain.customers.customer_id
start, end = pd.Timestamp("2017-10-30"), pd.Timestamp("2017-12-25")  # the window is [start, end)
member = everyone.isin(chain.contacts[chain.contacts.campaign_id == 18].customer_id).to_numpy()

# %% [markdown]
# **35a The agency's first number.** What did members spend more than the others during the campaign, members minus others, in dollars per household and 28 days? All {{len(everyone):,}} households count, also those who bought nothing. One number, to the cent.

# %%
### BEGIN SOLUTION


def spend(start, end):
    """Dollars per 28 days of each household; nothing bought is 0."""
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    return (
        window.groupby("customer_id").sales.sum().reindex(everyone, fill_value=0).to_numpy() / (end - start).days * 28
    )


during = spend(start, end)
naive_gap = during[member].mean() - during[~member].mean()
### END SOLUTION

# %%
check("35a", naive_gap)

# %%
hint("35a")

# %% [markdown] tags=["solution"]
# \${{naive_gap:.2f}}. The agency's arithmetic is right. But it says nothing about the campaign: in the 84 days before it the gap was \${{spend(start - pd.Timedelta(days=84), start)[member].mean() - spend(start - pd.Timedelta(days=84), start)[~member].mean():.2f}} already. Members were chosen among those who spend.

# %% [markdown]
# **35b The agency's second number.** Difference in differences with the 84 days before the campaign (also brought to 28 days): estimate and 95 % interval as `(effect, low, high)`, dollars per household and 28 days. The unit is the household: each has one change.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

change = during - spend(start - pd.Timedelta(days=84), start)
did = compare_means(change[member], change[~member])
did_84 = (did.effect, did.low, did.high)
### END SOLUTION

# %%
check("35b", did_84)

# %%
hint("35b")

# %% [markdown] tags=["solution"]
# \${{did.effect:.2f}} (−\${{abs(did.low):.2f}} to \${{did.high:.2f}}). Positive, but zero lies inside. With 28 days before it would be larger, with 180 days before it is negative: try it. An agency that may choose its window can have any sign it likes.
#
# The tempting way to "more certainty" is to count weeks instead of households: eight changes for each household instead of one, and a much narrower interval. But a household's weeks are no independent witnesses; it is the same family eight times.

# %% [markdown]
# **35c A question with a known answer.** Ask the same method about the 56 days from 4 September until before 30 October, again with the 84 days before them. Campaign 18 had not begun. `(effect, low, high)` as in 35b.

# %%
### BEGIN SOLUTION
fake = pd.Timestamp("2017-09-04")
fake_change = spend(fake, start) - spend(fake - pd.Timedelta(days=84), fake)
fake_did = compare_means(fake_change[member], fake_change[~member])
placebo = (fake_did.effect, fake_did.low, fake_did.high)
### END SOLUTION

# %%
check("35c", placebo)

# %%
hint("35c")

# %% [markdown] tags=["solution"]
# −\${{abs(fake_did.effect):.2f}} (−\${{abs(fake_did.low):.2f}} to −\${{abs(fake_did.high):.2f}}): a clear "effect", before campaign 18 had begun. Perhaps campaign 13 moved the gap: it ended in these weeks and had {{int((member & everyone.isin(chain.contacts[chain.contacts.campaign_id == 13].customer_id).to_numpy()).sum())}} of the {{int(member.sum()):,}} members. Perhaps nobody did. Either way the method finds {{abs(fake_did.effect):.0f}} dollars where campaign 18 did nothing, and cannot be trusted with four.

# %% [markdown]
# **35d Sign or refuse?** Four sentences lie on Jonas's desk. Which one may he sign? Answer with its letter.
#
# - `"A"`: *Members spent \$154 more a month because of the campaign.*
# - `"B"`: *The campaign brought about \$4 per member and month.*
# - `"C"`: *The campaign cost us \$11 per member and month.*
# - `"D"`: *What the campaign changed cannot be told from these data.*

# %%
### BEGIN SOLUTION
placebo_fails = fake_did.low > 0 or fake_did.high < 0
signed = "D" if placebo_fails else "B"
### END SOLUTION

# %%
check("35d", signed)

# %%
hint("35d")

# %% [markdown] tags=["solution"]
# D: the placebo of 35c fails, so none of the three numbers may be signed. The helper comes to the same sentence, with more dates:

# %% tags=["solution"]
from loyalty.evaluate.observational import difference_in_differences, say_what_is_allowed

evidence = difference_in_differences(
    receipts, treated=everyone[member], start=start, end=end, customers=chain.customers
)
say_what_is_allowed(evidence, what="campaign 18", measure="sales per member and 28 days", unit="$")

# %% [markdown] tags=["solution"]
# What would an experienced colleague write to the agency? "The invoice is paid as agreed. For the next campaign we draw a control group of ten percent before the send, and your bonus follows its result." A control group is cheaper than a second slide like this one.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **35e Like with like.** The job programme of the lesson, participants against the men of the survey. Use `weight_by_propensity` for the effect on *those who took part* (`target="att"`) on earnings in 1978, with the covariates
# age, education, black, hispanic, married, no_degree and re74. `re75` stays out: it is the witness. One number, in dollars (to about \$2).

# %%
people = nsw().people
survey = people[people.treated | (people["sample"] == "cps")]
covariates = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]

# %%
### BEGIN SOLUTION
from loyalty.evaluate.observational import weight_by_propensity

estimate = weight_by_propensity(survey, treated="treated", outcome="re78", covariates=covariates, target="att")
effect_on_participants = estimate.effect
### END SOLUTION

# %%
check("35e", effect_on_participants)

# %%
hint("35e")

# %% [markdown] tags=["solution"]
# \${{estimate.effect:,.0f}} (−\${{abs(estimate.low):,.0f}} to \${{estimate.high:,.0f}}): zero lies inside. Asked for *everybody* (`target="ate"`), the same function would have to guess what the programme does for 15,992 men who were never near it; look at its warnings.

# %% [markdown]
# **35f Call the witness.** The same method, the same covariates, but the outcome is `re75`, earnings in the year before the programme. `(effect, low, high)`, 95 % interval, in dollars.

# %%
### BEGIN SOLUTION
witness = weight_by_propensity(survey, treated="treated", outcome="re75", covariates=covariates, target="att")
witness_says = (witness.effect, witness.low, witness.high)
### END SOLUTION

# %%
check("35f", witness_says)

# %%
hint("35f")

# %% [markdown] tags=["solution"]
# −\${{abs(witness.effect):,.0f}} (−\${{abs(witness.low):,.0f}} to −\${{abs(witness.high):,.0f}}) in a year in which the programme cannot have done anything. The weights have not made the groups alike; whatever they say about 1978 probably carries the same burden.
