"""What libraries raise over a broken checkpoint, as one line that names the model, the file and a cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .provenance import ModelError
from .quiet import quiet

LONGEST = 400
"""Characters of a library's message that are shown."""


@contextmanager
def told(source: str, what: str, *, files: str = "", kind: str = "model") -> Iterator[None]:
    """Raise whatever a library raises as a ModelError: what could not be done, and why, in one line.

    Files that nobody has looked at before make libraries fail in any way, from KeyErrors to panics of their Rust parts.
    """
    try:
        with quiet():
            yield
    except ModelError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        cure = f"Look at {files}, or take the checkpoint anew." if files else "Take the checkpoint anew."
        raise ModelError(f"{kind} {source!r}: {what}: {in_one_line(error).rstrip('.')}. {cure}") from error


def in_one_line(error: BaseException) -> str:
    """A library's message in one line, with its kind where the message alone says little.

    >>> in_one_line(KeyError("vocab"))
    "KeyError 'vocab'"
    >>> in_one_line(ValueError("no such\\n  layer"))
    'no such layer'
    """
    if "trust_remote_code" in str(error):
        return "it brings code of its own, which is not run unasked. Give --trust-remote-code (trust_remote_code=True)"
    message = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in " ".join(str(error).split()))
    kind = type(error).__name__
    if len(message) > LONGEST:
        message = f"{message[:LONGEST]} …"
    if isinstance(error, ValueError | OSError | ImportError) and " " in message:
        return message
    return f"{kind} {message}".strip()
