"""What else than weights decides a model's numbers: a run resumed with other inputs or kernels would mix two models."""

import json
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Blueprint

REMOTE = "transformers_modules"
"""The package in which transformers keeps the code that comes with checkpoints."""

WRITTEN_OUT = 80
"""Characters up to which a text is told as it is; of a longer one its hash."""

UNLIMITED = 10**15
"""Tokenizers without a limit give a larger number."""

OF_PARTS = ("_tokenizer", "tokenizer", "image_processor", "video_processor", "feature_extractor", "chat_template")


def inputs_of(blueprint: "Blueprint") -> dict[str, Any]:
    """What pictures and texts become on their way into the model, as plain JSON values that tell differences apart.

    Processor, image processor with its backend (PIL's pixels are not torchvision's), tokenizers, chat template, and the
    checkpoint's own code behind them.
    """
    processor, template = blueprint.processor, blueprint.chat_template
    images = getattr(processor, "image_processor", processor)  # remote code may use one class for all
    names = {"tokenizer"} | {name for name in vars(processor) if name.endswith("_tokenizer")}
    tokenizers = {name: getattr(processor, name, None) for name in sorted(names)}
    parts = {name: _tokenizer(each) for name, each in tokenizers.items() if each is not None}
    return plain(
        {
            "processor": {"class": type(processor).__name__, **_settings(vars(processor))},
            "image_processor": {
                "class": type(images).__name__,
                "backend": getattr(images, "backend", None),
                **({"device": blueprint.device} if blueprint.options.pictures_on_device else {}),
                **_settings(images.to_dict()),
            },
            **parts,
            "saved_tokenizer": _saved(blueprint.directory),
            "chat_template": template and template.text,
            "code": code_of([blueprint.config, processor, images, *tokenizers.values()]),
        }
    )


def code_of(things: Iterable[Any]) -> str | None:
    """One sha256 (hex) over the code that came with the checkpoint and made these objects; None where none did."""
    packages = {type(thing).__module__.rpartition(".")[0] for thing in things}
    remote = tuple(f"{package}." for package in packages if package.partition(".")[0] == REMOTE)
    loaded = [module for name, module in sorted(sys.modules.items()) if remote and name.startswith(remote)]
    files = [Path(file) for module in loaded if (file := module.__file__) is not None]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest() if files else None


def plain(value: Any) -> Any:
    """A value in JSON's own types; long texts as their hash, objects as their class."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, str) and len(value) > WRITTEN_OUT:
        return f"sha256 {sha256(value.encode()).hexdigest()[:16]}"
    try:
        return json.loads(json.dumps(value))  # numbers of enumerations become numbers
    except TypeError:
        return str(value) if type(value).__module__ == "torch" else type(value).__name__


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if not name.startswith("_") and not callable(value)}
    return {name: value for name, value in kept.items() if not name.endswith(OF_PARTS)}


def _tokenizer(tokenizer: Any) -> dict[str, Any]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    parts = json.loads(backend.to_str()) if backend is not None else {"model": tokenizer.get_vocab()}
    texts = {name: part for name, part in parts.items() if name not in ("version", "truncation", "padding")}
    longest = getattr(tokenizer, "model_max_length", None)
    return {
        "class": type(tokenizer).__name__,
        "padding_side": getattr(tokenizer, "padding_side", None),
        "model_max_length": longest if longest and longest < UNLIMITED else None,
        "special_tokens": json.dumps(tokenizer.special_tokens_map, sort_keys=True, default=str),
        **{name: json.dumps(part, sort_keys=True) for name, part in texts.items()},
    }


def _saved(directory: Path) -> dict[str, Any]:
    """Truncation, padding and post-processor as tokenizer.json has them: loading may replace them."""
    file = directory / "tokenizer.json"
    parts = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return {name: json.dumps(parts.get(name), sort_keys=True) for name in ("truncation", "padding", "post_processor")}
