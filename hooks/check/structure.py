"""Are modules where the entry says, and tokens where the grid says?"""

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .. import trace
from ..encoding import view_grids
from ..reading import Grid
from ..site_states import by_picture
from .finding import Wrong, require
from .forwards import (
    SEVERAL,
    SIZES,
    flat_index,
    inputs_of,
    largest_difference,
    method,
    picture,
    pictures,
    shown_sizes,
    states_of,
    states_of_each,
)
from .kinds import fed

if TYPE_CHECKING:
    from ..model import Model


SPREAD = 0.1
"""Share of the largest change that all cells of a map have at least where each reads the whole picture."""

BLURRED = 0.5
"""Share of the largest change that the token of a corner has where convolutions spread it to the neighbours."""

NOISE = 1e-4
"""A token whose change is a smaller share of the largest one moved by rounding alone."""


def paths(model: "Model") -> str:
    """Every path leads to a module, and a tower's to as many blocks as it has layers."""
    described = []
    for tower in model.towers.values():
        path = model.family.modules.path(tower.name)
        try:
            module = attrgetter(path)(model.module)
        except AttributeError as error:
            raise Wrong(f"{tower.name} path {path!r} leads nowhere ({error})") from error
        if tower.layers:
            require(
                isinstance(module, torch.nn.ModuleList | torch.nn.Sequential) and len(module) == tower.layers,
                f"{tower.name} path {path!r} is a {type(module).__name__} of {len(list(module.children()))}, "
                f"not a list of {tower.layers} blocks",
            )
        described.append(f"{tower.name} at {path}" + (f" ({tower.layers} blocks)" if tower.layers else ""))
    modules = model.family.modules
    for path in filter(None, (modules.final_norm, modules.encoder, modules.memory, modules.decoder)):
        attrgetter(path)(model.module)
    return ", ".join(described)


def token_counts(model: "Model") -> str:
    """In every tower and layer there are as many tokens as the grid has cells."""
    counted = []
    for sizes in shown_sizes(model):
        name = " and ".join(f"{height}x{width}" for height, width in sizes)
        for states, image in states_of_each(model, pictures(sizes)):
            for (tower, layer), state in states.items():
                grid = model.family.tokens.grid(model.config, image, tower)
                leading = model.family.tokens.leading(model.config) if tower == "vision" else 0
                shape = (int(np.prod(grid)) + leading, model.towers[tower].features)
                require(
                    tuple(state.shape) == shape,
                    f"{name}: {tower} layer {layer} is {tuple(state.shape)}, the grid {grid} makes it {shape}",
                )
        grids = view_grids(model.blueprint, sizes).items()
        counted.append(f"{name} -> " + ", ".join(f"{tower} {' '.join(map(str, each))}" for tower, each in grids))
    return "; ".join(counted)


def kept_apart(model: "Model") -> str:
    """Changing one of three pictures changes its own tokens up to the language model, and none of the others'."""
    if not model.family.tokens.several:
        return "a view has one picture"
    shown = pictures(SEVERAL[-1])
    clean = [states for states, _ in states_of_each(model, shown)]
    before = [point for point in clean[0] if point[0] != "language" or point[1] == 0]
    for index in range(len(shown)):
        others = [255 - pixels if k == index else pixels for k, pixels in enumerate(shown)]
        for k, (states, _) in enumerate(states_of_each(model, others)):
            changed = [point for point in before if largest_difference(states[point], clean[k][point]) > 0]
            expected = before if k == index else []
            wrong = ", ".join(f"{tower} layer {layer}" for tower, layer in sorted({*changed} ^ {*expected}))
            require(not wrong, f"changing picture {index} leaves or changes picture {k} wrongly at {wrong}")
    return f"{len(shown)} pictures, {len(before)} points"


def row_major(model: "Model") -> str:
    """Brightening a corner of a picture moves its token most, or as those beside it, where patches enter the tower.

    Where the first state is a map of convolutions, whose cells see their neighbours, one in the corner's quarter.
    """
    height, width = SIZES[0]
    plain = np.full((height, width, 3), 96, np.uint8)
    base, image = states_of(model, plain)
    first = next(iter(model.towers))
    if first == "language":
        return "a picture enters as words of a codebook, which reads all of it for each"
    tiles, rows, cols = grid = model.family.tokens.grid(model.config, image, first)
    leading = model.family.tokens.leading(model.config) if first == "vision" else 0
    corners = []
    for row, col in ((0, 0), (0, cols - 1), (rows - 1, 0), (rows - 1, cols - 1)):
        for spot in range(tiles, 0, -1):  # the smallest spot that changes any patch: some towers leave out a margin
            tall, wide = max(1, round(height / rows / spot)), max(1, round(width / cols / spot))
            bright = plain.copy()
            top, left = (height - tall) * (row > 0), (width - wide) * (col > 0)
            bright[top : top + tall, left : left + wide] = 255
            moved = (states_of(model, bright)[0][first, 0] - base[first, 0]).float().norm(dim=-1)[leading:]
            if moved.any():
                break
        else:
            raise Wrong(f"brightening patch {(row, col)} moves no token")
        most = tuple(int(i) for i in np.unravel_index(int(moved.argmax()), grid))
        if tiles == 1 and _moves_most(moved.view(*grid[1:]), row, col):
            most = (0, row, col)
        if first == "vision" and not model.towers[first].layers:
            if moved.min() >= SPREAD * moved.max():
                return f"{rows}x{cols}, every cell of which reads the whole picture"
            most = (most[0], (rows - 1) * (2 * most[1] >= rows), (cols - 1) * (2 * most[2] >= cols))
        corners.append(most)
        require(tiles > 1 or (row, col) == most[1:], f"brightening patch {(row, col)} moves token {most[1:]} most")
    require(
        any(tiles % across == 0 and _upright(corners, grid, across) for across in range(1, tiles + 1)),
        f"the picture's corners lie at (tile, row, column) {corners} of {grid}",
    )
    return f"{rows}x{cols}, four corners" + (f" of {tiles} tiles" if tiles > 1 else "")


