"""Models whose decoder answers what an encoder has read, against their own losses and states in whole forwards."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from tiny import picture

import hooks
from hooks import Question, View, capture, options, sites
from hooks.context import render
from hooks.encoding import process, process_image, stack

PIXELS = picture(1, 84, 112)
OTHER = picture(2, 40, 40)
ASKED = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there?", ("a car", "nothing at all", "a bus"), generate=True),
)


def reported(*path):
    """The decoder's states of the whole model's forward, at a path of its output."""

    def states(module, inputs, given):
        output = module(**inputs, decoder_input_ids=given, output_hidden_states=True)
        return attrgetter(".".join((*path, "decoder_hidden_states")))(output)

    return states


def captioner_states(module, inputs, given):
    """BLIP's text decoder on its image tower."""
    image = module.vision_model(inputs["pixel_values"]).last_hidden_state
    decode = module.text_decoder
    return decode(input_ids=given, encoder_hidden_states=image, output_hidden_states=True).hidden_states


def answerer_states(module, inputs, given):
    """BLIP's text decoder on its text encoder on its image tower."""
    image = module.vision_model(inputs["pixel_values"]).last_hidden_state
    words = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    read = module.text_encoder(**words, encoder_hidden_states=image).last_hidden_state
    return module.text_decoder(input_ids=given, encoder_hidden_states=read, output_hidden_states=True).hidden_states


@dataclass(frozen=True)
class Plain:
    """How a model is used without hooks: `begin` and `end` of a decoder's text, and its `states`.

    `encoder`: the module that reads the prompt, or the picture. `shifted`: whether the model itself moves labels by one
    place. `continues`: whether the prompt is a part of the decoder's text.
    """

    begin: tuple[int, ...]
    end: int
    encoder: str
    states: Callable[[Any, Any, Any], Any]
    shifted: bool = False
    continues: bool = False

    def before(self, model, question):
        """The decoder's ids before an answer."""
        prompt = render(model.blueprint, question.text)
        words = model.processor.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        return [*self.begin, *(words if self.continues else ())]

    def fed(self, inputs, given):
        """The model's inputs with the decoder's ids."""
        if self.continues:
            return {"pixel_values": inputs["pixel_values"], "input_ids": given}
        return {**inputs, "decoder_input_ids": given}


T5 = Plain((0,), 1, "language_model.encoder", reported("language_model_outputs"))
BLIP_BEGIN = 90  # [DEC]
LABELLED = {
    "blip-2_t5": T5,
    "instructblip_t5": T5,
    "florence2": Plain((2, 1), 2, "model.language_model.encoder", reported()),
    "t5gemma2": Plain((2,), 1, "model.encoder.text_model", reported()),
    "blip_caption": Plain((BLIP_BEGIN,), 3, "vision_model.embeddings", captioner_states, shifted=True, continues=True),
    "blip_vqa": Plain((BLIP_BEGIN,), 3, "text_encoder", answerer_states, shifted=True),
}
"""Models with labels, of which they report the loss."""

labelled = pytest.mark.parametrize("case", LABELLED)


def inputs_of(model, question, pixels=PIXELS):
    prompt = render(model.blueprint, question.text)
    return stack(model, [process(model.blueprint, (pixels,), prompt)])


def answer_of(model, option):
    return model.processor.tokenizer(option, add_special_tokens=False)["input_ids"]


def read(model, *wanted, views=None, **settings):
    views = views or [View((PIXELS,), ASKED)]
    parsed = sites.parse_all(wanted, model.towers)
    return capture.read(model, views, parsed, **{"batch_size": 1, "keep_tokens": True, **settings})


def loss_of(model, fed, labels):
    """The mean loss of labels: BLIP reports that of its text decoder, which takes them as they are."""
    return model.module(**fed, labels=labels).loss


def counted(module):
    calls = []
    return calls, module.register_forward_hook(lambda *args: calls.append(1))


