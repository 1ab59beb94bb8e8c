"""Runs the cells of one authored file in a kernel of its own, and computes the numbers of its prose."""

from __future__ import annotations

import asyncio
import copy
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import nbformat.v4
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from authoring.source import EXPRESSION, Authored, AuthoringError, split_expression, split_solution, tags_of

SECONDS_A_CELL = 120
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# Installed after the kernel's own start, so that they judge the lesson and not Jupyter.
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("error", category=DeprecationWarning, module="__main__")
for name in ("ipykernel", "jupyter_client", "zmq", "traitlets"):
    warnings.filterwarnings("ignore", module=name)
del warnings, name
"""


# With which the examples are built; a user's own key is made at first use and never leaves his machine.
BUILD_KEY = "the key of the examples is no secret"


class _RunningPython(KernelSpecManager):
    """Gives the kernel of this interpreter, whatever kernels the user has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        encryption = {"supported_encryption": ["curve"]}  # else ipykernel 7 warns about plain TCP
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata=encryption)


def make_environment(ipython_folder: str) -> dict[str, str]:
    """Return the environment of a build: one numeric thread, no optional data, no settings and no key of the user's."""
    unwanted = ("LOYALTY_DATA", "LOYALTY_HOME", "LOYALTY_KEY", "PYTHONWARNINGS", "PYTHONSTARTUP")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOYALTY_BUILD"), "1")
    environment |= {
        "IPYTHONDIR": ipython_folder,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        "LOYALTY_SETTINGS": str(_write_key(Path(ipython_folder))),
    }
    return environment


def _write_key(folder: Path) -> Path:
    """Write a key that everybody knows into a folder of settings: else each machine would build other checksums."""
    path = folder / "settings" / "key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BUILD_KEY, encoding="utf-8")
    return path.parent


def lay_cells(authored: Authored) -> list[NotebookNode]:
    """Return the authored cells with their solutions, without the markers; nothing is run, prose is not filled in."""
    cells = copy.deepcopy(list(authored.cells))
    for number, cell in enumerate(cells):
        if cell.cell_type == "code":
            cell.source = split_solution(cell.source, authored.place(number))[1]
    return cells


def execute_authored(authored: Authored, cwd: Path) -> list[NotebookNode]:
    """Run an authored file from top to bottom, with its solutions, and fill in the numbers of its prose.

    Parameters
    ----------
    authored : Authored
    cwd : Path
        Folder in which the kernel runs.

    Returns
    -------
    list of NotebookNode
        All cells in their order: code with outputs and without solution markers, markdown with its numbers.

    Raises
    ------
    AuthoringError
        With file, cell, source line and the exception.
    """
    cells = lay_cells(authored)
    with tempfile.TemporaryDirectory(prefix="build-", ignore_cleanup_errors=True) as folder:
        asyncio.run(_run(authored, cells, cwd, folder))
    return cells


def execute_cells(cells: list[NotebookNode], path: Path, cwd: Path) -> list[NotebookNode]:
    """Run the cells of a finished notebook as they are; cells with optional data are left out."""
    return execute_authored(Authored(path, "notebook", "", {}, tuple(cells)), cwd)


async def _run(authored: Authored, cells: list[NotebookNode], cwd: Path, folder: str) -> None:
    scratch = nbformat.v4.new_code_cell()
    notebook = nbformat.v4.new_notebook(cells=[*cells, scratch])
    manager = AsyncKernelManager(kernel_spec_manager=_RunningPython(), transport_encryption="auto")
    options = {"record_timing": False, "coalesce_streams": True, "force_raise_errors": True}
    client = NotebookClient(notebook, km=manager, timeout=SECONDS_A_CELL, **options)

    async def compute(source: str) -> str:
        scratch.source = source
        await client.async_execute_cell(scratch, len(cells), store_history=False)
        return "".join(output.get("text", "") for output in scratch.outputs)

    async with client.async_setup_kernel(cwd=str(cwd), env=make_environment(folder), cleanup_kc=True):
        await compute(STRICT)
        shown = 0
        for number, cell in enumerate(cells):
            if cell.cell_type == "markdown" and authored.kind != "notebook":
                cell.source = await _fill_in(authored, number, cell.source, compute)
            if cell.cell_type != "code" or "optional-data" in tags_of(cell):
                continue
            is_hidden = "verify" in tags_of(cell)
            shown += not is_hidden
            try:
                await client.async_execute_cell(cell, number, store_history=not is_hidden)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
                raise AuthoringError(_explain(authored, number, cell, problem)) from None
            cell.execution_count = shown


async def _fill_in(authored: Authored, number: int, text: str, compute: Callable[[str], Awaitable[str]]) -> str:
    for match in reversed(list(EXPRESSION.finditer(text))):
        expression, style = split_expression(match[1])
        try:
            value = await compute(f"print(format(({expression}), {style!r}), end='')")
        except CellExecutionError as problem:
            line = text[: match.start()].count("\n") + 1
            says = f"{problem.ename}: {problem.evalue}"
            raise AuthoringError(f"{authored.place(number, line)}: {match[0]} failed. {says}") from None
        value = re.sub("(?<=[0-9])%", "\N{NO-BREAK SPACE}%", value)  # "95 %", as the prose writes it
        text = text[: match.start()] + value + text[match.end() :]
    if "{{" in text or "}}" in text:
        raise AuthoringError(f"{authored.place(number)}: double braces without a partner, or nested.")
    return text


def _explain(authored: Authored, number: int, cell: NotebookNode, problem: Exception) -> str:
    if not isinstance(problem, CellExecutionError):
        reason = "the kernel died" if isinstance(problem, DeadKernelError) else f"longer than {SECONDS_A_CELL} s"
        return f"{authored.place(number)}: {reason}."
    trace = "\n".join(line for output in cell.outputs for line in output.get("traceback", []))
    found = re.search(r"Cell In\[\d+\], line (\d+)", ANSI.sub("", trace))
    lines = cell.source.splitlines()
    line = int(found[1]) if found and int(found[1]) <= len(lines) else None
    shown = f"\n    {lines[line - 1].strip()}" if line else ""
    return f"{authored.place(number, line)}: {problem.ename}: {problem.evalue.strip()}{shown}"
