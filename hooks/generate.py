"""Greedy generation from the cache: the highest logit at each step, under the checkpoint's repetition penalty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .context import Ids
from .continuation import Sequences, extend
from .request import PaddingSide

if TYPE_CHECKING:
    from .model import Model


def greedy(
    model: "Model",
    contexts: Sequences,
    rows: Sequence[int],
    *,
    max_new_tokens: int,
    padding_side: PaddingSide = "right",
) -> list[Ids]:
    """The token ids that continue the chosen contexts, without the stop token, at most `max_new_tokens` each.

    Equals the model's own `generate(do_sample=False)` token for token. Of the logit processors that a generation config
    can ask for, only the repetition penalty is applied (no n-gram bans, no forced tokens).
    """
    stop = set(model.stop_ids)
    written: list[list[int]] = [[] for _ in rows]
    active = list(range(len(rows)))
    sequences, at = contexts, list(rows)
    for step in range(max_new_tokens):
        chosen = _penalised(sequences, at, model.repetition_penalty).argmax(-1).tolist()
        kept = [place for place, token in enumerate(chosen) if token not in stop]
        active = [active[place] for place in kept]
        for row, place in zip(active, kept, strict=True):
            written[row].append(chosen[place])
        if not active or step == max_new_tokens - 1:
            break
        grown = extend(
            model,
            sequences,
            [at[place] for place in kept],
            [(chosen[place],) for place in kept],
            padding_side=padding_side,
        )
        sequences, at = grown.sequences, list(range(len(kept)))
    return [tuple(ids) for ids in written]


def _penalised(sequences: Sequences, rows: Sequence[int], penalty: float) -> Tensor:
    """Logits (row, vocabulary) of the next token, lowered by the penalty for tokens that the sequence already has."""
    index = torch.tensor(rows, device=sequences.ids.device)
    logits = sequences.logits[index]
    if penalty == 1:
        return logits
    ids, real = sequences.ids[index], sequences.mask[index].to(logits)
    within = ids < logits.shape[1]  # some image tokens have ids beyond the vocabulary
    present = torch.zeros_like(logits).scatter_reduce_(1, ids * within, real * within, "amax") > 0
    return torch.where(present, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def text(model: "Model", ids: Ids) -> str:
    """Generated ids as text, without special tokens and surrounding white space."""
    return model.processor.tokenizer.decode(list(ids), skip_special_tokens=True).strip()
