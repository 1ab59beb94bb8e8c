"""The pictures of lesson 41: what they say in words."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt

from loyalty.tasks.t41.pictures import draw_rate_and_lift, draw_small_cells, draw_winners


def test_cells_are_named_with_their_size() -> None:
    row = {"arm": "win_back", "segment": "lately", "n_treated": 20, "effect": 2.0, "low": 1.0, "high": 3.0}
    row |= {"shrunken": 1.5, "shrunken_low": 1.0, "shrunken_high": 2.0, "truth": 1.4}
    ax = draw_winners(pd.DataFrame([row]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["win back · lately (20)"]
    small = pd.DataFrame([row | {"offer_id": "gift", "n": 3, "rate": 0.0}])
    ax = draw_small_cells(small)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["gift · lately (3)"]
    plt.close("all")


def test_rate_and_lift_stand_in_the_same_order() -> None:
    names = [f"{start}{name}{end}" for name in ("rate", "lift") for start, end in (("", ""), ("", "_low"))]
    names += ["rate_high", "lift_high", "true_rate", "true_lift"]
    figure = draw_rate_and_lift(pd.DataFrame(0.5, index=[0], columns=names).assign(offer_id="win_back"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["win back"]
    assert all(ax.get_xlabel() for ax in figure.axes)
    plt.close("all")
