"""Reading a checkpoint's tokenizer from its tokenizer.json where the package that its own class needs is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers.models.auto import tokenization_auto


@contextmanager
def tokenizers_from_json(directory: Path) -> Iterator[None]:
    """Take tokenizer.json for classes that ask for a missing package (SigLIP's for sentencepiece).

    Where a checkpoint has no such file nothing changes, so that the library's error names the package.
    """
    original = tokenization_auto.tokenizer_class_from_name

    def named(name: str) -> Any:
        found = original(name)
        return None if getattr(found, "is_dummy", False) else found

    if (directory / "tokenizer.json").is_file():
        tokenization_auto.tokenizer_class_from_name = named
    try:
        yield
    finally:
        tokenization_auto.tokenizer_class_from_name = original
