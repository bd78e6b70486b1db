"""How much memory an attempt takes: the kernel keeps the most that was resident since it was asked to begin anew."""

import gc
from pathlib import Path

from probe.extraction import freed

LARGEST = 256 << 20
"""Bytes that no attempt may take beyond what its process has."""

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def give_back() -> None:
    """Give free memory back to the system, so that what is taken next is seen; where the C library can."""
    gc.collect()
    freed.give_back()


def begin() -> int:
    """Begin to measure: the bytes that are resident now; 0 where the system does not tell."""
    try:
        _FORGET.write_text("5")
        return _bytes("VmRSS")
    except OSError:
        return 0


def taken_since(begun: int) -> int:
    """The most bytes that were resident at once beyond those of the beginning; 0 where the system does not tell."""
    return max(_bytes("VmHWM") - begun, 0) if begun else 0


def _bytes(name: str) -> int:
    (line,) = (each for each in _STATUS.read_text().splitlines() if each.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])
