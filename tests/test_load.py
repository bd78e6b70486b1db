"""From a path or a hub id to a model, and what is refused on the way."""

import json
import shutil
import warnings

import numpy as np
import pytest
import tiny
import torch
from readings import arrays
from tiny.llava import GRID, LANGUAGE_LAYERS, VISION_LAYERS

import hooks
from hooks import LoadOptions, ModelError, capture, provenance, sites


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(tiny.checkpoint("llava"), tmp_path / "copy")


def test_a_blueprint_needs_no_weights(copied):
    (copied / "model.safetensors").unlink()
    plan = hooks.blueprint(str(copied))
    assert (plan.kind, plan.family.name, plan.dtype) == (
        "generative",
        "llava",
        "float32" if plan.device == "cpu" else plan.dtype,
    )
    assert {name: tower.layers for name, tower in plan.towers.items()} == {
        "vision": VISION_LAYERS,
        "projector": 0,
        "language": LANGUAGE_LAYERS,
        "language.norm": 0,
    }
    assert hooks.image_grids(plan, 100, 60) == {"vision": GRID, "projector": GRID, "language": GRID}
    with pytest.raises(ModelError, match=r"no \.safetensors weights"):
        hooks.load(str(copied))


def test_contrastive_blueprints_know_their_grid():
    plan = hooks.blueprint(str(tiny.checkpoint("clip")))
    assert plan.kind == "contrastive"
    assert hooks.image_grids(plan, 64, 64) == {"vision": GRID}


def test_a_loaded_model_is_frozen_and_in_evaluation_mode():
    model = tiny.load("llava")
    assert not model.module.training
    assert not any(parameter.requires_grad for parameter in model.module.parameters())


def test_a_model_is_loaded_from_the_blueprint_that_is_there():
    plan = hooks.blueprint(str(tiny.checkpoint("clip")), LoadOptions(device="cpu", dtype="bfloat16"))
    model = hooks.load(plan)
    assert model.blueprint is plan
    assert next(model.module.parameters()).dtype == torch.bfloat16


def test_provenance_names_the_very_files(copied):
    first = tiny.load("llava").provenance
    assert hooks.load(str(copied), LoadOptions(device="cpu")).provenance == {**first, "source": str(copied)}
    assert first["versions"].keys() == {"torch", "transformers", "nnsight"}
    assert (first["dtype"], first["device"], first["attention"]) == ("float32", "cpu", "sdpa")
    settings = json.loads((copied / "processor_config.json").read_text())
    settings["image_processor"]["image_mean"] = [0.4, 0.4, 0.4]
    (copied / "processor_config.json").write_text(json.dumps(settings))
    other = hooks.load(str(copied), LoadOptions(device="cpu")).provenance
    assert other["processor_sha256"] != first["processor_sha256"]
    assert other["weights_sha256"] == first["weights_sha256"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("./nowhere", "no such directory"),
        ("no-slash", "not a hub id"),
        ("a/b/c", "no such directory, and not a hub id"),
    ],
)
def test_a_path_that_is_not_there_is_named(source, message):
    with pytest.raises(ModelError, match=message) as caught:
        hooks.blueprint(source)
    assert source in str(caught.value)


def test_an_unreachable_hub_id_says_what_was_tried(monkeypatch):
    monkeypatch.setattr(provenance, "_snapshot", lambda *args, **kwargs: None)
    with pytest.raises(ModelError, match="tried a local directory, the local hub cache and the hub"):
        hooks.blueprint("nobody/nothing")


def test_a_cached_snapshot_is_used_without_the_network_and_named_by_its_commit(tmp_path, monkeypatch):
    commit, blob = "0123456789" * 4, "ab" * 32
    snapshot = shutil.copytree(tiny.checkpoint("llava"), tmp_path / "snapshots" / commit)
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    shutil.move(snapshot / "model.safetensors", blobs / blob)
    (snapshot / "model.safetensors").symlink_to(blobs / blob)

    def download(source, *, local_files_only, **settings):
        assert local_files_only
        return str(snapshot)

    monkeypatch.setattr(provenance, "snapshot_download", download)
    model = hooks.load("owner/name", LoadOptions(device="cpu"))
    assert (model.source, model.provenance["revision"]) == ("owner/name", commit)
    assert model.provenance["weights_sha256"] == provenance.weights_hash(snapshot)


def test_an_incomplete_download_is_taken_up_again(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "a.safetensors").write_text("")
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    asked = []

    def download(source, *, local_files_only, **settings):
        asked.append(local_files_only)
        return str(tmp_path)

    monkeypatch.setattr(provenance, "snapshot_download", download)
    provenance.locate("owner/name", None, weights=False)
    provenance.locate("owner/name", None, weights=True)
    assert asked == [True, True, False]


def test_a_directory_without_a_config_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"has no config\.json"):
        hooks.blueprint(str(tmp_path))


