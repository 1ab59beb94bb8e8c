"""The course as the headers of its lessons tell it, and what is made of them: map, totals, paths, links.

In a lesson or exercise a line `[[opening]]`, `[[links]]`, `[[map]]` or `[[paths]]` stands where such a part goes; in
README.md a part goes between `<!-- begin NAME … -->` and `<!-- end NAME -->`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from authoring.source import (
    AUTHORING,
    AuthoringError,
    find_authored,
    name_targets,
    number_of,
    place_of,
    read_header,
    show_path,
)

PLACE = re.compile(r"(?m)^\[\[(\w+)\]\]$")
REGION = re.compile(r"(?ms)^(<!-- begin (\w+)\b[^\n]*-->\n).*?^(<!-- end \2 -->)$")


@dataclass(frozen=True)
class Exercise:
    """An exercise, as its header tells it."""

    path: str
    title: str
    question: str
    minutes: int
    pace: str


@dataclass(frozen=True)
class Lesson:
    """A lesson, as its header tells it; minutes of Part A together, of Part B alone."""

    path: str
    room: str
    number: str
    title: str
    question: str
    part_a: int
    part_b: int
    know_first: tuple[str, ...]
    useful: tuple[str, ...]
    draft: bool
    exercise: Exercise | None

    @property
    def name(self) -> str:
        """Number and title."""
        return f"{self.number} {self.title}"

    @property
    def minutes(self) -> int:
        """Minutes of both parts, without the exercise."""
        return self.part_a + self.part_b


@dataclass(frozen=True)
class Step:
    """A piece of a path: a lesson (its number) or something else, such as a break, and its minutes."""

    words: str
    minutes: int

    @property
    def number(self) -> str:
        """The lesson's number; empty for what is no lesson."""
        digits = re.match(r"\d\d\b", self.words)
        return digits[0] if digits else ""


@dataclass(frozen=True)
class Course:
    """All lessons by number, drafts too, the paths through them, and the titles of lessons that a path waits for."""

    lessons: Mapping[str, Lesson]
    paths: Mapping[str, Mapping[str, tuple[Step, ...]]]
    planned: Mapping[str, str]

    @cached_property
    def listed(self) -> tuple[Lesson, ...]:
        """The lessons that readers are told of: all but drafts, in their order."""
        return tuple(lesson for _, lesson in sorted(self.lessons.items()) if not lesson.draft)


# --- Reading ------------------------------------------------------------------------------------------------------


def read_course(source: Path = AUTHORING) -> Course:
    """Read the headers of all lessons and exercises, and the paths.

    Raises
    ------
    AuthoringError
        When a header lacks something or names a lesson that is not there, or a number stands twice.
    """
    exercises = {}
    lessons: dict[str, Lesson] = {}
    for path in find_authored(source, drafts=True):
        kind, room = place_of(path, source)
        if kind == "exercise":
            exercises[path.stem] = _read_exercise(path, room)
    for path in find_authored(source, drafts=True):
        kind, room = place_of(path, source)
        if kind != "lesson":
            continue
        lesson = _read_lesson(path, room, exercises.pop(path.stem, None))
        if lesson.number in lessons:
            raise AuthoringError(f"{show_path(path)}: there are two lessons {lesson.number}.")
        lessons[lesson.number] = lesson
    if exercises:
        raise AuthoringError(f"The exercise {', '.join(exercises)} has no lesson of the same name.")
    for lesson in lessons.values():
        _require_known(lesson, lessons)
    paths, planned = _read_paths(source / "paths.yml")
    return Course(lessons, paths, planned)


def _read_lesson(path: Path, room: str, exercise: Exercise | None) -> Lesson:
    header = read_header(path)
    return Lesson(
        path=name_targets("lesson", room, path.stem)["lesson"].as_posix(),
        room=room,
        number=number_of(path),
        title=_text(path, header, "title"),
        question=_text(path, header, "question"),
        part_a=_minutes(path, header, "part_a"),
        part_b=_minutes(path, header, "part_b", least=0),
        know_first=_numbers(path, header, "know_first"),
        useful=_numbers(path, header, "useful"),
        draft=bool(header.get("draft")),
        exercise=exercise,
    )


