"""Weights in 4 and 8 bits, on several families: loaded, traced, extracted, and measured beside the full model."""

import json
import logging
import warnings

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import picture

import hooks
import probe
from hooks import check

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
    assert made == {"method": "nf4", "compute_dtype": "float32", "double_quantization": True}
