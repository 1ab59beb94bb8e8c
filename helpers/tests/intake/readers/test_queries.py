"""One SELECT is run, whatever its words; anything else is refused before the database hears of it."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from loyalty.intake.readers.queries import judge_query
from loyalty.tables.sources import NotATable

from ..conftest import show
from .test_stores import FRAME


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A database of the user's, and a file for the query."""
    base = sqlite3.connect(tmp_path / "shop.sqlite")
    FRAME.to_sql("lines", base, index=False)
    base.close()
    monkeypatch.setenv("LOYALTY_SQL", f"sqlite:///{tmp_path / 'shop.sqlite'}")

    def write(query: str) -> Path:
        (tmp_path / "till.sql").write_text(query, encoding="utf-8")
        return tmp_path / "till.sql"

    return write


def test_a_query_gives_the_rows_of_the_users_database(shop, load):
    loaded = load(
        shop("-- what we sold; all of it\nSELECT *, ';' AS note, 5 % 3 AS rest FROM lines WHERE time <> '12:30';\n")
    )
    assert str(show(loaded)) == str(show(load(FRAME)))
    assert loaded.notes[0] == "query of till.sql, on a read-only connection"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM lines", "till.sql should hold one query that begins with SELECT or WITH, and nothing else"),
        ("SELECT 1; DELETE FROM lines",
         "till.sql should hold one query that begins with SELECT or WITH, and nothing else: it holds 2 statements"),
        ("WITH gone AS (DELETE FROM lines RETURNING *) SELECT * FROM gone",
         "till.sql holds the word DELETE: only queries that read are run"),
        ("SELECT * FROM no_table", "till.sql: the database answers: no such table: no_table"),
    ],
)  # fmt: skip
def test_queries_that_write_or_fail_are_refused(shop, refuse, query, words):
    assert refuse(shop(query)) == words


def test_no_password_is_ever_shown(shop, refuse, monkeypatch):
    monkeypatch.delenv("LOYALTY_SQL")
    assert refuse(shop("SELECT 1")) == (
        "till.sql asks a database, and no connection is named: "
        "set LOYALTY_SQL, for example to postgresql://name:password@server/base"
    )
    for address in ("nothing://anna:s3cret@host/base", "sqlite:///s3cret.db", "s3cret"):
        monkeypatch.setenv("LOYALTY_SQL", address)
        answer = refuse(shop("SELECT 1"))
        assert answer.startswith("till.sql: ")
        assert "anna:s3cret" not in answer
    assert "s3cret" not in answer


def test_a_connection_that_cannot_be_made_is_told_what_is_missing(shop, refuse, monkeypatch):
    monkeypatch.setenv("LOYALTY_SQL", "my database")
    assert refuse(shop("SELECT 1")) == (
        "till.sql: LOYALTY_SQL is no address of a database: write it as postgresql://name:password@server/base"
    )
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("LOYALTY_SQL", "postgresql+psycopg://anna:s3cret@127.0.0.1:1/base")
    assert refuse(shop("SELECT 1")) == (
        "till.sql: this kind of database needs the Python package psycopg: "
        f'install it with `"{sys.executable}" -m pip install psycopg`'
    )


def test_an_sqlite_file_is_told_how_to_be_asked(tmp_path, refuse, shop):
    path = (tmp_path / "shop.sqlite").rename(tmp_path / "shop.db")
    assert refuse(path) == (
        "shop.db is an SQLite file: put SELECT … into a .sql file and set LOYALTY_SQL=sqlite:///shop.db"
    )


SINGLE = "should hold one query that begins with SELECT or WITH, and nothing else"


