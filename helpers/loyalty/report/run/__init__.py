"""Runs a template on an analyst's tables: the order is read and checked, then all files are written or none."""
