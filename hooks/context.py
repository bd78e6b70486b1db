"""The context that an answer continues: the rendered prompt of a question, and the token ids of answers after it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Blueprint


Ids = tuple[int, ...]

REMEMBERED = 4096
"""Texts whose rendering and token ids are remembered: all conditions of an image ask the same questions."""


DATE = "26 Jul 2024"
"""For templates that write today's date: the default of Llama 3's templates."""


SAME_DAY = (
    "{%- macro strftime_now(format) -%}{{ {'%d %b %Y': '26 Jul 2024', '%B %d, %Y': 'July 26, 2024', '%Y': '2024'}"
    ".get(format, '2024-07-26') }}{%- endmacro %}\n"
)
"""The same day for templates that call `strftime_now`, in the formats that they use."""


def placeholder(blueprint: Blueprint) -> str:
    """The text in a prompt that the processor replaces by an image."""
    named = blueprint.family.prompt.placeholder or getattr(blueprint.processor, "image_token", None) or "<image>"
    return str(getattr(named, "content", named))


def render(blueprint: Blueprint, text: str, *, pictures: int = 1) -> str:
    """The prompt with the pictures before the text, by the chat template where there is one, ready for the answer.

    With 0 `pictures` it is the same prompt without any. Raises ValueError where the text itself contains an image
    placeholder, which the processor would take for a further picture.
    """
    _check_placeholders(blueprint, "question", text)
    if not blueprint.chat:
        marks = placeholder(blueprint) * pictures
        return blueprint.family.prompt.plain.replace("{image}", marks).replace("{text}", text)
    template = blueprint.processor.chat_template
    used = template if isinstance(template, str) else template["default"]
    return _templated(blueprint.processor, used, text, pictures)


@lru_cache(maxsize=REMEMBERED)
def _templated(processor: Any, template: str, text: str, pictures: int) -> str:
    """A user's message by the processor's chat template, which is also the key under which it is remembered."""
    content = [{"type": "image"}] * pictures + [{"type": "text", "text": text}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False, **_undated(template)
    )


def _check_placeholders(blueprint: Blueprint, what: str, text: str) -> None:
    """Raise ValueError where a text contains the placeholder of a picture, a video or a sound."""
    named = (getattr(blueprint.processor, f"{kind}_token", None) for kind in ("image", "boi", "video", "audio"))
    marks = {str(getattr(mark, "content", mark)) for mark in named if mark} | {placeholder(blueprint)}
    if blueprint.kind == "generative":
        marks.add(blueprint.processor.tokenizer.convert_ids_to_tokens(blueprint.image_token))
    for mark in sorted(marks):
        if mark in text:
            raise ValueError(f"{what} {text!r} contains the image placeholder {mark!r}. Take it out.")


def _undated(template: str) -> dict[str, str]:
    """What keeps a chat template from writing today's date, so that a prompt is the same every day."""
    fixed = {}
    if "date_string" in template:  # what a template does not ask for the library warns about
        fixed["date_string"] = DATE
    if "strftime_now" in template:
        fixed["chat_template"] = SAME_DAY + template
    return fixed


def answer_ids(blueprint: Blueprint, text: str, answer: str) -> Ids:
    """The token ids by which an answer continues a rendered prompt.

    They are the ids of (prompt + space + answer) after those of the prompt, so that tokenizers that mark word starts
    see one; where these two do not share a prefix, (space + answer) is tokenised alone. No space where the prompt ends
    in white space or a special token. Empty where the answer is blank.
    """
    if not answer.strip():
        return ()
    return _continuation(blueprint.processor.tokenizer, text + blueprint.family.prompt.closing, answer)


def option_ids(blueprint: Blueprint, text: str, options: Sequence[str]) -> tuple[Ids, ...]:
    """`answer_ids` of each option; ValueError naming one that has no tokens or contains an image placeholder."""
    for option in options:
        _check_placeholders(blueprint, "option", option)
    made = tuple(answer_ids(blueprint, text, option) for option in options)
    for option, ids in zip(options, made, strict=True):
        if not ids:
            raise ValueError(f"option {option!r} of {options!r} tokenises to nothing. Give every option some text.")
    return made


@lru_cache(maxsize=REMEMBERED)
def token_ids(tokenizer: Any, text: str, special: bool) -> Ids:
    """The tokenizer's ids of a text, with its special tokens around them if `special`."""
    return tuple(tokenizer(text, add_special_tokens=special)["input_ids"])


@lru_cache(maxsize=REMEMBERED)
def _continuation(tokenizer: Any, text: str, answer: str) -> Ids:
    context = token_ids(tokenizer, text, False)
    bare = text[-1:].isspace() or (context and context[-1] in tokenizer.all_special_ids)
    answer = answer if bare else f" {answer}"
    joint = tuple(tokenizer(text + answer, add_special_tokens=False)["input_ids"])
    if joint[: len(context)] == context:
        return joint[len(context) :]
    return tuple(tokenizer(answer, add_special_tokens=False)["input_ids"])
