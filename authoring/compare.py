"""Compares a notebook with an earlier build of it: the same cells, the same numbers, the same figures."""

from __future__ import annotations

import base64
import io
import math
import re

import numpy as np
from nbformat import NotebookNode
from PIL import Image

from authoring.source import EXPRESSION

NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
RELATIVE = 1e-6  # six significant digits
NOISE = 1e-15  # what computers leave of a zero
PIXEL = 64  # of 255: less is the soft edge of a line
SHARE = 0.0002  # of all pixels


def find_differences(old: NotebookNode, new: NotebookNode) -> list[str]:
    """List what differs between two builds of a notebook, one sentence each.

    Parameters
    ----------
    old, new : NotebookNode

    Returns
    -------
    list of str
        Empty when sources, ids, tags and metadata are the same, text outputs agree to six significant digits
        of every number, and figures within the pixel tolerance.
    """
    found = []
    if old.metadata != new.metadata:
        found.append("the notebook's metadata differ")
    if len(old.cells) != len(new.cells):
        return [*found, f"{len(old.cells)} cells, now {len(new.cells)}"]
    for number, (before, after) in enumerate(zip(old.cells, new.cells, strict=True), 1):
        found += [f"cell {number}: {what}" for what in _compare_cells(before, after)]
    return found


def find_stale(old: NotebookNode, laid: NotebookNode) -> list[str]:
    """List what a notebook on disk does not have from its authored file, without running anything.

    Parameters
    ----------
    old : NotebookNode
        As it was built once.
    laid : NotebookNode
        Assembled from the authored cells as they stand: no outputs, and prose with its `{{expressions}}`.

    Returns
    -------
    list of str
        Empty when metadata, ids, tags and sources are the same to the letter, but for the values of the expressions.
    """
    found = [] if old.metadata == laid.metadata else ["the notebook's metadata differ"]
    if len(old.cells) != len(laid.cells):
        return [*found, f"{len(old.cells)} cells, now {len(laid.cells)}"]
    for number, (before, after) in enumerate(zip(old.cells, laid.cells, strict=True), 1):
        parts = ("cell_type", "id", "metadata")
        found += [f"cell {number}: {part} differs" for part in parts if before[part] != after[part]]
        if not _make_pattern(after).fullmatch(before.source):
            found.append(f"cell {number}: source differs")
    return found


def _make_pattern(laid: NotebookNode) -> re.Pattern[str]:
    if laid.cell_type != "markdown":
        return re.compile(re.escape(laid.source))
    around = re.split(EXPRESSION.pattern.replace("(", "(?:"), laid.source, flags=re.DOTALL)
    return re.compile(".*?".join(map(re.escape, around)), re.DOTALL)


def _compare_cells(old: NotebookNode, new: NotebookNode) -> list[str]:
    if old.cell_type != new.cell_type:
        return [f"was {old.cell_type}, is {new.cell_type}"]
    found = [f"{part} differs" for part in ("source", "id", "metadata") if old.get(part) != new.get(part)]
    if old.cell_type != "code":
        return found
    if old.execution_count != new.execution_count:
        found.append("its number differs")
    if len(old.outputs) != len(new.outputs):
        return [*found, f"{len(old.outputs)} outputs, now {len(new.outputs)}"]
    for before, after in zip(old.outputs, new.outputs, strict=True):
        found += _compare_outputs(before, after)
    return found


def _compare_outputs(old: NotebookNode, new: NotebookNode) -> list[str]:
    if (old.output_type, old.get("name")) != (new.output_type, new.get("name")):
        return ["another kind of output"]
    before, after = dict(old.get("data", {})), dict(new.get("data", {}))
    if old.output_type == "stream":
        before, after = {"stream": old.text}, {"stream": new.text}
    if before.keys() != after.keys():
        return [f"output of {', '.join(sorted(before))}, now {', '.join(sorted(after))}"]
    found = []
    for kind, one in before.items():
        if kind == "image/png":
            if what := compare_figures(one, after[kind]):
                found.append(f"figure: {what}")
        elif isinstance(one, str):
            if what := compare_texts(one, after[kind]):
                found.append(f"{kind}: {what}")
        elif one != after[kind]:
            found.append(f"{kind} differs")
    return found


def compare_texts(old: str, new: str) -> str:
    """Say how two texts differ; empty when only digits after the sixth, or runs of spaces, do."""
    if old == new:
        return ""
    before, after = (NUMBER.split(" ".join(text.split())) for text in (old, new))
    if before != after:
        pairs = ((a, b) for a, b in zip(before, after, strict=False) if a != b)
        a, b = next(pairs, ("", ""))
        return f"the text differs ({a.strip()[:40]!r}, now {b.strip()[:40]!r})"
    for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True):
        if not math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=NOISE):
            return f"{a}, now {b}"
    return ""


def compare_figures(old: str, new: str) -> str:
    """Say how two PNG figures (base64) differ; empty when within the pixel tolerance."""
    if old.strip() == new.strip():
        return ""
    before, after = (_decode(text) for text in (old, new))
    if before.shape != after.shape:
        return f"{before.shape[1]} x {before.shape[0]} pixels, now {after.shape[1]} x {after.shape[0]}"
    off = (np.abs(before - after).max(axis=2) > PIXEL).mean()
    return f"{off:.2%} of the pixels differ" if off > SHARE else ""


def _decode(text: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(text))) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.int16)
