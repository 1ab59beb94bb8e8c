"""Take the figures of the README out of the built notebooks, so that what it shows is what a learner sees.

Run after a build: `python authoring/make_figures.py`. A test compares the files with the notebooks.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
# file: (notebook, which of its figures, from 1)
CHOSEN = {
    "cycle.png": ("notebooks/0_start/00_start_here.ipynb", 6),
    "00_gap.png": ("notebooks/0_start/00_start_here.ipynb", 2),
    "01_promise.png": ("notebooks/0_start/01_meet_the_world.ipynb", 5),
    "22_regression.png": ("notebooks/2_segment/22_rules_and_life_cycle.ipynb", 8),
    "35_placebo.png": ("notebooks/3_evaluate/35_without_a_control_group.ipynb", 6),
    "37_likely.png": ("notebooks/3_evaluate/37_who_to_target.ipynb", 3),
    "38_promise.png": ("notebooks/3_evaluate/38_spend_the_budget.ipynb", 3),
}


def read_figures(root: Path = ROOT) -> dict[str, bytes]:
    """PNG bytes of each chosen figure, by file name, from the notebooks below `root`."""
    return {name: _figures_of(root / notebook)[number - 1] for name, (notebook, number) in CHOSEN.items()}


def _figures_of(notebook: Path) -> list[bytes]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    return [base64.b64decode("".join(text)) for text in texts]


if __name__ == "__main__":
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, content in read_figures().items():
        (FIGURES / name).write_bytes(content)
        print(f"wrote {FIGURES.relative_to(ROOT) / name}")
