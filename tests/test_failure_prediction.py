"""Flips foretold on families and images that were not fitted, against scikit-learn, integrals and loops."""

from itertools import pairwise

import made_run
import numpy as np
import pytest
import scipy.integrate
import sklearn.linear_model
import sklearn.metrics
import xarray as xr
from made_run import CONDITIONS

from analyses import decisions, statistics
from analyses.decisions import risk
from analyses.decisions.failure import fold_of_images
from probe.results import Evidence, Result, analyze
from probe.results.failure_features import MARGIN, features
from probe.results.failure_prediction import ALL_OF_THEM, PICTURE

NAN = np.nan
SHOWN = tuple(c for c in CONDITIONS if c.family in ("clean", "scale", "low_light", "gaussian_noise"))
WORLD = made_run.world(30, conditions=SHOWN, seed=6)


def pairs(seed: int = 0, images: int = 12) -> tuple[xr.DataArray, xr.DataArray]:
    """Two features and verdicts of three families, two samples an image; the first feature tells."""
    rng = np.random.default_rng(seed)
    dims, names = ("sample", "condition", "feature"), ["clean", "a", "a", "b", "c"]
    coords = {
        "sample": [f"s{k}" for k in range(2 * images)],
        "image": ("sample", [f"i{k // 2:02}" for k in range(2 * images)]),
        "family": ("condition", names),
    }
    x = xr.DataArray(rng.normal(size=(2 * images, len(names), 2)), dims=dims, coords=coords)
    flipped = (x.isel(feature=0) + 0.7 * rng.normal(size=x.shape[:2]) > 0.5).astype(float)
    return x, flipped.where(flipped.family != "clean", 0.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, Result]:
    evidence = Evidence(made_run.write(tmp_path_factory.mktemp("world") / "run", WORLD))
    (result,) = analyze(evidence, ["failure_prediction"])
    return evidence, result


def test_each_pair_is_foretold_by_a_fit_to_other_families_and_images() -> None:
    x, flipped = pairs()
    found = decisions.flip_probability(x, flipped, folds=3, seed=4)
    fold = fold_of_images(x.image.values, 3, 4)
    assert found.probability.isel(condition=0).isnull().all(), "the clean condition cannot flip"
    for number in range(3):
        # family c is left out: a (two conditions) and b are fitted
        train = x.values[fold != number][:, 1:4].reshape(-1, 2), flipped.values[fold != number][:, 1:4].ravel()
        centre, scale = train[0].mean(axis=0), train[0].std(axis=0)
        model = sklearn.linear_model.LogisticRegression().fit((train[0] - centre) / scale, train[1])
        held = (x.values[fold == number][:, 4] - centre) / scale
        expected = model.predict_proba(held)[:, 1]
        np.testing.assert_allclose(found.probability.values[fold == number, 4], expected, rtol=1e-6)
        own = np.sort(model.predict_proba((train[0] - centre) / scale)[:, 1])
        threshold = own[len(own) - int(train[1].sum()) - 1]  # as many lie above as flip
        np.testing.assert_array_equal(found.expected.values[fold == number, 4], expected > threshold)


def test_what_a_left_out_family_answers_does_not_reach_what_is_foretold_of_it() -> None:
    x, flipped = pairs()
    other = flipped.where(flipped.family != "b", 1 - flipped)
    kept, changed = (decisions.flip_probability(x, each).probability.isel(condition=3) for each in (flipped, other))
    np.testing.assert_array_equal(kept, changed)


def test_what_is_undefined_is_neither_fitted_nor_foretold_and_one_class_tells_nothing() -> None:
    x, flipped = pairs()
    holes = x.copy(deep=True)
    holes[3, 1, 0] = NAN
    found = decisions.flip_probability(holes, flipped).probability
    assert np.isnan(found.values[3]).tolist() == [True, True, False, False, False]
    assert decisions.flip_probability(x, flipped * 0).probability.isnull().all()
    with pytest.raises(ValueError, match="folds=1"):
        decisions.flip_probability(x, flipped, folds=1)


