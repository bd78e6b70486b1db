"""Where a picture's tokens lie in a model that was found by structure: the same rules for every tower."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isqrt, prod
from typing import Any

import torch
from torch import Tensor

from ..reading import Grid
from ..sites import Tower
from .arrangement import Arrangement, block_order, counted
from .tokens import ImageTokens, Inputs, image_token_id


@dataclass(frozen=True)
class Layout:
    """The layout of a picture's tokens, from its inputs alone.

    `leading`: how many class tokens a crop has, after its patches if `trailing`. `mixes`: whether the projector
    attends, so that its tokens have no place in the picture. `in_tower`: whether the projector is a part of the vision
    tower, whose windows then order its tokens too. `image_token(config)`: the input id at its positions.
    """

    arranged: Arrangement = field(default_factory=Arrangement)
    leading: int = 0
    mixes: bool = False
    trailing: bool = False
    in_tower: bool = True
    image_token: Callable[[Any], int] = image_token_id

    def tokens(
        self,
        towers: Callable[[Any], dict[str, Tower]],
        split_pictures: Callable[[Any, Inputs], list[Inputs]] | None = None,
    ) -> ImageTokens:
        """An entry's part about image tokens."""
        return ImageTokens(
            split_pictures=split_pictures,
            towers=towers,
            grid=self.grid,
            leading=lambda config: self.leading,
            vision_rows=self.vision_rows,
            language_rows=self.language_rows,
            image_token=self.image_token,
        )

    def grid(self, config: Any, image: Inputs, tower: str) -> Grid:
        """Patches of each crop but the thumbnail; after the tower as many fewer as there are image positions fewer.

        Positions that do not come of merging squares of patches have no layout: (1, 1, position).
        """
        crops, rows, cols = self._patches(config, image)
        if tower == "vision":
            return (self._kept(crops), rows, cols)
        merge = self._merge(config, image)
        if merge is None:
            return (1, 1, self._positions(config, image))
        return (self._kept(crops), rows // merge, cols // merge)

    def vision_rows(self, config: Any, state: Tensor, images: Sequence[Inputs], tower: str) -> list[Tensor]:
        """Cut states by image, whether it is a batch row or not: (..., feature) -> per image (token, feature)."""
        flat, at = state.reshape(-1, state.shape[-1]), 0
        counts = [self._rows_of(config, image, tower) for image in images]
        padded = len(flat) // len(images) if len(flat) != sum(counts) else 0
        made = []
        for image, count in zip(images, counts, strict=True):
            made.append(
                self._in_grid(config, flat[at : at + (count if not padded else min(count, padded))], image, tower)
            )
            at += padded or count
        return made

    def language_rows(self, config: Any, state: Tensor, image: Inputs) -> Tensor:
        """Positions of the crops without the thumbnail's, which are an equal share: (position, feature)."""
        crops = self._patches(config, image)[0]
        if self._kept(crops) == crops or self._merge(config, image) is None:
            return state
        return self._without_thumbnail(state.view(crops, -1, state.shape[-1])).flatten(0, 1)

    def _patches(self, config: Any, image: Inputs) -> Grid:
        """Crops, the thumbnail among them, and the rows and columns of patches in each."""
        if grid := counted(image):
            return (1, *grid)
        pixels, (down, across) = image["pixel_values"], _pair(config.vision_config.patch_size)
        sizes = image.get("image_sizes")
        if sizes is not None and pixels.ndim == 4 and len(sizes) == len(pixels) == 1:  # without what pads the batch
            height, width = sizes[0].tolist()
            return (1, height // down, width // across)
        if pixels.ndim < 4:
            raise ValueError(
                f"a picture becomes pixels {tuple(pixels.shape)}, which show no grid. Write an entry for the family."
            )
        return (prod(pixels.shape[:-3]), pixels.shape[-2] // down, pixels.shape[-1] // across)

    def _kept(self, crops: int) -> int:
        return crops - 1 if self.arranged.thumbnail and crops > 1 else crops

    def _positions(self, config: Any, image: Inputs) -> int:
        return int((image["input_ids"] == self.image_token(config)).sum())

    def _merge(self, config: Any, image: Inputs) -> int | None:
        """The side of the squares of patches that became one position, None where none did."""
        crops, rows, cols = self._patches(config, image)
        positions = self._positions(config, image)
        merge = isqrt(crops * rows * cols // positions) if positions else 0
        fits = merge and rows % merge == cols % merge == 0 and crops * rows * cols == positions * merge**2
        return merge if fits and not self.mixes else None

    def _rows_of(self, config: Any, image: Inputs, tower: str) -> int:
        """How many rows of a state a picture has."""
        if tower != "vision":
            return self._positions(config, image)
        crops, rows, cols = self._patches(config, image)
        return crops * (self.leading + rows * cols)

    def _in_grid(self, config: Any, part: Tensor, image: Inputs, tower: str) -> Tensor:
        """One picture's rows in the order of its grid, the thumbnail's CLS first and nothing else of it."""
        crops, rows, cols = self._patches(config, image)
        if tower != "vision":
            return self.language_rows(config, self._out_of_windows(config, part, image), image)
        if len(part) != crops * (self.leading + rows * cols):
            return part
        each = part.view(crops, -1, part.shape[-1])
        each = each.roll(self.leading, dims=1) if self.trailing else each
        cls = each[0 if self.arranged.thumbnail == "first" else -1, : self.leading]
        side = int(image["image_merge_sizes"][0]) if "image_merge_sizes" in image else self.arranged.block
        order = self._order(config, rows, cols, side).argsort().to(part.device)
        return torch.cat([cls, self._without_thumbnail(each)[:, self.leading :][:, order].flatten(0, 1)])

    def _order(self, config: Any, rows: int, cols: int, side: int) -> Tensor:
        """The row-major indices of packed patches: in blocks, which may come window by window."""
        if not (window := _window(config)):
            return block_order(rows, cols, side)
        windows = block_order(rows // side, cols // side, window // side)
        return block_order(rows, cols, side).view(-1, side**2)[windows].flatten()

    def _out_of_windows(self, config: Any, part: Tensor, image: Inputs) -> Tensor:
        """Projected tokens row by row, where they leave the projector window by window."""
        if not (window := _window(config)) or not self.in_tower or self._merge(config, image) is None:
            return part
        _, rows, cols = self.grid(config, image, "projector")
        return part[block_order(rows, cols, window // self.arranged.block).argsort().to(part.device)]

    def _without_thumbnail(self, crops: Tensor) -> Tensor:
        if self._kept(len(crops)) == len(crops):
            return crops
        return crops[1:] if self.arranged.thumbnail == "first" else crops[:-1]


def split_packed(config: Any, view: Inputs) -> list[Inputs]:
    """The packed patches of each picture, as many as its grid has cells."""
    grids = view["image_grid_thw"]
    parts = view["pixel_values"].split(grids.prod(-1).tolist())
    return [{"pixel_values": part, "image_grid_thw": grid[None]} for part, grid in zip(parts, grids, strict=True)]


def _window(config: Any) -> int:
    """The side in patches of the windows in which the vision tower keeps its patches together, 0 where it has none."""
    vision = config.vision_config
    if "window_attention" in (getattr(vision, "layer_types", None) or ()):
        return vision.pos_emb_height
    return vision.window_size // _pair(vision.patch_size)[0] if hasattr(vision, "fullatt_block_indexes") else 0


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)
