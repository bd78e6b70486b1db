"""Drift to prior and calibration of a whole run, against loops over its scores."""

from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pytest
from made_run import CONDITIONS, CONTROLS, Made

from analyses import statistics
from probe.results import Evidence, Result, analyze

SHOWN = tuple(c for c in (*CONDITIONS, *CONTROLS) if c.family in ("clean", "low_light", "scale", "white", "noise"))
WORLD = made_run.world(24, conditions=SHOWN, seed=2)


def analysed(made: Made, path: Path) -> dict[str, Result]:
    return {each.name: each for each in analyze(Evidence(made_run.write(path, made)), ["priors", "calibration"])}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return analysed(WORLD, tmp_path_factory.mktemp("world") / "run")


def answer(sample: str, condition: str) -> str:
    scores = WORLD.scores[sample, condition]
    return max(scores, key=scores.__getitem__)


def margin(sample: str, condition: str) -> float:
    scores, own = WORLD.scores[sample, condition], answer(sample, "clean")
    return scores[own] - max(value for option, value in scores.items() if option != own)


def conditions(family: str) -> list[str]:
    return [row.condition_id for row in SHOWN if row.family == family]


def test_flips_count_that_could_land_on_the_prior_or_elsewhere(found: dict[str, Result]) -> None:
    row = found["priors"].data.sel(family="low_light")
    landed = [
        answer(one.sample_id, condition) == answer(one.sample_id, "white")
        for one in WORLD.samples
        for condition in conditions("low_light")
        if len(one.options) >= 3
        and answer(one.sample_id, "white") != answer(one.sample_id, "clean")
        and answer(one.sample_id, condition) != answer(one.sample_id, "clean")
    ]
    assert row.flip_to_prior_flips.item() == len(landed) > 0
    assert row.flip_to_prior.sel(bound="estimate").item() == pytest.approx(np.mean(landed))
    assert row.flip_to_prior_chance.sel(bound="estimate").item() == pytest.approx(1 / 2)
    apart, low, high = row.flip_to_prior_over_chance.values
    assert apart == pytest.approx(np.mean(landed) - 1 / 2)
    assert low < apart < high


def test_two_options_have_no_prior_to_flip_to_and_nothing_is_said_of_it(tmp_path: Path) -> None:
    binary = replace(WORLD, samples=tuple(row for row in WORLD.samples if row.kind == "yesno"))
    result = analysed(binary, tmp_path / "run")["priors"]
    for name in ("flip_to_prior", "flip_to_prior_chance", "flip_to_prior_over_chance"):
        assert result.data[name].isnull().all(), name
    assert (result.data.flip_to_prior_flips == 0).all()
    assert result.findings == ()
    assert "margin_by_kind" not in result.data, "of one kind there is nothing to tell apart"


def test_the_sentence_says_chance_and_names_no_control(found: dict[str, Result]) -> None:
    first, *others = found["priors"].findings
    every = found["priors"].data.sel(family=statistics.ALL)
    assert first.startswith(f"Of {int(every.flip_to_prior_flips)} flips")
    assert "chance is 50.0 %" in first
    assert "whose interval" in first
    said = " ".join([first, *others])
    assert not [name for name in ("noise", "mean_grey", "another_image", "under white") if name in said]


def test_drift_to_prior_of_a_kind_is_the_median_over_its_pairs(found: dict[str, Result]) -> None:
    data = found["priors"].data
    for kind in ("mcq", "safety", "yesno"):
        along = [
            (margin(one.sample_id, condition) - margin(one.sample_id, "clean"))
            / (margin(one.sample_id, "white") - margin(one.sample_id, "clean"))
            for one in WORLD.samples
            for condition in conditions("low_light")
            if one.kind == kind
        ]
        estimate = data.margin_by_kind.sel(kind=kind, family="low_light", bound="estimate").item()
        assert estimate == pytest.approx(np.median(along), rel=1e-5)
    assert {"mcq", "safety", "yesno"} <= set(found["priors"].headings)


def test_calibration_is_that_of_the_softmax_and_its_intervals_hold_their_estimates(found: dict[str, Result]) -> None:
    data = found["calibration"].data
    sure, right = [], []
    for one in WORLD.samples:
        for condition in conditions("low_light"):
            scores = np.array(list(WORLD.scores[one.sample_id, condition].values()))
            sure.append(np.exp(scores - scores.max()).sum() ** -1)
            right.append(float(answer(one.sample_id, condition) == one.answer))
    sure, right = np.array(sure), np.array(right)
    place = np.minimum(np.ceil(sure * 15), 15)
    error = sum(abs(right[place == b].sum() - sure[place == b].sum()) for b in range(16)) / len(sure)
    row = data.sel(family="low_light")
    assert row.ece.item() == pytest.approx(error, rel=1e-5)
    assert row.ece_pairs.item() == len(sure)
    estimate, low, high = np.moveaxis(data.ece_debiased.values, -1, 0)
    assert ((low <= estimate) & (estimate <= high)).all()
    assert (data.ece_calibrated < data.ece_calibrated_high).all()
    first = found["calibration"].findings[0]
    assert ("no more than" in first) == bool(
        data.ece.sel(family="clean") <= data.ece_calibrated_high.sel(family="clean")
    )
