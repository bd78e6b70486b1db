"""Are states the same however many pictures share a forward?"""

from typing import TYPE_CHECKING

import numpy as np

from .. import capture
from ..reading import Reading, View
from ..sites import available, parse_all
from .finding import require
from .forwards import SIZES, pictures

if TYPE_CHECKING:
    from ..model import Model

ROUNDING = {"float32": 1e-3}
"""Share of a state by which it may differ where it was computed in a batch; 0.1 in 16 bits."""


def states(model: "Model") -> str:
    """States of pictures do not depend on the other pictures of a batch, of the same size or of another."""
    means = (site for site in available(model.towers) if site.endswith(":mean"))
    wanted = parse_all((site.replace("[*]", "[-1]") for site in means), model.towers)
    views = [View(pictures((size,)), ()) for size in (*SIZES, SIZES[0])]
    together = capture.read(model, views, wanted, batch_size=len(views))
    alone = [capture.read(model, [view], wanted, batch_size=1)[0] for view in views]
    limit = ROUNDING.get(model.dtype, 0.1)
    for site in wanted:
        worst = max(_difference(a, b, site.slug) for a, b in zip(together, alone, strict=True))
        require(
            worst <= limit, f"{site.canonical} differs by {worst:.2g} of itself in a batch of {len(views)} pictures"
        )
    return f"{len(views)} pictures, {', '.join(site.canonical for site in wanted)}"


def _difference(one: Reading, other: Reading, slug: str) -> float:
    a, b = (reading.states[slug].pooled.astype(np.float64) for reading in (one, other))
    return float(np.abs(a - b).max() / np.abs(b).max())