def _moves_most(moved: Tensor, row: int, col: int) -> bool:
    """Whether a token moves most, or half as much, and all others that move so are beside it: (row, col) -> bool."""
    rows, cols = (moved >= BLURRED * moved.max()).nonzero().unbind(-1)
    beside = ((rows - row).abs() <= 1) & ((cols - col).abs() <= 1)
    return bool(beside.all()) and bool(moved[row, col] >= BLURRED * moved.max())


def _upright(corners: Sequence[tuple[int, ...]], grid: Grid, across: int) -> bool:
    """Whether a picture's corners lie upright in the plane of its tiles, `across` in a row, and reach its two ends.

    They may leave out padding above and below, or left and right.
    """
    tiles, rows, cols = grid
    places = [(tile // across * rows + row, tile % across * cols + col) for tile, row, col in corners]
    (top, left), (bottom, right) = places[0], places[-1]
    reach = (top, bottom) == (0, tiles // across * rows - 1) or (left, right) == (0, across * cols - 1)
    return reach and places == [(top, left), (top, right), (bottom, left), (bottom, right)]


def projected_in_place(model: "Model") -> str:
    """Changing one patch where it leaves the vision tower changes the projected token at its place, and none far off.

    A projector that convolves changes the neighbours too.
    """
    image = inputs_of(model, picture(*SIZES[0]))
    grids = {name: model.family.tokens.grid(model.config, image, name) for name in model.towers}
    vision, projected = grids.get("vision", (1, 1, 1)), grids.get("projector", (1, 1, 1))
    if (
        not {"vision", "projector"} <= model.towers.keys()
        or 1 in projected[1:]
        or vision[1] % projected[1]
        or vision[2] % projected[2]
    ):
        return f"the projector keeps no place for a patch: {vision} -> {projected}"
    merge = (vision[1] // projected[1], vision[2] // projected[2])
    layers = model.towers["vision"].layers
    for layer in range(layers, min(layers, 1) - 1, -1):
        moved = [_moved(model, layer, place, vision, projected) for place in ((1, 2), (vision[1] - 1, 0))]
        if any(moved):
            break
    else:
        raise Wrong("no layer of the vision tower changes the projector's output")
    if max(map(len, moved)) == int(np.prod(projected)):
        return f"every token attends to every patch: {vision} -> {projected}"
    expected = [(0, 1 // merge[0], 2 // merge[1]), (0, projected[1] - 1, 0)]
    near = all(place in each and _around(place, each) for place, each in zip(expected, moved, strict=True))
    require(near, f"patches (1, 2) and ({vision[1] - 1}, 0) change tokens {moved}, expected {expected}")
    return f"{vision} -> {projected}, after vision layer {layer}"


def _around(place: tuple[int, ...], moved: Sequence[tuple[int, ...]]) -> bool:
    """Whether all places that moved touch one."""
    return all(max(abs(a - b) for a, b in zip(place, each, strict=True)) <= 1 for each in moved)


def _moved(model: "Model", layer: int, place: Sequence[int], vision: Grid, projected: Grid) -> list[tuple[int, ...]]:
    """The places of projected tokens that change with the patch at (row, col) of the first tile."""
    inputs = inputs_of(model, picture(*SIZES[0]))
    clean = _projected(model, inputs, layer, None)
    at = model.family.tokens.leading(model.config) + place[0] * vision[2] + place[1]
    changed = _projected(model, inputs, layer, at)
    change = (changed - clean).float().norm(dim=-1)
    places = (change > NOISE * change.max()).nonzero()[:, 0].tolist()
    return [tuple(int(i) for i in np.unravel_index(each, projected)) for each in places]


def _projected(model: "Model", inputs: dict[str, Tensor], layer: int, at: int | None) -> Tensor:
    """One image's projected tokens, with the state of its vision token `at` (in grid order) reversed after a layer."""

    def reverse(state: Tensor) -> Tensor:
        index = flat_index(model, state, inputs, "vision")[at]
        flat = state.view(-1)
        flat[index] = flat[index].flip(-1)
        return state

    writes = {} if at is None else {("vision", layer): reverse}
    _, states = trace.run(model, fed(model, inputs), reads=[("projector", 0)], writes=writes, method=method(model))
    return by_picture(model, states, [inputs])[0]["projector", 0]
