"""A model that the table does not know: its parts are found by structure, and trusted only once every check passes."""

import json
import re
from functools import partial

import numpy as np
import pytest
import tiny
import torch
import transformers
from PIL import Image
from readings import arrays, grids
from tiny import crops, parts, picture
from tiny.structural import QUERIES, aya_vision

import hooks
from hooks import ModelError, Question, View, capture, families, sites
from hooks.check import structure as structure_check
from hooks.families.structural import survey

GENERATIVE = [case for case in tiny.CASES if case not in tiny.CONTRASTIVE]
UNKNOWN = {
    "aya_vision": ("model.vision_tower.encoder.layers", "model.multi_modal_projector", "model.language_model.layers"),
    "janus": ("model.vision_model.encoder.layers", "model.aligner", "model.language_model.layers"),
    "idefics2": ("model.vision_model.encoder.layers", "model.connector", "model.text_model.layers"),
}


def structure(case):
    return survey(transformers.AutoConfig.from_pretrained(tiny.checkpoint(case)))


def described(path, **config):
    """A checkpoint of which there is only a config."""
    (path / "config.json").write_text(json.dumps(config))
    return str(path)


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_family_outside_the_table_is_read_by_its_structure(case):
    model = tiny.load(case)
    modules = model.family.modules
    assert (modules.vision, modules.projector, modules.language) == UNKNOWN[case]
    vision, projector, language = UNKNOWN[case]
    assert model.provenance["family"] == (
        f"generic (found by structure: vision at {vision}, projector at {projector}, language at {language})"
    )


@pytest.mark.parametrize("case", GENERATIVE)
def test_what_structure_finds_is_what_people_wrote(case):
    found, family = structure(case), hooks.blueprint(str(tiny.checkpoint(case)), tiny.ON_CPU).family
    entry = family.modules
    projector = found.projectors[0] if len(found.projectors) == 1 else ""
    parts = (found.vision.path, projector, found.language.path, found.final_norm)
    wrote = (entry.vision, entry.projector, entry.language, entry.final_norm)
    # an entry leaves out a projector that runs once a tile, and names the decoder where an encoder reads the prompt
    pairs = list(zip(parts, wrote, strict=True))[: 2 if family.decoder else None]
    assert [mine for mine, theirs in pairs if theirs and mine not in ("", theirs)] == []
    assert all(parts) == (not found.lacking)


def test_llava_without_its_entry_has_the_same_states_and_scores(monkeypatch):
    written = tiny.load("llava")
    monkeypatch.setattr(families, "FAMILIES", ())
    found = hooks.load(str(tiny.checkpoint("llava")), tiny.ON_CPU)
    assert (written.family.name, found.family.name) == ("llava", "generic")
    assert found.towers == written.towers
    wanted = sites.parse_all(sites.available(written.towers), written.towers)
    views = [View((picture(k, 40 + k, 60),), (Question("is there a bus?", ("yes", "a red car")),)) for k in range(3)]
    both = [capture.read(model, views, wanted, batch_size=2, keep_tokens=True) for model in (written, found)]
    for theirs, mine in zip(*both, strict=True):
        assert grids(mine) == grids(theirs)
        expected, made = arrays(theirs), arrays(mine)
        assert made.keys() == expected.keys()
        assert all(np.array_equal(made[key], expected[key], equal_nan=True) for key in expected)
        assert np.array_equal(mine.answers[0].log_likelihood, theirs.answers[0].log_likelihood)


def test_llava_with_a_tower_that_its_entry_does_not_know_is_read_by_structure():
    model = tiny.load("llava_dinov2")
    assert model.family.by_structure
    assert model.family.modules.vision == "model.vision_tower.encoder.layer"
    view = View((picture(0, 32, 32),), ())
    wanted = sites.parse_all(["vision.layers[*]:patches", "vision.layers[-1]:cls"], model.towers)
    read = capture.read(model, [view], wanted, batch_size=1, keep_tokens=True)[0]
    pixels = model.processor.image_processor(images=[Image.fromarray(view.pictures[0])], return_tensors="pt")
    with torch.inference_mode():
        theirs = model.module.model.vision_tower(**pixels, output_hidden_states=True).hidden_states
    patches, cls = (read.states[site.slug] for site in wanted)
    np.testing.assert_allclose(patches.tokens, torch.cat(theirs)[:, 1:], atol=1e-5)
    np.testing.assert_allclose(cls.pooled[0], theirs[-1][0, 0], atol=1e-5)


def test_tiles_before_a_tower_that_the_entry_does_not_know_are_refused_in_one_line(tmp_path):
    source = described(tmp_path, model_type="llava_next", vision_config={"model_type": "dinov2"})
    with pytest.raises(ModelError) as caught:
        hooks.blueprint(source)
    assert str(caught.value) == (
        f"model {source!r}: family 'llava_next' does not know its vision tower 'dinov2', only clip_vision_model and "
        "siglip_vision_model. Write an entry for it."
    )


