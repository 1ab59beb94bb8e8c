# ---
# jupyter:
#   loyalty:
#     kind: template
#     module: loyalty.report.next_offers
#     test: helpers/tests/report/next_offers/test_report.py::test_no_control_and_nobody_who_may_not_is_on_a_send_list
# ---

# %% [markdown] tags=["by-hand"]
# # The next offer of each customer
#
# **Which product do you write about, to whom, and why?** A template for your own receipts with products. A list of
# products (name, price, cost, stock), a list of customers (consent, channel, last messages) and a list of offers are
# used if you have them. Without anybody's consent it makes a draft, and no list to send.
#
# The list of offers says what may be offered: `offer_id`, the `product_id` or the `category`, `discount` (0.10 for
# 10 percent) or `price`, `valid_from` and `valid_to` (the day after the last day), and what it costs: `contact_cost`,
# `reward_cost` of a gift, and `pieces`, if there are only so many. Then only these products are suggested, if their
# offer is valid in all days of the campaign, and each is counted at its own discount and costs. The report says what
# became of every offer.
#
# It runs as it is, on an example: a small simulated chain. For your own shop, change the one cell of settings and run
# all cells. It scores four ways to recommend on the last weeks, sends only what is shown to be better than the
# best-sellers, takes off who may not be written to and what cannot be sold, and draws a control. It writes one send
# list a channel, the control that is withheld, the assignment, which stays inside and later is the contact list of
# `campaign_report`, and the record. The same from a terminal:
#
# `python3 workshop.py run next_offers --data receipts=till.csv --data products=products.xlsx --data customers=list.xlsx
# --data offers=offers.xlsx --columns columns.yml --set campaign=june --set start=2026-06-01 --set end=2026-06-29 --set contact_cost=7.5 -o june.html`

# %%
# Start
from loyalty.intake import load_tables
from loyalty.report.next_offers import plan_next_offers
from loyalty.report.output.parts import show_sources
from loyalty.world import World

shop = World(2_500, 5, seed=45)  # the example: 2,500 customers, five months
people = shop.customers[["customer_id"]].assign(consent=shop.customers["customer_id"] % 5 > 0, channel="sms")

# %% tags=["parameters"]
# Settings
data = {"receipts": shop.receipts, "products": shop.products.assign(stock=50), "customers": people}  # also offers
columns = None  # which of your columns is which, such as "columns.yml"; None if they have our names
campaign = "june"  # a short name, written into every file
start = "2023-06-01"  # first day of the campaign, on which it is sent
end = "2023-06-29"  # the day after its last day, up to which the offer can be used
as_of = None  # purchases before this day are known; None is the start, or the day after the last receipt
control_share = 0.20  # share of the customers who get nothing
consent = None  # "given", if everybody agreed to be written to; else the column consent says who
size = 5  # products on the list of each customer, of which one is sent
margin_rate = None  # part of the price that is margin, of products without a cost
discount = None  # part taken off the price, 0.10 for 10 percent; None if there is a list of offers
contact_cost = 0.05  # what one message costs
extra_buyers = None  # part of those written to who buy only because of the message; None: as many as buy anyway
pause_days = None  # days that have to lie between two messages
most_contacts = None  # who has had so many messages in the last weeks gets no more
keep_in_stock = 5  # pieces of each product that are not promised
salt = None  # a word for this draw; the campaign otherwise
hypothesis = "A message about a product that is new to the customer brings buyers of that product."
owner = "CRM team"  # who answers for it
currency = "€"  # written before amounts
title = "Next offers of June"  # the heading of the report
save_as = None  # "results/june" writes june.xlsx, june.parquet, june_record.csv, june_withheld.csv, june_send_….csv

# %% tags=["by-hand"]
# Read the tables
tables = load_tables(data, columns)
show_sources(tables)

# %%
# Plan
settings = {
    "campaign": campaign, "start": start, "end": end, "as_of": as_of, "control_share": control_share,
    "consent": consent, "size": size, "margin_rate": margin_rate, "discount": discount,
    "contact_cost": contact_cost, "extra_buyers": extra_buyers, "pause_days": pause_days,
    "most_contacts": most_contacts, "keep_in_stock": keep_in_stock, "salt": salt, "hypothesis": hypothesis,
    "owner": owner, "currency": currency, "title": title,
}  # fmt: skip
report = plan_next_offers(tables, settings)
report.card

# %% [markdown]
# ## Which way to recommend

# %%
# Ways
report.draw("ways")
report.section("ways")

# %% [markdown]
# ## What a message is expected to bring

# %%
# Worth
report.section("worth")

# %% [markdown]
# ## What the control can show

# %%
# Size
report.section("size")

# %% [markdown]
# ## Who may be written to

# %%
# Taken off
report.draw("taken")
report.section("taken")

# %% [markdown]
# ## What is offered

# %%
# Products
report.draw("products")
report.section("products")

# %%
# Offers
report.sections.get("offers")  # nothing without a list of offers

# %% [markdown]
# ## Why

# %%
# Reasons
report.section("reasons")

# %% [markdown]
# ## May we believe it?

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
# Sources
report.section("read")

# %%
# Definitions
report.section("appendix")

# %% tags=["by-hand"]
# Save
report.save(save_as)
