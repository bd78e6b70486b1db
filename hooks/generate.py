"""Greedy generation from the cache: the highest logit at each step, nothing else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from .context import Ids
from .continuation import PaddingSide, Sequences, extend

if TYPE_CHECKING:
    from .loading import Model


def greedy(
    model: "Model",
    contexts: Sequences,
    rows: Sequence[int],
    *,
    max_new_tokens: int,
    padding_side: PaddingSide = "right",
) -> list[Ids]:
    """The token ids that continue the chosen contexts, without the stop token, at most `max_new_tokens` each.

    Equals the model's own `generate(do_sample=False)` token for token, where its generation config adds no penalties.
    """
    stop = set(model.stop_ids)
    made: list[list[int]] = [[] for _ in rows]
    going = list(range(len(rows)))
    sequences, logits = contexts, contexts.logits[torch.tensor(rows, device=model.device)]
    at = list(rows)
    for step in range(max_new_tokens):
        chosen = logits.argmax(-1).tolist()
        going = [row for row, token in zip(going, chosen, strict=True) if _kept(made[row], token, stop)]
        kept = [place for place, token in enumerate(chosen) if token not in stop]
        if not going or step == max_new_tokens - 1:
            break
        grown = extend(
            model,
            sequences,
            [at[place] for place in kept],
            [(chosen[place],) for place in kept],
            padding_side=padding_side,
        )
        sequences, logits, at = grown.sequences, grown.sequences.logits, list(range(len(kept)))
    return [tuple(ids) for ids in made]


def text(model: "Model", ids: Ids) -> str:
    """Generated ids as text, without special tokens and surrounding white space."""
    return model.processor.tokenizer.decode(list(ids), skip_special_tokens=True).strip()


def _kept(made: list[int], token: int, stop: set[int]) -> bool:
    if token in stop:
        return False
    made.append(token)
    return True
