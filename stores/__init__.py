"""Runs on disk: Zarr arrays, a ledger of committed units, and a reader. Sites and variables are opaque names here."""

from . import ledger, ownership, presence, results, segmentations
from .arrays import Unit
from .creation import create
from .files import DiskFull, WriteFailed
from .held import HeldFolder, RunMoved
from .info import provenance, summary
from .notebook import register_run_accessor
from .ownership import Ownership, RunInUse, RunLost, writing
from .presence import DamagedRun
from .reader import IncompleteRun, Run, open_run
from .record import hashed
from .repair import mend
from .schema import SCHEMA_VERSION, Layout
from .specs import ConditionRow, SampleRow, Segmentation, SiteSpec, Variable
from .unit_arrays import NonFinite, nonfinite
from .verify import changed, verify
from .writer import Writer

__all__ = [
    "SCHEMA_VERSION",
    "ConditionRow",
    "DamagedRun",
    "DiskFull",
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
    "Unit",
    "Variable",
    "WriteFailed",
    "Writer",
    "changed",
    "create",
    "hashed",
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
