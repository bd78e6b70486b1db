"""A model's own forward with a state changed by a plain PyTorch hook, which interventions are compared with."""

from operator import attrgetter

import torch

from hooks.encoding import stack


def logits_with(model, prompts, layer, change):
    """The logits of the last token of the first prompt; `change` alters a copy of (row, token, feature) in place.

    Layer 0 is the input of the first block, layer k the output of block k.
    """
    blocks = attrgetter(model.family.modules.language)(model.module)

    def changed(state):
        state = state.clone()
        change(state)
        return state

    def before(module, args, kwargs):
        if args:
            return (changed(args[0]), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": changed(kwargs["hidden_states"])}

    def after(module, args, value):
        return (changed(value[0]), *value[1:]) if isinstance(value, tuple) else changed(value)

    hook = (
        blocks[layer - 1].register_forward_hook(after)
        if layer
        else blocks[0].register_forward_pre_hook(before, with_kwargs=True)
    )
    try:
        with torch.inference_mode():
            return model.module(**stack(model, prompts)).logits[0, -1].float()
    finally:
        hook.remove()
