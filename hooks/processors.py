"""Loading a checkpoint's processor for pictures, without its part for videos."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import transformers
from transformers.processing_utils import ProcessorMixin

from .serialized import tokenizers_from_json
from .whole_texts import read_whole_texts


class NoVideo(dict[str, Any]):
    """Takes the place of a processor's video part, whose settings some read for pictures too; {} in JSON."""

    num_frames = None
    fps = None


def load_processor(directory: Path, **settings: Any) -> Any:
    """The processor of a checkpoint, without its video part: no video is ever shown, and its files may lack.

    Its tokenizers read every text whole, with control tokens as such, whatever settings they were saved with.
    """
    with _numbers_in_digits(), tokenizers_from_json(directory), pictures_only():
        processor = transformers.AutoProcessor.from_pretrained(directory, split_special_tokens=False, **settings)
    if isinstance(processor, ProcessorMixin):
        attributes = type(processor).get_attributes()
        processor.get_attributes = lambda: _without_videos(attributes)
        for name in set(attributes) - set(_without_videos(attributes)):
            setattr(processor, name, NoVideo())
    read_whole_texts(processor)
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
    """Let processors load without their video part."""
    original = ProcessorMixin.__dict__["get_attributes"]
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
    try:
        yield
    finally:
        type.__setattr__(ProcessorMixin, "get_attributes", original)
        type.__setattr__(ProcessorMixin, "from_args_and_dict", from_args)


def _without_videos(attributes: list[str]) -> list[str]:
    return [name for name in attributes if "video_processor" not in name]
