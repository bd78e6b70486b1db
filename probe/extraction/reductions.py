"""What is kept of vision tokens where the raw ones are not: a few numbers per layer, computed where the tokens are.

`hooks` hands over each image's tokens while they are on the device; the definitions are those of `analyses`, whose
kernels run on any array library, so a number reduced during capture is the number that the analysis would compute.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch

from analyses import kernels

if TYPE_CHECKING:
    from hooks.sites import Site

Grid = tuple[int, int, int]
BANDS = 3


def structure(tokens: torch.Tensor, grid: Grid, *, bands: int = BANDS) -> dict[str, torch.Tensor]:
    """Dirichlet energy and token spectrum of one image's tokens.

    tokens (layer, token, feature), row-major on the grid (frame, row, column) -> `dirichlet` and
    `dirichlet_scale_free` (layer), `spectrum` (layer, band). Empty where the tokens do not fill the grid.
    """
    frames, rows, columns = grid
    if tokens.shape[1] != frames * rows * columns:
        return {}
    shaped = tokens.float().reshape(tokens.shape[0], frames, rows, columns, tokens.shape[2])
    return {
        "dirichlet": kernels.dirichlet_energy(shaped),
        "dirichlet_scale_free": kernels.dirichlet_energy(shaped, scale_free=True),
        "spectrum": kernels.token_spectrum(shaped, bands=bands).mean(dim=1),
    }


class Reducer:
    """Reduces the tokens of one block's images, one condition after the other, clean first.

    The clean tokens are kept (on the CPU, in the model's own precision) as long as the block lasts: token drift is
    their cosine drift to the same tokens under a condition, defined only where both grids are equal.
    """

    def __init__(self) -> None:
        self._clean: dict[tuple[str, str], tuple[torch.Tensor, Grid]] = {}

    def over(
        self, image_ids: list[str], *, clean: bool
    ) -> "Callable[[int, Site, torch.Tensor, Grid], Mapping[str, torch.Tensor]]":
        """The callable for `hooks.capture.read`, for views of these images under one condition."""

        def reduce(view: int, site: "Site", tokens: torch.Tensor, grid: Grid) -> Mapping[str, torch.Tensor]:
            key = image_ids[view], site.slug
            if clean:
                self._clean[key] = tokens.detach().cpu().clone(), grid
            return structure(tokens, grid) | self._drift(key, tokens, grid)

        return reduce

    def _drift(self, key: tuple[str, str], tokens: torch.Tensor, grid: Grid) -> dict[str, torch.Tensor]:
        reference, reference_grid = self._clean.get(key, (None, None))
        if reference is None or reference_grid != grid or reference.shape != tokens.shape:
            return {}
        # (layer, token, feature) twice -> (layer, token)
        return {"token_drift": kernels.cosine_drift(reference.to(tokens.device).float(), tokens.float())}
