"""A real JupyterLab, started by the launcher on a throw-away copy of the notebooks, and a real Chromium to use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

HOW = "`.ci/run` makes an environment with playwright and runs these tests in it (docs/maintaining.md, What CI adds)"
# The launcher without its set-up, which would tell .venv that the project has moved to the copy.
START = """
import sys
from pathlib import Path
from loyalty.launch import project, verbs
verbs.prepare_venv = lambda _: Path(sys.argv[1])
sys.exit(verbs.main(["lab", "--no-browser", "--port", "0"], project.Project(Path(sys.argv[2]))))
"""
FLAGS = (
    *"--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-component-update --disable-sync".split(),
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what asks the internet is seen, and gets nowhere
)
READY = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready; await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
CELLS = "() => window.jupyterapp.shell.currentWidget.context.model.toJSON().cells"
COUNT = f"() => Math.max(0, ...({CELLS})().map(cell => cell.execution_count ?? 0))"
RESTING = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
DONE = f"""() => ({RESTING})() && ({CELLS})().every(
  cell => cell.cell_type !== "code" || !cell.source.length || cell.execution_count
)"""


@dataclass
class Lab:
    """A running server: its address, its token, its folder and what it has printed."""

    url: str
    token: str
    folder: Path
    log: Path


@dataclass
class Desk:
    """A notebook open in a browser tab, and what the tab has complained of and asked for so far."""

    page: Any
    lab: Lab
    shots: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, notebook: str) -> None:
        """Open a notebook by its path in the project, without its old outputs, and wait for its kernel."""
        # In a workspace of its own, because JupyterLab opens again what was open in the last one.
        workspace = f"lab/workspaces/{self.shots.name}-{Path(notebook).stem}"
        self.page.goto(f"{self.lab.url}{workspace}/tree/{notebook}?token={self.lab.token}")
        self.page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=60_000)
        self.page.evaluate(READY)

    def run_all(self, seconds: int = 120) -> list[dict[str, Any]]:
        """Click Run → Run All Cells, wait for the last cell, and return the cells."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.page.wait_for_function(DONE, timeout=seconds * 1000)
        return self.cells()

    def cells(self) -> list[dict[str, Any]]:
        """The notebook as it is now."""
        return self.page.evaluate(CELLS)

    def cell(self, source: str) -> Any:
        """The one code cell on the screen whose source holds this."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=source))

    def type_into(self, source: str, code: str) -> None:
        """Replace a cell's code by way of the keyboard and run it with Shift-Enter."""
        self.cell(source).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(code)
        self._run()

    def run(self, source: str) -> str:
        """Run one cell with Shift-Enter and return the words of its output."""
        self.cell(source).locator(".cm-content").click()
        self._run()
        return self.cell(source).locator(".jp-OutputArea-output").inner_text()

    def _run(self) -> None:
        """Press Shift-Enter and wait until the kernel has counted one more cell."""
        before = self.page.evaluate(COUNT)
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function(f"before => ({COUNT})() > before && ({RESTING})()", arg=before, timeout=60_000)

    def shoot(self, name: str) -> None:
        """Keep a picture of the screen."""
        self.page.screenshot(path=self.shots / f"{name}.png")

    def strangers(self) -> list[str]:
        """What was asked of any other address than the lab's."""
        return [url for url in self.requests if not re.match(rf"(https?|wss?)://{self.lab.url[7:]}|data:|blob:", url)]


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def copy_without_outputs(root: Path, copy: Path) -> None:
    """Copy what a participant would open; whoever runs these tests keeps their own files as they are."""
    for source in [path for name in ("notebooks", "exercises", "solutions") for path in (root / name).rglob("*.ipynb")]:
        if ".mine-" in source.name or ".ipynb_checkpoints" in source.parts:
            continue
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
        target = copy / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def write_settings(folder: Path) -> dict[str, str]:
    """Folders of its own for Jupyter, and the two settings by which a test can see what it does."""
    config, user = folder / "home" / "jupyter", folder / "user"
    tracker = user / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    for path, content in (
        (config / "jupyter_lab_config.json", {"LabApp": {"expose_app_in_browser": True}}),
        (tracker, {"windowingMode": "none"}),  # cells that are scrolled away would not exist
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    names = ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    return {name: str(folder / name.lower()) for name in names} | {
        "JUPYTERLAB_SETTINGS_DIR": str(user), "LOYALTY_HOME": str(folder / "home"),
    }  # fmt: skip


def wait_for(look: Callable[[], Any], server: subprocess.Popen, log: Path) -> Any:
    """Look again and again, for a minute at most, while the server lives."""
    for _ in range(600):
        if server.poll() is None and (found := look()):
            return found
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def lab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    python = root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        pytest.skip("there is no .venv to take JupyterLab from: `python3 workshop.py doctor` makes one")
    folder = tmp_path_factory.mktemp("lab")
    copy, log, runtime = folder / "workshop", folder / "lab.log", folder / "jupyter_runtime_dir"
    copy_without_outputs(root, copy)
    # Figures appear in the notebook only if nothing has chosen where they go.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"} | write_settings(folder)
    command = [sys.executable, "-c", START, str(python), str(copy)]

    def read_address() -> Lab | None:
        for path in runtime.glob("jpserver-*.json"):
            try:
                server = json.loads(path.read_text(encoding="utf-8"))
                with urlopen(f"{server['url']}api?token={server['token']}"):
                    return Lab(server["url"], server["token"], copy, log)
            except (OSError, ValueError):  # half-written, or not yet listening
                continue
        return None

    with log.open("w", encoding="utf-8") as words:
        server = subprocess.Popen(command, cwd=copy, env=environment, stdout=words, stderr=subprocess.STDOUT)
        try:
            yield wait_for(read_address, server, log)
        finally:
            server.terminate()  # the launcher then ends its JupyterLab
            server.wait(30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason=f"no playwright here: {HOW}")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(f"no Chromium on this machine: {HOW}; on Debian: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def desk(browser: Any, lab: Lab, tmp_path: Path) -> Iterator[Desk]:
    shots = Path(os.environ.get("LOYALTY_SCREENSHOTS") or tmp_path)
    shots.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1400, "height": 1050})
    page = context.new_page()
    page.set_default_timeout(30_000)
    desk = Desk(page, lab, shots)
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    context.on("request", lambda request: desk.requests.append(request.url))
    page.on("websocket", lambda socket: desk.requests.append(socket.url))
    yield desk
    page.wait_for_function("() => window.jupyterapp?.serviceManager")  # a short test ends before JupyterLab has begun
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    context.close()
