"""The states of a site as a safetensors file, written row by row, however many there are.

The file is the format's own: eight bytes of length, a JSON header, then the numbers (little-endian, in C order).
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from stores import Run

TENSOR = "states"
"""The name of the tensor in the file."""

PIECE_BYTES = 64 << 20
"""Bytes of states that are in memory at once, unless one row under one condition has more."""

DTYPES = {"float32": ("F32", 4), "float16": ("F16", 2), "bfloat16": ("BF16", 2)}
"""What a stored type is called in the format, and its bytes."""


def canonical(run: "Run", site: str) -> tuple[str, dict[str, Any]]:
    """A site by its text, with layers or without, or by its slug: the text, and how it is stored.

    Raises KeyError for a site or layer that is not in the run.
    """
    specs = {spec["slug"]: spec for spec in run.record["layout"]["sites"]}
    if site in specs:
        return specs[site]["site"], specs[site]
    stored = run.site(site).attrs["site"] if run.sites else ""
    spec = next((each for each in specs.values() if each["site"] == stored), None)
    if spec is None:
        raise KeyError(f"site {site!r} is not in {run.path}; it holds no states. Extract with --keep pooled.")
    return site, spec


def write(path: Path, run: "Run", site: str) -> None:
    """Write one tensor `states` (image|sample, condition, [layer,] [token,] feature), in the type that is stored.

    nan where a unit is not committed, and beyond an image's tokens. The header's metadata has the site, the unit, the
    names of the dimensions, and as JSON the ids along sample or image, the conditions and the layers.
    """
    name, spec = canonical(run, site)
    states = run.embeddings(name)
    kind, width = DTYPES[spec["dtype"]]
    size = width * math.prod(states.shape)
    entry = {"dtype": kind, "shape": list(states.shape), "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": _metadata(states, name, spec), TENSOR: entry}).encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for piece in _pieces(states):
            file.write(_bytes(piece, spec["dtype"]))


def _metadata(states: "xr.DataArray", site: str, spec: dict[str, Any]) -> dict[str, str]:
    found = {"site": site, "unit": str(spec["unit"]), "dims": json.dumps([str(dim) for dim in states.dims])}
    for dim in (states.dims[0], "condition", "layer"):
        if dim in states.coords and states[dim].ndim:
            found[str(dim)] = json.dumps(states[dim].values.tolist())
    return found


def _pieces(states: "xr.DataArray") -> Iterator[Any]:
    """The states in C order: several rows at once, or of one row several conditions."""
    rows, conditions = states.shape[:2]
    view = max(1, 4 * math.prod(states.shape[2:]))
    together = max(1, PIECE_BYTES // (view * conditions))
    along = conditions if together > 1 else max(1, min(conditions, PIECE_BYTES // view))
    for first in range(0, rows, together):
        for begin in range(0, conditions, along):
            part = states[first : first + together, begin : begin + along]
            yield np.ascontiguousarray(part.values, np.float32)


def _bytes(values: Any, dtype: str) -> bytes:
    if dtype == "bfloat16":  # float32 of which the lower half is 0
        return (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype("<f2" if dtype == "float16" else "<f4").tobytes()