def test_scores_are_those_of_scikit_learn_and_gains_are_paired() -> None:
    x, flipped = pairs(1, 40)
    rng = np.random.default_rng(2)
    told = 1 / (1 + np.exp(-x.isel(feature=0)))
    foretold = xr.concat(
        [(told * 0 + rng.random(told.shape)).round(1), told], xr.IndexVariable("model", ["dull", "good"])
    )
    data = decisions.compared(foretold, flipped, resamples=200)
    for family, places in (("a", [1, 2]), ("b", [3]), ("c", [4])):
        true = flipped.values[:, places].ravel()
        for model in ("dull", "good"):
            own = foretold.sel(model=model).values[:, places].ravel()
            row = data.sel(family=family, model=model, bound="estimate")
            assert row.auroc.item() == pytest.approx(sklearn.metrics.roc_auc_score(true, own))
            assert row.brier.item() == pytest.approx(sklearn.metrics.brier_score_loss(true, own))
            assert row.risk.sel(coverage=1).item() == pytest.approx(true.mean())
        assert (data.flips.sel(family=family).item(), data.pairs.sel(family=family).item()) == (true.sum(), len(true))
    every = data.sel(family=statistics.ALL, bound="estimate")
    assert every.auroc.values == pytest.approx(data.auroc.sel(family=["a", "b", "c"], bound="estimate").mean("family"))
    for name in ("auroc", "brier", "aurc"):
        assert (data[f"{name}_gain"].sel(model="dull") == 0).all()
        gain = data[name].sel(model="good") - data[name].sel(model="dull")
        np.testing.assert_allclose(data[f"{name}_gain"].sel(model="good", bound="estimate"), gain.sel(bound="estimate"))
    assert data.auroc_gain.sel(family=statistics.ALL, model="good", bound="low") > 0


def test_the_area_is_the_integral_of_the_curve_where_pairs_are_level_too() -> None:
    rng = np.random.default_rng(0)
    foretold, flipped = rng.integers(0, 4, 40) / 4, rng.random(40) < 0.4
    weights = np.stack([np.ones(40), rng.integers(0, 3, 40).astype(float)])
    for row, area in zip(weights, risk.areas(foretold, flipped, weights), strict=True):
        ends = [0.0, *(row[foretold <= value].sum() for value in np.unique(foretold))]
        flips = [0.0, *((row * flipped)[foretold <= value].sum() for value in np.unique(foretold))]

        def left(kept: float, ends: list[float] = ends, flips: list[float] = flips) -> float:
            return float(np.interp(kept, ends, flips)) / kept

        parts = [scipy.integrate.quad(left, a, b)[0] for a, b in pairwise(ends) if b > a]
        assert area == pytest.approx(sum(parts) / ends[-1], rel=1e-6)
    # all alike: the share of flips at every coverage
    assert risk.areas(np.ones(4), np.array([1, 0, 0, 0], bool), np.ones((1, 4))).item() == pytest.approx(0.25)
    assert np.isnan(risk.areas(np.ones(1), np.ones(1, bool), np.zeros((1, 1)))).all()
    assert np.isnan(risk.curve(np.empty(0), np.empty(0, bool))).all()


def test_drift_that_has_nothing_to_do_with_answers_is_said_to_add_nothing(found: tuple[Evidence, Result]) -> None:
    data = found[1].data
    assert data.model.values.tolist() == [MARGIN, PICTURE, ALL_OF_THEM]
    assert data.added.values.tolist() == [PICTURE, ALL_OF_THEM]
    margin = data.auroc.sel(family=statistics.ALL, model=MARGIN)
    assert margin.sel(bound="low") > 0.5, "narrow margins flip"
    first, *others = found[1].findings
    assert first.startswith("Under perturbations and on images that were not fitted, the clean margin tells flips")
    assert len(others) == 2
    for sentence, model in zip(others, (PICTURE, ALL_OF_THEM), strict=True):
        low, high = data.auroc_gain.sel(family=statistics.ALL, added=model).values[1:]
        assert ("whose interval includes 0" in sentence) == bool(low <= 0 <= high)
        assert abs(data.auroc_gain.sel(family=statistics.ALL, added=model, bound="estimate")) < 0.05


def test_features_are_margin_and_drift(found: tuple[Evidence, Result]) -> None:
    plain = features(found[0])
    assert plain.feature.values.tolist() == [
        MARGIN, "drift at vision.layers[2]:patches", "drift at language.layers[2]:context_last",
    ]  # fmt: skip
    np.testing.assert_array_equal(plain.isel(feature=2), found[0].primary_drift)
    clean = found[0].margin.sel(condition="clean").values
    assert (plain.isel(feature=0).values == clean[:, None]).all(), "the same under every condition"
