"""Runs on disk: Zarr arrays, a ledger of committed units, and a reader. Sites and variables are opaque names here."""

from . import ledger, presence, results, segmentations
from .arrays import Unit
from .creation import create
from .files import DiskFull, WriteFailed
from .info import provenance, summary
from .lock import RunInUse, writing
from .presence import DamagedRun
from .reader import IncompleteRun, Run, open_run
from .schema import SCHEMA_VERSION, Layout
from .specs import ConditionRow, SampleRow, Segmentation, SiteSpec, Variable
from .unit_arrays import NonFinite, nonfinite
from .verify import verify
from .writer import Writer

__all__ = [
    "SCHEMA_VERSION",
    "ConditionRow",
    "DamagedRun",
    "DiskFull",
    "IncompleteRun",
    "Layout",
    "NonFinite",
    "Run",
    "RunInUse",
    "SampleRow",
    "Segmentation",
    "SiteSpec",
    "Unit",
    "Variable",
    "WriteFailed",
    "Writer",
    "create",
    "ledger",
    "nonfinite",
    "open_run",
    "presence",
    "provenance",
    "results",
    "segmentations",
    "summary",
    "verify",
    "writing",
]
