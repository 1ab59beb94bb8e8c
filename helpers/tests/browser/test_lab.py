"""What participants use is what is tested: a lesson and an exercise in JupyterLab, in a browser."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = "notebooks/0_start/00_start_here.ipynb"
EXERCISE = "exercises/1_prepare/12_customer_profile.ipynb"
TEMPLATES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks" / "templates").glob("*.ipynb"))


def words_of_mistake(name: str) -> str:
    """What exercise 12 says to a usual mistake, read from its source: this environment has no pandas to import it."""
    source = (ROOT / "helpers" / "loyalty" / "tasks" / "t12" / "tasks.py").read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return next(node.args[1].value for node in calls if node.args and getattr(node.args[0], "value", "") == name)


def errors_of(cells: list[dict[str, Any]]) -> list[str]:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]


@pytest.mark.parametrize("notebook", [LESSON, *TEMPLATES])
def test_run_all_numbers_every_cell_and_neither_complains_nor_asks_the_internet(desk, notebook):
    desk.open(notebook)
    cells = desk.run_all()
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert errors_of(cells) == []
    broken = "() => [...document.querySelectorAll('.jp-OutputArea img')].filter(i => !i.naturalWidth).length"
    assert desk.page.locator(".jp-OutputArea img").count() > 0
    assert desk.page.evaluate(broken) == 0
    desk.page.locator(".jp-OutputArea img").first.scroll_into_view_if_needed()
    desk.shoot(Path(notebook).stem)
    assert desk.complaints == []
    assert desk.requests
    assert desk.strangers() == []


def test_the_launcher_opens_the_first_lesson_without_news_or_questions(desk):
    desk.page.goto(f"{desk.lab.url}?token={desk.lab.token}")
    desk.page.wait_for_selector(".jp-Notebook")
    desk.page.get_by_role("heading", name="Start here").wait_for()
    desk.shoot("first_page")
    assert desk.page.locator(".jp-Dialog, .Toastify__toast").count() == 0
    assert desk.strangers() == []


def test_a_printed_line_that_is_too_long_is_broken_between_words(desk):
    desk.open(EXERCISE)
    probe = "<div class='jp-OutputArea-output'><pre></pre></div>"
    add = "text => { document.body.insertAdjacentHTML('beforeend', text); return document.body.lastChild.firstChild; }"
    assert desk.page.evaluate(f"text => getComputedStyle(({add})(text)).wordBreak", probe) == "normal"


def test_an_exercise_names_the_mistake_hints_step_by_step_and_takes_the_right_answer(desk):
    participants = (ROOT / EXERCISE).read_bytes()
    desk.open(EXERCISE)
    cells = desk.run_all()
    assert errors_of(cells) == []
    check, hint = 'check("12c"', 'hint("12c"'
    assert "⬜" in desk.cell(check).locator(".jp-OutputArea-output").inner_text()
    desk.type_into("average_receipt = ...", "average_receipt = receipts[receipts.time < as_of].sales.mean()")
    said = desk.run(check)
    desk.shoot("wrong")
    assert "❌" in said
    assert words_of_mistake("per_line") in said
    unasked = desk.cell(hint).locator(".jp-OutputArea-output").inner_text()
    first, second, third = (desk.run(hint) for _ in range(3))
    desk.shoot("hint")
    assert "All money divided by all receipts." not in unasked
    assert "All money divided by all receipts." in first
    assert "before.sales.sum()" not in first
    assert "before.sales.sum()" in second
    assert "The worked answer is in" in third
    right = (
        "before = receipts[receipts.time < as_of]; average_receipt = before.sales.sum() / before.basket_id.nunique()"
    )
    desk.type_into("average_receipt = receipts", right)
    said = desk.run(check)
    desk.shoot("right")
    assert "✅" in said
    assert "❌" not in said
    assert desk.complaints == []
    assert desk.strangers() == []
    desk.page.keyboard.press("ControlOrMeta+S")
    desk.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert "average_receipt = before" in (desk.lab.folder / EXERCISE).read_text(encoding="utf-8")
    assert (ROOT / EXERCISE).read_bytes() == participants
    desk.cell(hint).get_by_role("link", name="12_customer_profile").click()
    opened = "() => window.jupyterapp.shell.currentWidget?.context?.path"
    desk.page.wait_for_function(f"() => ({opened})() === '{EXERCISE.replace('exercises', 'solutions')}'")


CUT_OFF = """() => [...document.querySelectorAll('.cm-scroller')]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent.slice(0, 60))"""
# How far a text stands out from what is behind it (WCAG 2, 1.4.3); 1 is invisible, 21 black on white.
FAINT = """() => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => parse(colour).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parse(colour)[3] ?? 1) > 0.5) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const words = [...document.querySelectorAll('.jp-OutputArea-output *, .jp-MarkdownOutput *')].filter(
    one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && one.offsetWidth);
  return words.map(one => {
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    return [one.textContent.trim().slice(0, 40), (pair[0] + 0.05) / (pair[1] + 0.05)];
  }).filter(found => found[1] < 4.5);
}"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_on_a_laptop_no_code_is_cut_off_and_every_word_stands_out_from_its_ground(desk, theme):
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.open(LESSON)
    desk.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    assert errors_of(desk.run_all()) == []
    desk.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=theme)
    desk.shoot(theme.split()[1].lower())
    assert desk.page.evaluate(CUT_OFF) == []
    assert desk.page.evaluate(FAINT) == []


def test_the_tests_would_see_a_complaint_and_a_question_to_the_internet(desk):
    desk.page.goto(f"{desk.lab.url}lab/workspaces/empty?token={desk.lab.token}&reset")
    desk.page.evaluate("() => fetch('https://example.org/font').catch(() => console.error('no font'))")
    assert desk.strangers() == ["https://example.org/font"]
    assert "no font" in desk.complaints
