"""Which code made a run: its commit where it is a checkout, and the versions of what it stands on."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "vlm-undertow",
    "torch",
    "transformers",
    "tokenizers",
    "torchvision",
    "nnsight",
    "bitsandbytes",
    "peft",
    "numpy",
    "scipy",
    "zarr",
    "xarray",
    "pillow",
)


def packages() -> dict[str, str]:
    """Installed versions of the packages that the numbers depend on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def revision() -> dict[str, Any]:
    """`commit` and `dirty` of the checkout that the code runs from; both None for an installed wheel."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    commit = git(root, "rev-parse", "HEAD")
    return {"commit": commit, "dirty": bool(git(root, "status", "--porcelain")) if commit else None}


def git(root: Path, *arguments: str) -> str | None:
    """The output of a git command, or None where git is missing or refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
