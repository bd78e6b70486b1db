"""`probe cite` prints the papers of the run that it is given, no more and no fewer."""

import re
from pathlib import Path

import answered_run
import pytest
import xarray as xr
from shared_run import Analysed

import stores
from analyses import cards, papers
from probe import citations
from probe.datasets import registry
from probe.datasets.entry import Entry
from probe.results import ANALYSES

OF_CALIBRATION = {papers.CALIBRATION, papers.EXPECTED_CALIBRATION_ERROR, papers.VERIFIED_CALIBRATION}
INTERVALS = {papers.CLUSTER_BOOTSTRAP, papers.EFFECTIVE_SAMPLE_SIZE, papers.WILSON}


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)


def cited(run: stores.Run) -> set[str]:
    found = keys(citations.bibliography(run.path))
    assert len(found) == len(set(found)), "each once"
    return set(found)


def test_two_runs_that_differ_have_different_papers(tmp_path: Path) -> None:
    weather = answered_run.make(tmp_path / "weather", {"clean": [0, 1], "fog:severity=3": [0, 0]})
    waves = answered_run.make(tmp_path / "waves", {"clean": [0, 1], "fourier_basis:i=1,j=0": [1, 1]})
    of_answers = {papers.HIDDEN_INSTABILITY, papers.COHEN, papers.CONFORMAL_RISK_CONTROL, *OF_CALIBRATION}
    assert cited(weather) == {papers.COMMON_CORRUPTIONS} | of_answers | INTERVALS
    assert cited(waves) == {papers.FOURIER_HEAT_MAP} | of_answers | INTERVALS


def test_a_run_of_answers_alone_cites_no_measure_of_states(tmp_path: Path, analysed: Analysed) -> None:
    of_states = {papers.PLATONIC, papers.KERNEL_ALIGNMENT, papers.JACKKNIFE}
    answers = cited(answered_run.make(tmp_path / "run", {"clean": [0, 1], "scale:factor=0.9": [0, 0]}))
    assert not answers & of_states
    assert of_states <= cited(stores.open_run(analysed.path))
    never = {papers.OBJECT_HALLUCINATION, papers.MODALITY_GAP, papers.CITYSCAPES, papers.LINEAR_PROBE}
    assert not cited(stores.open_run(analysed.path)) & never


def test_right_answers_bring_the_measures_that_need_them(tmp_path: Path) -> None:
    conditions = {"clean": [0, 1], "scale:factor=0.9": [0, 0]}
    known = cited(answered_run.make(tmp_path / "known", conditions))
    unknown = cited(answered_run.make(tmp_path / "unknown", conditions, answer=None))
    assert known - unknown == OF_CALIBRATION


def test_what_was_analysed_on_request_is_cited(tmp_path: Path) -> None:
    run = answered_run.make(tmp_path / "run", {"clean": [0, 1]})
    assert papers.LINEAR_PROBE not in cited(run)
    stores.results.write(run.path, "probing", xr.Dataset({"auroc": 0.5}), attrs={})
    assert papers.LINEAR_PROBE in cited(run)


def test_the_paper_of_the_dataset_is_cited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = answered_run.make(tmp_path / "run", {"clean": [0, 1]}, dataset="pets")
    before = cited(run)
    entry = Entry("pets", "cats and dogs", bibtex="@misc{pets2000,\n  title = {Pets}\n}")
    monkeypatch.setitem(registry.DATASETS, "pets", entry)
    assert cited(run) - before == {"pets2000"}
    monkeypatch.setitem(registry.DATASETS, "pets", Entry("pets", "cats and dogs"))
    assert cited(run) == before


def test_every_analysis_says_whom_it_rests_on_and_names_nothing_unknown() -> None:
    assert set(citations.MEASURES) == set(ANALYSES)
    for measures in (*citations.MEASURES.values(), citations.INTERVALS):
        for measure in measures:
            assert citations.cards_of(measure) or measure in papers.BIBTEX, measure
    with_papers = {name for name in citations.MEASURES if list(citations.of_measures([name]))}
    assert with_papers == set(ANALYSES)
    assert all(card.bibtex in papers.BIBTEX.values() for card in cards.registry().values() if card.paper)
