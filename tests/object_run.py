"""A small run in an object store: how it is made, looked at and finished."""

from pathlib import Path
from typing import Any

import small_run
from object_server import BUCKET

import stores
from stores import Unit, ledger, ownership, sealed
from stores.paths import resolved
from stores.process import Process

PLAN = small_run.layout(images=2)
LAST = Unit(0, 2)


def key(path: str) -> str:
    """The key of an address."""
    return path.removeprefix(f"s3://{BUCKET}/")


def without_time(files: dict[str, bytes]) -> dict[str, Any]:
    """Files of a run, of the markers their content without the time."""
    return {
        name: {**sealed.unseal(data), "time": ""} if "_ledger/done" in name else data for name, data in files.items()
    }


def finish(path: str | Path) -> None:
    """Commit the last unit."""
    stores.Writer(path, PLAN).commit(LAST, small_run.payload(PLAN, LAST), report={"code": "deadbeef"})


def files(path: Path) -> dict[str, bytes]:
    """Every file of a run in a folder."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def register_far(path: str, number: int) -> str:
    """A process of another machine; its token."""
    token = f"{Process('00000000', 7, number).mark}-0"
    known = {"host": "node7", "pid": 7, "since": "2026-01-01T00:00:00+00:00", "command": "probe extract"}
    ledger.write_json(resolved(path) / ownership.WRITERS / f"{token}.json", known)
    return token


def make(path: str) -> str:
    """A run at an address that has all units but the last."""
    small_run.make(path, PLAN, leave=frozenset({LAST}))  # type: ignore[arg-type]
    return path
