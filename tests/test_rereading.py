"""The noise floor: the clean picture read again in another way."""

import numpy as np
import picture_set
import pytest
import tiny
import xarray as xr
from tiny import picture

import hooks
import probe
from hooks import Question, View, attention, capture
from probe.perturbations import parse, rereading
from probe.results import noise_floor
from probe.results.evidence import Evidence

ASKED = Question("is there a bus?", ("yes", "a red car"))


def kernels(model):
    return [part.config._attn_implementation for part in model.module.modules() if hasattr(part, "config")]


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "mllama"])
def test_another_kernel_is_used_for_a_while_and_gives_the_same_to_rounding(case):
    model = tiny.load(case)
    views, before = [View((picture(0, 84, 112),), (ASKED,))], kernels(model)
    plain = capture.read(model, views, (), batch_size=1)[0].answers[0].log_likelihood
    with attention.other_kernel(model) as name:
        assert model.module.config.get_text_config()._attn_implementation == name
        assert name not in before
        again = capture.read(model, views, (), batch_size=1)[0].answers[0].log_likelihood
    assert kernels(model) == before
    np.testing.assert_allclose(again, plain, atol=1e-4)


def test_the_kernel_comes_back_after_an_error():
    model = tiny.load("llava")
    before = kernels(model)
    with pytest.raises(RuntimeError), attention.other_kernel(model):
        raise RuntimeError
    assert kernels(model) == before


def test_a_run_read_again_moves_by_rounding_alone_and_no_union_holds_it(tmp_path, monkeypatch):
    seen = []
    plain = hooks.capture.read

    def read(model, views, sites, **settings):
        kernel = model.module.config.get_text_config()._attn_implementation
        seen.append((len(views), settings["padding_side"], kernel))
        return plain(model, views, sites, **settings)

    monkeypatch.setattr(hooks.capture, "read", read)
    data = picture_set.write(tmp_path / "set", images=2)
    run = probe.extract(
        str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", perturb=["low_light:3", "reread"],
        execution=probe.Execution(device="cpu", batch_size=2),
    )  # fmt: skip
    own = seen[0][2]
    assert seen[0] == (2, "right", own)
    assert (1, "right", own) in seen, "another batch"
    assert (2, "left", own) in seen, "another side of padding"
    assert {kernel for _, _, kernel in seen} == {own, "eager"}, "another kernel"
    assert [name for name in run.conditions.condition.values if "reread" in name] == [
        f"reread:by={way}" for way in rereading.WAYS
    ]
    found = noise_floor.compute(Evidence(run))
    moved = found.drift.sel(bound="estimate")
    assert 0 <= float(moved.sel(family="reread")) < 1e-5
    assert float(moved.sel(family="low_light")) > 1e-4
    assert float(found.below.sel(family="reread", bound="estimate")) == 1
    assert float(found.margin_change.sel(family="reread", bound="estimate")) < 1e-4
    assert "reread" not in Evidence(run).unions["all perturbations"]


def test_a_way_that_is_none_is_refused():
    with pytest.raises(ValueError, match="batch or padding or attention"):
        parse(["reread:by=telepathy"])


def test_what_does_not_stand_out_from_reading_again_is_said(tmp_path):
    drift = xr.DataArray(
        [[0.0, 0.0, 0.0], [0.2, 0.1, 0.3], [0.4, 0.3, 0.5], [0.1, 0.05, 0.15]],
        dims=("family", "bound"),
        coords={"family": ["clean", "reread", "low_light", "scale"], "bound": ["estimate", "low", "high"]},
    )
    estimate = drift.sel(bound="estimate", drop=True)
    with np.errstate(divide="ignore"):
        data = xr.Dataset({"drift": drift, "above": np.log10(estimate / 0.2)}).assign_attrs(unions={}, images=4)
    assert noise_floor.below(data) == ["scale"]  # .1 < .2 < .4
    (sentence,) = noise_floor.finding(data)
    assert "scale" in str(sentence)
    assert "low_light" not in str(sentence)
