"""The rules of the house, read from the source: who imports whom, no clock, nothing large, nothing private."""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import loyalty

PACKAGE = Path(loyalty.__file__).parent
ROOMS = ("prepare", "segment", "evaluate", "learn")  # data flows this way
CLOCKS, READINGS = {"datetime", "date", "Timestamp"}, {"now", "today", "utcnow", "localtime"}
LOADERS = {"Timestamp", "to_datetime", "datetime64"}
MODULE_LINES, PACKAGE_LINES, WORLD_LINES, TEMPLATE_LINES = 300, 8_300, 2_200, 3_900


def modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def place(path: Path, package: Path) -> str:
    """The room of a module, or the module's own name if it stands in none."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def imported(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything that a module imports, wherever in it."""
    here = [package.name, *path.relative_to(package).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def forward_imports(package: Path) -> list[str]:
    """Imports against the flow: base ← world, intake ← prepare ← segment ← evaluate ← learn ← report, tasks, cli.

    The launcher stands on the standard library alone.
    """
    base = {place(path, package) for path in package.glob("*.py")} - {"__init__", "cli"}
    rank = (
        dict.fromkeys(base, 0)
        | {"__init__": 0, "world": 1, "intake": 1}
        | {room: 2 + at for at, room in enumerate(ROOMS)}
    )
    wrong = []
    for path in modules(package):
        mine = place(path, package)
        for line, name in imported(path, package):
            top, target = name.split(".")[0], name.split(".")[1] if "." in name else ""
            if top != package.name:
                bad = mine in ("launch", "__init__") and top not in sys.stdlib_module_names
            elif mine in ("tasks", "cli", "report"):
                bad = mine == "report" and target in ("tasks", "world", "launch")
            elif mine == "launch" or target not in rank:
                bad = target != mine
            else:
                bad = rank[target] > rank.get(mine, -1)
            if bad:
                wrong.append(f"{path.relative_to(package).as_posix()}:{line} imports {name}")
    return wrong


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
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for path, name in names.items() if name not in exempt}
    return [f"{name}:{line}" for name, tree in trees.items() for line in rule(tree)]


def test_data_flows_one_way():
    assert forward_imports(PACKAGE) == []


def test_no_function_looks_at_the_clock():
    # t12 names the mistake "days counted to the computer's today", and so has to make it
    allowed = ("tasks/progress.py", "cli.py", "tasks/t12_customer_profile.py")
    assert found(looks_at_the_clock, PACKAGE, *allowed) == []


def test_nothing_that_was_read_is_run():
    assert found(runs_what_it_reads, PACKAGE) == []


def test_every_public_function_says_what_it_does():
    assert found(is_silent, PACKAGE) == []


@pytest.mark.parametrize(
    ("path", "source", "seen"),
    [
        ("stats.py", "from loyalty.prepare import profile", True),
        ("segment/cards.py", "import loyalty.evaluate.lift", True),
        ("prepare/profile.py", "from ..segment import cards", True),
        ("prepare/profile.py", "from .. import tasks", True),
        ("evaluate/lift.py", "def f():\n    from loyalty import learn", True),
        ("world/shop.py", "from loyalty.prepare import profile", True),
        ("launch/verbs.py", "import pandas", True),
        ("launch/verbs.py", "from loyalty import stats", True),
        ("__init__.py", "import numpy", True),
        ("intake/files.py", "from loyalty.prepare import profile", True),
        ("prepare/profile.py", "from loyalty.report import workbook", True),
        ("report/run.py", "from loyalty.world import World", True),
        ("learn/policy.py", "from loyalty import stats\nfrom loyalty.evaluate import lift\nimport pandas", False),
        ("launch/verbs.py", "import json\nfrom loyalty.launch import venv", False),
        ("tasks/t12.py", "from loyalty.learn import policy", False),
        ("report/campaign.py", "from loyalty.evaluate import lift\nfrom loyalty.intake import files", False),
    ],
)
def test_the_reader_of_imports_sees_each_kind_of_forward_import(tmp_path, path, source, seen):
    package = tmp_path / "loyalty"
    for name in ("stats.py", path):
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


def lines_of_modules() -> dict[str, int]:
    """All but tasks/, which grows with the lessons."""
    counted = [path for path in modules(PACKAGE) if place(path, PACKAGE) != "tasks"]
    return {path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in counted}


def test_a_module_past_300_lines_is_two():
    assert {name: lines for name, lines in lines_of_modules().items() if lines > MODULE_LINES} == {}


def lines_of_code(path: Path) -> int:
    """Lines that hold code: no blank lines, no comments, no docstrings (a public function must have a long one)."""
    text = path.read_text("utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    heads = [node.body[0] for node in ast.walk(ast.parse(text)) if isinstance(node, documented) and node.body]
    strings = [node for node in heads if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    silent = {line for node in strings for line in range(node.lineno, node.end_lineno + 1)}
    blank = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in blank]
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - silent)


def test_the_code_of_base_and_rooms_stays_small():
    """The launcher sets up the computer and is no part of what a learner reads; tasks/ grow with the lessons."""
    counted = [
        path
        for path in modules(PACKAGE)
        if place(path, PACKAGE) not in ("tasks", "launch", "world", "intake", "report")
    ]
    assert sum(map(lines_of_code, counted)) < PACKAGE_LINES


def test_the_code_behind_the_templates_stays_small():
    """What reads other people's files and writes reports: needed after the workshop, and no part of a lesson."""
    counted = [path for path in modules(PACKAGE) if place(path, PACKAGE) in ("intake", "report")]
    assert sum(map(lines_of_code, counted)) < TEMPLATE_LINES


def test_the_code_of_the_world_stays_readable_beside_it():
    assert sum(lines_of_code(path) for path in modules(PACKAGE) if place(path, PACKAGE) == "world") < WORLD_LINES


def test_import_loyalty_loads_no_pandas():
    code = (
        "import loyalty, sys; heavy = {'pandas', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert loyalty.stats is sys.modules['loyalty.stats']\nassert {'stats', 'prepare'} <= set(dir(loyalty))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stderr


STOPWATCHES = {"perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "monotonic", "monotonic_ns"}
# It kills a process at random moments of its life, and for that must know how long it lives.
TIMED = {"test_history.py"}


def reads_a_stopwatch(source: str) -> bool:
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


def test_no_file_of_the_project_names_a_machine_or_a_registry_or_is_unfinished(root):
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("no git here: which files belong to the project is not known")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listing, cwd=root).decode().strip("\0").split("\0")
    assert "workshop.py" in names
    wrong = []
    for name in names:
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
