"""What it means that a server gave no answer: try again, give this question up, or stop."""

import email.utils
import json
import time
from collections.abc import Mapping
from typing import Any

LONGEST = 200
"""Characters of a server's words that are shown."""

STOPPING = {
    401: "does not accept the key. Put the right one into the environment variable {variable}.",
    403: "does not allow this key to do it. Put another one into the environment variable {variable}.",
    404: "has no such model, or no chat completions there. Check --endpoint (up to /v1) and the model's name.",
}
"""Statuses that every further request would get too."""

AGAIN = (408, 409, 425, 429)
"""Statuses that another try can change, beside those of 500 and more."""


class Fault(Exception):
    """No answer this time. `wait` [s] is how long the server asks to be left alone, `busy` whether it had too many."""

    def __init__(self, words: str, *, wait: float | None = None, busy: bool = False) -> None:
        super().__init__(words)
        self.words, self.wait, self.busy = words, wait, busy


class Refused(ValueError):
    """The server will not answer this question."""


class Unusable(Exception):
    """Every further request would fail too; the message says why, and what to do."""


def of_status(status: int, headers: Mapping[str, str], text: str, variable: str) -> Exception:
    """What a response of 400 and more means. `text` is what the server sent, `variable` where the key is from."""
    words = said(text)
    named = f"{status}{f', {words!r}' if words else ''}"
    if status in STOPPING:
        return Unusable(f"{STOPPING[status].format(variable=variable)} It said: {named}.")
    if status == 429 and "insufficient_quota" in text:
        return Unusable(f"says that the quota is used up: {named}. Add to it, then run the same command again.")
    if status in AGAIN or status >= 500:
        return Fault(f"the server said {named}", wait=wait_of(headers), busy=status == 429)
    return Refused(f"the server refused the question: {named}")


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait; None where it says nothing that can be read.

    >>> wait_of({"retry-after": "2"}), wait_of({"retry-after-ms": "250"}), wait_of({"retry-after": "soon"})
    (2.0, 0.25, None)
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if seconds < float("inf") else None
    try:
        until = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, until.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def said(text: str) -> str:
    """A server's own words in one short line: the message of its error where it sent one.

    >>> said('{"error": {"message": "too many images"}}'), said("<h1>Bad Gateway</h1>")
    ('too many images', '<h1>Bad Gateway</h1>')
    """
    try:
        sent: Any = json.loads(text)
    except (ValueError, RecursionError):
        sent = None
    error = sent.get("error", sent) if isinstance(sent, dict) else None
    message = error.get("message", error.get("detail")) if isinstance(error, dict) else error
    line = " ".join((message if isinstance(message, str) else text).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
