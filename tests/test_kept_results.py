"""A report shows the results that a run keeps where they are what it would find, and finds the others again."""

from typing import Any

import pytest
from shared_run import SEED, Analysed

import stores
from probe import code, kept_results
from probe.results import ANALYSES, Evidence, analyze

CLEAN = {"commit": "1" * 40, "dirty": False}


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made_by = dict(CLEAN)
    monkeypatch.setattr(code, "revision", lambda: made_by)
    return made_by


@pytest.fixture
def run(analysed: Analysed, clean: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> stores.Run:
    """The run as if this code had kept its results."""
    opened, now = stores.open_run(analysed.path), stores.open_run(analysed.path)
    read, origin = stores.Run.result, kept_results.origin(now, SEED)
    monkeypatch.setattr(
        stores.Run, "result", lambda self, name: read(self, name).assign_attrs({kept_results.ORIGIN: origin})
    )
    return opened


def test_kept_results_are_those_that_would_be_found(run: stores.Run) -> None:
    there = kept_results.kept(run, SEED)
    assert set(there) == set(run.results)
    names = ("overview", "flips", "margins", "dirichlet", "frequency")
    for found in analyze(Evidence(run, SEED), names):
        same = there[found.name]
        assert (same.title, same.findings, same.headings, same.rows) == (
            found.title, found.findings, found.headings, found.rows,
        )  # fmt: skip
        assert (same.unions, same.legend, same.meaning) == (found.unions, found.legend, found.meaning)
        if found.figure is not None:
            assert same.figure is not None
            assert same.figure.to_dict() == found.figure.to_dict()


def test_results_of_another_seed_or_code_are_found_again(run: stores.Run, clean: dict[str, Any]) -> None:
    assert kept_results.kept(run, SEED + 1) == {}
    clean["commit"] = "2" * 40
    assert kept_results.kept(run, SEED) == {}


def test_results_of_other_units_are_found_again(run: stores.Run) -> None:
    fewer = stores.Run(run.path, run.record, run.committed - {max(run.committed)}, run.damaged)
    assert kept_results.kept(fewer, SEED) == {}


def test_nothing_is_kept_of_code_that_no_commit_holds(run: stores.Run, clean: dict[str, Any]) -> None:
    clean["dirty"] = True
    assert kept_results.origin(run, SEED) == ""
    assert kept_results.kept(run, SEED) == {}


def test_analyses_can_be_left_out(run: stores.Run) -> None:
    others = [name for name in ANALYSES if name != "flips"]
    assert [result.name for result in analyze(Evidence(run, SEED), without=others)] == ["flips"]
