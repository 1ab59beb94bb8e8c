"""What was learned of a history, before it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loyalty.learn.history.response_rates import Rates
from loyalty.report.history.measure import Brought


@dataclass(frozen=True, eq=False)
class Learned:
    """All that was learned of a history, before it is shown."""

    values: Mapping[str, Any]
    rows: pd.DataFrame
    campaigns: pd.DataFrame
    log: pd.DataFrame
    corrections: pd.DataFrame
    response: Brought | None
    profit: Brought | None
    rates: Rates | None
    tests: pd.DataFrame | None
    assumed: tuple[str, ...]
    decisions: pd.DataFrame
    checks: tuple[tuple[str, str, str], ...]
    is_continued: bool = False  # goes on from an earlier history

    @property
    def title(self) -> str:
        """The heading of the report."""
        return self.values["title"] or "Response history"

    @property
    def unit(self) -> str:
        """What stands before amounts."""
        return self.values["currency"] or ""

    @property
    def judged(self) -> Brought | None:
        """What offers are judged by: the profit, and where it is not known the response."""
        return self.profit if self.profit is not None else self.response
