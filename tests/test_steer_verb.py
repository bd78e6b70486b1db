"""`probe steer`: directions of other images are added to a run's views, and what they mend and break is kept."""

import shutil
from dataclasses import replace

import answered_run
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import stores
from analyses import statistics
from probe import analyze
from probe.cli import main
from probe.errors import PlanError
from probe.results.steering import CONTROL, OWN, PAIRS
from probe.steering import command, fitted


@pytest.fixture(scope="module")
def steered(analysed, tmp_path_factory):
    """A copy of the shared run, with steered pairs, and what was printed."""
    path = tmp_path_factory.mktemp("steered") / "run"
    shutil.copytree(analysed.path, path)
    options = ["--pairs", "24", "--layers", "1-2", "--alpha", "1,50", "--device", "cpu"]
    result = CliRunner().invoke(main, ["steer", str(path), *options])
    assert result.exit_code == 0, result.output
    return path, result.output


def test_every_pair_is_kept_and_strength_0_is_no_steering(steered):
    pairs = stores.open_run(steered[0]).result(PAIRS)
    assert pairs.scores.dims == ("pair", "view", "direction", "layer", "alpha", "option")
    assert pairs.alpha.values.tolist() == [0, 1, 50]
    assert pairs.layer.values.tolist() == [1, 2]
    np.testing.assert_allclose(
        pairs.scores.sel(alpha=0), pairs.base.broadcast_like(pairs.scores.sel(alpha=0)), atol=1e-5
    )
    assert float(abs(pairs.scores.sel(alpha=50, view="clean") - pairs.base.sel(view="clean")).max()) > 0.01
    assert (pairs.norm > 0).all()


def test_the_table_says_what_the_kept_scores_say(steered):
    path, printed = steered
    assert "Steering: the way from perturbed to clean" in printed
    (result,) = analyze.of_run(path, names=["steering"])
    run = stores.open_run(path)
    pairs = run.result(PAIRS)
    steered_choice, base = (xr.DataArray(each.fillna(-np.inf).argmax("option")) for each in (pairs.scores, pairs.base))
    clean, before = base.sel(view="clean"), base.sel(view="perturbed")
    random = pairs.kind.values == "random"
    kept = random & (clean == before).values
    broken = (steered_choice.sel(view="perturbed") != clean).values[kept]
    found = result.data.broken.sel(family=statistics.ALL, bound="estimate")
    np.testing.assert_allclose(found, broken.mean(axis=0), atol=1e-12)
    flips = (pairs.kind.values == "flip") & (clean != before).values
    assert result.data.attrs["flips"] == flips.sum()
    if flips.any():
        mended = (steered_choice.sel(view="perturbed") == clean).values[flips]
        np.testing.assert_allclose(
            result.data.mended.sel(family=statistics.ALL, bound="estimate"), mended.mean(axis=0), atol=1e-12
        )
    assert (result.data.change_clean.sel(alpha=0, family=statistics.ALL) == 0).all()
    assert result.rows[0][0] == "none, α 0"
    assert {"steering", PAIRS} <= set(run.results)
    assert result.figure is not None


def test_directions_are_of_other_images_and_their_controls_as_long():
    images = [f"image {number}" for number in range(7)]
    fold = fitted.folds(images, seed=0)
    assert sorted(fold) == images
    assert set(fold.values()) == set(range(fitted.FOLDS))
    random = np.random.default_rng(0)
    moved = {image: random.standard_normal((2, 4)) for image in images}
    found = fitted.fit([("fog", image, each) for image, each in moved.items()], fold, seed=0)
    for image in images:
        own, control = found.of("fog", image)
        others = [moved[other] for other in images if fold[other] != fold[image]]
        np.testing.assert_allclose(own, np.mean(others, axis=0))
        np.testing.assert_allclose(np.linalg.norm(control, axis=-1), np.linalg.norm(own, axis=-1))
        assert found.of("blur", image) is None
    alone = fitted.fit([("fog", images[0], moved[images[0]])], fold, seed=0)
    assert alone.of("fog", images[0]) is None, "no other image tells the way"
    neighbour = next(image for image in images if fold[image] != fold[images[0]])
    np.testing.assert_allclose(alone.of("fog", neighbour)[0], moved[images[0]])


def test_the_same_seed_steers_alike_whatever_the_batch_and_what_is_done_is_kept(steered, tmp_path):
    shutil.copytree(steered[0], tmp_path / "run")
    wanted = command.Steering(pairs=24, layers=(2,), alphas=(0.0, 2.0), device="cpu")
    found = []
    for batch in (64, 3):
        command.steer(tmp_path / "run", replace(wanted, batch=batch), lambda done, total: None)
        found.append(stores.open_run(tmp_path / "run").result(PAIRS))
    xr.testing.assert_allclose(found[0], found[1], atol=1e-4)

    def stop(done, total):
        if done >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.steer(tmp_path / "run", wanted, stop)
    pairs = stores.open_run(tmp_path / "run").result(PAIRS)
    assert 0 < pairs.sizes["pair"] < pairs.attrs["chosen"] == 24


def test_what_cannot_be_steered_is_refused_in_a_sentence(steered, tmp_path):
    nowhere = command.Steering(pairs=3, layers=(1, 99), device="cpu")
    with pytest.raises(PlanError, match=r"layer 99: the language model of .* has layers 0-"):
        command.steer(steered[0], nowhere, lambda done, total: None)
    clean = answered_run.make(tmp_path / "clean", {"clean": [0, 1]})
    with pytest.raises(PlanError, match="no perturbation under which"):
        command.steer(clean.path, nowhere, lambda done, total: None)
    for option, value, said in (
        ("--layers", "8-4", "Write 4-8"),
        ("--layers", "all", "names no layers"),
        ("--alpha", "much", "no list of numbers"),
        ("--alpha", "nan", "no use"),
    ):
        result = CliRunner().invoke(main, ["steer", str(steered[0]), option, value])
        assert result.exit_code == 2
        assert said in result.output
    result = CliRunner().invoke(main, ["analyze", str(clean.path), "steering"])
    assert "Run `probe steer`" in result.output


def test_both_directions_stand_in_the_table(steered):
    (result,) = analyze.of_run(steered[0], names=["steering"])
    assert result.data.direction.values.tolist() == [OWN, CONTROL]
    assert any("random" in heading for heading in result.headings)
