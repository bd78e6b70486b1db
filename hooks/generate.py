"""Greedy generation from the cache: the highest logit at each step, after the checkpoint's repetition penalty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .context import Ids
from .continuation import PaddingSide, Sequences, extend

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

    Equals the model's own `generate(do_sample=False)` token for token. Of what a generation config can add to the
    logits, the repetition penalty is followed, the rest (n-gram bans, forced tokens ...) is not.
    """
    stop = set(model.stop_ids)
    made: list[list[int]] = [[] for _ in rows]
    going = list(range(len(rows)))
    sequences, at = contexts, list(rows)
    for step in range(max_new_tokens):
        chosen = _penalised(sequences, at, model.repetition_penalty).argmax(-1).tolist()
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
        sequences, at = grown.sequences, list(range(len(kept)))
    return [tuple(ids) for ids in made]


def _penalised(sequences: Sequences, rows: Sequence[int], penalty: float) -> Tensor:
    """Logits (row, vocabulary) of the next token, those of tokens that are there already made less likely."""
    index = torch.tensor(rows, device=sequences.ids.device)
    logits = sequences.logits[index]
    if penalty == 1:
        return logits
    ids, real = sequences.ids[index], sequences.mask[index].to(logits)
    within = ids < logits.shape[1]  # some image tokens lie behind the vocabulary
    seen = torch.zeros_like(logits).scatter_reduce_(1, ids * within, real * within, "amax") > 0
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def text(model: "Model", ids: Ids) -> str:
    """Generated ids as text, without special tokens and surrounding white space."""
    return model.processor.tokenizer.decode(list(ids), skip_special_tokens=True).strip()


def _kept(made: list[int], token: int, stop: set[int]) -> bool:
    if token in stop:
        return False
    made.append(token)
    return True
