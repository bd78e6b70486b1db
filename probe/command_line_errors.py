"""How the command line ends when something goes wrong: one line, and an exit code that says what kind it was."""

import io
import logging
import os
import sys
import warnings
from contextlib import suppress
from typing import Any

import click

from . import foreign_text, stopping
from .errors import Interrupted, in_words
from .terminal import Terminal, say

DONE, SOME_FAILED, USAGE = 0, 1, 2

QUIET = "ignore:resource_tracker:UserWarning"
"""Of semaphores that a stopped command leaves: Python's own watcher removes them, and need not tell."""

LONGEST = 4_000
"""Characters of a message that are shown."""

stderr = Terminal(stderr=True)


class Probe(click.Group):
    """Verbs in the order that they are defined, and every error in one line (`--debug` shows where it comes from)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, args: Any = None, *more: Any, standalone_mode: bool = True, **settings: Any) -> Any:
        """Run the command and exit. Signals are listened to where the arguments come from a shell."""
        if not standalone_mode:
            return super().main(args, *more, standalone_mode=False, **settings)
        if args is None:
            stopping.listen()
            os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), QUIET)))
            _guard_streams()
        code = self._exit_code(args, *more, **settings)
        if args is None and stopping.requested():
            stopping.leave()
        sys.exit(code)

    def _exit_code(self, *given: Any, **settings: Any) -> int:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = show_warning
                warnings.filterwarnings("ignore", module=r"PIL\.")  # of files without their names; we say what is wrong
                ended = super().main(*given, standalone_mode=False, **settings)
        except click.ClickException as error:
            tell(_usage(error))
            return error.exit_code
        except (KeyboardInterrupt, click.Abort):
            return _stopped(stopping.WORDS)
        except SystemExit as ended:
            if stopping.requested() and not isinstance(ended.code, int):
                return _stopped(stopping.WORDS)
            raise
        return ended if isinstance(ended, int) else DONE

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            ctx.exit(_stopped(str(stopped) if isinstance(stopped, Interrupted) else stopping.WORDS))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if stopping.requested():  # a library made something else of it
                ctx.exit(_stopped(stopping.WORDS))
            if ctx.params.get("debug") or os.environ.get("PROBE_DEBUG"):
                raise
            say(stderr, "error:", style="bold red", end=" ")
            tell(in_words(error))
            ctx.exit(USAGE)


def show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Print a warning in its own words, without the line of code that it comes from."""
    say(stderr, "warning:", style="bold yellow", end=" ")
    tell(str(message))


def tell(message: str) -> None:
    """Print a message on stderr as it is; the middle of a very long one is left out."""
    if len(message) > LONGEST:
        half = LONGEST // 2
        message = f"{message[:half]} … {message[-half:]}"
    say(stderr, message)


def _stopped(words: str) -> int:
    with suppress(OSError):  # after SIGHUP there may be no terminal
        tell(stopping.said(words))
    return stopping.exit_code()


def _usage(error: click.ClickException) -> str:
    """What click says of a wrong command line, which quotes it."""
    shown = io.StringIO()
    error.show(shown)
    return shown.getvalue().rstrip("\n")


def _guard_streams() -> None:
    """Make safe what does not come from us: characters that the terminal cannot write, and what libraries log."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    made = logging.getLogRecordFactory()

    def record(*arguments: Any, **named: Any) -> logging.LogRecord:
        found = made(*arguments, **named)
        with suppress(Exception):  # as logging itself does with arguments that do not fit
            found.msg, found.args = foreign_text.block(found.getMessage()), ()
        return found

    logging.setLogRecordFactory(record)
