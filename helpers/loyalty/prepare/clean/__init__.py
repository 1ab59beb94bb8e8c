"""Cleaning receipts: what is wrong with an export, what it costs, and a clean table in which nothing is lost unsaid."""

from loyalty.prepare.clean.clock import compare_clocks
from loyalty.prepare.clean.files import read_till_files
from loyalty.prepare.clean.receipts import CleanReceipts, clean_receipts, inspect_receipts
from loyalty.prepare.clean.report import ReceiptQuality
from loyalty.prepare.clean.rules import CleaningRules

__all__ = [
    "CleanReceipts",
    "CleaningRules",
    "ReceiptQuality",
    "clean_receipts",
    "compare_clocks",
    "inspect_receipts",
    "read_till_files",
]
