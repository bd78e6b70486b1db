"""Segmentation models of transformers: loading one, and the label maps that it makes of pictures.

Semantic models (SegFormer, MobileNetV2 with DeepLabV3+, BEiT, DPT, UperNet, …) give logits, which are brought to a
picture's size bilinearly, a few classes at a time; universal ones (Mask2Former, MaskFormer, OneFormer, EoMT) give
masks, which their own image processor turns into a map, one picture at a time. Pictures are never cropped: a map of the
middle would be stretched over the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from . import devices, picture_sizes
from .checkpoint_files import check_files, read_object, regular
from .identity import code_of, plain
from .library_errors import told
from .load_options import LoadOptions
from .module_sizes import NOT_KEPT, no_larger_than
from .provenance import ModelError, commit, locate, weights_hash
from .settings import place
from .weight_files import stored
from .weight_keys import check_keys

Pixels = NDArray[np.uint8]

ClassMap = NDArray[np.int32]
"""(height, width) numbers of the model's own classes."""

CLASSES_AT_ONCE = 32
"""Classes whose logits are brought to the size of a picture together: 8 MiB each at 2048×1024."""

NOT_LOADED = "its config or image processor cannot be loaded"

AUTO_CLASSES = {
    "semantic": "AutoModelForSemanticSegmentation",
    "universal": "AutoModelForUniversalSegmentation",
}


@dataclass(frozen=True)
class SegmenterBlueprint:
    """What a segmentation model is, before any weights are read. `classes` are the names of its own, by number."""

    source: str
    options: LoadOptions
    directory: Path
    kind: Literal["semantic", "universal"]
    config: Any
    processor: Any
    device: str
    dtype: str

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(str(self.config.id2label[number]) for number in range(len(self.config.id2label)))

    @property
    def description(self) -> dict[str, Any]:
        """What determines its label maps beside the weights, as plain JSON values."""
        images = getattr(self.processor, "image_processor", self.processor)
        settings = {name: value for name, value in images.to_dict().items() if not name.startswith("_")}
        return {
            "model_type": self.config.model_type,
            "kind": self.kind,
            "revision": commit(self.directory),
            "dtype": self.dtype,
            "processor": plain({"class": type(images).__name__, **settings, "do_center_crop": False}),
            "code": code_of([self.config, images]),
        }


@dataclass(frozen=True)
class Segmenter:
    """A loaded segmentation model, and where its numbers come from."""

    blueprint: SegmenterBlueprint
    module: Any
    provenance: Mapping[str, Any]

    def class_maps(self, pictures: Sequence[Pixels], sizes: Sequence[tuple[int, int]]) -> list[ClassMap]:
        """The classes of all pixels of each picture, at the (height, width) asked for.

        Pictures that the processor brings to one size are read together, others apart.
        """
        encoded = [self._encoded(picture) for picture in pictures]
        if self.blueprint.kind == "universal":
            return [self._universal(tensors, size) for tensors, size in zip(encoded, sizes, strict=True)]
        groups: dict[tuple[int, ...], list[int]] = {}
        for row, tensors in enumerate(encoded):
            groups.setdefault(tuple(tensors["pixel_values"].shape), []).append(row)
        found: dict[int, ClassMap] = {}
        for rows in groups.values():
            together = {name: torch.cat([encoded[row][name] for row in rows]) for name in encoded[rows[0]]}
            found |= zip(rows, self._semantic(together, [sizes[row] for row in rows]), strict=True)
        return [found[row] for row in range(len(pictures))]

    def _encoded(self, picture: Pixels) -> dict[str, Any]:
        processor = self.blueprint.processor
        settings: dict[str, Any] = {"return_tensors": "pt"}
        if self.blueprint.config.model_type == "oneformer":
            settings["task_inputs"] = ["semantic"]
        if getattr(getattr(processor, "image_processor", processor), "do_center_crop", None):
            settings["do_center_crop"] = False
        with told(self.blueprint.source, "its image processor cannot take a picture"):
            made = processor(images=[picture], **settings)
        return {name: self._placed(value) for name, value in made.items()}

    def _placed(self, value: Any) -> Any:
        """Tensors, also those in a list, on the model's device and in its type."""
        if isinstance(value, list | tuple):
            return [self._placed(each) for each in value]
        if not isinstance(value, torch.Tensor):
            return value
        floats = getattr(torch, self.blueprint.dtype) if value.is_floating_point() else None
        return value.to(self.blueprint.device, floats)

    def _semantic(self, tensors: Mapping[str, Any], sizes: Sequence[tuple[int, int]]) -> list[ClassMap]:
        with torch.inference_mode():
            logits = self.module(**tensors).logits
            return [highest_class(one, size).cpu().numpy() for one, size in zip(logits, sizes, strict=True)]

    def _universal(self, tensors: Mapping[str, Any], size: tuple[int, int]) -> ClassMap:
        processor = self.blueprint.processor
        with torch.inference_mode():
            outputs = self.module(**tensors)
            (found,) = processor.post_process_semantic_segmentation(outputs, target_sizes=[size])
            return found.to(torch.int32).cpu().numpy()


