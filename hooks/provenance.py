"""Where a model's files come from, and their hashes."""

import json
import re
from collections.abc import Iterable
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
            raise ModelError(f"model {source!r}: the directory has no config.json. Give a `save_pretrained` directory.")
        return path
    if not _HUB_ID.fullmatch(source) or source.startswith("."):
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


def _snapshot(source: str, revision: str | None, patterns: list[str], *, local: bool) -> Path | None:
    try:
        found = snapshot_download(
            source, revision=revision, allow_patterns=patterns, ignore_patterns=_TWICE, local_files_only=local
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found) if (Path(found) / "config.json").is_file() else None


def _has_weights(directory: Path) -> bool:
    """Whether all safetensors are present: an interrupted download leaves a snapshot without some of its shards."""
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        return all((directory / shard).is_file() for shard in json.loads(index.read_text())["weight_map"].values())
    return any(directory.glob("*.safetensors"))


def commit(directory: Path) -> str | None:
    """The hub commit that a cached snapshot directory is named after; None for a plain directory."""
    return directory.name if re.fullmatch(r"[0-9a-f]{40}", directory.name) else None


def weights_hash(directory: Path) -> str:
    """One sha256 (hex) over the names and contents of all safetensors files; ModelError where there are none."""
    files = sorted(directory.glob("*.safetensors"))
    if not files:
        raise ModelError(
            f"model {str(directory)!r} has no .safetensors weights, and no other kind is loaded. Convert them."
        )
    return _digest(f"{file.name}:{_file_hash(file)}" for file in files)


def processor_hash(processor: Any) -> str:
    """One sha256 (hex) over image settings, tokenizers and chat template, which determine a model's inputs."""
    images = getattr(processor, "image_processor", processor)  # remote code may use one class for all
    settings = {key: value for key, value in images.to_dict().items() if not key.startswith("_")}
    tokenizers = {"tokenizer"} | {name for name in vars(processor) if name.endswith("_tokenizer")}
    vocabularies = [_vocabulary(getattr(processor, name)) for name in sorted(tokenizers)]
    template = str(getattr(processor, "chat_template", None) or processor.tokenizer.chat_template)
    images_settings = json.dumps(settings, sort_keys=True, default=str)
    return _digest([type(processor).__name__, images_settings, *vocabularies, template])


def _vocabulary(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend.to_str() if backend else json.dumps(tokenizer.get_vocab(), sort_keys=True)


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
