"""The context that an answer continues: the rendered prompt of a question, and the token ids of answers after it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import chat_template, control_tokens
from .remembered import remembered
from .tokenizing import TOKENIZING

if TYPE_CHECKING:
    from .model import Blueprint


Ids = tuple[int, ...]


def placeholder(blueprint: Blueprint) -> str:
    """The text in a prompt that the processor replaces by an image."""
    named = blueprint.family.prompt.placeholder or getattr(blueprint.processor, "image_token", None) or "<image>"
    return str(getattr(named, "content", named))


def render(blueprint: Blueprint, text: str, *, pictures: int = 1) -> str:
    """The prompt with the pictures before the text, by the chat template where there is one, ready for the answer.

    With 0 `pictures` it is the same prompt without any. Control tokens in the text are marked, to be read as text
    (`control_tokens.unmarked` gives it without marks). A prompt without template does not end in spaces: an answer
    begins with one. Raises ValueError where the text itself contains an image placeholder, which the processor would
    take for a further picture, and where the template cannot be used.
    """
    _check_placeholders(blueprint, "question", text)
    marked = control_tokens.mark(blueprint.processor.tokenizer, text)
    template = blueprint.chat_template
    if template is None:
        shown = placeholder(blueprint) * pictures
        written = blueprint.family.prompt.plain.replace("{image}", shown).replace("{text}", marked)
        return written.rstrip(" ")
    return chat_template.rendered(blueprint.processor, template, marked, pictures, placeholder(blueprint))


def prompt_text(blueprint: Blueprint, text: str, *, pictures: int = 1) -> str:
    """The rendered prompt as a person reads it, with the placeholder of each picture. Raises what `render` raises."""
    return control_tokens.unmarked(render(blueprint, text, pictures=pictures))


def _check_placeholders(blueprint: Blueprint, what: str, text: str) -> None:
    """Raise ValueError where a text contains the placeholder of a picture, a video or a sound."""
    named = (getattr(blueprint.processor, f"{kind}_token", None) for kind in ("image", "boi", "video", "audio"))
    marks = {str(getattr(mark, "content", mark)) for mark in named if mark} | {placeholder(blueprint)}
    if blueprint.kind == "generative" and blueprint.image_token >= 0:
        marks.add(blueprint.processor.tokenizer.convert_ids_to_tokens(blueprint.image_token))
    for mark in sorted(marks):
        if mark in text:
            raise ValueError(f"{what} {text!r} contains the image placeholder {mark!r}. Take it out.")


def answer_ids(blueprint: Blueprint, text: str, answer: str) -> Ids:
    """The token ids by which an answer continues a rendered prompt.

    They are the ids of (prompt + space + answer) after those of the prompt, so that tokenizers that mark word starts
    see one; where these two do not share a prefix, (space + answer) is tokenised alone. No space where the prompt ends
    in white space or a special token. A decoder that answers in a text of its own: the ids of the answer alone. Empty
    where the answer is blank.
    """
    if not answer.strip():
        return ()
    tokenizer, answer = blueprint.processor.tokenizer, control_tokens.mark(blueprint.processor.tokenizer, answer)
    if blueprint.family.decoder and blueprint.family.decoder.apart:
        return token_ids(tokenizer, answer.strip(), False)
    return _continuation(tokenizer, text + blueprint.family.prompt.closing, answer)


def option_ids(blueprint: Blueprint, text: str, options: Sequence[str]) -> tuple[Ids, ...]:
    """`answer_ids` of each option.

    Raises ValueError naming an option that has no tokens, has white space at its ends or contains an image placeholder,
    and two that have the same tokens.
    """
    for option in options:
        _check_placeholders(blueprint, "option", option)
    made = tuple(answer_ids(blueprint, text, option) for option in options)
    check_distinct(options, made)
    return made


def check_distinct(options: Sequence[str], ids: Sequence[Ids]) -> None:
    """Raise ValueError unless every option has tokens of its own, by which it can be scored."""
    first: dict[Ids, str] = {}
    for option, own in zip(options, ids, strict=True):
        if not own:
            raise ValueError(f"option {option!r} of {options!r} tokenises to nothing. Give every option some text.")
        if option != option.strip():
            raise ValueError(f"option {option!r} begins or ends with white space. Remove it.")
        if own in first:
            raise ValueError(
                f"options {first[own]!r} and {option!r} have the same tokens: the model cannot tell them apart. "
                "Word one of them otherwise."
            )
        first[own] = option


@remembered
def token_ids(tokenizer: Any, text: str, special: bool) -> Ids:
    """The tokenizer's ids of a text, whole, with its special tokens around it if `special`."""
    with TOKENIZING:
        if not control_tokens.is_marked(text):
            return tuple(tokenizer(text, add_special_tokens=special)["input_ids"])
        before, after = added_around(tokenizer) if special else ((), ())
        inside = tokenizer(text, add_special_tokens=False, sanitize_control_tokens=True)["input_ids"]
        return (*before, *inside, *after)


@lru_cache(maxsize=64)
def added_around(tokenizer: Any) -> tuple[Ids, Ids]:
    """The ids of the special tokens that a tokenizer adds before a text and after it."""
    bare, whole = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (False, True))
    start = next((k for k in range(len(whole) - len(bare) + 1) if whole[k : k + len(bare)] == bare), 0)
    return tuple(whole[:start]), tuple(whole[start + len(bare) :])


def continuation(blueprint: Blueprint, text: str, answer: str) -> tuple[Ids, Ids]:
    """The token ids by which an answer can continue a rendered prompt: without a space, and after one."""
    tokenizer, answer = blueprint.processor.tokenizer, control_tokens.mark(blueprint.processor.tokenizer, answer)
    if blueprint.family.decoder and blueprint.family.decoder.apart:
        return token_ids(tokenizer, answer, False), token_ids(tokenizer, f" {answer}", False)
    context = text + blueprint.family.prompt.closing
    return _joined(tokenizer, context, answer), _joined(tokenizer, context, f" {answer}")


@remembered
def _continuation(tokenizer: Any, text: str, answer: str) -> Ids:
    context = token_ids(tokenizer, text, False)
    bare = text[-1:].isspace() or (context and context[-1] in tokenizer.all_special_ids)
    return _joined(tokenizer, text, answer if bare else f" {answer}")


@remembered
def _joined(tokenizer: Any, text: str, answer: str) -> Ids:
    context = token_ids(tokenizer, text, False)
    joint = token_ids(tokenizer, text + answer, False)
    if joint[: len(context)] == context:
        return joint[len(context) :]
    return token_ids(tokenizer, answer, False)
