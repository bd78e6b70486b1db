"""What is special to BLIP-2 and InstructBLIP, against the models' own outputs and hand-made prompts."""

import json
import shutil

import numpy as np
import pytest
import tiny
import torch
from tiny import picture
from tiny.qformer import QUERIES
from transformers import Blip2Config, GPT2Config, InstructBlipConfig

import hooks
from hooks import Question, View, capture, identity, sites
from hooks.context import render
from hooks.encoding import process, process_image, stack
from hooks.families.qformer import BLIP_2, INSTRUCTBLIP

PIXELS = picture(1, 84, 112)
ASKED = (Question("is there a bus?", ("yes", "no")), Question("and what else?", ("a car", "nothing at all", "a bus")))
both = pytest.mark.parametrize("case", ["blip-2", "instructblip"])


def read(model, site, questions=ASKED, **settings):
    wanted = sites.parse_all([site], model.towers)
    return capture.read(model, [View((PIXELS,), questions)], wanted, batch_size=1, keep_tokens=True, **settings)[0]


def inputs_of(model, question):
    return stack(model, [process(model.blueprint, (PIXELS,), render(model.blueprint, question))])


def features_of(model, question):
    """The model's own image features, as its `get_image_features` makes them."""
    taken = {name: value for name, value in inputs_of(model, question).items() if name not in TEXT}
    with torch.inference_mode():
        return model.module.get_image_features(**taken).pooler_output[0]


TEXT = ("input_ids", "attention_mask")


def counted(module):
    calls = []
    return calls, module.register_forward_hook(lambda *args: calls.append(1))


@both
def test_vision_states_are_the_towers_own_with_cls_before_the_patches(case):
    model = tiny.load(case)
    pixels = inputs_of(model, "")["pixel_values"]
    with torch.inference_mode():
        reported = model.module.vision_model(pixels, output_hidden_states=True).hidden_states
    patches = read(model, "vision.layers[*]:patches").states["vision.layers-patches"].tokens
    cls = read(model, "vision.layers[*]:cls").states["vision.layers-cls"].pooled
    assert len(reported) == len(patches) == len(cls) == 4
    for layer, theirs in enumerate(reported):
        assert np.array_equal(patches[layer], theirs[0, 1:])
        assert np.array_equal(cls[layer], theirs[0, 0])


@both
def test_projected_tokens_are_the_models_image_features_under_the_empty_question(case):
    model = tiny.load(case)
    reading = read(model, "projector:patches")
    assert reading.states["projector-patches"].grid == (1, 1, QUERIES)
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], features_of(model, ""), atol=1e-6)


def test_only_instructblips_queries_depend_on_the_question():
    depends = {}
    for case in ("blip-2", "instructblip"):
        model = tiny.load(case)
        depends[case] = float((features_of(model, "") - features_of(model, "is there a bus?")).abs().max())
    assert depends["blip-2"] == 0
    assert depends["instructblip"] > 0.01
    assert (BLIP_2.reuse.shares_prefix, INSTRUCTBLIP.reuse.shares_prefix) == (True, False)


@both
def test_the_vision_tower_runs_once_and_the_q_former_as_often_as_what_it_reads_changes(case):
    model = tiny.load(case)
    vision, a = counted(model.module.vision_model.encoder)
    queried, b = counted(model.module.qformer)
    try:
        read(model, "vision.layers[0]:mean")
    finally:
        a.remove()
        b.remove()
    assert len(vision) == 1
    assert len(queried) == {"blip-2": 1, "instructblip": 1 + len(ASKED)}[case]


@both
@pytest.mark.parametrize("side", ["left", "right"])
def test_scores_are_those_of_the_language_model_on_image_features_and_text(case, side):
    model = tiny.load(case)
    embed = model.module.get_input_embeddings()
    shown = [View((PIXELS,), ASKED), View((picture(2, 40, 40),), ASKED[1:])]
    reading = capture.read(model, shown, (), batch_size=2, padding_side=side)[0]
    for question, answer in zip(ASKED, reading.answers, strict=True):
        prompt = render(model.blueprint, question.text)
        before = model.processor.tokenizer(prompt)["input_ids"]
        for option, mine in zip(question.options, answer.log_likelihood, strict=True):
            ids = model.processor.tokenizer(f" {option}", add_special_tokens=False)["input_ids"]
            with torch.inference_mode():
                words = embed(torch.tensor(before + ids))
                entering = torch.cat([features_of(model, question.text), words])[None]
                logits = model.module.language_model(inputs_embeds=entering).logits[0].log_softmax(-1)
            place = QUERIES + len(before) - 1
            exact = sum(float(logits[place + i, token]) for i, token in enumerate(ids))
            assert abs(mine - exact) <= 1e-4


def test_states_that_enter_opt_are_image_features_and_opts_positions_from_two_on():
    model = tiny.load("blip-2")
    entering = read(model, "language.layers[0]:image").states["language.layers-image"].tokens[0]
    positions = model.module.language_model.model.decoder.embed_positions.weight[2 : 2 + QUERIES]
    np.testing.assert_allclose(entering, features_of(model, "") + positions, atol=1e-6)


