"""What asking a served model comes to, before it is asked: requests and bytes."""

from collections import Counter
from collections.abc import Iterator

from ...sample import Dataset, Image
from .messages import png

MEASURED = 8
"""Images, spread over the dataset, whose pictures are written as PNG to see how large they are."""

BASE64 = 4 / 3
"""Characters of base64 for a byte."""


def rows(dataset: Dataset, conditions: int, at_once: int) -> dict[str, str]:
    """How many requests a run makes at most, and about how many bytes of pictures they carry.

    A picture is sent again with each question about it. Under a perturbation it can take more bytes or fewer.
    """
    asked = Counter(sample.image_id for sample in dataset.samples)
    each = dict(measured(dataset))
    found = {
        "requests": f"at most {len(dataset.samples) * conditions:,}, {at_once} at a time, and one to begin with",
        "pictures sent": f"{conditions * sum(len(image.pictures) * asked[image.id] for image in dataset.images):,}",
    }
    if each:
        mean = sum(each.values()) / len(each)
        total = mean * BASE64 * conditions * len(dataset.samples)
        found["bytes sent"] = f"about {in_words(total)}, as {len(each)} images take as they are, as PNG in base64"
    return found


def in_words(size: float) -> str:
    """Bytes in kB or MB.

    >>> in_words(2_500), in_words(2_500_000)
    ('2.5 kB', '2.5 MB')
    """
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"


def measured(dataset: Dataset) -> Iterator[tuple[str, int]]:
    """The ids of some images that can be read, and the bytes of each one's pictures as PNG."""
    images, count = dataset.images, min(MEASURED, len(dataset.images))
    for k in range(count):
        image = images[k * len(images) // count]
        if (size := size_of(image)) is not None:
            yield image.id, size


def size_of(image: Image) -> int | None:
    """Bytes of an image's pictures as PNG; None where one cannot be read."""
    try:
        return sum(len(png(picture.read())) for picture in image.pictures)
    except (OSError, ValueError):  # said when it is asked about
        return None
