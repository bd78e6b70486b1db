"""From a local directory or a hub id to a model that can be read: first its blueprint, then its weights."""

import warnings
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from . import adapters, context, devices, identity, picture_sizes, quantization, trace, verified
from .check import check
from .checkpoint_files import check_files, read_object, regular
from .encoding import process_image
from .families import FAMILIES, FIXED, UNSUPPORTED, Family, find, generic
from .library_errors import in_one_line, told
from .load_options import LoadOptions
from .model import Blueprint, Model
from .module_sizes import NOT_KEPT, no_larger_than
from .processors import load_processor, prepares_on_device
from .provenance import ModelError, commit, inputs_hash, locate, weights_hash
from .quiet import quiet
from .settings import place
from .vocabulary import check_generation, check_vocabulary
from .weight_files import Stored, stored
from .weight_keys import check_keys

TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")
PROCESSOR_FILES = (
    *("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *TEMPLATE_FILES,
)
"""The files that a processor is made from."""

NOT_LOADED = "its config or processor cannot be loaded"

OF_ONE_SIZE = ("clip_vision_model", "siglip_vision_model")
"""Vision towers that take pictures of no other size than their config's."""

OTHERS = 3
"""Parts with an attention kernel of their own that a record names."""


def blueprint(source: str | PathLike[str], options: LoadOptions = LoadOptions()) -> Blueprint:
    """Find a model and determine what it is, before any weights are read.

    A checkpoint that comes in another quantisation than the one that is asked for is read as it comes, with a warning.
    Raises ModelError where it cannot be found, no family covers it, or an option does not apply to it.
    """
    source = place("model", source)
    directory = locate(source, options.revision, weights=False, code=options.trust_remote_code)
    check_files(source, directory)
    settings = read_object(source, directory / "config.json")
    model_type = settings.get("model_type", "")
    if not isinstance(model_type, str):
        raise ModelError(
            f"model {source!r}: {directory / 'config.json'} has the model_type {model_type!r}. Give a name."
        )
    if (advice := UNSUPPORTED.get(model_type)) and find(settings) is None:
        raise ModelError(f"model {source!r} is of model_type {model_type!r}. {advice}")
    adapters.refuse_beside(source, directory, options.adapter)
    if options.adapter:
        adapters.locate(options.adapter)
    with told(source, NOT_LOADED, files=str(directory / "config.json")):
        trust = {"local_files_only": True, "trust_remote_code": options.trust_remote_code}
        config = transformers.AutoConfig.from_pretrained(directory, **trust)
        weights = stored(source, directory, getattr(config, "transformers_weights", None))
        with no_larger_than(source, weights, spare=NOT_KEPT):
            made = _read(source, directory, options, settings, config)
        _ = made.towers, made.image_token if made.kind == "generative" else None
        if made.family.limit == FIXED and made.config.model_type != "clipseg":  # which stretches its positions
            _try_picture(made)
    _try_template(made)
    if already := quantization.conflict(source, options, quantization.of_checkpoint(config)):
        warnings.warn(already, stacklevel=2)
    return made


def _try_picture(made: Blueprint) -> None:
    """Raise ModelError where the image processor makes pictures of a size that the vision tower has no places for."""
    vision: Any = getattr(made.config, "vision_config", None)
    if getattr(vision, "model_type", "") not in OF_ONE_SIZE:
        return
    pixels = process_image(made, np.zeros((8, 8, 3), np.uint8)).get("pixel_values")
    if pixels is not None and pixels.shape[-2:] != (vision.image_size, vision.image_size):
        (*_, height, width) = pixels.shape
        raise ModelError(
            f"model {made.source!r}: its image processor makes pictures of {width}x{height} px, and the image_size of "
            f"its vision tower is {vision.image_size}. Compare preprocessor_config.json or processor_config.json with "
            "config.json."
        )


def _try_template(made: Blueprint) -> None:
    """Raise ModelError, with its file, where the chat template writes no question at all."""
    if made.kind == "generative":
        try:
            context.render(made, "a")
        except ValueError as error:
            there = (made.directory / name for name in TEMPLATE_FILES)
            file = next((file for file in there if file.is_file()), made.directory / "tokenizer_config.json")
            raise ModelError(f"model {made.source!r}: {file}: {error}") from error
        except Exception as error:  # a tokenizer's files can be any
            reason = f"its tokenizer cannot be used: {in_one_line(error)}. Take the checkpoint anew."
            raise ModelError(f"model {made.source!r}: {reason}") from error


def _read(source: str, directory: Path, options: LoadOptions, settings: dict[str, Any], config: Any) -> Blueprint:
    """The blueprint of a checkpoint whose files hold what they should."""
    family = _with_known_tower(source, find(settings), config)
    try:
        processor = _processor(source, directory, options, family)
    except ModelError:
        if family is None:  # what the model itself lacks says more
            _by_structure(source, config, None)
        raise
    family = family.of(config) if family else _by_structure(source, config, processor)
    if reason := family.invalid_reason(config, processor):
        raise ModelError(f"model {source!r} cannot be read: {reason}")
    _limit_visual_tokens(family, config, processor, options.visual_tokens)
    device = devices.chosen(options.device)
    dtype = _dtype(options.dtype, config, device)
    return Blueprint(source, options, directory, family, config, processor, device, dtype, commit(directory))


def _processor(source: str, directory: Path, options: LoadOptions, family: Family | None) -> Any:
    """The processor of a checkpoint. ModelError, with the files that it comes from, where it cannot be loaded."""
    trust = {"local_files_only": True, "trust_remote_code": options.trust_remote_code}
    files = [file.name for file in regular(source, directory) if file.name in PROCESSOR_FILES]
    with told(source, NOT_LOADED, files=", ".join(files)):
        try:
            processor = load_processor(directory, **trust, **(family.prompt.processor_settings if family else {}))
        except Exception:
            if "tokenizer.json" in files:
                read_object(source, directory / "tokenizer.json")  # says what is wrong with it
            raise
    if reason := picture_sizes.absurd(processor):
        raise ModelError(f"model {source!r}: its image processor cannot be used: {reason}.")
    if options.pictures_on_device and not prepares_on_device(processor):
        raise ModelError(
            f"model {source!r}: its image processor works on the CPU alone. Leave out the option to prepare pictures "
            "on the device."
        )
    return processor


def load(source: str | PathLike[str] | Blueprint, options: LoadOptions = LoadOptions()) -> Model:
    """Load a model for reading: safetensors only, evaluation mode, no gradients.

    `source` is a local directory, a hub id, or the model's blueprint, which has its own options. Raises ModelError
    where `blueprint` does, where there are no safetensors, or where weights are missing from them.
    """
    plan = source if isinstance(source, Blueprint) else blueprint(source, options)
    devices.require(plan.device)
    options = plan.options
    directory = locate(plan.source, options.revision, weights=True, code=options.trust_remote_code)
    adapter = adapters.locate(options.adapter) if options.adapter else None
    held = stored(plan.source, directory, getattr(plan.config, "transformers_weights", None))
    for _ in regular(plan.source, directory):
        pass
    weights = weights_hash(directory)
    module = _loaded(plan, directory, held)
    quantised = quantization.record(module, quantization.of_checkpoint(plan.config))
    if quantised:
        quantization.exact_on_cpu(module)
    else:
        module = module.to(plan.device)
    applied = adapters.apply(module, options.adapter, adapter) if options.adapter and adapter else None
    with told(plan.source, "its tokenizer cannot be used", files=str(directory / "tokenizer_config.json")):
        check_vocabulary(plan, module)
    module.eval().requires_grad_(False)
    provenance = _provenance(plan, module, weights_sha256=weights, quantization=quantised, adapter=applied)
    model = Model(plan, module, trace.traceable(module), provenance)
    with told(plan.source, "it cannot write texts", files=str(directory / "generation_config.json")):
        check_generation(model)
    model.provenance["generation"] = {"stop_ids": list(model.stop_ids), "repetition_penalty": model.repetition_penalty}
    return _verified(model) if plan.family.by_structure else model


def _loaded(plan: Blueprint, directory: Path, held: Stored) -> Any:
    """The module with the checkpoint's own weights, every one of them from its files, and all of them."""
    options, source = plan.options, plan.source
    settings: dict[str, Any] = {
        "config": plan.config,
        "dtype": getattr(torch, plan.dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": options.trust_remote_code,
        "output_loading_info": True,
        "ignore_mismatched_sizes": True,  # all of them are named below
    }
    as_saved = quantization.of_checkpoint(plan.config)
    if as_saved or options.quantize:
        settings |= {"device_map": {"": plan.device}}
    if options.quantize and not as_saved:
        settings |= {"quantization_config": quantization.config(options, plan.dtype)}
    with told(source, "its weights cannot be loaded"), adapters.left_out(), no_larger_than(source, held):
        module, info = getattr(transformers, plan.family.auto_class).from_pretrained(directory, **settings)
    check_keys(source, plan.config, info)
    return module


def _with_known_tower(source: str, family: Family | None, config: Any) -> Family | None:
    """The entry, or None to look for structure, where it does not know the vision tower of a picture of one frame.

    Raises ModelError where tiles or shapes of pictures depend on the tower that the entry knows.
    """
    tower = family.unknown_tower(config) if family else ""
    if family is None or not tower:
        return family
    if family.limit == FIXED:
        return None
    raise ModelError(
        f"model {source!r}: family {family.name!r} does not know its vision tower {tower!r}, only "
        f"{' and '.join(family.vision_types)}. Write an entry for it."
    )


def _by_structure(source: str, config: Any, processor: Any) -> Family:
    """An entry made from the structure of a model that no family of the table covers."""
    try:
        with quiet():
            return generic(config, processor)
    except ValueError as error:
        known = ", ".join(name for family in FAMILIES for name in family.model_types)
        raise ModelError(
            f"model {source!r} is of model_type {_named(config)}, which no family covers, and {error}\n"
            f"Covered: {known}."
        ) from error


def _verified(model: Model) -> Model:
    """The model, or it with one picture a view, where all checks hold or have held for the same model before.

    Raises ModelError, naming every check that fails.
    """
    forms = (model, _with_one_picture(model)) if model.family.tokens.several else (model,)
    if known := next((form for form in forms if verified.passed(form)), None):
        return known
    failed, findings = [""], []
    for form in forms:
        findings = check(form)
        failed = [f"{finding.name}: {finding.detail}" for finding in findings if not finding.ok]
        if not failed:
            verified.keep(form, findings)
            return form
    raise ModelError(
        f"model {model.source!r} is of model_type {_named(model.config)}, which no family covers. Its parts were found "
        f"by structure ({_parts(model.family)}), but {len(failed)} of {len(findings)} checks fail:\n  "
        + "\n  ".join(failed)
        + "\nWrite an entry in hooks/families for it, and run `probe check` on the model."
    )


def _with_one_picture(model: Model) -> Model:
    """The model, of which a view has one picture."""
    tokens = replace(model.family.tokens, split_pictures=None)
    plan = replace(model.blueprint, family=replace(model.family, tokens=tokens))
    return replace(model, blueprint=plan)


def _named(config: Any) -> str:
    """A model type, with that of its vision tower where an entry knows only others."""
    family = find({"model_type": config.model_type})
    tower = family.unknown_tower(config) if family else ""
    return f"{config.model_type!r}" + (f" with the vision tower {tower!r}" if tower else "")


def _parts(family: Family) -> str:
    return ", ".join(f"{name} at {getattr(family.modules, name)}" for name in ("vision", "projector", "language"))


def _provenance(plan: Blueprint, module: Any, **found: Any) -> dict[str, Any]:
    """What was loaded: dtype, device, attention kernel and quantisation as they ended up, not as asked for."""
    inputs, parameters = identity.inputs_of(plan), _parameters(module)
    return {
        "source": plan.source,
        "family": f"{plan.family.name} (found by structure: {_parts(plan.family)})"
        if plan.family.by_structure
        else plan.family.name,
        "revision": plan.revision,
        **found,
        "processor_sha256": inputs_hash(inputs),
        "inputs": inputs,
        "code": identity.code_of([module]),
        "dtype": plan.dtype if plan.dtype in parameters else max(parameters, key=lambda name: parameters[name]),
        "parameters": parameters,
        "attention": _attention(module),
        "device": str(next(module.parameters()).device),
        "visual_tokens": plan.options.visual_tokens,
        "versions": {name: version(name) for name in ("torch", "transformers", "nnsight")},
    }


def _parameters(module: Any) -> dict[str, int]:
    """The number of parameters of each dtype; those of quantised weights are bytes."""
    counts = Counter[str]()
    for parameter in module.parameters():
        counts[str(parameter.dtype).removeprefix("torch.")] += parameter.numel()
    return dict(sorted(counts.items()))


def _attention(module: Any) -> str:
    """The attention kernel of the language model, and of other parts where they have another."""
    own = module.config.get_text_config()._attn_implementation
    parts = {name: part for name, part in module.named_modules() if hasattr(part, "config")}
    kernels = {name: getattr(part.config, "_attn_implementation", None) for name, part in parts.items()}
    others = sorted(f"{name} {kernel}" for name, kernel in kernels.items() if name and kernel not in (None, own))
    return ", ".join([str(own), *others[:OTHERS]])


def _limit_visual_tokens(family: Family, config: Any, processor: Any, count: int | None) -> None:
    if count is None:
        return
    limit = family.limit
    if limit.apply is None:
        raise ModelError(
            f"family {family.name!r} cannot limit its visual tokens ({limit.description}). Leave out "
            f"--visual-tokens {count}."
        )
    limit.apply(processor, count)
    for name in limit.shared_settings:
        setattr(config, name, getattr(processor.image_processor, name))


def _dtype(name: str, config: Any, device: str) -> Any:
    if name != "auto":
        return name
    declared = config.dtype or config.get_text_config().dtype or torch.float32
    return "float32" if device == "cpu" else str(declared).removeprefix("torch.")
