"""The benchmarks' own scoring: free answers in, official scores out. Definitions, section 12."""

from .scorer import Asked, Measure, Reading, Scorer

__all__ = ["Asked", "Measure", "Reading", "Scorer"]
