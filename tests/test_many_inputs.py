"""Of many inputs some are set against each other: those that are drawn give what a run of them alone gives."""

import numpy as np
import pytest
import xarray as xr
from shared_run import Analysed

import stores
from probe.results import Evidence, alignment, analyze

MOST = 9


def test_drawn_inputs_give_what_a_run_of_them_alone_gives(analysed: Analysed, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stores.open_run(analysed.path)
    names = run.answers.sample.values
    assert len(names) > MOST
    monkeypatch.setattr(alignment, "MOST_INPUTS", MOST)
    drawn = alignment.drawn(np.arange(len(names)), seed=0)
    (found,) = analyze(Evidence(run), ["alignment"])
    (alone,) = analyze(Evidence(run.select(names[drawn].tolist())), ["alignment"])
    assert f"of {MOST} inputs drawn from {len(names)}" in found.title
    assert "drawn" not in alone.title
    shared = ("mutual_knn", "mutual_knn_above_floor", "cka", "cka_above_floor")
    xr.testing.assert_allclose(found.data[list(shared)], alone.data[list(shared)])


def test_the_selection_of_overlays_is_that_of_each_sample(analysed: Analysed) -> None:
    evidence = Evidence(stores.open_run(analysed.path))
    places = [4, 1]
    of_all = evidence.split(evidence.unsplit_flipped)
    xr.testing.assert_identical(
        evidence.split(evidence.unsplit_flipped.isel(sample=places)), of_all.isel(sample=places)
    )
