"""A sample lesson 98 with tasks of every kind, and a progress file of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import loyalty.tasks

SAMPLE = """
import datetime
from functools import cache
import pandas as pd
from loyalty.tasks.checking.grading import Answers, Mistake, Task

PROFILE = pd.DataFrame(
    {"frequency": [3, 1, 7, 2], "monetary": [30.0, 8.5, 99.9, 20.0], "segment": ["Loyal", "New", "Loyal", "Lost"],
     "last_visit": pd.to_datetime(["2025-03-01", "2025-03-05", "2025-03-30", "2025-01-02"])},
    index=pd.Index([17, 4, 99, 23], name="customer_id"),
)

@cache
def lift():
    return Answers(1.19, (Mistake("redeemers", "You compared those who redeemed.", 15.87),
                          Mistake("buyers_only", "You left out those who bought nothing.", 0.55)), "1.19 a head.")

@cache
def interval():
    return Answers((1.19, 0.70, 1.69), (Mistake("narrow", "The interval is too narrow.", (1.19, 1.0, 1.4)),))

@cache
def profile():
    lines = PROFILE.assign(frequency=[9, 4, 30, 5])
    return Answers(PROFILE, (Mistake("lines_as_baskets", "You counted lines.", lines),
                             Mistake("non_buyers_lost", "An inner join lost them.", PROFILE.iloc[:3])))

@cache
def broken():
    raise FileNotFoundError("no such table")

def make(code, compute, tolerance=0.01, **more):
    return Task(code, f"what {code} asks", compute, tolerance, ("First look.", "Then count.", "Use `sum()`."), **more)

TASKS = (
    make("98a", lift, close="Close, not it. Which window?"),
    make("98b", interval),
    make("98c", profile),
    make("98d", cache(lambda: Answers("hold", (Mistake("sent", "It loses money.", "send"),)))),
    make("98e", cache(lambda: Answers({"north", "south"}, ()))),
    make("98f", cache(lambda: Answers(datetime.date(2025, 3, 31), (Mistake("end_inside", "The end is not inside.",
         datetime.date(2025, 4, 1)),))), 0.5),
    make("98g", cache(lambda: Answers(True, ()))),
    make("98h", cache(lambda: Answers(PROFILE.monetary, ()))),
    make("98i", cache(lambda: Answers(PROFILE.reset_index(), ())), key="customer_id"),
    make("98j", broken),
    make("98k", cache(lambda: Answers((PROFILE, 4, "north"), ()))),
    make("98l", cache(lambda: Answers([1.0, float("nan"), 3.0], ()))),
    make("98m", cache(lambda: Answers(1234.5, ()))),
)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A progress folder of the test's own; recording is on."""
    monkeypatch.setenv("LOYALTY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LOYALTY_BUILD", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def _sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "t98").mkdir()
    (folder / "t98" / "__init__.py").write_text('LESSON = "98_sample_lesson"', encoding="utf-8")
    (folder / "t98" / "tasks.py").write_text(SAMPLE, encoding="utf-8")
    return folder


@pytest.fixture
def sample(_sample_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes `loyalty.tasks.t98` importable for one test."""
    monkeypatch.setattr(loyalty.tasks, "__path__", [*loyalty.tasks.__path__, str(_sample_folder)])
    yield
    for name in ("loyalty.tasks.t98", "loyalty.tasks.t98.tasks"):
        sys.modules.pop(name, None)
