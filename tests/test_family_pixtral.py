"""What is special to Pixtral and Mistral 3: pictures keep their shape, separators have ids of their own, merging."""

import json
import shutil

import numpy as np
import pytest
import readings
import tiny
import torch
from huggingface_hub.utils import filter_repo_objects
from tiny import picture

import hooks
from hooks import Question, View, capture, families, provenance, sites
from hooks.context import render
from hooks.encoding import process, stack


def shown(model, height, width):
    inputs = process(model.blueprint, (picture(0, height, width),), render(model.blueprint, "what is it?"))
    return stack(model, [inputs])


def tokens(model, views, *texts):
    wanted = sites.parse_all(texts, model.towers)
    return [
        readings.tokens(reading)
        for reading in capture.read(model, views, wanted, batch_size=len(views), keep_tokens=True)
    ]


def test_a_llava_config_with_a_pixtral_tower_is_a_pixtral():
    assert families.find({"model_type": "llava", "vision_config": {"model_type": "pixtral"}}).name == "pixtral"
    assert families.find({"model_type": "llava", "vision_config": {"model_type": "clip_vision_model"}}).name == "llava"
    assert families.find({"model_type": "llava"}).name == "llava"


@pytest.mark.parametrize(
    ("case", "size", "patches", "entering"),
    [
        ("pixtral", (84, 112), (6, 8), (6, 8)),  # 112 -> 64, 84 -> 48
        ("pixtral", (160, 84), (8, 5), (8, 5)),  # 84 -> 33.6, rounded up to 5 patches
        ("pixtral", (40, 40), (5, 5), (5, 5)),  # small enough, kept
        ("mistral3", (84, 112), (10, 12), (5, 6)),  # 112 -> 96, 84 -> 72, rounded up to 5 pairs of patches
        ("mistral3", (40, 40), (6, 6), (3, 3)),
    ],
)
def test_a_picture_keeps_its_shape(case, size, patches, entering):
    grids = hooks.image_grids(tiny.load(case).blueprint, *size)
    assert grids == {"vision": (1, *patches), "projector": (1, *entering), "language": (1, *entering)}


@pytest.mark.parametrize("case", ["pixtral", "mistral3"])
def test_every_row_ends_in_a_separator_that_is_no_image_token(case):
    model = tiny.load(case)
    ids = shown(model, 84, 112)["input_ids"][0].tolist()
    _, rows, cols = hooks.image_grids(model.blueprint, 84, 112)["language"]
    image, row_end, end = model.processor.tokenizer.convert_tokens_to_ids(["[IMG]", "[IMG_BREAK]", "[IMG_END]"])
    first = ids.index(image)
    expected = ([image] * cols + [row_end]) * (rows - 1) + [image] * cols + [end]
    assert ids[first : first + len(expected)] == expected
    assert model.blueprint.image_token == image
    assert ids.count(image) == rows * cols


@pytest.mark.parametrize("case", ["pixtral", "mistral3"])
def test_pictures_packed_into_one_sequence_have_the_states_of_each_alone(case):
    model = tiny.load(case)
    views = [View((picture(seed, 84, 112),), (Question("?"),)) for seed in range(3)]
    layers = model.towers["vision"].layers + 1
    together = tokens(model, views, "vision.layers[*]:patches")
    for view, mine in zip(views, together, strict=True):
        inputs = stack(model, [process(model.blueprint, view.pictures, render(model.blueprint, "?"))])
        with torch.inference_mode():
            output = model.module.model.vision_tower(
                inputs["pixel_values"], image_sizes=inputs["image_sizes"], output_hidden_states=True
            )
        for layer, theirs in zip(range(layers), output.hidden_states, strict=True):
            np.testing.assert_allclose(mine["vision.layers-patches"][layer], theirs[0], atol=1e-5)


