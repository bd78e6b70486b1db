"""How well a score tells the pairs that flip: by hand, by scikit-learn, by plain resampling."""

import time

import numpy as np
import pytest
import xarray as xr
from hidden_run import run
from sklearn.metrics import average_precision_score, roc_auc_score

from analyses import instability
from analyses.instability import ranking

NAN = np.nan


def test_auroc_and_average_precision_by_hand() -> None:
    # flipped 0.9 0.4, others 0.4 0.1: 0.9 beats both, 0.4 ties one and beats one: (2 + 1.5) / 4
    # highest first: 0.9 (1 of 1), then 0.4 (2 of 3): 1/2 * 1 + 1/2 * 2/3
    result = instability.predicts_flip(
        np.array([[0.9, 0.4], [0.4, 0.1]]), np.array([[1, 1], [0, 0]]), cluster=["a", "b"]
    )
    assert result.auroc == 3.5 / 4
    assert result.average_precision == pytest.approx(1 / 2 + 1 / 3)
    assert (result.pairs, result.flips, result.undefined) == (4, 2, 0)


@pytest.mark.parametrize("levels", [4, 1000])
def test_areas_agree_with_scikit_learn_for_any_weights(levels: int) -> None:
    rng = np.random.default_rng(levels)
    score, flipped = rng.integers(0, levels, size=200).astype(float), rng.uniform(size=200) < 0.3
    image = rng.integers(0, 20, size=200)
    weights = rng.integers(0, 4, size=(30, 20)).astype(float)
    areas = ranking.Ranked.of(score, flipped, image).areas(weights)
    for row, told in zip(weights, areas, strict=True):
        weight = row[image]
        assert told[0] == pytest.approx(roc_auc_score(flipped, score, sample_weight=weight))
        assert told[1] == pytest.approx(average_precision_score(flipped, score, sample_weight=weight))


def test_weighing_images_is_drawing_images() -> None:
    data = run(images=12)
    result = instability.predicts_flip(data["drift"], data["flipped"], cluster="image", resamples=60, seed=5)
    drawn = np.random.default_rng(5).integers(12, size=(60, 12))
    for layer in (0, 4, 8):
        score = data["drift"].sel(layer=layer)[:, 1:].values
        flipped = data["flipped"][:, 1:].values
        told = []
        for row in drawn:
            samples = np.concatenate([[2 * image, 2 * image + 1] for image in row])
            x, flip = score[samples].ravel(), flipped[samples].ravel()
            defined = ~np.isnan(x) & ~np.isnan(flip)
            x, flip = x[defined], flip[defined]
            told.append((roc_auc_score(flip, x), average_precision_score(flip, x)))
        low, high = np.quantile(told, [0.025, 0.975], axis=0)
        row = result.sel(layer=layer)
        np.testing.assert_allclose([row.auroc_low, row.average_precision_low], low)
        np.testing.assert_allclose([row.auroc_high, row.average_precision_high], high)


def test_the_clean_condition_predicts_nothing() -> None:
    data = run()
    everything = instability.predicts_flip(data["drift"], data["flipped"], cluster="image", resamples=50)
    some = {name: data[name].drop_sel(condition="clean") for name in ("drift", "flipped")}
    xr.testing.assert_identical(
        everything, instability.predicts_flip(some["drift"], some["flipped"], cluster="image", resamples=50)
    )
    assert everything.pairs.values.tolist() == [238, 239, 239]
    assert everything.undefined.values.tolist() == [2, 1, 1]


def test_a_clean_margin_speaks_for_all_conditions() -> None:
    data = run()
    margin = data["erosion"].sel(condition="shift:1")
    told = instability.predicts_flip(-margin, data["flipped"], cluster="image", resamples=50)
    repeated = (-margin).drop_vars(["condition", "family"]).broadcast_like(data["flipped"])
    xr.testing.assert_identical(
        told, instability.predicts_flip(repeated, data["flipped"], cluster="image", resamples=50)
    )
    bare = instability.predicts_flip(
        -margin.values, data["flipped"][:, 1:].values, cluster=data["flipped"].image.values, resamples=50
    )
    xr.testing.assert_identical(bare, told)


def test_with_one_class_nothing_is_predicted() -> None:
    for flipped in (np.zeros((3, 2)), np.ones((3, 2)), np.full((3, 2), NAN)):
        result = instability.predicts_flip(np.arange(6.0).reshape(3, 2), flipped, cluster=list("abc"))
        told = [result[name] for name in ("auroc", "auroc_low", "average_precision", "average_precision_high")]
        assert np.isnan(told).all()
        assert result.flips == np.nansum(flipped)


def test_one_image_gives_an_estimate_without_an_interval() -> None:
    result = instability.predicts_flip(np.array([0.2, 0.1, NAN]), np.array([1, 0, 1]), cluster=["a", "a", "b"])
    assert result.auroc == 1
    assert np.isnan([result.auroc_low, result.auroc_high]).all()


def test_an_infinite_erosion_ranks_highest() -> None:
    score, flipped = np.array([np.inf, np.inf, 0.0, -np.inf]), np.array([1, 0, 1, 0])
    # the first flip ties one and beats one, the second beats one: (1.5 + 1) / 4
    assert instability.predicts_flip(score, flipped, cluster=range(4)).auroc == 2.5 / 4


def test_a_thousand_images_are_resampled_quickly() -> None:
    rng = np.random.default_rng(3)
    score, flipped = rng.normal(size=(1000, 20)), rng.uniform(size=(1000, 20)) < 0.1
    start = time.process_time()
    instability.predicts_flip(score, flipped, cluster=np.arange(1000))
    assert time.process_time() - start < 3.0  # 0.2 s alone; room for a busy machine
