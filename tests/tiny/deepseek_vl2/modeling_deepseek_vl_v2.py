"""Stand-in for a DeepSeek-VL2 checkpoint's own code: modules and inputs by its names, written anew for the tests."""

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel

from .configuration_deepseek_vl_v2 import DeepseekVLV2Config


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, state):
        query, key, value = self.qkv(state).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, state):
        state = state + self.attn(self.norm1(state))
        return state + self.mlp(self.norm2(state))


class VisionTransformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, config.width, config.patch_size, config.patch_size)
        self.pos_embed = nn.Parameter(torch.empty(1, (config.image_size // config.patch_size) ** 2, config.width))
        self.blocks = nn.Sequential(*[Block(config.width, config.heads) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.width)

    def forward(self, tiles):
        return self.norm(self.blocks(self.patch_embed(tiles).flatten(2).transpose(1, 2) + self.pos_embed))


class MlpProjector(nn.Module):
    """Squares of patches become one token each; where they do not come out even, zeros are added below and right."""

    def __init__(self, config):
        super().__init__()
        self.ratio = config.downsample_ratio
        self.layers = nn.Sequential(
            nn.Linear(config.input_dim * self.ratio**2, config.n_embed),
            nn.GELU(),
            nn.Linear(config.n_embed, config.n_embed),
        )

    def forward(self, patches):
        side = int(patches.shape[1] ** 0.5)
        pad = -side % self.ratio
        plane = F.pad(patches.transpose(1, 2).unflatten(2, (side, side)), (0, pad, 0, pad))
        return self.layers(F.unfold(plane, self.ratio, stride=self.ratio).transpose(1, 2))


class DeepseekVLV2ForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = DeepseekVLV2Config
    base_model_prefix = "deepseek_vl_v2"
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        self.vision = VisionTransformer(config.vision_config)
        self.projector = MlpProjector(config.projector_config)
        self.image_newline = nn.Parameter(torch.empty(config.projector_config.n_embed))
        self.view_seperator = nn.Parameter(torch.empty(config.projector_config.n_embed))
        self.language = AutoModelForCausalLM.from_config(config.language_config)
        self.post_init()

    def get_input_embeddings(self):
        return self.language.get_input_embeddings()

    def _init_weights(self, module):
        for parameter in module.parameters(recurse=False):
            nn.init.normal_(parameter, std=0.15)

    def with_newlines(self, plane):
        """(row, col, feature) -> (row * (col + 1), feature)."""
        return torch.cat([plane, self.image_newline.expand(len(plane), 1, -1)], dim=1).flatten(0, 1)

    def laid_out(self, tiles, across, down):
        """One image's tokens (tile, token, feature), the global view first, as the language model gets them."""
        side = int(tiles.shape[1] ** 0.5)
        squares = tiles.unflatten(1, (side, side))
        local = squares[1:].unflatten(0, (down, across)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
        parts = [self.with_newlines(squares[0]), self.view_seperator[None], self.with_newlines(local)]
        return torch.cat(parts if self.config.global_view_pos == "head" else parts[::-1])

    def prepare_inputs_embeds(self, input_ids, images, images_seq_mask, images_spatial_crop):
        embedded = self.get_input_embeddings()(input_ids)
        if images is None:
            return embedded
        made = self.projector(self.vision(images.flatten(0, 1))).unflatten(0, images.shape[:2])
        sizes = images_spatial_crop[:, 0].tolist()
        tokens = torch.cat([self.laid_out(tiles, *size) for tiles, size in zip(made, sizes, strict=True)])
        return embedded.masked_scatter(images_seq_mask[..., None], tokens.to(embedded.dtype))

    def forward(
        self,
        input_ids=None,
        images=None,
        images_seq_mask=None,
        images_spatial_crop=None,
        inputs_embeds=None,
        attention_mask=None,
        **kwargs,
    ):
        if inputs_embeds is None:
            inputs_embeds = self.prepare_inputs_embeds(input_ids, images, images_seq_mask, images_spatial_crop)
        return self.language(inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs)

    def prepare_inputs_for_generation(self, *args, is_first_iteration=False, **kwargs):
        inputs = super().prepare_inputs_for_generation(*args, is_first_iteration=is_first_iteration, **kwargs)
        if not is_first_iteration:
            inputs = {name: value for name, value in inputs.items() if not name.startswith("images")}
        return inputs
