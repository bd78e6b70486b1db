"""Check that the files of a run are those that were written."""

from os import PathLike
from pathlib import Path
from typing import Any

from . import ledger, segmentations
from .files import checksum_file
from .paths import resolved


def verify(path: str | PathLike[str]) -> list[str]:
    """Compare the length and CRC-32 of every file of the run with the ledger; one line per problem.

    The list is empty where all committed units, and everything made at creation, are as they were written. Raises
    FileNotFoundError where there is no run.
    """
    root = resolved(path)
    record = ledger.read_record(root)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    problems = [f"{problem}. Make the run again." for problem in _problems(root, record["files"])]
    for unit, entry in ledger.entries(root):
        cure = f"Remove {ledger.marker(root, unit)} and rerun the same command: unit {unit.name} is then done again."
        problems += [f"{problem}. {cure}" for problem in _problems(root, entry["files"])]
    for added in segmentations.added(root):
        anew = f"Remove {root / segmentations.GROUP / added.slug} and its record, and segment again"
        problems += [f"{problem}. {anew}." for problem in _problems(root, added.record["files"])]
        for unit, entry in added.entries():
            cure = f"Remove {added.marker(unit)} and rerun the same `probe segment`."
            problems += [f"{problem}. {cure}" for problem in _problems(root, entry["files"])]
    return problems


def _problems(root: Path, files: dict[str, dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for name, expected in files.items():
        try:
            written = checksum_file(root / name)
        except FileNotFoundError:
            found.append(f"{name} is missing")
            continue
        except OSError as error:
            found.append(f"{name} cannot be read ({error.strerror})")
            continue
        if written.size != expected["size"]:
            found.append(f"{name} has {written.size:,} bytes instead of {expected['size']:,}")
        elif written.crc32 != expected["crc32"]:
            found.append(f"{name} has CRC-32 {written.crc32:08x} instead of {expected['crc32']:08x}")
    return found
