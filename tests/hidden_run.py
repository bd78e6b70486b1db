"""A made-up run in which states move and answers flip: what the tests of hidden instability read."""

import numpy as np
import xarray as xr


def run(images: int = 30, layers: int = 3, seed: int = 0) -> dict[str, xr.DataArray]:
    """Drift, control, flips, erosion of a made-up run: two samples an image, clean and four conditions."""
    rng = np.random.default_rng(seed)
    samples, names = 2 * images, ["clean", "shift:1", "shift:2", "blur:1", "blur:2"]
    one = {
        "sample": [f"s{i:03}" for i in range(samples)],
        "image": ("sample", [f"i{i // 2:03}" for i in range(samples)]),
    }
    both = {**one, "condition": names, "family": ("condition", [name.split(":")[0] for name in names])}
    depth = {"layer": [8, 0, 4][:layers]}
    perturbed = np.arange(5) > 0
    moved = rng.uniform(size=(samples, 5, layers)) * perturbed[:, None]
    moved[7, 2, 0] = np.nan
    flipped = ((rng.uniform(size=(samples, 5)) < 0.3) & perturbed).astype(float)
    flipped[9, 3] = np.nan
    eroded = rng.normal(size=(samples, 5)) * perturbed
    pair = ("sample", "condition")
    return {
        "drift": xr.DataArray(moved, dims=(*pair, "layer"), coords={**both, **depth}),
        "control": xr.DataArray(
            rng.uniform(0.5, 1.5, size=(samples, layers, 6)), dims=("sample", "layer", "pair"), coords={**one, **depth}
        ),
        "flipped": xr.DataArray(flipped, dims=pair, coords=both),
        "erosion": xr.DataArray(eroded, dims=pair, coords=both),
    }


def states(data: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    return {name: data[name] for name in ("drift", "control", "flipped")}
