"""Stand-in for a DeepSeek-VL2 checkpoint's own code: its config."""

from typing import ClassVar

from transformers import DeepseekV2Config, PretrainedConfig


class VisionConfig(PretrainedConfig):
    """SigLIP, by the names that DeepSeek-VL2 gives its settings."""

    model_type = "vision"
    image_size: int = 384
    patch_size: int = 14
    width: int = 1152
    layers: int = 27
    heads: int = 16


class ProjectorConfig(PretrainedConfig):
    """How many patches become one token, and how wide it is."""

    model_type = "mlp_projector"
    input_dim: int = 1152
    n_embed: int = 2048
    downsample_ratio: int = 2


class DeepseekVLV2Config(PretrainedConfig):
    """DeepSeek-VL2."""

    model_type = "deepseek_vl_v2"
    sub_configs: ClassVar = {
        "vision_config": VisionConfig,
        "projector_config": ProjectorConfig,
        "language_config": DeepseekV2Config,
    }

    vision_config: dict | PretrainedConfig | None = None
    projector_config: dict | PretrainedConfig | None = None
    language_config: dict | PretrainedConfig | None = None
    global_view_pos: str = "head"
    image_token_id: int = 128815

    def __post_init__(self, **kwargs):
        for name, made in self.sub_configs.items():
            value = getattr(self, name)
            setattr(self, name, value if isinstance(value, PretrainedConfig) else made(**(value or {})))
        super().__post_init__(**kwargs)

    def get_text_config(self, *args, **kwargs):
        return self.language_config
