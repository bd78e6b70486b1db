"""Outputs of modules, changed tensor by tensor: a tensor, tuples or named fields of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def of_images(vision: Any, *places: int) -> Any:
    """An encoder's output for some of its images; what is not a tensor stays as it is."""
    return each_tensor(lambda value: value[list(places)], vision)


def joined(visions: Sequence[Any]) -> Any:
    """Encoder outputs of single images as the output of one batch."""
    return each_tensor(lambda *values: torch.cat(values), *visions)


def each_tensor(change: Callable[..., Tensor], *outputs: Any) -> Any:
    """Outputs of one form, changed tensor by tensor; what is not a tensor is that of the first."""
    first = outputs[0]
    if isinstance(first, Tensor):
        return change(*outputs)
    if isinstance(first, Mapping):
        return type(first)(**{name: each_tensor(change, *(output[name] for output in outputs)) for name in first})
    if isinstance(first, tuple):
        return tuple(each_tensor(change, *fields) for fields in zip(*outputs, strict=True))
    return first
