"""Adapters (LoRA and its kin): weights beside a model's own, applied through peft where they are asked for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .provenance import ModelError, find_snapshot, weights_hash

CONFIG = "adapter_config.json"


def refuse_beside(source: str, directory: Path, adapter: str | None) -> None:
    """Raise ModelError where a model's folder has an adapter that nobody asked for: it would be lost without a word."""
    if adapter is None and (directory / CONFIG).is_file():
        raise ModelError(
            f"model {source!r} has an adapter beside its weights ({CONFIG}), which is applied only where it is asked "
            f"for. Give --adapter {source}, or move the adapter away."
        )


def locate(adapter: str) -> Path:
    """The folder of an adapter, a local one or that of a hub id. ModelError where there is none, or no peft."""
    if find_spec("peft") is None:
        raise ModelError(f"adapter {adapter!r} needs the package peft to be applied. Run `pip install peft`.")
    folder = Path(adapter)
    if not folder.is_dir():
        found = find_snapshot(adapter, None, [CONFIG, "*.safetensors"], holding=CONFIG)
        if found is None:
            raise ModelError(f"adapter {adapter!r} is neither a local folder nor on the hub. Check the spelling.")
        folder = found
    if not (folder / CONFIG).is_file():
        raise ModelError(f"adapter {adapter!r}: the folder has no {CONFIG}. Give one that peft has saved.")
    return folder


@contextmanager
def left_out() -> Iterator[None]:
    """Load a model without the adapter beside its weights, which the library applies wherever peft is installed."""
    factory: Any = import_module("transformers.models.auto.auto_factory")
    modeling: Any = import_module("transformers.modeling_utils")
    find, load = factory.find_adapter_config_file, modeling.maybe_load_adapters
    factory.find_adapter_config_file = lambda *_, **__: None
    modeling.maybe_load_adapters = lambda source, *_, **__: (None, source, {})
    try:
        yield
    finally:
        factory.find_adapter_config_file, modeling.maybe_load_adapters = find, load


def apply(module: Any, adapter: str, folder: Path) -> dict[str, Any]:
    """Put an adapter's weights into the layers of a loaded model; what it is, for the provenance.

    They stay beside the model's own, as in training. Raises ModelError where it does not fit the model.
    """
    settings = json.loads((folder / CONFIG).read_text("utf-8"))
    digest = weights_hash(folder, pattern="adapter_*.safetensors")
    before = {name for name, _ in module.named_parameters()}
    try:
        told = module.load_adapter(str(folder), hotswap=False, use_safetensors=True)
    except (ImportError, OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"adapter {adapter!r} does not fit the model: {reason}") from error
    added = [name for name, _ in module.named_parameters() if name not in before]
    missing = sorted(getattr(told, "missing_keys", ())) + sorted(getattr(told, "unexpected_keys", ()))
    if not added or missing:
        lacking = f" ({', '.join(missing[:3])}, …)" if missing else ""
        raise ModelError(f"adapter {adapter!r} does not fit the model: its weights have no place there{lacking}.")
    return {
        "source": adapter,
        "type": settings.get("peft_type"),
        "base": settings.get("base_model_name_or_path"),
        "sha256": digest,
    }
