"""Where a model's parts are, found by the structure of its modules without any weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal

import torch
import transformers
from torch import nn

PROJECTORS = ("projector", "connector", "merger", "aligner", "multimodal", "resampler", "abstractor", "visualembedding")
"""One of these words is in the name or the class of the module that leads from vision to language."""
FINAL_NORMS = ("norm", "norm_f", "ln_f", "final_norm", "layer_norm", "final_layernorm", "final_layer_norm")
CLASS_TOKENS = ("class_embedding", "cls_token", "class_token")
IMAGE_TOKENS = ("image_token_id", "image_token_index")


@dataclass(frozen=True)
class Stack:
    """A list of blocks: its path, how many of which class, the width of their states, and the part it belongs to."""

    path: str
    count: int
    block: str
    width: int
    part: Literal["vision", "language", "other"]

    def __str__(self) -> str:
        return f"{self.path} ({self.count} {self.block}, {self.part})"


NOWHERE = Stack("", 0, "", 0, "other")


@dataclass(frozen=True)
class Structure:
    """What was found of a model: all its stacks, and the parts that an entry names, empty where not found.

    `leading`: how many class tokens the vision tower has. `mixes`: whether the projector attends, so that its tokens
    have no place in the picture. `image_token`: name and value in the config or the processor. `rope_deltas`: path of
    what `Reuse` calls so. `reads_types`: whether it is told which tokens are pictures. `problem`: why it could not be
    built.
    """

    stacks: tuple[Stack, ...] = ()
    vision: Stack = NOWHERE
    language: Stack = NOWHERE
    projectors: tuple[str, ...] = ()
    final_norm: str = ""
    leading: int = 0
    mixes: bool = False
    image_token: tuple[str, int] = ("", -1)
    rope_deltas: str = ""
    reads_types: bool = False
    problem: str = ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """What an entry needs and was not found."""
        needed = {
            "one tallest list of vision blocks": self.vision.path,
            "one projector": len(self.projectors) == 1,
            "one list of language blocks": self.language.path,
            "final norm": self.final_norm,
            "image token": self.image_token[0],
        }
        return tuple(name for name, found in needed.items() if not found)


def survey(config: Any, processor: Any = None) -> Structure:
    """Build the model that a config describes, on the meta device, and find its parts."""
    try:
        model = _empty(config)
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        return Structure(problem=str(error).strip().splitlines()[0])
    stacks = tuple(_stacks(model, config))
    text = config.get_text_config()
    tallest = max((each.count for each in stacks if each.part == "vision"), default=0)
    vision = _only([each for each in stacks if each.part == "vision" and each.count == tallest])
    layers = getattr(text, "num_hidden_layers", None)
    language = _only([each for each in stacks if each.part == "language" and each.count == layers])
    projectors = _projectors(model, vision, language, text.hidden_size) if vision.path and language.path else ()
    return Structure(
        stacks,
        vision,
        language,
        projectors,
        final_norm=_final_norm(model, language) if language.path else "",
        leading=_class_tokens(model),
        mixes=len(projectors) == 1 and _attends(model.get_submodule(projectors[0])),
        image_token=_image_token(config, processor),
        reads_types="mm_token_type_ids" in signature(model.forward).parameters,
        rope_deltas=next(
            (f"{path}.rope_deltas" for path, part in model.named_modules() if hasattr(part, "rope_deltas")), ""
        ),
    )


def _only(stacks: list[Stack]) -> Stack:
    return stacks[0] if len(stacks) == 1 else NOWHERE


def _image_token(config: Any, processor: Any) -> tuple[str, int]:
    named = ((name, getattr(owner, name, None)) for owner in (config, processor) for name in IMAGE_TOKENS)
    return next(((name, value) for name, value in named if isinstance(value, int)), ("", -1))


def _empty(config: Any) -> nn.Module:
    known = type(config) in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    with torch.device("meta"):
        return (transformers.AutoModelForImageTextToText if known else transformers.AutoModel).from_config(config)


def _stacks(model: nn.Module, config: Any) -> Iterator[Stack]:
    """The outermost lists of at least two blocks; a list of the framework's own layers, such as `Linear`, is none."""
    outer: list[str] = []
    for path, module in model.named_modules():
        if not isinstance(module, nn.ModuleList) or len(module) < 2 or _inside(path, outer):
            continue
        if type(module[0]).__module__.startswith("torch.nn"):
            continue
        outer.append(path)
        yield Stack(path, len(module), type(module[0]).__name__, _width(module[0]), _part(model, path, config))


