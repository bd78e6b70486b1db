"""torchvision beside a torch for which it has no compiled operators, such as another build of the same version.

Image processors use none of these operators. But torchvision registers rules of shapes for two of them as it is
imported, which fails where nothing has defined them, and takes all of transformers' image models down with it.
"""

import sys
from importlib import import_module
from importlib.util import find_spec

import torch

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
OPERATORS = ("nms", "qnms")

_DEFINITIONS: list[torch.library.Library] = []
"""Operators are undefined again with the library object that defined them."""


def make_importable() -> None:
    """Import torchvision where it is installed, defining the operators that its import asks for where they are missing.

    They stay without an implementation. Raises what the import raises for any other reason.
    """
    if find_spec("torchvision") is None:
        return
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        definitions = torch.library.Library("torchvision", "FRAGMENT")
        for name in OPERATORS:
            definitions.define(name + SIGNATURE)
        _DEFINITIONS.append(definitions)
        import_module("torchvision")


make_importable()
