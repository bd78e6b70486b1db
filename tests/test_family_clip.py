"""CLIP's relatives: their own logits, matching head, caption padding and patches of any aspect."""

import shutil

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

import hooks
from hooks import Question, View, capture, contrastive, sites
from hooks.check import counted_vision
from hooks.encoding import process_image

LENGTH = 48
CAPTIONS = ("a bus", "a small red car, or two?", "no")
SIZES = [(224, 224), (160, 320), (90, 60)]
WITH_LOGITS = [case for case in tiny.CONTRASTIVE if case != "blip_itm"]
BLOCKS = [case for case in tiny.CONTRASTIVE if case != "align"]


PICTURES = [picture(k, *size) for k, size in enumerate(SIZES)]


def views(*captions):
    return [View((pixels,), (Question("", captions),)) for pixels in PICTURES]


def scores(model, *captions):
    return np.stack(
        [reading.answers[0].log_likelihood for reading in capture.read(model, views(*captions), (), batch_size=3)]
    )


def read(model, wanted):
    return zip(PICTURES, capture.read(model, views(), wanted, batch_size=3, keep_tokens=True), strict=True)


def own(model, pixels, tokens, **settings):
    with torch.inference_mode():
        return model.module(**tokens, **process_image(model.blueprint, pixels), **settings)


@pytest.mark.parametrize("case", BLOCKS)
def test_vision_states_equal_the_towers_hidden_states(case):
    model = tiny.load(case)
    wanted = sites.parse_all(["vision.layers[*]:patches"], model.towers)
    for pixels, reading in read(model, wanted):
        with torch.inference_mode():
            inputs = process_image(model.blueprint, pixels)
            hidden = model.module.vision_model(**inputs, output_hidden_states=True).hidden_states
        states = reading.states["vision.layers-patches"].tokens
        leading = model.family.tokens.leading(model.config) + getattr(
            model.config.vision_config, "num_register_tokens", 0
        )
        assert len(states) == len(hidden) == model.towers["vision"].layers + 1
        for mine, theirs in zip(states, hidden, strict=True):
            np.testing.assert_allclose(mine, theirs[0, leading : leading + len(mine)], atol=1e-5)


def test_aligns_site_is_the_map_that_its_embedding_is_the_mean_of():
    model = tiny.load("align")
    wanted = sites.parse_all(["vision:patches", "vision:mean", "vision:pooled"], model.towers)
    for pixels, reading in read(model, wanted):
        with torch.inference_mode():
            last = model.module.vision_model(**process_image(model.blueprint, pixels)).last_hidden_state[0]
        tokens = reading.states["vision-patches"].tokens[0]
        assert reading.states["vision-patches"].grid == (1, *last.shape[1:])
        for row, col in ((0, 0), (2, 5), (7, 7)):
            np.testing.assert_allclose(tokens[row * last.shape[2] + col], last[:, row, col], atol=1e-5)
        for slug in ("vision-mean", "vision-pooled"):
            np.testing.assert_allclose(reading.states[slug].pooled[0], last.mean((1, 2)), atol=1e-5)


def test_tipsv2_reads_cls_and_patches_around_its_registers():
    model = tiny.load("tipsv2")
    wanted = sites.parse_all(["vision.layers[-1]:cls", "vision.layers[-1]:mean"], model.towers)
    for pixels, reading in read(model, wanted):
        with torch.inference_mode():
            inputs = process_image(model.blueprint, pixels)
            last = model.module.vision_model(**inputs, output_hidden_states=True).hidden_states[-1][0]
        assert len(last) == 1 + 2 + 16
        np.testing.assert_allclose(reading.states["vision.layers-cls"].pooled[0], last[0], atol=1e-5)
        np.testing.assert_allclose(reading.states["vision.layers-mean"].pooled[0], last[3:].mean(0), atol=1e-5)


