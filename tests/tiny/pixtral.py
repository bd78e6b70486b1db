"""Small checkpoints of `hooks.families.pixtral`: Pixtral, Mistral Small 3.1, Ministral 3, with files as the hub's."""

import json
from functools import partial
from pathlib import Path

import torch
from transformers import LlavaConfig, LlavaForConditionalGeneration, Mistral3Config, Mistral3ForConditionalGeneration
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil

from .parts import Save, text, tokenizer, vision

PATCH = 8
PIXTRAL_LONGEST, MISTRAL_LONGEST = 64, 96

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}[INST]"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}[IMG]{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "[/INST]{% endfor %}"
)


def save(path: Path, model_class, config_class, *, text_type: str, merge: int, longest: int, **settings) -> None:
    """A Pixtral tower, a projector that merges `merge` x `merge` patches, and a Mistral."""
    words = tokenizer("[INST]", "[/INST]", "[IMG]", "[IMG_BREAK]", "[IMG_END]")
    words.chat_template = TEMPLATE
    config = config_class(
        vision_config=vision(model_type="pixtral", image_size=longest, patch_size=PATCH, hidden_act="silu"),
        text_config=text(len(words), model_type=text_type, head_dim=16, **settings),
        image_token_index=words.convert_tokens_to_ids("[IMG]"),
        vision_feature_layer=-1,
        **({"spatial_merge_size": merge} if merge > 1 else {"vision_feature_select_strategy": "full"}),
    )
    torch.manual_seed(0)
    model_class(config).save_pretrained(path)
    words.save_pretrained(path)
    PixtralImageProcessorPil(
        size={"longest_edge": longest}, patch_size={"height": PATCH, "width": PATCH}
    ).save_pretrained(path)
    tokens = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
    made = {"processor_class": "PixtralProcessor", "patch_size": PATCH, "spatial_merge_size": merge, **tokens}
    (path / "processor_config.json").write_text(json.dumps(made))


MISTRAL3 = partial(
    save,
    model_class=Mistral3ForConditionalGeneration,
    config_class=Mistral3Config,
    merge=2,
    longest=MISTRAL_LONGEST,
)

ROPE = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 16,  # so that the attention of later positions is scaled
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "llama_4_scaling_beta": 0.1,
}

CASES: dict[str, Save] = {
    "pixtral": partial(
        save,
        model_class=LlavaForConditionalGeneration,
        config_class=LlavaConfig,
        text_type="mistral",
        merge=1,
        longest=PIXTRAL_LONGEST,
    ),
    "mistral3": partial(MISTRAL3, text_type="mistral", sliding_window=None, tie_word_embeddings=False),
    "ministral3": partial(MISTRAL3, text_type="ministral3", rope_parameters=ROPE),
}
