"""`probe knockout`: attention to the picture is cut in a run's views, and what their answers lose is kept."""

import shutil
from dataclasses import replace

import answered_run
import numpy as np
import pytest
import tiny
import torch
import xarray as xr
from click.testing import CliRunner

import stores
from analyses import knockout as measures
from analyses import statistics
from hooks import forwards
from probe import analyze
from probe.cli import main
from probe.errors import PlanError
from probe.intervening import session, setup
from probe.knockout import command, windows
from probe.results.knockout import EVERY, IMAGE, PAIRS


@pytest.fixture(scope="module")
def cut(analysed, tmp_path_factory):
    """A copy of the shared run, with pairs whose attention was cut, and what was printed."""
    path = tmp_path_factory.mktemp("cut") / "run"
    shutil.copytree(analysed.path, path)
    result = CliRunner().invoke(main, ["knockout", str(path), "--pairs", "9", "--window", "1", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    return path, result.output


def test_margins_of_every_pair_are_kept_and_without_the_picture_all_views_agree(cut):
    pairs = stores.open_run(cut[0]).result(PAIRS)
    assert pairs.margin.dims == ("pair", "view", "without", "window")
    assert pairs["first"].values.tolist() == [1, *range(2, pairs.sizes["window"]), 1]
    blind = pairs.margin.isel(window=-1).sel(without=IMAGE)
    np.testing.assert_allclose(blind.sel(view="clean"), blind.sel(view="perturbed"), atol=1e-4)
    assert float(abs(pairs.base.sel(view="clean") - pairs.base.sel(view="perturbed")).max()) > 1e-3
    assert (pairs.others <= pairs.image_tokens).all()


def test_the_table_is_the_mean_of_what_pairs_lose(cut):
    path, printed = cut
    assert "Where answers read the picture" in printed
    (result,) = analyze.of_run(path, names=["knockout"])
    pairs = stores.open_run(path).result(PAIRS)
    random = pairs.isel(pair=np.flatnonzero(pairs.kind.values == "random"))
    lost = (random.base - random.margin).transpose("pair", "view", "without", "window")
    by_sample = lost.assign_coords(row=("pair", random["sample"].values)).groupby("row").mean()
    if len(set(random["sample"].values.tolist())) == random.sizes["pair"]:
        np.testing.assert_allclose(
            result.data.lost.sel(family=statistics.ALL, kind="random", bound="estimate"),
            by_sample.mean("row"),
            atol=1e-6,
        )
    assert [name for name, _ in result.rows][-1] == EVERY
    assert {"knockout", PAIRS} <= set(stores.open_run(path).results)
    assert result.figure is not None
    assert any("owes nothing to the picture" in each for each in result.findings)


def test_windows_are_all_of_a_width_and_one_of_all_layers():
    assert [(each.first, each.last) for each in windows.windows(8, None)][:2] == [(1, 2), (2, 3)]
    assert windows.windows(3, 3) == (windows.Window(1, 3),)
    assert windows.windows(2, None) == (windows.Window(1, 1), windows.Window(2, 2), windows.Window(1, 2))
    with pytest.raises(ValueError, match="the language model has 2"):
        windows.windows(2, 3)


def test_the_tokens_cut_for_comparison_are_text_behind_the_first():
    model = tiny.load("llava")
    view = forwards.forward(model, forwards.encode(model, [tiny.picture(0)], "is there a bus?"))
    places = forwards.places(model, view)
    none, *others = windows.cuts(places, "last", windows.windows(2, 1), np.random.default_rng(0))
    assert none.layers == ()
    image, text = others[0].keys, others[-1].keys
    assert torch.equal(image, places["image"])
    assert not set(text.tolist()) & {0, int(places["last"]), *image.tolist()}
    assert 0 < len(text) <= len(image)
    assert all(torch.equal(each.queries, places["last"]) for each in others)


def test_a_loss_is_the_margin_without_the_cut_minus_that_with_it() -> None:
    margin, base = np.array([[2.0, -1.0], [np.nan, 4.0]]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(measures.lost(margin, base), [[1, 4], [np.nan, 0]])
    labelled = xr.DataArray(margin, dims=("pair", "window"), coords={"pair": ["a", "b"]})
    turned = xr.DataArray(base, dims="pair", coords={"pair": ["a", "b"]})
    np.testing.assert_array_equal(measures.lost(labelled, turned), [[1, 4], [np.nan, 0]])
    with pytest.raises(ValueError, match="one base for each pair"):
        measures.lost(turned, labelled)


def test_the_same_seed_cuts_alike_whatever_the_batch_and_what_is_done_is_kept(cut, tmp_path):
    shutil.copytree(cut[0], tmp_path / "run")
    wanted = command.Knockout(pairs=3, queries="last", device="cpu")
    found = []
    for batch in (64, 2):
        command.cut(tmp_path / "run", replace(wanted, batch=batch), lambda done, total: None)
        found.append(stores.open_run(tmp_path / "run").result(PAIRS))
    xr.testing.assert_allclose(found[0], found[1], atol=1e-4)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.cut(tmp_path / "run", wanted, stop)
    pairs = stores.open_run(tmp_path / "run").result(PAIRS)
    assert 0 < pairs.sizes["pair"] < pairs.attrs["chosen"] == 3


def test_what_cannot_be_cut_is_refused_in_a_sentence(cut, tmp_path, monkeypatch):
    wide = command.Knockout(pairs=3, window=99, device="cpu")
    with pytest.raises(PlanError, match=r"a window of 99 layers: the language model has \d+. Ask for fewer"):
        command.cut(cut[0], wide, lambda done, total: None)
    clean = answered_run.make(tmp_path / "clean", {"clean": [0, 1]})
    with pytest.raises(PlanError, match="no perturbation under which"):
        command.cut(clean.path, wide, lambda done, total: None)
    result = CliRunner().invoke(main, ["analyze", str(clean.path), "knockout"])
    assert "Run `probe knockout`" in result.output
    made = setup.set_up(stores.open_run(cut[0]), wide)
    monkeypatch.setattr(session, "set_up", lambda run, wanted: replace(made, model=tiny.load("mllama")))
    with pytest.raises(PlanError, match="no attention can be cut: language layers of family mllama attend"):
        command.cut(cut[0], wide, lambda done, total: None)
