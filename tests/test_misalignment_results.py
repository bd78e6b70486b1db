"""HR, COR, SMR and omission of a run, over clean, by family and by condition: runs written by hand, arithmetic too."""

import json
from pathlib import Path

import made_answers
import numpy as np
import pytest

from probe.label_maps import CLASSES
from probe.results import Evidence, analyze
from probe.results.scene_answers import TOP_K
from stores import SampleRow

CONDITIONS = ("clean", "fog:1", "fog:3")


def asked(name: str, image: int, kind: str, question: str, answer: str, **more: str) -> SampleRow:
    options = ("yes", "no") if kind in ("yesno", "safety") else ()
    return SampleRow(name, image, question, answer, kind, options, metadata=json.dumps(more))


def presence(image: int, word: str, answer: str) -> SampleRow:
    return asked(f"{image}-{word}", image, "yesno", f"Is there a {word} in the image?", answer, asked_as="presence")


def says(answer: str) -> dict[str, float]:
    return {"yes": -1.0 if answer == "yes" else -2.0, "no": -1.0 if answer == "no" else -2.0}


def made(path: Path, samples: list[SampleRow], answers: dict[str, tuple[str, ...]]) -> Evidence:
    """A run whose samples with options choose these, and whose others say these, under each condition."""
    scores, texts = {}, {}
    for row in samples:
        for condition, answer in zip(CONDITIONS, answers[row.sample_id], strict=True):
            if row.options:
                scores[row.sample_id, condition] = says(answer)
            else:
                texts[row.sample_id, condition] = answer
    conditions = [made_answers.condition(name) for name in CONDITIONS]
    images = [f"i{k}" for k in range(1 + max(row.image_index for row in samples))]
    return made_answers.evidence(path / "run", samples, conditions, images, scores=scores, texts=texts)


@pytest.fixture
def described(tmp_path: Path) -> Evidence:
    samples = [
        asked("d0", 0, "describe", "Describe.", "a car and a road"),
        asked("d1", 1, "describe", "Describe.", "a road"),  # nothing critical
        asked("s0", 0, "safety", "Is it safe?", "no"),
        asked("s1", 1, "safety", "Is it safe?", "yes"),
    ]
    answers = {
        "d0": ("A car.", "A bus and a car.", "A bus."),  # 0, 1/2, 1 invented; the car left out once
        "d1": ("A road.", "A road.", ""),
        "s0": ("no", "no", "yes"),
        "s1": ("yes", "yes", "yes"),
    }
    return made(tmp_path, samples, answers)


def numbers(data, name: str, dim: str) -> dict[str, float]:
    values = data[name].sel(bound="estimate")
    return dict(zip(values[dim].values.tolist(), values.values.tolist(), strict=True))


def test_rates_stand_under_each_condition_and_over_clean(described: Evidence) -> None:
    (result,) = analyze(described, ["misalignment_conditions"])
    assert list(result.data.condition.values) == list(CONDITIONS)
    # HR (0 + 0)/2, (1/2 + 0)/2, (1 + 0)/2; COR of the one image with a critical class
    expected = {
        "hallucination": (0, 0.25, 0.5),
        "critical_omission": (0, 0, 1),
        "safety_misinterpretation": (0, 0, 0.5),
    }
    for name, values in expected.items():
        assert list(numbers(result.data, name, "condition").values()) == pytest.approx(values)
        assert list(numbers(result.data, f"{name}_increase", "condition").values()) == pytest.approx(values)
    # the paper's COR divides by both images
    assert numbers(result.data, "critical_omission_over_all", "condition")["fog:3"] == 0.5
    assert dict(result.rows)["fog:3"][0].estimate == "50.0"
    assert result.headings[1:3] == ("HR %", "Δ HR, points")
    assert any(text.startswith("HR exceeds clean by +50.0") and "fog:3" in text for text in result.findings)


def test_rates_stand_under_each_family_and_over_clean(described: Evidence) -> None:
    (result,) = analyze(described, ["misalignment"])
    # over fog:1 and fog:3
    assert numbers(result.data, "hallucination", "family")["fog"] == pytest.approx(3 / 8)
    assert numbers(result.data, "critical_omission", "family")["fog"] == 0.5
    assert numbers(result.data, "critical_omission_over_all", "family")["fog"] == 0.25
    assert numbers(result.data, "safety_misinterpretation_increase", "family")["fog"] == 0.25
    assert numbers(result.data, "empty_description", "family")["fog"] == 0.25
    low, high = (result.data.hallucination_increase.sel(family="fog", bound=name).item() for name in ("low", "high"))
    assert (low, high) == (0, pytest.approx(0.75)), "either image alone"
    assert any(text.startswith("Over all perturbations HR changes by +37.5 [+0.0, +75.0]") for text in result.findings)


