"""The notebooks as they are committed; all blank exercises, run once; a sample of every rule."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from authoring.assemble import assemble  # noqa: E402
from authoring.build import (  # noqa: E402
    KERNELS,
    BuildResult,
    build,
    parts_of,  # noqa: E402
)
from authoring.compare import find_stale  # noqa: E402
from authoring.course import Course, read_course  # noqa: E402
from authoring.execute import execute_cells, lay_cells  # noqa: E402
from authoring.source import (  # noqa: E402
    AuthoringError,
    find_authored,
    name_targets,
    place_of,
    read_authored,
    show_path,
)
from loyalty.launch.exercises import find_untouched  # noqa: E402
from loyalty.launch.project import Project, Stop  # noqa: E402

LESSON = """
# %% [markdown]
# # A sample

# %%
import os
import sys
import warnings

total = 1234.5
rates = {"a:b": [0.1, 0.25]}
same = os.environ.pop("WANTED_PYTHON") == sys.executable
names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOYALTY_BUILD", "LOYALTY_DATA"]
print(same, [os.environ.get(name) for name in names], os.getcwd().replace(os.sep, "/").endswith("/notebooks/1_prepare"))

# %% [markdown]
# In all {{total:,.2f}} euros, {{rates["a:b"][0:1][0]:.0%}} and {{"high" if total > 1000 else "low"}}.

# %% tags=["verify"]
assert total > 1000
print("seen by nobody")

# %%
warnings.warn_explicit("of a library", DeprecationWarning, "library.py", 1, module="library")
total

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(3, 2), dpi=100)
ax.bar([1, 2], [1, total]);

# %%
class Pretty:
    def _repr_html_(self):
        import random
        name = f"T_{random.randrange(16**5):05x}"
        return f'<table id="{name}"><td id="{name}_row0">{355 / 113:.8f}</td></table>'

Pretty()

# %%
class Slider:
    def _repr_mimebundle_(self, **_):
        return {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "slider"}

Slider()

# %% tags=["optional-data"]
raise SystemExit("optional data, never run at build")

# %% [markdown]
# The end: {{total / 3:.1f}}
"""

EXERCISE = """
# %% [markdown]
# # An exercise

# %%
shown = 1
### BEGIN SOLUTION
helper = 20
answer = helper * 2.0
answer
### END SOLUTION
shown

# %%
def rule(row):
    ### BEGIN SOLUTION
    return row > 1
    ### END SOLUTION

# %% [markdown]
# Later in the exercise: {{answer:.1f}}

# %% [markdown] tags=["solution"]
# A colleague would say {{answer:.0f}}.

# %% tags=["solution"]
answer + 1

# %% tags=["verify"]
assert answer == 40
"""

TEMPLATE = """
# %% [markdown]
# # A report

# %% tags=["parameters"]
margin = 0.3

# %%
margin
"""


@dataclass(frozen=True)
class Built:
    """The notebooks of this clone as they were built last.

    A learner writes in exercises and runs lessons, and `test` never judges that: where the notebook on disk is not what
    its authored file says, the committed one is read. Who has just built need not commit first.
    """

    root: Path

    def path(self, authored: Path, variant: str) -> Path:
        """Path of the notebook that a file became."""
        return self.root / name_targets(*place_of(authored), authored.stem)[variant]

    def content(self, authored: Path, variant: str) -> bytes:
        """The notebook that a file became, byte for byte."""
        return _find_built(self.path(authored, variant), variant, authored)

    def read(self, authored: Path, variant: str) -> nbformat.NotebookNode:
        """The notebook that a file became, as cells."""
        return _parse(self.content(authored, variant))

    def stale(self, authored: Path, variant: str) -> list[str]:
        """What it does not have from its authored file."""
        return find_stale(self.read(authored, variant), lay_out(authored)[variant])


@cache
def lay_out(authored: Path) -> dict[str, nbformat.NotebookNode]:
    """Each variant of an authored file, assembled without running anything."""
    source = read_authored(authored)
    return assemble(source, lay_cells(source), parts=parts_of(source, _course()))


@cache
def _course() -> Course:
    return read_course()


@cache
def _parse(content: bytes) -> nbformat.NotebookNode:
    return nbformat.reads(content.decode("utf-8"), as_version=4)


@cache
def _find_built(path: Path, variant: str, authored: Path) -> bytes:
    if path.is_file() and not find_stale(_parse(here := path.read_bytes()), lay_out(authored)[variant]):
        return here
    try:
        return find_untouched(Project(ROOT), path.relative_to(ROOT))
    except Stop:  # no git, and never laid aside
        if path.is_file():
            return path.read_bytes()
        pytest.fail(f"{show_path(authored)} has not been built: `python3 workshop.py build`", pytrace=False)


@pytest.fixture(scope="session")
def built() -> Built:
    """What was built last; that a new build makes the same is what `workshop.py build --check` proves."""
    return Built(ROOT)


@pytest.fixture(scope="session")
def blank_runs(built: Built) -> dict[str, list[nbformat.NotebookNode] | str]:
    """Each blank exercise run from top to bottom as a participant finds it: its cells, or what stopped it."""

    def run(path: Path) -> list[nbformat.NotebookNode] | str:
        place = built.path(path, "exercise")
        try:
            return execute_cells(built.read(path, "exercise").cells, place, place.parent)
        except AuthoringError as problem:
            return str(problem)

    paths = [path for path in find_authored() if place_of(path)[0] == "exercise"]
    with ThreadPoolExecutor(KERNELS) as pool:
        return dict(zip([path.stem for path in paths], pool.map(run, paths), strict=True))


@pytest.fixture(scope="session")
def author() -> Callable[[Path, str, str, str], None]:
    """Writes a tiny authored file: folder, its path, its kind, its cells."""

    def write(folder: Path, name: str, kind: str, text: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        told = "title: A sample, question: 'What?'" + (", part_a: 3, part_b: 2" if kind == "lesson" else "")
        header = f"# ---\n# jupyter:\n#   loyalty:\n#     {{kind: {kind}, {told},\n#     minutes: 5}}\n# ---\n\n"
        path.write_text(header + text.lstrip("\n"), encoding="utf-8")

    return write


@pytest.fixture(scope="session")
def sample_source(author: Callable[[Path, str, str, str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authoring")
    author(folder, "lessons/1_prepare/91_sample.py", "lesson", LESSON)
    author(folder, "exercises/1_prepare/91_sample.py", "exercise", EXERCISE)
    author(folder, "templates/report.py", "template", TEMPLATE)
    return folder


@pytest.fixture(scope="session")
def made(sample_source: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """One build on a machine whose settings and kernels are all wrong for it."""
    wrong = tmp_path_factory.mktemp("wrong") / "kernels" / "python3"
    wrong.mkdir(parents=True)
    spec = {"argv": ["no-such-python"], "display_name": "wrong", "language": "python"}
    (wrong / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(wrong.parents[1]))
        patch.setenv("JUPYTER_DATA_DIR", str(wrong.parents[1]))
        patch.setenv("WANTED_PYTHON", sys.executable)
        patch.setenv("OMP_NUM_THREADS", "7")
        patch.setenv("LOYALTY_DATA", "/somewhere")
        patch.setenv("MPLBACKEND", "Agg")
        patch.setenv("PYTHONWARNINGS", "ignore")
        return build(tmp_path_factory.mktemp("out"), source=sample_source)
