"""Readers of foreign files: Excel, CSV, Parquet, DuckDB and the answer of a query."""
