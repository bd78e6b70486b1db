"""What a model is: a blueprint before any weights are read, and the loaded model that forwards run on."""

from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import torch

from . import chat_template, quantization
from .chat_template import ChatTemplate
from .families import Family
from .load_options import LoadOptions
from .repeated_prompts import RepeatedPrompts
from .sites import Tower
from .state_kinds import KINDS, NORM, kinds_of


@dataclass(frozen=True)
class Blueprint:
    """A model before its weights are loaded: what its config and processor determine."""

    source: str
    options: LoadOptions
    directory: Path
    family: Family
    config: Any
    processor: Any
    device: str
    dtype: Literal["float32", "bfloat16", "float16"]
    revision: str | None

    @property
    def kind(self) -> Literal["generative", "contrastive"]:
        return self.family.kind

    @cached_property
    def towers(self) -> dict[str, Tower]:
        towers = self.family.tokens.towers(self.config)
        language = towers.get("language")
        if language is None or not self.family.modules.read_by_head:
            return towers
        kinds = kinds_of(NORM, without=[name for name in KINDS if name not in language.kinds])
        return {**towers, NORM: Tower(NORM, 0, language.features, kinds)}

    @cached_property
    def prompts(self) -> RepeatedPrompts:
        """The encodings of prompts that are shown again."""
        return RepeatedPrompts()

    @property
    def chat_template(self) -> ChatTemplate | None:
        """The chat template that prompts follow; None where the checkpoint has none, or by the option `plain`."""
        return None if self.options.plain else chat_template.of(self.processor)

    @property
    def quantization_conflict(self) -> str:
        """Why the weights are not quantised as the options ask; empty where they are."""
        return quantization.conflict(self.source, self.options, quantization.of_checkpoint(self.config))

    @property
    def image_token(self) -> int:
        """The input id at an image's positions."""
        return self.family.tokens.image_token(self.config)


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model: `module` computes, `tracer` (nnsight) looks inside; one thread at a time holds `lock`."""

    blueprint: Blueprint
    module: Any
    tracer: Any
    provenance: dict[str, Any]
    lock: Any = field(default_factory=Lock, repr=False)
    text_features: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)

    @property
    def source(self) -> str:
        return self.blueprint.source

    @property
    def family(self) -> Family:
        return self.blueprint.family

    @property
    def kind(self) -> Literal["generative", "contrastive"]:
        return self.blueprint.kind

    @property
    def towers(self) -> dict[str, Tower]:
        return self.blueprint.towers

    @property
    def config(self) -> Any:
        return self.blueprint.config

    @property
    def processor(self) -> Any:
        return self.blueprint.processor

    @property
    def dtype(self) -> Literal["float32", "bfloat16", "float16"]:
        return self.blueprint.dtype

    @property
    def device(self) -> torch.device:
        return torch.device(self.blueprint.device)

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """The token ids that end the model's turn."""
        if self.family.decoder and self.family.decoder.stop:
            return self.family.decoder.stop(self.config, self.processor)
        declared = getattr(self.generation, "eos_token_id", None)
        ids = self.processor.tokenizer.eos_token_id if declared is None else declared
        return tuple(ids) if isinstance(ids, list) else (ids,)

    @property
    def repetition_penalty(self) -> float:
        """The checkpoint's penalty on tokens that the sequence already has; 1 where it has none."""
        return getattr(self.generation, "repetition_penalty", None) or 1.0

    @property
    def generation(self) -> Any:
        """The generation config that the model's `generate` follows, None where it has none."""
        generator = attrgetter(path)(self.module) if (path := self.family.modules.generator) else self.module
        return getattr(generator, "generation_config", None)
