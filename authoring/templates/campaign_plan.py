# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.plan
#     test: helpers/tests/report/plan/test_report.py::test_no_control_is_on_any_send_list
# ---

# %% [markdown] tags=["by-hand"]
# # Campaign plan
#
# **Is this campaign worth sending, to whom, and what will we know afterwards?** A template for your own tables: a list
# of customers and the receipts of all of them. Consent, opt-out, staff, last contact, segment, channel, phone and
# e-mail are used if the list has them.
#
# It runs as it is, on an example: the customers of a Russian chain in April 2026. For your own campaign, change the one
# cell of settings and run all cells. It says what the campaign has to bring and what its test can see, takes out who
# may not be written to, draws the control group, and writes one send list a channel, without any control, and the
# assignment, which stays inside and later is the contact list of `campaign_report`. The same from a terminal:
#
# `python3 workshop.py run campaign_plan --data customers=list.xlsx --data receipts=till.csv --columns columns.yml
# --set campaign=may --set start=2026-05-04 --set end=2026-06-01 --set registered_on=2026-04-26 --set margin_rate=0.30
# --set control_share=0.20 --set contact_cost=7.5 -o plan.html`

# %%
# Start
from loyalty.datasets import DATA
from loyalty.intake import load_tables
from loyalty.report.output.parts import show_sources
from loyalty.report.plan import plan_campaign

example = DATA / "examples"

# %% tags=["parameters"]
# Settings
data = {"customers": example / "customers.csv", "receipts": example / "till.csv"}
columns = example / "columns.yml"  # which of your columns is which; None if they have our names
campaign = "may"  # a short name, written into every file
start = "2026-05-04"  # first day of the campaign, on which it is sent
end = "2026-06-01"  # the day after its last day
registered_on = "2026-04-26"  # the day on which this plan is written down and the draw made
margin_rate = 0.30  # what is left of a unit of sales after the goods are paid
control_share = 0.20  # share of the customers who get nothing
arms = "discount"  # what is sent: mail, or mail=0.45, gift=0.45 with the share of each
wave = None  # which sending of the campaign
mode = None  # hash (new customers move nobody) or blocks (exact quotas); hash if you do not say
strata = None  # a column within which the shares of blocks are exact; segment if there is one
salt = None  # a word for this draw; the campaign and its wave otherwise
universal_share = None  # share of the universal control, which no campaign of its term reaches
universal_salt = None  # its own word
universal_start = None  # first day of its term
universal_end = None  # the day after the last day of its term
pause_days = 14  # days that have to lie between two messages
contact_cost = 7.5  # what one contact costs
reward_cost = None  # what the gift costs, once per user
discount = 0.10  # part taken off a user's receipt, 0.10 for 10 percent
use = 0.20  # part of the buyers who use the offer; 1 is the safe side
expected_lift = 0.12  # expected rise of the part that buys, 0.10 for a tenth more; None if nothing is known
power = None  # chance to see the effect; 0.8
budget = 70000  # what the campaign may cost
goal = "sell"  # what it is for: engage, sell or inform
hypothesis = "A tenth off one receipt brings more customers in May, most of all those who came less often."
primary_metric = None  # the one number that decides
owner = "CRM team"  # who answers for it
currency = "₽"  # written before amounts
title = "May offer"  # the heading of the plan
save_as = None  # "results/may" writes results/may.xlsx, may.parquet, may_record.csv and a may_send_….csv a channel

# %% tags=["by-hand"]
# Read the tables
tables = load_tables(data, columns)
show_sources(tables)

# %%
# Plan
settings = {
    "campaign": campaign, "start": start, "end": end, "registered_on": registered_on, "margin_rate": margin_rate,
    "control_share": control_share, "arms": arms, "wave": wave, "mode": mode, "strata": strata, "salt": salt,
    "universal_share": universal_share, "universal_salt": universal_salt, "universal_start": universal_start,
    "universal_end": universal_end, "pause_days": pause_days, "contact_cost": contact_cost,
    "reward_cost": reward_cost, "discount": discount, "use": use, "expected_lift": expected_lift, "power": power,
    "budget": budget, "goal": goal, "hypothesis": hypothesis, "primary_metric": primary_metric, "owner": owner,
    "currency": currency, "title": title,
}  # fmt: skip
report = plan_campaign(tables, settings)
report.card

# %% [markdown]
# ## What it has to bring

# %%
# Economics
report.draw("economics")
report.section("economics")

# %% [markdown]
# ## What the test can see

# %%
# Size
report.draw("size")
report.section("size")

# %% [markdown]
# ## Who may take part

# %%
# Filters
report.section("filters")

# %% [markdown]
# ## Who gets what

# %%
# Assignment
report.section("assignment")

# %%
# Checks
report.section("checks")

# %% [markdown]
# ## What is handed over

# %%
# Files
report.section("files")

# %% [markdown]
# ## The record of the campaign

# %%
# Record
report.section("record")

# %% [markdown]
# ## What this plan left out

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
