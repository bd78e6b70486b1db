"""What a run contains, as plain JSON."""

from os import PathLike
from typing import Any

from . import ledger, presence, segmentations
from .arrays import Unit
from .paths import resolved
from .presence import DamagedRun
from .record import read_attributes, read_record, sizes_in


def summary(path: str | PathLike[str]) -> dict[str, Any]:
    """Contents and progress of a run, from its metadata alone.

    Units whose files are missing or short are "damaged", and count as not committed. Raises FileNotFoundError where
    there is no run, ValueError where it has another schema version, DamagedRun as `presence.damage`.
    """
    record = read_record(path)
    if record is None:
        raise FileNotFoundError(f"{path} contains no run.")
    layout = record["layout"]
    sizes = sizes_in(layout)
    damaged = presence.damage(path, exact=True)
    entries = [(unit, content) for unit, content in ledger.entries(path) if unit not in damaged]
    return {
        "path": str(path),
        "schema_version": record["schema_version"],
        "plan_hash": record["plan"]["hash"],
        "complete": len(entries) == sizes.blocks * sizes.conditions,
        "units": sizes.blocks * sizes.conditions,
        "committed": len(entries),
        "images": sizes.images,
        "samples": layout["samples"],
        "conditions": sizes.conditions,
        "families": layout["families"],
        "sites": [_site(site) for site in layout["sites"]],
        "segmentations": list(segmentations.names(path, record)),
        "segmented": {each.slug: _segmented(each) for each in segmentations.added(path)},
        "damaged": {unit.name: list(said) for unit, said in damaged.items()},
        "bytes": sum(file["size"] for _, entry in entries for file in entry["files"].values()),
        "files": sum(len(entry["files"]) for _, entry in entries),
        "failed": _failed(entries),
        "nonfinite": _nonfinite(entries),
        "provenance": provenance(path),
        "plan": record["plan"],
    }


def _segmented(added: segmentations.Added) -> dict[str, Any]:
    entries = [entry for _, entry in added.entries()]
    return {
        "committed": len(added.done() - added.damage().keys()),
        "units": len(added.units),
        "model": added.model,
        "bytes": sum(file["size"] for entry in entries for file in entry["files"].values()),
        **{kind: _reasons(entries, kind) for kind in ("failed", "undefined")},
    }


def _reasons(entries: list[dict[str, Any]], kind: str) -> dict[str, str]:
    """The images that failed, or the conditions without a label map, with the first reason of each."""
    reasons: dict[str, str] = {}
    for entry in entries:
        reasons = entry["report"].get(kind, {}) | reasons
    return reasons


def provenance(path: str | PathLike[str]) -> dict[str, Any]:
    """Model, dataset, code, seed and time of a run, as it was created with them.

    Raises FileNotFoundError where there is no run, DamagedRun where its metadata cannot be read.
    """
    try:
        return read_attributes(resolved(path))["provenance"]
    except KeyError:
        raise DamagedRun(f"{resolved(path) / 'zarr.json'} is damaged. Rerun its command with --repair.") from None


def _site(site: dict[str, Any]) -> dict[str, Any]:
    return {
        name: site[name] for name in ("site", "slug", "layers", "features", "per", "dtype", "tokens", "keep_tokens")
    }


def _failed(entries: list[tuple[Unit, dict[str, Any]]]) -> dict[str, str]:
    messages: dict[str, str] = {}
    for _, entry in entries:
        messages = entry["failed"] | messages
    return messages


def _nonfinite(entries: list[tuple[Unit, dict[str, Any]]]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for _, entry in entries:
        for path, counts in entry["nonfinite"].items():
            total = totals.setdefault(path, {"nan": 0, "inf": 0})
            for kind, count in counts.items():
                total[kind] += count
    return totals