@labelled
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_scores_and_ends_add_up_to_the_models_own_loss_of_labels(case, side, batch_size):
    model, plain = tiny.load(case), LABELLED[case]
    views = [View((PIXELS,), ASKED), View((OTHER,), ASKED[1:]), View((OTHER,), ASKED[::-1])]
    for view, reading in zip(views, read(model, views=views, batch_size=batch_size, padding_side=side), strict=True):
        for question, answer in zip(view.questions, reading.answers, strict=True):
            for k, option in enumerate(question.options):
                ids = answer_of(model, option)
                before = plain.before(model, question)
                # a label stands where its token is predicted, or where it is, one place later
                skipped = [-100] * (len(before) - 1 + plain.shifted)
                given = torch.tensor([[*before, *ids, *([plain.end] if plain.shifted else ())]])
                labels = torch.tensor([[*skipped, *ids, plain.end]])
                with torch.inference_mode():
                    fed = plain.fed(inputs_of(model, question, view.pictures[0]), given)
                    loss = loss_of(model, fed, labels)
                total = float(loss) * (len(ids) + 1)
                assert answer.token_count[k] == len(ids)
                assert abs(answer.log_likelihood[k] + answer.end_of_turn[k] + total) <= 1e-4


@labelled
def test_scores_depend_on_picture_and_question(case):
    model = tiny.load(case)
    seen, other = (read(model, views=[View((pixels,), ASKED[:1])])[0] for pixels in (PIXELS, OTHER))
    asked = read(model, views=[View((PIXELS,), (Question("what is it?", ASKED[0].options),))])[0]
    for reading in (other, asked):
        assert np.abs(reading.answers[0].log_likelihood - seen.answers[0].log_likelihood).max() > 1e-3


@labelled
def test_language_sites_are_the_decoders_before_and_over_the_answer(case):
    model, plain = tiny.load(case), LABELLED[case]
    assert model.towers["language"].kinds == ("context_last", "answer_mean", "answer_free", "answer_clean")
    wanted = [f"language.layers[*]:{kind}" for kind in ("context_last", "answer_mean")]
    (reading,) = read(model, *wanted)
    for k, (question, answer) in enumerate(zip(ASKED, reading.answers, strict=True)):
        ids, begun = answer_of(model, question.options[answer.choice]), plain.before(model, question)
        with torch.inference_mode():
            theirs = plain.states(model.module, inputs_of(model, question), torch.tensor([[*begun, *ids]]))
        theirs = torch.stack(theirs[:-1])[:, 0]  # the last has a final norm applied, where there is one
        before, over = (reading.states[f"language.layers-{kind}"].pooled[k] for kind in ("context_last", "answer_mean"))
        np.testing.assert_allclose(before[:-1], theirs[:, len(begun) - 1], atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(over[:-1], theirs[:, len(begun) :].mean(1), atol=1e-4, rtol=1e-4)


@labelled
def test_free_answers_are_what_generate_writes(case):
    model, plain = tiny.load(case), LABELLED[case]
    for pixels in (PIXELS, OTHER):
        (reading,) = read(model, views=[View((pixels,), ASKED)], max_new_tokens=6)
        with torch.inference_mode():
            settings = {"do_sample": False, "num_beams": 1, "no_repeat_ngram_size": 0, "max_new_tokens": 8}
            made = model.module.generate(**inputs_of(model, ASKED[1], pixels), **settings)[0].tolist()
        begun = plain.before(model, ASKED[1])
        assert made[: len(begun)] == begun
        new = made[len(begun) :][:6]
        written = new[: new.index(plain.end)] if plain.end in new else new
        assert reading.answers[1].text == model.processor.tokenizer.decode(written, skip_special_tokens=True).strip()


@labelled
def test_vision_runs_once_an_image_and_the_encoder_once_a_question(case):
    model, plain = tiny.load(case), LABELLED[case]
    tower = attrgetter(model.family.modules.vision)(model.module)
    vision, a = counted(next(each for each in tower.modules() if not [*each.children()]))
    encoded, b = counted(attrgetter(plain.encoder)(model.module))
    try:
        read(model, "vision.layers[0]:mean" if model.towers["vision"].layers else "vision:mean")
    finally:
        a.remove()
        b.remove()
    assert len(vision) == 1
    # the empty question, under which the image is read, is one more
    assert len(encoded) == (1 if plain.continues else 1 + len(ASKED))


def test_florences_maps_are_the_towers_last_and_the_projectors_behind_its_mean():
    model = tiny.load("florence2")
    (reading,) = read(model, "vision:patches", "projector:patches")
    pixels = process_image(model.blueprint, PIXELS)["pixel_values"]
    with torch.inference_mode():
        last = model.module.model.vision_tower(pixels).last_hidden_state[0]
        projected = model.module.get_image_features(pixels).pooler_output[0]
    assert reading.states["vision-patches"].grid == reading.states["projector-patches"].grid == (1, *last.shape[1:])
    np.testing.assert_allclose(reading.states["vision-patches"].tokens[0], last.flatten(1).T, atol=1e-5)
    assert len(projected) == 1 + 64
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], projected[1:], atol=1e-5)


