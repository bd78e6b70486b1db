"""One sample of a run with attention cut: its clean view and a perturbed one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hooks import forwards, knockout

from ..intervening.asked import Asked, LeftOut
from ..perturbations import Condition
from .windows import QUERIES, Window, cuts

NO_TOKENS = "no such tokens after the picture"

Margins = NDArray[np.float64]


@dataclass(frozen=True)
class Cuts:
    """Margins of the clean choice in nats: `cut` (view, keys, window), `base` (view).

    How many tokens were cut: of the `image`, and `others`.
    """

    cut: Margins
    base: Margins
    image: int
    others: int


def under(asked: Asked, condition: Condition, chosen: tuple[Window, ...], queries: str) -> Cuts:
    """The clean view and that under a condition. Raises LeftOut where they cannot be cut."""
    assert asked.tokens  # before anything goes through the model
    made = [of_view(asked, view, chosen, queries) for view in (asked.clean, asked.under(condition))]
    return Cuts(np.stack([cut for cut, _, _ in made]), np.array([base for _, base, _ in made]), *made[0][2])


def of_view(
    asked: Asked, view: forwards.Forward, chosen: tuple[Window, ...], queries: str
) -> tuple[Margins, float, tuple[int, int]]:
    """(keys, window) margins under cuts, the margin without, and how many tokens of image and text were cut."""
    setup, places = asked.setup, forwards.places(asked.setup.model, view)
    if "image" not in places or not any(name in places for name in QUERIES[queries]):
        raise LeftOut(NO_TOKENS)
    # the id, not the place: both views of a sample lose the same tokens
    random = np.random.default_rng([setup.seed, *asked.sample.id.encode()])
    made = cuts(places, queries, chosen, random)
    scores = knockout.cut(setup.model, view, made, asked.tokens, batch_size=setup.batch_size)
    base, *others = asked.margin(scores).tolist()
    return np.array(others).reshape(2, len(chosen)), base, (len(made[0].keys), len(made[-1].keys))
