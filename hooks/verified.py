"""Models found by structure that passed every check, kept in a cache folder: each is checked once, not at every load.

The folder is that of the environment variable VLM_UNDERTOW_CACHE, else `vlm-undertow` in the user's cache folder. A
result holds for the same weights, configuration, processor and options, the same code and the same libraries.
"""

import json
import os
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from .cache_folder import folder
from .check import Finding

if TYPE_CHECKING:
    from .model import Model


def passed(model: "Model") -> bool:
    """Whether this very model has passed every check before."""
    return _file(model).is_file()


def keep(model: "Model", findings: Sequence[Finding]) -> None:
    """Write down that a model passed; a folder that cannot be written to only means to check again."""
    file = _file(model)
    content = {"source": model.source, "passed": {finding.name: finding.detail for finding in findings}}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(content, indent=1), "utf-8")
        part.replace(file)
    except OSError:
        return


def _file(model: "Model") -> Path:
    """The file of a model's result, named by all that the result depends on."""
    kept_apart = ("source", "revision")  # the same files under another name are the same model
    facts = {name: value for name, value in model.provenance.items() if name not in kept_apart}
    facts["several"] = model.family.tokens.several
    config = {name: value for name, value in model.config.to_dict().items() if name != "_name_or_path"}
    content = "\n".join((json.dumps(facts, sort_keys=True, default=str), repr(sorted(config.items())), code()))
    return folder() / "verified" / f"{sha256(content.encode()).hexdigest()}.json"


@cache
def code() -> str:
    """A hash of this package's source: its checks, and what they check."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
