"""Laws of the Fourier heat map that hold for any set of waves."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyses.frequency import heatmap

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
frequencies = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=12, unique=True)


def drifts(waves, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, size=(3, len(waves)))


def mapped(values, waves):
    return heatmap.fourier(values, i=[i for i, _ in waves], j=[j for _, j in waves])


@laws
@given(frequencies)
def test_every_place_holds_its_wave_or_else_its_twin_or_else_nothing(waves) -> None:
    values = drifts(waves)
    result = mapped(values, waves)
    missing = 0
    for i in result.i.values:
        for j in result.j.values:
            cell = result.sel(i=i, j=j)
            source = next((wave for wave in ((i, j), (-i, -j)) if wave in waves), None)
            missing += source is None
            expected = np.full(3, np.nan) if source is None else values[:, waves.index(source)]
            np.testing.assert_array_equal(cell, expected)
            assert bool(cell.measured) == ((i, j) in waves)
    assert result.attrs["missing"] == missing


@laws
@given(frequencies)
def test_half_a_plane_of_waves_makes_a_map_that_is_symmetric_about_its_centre(waves) -> None:
    half = [wave for wave in waves if wave[::-1] >= (0, 0)] or [(0, 0)]
    result = mapped(drifts(half), half)
    np.testing.assert_array_equal(result, result.values[:, ::-1, ::-1])
    assert (result.i == -result.i[::-1].values).all()
    assert result.sizes["i"] % 2 == result.sizes["j"] % 2 == 1


@laws
@given(frequencies, st.randoms(use_true_random=False))
def test_the_order_of_waves_changes_nothing(waves, random) -> None:
    values = drifts(waves)
    order = random.sample(range(len(waves)), len(waves))
    result = mapped(values[:, order], [waves[k] for k in order])
    np.testing.assert_array_equal(result, mapped(values, waves))
