"""Error tables along severities: their layout, their start at clean, and where two models change places."""

import numpy as np
import pytest
import xarray as xr

from analyses.corruption import severities

NAN = np.nan
CORRUPTIONS = ["fog", "contrast", "pixelate"]


def errors() -> xr.DataArray:
    """Errors of two models under three corruptions at severities 1, 3 and 5."""
    values = np.random.default_rng(1).uniform(0.1, 0.9, size=(2, 3, 3))
    coords = {"model": ["m0", "m1"], "corruption": CORRUPTIONS, "severity": [1, 3, 5]}
    return xr.DataArray(values, coords=coords)


def clean_errors() -> xr.DataArray:
    return errors().isel(corruption=0, severity=0, drop=True) / 4


def test_the_severity_curve_starts_at_clean() -> None:
    curve = severities.severity_curve(errors(), clean_errors().assign_coords(condition="clean"))
    assert curve.dims == errors().dims
    assert curve.severity.values.tolist() == [0, 1, 3, 5]
    for name in CORRUPTIONS:
        np.testing.assert_array_equal(curve.sel(corruption=name, severity=0), clean_errors())
    np.testing.assert_array_equal(curve.sel(severity=[1, 3, 5]), errors())
    one = severities.severity_curve(errors().sel(corruption="fog"), clean_errors())
    np.testing.assert_array_equal(one, curve.sel(corruption="fog"))


def test_a_severity_curve_keeps_what_is_undefined() -> None:
    error, clean = errors(), clean_errors()
    error[0, 0, 0], clean[1] = NAN, NAN
    assert np.isnan(severities.severity_curve(error, clean)).sum() == 1 + 3


def test_a_severity_curve_needs_severities_above_zero() -> None:
    with pytest.raises(ValueError, match="severity 0 already"):
        severities.severity_curve(errors().assign_coords(severity=[0, 1, 2]), clean_errors())
    with pytest.raises(ValueError, match="no numbers along 'severity'"):
        severities.severity_curve(errors().drop_vars("severity"), clean_errors())


def test_crossovers_by_hand() -> None:
    rows = {
        "crosses": ([0.5, 0.5, 0.5], [0.6, 0.5, 0.4], 5),  # base - aligned: 0.1, 0, -0.1
        "catches up": ([0.5, 0.5, 0.5], [0.6, 0.5, 0.5], NAN),  # 0.1, 0, 0
        "even at first": ([0.5, 0.5, 0.5], [0.5, 0.4, 0.6], 5),  # 0, -0.1, 0.1
        "twice": ([0.5, 0.5, 0.5], [0.6, 0.4, 0.6], 3),  # 0.1, -0.1, 0.1: the first
        "even": ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], NAN),
        "undefined": ([0.5, NAN, 0.5], [0.6, 0.6, 0.4], NAN),
    }
    made = [
        xr.DataArray(
            [row[k] for row in rows.values()],
            dims=("corruption", "severity"),
            coords={"corruption": list(rows), "severity": [1, 3, 5]},
        )
        for k in (0, 1)
    ]
    result = severities.crossover_severity(*made)
    np.testing.assert_array_equal(result, [row[2] for row in rows.values()])
    assert result.undefined.values.tolist() == [0, 0, 0, 0, 0, 1]
    reordered = (table.isel(severity=[2, 0, 1]) for table in made)
    np.testing.assert_array_equal(severities.crossover_severity(*reordered), result)
    places = severities.crossover_severity(*(table.values for table in made))
    np.testing.assert_array_equal(places, [3, NAN, 3, 2, NAN, NAN])  # numbered from 1


def test_equal_errors_differ_by_rounding_without_crossing() -> None:
    base = np.array([0.8, 0.1 + 0.2])
    aligned = np.array([0.7, 0.3 + 1e-15])
    assert np.isnan(severities.crossover_severity(aligned, base))


def run_of_conditions() -> xr.DataArray:
    names = ["clean", "fog:1", "fog:5", "fog:3", "scale", "contrast:1", "contrast:3"]
    return xr.DataArray(
        np.arange(14.0).reshape(7, 2) / 14,
        dims=("condition", "model"),
        coords={
            "condition": names,
            "family": ("condition", [name.split(":")[0] for name in names]),
            "severity": ("condition", [-1, 1, 5, 3, -1, 1, 3]),
        },
        attrs={"unit": "share"},
    )


def test_conditions_are_laid_out_by_corruption_and_severity() -> None:
    run = run_of_conditions()
    table = severities.unfold(run)
    assert table.dims == ("model", "corruption", "severity")
    assert table.corruption.values.tolist() == ["fog", "contrast"]
    assert table.severity.values.tolist() == [1, 3, 5]
    assert table.attrs == {"missing": 1}
    assert np.isnan(table.sel(corruption="contrast", severity=5)).all()
    for name, family, severity in zip(run.condition.values, run.family.values, run.severity.values, strict=True):
        if severity > 0:
            expected = run.sel(condition=name)
            np.testing.assert_array_equal(table.sel(corruption=family, severity=severity), expected)
    right = run > 0.5
    np.testing.assert_array_equal(severities.unfold(right).sel(corruption="fog", severity=5), [0, 0])


def test_conditions_that_have_no_place_are_refused() -> None:
    run = run_of_conditions()
    with pytest.raises(ValueError, match="fog has two conditions of one severity"):
        severities.unfold(run.assign_coords(severity=("condition", [-1, 1, 3, 3, -1, 1, 3])))
    with pytest.raises(ValueError, match="no condition has a severity"):
        severities.unfold(run.isel(condition=[0, 4]))
    with pytest.raises(ValueError, match="no coordinate 'severity'"):
        severities.unfold(run.drop_vars("severity"))
    with pytest.raises(ValueError, match=r"\(2,\) severities for 7 conditions"):
        severities.unfold(run, severity=[1, 2])
