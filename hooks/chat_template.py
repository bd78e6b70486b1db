"""A checkpoint's chat template, and what it makes of pictures and a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from .bounded_templates import TemplateTakesTooMuch, bounded
from .library_errors import in_one_line
from .remembered import remembered

DATE = "26 Jul 2024"
"""For templates that write today's date: the default of Llama 3's templates."""

SAME_DAY = (
    "{%- macro strftime_now(format) -%}{{ {'%d %b %Y': '26 Jul 2024', '%B %d, %Y': 'July 26, 2024', '%Y': '2024'}"
    ".get(format, '2024-07-26') }}{%- endmacro %}\n"
)
"""The same day for templates that call `strftime_now`, in the formats that they use."""


_ENDLESS: dict[ChatTemplate, str] = {}
"""Templates that took too much once, and why: they are not tried with each further question."""


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template, the part of the checkpoint that it belongs to, and its name among several."""

    text: str
    owner: Literal["processor", "tokenizer"]
    name: str = "default"


def of(processor: Any) -> ChatTemplate | None:
    """The processor's template, else its tokenizer's; None where the checkpoint has none.

    Raises ValueError where there are several and none is the default, and where it is no text.
    """
    return _first(processor, "processor") or _first(getattr(processor, "tokenizer", None), "tokenizer")


def _first(holder: Any, owner: Literal["processor", "tokenizer"]) -> ChatTemplate | None:
    found = getattr(holder, "chat_template", None)
    named = cast(Mapping[str, str], found) if isinstance(found, Mapping) else {}
    if not all(isinstance(each, str) for each in named.values() or [found or ""]):
        raise ValueError(
            f"the chat template of the {owner} is no text. Give it one, or prompt without template (--plain)."
        )
    if not named:
        return ChatTemplate(str(found), owner) if found else None
    if len(named) > 1 and "default" not in named:
        raise ValueError(
            f"the {owner} has chat templates named {', '.join(named)}, and none named default. Name one of them "
            "'default', or prompt without template (--plain)."
        )
    name = "default" if "default" in named else next(iter(named), "")
    return ChatTemplate(named[name], owner, name) if name else None


@remembered
def rendered(processor: Any, template: ChatTemplate, text: str, pictures: int, placeholder: str) -> str:
    """A user's message with pictures before the text, ready for the answer.

    Templates take a message as a list of parts or as one text; in a text, pictures are their placeholders. Raises
    ValueError where the template writes neither the pictures nor the text, or fails.
    """
    if (reason := _ENDLESS.get(template)) is not None:
        raise ValueError(_unusable(template, reason))
    parts = [{"type": "image"}] * pictures + [{"type": "text", "text": text}]
    message = f"{placeholder * pictures}\n{text}" if pictures else text
    reason = "it does not write the question and its pictures"
    for content in (parts, message):
        try:
            written = _applied(processor, template, content)
        except TemplateTakesTooMuch as error:
            reason = _ENDLESS[template] = str(error)
            break
        except Exception as error:  # a template is a program
            reason = in_one_line(error)
            continue
        if _holds(written, text, pictures, placeholder):
            return written
    raise ValueError(_unusable(template, reason))


def _unusable(template: ChatTemplate, reason: str) -> str:
    return (
        f"the chat template of the {template.owner} cannot be used: {reason}. Give the checkpoint a template for "
        "pictures, or prompt without template (--plain)."
    )


def _applied(processor: Any, template: ChatTemplate, content: Any) -> str:
    with bounded(len(str(content))):
        return processor.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=_undated(template.text),
            add_generation_prompt=True,
            tokenize=False,
            **({"date_string": DATE} if "date_string" in template.text else {}),  # the library warns of unused ones
        )


def _holds(written: str, text: str, pictures: int, placeholder: str) -> bool:
    """Whether a prompt has the text as it is and the placeholder of each picture, and no list of parts as Python."""
    listed = written.count("'type':") > text.count("'type':")
    return text.strip() in written and written.count(placeholder) == pictures and not listed


def _undated(template: str) -> str:
    """The template with a fixed day for today, so that a prompt is the same every day."""
    return SAME_DAY + template if "strftime_now" in template else template
