"""The small files of a checkpoint's folder, looked at before any library reads them: are they files, JSON, and sane?"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

from .provenance import ModelError

CURE = "Take the checkpoint anew, or mend the file."

READ = (".json", ".jinja", ".txt", ".model", ".safetensors", ".py", ".bin", ".pt")
"""Endings of the files that libraries open in a checkpoint's folder."""

OBJECTS = re.compile(
    r"(config|generation_config|preprocessor_config|processor_config|video_preprocessor_config|tokenizer|"
    r"tokenizer_config|special_tokens_map|added_tokens|chat_template|adapter_config|quantize_config|"
    r".*\.index)\.json"
)
"""Files that are one JSON object each."""

LARGEST = 1 << 24
LARGEST_VOCABULARY = 1 << 29
DEEPEST = 64
"""Bytes of a JSON file, of a tokenizer's, and how deep one is nested: far beyond those of any model."""

MOST = 100_000
WIDEST = 10_000_000
_COUNTS = re.compile(r"(layers?|depths?|blocks?|experts?|heads?|labels|stages|groups|channels)(_per_\w+)?$|^n_")
_WIDTHS = re.compile(r"(size|dim|dims|width|rank)$|^d_")
_PARTS = re.compile(r"^num_\w*(layers|heads|channels|experts)$|^(hidden|intermediate|vocab|patch|image)_size$")
"""Numbers in a config that count parts or measure widths: what they may be at most before weights say how many."""


def check_files(source: str, directory: Path) -> None:
    """Raise ModelError, with the file and a cure, where a file in a checkpoint's folder cannot be what it should be.

    Only regular files are opened, JSON objects are well formed, and the config asks for no absurd number of parts.
    """
    for file in regular(source, directory):
        if OBJECTS.fullmatch(file.name):
            read_object(source, file)
    config = directory / "config.json"
    if config.is_file():
        _check_counts(source, config, read_object(source, config))


def regular(source: str, directory: Path) -> Iterator[Path]:
    """The files of a folder that libraries open. ModelError for devices, pipes, folders and links that lead nowhere."""
    for file in sorted([*directory.iterdir(), *directory.glob("additional_chat_templates/*")]):
        if file.suffix not in READ:
            continue
        try:
            mode = file.stat().st_mode
        except OSError:
            _refuse(source, file, "is a link that leads nowhere")
        if not stat.S_ISREG(mode):
            _refuse(source, file, "is no regular file")
        yield file


def read_object(source: str, file: Path) -> dict[str, Any]:
    """The JSON object in a file. ModelError, with its name and a cure, where there is none, or more than one thing."""
    if not file.is_file():
        _refuse(source, file, "is no regular file" if file.exists() else "is not there")
    vocabulary = file.name in ("tokenizer.json", "added_tokens.json") or file.name.endswith(".index.json")
    largest = LARGEST_VOCABULARY if vocabulary else LARGEST
    if (size := file.stat().st_size) > largest:
        _refuse(source, file, f"has {size} bytes, and {largest} are the most that are read")
    try:
        read = json.loads(
            file.read_text("utf-8"), parse_constant=_finite, object_pairs_hook=dict if vocabulary else _once
        )
    except UnicodeDecodeError:
        _refuse(source, file, "is no UTF-8 text")
    except (ValueError, RecursionError) as error:
        _refuse(source, file, f"is no JSON that can be read ({_line(error)})")
    except OSError as error:
        _refuse(source, file, f"cannot be read ({error.strerror})")
    if not isinstance(read, dict):
        _refuse(source, file, f"holds a {_kind(read)} where there should be a JSON object")
    if _depth(read) > DEEPEST:
        _refuse(source, file, f"is nested deeper than {DEEPEST} levels")
    return cast(dict[str, Any], read)


def _refuse(source: str, file: Path, what: str) -> NoReturn:
    raise ModelError(f"model {source!r}: {file} {what}. {CURE}")


def _finite(name: str) -> float:
    if name == "NaN":
        raise ValueError("NaN is no value")
    return float(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"{twice!r} stands there twice")
    return read


def _line(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]


def _kind(value: Any) -> str:
    kinds = {list: "list", str: "text", bool: "truth value", type(None): "null"}
    return kinds.get(type(value), "number")


def _depth(value: Any) -> int:
    """How many lists and objects lie in each other; iterative, for a parser nests deeper than a function can."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, dict | list)
        ]
    return deepest


def _check_counts(source: str, file: Path, values: Mapping[str, Any], within: str = "") -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            _check_counts(source, file, cast(dict[str, Any], value), f"{within}{name}.")
            continue
        most = MOST if _COUNTS.search(name) else WIDEST if _WIDTHS.search(name) else None
        numbers = cast(list[Any], value) if isinstance(value, list) else [value]
        largest = max((abs(each) for each in numbers if isinstance(each, int | float)), default=0)
        if _PARTS.search(name) and any(each < 0 for each in numbers if isinstance(each, int | float)):
            _refuse(source, file, f"asks for {within}{name} {value!r}, which is less than nothing")
        if most is not None and largest > most:
            _refuse(source, file, f"asks for {within}{name} {value!r}, and no model has more than {most}")
