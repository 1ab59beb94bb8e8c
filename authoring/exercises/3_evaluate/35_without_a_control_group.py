# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the Christmas campaign
#     question: Campaign 18 ran before Christmas. Which sentence about it may be signed?
#     module: loyalty.evaluate.observational
#     test: helpers/tests/tasks/t35/test_tasks.py
#     minutes: 40
#     pace: 20 for 35a to 35c, 5 for the decision, 15 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Campaign 18 ran from 30 October to 24 December 2017, the last day included. The agency that made it has sent a slide: *"Members spent far more. And even against their own past they gained."* Jonas has to sign the invoice on Friday. You have the receipts and the list of members, and nobody kept a control group.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("35a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.tasks import check, hint

chain = complete_journey()
receipts = chain.receipts
everyone = chain.customers.customer_id
start = pd.Timestamp("2017-10-30")
end = pd.Timestamp("2017-12-25")  # the window is [start, end): the first day without it
listed = chain.contacts[chain.contacts.campaign_id == 18].customer_id
member = everyone.isin(listed).to_numpy()

# %% [markdown]
# **35a The agency's first number.** What did members spend more than the others during the campaign (30 October to 24 December 2017), members minus others, in dollars per household, per 28 days? All {{len(everyone):,}} households count, also those who bought nothing. One number, to the cent.

# %%
### BEGIN SOLUTION


def spend(start, end):
    """Dollars per 28 days of each household; nothing bought is 0."""
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    total = window.groupby("customer_id").sales.sum().reindex(everyone, fill_value=0)
    return total.to_numpy() / (end - start).days * 28


during = spend(start, end)
naive_gap = during[member].mean() - during[~member].mean()
### END SOLUTION

# %%
check("35a", naive_gap)

# %%
hint("35a")

# %% [markdown] tags=["solution"]
# \${{naive_gap:.2f}}. The agency's arithmetic is right. But the number says nothing about the campaign: in the 84 days before it the gap was \${{spend(start - pd.Timedelta(days=84), start)[member].mean() - spend(start - pd.Timedelta(days=84), start)[~member].mean():.2f}} already. Members were chosen among those who spend.

# %% [markdown]
# **35b The agency's second number.** Difference in differences with the 84 days before the campaign, that is 7 August to 29 October 2017. Bring both windows to 28 days: divide each by its days, times 28. Answer with `(effect, low, high)`, members minus others, dollars per household, per 28 days, to about a cent. The unit is the household: each has one change. The 95 % interval is the difference of the mean changes ± 1.96 standard errors.

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
# The tempting way to "more certainty" is to count weeks instead of households: eight changes for each household instead of one, and a much narrower interval. But a household's weeks are no independent witnesses. It is the same family eight times.

# %% [markdown]
# **35c A question with a known answer.** Ask the same method about the 56 days from 4 September to 29 October 2017, again with the 84 days before them (12 June to 3 September 2017). Campaign 18 had not begun. `(effect, low, high)` as in 35b, to about a cent.

# %%
### BEGIN SOLUTION
fake = pd.Timestamp("2017-09-04")
fake_before = spend(fake - pd.Timedelta(days=84), fake)
fake_change = spend(fake, start) - fake_before
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

when = {"start": start, "end": end, "customers": chain.customers}
evidence = difference_in_differences(receipts, treated=everyone[member], **when)
measure = "sales per member and 28 days"
say_what_is_allowed(evidence, what="campaign 18", measure=measure, unit="$")

# %% [markdown] tags=["solution"]
# What would an experienced colleague write to the agency? "The invoice is paid as agreed. For the next campaign we draw a control group of ten percent before the send, and your bonus follows its result." A control group is cheaper than a second slide like this one.

# %% [markdown]
# ---
# ## Part B, for self-study: the points letter
#
# In the simulated chain Ines has sent another letter: 300 bonus points. She made her list from what each customer had spent in the four weeks before (`group`): 5 % of those who spent nothing were invited, 40 % of those who spent up to €60, and **everyone above**. Within the two lower classes nobody chose: chance decided who was left out. Marta has two numbers from the list, and Jonas wants one sentence.

# %%
from loyalty.tasks.t35.scene import load_points_letter, tell_points_letter

# One row a customer. Euros before the letter: last_28 (days 1 to 28),
# quarter (days 29 to 112), witness (days 113 to 140).
# From the letter on, 28 days: sales (euros) and visits.
letter = load_points_letter().customers
letter.groupby("group").invited.agg(["size", "mean"]).round(2).sort_values("mean")

# %% [markdown]
# **35e Like with like.** What did the letter change in `sales` (28 days from the letter on), for those invited who *could have been left out*? Leave out the class where everybody was invited. In each of the two other classes take the mean of the invited minus the mean of the others. Then weigh the two gaps by the invited customers of the two classes. Answer with `(effect, low, high)`, euros per invited customer of these two classes, to the cent. The 95 % interval is ± 1.96 standard errors: in each class the variances of both groups, then over the classes the sum of weight² × variance.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.observational import compare_strata

