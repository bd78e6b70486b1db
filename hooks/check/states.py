"""Are states those that the model itself computes with: reported by it, and passed on from pixels to answers?"""

from collections.abc import Sequence
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .. import trace
from ..encoding import image_grids
from ..sites import Tower
from . import kinds, plane
from .finding import require
from .forwards import (
    SEVERAL,
    SIZES,
    Size,
    inputs_of,
    largest_difference,
    picture,
    pictures,
    states_of,
    states_of_each,
)
from .kinds import fed

if TYPE_CHECKING:
    from ..model import Model


OUTPUT: trace.Point = ("output", 0)
"""The result of a forward: the logits of the next token, or the embedding of the image."""


def finite(model: "Model") -> str:
    """No state is infinite or undefined."""
    states, _ = states_of(model, picture(*SIZES[0]))
    bad = [f"{tower} layer {layer}" for (tower, layer), state in states.items() if not state.isfinite().all()]
    require(not bad, f"non-finite states at {', '.join(bad)}. Try another --dtype.")
    return f"{len(states)} states"


def projected(model: "Model") -> str:
    """What enters the language model at image positions is the projector's output, up to a scale and to positions."""
    if "projector" not in model.towers:
        return "the projector has no site of its own"
    if "image" not in model.towers["language"].kinds:
        return "the image enters through cross-attention or an encoder"
    grids = image_grids(model.blueprint, *SIZES[0])
    if grids["projector"] != grids["language"] and grids["language"][0] == 1:
        plane.in_order(model, SIZES[0], grids["projector"], grids["language"])
        tiles, plane_of = grids["projector"], grids["language"][1:]
        one = f"{prod(tiles)} tokens of tiles {tiles} laid out as a plane {plane_of}"
    else:
        (one,) = _projected_each(model, SIZES[:1])
    if not model.family.tokens.several:
        return one
    return f"{one}; of {len(SEVERAL[-1])} pictures {', '.join(_projected_each(model, SEVERAL[-1]))}"


def _projected_each(model: "Model", sizes: Sequence[Size]) -> list[str]:
    """How the tokens of each picture of a view that enter the language model compare with the projected ones."""
    shown = pictures(sizes)
    both = (states_of_each(model, each) for each in (shown, [pixels[::-1].copy() for pixels in shown]))
    return [_projected(model, states, other) for (states, _), (other, _) in zip(*both, strict=True)]


def _projected(model: "Model", states: trace.States, other: trace.States) -> str:
    """The comparison for one picture, from its states and those of another picture of its size."""
    entering, other_entering = (each["language", 0].float() for each in (states, other))
    projected, other_projected = (each["projector", 0].float() for each in (states, other))
    if entering.shape != projected.shape:  # laid out differently: each token that enters must be one that was projected
        nearest = torch.cdist(entering, projected, compute_mode="donot_use_mm_for_euclid_dist").min(-1).values
        furthest = float(nearest.max())
        require(furthest == 0, f"a token that enters is {furthest:.2g} away from every projected one")
        return f"{len(entering)} of {len(projected)} tokens, equal"
    if torch.equal(entering, projected):
        return f"{len(projected)} tokens, equal"
    changes = entering - other_entering, projected - other_projected  # position embeddings cancel
    scale = float((changes[0] * changes[1]).sum() / changes[1].square().sum())
    rest = largest_difference(changes[0], scale * changes[1]) / float(changes[0].abs().max())
    limit = 1e-4 if model.dtype == "float32" else 0.05
    difference = largest_difference(entering, projected)
    require(rest <= limit, f"projected and entering tokens differ by up to {difference:.2g}")
    return f"{len(projected)} tokens, times {scale:.6g}, apart from position embeddings"