@both
def test_a_prompt_is_queries_then_the_beginning_of_the_text_then_the_question(case):
    model = tiny.load(case)
    ids = inputs_of(model, "a bus")["input_ids"][0].tolist()
    tokens = model.processor.tokenizer.convert_ids_to_tokens(ids)
    assert tokens[: QUERIES + 1] == ["<image>"] * QUERIES + ["</s>"]
    asked = {"blip-2": "Question: a bus Answer:", "instructblip": "a bus"}[case]
    assert model.processor.tokenizer.decode(ids[QUERIES + 1 :]) == asked


def test_instructblips_q_former_reads_the_question_with_its_own_vocabulary():
    model = tiny.load("instructblip")
    ids = inputs_of(model, "a bus")["qformer_input_ids"][0].tolist()
    spoken = model.processor.qformer_tokenizer.convert_ids_to_tokens(ids)
    assert spoken == ["[CLS]", "a", "b", "##u", "##s", "[SEP]"]
    before = identity.inputs_of(model.blueprint)
    kept = model.processor.qformer_tokenizer
    try:
        model.processor.qformer_tokenizer = model.processor.tokenizer
        assert identity.inputs_of(model.blueprint) != before
    finally:
        model.processor.qformer_tokenizer = kept


def test_at_full_size_an_image_is_16_by_16_patches_and_32_queries():
    image = {"pixel_values": torch.zeros(1, 3, 224, 224)}
    for family, config in ((BLIP_2, Blip2Config()), (INSTRUCTBLIP, InstructBlipConfig())):
        assert family.tokens.grid(config, image, "vision") == (1, 16, 16)
        for tower in ("projector", "language"):
            assert family.tokens.grid(config, image, tower) == (1, 1, 32)


def test_turns_end_where_the_inner_language_model_ends_them(tmp_path):
    path = shutil.copytree(tiny.checkpoint("blip-2"), tmp_path / "model")
    line_break = tiny.load("blip-2").processor.tokenizer.convert_tokens_to_ids("Ċ")
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": 7}))
    model = hooks.load(str(path), hooks.LoadOptions(device="cpu"))
    assert model.module.generation_config.eos_token_id == 7
    assert model.stop_ids == (line_break,)
    model.module.language_model.lm_head.bias = torch.nn.Parameter(torch.zeros(model.config.text_config.vocab_size))
    model.module.language_model.lm_head.bias.data[line_break] = 1000
    with torch.inference_mode():
        made = model.module.generate(**inputs_of(model, "a bus"), max_new_tokens=5)[0]
    assert made[-1] == line_break
    assert len(made) == inputs_of(model, "a bus")["input_ids"].shape[1] + 1


@both
def test_files_as_the_hub_has_them_give_the_same_inputs(case, tmp_path):
    made = tiny.checkpoint(case)
    path = shutil.copytree(made, tmp_path / "model")
    settings = json.loads((path / "processor_config.json").read_text())
    settings["image_processor"]["image_processor_type"] = "BlipImageProcessor"
    (path / "preprocessor_config.json").write_text(json.dumps(settings.pop("image_processor")))
    (path / "processor_config.json").write_text(json.dumps(settings))
    theirs = hooks.blueprint(str(path), hooks.LoadOptions(device="cpu"))
    mine = tiny.load(case).blueprint
    for question in ("", "is there a bus?\nyes"):
        expected = process(mine, (PIXELS,), render(mine, question))
        given = process(theirs, (PIXELS,), render(theirs, question))
        assert given.keys() == expected.keys()
        assert all(torch.equal(given[name], expected[name]) for name in expected)
    assert process_image(theirs, PIXELS)["pixel_values"].shape == (1, 3, 32, 32)


@both
def test_another_language_model_is_refused_by_name(case, tmp_path):
    path = shutil.copytree(tiny.checkpoint(case), tmp_path / "model")
    settings = json.loads((path / "config.json").read_text())
    settings["text_config"] = GPT2Config(n_embd=32, n_layer=2, n_head=2).to_dict()
    (path / "config.json").write_text(json.dumps(settings))
    instead = {"blip-2": "Salesforce/blip2-opt-2.7b", "instructblip": "Salesforce/instructblip-vicuna-7b"}[case]
    with pytest.raises(hooks.ModelError, match=f"language model is 'gpt2'.*Use {instead}"):
        hooks.blueprint(str(path), hooks.LoadOptions(device="cpu"))


@both
@pytest.mark.parametrize(
    ("file", "name"), [("config.json", "image_token_index"), ("processor_config.json", "num_query_tokens")]
)
def test_files_of_an_old_revision_are_refused(case, file, name, tmp_path):
    path = shutil.copytree(tiny.checkpoint(case), tmp_path / "model")
    settings = json.loads((path / file).read_text())
    del settings[name]
    (path / file).write_text(json.dumps(settings))
    with pytest.raises(hooks.ModelError, match=f"{name} None.*Use the newest revision"):
        hooks.blueprint(str(path), hooks.LoadOptions(device="cpu"))
