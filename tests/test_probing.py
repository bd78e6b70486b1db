"""Linear probes by image, by hand, by loops and by scikit-learn's own cross-validation."""

import warnings

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analyses import probing, statistics
from analyses.probing import Probe

NAN = np.nan
IMAGES, EACH = 40, 2


def world(seed: int = 0, features: int = 6) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Clean and perturbed states and the classes present: layer 0 knows nothing, layer 1 where the cars are.

    40 images with two samples each; cars on half of them, buses on three, trams nowhere known.
    """
    rng = np.random.default_rng(seed)
    count = IMAGES * EACH
    car, bus = np.arange(IMAGES) % 2, np.arange(IMAGES) < 3
    classes = np.stack([car, bus, np.full(IMAGES, NAN)], axis=1).repeat(EACH, axis=0)
    clean = rng.normal(size=(count, 2, features)).astype(np.float32)
    clean[:, 1, 0] += 3 * classes[:, 0]
    coords = {
        "sample": [f"s{i:02}" for i in range(count)],
        "image": ("sample", [f"i{i // EACH:02}" for i in range(count)]),
    }
    present = xr.DataArray(classes, dims=("sample", "class"), coords={**coords, "class": ["car", "bus", "tram"]})
    states = xr.DataArray(clean, dims=("sample", "layer", "feature"), coords={**coords, "layer": [0, 3]})
    moved = xr.concat([states, states + 9, 0 * states + rng.normal(size=clean.shape)], "condition")
    names = {"condition": ["clean", "bright", "noise"], "family": ("condition", ["clean", "light", "noise"])}
    return states, moved.assign_coords(names), present


def test_accuracies_by_hand() -> None:
    # one feature, +1 or -1: a probe says present at +1. Of 20 with the class 18 have +1, of 40 without it 8:
    # accuracy (18 + 32) / 60, balanced (18/20 + 32/40) / 2
    states = np.concatenate([np.repeat([1.0, -1.0], [18, 2]), np.repeat([1.0, -1.0], [8, 32])])[:, None]
    present = (np.arange(60) < 20)[:, None]
    result = probing.probe_accuracy(states, present)
    assert result.accuracy.item() == pytest.approx(50 / 60)
    assert result.balanced_accuracy.item() == pytest.approx(0.85)
    assert (result.positives.item(), result.defined.item(), result.undefined.item()) == (20, 60, 0)
    # shuffled labels say nothing, so the probe always says the more frequent: 40 of 60
    assert result.control_accuracy.item() == pytest.approx(40 / 60, abs=0.07)
    assert result.selectivity.item() == pytest.approx(50 / 60 - result.control_accuracy.item())


def test_scores_agree_with_scikit_learn() -> None:
    states, _, present = world()
    images, wanted = states.image.values, present.sel({"class": "car"}).values.astype(int)
    names, first = np.unique(images, return_index=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=3).split(names, wanted[first])
    splits = [tuple(np.flatnonzero(np.isin(images, names[part])) for part in fold) for fold in folds]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000))
    result = probing.probe_scores(states, states, present, probe=Probe(seed=3, c=0.5))
    assert result.dims == ("sample", "layer", "class")
    for layer in range(2):
        expected = cross_val_predict(
            model, states[:, layer].values.astype(float), wanted, cv=splits, method="decision_function"
        )
        np.testing.assert_allclose(result[:, layer, 0], expected, rtol=1e-6)
        rates = probing.probe_accuracy(states, present, probe=Probe(seed=3, c=0.5)).isel({"layer": layer, "class": 0})
        assert rates.accuracy == pytest.approx(np.mean((expected > 0) == wanted))
        assert rates.balanced_accuracy == pytest.approx(balanced_accuracy_score(wanted, expected > 0))


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    states, _, present = world()
    scores = probing.probe_scores(states, states, present).isel({"class": 0})
    wanted = present.isel({"class": 0}).values
    for layer in range(2):
        pairs = [(a, b) for a in scores.values[wanted == 1, layer] for b in scores.values[wanted == 0, layer]]
        expected = np.mean([(a > b) + (a == b) / 2 for a, b in pairs])
        assert probing.probe_accuracy(states, present).auroc[layer, 0] == pytest.approx(expected)


def test_a_probe_never_learns_an_image_by_heart() -> None:
    # states that name the image, labels at random: readable only for one who has seen another sample of the image
    rng = np.random.default_rng(0)
    images = np.repeat(np.arange(40), 3)
    states = np.eye(40)[images] + 1e-3 * rng.normal(size=(120, 40))
    present = rng.permutation(np.arange(40) % 2)[images][:, None]
    by_image = probing.probe_accuracy(states, present, image=images)
    by_sample = probing.probe_accuracy(states, present)
    assert by_sample.accuracy.item() > 0.95
    assert by_image.accuracy.item() < 0.6


def test_a_layer_that_knows_stands_out_from_its_control() -> None:
    states, _, present = world()
    result = probing.probe_accuracy(states, present).sel({"class": "car"})
    assert result.accuracy.sel(layer=3) > 0.85
    assert result.auroc.sel(layer=3) > 0.95
    assert result.selectivity.sel(layer=3) > 0.25
    assert abs(result.selectivity.sel(layer=0)) < 0.2
    assert (result.control_accuracy < 0.7).all()
    assert (result.unconverged == 0).all()
    assert (result.control_unconverged == 0).all()


def test_selectivity_is_what_the_control_task_leaves() -> None:
    states, _, present = world()
    result = probing.probe_accuracy(states, present, probe=Probe(seed=5))
    control = probing.control_labels(present, seed=5)
    alone = probing.probe_accuracy(states, control, probe=Probe(seed=5))
    xr.testing.assert_equal(result.control_accuracy, alone.accuracy)
    xr.testing.assert_equal(result.selectivity, result.accuracy - alone.accuracy)


def test_control_labels_are_exchanged_between_whole_images() -> None:
    _, _, present = world()
    present[:2, 0] = NAN
    result = probing.control_labels(present, seed=1)
    assert result.dims == present.dims
    xr.testing.assert_equal(result.sum("sample"), present.sum("sample"))
    np.testing.assert_array_equal(result.isnull(), present.isnull())
    for _, one in result.groupby("image"):
        assert one[0].equals(one[1].assign_coords(one[0].coords))
    assert not result.equals(present)
    assert not result.equals(probing.control_labels(present, seed=2))
    xr.testing.assert_identical(result[::-1], probing.control_labels(present[::-1], seed=1))


def test_a_class_on_too_few_images_is_undefined_and_counted() -> None:
    states, _, present = world()
    result = probing.probe_accuracy(states, present)
    for name, positives, undefined in (("bus", 3, 80), ("tram", 0, 80)):
        one = result.sel({"class": name})
        for rate in ("accuracy", "balanced_accuracy", "auroc", "control_accuracy", "selectivity"):
            assert one[rate].isnull().all()
        assert (one.positives == positives).all()
        assert (one.undefined == undefined).all()
    fewer = probing.probe_accuracy(states, present, probe=Probe(folds=3, fewest=3)).sel({"class": "bus"})
    assert fewer.accuracy.notnull().all()
    lacking = probing.probe_accuracy(states, 1 - present, probe=Probe(folds=3, fewest=4)).sel({"class": "bus"})
    assert lacking.accuracy.isnull().all()


@pytest.mark.parametrize("bad", [0.0, NAN, np.inf])
def test_undefined_states_are_neither_trained_on_nor_judged(bad: float) -> None:
    states, _, present = world()
    broken = states.copy()
    broken[4:6, 1] = bad
    kept = [i for i in range(80) if i not in (4, 5)]
    result = probing.probe_scores(broken, broken, present)
    assert result[4:6, 1].isnull().all()
    assert result[4:6, 0, 0].notnull().all()
    np.testing.assert_array_equal(
        result[kept, 1], probing.probe_scores(states[kept], states[kept], present[kept])[:, 1]
    )
    rates = probing.probe_accuracy(broken, present).sel({"class": "car"})
    assert rates.defined.values.tolist() == [80, 78]
    assert rates.undefined.values.tolist() == [0, 2]
    assert rates.positives.values.tolist() == [20, 20]  # image 2 has no car


def test_undefined_labels_leave_the_image_out() -> None:
    states, _, present = world()
    present[2:4, 0] = NAN
    rates = probing.probe_accuracy(states, present).sel({"class": "car"})
    assert (rates.positives == 19).all()
    assert (rates.undefined == 2).all()


def test_undefined_perturbed_states_are_left_out_and_counted() -> None:
    states, moved, present = world()
    broken = moved.copy()
    broken[1, :7, 1] = NAN
    result = probing.probe_transfer(states, broken, present).sel({"class": "car"})
    assert result.undefined.values.tolist() == [[0, 0], [0, 7], [0, 0]]
    whole = probing.probe_transfer(states, moved, present).sel({"class": "car"})
    xr.testing.assert_equal(result.accuracy[[0, 2]], whole.accuracy[[0, 2]])


def test_the_clean_condition_repeats_the_probe_accuracy() -> None:
    states, moved, present = world()
    result = probing.probe_transfer(states.assign_coords(condition="clean"), moved, present)
    assert result.accuracy.dims == ("condition", "layer", "class")
    assert result.family.values.tolist() == ["clean", "light", "noise"]
    alone = probing.probe_accuracy(states, present)
    for rate in ("accuracy", "balanced_accuracy", "auroc", "positives", "unconverged"):
        there = result[rate].sel(condition="clean") if "condition" in result[rate].dims else result[rate]
        np.testing.assert_array_equal(there, alone[rate])


def test_transfer_tells_a_moved_threshold_from_a_lost_direction() -> None:
    states, moved, present = world()
    result = probing.probe_transfer(states, moved, present).sel({"class": "car", "layer": 3})
    clean, bright, noise = (result.sel(condition=name) for name in ("clean", "bright", "noise"))
    assert clean.accuracy > 0.85
    assert bright.balanced_accuracy == pytest.approx(0.5, abs=0.05)
    assert bright.auroc > 0.9
    assert noise.auroc == pytest.approx(0.5, abs=0.2)


def test_scores_of_a_condition_come_from_probes_trained_on_clean_states() -> None:
    states, moved, present = world()
    together = probing.probe_scores(states, moved, present)
    assert together.dims == ("sample", "condition", "layer", "class")
    apart = probing.probe_scores(states, moved[2], present)
    np.testing.assert_allclose(together[:, 2], apart, rtol=1e-12)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    names, wanted = np.unique(states.image), present[::EACH, 0].values
    fold = next(StratifiedKFold(5, shuffle=True, random_state=0).split(names, wanted))
    train, test = (np.isin(states.image, names[part]) for part in fold)
    model.fit(states[train, 1].astype(float), present[train, 0])
    np.testing.assert_allclose(
        together[test, 1, 1, 0], model.decision_function(moved[1, test, 1].astype(float)), rtol=1e-6
    )


def test_fits_that_do_not_converge_are_counted() -> None:
    states, _, present = world()
    result = probing.probe_accuracy(states, present, probe=Probe(iterations=1))
    assert (result.unconverged.sel({"class": "car"}) == 5).all()
    assert (result.control_unconverged.sel({"class": "car"}) == 5).all()
    assert (result.unconverged.sel({"class": "bus"}) == 0).all()


def test_other_warnings_of_a_fit_are_passed_on(monkeypatch) -> None:
    class Talkative:
        def fit(self, *_) -> None:
            warnings.warn("the fit has something to say", UserWarning, stacklevel=1)

        def decision_function(self, states: np.ndarray) -> np.ndarray:
            return states[:, 0]

    monkeypatch.setattr("sklearn.pipeline.make_pipeline", lambda *_: Talkative())
    states = np.linspace(-1, 1, 40)[:, None]
    with pytest.warns(UserWarning, match="something to say"):
        probing.probe_scores(states, states, states > 0)


def test_verdicts_by_hand_and_their_interval() -> None:
    scores = np.array([[2.0, -1.0], [0.0, NAN], [-3.0, 4.0]])
    present = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, NAN]])
    np.testing.assert_array_equal(probing.probe_correct(scores, present), [[1, 0], [1, NAN], [0, NAN]])
    states, moved, present = world()
    right = probing.probe_correct(probing.probe_scores(states, moved, present), present)
    assert right.dims == ("sample", "condition", "layer", "class")
    car = right.sel({"class": "car"})
    estimate, low, high = statistics.bootstrap(statistics.mean, car, cluster="image", resamples=200)
    np.testing.assert_allclose(estimate, probing.probe_transfer(states, moved, present).accuracy.sel({"class": "car"}))
    assert (low <= estimate).all()
    assert (estimate <= high).all()
    assert (high - low).sel(condition="clean", layer=3) > 0.02


def test_images_serve_as_well_as_samples() -> None:
    states, moved, present = (
        one.isel(sample=slice(None, None, EACH)).drop_vars("sample").swap_dims(sample="image") for one in world()
    )
    result = probing.probe_scores(states, moved, present)
    assert result.dims == ("image", "condition", "layer", "class")
    names = states.image.values.tolist()
    bare = probing.probe_scores(states.values[:, 1], moved.values[1][:, None, 1], present.values, image=names)
    np.testing.assert_allclose(bare[:, 0], result[:, 1, 1])


def test_bare_arrays_and_labelled_ones_agree() -> None:
    states, moved, present = world()
    images = states.image.values
    labelled = probing.probe_accuracy(states, present)
    bare = probing.probe_accuracy(states.values, present.values, image=images)
    for rate in labelled:
        np.testing.assert_allclose(bare[rate], labelled[rate])
    by_sample = moved.transpose("sample", "condition", "layer", "feature")
    transfer = probing.probe_transfer(states.values[:, 1], by_sample.values[:, :, 1], present.values, image=images)
    np.testing.assert_allclose(transfer.accuracy, probing.probe_transfer(states, moved, present).accuracy.sel(layer=3))
    with pytest.raises(ValueError, match="Label more dimensions"):
        probing.probe_transfer(states.values, by_sample.values, present.values)
    with pytest.raises(TypeError, match="present: a bare array"):
        probing.probe_accuracy(states, present.values)


def test_dask_and_memory_agree() -> None:
    states, moved, present = world()
    lazy = probing.probe_transfer(states.chunk(sample=7, layer=1), moved.chunk(sample=9, condition=1), present)
    xr.testing.assert_identical(lazy, probing.probe_transfer(states, moved, present))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda x, p: (x.isel(sample=slice(0, 78)), p), "only in present: 's78', 's79'"),
        (lambda x, p: (x.isel(sample=slice(None, None, -1)), p), "another order"),
        (lambda x, p: (x.rename(feature="neuron"), p), "no 'feature'"),
        (lambda x, p: (x.drop_vars("image"), p.drop_vars("image")), "no coordinate 'image'"),
        (lambda x, p: (x, p.isel({"class": 0})), "needs 'sample' and 'class' alone"),
        (lambda x, p: (x, p + 1), "other than 0, 1 and nan"),
        (lambda x, p: (x, p.where(p.sample != "s05", 1)), "samples of image 'i02' differ"),
    ],
)
def test_data_that_do_not_fit_are_refused_by_name(broken, told: str) -> None:
    states, _, present = world()
    with pytest.raises(ValueError, match=told):
        probing.probe_accuracy(*broken(states, present))


def test_perturbed_states_must_be_of_the_same_samples_and_layers() -> None:
    states, moved, present = world()
    with pytest.raises(ValueError, match="differ in 'layer': only in clean: 3"):
        probing.probe_transfer(states, moved.assign_coords(layer=[0, 4]), present)
    with pytest.raises(ValueError, match="a dimension 'layer' and tested has not"):
        probing.probe_transfer(states, moved.isel(layer=0), present)
    with pytest.raises(ValueError, match="no 'model'"):
        probing.probe_transfer(states.expand_dims(model=2), moved, present)
    with pytest.raises(ValueError, match="another order"):
        probing.probe_correct(probing.probe_scores(states, states, present)[::-1], present)
    with pytest.raises(ValueError, match="present has a dimension 'class'"):
        probing.probe_correct(probing.probe_scores(states, states, present).isel({"class": 0}, drop=True), present)


def test_a_list_of_images_must_name_every_sample() -> None:
    states, _, present = world()
    listed = probing.probe_accuracy(states.drop_vars("image"), present, image=states.image.values.tolist())
    np.testing.assert_array_equal(listed.accuracy, probing.probe_accuracy(states, present).accuracy)
    with pytest.raises(ValueError, match=r"\(3,\) image labels for 80 samples"):
        probing.probe_accuracy(states, present, image=["a", "b", "c"])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"folds": 1}, "at least 2 folds"),
        ({"fewest": 4}, "each of 5 folds"),
        ({"c": 0.0}, "must be positive"),
        ({"iterations": 0}, "must be positive"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Probe(**settings)


def test_inputs_are_left_as_they_were() -> None:
    states, moved, present = world()
    before = [one.copy(deep=True) for one in (states, moved, present)]
    probing.probe_accuracy(states, present)
    probing.probe_transfer(states, moved, present)
    for one, was in zip((states, moved, present), before, strict=True):
        xr.testing.assert_identical(one, was)
