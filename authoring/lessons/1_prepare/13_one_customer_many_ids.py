# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     draft: true
#     title: "One customer, many ids"
#     question: Which question does somebody have to answer on Monday?
#     part_a: 25
#     part_b: 30
#     know_first: ["00"]
#     module: loyalty.tasks.t13.scene
#     test: helpers/tests/tasks/t13/test_tasks.py::test_the_difference_of_the_means_is_right
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - say what the learner can do afterwards, with its key term in bold: a **control group**
# - name a second thing, such as the **natural buyer**; each term in bold stands in `data/glossary.csv`
# - name a third one

# %% [markdown]
# ## Who has to decide what on Monday?
#
# Begin with people of a chain who have to decide something, before any formula. Marta has sent a letter to three of four customers, and Jonas
# wants to know what it changed.

# %%
from loyalty.tasks.t13.scene import deal_letter

customers = deal_letter()
customers.head(3)

# %% [markdown]
# One row is a customer. {{(customers.arm == "letter").sum()}} got the letter, {{(customers.arm == "control").sum()}} did not; a lottery chose.

# %% [markdown]
# ## By hand
#
# One idea, one cell, a visible result, and then a sentence that reads it.

# %%
means = customers.groupby("arm").sales.mean()
means.round(2).to_frame()

# %% tags=["verify"]
assert means["letter"] > means["control"] > 0

# %% [markdown]
# Who got the letter spent €{{means["letter"] - means["control"]:.2f}} more. Say what that means for the decision, and give every estimate an interval.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/13_one_customer_many_ids.ipynb), 13a. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Part B: the same by simulation, then by the helper
#
# Depth for those who walk alone. The helper returns the same number as the work by hand.

# %%
buyers = customers[customers.sales > 0]
buyers.groupby("arm").size().to_frame("buyers")

# %% [markdown]
# ## What we learned
#
# - Repeat the bullets of "You will", now with what came out: the **control group** tells what would have happened anyway.
# - A **natural buyer** costs money and brings nothing new.
# - And the third one.
#
# ## What could still be wrong
#
# - Say what these data cannot show, and what would change the answer.
#
# ## Use it on your data
#
# Name the template or the function, with one line of code that a reader can copy.

# %% [markdown]
# [[links]]
