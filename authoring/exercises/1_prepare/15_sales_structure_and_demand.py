# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     draft: true
#     title: "an empty shelf"
#     question: How much shall we order for January?
#     module: loyalty.prepare.demand
#     test: helpers/tests/tasks/t15/test_tasks.py
#     minutes: 20
#     pace: 15 for 15a, 5 for the decision
# ---

# %% [markdown]
# [[opening]]

# %%
1
