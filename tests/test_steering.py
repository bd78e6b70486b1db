"""Vectors added to states: against plain torch hooks, and what must hold at both ends."""

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_hooks import logits_with
from tiny import picture

from analyses import steering as measures
from hooks import forwards, steering

QUESTION, OPTIONS = "is there a bus?", ("yes", "no", "two of them")
FAMILIES = ("llava", "qwen2_vl", "gemma3", "mllama")

every = pytest.mark.parametrize("case", FAMILIES)


def forward(model, seed):
    return forwards.forward(model, forwards.encode(model, [picture(seed, 84, 112)], QUESTION))


def tokens(model):
    return forwards.first_tokens(model, QUESTION, OPTIONS, pictures=1)


def of_options(model, view):
    return view.logits[list(tokens(model))].numpy()


def steered(model, view, additions, group, batch_size=64):
    places = forwards.places(model, view)[group]
    return steering.steered(model, view, additions, tokens(model), places=places, batch_size=batch_size)


def vectors(model, layers):
    """A vector for each layer, large enough to change what the head says."""
    random = np.random.default_rng(1)
    return [(layer, random.standard_normal(model.towers["language"].features)) for layer in layers]


def by_torch_hooks(model, view, layer, vector, places):
    """The logits of the last token, by the model's own forward under a plain hook at one block."""

    def added(state):
        state[0, places] += torch.tensor(vector, dtype=state.dtype)

    return logits_with(model, [view.inputs], layer, added)


@every
def test_a_script_with_plain_hooks_agrees_at_every_layer_and_group(case):
    model = tiny.load(case)
    view = forward(model, 0)
    additions = vectors(model, forwards.layers(model))
    for group, places in forwards.places(model, view).items():
        found = steered(model, view, additions, group)
        for made, (layer, vector) in list(zip(found, additions, strict=True))[:: 1 if group == "last" else 2]:
            plain = by_torch_hooks(model, view, layer, vector, places)[list(tokens(model))]
            np.testing.assert_allclose(made, plain, atol=1e-4)
            if group == "last":
                assert abs(made - of_options(model, view)).max() > 1e-3, "it is felt"


@every
def test_nothing_added_changes_nothing_whoever_shares_the_batch(case):
    model = tiny.load(case)
    view = forward(model, 0)
    others = vectors(model, forwards.layers(model))
    nothing = [(layer, 0 * vector) for layer, vector in others]
    for group in ("question", "last"):
        found = steered(model, view, [*nothing, *others], group)
        np.testing.assert_allclose(
            found[: len(nothing)], np.tile(of_options(model, view), (len(nothing), 1)), atol=1e-5
        )
        np.testing.assert_allclose(steered(model, view, [*nothing, *others], group, batch_size=3), found, atol=1e-5)


@every
def test_the_whole_way_at_the_last_layer_is_the_other_picture(case):
    model = tiny.load(case)
    base, source = forward(model, 0), forward(model, 1)
    layer = forwards.layers(model)[-1]
    ends = [steering.means(view, forwards.places(model, view)["last"], [layer])[0] for view in (base, source)]
    (found,) = steered(model, base, [(layer, ends[1] - ends[0])], "last")
    np.testing.assert_allclose(found, of_options(model, source), atol=1e-4)


def test_a_direction_of_another_length_is_refused():
    model = tiny.load("llava")
    with pytest.raises(ValueError, match="Give one each"):
        steered(model, forward(model, 0), [(1, np.ones(3))], "last")


def test_a_direction_is_the_mean_over_the_other_folds():
    difference = np.array([[1.0, 0.0], [3.0, 4.0], [8.0, np.nan], [2.0, 6.0]])
    found = measures.directions(difference, [0, 0, 1, 2])
    # fold 0: (8 + 2) / 2 and 6; fold 1: (1 + 3 + 2) / 3 and (0 + 4 + 6) / 3; fold 2: (1 + 3 + 8) / 3 and (0 + 4) / 2
    np.testing.assert_allclose(found, [[5, 6], [2, 10 / 3], [4, 2]])
    assert np.isnan(measures.directions([[1.0]], [0])).all(), "no other image"
    with pytest.raises(ValueError, match="one fold for each pair"):
        measures.directions(difference, [0, 1])


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-9, 9)), min_size=2, max_size=9), st.floats(-9, 9))
def test_no_image_steers_itself(pairs, other):
    folds, values = [fold for fold, _ in pairs], np.array([[value] for _, value in pairs])
    changed = np.where(np.array(folds)[:, None] == folds[0], other, values)
    before, after = (measures.directions(each, folds)[folds[0]] for each in (values, changed))
    np.testing.assert_array_equal(before, after)


def test_mended_are_flips_alone_and_broken_are_kept_answers_alone():
    clean, before = np.array([0, 0, 1, 1, -1]), np.array([1, 0, 1, 2, 0])
    choice = np.array([[0, 2], [0, 1], [0, 1], [2, -1], [0, 0]])
    nan = np.nan
    np.testing.assert_array_equal(
        measures.mended(choice, before, clean), [[1, 0], [nan, nan], [nan, nan], [0, nan], [nan, nan]]
    )
    np.testing.assert_array_equal(
        measures.broken(choice, before, clean), [[nan, nan], [0, 1], [1, 0], [nan, nan], [nan, nan]]
    )
