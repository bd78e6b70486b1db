"""Weights and config must tell of one model: every stored tensor has a place, every place a tensor of its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .provenance import ModelError

SHOWN = 3
"""Names that a message shows."""

HARMLESS = (
    r"rotary_emb\.inv_freq$",  # tables that older versions stored; the model makes them from its config
    r"(^|\.)position_ids$",
    r"relative_position_index$",
    r"(^|\.)h\.\d+\.attn\.(masked_)?bias$",
    r"\.masked_bias$",
    r"num_batches_tracked$",
    r"(^|\.)mtp[._]",  # layers that predict several tokens at once: for training and faster writing
    r"^criterion\.empty_weight$",  # of a loss
)
"""Stored tensors without a place in the model that change no number of it."""

OF_TYPES: Mapping[str, tuple[str, ...]] = {
    "clipseg": (r"^decoder\.",),  # its masks: pictures and captions are compared without it
    "oneformer": (r"(^|\.)(text_encoder|text_projector|text_mapper|prompt_ctx)\b",),  # for training
}
"""The same of single model types: heads that the loaded class leaves out."""

QUANTISED = (
    r"\.(absmax|quant_map|nested_absmax|nested_quant_map|SCB|weight_format)$",
    r"\.quant_state\.bitsandbytes__\w+$",
)
"""Of quantised weights: the library takes these into the weights themselves."""

_LAYER = re.compile(r"^(.*?)\.(\d+)\.")
_COUNT = re.compile(r"layer|depth|block")


def check_keys(source: str, config: Any, told: Mapping[str, Any]) -> None:
    """Raise ModelError where weights are missing, of another shape, or left over; `told` is the library's account.

    The message names the tensors, and the config's field that disagrees with them where it can be told.
    """
    fields = dict(_fields(config.to_dict()))
    misfits = sorted(told.get("mismatched_keys") or (), key=str)
    missing = sorted(map(str, told.get("missing_keys") or ()))
    if lost := [*missing, *(str(each[0]) if isinstance(each, tuple) else str(each) for each in misfits)]:
        raise ModelError(
            f"model {source!r}: weights are missing from its files or misfit ({_named(lost)}), and would be random."
            f"{_hint(fields, missing, misfits)}"
        )
    left = sorted(key for key in map(str, told.get("unexpected_keys") or ()) if not _harmless(config, fields, key))
    if left:
        raise ModelError(
            f"model {source!r}: its files hold weights that its config.json has no place for ({_named(left)}), and "
            f"another model would be measured.{_layers_told(fields, left)}"
        )


def _named(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f", and {more} more" if more > 0 else "")


def _harmless(config: Any, fields: Mapping[str, Any], key: str) -> bool:
    patterns = [*HARMLESS, *OF_TYPES.get(config.model_type, ())]
    if any(name.rpartition(".")[2] == "vision_use_head" and value is False for name, value in fields.items()):
        patterns.append(r"(^|\.)vision_(model|tower)(\.vision_model)?\.head\.")
    if any("quantization_config" in name for name in fields):
        patterns += QUANTISED
    return any(re.search(pattern, key) for pattern in patterns) or _predicts_further(fields, key)


def _predicts_further(fields: Mapping[str, Any], key: str) -> bool:
    """Whether a tensor is of a layer behind the last one that predicts several tokens at once, as the config says."""
    found = _LAYER.match(key)
    for name, value in fields.items():
        if found and name.endswith("num_nextn_predict_layers") and isinstance(value, int):
            last = fields.get(f"{name.rpartition('num_nextn')[0]}num_hidden_layers")
            if isinstance(last, int) and last <= int(found[2]) < last + value:
                return True
    return False


def _hint(fields: Mapping[str, Any], missing: list[str], misfits: Iterable[Any]) -> str:
    """Which field of the config disagrees with the files, where it can be told."""
    for each in misfits:
        if not isinstance(each, tuple) or len(cast(tuple[Any, ...], each)) != 3:
            continue
        name, there, asked = (str(each[0]), tuple(each[1]), tuple(each[2]))
        shapes = f" {name} is {list(there)} in the files and {list(asked)} by config.json"
        dims = [(a, b) for a, b in zip(there, asked, strict=False) if a != b]
        named = [f"{field} {value}" for field, value in fields.items() for _, b in dims if _same(value, b)]
        return f"{shapes}: compare {', '.join(named[:SHOWN])}." if named else f"{shapes}."
    return _layers_missing(fields, missing)


def _same(value: Any, number: int) -> bool:
    return type(value) is int and value == number


def _counting(fields: Mapping[str, Any], stem: str, number: int) -> list[str]:
    """The fields that count layers and have this number, those of the stem's own part where there are some."""
    named = [name for name, value in fields.items() if _same(value, number) and _COUNT.search(name)]
    seen = "vision" in stem or "visual" in stem
    return [name for name in named if ("vision" in name) == seen] or named


def _layers(keys: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the layers that keys are of, by what stands before the number."""
    stems: dict[str, list[int]] = {}
    for key in keys:
        if found := _LAYER.match(key):
            stems.setdefault(found[1], []).append(int(found[2]))
    return stems


def _layers_told(fields: Mapping[str, Any], left: Iterable[str]) -> str:
    """The number of layers that the files go on from, and the field that says so."""
    for stem, numbers in _layers(left).items():
        named = _counting(fields, stem, min(numbers))
        if named:
            return f" {' or '.join(named[:SHOWN])} is {min(numbers)}, and {stem} goes up to {max(numbers)}: mend it."
    return " Take the config.json that belongs to the weights."


def _layers_missing(fields: Mapping[str, Any], missing: Iterable[str]) -> str:
    for stem, each in _layers(missing).items():
        named = _counting(fields, stem, max(each) + 1)
        if named:
            return f" {' or '.join(named[:SHOWN])} is {max(each) + 1}, and the files have {stem} up to {min(each) - 1}."
    return " Take a checkpoint whose files are whole, with the config.json that belongs to them."


def _fields(values: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a config and of its parts, by their paths."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield f"{within}{name}", None
            yield from _fields(cast(dict[str, Any], value), f"{within}{name}.")
        else:
            yield f"{within}{name}", value
