"""Models and the states inside them: loading, sites, capture, option scores.

Names are imported when first used, so that parsing the text of a site does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import torchvision_import  # noqa: F401  before anything of transformers

if TYPE_CHECKING:
    from . import (
        attention,
        capture,
        check,
        contrastive,
        data_types,
        devices,
        families,
        generate,
        options,
        segmentation,
        sites,
        state_kinds,
    )
    from .context import prompt_text
    from .encoding import EncodedView, image_grids, view_grids
    from .load_options import LoadOptions
    from .loading import blueprint, load
    from .model import Blueprint, Model
    from .provenance import ModelError
    from .reading import Answer, Question, Reading, SiteStates, View
    from .sites import Site, Tower

_HOME = {
    **dict.fromkeys(("blueprint", "load"), "loading"),
    **dict.fromkeys(("Blueprint", "Model"), "model"),
    "LoadOptions": "load_options",
    "ModelError": "provenance",
    "prompt_text": "context",
    **dict.fromkeys(("EncodedView", "image_grids", "view_grids"), "encoding"),
    **dict.fromkeys(("Answer", "Question", "Reading", "SiteStates", "View"), "reading"),
    **dict.fromkeys(("Site", "Tower"), "sites"),
}
_MODULES = (
    "attention",
    "capture",
    "check",
    "contrastive",
    "data_types",
    "devices",
    "families",
    "generate",
    "options",
    "segmentation",
    "sites",
    "state_kinds",
)

__all__ = [
    "Answer",
    "Blueprint",
    "EncodedView",
    "LoadOptions",
    "Model",
    "ModelError",
    "Question",
    "Reading",
    "Site",
    "SiteStates",
    "Tower",
    "View",
    "attention",
    "blueprint",
    "capture",
    "check",
    "contrastive",
    "data_types",
    "devices",
    "families",
    "generate",
    "image_grids",
    "load",
    "options",
    "prompt_text",
    "segmentation",
    "sites",
    "state_kinds",
    "view_grids",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"package 'hooks' has no {name!r}; it has {', '.join(__all__)}")
