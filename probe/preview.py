"""A contact sheet: one picture under every condition, a row per family, tiles named by the condition's id.

Conditions are applied to the picture in its own size, because their effect depends on it; only the tiles are shrunk.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hooks.settings import place, whole

from . import prompts
from .closest import did_you_mean
from .datasets import own
from .datasets import source as spec
from .datasets.labels import overlay_labels
from .datasets.pixels import MAX_PIXELS, read_rgb
from .datasets.registry import DATASETS, open_dataset
from .foreign_text import figure as written
from .perturbations import CLEAN, FAMILIES, Condition, Others, Skipped, apply, parse, prepare, prepared
from .perturbations.control import OtherPixels
from .sample import Pixels

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".pdf")
LETTERS_OF_A_PICTURE = 4

LONGEST_REASON = 400
"""Characters of the reason for a missing tile."""

INK, GREY, FRAME, GROUND = "#222222", "#767676", "#d9d9d9", "white"
TITLE, NAME, LABEL = 16, 12, 11
"""Sizes of type in px."""

MARGIN, GUTTER = 24, 8
"""White space around the sheet and between tiles, in px."""

HEAD, LINE, NARROWEST = 72, 14, 72
"""Height of the title with its space and of a line of small type, and the least width of a tile, in px."""

SAVING = {"quality": 95, "subsampling": 0, "resolution": 150.0}
"""Of .jpg, .webp and .pdf; every writer takes what it knows."""


class PreviewError(ValueError):
    """A sheet that cannot be drawn or written."""


@dataclass(frozen=True)
class Subject:
    """The picture that is shown: prepared pixels, its id (a part of every seed) and what conditions ask for."""

    image_id: str
    pixels: Pixels
    labels: tuple[str, ...]
    others: OtherPixels


@dataclass(frozen=True)
class Look:
    """What a sheet looks like: the longer side of a picture in px, and how many perturbed ones stand side by side."""

    tile: int = 160
    columns: int = 5


@dataclass(frozen=True)
class Tile:
    """One picture in its size on the sheet, or none and the reason why the condition is undefined for it."""

    label: str
    picture: Image.Image | None
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """One family: the clean picture first, and how many tiles stand side by side."""

    name: str
    tiles: tuple[Tile, ...]
    columns: int


def preview(
    source: str | PathLike[str],
    out: str | PathLike[str],
    *,
    specs: Sequence[str],
    image: str | None,
    seed: int,
    size: int,
    max_pixels: int | None = None,
) -> str:
    """Write the sheet of a picture file or of one image of a dataset, and return a line about it.

    Raises PreviewError and the other ValueErrors of datasets, pictures and specs.
    """
    source, out = place("source", source), Path(place("sheet", out))
    check_writable(source, out)
    preparation = prepare(specs)
    subject = open_subject(source, image, preparation, max_pixels=max_pixels)
    conditions = parse(specs, labels=subject.labels)
    sheet = contact_sheet(subject, conditions, seed=seed, look=Look(tile=size))
    try:
        sheet.save(out, **SAVING)
    except (OSError, ValueError) as error:
        raise PreviewError(f"cannot write {out}: {error}. Choose another place, or a smaller --size.") from error
    height, width = subject.pixels.shape[:2]
    shown = f"{subject.image_id} ({width}×{height} px) under {_counted(len(conditions) - 1)}"
    return f"{out}: {shown}, a sheet of {sheet.width}×{sheet.height} px."


def _counted(conditions: int) -> str:
    return f"{conditions} condition{'' if conditions == 1 else 's'}"


def check_writable(source: str, out: Path) -> None:
    """PreviewError where nothing can be written: said before the work, not after it."""
    if out.suffix.lower() not in SUFFIXES:
        raise PreviewError(f"{out}: a sheet ends in {', '.join(SUFFIXES)}, not in {out.suffix or 'nothing'!r}.")
    if not out.parent.is_dir():
        raise PreviewError(f"{out}: there is no folder {str(out.parent)!r}. Make it first.")
    if out.exists() and Path(source).exists() and out.samefile(source):
        raise PreviewError(f"{out} is the picture itself. Give the sheet another name.")


def open_subject(source: str, image: str | None, preparation: str, *, max_pixels: int | None = None) -> Subject:
    """One image of a dataset (the first where `image` is None), or the picture in a file, whose id is its name."""
    asked = spec.parse(source, DATASETS)
    if asked.name not in DATASETS and not own.is_known(asked):
        return _picture(
            source, image, preparation, MAX_PIXELS if max_pixels is None else whole("max pixels", max_pixels, least=1)
        )
    # of a hub's dataset no more is fetched than the sheet shows: the image, and one to take another from
    few = image is None and not asked.path and not (asked.name in DATASETS and DATASETS[asked.name].draw)
    dataset, problems = open_dataset(source, first=2 if few else None, max_pixels=max_pixels)
    if not dataset.images:
        raise PreviewError(f"dataset {source!r} has no image. {problems[0].message if problems else ''}".rstrip())
    by_id = {each.id: each for each in dataset.pictures}
    chosen = dataset.pictures[0].id if image is None else image
    if chosen not in by_id:
        known = ", ".join(list(by_id)[:3])
        raise PreviewError(f"{source!r} has no image {chosen!r}.{did_you_mean(chosen, by_id)} Its first are {known}.")
    return Subject(
        chosen,
        prepared(by_id[chosen].read(), preparation),
        overlay_labels(dataset),
        Others(dataset.pictures, (chosen,), preparation),
    )


def _picture(source: str, image: str | None, preparation: str, max_pixels: int) -> Subject:
    if image is not None:
        raise PreviewError(f"--image {image} chooses from a dataset; {source!r} is a picture alone. Leave it out.")
    path = Path(source)
    if not path.exists():
        hint = did_you_mean(source, DATASETS)
        raise PreviewError(f"{source!r} is neither a picture file nor a dataset ({', '.join(DATASETS)}, .jsonl).{hint}")
    pixels = prepared(read_rgb(path, max_pixels=max_pixels), preparation)
    return Subject(path.name, pixels, tuple(map(prompts.letter, range(LETTERS_OF_A_PICTURE))), _no_others)


def _no_others(rng: np.random.Generator) -> Pixels:
    raise Skipped("another_image: a picture alone has no others; name a dataset.")


def contact_sheet(subject: Subject, conditions: Sequence[Condition], *, seed: int, look: Look) -> Image.Image:
    """The sheet: a row per family in order of first mention, the clean picture first in each."""
    families: dict[str, list[Condition]] = {}
    for condition in conditions:
        if condition != CLEAN:
            families.setdefault(condition.family, []).append(condition)
    if not families:
        raise PreviewError("there is nothing to show beside the clean picture. Name a family or a suite.")
    rows = [_row(subject, group, seed, look) for group in families.values()]
    height, width = subject.pixels.shape[:2]
    return _drawn(rows, title=written(" ".join(subject.image_id.split())), subtitle=f"{width}×{height} px, seed {seed}")


def _row(subject: Subject, conditions: Sequence[Condition], seed: int, look: Look) -> Row:
    # a family can have many conditions of a large picture: each is held at twice the tile's size
    held = min(1.0, 2 * look.tile / max(subject.pixels.shape))
    results = [_result(subject, condition, seed, held) for condition in (CLEAN, *conditions)]
    # one scale for the family, so that a canvas that grows or shrinks is seen to
    longest = max(max(result.size) for result in results if not isinstance(result, str))
    scale = look.tile / longest if longest > look.tile else look.tile // longest
    tiles = (
        Tile(label, None, result) if isinstance(result, str) else Tile(label, _resized(result, scale))
        for label, result in zip(["clean", *map(_label, conditions)], results, strict=True)
    )
    lines = -(-len(conditions) // look.columns)
    return Row(written(conditions[0].family), tuple(tiles), -(-len(conditions) // lines))  # 4 and 4 rather than 5 and 3


def _result(subject: Subject, condition: Condition, seed: int, scale: float) -> Image.Image | str:
    try:
        pixels = apply(condition, subject.pixels, image_id=subject.image_id, seed=seed, others=subject.others)
    except Skipped as reason:
        told = str(reason).removeprefix(condition.id).removeprefix(condition.family).lstrip(": ")
        return written(" ".join(told.split()), longest=LONGEST_REASON)
    return _resized(Image.fromarray(pixels), scale)


def _label(condition: Condition) -> str:
    """The id after the family; where that is nothing, the default settings, or the family's last word."""
    family = condition.family
    if condition.id == family:
        # a switch that is off goes without saying
        defaults = ((one.name, one.default) for one in FAMILIES[family].parameters)
        condition = Condition(family, tuple((name, on) for name, on in defaults if on is not None and on is not False))
    settings = condition.id.removeprefix(family).removeprefix(":").replace(",", ", ")
    return written(settings or family.split(".")[-1].split("_")[-1])


