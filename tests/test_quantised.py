"""Weights in 4 and 8 bits, on several families: loaded, traced, extracted, and measured beside the full model."""

import json
import logging
import shutil
import warnings

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import picture

import hooks
import probe
from hooks import check
from probe.errors import PlanError

CASES = ("llava", "qwen2_vl", "gemma3")


@pytest.fixture(autouse=True)
def _quiet_kernels():
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it logs the cast of every product
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # and warns about CPU kernels
        yield


def options(method, **more):
    return hooks.LoadOptions(device="cpu", quantize=method, **more)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["nf4", "int8"])
@pytest.mark.parametrize("case", CASES)
def test_every_check_passes_and_the_distance_to_the_full_model_is_told(case, method):
    model, full = tiny.load(case, options(method)), tiny.load(case)
    assert [finding for finding in check.check(model) if not finding.ok] == []
    mine, theirs = check.readings(model), check.readings(full)
    found = check.distance(mine, theirs, model)
    assert found.name == "distance to the model in float32"
    largest = float(found.detail.split(" at most")[0].rpartition(" ")[2])
    scores = [
        np.abs(answer.log_likelihood - other.log_likelihood).max()
        for one, two in zip(mine, theirs, strict=True)
        for answer, other in zip(one.answers, two.answers, strict=True)
    ]
    assert largest == pytest.approx(max(scores), rel=0.1)
    assert 0 < largest < 20


def test_a_model_is_at_no_distance_from_itself():
    model = tiny.load("llava")
    readings = check.readings(model)
    found = check.distance(readings, readings, model)
    assert "scores 0 on average, 0 at most" in found.detail


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_four_bits_are_extracted_into_a_run_that_says_so(case, tmp_path):
    for k in range(2):
        Image.fromarray(picture(k, 84, 112)).save(tmp_path / f"{k}.png")
    line = {"question": "is there a bus?", "options": ["yes", "no"], "answer": "yes"}
    (tmp_path / "data.jsonl").write_text("\n".join(json.dumps({"image": f"{k}.png", **line}) for k in range(2)))
    run = probe.extract(
        str(tiny.checkpoint(case)),
        str(tmp_path / "data.jsonl"),
        out=tmp_path / "run",
        perturb=["white"],
        quantize="nf4",
        double_quantization=True,
        execution=probe.Execution(device="cpu"),
    )
    assert np.isfinite(run.answers.log_likelihood).all()
    made = run.tree.attrs["provenance"]["model"]["quantization"]
    assert made == {"method": "nf4", "bits": 4, "compute_dtype": "float32", "double_quantization": True}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Checkpoints in nf4 (plain, and with double quantization) and int8, as transformers saves them."""

    def save(method, **more):
        folder = tmp_path_factory.mktemp("saved") / "checkpoint"
        shutil.copytree(tiny.checkpoint("llava"), folder)
        (folder / "model.safetensors").unlink()
        hooks.load(tiny.checkpoint("llava"), options(method, **more)).module.save_pretrained(folder)
        return folder

    return {"nf4": save("nf4"), "double": save("nf4", double_quantization=True), "int8": save("int8")}


def kinds(model):
    return {type(layer).__name__ for layer in model.module.modules()}


@pytest.mark.parametrize(
    ("name", "layers", "record"),
    [
        ("nf4", "Linear4bit", ("nf4", 4, "float32", False)),
        ("double", "Linear4bit", ("nf4", 4, "float32", True)),
        ("int8", "Linear8bitLt", ("int8", 8, "float16", False)),
    ],
)
def test_a_checkpoint_quantised_already_is_recorded_as_what_its_weights_are(saved, name, layers, record):
    for asked in (None, record[0]):
        model = hooks.load(saved[name], options(asked))
        assert layers in kinds(model)
        names = ("method", "bits", "compute_dtype", "double_quantization")
        assert model.provenance["quantization"] == dict(zip(names, record, strict=True))
        assert model.provenance["parameters"].keys() == {"float32", "uint8" if record[1] == 4 else "int8"}


@pytest.mark.parametrize(
    ("name", "asked", "more", "message"),
    [
        ("nf4", "int8", {}, r"is quantised already \(nf4, 4 bits\), .* cannot be made int8\. Leave out --quantize"),
        ("int8", "nf4", {}, r"is quantised already \(int8, 8 bits\), .* cannot be made nf4\."),
        ("nf4", "nf4", {"double_quantization": True}, r"cannot be made nf4 with double quantization\."),
    ],
)
def test_another_quantisation_of_quantised_weights_is_refused_by_a_run(saved, name, asked, more, message, tmp_path):
    with pytest.raises(PlanError, match=message):
        probe.extract(saved[name], "streets", out=tmp_path / "run", limit=1, quantize=asked, **more)
    assert not (tmp_path / "run").exists()


def test_weights_that_are_quantised_already_are_read_as_they_are_with_a_warning(saved):
    with pytest.warns(UserWarning, match=r"is quantised already \(nf4, 4 bits\), .* cannot be made int8"):
        model = hooks.load(saved["nf4"], options("int8"))
    assert "Linear4bit" in kinds(model)
    assert model.provenance["quantization"]["method"] == "nf4"


def test_a_quantised_checkpoint_scores_as_the_full_one_quantised_on_the_way(saved):
    view = hooks.View((picture(0, 84, 112),), (hooks.Question("is there a bus?", ("yes", "no")),))
    models = (hooks.load(saved["nf4"], options(None)), tiny.load("llava", options("nf4")))
    one, two = (hooks.capture.read(model, [view], (), batch_size=1)[0].answers[0] for model in models)
    np.testing.assert_allclose(one.log_likelihood, two.log_likelihood, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "method", "bits"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq", 4),
        ({"quant_method": "awq", "bits": 4}, "awq", 4),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors", "unknown"),
        ({"quant_method": "fp8"}, "fp8", 8),
    ],
)
def test_quantisations_of_other_libraries_are_named(tmp_path, settings, method, bits):
    folder = shutil.copytree(tiny.checkpoint("llava"), tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": settings}))
    with pytest.warns(UserWarning, match=rf"is quantised already \({method}, {bits} bits\)"):
        hooks.blueprint(folder, options("nf4"))


def test_a_checkpoint_that_says_it_is_quantised_and_cannot_be_read_so_is_refused(tmp_path):
    folder = shutil.copytree(tiny.checkpoint("llava"), tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "martian"}}))
    with pytest.raises(hooks.ModelError, match=r"\(martian\), in a way that the installed transformers does not read"):
        hooks.load(folder, options(None))
