# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.campaign
#     test: helpers/tests/report/campaign/test_report.py::test_the_truth_of_the_world_lies_in_the_interval
# ---

# %% [markdown] tags=["by-hand"]
# # Campaign report
#
# **Did the campaign earn money, and may we believe it?** A template for your own tables: a list of the customers who
# took part (with the group of each), receipts of all customers, two dates and a margin rate.
#
# It runs as it is, on an example: a Russian chain's till export and its contact list with a control group (КГ). For
# your own campaign, change the one cell of settings and run all cells. `workshop.py columns FILE` writes the file
# that names your columns. The same from a terminal, as one HTML page for your boss:
#
# `python3 workshop.py run campaign_report --data receipts=till.csv --data contacts=list.xlsx --columns columns.yml
# --set start=2026-03-02 --set end=2026-03-30 --set margin_rate=0.30 -o report.html`

# %%
# Start
from loyalty.datasets import DATA
from loyalty.intake import load_tables
from loyalty.report.campaign import report_campaign
from loyalty.report.output.parts import show_sources

example = DATA / "examples"

# %% tags=["parameters"]
# Settings
data = {"receipts": example / "till.csv", "contacts": example / "contacts.csv"}
columns = example / "columns.yml"  # which of your columns is which; None if they have our names
start = "2026-03-01"  # first day of the campaign
end = "2026-03-29"  # the day after its last day
margin_rate = 0.30  # what is left of a unit of sales after the goods are paid
before = None  # days before the start to compare the groups in; 28 if the receipts reach
after = None  # days after the end that still count; 28 if the receipts reach
contact_cost = 7.5  # what one contact costs; None if you do not know
reward_cost = 0.0  # what one redeemed reward costs
point_cost = 0.0  # what one point costs when it is spent
redemption_probability = None  # probability that a point is ever spent
vat_rate = None  # value-added tax inside the sales, 0.20 for 20 percent
planned_control_share = 0.30  # share of control that was planned
other_waves = None  # "none" if no other campaign ran before or beside this one; else add its list to data
by = None  # a column of the list to show separately; segment if there is one
cluster = None  # who was drawn together: a column of the list, such as the store; "none" if each customer alone
outcome = (
    None  # a column of contacts with 0 and 1, such as "retention_7", instead of money: then no receipts are needed
)
not_invited = None  # name of a group that could have been invited and was not, without a lottery
currency = "₽"  # written before amounts
title = "Spring offer"  # the heading of the report
save_as = None  # "results/spring" writes results/spring.xlsx and results/spring.parquet

# %% tags=["by-hand"]
# Read the tables
tables = load_tables(data, columns)
show_sources(tables)

# %%
# Measure
settings = {
    "start": start, "end": end, "margin_rate": margin_rate, "before": before, "after": after,
    "contact_cost": contact_cost, "reward_cost": reward_cost, "point_cost": point_cost,
    "redemption_probability": redemption_probability, "vat_rate": vat_rate,
    "planned_control_share": planned_control_share, "other_waves": other_waves, "by": by, "outcome": outcome, "not_invited": not_invited,
    "cluster": cluster, "currency": currency, "title": title,
}  # fmt: skip
report = report_campaign(tables, settings)
report.card

# %% [markdown]
# ## May we believe it?

# %%
# Checks
report.section("checks")

# %% [markdown]
# ## What the campaign changed

# %%
# Lift
report.draw("lift")
report.section("lift")

# %% [markdown]
# ## What it brought in money

# %%
# Money
report.draw("money")
report.section("money")

# %%
# Arms
report.section("arms")

# %%
# Arms in money
report.draw("arms")
report.section("arms_money")

# %% [markdown]
# ## By segment

# %%
# Segments
report.draw("segments")
report.section("segments")

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
