"""Control tokens in a user's text are read as text: those of the chat template alone control the model.

A text in which they are marked (`mark`) stays one string, through the chat template too. transformers reads what is
marked as text where it is told to (`sanitize_control_tokens`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from transformers.utils.chat_template_utils import mark_control_tokens

START, END = mark_control_tokens("x", re.compile("x")).split("x")


def mark(tokenizer: Any, text: str) -> str:
    """The text with a private character before and after each of the tokenizer's control tokens.

    Raises ValueError where the tokenizer cannot read a control token as text.
    """
    marked = mark_control_tokens(text, _pattern(tokenizer))
    if is_marked(marked) and getattr(tokenizer, "backend_tokenizer", None) is None:
        token = _pattern(tokenizer).search(text)
        raise ValueError(f"{text!r} contains the control token {token and token[0]!r}. Take it out.")
    return marked


def is_marked(text: str) -> bool:
    """Whether a text has a control token that is to be read as text."""
    return START in text


def unmarked(text: str) -> str:
    """The text as the user wrote it."""
    return text.replace(START, "").replace(END, "")


@lru_cache(maxsize=64)
def _pattern(tokenizer: Any) -> re.Pattern[str]:
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    tokens = sorted({*special, *tokenizer.all_special_tokens}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, tokens)) or "(?!)")
