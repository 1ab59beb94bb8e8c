"""The gallery: one page with every figure of the notebooks and what it says in words, to be looked at after a build.

`workshop.py build` writes it to docs/_build/gallery.html; `python authoring/gallery.py` makes it from the notebooks as
they are. A figure without words for those who do not see it is listed first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path("docs", "_build", "gallery.html")
FOLDERS = ("notebooks", "exercises", "solutions")
HIDDEN = ".ipynb_checkpoints"
HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>All figures</title>
<style>
body { font-family: system-ui, sans-serif; margin: 1rem auto; max-width: 78rem; padding: 0 1rem; color: #202124 }
main { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)) }
figure { margin: 0 } img { width: 100%; height: auto; border: 1px solid #dadce0 }
figcaption { font-size: .85rem } .mute { color: #a50e0e } h2 { grid-column: 1 / -1; margin: 1rem 0 0 }
</style>
</head>
<body>
<h1>All figures</h1>
"""
TAIL = "</main>\n</body>\n</html>\n"


@dataclass(frozen=True)
class GalleryFigure:
    """A figure of a notebook: where it stands, its picture as base64, and its words for those who do not see it."""

    notebook: str
    cell: int
    png: str
    words: str

    @property
    def kilobytes(self) -> int:
        """Size of the picture."""
        return len(self.png) * 3 // 4 // 1000


def list_figures(root: Path = ROOT) -> list[GalleryFigure]:
    """List the figures of all built notebooks below `root`, in the order of the folders and cells.

    A figure of a solution that the exercise shows too stands there once.
    """
    found: list[GalleryFigure] = []
    seen: set[str] = set()
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.ipynb")):
            if HIDDEN in path.parts:
                continue
            for figure in _read_figures(path, path.relative_to(root).as_posix()):
                if figure.png not in seen:
                    found.append(figure)
                seen.add(figure.png)
    return found


def write_gallery(root: Path = ROOT) -> Path:
    """Write the page of all figures; return its path."""
    path = root / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_gallery(list_figures(root)), encoding="utf-8", newline="\n")
    return path


def render_gallery(figures: Sequence[GalleryFigure]) -> str:
    """Render the page of all figures as HTML."""
    mute = [figure for figure in figures if not figure.words]
    notebooks = len({figure.notebook for figure in figures})
    parts = [HEAD, f"<p>{len(figures)} figures of {notebooks} notebooks; {len(mute)} without words.</p>\n"]
    parts += [f'<p class="mute">No words: {figure.notebook}, cell {figure.cell}</p>\n' for figure in mute]
    parts.append("<main>\n")
    for notebook, group in groupby(figures, key=lambda figure: figure.notebook):
        parts.append(f"<h2>{escape(notebook)}</h2>\n")
        parts += [_render_figure(figure) for figure in group]
    return "".join([*parts, TAIL])


def _render_figure(figure: GalleryFigure) -> str:
    words = escape(figure.words)
    picture = f'<img src="data:image/png;base64,{figure.png}" alt="{words}">'
    caption = f"cell {figure.cell} · {figure.kilobytes} kB · {words or 'no words'}"
    return f"<figure>{picture}\n<figcaption>{caption}</figcaption></figure>\n"


def _read_figures(path: Path, name: str) -> Iterator[GalleryFigure]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells):
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                words = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                yield GalleryFigure(name, number, "".join(png).strip(), words)


if __name__ == "__main__":
    print(f"wrote {write_gallery().relative_to(ROOT).as_posix()}")
