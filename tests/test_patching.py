"""States of one forward in another: against whole runs, plain torch hooks, and what must hold at both ends."""

from functools import cache

import numpy as np
import pytest
import tiny
import torch
from plain_hooks import logits_with
from tiny import picture

from hooks import endings, forwards, patching

QUESTION, OPTIONS = "is there a bus?", ("yes", "no", "two of them")
FAMILIES = ("llava", "qwen2_vl", "gemma3", "mllama")
"""Two with causal attention throughout, one whose image tokens see each other, one that attends to pictures apart."""

PAIRS = 5
"""Pairs of pictures of each family: 20 in all."""

every = pytest.mark.parametrize("case", FAMILIES)


@cache
def forward(case, seed):
    """A forward of the question about a picture."""
    model = tiny.load(case)
    return forwards.forward(model, forwards.encode(model, [picture(seed, 84, 112)], QUESTION))


def runs(case, *seeds):
    return [forward(case, seed) for seed in seeds]


@cache
def both(case):
    """Two pictures and the one patched into the other, every cell in one batch."""
    base, source = runs(case, 0, 1)
    return base, source, patched(tiny.load(case), base, source)


def tokens(model):
    return forwards.first_tokens(model, QUESTION, OPTIONS, pictures=1)


def patched(model, base, source, **settings):
    groups = forwards.places(model, base)
    return patching.patched(
        model,
        base,
        source,
        tokens(model),
        **{"groups": groups, "layers": forwards.layers(model), "batch_size": 64, **settings},
    )


def of_options(model, forward):
    return forward.logits[list(tokens(model))].numpy()


def by_torch_hooks(model, base, source, layer, places):
    """The logits of the last token, by the model's own forward of both prompts under a plain hook at one block."""

    def patched(state):
        state[0, places] = state[1, places]

    return logits_with(model, [base.inputs, source.inputs], layer, patched)


@every
def test_a_script_with_plain_hooks_agrees_on_every_group_each_pair_at_another_layer(case):
    model = tiny.load(case)
    for seed in range(PAIRS):
        base, source = runs(case, seed, seed + 1)
        groups = forwards.places(model, base)
        found = patched(model, base, source)
        layer = seed % len(base.states)
        for place, positions in enumerate(groups.values()):
            plain = by_torch_hooks(model, base, source, layer, positions)[list(tokens(model))]
            np.testing.assert_allclose(found[layer, place], plain, atol=1e-4)


@every
def test_the_last_token_of_the_last_layer_carries_the_whole_answer_and_no_other_token_anything(case):
    model = tiny.load(case)
    base, source, found = both(case)
    *others, last = found[-1]
    np.testing.assert_allclose(last, of_options(model, source), atol=1e-4)
    for other in others:
        np.testing.assert_allclose(other, of_options(model, base), atol=1e-4)
    assert abs(of_options(model, source) - of_options(model, base)).max() > 0.01, "the pictures differ"


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "pixtral", "paligemma"])
def test_image_tokens_at_layer_0_give_what_the_other_picture_gives(case):
    model = tiny.load(case)
    base, source, found = both(case)
    assert list(forwards.places(model, base)) == ["image", "question", "last"]
    np.testing.assert_allclose(found[0, 0], of_options(model, source), atol=1e-4)
    for group in (1, 2):  # the text is the same in both
        np.testing.assert_allclose(found[0, group], of_options(model, base), atol=1e-4)


@every
def test_a_state_patched_into_itself_changes_nothing(case):
    model = tiny.load(case)
    (base,) = runs(case, 0)
    found = patched(model, base, base)
    np.testing.assert_allclose(found, np.broadcast_to(of_options(model, base), found.shape), atol=1e-4)


@every
def test_how_many_cells_share_a_batch_changes_nothing(case):
    model = tiny.load(case)
    base, source, together = both(case)
    for size in (1, 4):
        np.testing.assert_allclose(patched(model, base, source, batch_size=size), together, atol=1e-4)


@every
def test_groups_share_no_token_and_end_with_the_prompt(case):
    model = tiny.load(case)
    (base,) = runs(case, 0)
    groups = forwards.places(model, base)
    positions = torch.cat(list(groups.values())).tolist()
    assert positions == sorted(set(positions))
    assert groups["last"].tolist() == [base.states[0].shape[0] - 1]
    ids = base.inputs["input_ids"][0]
    pictured = (ids == model.blueprint.image_token).nonzero()[:, 0].tolist()
    if case == "mllama":
        assert "image" not in groups, "its language layers attend to the picture"
    else:
        assert set(pictured) <= set(groups["image"].tolist())


def test_pictures_of_other_grids_cannot_be_patched_into_each_other():
    model = tiny.load("qwen2_vl")
    small, large = (forwards.encode(model, [picture(0, *size)], QUESTION) for size in ((84, 112), (160, 112)))
    assert "is (" in patching.mismatch(small, large)
    turned = forwards.encode(model, [picture(0, 112, 84)], QUESTION)
    assert patching.mismatch(small, turned), "as many tokens in another grid"
    with pytest.raises(ValueError, match="cannot be patched into each other"):
        patched(model, *(forwards.forward(model, inputs) for inputs in (small, turned)))


def test_models_without_an_answer_after_the_prompt_say_why_nothing_can_be_patched():
    assert "write no answer" in forwards.unavailable(tiny.load("clip"))
    assert "another part" in forwards.unavailable(tiny.load("florence2"))
    assert forwards.unavailable(tiny.load("llava")) == ""


@pytest.mark.parametrize("case", ["llava", "qwen2_vl", "gemma3", "qwen3_vl", "mllama"])
def test_pictures_are_encoded_again_only_where_later_layers_read_them(case, monkeypatch):
    model = tiny.load(case)
    base, source, found = both(case)
    lean = endings.without_pictures(model, base)
    assert ("pixel_values" in lean) == (case in ("qwen3_vl", "mllama"))
    monkeypatch.setattr(endings, "without_pictures", lambda model, base: base.inputs)
    np.testing.assert_allclose(patched(model, base, source), found, atol=1e-5)


@every
def test_from_a_cached_beginning_patches_give_what_they_give_in_whole_prompts(case, monkeypatch):
    model = tiny.load(case)
    base, source, found = both(case)
    later = endings.after_pictures(model, base)
    assert later.first > 0
    assert later.first == int(forwards.places(model, base)["last"]) + 1 - len(
        base.inputs["input_ids"][0, later.first :]
    )
    monkeypatch.setattr(patching, "after_pictures", lambda model, base: None)
    np.testing.assert_allclose(patched(model, base, source), found, atol=1e-5)


def test_as_many_copies_of_a_beginning_go_together_as_fit(monkeypatch):
    model = tiny.load("llava")
    base, source, found = both("llava")
    held = endings.CACHE_BYTES / endings.after_pictures(model, base).most
    monkeypatch.setattr(endings, "CACHE_BYTES", int(2.5 * held) + 3)
    assert endings.after_pictures(model, base).most == 2
    np.testing.assert_allclose(patched(model, base, source), found, atol=1e-5)


def test_where_every_token_sees_every_other_whole_prompts_are_run():
    model = tiny.load("paligemma")
    assert endings.after_pictures(model, forward("paligemma", 0)) is None
