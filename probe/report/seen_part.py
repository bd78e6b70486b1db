"""Which part of a picture the model sees: where a grid of tokens lies on it."""

from collections.abc import Mapping
from typing import Any

Part = tuple[float, float, float, float]
"""Left, top, width and height in shares of the picture's width and height; below 0 and beyond 1 where it is padded."""

WHOLE: Part = (0.0, 0.0, 1.0, 1.0)


def seen_part(processor: Mapping[str, Any], width: int, height: int) -> Part:
    """The part that the centre crop of an image processor leaves of a picture [px]; all of it where it has none.

    >>> clip = {"do_center_crop": True, "size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
    >>> seen_part(clip, 200, 100), seen_part({}, 200, 100)
    ((0.25, 0.0, 0.5, 1.0), (0.0, 0.0, 1.0, 1.0))
    """
    crop = processor.get("crop_size") or {}
    if not processor.get("do_center_crop") or not {"height", "width"} <= set(crop):
        return WHOLE
    wide, high = _resized(processor, width, height)
    across, down = crop["width"] / wide, crop["height"] / high
    return (1 - across) / 2, (1 - down) / 2, across, down


def _resized(processor: Mapping[str, Any], width: int, height: int) -> tuple[float, float]:
    size = processor.get("size") or {}
    if not processor.get("do_resize", True):
        return width, height
    if edge := size.get("shortest_edge"):
        scale = edge / min(width, height)
        return scale * width, scale * height
    return size.get("width", width), size.get("height", height)
