"""Loading a checkpoint's processor for pictures, also where its part for videos cannot be loaded."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto import processing_auto
from transformers.processing_utils import ProcessorMixin
from transformers.utils.import_utils import is_torchvision_available

from .serialized import tokenizers_from_json


class NoVideo(dict[str, Any]):
    """Takes the place of a processor's video part, whose settings some read for pictures too; {} in JSON."""

    num_frames = None
    fps = None


def load_processor(directory: Path, **settings: Any) -> Any:
    """The processor of a checkpoint, without its video part where torchvision, which only that needs, is missing."""
    with _numbers_in_digits(), tokenizers_from_json(directory):
        if is_torchvision_available():
            return transformers.AutoProcessor.from_pretrained(directory, **settings)
        with pictures_only():
            processor = transformers.AutoProcessor.from_pretrained(directory, **settings)
    if isinstance(processor, ProcessorMixin):
        attributes = type(processor).get_attributes()
        processor.get_attributes = lambda: _without_videos(attributes)
        for name in set(attributes) - set(_without_videos(attributes)):
            setattr(processor, name, NoVideo())
    return processor


@contextmanager
def _numbers_in_digits() -> Iterator[None]:
    """Let SmolVLM's processor load without num2words, which it uses to spell the number of a video's frames."""
    module: Any = import_module("transformers.models.smolvlm.processing_smolvlm")
    original = module.num2words
    module.num2words = original or str
    try:
        yield
    finally:
        module.num2words = original


@contextmanager
def pictures_only() -> Iterator[None]:
    """Let processors load without their video part and without torchvision."""
    original, named = ProcessorMixin.__dict__["get_attributes"], processing_auto.processor_class_from_name
    from_args = ProcessorMixin.__dict__["from_args_and_dict"]

    @classmethod
    def get_attributes(cls: type[ProcessorMixin]) -> list[str]:
        return _without_videos(original.__func__(cls))

    @classmethod
    def from_args_and_dict(cls: type[ProcessorMixin], args: list, settings: dict[str, Any], **kwargs: Any) -> Any:
        lacking = set(original.__func__(cls)) - set(cls.get_attributes())
        return from_args.__func__(cls, args, settings, **dict.fromkeys(lacking), **kwargs)

    type.__setattr__(ProcessorMixin, "get_attributes", get_attributes)
    type.__setattr__(ProcessorMixin, "from_args_and_dict", from_args_and_dict)
    processing_auto.processor_class_from_name = lambda name: with_pillow(named(name))
    try:
        yield
    finally:
        type.__setattr__(ProcessorMixin, "get_attributes", original)
        type.__setattr__(ProcessorMixin, "from_args_and_dict", from_args)
        processing_auto.processor_class_from_name = named


def with_pillow(processor_class: Any) -> Any:
    """The processor class behind a placeholder for missing torchvision, where its module also works with Pillow.

    Other classes, and placeholders for other packages, are returned as they are.
    """
    if not getattr(processor_class, "is_dummy", False) or set(processor_class._backends) != {"torchvision"}:
        return processor_class
    name = processor_class.__name__
    home = getattr(transformers, name).__module__  # the top level has the full path, other modules a part of it
    torchvision, pillow = (home.replace(".processing_", f".image_processing_{kind}") for kind in ("", "pil_"))
    try:
        sys.modules[torchvision] = import_module(pillow)
        return getattr(import_module(home), name)
    except ModuleNotFoundError:
        return processor_class
    finally:
        sys.modules.pop(torchvision, None)


def _without_videos(attributes: list[str]) -> list[str]:
    return [name for name in attributes if "video_processor" not in name]
