"""The response history: every contact with its outcome, kept in one file, and what was decided about each campaign.

The file is the only state. Each change is one transaction: a process that is killed in the middle leaves the history
as it was before, and the same call later brings it to where it should be.
"""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pandas as pd

from loyalty.learn.history.ledger import add_alias, add_decision, name_rows, open_file
from loyalty.learn.history.waves import (
    KEY,
    PEOPLE,
    WAVE,
    HistoryError,
    add_columns,
    judge_wave,
    merge_wave,
    quote,
    settle_ids,
    settle_spelling,
    stage_wave,
)
from loyalty.tables.arguments import check_arguments
from loyalty.tables.database import explain_failure, undo
from loyalty.tables.days import read_day
from loyalty.tables.sources import AnyTable, collect, open_table
from loyalty.tables.wave.several import open_waves


@dataclass(frozen=True)
class Appended:
    """What an append did: waves (a campaign, wave and window) added, replaced and found unchanged; rows written."""

    added: int
    replaced: int
    unchanged: int
    rows: int
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [(self.added, "added"), (self.replaced, "replaced"), (self.unchanged, "already there, unchanged")]
        said = ", ".join(f"{n} wave{'s' if n != 1 else ''} {what}" for n, what in parts if n)
        return "\n".join([f"{said}; {self.rows:,} rows written", *(f"  ⚠ {text}" for text in self.warnings)])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@check_arguments
def open_history(path: str | Path, *, read_only: bool = False) -> History:
    """Open a response history, or begin one; use it as `with open_history(path) as history:`.

    Not for two programs at once: while one has it open for writing, the other is refused with a message.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, by custom `responses.duckdb`; made if it does not exist.
    read_only : bool
        Open an existing file for measuring only.

    Returns
    -------
    History

    Raises
    ------
    HistoryError
        The file is open elsewhere, is no history, or does not exist and should be read only.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_history(Path(folder) / "responses.duckdb") as history:
    ...     len(history.to_frame())
    0
    """
    path = Path(path)
    return History(open_file(path, read_only=read_only), path)