some = letter[letter.group != "more"]
how = {"treated": "invited", "by": "group", "target": "att"}
estimate = compare_strata(some, outcome="sales", **how)
like_with_like = (estimate.effect, estimate.low, estimate.high)
### END SOLUTION

# %%
check("35e", like_with_like)

# %%
hint("35e")

# %% tags=["verify"]
from loyalty.tasks.checking.grading import find_task

tempting = {mistake.name: mistake.value for mistake in find_task("35e").compute().mistakes}
gap, fell = tempting["naive_of_all"][0], tempting["change_of_all"][0]
assert tempting["outcome_among_covariates"][0] < 0.5 * estimate.effect and fell < -20 and gap > 20

# %% [markdown] tags=["solution"]
# €{{estimate.effect:.2f}} (€{{estimate.low:.2f}} to €{{estimate.high:.2f}}). By hand: in each class the mean of the invited less the mean of the others. Then the mean of the two gaps, where a class weighs as much as it has invited customers.
#
# There are two tempting ways. To compare customers with equally many `visits` looks thorough, and gives €{{tempting["outcome_among_covariates"][0]:.2f}}: the visits came *after* the letter, and bringing visits is how a letter works. The other way asks a method about *all* the invited, the third class too: weights on `last_28` and `quarter` say €{{tempting["no_overlap"][0]:.2f}}, a line −€{{abs(tempting["no_overlap_line"][0]):.2f}}.
# Of customers above €60 nobody was left out, so nobody knows what they do without a letter; each method makes something up, and each warns of it (`.warnings`).

# %% [markdown]
# **35f Call the witness.** The same customers, the same method, but the outcome is `witness`: euros spent in four weeks of August and September, months before the letter. `(effect, low, high)`, 95 % interval, to the cent.

# %%
### BEGIN SOLUTION
how = {"treated": "invited", "by": "group", "target": "att"}
witness = compare_strata(some, outcome="witness", **how)
witness_says = (witness.effect, witness.low, witness.high)
### END SOLUTION

# %%
check("35f", witness_says)

# %%
hint("35f")

# %% tags=["verify"]
assert witness.low < 0 < witness.high and max(-witness.low, witness.high) < estimate.effect

# %% [markdown] tags=["solution"]
# −€{{abs(witness.effect):.2f}} (−€{{abs(witness.low):.2f}} to €{{witness.high:.2f}}): zero lies inside, and the interval leaves no room for a bias as large as the effect. A passed witness proves nothing by itself (in the lesson's 200 lists bad comparisons passed too); here it agrees with what we know of how the list was made.

# %% [markdown]
# **35g Which sentence?** One letter, again.
#
# - `"A"`: *The letter lost us money: against the four weeks before, the invited fell back by €23 more than the others.*
# - `"B"`: *The letter worked: the invited spent €26 more than the others.*
# - `"C"`: *Up to €60 the data suggest that the letter brought about what 35e says; above €60 it cannot be told.*
# - `"D"`: *Nobody kept a control group, so nothing can be said about anybody.*

# %%
### BEGIN SOLUTION
largest_bias = max(-witness.low, witness.high)
witness_agrees = witness.low < 0 < witness.high and largest_bias < abs(estimate.effect)
grade = "C" if witness_agrees and estimate.low > 0 else "D"
### END SOLUTION

# %%
check("35g", grade)

# %%
hint("35g")

# %% tags=["verify"]
truth = tell_points_letter()
both = truth["nothing and up to €60"]
assert estimate.low < both < estimate.high and round(fell) == -23 and round(gap) == 26

# %% [markdown]
# You have signed? Then look behind the curtain: what the letter truly changed, in euros per invited customer of each class.

# %%
tell_points_letter().round(2)

# %% [markdown] tags=["solution"]
# C. For the two lower classes together the truth is €{{tell_points_letter()["nothing and up to €60"]:.2f}}, inside your interval. A would have stopped a letter that works: it compares with the very weeks that decided. B is the gap between those who spend and those who do not; €{{letter[letter.invited].witness.mean() - letter[~letter.invited].witness.mean():.0f}} of it were there in late summer already. D is too strict: within a class there were both kinds, and nobody had chosen between them.
#
# Above €60 the truth is €{{tell_points_letter()["more"]:.2f}}, the largest of all, and no method could see it, for {{letter[letter.invited].group.eq("more").mean():.0%}} of the invited had nobody like them. What would an experienced colleague say to Ines? "Leave one in ten out, in *every* class, the best included. It costs a few letters, and it is the only way to learn about the customers who matter most."