def test_an_unknown_model_type_is_named_with_those_covered(copied):
    (copied / "config.json").write_text(json.dumps({"model_type": "bert"}))
    told = r"'bert', which no family covers, and it has no vision tower(.|\n)*\nCovered: llava, vipllava, "
    with pytest.raises(ModelError, match=told):
        hooks.blueprint(str(copied))


@pytest.mark.parametrize("method", [None, "int8"])
def test_double_quantisation_of_anything_but_nf4_is_refused(method):
    with pytest.raises(ValueError, match=f"quantize={method}. Ask for nf4"):
        LoadOptions(quantize=method, double_quantization=True)


def test_a_config_of_wrong_types_is_an_error_of_the_model(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "vision_feature_layer": {}}))
    with pytest.raises(ModelError, match=r"its config or processor cannot be loaded: (.|\n)*vision_feature_layer"):
        hooks.blueprint(str(copied))


def test_a_checkpoint_in_another_format_is_sent_to_its_converter(copied):
    (copied / "config.json").write_text(json.dumps({"model_type": "internvl_chat"}))
    with pytest.raises(ModelError, match=r"internvl_chat.*python -m hooks.internvl_chat SOURCE"):
        hooks.blueprint(str(copied))


def test_missing_weights_are_refused_instead_of_made_up(copied):
    from safetensors.torch import load_file, save_file

    weights = load_file(copied / "model.safetensors")
    name = next(name for name in weights if "multi_modal_projector" in name)
    del weights[name]
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"weights are missing from its files or misfit .*multi_modal_projector"):
        hooks.load(str(copied))


def test_a_fixed_number_of_visual_tokens_cannot_be_set():
    with pytest.raises(ModelError, match="cannot limit its visual tokens"):
        hooks.blueprint(str(tiny.checkpoint("llava")), LoadOptions(visual_tokens=64))


def test_a_16_bit_checkpoint_computes_in_32_bits_on_a_cpu_unless_told(copied):
    settings = json.loads((copied / "config.json").read_text()) | {"dtype": "float16"}
    (copied / "config.json").write_text(json.dumps(settings))
    assert hooks.blueprint(str(copied), LoadOptions(device="cpu")).dtype == "float32"
    assert hooks.blueprint(str(copied), LoadOptions(device="cuda")).dtype == "float16"
    assert hooks.blueprint(str(copied), LoadOptions(device="cpu", dtype="bfloat16")).dtype == "bfloat16"


@pytest.mark.parametrize(("dtype", "kind"), [("bfloat16", np.uint16), ("float16", np.float16), ("float32", np.float32)])
def test_arrays_keep_the_bits_that_the_model_computes_in(dtype, kind):
    model = tiny.load("llava", LoadOptions(device="cpu", dtype=dtype))
    assert next(model.module.parameters()).dtype == getattr(torch, dtype)
    view = hooks.View((tiny.picture(0),), (hooks.Question("?", ("yes", "no")), hooks.Question("?", prompt="open")))
    wanted = sites.parse_all(["vision.layers[1]:patches", "language.layers[-1]:context_last"], model.towers)
    reading = capture.read(model, [view], wanted, batch_size=1, keep_tokens=True)[0]
    for array in arrays(reading).values():
        assert array.dtype == kind
    assert reading.answers[0].log_likelihood.dtype == np.float32
    undefined = reading.states["language.layers-context_last"].pooled[1]
    if dtype == "bfloat16":
        undefined = (undefined.astype(np.uint32) << 16).view(np.float32)
    assert np.isnan(undefined).all()


@pytest.mark.parametrize("method", ["nf4", "int8"])
def test_quantised_models_answer_nearly_alike(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bitsandbytes warns about CPU kernels and casts
        model = hooks.load(str(tiny.checkpoint("llava")), LoadOptions(device="cpu", quantize=method))
        view = hooks.View((tiny.picture(0),), (hooks.Question("is there a bus?", ("yes", "no", "a red car")),))
        scores = [
            capture.read(each, [view], (), batch_size=1)[0].answers[0].log_likelihood
            for each in (model, tiny.load("llava"))
        ]
    assert model.provenance["quantization"] == {
        "method": method,
        "bits": {"nf4": 4, "int8": 8}[method],
        "compute_dtype": {"nf4": "float32", "int8": "float16"}[method],
        "double_quantization": False,
    }
    assert any(
        "bnb" in type(module).__module__ or "bitsandbytes" in type(module).__module__
        for module in model.module.modules()
    )
    assert np.isfinite(scores[0]).all()
    assert 0 < np.abs(scores[0] - scores[1]).max() < 8


def test_a_revision_of_a_local_directory_is_refused(copied):
    with pytest.raises(ModelError, match=r"revision 'main' is one of a model on the hub, and .* is a local directory"):
        hooks.blueprint(copied, LoadOptions(revision="main"))
