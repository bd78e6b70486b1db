"""Laws of linear probes that hold for any states."""

import numpy as np
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyses import probing
from analyses.probing import Probe
from analyses.probing.cross_validation import held_out, shuffled

laws = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
PROBE = Probe(folds=3, fewest=3)
tables = st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1, max_size=12)


@st.composite
def world(draw):
    """States of 12 images with one to three samples each, and one class."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    images = np.repeat(np.arange(12), draw(st.lists(st.integers(1, 3), min_size=12, max_size=12)))
    present = (np.arange(12) < draw(st.integers(4, 8)))[images].astype(float)
    states = rng.normal(size=(len(images), draw(st.integers(1, 4)))) + present[:, None]
    coords = {"sample": [f"s{i}" for i in range(len(images))], "image": ("sample", [f"i{i}" for i in images])}
    return (
        xr.DataArray(states, dims=("sample", "feature"), coords=coords),
        xr.DataArray(present[:, None], dims=("sample", "class"), coords=coords),
    )


@laws
@given(world(), st.randoms(use_true_random=False))
def test_no_order_of_samples_changes_a_score(data, random) -> None:
    states, present = data
    order = random.sample(range(len(states)), len(states))
    result = probing.probe_scores(states[order], states[order], present[order], probe=PROBE)
    xr.testing.assert_identical(result, probing.probe_scores(states, states, present, probe=PROBE)[order])


@laws
@given(world(), st.floats(1e-3, 1e3), st.floats(-10, 10))
def test_scores_ignore_the_features_scale_and_origin(data, scale: float, shift: float) -> None:
    states, present = data
    moved = scale * states + shift
    expected = probing.probe_scores(states, states, present, probe=PROBE)
    result = probing.probe_scores(moved, moved, present, probe=PROBE)
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-3)


@laws
@given(world())
def test_accuracy_is_the_mean_verdict_and_every_rate_a_share(data) -> None:
    states, present = data
    result = probing.probe_accuracy(states, present, probe=PROBE)
    assert result.defined + result.undefined == len(states)
    for rate in ("accuracy", "balanced_accuracy", "auroc", "control_accuracy"):
        assert 0 <= result[rate] <= 1
    right = probing.probe_correct(probing.probe_scores(states, states, present, probe=PROBE), present)
    np.testing.assert_allclose(result.accuracy, right.mean("sample"))


@laws
@given(tables, st.integers(0, 99))
def test_shuffled_labels_are_the_same_ones_elsewhere(column, seed: int) -> None:
    labels, images = np.array(column)[:, None], np.array([f"i{i}" for i in range(len(column))])
    result = shuffled(labels, images, seed)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(labels))
    assert np.nansum(result) == np.nansum(labels)
    np.testing.assert_array_equal(shuffled(labels[::-1], images[::-1], seed), result[::-1])
    np.testing.assert_array_equal(shuffled(labels.repeat(2, axis=0), images.repeat(2), seed), result.repeat(2, axis=0))


@laws
@given(st.integers(0, 12), st.integers(0, 12))
def test_a_probe_is_defined_where_enough_images_have_and_lack_the_class(positive: int, negative: int) -> None:
    states = np.linspace(1, 2, positive + negative)[:, None]
    wanted = np.repeat([1.0, 0.0], [positive, negative])
    result = held_out(states, states, wanted, np.arange(len(wanted)).astype(str), PROBE)
    assert result.positives == positive
    assert np.isfinite(result.log_odds).all() == (min(positive, negative) >= 3 or not len(wanted))
