"""An answer without a word counts; one that was never asked for, or is lost, does not."""

from pathlib import Path

import made_answers
import numpy as np
import pytest

from probe.results import Evidence, analyze, probing
from stores import SampleRow

NAN = np.nan
DESCRIBE = "Describe the scene."
SAFE = "Is it safe to proceed?"
SAMPLES = (
    SampleRow("d0", 0, DESCRIBE, "a car and a road", "describe"),
    SampleRow("d1", 1, DESCRIBE, "a bus", "describe"),
    SampleRow("d2", 2, DESCRIBE, "", "describe"),  # what is there is unknown
    SampleRow("d3", 3, DESCRIBE, "the sky", "describe"),
    SampleRow("d4", 4, DESCRIBE, "a car", "describe"),  # its answers are lost
    SampleRow("s0", 0, SAFE, "yes", "safety"),
    SampleRow("s1", 1, SAFE, "no", "safety"),
    SampleRow("s2", 2, SAFE, "", "safety"),
    SampleRow("s4", 4, SAFE, "no", "safety"),
)
CLEAN = {"d0": "A car on a road.", "d1": "A bus and a car.", "d2": "A car.", "d3": "The sky.", "d4": None}
CLEAN |= {"s0": "Yes.", "s1": "No.", "s2": "Yes.", "s4": None}
FOG = {"d0": "", "d1": "  ", "d2": "", "d3": "", "d4": None, "s0": "", "s1": "Hm.", "s2": "", "s4": None}


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    texts = {(name, "clean"): text for name, text in CLEAN.items()} | {(n, "fog:1"): text for n, text in FOG.items()}
    conditions = [made_answers.condition(name) for name in ("clean", "fog:1")]
    return made_answers.evidence(tmp_path / "run", SAMPLES, conditions, [f"i{k}" for k in range(5)], texts=texts)


def test_empty_answers_count_in_every_rate_and_their_share_is_beside_them(evidence: Evidence) -> None:
    (result,) = analyze(evidence, ["misalignment"])
    rate = {name: result.data[name].sel(bound="estimate").to_series() for name in result.data if name in SHOWN}
    # clean: d0 and d3 invent nothing, d1 one class of two
    assert rate["hallucination"]["clean"] == pytest.approx(0.5 / 3)
    assert rate["hallucination"]["fog"] == 0
    # d0 has a car, d1 a bus, d3 nothing critical
    assert (rate["critical_omission"]["clean"], rate["critical_omission"]["fog"]) == (0, 1)
    assert (rate["safety_misinterpretation"]["clean"], rate["safety_misinterpretation"]["fog"]) == (0, 1)
    assert rate["safety_among_parsed"]["clean"] == 0
    assert np.isnan(rate["safety_among_parsed"]["fog"])
    assert rate["safety_parsed"]["fog"] == 0
    assert rate["names_nothing"]["fog"] == rate["empty_description"]["fog"] == 1
    assert rate["empty_verdict"]["fog"] == pytest.approx(2 / 3)
    counts = {name: result.data[f"{name}_defined"].sel(family="fog").item() for name in SHOWN}
    assert counts == dict(zip(SHOWN, (3, 2, 3, 3, 2, 0, 3, 3), strict=True))


SHOWN = (
    "hallucination",
    "critical_omission",
    "names_nothing",
    "empty_description",
    "safety_misinterpretation",
    "safety_among_parsed",
    "safety_parsed",
    "empty_verdict",
)


def test_the_classes_of_an_image_are_those_of_all_its_descriptions_in_any_order(tmp_path: Path) -> None:
    rows = [
        SampleRow("a", 0, "What is left?", "a car", "describe"),
        SampleRow("b", 0, "What is right?", "a bus", "describe"),
        SampleRow("c", 1, DESCRIBE, "", "describe"),
        SampleRow("q", 0, "Is there a bus?", "yes", "yesno"),
    ]
    found = []
    for place, order in enumerate((rows, rows[::-1])):
        made = made_answers.evidence(tmp_path / str(place), order, [made_answers.condition("clean")], ["i", "j"])
        present = probing.classes(made)
        assert present is not None
        found.append(present.sel(sample=["a", "b", "c", "q"]))
        assert found[-1].sel(sample="q", **{"class": ["car", "bus", "truck"]}).values.tolist() == [1, 1, 0]
        assert np.isnan(found[-1].sel(sample="c")).all()
    assert found[0].equals(found[1])
