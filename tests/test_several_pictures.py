"""Views of two and three pictures: read, scored and answered as one plain forward with all of them is."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from tiny import picture

from hooks import Question, View, capture, options, sites
from hooks.check import structure
from hooks.check.finding import found
from hooks.context import placeholder, render
from hooks.encoding import process, stack, view_grids
from hooks.reading import stacked
from probe import listing

SEVERAL = (
    "qwen2_vl",
    "qwen2_5_vl",
    "qwen3_vl",
    "qwen3_vl_moe",
    "internvl3",
    "idefics3",
    "smolvlm2",
    "llava_onevision",
    "gemma3",
    "gemma4",
    "glm4v",
    "exaone4_5",
    "paddleocr_vl",
    "qianfan_ocr",
    "kimi_k25",
    "qwen3_omni_moe_thinker",
    "qwen3_5",
)
FOUND = {
    "cohere_compass",
    "cosmos3_edge",
    "cosmos3_omni",
    "dots3_note",
    "ernie4_5_vl_moe",
    "glmga",
    "hyperclovax_vision_v2",
    "lfm3_vl",
    "minimax_m3_vl",
    "qwen2_5_omni_thinker",
}
SAME_FAMILY = {
    "gemma4_unified",
    "qwen2_vl_base",
    "qwen3_5_moe",
    "internvl2_5",
    "gemma3_base",
    "glm4v_moe",
    "glm46v",
    "glm_ocr",
    *FOUND,
}
ONE = tuple(case for case in tiny.CASES if case not in {*SEVERAL, *SAME_FAMILY})
LIKE, UNLIKE, THREE = ((84, 112), (84, 112)), ((160, 84), (40, 40)), ((112, 84), (84, 160), (40, 40))
SIZES = (LIKE[:1], LIKE, UNLIKE, THREE)
QUESTIONS = (
    Question("is there a bus?", ("yes", "no"), generate=True),
    Question("and what else is there, please?", ("a car", "nothing at all", "a bus")),
)
NEW_TOKENS = 6
VISION = ("vision.layers[0,-1]:patches", "projector:patches")
WANTED = (*VISION, "language.layers[*]:image", "language.layers[*]:context_last")
SLUGS = {"vision": "vision.layers-patches", "projector": "projector-patches", "language": "language.layers-image"}
several = pytest.mark.parametrize("case", SEVERAL)


def view(sizes, seed=0):
    return View(tuple(picture(seed + k, *size) for k, size in enumerate(sizes)), QUESTIONS)


VIEWS = [view(sizes, 5 * seed) for seed, sizes in enumerate(SIZES)]


def read(case, views, texts, batch_size):
    model = tiny.load(case)
    wanted = sites.parse_all(texts, model.towers)
    limits = {"batch_size": batch_size, "max_new_tokens": NEW_TOKENS}
    return capture.read(model, views, wanted, keep_tokens=True, padding_side="left", **limits)


@lru_cache(maxsize=len(SEVERAL))
def readings(case):
    """Views of one, two and three pictures, read in one batch."""
    return read(case, VIEWS, WANTED, len(VIEWS))


def prompted(model, shown, text):
    """What a plain forward of the model takes: all pictures with one prompt, by its own processor."""
    prompt = render(model.blueprint, text, pictures=len(shown.pictures))
    return stack(model, [process(model.blueprint, shown.pictures, prompt)])


@several
def test_scores_and_greedy_answers_are_those_of_whole_forwards_with_all_pictures(case):
    model = tiny.load(case)
    for shown, reading in zip(VIEWS, readings(case), strict=True):
        for mine, exact in zip(reading.answers, options.score_reference(model, shown), strict=True):
            np.testing.assert_allclose(mine.log_likelihood, exact.log_likelihood, atol=1e-4)
            np.testing.assert_allclose(mine.end_of_turn, exact.end_of_turn, atol=1e-4)
        inputs = prompted(model, shown, QUESTIONS[0].text)
        with torch.inference_mode():
            ids = model.module.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=NEW_TOKENS)[0].tolist()
        new = [token for token in ids[inputs["input_ids"].shape[1] :] if token not in model.stop_ids]
        assert reading.answers[0].text == model.processor.tokenizer.decode(new, skip_special_tokens=True).strip()


@several
def test_states_at_image_positions_and_before_the_answer_are_output_hidden_states(case):
    model = tiny.load(case)
    for shown, reading in zip(VIEWS, readings(case), strict=True):
        inputs = prompted(model, shown, QUESTIONS[0].text)
        with torch.inference_mode():
            hidden = model.module(**inputs, output_hidden_states=True).hidden_states
        at_image = inputs["input_ids"][0] == model.blueprint.image_token
        image, last = reading.states["language.layers-image"], reading.states["language.layers-context_last"].pooled[0]
        on_grid = places_on_a_grid(case, image.grids)
        for layer, theirs in enumerate(hidden[:-1]):  # the last has the final norm applied
            np.testing.assert_allclose(image.tokens[layer], theirs[0, at_image][on_grid], atol=1e-4, rtol=1e-4)
            np.testing.assert_allclose(last[layer], theirs[0, -1], atol=1e-4, rtol=1e-4)


def places_on_a_grid(case, grids):
    """Which image positions lie on a grid: of each picture a thumbnail and newlines do not."""
    on_grid = []
    for tiles, rows, cols in grids:
        whole, thumbnail = [True] * (tiles * rows * cols), [False] * (rows * cols)
        if case == "llava_onevision":  # one picture is cut, and a newline ends each row; of several each has but one
            on_grid += [*whole, False] if len(grids) > 1 else [False] * 16 + ([True] * cols + [False]) * rows
        elif case in ("internvl3", "qianfan_ocr", "idefics3", "smolvlm2") and tiles > 1:
            on_grid += whole + thumbnail
        else:
            on_grid += whole
    return torch.tensor(on_grid)


@pytest.mark.parametrize("case", [case for case in SEVERAL if case != "llava_onevision"])  # cuts pictures only alone
def test_vision_states_of_a_picture_are_those_that_it_has_alone(case):
    single = [View((pixels,)) for shown in VIEWS for pixels in shown.pictures]
    alone = iter(read(case, single, VISION, 4))
    for shown, reading in zip(VIEWS, readings(case), strict=True):
        each = [next(alone).states for _ in shown.pictures]
        for slug in ("vision.layers-patches", "projector-patches"):
            states = reading.states[slug]
            assert states.grids == tuple(grid for one in each for grid in one[slug].grids)
            tokens = np.concatenate([one[slug].tokens for one in each], axis=1)
            np.testing.assert_allclose(states.tokens, tokens, atol=1e-4, rtol=1e-4)
            np.testing.assert_allclose(states.pooled, tokens.mean(1), atol=1e-4, rtol=1e-4)


def test_llava_onevision_sees_each_of_several_pictures_whole_in_a_square():
    model = tiny.load("llava_onevision")
    shown, reading = VIEWS[-1], readings("llava_onevision")[-1]
    states = reading.states["vision.layers-patches"]
    assert states.grids == reading.states["language.layers-image"].grids == ((1, 4, 4),) * 3
    assert states.grid == (3, 4, 4)
    inputs = model.processor.image_processor([[Image.fromarray(each) for each in shown.pictures]], return_tensors="pt")
    assert inputs["pixel_values"].shape[:2] == (3, 1), "no tiles"
    with torch.inference_mode():
        tower = model.module.model.vision_tower
        theirs = tower(inputs["pixel_values"][:, 0], output_hidden_states=True).hidden_states
    for mine, hidden in zip(states.tokens, (theirs[0], theirs[-1]), strict=True):
        np.testing.assert_allclose(mine, hidden.flatten(0, 1), atol=1e-4, rtol=1e-4)


@several
def test_changing_one_picture_moves_its_own_tokens_alone_up_to_the_language_model(case):
    pictures = [picture(k, *size) for k, size in enumerate(THREE)]
    changed = [[255 - each if k == which else each for k, each in enumerate(pictures)] for which in range(3)]
    texts = (*VISION, "language.layers[0]:image")
    before, *after = read(case, [View(tuple(each)) for each in (pictures, *changed)], texts, 4)
    for slug, states in before.states.items():
        ends = np.cumsum([np.prod(grid) for grid in states.grids])[:-1]
        for which, reading in enumerate(after):
            moved = np.abs(states.tokens - reading.states[slug].tokens).max((0, 2))
            parts = np.split(moved > 1e-4, ends)
            assert [bool(part.any()) for part in parts] == [k == which for k in range(3)]


@several
def test_a_batch_of_views_with_one_two_and_three_pictures_is_each_of_them_alone(case):
    for together, alone in zip(readings(case), read(case, VIEWS, WANTED, 1), strict=True):
        assert [answer.text for answer in together.answers] == [answer.text for answer in alone.answers]
        for mine, other in zip(together.answers, alone.answers, strict=True):
            np.testing.assert_allclose(mine.log_likelihood, other.log_likelihood, atol=1e-4)
        for slug, states in together.states.items():
            assert states.grids == alone.states[slug].grids
            np.testing.assert_allclose(states.pooled, alone.states[slug].pooled, atol=1e-4, rtol=1e-4)
            if states.tokens is not None:
                np.testing.assert_allclose(states.tokens, alone.states[slug].tokens, atol=1e-4, rtol=1e-4)


@several
def test_grids_are_known_from_sizes_and_there_are_as_many_tokens(case):
    for sizes, reading in zip(SIZES, readings(case), strict=True):
        for tower, grids in view_grids(tiny.load(case).blueprint, sizes).items():
            states = reading.states[SLUGS[tower]]
            assert states.grids == grids
            assert states.tokens.shape[1] == states.n_tokens == sum(int(np.prod(grid)) for grid in grids)


def test_grids_are_stacked_where_rows_and_columns_are_equal():
    model = tiny.load("qwen2_vl")
    wanted = sites.parse_all(["language.layers[0]:image"], model.towers)
    given = {}

    def reduce(indices, site, tokens, grids):
        given.update(dict.fromkeys(indices, (tuple(tokens.shape[1:]), grids)))
        return {"sum": tokens.sum(dim=(1, 2, 3))}

    views = [view(LIKE), view(UNLIKE), view(LIKE[:1])]
    made = capture.read(model, views, wanted, batch_size=3, reduce=reduce, max_new_tokens=1)
    states = [reading.states["language.layers-image"] for reading in made]
    assert [each.grids for each in states] == [((1, 3, 4), (1, 3, 4)), ((1, 6, 3), (1, 2, 2)), ((1, 3, 4),)]
    assert [each.grid for each in states] == [(2, 3, 4), None, (1, 3, 4)]
    assert [each.n_tokens for each in states] == [24, 22, 12]
    assert given == {k: ((1, each.n_tokens, 64), each.grids) for k, each in enumerate(states)}
    assert [list(each.reduced) for each in states] == [["sum"]] * 3


def test_tiles_of_each_picture_lie_one_behind_the_other():
    assert stacked([(6, 2, 2), (2, 2, 2), (1, 2, 2)]) == (9, 2, 2)
    assert stacked([(1, 4, 6), (1, 6, 4)]) is None
    assert stacked([]) is None


def test_the_class_token_of_several_pictures_is_the_mean_of_theirs():
    shown = VIEWS[-1]
    single = [View((pixels,)) for pixels in shown.pictures]
    made = read("internvl3", [shown, *single], ["vision.layers[*]:cls"], 4)
    together, *alone = (reading.states["vision.layers-cls"].pooled for reading in made)
    np.testing.assert_allclose(together, np.mean(alone, axis=0), atol=1e-5)


@several
def test_the_prompt_shows_the_pictures_in_order_before_the_question(case):
    blueprint = tiny.load(case).blueprint
    prompt, mark = render(blueprint, "a bus?", pictures=2), placeholder(blueprint)
    assert prompt.count(mark) == 2
    assert prompt.rindex(mark) < prompt.index("a bus?")
    first, second = VIEWS[2].pictures
    shown, swapped = (process(blueprint, pair, prompt) for pair in ((first, second), (second, first)))
    assert not torch.equal(shown["pixel_values"], swapped["pixel_values"])


@pytest.mark.parametrize("case", ONE)
def test_other_families_refuse_several_pictures_by_name(case):
    model = tiny.load(case)
    name = model.family.name
    with pytest.raises(ValueError, match=rf"family '{name}' takes one picture a view, not 2\. Give one.*qwen2_vl"):
        capture.read(model, VIEWS[1:2], (), batch_size=1)
    with pytest.raises(ValueError, match=f"family '{name}' takes one picture"):
        view_grids(model.blueprint, LIKE)


def backwards(split):
    return lambda config, view: split(config, view)[::-1]


@pytest.mark.parametrize("case", ["qwen2_vl", "internvl3", "idefics3"])
def test_pictures_that_an_entry_takes_for_one_another_are_found(case):
    model = tiny.load(case)
    tokens = replace(model.family.tokens, split_pictures=backwards(model.family.tokens.split_pictures))
    wrong = replace(model, blueprint=replace(model.blueprint, family=replace(model.family, tokens=tokens)))
    findings = [found("", check, wrong) for check in (structure.token_counts, structure.kept_apart)]
    assert not all(finding.ok for finding in findings)


def test_the_listing_says_which_families_take_several():
    rows = {row["family"]: row["several pictures"] for row in listing.model_rows()}
    of_table = [family for case in SEVERAL if not (family := tiny.load(case).family).by_structure]
    assert {rows[family.name] for family in of_table} == {"yes"}
    assert (rows["llava"], rows["llava_next"], rows["clip"], rows["paligemma"]) == ("no",) * 4


def test_crops_that_a_processor_adds_are_not_taken_for_pictures():
    model = tiny.load("gemma3")
    split = model.family.tokens.split_pictures
    tokens = replace(model.family.tokens, split_pictures=lambda config, view: [*split(config, view), {}])
    cropping = replace(model, blueprint=replace(model.blueprint, family=replace(model.family, tokens=tokens)))
    with pytest.raises(ValueError, match="the processor made 3 pictures of 2"):
        capture.read(cropping, VIEWS[1:2], (), batch_size=1)
