"""Greedy generation from the cache: the highest logit at each step, under the checkpoint's repetition penalty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .context import Ids
from .continuation import Sequences, extend
from .lengths import longest
from .request import PaddingSide
from .tokenizing import TOKENIZING

if TYPE_CHECKING:
    from .model import Model


@dataclass(frozen=True)
class Written:
    """A free answer's token ids without the stop token; `cut` where it did not end before its limit."""

    ids: Ids
    cut: bool


def greedy(
    model: "Model",
    contexts: Sequences,
    rows: Sequence[int],
    *,
    max_new_tokens: Sequence[int],
    padding_side: PaddingSide = "right",
) -> list[Written]:
    """What continues the chosen contexts, each by at most its number of tokens and by no more than has positions.

    Equals the model's own `generate(do_sample=False)` token for token. Of the logit processors that a generation config
    can ask for, only the repetition penalty is applied (no n-gram bans, no forced tokens).
    """
    stop = set(model.stop_ids)
    room = longest(model.config.get_text_config()) - contexts.position[list(rows)]
    limits = [
        min(most, int(left)) for most, left in zip(max_new_tokens, room.clamp(max=max(max_new_tokens)), strict=True)
    ]
    written: list[list[int]] = [[] for _ in rows]
    active = [row for row, limit in enumerate(limits) if limit > 0]
    cut = set(range(len(rows)))
    sequences, at = contexts, [rows[row] for row in active]
    while active:
        chosen = _penalised(sequences, at, model.repetition_penalty).argmax(-1).tolist()
        cut -= {row for row, token in zip(active, chosen, strict=True) if token in stop}
        kept = [place for place, row in enumerate(active) if row in cut]
        for place in kept:
            written[active[place]].append(chosen[place])
        kept = [place for place in kept if len(written[active[place]]) < limits[active[place]]]
        active = [active[place] for place in kept]
        if not active:
            break
        tokens = [(chosen[place],) for place in kept]
        grown = extend(model, sequences, [at[place] for place in kept], tokens, padding_side=padding_side)
        sequences, at = grown.sequences, list(range(len(kept)))
    return [Written(tuple(ids), row in cut) for row, ids in enumerate(written)]


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
    with TOKENIZING:
        return model.processor.tokenizer.decode(list(ids), skip_special_tokens=True).strip()
