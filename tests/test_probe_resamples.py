"""The AUROC of probes with other images drawn, against scikit-learn on the drawn rows."""

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import roc_auc_score

from analyses import probing, statistics

NAN = np.nan


def read(seed: int = 0, images: int = 12, layers: int = 2) -> tuple[xr.DataArray, xr.DataArray]:
    """Log-odds (sample, layer, class) in steps, so that some tie, and what is there; two samples an image."""
    rng = np.random.default_rng(seed)
    wanted = np.repeat(rng.integers(0, 2, size=(images, 2)), 2, axis=0).astype(float)
    scores = rng.integers(-3, 4, size=(2 * images, layers, 2)) + wanted[:, None]
    names = {
        "sample": [f"s{k:02}" for k in range(2 * images)],
        "image": ("sample", [f"i{k // 2:02}" for k in range(2 * images)]),
        "class": ["car", "bus"],
    }
    coords = names | {"layer": list(range(layers))}
    return (
        xr.DataArray(scores.astype(float), dims=("sample", "layer", "class"), coords=coords),
        xr.DataArray(wanted, dims=("sample", "class"), coords=names),
    )


def test_redrawn_areas_are_scikit_learns_of_the_rows_that_are_drawn() -> None:
    scores, present = read()
    scores[3, 0, 0] = NAN
    result = probing.resampled_auroc(scores, present, resamples=50, seed=4)
    assert result.draws.dims == ("draw", "layer", "class")
    names = np.unique(present.image)
    rows_of = [np.flatnonzero(present.image.values == name) for name in names]
    drawn = np.random.default_rng(4).integers(12, size=(50, 12))
    for layer in (0, 1):
        for kind in (0, 1):
            values, wanted = scores.values[:, layer, kind], present.values[:, kind]

            def area(rows: np.ndarray, values: np.ndarray = values, wanted: np.ndarray = wanted) -> float:
                kept = rows[~np.isnan(values[rows])]
                return roc_auc_score(wanted[kept], values[kept]) if len(set(wanted[kept])) == 2 else NAN

            assert result.estimate[layer, kind].item() == pytest.approx(area(np.arange(24)))
            looped = [area(np.concatenate([rows_of[k] for k in row])) for row in drawn]
            np.testing.assert_allclose(result.draws[:, layer, kind], looped)


def test_layers_are_compared_with_the_same_images_drawn() -> None:
    scores, present = read(1, images=60)
    scores[:, 1] = scores[:, 0] + 4 * present  # the second reads far better
    numbers = probing.resampled_auroc(scores, present).mean("class", skipna=False)
    lead = statistics.leads(numbers, "layer").above_others
    assert lead.sel(layer=1, bound="low") > 0
    alone, both = (probing.resampled_auroc(some, present).draws[:, 0] for some in (scores[:, :1], scores))
    np.testing.assert_array_equal(alone, both)


def test_one_class_or_one_image_has_no_area_or_no_draws() -> None:
    scores, present = read(2)
    one = probing.resampled_auroc(scores, xr.ones_like(present), resamples=5)
    assert one.estimate.isnull().all()
    alone = probing.resampled_auroc(scores, present, image=["i"] * 24, resamples=5)
    assert alone.estimate.notnull().all()
    assert alone.draws.isnull().all()
    assert probing.resampled_auroc(scores * NAN, present, resamples=5).estimate.isnull().all()


def test_the_order_of_samples_does_not_matter() -> None:
    scores, present = read(3)
    order = np.random.default_rng(0).permutation(24)
    moved = probing.resampled_auroc(scores[order], present[order], resamples=20)
    xr.testing.assert_allclose(moved, probing.resampled_auroc(scores, present, resamples=20))
