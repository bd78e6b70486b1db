"""torchvision beside a torch for which it has no compiled operators, such as another build of the same version.

Image processors use none of these operators. But torchvision registers rules of shapes for two of them as it is
imported, which fails where nothing has defined them, and takes all of transformers' image models down with it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
OPERATORS = ("nms", "qnms")


class _BeforeTorchvision:
    """Finds nothing itself; defines the missing operators when torchvision is about to be imported.

    It stays where it is, and keeps the definitions: operators are undefined again with what defined them.
    """

    def __init__(self) -> None:
        self.asked = False
        self.definitions: Any = None

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "torchvision" and not self.asked:
            self.asked = True
            self.definitions = define_missing_operators()


def define_missing_operators() -> Any:
    """Define the operators that the import of torchvision asks for, without an implementation, where it has none.

    Returns what holds the definitions.
    """
    import torch

    found = find_spec("torchvision")
    if found is None or found.origin is None or hasattr(torch.ops.torchvision, OPERATORS[0]):
        return None
    for library in Path(found.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(library)
        except OSError:
            continue
        return None
    definitions = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        definitions.define(name + SIGNATURE)
    return definitions


if "torchvision" not in sys.modules:
    sys.meta_path.insert(0, _BeforeTorchvision())
