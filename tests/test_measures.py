"""From a run to flips, drift and erosion per pair, to the table and the sentences: by hand, on two images."""

import json
from pathlib import Path

import numpy as np
import pytest

import stores
from probe.measures import OWN, default_site, measure
from probe.report import figures, page
from probe.summary import COLUMNS, summarize
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
    [[-2, -1, -3], [-2, -1, NAN], [-3, -2, -2.5]],  # blur: s0 flips; s2 keeps dog with less of a lead
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
    plan = {"hash": "x", "settings": {"model": "toy", "dataset": "toy"}}
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
    flipped = measure(run).flipped.sel(condition="motion_blur.horizontal:1")
    assert flipped.values.tolist() == [1, 0, 0]


def test_an_overlay_counts_where_it_contradicts_the_clean_choice(run: stores.Run) -> None:
    flipped = measure(run).flipped
    # A is s0's own clean choice and no answer to s1's yes/no question; it contradicts s2
    assert np.array_equal(flipped.sel(condition="text_overlay.semantic:A"), [NAN, NAN, 1], equal_nan=True)
    # Yes contradicts s1's "no", and says nothing to multiple choice
    assert np.array_equal(flipped.sel(condition="text_overlay.semantic:Yes"), [NAN, 1, NAN], equal_nan=True)


def test_an_overlay_that_repeats_the_answer_is_a_control_of_its_own(run: stores.Run) -> None:
    flipped = measure(run).flipped
    own = flipped.sel(condition="text_overlay.semantic:A (own answer)")
    assert own.family == OWN
    assert np.array_equal(own, [0, NAN, NAN], equal_nan=True)


def test_drift_sees_direction_and_not_length(run: stores.Run) -> None:
    drift = measure(run).drift.sel(condition="motion_blur.horizontal:1")
    np.testing.assert_allclose(drift, [1, 0, 0], atol=1e-6)  # 1 - cos(90 degrees), unmoved, only longer


def test_control_pairs_images_that_differ(run: stores.Run) -> None:
    np.testing.assert_allclose(measure(run).control, [1, 1, 1], atol=1e-6)  # (1, 0) and (0, 1) are 90 degrees apart


def test_erosion_is_the_lead_that_the_clean_choice_loses(run: stores.Run) -> None:
    erosion = measure(run).erosion.sel(condition="motion_blur.horizontal:1")
    # s0: cat led by 1, now trails by 1; s1: unchanged; s2: dog led by 1, now by 0.5
    np.testing.assert_allclose(erosion, [2, 0, 0.5])


def test_the_table_and_the_sentences_say_the_same(run: stores.Run) -> None:
    summary = summarize(run.path)
    assert summary.value("motion_blur.horizontal", "ifr")[0] == pytest.approx(1 / 3)
    assert summary.value("motion_blur.horizontal", "drift_percent")[0] == pytest.approx(
        100 / 3
    )  # mean(1, 0, 0) of control 1
    assert summary.value("motion_blur.horizontal", "margin_erosion")[0] == pytest.approx(2.5 / 3)
    assert summary.value("text_overlay.semantic", "ifr")[0] == 1  # both contradicting pairs
    assert summary.value("any", "ifr")[0] == pytest.approx(
        3 / 5
    )  # 2 overlay pairs and 3 blurred ones; own answers apart
    assert summary.value("clean", "accuracy")[0] == 1
    assert any("60.0 %" in finding and "text_overlay.semantic (100.0 %" in finding for finding in summary.findings)


def test_hidden_counts_unchanged_answers_that_moved_as_far_as_strangers(run: stores.Run) -> None:
    # unchanged pairs: s1 and s2 under blur; neither drifts as far as 1, the distance of every unrelated pair
    assert any("of 2 answers that did not change, 0.0 %" in finding for finding in summarize(run.path).findings)


def test_the_last_context_state_speaks_for_a_language_model(run: stores.Run) -> None:
    assert default_site(run) == "language.layers[2]:context_last"


def test_a_run_of_answers_alone_has_flips_and_no_drift(tmp_path: Path) -> None:
    path = write(tmp_path / "run", sites=())
    summary = summarize(path)
    assert summary.site == ""
    assert summary.value("motion_blur.horizontal", "ifr")[0] == pytest.approx(1 / 3)
    assert np.isnan(summary.value("motion_blur.horizontal", "drift_percent")).all()
    assert not any(finding.startswith(("Inside", "Hidden")) for finding in summary.findings)


def test_a_run_of_open_questions_has_drift_and_no_flips(tmp_path: Path) -> None:
    samples = tuple(SampleRow(f"s{k}", k // 2, "Describe.", "", "describe") for k in range(3))
    layout = Layout(2, ("i0", "i1"), samples, (CONDITIONS[0], CONDITIONS[3]), (SITE,))
    path = tmp_path / "open"
    plan = {"hash": "x", "settings": {"model": "toy", "dataset": "toy"}}
    stores.create(path, layout, plan=plan, provenance={"model": {"source": "toy"}})
    for condition, states in enumerate((STATES[0], STATES[3])):
        arrays = layout.blank(Unit(0, condition))
        arrays["sites/language.layers-context_last/pooled"][:, 0] = states
        stores.Writer(path, layout).commit(Unit(0, condition), arrays, report={})
    summary = summarize(path)
    assert summary.value("motion_blur.horizontal", "drift_percent")[0] == pytest.approx(100 / 3)
    assert np.isnan(summary.value("motion_blur.horizontal", "ifr")).all()
    assert not any(finding.startswith(("Outside", "Accuracy")) for finding in summary.findings)


def test_the_page_is_whole_in_itself(run: stores.Run, tmp_path: Path) -> None:
    summary = summarize(run.path)
    text = page.write(summary, tmp_path / "deep" / "report.html").read_text()
    assert "http" not in text.replace("http://www.w3.org", "")  # namespaces only
    for told in ("<svg", "motion_blur.horizontal", *(column.heading for column in COLUMNS)):
        assert told in text
    figures.png(figures.stability_map(summary), tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000
