"""What the head reads in every layer, a few samples at a time: all of it may be larger than memory."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import xarray as xr

from .evidence import Evidence
from .sentences import Sentence, say
from .states import HELD_BYTES, PIECE_BYTES, read

Measure = Callable[[slice, xr.DataArray], Mapping[str, xr.DataArray]]
"""Places of some samples, and what the head reads of their options, (sample, condition, layer, option).

It gives what is kept of them, (sample, condition, ...) each.
"""


def lazy(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, layer, option) what the head reads of each option, layers by their numbers; not read yet."""
    stored = evidence.run.answers.lens
    return stored.assign_coords(layer=np.arange(stored.sizes["layer"]))


def last(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, option) what the head reads in the last layer, in memory."""
    return read(lazy(evidence).isel(layer=-1, drop=True))


def pieces(evidence: Evidence, layers: slice = slice(None)) -> Iterator[tuple[slice, xr.DataArray]]:
    """Places of samples, and what the head reads of their options in some layers, piece by piece."""
    whole = lazy(evidence).isel(layer=layers)
    rows = whole.sizes["sample"]
    step = max(1, PIECE_BYTES * rows // max(1, whole.nbytes))
    for start in range(0, rows, step):
        places = slice(start, min(start + step, rows))
        yield places, read(whole.isel(sample=places))


def measured(evidence: Evidence, measure: Measure, layers: slice = slice(None)) -> dict[str, xr.DataArray]:
    """(sample, condition, ...) what a measure makes of every piece."""
    samples, made = lazy(evidence).sample, dict[str, xr.DataArray]()
    for places, piece in pieces(evidence, layers):
        for name, part in measure(places, piece).items():
            part = part.transpose("sample", "condition", ...)
            if name not in made:
                shape = (samples.size, *part.shape[1:])
                kept = {key: each for key, each in part.coords.items() if "sample" not in each.dims}
                made[name] = xr.DataArray(np.empty(shape, part.dtype), {**samples.coords, **kept}, part.dims)
            made[name].values[places] = part.values
    return made


def first_tokens(evidence: Evidence) -> dict[str, int]:
    """How many questions were scored (`asked`), and where the head cannot tell options apart by their first tokens.

    `alike`: fewer than two options have a first token of their own, so that nothing is read; `alike_in_part`: some have
    none and are left out.
    """
    scored = np.isfinite(evidence.run.answers.log_likelihood.sel(condition="clean").values).sum(axis=-1)
    own = np.isfinite(last(evidence).sel(condition="clean").values).sum(axis=-1)
    asked = scored > 1
    counts = {"asked": asked, "alike": asked & (own < 2), "alike_in_part": asked & (own >= 2) & (own < scored)}
    return {name: int(where.sum()) for name, where in counts.items()}


def left_out(data: xr.Dataset) -> Sentence | None:
    """What `first_tokens` counted, as a sentence; None where options always begin differently."""
    alike, in_part = (int(data.attrs.get(name, 0)) for name in ("alike", "alike_in_part"))
    if not alike + in_part:
        return None
    return say(
        data,
        "Options that begin with the same token cannot be told apart here: {alike} of {asked} questions are left out "
        "for it, and some options of {in_part} others.",
        alike=f"{alike:,}",
        asked=f"{int(data.attrs['asked']):,}",
        in_part=f"{in_part:,}",
    )


def groups(evidence: Evidence) -> list[slice]:
    """Layers together, of which one number for each reading fits `HELD_BYTES`."""
    whole = lazy(evidence)
    layers = whole.sizes["layer"]
    step = max(1, HELD_BYTES // max(1, 8 * whole.sizes["sample"] * whole.sizes["condition"]))
    return [slice(start, min(start + step, layers)) for start in range(0, layers, step)]