def hidden_states(model: "Model") -> str:
    """Language states at all positions are `output_hidden_states`, with one picture and with several."""
    layers = model.towers["language"].layers
    views = (SIZES[:1], SEVERAL[-1])[: 1 + model.family.tokens.several]
    largest = max(_hidden_state_difference(model, pictures(sizes)) for sizes in views)
    limit = 1e-5 if model.dtype == "float32" else 0.1
    require(largest <= limit, f"states differ from output_hidden_states by up to {largest:.2g}")
    return f"{layers + 1} layers, within {largest:.1g}"


def _hidden_state_difference(model: "Model", shown: Sequence[np.ndarray]) -> float:
    inputs, layers = inputs_of(model, *shown), model.towers["language"].layers
    reads = [("language", layer) for layer in range(layers + 1)]
    _, states = trace.run(model, fed(model, inputs), reads=reads)
    theirs = _hidden_states(model, inputs)
    require(len(theirs) == layers + 1, f"the model reports {len(theirs)} states, there are {layers + 1} layers")
    path = model.family.modules.final_norm
    norm = attrgetter(path)(model.module) if path else torch.nn.Identity()
    # the library returns the last one with the final norm applied, a site is read before it
    mine = [*(states["language", layer] for layer in range(layers)), norm(states["language", layers])]
    return max(map(largest_difference, mine, theirs))


def _hidden_states(model: "Model", inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """The language model's states as it reports them; a decoder's, given what it attends to."""
    decoder, path = model.family.decoder, model.family.modules.decoder
    module = attrgetter(path)(model.module) if path else model.module
    if decoder:
        _, states = trace.run(model, fed(model, inputs), reads=[trace.MEMORY])
        begun = {decoder.tokens: decoder.begin(model.module, inputs)}
        inputs = {**begun, **decoder.given(states[trace.MEMORY], inputs)}
    with model.lock, torch.inference_mode():
        output = module(**inputs, output_hidden_states=True)
    output = getattr(output, "language_model_outputs", output)
    return getattr(output, "decoder_hidden_states", None) or output.hidden_states


def replacing(model: "Model") -> str:
    """Replacing a state changes every state that follows and the output, and none before.

    Language layers in front of the first attention to what an image became may stay as they are.
    """
    clean = _all_states(model, None)
    order = list(clean)
    for tower in model.towers.values():
        at = (tower.name, _replaced_layer(model, tower))
        changed = _all_states(model, at)
        changes = {point: largest_difference(clean[point], changed[point]) > 0 for point in order}
        first = order.index(at)
        early = [point for point in order[:first] if changes[point]]
        require(not early, f"replacing {_named(at)} changes {', '.join(map(_named, early))}, which come before")
        still = [point for point in order[first:] if not changes[point]]
        if model.family.reuse.image_prefix in ("cross_attention", "decoder") and tower.name != "language":
            last = next((k for k, point in enumerate(order) if point[0] == "language" and changes[point]), len(order))
            still = [point for point in still if point[0] != "language" or order.index(point) > last]
        require(not still, f"replacing {_named(at)} does not change {', '.join(map(_named, still))}")
    return f"{', '.join(model.towers)}: all later states change, no earlier one ({len(order)} points)"


def _named(point: trace.Point) -> str:
    return "the output" if point == OUTPUT else f"{point[0]} layer {point[1]}"


def _replaced_layer(model: "Model", tower: Tower) -> int:
    """Of vision the layer that the projector reads, of language a middle one."""
    if tower.name == "vision":
        return tower.layers + 1 + model.family.tokens.features_from(model.config)
    return (tower.layers + 1) // 2


def _all_states(model: "Model", replaced: trace.Point | None) -> trace.States:
    """Whole states at every layer of every tower and the output, one of them reversed along its features and tokens."""
    reads = [(name, layer) for name, tower in model.towers.items() for layer in range(tower.layers + 1)]
    writes = {} if replaced is None else {replaced: lambda state: state.flip(*range(1, state.ndim))}
    inputs = inputs_of(model, picture(*SIZES[0]))
    output, states = kinds.of(model).output(model, inputs, reads=reads, writes=writes)
    return {**states, OUTPUT: output.clone()}
