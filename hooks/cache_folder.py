"""The folder that holds what was worked out or fetched once: that of VLM_UNDERTOW_CACHE, else one of the user's."""

import os
from pathlib import Path

FOLDER = "VLM_UNDERTOW_CACHE"
"""The environment variable that names the cache folder."""


def folder() -> Path:
    """Where results and fetched data are kept; nothing is made."""
    if named := os.environ.get(FOLDER):
        return Path(named).expanduser()
    users = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(users).expanduser() / "vlm-undertow"