@pytest.mark.parametrize(
    ("backend", "query", "says"),
    [
        ("postgresql", "COMMIT; DROP TABLE lines", f"{SINGLE}: it holds 2 statements"),
        ("postgresql", "SELECT $$ $$; DROP TABLE lines; SELECT $$ $$", f"{SINGLE}: it holds 3 statements"),
        ("postgresql", "SELECT $a$ $$ $a$; COMMIT", f"{SINGLE}: it holds 2 statements"),
        ("postgresql", "COPY lines TO PROGRAM 'sh'", SINGLE),
        ("postgresql", "DO $$ BEGIN DELETE FROM lines; END $$", SINGLE),
        ("postgresql", "EXPLAIN ANALYZE DELETE FROM lines", SINGLE),
        ("postgresql", "SELECT * INTO copy FROM lines", "holds the word INTO"),
        ("postgresql", "SELECT * FROM lines FOR UPDATE", "holds the word FOR UPDATE"),
        ("postgresql", "SELECT pg_read_file('/etc/hosts')", "calls pg_read_file, which reaches beyond the tables"),
        ("postgresql", "SELECT * FROM dblink_exec('x', 'DELETE')", "calls dblink_exec, which reaches"),
        ("mysql", "SELECT 1 /*! ; DROP TABLE lines */", "holds a comment that MySQL runs"),
        ("mysql", "SELECT * FROM lines INTO OUTFILE 'x.csv'", "cannot be read as one query"),
        ("mssql", "SELECT 1 EXEC xp_cmdshell 'dir'", "cannot be read as one query"),
        ("mssql", "EXEC xp_cmdshell 'dir'", SINGLE),
        ("sqlite", "PRAGMA writable_schema = 1", SINGLE),
        ("sqlite", "ATTACH 'other.db' AS other", SINGLE),
        (None, "SELECT 'x", "cannot be read as one query (a quotation mark without a pair?)"),
        (None, "", SINGLE),
        (None, "-- nothing", SINGLE),
    ],
)  # fmt: skip
def test_nothing_but_one_select_is_sent(backend, query, says):
    with pytest.raises(NotATable) as caught:
        judge_query(query, backend, "till.sql")
    assert str(caught.value).startswith(f"till.sql {says}")


@pytest.mark.parametrize(
    ("backend", "query"),
    [
        ("postgresql", "SELECT \"update\", $$;DROP$$, 'COMMIT;' FROM lines -- ; DELETE"),
        ("postgresql", "WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT 2; -- all of it"),
        ("postgresql", "SELECT DISTINCT ON (id) id, total::numeric FROM lines ORDER BY id, at DESC"),
        ("mysql", "SELECT `delete`, replace(name, 'drop', 'into') FROM `order lines` LIMIT 5, 10"),
        ("mssql", "SELECT TOP 5 [delete] FROM [my lines] WITH (NOLOCK)"),
        ("oracle", "SELECT NVL(a, 0) FROM lines WHERE ROWNUM < 5"),
        ("vertica", "SELECT created, updated_at FROM deleted"),
    ],
)
def test_a_select_is_sent_as_it_is_written_whatever_words_it_holds(backend, query):
    assert query.startswith(judge_query(query, backend, "till.sql").text)


class Told:
    """A connection of a database that is not here: it keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def exec_driver_sql(self, text: str) -> Told:
        self.said.append(text)
        return self

    def keys(self) -> list[str]:
        return ["customer_id"]

    def __iter__(self):
        return iter([("7",)])

    def execution_options(self, **options: object) -> Told:
        self.said += [name for name in options if name == "postgresql_readonly"]
        return self

    def commit(self) -> None:
        self.said.append("commit")

    def rollback(self) -> None:
        self.said.append("rollback")

    def dispose(self) -> None:
        self.said.append("closed")

    @contextmanager
    def connect(self):
        yield self

    begin = connect


@pytest.mark.parametrize(
    ("address", "said", "note"),
    [
        ("postgresql://h/b", ["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "commit", "postgresql_readonly"],
         "on a read-only connection"),
        ("mysql://h/b", ["SET SESSION TRANSACTION READ ONLY", "commit"], "on a read-only connection"),
        ("oracle://h/b", ["SET TRANSACTION READ ONLY"], "on a read-only connection"),
        ("mssql://h/b", [], "rolled back at its end, for its driver knows no read-only connection"),
    ],
)  # fmt: skip
def test_a_session_is_read_only_where_its_database_can_and_the_note_says_which(
    shop, load, monkeypatch, address, said, note
):
    base = Told()
    monkeypatch.setattr("sqlalchemy.create_engine", lambda url: base)
    monkeypatch.setenv("LOYALTY_SQL", address)
    query = "SELECT customer_id FROM people"
    assert load(shop(query), "customers").notes[0] == f"query of till.sql, {note}"
    assert base.said == [*said, query, "rollback", "closed"]
