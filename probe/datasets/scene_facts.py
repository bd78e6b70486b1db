"""Facts of many label maps, measured once and kept in the cache folder."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..scenes import SceneFacts
from .label_tables import LabelTable
from .pixels import UnreadableImage
from .root import Root
from .tables import folder_of, write

VERSION = "1"
"""Changes whenever the same label map would give other facts."""


def measure(table: LabelTable, root: Root, names: Iterable[str]) -> dict[str, SceneFacts | str]:
    """The facts of each of these files of label maps, or what is wrong with it.

    A file is read again where its size or its time of change is another. The first time takes some 15 ms for a map of
    2048x1024.
    """
    file = folder_of(str(root.folder.resolve())) / f"facts-{_key(table, root)}.json"
    known = _known(file)
    found: dict[str, SceneFacts | str] = {}
    kept: dict[str, dict[str, Any]] = {}
    for name in names:
        state = _state(root.folder / name)
        try:
            facts = known[state] if state in known else _measured(table, root, name)
        except UnreadableImage as error:
            found[name] = str(error)
            continue
        kept[state] = facts
        found[name] = _facts(facts)
    if not kept.keys() <= known.keys():
        write(file, json.dumps({**known, **kept}).encode())
    return found


def _measured(table: LabelTable, root: Root, name: str) -> dict[str, Any]:
    return table.facts(str(root.folder / name), max_pixels=root.max_pixels).plain()


def _key(table: LabelTable, root: Root) -> str:
    asked = f"{VERSION}\n{root.folder.resolve()}\n{table.name}\n{table.labels}"
    return sha256(asked.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _state(file: Path) -> str:
    state = file.stat()
    return f"{file.name} {state.st_size} {state.st_mtime_ns}"


def _known(file: Path) -> Mapping[str, dict[str, Any]]:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):  # not there yet, or damaged: measured again
        return {}


def _facts(values: Mapping[str, Any]) -> SceneFacts:
    return SceneFacts(values["counts"], values["pixels"], frozenset(values["possible"]), values["blocked"])
