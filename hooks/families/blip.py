"""BLIP and BLIP-2 for retrieval: captions attend to the image, or are compared with what queries read of it."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..sites import Tower
from ..state_kinds import kinds_of
from .clip import CLIP, towers
from .contrast import Captions, Contrast


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

FAMILIES = (BLIP_ITM, BLIP_2_ITC)
