"""Cross-frequency coherence by hand, against scipy, and with its interval."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analyses.frequency import coherence

NAN = np.nan


def erosions(samples: int = 30, seed: int = 0) -> xr.DataArray:
    """Erosions of samples, two to an image, under two bands at two levels; the bands share a part of each sample."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(samples, 4)) + rng.normal(size=(samples, 1))
    return xr.DataArray(
        values,
        dims=("sample", "condition"),
        coords={
            "sample": [f"s{k}" for k in range(samples)],
            "image": ("sample", [f"x{k // 2}" for k in range(samples)]),
            "condition": ["low:2", "low:8", "high:2", "high:8"],
            "band": ("condition", ["low", "low", "high", "high"]),
            "epsilon": ("condition", [2.0, 8.0, 2.0, 8.0]),
        },
    )


def test_coherence_by_hand() -> None:
    # low 1, 2, 3 and high 1, 3, 2: deviations (-1, 0, 1) and (-1, 1, 0), r = 1 / 2
    values = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])
    result = coherence.cross_frequency(values, epsilon=[4, 4], band=["low", "high"], cluster=["a", "b", "c"])
    assert result.sel(epsilon=4, bound="estimate").item() == pytest.approx(0.5)
    assert result.n.values.tolist() == [3]


def test_coherence_agrees_with_scipy_at_each_epsilon() -> None:
    values = erosions()
    result = coherence.cross_frequency(values, resamples=300)
    assert result.dims == ("epsilon", "bound")
    for epsilon in (2, 8):
        expected = stats.pearsonr(values.sel(condition=f"low:{epsilon}"), values.sel(condition=f"high:{epsilon}"))
        estimate, low, high = result.sel(epsilon=epsilon).values
        assert estimate == pytest.approx(expected.statistic)
        assert low < estimate < high
    assert result.attrs["between"] == ["low", "high"]
    assert result.attrs["unit"] == "image"


def test_undefined_pairs_are_left_out_and_counted() -> None:
    values = erosions()
    values[3, 0] = NAN  # low at 2
    values[5, 3] = NAN  # high at 8
    values[6, 3] = NAN
    result = coherence.cross_frequency(values, resamples=50)
    assert result.n.values.tolist() == [29, 28]
    assert result.undefined.values.tolist() == [1, 2]
    kept = values.isel(sample=[k for k in range(30) if k != 3])
    expected = stats.pearsonr(kept.sel(condition="low:2"), kept.sel(condition="high:2"))
    assert result.sel(epsilon=2, bound="estimate").item() == pytest.approx(expected.statistic)


def test_too_few_samples_a_steady_erosion_and_a_level_without_its_twin_are_undefined() -> None:
    values = erosions()
    two = values.where(values["sample"].isin(["s0", "s9"]))
    assert coherence.cross_frequency(two, resamples=20).isnull().all()
    steady = values.where(values.condition != "low:2", 1.0)
    result = coherence.cross_frequency(steady, resamples=20)
    assert result.sel(epsilon=2).isnull().all()
    assert result.sel(epsilon=8).notnull().all()
    alone = coherence.cross_frequency(values.isel(condition=[0, 1, 2]), resamples=20)
    assert alone.sel(epsilon=8).isnull().all()
    assert alone.n.values.tolist() == [30, 0]


def test_any_two_bands_can_be_named() -> None:
    values = erosions()
    three = xr.concat([values, -values.isel(condition=[0, 1]).assign_coords(band="middle")], "condition")
    result = coherence.cross_frequency(three, between=("low", "middle"), resamples=20)
    np.testing.assert_allclose(result.sel(bound="estimate"), -1.0)
    for wrong in (("low", "ultra"), ("low", "low")):
        with pytest.raises(ValueError, match="name two different bands of those that were run: low, high, middle"):
            coherence.cross_frequency(three, between=wrong)


def test_the_interval_is_by_image_not_by_sample() -> None:
    # every sample four times over: by image nothing is gained, by sample it would be
    once = erosions().isel(sample=slice(None, None, 2))
    often = once.isel(sample=np.repeat(np.arange(15), 4)).assign_coords(sample=[f"t{k}" for k in range(60)])
    wide = coherence.cross_frequency(often, resamples=400)
    same = coherence.cross_frequency(once, resamples=400)
    narrow = coherence.cross_frequency(often, cluster=often["sample"].values, resamples=400)
    np.testing.assert_allclose(wide, same, rtol=1e-9)
    width = [result.sel(bound="high") - result.sel(bound="low") for result in (wide, narrow)]
    assert (width[1] < 0.8 * width[0]).all()


def test_mismatched_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="'image'"):
        coherence.cross_frequency(erosions().drop_vars("image"))
    with pytest.raises(ValueError, match="3 cluster labels for 30 pairs"):
        coherence.cross_frequency(erosions(), cluster=["a", "b", "c"])
    with pytest.raises(ValueError, match="no coordinate 'epsilon'"):
        coherence.cross_frequency(erosions().drop_vars("epsilon"))


def test_the_card_says_that_the_formula_is_ours() -> None:
    card = coherence.CARDS[0]
    assert "ours" in card.question
    assert card.paper == ""
    assert "Ours" in (coherence.cross_frequency.__doc__ or "")
