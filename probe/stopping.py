"""Ctrl-C, SIGTERM and SIGHUP: the first ends the command in its own words, a second ends the process at once.

Exit codes are the shell's: 128 and the signal's number, so 130 after Ctrl-C and 143 after SIGTERM. Imports nothing of
ours and no library, because a command can be stopped while it loads.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
WORDS = "Interrupted."
AT_ONCE = "Stopped at once. What is committed is safe: run the same command again to go on."

_received: list[int] = []
_said: list[str] = []


def listen() -> None:
    """Make the first of these signals a KeyboardInterrupt; those that the shell has us ignore (nohup) stay ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def requested() -> bool:
    """Whether a signal has asked this process to stop."""
    return bool(_received)


def exit_code() -> int:
    """128 and the number of the signal that came first, 130 where none was seen."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def said(words: str) -> str:
    """Remember that the user was told, so that it is not said twice; the words."""
    _said.append(words)
    return words


def leave(words: str = WORDS) -> NoReturn:
    """End this process and its workers now, without the clean-up that could hang: what is committed is whole."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    if not _said:
        with suppress(OSError):  # after SIGHUP there may be no terminal
            os.write(2, f"{said(words)}\n".encode())
    # where nothing has imported it, or it is just being imported, there are none
    for child in getattr(sys.modules.get("multiprocessing"), "active_children", tuple)():
        child.kill()
    os._exit(exit_code())


def _stop(number: int, frame: FrameType | None) -> None:
    if _received:
        leave(AT_ONCE)
    _received.append(number)
    raise KeyboardInterrupt
