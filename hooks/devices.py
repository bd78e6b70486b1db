"""The devices that this machine has."""

import torch

from .provenance import ModelError


def chosen(name: str) -> str:
    """The device of a name: "auto" is the fastest that is there."""
    if name != "auto":
        return name
    kinds = [found.partition(":")[0] for found in available()]
    return next(kind for kind in ("cuda", "mps", "cpu") if kind in kinds)


def available() -> list[str]:
    """The devices of this machine by name, the CPU first."""
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    for kind in ("xpu", "npu"):
        backend = getattr(torch, kind, None)
        if backend is not None and backend.is_available():
            found += [f"{kind}:{index}" for index in range(backend.device_count())]
    return found


def require(name: str) -> None:
    """Raise ModelError where this machine does not have the device, naming those that it has.

    >>> require("cpu")
    """
    there = available()
    kind, _, index = name.partition(":")
    if f"{kind}:{index or 0}" not in there and not (kind in there and index in ("", "0")):
        raise ModelError(f"device {name!r} is not on this machine. It has: {', '.join(there)}.")


def wait(device: torch.device) -> None:
    """Wait until a device has done all that it was told, copies into this machine's memory among it.

    >>> wait(torch.device("cpu"))
    """
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
