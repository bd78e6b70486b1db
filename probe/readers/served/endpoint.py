"""Where a served model is, and the key to it, which is never stored or shown."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

USUAL_VARIABLE = "OPENAI_API_KEY"

SHORTEST_KEY = 8
"""Characters of a key from which on it is taken out of what a server says: shorter ones are parts of words."""

HIDDEN = "(key)"


@dataclass(frozen=True)
class Endpoint:
    """An address, how it is asked, and the name of the environment variable that holds the key.

    `requests` are in flight at most, `timeout` [s] is the longest that one may take.
    """

    url: str
    key_variable: str
    requests: int
    timeout: float
    durable: bool = False


@dataclass(frozen=True)
class Key:
    """A key: it shows itself to nobody who prints or logs it."""

    value: str = field(repr=False)

    @classmethod
    def of(cls, variable: str) -> "Key":
        """The key in an environment variable; servers that want none take any."""
        return cls(os.environ.get(variable, "").strip() or "none")

    def hidden_in(self, text: str) -> str:
        """A text of the server without the key, in case that it says it back.

        >>> Key("sk-123456789").hidden_in("Incorrect API key: sk-123456789.")
        'Incorrect API key: (key).'
        """
        return text if len(self.value) < SHORTEST_KEY else text.replace(self.value, HIDDEN)


def variable(name: str) -> str:
    """The name of the environment variable that holds the key.

    Raises ValueError, which does not repeat it, for what is none, as a key itself would be: names are stored with runs.
    """
    if isinstance(name, str) and (name == USUAL_VARIABLE or (name.isidentifier() and os.environ.get(name))):
        return name
    raise ValueError(
        "key variable: no environment variable that is set. Give the name of the one that holds the key, not the key."
    )


def checked(url: str) -> str:
    """An address without a slash at its end.

    Raises ValueError, which does not repeat the address, where it holds a password or a query, and for what is none.

    >>> checked("http://localhost:8000/v1/")
    'http://localhost:8000/v1'
    >>> checked("http://me:secret@localhost:8000/v1")
    Traceback (most recent call last):
    ValueError: endpoint: the address holds a user or password, which would be stored with the run. Take it out, and ...
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError(
            "endpoint: the address holds a user or password, which would be stored with the run. Take it out, and put "
            "the key into an environment variable (--key-variable)."
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError(
            "endpoint: the address has a query (?…) or fragment (#…), which may hold a key and would be stored with "
            "the run. Give the address up to /v1, and put the key into an environment variable (--key-variable)."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or any(not mark.isprintable() for mark in url):
        raise ValueError("endpoint: no address of a server. Give one such as http://localhost:8000/v1.")
    return url.rstrip("/")
