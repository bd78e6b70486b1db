"""Numbers made from all images, drawn again together, against the bootstrap and loops."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from analyses import correlation, segmentation, statistics

NAN = np.nan
METHODS = {"pearson": scipy.stats.pearsonr, "spearman": scipy.stats.spearmanr}


def images(seed: int = 0, count: int = 12) -> xr.DataArray:
    """A quantity (image, condition)."""
    return xr.DataArray(
        np.random.default_rng(seed).integers(0, 6, size=(count, 5)).astype(float),
        dims=("image", "condition"),
        coords={"image": [f"i{i:02}" for i in range(count)], "condition": [f"c{i}" for i in range(5)]},
    )


def test_redrawn_numbers_have_the_interval_of_the_bootstrap() -> None:
    x = images(18)
    x[3, 2] = NAN
    made = correlation.resampled(statistics.mean, x, resamples=100, seed=5)
    expected = statistics.bootstrap(statistics.mean, x, cluster="image", resamples=100, seed=5)
    for bound, one in zip(("estimate", "low", "high"), expected, strict=True):
        np.testing.assert_allclose(correlation.bounds(made).sel(bound=bound), one)
    assert made.draws.sizes == {"draw": 100, "condition": 5}
    ratio = correlation.resampled(statistics.ratio, x, x + 1, resamples=100, seed=5)
    expected = statistics.bootstrap(statistics.ratio, x, x + 1, cluster="image", resamples=100, seed=5)
    np.testing.assert_allclose(correlation.bounds(ratio).transpose("bound", ...), expected)


def test_numbers_of_samples_and_of_images_are_redrawn_alike() -> None:
    x = images(19)
    samples = xr.concat([x, x], "copy").stack(sample=("image", "copy"), create_index=False)
    doubled = correlation.resampled(statistics.mean, samples.transpose("condition", "sample"), resamples=50)
    xr.testing.assert_allclose(doubled, correlation.resampled(statistics.mean, x, resamples=50))
    shuffled = correlation.resampled(statistics.mean, x[::-1], resamples=50)
    xr.testing.assert_allclose(shuffled, correlation.resampled(statistics.mean, x, resamples=50))


def test_the_difference_of_redrawn_numbers_has_the_interval_of_paired_images() -> None:
    x = images(20)
    made = correlation.resampled(statistics.mean, x, resamples=100)
    drop = correlation.bounds(made.sel(condition="c0") - made)
    expected = statistics.bootstrap(statistics.mean, x.sel(condition="c0") - x, cluster="image", resamples=100)
    np.testing.assert_allclose(drop.transpose("bound", ...), expected)
    np.testing.assert_array_equal(drop.sel(condition="c0"), [0, 0, 0])


def test_a_single_image_is_not_redrawn() -> None:
    x = images(21, count=1)
    made = correlation.bounds(correlation.resampled(statistics.mean, x, resamples=10))
    np.testing.assert_array_equal(made.sel(bound="estimate"), x[0])
    assert np.isnan(made.sel(bound=["low", "high"])).all()
    with pytest.raises(ValueError, match="no names of images"):
        correlation.resampled(statistics.mean, x.drop_vars("image"))
    with pytest.raises(ValueError, match="level=0"):
        correlation.bounds(made, level=0)


def test_values_of_samples_become_values_of_images() -> None:
    values = xr.DataArray(
        [[1.0, 5.0], [2.0, NAN], [3.0, NAN], [NAN, NAN]],
        dims=("sample", "condition"),
        coords={"sample": list("wxyz"), "image": ("sample", ["b", "a", "b", "c"]), "condition": ["clean", "fog"]},
    )
    result = correlation.by_image(values)
    assert result.image.values.tolist() == ["b", "a", "c"]
    np.testing.assert_array_equal(result, [[2.0, 5.0], [2.0, NAN], [NAN, NAN]])
    assert result.condition.values.tolist() == ["clean", "fog"]
    with pytest.raises(ValueError, match="needs a coordinate 'scene'"):
        correlation.by_image(values, image="scene")


def test_the_drop_of_a_summed_miou_against_a_rate_is_redrawn_by_condition_and_by_image() -> None:
    rng = np.random.default_rng(22)
    names = {"image": [f"i{i}" for i in range(9)], "condition": ["clean", *(f"c{i}" for i in range(6))]}
    matrices = xr.DataArray(
        rng.integers(0, 50, size=(9, 7, 3, 3)), dims=("image", "condition", "true", "predicted"), coords=names
    )
    rate = xr.DataArray(rng.random((9, 7)), dims=("image", "condition"), coords=names)
    quality = correlation.resampled(segmentation.summed_miou, matrices, resamples=60, seed=3)
    wrong = correlation.resampled(statistics.mean, rate, resamples=60, seed=3)
    result = correlation.table(
        {"drop": quality.sel(condition="clean") - quality},
        {"HR": wrong - wrong.sel(condition="clean")},
        permutations=50,
        seed=3,
    )
    assert (result.attrs["unit"], result.attrs["redrawn"], result.attrs["resamples"]) == (
        "condition",
        ["condition", "image"],
        60,
    )

    def numbers(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        miou = segmentation.miou(segmentation.total(matrices[rows])).values
        hr = rate[rows].mean("image").values
        return (miou[0] - miou)[1:], (hr - hr[0])[1:]

    drop, rise = numbers(np.arange(9))
    order = np.argsort(drop)
    stream = np.random.SeedSequence((3, 1)).generate_state(1)[0]
    tail = scipy.stats.norm.sf(scipy.stats.t.ppf(0.975, 5) * np.sqrt(6 / 5))
    for method, correlate in METHODS.items():
        images, conditions = np.random.default_rng(3), np.random.default_rng(stream)
        looped = []
        for row in images.integers(9, size=(60, 9)):
            drawn = order[conditions.integers(6, size=6)]
            looped.append(correlate(*(side[drawn] for side in numbers(row)))[0])
        assert result[method][0, 0, 0].item() == pytest.approx(correlate(drop, rise)[0])
        np.testing.assert_allclose(result[method][0, 0, 1:], np.nanquantile(looped, [tail, 1 - tail]))
