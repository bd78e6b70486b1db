"""Attention that is cut: against plain torch hooks with masks made by hand, and what must hold at both ends."""

from functools import cache
from operator import attrgetter

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

from hooks import attention, endings, forwards, knockout
from hooks.encoding import stack
from hooks.knockout import Cut

QUESTION, OPTIONS = "is there a bus?", ("yes", "no", "two of them")
FAMILIES = ("llava", "qwen2_vl", "gemma3", "paligemma")
"""Two with causal attention, one whose image tokens see each other, one whose whole prompt does."""

every = pytest.mark.parametrize("case", FAMILIES)


@cache
def forward(case, seed):
    model = tiny.load(case)
    return forwards.forward(model, forwards.encode(model, [picture(seed, 84, 112)], QUESTION))


def tokens(model):
    return forwards.first_tokens(model, QUESTION, OPTIONS, pictures=1)


def of_options(model, view):
    return view.logits[list(tokens(model))].numpy()


def cut(model, view, cuts, batch_size=64):
    return knockout.cut(model, view, cuts, tokens(model), batch_size=batch_size)


def windows(model, view):
    """Cuts of pictures from the text: every single layer, two at a time, all, and of the last token alone."""
    groups = forwards.places(model, view)
    text, count = torch.cat([groups["question"], groups["last"]]), forwards.layers(model)[-1]
    image = groups["image"]
    chosen = [(layer,) for layer in range(1, count + 1)] + [(1, 2), tuple(range(1, count + 1))]
    return [*(Cut(layers, text, image) for layers in chosen), Cut((1, count), groups["last"], image)]


def by_torch_hooks(model, view, made):
    """The logits of the last token, by the model's own forward under plain hooks that hand masks to self_attn."""
    blocks = attrgetter(model.family.modules.language)(model.module)
    length = view.states[0].shape[0]
    causal = torch.full((length, length), -torch.inf).triu(1)[None, None]

    def masked(module, args, kwargs):
        given = kwargs.get("attention_mask")
        if given is None:
            given = causal
        elif given.dtype == torch.bool:
            given = torch.zeros(given.shape).masked_fill(~given, -torch.inf)
        given = given.clone()
        for query in made.queries.tolist():
            for key in made.keys.tolist():
                if query != key:
                    given[0, 0, query, key] = -1e30
        return args, {**kwargs, "attention_mask": given}

    hooks = [blocks[layer - 1].self_attn.register_forward_pre_hook(masked, with_kwargs=True) for layer in made.layers]
    try:
        with torch.inference_mode():
            return model.module(**stack(model, [view.inputs])).logits[0, -1].float()
    finally:
        for hook in hooks:
            hook.remove()


@every
def test_a_script_with_masks_of_its_own_agrees_on_every_window(case):
    model = tiny.load(case)
    for seed in (0, 1):
        view = forward(case, seed)
        cuts = windows(model, view)
        found = cut(model, view, cuts)
        for own, made in zip(found, cuts, strict=True):
            np.testing.assert_allclose(own, by_torch_hooks(model, view, made)[list(tokens(model))], atol=1e-4)
        assert abs(found - of_options(model, view)).max() > 1e-3, "a cut is felt"


@pytest.mark.parametrize("case", [*FAMILIES, "git", "kosmos-2", "qwen3_vl", "gemma4", "internvl3"])
def test_text_that_never_attends_to_the_picture_says_the_same_of_every_picture(case):
    model = tiny.load(case)
    one, other = (cut(model, forward(case, seed), windows(model, forward(case, seed))[-2:-1]) for seed in (0, 1))
    np.testing.assert_allclose(one, other, atol=1e-4)
    assert abs(of_options(model, forward(case, 0)) - of_options(model, forward(case, 1))).max() > 1e-3


@every
def test_no_layer_no_query_and_no_key_are_no_cut_whoever_shares_the_batch(case):
    model = tiny.load(case)
    view = forward(case, 0)
    whole = windows(model, view)[-2]
    nothing = torch.empty(0, dtype=torch.long)
    cuts = [Cut((), whole.queries, whole.keys), Cut(whole.layers, whole.queries, nothing), whole]
    found = cut(model, view, cuts)
    for own in found[:2]:
        np.testing.assert_allclose(own, of_options(model, view), atol=1e-5)
    np.testing.assert_allclose(cut(model, view, cuts, batch_size=1), found, atol=1e-5)


@every
def test_from_a_cached_beginning_cuts_give_what_they_give_in_whole_prompts(case, monkeypatch):
    model = tiny.load(case)
    view = forward(case, 0)
    found = cut(model, view, windows(model, view))
    assert (endings.after_pictures(model, view) is None) == (case == "paligemma")
    monkeypatch.setattr(knockout, "after_pictures", lambda model, base: None)
    np.testing.assert_allclose(cut(model, view, windows(model, view)), found, atol=1e-5)


def test_no_token_loses_itself():
    model = tiny.load("llava")
    view = forward("llava", 0)
    last = forwards.places(model, view)["last"]
    everything = Cut((1,), last, torch.arange(int(last) + 1))
    found = cut(model, view, [everything])[0]
    assert np.isfinite(found).all()
    plain = by_torch_hooks(model, view, everything)[list(tokens(model))]
    np.testing.assert_allclose(found, plain, atol=1e-4)


@pytest.mark.parametrize("case", ["llava", "gemma3"])
def test_another_attention_kernel_cuts_alike(case):
    model = tiny.load(case)
    view = forward(case, 0)
    found = cut(model, view, windows(model, view))
    with attention.other_kernel(model):
        np.testing.assert_allclose(cut(model, view, windows(model, view)), found, atol=1e-4)


def test_models_that_cannot_be_cut_say_why():
    assert "cross-attention" in knockout.unavailable(tiny.load("mllama"))
    assert "without attention" in knockout.unavailable(tiny.load("lfm2_vl"))
    assert all(knockout.unavailable(tiny.load(case)) == "" for case in FAMILIES)
    mllama = tiny.load("mllama")
    view = forward("mllama", 0)
    with pytest.raises(ValueError, match="no attention can be cut"):
        cut(mllama, view, [])
