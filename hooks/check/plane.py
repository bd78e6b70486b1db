"""Do tiles become a plane in the order of its grid? Shown with projected tokens that name their own place."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .. import trace
from ..reading import Grid
from ..site_states import by_image
from .finding import require
from .forwards import flat_index, inputs_of, method, picture

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

    def named(state: Tensor) -> Tensor:
        state = state.zero_()
        state.view(-1, state.shape[-1])[flat_index(model, state, inputs, "projector"), :3] = names.to(state)
        return state

    _, states = trace.run(
        model,
        inputs,
        reads=[("language", 0)],
        writes={("projector", 0): named},
        select={"language": lambda state: state[mask]},
        method=method(model),
    )
    return by_image(model, states, [inputs])[0]["language", 0][:, :3].float()
