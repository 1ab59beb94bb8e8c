"""The answer of a query to the user's own database: one SELECT, proved so before it is sent, on a read-only connection.

A list of forbidden words cannot do this: `$$…$$` hides a semicolon from it, and a column may be called "update". The
query is parsed in the words of its database; what is no single SELECT is not sent.
"""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from loyalty.intake.readers.stores import say_first_line
from loyalty.intake.space import Raw, Space
from loyalty.tables.sources import NotATable

VARIABLE = "LOYALTY_SQL"
FORM = "postgresql://name:password@server/base"
# By the name of the database in its address: the dialect of sqlglot
DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql", "awsathena": "athena"}
# What makes the whole session read-only, so that even a query that ends its transaction writes nothing
SESSIONS = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
# Functions that reach beyond the tables: files of the server, other servers, its shell
REACHING = re.compile(
    r"dblink\w*|lo_(import|export|unlink|put|create)\w*|pg_(read|ls|stat|write)_\w+|pg_(terminate|cancel)_backend|"
    r"set_config|setval|nextval|load_(file|extension)|readfile|writefile|edit|xp_\w+|sp_\w+|sys_(exec|eval)|"
    r"openrowset|opendatasource|openquery|utl_\w+|dbms_\w+|query_to_xml\w*",
    re.I,
)


class Query(NamedTuple):
    """A checked query: its text as written, without the last semicolon, and the name of its file."""

    text: str
    label: str


