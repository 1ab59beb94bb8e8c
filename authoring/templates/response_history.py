# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.history
#     test: helpers/tests/report/history/test_report.py::test_the_lifts_are_those_of_a_hand_made_table
# ---

# %% [markdown] tags=["by-hand"]
# # Response history
#
# **What did we try, what did it bring, and what should the next wave test?** A template for your own lists: the lists
# of several campaigns with what each customer did, one file each, in one folder. Every file may name its columns in
# its own way.
#
# It runs as it is, on an example: five campaigns of one chain in five layouts, Russian and English. For your own
# campaigns, change the one cell of settings and run all cells. `workshop.py columns waves=FOLDER -o columns.yml` writes
# the file that names your columns. The report also saves the history itself: give the .duckdb file as `history` the
# next time, and the .parquet file to `campaign_plan`, which then knows what to expect. The same from a terminal:
#
# `python3 workshop.py run response_history --data folder --columns columns.yml --set margin_rate=0.30 -o history.html`

# %%
# Start
from loyalty.datasets import DATA
from loyalty.intake import load_campaigns
from loyalty.report.history import report_history
from loyalty.report.output.parts import show_sources

example = DATA / "examples"

# %% tags=["parameters"]
# Settings
data = {"waves": example / "campaigns", "offers": example / "offers.csv"}  # also receipts, campaigns, history
columns = example / "campaigns.yml"  # which of your columns is which, a section for each file
margin_rate = 0.30  # what is left of a unit of sales after the goods are paid; None if you do not know
contact_cost = None  # what one contact costs; None if you do not know, or if offers says it
reward_cost = None  # what one redeemed reward costs; None if you do not know, or if offers says it
point_cost = 0.0  # what one point costs when it is spent
redemption_probability = None  # probability that a point is ever spent
vat_rate = None  # value-added tax inside the sales, 0.20 for 20 percent
empty = None  # "nothing" if an empty cell of an outcome means that the customer did nothing
scheme = "visits in 8 weeks"  # by which rule the segments of the lists were made
version = "1"  # which version of that rule
reason = None  # why a campaign that is in the earlier history is replaced
noted_on = None  # the day of that correction
decided_on = None  # the day on which the decisions of this report are written into the history
rollout = None  # customers of the programme, whom the next sending may reach; those on the lists if you do not say
test_size = None  # customers in the next test of one offer in one segment, at most; 2,000 if you do not say
currency = "₽"  # written before amounts
title = "What we tried in 2025"  # the heading of the report
save_as = None  # "results/history" writes history.xlsx, history.parquet and history.duckdb there

# %% tags=["by-hand"]
# Read the lists
tables = load_campaigns(data, columns)
show_sources(tables)

# %%
# Remember and measure
settings = {
    "margin_rate": margin_rate, "contact_cost": contact_cost, "reward_cost": reward_cost, "point_cost": point_cost,
    "redemption_probability": redemption_probability, "vat_rate": vat_rate, "empty": empty, "scheme": scheme,
    "version": version, "reason": reason, "noted_on": noted_on, "decided_on": decided_on, "rollout": rollout,
    "test_size": test_size, "currency": currency, "title": title,
}  # fmt: skip
report = report_history(tables, settings, data.get("history"))
report.card

# %% [markdown]
# ## What the next wave should test

# %%
# Next test
report.draw("next")
report.section("next")

# %% [markdown]
# ## What each offer brought

# %%
# Offers
report.draw("offers")
report.section("offers")

# %% [markdown]
# ## What each campaign brought

# %%
# Campaigns
report.section("campaigns")

# %% [markdown]
# ## By segment and offer

# %%
# Segments and offers
report.section("cells")

# %% [markdown]
# ## Who answers

# %%
# Rates
report.draw("rates")
report.section("rates")

# %% [markdown]
# ## What was tried where

# %%
# Tried
report.section("tried")

# %% [markdown]
# ## The log of decisions

# %%
# Decisions
report.section("decisions")

# %% [markdown]
# ## May we believe it?

# %%
# Checks
report.section("checks")

# %% [markdown]
# ## What this report left out

# %%
# Left out
report.section("skipped")

# %% [markdown]
# ## Appendix: what was read, and what the words mean

# %%
# Appendix
report.section("read")

# %%
# Definitions
report.section("appendix")

# %% tags=["by-hand"]
# Save
report.save(save_as)
