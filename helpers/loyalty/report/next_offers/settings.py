"""The settings of `next_offers`, the tables it reads, and the files it makes."""

from __future__ import annotations

from loyalty.report.run.order import KINDS as PAGES
from loyalty.report.run.order import SEND
from loyalty.report.run.settings import Setting

TABLES = {"receipts": True, "products": False, "customers": False, "offers": False}
RECORD = "_record*.csv"  # these three are made only where it is known who agreed
WITHHELD = "_withheld*.csv"
KINDS = (*PAGES, RECORD, WITHHELD, SEND)
GIVEN = "given"
SETTINGS = (
    Setting("campaign", "text", "a short name, written into every file", required=True),
    Setting("start", "day", "first day of the campaign, on which it is sent", required=True),
    Setting("end", "day", "the day after its last day, up to which the offer can be used", required=True),
    Setting("as_of", "day", "purchases before this day are known; the start, or the day after the last receipt"),
    Setting("control_share", "share", "share of the customers who get nothing; 0.2 if not set"),
    Setting("consent", "text", "given, if everybody agreed to be written to; else a column says who", choices=(GIVEN,)),
    Setting("size", "whole", "products on the list of each customer, of which one is sent; 5 if not set"),
    Setting("margin_rate", "share", "part of the price that is margin, of products without a cost"),
    Setting(
        "discount", "share", "part taken off the price of the product, 0.10 for 10 percent; not with a table of offers"
    ),
    Setting("contact_cost", "money", "what one message costs, where its offer does not say it"),
    Setting("extra_buyers", "share", "part of those written to who buy the product only because of the message"),
    Setting("pause_days", "days", "days that have to lie between two messages"),
    Setting("most_contacts", "whole", "who has had so many messages in the last weeks gets no more"),
    Setting("keep_in_stock", "whole", "pieces of each product that are not promised"),
    Setting("salt", "text", "a word for this draw; the campaign otherwise"),
    Setting("hypothesis", "text", "what it should change, for whom, and why"),
    Setting("owner", "text", "who answers for it"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
