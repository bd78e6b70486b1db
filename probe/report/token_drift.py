"""How far each vision token of a view moved, as small grids that are laid over its pictures."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..results import Evidence
from ..results.states import read, with_layers
from .views import View

LEVELS = 255
"""The largest level of a grid."""

PREFERRED = "projector"
"""The tower whose tokens are shown where a run has those of several: what the language model reads."""


@dataclass(frozen=True)
class TokenDrift:
    """Cosine drift of each token of a view: `levels` (picture, row, column) in units of `largest` / `LEVELS`."""

    largest: float
    levels: NDArray[np.uint8]

    def to_json(self) -> dict[str, Any]:
        """The shape, the largest value, and the levels row by row in base64."""
        shape = list(self.levels.shape)
        return {"shape": shape, "largest": self.largest, "levels": b64encode(self.levels.tobytes()).decode()}


def site_layer(evidence: Evidence) -> str:
    """The site and layer whose token drift is shown: the projector's or else the vision tower's last; "" of none."""
    sites = [site for site in evidence.run.sites if "token_drift" in evidence.stored(site)]
    sites.sort(key=lambda site: site.startswith(PREFERRED))
    return evidence.site_layers(sites[-1])[-1] if sites else ""


def of_views(evidence: Evidence, views: Sequence[View], pictures: Mapping[int, int]) -> dict[View, TokenDrift]:
    """The token drift of those views that have it; `pictures` is the number of pictures of each image, by its place.

    Left out are tokens without a grid, and grids of tiles, which are no grid of the picture.
    """
    where = site_layer(evidence)
    if not (where and views):
        return {}
    stored = with_layers(evidence.run.site(where)).isel(layer=-1)
    image, condition = (xr.DataArray(list(each), dims="view") for each in zip(*views, strict=True))
    grids, counts = (read(stored[name].isel(image=image, condition=condition)).values for name in ("grid", "n_tokens"))
    found: dict[View, TokenDrift] = {}
    for start in range(0, len(views), step := 64):
        part = {"image": image[start : start + step], "condition": condition[start : start + step]}
        values = read(stored["token_drift"].isel(part)).values
        for view, grid, count, own in zip(views[start:], grids[start:], counts[start:], values, strict=False):
            shape = tuple(map(int, grid))
            cells = own[: int(count)]
            if shape[0] == pictures[view[0]] and np.prod(shape) == count > 0 and np.isfinite(cells).all():
                found[view] = of_grid(cells.reshape(shape))
    return found


def of_grid(drift: NDArray[Any]) -> TokenDrift:
    """The levels of a grid (picture, row, column) of drift in [0, 2], rounded to the nearest.

    >>> grid = of_grid(np.array([[[0.0, 0.5, 1.0]]]))
    >>> grid.largest, grid.levels.tolist()
    (1.0, [[[0, 128, 255]]])
    """
    largest = max(float(drift.max()), 0.0)
    levels = np.clip(drift / (largest or 1.0), 0, 1) * LEVELS
    return TokenDrift(largest, np.floor(levels + 0.5).astype(np.uint8))