def test_blip_2s_score_is_the_cosine_with_the_query_that_fits_best():
    model = tiny.load("blip-2_itc")
    mine = scores(model, *CAPTIONS)
    prefix = [model.config.image_token_index] * model.config.num_query_tokens
    for row, pixels in zip(mine, PICTURES, strict=True):
        for score, caption in zip(row, CAPTIONS, strict=True):
            ids = torch.tensor([prefix + model.processor.tokenizer(caption)["input_ids"]])
            output = own(model, pixels, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
            cosines = (output.image_embeds[0] @ output.text_embeds[0]).tolist()
            assert len(cosines) == 6
            assert abs(max(cosines) - score) <= 1e-5
    assert np.ptp(mine, axis=0).min() > 1e-3
    assert np.ptp(mine, axis=1).min() > 1e-3


def test_a_checkpoint_of_blip_2_is_read_by_what_it_was_made_for():
    assert tiny.load("blip-2_itc").kind == "contrastive"
    assert tiny.load("blip-2").kind == "generative"


@pytest.mark.parametrize("case", [case for case in WITH_LOGITS if case != "blip-2_itc"])
def test_the_pooled_site_is_the_models_image_embedding_before_it_is_normalised(case):
    model = tiny.load(case)
    wanted = sites.parse_all(["vision:pooled"], model.towers)
    tokens = contrastive.caption_tokens(model.blueprint, CAPTIONS)
    for pixels, reading in read(model, wanted):
        pooled = reading.states["vision-pooled"].pooled[0]
        assert pooled.shape == (wanted[0].features,)
        assert abs(np.linalg.norm(pooled) - 1) > 1e-3
        np.testing.assert_allclose(
            pooled / np.linalg.norm(pooled), own(model, pixels, tokens).image_embeds[0], atol=1e-5
        )


@pytest.mark.parametrize("case", [case for case in WITH_LOGITS if case != "blip-2_itc"])
def test_scores_are_the_models_logits_of_all_captions_together(case):
    model = tiny.load(case)
    tokens = contrastive.caption_tokens(model.blueprint, CAPTIONS)
    theirs = np.stack([own(model, pixels, tokens).logits_per_image[0].numpy() for pixels in PICTURES])
    mine = scores(model, *CAPTIONS)
    np.testing.assert_allclose(mine, theirs, atol=1e-4)
    assert np.ptp(mine, axis=1).min() > 1e-3


@pytest.mark.parametrize("case", tiny.CONTRASTIVE)
def test_an_image_is_needed(case):
    with pytest.raises(ValueError, match="cannot be asked without an image"):
        capture.read(tiny.load(case), [View((), (Question("", CAPTIONS),))], (), batch_size=1)


@pytest.mark.parametrize("case", ["siglip", "siglip2", "siglip2_naflex"])
def test_siglip_reads_captions_in_lower_case_padded_to_its_length_and_unmasked(case):
    model = tiny.load(case)
    tokens = contrastive.caption_tokens(model.blueprint, ["A Bus", "a bus"])
    assert tokens.keys() == {"input_ids"}
    assert tokens["input_ids"].shape == (2, LENGTH)
    assert torch.equal(*tokens["input_ids"])
    ids = model.processor.tokenizer("a bus")["input_ids"]
    pad = model.processor.tokenizer.pad_token_id
    assert ids[-1] == 1  # end of sentence
    assert tokens["input_ids"][1].tolist() == ids + [pad] * (LENGTH - len(ids))
    bare = own(model, PICTURES[0], {"input_ids": torch.tensor([ids])}).logits_per_image.item()
    assert abs(scores(model, "a bus")[0, 0] - bare) > 1e-2


def test_siglip_2_at_a_fixed_resolution_is_given_lower_case_though_its_tokenizer_keeps_it():
    model = tiny.load("siglip2")
    assert model.processor.tokenizer("A BUS")["input_ids"] != model.processor.tokenizer("a bus")["input_ids"]
    (upper, _), (lower, other) = (scores(model, text, "a car")[0] for text in ("A BUS", "a bus"))
    assert abs(upper - lower) <= 1e-5  # rows of one product may differ in their last bit
    assert abs(upper - other) > 1e-3


def test_siglip_scores_are_log_odds_with_a_bias():
    model = tiny.load("siglip")
    pixels, tokens = PICTURES[0], contrastive.caption_tokens(model.blueprint, CAPTIONS)
    output = own(model, pixels, tokens)
    cosines = output.image_embeds @ output.text_embeds.T
    np.testing.assert_allclose(scores(model, *CAPTIONS)[0], np.exp(2.5) * cosines[0] - 4, atol=1e-4)


def test_siglips_tokenizer_is_taken_from_its_json_where_sentencepiece_is_missing(tmp_path, monkeypatch):
    from transformers.models.auto import tokenization_auto

    class Missing:
        """Stands for a tokenizer class whose package is missing."""

        is_dummy = True

        @classmethod
        def from_pretrained(cls, *args, **settings):
            raise ImportError("SiglipTokenizer requires the SentencePiece library")

    monkeypatch.setattr(tokenization_auto, "tokenizer_class_from_name", lambda name: Missing)
    path = tmp_path / "siglip"
    shutil.copytree(tiny.checkpoint("siglip"), path)
    processor = hooks.blueprint(str(path), tiny.ON_CPU).processor
    assert processor.tokenizer("A bus!")["input_ids"] == processor.tokenizer("a bus")["input_ids"]
    (path / "tokenizer.json").unlink()
    with pytest.raises(hooks.ModelError, match="SentencePiece"):
        hooks.blueprint(str(path), tiny.ON_CPU)


def test_naflex_keeps_the_aspect_of_a_picture():
    plan = tiny.load("siglip2_naflex").blueprint
    # at most 20 patches: 4x4 of 8 pixels for a square, 3x6 for 1:2, 5x4 for 3:2
    assert [hooks.image_grids(plan, *size)["vision"] for size in SIZES] == [(1, 4, 4), (1, 3, 6), (1, 5, 4)]


def test_naflex_leaves_padding_out_and_is_not_moved_by_it():
    model = tiny.load("siglip2_naflex")
    wanted = sites.parse_all(["vision.layers[*]:patches"], model.towers)
    for pixels, reading in read(model, wanted):
        inputs = process_image(model.blueprint, pixels)
        count = int(inputs["pixel_attention_mask"].sum())
        assert reading.states["vision.layers-patches"].tokens.shape[1] == count
        assert inputs["pixel_values"].shape[1] == 20
        bare = {name: value if name == "spatial_shapes" else value[:, :count] for name, value in inputs.items()}
        with torch.inference_mode():
            hidden = model.module.vision_model(**bare, output_hidden_states=True).hidden_states
        np.testing.assert_allclose(reading.states["vision.layers-patches"].tokens, torch.cat(hidden), atol=1e-5)


@pytest.mark.parametrize(("patches", "grid"), [(1, (1, 1, 1)), (8, (1, 2, 4)), (50, (1, 5, 10))])
def test_naflex_is_held_to_a_number_of_patches(patches, grid):
    path = str(tiny.checkpoint("siglip2_naflex"))
    held = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=patches))
    assert hooks.image_grids(held, 160, 320)["vision"] == grid


