"""Small copies of pictures: what the report shows, and what a run keeps with `--keep-thumbnails`."""

import io
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from stores import Variable

from .sample import Pixels

LONGEST = 256
"""The longer edge of a thumbnail, in px."""

QUALITY = 70
"""Of WebP."""

THUMBNAILS = Variable(
    "thumbnails", (), "string", "1", "thumbnails of an image's pictures: [[width, height, WebP in base64], ...]"
)
"""What `--keep-thumbnails` stores of every image under every condition."""

_BASE64 = re.compile("[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Thumbnail:
    """A picture made small: `webp` is its WebP file in base64, `width` and `height` [px] are the picture's own."""

    width: int
    height: int
    webp: str

    @property
    def uri(self) -> str:
        """What an <img> takes as its source."""
        return f"data:image/webp;base64,{self.webp}"


def thumbnail(pixels: Pixels, *, longest: int = LONGEST) -> Thumbnail:
    """A picture (height, width, 3) whose longer edge is reduced to `longest` px, never enlarged."""
    picture = Image.fromarray(pixels)
    scale = longest / max(picture.size)
    if scale < 1:
        size = (max(1, round(scale * picture.width)), max(1, round(scale * picture.height)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY)
    return Thumbnail(pixels.shape[1], pixels.shape[0], b64encode(file.getvalue()).decode())


def written(pictures: Sequence[Pixels]) -> str:
    """The thumbnails of an image's pictures as one text, for a run's store; "" of none."""
    made = [thumbnail(pixels) for pixels in pictures]
    return json.dumps([[one.width, one.height, one.webp] for one in made]) if made else ""


def read(text: str) -> tuple[Thumbnail, ...]:
    """The thumbnails of a text from `written`; ValueError for another text."""
    if not text:
        return ()
    try:
        made = tuple(Thumbnail(int(width), int(height), _base64(webp)) for width, height, webp in json.loads(text))
    except (TypeError, ValueError):
        made = ()
    if not made:
        raise ValueError(f"these are no thumbnails: {text[:40]!r}. Extract the run again.")
    return made


def _base64(text: str) -> str:
    if not _BASE64.fullmatch(text):  # it goes into the source of a picture
        raise ValueError("no base64")
    return text
