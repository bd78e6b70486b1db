"""Where a model's files come from, and their hashes."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

_SMALL_FILES = ["*.json", "*.jinja", "*.txt", "*.model"]
_TWICE = ["*consolidated*"]
"""Copies of the same weights in the format of Mistral's and Meta's own code."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


class ModelError(ValueError):
    """A model that cannot be used; the message says why and what to do."""


def locate(source: str, revision: str | None, *, weights: bool, code: bool = False) -> Path:
    """The local directory with a model's files: `source` itself, or the snapshot of a hub id, downloaded if needed.

    A snapshot in the local cache is used without network access. Raises ModelError where there is neither.
    """
    if (path := Path(source)).is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(f"model {source!r}: {_not_a_model(path)}")
        if revision is not None:
            raise ModelError(
                f"revision {revision!r} is one of a model on the hub, and {source!r} is a local directory."
            )
        return path
    if not is_hub_id(source):
        raise ModelError(f"model {source!r}: no such directory, and not a hub id (owner/name). Check the spelling.")
    wanted = [*_SMALL_FILES, *(["*.safetensors"] if weights else []), *(["*.py"] if code else [])]
    cached = _snapshot(source, revision, wanted, local=True)
    if cached is not None and (not weights or _has_weights(cached)):
        return cached
    try:
        fetched = _snapshot(source, revision, wanted, local=False)
    except (HfHubHTTPError, HFValidationError) as error:
        raise ModelError(f"model {source!r}: the hub rejects it: {str(error).strip().splitlines()[-1]}") from error
    if fetched is None:
        raise ModelError(
            f"model {source!r}: tried a local directory, the local hub cache and the hub; none has it "
            "(the hub cannot be reached). Connect once to download it, or give the path of a local copy."
        )
    return fetched


def is_hub_id(source: str) -> bool:
    """Whether a text has the form of a hub id, owner/name."""
    return bool(_HUB_ID.fullmatch(source)) and not source.startswith(".")


def find_snapshot(source: str, revision: str | None, patterns: list[str], *, holding: str) -> Path | None:
    """The files of a hub id, in the local cache or downloaded; None where `holding` is not among them."""
    if not is_hub_id(source):
        return None
    tries = (_snapshot(source, revision, patterns, local=local, holding=holding) for local in (True, False))
    return next((found for found in tries if found is not None), None)


def _snapshot(
    source: str, revision: str | None, patterns: list[str], *, local: bool, holding: str = "config.json"
) -> Path | None:
    try:
        found = snapshot_download(
            source, revision=revision, allow_patterns=patterns, ignore_patterns=_TWICE, local_files_only=local
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found) if (Path(found) / holding).is_file() else None


def _not_a_model(folder: Path) -> str:
    adapter = folder / "adapter_config.json"
    if not adapter.is_file():
        return "the directory has no config.json. Give a `save_pretrained` directory."
    try:
        base = json.loads(adapter.read_text("utf-8"))["base_model_name_or_path"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return "the directory has no config.json, and an adapter_config.json that names no model. Give a model."
    return f"the directory is an adapter of {base}. Give that model, and the directory as --adapter."


def _has_weights(directory: Path) -> bool:
    """Whether all safetensors are present: an interrupted download leaves a snapshot without some of its shards."""
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        try:
            shards = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
            return all((directory / shard).is_file() for shard in shards)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return False
    return any(directory.glob("*.safetensors"))


def commit(directory: Path) -> str | None:
    """The hub commit that a cached snapshot directory is named after; None for a plain directory."""
    return directory.name if re.fullmatch(r"[0-9a-f]{40}", directory.name) else None


def weights_hash(directory: Path, pattern: str = "*.safetensors") -> str:
    """One sha256 (hex) over the names and contents of all safetensors files; ModelError where there are none."""
    files = sorted(directory.glob(pattern))
    if not files:
        raise ModelError(
            f"model {str(directory)!r} has no .safetensors weights, and no other kind is loaded. Convert them."
        )
    return _digest(f"{file.name}:{_file_hash(file)}" for file in files)


def inputs_hash(inputs: Mapping[str, Any]) -> str:
    """One sha256 (hex) over what `identity.inputs_of` tells, which determines a model's inputs."""
    return _digest([json.dumps(inputs, sort_keys=True)])


def _digest(parts: Iterable[str]) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()


def _file_hash(file: Path) -> str:
    target = file.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", target.name):  # the hub cache names blobs by their sha256
        return target.name
    status = target.stat()
    return _hash_contents(str(target), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_contents(path: str, size: int, modified_ns: int) -> str:
    digest = sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
