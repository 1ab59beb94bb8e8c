# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.profile
#     test: helpers/tests/report/profile/test_report.py::test_shares_and_states_are_those_of_the_profile
# ---

# %% [markdown] tags=["by-hand"]
# # Profile of your customers
#
# **Who are our customers, what do they bring, and who has gone quiet?** A template for your own receipts: customer,
# date and amount are enough, and a row may be a whole receipt. With more columns it says more; at its end it names
# what it left out, and which column would unlock it.
#
# It runs as it is, on the till export of an example. For your own receipts, change the one cell of settings and run
# all cells. `workshop.py columns FILE` writes the file that names your columns. The same from a terminal, as one HTML
# page for your boss:
#
# `python3 workshop.py run profile --data receipts=till.csv --columns columns.yml -o report.html`

# %%
# Start
from loyalty.datasets import DATA
from loyalty.intake import load_tables
from loyalty.report.output.parts import show_sources
from loyalty.report.profile import report_customers

example = DATA / "examples"

# %% tags=["parameters"]
# Settings
data = {"receipts": example / "till.csv"}
columns = example / "columns.yml"  # which of your columns is which; None if they have our names
as_of = None  # the report knows everything before this day; None is the day after the last receipt
currency = "₽"  # written before amounts
title = None  # the heading of the report
save_as = None  # "results/customers" writes results/customers.xlsx and results/customers.parquet

# %% tags=["by-hand"]
# Read the tables
tables = load_tables(data, columns)
show_sources(tables)

# %%
# Describe
report = report_customers(tables, {"as_of": as_of, "currency": currency, "title": title})
report.card

# %% [markdown]
# ## Where the customers are in their life with us

# %%
# Segments
report.draw("segments")
report.section("segments")

# %% [markdown]
# ## How much hangs on how few

# %%
# Concentration
report.section("concentration")

# %% [markdown]
# ## Recency and frequency

# %%
# Grid
chart = report.draw("grid")

# %% [markdown]
# ## What was read, and how well it is filled

# %%
# Sources
report.section("read")

# %%
# Fields
report.section("fields")

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
# ## Appendix

# %%
# Definitions
report.section("appendix")

# %% tags=["by-hand"]
# Save
report.save(save_as)
