"""A tokenizer must be that of the model: its ids have rows in the embedding, and it tells words apart."""

from __future__ import annotations

import json
from collections import Counter
from math import inf
from typing import TYPE_CHECKING, Any

from .provenance import ModelError

if TYPE_CHECKING:
    from .model import Blueprint, Model

WORDS = "a bus is on the road: yes or no, 1 or 2?"


def check_generation(model: Model) -> None:
    """Raise ModelError where the tokens that end a text are none of the model's, or its penalty is no number."""
    words = model.module.config.get_text_config().vocab_size
    wrong = [each for each in model.stop_ids if type(each) is not int or not 0 <= each < words]
    if model.kind == "generative" and (wrong or not model.stop_ids):
        raise ModelError(
            f"model {model.source!r}: its generation_config.json ends texts at {wrong or 'no token'}, and its words "
            f"have the numbers 0 to {words - 1}. Mend eos_token_id."
        )
    penalty = model.repetition_penalty
    if isinstance(penalty, bool) or not isinstance(penalty, int | float) or not 0 < penalty < inf:
        raise ModelError(
            f"model {model.source!r}: its generation_config.json has the repetition_penalty {penalty!r}. Give a number "
            "above 0, or leave it out."
        )


def check_vocabulary(blueprint: Blueprint, module: Any) -> None:
    """Raise ModelError where a tokenizer's words have no row in the embedding, share an id, or are all unknown.

    Tokens that were added to a vocabulary may lie behind the last row: not every one of them is a word of the model.
    """
    tokenizer = blueprint.processor.tokenizer
    named = f"model {blueprint.source!r}: its tokenizer ({blueprint.directory / 'tokenizer.json'})"
    added = {str(token) for token in tokenizer.get_added_vocab()}
    ids = {token: key for token, key in tokenizer.get_vocab().items() if token not in added}
    rows = _rows(module)
    highest = max(ids, key=lambda token: ids[token], default=None)
    if highest is not None and rows is not None and ids[highest] >= rows:
        raise ModelError(
            f"{named} gives {highest!r} the id {ids[highest]}, and the model has {rows} words. "
            "Take the tokenizer that belongs to the weights."
        )
    if shared := next((key for key, count in Counter(ids.values()).items() if count > 1), None):
        twice = [token for token, key in ids.items() if key == shared]
        raise ModelError(
            f"{named} gives {' and '.join(map(repr, twice[:2]))} one id, {shared}. Take the checkpoint anew."
        )
    read = set(tokenizer(WORDS, add_special_tokens=False)["input_ids"])
    if read <= {tokenizer.unk_token_id}:
        raise ModelError(f"{named} knows none of the words {json.dumps(WORDS)}. Take the checkpoint anew.")


def _rows(module: Any) -> int | None:
    """Rows of the embedding of texts, None where the model does not show one."""
    for part in (module, getattr(module, "text_model", None), getattr(module, "language_model", None)):
        try:
            embedding = part.get_input_embeddings() if part is not None else None
        except (NotImplementedError, AttributeError):
            continue
        if (rows := getattr(embedding, "num_embeddings", None)) is not None:
            return int(rows)
    return None
