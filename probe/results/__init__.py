"""What `probe analyze` computes for a run: one module per analysis, each from the evidence to a `Result`."""

from .evidence import Evidence
from .registry import ON_REQUEST, RESULTS, analyze
from .result import Result

__all__ = ["ON_REQUEST", "RESULTS", "Evidence", "Result", "analyze"]
