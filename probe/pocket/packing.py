"""Many questions behind one picture in a single sequence, so that the picture is read once.

The prefix `USER: <image>` comes first; every segment (a question with its answer) sees the prefix and itself alone, and
its positions go on from the prefix. Each segment thus gets exactly the states that it would get by itself.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from . import tokenizer as vocabulary
from .models import PATCHES

_PREFIX, _PADDING = -1, -2


@dataclass(frozen=True)
class Segment:
    """A question with an answer, as token ids; `weight` is that of each of its answer tokens in the loss."""

    question: tuple[int, ...]
    answer: tuple[int, ...]
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.question) + len(self.answer)


@dataclass(frozen=True)
class Packed:
    """One row per picture.

    `ids`, `position` and `owner` (row, token): token ids, positions, and which segment a token belongs to.
    `target` and `weight` (row, token): the answer token that each token should predict (-100: none) and its weight.
    """

    ids: Tensor
    position: Tensor
    owner: Tensor
    target: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "Packed":
        """The same on another device."""
        return Packed(*(getattr(self, name).to(device) for name in ("ids", "position", "owner", "target", "weight")))

    def mask(self) -> Tensor:
        """(row, 1, token, token), true where a token may look."""
        mine, theirs = self.owner[:, :, None], self.owner[:, None, :]
        length = self.ids.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=self.ids.device).tril()
        return (causal & ((theirs == mine) | (theirs == _PREFIX)))[:, None]


@dataclass
class Packer:
    """Turns texts into segments and segments into rows."""

    words: Tokenizer
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def encode(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, remembered."""
        if text not in self._known:
            self._known[text] = tuple(self.words.encode(text).ids)
        return self._known[text]

    def segment(self, question: str, answer: str, weight: float = 1.0, *, ends: bool = True) -> Segment:
        """A question with its answer, closed by the end token unless `ends` is false (for scoring options)."""
        end = (vocabulary.SPECIAL.index(vocabulary.EOS),) if ends else ()
        return Segment(self.encode(vocabulary.context(question)), self.encode(f" {answer}") + end, weight)

    def pack(self, rows: list[list[Segment]], length: int | None = None, *, pictures: bool = True) -> Packed:
        """Rows of one length: `length` tokens after the prefix, or what the longest row needs.

        Segments for which a row has no more room are left out. Without `pictures` the prefix is `USER: ` alone.
        """
        image = [vocabulary.SPECIAL.index(vocabulary.IMAGE)] * PATCHES if pictures else []
        prefix = [*self.encode(vocabulary.PREFIX), *image]
        room = length or max(sum(len(segment) for segment in row) for row in rows)
        shape = (len(rows), len(prefix) + room)
        ids = np.zeros(shape, np.int64)
        position = np.tile(np.arange(shape[1]), (shape[0], 1))
        owner = np.full(shape, _PADDING)
        target, weight = np.full(shape, -100), np.zeros(shape, np.float32)
        ids[:, : len(prefix)], owner[:, : len(prefix)] = prefix, _PREFIX
        for row, segments in enumerate(rows):
            at = len(prefix)
            for number, segment in enumerate(segments):
                if at + len(segment) > shape[1]:
                    continue
                end, turn = at + len(segment), at + len(segment.question)
                ids[row, at:end] = segment.question + segment.answer
                position[row, at:end] = len(prefix) + np.arange(len(segment))
                owner[row, at:end] = number
                target[row, turn - 1 : end - 1] = segment.answer
                weight[row, turn - 1 : end - 1] = segment.weight
                at = end
        return Packed(*(torch.from_numpy(array) for array in (ids, position, owner, target, weight)))


class Reader(nn.Module):
    """Runs a LLaVA model over packed rows."""

    def __init__(self, model: LlavaForConditionalGeneration, tower: nn.Module | None = None) -> None:
        super().__init__()
        self.model = model
        self.tower = model.model.vision_tower if tower is None else tower
        self._image = vocabulary.SPECIAL.index(vocabulary.IMAGE)

    def patches(self, pixels: Tensor) -> Tensor:
        """(scene, patch, feature) states of the vision tower, class token off."""
        return self.tower(pixels).last_hidden_state[:, 1:]

    def forward(self, patches: Tensor | None, packed: Packed) -> Tensor:
        """Log-likelihood in nats of every answer token, in the order of `packed.target`'s valid places."""
        inner = self.model.model
        embedded = inner.language_model.get_input_embeddings()(packed.ids)
        if patches is not None:
            seen = inner.multi_modal_projector(patches).to(embedded.dtype)
            first = int((packed.ids[0] == self._image).nonzero()[0])
            embedded = torch.cat([embedded[:, :first], seen, embedded[:, first + seen.shape[1] :]], dim=1)
        states = inner.language_model(
            inputs_embeds=embedded, attention_mask=packed.mask(), position_ids=packed.position, use_cache=False
        ).last_hidden_state
        answered = packed.target >= 0
        logits = self.model.lm_head(states[answered]).float()
        return -functional.cross_entropy(logits, packed.target[answered], reduction="none")

    def segments(self, patches: Tensor | None, packed: Packed, most: int) -> Tensor:
        """(row, segment) summed log-likelihood in nats of each answer; `most` segments, 0 where there is none."""
        answered = packed.target >= 0
        row = torch.arange(len(packed.ids), device=packed.ids.device)[:, None].expand_as(packed.ids)[answered]
        slot = row * most + packed.owner[answered]
        sums = torch.zeros(len(packed.ids) * most, device=packed.ids.device)
        return sums.index_add(0, slot, self(patches, packed)).view(-1, most)
