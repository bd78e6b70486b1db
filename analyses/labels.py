"""Labelled in, labelled out: how the kernels meet xarray, and how mismatched labels are refused."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

Array: TypeAlias = Any
"""A DataArray, or a bare array of any library that speaks the array API (numpy, torch, dask). Never a mix."""

CELLS = 2**22
"""Numbers of an array in memory that a kernel is given at once; it makes a handful of arrays of that size."""

ITEMS = frozenset({"sample", "image", "layer", "token", "frame", "row", "col", "option", "y", "x", "channel"})
"""Dimensions that two arrays being compared must both have: repeating one over the other would compare strangers."""


def labelled(**arrays: Array) -> bool:
    """Whether the arrays are DataArrays; TypeError, naming them, where some are and some are not."""
    kinds = {name: isinstance(array, xr.DataArray) for name, array in arrays.items()}
    if any(kinds.values()) and not all(kinds.values()):
        bare = ", ".join(name for name, kind in kinds.items() if not kind)
        raise TypeError(
            f"{bare}: a bare array beside labelled ones, whose labels cannot be checked against it. "
            "Pass DataArrays throughout, or take `.values` of all."
        )
    return all(kinds.values())


def aligned(**arrays: xr.DataArray) -> list[xr.DataArray]:
    """The arrays with identical labels on every dimension that they share; ValueError naming the first mismatch.

    Nothing is reordered, dropped or filled. A scalar coordinate of one array gives way to the same-named dimension, or
    coordinate along one, of another (the `condition="clean"` that selecting the clean condition leaves behind).
    """
    names = list(arrays)
    for first, second in ((a, b) for i, a in enumerate(names) for b in names[i + 1 :]):
        for dim in arrays[first].dims:
            if dim in arrays[second].dims:
                _require_same_labels(dim, first, arrays[first], second, arrays[second])
    spread = {name for array in arrays.values() for name, coord in array.coords.items() if coord.ndim}
    spread |= {dim for array in arrays.values() for dim in array.dims}
    cleared = [
        array.drop_vars([name for name, coord in array.coords.items() if coord.ndim == 0 and name in spread])
        for array in arrays.values()
    ]
    return list(xr.align(*cleared, join="exact", copy=False))


def require_dims(reference: str, array: xr.DataArray, other: str, against: xr.DataArray) -> None:
    """ValueError where an item dimension (sample, image, layer, ...) of one array is missing from the other."""
    for dim in sorted(ITEMS & (set(map(str, array.dims)) ^ set(map(str, against.dims)))):
        having, lacking = (reference, other) if dim in array.dims else (other, reference)
        raise ValueError(
            f"{having} has a dimension {dim!r} and {lacking} has not: every value of one would be compared with the "
            f"same value of the other. {reference} has {_shape(array)}; {other} has {_shape(against)}."
        )


def require_same_shape(**arrays: Array) -> None:
    """ValueError where bare arrays differ in shape, an axis of length 1 excepted."""
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    first, *rest = shapes.values()
    for shape in rest:
        if len(shape) != len(first) or any(a != b and 1 not in (a, b) for a, b in zip(first, shape, strict=True)):
            shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(
                f"shapes differ: {shown}. Bare arrays must match axis by axis; write a repeated axis as 1."
            )


def repeated(
    reference: NDArray[Any], values: NDArray[Any], name: str, other: str, core: int = 0
) -> NDArray[np.generic]:
    """A bare per-sample reference with its values repeated over the axes that `values` has more.

    Leading axes must match, and so must the last `core` ones: (sample,) goes with (sample, condition), and with core=1
    (sample, option) with (sample, condition, option). ValueError otherwise.
    """
    lead, tail = reference.shape[: reference.ndim - core], reference.shape[reference.ndim - core :]
    if (
        reference.ndim <= values.ndim
        and values.shape[: len(lead)] == lead
        and values.shape[values.ndim - core :] == tail
    ):
        between = (1,) * (values.ndim - reference.ndim)
        return np.broadcast_to(reference.reshape(lead + between + tail), values.shape)
    raise ValueError(
        f"{name} has shape {reference.shape} and {other} {values.shape}: its axes must be the leading ones of {other}"
        + (f", then the last {core}." if core else ".")
    )


def apply(
    kernel: Callable[..., Any],
    *arrays: xr.DataArray,
    core: Sequence[Sequence[Hashable]],
    out: Mapping[str, int] | None = None,
    dtype: Any = None,
) -> xr.DataArray:
    """Run a features-last kernel over labelled arrays, in memory or lazily under dask.

    `core` lists per array the dimensions that the kernel consumes, in the kernel's order; `out` gives name and size of
    those it makes. Under dask each block passes through the kernel on its own, so core dimensions become one chunk, and
    in the result so do those that not all arrays have, such as the conditions.
    """
    for array, dims in zip(arrays, core, strict=True):
        missing = [dim for dim in dims if dim not in array.dims]
        if missing:
            raise ValueError(f"no dimension {missing[0]!r} in an array with {_shape(array)}. Name it with `dim=`.")
    dtype = dtype or np.result_type(*(_computed(array.dtype) for array in arrays))
    result: xr.DataArray = xr.apply_ufunc(
        _in_pieces(kernel, [len(dims) for dims in core]),
        *arrays,
        input_core_dims=core,
        output_core_dims=[list(out or {})],
        exclude_dims={dim for dims in core for dim in dims if dim in (out or {})},
        keep_attrs=False,  # the name and unit of a state are not those of a distance between states
        dask="parallelized",
        output_dtypes=[dtype],
        dask_gufunc_kwargs={"allow_rechunk": True, "output_sizes": dict(out or {})},
    )
    if result.chunks is None:
        return result
    # dask begins with what needs least: the first condition of every image, and would hold all their clean tokens for
    # the others. One chunk of all conditions makes it finish an image before it begins the next.
    whole = {axis: -1 for axis, dim in enumerate(result.dims) if any(dim not in array.dims for array in arrays)}
    return result.copy(deep=False, data=result.data.rechunk(whole)) if whole else result


def _in_pieces(kernel: Callable[..., Any], core: Sequence[int]) -> Callable[..., Any]:
    """The kernel on some entries of the first axis after the others, where arrays in memory are large.

    What it makes on the way, several arrays as large as its own, is then of some of the entries alone.
    """

    def run(*arrays: Any) -> Any:
        free = [array.ndim - kept for array, kept in zip(arrays, core, strict=True)]
        deep = max(free)
        largest = max(array.size for array in arrays)
        if deep < 1 or largest <= CELLS or not all(isinstance(array, np.ndarray) for array in arrays):
            return kernel(*arrays)
        has = [own == deep and array.shape[0] > 1 for own, array in zip(free, arrays, strict=True)]
        length = max(array.shape[0] for own, array in zip(free, arrays, strict=True) if own == deep)
        step = max(1, CELLS * length // largest)
        parts = (
            kernel(*(array[at : at + step] if along else array for along, array in zip(has, arrays, strict=True)))
            for at in range(0, length, step)
        )
        return _joined(parts, length)

    return run


def _joined(parts: Iterator[Any], length: int) -> Any:
    made, start = None, 0
    for part in parts:
        made = np.empty((length, *part.shape[1:]), part.dtype) if made is None else made
        made[start : start + len(part)] = part
        start += len(part)
    return made


def axis_last(array: Array, dim: int | str) -> Array:
    """A bare array with the axis that `dim` numbers moved last; a name stands for the last axis."""
    return array if isinstance(dim, str) else axes_last(array, [dim])


def axes_last(array: Array, axes: Sequence[int]) -> Array:
    """A bare array with the numbered axes moved last, in the order given."""
    xp: Any = array_namespace(array)
    moved = [axis % array.ndim for axis in axes]
    return xp.permute_dims(array, tuple(axis for axis in range(array.ndim) if axis not in moved) + tuple(moved))


def by_sample(array: Array, sample: str = "sample", condition: str = "condition") -> xr.DataArray:
    """A bare (sample, condition, ...) array with those labels; a DataArray as it is."""
    if isinstance(array, xr.DataArray):
        return array
    values = np.asarray(array)
    names = [sample, condition, *(f"axis_{axis}" for axis in range(2, values.ndim))]
    return xr.DataArray(values, dims=names[: values.ndim])


def texts(values: Any) -> NDArray[np.str_]:
    """Labels of any kind as texts; numpy casts its own variable-length texts only by way of objects.

    >>> texts(np.array(["a", "b"], np.dtypes.StringDType())).dtype.kind, texts([1, 2]).tolist()
    ('U', ['1', '2'])
    """
    return np.asarray(np.asarray(values).astype(object), np.str_)


def along(array: xr.DataArray, given: Any, what: str, rows: str | None = None) -> NDArray[np.str_]:
    """One text for each row, by default of the first dimension, from the name of a coordinate or from a list.

    ValueError where there is no such coordinate, or not one text a row.

    >>> along(xr.DataArray([1.0, 2.0], dims="sample"), ["a", "b"], "image labels").tolist()
    ['a', 'b']
    """
    rows = rows or str(array.dims[0])
    if isinstance(given, str) and (given not in array.coords or array[given].dims != (rows,)):
        raise ValueError(f"no coordinate {given!r} along {rows!r}. Pass the {what} as a list, one for each {rows}.")
    values = texts(array[given] if isinstance(given, str) else given)
    if values.shape != (array.sizes[rows],):
        raise ValueError(f"{values.shape} {what} for {array.sizes[rows]} rows of {rows!r}: give one each.")
    return values


def mean(array: xr.DataArray, dim: str | Sequence[str]) -> xr.DataArray:
    """Mean over the defined values, in float64; nan where there is none."""
    count = array.notnull().sum(dim)
    return (array.astype(np.float64).sum(dim, skipna=True) / count.where(count > 0)).drop_attrs(deep=False)


def families(array: xr.DataArray, family: Any, condition: str = "condition") -> dict[str, NDArray[np.intp]]:
    """The positions of each family's conditions, families in order of first appearance.

    `family` is the name of a coordinate along `condition`, or the labels themselves.
    """
    if condition not in array.dims:
        raise ValueError(f"no dimension {condition!r} in an array with {_shape(array)}. Name it with `condition=`.")
    if isinstance(family, str):
        if family not in array.coords:
            raise ValueError(
                f"no coordinate {family!r} among {sorted(map(str, array.coords))}. "
                f"Pass the family of each {condition} as a list, or assign it as a coordinate."
            )
        family = array.coords[family]
    labels = texts(family)
    if labels.shape != (array.sizes[condition],):
        raise ValueError(f"{labels.shape} family labels for {array.sizes[condition]} conditions: give one each.")
    return {name: np.flatnonzero(labels == name) for name in dict.fromkeys(labels.tolist())}


def union(groups: Mapping[str, Any], any_of: Sequence[str] | None) -> list[str]:
    """The families of a union: those named, by default all but "clean". ValueError for one that is not there."""
    chosen = [name for name in groups if name != "clean"] if any_of is None else list(any_of)
    unknown = [name for name in chosen if name not in groups]
    if unknown:
        raise ValueError(f"a union names the family {unknown[0]!r}; there are {', '.join(groups)}.")
    return chosen


def places(groups: Mapping[str, NDArray[np.intp]], names: Sequence[str]) -> NDArray[np.intp]:
    """The positions of all conditions of the named families."""
    return np.concatenate([np.zeros(0, np.intp), *(groups[name] for name in names)])


def _computed(dtype: Any) -> Any:
    if np.issubdtype(dtype, np.floating):
        return np.result_type(dtype, np.float32)
    return np.dtype(np.float64)


def _require_same_labels(dim: Hashable, first: str, a: xr.DataArray, second: str, b: xr.DataArray) -> None:
    if a.sizes[dim] != b.sizes[dim] and not (dim in a.indexes and dim in b.indexes):
        raise ValueError(f"{first} and {second} differ in {dim!r}: {a.sizes[dim]} against {b.sizes[dim]}.")
    if dim not in a.indexes or dim not in b.indexes or a.indexes[dim].equals(b.indexes[dim]):
        return
    only_a, only_b = a.indexes[dim].difference(b.indexes[dim]), b.indexes[dim].difference(a.indexes[dim])
    if not len(only_a) and not len(only_b):
        raise ValueError(
            f"{first} and {second} hold the same {dim!r} labels in another order. "
            f"Bring one into the other's order with .sel({dim}=...)."
        )
    raise ValueError(
        f"{first} and {second} differ in {dim!r}: only in {first}: {_some(only_a)}; only in {second}: {_some(only_b)}. "
        "Select the labels that both have, knowingly, with .sel."
    )


def _some(labels: Any) -> str:
    shown = ", ".join(repr(label) for label in list(labels)[:3])
    return (shown + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")) or "none"


def _shape(array: xr.DataArray) -> str:
    return "dimensions (" + ", ".join(f"{dim}: {size}" for dim, size in array.sizes.items()) + ")"
