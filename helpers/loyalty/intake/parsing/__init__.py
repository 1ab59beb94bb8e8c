"""Parsing of foreign values: numbers, dates, times and labels, judged a column at a time."""
