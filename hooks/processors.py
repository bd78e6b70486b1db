"""Loading a checkpoint's processor for pictures, also where its part for videos cannot be had."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import transformers
from transformers.processing_utils import ProcessorMixin
from transformers.utils.import_utils import is_torchvision_available


def load_processor(directory: Path, **settings: Any) -> Any:
    """The processor of a checkpoint. Without torchvision, which videos alone need, it is made without that part."""
    if is_torchvision_available():
        return transformers.AutoProcessor.from_pretrained(directory, **settings)
    with pictures_only():
        processor = transformers.AutoProcessor.from_pretrained(directory, **settings)
    if isinstance(processor, ProcessorMixin):
        processor.get_attributes = lambda: _without_videos(type(processor).get_attributes())
    return processor


@contextmanager
def pictures_only() -> Iterator[None]:
    """Let processors ask for no video part while they are made."""
    original = ProcessorMixin.__dict__["get_attributes"]

    @classmethod
    def get_attributes(cls: type[ProcessorMixin]) -> list[str]:
        return _without_videos(original.__func__(cls))

    type.__setattr__(ProcessorMixin, "get_attributes", get_attributes)
    try:
        yield
    finally:
        type.__setattr__(ProcessorMixin, "get_attributes", original)


def _without_videos(attributes: list[str]) -> list[str]:
    return [name for name in attributes if "video_processor" not in name]
