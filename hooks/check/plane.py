"""Do tiles become a plane in the order of its grid? Shown with projected tokens that name their own place."""

from typing import TYPE_CHECKING

import nnsight
import torch
from torch import Tensor

from .. import trace
from ..collect import by_image
from ..reading import Grid
from .finding import require
from .forwards import inputs_of, method, picture

if TYPE_CHECKING:
    from ..model import Model


def in_order(model: "Model", size: tuple[int, int], made: Grid, plane: Grid) -> None:
    """Tokens of the plane are means of projected ones (`made`), further down in each row and further right in a column.

    Raises Wrong where one holds something else, such as a separator, or where places fall along the plane.
    """
    entering = _named(model, size, made)
    slack = 4 * torch.finfo(getattr(torch, model.dtype)).eps * float(entering.max())
    require(float((entering[:, 0] - 1).abs().max()) <= slack, "one that enters holds more than projected tokens")
    down, right = entering[:, 1:].view(*plane[1:], 2).unbind(-1)
    # places that interpolation in 16 bits cannot tell apart may fall by its rounding
    least = 0.5 if model.dtype == "float32" else -slack
    for name, steps, across in (
        ("row", down.diff(dim=0), down.diff(dim=1)),
        ("column", right.diff(dim=1), right.diff(dim=0)),
    ):
        rising = bool((steps > least).all()) and bool((across >= -slack).all())
        require(rising, f"the plane's tokens are not in order of their {name}s among the projected ones")


def _named(model: "Model", size: tuple[int, int], made: Grid) -> Tensor:
    """What enters the language model, (token, 3), where projected tokens hold 1, their row and their column.

    Rows and columns count on from tile to tile, so that both rise wherever one goes right or down in the plane.
    """
    inputs = inputs_of(model, picture(*size))
    tiles, rows, cols = made
    tile, row, col = torch.unravel_index(torch.arange(tiles * rows * cols, device=model.device), made)
    names = torch.stack([torch.ones_like(tile), tile * rows + row, tile * cols + col], dim=-1)
    mask = inputs["input_ids"] == model.blueprint.image_token
    with model.lock, torch.inference_mode(), model.tracer.trace(fn=method(model), **inputs):
        projector = trace.blocks(model, "projector")
        value = projector.output
        state = trace.first(value)
        raw = torch.arange(state.shape[:-1].numel(), device=state.device).view(*state.shape[:-1], 1)
        index = model.family.tokens.vision_rows(model.config, raw, [inputs], "projector")[0][:, 0]
        flat = torch.zeros_like(state, memory_format=torch.contiguous_format).flatten(0, -2)
        flat[index, :3] = names.to(flat)
        named = flat.view(state.shape)
        projector.output = (named, *value[1:]) if isinstance(value, tuple) else named
        entering = nnsight.save(trace.first(trace.blocks(model, "language")[0].input)[mask])
    return by_image(model, {("language", 0): entering}, [inputs])[0]["language", 0][:, :3].float()
