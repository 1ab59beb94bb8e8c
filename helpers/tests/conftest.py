"""What holds for every test: figures need no screen, and nothing touches the progress of whoever runs the tests."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HOME = Path(tempfile.mkdtemp(prefix="loyalty-tests-"))
# Set on import, because the package's doctests run before any fixture of this folder could.
os.environ.update(MPLBACKEND="Agg", LOYALTY_HOME=str(HOME))
os.environ.pop("LOYALTY_BUILD", None)
# Tables of the tests are small: more threads of a numeric library would only wait for each other, and burn time.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# Side by side each process has one processor; alone, and in notebooks, DuckDB works with all there are.
if "PYTEST_XDIST_WORKER" in os.environ and find_spec("duckdb"):
    import duckdb

    duckdb.default_connection().execute("SET threads = 1")
# A checker of web addresses, which no notebook needs, would build its grammar at each import of nbformat: seconds.
sys.modules.setdefault("rfc3987_syntax", None)
# No test is failed by the clock: a slow or busy machine is no fault of the code. The environments of the browser and of
# Spark hold no Hypothesis.
if find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # The same cases in every run: nobody's change is blamed for a case of another. LOYALTY_EXPLORE=1 draws new ones
    settings.register_profile(
        "workshop",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=not os.environ.get("LOYALTY_EXPLORE"),
    )
    settings.load_profile("workshop")


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out by file (--dist loadfile), but keep tasks/ together: its scenes take seconds and are made once."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "tasks" if "tasks" in file.split("/") else file

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for doctests in the package only: there are none in the tests, and to look through them takes seconds."""
    found = yield
    return [one for one in found if type(one).__name__ != "DoctestModule"]


# One lesson's own tests and the examples of its scene. They make worlds, and there will be thirty lessons: what of
# every task must hold always is in tasks/test_tasks_of_lessons.py.
OF_ONE_LESSON = re.compile(r"/tasks/t\d\d/")
# A template's pages: whole reports are slow, and only they reach much of the code that lays a page out.
OF_A_PAGE = re.compile(r"/tests/report/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if OF_ONE_LESSON.search(item.path.as_posix()):
            item.add_marker(pytest.mark.lesson)
            item.add_marker(pytest.mark.slow)
        if OF_A_PAGE.search(item.path.as_posix()):
            item.add_marker(pytest.mark.page)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of this clone."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Leave no figure open: matplotlib warns at the twenty-first, and a warning fails whichever test draws it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
