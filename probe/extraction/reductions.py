"""Online reductions of vision tokens: a few numbers per layer, computed during capture and stored as variables.

`hooks` passes each image's tokens while they are on the device. The definitions are the kernels of `analyses`, which
run on any array library, so that a number reduced during capture is the number that the analysis would compute.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analyses import kernels
from hooks.reading import Grid, stacked
from stores import Variable

if TYPE_CHECKING:
    import torch

    from hooks.request import Reduce
    from hooks.sites import Site

BANDS = 3
HI = "arXiv 2602.06652"

VARIABLES = (
    Variable("dirichlet", ("layer",), "float32", "model units squared", "Dirichlet energy of the tokens", HI),
    Variable("dirichlet_scale_free", ("layer",), "float32", "1", "Dirichlet energy over variance"),
    Variable("spectrum", ("layer", "band"), "float32", "1", "token-grid band power", lengths={"band": BANDS}),
    Variable("token_drift", ("layer", "token"), "float16", "1", "cosine distance of each token to its clean self", HI),
)
"""What is stored of every site with a token axis; a `Reducer` computes the values."""


def structure(tokens: "torch.Tensor", grid: Grid, *, bands: int = BANDS) -> "dict[str, torch.Tensor]":
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

    What needs a grid is defined only where the pictures of an image have a common one. The clean tokens stay in memory
    (on the CPU, in the model's precision) until the block is finished: token drift is the cosine drift from them to the
    tokens under a condition, defined only where each picture has the grid that it has when clean.
    """

    def __init__(self) -> None:
        self._clean: dict[tuple[str, str], tuple[torch.Tensor, tuple[Grid, ...]]] = {}

    def over(self, image_ids: list[str], *, clean: bool) -> "Reduce":
        """The callable for `hooks.capture.read`, for views of these images under one condition."""

        def reduce(
            view: int, site: "Site", tokens: "torch.Tensor", grids: tuple[Grid, ...]
        ) -> "Mapping[str, torch.Tensor]":
            key = image_ids[view], site.slug
            if clean:
                self._clean[key] = tokens.detach().cpu().clone(), grids
            grid = stacked(grids)
            return (structure(tokens, grid) if grid else {}) | self._drift(key, tokens, grids)

        return reduce

    def _drift(
        self, key: tuple[str, str], tokens: "torch.Tensor", grids: tuple[Grid, ...]
    ) -> "dict[str, torch.Tensor]":
        reference, reference_grids = self._clean.get(key, (None, None))
        if reference is None or reference_grids != grids or reference.shape != tokens.shape:
            return {}
        # (layer, token, feature) twice -> (layer, token)
        return {"token_drift": kernels.cosine_drift(reference.to(tokens.device).float(), tokens.float())}
