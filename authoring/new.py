"""Lays the six files of a new lesson, as a draft that builds and passes its tests.

python authoring/new.py 39 "Run the budget"
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from authoring.source import ROOMS, ROOT, AuthoringError

SKELETON = Path(__file__).resolve().parent / "skeleton"
LONGEST = 50
FIRST, LAST = 1, 49
BETWEEN = " ,.:;?!-"  # what stands between words and becomes an underscore
DROPPED = "'’"

# All that is known of where a lesson's files go
PLACES = {
    "lesson.txt": "authoring/lessons/{room}/{stem}.py",
    "exercise.txt": "authoring/exercises/{room}/{stem}.py",
    "init.txt": "helpers/loyalty/tasks/t{number}/__init__.py",
    "scene.txt": "helpers/loyalty/tasks/t{number}/scene.py",
    "tasks.txt": "helpers/loyalty/tasks/t{number}/tasks.py",
    "test.txt": "helpers/tests/tasks/t{number}/test_tasks.py",
}
TAKEN = ("authoring/*/*/{number}_*.py", "helpers/loyalty/tasks/t{number}*", "helpers/tests/tasks/t{number}*")


def lay_lesson(number: str, title: str, root: Path = ROOT) -> list[Path]:
    """Write the files of a new lesson and return their paths, relative to the root.

    Parameters
    ----------
    number : str
        Two digits, 01 to 49; the first names the room.
    title : str
        As readers see it; the files' name is made of it.
    root : Path
        The project.

    Raises
    ------
    AuthoringError
        With one plain line, when the number or the title cannot be taken; nothing is written then.
    """
    number = _read_number(number)
    name = name_files(title)
    taken = [path for pattern in TAKEN for path in sorted(root.glob(pattern.format(number=number)))]
    if taken:
        there = taken[0].relative_to(root).as_posix()
        raise AuthoringError(f"There is a lesson {number} already: {there}. Choose another number.")
    words = {"number": number, "name": name, "stem": f"{number}_{name}", "room": ROOMS[int(number[0])]}
    laid = []
    for skeleton, place in PLACES.items():
        path = Path(place.format(**words))
        text = _fill_in((SKELETON / skeleton).read_text(encoding="utf-8"), words, title)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
        laid.append(path)
    return laid


def name_files(title: str) -> str:
    """Return a title in lower-case letters, digits and underscores.

    Raises
    ------
    AuthoringError
        When the title is empty or too long, or holds a character that can stand in no file name.
    """
    title = title.strip()
    if not title:
        raise AuthoringError("The title is empty: say what the lesson is called.")
    if len(title) > LONGEST:
        raise AuthoringError(f"The title has {len(title)} characters: at most {LONGEST} fit into a map.")
    letters = unicodedata.normalize("NFKD", title)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter) and letter not in DROPPED)
    unfit = sorted({letter for letter in plain if not re.match(r"[A-Za-z0-9]", letter) and letter not in BETWEEN})
    if unfit:
        raise AuthoringError(f"The title makes no file name: {' '.join(unfit)}. Use English letters.")
    name = "_".join(re.findall(r"[a-z0-9]+", plain.lower()))
    if not name:
        raise AuthoringError("The title makes no file name: it has no letter and no digit.")
    return name


def _read_number(number: str) -> str:
    if not re.fullmatch(r"[0-9]{1,2}", number) or not FIRST <= int(number) <= LAST:
        raise AuthoringError(f"A lesson has a number from {FIRST:02d} to {LAST:02d}, not {number!r}.")
    return number.zfill(2)


def _fill_in(text: str, words: dict[str, str], title: str) -> str:
    known = {**words, "title": json.dumps(title.strip(), ensure_ascii=False)}
    return re.sub(r"«(\w+)»", lambda match: known[match[1]], text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay a lesson from the command line; return 2 with one line when that cannot be."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if len(arguments) != 2:
            raise AuthoringError('Say number and title, such as `python3 workshop.py new 39 "Run the budget"`.')
        laid = lay_lesson(*arguments)
    except AuthoringError as problem:
        print(f"workshop: {problem}", file=sys.stderr)
        return 2
    for path in laid:
        print(f"laid  {path.as_posix()}")
    number = laid[0].name[:2]
    print(f"It is a draft: `python3 workshop.py build {number}` builds it, and no map lists it.")
    print("When it is ready, take `draft: true` out of both headers and build again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
