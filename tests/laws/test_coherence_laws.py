"""Laws of cross-frequency coherence that hold for any erosions."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses.frequency import coherence

laws = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
erosions = st.integers(3, 8).flatmap(
    lambda samples: arrays(np.float64, (samples, 4), elements=st.integers(-20, 20).map(float))
)


def estimate(erosion, between=("low", "high")) -> np.ndarray:
    result = coherence.cross_frequency(
        erosion,
        epsilon=[1, 2, 1, 2],
        band=["low", "low", "high", "high"],
        between=between,
        cluster=np.arange(len(erosion)),
        resamples=10,
    )
    return result.sel(bound="estimate").values


@laws
@given(erosions)
def test_coherence_is_symmetric_within_bounds_and_undefined_only_for_a_steady_erosion(erosion) -> None:
    result = estimate(erosion)
    steady = np.ptp(erosion, axis=0) == 0
    np.testing.assert_array_equal(np.isnan(result), steady[:2] | steady[2:])
    assert (np.abs(result[~np.isnan(result)]) <= 1 + 1e-12).all()
    np.testing.assert_allclose(estimate(erosion, ("high", "low")), result, atol=1e-12)


@laws
@given(erosions, st.integers(1, 9), st.integers(-9, 9))
def test_units_and_offsets_of_a_band_do_not_matter_and_its_sign_does(erosion, factor: int, offset: int) -> None:
    scaled, turned = erosion.copy(), erosion.copy()
    scaled[:, :2] = factor * erosion[:, :2] + offset
    turned[:, 2:] = -erosion[:, 2:]
    np.testing.assert_allclose(estimate(scaled), estimate(erosion), atol=1e-9)
    np.testing.assert_allclose(estimate(turned), -estimate(erosion), atol=1e-9)


@laws
@given(erosions)
def test_a_band_coheres_wholly_with_itself(erosion) -> None:
    same = np.concatenate([erosion[:, :2], erosion[:, :2]], axis=1)
    result = estimate(same)
    np.testing.assert_allclose(result[~np.isnan(result)], 1)


@laws
@given(erosions, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(erosion, random) -> None:
    order = random.sample(range(len(erosion)), len(erosion))
    np.testing.assert_allclose(estimate(erosion[order]), estimate(erosion), atol=1e-9)