def highest_class(logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """(height, width) int32: the class with the highest logit, after logits (class, row, col) are brought to a size.

    Bilinear, as the image processors of transformers do it, but never with more than a few classes at once in memory.
    Of equal logits the lowest number is taken.
    """
    best = values = None
    for start in range(0, len(logits), CLASSES_AT_ONCE):
        few = logits[None, start : start + CLASSES_AT_ONCE].float()
        large = torch.nn.functional.interpolate(few, size=size, mode="bilinear", align_corners=False)[0]
        highest, number = large.max(0)
        number = number.to(torch.int32) + start
        if best is None or values is None:
            best, values = number, highest
        else:
            best, values = torch.where(highest > values, number, best), torch.maximum(highest, values)
    assert best is not None
    return best


def blueprint(source: str | PathLike[str], options: LoadOptions = LoadOptions()) -> SegmenterBlueprint:
    """Find a segmentation model and determine what it is, before any weights are read.

    Raises ModelError where it cannot be found or is none.
    """
    source = place("model", source)
    directory = locate(source, options.revision, weights=False, code=options.trust_remote_code)
    check_files(source, directory)
    model_type = read_object(source, directory / "config.json").get("model_type")
    trust: dict[str, Any] = {"local_files_only": True, "trust_remote_code": options.trust_remote_code}
    with told(source, NOT_LOADED, files=str(directory / "config.json")):
        config = transformers.AutoConfig.from_pretrained(directory, **trust)
        kind = _kind(source, config)
        weights = stored(source, directory, getattr(config, "transformers_weights", None))
    with told(source, NOT_LOADED, files=str(directory / "preprocessor_config.json")):
        auto = transformers.AutoProcessor if model_type == "oneformer" else transformers.AutoImageProcessor
        with no_larger_than(source, weights, spare=NOT_KEPT):
            processor = auto.from_pretrained(directory, **trust)
        names: Any = config.id2label
        if lost := set(range(len(names))) - set(names):
            raise ModelError(f"model {source!r}: the id2label of its config.json leaves out the class {min(lost)}.")
    if reason := picture_sizes.absurd(processor):
        raise ModelError(f"model {source!r}: its image processor cannot be used: {reason}.")
    device = devices.chosen(options.device)
    declared = str(config.dtype or torch.float32).removeprefix("torch.")
    dtype = options.dtype if options.dtype != "auto" else "float32" if device == "cpu" else declared
    return SegmenterBlueprint(source, options, directory, kind, config, processor, device, dtype)


def _kind(source: str, config: Any) -> Literal["semantic", "universal"]:
    if type(config) in transformers.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING:
        return "semantic"
    if type(config) in transformers.MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING:
        return "universal"
    raise ModelError(
        f"model {source!r} is of model_type {config.model_type!r}, which segments no pictures. Give a semantic or "
        "universal segmentation model, such as SegFormer or Mask2Former."
    )


def load(made: SegmenterBlueprint) -> Segmenter:
    """Load the weights: safetensors only, evaluation mode, no gradients.

    Raises ModelError where there are none, or where some are missing from them and would be random.
    """
    devices.require(made.device)
    options = made.options
    directory = locate(made.source, options.revision, weights=True, code=options.trust_remote_code)
    held = stored(made.source, directory, getattr(made.config, "transformers_weights", None))
    for _ in regular(made.source, directory):
        pass
    weights = weights_hash(directory)
    with told(made.source, "its weights cannot be loaded"), no_larger_than(made.source, held):
        module, info = getattr(transformers, AUTO_CLASSES[made.kind]).from_pretrained(
            directory,
            config=made.config,
            dtype=getattr(torch, made.dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=options.trust_remote_code,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # all of them are named below
        )
    check_keys(made.source, made.config, info)
    module = module.to(made.device).eval().requires_grad_(False)
    provenance = {
        "source": made.source,
        "class": type(module).__name__,
        "weights_sha256": weights,
        **made.description,
        "device": made.device,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "versions": {name: version(name) for name in ("torch", "transformers")},
    }
    return Segmenter(made, module, provenance)