def _part(model: nn.Module, path: str, config: Any) -> Literal["vision", "language", "other"]:
    """The part whose config the nearest model around a path was built from; by name where it was neither."""
    owners = [model.get_submodule(above) for above in _above(path)] + [model]
    owner = next(own for module in owners if (own := getattr(module, "config", None)) is not None)
    if type(owner) is type(getattr(config, "vision_config", None)):
        return "vision"
    if type(owner) is type(config.get_text_config()):
        return "language"
    return "vision" if any(word in path for word in ("vision", "visual", "image")) else "other"


def _above(path: str) -> Iterator[str]:
    """The paths above one, nearest first."""
    while path := path.rpartition(".")[0]:
        yield path


def _inside(path: str, outer: list[str]) -> bool:
    return any(path == each or path.startswith(f"{each}.") for each in outer)


def _width(block: nn.Module) -> int:
    """The width of the states that a block takes: that of its own norms."""
    return max((norm.weight.shape[0] for _, norm in _norms(block) if norm.weight is not None), default=0)


def _norms(module: nn.Module) -> list[tuple[str, Any]]:
    named = module.named_children()
    return [
        (name, child) for name, child in named if "norm" in type(child).__name__.lower() and hasattr(child, "weight")
    ]


def _final_norm(model: nn.Module, language: Stack) -> str:
    """The norm beside the language model's blocks; of several, the last with a usual name."""
    home = language.path.rpartition(".")[0]
    norms = [name for name, _ in _norms(model.get_submodule(home))]
    usual = [name for name in norms if name in FINAL_NORMS] or norms
    return f"{home}.{usual[-1]}".lstrip(".") if usual else ""


def _class_tokens(model: nn.Module) -> int:
    """Class tokens and registers, which precede the patches: (1, register, feature)."""
    named = [(name.rpartition(".")[2], value) for name, value in model.named_parameters()]
    classes = sum(name in CLASS_TOKENS for name, _ in named)
    return classes + sum(value.shape[1] for name, value in named if name == "register_tokens")


def _projectors(model: nn.Module, vision: Stack, language: Stack, width: int) -> tuple[str, ...]:
    """Modules named like a projector, outside all lists, whose output has the language model's width.

    Of several, those that take states of the vision tower's width or of a few of them side by side.
    """
    taken: list[str] = []
    lists: list[str] = []
    around = {*_above(vision.path), *_above(language.path)}
    for path, module in model.named_modules():
        if isinstance(module, nn.ModuleList):
            lists.append(path)
        if not path or path in around or _inside(path, [*taken, *lists]):
            continue
        called = (path.rpartition(".")[2] + type(module).__name__).lower().replace("_", "")
        if any(word in called for word in PROJECTORS) and _widths(module)[1] == width:
            taken.append(path)
    fed = [path for path in taken if vision.width and not _widths(model.get_submodule(path))[0] % vision.width]
    return tuple(fed if len(taken) > 1 and fed else taken)


def _widths(module: nn.Module) -> tuple[int, int]:
    """What the first layer of a module takes and its last one makes, 0 where it has no layer."""
    layers = [widths for each in module.modules() if (widths := _width_of_layer(each))]
    return (layers[0][0], layers[-1][1]) if layers else (0, 0)


def _width_of_layer(layer: nn.Module) -> tuple[int, int] | None:
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    if isinstance(layer, nn.Conv2d):
        return layer.in_channels, layer.out_channels
    return (layer.num_embeddings, layer.embedding_dim) if isinstance(layer, nn.Embedding) else None


def _attends(module: nn.Module) -> bool:
    return any("attention" in type(each).__name__.lower() for each in module.modules())
