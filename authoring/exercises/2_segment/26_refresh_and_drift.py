# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     draft: true
#     title: the monthly needs
#     question: How often does the second chain refresh its needs, and did its customers change?
#     module: loyalty.segment.drift
#     test: helpers/tests/tasks/t26/test_tasks.py
#     minutes: 40
#     pace: 20 for 26a to 26c, 15 for 26d and 26e, 5 for the decision
# ---

# %% [markdown]
# [[opening]]
