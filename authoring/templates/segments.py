# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.segments
#     test: helpers/tests/report/segments/test_report.py::test_every_customer_is_in_one_segment_and_the_sums_are_those_of_the_receipts
# ---

# %% [markdown] tags=["by-hand"]
# # Segments of your customers
#
# **Who is in which segment, what does each bring, and how long do the labels stay right?** A template for your own
# receipts: customer, date and amount are enough. Say first what the segments are for: without a task no division of
# customers is better than another.
#
# It runs as it is, on the till export of an example. For your own receipts, change the one cell of settings and run
# all cells. `workshop.py columns FILE` writes the file that names your columns. The same from a terminal, as one HTML
# page:
#
# `python3 workshop.py run segments --data receipts=till.csv --columns columns.yml --set task="who gets the spring letter" -o segments.html`
#
# With `--set store=store.duckdb` the segments are kept. Next month's run then goes on from this one: it shows who has moved since, and it uses the same
# rule, so that a change is a change of customers. With `--set scheme=rules --set rules=rules.yml` you write the segments yourself
# (`data/examples/rules.yml` shows how).

# %%
# Start
from loyalty.datasets import DATA
from loyalty.intake import load_tables
from loyalty.report.output.parts import show_sources
from loyalty.report.segments import report_segments

example = DATA / "examples"

# %% tags=["parameters"]
# Settings
data = {"receipts": example / "till.csv"}
columns = example / "columns.yml"  # which of your columns is which; None if they have our names
task = "Who gets the spring letter?"  # what the segments are for
scheme = "value"  # "life_cycle" (half a year of receipts or more), "rfm", "value", "clusters" or "rules"
rules = None  # for "rules": your file, such as example / "rules.yml"
k = None  # for "clusters": how many; found from the customers if you do not say
features = None  # for "clusters": "recency_days, frequency, monetary" if you do not say
as_of = None  # the report knows everything before this day; None is the day after the last receipt
step = 28  # days from one segmentation to the next
store = None  # "store.duckdb" keeps the segments, and the next run goes on from them
new_rule = None  # "yes" measures the rule anew; else the rule of the store's last run is used again
recorded_at = None  # the day on which the store learns of it; that of the report if you do not say
currency = "₽"  # written before amounts
title = None  # the heading of the report
save_as = None  # "results/segments" writes results/segments.xlsx and results/segments.parquet

# %% tags=["by-hand"]
# Read the tables
tables = load_tables(data, columns)
show_sources(tables)

# %%
# Divide
settings = {"task": task, "scheme": scheme, "rules": rules, "k": k, "features": features}
settings |= {"as_of": as_of, "step": step, "currency": currency, "title": title}
settings |= {"store": store, "new_rule": new_rule, "recorded_at": recorded_at}
report = report_segments(tables, settings)
report.card

# %% [markdown]
# ## The segments

# %%
# Segments
report.draw("segments")
report.section("segments")

# %%
# Actions
report.section("actions")

# %%
# Groups
report.section("groups")

# %% [markdown]
# ## Who moved since last time

# %%
# Moves
report.draw("moves")
report.section("moves")

# %% [markdown]
# ## How much each segment grew or shrank

# %%
# Sizes
report.section("sizes")

# %%
# Method
report.section("method")

# %% [markdown]
# ## How long the labels stay right

# %%
# Life of the labels
report.draw("life")
report.section("life")

# %% [markdown]
# ## How much of a fall is luck

# %%
# Luck
report.section("luck")

# %% [markdown]
# ## The year before, beside this one

# %%
# A year ago
report.draw("year")
report.section("year")

# %% [markdown]
# ## Who comes back after the first purchase

# %%
# Cohorts
report.draw("cohorts")
report.section("cohorts")

# %% [markdown]
# ## May we believe it?

# %%
# Checks
report.section("checks")

# %% [markdown]
# ## What was read

# %%
# Sources
report.section("read")

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

# %%
# Runs
report.section("history")

# %% tags=["by-hand"]
# Keep in the store
report.keep()

# %% tags=["by-hand"]
# Save
report.save(save_as)