def _read_exercise(path: Path, room: str) -> Exercise:
    header = read_header(path)
    return Exercise(
        path=name_targets("exercise", room, path.stem)["exercise"].as_posix(),
        title=_text(path, header, "title"),
        question=_text(path, header, "question"),
        minutes=_minutes(path, header, "minutes"),
        pace=str(header.get("pace") or ""),
    )


def _text(path: Path, header: Mapping[str, Any], name: str) -> str:
    text = header.get(name)
    if not isinstance(text, str) or not text.strip():
        raise AuthoringError(f"{show_path(path)}: the header has no `{name}:`.")
    return text.strip()


def _minutes(path: Path, header: Mapping[str, Any], name: str, least: int = 1) -> int:
    minutes = header.get(name, 0)
    if not isinstance(minutes, int) or minutes < least:
        raise AuthoringError(f"{show_path(path)}: the header's `{name}:` is to be whole minutes, such as 25.")
    return minutes


def _numbers(path: Path, header: Mapping[str, Any], name: str) -> tuple[str, ...]:
    numbers = header.get(name) or []
    if not isinstance(numbers, list) or not all(re.fullmatch(r"\d\d", str(number)) for number in numbers):
        raise AuthoringError(f'{show_path(path)}: the header\'s `{name}:` is to be numbers in quotes, such as ["01"].')
    return tuple(str(number) for number in numbers)


def _require_known(lesson: Lesson, lessons: Mapping[str, Lesson]) -> None:
    for number in (*lesson.know_first, *lesson.useful):
        there = lessons.get(number)
        if there is None or (there.draft and not lesson.draft):
            raise AuthoringError(f"Lesson {lesson.number}: its header names lesson {number}, which is not there.")


def _read_paths(path: Path) -> tuple[dict[str, dict[str, tuple[Step, ...]]], dict[str, str]]:
    if not path.is_file():
        return {}, {}
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    paths = {}
    for name, days in told["paths"].items():
        paths[name] = {day: tuple(_read_step(text) for text in steps.split(" · ")) for day, steps in days.items()}
    return paths, told["planned"]


def _read_step(text: str) -> Step:
    words, _, minutes = text.strip().rpartition(" ")
    return Step(words, int(minutes))


# --- What is made -------------------------------------------------------------------------------------------------


def make_parts(course: Course, number: str, kind: str) -> dict[str, str]:
    """Return the parts, by name, that the lesson of this number (or its exercise) may ask for."""
    lesson = course.lessons[number]
    if kind == "exercise":
        parts = {"opening": _open_exercise(lesson)}
    else:
        parts = {
            "opening": _open_lesson(lesson, course),
            "links": _link_on(lesson, course),
            "map": _draw_map(course, lesson),
            "paths": _tell_paths(course),
        }
    return {name: text.replace("$", r"\$") for name, text in parts.items()}


def make_page_parts(course: Course) -> dict[str, str]:
    """Return the parts that README.md may ask for."""
    return {"lessons": _list_lessons(course), "totals": _add_up(course)}


def fill_cell(text: str, parts: Mapping[str, str], place: str) -> str:
    """Return a cell's text with its parts in their places.

    Raises
    ------
    AuthoringError
        When there is no such part.
    """
    unknown = sorted(set(PLACE.findall(text)) - set(parts))
    if unknown:
        raise AuthoringError(f"{place}: there is no [[{unknown[0]}]]; there are {', '.join(parts) or 'none here'}.")
    return PLACE.sub(lambda match: parts[match[1]], text)


def fill_page(text: str, parts: Mapping[str, str]) -> str:
    """Return a page of Markdown with its parts between their markers."""

    def fill(region: re.Match[str]) -> str:
        part = parts.get(region[2])
        return region[0] if part is None else f"{region[1]}\n{part}\n\n{region[3]}"

    return REGION.sub(fill, text)


def _link(text: str, path: str, page: str) -> str:
    return f"[{text}]({posixpath.relpath(path, posixpath.dirname(page) or '.')})"


def _open_lesson(lesson: Lesson, course: Course) -> str:
    minutes = f"{lesson.minutes} minutes"
    if lesson.part_b:
        minutes += f": {lesson.part_a} together, {lesson.part_b} alone"
    needs = "you need to know nothing yet"
    if lesson.know_first:
        needs = f"know first: {_name_all(lesson.know_first, lesson, course)}"
    if lesson.useful:
        needs += f"; useful: {_name_all(lesson.useful, lesson, course)}"
    return f"# {lesson.title}\n\n**{lesson.question}**\n\n*{minutes} · {needs}*"


