"""Intake: other people's tables (Excel, CSV, Parquet, DuckDB, SQL) brought under the contracts, or refused plainly."""

from loyalty.intake.campaigns import load_campaigns
from loyalty.intake.loading import Loaded, load_tables
from loyalty.intake.mapping.proposal import Proposal, propose_columns

__all__ = ["Loaded", "Proposal", "load_campaigns", "load_tables", "propose_columns"]
