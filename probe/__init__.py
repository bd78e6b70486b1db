"""See what moves inside a vision-language model when its answer does not.

import probe
run = probe.extract("pocket-vlm", "streets", perturb=["invariance"], out="runs/demo")
run = probe.open_run("runs/demo")
run.answers, run.embeddings("language.layers[-1]:context_last"), run.tree, run.plot.overview()

Names are imported when first used, so that the command line answers, and can be stopped, at once.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from sys import modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stores import open_run

    from .extraction import Execution, extract
    from .logs.imported import import_logs
    from .perturbations import perturbation
    from .segmentation import segment


def _guard() -> None:
    """Name the intruder where another package of the same name hides one of ours."""
    home = Path(__file__).resolve().parents[1]
    for name in ("hooks", "stores", "analyses"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != home / name:
            raise ImportError(
                f"package {name!r} of vlm-undertow is hidden by {found or 'nothing of that name'}; expected "
                f"{home / name}. Rename or remove what hides it, or start Python from another folder."
            )


_guard()

_HOME = {
    "open_run": "probe.plots",
    **dict.fromkeys(("Execution", "extract"), "probe.extraction"),
    "import_logs": "probe.logs.imported",
    "perturbation": "probe.perturbations",
    "segment": "probe.segmentation",
}

__all__ = ["Execution", "extract", "import_logs", "open_run", "perturbation", "segment"]


_OPENS = ("open_run", "extract", "import_logs")
"""What gives runs: they have `run.plot`."""


def __getattr__(name: str) -> Any:
    if name in _OPENS:
        import_module("probe.plots")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"package 'probe' has no {name!r}; it has {', '.join(__all__)}")


if "stores" in modules:
    import_module("probe.plots")
