"""Another attention kernel for a while: the same weights and inputs, summed in another order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .quiet import quiet

if TYPE_CHECKING:
    from .model import Model

INTERNAL = "_attn_implementation_internal"
"""Where a config of transformers keeps the kernel of its own part alone; the public name sets all parts."""


@contextmanager
def other_kernel(model: "Model") -> Iterator[str]:
    """The name of the kernel that all parts of a model use inside: eager attention, or sdpa where it has that already.

    Parts that cannot be set keep their own. Afterwards every part has its kernel again.
    """
    configs = {id(part.config): part.config for part in model.module.modules() if hasattr(part, "config")}
    before = {key: getattr(config, INTERNAL, None) for key, config in configs.items()}
    own = model.module.config.get_text_config()
    other = "sdpa" if getattr(own, INTERNAL, None) == "eager" else "eager"
    try:
        with model.lock, quiet():
            model.module.set_attn_implementation(other)
        yield other
    finally:
        with model.lock:
            for key, config in configs.items():
                _set(config, before[key])


def _set(config: Any, kernel: str | None) -> None:
    if hasattr(config, INTERNAL):
        setattr(config, INTERNAL, kernel)
