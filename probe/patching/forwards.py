"""One pair of a run, patched: the states of a perturbed view in the clean one, the reverse, and another image's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hooks import forwards, patching

from ..intervening.asked import Asked, LeftOut
from ..perturbations import Condition

OTHER_GRID = "another grid or length of prompt"

Margins = NDArray[np.float64]

Moved = tuple[Margins, float]
"""What patches move the margin, (layer, group), nan for absent groups; and the gap."""


@dataclass(frozen=True)
class Patched:
    """What patching moved the margin of the clean choice: (direction, layer, group), and gaps (direction), in nats."""

    moved: Margins
    gap: Margins


def control(asked: Asked, layers: Sequence[int]) -> Moved:
    """What the state of another image moves; nan where none has the sample's grid."""
    model = asked.setup.model
    for inputs in asked.others():
        if not patching.mismatch(asked.clean.inputs, inputs):
            return between(asked, asked.clean, forwards.forward(model, inputs), layers)
    return np.full((len(layers), len(forwards.GROUPS)), np.nan), np.nan


def under(asked: Asked, condition: Condition, layers: Sequence[int], another: Moved | None = None) -> Patched:
    """The pair with a condition; `another` is the sample's control, where it is known.

    Raises LeftOut where it cannot be patched.
    """
    tokens = asked.tokens  # before anything goes through the model
    inputs = asked.setup.encoded(asked.image, condition, asked.text)
    assert tokens
    if patching.mismatch(asked.clean.inputs, inputs):
        raise LeftOut(OTHER_GRID)
    perturbed = forwards.forward(asked.setup.model, inputs)
    there = between(asked, asked.clean, perturbed, layers)
    parts = (there, between(asked, perturbed, asked.clean, layers), another or control(asked, layers))
    return Patched(np.stack([moved for moved, _ in parts]), np.array([gap for _, gap in parts]))


def between(asked: Asked, base: forwards.Forward, source: forwards.Forward, layers: Sequence[int]) -> Moved:
    """What the source's states move the base's margin."""
    model, tokens = asked.setup.model, asked.tokens
    groups, size = forwards.places(model, base), asked.setup.batch_size
    scores = patching.patched(model, base, source, tokens, groups=groups, layers=layers, batch_size=size)
    start, end = (asked.margin(each.logits[list(tokens)].cpu().numpy()) for each in (base, source))
    moved = np.full((len(scores), len(forwards.GROUPS)), np.nan)
    moved[:, [forwards.GROUPS.index(name) for name in groups]] = asked.margin(scores) - start
    return moved, float(end - start)


def of_sample(asked: Asked, conditions: Sequence[str], layers: Sequence[int]) -> Iterator[tuple[str, Patched | str]]:
    """By condition what patching moved, or the kind of reason why the pair was left out."""
    by_id: Mapping[str, Condition] = asked.setup.source.conditions
    another: Moved | None = None
    for name in conditions:
        try:
            made = under(asked, by_id[name], layers, another)
        except LeftOut as reason:
            yield name, str(reason)
        else:
            another = made.moved[-1], float(made.gap[-1])
            yield name, made