@pytest.mark.parametrize("case", ["pixtral", "mistral3"])
def test_projected_tokens_are_the_models_own_image_features(case):
    model = tiny.load(case)
    inputs = shown(model, 160, 84)
    with torch.inference_mode():
        made = model.module.model.get_image_features(inputs["pixel_values"], image_sizes=inputs["image_sizes"])
    view = View((picture(0, 160, 84),), (Question("what is it?"),))
    mine = tokens(model, [view], "projector:patches", "language.layers[0]:image")[0]
    np.testing.assert_allclose(mine["projector-patches"][0], made.pooler_output[0], atol=1e-5)
    np.testing.assert_allclose(mine["language.layers-image"][0], made.pooler_output[0], atol=1e-5)


def test_a_projected_token_of_mistral_3_is_made_of_its_two_by_two_patches():
    model = tiny.load("mistral3")
    view = View((picture(0, 84, 112),), (Question("?"),))
    mine = tokens(model, [view], "vision.layers[-1]:patches", "projector:patches")[0]
    _, rows, cols = hooks.image_grids(model.blueprint, 84, 112)["vision"]
    projector = model.module.model.multi_modal_projector
    patches = projector.norm(torch.tensor(mine["vision.layers-patches"][0])).view(rows, cols, -1)
    # (row pair, column pair, feature, row, column): the merger's weights count features first
    windows = patches.view(rows // 2, 2, cols // 2, 2, -1).permute(0, 2, 4, 1, 3).flatten(2)
    merged = projector.patch_merger.merging_layer(windows)
    expected = projector.linear_2(projector.act(projector.linear_1(merged))).flatten(0, 1)
    np.testing.assert_allclose(mine["projector-patches"][0], expected, atol=1e-5)


@pytest.mark.parametrize(("case", "least", "grid"), [("pixtral", 1, (1, 1, 1)), ("mistral3", 4, (1, 2, 2))])
def test_visual_tokens_shrink_the_longest_side(case, least, grid):
    path = str(tiny.checkpoint(case))
    held = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=10))
    assert hooks.image_grids(held, 200, 200)["language"] == (1, 3, 3)
    few = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=least))
    assert hooks.image_grids(few, 90, 60)["language"] == grid
    plenty = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=10_000))
    assert hooks.image_grids(plenty, 200, 100) == hooks.image_grids(hooks.blueprint(path), 200, 100)
    with pytest.raises(ValueError, match=rf"at least {least} visual token\(s\), not {least - 1}|0 is too small"):
        hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=least - 1))


def test_weights_that_a_repository_has_twice_are_fetched_once(monkeypatch):
    files = ["config.json", "tokenizer.json", "model-00001-of-00010.safetensors", "consolidated.safetensors"]
    kept = []

    def download(source, *, allow_patterns, ignore_patterns, **settings):
        kept[:] = filter_repo_objects(files, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns)
        return str(tiny.checkpoint("mistral3"))

    monkeypatch.setattr(provenance, "snapshot_download", download)
    provenance.locate("mistralai/Mistral-Small-3.1-24B-Instruct-2503", None, weights=True)
    assert kept == files[:3]


@pytest.mark.parametrize(("saved_by", "digits"), [("4.57.0", ["1", "2", "3"]), ("5.23.0", ["123"])])
def test_files_saved_before_transformers_5_have_their_pattern_corrected(tmp_path, saved_by, digits):
    folder = shutil.copytree(tiny.checkpoint("mistral3"), tmp_path / "saved")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_version": saved_by}))
    written = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = written["model"]["vocab"]
    vocabulary |= {f"word{k}": len(vocabulary) + k for k in range(100_001)}  # smaller ones are nobody's Mistral
    (folder / "tokenizer.json").write_text(json.dumps(written))
    tokenizer = hooks.blueprint(str(folder), tiny.ON_CPU).processor.tokenizer
    split = [part for part, _ in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("123")]
    assert split == digits  # the right pattern keeps digits apart
