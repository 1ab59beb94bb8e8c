"""The .venv is made once, mended where it can be and made anew where it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty.launch import venv
from loyalty.launch.project import Project, Stop, clean_environment, find_project
from loyalty.launch.venv import prepare_venv, read_stamp, write_stamp


def test_a_first_start_makes_the_venv_and_the_second_installs_nothing(project, machine, capsys):
    prepare_venv(project)
    assert machine.installed == ["requirements.lock"]
    assert "Setting up .venv" in capsys.readouterr().out
    prepare_venv(project)
    assert machine.installed == ["requirements.lock"]
    assert capsys.readouterr().out == ""


def test_the_tests_add_their_tools_once_and_the_lessons_then_need_nothing_more(project, machine):
    prepare_venv(project)
    prepare_venv(project, tests=True)
    prepare_venv(project)
    prepare_venv(project, tests=True)
    assert machine.installed == ["requirements.lock", "requirements-test.lock"]


def test_a_changed_lock_is_installed_into_the_venv_that_is_there(project, machine, capsys):
    prepare_venv(project)
    project.lock().write_text("pandas==3.1.2\n", encoding="utf-8")
    capsys.readouterr()
    prepare_venv(project)
    assert machine.installed == ["requirements.lock"] * 2
    assert "making it anew" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"python": "3.8"}, "is for Python 3.8"),
        ({"missing": ["pandas", "duckdb"]}, "lacks pandas, duckdb"),
    ],
)
def test_a_venv_of_another_python_or_with_packages_gone_is_made_anew(project, machine, capsys, seen, words):
    prepare_venv(project)
    (project.venv / "old").touch()
    machine.seen.update(seen)
    prepare_venv(project)
    assert not (project.venv / "old").exists()
    assert machine.installed == ["requirements.lock"] * 2
    assert [line for line in capsys.readouterr().out.splitlines() if words in line and "anew" in line]


@pytest.mark.parametrize("text", ['{"finished": false}', '{"x', "[]", "{}"])
def test_a_venv_left_half_made_is_made_anew(project, machine, capsys, text):
    prepare_venv(project)
    project.stamp.write_text(text, encoding="utf-8")
    prepare_venv(project)
    assert "was left half-made: making it anew" in capsys.readouterr().out
    assert read_stamp(project)["finished"]


def test_a_venv_without_its_interpreter_is_made_anew(project, machine, capsys):
    prepare_venv(project)
    project.python.unlink()
    prepare_venv(project)
    assert "has lost its Python" in capsys.readouterr().out
    assert machine.installed == ["requirements.lock"] * 2


def test_a_file_or_a_dead_link_in_the_place_of_the_venv_makes_way(project, machine):
    project.venv.write_text("not a folder", encoding="utf-8")
    assert prepare_venv(project).exists()
    if os.name != "nt":
        venv.remove(project.venv)
        project.venv.symlink_to(project.root / "nowhere")
        assert prepare_venv(project).exists()


def test_a_venv_made_by_other_hands_is_filled_and_kept(project, machine, capsys):
    machine.run_venv(project)
    (project.venv / "mine").touch()
    prepare_venv(project)
    assert (project.venv / "mine").exists()
    assert machine.installed == ["requirements.lock"]
    assert "anew" not in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="the commands of Windows are programs, not text")
@pytest.mark.parametrize("first", ["#!/old/place/.venv/bin/python\n", "#!/bin/sh\n'''exec' \"/old/p\" \"$0\"\n' '''\n"])
def test_a_moved_folder_keeps_its_packages_and_its_commands_find_the_new_place(project, machine, capsys, first):
    prepare_venv(project)
    write_stamp(project, {**read_stamp(project), "folder": "/old/place"})
    command, other = project.python.with_name("jupyter"), project.python.with_name("activate")
    command.write_text(f"{first}import re\nmain()\n", encoding="utf-8")
    other.write_text("# a shell script\n", encoding="utf-8")
    prepare_venv(project)
    assert machine.installed == ["requirements.lock"]
    assert "has moved" in capsys.readouterr().out
    assert command.read_text(encoding="utf-8").splitlines()[1] == f'\'\'\'exec\' "{project.python}" "$0" "$@"'
    assert command.read_text(encoding="utf-8").endswith("' '''\nimport re\nmain()\n")
    assert other.read_text(encoding="utf-8") == "# a shell script\n"
    prepare_venv(project)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("WARNING: Retrying after 'NewConnectionError(…)'\nERROR: No matching distribution found", "check the network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: one\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "pip failed: THESE PACKAGES DO NOT MATCH"),
        ("", "it gave no reason"),
    ],
)
def test_a_failed_install_is_one_plain_line_and_the_next_start_tries_again(project, machine, said, words):
    machine.code, machine.said = 1, said
    with pytest.raises(Stop, match=words) as caught:
        prepare_venv(project)
    assert "\n" not in str(caught.value)
    machine.code = 0
    assert prepare_venv(project)
    assert len(machine.installed) == 2


@pytest.mark.parametrize(
    ("line", "finished"), [("Collecting pandas", True), ("Installing collected packages: a", False)]
)
def test_a_good_venv_stays_good_until_pip_begins_to_unpack(project, machine, monkeypatch, line, finished):
    prepare_venv(project)
    monkeypatch.undo()
    code = f"import sys; print({line!r}); sys.exit(3)"
    command = [sys.executable, "-c", code, "requirements.lock"]
    assert venv.run_pip(command, project, project.home / "setup.log") == 3
    assert read_stamp(project)["finished"] is finished
    assert (project.home / "setup.log").read_text(encoding="utf-8").strip() == line


def test_pip_takes_only_hashed_and_ready_built_files(project, machine, monkeypatch):
    seen = []
    monkeypatch.setattr(venv, "run_pip", lambda command, *_: seen.extend(command) or 0)
    prepare_venv(project)
    assert {"--require-hashes", "--no-deps", "--only-binary", "--compile"} <= set(seen)


def test_a_python_without_venv_is_told_the_one_command(project, machine, monkeypatch):
    monkeypatch.setattr(venv.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Stop, match=rf"sudo apt install python{venv.VERSION}-venv"):
        prepare_venv(project)


def test_a_failing_venv_module_is_one_line_and_leaves_no_folder(project, machine, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "first\nthe last line\n")
    monkeypatch.setattr(venv, "run_venv", lambda *_: failed)
    with pytest.raises(Stop, match="could not make .venv: the last line"):
        prepare_venv(project)
    assert not project.venv.exists()


def test_a_venv_that_does_not_answer_after_it_was_made_is_said(project, machine, monkeypatch):
    monkeypatch.setattr(venv, "probe", lambda project: None)
    with pytest.raises(Stop, match="try another Python"):
        prepare_venv(project)


def test_a_folder_where_nothing_can_be_saved_is_one_line(project, machine):
    project.home.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(Stop, match="Nothing can be saved") as caught:
        prepare_venv(project)
    assert "\n" not in str(caught.value)
    assert machine.installed == []


def test_the_package_is_put_on_the_path_when_its_line_is_gone(project, machine):
    prepare_venv(project)
    machine.seen["linked"] = False
    with pytest.raises(Stop, match="Another package named loyalty"):  # the stand-in never sees the new line
        prepare_venv(project)
    line = (project.venv / "lib/site-packages" / venv.PTH).read_text(encoding="ascii")
    assert line == "../../../helpers\n"


def test_the_line_works_from_a_real_venv_in_a_folder_with_a_space_and_other_letters(project, tmp_path):
    for place in (project.venv, tmp_path / "elsewhere"):  # beside the package; far from it, as conda's is
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        environment = clean_environment()
        site = subprocess.run(ask, capture_output=True, encoding="utf-8", check=True, env=environment).stdout.strip()
        text = venv.place_pth(project.helpers, Path(site)).read_bytes()
        assert text.isascii()
        assert (b"import" in text) == (place != project.venv)  # relative wherever that is ASCII
        for coding in ({}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
            subprocess.run([python, "-c", "import loyalty"], check=True, env={**environment, **coding}, cwd=tmp_path)


def test_a_venv_without_pip_does_not_count_as_one(project):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project.venv], check=True)
    assert venv.probe(project) is None


class Here(Project):
    """This clone, with the environment that runs the tests in the place of .venv."""

    venv = Path(sys.prefix)
    python = Path(sys.executable)
    stamp = Path("never written")


def test_a_second_start_installs_nothing_and_says_nothing(root, monkeypatch, capsys):
    project = Here(root)
    stamp = {"folder": project.folder, "finished": True, "user": venv.digest(project.lock())}
    monkeypatch.setattr(venv, "read_stamp", lambda project: stamp)
    monkeypatch.setattr(venv, "install", lambda *_, **__: pytest.fail("installed"))
    assert prepare_venv(project) == Path(sys.executable)
    assert capsys.readouterr().out == ""


def test_foreign_variables_and_a_user_site_do_not_reach_the_venv(monkeypatch, tmp_path):
    (tmp_path / "loyalty.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "JUPYTER_PATH", "PIP_TARGET", "MPLBACKEND"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PIP_USER", "1")
    environment = clean_environment(EXTRA="yes")
    assert str(tmp_path) not in environment.values()
    assert (environment["PIP_USER"], environment["PYTHONNOUSERSITE"], environment["EXTRA"]) == ("0", "1", "yes")
    subprocess.run([sys.executable, "-c", "import loyalty"], env=environment, cwd=tmp_path.parent, check=True)


def test_the_stamp_is_the_same_under_every_locale(project):
    write = "import sys; from pathlib import Path; from loyalty.launch.project import Project\n" + (
        "import json; print(json.dumps(Project(Path(sys.argv[1])).folder))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment["PYTHONPATH"] = str(find_project().helpers)
    answer = subprocess.run(
        [sys.executable, "-c", write, project.root], env=environment, capture_output=True, check=True
    )
    assert json.loads(answer.stdout) == project.folder == str(project.root)