def _resized(picture: Image.Image, scale: float) -> Image.Image:
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # a small picture grows by whole pixels, which stay what they are
    return picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)


def _drawn(rows: Sequence[Row], *, title: str, subtitle: str) -> Image.Image:
    widest = max((tile.picture.width + 2 for row in rows for tile in row.tiles if tile.picture), default=0)
    words = (_font(LABEL).getlength(word) for row in rows for tile in row.tiles for word in tile.label.split())
    cell = max(NARROWEST, widest, *(math.ceil(word) for word in words))
    names = math.ceil(max(_font(NAME).getlength(row.name) for row in rows))
    left = MARGIN + names + 2 * GUTTER
    width = left + (1 + max(row.columns for row in rows)) * (cell + GUTTER) - GUTTER + MARGIN
    strips = [(row.name if first else "", _strip(line, cell)) for row in rows for first, line in _lines(row)]
    sheet = Image.new(
        "RGB", (width, HEAD + sum(strip.height for _, strip in strips) + GUTTER * len(rows) + MARGIN), GROUND
    )
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), _cut(title, _font(TITLE), width - 2 * MARGIN), INK, _font(TITLE))
    draw.text((MARGIN, MARGIN + 24), _cut(subtitle, _font(LABEL), width - 2 * MARGIN), GREY, _font(LABEL))
    top = HEAD
    for name, strip in strips:
        top += GUTTER if name else 0
        sheet.paste(strip, (left, top))
        draw.text((MARGIN, top), name, INK, _font(NAME))
        top += strip.height
    return sheet


