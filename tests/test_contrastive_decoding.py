"""Contrastive decoding of option scores, by hand and against scikit-learn over a loop."""

from pathlib import Path

import made_run
import numpy as np
import pytest
import sklearn.metrics
import xarray as xr
from made_run import CONDITIONS, CONTROLS

from analyses import decisions, margins, statistics
from probe.results import Evidence, Result, analyze
from probe.results.contrastive_decoding import PLAIN

NAN, INF = np.nan, np.inf
SHOWN = tuple(c for c in (*CONDITIONS, *CONTROLS) if c.family in ("clean", "scale", "gaussian_noise", "white"))
WORLD = made_run.world(24, conditions=SHOWN, seed=5)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Result:
    path = tmp_path_factory.mktemp("world") / "run"
    (result,) = analyze(Evidence(made_run.write(path, WORLD)), ["contrastive_decoding"])
    return result


def contrasted(scores: dict[str, float], away: dict[str, float]) -> str:
    """The definition written out: the plausible option with the highest contrast."""
    likeliest = max(np.exp(each) for each in scores.values())
    plausible = [option for option in scores if np.exp(scores[option]) >= 0.1 * likeliest]
    return max(plausible, key=lambda option: 2 * scores[option] - away[option])


def test_contrast_and_plausibility_by_hand() -> None:
    # alpha 2: 3 x -1 - 2 x -3 = 3, 3 x -2 - 2 x -1 = -4; -5 lies below -1 + log 0.1 = -3.3
    scores, distorted = np.array([-1.0, -2.0, -5.0, NAN]), np.array([-3.0, -1.0, -90.0, NAN])
    np.testing.assert_allclose(decisions.contrastive_scores(scores, distorted, alpha=2), [3, -4, -INF, NAN])
    free = decisions.contrastive_scores(scores, distorted, alpha=2, beta=0)
    np.testing.assert_allclose(free, [3, -4, 165, NAN])  # 3 x -5 + 180


def test_a_lost_score_is_no_contrast_among_the_rest() -> None:
    scores, distorted = np.array([[-1.0, -2.0], [-1.0, -2.0]]), np.array([[-1.0, NAN], [-INF, -1.0]])
    found = decisions.contrastive_scores(scores, distorted)
    assert np.isnan(found[0]).all()
    assert found[1, 0] == INF
    assert margins.choice(found).tolist() == [-1, 0]
    impossible = decisions.contrastive_scores(np.array([-INF, -1.0]), np.array([-INF, -1.0]), beta=0)
    np.testing.assert_allclose(impossible, [-INF, -1.0])


def test_one_distorted_picture_serves_all_conditions_and_the_other_way_round() -> None:
    rng = np.random.default_rng(0)
    dims = ("sample", "condition", "option")
    many = xr.DataArray(rng.normal(size=(5, 3, 4)), dims=dims, coords={"condition": list("abc")})
    one = many.isel(condition=0, drop=True)
    for first, second in ((many, one), (one, many)):
        result = decisions.contrastive_scores(first, second)
        assert result.dims == dims
        pair = [each.isel(condition=1) if "condition" in each.dims else each for each in (first, second)]
        alone = decisions.contrastive_scores(*(each.values for each in pair))
        np.testing.assert_allclose(result.isel(condition=1), alone)
        np.testing.assert_allclose(decisions.contrastive_scores(first.values, second.values), result)


@pytest.mark.parametrize(("settings", "what"), [({"alpha": -1}, "alpha=-1"), ({"beta": 1.5}, "beta=1.5")])
def test_settings_that_cannot_be_are_refused(settings: dict[str, float], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        decisions.contrastive_scores(np.zeros(2), np.zeros(2), **settings)


@pytest.mark.parametrize("away", ["gaussian_noise:3", "white"])
def test_readouts_are_those_of_a_loop_and_scikit_learn(found: Result, away: str) -> None:
    row = found.data.sel(readout=f"against {away}")
    rows = [(one, WORLD.scores[one.sample_id, "clean"], WORLD.scores[one.sample_id, away]) for one in WORLD.samples]
    now = [contrasted(clean, other) for _, clean, other in rows]
    before = [max(clean, key=clean.__getitem__) for _, clean, _ in rows]
    right = [one.answer for one, _, _ in rows]
    accuracy = sklearn.metrics.accuracy_score(right, now)
    assert row.accuracy.sel(bound="estimate").item() == pytest.approx(accuracy)
    gained = accuracy - sklearn.metrics.accuracy_score(right, before)
    assert row.accuracy_change.sel(bound="estimate").item() == pytest.approx(gained)
    better = [(a == r) - (b == r) for a, b, r in zip(now, before, right, strict=True)]
    assert (row.wrong_to_right.item(), row.right_to_wrong.item()) == (better.count(1), better.count(-1))
    asked = [place for place, (one, _, _) in enumerate(rows) if one.kind == "yesno"]
    true, spoken = ([each[place] for place in asked] for each in (right, now))
    scores = sklearn.metrics.precision_recall_fscore_support(true, spoken, pos_label="yes", average="binary")[:3]
    for name, expected in zip(("precision", "recall", "f1"), scores, strict=True):
        assert row[name].sel(bound="estimate").item() == pytest.approx(expected)
    assert row.yes.sel(bound="estimate").item() == pytest.approx(spoken.count("yes") / len(spoken))
    under = [one.condition_id for one in SHOWN if one.family == "scale"]
    moved = [
        (contrasted(WORLD.scores[one.sample_id, c], other) == one.answer)
        - (max(scores := WORLD.scores[one.sample_id, c], key=scores.__getitem__) == one.answer)
        for one, _, other in rows
        for c in under
    ]
    assert row.family_accuracy_change.sel(family="scale", bound="estimate").item() == pytest.approx(np.mean(moved))
    assert statistics.ALL in found.data.family.values


def test_the_table_starts_with_the_answers_as_they_are_and_counts_views(found: Result) -> None:
    names = [name for name, _ in found.rows]
    assert names == [PLAIN, "against gaussian_noise:3", "against white"], "the weaker noise is no distortion"
    assert found.data.views.values.tolist() == [1, 2, 2]
    changes = found.data.accuracy_change
    assert changes.sel(readout=PLAIN).isnull().all()
    assert (changes.sel(bound="low") <= changes.sel(bound="high"))[1:].all()
    assert found.findings[0].startswith("Contrastive decoding (VCD, α = 1, β = 0.1) against gaussian_noise:3 changes")


def test_a_run_without_distorted_pictures_says_what_to_add(tmp_path: Path) -> None:
    plain = made_run.world(3, conditions=tuple(c for c in CONDITIONS if c.family in ("clean", "scale")))
    with pytest.raises(ValueError, match=r"contrastive_decoding' needs a condition .* -p gaussian_noise:5"):
        analyze(Evidence(made_run.write(tmp_path / "run", plain)), ["contrastive_decoding"])
