"""Each verb starts what it names, and what goes wrong is one line with exit code 2."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from loyalty.launch import verbs
from loyalty.launch.project import Project, Stop, clean_environment, end_child, run_child


@pytest.fixture
def ran(monkeypatch):
    """The commands that a verb would start; each ends with the code in `codes`, or 0."""
    commands, codes, pythons = [], {}, []

    def note(command, project, environment=None):
        pythons.append(command[0])
        commands.append([str(part) for part in command[1:]])
        return codes.get(command[2], 0)

    monkeypatch.setattr(verbs, "run_child", note)
    monkeypatch.setattr(verbs, "prepare_venv", lambda project, *, tests=False: "test tools" if tests else "lessons")
    note.commands, note.codes, note.pythons = commands, codes, pythons
    return note


def test_no_verb_means_lab_and_its_options_are_passed_on(project, ran, capsys):
    assert verbs.main([], project) == 0
    assert verbs.main(["--no-browser", "--port", "9123"], project) == 0
    first, second = ran.commands
    assert first[:2] == second[:2] == ["-m", "jupyterlab"]
    assert "--no-browser" in second
    assert "--no-browser" not in first
    assert "--ServerApp.port=9123" in second
    assert "--ServerApp.answer_yes=True" in first  # one Ctrl-C is enough


def test_a_busy_port_makes_way_for_a_free_one_with_one_line(project, ran, capsys):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert verbs.main(["--port", str(port)], project) == 0
        assert f"Port {port} is busy" in capsys.readouterr().out
        assert f"--ServerApp.port={port}" not in ran.commands[0]


def test_ctrl_c_in_lab_is_a_clean_end(project, ran, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "run_child", stop)
    assert verbs.main(["lab"], project) == 0
    assert verbs.main(["build"], project) == 130


def test_test_lints_and_tests_everything_but_what_participants_write(project, ran):
    (project.root / "workshop.py").touch()
    (project.root / "exercises").mkdir()
    assert verbs.main(["test"], project) == 0
    check, form, tests = ran.commands
    assert check == ["-m", "ruff", "check", "--quiet", "--output-format=concise", "helpers", "workshop.py"]
    assert form == ["-m", "ruff", "format", "--check", "--quiet", "helpers", "workshop.py"]
    assert tests == ["-m", "pytest", "-n", "auto", "--maxprocesses", "2", "--dist", "loadfile", "-m", "not slow"]
    assert ran.pythons == ["test tools"] * 3


def test_test_all_adds_the_slow_tests_and_builds_every_notebook_anew(project, ran):
    ran.codes["--check"] = 1
    assert verbs.main(["test", "--all"], project) == 1
    *_, tests, build = ran.commands
    assert len(ran.commands) == 4
    assert tests == ["-m", "pytest", *verbs.PARALLEL]
    assert build == ["authoring/build.py", "--check"]


def test_side_by_side_a_file_stays_in_one_process_and_so_do_all_of_tasks(root, tmp_path):
    """Real workers: a way of sharing out may be ignored in silence, and what a file shares is then made in each."""
    (tmp_path / "tasks").mkdir()
    shutil.copy(root / "helpers" / "tests" / "conftest.py", tmp_path)
    note = f"open({str(tmp_path / 'ran')!r}, 'a').write(f'{{__file__}}|{{os.environ[\"PYTEST_XDIST_WORKER\"]}}\\n')"
    tests = "".join(f"\n\ndef test_{part}():\n    {note}\n" for part in range(6))
    for name in ("test_0", "test_1", "test_2", "test_3", "tasks/test_4", "tasks/test_5"):
        (tmp_path / f"{name}.py").write_text(f"import os{tests}", encoding="utf-8")
    environment = {name: value for name, value in clean_environment().items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *verbs.PARALLEL, "-n", "2", "-q", "-p", "no:cacheprovider"]
    command += ["--import-mode=importlib", "--rootdir", tmp_path]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stdout
    ran = [line.split("|") for line in (tmp_path / "ran").read_text(encoding="utf-8").splitlines()]
    assert len(ran) == 36 and len({worker for _, worker in ran}) == 2
    assert len({(file, worker) for file, worker in ran}) == 6, "a file's tests ran in two processes"
    assert len({worker for file, worker in ran if Path(file).parent.name == "tasks"}) == 1


def test_test_fails_when_only_the_linter_does_and_still_runs_the_tests(project, ran):
    ran.codes["ruff"] = 1
    assert verbs.main(["test"], project) == 1
    assert len(ran.commands) == 3


def test_test_with_arguments_runs_just_that_without_the_coverage_limit(project, ran):
    assert verbs.main(["test", "helpers/tests/test_tables.py", "-x"], project) == 0
    assert ran.commands == [["-m", "pytest", "helpers/tests/test_tables.py", "-x"]]


@pytest.mark.parametrize(
    ("arguments", "command", "python"),
    [
        (["build", "--check", "12_profile"], ["authoring/build.py", "--check", "12_profile"], "test tools"),
        (["new", "39", "Run the budget"], ["authoring/new.py", "39", "Run the budget"], "test tools"),
        (["progress"], ["-m", "loyalty.cli", "progress"], "lessons"),
    ],
)
def test_build_new_and_progress_run_inside_the_venv(project, ran, arguments, command, python):
    assert verbs.main(arguments, project) == 0
    assert (ran.commands, ran.pythons) == ([command], [python])


def test_an_exit_code_of_a_child_is_the_verbs_own(project, ran):
    ran.codes["--check"] = 1
    assert verbs.main(["build", "--check"], project) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["labb"], "no verb 'labb'; there are lab, test, build"),
        (["reset"], "Say which exercise"),
        (["reset", "99"], "There is no exercise 99"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(project, capsys, arguments, words):
    assert verbs.main(arguments, project) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_an_error_of_the_system_is_one_line_and_exit_code_2(project, ran, monkeypatch, capsys):
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied", "the folder")

    monkeypatch.setattr(verbs, "prepare_venv", fail)
    assert verbs.main(["lab"], project) == 2
    assert capsys.readouterr().err == "workshop: Permission denied: the folder\n"


def test_help_names_every_verb(capsys):
    assert verbs.main(["--help"]) == 0
    screen = capsys.readouterr().out
    assert all(f"  {name} " in screen for name in verbs.VERBS)


def test_doctor_is_told_which_port_lab_would_take(project, monkeypatch):
    seen = []
    monkeypatch.setattr(verbs, "examine", lambda *found: seen.extend(found) or 1)
    assert verbs.main(["doctor"], project) == 1
    assert seen[0] == project
    assert seen[1] == verbs.PORT


def test_when_fifty_ports_are_busy_any_free_one_is_taken(monkeypatch):
    assert verbs.find_port(70_000) > 0
    monkeypatch.setattr(verbs.socket.socket, "bind", lambda *_: (_ for _ in ()).throw(OSError))
    with pytest.raises(Stop, match="No port"):
        verbs.find_port(8888)


def test_link_says_when_the_interpreter_is_not_the_users_to_change(project, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "place_pth", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert verbs.main(["link"], project) == 2
    assert "environment of your own" in capsys.readouterr().err


def test_link_says_when_another_package_stands_in_the_way(project, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "place_pth", lambda *_: None)  # so that another clone's package is found
    assert verbs.main(["link"], project) == 2
    assert "does not find this package" in capsys.readouterr().err


def test_a_child_runs_at_the_root_and_gives_its_code(project):
    code = "import os, sys; sys.exit(7 if os.path.exists('requirements.lock') else 1)"
    assert run_child([sys.executable, "-c", code], project) == 7


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit])
def test_no_child_outlives_the_launcher(project, monkeypatch, reason):
    children = []

    class Child(subprocess.Popen):
        def wait(self, timeout=None):
            if self not in children:
                children.append(self)
                raise reason
            return super().wait(0.2 if timeout else timeout)

    monkeypatch.setattr(subprocess, "Popen", Child)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    with pytest.raises(reason):
        run_child([sys.executable, "-c", stubborn], project)
    assert children[0].poll() is not None


def ask(address: str, token: str | None) -> dict:
    request = urllib.request.Request(address, headers={"Authorization": f"token {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def find_server(runtime: Path) -> dict | None:
    """What JupyterLab wrote of itself, once it answers: its file is there before it listens, perhaps half-written."""
    try:
        about = json.loads(next(runtime.glob("jpserver-*.json")).read_text(encoding="utf-8"))
        ask(f"{about['url']}api", about["token"])
    except (StopIteration, OSError, ValueError):
        return None
    return about


def test_a_real_jupyterlab_opens_lessons_and_exercises_with_a_token_and_without_news(project, tmp_path):
    first = project.root / Path(verbs.FIRST_PAGE.removeprefix("/lab/tree/"))
    blank = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    for path in (first, project.root / "exercises" / "1_prepare" / "12_customer_profile.ipynb"):
        path.parent.mkdir(parents=True)
        path.write_text(blank, encoding="utf-8")
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("RUNTIME", "DATA")}
    environment = clean_environment(JUPYTER_CONFIG_DIR=str(verbs.write_settings(project)), **folders)
    options = [*verbs.lab_options(project, verbs.find_port(9800)), "--no-browser"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(3_000):  # a busy machine may take minutes
            if about := find_server(Path(folders["JUPYTER_RUNTIME_DIR"])):
                break
            assert server.poll() is None
            time.sleep(0.1)
        url, token = about["url"], about["token"]
        assert url.startswith("http://127.0.0.1:")
        assert ask(f"{url}api/contents/notebooks/0_start/00_start_here.ipynb", token)["type"] == "notebook"
        assert ask(f"{url}api/contents/exercises/1_prepare/12_customer_profile.ipynb", token)["type"] == "notebook"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(f"{url}api/contents", None)
        kernels = ask(f"{url}api/kernelspecs", token)["kernelspecs"]
        assert kernels["python3"]["spec"]["argv"][0] in ("python", sys.executable)  # jupyter puts its own Python there
        settings = ask(f"{url}lab/api/settings/@jupyterlab/apputils-extension:notification", token)
        assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
        server.send_signal(signal.SIGTERM)  # not SIGINT: whoever starts the tests in the background ignores it for all
        assert server.wait(120) in (0, 1, -signal.SIGTERM)
    finally:
        end_child(server, patience=0)


def test_the_first_page_is_where_lab_opens(root):
    assert (root / verbs.FIRST_PAGE.removeprefix("/lab/tree/")).exists()
    assert Project(root).lock().exists()
