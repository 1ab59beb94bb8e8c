from dataclasses import FrozenInstanceError, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from loyalty.world import PRESETS, Parameters, World, WorldError
from loyalty.world.fields import list_parameters
from loyalty.world.parameters import CardLaunch, Fatigue

ROOT = Path(__file__).parents[3]
SPEC = spec_from_file_location("world_page", ROOT / "benchmarks" / "world_page.py")
PAGE = module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_world(name):
    world = World(customers=60, months=14, seed=1, preset=name)
    assert len(world.receipts) and world.parameters.name == name


def test_every_parameter_says_what_it_means():
    listed = list(list_parameters(PRESETS["default"]()))
    silent = [name for name, _, _, meaning in listed if not meaning and name not in ("name", "start", "habit.offers")]
    assert not silent and len(listed) > 50


def test_all_impossible_numbers_are_listed_at_once():
    base = PRESETS["default"]()
    with pytest.raises(WorldError) as error:
        replace(base, card=CardLaunch(most=1.5, delay=-1), fatigue=Fatigue(strength=float("nan")))
    assert len(error.value.problems) == 3
    assert "card.most should be from 0 to 1, found 1.5" in str(error.value)
    assert error.value._render_traceback_()[0].startswith("❌ the parameters: 3 problems")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: {"types": p.types[1:]}, "add up to 1"),
        (lambda p: {"habit": replace(p.habit, offers=("nothing",) * 4)}, "offer 'nothing', which does not exist"),
        (lambda p: {"offers": (replace(p.offers[0], visits=(("martians", 1.0),)),)}, "type 'martians'"),
        (lambda p: {"offers": (replace(p.offers[0], department="Toys"),)}, "department 'Toys'"),
        (lambda p: {"chain": replace(p.chain, successions=(replace(p.chain.successions[0], latest=10),))}, "latest"),
        (lambda p: {"seasons": replace(p.seasons, weekdays=(1.0,) * 6)}, "7 weekdays"),
        (lambda p: {"chain": replace(p.chain, departments=())}, "at least one category"),
    ],
)
def test_an_impossible_tree_is_refused_with_its_reason(change, words):
    base = PRESETS["default"]()
    with pytest.raises(WorldError, match=words):
        replace(base, **change(base))


def test_an_empty_tree_is_refused():
    with pytest.raises(WorldError, match="at least one type"):
        Parameters()


@pytest.mark.parametrize(
    "wrong", [{"customers": 0}, {"months": 2.5}, {"seed": -1}, {"preset": "cj"}, {"customers": True}]
)
def test_an_impossible_world_is_refused(wrong):
    with pytest.raises(WorldError, match=next(iter(wrong))):
        World(**wrong)


def test_nothing_of_a_world_can_be_changed(world):
    with pytest.raises(AttributeError, match="does not change"):
        world.seed = 8
    with pytest.raises(FrozenInstanceError):
        world.parameters.card.effect = 1.0
    with pytest.raises(ValueError, match="read-only"):
        world.scene.people.rate[0, 0] = 9.0
    receipts = world.receipts
    receipts["sales"] = 0.0
    receipts.loc[0, "margin"] = -1.0
    assert world.receipts["sales"].sum() > 0 and world.receipts.loc[0, "margin"] != -1.0


def test_the_page_states_the_numbers_of_the_code():
    page = (ROOT / "docs" / "world.md").read_text(encoding="utf-8")
    assert PAGE.replace_numbers(page) == page, "run: python benchmarks/world_page.py"


def test_the_page_notices_a_changed_number(monkeypatch):
    before = PAGE.render_numbers()
    monkeypatch.setitem(PRESETS, "default", lambda: replace(PRESETS["small_chain"](), fatigue=Fatigue(strength=0.33)))
    assert "| `fatigue.strength` | 0.33 |" in PAGE.render_numbers() != before


def test_the_examples_of_the_page_run():
    names: dict = {}
    for block in (ROOT / "docs" / "world.md").read_text(encoding="utf-8").split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert len(names["wave"].contacts) == len(names["world"].customers)
    assert names["world"].parameters.name == "tired"
