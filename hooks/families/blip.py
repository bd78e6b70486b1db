"""BLIP: captions that attend to the image and are matched with it, or that its decoder writes, and its answers.

BLIP-2 for retrieval compares a caption with what queries have read of the image.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..sites import Tower
from ..state_kinds import kinds_of
from .clip import CLIP, towers
from .contrast import Captions, Contrast
from .decoder import Decoder, Given
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, cls_vit_towers, vit_grid, vit_leading


def class_feature(module: nn.Module, encoded: Any) -> Tensor:
    """BLIP's image feature of the contrastive loss, before normalisation: its projected CLS token."""
    return module.get_submodule("vision_proj")(encoded.last_hidden_state[:, 0])


def log_odds(logits: Tensor) -> Tensor:
    """log p(match) - log p(no match) of a matching head: (caption, 2) -> (caption)."""
    return logits[:, 1] - logits[:, 0]


def matched(module: nn.Module, encoded: Any, captions: Captions) -> Tensor:
    """BLIP's matching head on captions that attend to one image's tokens: (caption)."""
    image = encoded.last_hidden_state.expand(len(captions["input_ids"]), -1, -1)
    read = module.get_submodule("text_encoder")(**captions, encoder_hidden_states=image).last_hidden_state
    return log_odds(module.get_submodule("itm_head")(read[:, 0]))


def of_model(output: Any) -> Tensor:
    """The log-odds of a match in the output of BLIP's own forward."""
    return log_odds(output.itm_score)


def queried_towers(config: Any) -> dict[str, Tower]:
    """BLIP-2's image tower, which has no pooled output: a caption is compared with each query."""
    vision = config.vision_config
    kinds = kinds_of("vision", without=("pooled",))
    return {"vision": Tower("vision", vision.num_hidden_layers, vision.hidden_size, kinds)}


def query_features(module: Any, encoded: Any) -> Tensor:
    """What each query has read of the image, projected: (image, query, feature)."""
    image = encoded.last_hidden_state
    queries = module.query_tokens.expand(len(image), -1, -1)
    read = module.qformer(query_embeds=queries, encoder_hidden_states=image).last_hidden_state
    return module.vision_projection(read.to(module.vision_projection.weight.dtype))


def caption_features(module: Any, captions: Captions) -> Tensor:
    """BLIP-2's projected CLS token of captions, which the Q-Former reads by themselves: (caption, feature)."""
    words = module.embeddings(input_ids=captions["input_ids"])
    read = module.qformer(query_embeds=words, query_length=0, attention_mask=captions["attention_mask"])
    return module.text_projection(read.last_hidden_state[:, 0].to(module.text_projection.weight.dtype))


def best_cosine(module: nn.Module, image: Tensor, text: Tensor) -> Tensor:
    """BLIP-2's logits, the cosine with the query that fits best: (image, query, feature), (text, feature)."""
    image, text = (x / x.norm(dim=-1, keepdim=True) for x in (image, text))
    return (image @ text.T).amax(1)  # (image, query, text) -> (image, text)


def behind_queries(config: Any, captions: Captions) -> Captions:
    """Captions behind the places of an image's queries, which the model's own forward cuts off again."""
    if config.image_token_index is None:
        return captions
    ids, mask = captions["input_ids"], captions["attention_mask"]
    places = ids.new_full((len(ids), config.num_query_tokens), config.image_token_index)
    return {"input_ids": torch.cat([places, ids], 1), "attention_mask": torch.cat([torch.ones_like(places), mask], 1)}


def positions(config: Any) -> int:
    """One token for each position of the Q-Former."""
    return config.qformer_config.max_position_embeddings


def written_towers(config: Any) -> dict[str, Tower]:
    """A ViT with one CLS an image, and the text decoder that attends to it."""
    text, kinds = config.text_config, kinds_of("language", without=("image",))
    language = Tower("language", text.num_hidden_layers, text.hidden_size, kinds)
    return {"vision": cls_vit_towers(config)["vision"], "language": language}


