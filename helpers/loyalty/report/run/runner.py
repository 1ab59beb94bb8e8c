"""Runs a template on an analyst's tables and writes all of its files, or none: the work of `workshop.py run`.

nbclient runs the notebook, and nbconvert makes one page of it. JupyterLab brings both, so no further package is needed
to run notebooks with parameters. `read_order` checks the parameters.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loyalty.report.output.marks import make_mark
from loyalty.report.output.privacy import hide_personal
from loyalty.report.run.order import ROOT, SEND, Order, find_like, read_notebook, read_order
from loyalty.tables.check import TableError
from loyalty.tables.scratch import Scratch
from loyalty.tables.sources import NotATable


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
        notebook = read_notebook(order.template)
        _inject(notebook, (order.values or {}) | {"save_as": str(folder / order.out.stem)})
        with Scratch("loyalty-run-") as scratch:
            title = asyncio.run(_execute(notebook, folder, live, str(scratch)))
        made = order.list_made(folder)
        made[0].write_text(_export(notebook, title, make_mark(order.template.stem)), encoding="utf-8", newline="\n")
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


def _inject(notebook: Any, values: dict[str, Any]) -> None:
    """Put the values in a cell of their own after the settings; as literals, so that no text of a user becomes code."""
    import nbformat.v4

    place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    lines = [f"{name} = {json.loads(json.dumps(value))!r}" for name, value in values.items()]
    cell = nbformat.v4.new_code_cell("# Settings of this report\n" + "\n".join(lines), id="settings")
    notebook.cells.insert(place + 1, cell)


async def _execute(notebook: Any, folder: Path, live: bool, scratch: str) -> str:
    """Run all cells in a kernel of this Python; return the report's title, the value of `report.title`."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from nbformat.v4 import new_code_cell

    class ThisPython(KernelSpecManager):
        """Gives the kernel of this interpreter, whatever kernels the user has installed."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "--HistoryManager.enabled=False", "-f"]
            encryption = {"supported_encryption": ["curve"]}  # else ipykernel 7 warns about plain TCP
            return KernelSpec(argv=[*argv, "{connection_file}"], display_name="Python 3", metadata=encryption)

    ask = new_code_cell("%config InlineBackend.figure_formats = ['retina']")
    notebook.cells.append(ask)
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_DISABLE": "1"}
    # A kernel with large tables may be ended before it has tidied up: what it lays aside is removed from here
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
    environment["IPYTHONDIR"] = str(folder / "ipython")  # no settings and no history of the user's
    manager = AsyncKernelManager(kernel_spec_manager=ThisPython(), transport_encryption="auto")
    options = {"record_timing": False, "coalesce_streams": True, "force_raise_errors": True}
    client = NotebookClient(notebook, km=manager, timeout=None, **options)
    steps = [cell for cell in notebook.cells[:-1] if cell.cell_type == "code"]
    async with client.async_setup_kernel(cwd=str(folder), env=environment, cleanup_kc=True):
        await client.async_execute_cell(ask, len(notebook.cells) - 1)
        for number, cell in enumerate(steps, 1):
            label = cell.source.split("\n")[0].removeprefix("# ") if cell.source.startswith("# ") else "Working"
            began = time.perf_counter()
            progress = asyncio.create_task(_show_progress(f"[{number}/{len(steps)}] {label}", live))
            try:
                await client.async_execute_cell(cell, notebook.cells.index(cell))
            except CellExecutionError:
                raise _explain(cell, label) from None
            except DeadKernelError:
                raise Broken(f"the step '{label}' ended by itself: was there too little memory?", "") from None
            finally:
                progress.cancel()
                await asyncio.gather(progress, return_exceptions=True)
            texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
            read = next((text for text in texts if text.startswith("Tables: ")), "").removeprefix("Tables: ")
            _say_done(f"[{number}/{len(steps)}] {label}, {time.perf_counter() - began:.1f} s", read, live)
        ask.source = "print(report.title, end='')"
        await client.async_execute_cell(ask, len(notebook.cells) - 1)
    notebook.cells.pop()
    return "".join(output.get("text", "") for output in ask.outputs) or "Report"


async def _show_progress(words: str, live: bool) -> None:
    began = time.perf_counter()
    while live:
        print(f"\r{words} … {time.perf_counter() - began:.0f} s ", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(0.5)


def _say_done(words: str, read: str, live: bool) -> None:
    line = f"{words} ({read})" if read else words
    print(f"\r{line:<78}" if live else line, file=sys.stderr, flush=True)


def _explain(cell: Any, label: str) -> Exception:
    failed = next(output for output in cell.outputs if output.output_type == "error")
    trace = "\n".join(failed.traceback)
    if trace.lstrip().startswith("❌"):  # the exception was written for the reader: shown as it is
        return NotATable(trace.lstrip().removeprefix("❌").strip())
    first = (failed.evalue.strip().splitlines() or [""])[0][:200]
    return Broken(f"the step '{label}' stopped ({failed.ename}: {hide_personal(first)})", hide_personal(trace))


def _export(notebook: Any, title: str, mark: str) -> str:
    """Make the page: what cells show, without code, warnings, and what is meant for work by hand."""
    from nbconvert import HTMLExporter

    from loyalty.report.output.html import make_page

    notebook.cells = [cell for cell in notebook.cells if "by-hand" not in cell.metadata.get("tags", [])]
    heading = title
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            heading = cell.source.splitlines()[0].lstrip("# ")
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata.setdefault("image/png", {})["alt"] = f"Chart: {heading}"
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
        mathjax_url="",
        require_js_url="",
    )
    footer = ["Made with the Loyalty Analytics Workshop."]
    return make_page(exporter.from_notebook_node(notebook)[0], title, footer, mark)


def main(arguments: Sequence[str]) -> int:
    """Run a template from the command line: 0, or 2 with one plain message."""
    home = Path(os.environ.get("LOYALTY_HOME") or ROOT / ".workshop")
    began = time.perf_counter()
    try:
        order = read_order(arguments, Path(os.environ.get("LOYALTY_FROM") or Path.cwd()))
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
