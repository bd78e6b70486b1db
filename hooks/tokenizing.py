"""Tokenizers are called by one thread at a time."""

from threading import RLock

TOKENIZING = RLock()
"""For whoever calls a tokenizer, or a processor as a whole: it may change its own settings while it is in use."""
