"""From a run to flips, drift and erosion per pair, to the table, the sentences and the page: by hand, on two images."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import stores
from analyses import drift, statistics
from probe.figures import files
from probe.results import Evidence, Result, analyze
from probe.results.overlays import OWN_ANSWER
from stores import ConditionRow, Layout, SampleRow, SiteSpec, Unit

SITE = SiteSpec(
    "language.layers-context_last",
    "language.layers[2]:context_last",
    (2,),
    2,
    "sample",
    "float32",
    attrs={"tower_layers": 2},
)
SAMPLES = (
    SampleRow("s0", 0, "What?", "cat", "mcq", ("cat", "dog", "cow")),
    SampleRow("s1", 0, "Is it?", "no", "yesno", ("yes", "no")),
    SampleRow("s2", 1, "What?", "dog", "mcq", ("cat", "dog", "cow")),
)
CONDITIONS = (
    ConditionRow("clean", "clean"),
    ConditionRow("text_overlay.semantic:A", "text_overlay.semantic", -1, json.dumps({"label": "A"})),
    ConditionRow("text_overlay.semantic:Yes", "text_overlay.semantic", -1, json.dumps({"label": "Yes"})),
    ConditionRow("motion_blur.horizontal:1", "motion_blur.horizontal", 1, json.dumps({"size": 7})),
)
NAN = np.nan
SCORES = [  # per condition: s0, s1, s2
    [[-1, -2, -3], [-2, -1, NAN], [-3, -1, -2]],  # clean: cat (right), no (right), dog (right)
    [[-1, -2, -3], [-2, -1, NAN], [-1, -3, -2]],  # A: only s2 flips, to A
    [[-1, -2, -3], [-1, -2, NAN], [-3, -1, -2]],  # Yes: only s1 flips, to yes
    [[-2, -1, -3], [-2, -1, NAN], [-3, -2, -2.5]],  # blur: s0 flips; s2 keeps dog with less of a margin
]
STATES = [
    [[1, 0], [1, 0], [0, 1]],
    [[1, 0], [1, 0], [1, 0]],
    [[1, 0], [1, 0], [0, 1]],
    [[0, 1], [1, 0], [0, 2]],  # s0 turns by 90 degrees; s2 only grows
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> stores.Run:
    return stores.open_run(write(tmp_path_factory.mktemp("measures") / "run", sites=(SITE,)))


def write(path: Path, sites: tuple[SiteSpec, ...]) -> Path:
    layout = Layout(2, ("i0", "i1"), SAMPLES, CONDITIONS, sites)
    plan = stores.hashed({"settings": {"model": "toy", "dataset": "toy"}})
    stores.create(path, layout, plan=plan, provenance={"model": {"source": "toy"}})
    writer = stores.Writer(path, layout)
    for condition in range(len(CONDITIONS)):
        arrays = layout.blank(Unit(0, condition))
        arrays["answers/log_likelihood"][:] = SCORES[condition]
        if sites:
            arrays["sites/language.layers-context_last/pooled"][:, 0] = STATES[condition]
        writer.commit(Unit(0, condition), arrays, report={})
    return path


def test_a_flip_is_a_choice_other_than_the_clean_one(run: stores.Run) -> None:
    flipped = Evidence(run).flipped.sel(condition="motion_blur.horizontal:1")
    assert flipped.values.tolist() == [1, 0, 0]


def test_an_overlay_counts_where_it_contradicts_the_clean_choice(run: stores.Run) -> None:
    flipped = Evidence(run).flipped
    # A is s0's own clean choice and no answer to s1's yes/no question; it contradicts s2
    assert np.array_equal(flipped.sel(condition="text_overlay.semantic:A"), [NAN, NAN, 1], equal_nan=True)
    # Yes contradicts s1's "no", and says nothing to multiple choice
    assert np.array_equal(flipped.sel(condition="text_overlay.semantic:Yes"), [NAN, 1, NAN], equal_nan=True)


def test_an_overlay_that_repeats_the_answer_is_a_control_of_its_own(run: stores.Run) -> None:
    flipped = Evidence(run).flipped
    own = flipped.sel(condition="text_overlay.semantic:A (own answer)")
    assert own.family == OWN_ANSWER
    assert np.array_equal(own, [0, NAN, NAN], equal_nan=True)


def test_drift_sees_direction_and_not_length(run: stores.Run) -> None:
    moved = Evidence(run).primary_drift.sel(condition="motion_blur.horizontal:1")
    np.testing.assert_allclose(moved, [1, 0, 0], atol=1e-6)  # 1 - cos(90 degrees), unmoved, only longer


def test_control_pairs_images_that_differ(run: stores.Run) -> None:
    control = drift.control(Evidence(run).primary_states.sel(condition="clean", drop=True))
    np.testing.assert_allclose(control, [1, 1, 1], atol=1e-6)  # (1, 0) and (0, 1) are 90 degrees apart


def test_erosion_is_the_margin_that_the_clean_choice_loses(run: stores.Run) -> None:
    erosion = Evidence(run).erosion.sel(condition="motion_blur.horizontal:1")
    # s0: cat led by 1, now trails by 1; s1: unchanged; s2: dog led by 1, now by 0.5
    np.testing.assert_allclose(erosion, [2, 0, 0.5])


def overview(path: Path) -> Result:
    (result,) = analyze(Evidence(stores.open_run(path)), ["overview"])
    return result


def value(result: Result, family: str, quantity: str) -> float:
    return result.data[quantity].sel(family=family, bound="estimate").item()


def test_the_table_and_the_sentences_are_of_the_same_numbers(run: stores.Run) -> None:
    result = overview(run.path)
    assert value(result, "motion_blur.horizontal", "ifr") == pytest.approx(1 / 3)
    # s0 and s2 are asked the same: mean(1, 0) of the 1 between them; s1 has no other image to be measured against
    assert value(result, "motion_blur.horizontal", "drift_percent") == pytest.approx(50)
    assert value(result, "motion_blur.horizontal", "margin_erosion") == pytest.approx(2.5 / 3)
    assert value(result, "text_overlay.semantic", "ifr") == 1  # both contradicting pairs
    # 2 overlay pairs and 3 blurred ones; the overlay of the own answer is a control
    assert value(result, statistics.ALL, "ifr") == pytest.approx(3 / 5)
    assert value(result, "clean", "accuracy") == 1
    assert any("60.0 %" in one and "under text_overlay.semantic: 100.0 %" in one for one in result.findings)
    assert all(sentence.endswith("(of 2 images only).") for sentence in result.findings)
    cells = dict(result.rows)["motion_blur.horizontal"]
    assert cells[result.headings.index("IFR %") - 1].estimate == "33.3"


def test_of_the_clean_image_the_accuracy_alone_is_shown(run: stores.Run) -> None:
    cells = dict(zip(overview(run.path).headings[1:], dict(overview(run.path).rows)["clean"], strict=True))
    assert [heading for heading, cell in cells.items() if cell.estimate != "–"] == ["accuracy %"]


def test_hidden_counts_unchanged_answers_that_went_over_to_another_picture(run: stores.Run) -> None:
    # unchanged pairs: s1 and s2 under blur; only s2 has another image under its question, and keeps its direction
    (result,) = analyze(Evidence(run), ["instability"])
    blurred = result.data.sel(family="motion_blur.horizontal", site_layer="language.layers[2]:context_last")
    assert (blurred.nearer.sel(bound="estimate").item(), blurred.nearer_kept.item()) == (0, 1)
    assert blurred.kept.sel(answers="any").item() == 2
    assert not [sentence for sentence in result.findings if "Hidden" in sentence], "one answer is no finding"


def test_the_last_context_state_stands_for_a_language_model(run: stores.Run) -> None:
    assert Evidence(run).primary == "language.layers[2]:context_last"


def test_a_run_of_answers_alone_has_flips_and_no_drift(tmp_path: Path) -> None:
    result = overview(write(tmp_path / "run", sites=()))
    assert "No drift" in result.meaning
    assert value(result, "motion_blur.horizontal", "ifr") == pytest.approx(1 / 3)
    assert "drift %" not in result.headings
    assert result.figure is None
    assert not any(sentence.startswith(("Inside", "Hidden")) for sentence in result.findings)


def test_a_run_of_open_questions_has_drift_and_no_flips(tmp_path: Path) -> None:
    samples = tuple(SampleRow(f"s{k}", k // 2, "Describe.", "", "describe") for k in range(3))
    layout = Layout(2, ("i0", "i1"), samples, (CONDITIONS[0], CONDITIONS[3]), (SITE,))
    path = tmp_path / "open"
    plan = stores.hashed({"settings": {"model": "toy", "dataset": "toy"}})
    stores.create(path, layout, plan=plan, provenance={"model": {"source": "toy"}})
    for condition, states in enumerate((STATES[0], STATES[3])):
        arrays = layout.blank(Unit(0, condition))
        arrays["sites/language.layers-context_last/pooled"][:, 0] = states
        stores.Writer(path, layout).commit(Unit(0, condition), arrays, report={})
    result = overview(path)
    assert value(result, "motion_blur.horizontal", "drift_percent") == pytest.approx(100 / 3)
    assert "IFR %" not in result.headings
    assert not any(sentence.startswith(("Outside", "Accuracy")) for sentence in result.findings)


def test_the_figure_becomes_a_picture(run: stores.Run) -> None:
    figure = overview(run.path).figure
    assert figure is not None
    assert files.png(figure).startswith(b"\x89PNG")


def test_a_column_that_no_row_defines_is_left_out(run: stores.Run) -> None:
    """As erosion is where choices are known and scores are not."""
    (result,) = analyze(Evidence(run), ["overview"])
    assert {"IFR %", "accuracy %", "erosion, nats"} <= {*result.headings}
    unknown = result.data.assign(margin_erosion=result.data.margin_erosion * np.nan)
    without = Result(result.analysis, unknown)
    assert "erosion, nats" not in without.headings
    assert [row for row, _ in without.rows] == [row for row, _ in result.rows]
    assert all(len(cells) == len(without.headings) - 1 for _, cells in without.rows)
    one = unknown.margin_erosion.copy()
    one.loc[{"family": "motion_blur.horizontal", "bound": "estimate"}] = 0.5
    assert "erosion, nats" in Result(result.analysis, unknown.assign(margin_erosion=one)).headings
    nothing = xr.zeros_like(unknown) * np.nan
    assert len(Result(result.analysis, nothing.assign_attrs(unknown.attrs)).headings) == len(result.headings)
