"""The reader of models that are loaded here, generative and contrastive ones, through `hooks`."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import hooks
from stores import Unit

from .. import models
from ..errors import PlanError
from ..prompts import PromptName
from ..sample import Dataset, Sample
from .asking import KINDS, Asking
from .reader import Attention, Encoded, Grid, Place, Sizes

if TYPE_CHECKING:
    from hooks import Blueprint, EncodedView, LoadOptions, Model, Question, Reading, Site, Tower, View
    from hooks.request import Reduce

_NO_TEXT = "compares captions with images and writes no text"


@dataclass(frozen=True)
class _Kind:
    """What differs between the kinds of models, beside how they are asked."""

    default_sites: tuple[str, ...]
    cannot: Mapping[str, str]
    prompt_text: "Callable[[Blueprint, str, tuple[str, ...], int], str]"


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "generative": _Kind(
            ("vision.layers[{read}]:patches", "projector:patches", "language.layers[-1]:context_last"),
            {},
            lambda blueprint, text, options, pictures: hooks.prompt_text(blueprint, text, pictures=pictures),
        ),
        "contrastive": _Kind(
            ("vision.layers[-1]:patches", "vision:pooled"),
            {"free_answers": _NO_TEXT, "forms": _NO_TEXT},
            lambda blueprint, text, options, pictures: "\n".join(options),
        ),
    }
)


@dataclass(frozen=True)
class LocalReader:
    """A model that is loaded here, by its blueprint."""

    blueprint: "Blueprint"

    @property
    def name(self) -> str:
        return self.blueprint.source

    @property
    def kind(self) -> Asking:
        return KINDS[self.blueprint.kind]

    @property
    def cannot(self) -> Mapping[str, str]:
        return _KINDS[self.blueprint.kind].cannot

    @property
    def without_picture(self) -> str:
        family = self.blueprint.family
        return "" if family.text_only else f"models of family {family.name} cannot be asked without an image"

    @property
    def without_other_dtype(self) -> str:
        from hooks import data_types

        return data_types.unavailable(self.blueprint)

    @property
    def towers(self) -> "Mapping[str, Tower]":
        return self.blueprint.towers

    @property
    def attention(self) -> Attention:
        from hooks import image_attention

        reason = image_attention.unavailable(self.blueprint)
        if reason:
            return Attention(reason)
        return Attention("", image_attention.heads(self.blueprint), image_attention.grid_tower(self.blueprint))

    @property
    def default_sites(self) -> Sequence[str]:
        from hooks.sites import usual

        read = self.blueprint.family.tokens.features_from(self.blueprint.config)
        texts = [site.format(read=read) for site in _KINDS[self.blueprint.kind].default_sites]
        if "vision" not in self.towers:  # its language model sees the pixels
            texts.append("language.layers[-1]:image")
        return usual(texts, self.towers)

    @property
    def dtype(self) -> str:
        return self.blueprint.dtype

    @property
    def resizes(self) -> bool:
        return self.blueprint.family.resizes

    @property
    def sees(self) -> bool:
        return True

    @property
    def scores(self) -> bool:
        return True

    def identity(self) -> dict[str, Any]:
        blueprint, template = self.blueprint, self.blueprint.chat_template
        return {
            "family": blueprint.family.name,
            "kind": blueprint.kind,
            "dtype": blueprint.dtype,
            "chat_template": template and f"{template.owner} {template.name}",
            "revision": blueprint.revision,
            "config": sha256((blueprint.directory / "config.json").read_bytes()).hexdigest()[:16],
        }

    def inputs(self) -> dict[str, Any]:
        from hooks import identity

        return identity.inputs_of(self.blueprint)

    def prompt_text(self, sample: Sample, prompt: PromptName | None, *, pictures: int) -> str:
        text, options = self.kind.asked(sample, prompt)
        return _KINDS[self.blueprint.kind].prompt_text(self.blueprint, text, options, pictures)

    def grids(self, sizes: Sizes) -> Mapping[str, Sequence[Grid]]:
        return hooks.view_grids(self.blueprint, sizes)

    def effort(self, dataset: Dataset, conditions: int) -> dict[str, str]:
        once = len(dataset.images) * conditions
        naive = sum(max(1, len(sample.options)) for sample in dataset.samples) * conditions
        return {"vision forwards": f"{once:,}; one per option takes {naive:,} ({naive - once:,} saved)"}

    def require_here(self) -> None:
        hooks.devices.require(self.blueprint.device)

    def open(self, run: Path) -> "OpenLocalReader":
        return OpenLocalReader(self, load(self.blueprint))


@dataclass(frozen=True)
class OpenLocalReader:
    """A model with its weights."""

    reader: LocalReader
    model: "Model"

    @property
    def provenance(self) -> dict[str, Any]:
        return self.model.provenance

    def images_at_once(self, batch_size: int) -> int:
        return batch_size

    def check(self, question: "Question") -> None:
        hooks.capture.check_question(self.model, question)

    def encode(self, view: "View", place: Place) -> "EncodedView":
        return hooks.capture.encode(self.model, view)

    def read(
        self,
        views: Sequence[Encoded],
        sites: "Sequence[Site]",
        *,
        batch_size: int,
        keep_tokens: frozenset[str],
        reduce: "Reduce | None",
        end_of_turn: bool,
        way: str,
    ) -> "list[Reading]":
        given = [view for view in views if isinstance(view, hooks.EncodedView)]  # which are all its own
        settings: dict[str, Any] = {
            "batch_size": batch_size,
            "keep_tokens": keep_tokens,
            "reduce": reduce,
            "padding_side": "left" if way == "padding" else "right",
            "end_of_turn": end_of_turn,
        }
        if way == "dtype":
            return hooks.data_types.read(self.model, given, sites, **settings)
        with hooks.attention.other_kernel(self.model) if way == "attention" else nullcontext():
            return hooks.capture.read(self.model, given, sites, **settings)

    def committed(self, unit: Unit) -> None:
        """Nothing is kept for a unit."""

    def close(self) -> None:
        """Its memory is free once nobody has it any more."""


def describe(model: str, options: "LoadOptions") -> LocalReader:
    """The reader of a model; no weights are read.

    Raises PlanError where its weights come in another quantisation than the options ask for.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is quantised already")  # refused, for the plan would say otherwise
        made = hooks.blueprint(models.source(model), options)
    if made.quantization_conflict:
        raise PlanError(made.quantization_conflict)
    return LocalReader(made)


def load(blueprint: "Blueprint") -> "Model":
    """Load the weights of a blueprint's model."""
    import transformers

    transformers.utils.logging.disable_progress_bar()  # it would run into the bar of the extraction
    return hooks.load(blueprint)
