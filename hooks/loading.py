"""From a local directory or a hub id to a model that can be read: first its blueprint, then its weights."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from nnsight import NNsight

from . import quantization
from .check import check
from .context import image_grids
from .families import ELSEWHERE, FAMILIES, Family, find, generic
from .processors import load_processor
from .provenance import ModelError, commit, locate, processor_hash, weights_hash
from .reading import Grid
from .sites import Tower

__all__ = ["Blueprint", "LoadOptions", "Model", "ModelError", "blueprint", "load"]


@dataclass(frozen=True)
class LoadOptions:
    """How to load. `dtype` "auto" is the checkpoint's own, but float32 on a CPU, which is slow and coarse in 16 bits.

    `quantize` keeps the weights in 4 (nf4) or 8 bits and computes in `dtype`; `double_quantization` also quantises
    nf4's scales. `visual_tokens` caps an image's tokens in families that allow it. `plain` prompts without the chat
    template, as base models want it. Remote code is never run unless `trust_remote_code`.
    """

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    quantize: Literal["nf4", "int8"] | None = None
    double_quantization: bool = False
    revision: str | None = None
    visual_tokens: int | None = None
    plain: bool = False
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Blueprint:
    """What a model will be, from its config and processor alone: no weights have been touched."""

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
        return self.family.towers(self.config)

    @property
    def chat(self) -> bool:
        """Whether prompts follow the checkpoint's chat template."""
        return not self.options.plain and getattr(self.processor, "chat_template", None) is not None

    @property
    def image_token(self) -> int:
        """The input id that stands at an image's positions."""
        return self.family.image_token(self.config)

    def image_grids(self, height: int, width: int) -> dict[str, Grid]:
        """The (tiles, rows, columns) that an image of this size becomes, per tower that has its tokens.

        Raises ValueError for a size that the processor or the family cannot take.
        """
        try:
            grids = image_grids(self, height, width)
        except (ValueError, RuntimeError, ArithmeticError) as error:
            raise ValueError(f"{self.family.name} cannot take a picture of {width}x{height} px: {error}") from error
        if empty := [tower for tower, grid in grids.items() if 0 in grid]:
            told = f"it has no token in {', '.join(empty)}"
            raise ValueError(f"{self.family.name} cannot take a picture of {width}x{height} px: {told}")
        return grids


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
        declared = getattr(self.generation, "eos_token_id", None)
        ids = self.processor.tokenizer.eos_token_id if declared is None else declared
        return tuple(ids) if isinstance(ids, list) else (ids,)

    @property
    def repetition_penalty(self) -> float:
        """By how much the checkpoint makes tokens less likely that are there already; 1 where it does not."""
        return getattr(self.generation, "repetition_penalty", None) or 1.0

    @property
    def generation(self) -> Any:
        """The generation config that the model's `generate` follows, None where it has none."""
        generator = attrgetter(path)(self.module) if (path := self.family.generator) else self.module
        return getattr(generator, "generation_config", None)


def blueprint(source: str, options: LoadOptions = LoadOptions()) -> Blueprint:
    """Find a model and say what it is, before any weights are read.

    Raises ModelError where it cannot be found, fits no family, or the options do not suit it.
    """
    if options.double_quantization and options.quantize != "nf4":
        raise ModelError(f"double quantisation is of nf4's scales, and quantize is {options.quantize}. Ask for nf4.")
    directory = locate(source, options.revision, weights=False, code=options.trust_remote_code)
    settings = json.loads((directory / "config.json").read_text())
    if (advice := ELSEWHERE.get(settings.get("model_type", ""))) and find(settings) is None:
        raise ModelError(f"model {source!r} is of model_type {settings['model_type']!r}. {advice}")
    trust = {"local_files_only": True, "trust_remote_code": options.trust_remote_code}
    with _refused(source):
        config = transformers.AutoConfig.from_pretrained(directory, **trust)
    family = find(settings) or _by_structure(source, config)
    with _refused(source):
        processor = load_processor(directory, **trust, **family.processor_settings)
    if reason := family.refuses(config, processor):
        raise ModelError(f"model {source!r} cannot be read: {reason}")
    _set_visual_tokens(family, config, processor, options.visual_tokens)
    device = _device(options.device)
    dtype = _dtype(options.dtype, config, device)
    return Blueprint(source, options, directory, family, config, processor, device, dtype, commit(directory))


