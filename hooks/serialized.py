"""Loading a tokenizer from its tokenizer.json where the package that its own class needs is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers.models.auto import tokenization_auto


@contextmanager
def tokenizers_from_json(directory: Path) -> Iterator[None]:
    """Use tokenizer.json instead of classes whose package is missing (sentencepiece for SigLIP's).

    Without that file nothing changes, so that the library's own error names the package.
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
