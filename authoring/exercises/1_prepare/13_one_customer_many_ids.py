# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     draft: true
#     title: "One customer, many ids"
#     question: What did the letter change, and shall it go to everybody?
#     module: loyalty.tasks.t13.tasks
#     test: helpers/tests/tasks/t13/test_tasks.py
#     minutes: 20
#     pace: 15 for 13a, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# A new scene, not the lesson again. Three of four customers got a letter, a lottery chose them, and on Monday Jonas decides whether everybody gets it.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("13a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t13.scene import deal_letter

customers = deal_letter()
customers.head(3)

# %% [markdown]
# **13a What did the letter change?** By how much did those who got it spend more than the control group, per customer, in the four weeks after it? One number, in euros, to the cent.

# %%
### BEGIN SOLUTION
means = customers.groupby("arm").sales.mean()
more = means["letter"] - means["control"]
### END SOLUTION

# %%
check("13a", more)

# %%
hint("13a")

# %% tags=["verify"]
assert more > 0

# %% [markdown] tags=["solution"]
# €{{more:.2f}}. Here stands what an experienced colleague would say, and the tempting wrong way with what it would have cost.
