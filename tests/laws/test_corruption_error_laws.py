"""Laws of corruption errors that hold for any tables."""

import numpy as np
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import corruption

laws = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw, count: int = 2, undefined: bool = False):
    """Error tables of one shape, all above the smallest denominator."""
    corruptions, severities = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    shares = st.floats(0.05, 1.0)
    elements = shares | st.just(np.nan) if undefined else shares
    coords = {"corruption": [f"c{i}" for i in range(corruptions)], "severity": np.arange(1, severities + 1)}
    return [
        xr.DataArray(draw(arrays(np.float64, (corruptions, severities), elements=elements)), coords=coords)
        for _ in range(count)
    ]


@laws
@given(tables(count=1))
def test_the_mce_of_the_reference_is_one(made) -> None:
    (error,) = made
    np.testing.assert_allclose(corruption.ce(error, error), 1.0)
    assert abs(corruption.mce(corruption.ce(error, error)).item() - 1) < 1e-12
    assert abs(corruption.mcr(corruption.mce(corruption.ce(error, error))).item()) < 1e-12
    assert abs(corruption.relative_mce_within_pair(error, error).item() - 1) < 1e-12


@laws
@given(tables())
def test_swapping_model_and_reference_inverts_every_corruption_error(made) -> None:
    error, reference = made
    np.testing.assert_allclose(corruption.ce(error, reference) * corruption.ce(reference, error), 1.0)
    np.testing.assert_allclose(corruption.advantage(error, reference), -corruption.advantage(reference, error))


@laws
@given(tables(), st.floats(0.4, 1.0))
def test_corruption_error_grows_in_proportion_to_the_error(made, factor) -> None:
    error, reference = made
    np.testing.assert_allclose(
        corruption.ce(error * factor, reference), factor * corruption.ce(error, reference), rtol=1e-12
    )


@laws
@given(tables())
def test_relative_corruption_error_of_faultless_clean_models_is_corruption_error(made) -> None:
    error, reference = made
    faultless = xr.DataArray(0.0)
    relative = corruption.relative_ce(error, reference, clean_error=faultless, clean_reference_error=faultless)
    np.testing.assert_allclose(relative, corruption.ce(error, reference))


@laws
@given(tables(count=3))
def test_chaining_references_multiplies_corruption_errors(made) -> None:
    model, middle, last = made
    chained = corruption.ce(model, middle) * corruption.ce(middle, last)
    np.testing.assert_allclose(corruption.ce(model, last), chained)


@laws
@given(tables(count=3))
def test_the_global_reading_does_not_depend_on_the_reference_for_a_single_corruption(made) -> None:
    aligned, base, reference = (table.isel(corruption=[0]) for table in made)
    globally = [corruption.mce(corruption.ce(one, reference)) for one in (aligned, base)]
    np.testing.assert_allclose(
        corruption.relative_mce_global(*globally), corruption.relative_mce_within_pair(aligned, base)
    )


@laws
@given(tables(undefined=True), st.randoms(use_true_random=False))
def test_the_order_of_corruptions_and_severities_does_not_matter(made, random) -> None:
    rows, columns = (random.sample(range(size), size) for size in made[0].shape)
    shuffled = [table.isel(corruption=rows, severity=columns) for table in made]
    expected = corruption.ce(*made)
    np.testing.assert_allclose(corruption.ce(*shuffled), expected.isel(corruption=rows))
    np.testing.assert_allclose(corruption.mce(corruption.ce(*shuffled)), corruption.mce(expected))
    np.testing.assert_array_equal(
        corruption.crossover_severity(*shuffled), corruption.crossover_severity(*made).isel(corruption=rows)
    )


@laws
@given(tables(undefined=True))
def test_a_corruption_error_is_undefined_exactly_where_an_error_is(made) -> None:
    error, reference = made
    result = corruption.ce(error, reference)
    missing = np.isnan(error.values) | np.isnan(reference.values)
    np.testing.assert_array_equal(np.isnan(result), missing.any(axis=1))
    np.testing.assert_array_equal(result.undefined, missing.sum(axis=1))
    mean = corruption.mce(result)
    assert np.isnan(mean) == missing.any()
    assert mean.undefined == missing.any(axis=1).sum()


@laws
@given(tables())
def test_a_crossover_is_where_the_first_leader_falls_behind_and_swapping_keeps_it(made) -> None:
    aligned, base = made
    result = corruption.crossover_severity(aligned, base)
    np.testing.assert_array_equal(result, corruption.crossover_severity(base, aligned))
    for row, severity in zip((base - aligned).values, result.values, strict=True):
        leads = [(place + 1, gap > 0) for place, gap in enumerate(row) if abs(gap) > 1e-9]
        changes = [place for place, ahead in leads if ahead != leads[0][1]]
        assert severity == changes[0] if changes else np.isnan(severity)


@laws
@given(tables(count=1, undefined=True), st.randoms(use_true_random=False))
def test_a_table_told_by_condition_is_laid_out_as_it_was(made, random) -> None:
    (table,) = made
    cells = [(c, s) for c in table.corruption.values for s in table.severity.values]
    order = [(table.corruption.values[0], s) for s in table.severity.values]
    order += random.sample(cells[len(order) :], len(cells) - len(order))
    flat = np.array([0.0, *(table.sel(corruption=c, severity=s).item() for c, s in order)])
    laid = corruption.unfold(flat, family=["clean", *(c for c, _ in order)], severity=[-1, *(s for _, s in order)])
    np.testing.assert_array_equal(laid.sel(corruption=table.corruption), table)
