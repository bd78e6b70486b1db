"""A limit on what a config makes a library build: a model is not larger than the weights that are there for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules import module as hooked

from .provenance import ModelError
from .weight_files import StoredTensor

TIMES = 4
"""How often a stored number may be registered: tables of words are made for both ends of a model, then tied."""

SPARE = 20_000_000
"""Numbers beyond those of the files: small models have tables that are made, not stored."""

NOT_KEPT = 10**13
"""The same where modules are built without memory, to look at their structure alone."""

MODULES_A_TENSOR = 10
WITHOUT_FILES = 200_000
"""Modules of a model whose weights are not there yet."""


@contextmanager
def no_larger_than(source: str, stored: Mapping[str, StoredTensor], *, spare: int = SPARE) -> Iterator[None]:
    """Raise ModelError as soon as modules are built that have far more parts or numbers than the stored weights."""
    numbers = TIMES * sum(each.weights for each in stored.values()) + (spare if stored else NOT_KEPT)
    modules = MODULES_A_TENSOR * len(stored) + 1_000 if stored else WITHOUT_FILES
    left = {"numbers": numbers, "modules": modules}

    def count(what: str, by: int) -> None:
        left[what] -= by
        if left[what] < 0:
            most = {"numbers": numbers, "modules": modules}[what]
            raise ModelError(
                f"model {source!r}: its config.json describes a model of more than {most} {what}, and its weights are "
                f"{len(stored)} tensors. One of the two belongs to another model: compare the sizes in config.json."
            )

    def of_module(*_: Any) -> None:
        count("modules", 1)

    def of_tensor(_: nn.Module, __: str, tensor: Any) -> None:
        if tensor is not None and hasattr(tensor, "numel"):
            count("numbers", tensor.numel())

    handles = [
        hooked.register_module_module_registration_hook(of_module),
        hooked.register_module_parameter_registration_hook(of_tensor),
        hooked.register_module_buffer_registration_hook(of_tensor),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
