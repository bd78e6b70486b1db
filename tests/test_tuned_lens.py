"""The tuned lens: a linear map of each layer's state, beside scikit-learn's own and on a model of which it is known."""

import numpy as np
import picture_set
import pytest
import tiny
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import probe
from analyses import margins, tuned_lens
from probe.results import readings_by_layer
from probe.results import tuned_lens as result
from probe.results.dimensions import half_of_images
from probe.results.evidence import Evidence


def made(seed, *, samples=60, features=5, noise=0.0):
    draw = np.random.default_rng(seed)
    states = draw.standard_normal((samples, features)) * [1, 10, 100, 1, 1] + 3
    logits = states @ draw.standard_normal((features, 3)) + [1.0, -2.0, 0.5]
    return states, logits + noise * draw.standard_normal(logits.shape)


def test_what_is_linear_in_a_state_is_read_exactly():
    states, logits = made(0)
    read = tuned_lens.fitted(states[:40], logits[:40])
    assert read is not None
    np.testing.assert_allclose(read(states[40:]), logits[40:], rtol=1e-2, atol=0.3)


def test_the_penalty_is_the_one_under_which_left_out_samples_are_told_best():
    states, logits = made(1, noise=40.0)
    read = tuned_lens.fitted(states, logits)
    assert read is not None
    errors = []
    scaled = StandardScaler().fit_transform(states)
    for penalty in tuned_lens.PENALTIES:
        missed = 0.0
        for left in range(len(states)):
            rest = np.arange(len(states)) != left
            told = Ridge(alpha=penalty).fit(scaled[rest], logits[rest]).predict(scaled[left : left + 1])
            missed += float(((told - logits[left]) ** 2).sum())
        errors.append(missed)
    best = Ridge(alpha=tuned_lens.PENALTIES[int(np.argmin(errors))]).fit(scaled, logits)
    np.testing.assert_allclose(read(states), best.predict(scaled), rtol=1e-6)


def test_undefined_states_are_not_read_and_undefined_samples_not_fitted_on():
    states, logits = made(2)
    states[3, 1], logits[5, 0] = np.nan, np.nan
    read, plain = (
        tuned_lens.fitted(states, logits),
        tuned_lens.fitted(*(np.delete(x, [3, 5], 0) for x in (states, logits))),
    )
    assert read is not None
    assert plain is not None
    np.testing.assert_allclose(read(states[:3]), plain(states[:3]))
    assert np.isnan(read(states[3:4])).all()
    assert tuned_lens.fitted(states[: tuned_lens.LEAST - 1], logits[: tuned_lens.LEAST - 1]) is None


def test_a_run_is_read_on_images_that_were_not_fitted_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tuned_lens, "LEAST", 2)
    data = picture_set.write(tmp_path / "set", images=6)
    run = probe.extract(
        str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", perturb="low_light:3", readouts="lens",
        sites="language.layers[*]:context_last", execution=probe.Execution(device="cpu"),
    )  # fmt: skip
    evidence = Evidence(run)
    top = readings_by_layer.last(evidence)
    tuned = result.through_maps(evidence, result.of_layers(evidence), top, margins.choice(top))
    fitted = half_of_images(evidence)
    assert not tuned.defined.isel(sample=np.flatnonzero(fitted)).any()
    assert (tuned.chosen.isel(sample=np.flatnonzero(fitted)) == -1).all()
    assert tuned.defined.isel(sample=np.flatnonzero(~fitted)).any()
    assert half_of_images(Evidence(run)).tolist() == fitted.tolist()
    assert fitted.sum() == half_of_images(Evidence(run, seed=1)).sum() == len(fitted) / 2


def test_without_states_of_several_layers_there_is_nothing_to_map(tmp_path):
    data = picture_set.write(tmp_path / "set", images=2)
    run = probe.extract(
        str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", perturb="low_light:3", readouts="lens",
        execution=probe.Execution(device="cpu"),
    )  # fmt: skip
    assert result.compute(Evidence(run)) is None
    with pytest.raises(ValueError, match="too little"):
        probe.results.analyze(Evidence(run), ["tuned_lens"])
