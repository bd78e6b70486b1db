"""Online reductions of vision tokens: a few numbers per layer, computed during capture and stored as variables.

`hooks` passes each image's tokens while they are on the device. The definitions are the kernels of `analyses`, which
run on any array library, so that a number reduced during capture is the number that the analysis would compute.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analyses import kernels
from hooks.reading import Grid, stacked
from stores import Variable

if TYPE_CHECKING:
    import torch

    from hooks.request import Reduce
    from hooks.sites import Site

BANDS = 3
HI = "arXiv 2602.06652"

VARIABLES = (
    Variable("dirichlet", ("layer",), "float32", "model units squared", "Dirichlet energy of the tokens", HI),
    Variable("dirichlet_scale_free", ("layer",), "float32", "1", "Dirichlet energy over variance"),
    Variable("spectrum", ("layer", "band"), "float32", "1", "token-grid band power", lengths={"band": BANDS}),
    Variable("token_drift", ("layer", "token"), "float16", "1", "cosine distance of each token to its clean self", HI),
)
"""What is stored of every site with a token axis; a `Reducer` computes the values."""


TOGETHER = 2**23
"""Numbers whose reductions are computed together: they need several times as much beside them."""


def structure(tokens: "torch.Tensor", grid: Grid, *, bands: int = BANDS) -> "dict[str, torch.Tensor]":
    """Dirichlet energy and token spectrum of tokens.

    tokens (..., token, feature), row-major on the grid (frame, row, column) -> `dirichlet` and `dirichlet_scale_free`
    (...), `spectrum` (..., band). Empty where the tokens do not fill the grid.
    """
    frames, rows, columns = grid
    if tokens.shape[-2] != frames * rows * columns:
        return {}
    shaped = array_of(tokens.unflatten(-2, grid))
    return tensors(
        dirichlet=kernels.dirichlet_energy(shaped),
        dirichlet_scale_free=kernels.dirichlet_energy(shaped, scale_free=True),
        spectrum=kernels.token_spectrum(shaped, bands=bands).mean(-2),
    )


def array_of(tokens: "torch.Tensor") -> Any:
    """float32 tokens, on the CPU as a numpy array, for which the kernels are compiled."""
    return tokens.float() if tokens.device.type != "cpu" else tokens.detach().float().numpy()


def tensors(**made: Any) -> "dict[str, torch.Tensor]":
    """Arrays of either library as tensors."""
    import torch

    return {name: torch.as_tensor(value) for name, value in made.items()}


class Reducer:
    """Reduces the tokens of one block's images, one condition after the other, clean first.

    What needs a grid is defined only where the pictures of an image have a common one. The clean tokens stay in memory
    (on the CPU, in the model's precision) until the block is finished: token drift is the cosine drift from them to the
    tokens under a condition, defined only where each picture has the grid that it has when clean.
    """

    def __init__(self) -> None:
        self._clean: dict[tuple[str, str], tuple[torch.Tensor, tuple[Grid, ...]]] = {}

    def over(self, image_ids: list[str], *, clean: bool) -> "Reduce":
        """The callable for `hooks.capture.read`, for views of these images under one condition."""

        def reduce(
            views: Sequence[int], site: "Site", tokens: "torch.Tensor", grids: tuple[Grid, ...]
        ) -> "Mapping[str, torch.Tensor]":
            keys = [(image_ids[view], site.slug) for view in views]
            if clean:
                for key, own in zip(keys, tokens.detach().cpu().clone(), strict=True):
                    self._clean[key] = own, grids
            found = [self._clean.get(key, (None, None)) for key in keys]
            clean_tokens = [
                own if own_grids == grids and own is not None and own.shape == tokens.shape[1:] else None
                for own, own_grids in found
            ]
            grid = stacked(grids)
            return (in_parts(lambda part: structure(part, grid), tokens) if grid else {}) | drift(tokens, clean_tokens)

        return reduce


def drift(tokens: "torch.Tensor", clean: "Sequence[torch.Tensor | None]") -> "dict[str, torch.Tensor]":
    """Cosine drift of tokens (view, layer, token, feature) from those of the clean view: `token_drift`.

    (view, layer, token), nan for a view without clean tokens; empty where none has any.
    """
    import torch

    known = [place for place, own in enumerate(clean) if own is not None]
    if not known:
        return {}
    reference = torch.stack([own for own in clean if own is not None]).to(tokens.device)
    found = in_parts(
        lambda own, other: tensors(token_drift=kernels.cosine_drift(array_of(own), array_of(other))),
        reference,
        tokens[known],
    )["token_drift"]
    if len(known) == len(clean):
        return {"token_drift": found}
    whole = torch.full(tokens.shape[:3], torch.nan, device=tokens.device)
    whole[known] = found
    return {"token_drift": whole}


def in_parts(reduce: "Callable[..., Mapping[str, torch.Tensor]]", *tokens: "torch.Tensor") -> "dict[str, torch.Tensor]":
    """What `reduce` makes of tokens (view, layer, token, feature), of so many layers at a time as `TOGETHER` allows."""
    import torch

    first = tokens[0]
    most = max(1, TOGETHER // first[0, 0].numel())
    made = [reduce(*parts) for parts in zip(*(each.flatten(0, 1).split(most) for each in tokens), strict=True)]
    return {name: torch.cat([part[name] for part in made]).unflatten(0, first.shape[:2]) for name in made[0]}
