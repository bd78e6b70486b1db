"""Runs in a folder or an object store: Zarr arrays, a ledger of committed units, and a reader.

Sites and variables are opaque names here.

Names are imported when first used, so that a run's ledger can be read without Zarr and xarray.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import ledger, ownership, presence, results, segmentations
    from .arrays import Unit
    from .creation import create
    from .files import DiskFull, WriteFailed
    from .held import HeldFolder, RunMoved
    from .held_objects import Held, hold
    from .info import provenance, summary
    from .notebook import register_run_accessor
    from .object_store import StoreFailed
    from .ownership import Ownership, RunInUse, RunLost, writing
    from .presence import DamagedRun
    from .reader import IncompleteRun, Run, open_run
    from .record import hashed
    from .repair import mend
    from .schema import SCHEMA_VERSION, Layout
    from .specs import ConditionRow, SampleRow, Segmentation, SiteSpec, Variable
    from .unit_arrays import NonFinite, nonfinite
    from .verification import changed, verify
    from .writer import Writer

_HOME = {
    "Unit": "arrays",
    "create": "creation",
    **dict.fromkeys(("DiskFull", "WriteFailed"), "files"),
    **dict.fromkeys(("HeldFolder", "RunMoved"), "held"),
    **dict.fromkeys(("Held", "hold"), "held_objects"),
    **dict.fromkeys(("provenance", "summary"), "info"),
    "StoreFailed": "object_store",
    **dict.fromkeys(("Ownership", "RunInUse", "RunLost", "writing"), "ownership"),
    "DamagedRun": "presence",
    **dict.fromkeys(("IncompleteRun", "Run", "open_run", "register_run_accessor"), "reader"),
    "hashed": "record",
    "mend": "repair",
    **dict.fromkeys(("SCHEMA_VERSION", "Layout"), "schema"),
    **dict.fromkeys(("ConditionRow", "SampleRow", "Segmentation", "SiteSpec", "Variable"), "specs"),
    **dict.fromkeys(("NonFinite", "nonfinite"), "unit_arrays"),
    **dict.fromkeys(("changed", "verify"), "verification"),
    "Writer": "writer",
}
_MODULES = ("ledger", "ownership", "presence", "results", "segmentations")

__all__ = [
    "SCHEMA_VERSION",
    "ConditionRow",
    "DamagedRun",
    "DiskFull",
    "Held",
    "HeldFolder",
    "IncompleteRun",
    "Layout",
    "NonFinite",
    "Ownership",
    "Run",
    "RunInUse",
    "RunLost",
    "RunMoved",
    "SampleRow",
    "Segmentation",
    "SiteSpec",
    "StoreFailed",
    "Unit",
    "Variable",
    "WriteFailed",
    "Writer",
    "changed",
    "create",
    "hashed",
    "hold",
    "ledger",
    "mend",
    "nonfinite",
    "open_run",
    "ownership",
    "presence",
    "provenance",
    "register_run_accessor",
    "results",
    "segmentations",
    "summary",
    "verify",
    "writing",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"package 'stores' has no {name!r}; it has {', '.join(__all__)}")