def _lines(row: Row) -> Iterator[tuple[bool, list[Tile | None]]]:
    clean, *tiles = row.tiles
    for start in range(0, len(tiles), row.columns):
        yield start == 0, [None if start else clean, *tiles[start : start + row.columns]]


def _strip(tiles: Sequence[Tile | None], cell: int) -> Image.Image:
    """Tiles side by side, their pictures centred on one line, their labels under it."""
    high = 2 + max(tile.picture.height if tile.picture else _room(tile.reason, cell - 2) for tile in tiles if tile)
    labels = [_wrapped(tile.label, cell) if tile else [] for tile in tiles]
    under = high + 2
    height = under + LINE * max(map(len, labels)) + GUTTER
    strip = Image.new("RGB", (len(tiles) * (cell + GUTTER), height), GROUND)
    draw = ImageDraw.Draw(strip)
    for column, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        left = column * (cell + GUTTER)
        if tile:
            shown = tile.picture or _blank(tile.reason, cell - 2, high - 2)
            corner = left + (cell - shown.width) // 2, (high - shown.height) // 2
            strip.paste(shown, corner)
            draw.rectangle(
                (corner[0] - 1, corner[1] - 1, corner[0] + shown.width, corner[1] + shown.height), None, FRAME
            )
        for number, line in enumerate(label):
            draw.text((left + cell / 2, under + LINE * number), line, GREY, _font(LABEL), anchor="ma")
    return strip


def _blank(reason: str, width: int, height: int) -> Image.Image:
    """A tile for a condition that is undefined for the picture: "skipped" and the reason."""
    blank = Image.new("RGB", (width, height), GROUND)
    for number, line in enumerate(_excuse(reason, width)):
        ImageDraw.Draw(blank).text((GUTTER, GUTTER + LINE * number), line, GREY, _font(LABEL))
    return blank


def _room(reason: str, width: int) -> int:
    return 2 * GUTTER + LINE * len(_excuse(reason, width))


def _excuse(reason: str, width: int) -> list[str]:
    inside = width - 2 * GUTTER
    pieces = (piece for word in reason.split() for piece in _pieces(word, inside))
    return ["skipped", *_wrapped(" ".join(pieces), inside)]


def _pieces(word: str, width: float) -> Iterator[str]:
    """The word, broken where it is wider than a tile."""
    piece = ""
    for letter in word:
        if piece and _font(LABEL).getlength(piece + letter) > width:
            yield piece
            piece = ""
        piece += letter
    yield piece


def _wrapped(text: str, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(LABEL).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # the font that text overlays are written with: it comes with matplotlib
    name = "DejaVuSans-Bold.ttf" if size == TITLE else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