def test_blips_score_is_the_log_odds_of_its_matching_head():
    model = tiny.load("blip_itm")
    mine = scores(model, *CAPTIONS)
    for row, pixels in zip(mine, PICTURES, strict=True):
        for score, caption in zip(row, CAPTIONS, strict=True):
            tokens = model.processor(text=[caption], return_tensors="pt")
            match = own(model, pixels, tokens).itm_score.softmax(-1)[0, 1].item()
            assert abs(np.log(match) - np.log1p(-match) - score) <= 1e-4
    assert np.ptp(mine, axis=0).min() > 1e-3  # each caption depends on the image
    assert np.ptp(mine, axis=1).min() > 1e-3


def test_blips_pooled_site_is_the_image_side_of_its_contrastive_cosine():
    model = tiny.load("blip_itm")
    wanted = sites.parse_all(["vision:pooled"], model.towers)
    tokens = contrastive.caption_tokens(model.blueprint, CAPTIONS[:1])
    for pixels, reading in read(model, wanted):
        output = own(model, pixels, tokens, use_itm_head=False)
        with torch.inference_mode():
            text = torch.nn.functional.normalize(model.module.text_proj(output.question_embeds[:, 0]), dim=-1)[0]
        image = reading.states["vision-pooled"].pooled[0]
        assert abs(image @ text.numpy() / np.linalg.norm(image) - output.itm_score.item()) <= 1e-5


def test_blip_sees_an_image_once_and_its_captions_in_batches(monkeypatch):
    model = tiny.load("blip_itm")
    texts = []
    captions = tuple("a bus and" + " a car" * k for k in range(7))
    whole = scores(model, *captions)
    monkeypatch.setattr(contrastive, "MATCHED", 3)
    hook = model.module.text_encoder.register_forward_pre_hook(
        lambda module, args, inputs: texts.append(len(inputs["input_ids"])), with_kwargs=True
    )
    try:
        with counted_vision(model) as seen:
            parts = scores(model, *captions)
    finally:
        hook.remove()
    assert seen == [3 * 17]
    assert texts == [3, 3, 1] * len(SIZES)
    np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("case", "longest", "digits"),  # beside a digit each: start and end, start, end and a space, end and a space
    [("chinese_clip", LENGTH, LENGTH - 2), ("altclip", LENGTH - 2, LENGTH - 5), ("siglip", LENGTH, LENGTH - 2)],
)
def test_a_caption_may_fill_the_text_tower_and_no_more(case, longest, digits):
    model = tiny.load(case)
    assert contrastive.check_captions(model, ["1" * digits]) == [longest]
    assert np.isfinite(scores(model, "1" * digits)).all()
    with pytest.raises(ValueError, match=f"the text tower takes {longest}"):
        contrastive.check_captions(model, ["1" * (digits + 1)])
