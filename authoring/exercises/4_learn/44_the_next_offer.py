# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     draft: true
#     title: "The next offer"
#     question: What did the letter change, and shall it go to everybody?
#     module: loyalty.tasks.t44.tasks
#     test: helpers/tests/tasks/t44/test_tasks.py
#     minutes: 20
#     pace: 15 for 44a, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# A new scene, not the lesson again. Three of four customers got a letter, a lottery chose them, and on Monday Jonas decides whether everybody gets it.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("44a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t44.scene import deal_letter

customers = deal_letter()
customers.head(3)

# %% [markdown]
# **44a What did the letter change?** By how much did those who got it spend more than the control group, per customer, in the four weeks after it? One number, in euros, to the cent.

# %%
### BEGIN SOLUTION
means = customers.groupby("arm").sales.mean()
more = means["letter"] - means["control"]
### END SOLUTION

# %%
check("44a", more)

# %%
hint("44a")

# %% tags=["verify"]
assert more > 0

# %% [markdown] tags=["solution"]
# €{{more:.2f}}. Here stands what an experienced colleague would say, and the tempting wrong way with what it would have cost.
