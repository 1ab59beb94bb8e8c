"""What holds for every test: figures need no screen, and nothing touches the progress of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="loyalty-tests-"))
# Set on import, because the package's doctests run before any fixture of this folder could.
os.environ.update(MPLBACKEND="Agg", LOYALTY_HOME=str(HOME))
os.environ.pop("LOYALTY_BUILD", None)


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side (-n), a file's tests stay in one process, and so does notebooks/: what they share is made once."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = "notebooks" if "notebooks" in item.path.parts else item.path.as_posix()
            item.add_marker(pytest.mark.xdist_group(group))


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
