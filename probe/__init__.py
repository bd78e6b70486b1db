"""See what moves inside a vision-language model when its answer does not.

import probe
run = probe.extract("pocket-vlm", "streets", perturb=["invariance"], out="runs/demo")
run = probe.open_run("runs/demo")
run.answers, run.embeddings("language.layers[-1]:context_last"), run.tree
"""

from importlib.util import find_spec
from pathlib import Path


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

from stores import open_run  # noqa: E402

from .extraction import Execution, extract  # noqa: E402
from .perturbations import extension, perturbation  # noqa: E402
from .segmentation import segment  # noqa: E402

extension.load_installed()  # last: packages that offer perturbations import this one

__all__ = ["Execution", "extract", "open_run", "perturbation", "segment"]