def _name_all(numbers: tuple[str, ...], lesson: Lesson, course: Course) -> str:
    return ", ".join(_link(course.lessons[n].name, course.lessons[n].path, lesson.path) for n in numbers)


def _open_exercise(lesson: Lesson) -> str:
    exercise = lesson.exercise
    assert exercise is not None
    pace = f": {exercise.pace}" if exercise.pace else ""
    after = _link(lesson.name, lesson.path, exercise.path)
    return (
        f"# Exercise: {exercise.title}\n\n**{exercise.question}**\n\n"
        f"*{exercise.minutes} minutes{pace} · after: {after}*"
    )


def _link_on(lesson: Lesson, course: Course) -> str:
    before = [one for one in course.listed if one.number < lesson.number]
    after = [one for one in course.listed if one.number > lesson.number]
    on = []
    if lesson.exercise:
        link = _link(lesson.exercise.title, lesson.exercise.path, lesson.path)
        on.append(f"the exercise, {link} ({lesson.exercise.minutes} minutes)")
    if after:
        on.append(_link(after[0].name, after[0].path, lesson.path))
    lines = [f"**Next:** {', then '.join(on)}."] if on else []
    if before:
        lines.append(f"**Before:** {_link(before[-1].name, before[-1].path, lesson.path)}.")
    return " ".join(lines)


def _say_exercise(lesson: Lesson, page: str) -> str:
    if lesson.exercise is None:
        return ""
    return f"{_link(lesson.exercise.title, lesson.exercise.path, page)}, {lesson.exercise.minutes}"


def _list_lessons(course: Course) -> str:
    lines = ["| lesson | the question it answers | minutes | exercise |", "|---|---|---|---|"]
    for lesson in course.listed:
        link = _link(lesson.name, lesson.path, "README.md")
        exercise = _say_exercise(lesson, "README.md")
        lines.append(f"| {link} | *{lesson.question}* | {lesson.minutes} | {exercise} |")
    return "\n".join(lines)


def _draw_map(course: Course, here: Lesson) -> str:
    lines = ["| room | lesson | the question it answers | minutes | exercise |", "|---|---|---|---|---|"]
    room = ""
    for lesson in course.listed:
        shown = "" if lesson.room == room else lesson.room.replace("_", " ").title()
        room = lesson.room
        link = f"**{lesson.name}**" if lesson == here else _link(lesson.name, lesson.path, here.path)
        exercise = _say_exercise(lesson, here.path)
        lines.append(f"| {shown} | {link} | *{lesson.question}* | {lesson.minutes} | {exercise} |")
    return "\n".join(lines)


def _add_up(course: Course) -> str:
    exercises = [lesson.exercise for lesson in course.listed if lesson.exercise]
    reading = sum(lesson.minutes for lesson in course.listed)
    solving = sum(exercise.minutes for exercise in exercises)
    return (
        f"{_count(len(course.listed), 'lesson')} of {reading:,} minutes and "
        f"{_count(len(exercises), 'exercise')} of {solving:,} minutes: {reading + solving:,} minutes in all."
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _tell_paths(course: Course) -> str:
    lines = ["| path | minutes | what, in minutes | still to come |", "|---|---|---|---|"]
    there = {"", *(lesson.number for lesson in course.listed)}
    for name, days in course.paths.items():
        minutes = []
        what = []
        missing: dict[str, str] = {}
        for day, steps in days.items():
            ready = [step for step in steps if step.number in there]
            now = sum(step.minutes for step in ready)
            whole = sum(step.minutes for step in steps)
            minutes.append(f"{now}" if now == whole else f"{now} of {whole}")
            pieces = " · ".join(f"{step.words} {step.minutes}" for step in ready)
            what.append(f"{day}: {pieces}" if len(days) > 1 else pieces)
            for step in steps:
                if step.number not in there:
                    missing[step.number] = course.planned[step.number]
        to_come = " · ".join(f"{number} {title}" for number, title in sorted(missing.items()))
        lines.append(f"| {name} | {'; '.join(minutes)} | {'; '.join(what)} | {to_come} |")
    return "\n".join([*lines, "", f"Alone and at your own pace: {_add_up(course)}"])
