"""Intake: other people's tables (Excel, CSV, Parquet, DuckDB, SQL) brought under the contracts, or refused in plain words."""
