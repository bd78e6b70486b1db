"""Stand-in for a DeepSeek-VL2 checkpoint's own code: its processor, called as those of transformers are."""

import math
from typing import ClassVar

import numpy as np
import torch
from PIL import ImageOps
from transformers import BatchFeature
from transformers.processing_utils import ProcessorMixin


class DeepseekVLV2Processor(ProcessorMixin):
    """A global view and tiles of the picture, padded to the candidate resolution that keeps most of it."""

    attributes: ClassVar = ["tokenizer"]

    def __init__(
        self, tokenizer, candidate_resolutions=None, patch_size=14, downsample_ratio=2, image_token="<image>", **kwargs
    ):
        self.candidate_resolutions = candidate_resolutions
        self.image_size = candidate_resolutions[0][0]
        self.patch_size, self.downsample_ratio = patch_size, downsample_ratio
        self.image_token = image_token
        self.image_token_id = tokenizer.convert_tokens_to_ids(image_token)
        super().__init__(tokenizer, **kwargs)

    def best(self, width, height):
        """The resolution that shows most pixels of the picture and, of those, wastes least."""

        def fit(size):
            scale = min(size[0] / width, size[1] / height)
            shown = min(int(width * scale) * int(height * scale), width * height)
            return shown, shown - size[0] * size[1]

        return max(self.candidate_resolutions, key=fit)

    def view(self, image, width, height):
        padded = ImageOps.pad(image, (width, height), color=(127, 127, 127))
        return torch.from_numpy(np.asarray(padded) / 127.5 - 1).permute(2, 0, 1).float()

    def __call__(self, images=None, text=None, return_tensors="pt", add_special_tokens=True, **kwargs):
        (image,), (prompt,), each = images, text, self.image_size
        width, height = self.best(*image.size)
        across, down = width // each, height // each
        tiles = self.view(image, width, height).unfold(1, each, each).unfold(2, each, each)  # (3, down, across, ...)
        tiles = tiles.permute(1, 2, 0, 3, 4).flatten(0, 1)
        side = math.ceil(each // self.patch_size / self.downsample_ratio)
        tokens = side * (side + 1) + 1 + down * side * (across * side + 1)
        ids = self.tokenizer(
            prompt.replace(self.image_token, self.image_token * tokens), add_special_tokens=add_special_tokens
        )["input_ids"]
        ids = torch.tensor([ids])
        return BatchFeature(
            {
                "input_ids": ids,
                "attention_mask": torch.ones_like(ids),
                "images": torch.cat([self.view(image, each, each)[None], tiles])[None],
                "images_seq_mask": ids == self.image_token_id,
                "images_spatial_crop": torch.tensor([[[across, down]]]),
            }
        )