def prompted(module: Any, inputs: Given) -> Tensor:
    """The prompt as `generate` begins: behind the decoder's own first token, without the one that ends a text."""
    ids = inputs["input_ids"][:, :-1].clone()
    ids[:, 0] = module.config.text_config.bos_token_id
    return ids


def asked(module: Any, inputs: Given) -> Tensor:
    """The first token of an answer."""
    ids = inputs["input_ids"]
    return ids.new_full((len(ids), 1), module.config.text_config.bos_token_id)


def separator(config: Any, processor: Any) -> tuple[int, ...]:
    """What ends a text."""
    return (config.text_config.sep_token_id,)


def no_image_token(config: Any) -> int:
    """The image is not part of the text."""
    return -1


BLIP_ITM = replace(
    CLIP,
    name="blip_itm",  # scores are its matching head's; `vision:pooled` is the image side of its contrastive cosine
    model_types=("blip",),
    auto_class="BlipForImageTextRetrieval",
    tokens=replace(CLIP.tokens, towers=towers(lambda config: config.image_text_hidden_size)),
    contrast=Contrast(image_method="vision_model", embedding=class_feature, match=matched, output_score=of_model),
    examples=(
        "Salesforce/blip-itm-base-coco",
        "Salesforce/blip-itm-large-coco",
        "Salesforce/blip-itm-base-flickr",
        "Salesforce/blip-itm-large-flickr",
    ),
)

BLIP_2_ITC = replace(
    CLIP,
    name="blip-2_itc",  # scores are the cosines of its contrastive loss, as its own forward gives them
    model_types=("blip-2/Blip2ForImageTextRetrieval",),
    auto_class="Blip2ForImageTextRetrieval",
    tokens=replace(CLIP.tokens, towers=queried_towers),
    contrast=Contrast(
        image_method="vision_model",
        embedding=query_features,
        text=caption_features,
        longest=positions,
        similarity=best_cosine,
        with_image=behind_queries,
    ),
    examples=("Salesforce/blip2-itm-vit-g", "Salesforce/blip2-itm-vit-g-coco"),
)

BLIP_CAPTION = Family(
    name="blip_caption",
    model_types=("blip/BlipForConditionalGeneration",),
    modules=Modules(
        vision="vision_model.encoder.layers",
        language="text_decoder.bert.encoder.layer",
        before_head="text_decoder.cls.predictions.transform",
        encoder="vision_model",
        generator="text_decoder",
        memory="vision_model",
        decoder="text_decoder",
    ),
    tokens=ImageTokens(written_towers, vit_grid, leading=vit_leading, image_token=no_image_token),
    reuse=Reuse(image_prefix="decoder"),
    decoder=Decoder(
        begin=prompted,
        tokens="input_ids",
        given=lambda image, inputs: {"encoder_hidden_states": image.last_hidden_state},
        whole=lambda inputs, ids: {"pixel_values": inputs["pixel_values"], "input_ids": ids},
        stop=separator,
        apart=False,
    ),
    prompt=Prompt(plain="{text}", ends_open=False),
    limit=FIXED,
    text_only=False,
    examples=("Salesforce/blip-image-captioning-base", "Salesforce/blip-image-captioning-large"),
)

BLIP_VQA = replace(
    BLIP_CAPTION,
    name="blip_vqa",  # a text encoder reads the question and attends to the image, the decoder to what it has read
    model_types=("blip/BlipForQuestionAnswering",),
    auto_class="BlipForQuestionAnswering",
    modules=replace(BLIP_CAPTION.modules, memory="text_encoder"),
    decoder=Decoder(
        begin=asked,
        tokens="input_ids",
        given=lambda read, inputs: {
            "encoder_hidden_states": read.last_hidden_state,
            "encoder_attention_mask": inputs["attention_mask"],
        },
        stop=separator,
    ),
    examples=("Salesforce/blip-vqa-base", "Salesforce/blip-vqa-capfilt-large"),
)

FAMILIES = (BLIP_ITM, BLIP_2_ITC, BLIP_CAPTION, BLIP_VQA)
