"""All authored notebooks, built once for all tests; all blank exercises, run once; a sample of every rule."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from authoring.build import KERNELS, BuildResult, build  # noqa: E402
from authoring.execute import execute_cells  # noqa: E402
from authoring.source import AuthoringError, name_targets, place_of, show_path  # noqa: E402

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
    """One build of everything in authoring/."""

    root: Path
    result: BuildResult

    def path(self, authored: Path, variant: str) -> Path:
        """Path of the notebook that a file became; fails the test with the build's own message."""
        for error in self.result.errors:
            if error.startswith(show_path(authored)):
                pytest.fail(error, pytrace=False)
        return self.root / name_targets(*place_of(authored), authored.stem)[variant]

    def read(self, authored: Path, variant: str) -> nbformat.NotebookNode:
        """The notebook that a file became."""
        return nbformat.read(self.path(authored, variant), as_version=4)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Everything that is authored, built into a temporary folder: nothing is executed twice."""
    root = tmp_path_factory.mktemp("built")
    return Built(root, build(root))


@pytest.fixture(scope="session")
def blank_runs(built: Built) -> dict[str, list[nbformat.NotebookNode] | str]:
    """Each blank exercise run from top to bottom as a participant finds it: its cells, or what stopped it."""

    def run(path: Path) -> list[nbformat.NotebookNode] | str:
        try:
            return execute_cells(nbformat.read(path, as_version=4).cells, path, path.parent)
        except AuthoringError as problem:
            return str(problem)

    paths = sorted((built.root / "exercises").rglob("*.ipynb"))
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
