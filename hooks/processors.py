"""Loading a checkpoint's processor for pictures, without its parts for videos and sounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import transformers
from transformers.processing_utils import ProcessorMixin

from .serialized import tokenizers_from_json
from .whole_texts import read_whole_texts


class NoPart(dict[str, Any]):
    """Takes the place of a processor's part for videos, whose settings some read for pictures too; {} in JSON."""

    num_frames = None
    fps = None


def load_processor(directory: Path, **settings: Any) -> Any:
    """The processor of a checkpoint, without its parts for videos and sounds, which its files may lack.

    Its tokenizers read every text whole, with control tokens as such, whatever settings they were saved with.
    """
    with _numbers_in_digits(), tokenizers_from_json(directory), pictures_only():
        processor = transformers.AutoProcessor.from_pretrained(directory, split_special_tokens=False, **settings)
    if isinstance(processor, ProcessorMixin):
        attributes = type(processor).get_attributes()
        processor.get_attributes = lambda: _seen(attributes)
        for name in set(attributes) - set(_seen(attributes)):
            setattr(processor, name, NoPart())
    read_whole_texts(processor)
    return processor


def prepares_on_device(processor: Any) -> bool:
    """Whether a processor's pictures can be resized and normalised on a GPU: those of torchvision can."""
    return getattr(getattr(processor, "image_processor", processor), "backend", None) == "torchvision"


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
    """Let processors be made and loaded without their parts for videos and sounds."""
    attributes_of = ProcessorMixin.__dict__["get_attributes"]
    from_args = ProcessorMixin.__dict__["from_args_and_dict"]
    start = ProcessorMixin.__init__

    @classmethod
    def get_attributes(cls: type[ProcessorMixin]) -> list[str]:
        return _seen(attributes_of.__func__(cls))

    @classmethod
    def from_args_and_dict(cls: type[ProcessorMixin], args: list, settings: dict[str, Any], **kwargs: Any) -> Any:
        kept = cls.get_attributes()
        lacking = set(attributes_of.__func__(cls)) - set(kept)
        if not lacking:
            return from_args.__func__(cls, args, settings, **kwargs)
        # by name: those that lack may stand before the others
        named = {**dict.fromkeys(lacking), **dict(zip(kept, args, strict=True))}
        return from_args.__func__(cls, [], settings, **named, **kwargs)

    def init(self: ProcessorMixin, *args: Any, **kwargs: Any) -> None:
        lacking = set(attributes_of.__func__(type(self))) - set(type(self).get_attributes())
        given = {name: value for name, value in kwargs.items() if name not in lacking}
        start(self, *(args if not lacking else (part for part in args if part is not None)), **given)

    changed = {"get_attributes": get_attributes, "from_args_and_dict": from_args_and_dict, "__init__": init}
    for name, value in changed.items():
        type.__setattr__(ProcessorMixin, name, value)
    try:
        yield
    finally:
        for name, value in zip(changed, (attributes_of, from_args, start), strict=True):
            type.__setattr__(ProcessorMixin, name, value)


def _seen(attributes: list[str]) -> list[str]:
    """Those parts of a processor that pictures and texts need."""
    heard = ("feature_extractor", "audio_processor") if "image_processor" in attributes else ()
    return [name for name in attributes if "video_processor" not in name and name not in heard]
