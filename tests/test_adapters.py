"""Adapters beside a model's weights: refused where nobody asked, applied through peft where somebody did."""

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file
from tiny import picture

import hooks
from hooks import LoadOptions, ModelError, adapters

QUESTION = hooks.Question("is there a bus?", ("yes", "no"))
LAYER = "model.language_model.layers.0.self_attn.q_proj"
needs_peft = pytest.mark.skipif(find_spec("peft") is None, reason="peft is not installed")


def write_adapter(folder, layer=LAYER, rank=2):
    """A LoRA of one layer as peft saves it; its weights (rank, width) and (width, rank)."""
    folder.mkdir(exist_ok=True)
    module = tiny.load("llava").module.get_submodule(LAYER)
    random = torch.Generator().manual_seed(0)
    down = torch.randn(rank, module.in_features, generator=random)
    up = torch.randn(module.out_features, rank, generator=random)
    names = {f"base_model.model.{layer}.lora_A.weight": down, f"base_model.model.{layer}.lora_B.weight": up}
    save_file(names, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {
        "peft_type": "LORA",
        "base_model_name_or_path": "someone/base",
        "r": rank,
        "lora_alpha": 4,
        "target_modules": ["language_model.layers.0.self_attn.q_proj"],
        "inference_mode": True,
    }
    (folder / adapters.CONFIG).write_text(json.dumps(settings))
    return down, up


def scores(model):
    view = hooks.View((picture(0, 64, 64),), (QUESTION,))
    return hooks.capture.read(model, [view], (), batch_size=1)[0].answers[0].log_likelihood


@pytest.fixture
def beside(tmp_path):
    folder = shutil.copytree(tiny.checkpoint("llava"), tmp_path / "model")
    write_adapter(folder)
    return folder


def test_an_adapter_beside_the_weights_is_refused_where_nobody_asked_for_it(beside):
    told = rf"has an adapter beside its weights \(adapter_config\.json\).* Give --adapter {beside}, or move"
    with pytest.raises(ModelError, match=told):
        hooks.blueprint(beside, LoadOptions(device="cpu"))


def test_an_adapter_alone_is_no_model_and_names_its_base(tmp_path):
    write_adapter(tmp_path / "adapter")
    with pytest.raises(ModelError, match=r"the directory is an adapter of someone/base\. Give that model, and"):
        hooks.blueprint(tmp_path / "adapter")


@pytest.mark.skipif(find_spec("peft") is not None, reason="peft is installed")
def test_without_peft_an_adapter_that_is_asked_for_is_refused(beside):
    with pytest.raises(ModelError, match="needs the package peft to be applied"):
        hooks.blueprint(beside, LoadOptions(device="cpu", adapter=str(beside)))


@needs_peft
@pytest.mark.parametrize("where", ["beside", "elsewhere"])
def test_an_adapter_that_is_asked_for_changes_the_layer_as_its_formula_says(tmp_path, where):
    model = shutil.copytree(tiny.checkpoint("llava"), tmp_path / "model")
    folder = model if where == "beside" else tmp_path / "adapter"
    down, up = write_adapter(folder)
    adapted = hooks.load(model, LoadOptions(device="cpu", adapter=folder))
    plain = hooks.load(tiny.checkpoint("llava"), LoadOptions(device="cpu"))
    assert np.abs(scores(adapted) - scores(plain)).max() > 1e-4
    with torch.no_grad():  # LoRA: W + alpha / r * B A
        plain.module.get_submodule(LAYER).weight += 4 / 2 * up @ down
    np.testing.assert_allclose(scores(adapted), scores(plain), atol=1e-4)
    record = adapted.provenance["adapter"]
    assert (record["type"], record["base"], record["source"]) == ("LORA", "someone/base", str(folder))
    assert len(record["sha256"]) == 64
    assert plain.provenance["adapter"] is None


@needs_peft
def test_an_adapter_of_another_model_is_refused(tmp_path):
    write_adapter(tmp_path / "adapter", layer="model.language_model.layers.77.self_attn.q_proj")
    with pytest.raises(ModelError, match="does not fit the model"):
        hooks.load(tiny.checkpoint("llava"), LoadOptions(device="cpu", adapter=tmp_path / "adapter"))


@needs_peft
def test_an_adapter_is_applied_on_quantised_weights(tmp_path):
    write_adapter(tmp_path / "adapter")
    options = {"device": "cpu", "quantize": "nf4"}
    adapted = hooks.load(tiny.checkpoint("llava"), LoadOptions(**options, adapter=tmp_path / "adapter"))
    assert adapted.provenance["quantization"]["method"] == "nf4"
    assert np.abs(scores(adapted) - scores(tiny.load("llava", LoadOptions(**options)))).max() > 1e-4


@needs_peft
@pytest.mark.parametrize("name", ["nowhere", "no body/nothing"])
def test_an_adapter_that_is_nowhere_is_named(name):
    with pytest.raises(ModelError, match=f"adapter '{name}' is neither a local folder nor on the hub"):
        adapters.locate(name)


@needs_peft
def test_patterns_that_match_for_ever_weights_of_no_module_and_pickles_are_refused(tmp_path):
    def refused():
        with pytest.raises(ModelError) as caught:
            hooks.load(tiny.checkpoint("llava"), LoadOptions(device="cpu", adapter=tmp_path))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    write_adapter(tmp_path)
    file, weights = tmp_path / adapters.CONFIG, tmp_path / adapters.WEIGHTS
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "target_modules": "(.*)*(.*)*x$"}))
    assert "could take for ever to match" in refused()
    file.write_text(json.dumps({**settings, "r": 10**9}))
    assert "does not fit the model" in refused()
    file.write_text(json.dumps(settings))
    further = {"base_model.model.junk.lora_A.weight": torch.zeros(2, 2)}
    save_file({**load_file(weights), **further}, weights, metadata={"format": "pt"})
    assert "its weights have no place there (junk.lora_A.default.weight" in refused()
    weights.rename(tmp_path / "adapter_model.bin")
    assert "the folder has no adapter_model.safetensors" in refused()