def test_a_task_of_florence_is_asked_in_its_own_words():
    model = tiny.load("florence2")
    asked = [inputs_of(model, Question(text))["input_ids"] for text in ("<CAPTION>", "What does the image describe?")]
    assert torch.equal(*asked)
    ids = asked[0][0].tolist()
    assert (ids[65], ids[-1]) == (1, 2)  # <s> and </s> around the question, each once
    assert ids.count(1) == ids.count(2) == 1


@pytest.mark.parametrize("case", ["blip-2_t5", "instructblip_t5"])
def test_queries_are_projected_into_t5s_encoder(case):
    model = tiny.load(case)
    (reading,) = read(model, "projector:patches", "vision.layers[*]:cls")
    inputs = inputs_of(model, Question(""))
    del inputs["input_ids"], inputs["attention_mask"]
    with torch.inference_mode():
        features = model.module.get_image_features(**inputs).pooler_output[0]
        hidden = model.module.vision_model(inputs["pixel_values"], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], features, atol=1e-5)
    np.testing.assert_allclose(reading.states["vision.layers-cls"].pooled, torch.stack(hidden)[:, 0, 0], atol=1e-5)


@labelled
def test_the_slow_path_is_one_whole_forward_an_option(case):
    model = tiny.load(case)
    calls, handle = counted(model.module)
    try:
        (first, _) = options.score_reference(model, View((PIXELS,), ASKED))
    finally:
        handle.remove()
    assert len(calls) == sum(len(question.options) for question in ASKED)
    np.testing.assert_allclose(first.log_likelihood, read(model)[0].answers[0].log_likelihood, atol=1e-4)


def test_donut_is_asked_in_its_marks_and_scored_behind_them():
    model = tiny.load("donut")
    (reading,) = read(model, "vision:patches", "language.layers[*]:context_last")
    pixels = process_image(model.blueprint, PIXELS)["pixel_values"]
    words = model.processor.tokenizer
    ends = [words.convert_tokens_to_ids("</s_answer>"), words.eos_token_id]
    assert model.stop_ids == tuple(ends)
    with torch.inference_mode():
        last = model.module.encoder(pixels).last_hidden_state[0]
    assert reading.states["vision-patches"].grid == (1, 8, 6)
    np.testing.assert_allclose(reading.states["vision-patches"].tokens[0], last, atol=1e-5)
    for k, (question, answer) in enumerate(zip(ASKED, reading.answers, strict=True)):
        prompt = f"<s_docvqa><s_question>{question.text}</s_question><s_answer>"
        before = words(prompt, add_special_tokens=False)["input_ids"]
        for option, mine, end in zip(question.options, answer.log_likelihood, answer.end_of_turn, strict=True):
            ids = answer_of(model, option)
            given = torch.tensor([[*before, *ids]])
            with torch.inference_mode():
                output = model.module(pixel_values=pixels, decoder_input_ids=given, output_hidden_states=True)
            logits = output.logits[0, len(before) - 1 :].log_softmax(-1)
            assert abs(mine - sum(float(logits[i, token]) for i, token in enumerate(ids))) <= 1e-4
            assert abs(end - float(logits[-1, ends].logsumexp(0))) <= 1e-4
            states = torch.stack(output.decoder_hidden_states[:-1])[:, 0, len(before) - 1]
            mine = reading.states["language.layers-context_last"].pooled[k]
            np.testing.assert_allclose(mine[:-1], states, atol=1e-4, rtol=1e-4)


def test_a_donut_that_is_not_asked_questions_is_refused(tmp_path):
    path = shutil.copytree(tiny.checkpoint("donut"), tmp_path / "model")
    text = (path / "tokenizer.json").read_text()
    (path / "tokenizer.json").write_text(text.replace("<s_docvqa>", "<s_cord>"))
    settings = path / "tokenizer_config.json"
    settings.write_text(settings.read_text().replace("<s_docvqa>", "<s_cord>"))
    with pytest.raises(hooks.ModelError, match=r"not asked questions\. Use naver-clova-ix/donut-base-finetuned-docvqa"):
        hooks.blueprint(str(path), hooks.LoadOptions(device="cpu"))
