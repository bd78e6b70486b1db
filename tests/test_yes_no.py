"""Yes and no apart: counted pair by pair, whichever way round a question lists its options."""

from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pytest
import xarray as xr
from made_run import CONDITIONS, Made

from analyses import statistics
from probe.results import Evidence, Result, analyze, yes_no

WORLD = replace(
    made_run.world(12, seed=4), conditions=tuple(c for c in CONDITIONS if c.family in ("clean", "scale", "low_light"))
)


def analysed(made: Made, path: Path) -> Result:
    (result,) = analyze(Evidence(made_run.write(path, made)), ["yes_no"])
    return result


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return analysed(WORLD, tmp_path_factory.mktemp("plain") / "run")


def pairs(family: str) -> list[tuple[str, str, str]]:
    """(clean, perturbed, right) of every yes/no question under every condition of a family, from the scores."""

    def answer(row, condition) -> str:
        scores = WORLD.scores[row.sample_id, condition]
        return max(scores, key=scores.__getitem__)

    return [
        (answer(row, "clean"), answer(row, condition.condition_id), row.answer)
        for row in WORLD.samples
        if row.kind == "yesno"
        for condition in WORLD.conditions
        if condition.family == family
    ]


def test_outcomes_and_rates_are_those_of_a_loop(plain: Result) -> None:
    for family in ("clean", "scale", "low_light"):
        row, told = plain.data.sel(family=family), pairs(family)
        for name, spoken, right in (
            ("true_positives", "yes", "yes"),
            ("false_positives", "yes", "no"),
            ("true_negatives", "no", "no"),
            ("false_negatives", "no", "yes"),
        ):
            assert row[name].item() == sum((now, true) == (spoken, right) for _, now, true in told)
            before = [now == true for then, now, true in told if (then, true) == (spoken, right)]
            assert row[f"{name}_clean"].item() == len(before)
            rate = f"{name[:-1]}_{'stability' if spoken == right else 'correction'}"
            assert row[f"{rate}_cases"].item() == len(before)
            if family != "clean":
                assert row[rate].sel(bound="estimate").item() == pytest.approx(np.mean(before))
        shares = [np.mean([each[place] == "yes" for each in told]) for place in (1, 0)]
        found = row[["yes", "yes_clean", "yes_added"]].sel(bound="estimate")
        np.testing.assert_allclose([found.yes, found.yes_clean, found.yes_added], [*shares, shares[0] - shares[1]])
    assert plain.data.true_positive_stability.sel(family="clean").isnull().all()


def test_no_then_yes_says_the_same_as_yes_then_no(plain: Result, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = tuple(
        replace(row, options=row.options[::-1]) if row.kind == "yesno" and rng.random() < 0.5 else row
        for row in WORLD.samples
    )
    assert rows != WORLD.samples
    other = analysed(replace(WORLD, samples=rows), tmp_path / "run")
    xr.testing.assert_allclose(other.data, plain.data)
    assert other.findings == plain.findings


def test_questions_of_other_kinds_count_nowhere(plain: Result, tmp_path: Path) -> None:
    alone = replace(WORLD, samples=tuple(row for row in WORLD.samples if row.kind == "yesno"))
    xr.testing.assert_allclose(analysed(alone, tmp_path / "run").data, plain.data)
    none = replace(WORLD, samples=tuple(row for row in WORLD.samples if row.kind != "yesno"))
    with pytest.raises(ValueError, match="'yes_no' needs yes/no questions"):
        analysed(none, tmp_path / "none")


def test_sentences_and_table_say_what_is_counted(plain: Result) -> None:
    assert plain.findings[0].startswith("The model says yes to ")
    assert "under perturbations" in plain.findings[0]
    cells = dict(plain.rows)["low_light"]
    place = plain.headings.index("TP") - 1
    assert cells[place].estimate == str(plain.data.true_positives.sel(family="low_light").item())
    assert statistics.ALL in plain.data.family.values
    assert set(yes_no.OUTCOMES) <= set(plain.data)
