"""The vocabulary of the pocket models: byte-level BPE learned on the world's own texts, so that any text tokenises."""

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from probe.prompts import DESCRIBE, SAFETY, VERBOSITY_FIX, presence_question, render

from . import captions, questions, world
from .classes import ASKED, PAINT, WORDS

SIZE = 480
PAD, IMAGE, BOS, EOS = "<pad>", "<image>", "<s>", "</s>"
SPECIAL = (PAD, IMAGE, BOS, EOS)

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'USER: ' }}"
    "{% if message['content'] is string %}{{ '\n' + message['content'] }}"
    "{% else %}"
    "{% for item in message['content'] %}{% if item['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
    "{% for item in message['content'] %}"
    "{% if item['type'] == 'text' %}{{ '\n' + item['text'] }}{% endif %}{% endfor %}"
    "{% endif %}{{ '\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'ASSISTANT: ' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for item in message['content'] %}{{ item['text'] }}{% endfor %}{% endif %}{{ '</s>\n' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""The image first, `USER: <image>`; the question on the next line; then `ASSISTANT:`. Answers begin with a space."""

PREFIX, SUFFIX = "USER: ", "\nASSISTANT:"
"""What the template writes before the image and after the question."""


def context(question: str) -> str:
    """Everything between the image and the answer, as the chat template writes it."""
    return f"\n{question}{SUFFIX}"


def learn(scenes: int = 400, seed: int = 1) -> Tokenizer:
    """A byte-level BPE of `SIZE` tokens, learned on the texts that belong to the first scenes of a world."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(scenes, seed), trainer)
    return tokenizer


def for_chat(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """The tokenizer of the language models: adds nothing of its own, pads on the left."""
    return _wrap(tokenizer, padding_side="left")


def for_captions(tokenizer: Tokenizer, length: int) -> PreTrainedTokenizerFast:
    """The tokenizer of the CLIP text tower: `<s> text </s>`, cut at `length` tokens."""
    framed = Tokenizer.from_str(tokenizer.to_str())
    ids = [(BOS, framed.token_to_id(BOS)), (EOS, framed.token_to_id(EOS))]
    framed.post_processor = processors.TemplateProcessing(single=f"{BOS} $A {EOS}", special_tokens=ids)
    return _wrap(framed, padding_side="right", model_max_length=length)


def _wrap(tokenizer: Tokenizer, **settings: object) -> PreTrainedTokenizerFast:
    names = {"pad_token": PAD, "bos_token": BOS, "eos_token": EOS, "additional_special_tokens": [IMAGE]}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **{**names, **settings}
    )


def _corpus(scenes: int, seed: int) -> list[str]:
    lines = [DESCRIBE, SAFETY, VERBOSITY_FIX, "yes no left right not"] * 20
    for word in WORDS:
        lines += [f"{PREFIX}{context(presence_question(word))} yes", f" {word}, {word}s no", *captions.of_class(word)]
    lines += [f"What color is the {word}? {colour}" for word in ASKED for colour in PAINT]
    lines += [text for pair in captions.SAFETY for text in pair] * 5
    for index in range(scenes):
        known = questions.facts(world.render(seed, index))
        samples = questions.ask(known, np.random.default_rng([seed, index]), "")
        lines += [PREFIX + context(render(sample)) + f" {sample.answer}" for sample in samples]
        lines.append(" " + questions.description(known))
    return lines
