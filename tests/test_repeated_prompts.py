"""A prompt that is shown with other pictures is encoded as the processor would encode it whole."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny
import torch
from transformers.models.clip import CLIPImageProcessor

import hooks
from hooks import capture, encoding, repeated_prompts
from hooks.context import render
from hooks.identity import inputs_of

GENERATIVE = tuple(case for case in tiny.CASES if case not in tiny.CONTRASTIVE)
SIZES = ((84, 112), (60, 50))
TEXTS = ("is there a bus?", "what is it? <s>")

WHOLE = {"fuyu", "idefics2"}
"""Cases whose processors change the pictures' part afterwards, or copy the pictures first."""


def encoded(blueprint: hooks.Blueprint, seed: int, size: tuple[int, int], text: str) -> dict[str, torch.Tensor]:
    shown = encoding.Shown.of(blueprint, (tiny.picture(seed, *size),))
    return encoding.process_shown(blueprint, shown, render(blueprint, text))


@pytest.mark.parametrize("case", GENERATIVE)
def test_other_pictures_of_one_size_are_encoded_as_by_the_whole_processor(case: str) -> None:
    blueprint = hooks.blueprint(str(tiny.checkpoint(case)), tiny.ON_CPU)
    for size in SIZES:
        for seed in (1, 2):
            made = encoded(blueprint, seed, size, TEXTS[0])
            whole = encoding.process(blueprint, (tiny.picture(seed, *size),), render(blueprint, TEXTS[0]))
            assert list(made) == list(whole)
            assert all(torch.equal(made[name], whole[name]) for name in whole)
    assert bool(blueprint.prompts._made) == (case not in WHOLE and hasattr(blueprint.processor, "image_processor"))


def test_only_pictures_are_prepared_where_a_prompt_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    blueprint = hooks.blueprint(str(tiny.checkpoint("llava")), tiny.ON_CPU)
    encoded(blueprint, 1, SIZES[0], TEXTS[0])

    def fails(*_: object) -> None:
        raise AssertionError("the whole processor was called")

    monkeypatch.setattr(encoding, "_in_full", fails)
    encoded(blueprint, 2, SIZES[0], TEXTS[0])
    with pytest.raises(AssertionError):
        encoded(blueprint, 2, SIZES[1], TEXTS[0])
    with pytest.raises(AssertionError):
        encoded(blueprint, 2, SIZES[0], TEXTS[1])


def test_those_that_were_not_asked_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    blueprint = hooks.blueprint(str(tiny.checkpoint("llava")), tiny.ON_CPU)
    encoded(blueprint, 1, SIZES[0], "one")
    (first,) = blueprint.prompts._made.values()
    monkeypatch.setattr(repeated_prompts, "BYTES", 2 * first.bytes)
    for text in ("two", "one", "six"):
        encoded(blueprint, 1, SIZES[0], text)
    kept = [text for (text, _) in blueprint.prompts._made]
    assert kept == [render(blueprint, text) for text in ("one", "six")]


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "idefics2", "clip"])
def test_views_encoded_ahead_in_threads_are_read_as_others(case: str) -> None:
    model = tiny.load(case)
    asked = (hooks.Question("is there a bus?", ("yes", "no")), hooks.Question("a car?", ("yes", "no, none")))
    views = [hooks.View((tiny.picture(seed, *SIZES[seed % 2]),), asked) for seed in range(8)]
    sites = hooks.sites.parse_all(["vision.layers[-1]:patches"], model.towers)
    with ThreadPoolExecutor(4) as pool:
        ahead = [*pool.map(lambda view: capture.encode(model, view), views)]
    for one, other in zip(
        capture.read(model, views, sites, batch_size=3), capture.read(model, ahead, sites, batch_size=3), strict=True
    ):
        for mine, theirs in zip(one.answers, other.answers, strict=True):
            assert np.array_equal(mine.log_likelihood, theirs.log_likelihood)
        slug = sites[0].slug
        assert np.array_equal(one.states[slug].pooled, other.states[slug].pooled)


def test_pictures_are_prepared_on_the_device_only_by_processors_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    options = hooks.LoadOptions(device="cpu", pictures_on_device=True)
    monkeypatch.setattr(CLIPImageProcessor, "backend", "pil")
    with pytest.raises(hooks.ModelError, match="its image processor works on the CPU alone"):
        hooks.blueprint(str(tiny.checkpoint("llava")), options)


@pytest.mark.parametrize("case", ["llava_onevision", "qwen2_vl", "clip", "gemma3", "mllama"])
def test_pictures_on_the_device_are_those_that_the_processor_makes_there(case: str) -> None:
    folder, options = str(tiny.checkpoint(case)), hooks.LoadOptions(device="cpu", pictures_on_device=True)
    plain = hooks.blueprint(folder, tiny.ON_CPU)
    there = hooks.blueprint(folder, options)
    assert inputs_of(there)["image_processor"]["device"] == "cpu"
    assert "device" not in inputs_of(plain)["image_processor"]
    pixels = tiny.picture(1, *SIZES[0])
    if plain.kind == "contrastive":
        made, expected = (encoding.process_image(each, pixels) for each in (there, plain))
    else:
        made, expected = (encoding.process(each, (pixels,), render(each, TEXTS[0])) for each in (there, plain))
    assert all(torch.equal(made[name], expected[name]) for name in expected)