def test_class_tokens_are_counted_in_the_vision_tower():
    assert [structure(case).leading for case in ("llava", "aya_vision")] == [1, 0]


def test_tokens_of_a_projector_that_attends_have_no_place_in_the_picture():
    assert QUERIES == 16  # would fit into 4x4
    grids = hooks.image_grids(tiny.load("idefics2").blueprint, 64, 64)
    assert grids == {"vision": (1, 8, 8), "projector": (1, 1, 16), "language": (1, 1, 16)}


def test_merged_patches_keep_their_rows_and_columns():
    assert hooks.image_grids(tiny.load("aya_vision").blueprint, 64, 64)["language"] == (1, 4, 4)


def test_of_two_aligners_the_one_that_reads_the_vision_tower_is_taken():
    assert structure("janus").projectors == ("model.aligner",)


def test_a_blueprint_by_structure_needs_no_weights(tmp_path):
    aya_vision(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    assert hooks.blueprint(str(tmp_path)).towers["vision"].layers == 3


def test_a_picture_of_several_tiles_is_read_without_its_thumbnail(tmp_path):
    aya_vision(tmp_path, tiles=4)
    model = hooks.load(str(tmp_path), tiny.ON_CPU)
    pixels = picture(0, 64, 192)
    tiles = model.processor.image_processor(images=[Image.fromarray(pixels)], return_tensors="pt")["pixel_values"]
    assert len(tiles) == 4  # three and the thumbnail, which comes last
    with torch.inference_mode():
        expected = model.module.model.vision_tower.embeddings(tiles)[:-1].flatten(0, 1)
    (site,) = sites.parse_all(["vision.layers[0]:patches"], model.towers)
    read = capture.read(model, [View((pixels,), ())], [site], batch_size=1, keep_tokens=True)[0].states[site.slug]
    assert read.grids == ((3, 8, 8),)
    np.testing.assert_allclose(read.tokens[0], expected.numpy(), atol=1e-5)


def test_tiles_as_large_as_those_of_published_models_are_checked_on_a_large_picture(tmp_path):
    tile = {"height": 448, "width": 448}
    images = partial(crops.pictures, "Ovis2ImageProcessor", size=tile, crop_to_patches=True, max_patches=4)
    seen = parts.vision(image_size=448, patch_size=112, vocab_size=40, hidden_stride=1)
    crops.CASES["ovis2"](tmp_path, images=images, vision=seen)
    model = hooks.load(str(tmp_path), tiny.ON_CPU)
    assert hooks.image_grids(model.blueprint, 224, 224)["vision"] == (1, 4, 4)
    assert hooks.image_grids(model.blueprint, 1344, 2016)["vision"][0] > 1
    assert re.search(r"1344x2016 -> vision \([24], 4, 4\)", structure_check.token_counts(model))


def test_a_prompt_that_sees_itself_both_ways_is_refused(monkeypatch):
    monkeypatch.setattr(families, "FAMILIES", ())
    with pytest.raises(ModelError, match=r"checks fail:\n(.*\n)*  encode-once equals whole forwards: scores differ"):
        hooks.load(str(tiny.checkpoint("paligemma")), tiny.ON_CPU)


def test_a_model_without_a_projector_is_refused_with_all_that_was_found(tmp_path, monkeypatch):
    monkeypatch.setattr("hooks.loading.UNSUPPORTED", {})  # as a type that nobody knows
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4}
    source = described(tmp_path, model_type="ovis2", vision_config=sizes, text_config={"model_type": "qwen2", **sizes})
    with pytest.raises(
        ModelError, match="'ovis2', which no family covers, and its structure does not show one proj"
    ) as e:
        hooks.blueprint(source)
    message = str(e.value)
    assert "model.language_model.layers (3 Qwen2DecoderLayer, language)" in message
    assert "(3 Ovis2VisionEncoderLayer, vision)" in message
    assert 'language="model.language_model.layers",\n        final_norm="model.language_model.norm"' in message
    assert 'projector="?"' in message
    assert "image_token_id = 151665" in message
    assert "hooks/families" in message
    assert "`probe check`" in message


def test_a_language_model_is_refused_for_want_of_a_vision_tower(tmp_path):
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4}
    with pytest.raises(ModelError, match=r"'llama', which no family covers, and it has no vision tower.*") as caught:
        hooks.blueprint(described(tmp_path, model_type="llama", **sizes))
    assert "layers (3 LlamaDecoderLayer, language)" in str(caught.value)


def test_a_type_that_the_library_does_not_know_is_refused(tmp_path):
    with pytest.raises(ModelError, match="does not recognize this architecture"):
        hooks.blueprint(described(tmp_path, model_type="nothing_like_it"))
