"""Prepare: from raw receipts to one sound row a customer."""
