"""Runs a template on an analyst's tables and writes all of its files, or none: the work of `workshop.py run`.

`read_order` checks the parameters, `cells` runs the code in a process of its own, and what it shows becomes one page.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loyalty.report.output.html import make_page
from loyalty.report.output.marks import make_mark
from loyalty.report.run.notebook import Cell, read_notebook
from loyalty.report.run.order import ROOT, SEND, Order, find_like, read_order
from loyalty.tables.check import TableError
from loyalty.tables.personal import hide_personal
from loyalty.tables.scratch import Scratch
from loyalty.tables.sources import NotATable

FOOTER = ("Made with the Loyalty Analytics Workshop.",)
TITLE = "report.title if 'report' in globals() else ''"


class Broken(Exception):
    """A template stopped for a reason that its author did not foresee; `details` are for the person who helps."""

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message)
        self.details = details


def run_order(order: Order, *, live: bool = False) -> list[Path]:
    """Run a template and put its files in place; on any error none of them is touched.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    TableError
        The tables are not what the template needs; the message is meant for the reader.
    Broken
        Anything else.
    """
    # In the same folder, because only within one disk a file is replaced in one step
    try:
        aside = Scratch(".report-", order.out.parent)
    except OSError as error:
        says = f"-o: nothing can be written in {order.out.parent} ({error.strerror}): choose another folder"
        raise TableError([says], "run") from None
    with aside as folder:
        values = (order.values or {}) | {"save_as": str(folder / order.out.stem)}
        cells = _inject(read_notebook(order.template).cells, values)
        with Scratch("loyalty-run-") as scratch:
            shown, title = _execute([cell for cell in cells if cell.kind == "code"], folder, live, str(scratch))
        made = order.list_made(folder)
        page = make_page(_make_body(cells, shown), title, FOOTER, make_mark(order.template.stem))
        made[0].write_text(page, encoding="utf-8", newline="\n")
        absent = [path.name for path in made if not path.is_file()]
        if absent:
            raise Broken(f"the template did not make {', '.join(absent)}", "")
        files = {path: order.out.with_name(path.name) for path in made}
        if SEND in order.kinds:
            refuse_leftovers(files.values(), order.out.parent, order.out.stem)
        place_together(files, folder)
    return list(files.values())


def refuse_leftovers(files: Iterable[Path], folder: Path, stem: str) -> None:
    """Refuse to write beside a send list of an earlier plan: it may hold customers who are control in the new plan."""
    kept = list(files)
    lost = [path.name for path in find_like(folder, stem, SEND) if path not in kept]
    if lost:
        says = f"{', '.join(lost)} is from an earlier plan of this name, and the new plan has no such list"
        raise TableError([f"{says}: delete it, so that nobody sends it, or choose another name"], "files")


def place_together(files: dict[Path, Path], aside: Path) -> None:
    """Move new files to their places, all or none; old files are kept in `aside` until all new ones are in place.

    Parameters
    ----------
    files : dict of Path to Path
        The new file, and its place.
    aside : Path
        A folder on the same disk.
    """
    moved = []
    try:
        for new, target in files.items():
            old = aside / f"old-{target.name}"
            if target.exists():
                os.replace(target, old)
            moved.append((target, old))
            os.replace(new, target)
    except OSError as error:
        for target, old in moved:
            target.unlink(missing_ok=True)
            if old.exists():
                os.replace(old, target)
        open_in = f"{Path(error.filename).name.removeprefix('old-')} cannot be replaced ({error.strerror})"
        raise TableError([f"{open_in}: is it open in another program? Close it and run again"], "run") from None


def _inject(cells: Sequence[Cell], values: dict[str, Any]) -> list[Cell]:
    """Put the values in a cell of their own after the settings; as literals, so that no text of a user becomes code."""
    place = next(i for i, cell in enumerate(cells) if "parameters" in cell.tags)
    lines = [f"{name} = {json.loads(json.dumps(value))!r}" for name, value in values.items()]
    own = Cell("code", "# Settings of this report\n" + "\n".join(lines))
    return [*cells[: place + 1], own, *cells[place + 1 :]]


def _execute(cells: Sequence[Cell], folder: Path, live: bool, scratch: str) -> tuple[list[dict[str, Any]], str]:
    """Run the code in a process of its own; return what each cell shows and the title, the value of `report.title`.

    Parameters
    ----------
    cells : sequence of Cell
        Those with code.
    folder : Path
        Where the process works.
    live : bool
        Whether the progress line is renewed while a step runs.
    scratch : str
        A folder for what the process lays aside. A process with large tables may end before it has tidied up; the
        caller removes the folder.
    """
    environment = os.environ | {"MPLBACKEND": "agg", "TQDM_DISABLE": "1"}
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
    sources = [cell.source for cell in cells] + [TITLE]
    said = Path(scratch, "errors.txt")
    with said.open("wb") as errors:
        command = [sys.executable, "-m", "loyalty.report.run.cells"]
        work = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            _hand_over(work, sources)
            shown = [
                _await_step(work, cell, f"[{number}/{len(cells)}] {cell.label}", live, said)
                for number, cell in enumerate(cells, 1)
            ]
            title = _read_line(work)
        finally:
            work.kill()
            work.wait()
            if work.stdout is not None:
                work.stdout.close()
    return shown, (title or {}).get("text", "") or "Report"


def _hand_over(work: subprocess.Popen[bytes], sources: Sequence[str]) -> None:
    """Send the code to the process; if it has ended already, the first step that is awaited tells."""
    assert work.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        work.stdin.write(json.dumps(sources).encode("ascii"))
        work.stdin.close()


def _read_line(work: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """What the process says of the next cell; None if it has ended."""
    assert work.stdout is not None
    line = work.stdout.readline()
    return json.loads(line) if line.endswith(b"\n") else None


def _await_step(work: subprocess.Popen[bytes], cell: Cell, words: str, live: bool, said: Path) -> dict[str, Any]:
    """Wait for one cell, with its progress on the screen; raise what it ended with."""
    began = time.perf_counter()
    done = threading.Event()
    ticker = threading.Thread(target=_show_progress, args=(words, done), daemon=True)
    if live:
        ticker.start()
    try:
        line = _read_line(work)
    finally:
        done.set()
        if live:
            ticker.join()
    if line is None:
        last = said.read_text(encoding="utf-8", errors="replace")[-5000:]
        raise Broken(f"the step '{cell.label}' ended by itself: was there too little memory?", hide_personal(last))
    if "error" in line:
        raise _explain(line, cell.label)
    read = line["text"].removeprefix("Tables: ") if line["text"].startswith("Tables: ") else ""
    _say_done(f"{words}, {time.perf_counter() - began:.1f} s", read, live)
    return line


def _show_progress(words: str, done: threading.Event) -> None:
    """Renew the line of a step twice a second until it is done."""
    began = time.perf_counter()
    while not done.is_set():
        print(f"\r{words} … {time.perf_counter() - began:.0f} s ", end="", file=sys.stderr, flush=True)
        done.wait(0.5)


def _say_done(words: str, read: str, live: bool) -> None:
    line = f"{words} ({read})" if read else words
    print(f"\r{line:<78}" if live else line, file=sys.stderr, flush=True)


def _explain(line: dict[str, Any], label: str) -> Exception:
    """The error of a step: a message that was written for the reader is shown as it is."""
    if line["words"]:
        return NotATable(line["words"])
    name, message = line["error"]
    first = (message.strip().splitlines() or [""])[0][:200]
    return Broken(f"the step '{label}' stopped ({name}: {hide_personal(first)})", hide_personal(line["trace"]))


def _make_body(cells: Sequence[Cell], shown: Iterable[dict[str, Any]]) -> str:
    """What the cells show, without their code, and without what is meant for work by hand."""
    import mistune

    parts = []
    results = iter(shown)
    for cell in cells:
        found = next(results)["shown"] if cell.kind == "code" else []
        if "by-hand" in cell.tags:
            continue
        if cell.kind == "markdown":
            parts.append(str(mistune.html(cell.source)))
        for part in found:
            parts.append(part["html"] if "html" in part else _show_chart(part))
    return "\n".join(parts)


def _show_chart(part: dict[str, Any]) -> str:
    picture = (
        f'<img alt="{html.escape(part["alt"])}" width="{part["width"]}" src="data:image/png;base64,{part["png"]}">'
    )
    return f'<div class="frame">{picture}</div>'


def main(arguments: Sequence[str]) -> int:
    """Run a template from the command line: 0, or 2 with one plain message."""
    home = Path(os.environ.get("LOYALTY_HOME") or ROOT / ".workshop")
    began = time.perf_counter()
    try:
        order = read_order(arguments, Path(os.environ.get("LOYALTY_FROM") or Path.cwd()))
        print(f"Running {order.template.stem} on Python {sys.version.split()[0]} …", file=sys.stderr, flush=True)
        files = run_order(order, live=sys.stderr.isatty())
    except (TableError, NotATable) as error:
        print(f"workshop: {error}\nNothing was written.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nworkshop: stopped; nothing was written.", file=sys.stderr)
        return 130
    except Exception as error:  # the user sees no traceback: it is kept in a file for the person who helps
        import traceback

        details = error.details if isinstance(error, Broken) else traceback.format_exc()
        says = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {hide_personal(str(error)[:200])}"
        home.mkdir(parents=True, exist_ok=True)
        (home / "last_error.txt").write_text(f"{says}\n\n{hide_personal(details)}", encoding="utf-8")
        place = f"{home.name}/last_error.txt"
        print(f"workshop: {says}\nNothing was written. For whoever helps you: {place}", file=sys.stderr)
        return 2
    names = ", ".join(path.name for path in files)
    print(f"Written in {time.perf_counter() - began:.0f} s: {names} in {files[0].parent}")
    return 0
