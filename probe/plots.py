"""`run.plot.overview()`: the figures of a run's analyses in a notebook, the same as on its page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stores import Run, open_run, register_run_accessor

from .results.analysis import Chart

if TYPE_CHECKING:
    from .results import Evidence

__all__ = ["Plots", "open_run"]


@register_run_accessor("plot")
class Plots:
    """The figures of a run, each by the name of its analysis; completion lists those that the run holds enough for."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._evidence: dict[int, Evidence] = {}

    def __getattr__(self, name: str) -> "Callable[..., Chart]":
        from .results import check_names

        if name.startswith("_"):
            raise AttributeError(name)
        try:
            check_names([name])
        except ValueError as error:
            raise AttributeError(str(error)) from None

        def plot(*, seed: int = 0) -> "Chart":
            return self._made(name, seed)

        plot.__name__, plot.__doc__ = name, f"The figure of the analysis `{name}`; `seed` is that of its intervals."
        return plot

    def __dir__(self) -> list[str]:
        from .results import ANALYSES
        from .results.needs import missing

        evidence = self._of(0)
        return [name for name, one in ANALYSES.items() if one.figure is not None and not missing(evidence, one.needs)]

    def __repr__(self) -> str:
        return f"Figures of this run, each as run.plot.NAME(): {', '.join(dir(self))}."

    def _of(self, seed: int) -> "Evidence":
        from .results import Evidence

        if seed not in self._evidence:
            self._evidence[seed] = Evidence(self._run, seed)
        return self._evidence[seed]

    def _made(self, name: str, seed: int) -> "Chart":
        """The chart, with a theme of its own because a notebook has none.

        Raises ValueError where the run holds too little for the analysis, or for its figure.
        """
        from .figures.notebooks import shown
        from .results import analyze

        (result,) = analyze(self._of(seed), [name])
        chart: Any = result.figure
        if chart is None:
            raise ValueError(f"analysis {name!r}: the run holds too little of what its figure shows. See its table.")
        return shown(chart)
