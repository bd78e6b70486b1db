"""A headless Chromium for tests of the page: what it logged, and what it asked the network for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FROM_NPM = Path(__file__).parent.parent / ".venv" / "chromium" / "chromium"


@dataclass(frozen=True)
class Opened:
    """A page, the errors that it logged, and the addresses that it asked for beside its own file."""

    page: Page
    errors: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])


def program() -> str:
    """Where Chromium is: CHROMIUM, the first of `PROGRAMS` on the path, or what `make chromium` took from npm."""
    installed = (shutil.which(name) for name in (*PROGRAMS, str(FROM_NPM)))
    found = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    if found is None:
        raise FileNotFoundError("the tests of pages need Chromium: `make chromium`, or set CHROMIUM to its path.")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """One browser for many pages."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program(), args=list(FLAGS))
        yield started
        started.close()


def open_page(started: Browser, address: str, *, width: int = 1440, height: int = 1000, **settings: Any) -> Opened:
    """A page of an address; `settings` are those of a browser context, such as color_scheme."""
    context = started.new_context(viewport={"width": width, "height": height}, **settings)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda told: opened.errors.append(told.text) if told.type == "error" else None)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else opened.requests.append(asked.url),
    )
    opened.page.goto(address)
    return opened
