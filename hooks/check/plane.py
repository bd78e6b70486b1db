"""Are tiles laid out as a plane in grid order? Tested with projected tokens that carry their own place."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .. import trace
from ..reading import Grid
from ..site_states import by_picture
from .finding import require
from .forwards import flat_index, inputs_of, method, picture

if TYPE_CHECKING:
    from ..model import Model


def in_order(model: "Model", size: tuple[int, int], projected: Grid, plane: Grid) -> None:
    """Tokens of the plane are means of projected ones, and their rows and columns rise along the plane.

    Raises Wrong where one contains anything else, such as a separator, or where rows or columns fall.
    """
    entering = _places(model, size, projected)
    slack = 4 * torch.finfo(getattr(torch, model.dtype)).eps * float(entering.max())
    require(float((entering[:, 0] - 1).abs().max()) <= slack, "a token that enters contains more than projected ones")
    down, right = entering[:, 1:].view(*plane[1:], 2).unbind(-1)
    # interpolation in 16 bits cannot tell near places apart, so that they may fall by its rounding
    least = 0.5 if model.dtype == "float32" else -slack
    for name, steps, across in (
        ("row", down.diff(dim=0), down.diff(dim=1)),
        ("column", right.diff(dim=1), right.diff(dim=0)),
    ):
        rising = bool((steps > least).all()) and bool((across >= -slack).all())
        require(rising, f"the plane's tokens are not in order of their {name}s among the projected ones")


def _places(model: "Model", size: tuple[int, int], projected: Grid) -> Tensor:
    """What enters the language model, (token, 3), where every projected token is 1, its row and its column.

    Rows and columns count on from tile to tile, so that both rise to the right and downwards in the plane.
    """
    inputs = inputs_of(model, picture(*size))
    tiles, rows, cols = projected
    tile, row, col = torch.unravel_index(torch.arange(tiles * rows * cols, device=model.device), projected)
    places = torch.stack([torch.ones_like(tile), tile * rows + row, tile * cols + col], dim=-1)
    mask = model.family.tokens.at_image(model.config, inputs)

    def write(state: Tensor) -> Tensor:
        state = state.zero_()
        state.view(-1)[flat_index(model, state, inputs, "projector")[:, :3]] = places.to(state)
        return state

    _, states = trace.run(
        model,
        inputs,
        reads=[("language", 0)],
        writes={("projector", 0): write},
        select={"language": lambda state: state[mask]},
        method=method(model),
    )
    return by_picture(model, states, [inputs])[0]["language", 0][:, :3].float()
