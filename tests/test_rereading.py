"""The noise floor: the clean picture read again in another way."""

from dataclasses import replace

import numpy as np
import picture_set
import pytest
import tiny
import xarray as xr
from tiny import picture

import hooks
import probe
from hooks import LoadOptions, Question, View, attention, capture, data_types, sites
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


FOUR = ("llava", "qwen2_vl", "gemma3", "mllama")
BF16 = LoadOptions(device="cpu", dtype="bfloat16")


def of(model, views):
    """Scores, and the bits of the states at all layers."""
    site = sites.parse("language.layers[*]:context_last", model.towers)
    (reading,) = capture.read(model, views, [site], batch_size=1)
    return reading.answers[0].log_likelihood, reading.states[site.slug].pooled


def rounded(model):
    """A model whose weights were rounded to bfloat16 and kept in float32."""
    for parameter in model.module.parameters():
        parameter.data = parameter.data.bfloat16().float()
    return model


@pytest.mark.parametrize("case", FOUR)
def test_another_data_type_is_that_of_a_model_loaded_in_it_and_the_weights_come_back_to_the_bit(case):
    views = [View((picture(0, 84, 112),), (ASKED,))]
    full, half = tiny.load(case), tiny.load(case, BF16)
    before = of(full, views)
    with data_types.other_dtype(full) as other:
        assert other.dtype == "bfloat16"
        for mine, loaded in zip(of(other, views), of(half, views), strict=True):
            np.testing.assert_array_equal(mine, loaded)
    for mine, again in zip(before, of(full, views), strict=True):
        np.testing.assert_array_equal(mine, again)
    plain = rounded(hooks.load(str(tiny.checkpoint(case)), tiny.ON_CPU))
    pixels = [View((picture(0, 84, 112),), (ASKED,))]
    with data_types.other_dtype(half) as other:
        assert other.dtype == "float32"
        for mine, loaded in zip(of(other, pixels), of(plain, pixels), strict=True):
            np.testing.assert_array_equal(mine, loaded)


def test_the_weights_come_back_after_an_error():
    model = tiny.load("llava")
    before = {name: (value.data_ptr(), value.dtype) for name, value in model.module.state_dict().items()}
    with pytest.raises(RuntimeError), data_types.other_dtype(model):
        raise RuntimeError
    assert {name: (value.data_ptr(), value.dtype) for name, value in model.module.state_dict().items()} == before


def test_states_of_another_data_type_are_stored_in_that_of_the_run(tmp_path):
    """bfloat16 is stored as bits, which float32 taken for them would not be."""
    data = picture_set.write(tmp_path / "set", images=2)
    run = probe.extract(
        str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", dtype="bfloat16", keep="tokens",
        perturb=["reread:by=dtype"], sites=["vision.layers[*]:patches", "language.layers[*]:context_last"],
        execution=probe.Execution(device="cpu", batch_size=2),
    )  # fmt: skip
    for site in run.sites:
        states = run.embeddings(site)
        moved = abs(states.sel(condition="reread:by=dtype") - states.sel(condition="clean"))
        assert 0 < float(moved.max()) < 0.1 * float(abs(states).max())
    drift = run.site("vision.layers[*]:patches").token_drift.sel(condition="reread:by=dtype")
    assert float(drift.max()) < 1e-2


def test_a_share_of_the_images_is_read_again_the_same_in_every_way_and_order(tmp_path):
    data = picture_set.write(tmp_path / "set", images=8)
    settings = {"perturb": ["reread:share=0.5"], "seed": 3}
    runs = [
        probe.extract(
            str(tiny.checkpoint("llava")), str(data), out=tmp_path / name,
            execution=probe.Execution(device="cpu", batch_size=batch), **settings,
        )
        for name, batch in (("one", 8), ("two", 3))
    ]  # fmt: skip
    names = runs[0].conditions.condition.values.tolist()[1:]
    assert names == [f"reread:by={way},share=0.5" for way in rereading.WAYS]
    scores = runs[0].answers.log_likelihood
    read = scores.notnull().any("option")
    conditions = parse(["reread:share=0.5"])[1:]
    expected = [not rereading.left_out(conditions[0], name, seed=3) for name in scores.image.values]
    assert 0 < sum(expected) < len(expected)
    for name in names:
        np.testing.assert_array_equal(read.sel(condition=name), expected)
        np.testing.assert_array_equal(
            runs[1].answers.log_likelihood.notnull().any("option").sel(condition=name), expected
        )
    floor = noise_floor.compute(Evidence(runs[0]))
    assert np.isfinite(floor.drift.sel(family="reread", bound="estimate"))
    assert runs[0].failed == {}


def test_a_larger_share_holds_the_smaller_one():
    small, large = (parse([f"reread:by=batch,share={share}"])[1] for share in (0.2, 0.6))
    names = [f"image {k}" for k in range(400)]
    few, many = ({name for name in names if not rereading.left_out(each, name, seed=0)} for each in (small, large))
    assert few < many
    assert 50 < len(few) < 110
    assert 200 < len(many) < 280
    other = {name for name in names if not rereading.left_out(small, name, seed=1)}
    assert other != few


def test_quantised_weights_have_no_other_data_type():
    blueprint = tiny.load("llava").blueprint
    reason = data_types.unavailable(replace(blueprint, options=LoadOptions(quantize="nf4")))
    assert "quantised" in reason
    assert data_types.unavailable(blueprint) == ""


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
    evidence = Evidence(run)
    found = noise_floor.compute(evidence)
    for way in rereading.WAYS:
        most = 1e-2 if way == "dtype" else 1e-5
        assert 0 <= float(evidence.primary_drift.sel(condition=f"reread:by={way}").max()) < most
        assert float(abs(evidence.erosion.sel(condition=f"reread:by={way}")).max()) < 10 * most
    assert float(evidence.primary_drift.sel(condition="reread:by=dtype").max()) > 1e-6, "another data type"
    assert float(found.drift.sel(bound="estimate", family="low_light")) > 1e-4
    assert float(found.below.sel(family="reread", bound="estimate")) == 1
    assert "reread" not in Evidence(run).unions["all perturbations"]


def test_a_way_that_is_none_is_refused():
    with pytest.raises(ValueError, match="batch or padding or attention or dtype"):
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


def test_what_each_way_moves_is_told_apart():
    moved = xr.DataArray(
        [[0.0, 0.5, 2e-7, 4e-3], [0.0, 0.5, np.nan, 2e-3]], dims=("sample", "condition"),
        coords={
            "condition": ["clean", "fog:3", "reread:by=batch", "reread:by=dtype,share=0.5"],
            "family": ("condition", ["clean", "fog", "reread", "reread"]),
        },
    )  # fmt: skip
    ways = noise_floor.by_way(moved)
    assert ways.way.values.tolist() == ["by=batch", "by=dtype,share=0.5"]
    np.testing.assert_allclose(ways, [2e-7, 3e-3])
    (sentence,) = noise_floor.of_ways(xr.Dataset({"way_drift": ways}).assign_attrs(images=40))
    assert "by 2e-07 with another batch, 0.003 in another data type." in str(sentence)
