"""Adapters (LoRA and its kin): weights beside a model's own, applied through peft where they are asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from .checkpoint_files import read_object, regular
from .library_errors import told
from .module_sizes import no_larger_than
from .provenance import ModelError, find_snapshot, weights_hash
from .weight_files import header

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
"""Its weights; peft's older files of any other kind can hold code, and are not opened."""

MOST_REPEATS = 4
"""Of any length, in one pattern."""


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
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(f"adapter {adapter!r}: the folder has no {name}. Give one that peft has saved.")
    for pattern in _texts(read_object(adapter, folder / CONFIG)):
        if may_hang(pattern):
            raise ModelError(
                f"adapter {adapter!r}: {folder / CONFIG} has the pattern {pattern[:60]!r}, which could take for ever "
                "to match. Name the modules, or repeat no group that repeats or chooses."
            )
    for _ in regular(adapter, folder):
        pass
    return folder


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, names included: peft matches several of them with the model's modules."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in cast(dict[str, Any], value).items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast(list[Any], value):
            yield from _texts(each)


def may_hang(pattern: str) -> bool:
    """Whether matching a regular expression may take time that grows fast: repeats of repeats or choices, or many.

    >>> [may_hang(each) for each in (r"^(?!.*visual).*(q_proj|v_proj)$", "(.*)*x$", "(a|a)+x", ".*.*.*.*.*x")]
    [False, True, True, True]
    """
    plain = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "_", pattern)
    groups, repeats = [False], 0
    for place, each in enumerate(plain):
        if each == "(":
            groups.append(False)
        elif each == ")" and len(groups) > 1:
            inner = groups.pop()
            if inner and plain[place + 1 : place + 2] in ("*", "+", "{"):
                return True
            groups[-1] |= inner
        elif each in "*+{" or (each == "|" and len(groups) > 1):
            groups[-1] = True
            repeats += each != "|"
    return repeats > MOST_REPEATS


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
    settings = read_object(adapter, folder / CONFIG)
    held = header(adapter, folder / WEIGHTS)
    digest = weights_hash(folder, pattern="adapter_*.safetensors")
    before = {name for name, _ in module.named_parameters()}
    with told(adapter, "it does not fit the model", kind="adapter"), no_larger_than(adapter, held):
        found = module.load_adapter(str(folder), hotswap=False, use_safetensors=True)
    added = [name for name, _ in module.named_parameters() if name not in before]
    misfits = getattr(found, "mismatched_keys", None) or ()
    lost = [*(getattr(found, "missing_keys", None) or ()), *(getattr(found, "unexpected_keys", None) or ())]
    missing = sorted([*map(str, lost), *(str(each[0]) for each in misfits)])
    if not added or missing:
        lacking = f" ({', '.join(missing[:3])}, …)" if missing else ""
        raise ModelError(f"adapter {adapter!r} does not fit the model: its weights have no place there{lacking}.")
    return {
        "source": adapter,
        "type": settings.get("peft_type"),
        "base": settings.get("base_model_name_or_path"),
        "sha256": digest,
    }
