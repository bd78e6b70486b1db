"""What `probe analyze` computes for a run: one file per analysis, each from the evidence to a Dataset."""

from .evidence import Evidence
from .registry import ANALYSES, analyze, check_names
from .result import Result

__all__ = ["ANALYSES", "Evidence", "Result", "analyze", "check_names"]
