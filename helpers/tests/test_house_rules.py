"""The rules of the house, read from the source: who imports whom, no clock, nothing large, nothing private."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import loyalty

PACKAGE = Path(loyalty.__file__).parent
ROOMS = ("prepare", "segment", "evaluate", "learn")  # data flows this way
KNOWN = ("stats", "learn", "tasks")  # modules of the made packages below
BASE = ("tables", "stats", "charts", "colours", "text")
# Within evaluate: whose results each folder may use
BEFORE = {
    "money": ("design", "lift"),
    "clinic": ("design", "lift", "money"),
    "uplift": ("design", "lift", "money"),
    "budget": ("design", "lift", "money"),
}
CLOCKS, READINGS = {"datetime", "date", "Timestamp"}, {"now", "today", "utcnow", "localtime"}
LOADERS = {"Timestamp", "to_datetime", "datetime64"}


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file, which several rules read."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def find_imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The imports of a file, wherever in it, which several rules read."""
    return tuple(node for node in ast.walk(parse(path)) if isinstance(node, (ast.Import, ast.ImportFrom)))


def modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def place(path: Path, package: Path) -> str:
    """The room of a module, or the module's own name if it stands in none."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def name_module(path: Path, package: Path) -> str:
    """The dotted name of a module below the package: `evaluate.lift.measure`; a folder's own file bears its name."""
    parts = list(path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything that a module imports, wherever in it, also under TYPE_CHECKING."""
    here = [package.name, *path.relative_to(package).parent.parts]
    for node in find_imports(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        else:
            above = here[: len(here) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def may_import(mine: str, target: str) -> bool:
    """Whether a module of one room may import from another; the rooms of evaluate have an order of their own."""
    here, there = mine.split("."), target.split(".")
    if here[0] == "launch" or there[0] == "launch":
        return here[0] == there[0] or here[0] == "cli"
    if here[0] in ("tasks", "cli"):
        return True
    if here[0] == "report":
        return there[0] not in ("tasks", "cli", "world")
    if here[0] == there[0] == "evaluate" and len(here) > 2 and len(there) > 1 and here[1] != there[1]:
        return there[1] in BEFORE.get(here[1], ())
    rank = dict.fromkeys(BASE, 0) | {"datasets": 1, "world": 1, "intake": 1}
    rank |= {room: 2 + at for at, room in enumerate(ROOMS)}
    if here[0] not in rank or there[0] not in rank:
        return here[0] == there[0]
    if rank[here[0]] == 1:
        return rank[there[0]] == 0 or here[0] == there[0]
    return rank[there[0]] <= rank[here[0]]


def forward_imports(package: Path) -> list[str]:
    """Imports against the flow: base <- world, datasets, intake <- prepare <- segment <- evaluate <- learn <- report.

    The launcher stands on the standard library alone.
    """
    known = {name_module(path, package) for path in modules(package)}
    wrong = []
    for path in modules(package):
        mine = name_module(path, package)
        if not mine:  # the public face loads its names by their text, and imports nothing
            mine = "launch"
        for line, name in imported(path, package):
            top, _, target = name.partition(".")
            if top != package.name:
                if mine.split(".")[0] == "launch" and top not in sys.stdlib_module_names:
                    wrong.append(f"{path.relative_to(package).as_posix()}:{line} imports {name}")
                continue
            if target not in known:
                target = target.rpartition(".")[0]
            if target and not may_import(mine, target):
                wrong.append(f"{path.relative_to(package).as_posix()}:{line} imports {name}")
    return wrong


def import_circles(package: Path) -> list[list[str]]:
    """Modules that import each other in a loop, deferred imports and those under TYPE_CHECKING included."""
    paths = {name_module(path, package): path for path in modules(package)}
    graph = {}
    for mine, path in paths.items():
        targets = set()
        for _, name in imported(path, package):
            top, _, target = name.partition(".")
            if top == package.name:
                targets.add(target if target in paths else target.rpartition(".")[0])
        graph[mine] = targets & paths.keys() - {mine, ""}
    circles, seen = [], set()
    for start in sorted(graph):
        trail = [(start, iter(sorted(graph[start])))]
        on_trail = [start]
        while trail:
            following = next(trail[-1][1], None)
            if following is None:
                seen.add(on_trail.pop())
                trail.pop()
            elif following in on_trail:
                circles.append([*on_trail[on_trail.index(following) :], following])
            elif following not in seen:
                on_trail.append(following)
                trail.append((following, iter(sorted(graph[following]))))
    return circles


def homonyms(package: Path) -> dict[str, list[str]]:
    """Public classes that share a name, with where they stand."""
    places: dict[str, list[str]] = {}
    for path in modules(package):
        for node in parse(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name_module(path, package))
    return {name: where for name, where in places.items() if len(where) > 1}


def looks_at_the_clock(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in CLOCKS and node.attr in READINGS:
            yield node.lineno  # not called, but handed on
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            words = {value.value for value in node.args if isinstance(value, ast.Constant)}
            read = isinstance(node.func, ast.Attribute) and name in READINGS  # world.today is no call
            if read or name == "time" and not node.args or name in LOADERS and words & {"now", "today"}:
                yield node.lineno


def runs_what_it_reads(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [node.id] if isinstance(node, ast.Name) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        names += ["pickle"] if isinstance(node, ast.keyword) and node.arg == "allow_pickle" else []
        banned = {"pickle", "dill", "shelve", "marshal", "joblib", "eval", "exec", "read_pickle", "to_pickle"}
        if banned & {name.split(".")[0] for name in names}:
            yield node.lineno


def is_silent(tree: ast.AST) -> Iterator[int]:
    """Public functions, and public methods of public classes, without a docstring."""
    for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]:
        for node in holder.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                yield node.lineno


def found(rule: Callable[[ast.AST], Iterator[int]], package: Path, *exempt: str) -> list[str]:
    names = {path: path.relative_to(package).as_posix() for path in modules(package)}
    trees = {name: parse(path) for path, name in names.items() if name not in exempt}
    return [f"{name}:{line}" for name, tree in trees.items() for line in rule(tree)]


def test_data_flows_one_way():
    assert forward_imports(PACKAGE) == []


def test_no_function_looks_at_the_clock():
    # t12 names the mistake "days counted to the computer's today", and so has to make it
    allowed = ("tasks/checking/progress.py", "cli.py", "tasks/t12/tasks.py")
    assert found(looks_at_the_clock, PACKAGE, *allowed) == []


def test_nothing_that_was_read_is_run():
    # It runs the templates of the workshop, as a notebook would; values of a user come in as literals
    assert found(runs_what_it_reads, PACKAGE, "report/run/cells.py") == []


def test_every_public_function_says_what_it_does():
    assert found(is_silent, PACKAGE) == []


@pytest.mark.parametrize(
    ("path", "source", "seen"),
    [
        ("charts.py", "from loyalty.prepare import profile", True),
        ("tables/check.py", "from loyalty.evaluate.lift import measure", True),
        ("segment/cards.py", "import loyalty.evaluate.lift", True),
        ("prepare/profile.py", "from ..segment import cards", True),
        ("prepare/profile.py", "from .. import tasks", True),
        ("evaluate/lift/measure.py", "def f():\n    from loyalty import learn", True),
        ("evaluate/lift/measure.py", "from loyalty.evaluate.money import profit", True),
        ("evaluate/uplift/qini.py", "from loyalty.evaluate.observational.naive import compare_naively", True),
        ("evaluate/design/power.py", "from loyalty.evaluate.clinic import examine", True),
        ("world/shop.py", "from loyalty.prepare import profile", True),
        ("launch/verbs.py", "import pandas", True),
        ("launch/verbs.py", "from loyalty import stats", True),
        ("__init__.py", "import numpy", True),
        ("intake/files.py", "from loyalty.prepare import profile", True),
        ("prepare/profile.py", "from loyalty.report import workbook", True),
        ("report/run.py", "from loyalty.world import World", True),
        ("learn/policy.py", "from loyalty import stats\nfrom loyalty.evaluate import lift\nimport pandas", False),
        ("evaluate/uplift/qini.py", "from loyalty.evaluate.lift import measure_lift", False),
        ("launch/verbs.py", "import json\nfrom loyalty.launch import venv", False),
        ("tasks/t12/tasks.py", "from loyalty.learn import policy", False),
        ("report/campaign.py", "from loyalty.evaluate import lift\nfrom loyalty.intake import files", False),
    ],
)
def test_the_reader_of_imports_sees_each_kind_of_forward_import(tmp_path, path, source, seen):
    package = tmp_path / "loyalty"
    for name in (*(f"{room}.py" for room in KNOWN), path):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    (package / path).write_text(source, encoding="utf-8")
    assert bool(forward_imports(package)) is seen


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (looks_at_the_clock, "datetime.now()"),
        (looks_at_the_clock, "date.today()"),
        (looks_at_the_clock, "pd.Timestamp.now()"),
        (looks_at_the_clock, "pd.Timestamp('today')"),
        (looks_at_the_clock, "time.time()"),
        (looks_at_the_clock, "field(default_factory=datetime.now)"),
        (runs_what_it_reads, "import pickle"),
        (runs_what_it_reads, "from joblib import load"),
        (runs_what_it_reads, "eval('1')"),
        (runs_what_it_reads, "pd.read_pickle('a')"),
        (runs_what_it_reads, "np.load('a', allow_pickle=True)"),
        (is_silent, "def act():\n    pass"),
        (is_silent, "class Lift:\n    def plot(self):\n        pass"),
    ],
)
def test_each_rule_sees_what_it_forbids(tmp_path, rule, source):
    (tmp_path / "module.py").write_text(source, encoding="utf-8")
    assert found(rule, tmp_path)
    assert not found(rule, tmp_path, "module.py")


def test_no_module_imports_in_a_circle():
    assert import_circles(PACKAGE) == []


def test_no_two_public_classes_share_a_name():
    assert homonyms(PACKAGE) == {}


def test_the_readers_of_structure_see_what_they_forbid(tmp_path):
    package = tmp_path / "loyalty"
    package.mkdir()
    (package / "one.py").write_text("def f():\n    from loyalty.two import Trial\n", encoding="utf-8")
    (package / "two.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from loyalty import one\nclass Trial:\n    pass\n",
        encoding="utf-8",
    )
    (package / "three.py").write_text("class Trial:\n    pass\n", encoding="utf-8")
    assert import_circles(package) == [["one", "two", "one"]]
    assert homonyms(package) == {"Trial": ["three", "two"]}


def test_import_loyalty_loads_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import loyalty; dir(loyalty)\n"
        "heavy = {'pandas', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert len(set(sys.modules) - before) < 60\n"
        "assert loyalty.stats is sys.modules['loyalty.stats']"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stderr


# What lessons import and `loyalty.<Tab>` does not show: how a chart is drawn, where the data lie, what a scene needs
BEHIND_THE_FACE = {"tasks", "charts", "colours", "text", "report"}


def taught_names(root: Path) -> set[str]:
    """Functions and classes that lessons, exercises and templates import from the package."""
    names = set()
    for path in (root / "authoring").glob("*/**/*.py"):
        for node in ast.walk(parse(path)):
            room = (node.module or "").split(".") if isinstance(node, ast.ImportFrom) else [""]
            if room[0] == "loyalty" and len(room) > 1 and room[1] not in BEHIND_THE_FACE:
                names |= {alias.name for alias in node.names if not alias.name.isupper()}
    return names


def test_the_public_face_shows_what_lessons_use_and_rooms_and_nothing_else(root):
    shown = set(dir(loyalty))
    helpers_of_lessons = {"find_skewness", "wilson"}
    assert taught_names(root) - helpers_of_lessons <= shown
    for name in shown - set(loyalty.ROOMS):
        found = getattr(loyalty, name)
        assert inspect.isfunction(found) or inspect.isclass(found), name
        assert found.__name__ == name and inspect.getdoc(found), name


def test_no_public_name_hides_a_module(root):
    for name in set(dir(loyalty)) - set(loyalty.ROOMS):
        home = inspect.getmodule(getattr(loyalty, name)).__name__.split(".")[1:]
        for depth in range(len(home)):
            assert not (PACKAGE.joinpath(*home[:depth]) / f"{name}.py").exists(), name
            assert not (PACKAGE.joinpath(*home[:depth]) / name).is_dir(), name


STOPWATCHES = {"perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "monotonic", "monotonic_ns"}
# It kills a process at random moments of its life, and for that must know how long it lives.
TIMED = {"test_store.py"}


def reads_a_stopwatch(source: str) -> bool:
    if not any(name in source for name in STOPWATCHES):  # most files: their trees are not asked for
        return False
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & STOPWATCHES)


def test_no_test_reads_a_clock():
    """On a slow or busy machine it would fail for nothing; what must be fast stands in benchmarks/limits.py."""
    assert reads_a_stopwatch("import time\ntime.perf_counter()") and not reads_a_stopwatch("time.sleep(1)")
    files = [path for path in Path(__file__).parent.rglob("*.py") if path.name not in TIMED]
    assert not [path.name for path in files if reads_a_stopwatch(path.read_text(encoding="utf-8"))]


def test_a_name_that_is_no_module_is_an_attribute_error():
    for name in ("no_such_module", "_private"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(loyalty, name)


# Joined here, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.+/~-])/(?:" + "|".join(["work", "root", "tmp", "home", "Users", "farm"]) + r")/[\w.]")
REGISTRIES = re.compile(
    "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + "js", r"://\S+/(?:simple|packages)/"])
)
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b")


@pytest.fixture(scope="module")
def listed(root):
    """The names of the files that belong to the project, by git; not a learner's own, nor the notebooks he wrote in."""
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("no git here: which files belong to the project is not known")
    listing = ["git", "ls-files", "-z"]
    changed = ["git", "diff", "--name-only", "-z", "HEAD", "--", "notebooks", "exercises", "solutions"]
    names, written = (
        subprocess.check_output(question, cwd=root).decode().strip("\0").split("\0") for question in (listing, changed)
    )
    assert "workshop.py" in names
    return [name for name in names if name not in written]


def test_tables_of_a_run_are_not_among_the_files_of_the_project(listed):
    """A history or a result that a run left behind; what is meant to be there stands in data/ or beside a test."""
    kinds = {".duckdb", ".parquet", ".csv", ".xlsx", ".html"}
    at_home = ("data/", "docs/", "helpers/tests/", "helpers/loyalty/")
    assert [name for name in listed if Path(name).suffix in kinds and not name.startswith(at_home)] == []


def test_no_file_of_the_project_names_a_machine_or_a_registry_or_is_unfinished(root, listed):
    wrong = []
    for name in listed:
        try:
            text = (root / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a picture or a table; deleted and not yet committed
            continue
        wrong += [f"{name}: {hit[0]}" for rule in (MACHINE, REGISTRIES, UNFINISHED) if (hit := rule.search(text))]
    assert wrong == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (MACHINE, "see /ro" + "ot/data.csv"),
        (MACHINE, '"/ho' + 'me/anna/workshop"'),
        (REGISTRIES, "https://pyp" + "i.org/project"),
        (REGISTRIES, "https://example.org/sim" + "ple/pandas"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
)
def test_the_reader_of_files_sees_what_it_forbids(rule, text):
    assert rule.search(text)
    assert not rule.search("prepare/segment, a network/work place, to do")
