"""One sample of a run, steered: its clean view and a perturbed one, with vectors added to their states."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hooks import forwards, steering

from ..intervening.asked import ALIKE, Asked, LeftOut
from ..perturbations import Condition

NO_TOKENS, NO_OTHERS = "no such tokens in the prompt", "no other image under this family"

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Steered:
    """Logits of the options' first tokens, in nats up to a constant, of the clean and the perturbed view.

    `scores` (view, direction, layer, alpha, option), `base` (view, option) without steering, `norm` (layer) the length
    of the family's direction.
    """

    scores: Scores
    base: Scores
    norm: NDArray[np.float64]


@dataclass(frozen=True)
class Views:
    """A sample's views at some layers and one group of tokens."""

    asked: Asked
    layers: Sequence[int]
    group: str

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """First tokens of its options. Raises LeftOut where two options begin alike."""
        ids = self.asked.tokens
        if len(set(ids)) < len(ids):
            raise LeftOut(ALIKE)
        return ids

    def difference(self, condition: Condition) -> NDArray[np.float64]:
        """(layer, feature) how far the clean state, mean over the tokens, lies from that under a condition."""
        assert self.tokens  # what cannot be steered tells no direction
        clean, perturbed = (self.mean(view) for view in (self.asked.clean, self.asked.under(condition)))
        return clean.astype(np.float64) - perturbed

    def mean(self, view: forwards.Forward) -> NDArray[np.float32]:
        return steering.means(view, self.places(view), self.layers)

    def places(self, view: forwards.Forward) -> forwards.Tensor:
        found = forwards.places(self.asked.setup.model, view)
        if self.group not in found:
            raise LeftOut(NO_TOKENS)
        return found[self.group]

    def steered(self, condition: Condition, directions: NDArray[np.float64] | None, alphas: Sequence[float]) -> Steered:
        """Both views with each of the (direction, layer, feature) directions at each strength. Raises LeftOut."""
        if directions is None:
            raise LeftOut(NO_OTHERS)
        views = self.asked.clean, self.asked.under(condition)
        norm = np.linalg.norm(directions[0], axis=-1)
        base = np.stack([view.logits[list(self.tokens)].cpu().numpy() for view in views])
        return Steered(np.stack([self.added(view, directions, alphas) for view in views]), base, norm)

    def added(self, view: forwards.Forward, directions: NDArray[np.float64], alphas: Sequence[float]) -> Scores:
        """(direction, layer, alpha, option) logits of one view."""
        setup = self.asked.setup
        additions = [
            (layer, alpha * vector)
            for each in directions
            for layer, vector in zip(self.layers, each, strict=True)
            for alpha in alphas
        ]
        found = steering.steered(
            setup.model, view, additions, self.tokens, places=self.places(view), batch_size=setup.batch_size
        )
        return found.reshape(len(directions), len(self.layers), len(alphas), -1)