def test_a_class_is_omitted_where_it_is_there_and_denied(tmp_path: Path) -> None:
    samples = [
        presence(0, "car", "yes"),
        presence(0, "bus", "yes"),
        presence(0, "truck", "no"),
        presence(1, "car", "yes"),
        # asked once more, under another prompt: counts for nothing here
        asked("other", 1, "yesno", "Is there a car in the image?", "yes", asked_as="yesno"),
        asked("d", 1, "describe", "Describe.", "", asked_as="describe"),
    ]
    answers = {
        "0-car": ("yes", "yes", "no"),
        "0-bus": ("yes", "no", "no"),
        "0-truck": ("no", "yes", "yes"),
        "1-car": ("yes", "yes", "yes"),
        "other": ("no", "no", "no"),
        "d": ("A car.", "A car.", "A car."),
    }
    (result,) = analyze(made(tmp_path, samples, answers), ["omission"])
    rates = result.data.omission_by_condition.sel(bound="estimate")
    assert rates["class"].values.tolist() == ["any critical class", "car", "bus"], "no truck is there"
    np.testing.assert_allclose(rates.sel({"class": "car"}), (0, 0, 0.5))
    np.testing.assert_allclose(rates.sel({"class": "bus"}), (0, 1, 1))
    np.testing.assert_allclose(rates.sel({"class": "any critical class"}), (0, 0.5, 0.5))
    by_family = result.data.omission.sel(family="fog", bound="estimate")
    np.testing.assert_allclose(by_family, (0.5, 0.25, 1))
    assert result.data.omission_defined.sel(family="fog").values.tolist() == [4, 4, 2]
    np.testing.assert_allclose(result.data.omission_increase.sel(family="fog", bound="estimate"), (0.5, 0.25, 1))
    assert any("bus, 100.0 %" in text for text in result.findings)


def test_presence_is_known_by_the_question_where_a_run_has_one_prompt(tmp_path: Path) -> None:
    rows = [
        SampleRow("a", 0, "Is there a person in the image?", "yes", "yesno", ("yes", "no")),
        SampleRow("b", 0, "Is there a zebra in the image?", "yes", "yesno", ("yes", "no")),
        SampleRow("c", 1, "Is the bus red?", "yes", "yesno", ("yes", "no")),
    ]
    answers = {"a": ("no", "yes", "yes"), "b": ("no",) * 3, "c": ("no",) * 3}
    (result,) = analyze(made(tmp_path, rows, answers), ["omission"])
    assert result.data["class"].values.tolist() == ["any critical class", "pedestrian"]
    np.testing.assert_allclose(
        result.data.omission_by_condition.sel({"class": "pedestrian", "bound": "estimate"}), (1, 0, 0)
    )


def test_a_model_that_compares_captions_names_its_nearest_classes(tmp_path: Path) -> None:
    row = SampleRow("i@describe", 0, "Describe.", "a car, a road and a bus", "describe", CLASSES)
    nearest = {
        "clean": ("car", "road", "bus", "sky", "wall"),  # two of five invented, nothing left out
        "fog:1": ("road", "bus", "sky", "wall", "fence"),  # three of five, the car left out
        "fog:3": ("pole", "fence", "sky", "wall", "rider"),
    }
    scores = {
        ("i@describe", condition): {
            name: float(len(first) - first.index(name) if name in first else -1) for name in CLASSES
        }
        for condition, first in nearest.items()
    }
    assert TOP_K == 5
    conditions = [made_answers.condition(name) for name in CONDITIONS]
    evidence = made_answers.evidence(tmp_path / "run", [row], conditions, ["i"], scores=scores)
    (result,) = analyze(evidence, ["misalignment_conditions"])
    assert list(numbers(result.data, "hallucination", "condition").values()) == pytest.approx((0.4, 0.6, 1))
    assert list(numbers(result.data, "critical_omission", "condition").values()) == [0, 1, 1]
    assert list(numbers(result.data, "names_nothing", "condition").values()) == [0, 0, 0]
    assert np.isnan(list(numbers(result.data, "empty_description", "condition").values())).all()
    assert "5 classes whose captions are nearest" in result.meaning
