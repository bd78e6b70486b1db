"""Error by severity of a run: corruptions are compared at the severities that all of them have."""

from pathlib import Path

import answered_run
import numpy as np
import pytest

from probe.results import ANALYSES, Evidence, Result


def result(folder: Path, wrong: dict[str, int], count: int = 40) -> Result:
    """Of a run in which the first `wrong[condition]` of the answers are wrong, none on clean images."""
    choices = {name: (np.arange(count) < number).astype(int) for name, number in {"clean": 0, **wrong}.items()}
    data = ANALYSES["corruption"].compute(Evidence(answered_run.make(folder, choices)))
    assert data is not None
    return Result(ANALYSES["corruption"], data)


def test_corruptions_are_compared_at_the_severities_that_all_have(tmp_path: Path) -> None:
    wrong = {"fog:severity=1": 2, "fog:severity=3": 10, "fog:severity=5": 40, "low_light:severity=1": 8}
    made = result(tmp_path / "run", {**wrong, "low_light:severity=3": 20})
    added = made.data.added.sel(bound="estimate")
    # over 1 and 3: fog (2 + 10) / 80, low_light (8 + 20) / 80; with its severity 5 fog would have 52 / 120
    assert added.sel(corruption="fog").item() == pytest.approx(12 / 80)
    assert added.sel(corruption="low_light").item() == pytest.approx(28 / 80)
    (sentence,) = made.findings
    assert sentence.startswith("Of the families with severities low_light adds most errors: 35.0 [")
    assert "over severity 1 and 3." in sentence
    assert made.data.error.sel(corruption="fog", severity=5, bound="estimate") == 1, "the table has all"


def test_corruptions_without_a_severity_in_common_are_not_compared(tmp_path: Path) -> None:
    made = result(tmp_path / "run", {"fog:severity=1": 2, "low_light:severity=3": 20})
    assert made.data.added.sel(bound="estimate").values.tolist() == [0.05, 0.5]
    assert made.findings == ()


def test_corruptions_that_the_images_do_not_tell_apart_have_no_most(tmp_path: Path) -> None:
    made = result(tmp_path / "run", {"fog:severity=3": 20, "low_light:severity=3": 19})
    (sentence,) = made.findings
    assert sentence.startswith("Of the families with severities fog has the highest rise of the error: 50.0 [")
    assert sentence.endswith("not distinguishable from low_light, the next.")