def load(source: str, options: LoadOptions = LoadOptions()) -> Model:
    """Load a model for reading: safetensors only, evaluation mode, no gradients.

    Raises ModelError where `blueprint` does, where there are no safetensors, or where weights are missing from them.
    """
    plan = blueprint(source, options)
    directory = locate(source, options.revision, weights=True, code=options.trust_remote_code)
    weights = weights_hash(directory)
    hashed = processor_hash(plan.processor)
    settings: dict[str, Any] = {
        "config": plan.config,
        "dtype": getattr(torch, plan.dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": options.trust_remote_code,
        "output_loading_info": True,
    }
    if options.quantize:
        settings |= {"quantization_config": quantization.config(options, plan.dtype), "device_map": {"": plan.device}}
    try:
        with _quiet():
            module, info = getattr(transformers, plan.family.auto_class).from_pretrained(directory, **settings)
    except OSError as error:
        raise ModelError(f"model {source!r}: its weights cannot be loaded: {error}") from error
    if info["missing_keys"] or info["mismatched_keys"]:
        missing = ", ".join(sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))[:5])
        raise ModelError(
            f"model {source!r}: its files lack or misfit weights ({missing}, ...), so they would be random."
        )
    if options.quantize:
        quantization.exact_on_cpu(module)
    else:
        module = module.to(plan.device)
    module.eval().requires_grad_(False)
    provenance = _provenance(plan, module, weights=weights, processor=hashed)
    model = Model(plan, module, _traced(module), provenance)
    if plan.family.by_structure:
        _verify(model)
    return model


@contextmanager
def _refused(source: str) -> Iterator[None]:
    """What the library cannot load of a config or a processor is a ModelError."""
    try:
        with _quiet():
            yield
    except (ImportError, OSError, ValueError, StrictDataclassError) as error:
        raise ModelError(f"model {source!r}: its config or processor cannot be loaded: {error}") from error


def _by_structure(source: str, config: Any) -> Family:
    """An entry found in the structure of a model that no family of the table covers."""
    try:
        with _quiet():
            return generic(config)
    except ValueError as error:
        known = ", ".join(name for family in FAMILIES for name in family.model_types)
        raise ModelError(
            f"model {source!r} is of model_type {config.model_type!r}, which no family covers, and {error}\n"
            f"Covered: {known}."
        ) from error


def _verify(model: Model) -> None:
    """Raise ModelError, naming every check that fails, unless all hold."""
    findings = check(model)
    failed = [f"{finding.name}: {finding.detail}" for finding in findings if not finding.ok]
    if failed:
        raise ModelError(
            f"model {model.source!r} is of model_type {model.config.model_type!r}, which no family covers. Its parts "
            f"were found by structure ({_parts(model.family)}), but {len(failed)} of {len(findings)} checks fail:\n  "
            + "\n  ".join(failed)
            + "\nWrite an entry in hooks/families for it, and run `probe check` on the model."
        )


def _parts(family: Family) -> str:
    return ", ".join(f"{name} at {getattr(family, name)}" for name in ("vision", "projector", "language"))


def _traced(module: Any) -> NNsight:
    with warnings.catch_warnings():
        # submodules named like what nnsight serves (`output`) get another name there, which no entry uses
        warnings.filterwarnings("ignore", message="Module .* has a submodule named", category=UserWarning)
        return NNsight(module)


@contextmanager
def _quiet() -> Iterator[None]:
    """No bars or advice of the library's own while loading: callers show their progress, problems are raised."""
    logging = transformers.utils.logging
    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()


def _provenance(plan: Blueprint, module: Any, *, weights: str, processor: str) -> dict[str, Any]:
    return {
        "source": plan.source,
        "family": f"{plan.family.name} (found by structure: {_parts(plan.family)})"
        if plan.family.by_structure
        else plan.family.name,
        "revision": plan.revision,
        "weights_sha256": weights,
        "processor_sha256": processor,
        "dtype": plan.dtype,
        "quantization": quantization.record(plan.options, plan.dtype),
        "attention": module.config.get_text_config()._attn_implementation,
        "device": plan.device,
        "visual_tokens": plan.options.visual_tokens,
        "versions": {name: version(name) for name in ("torch", "transformers", "nnsight")},
    }


def _set_visual_tokens(family: Family, config: Any, processor: Any, count: int | None) -> None:
    if count is None:
        return
    if family.set_visual_tokens is None:
        raise ModelError(
            f"family {family.name!r} has no way to hold its visual tokens ({family.budget}). Leave out --visual-tokens "
            f"{count}."
        )
    family.set_visual_tokens(processor, count)
    for name in family.shared_settings:
        setattr(config, name, getattr(processor.image_processor, name))


def _device(name: str) -> str:
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(name: str, config: Any, device: str) -> Any:
    if name != "auto":
        return name
    declared = config.dtype or config.get_text_config().dtype or torch.float32
    return "float32" if device == "cpu" else str(declared).removeprefix("torch.")
