"""Models without a vision tower: Fuyu reads patches themselves, Chameleon and Emu3 words of a codebook."""

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import Question, View, capture, sites
from hooks.context import render
from hooks.encoding import process, stack
from probe.extraction.plan import choose_sites
from probe.extraction.settings import Settings
from probe.readers.local import LocalReader

PIXELS = picture(1, 40, 56)
OTHER = picture(2, 40, 56)
CODES = ["chameleon", "emu3"]


def inputs_of(model, pixels=PIXELS, text="is there a bus?"):
    return stack(model, [process(model.blueprint, (pixels,), render(model.blueprint, text))])


def entering(model, pixels=PIXELS):
    wanted = sites.parse_all(["language.layers[0]:image"], model.towers)
    states = capture.read(model, [View((pixels,))], wanted, batch_size=1, keep_tokens=True)[0].states
    return states["language.layers-image"].tokens[0], states["language.layers-image"].grid


@pytest.mark.parametrize("case", CODES)
def test_image_states_are_embedded_codes_row_by_row(case):
    model = tiny.load(case)
    inputs = inputs_of(model)
    sizes = (inputs["image_sizes"],) if case == "emu3" else ()
    with torch.inference_mode():
        codes = model.module.model.vqmodel.encode(inputs["pixel_values"], *sizes, return_dict=True).image_tokens
        codes = codes[0] if sizes else codes.view(8, 8)
        words = model.module.model.vocabulary_mapping.img2bpe_mapping_tensor[codes.view(-1)]
        expected = model.module.get_input_embeddings()(words)
    tokens, grid = entering(model)
    assert len(codes.unique()) > 1
    assert grid == (1, *codes.shape)
    np.testing.assert_allclose(tokens, expected, atol=1e-6)
    assert np.abs(tokens - entering(model, OTHER)[0]).max() > 1e-3


def test_the_token_at_the_end_of_a_row_of_emu3_is_no_part_of_its_grid():
    model = tiny.load("emu3")
    inputs = inputs_of(model)
    _, grid = entering(model)
    assert int((inputs["input_ids"] == model.blueprint.image_token).sum()) == grid[1] * (grid[2] + 1)


def test_fuyus_tokens_are_its_projected_patches_row_by_row():
    model = tiny.load("fuyu")
    tokens, grid = entering(model)
    assert grid == (1, 5, 7)
    for row, col in ((0, 0), (2, 5), (4, 6)):
        patch = torch.from_numpy(PIXELS[8 * row : 8 * row + 8, 8 * col : 8 * col + 8]).float() / 127.5 - 1
        with torch.inference_mode():
            projected = model.module.model.vision_embed_tokens(patch.reshape(1, -1))[0]
        np.testing.assert_allclose(tokens[row * grid[2] + col], projected, atol=1e-5)


@pytest.mark.parametrize(("case", "mark"), [("fuyu", "\x04"), ("chameleon", "<reserved08706>")])
def test_an_answer_stands_behind_the_mark_that_the_processor_puts(case, mark):
    model = tiny.load(case)
    ids = inputs_of(model)["input_ids"][0].tolist()
    assert model.processor.tokenizer.decode(ids[-1:]) == mark
    questions = (Question("is there a bus?", ("yes", "no")), Question("why?", ("yes", "no")))
    answers = capture.read(model, [View((PIXELS,), questions)], (), batch_size=1)[0].answers
    for question, answer in zip(questions, answers, strict=True):
        for option, mine in zip(question.options, answer.log_likelihood, strict=True):
            inputs = inputs_of(model, text=question.text)
            space = "" if mark in model.processor.tokenizer.all_special_tokens else " "
            text = f"a{mark}"
            before = model.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
            whole = model.processor.tokenizer(text + space + option, add_special_tokens=False)["input_ids"]
            added = torch.tensor([whole[len(before) :]])
            fed = {**inputs, "input_ids": torch.cat([inputs["input_ids"], added], 1)}
            fed["attention_mask"] = torch.ones_like(fed["input_ids"])
            with torch.inference_mode():
                logits = model.module(**fed).logits[0, -added.shape[1] - 1 : -1].log_softmax(-1)
            exact = float(logits.gather(1, added.T).sum())
            assert abs(mine - exact) <= 1e-4


@pytest.mark.parametrize(("case", "expected"), [
    ("chameleon", ["language.layers[3]:context_last", "language.layers[3]:image"]),
    ("fuyu", ["projector:patches", "language.layers[3]:context_last", "language.layers[3]:image"]),
])  # fmt: skip
def test_a_run_without_named_sites_reads_the_image_in_the_language_model(case, expected):
    chosen = choose_sites(Settings("m", "d"), LocalReader(tiny.load(case).blueprint))
    assert [site.canonical for site in chosen] == expected
