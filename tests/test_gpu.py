"""On a GPU: the same scores as on the CPU, and numbers reduced where the tokens are."""

import numpy as np
import pytest
import tiny
import torch
from readings import arrays
from tiny import picture

import hooks
from probe.extraction.reductions import Reducer

VIEW = hooks.View((picture(0),), (hooks.Question("Is there a bus?", ("yes", "no", "a very long answer")),))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_attention_to_the_image_on_the_gpu_is_that_of_the_cpu() -> None:
    asked = hooks.View(VIEW.pictures, (hooks.Question("Is there a bus?", ("yes", "no"), attention=True),))
    for case in ("llava", "gemma3", "mllama"):
        read = [
            hooks.capture.read(
                tiny.load(case, hooks.LoadOptions(dtype="float32", device=device)), [asked], (), batch_size=1
            )[0].answers[0].attention
            for device in ("cpu", "cuda")
        ]  # fmt: skip
        for name in ("image", "question", "first", "entropy", "places"):
            np.testing.assert_allclose(*(getattr(each, name) for each in read), atol=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scores_and_reductions_on_the_gpu_are_those_of_the_cpu() -> None:
    readings = []
    for device in ("cpu", "cuda"):
        model = tiny.load("llava", hooks.LoadOptions(dtype="float32", device=device))
        sites = hooks.sites.parse_all(("vision.layers[*]:patches", "language.layers[*]:context_last"), model.towers)
        reduce = Reducer().over(["a"], clean=True)
        readings += hooks.capture.read(model, [VIEW], sites, batch_size=1, keep_tokens=True, reduce=reduce)
    cpu, cuda = readings
    np.testing.assert_allclose(cuda.answers[0].log_likelihood, cpu.answers[0].log_likelihood, atol=1e-3)
    for name, value in cpu.states["vision.layers-patches"].reduced.items():
        np.testing.assert_allclose(cuda.states["vision.layers-patches"].reduced[name], value, rtol=1e-3, atol=1e-5)
    for key, value in arrays(cpu).items():  # what the device copied while it went on
        np.testing.assert_allclose(arrays(cuda)[key], value, atol=1e-3)