class History:
    """A response history in a file; opened by `open_history`, closed by `close` or at the end of a `with` block."""

    def __init__(self, db: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._db = db
        self.path = path

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is in it already."""
        self._db.close()

    def append(
        self,
        contacts: AnyTable,
        outcomes: AnyTable = None,
        *,
        scheme: str | None = None,
        version: str | None = None,
        segment_as_of: Any = None,
        start: Any = None,
        end: Any = None,
        missing: str = "refuse",
        replace: bool = False,
        reason: str | None = None,
        noted_on: Any = None,
    ) -> Appended:
        """Add waves: every contact, control too, with what came of it. The same wave twice changes nothing.

        Not for correcting in silence: a wave that is there with other content is refused, unless `replace` is said.

        Parameters
        ----------
        contacts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
            Contract `contacts`, one wave or several. `offer_kind`, `scheme`, `version` and `segment_as_of` may be
            further columns.
        outcomes : the same kinds of source, optional
            Contract `outcomes`, a row for every contact. Without it `contacts` holds what was measured too.
        scheme, version, segment_as_of : str, str, day
            Which segmentation gave the segments, and the day before which it stopped looking; for all rows without
            such a column. Segments without scheme and version, or from after the start, are refused.
        start, end : day
            The window [start, end) of all outcomes that do not say it themselves.
        missing : {"refuse", "zero"}
            "zero" says that a contact without outcomes did nothing: all outcomes given become 0.
        replace : bool
            Put this content in place of what is there under the same campaign, wave and window; with `reason` and
            `noted_on` (a day), which go to the log of corrections.

        Returns
        -------
        Appended

        Raises
        ------
        TableError
            With all problems of the tables; nothing was written.
        HistoryError
            A wave is there with other content, or its windows hold different contacts; nothing was written.

        Examples
        --------
        >>> import tempfile
        >>> wave = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": [7, 8]})
        >>> contacts, outcomes = wave.assign(arm="coupon", offer_id="gift"), wave[:1].assign(window="main", responded=1)
        >>> with tempfile.TemporaryDirectory() as folder, open_history(Path(folder) / "responses.duckdb") as history:
        ...     print(history.append(contacts, outcomes, missing="zero"))
        ...     print(history.append(contacts[::-1], outcomes, missing="zero"))
        1 wave added; 2 rows written
        1 wave already there, unchanged; 0 rows written
        """
        if missing not in ("refuse", "zero"):
            raise ValueError(f"missing should be 'refuse' or 'zero', found {missing!r}")
        if replace and (not reason or noted_on is None):
            raise HistoryError("a correction is logged: say reason='…' (why) and noted_on='…' (the day) as well")
        days = {"segment_as_of": segment_as_of, "start": start, "end": end}
        days = {name: None if day is None else read_day(day, name).date() for name, day in days.items()}
        facts = {"scheme": scheme, "version": version} | days
        noted = None if noted_on is None else read_day(noted_on, "noted_on").date()
        waves = open_waves(contacts, outcomes, PEOPLE, fill=missing == "zero")
        joined = waves.rows
        db = self._db.cursor()  # temporary tables and registered names are the cursor's own
        db.begin()
        try:
            types = settle_ids(db, joined)
            add_columns(db, {*joined.column_names, *(name for name in facts if facts[name] is not None)}, types)
            db.register("joined", joined)
            stage_wave(db, joined.schema, types, facts, fill=missing == "zero")
            warnings = [*waves.warnings, *settle_spelling(db), *judge_wave(db)]
            done = merge_wave(db, replace=replace, log=(noted, reason))
            db.commit()
        except duckdb.Error as error:
            undo(db)
            raise explain_failure(error, self.path, HistoryError) from None
        except BaseException:  # a stopped notebook cell must not leave half a wave either
            undo(db)
            raise
        finally:
            db.close()
        return Appended(*done, tuple(warnings))

    def alias(self, old: str, new: str, *, of: str = "offer_id") -> None:
        """Say that two names mean one thing: from now on `old` is shown, grouped and exported as `new`.

        Not for grouping what differs; a family of offers is `offer_kind`. Rows are left as they came: `alias(old, old)`
        takes it back. HistoryError when `old` stands for another name already, or `new` for `old`. `of` is one of
        offer_id, offer_kind, segment, arm, channel.
        """
        with self._db.cursor() as db:
            db.begin()
            add_alias(db, str(old), str(new), of)
            db.commit()

    def decide(
        self,
        campaign_id: int | str,
        *,
        verdict: str,
        do_not_repeat: bool,
        decided_on: Any,
        expected: float | None = None,
        observed: float | None = None,
        low: float | None = None,
        high: float | None = None,
        metric: str | None = None,
        note: str | None = None,
        supersedes: int | None = None,
    ) -> int:
        """Log what was decided about a campaign, for good; the same entry twice is one. Returns its number.

        Not for changing one's mind in silence: another entry about the same campaign needs `supersedes`, the number
        of the one that it takes back, which stays in the log.

        Parameters
        ----------
        campaign_id : int or str
            A campaign of the history.
        verdict : {"worked", "did not work", "not known"}
        do_not_repeat : bool
        decided_on : day
        expected, observed, low, high : float
            What was expected before, what came, and its interval, all in the unit that `metric` names.
        metric, note : str
        supersedes : int

        Raises
        ------
        HistoryError
            The campaign is unknown, or the entry contradicts the standing one.
        ValueError
            A verdict of another name, or an interval that does not hold what was observed.
        """
        entry = {
            "campaign_id": campaign_id,
            "decided_on": decided_on,
            "metric": metric,
            "expected": expected,
            "observed": observed,
            "low": low,
            "high": high,
            "verdict": verdict,
            "do_not_repeat": do_not_repeat,
            "note": note,
        }
        return add_decision(self._db, entry, supersedes)

    def rows(self) -> duckdb.DuckDBPyRelation:
        """All rows under the contract `history`, aliases applied, as a table on the file: for sizes beyond memory."""
        return name_rows(self._db)

    def to_frame(self) -> pd.DataFrame:
        """All rows under the contract `history`, aliases applied, sorted by wave, window and customer."""
        return collect(open_table(self.rows().order(quote((*WAVE, KEY[2])))))

    def campaigns(self) -> pd.DataFrame:
        """One row a wave and window: its dates, offers, schemes, contacts, of them control, and responses."""
        named = "string_agg(DISTINCT {0}, ', ' ORDER BY {0})"
        question = (
            f'SELECT {quote(WAVE)}, min("start") AS "start", max("end") AS "end",'
            f" {named.format('offer_id')} AS offers,"
            f" {named.format('scheme || chr(32) || version')} AS schemes, count(*) AS contacts,"
            " count(*) FILTER (arm = 'control') AS control, CAST(sum(responded) AS BIGINT) AS responses"
            f' FROM history GROUP BY {quote(WAVE)} ORDER BY "start", {quote(WAVE)}'
        )
        answer = self.rows().query("history", question)
        assert answer is not None  # only statements that change something have no answer
        return answer.df()

    def decisions(self, *, superseded: bool = False) -> pd.DataFrame:
        """The log of decisions under the contract `decisions`; those taken back only with `superseded=True`."""
        log = self._db.execute("SELECT * FROM decisions ORDER BY decision_id").df()
        return log if superseded else log[~log["decision_id"].isin(log["supersedes"])].reset_index(drop=True)

    def corrections(self) -> pd.DataFrame:
        """The log of waves that were replaced: when, why, rows and responses before and after."""
        return self._db.execute("SELECT * FROM corrections ORDER BY ALL").df()

    def aliases(self) -> pd.DataFrame:
        """Which name stands for which."""
        return self._db.execute("SELECT * FROM aliases ORDER BY ALL").df()

    def export(self, folder: str | Path) -> list[Path]:
        """Write history, decisions, corrections and aliases as Parquet files into a folder; returns their paths.

        Each file appears whole or not at all; older ones of the same name are replaced.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tables = {"history": self.rows().order(quote((*WAVE, KEY[2])))}
        tables |= {name: self._db.sql(f"FROM {name} ORDER BY ALL") for name in ("decisions", "corrections", "aliases")}
        paths = []
        for name, table in tables.items():
            half = folder / f".{name}.part"
            table.write_parquet(str(half))
            os.replace(half, folder / f"{name}.parquet")
            paths.append(folder / f"{name}.parquet")
        return paths

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.path.name)}</b>{self.campaigns().to_html(index=False, border=0)}"
