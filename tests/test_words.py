"""The words at the places of a picture, against plain transformers."""

from operator import attrgetter

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

import hooks
from hooks import lens, sites, words
from hooks.context import render
from hooks.encoding import process, stack

PICTURE = picture(3, 84, 112)
MOST = 7


def read(model, *pictures, layers="*", count=MOST):
    shown = pictures or (PICTURE,)
    site = sites.parse(f"language.layers[{layers}]:image", model.towers)
    return words.read(model, words.head(model, shown), shown, site, count=count)


def plain(model, question="is there a bus?"):
    """Logits (layer, place, word) of the plain model's own states at the places of the picture, norm and head applied.

    The last hidden state of transformers is behind the norm already. Newlines and thumbnails are no places.
    """
    inputs = stack(model, [process(model.blueprint, (PICTURE,), render(model.blueprint, question))])
    with torch.inference_mode():
        output = model.module(**inputs, output_hidden_states=True)
        states = getattr(output, "language_model_outputs", output).hidden_states
        norm, head = attrgetter(model.family.modules.final_norm)(model.module), model.module.get_output_embeddings()
        at = inputs["input_ids"][0] == model.blueprint.image_token
        kept = [model.family.tokens.language_rows(model.config, state[0, at], inputs) for state in states]
        normed = [*map(norm, kept[:-1]), kept[-1]]
        return torch.stack([head(state) for state in normed]).float(), output.logits[0, at].float()


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "llava_onevision"])
def test_words_are_those_of_plain_states_through_norm_and_head(case):
    model = tiny.load(case)
    found, grids = read(model)
    logits, _ = plain(model)
    best = logits.topk(MOST, dim=-1)
    np.testing.assert_allclose(found.logits, best.values, atol=1e-4)
    chosen = logits.log_softmax(-1).gather(-1, torch.from_numpy(found.ids))
    np.testing.assert_allclose(np.log(found.probabilities), chosen, atol=1e-4)
    np.testing.assert_allclose(logits.gather(-1, torch.from_numpy(found.ids)), best.values, atol=1e-4)
    assert sum(np.prod(grid) for grid in grids) == found.ids.shape[1]


@pytest.mark.parametrize(("case", "capped"), [("paligemma", True), ("gemma3", False)])
def test_a_soft_cap_is_applied_where_the_model_itself_applies_it(case, capped):
    """Both configs can name one; Gemma 3 with pictures does not heed it."""
    model = hooks.load(str(tiny.checkpoint(case)), tiny.ON_CPU)
    for config in (model.config, model.module.config):
        config.get_text_config().final_logit_softcapping = 3.0
    assert words.head(model, (PICTURE,)).cap == (3.0 if capped else None)
    found, _ = read(model, layers="-1")
    uncapped, own = plain(model, question="")  # PaliGemma's states depend on it
    expected = 3 * torch.tanh(uncapped[-1] / 3) if capped else uncapped[-1]
    np.testing.assert_allclose(found.logits[0], expected.topk(MOST, dim=-1).values, atol=1e-4)
    assert (own.abs().max() <= 3) == capped


def test_a_model_whose_blocks_end_in_norms_is_read_without_another():
    """GIT, whose picture stands before the text."""
    model = tiny.load("git")
    found, grids = read(model)
    inputs = stack(model, [process(model.blueprint, (PICTURE,), render(model.blueprint, ""))])
    with torch.inference_mode():
        states = model.module(**inputs, output_hidden_states=True).hidden_states
        places = found.ids.shape[1]
        logits = torch.stack([model.module.output(state[0, 1 : 1 + places]) for state in states])  # behind CLS
    np.testing.assert_allclose(found.logits, logits.topk(MOST, dim=-1).values, atol=1e-4)
    assert np.prod(grids[0]) == places


def test_scaled_heads_give_the_models_own_logits():
    model = tiny.load("muse_glimmer")
    head = words.head(model, (PICTURE,))
    assert head.scale != 1
    assert head.cap


def test_a_head_that_does_more_than_is_known_is_refused(monkeypatch):
    monkeypatch.setattr(lens, "scale", lambda model: 1.5)
    with pytest.raises(ValueError, match=r"its norm and its rows give"):
        words.head(tiny.load("llava"), (PICTURE,))


def test_the_vocabulary_in_parts_gives_the_same_words(monkeypatch):
    model = tiny.load("llava")
    whole, _ = read(model)
    monkeypatch.setattr(words, "AT_ONCE", 50)  # three words of all places at a time
    parts, _ = read(model)
    np.testing.assert_array_equal(parts.ids, whole.ids)
    np.testing.assert_allclose(parts.logits, whole.logits, atol=1e-5)
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, rtol=1e-5)


def test_more_words_than_there_are_are_all_words():
    model = tiny.load("llava")
    found, _ = read(model, layers="-1", count=10_000)
    np.testing.assert_allclose(found.probabilities.sum(-1), 1, rtol=1e-5)
    assert sorted(found.ids[0, 0]) == list(range(len(lens.rows_of(model)[0])))


def test_several_pictures_lie_one_after_the_other():
    model = tiny.load("qwen2_vl")
    two, grids = read(model, PICTURE, picture(5, 56, 56), layers="0")
    one, _ = read(model, PICTURE, layers="0")
    assert len(grids) == 2
    np.testing.assert_array_equal(two.ids[:, : one.ids.shape[1]], one.ids)


@pytest.mark.parametrize(
    ("case", "reason"), [("mllama", "no part of the text"), ("florence2", "another part"), ("clip", "compare captions")]
)
def test_models_whose_pictures_have_no_places_in_the_text_are_refused_before_their_weights(case, reason):
    assert reason in words.unavailable(tiny.load(case).blueprint)
    with pytest.raises(ValueError, match=reason):
        words.head(tiny.load(case), (PICTURE,))


def test_words_are_written_with_the_space_that_they_begin_with():
    model = tiny.load("llava")
    tokenizer = model.processor.tokenizer
    (spaced,), (bare,) = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (" yes", "?"))
    assert (words.text(model, spaced), words.text(model, bare)) == (" yes", "?")
    assert words.text(model, len(tokenizer) + 3) == f"#{len(tokenizer) + 3}"
    byte = next(word for word in range(len(tokenizer)) if "\ufffd" in tokenizer.decode([word]))
    assert words.text(model, byte) == tokenizer.convert_ids_to_tokens(byte)