def read_query(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Run the one SELECT of a .sql file on the user's database; nothing can be written, and all is rolled back.

    The note says whether the connection was read-only, or only rolled back because its driver knows nothing better.
    """
    import sqlalchemy as sa

    address = os.environ.get(VARIABLE)
    if not address:
        judge_query(_read_text(path), None, path.name)
        mend = f"set {VARIABLE}, for example to {FORM}"
        raise NotATable(f"{path.name} asks a database, and no connection is named: {mend}")
    secrets = [address]
    try:
        url = sa.engine.make_url(address)
        if url.password:
            secrets += [url.password, quote(url.password)]
        query = judge_query(_read_text(path), url.get_backend_name(), path.name)
        with _connect(sa, url) as (connection, how):
            headers, table = _ask(space, connection, query, limit)
    except sa.exc.ArgumentError:
        raise NotATable(f"{path.name}: {VARIABLE} is no address of a database: write it as {FORM}") from None
    except ImportError as error:
        name = error.name or "of that database"
        mend = f'install it with `"{sys.executable}" -m pip install {name}`'
        raise NotATable(f"{path.name}: this kind of database needs the Python package {name}: {mend}") from None
    except NotATable:
        raise
    except (sa.exc.SQLAlchemyError, sqlite3.Error, ValueError, OSError) as error:
        words = say_first_line(getattr(error, "orig", None) or error)
        for secret in secrets:
            words = words.replace(secret, "***")
        raise NotATable(f"{path.name}: the database answers: {words}") from None
    return Raw(path.name, table, headers, 1, [f"query of {path.name}, {how}"], "row", True)


def judge_query(text: str, backend: str | None, label: str) -> Query:
    """Prove that a text is one SELECT in the words of a database; NotATable says what it is instead.

    Parameters
    ----------
    text : str
        The query.
    backend : str or None
        The name of the database in its address, such as postgresql; None where it is not known yet.
    label : str
        How messages call the file.

    Returns
    -------
    Query

    Examples
    --------
    >>> judge_query("SELECT 'a;b', $$;$$ FROM lines;", "postgresql", "till.sql").text
    "SELECT 'a;b', $$;$$ FROM lines"
    """
    if re.search(r"/\*M?!", text):
        raise NotATable(f"{label} holds a comment that MySQL runs (/*! … */): take it out")
    found = [tree for tree in _parse(text, backend, label) if tree is not None]
    _refuse_others(found, label)
    tree = found[0]
    writing = _find_writing(tree)
    if writing:
        raise NotATable(f"{label} holds the word {writing}: only queries that read are run")
    reaching = _find_reaching(tree)
    if reaching:
        raise NotATable(f"{label} calls {reaching}, which reaches beyond the tables: only queries that read are run")
    return Query(text.strip().rstrip("; \n\r\t"), label)


def _parse(text: str, backend: str | None, label: str) -> list[Any]:
    """Parse a text into its statements; a comment behind the last semicolon is none."""
    import logging

    import sqlglot
    from sqlglot import errors, exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # a statement that it does not know is refused below
    dialect = DIALECTS.get(backend or "", backend)
    if dialect not in {known.value for known in sqlglot.Dialects}:
        dialect = None
    try:
        trees = sqlglot.parse(text, read=dialect)
    except errors.SqlglotError as error:
        place = (getattr(error, "errors", None) or [{}])[0]
        where = (
            f"line {place['line']}, sign {place['col']}" if place.get("line") else "a quotation mark without a pair?"
        )
        mend = "try it in the database's own tool; a view may hold what is unusual in it"
        raise NotATable(f"{label} cannot be read as one query ({where}): {mend}") from None
    except RecursionError:
        raise NotATable(f"{label} is nested too deeply to be checked: put a part of it into a view") from None
    return [tree for tree in trees if not isinstance(tree, exp.Semicolon)]


def _refuse_others(found: Sequence[Any], label: str) -> None:
    """Refuse what is not exactly one SELECT."""
    from sqlglot import exp

    if len(found) == 1 and isinstance(found[0], exp.Query):
        return
    says = f"{label} should hold one query that begins with SELECT or WITH, and nothing else"
    raise NotATable(says if len(found) < 2 else f"{says}: it holds {len(found)} statements")


def _find_writing(tree: Any) -> str:
    """Name what writes or locks inside a query, such as DELETE in a WITH; empty if nothing does."""
    from sqlglot import exp

    kinds = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Into, exp.Lock, exp.Command)
    words = {exp.Lock: "FOR UPDATE"}
    for node in tree.find_all(*kinds):
        return words.get(type(node), type(node).__name__.upper())
    return ""


def _find_reaching(tree: Any) -> str:
    """Name a function that reads or writes beyond the tables; empty if there is none."""
    from sqlglot import exp

    for node in tree.find_all(exp.Func):
        name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
        if REACHING.fullmatch(name):
            return name
    return ""


def _read_text(path: Path) -> str:
    """Read the text of a query."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NotATable(f"{path.name} is not in UTF-8: open it in an editor and save it so") from None
    if "\0" in text or len(text) > 1_000_000:
        raise NotATable(f"{path.name} is no text of a query: it should hold one SELECT")
    return text


def _ask(space: Space, connection: Any, query: Query, limit: int | None) -> tuple[list[str], Any]:
    """Run the query, and lay out its answer; return the headers and the table."""
    with connection.begin() as transaction:
        try:
            options = {"no_parameters": True, "stream_results": True}  # % and : in the text stay as they are
            result = connection.execution_options(**options).exec_driver_sql(query.text)
            headers = [str(key) for key in result.keys()]  # noqa: SIM118
            rows = itertools.islice(result, limit)
            return headers, space.write(map(tuple, rows), len(headers))
        finally:
            transaction.rollback()


@contextmanager
def _connect(sa: Any, url: Any) -> Iterator[tuple[Any, str]]:
    """Connect to a database, read-only where its driver can; give the connection, and say which of the two it is."""
    backend = url.get_backend_name()
    how = "on a read-only connection"
    engine = _open_sqlite(sa, url) if backend == "sqlite" else sa.create_engine(url)
    try:
        with engine.connect() as connection:
            if backend in SESSIONS:
                connection.exec_driver_sql(SESSIONS[backend])
                if backend != "oracle":  # where it holds for one transaction only, the one of the query
                    connection.commit()
            elif backend != "sqlite":
                how = "rolled back at its end, for its driver knows no read-only connection"
            if backend == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            yield connection, how
    finally:
        engine.dispose()


def _open_sqlite(sa: Any, url: Any) -> Any:
    """Open an SQLite file so that it cannot be written."""
    file = Path(url.database or "")
    if not file.is_file():
        raise ValueError(f"there is no SQLite file {file.name or '(no name)'}")
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
