"""The errors that a user can fix: each says what was wrong, what came and what to do."""

import errno
from collections.abc import Sequence
from pathlib import Path

LONGEST = 300
"""Characters of a library's message that are shown."""


class PlanError(ValueError):
    """The run as asked for cannot be done."""


class PlanMismatch(PlanError):
    """A run at this path was planned differently."""

    def __init__(self, path: Path, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        listed = "\n".join(f"  {line}" for line in differences)
        super().__init__(
            f"{path} contains a run with another plan:\n{listed}\n"
            "Ask for the same plan to resume it, or choose another path."
        )


class ModelMismatch(PlanError):
    """A run at this path was made with other inputs, kernels or code than the model would now have."""

    def __init__(self, path: Path, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        listed = "\n".join(f"  {line}" for line in differences)
        super().__init__(
            f"{path} was made with other inputs, kernels or code than there are now:\n{listed}\n"
            "Bring back what it was made with, or choose another path."
        )


class Interrupted(KeyboardInterrupt):
    """Stopped by the user; what was committed is safe."""

    def __init__(self, path: Path, done: int, total: int) -> None:
        super().__init__(
            f"Interrupted: {done} of {total} units are safe in {path}. Run the same command again to go on."
        )


CURES = {
    errno.EACCES: "Give this user the right to it, or choose another place.",
    errno.EPERM: "Give this user the right to it, or choose another place.",
    errno.ENOENT: "Check how it is spelt.",
    errno.ENOTDIR: "A part of the path is a file, where a folder is needed.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EEXIST: "Choose another place.",
    errno.EROFS: "Choose a place that can be written.",
    errno.ENOSPC: "Free some space.",
    errno.EDQUOT: "Free some space, or ask for more.",
    errno.EFBIG: "Raise the limit of a file's size (ulimit -f).",
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
    errno.ENAMETOOLONG: "Choose a shorter path.",
    errno.ELOOP: "Its links lead in a circle: mend them.",
    errno.EIO: "Check the disk and the way to it.",
    errno.ESTALE: "Mount the network disk again.",
}
"""What to do about an error of the system."""


def of_system(error: OSError) -> str:
    """An error of the system in words: where, what, and what to do; its message where it is no such error.

    >>> of_system(PermissionError(13, "Permission denied", "runs/one"))
    'runs/one: permission denied. Give this user the right to it, or choose another place.'
    """
    if error.filename is None or not error.strerror:
        return str(error.strerror or error)
    where = error.filename if isinstance(error.filename, str) else repr(error.filename)
    where = where if len(where) <= LONGEST else f"{where[:LONGEST]}…"
    return f"{where}: {error.strerror.lower()}. {CURES.get(error.errno or 0, '')}".rstrip()


def in_words(error: Exception) -> str:
    """What an error says to a user: our own messages whole, a library's in one line with its kind.

    >>> in_words(ValueError("limit 0 is too small. Give 1 or more."))
    'limit 0 is too small. Give 1 or more.'
    >>> in_words(TypeError("unsupported operand\\n  in a kernel"))
    'TypeError: unsupported operand. It comes from a library or from this program: `probe --debug ...` shows where.'
    """
    message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, OSError):
        message = of_system(error)
    if isinstance(error, ValueError | OSError | LookupError) and " " in message:  # a lone word is a library's key
        return message
    line = next((line.strip() for line in message.splitlines() if line.strip()), "no message")
    if isinstance(error, MemoryError) or "out of memory" in line:
        cure = "Take fewer images at once (-b 1), --dtype bfloat16 or --quantize nf4."
        return f"out of memory: {line[:LONGEST].rstrip('.')}. {cure}"
    said = f"{type(error).__name__}: {line[:LONGEST].rstrip('.')}"
    return f"{said}. It comes from a library or from this program: `probe --debug ...` shows where."
