"""A small server of chat completions that misbehaves by a seeded script and counts what it is asked.

Its answers follow from the bytes of the pictures alone, so that a run against it can be computed directly.
"""

import json
import socket
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from random import Random
from typing import Any, ClassVar

import numpy as np
import PIL.Image

FAULTS = ("429", "500", "half", "closed", "slow", "no json", "no choices")

Answering = Callable[[list[np.ndarray], str, dict[str, Any]], dict[str, Any]]
"""(pictures, text, body) -> the first of `choices`."""


@dataclass
class Counted:
    """What a server was asked and did, by the number of the request's content."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    early: int = 0
    most_at_once: int = 0
    at_once: int = 0


@dataclass
class Script:
    """How often a server misbehaves, and how. `pause` [s]: what its 429 asks for, `slow` [s]: how long it hangs."""

    share: float = 0.0
    seed: int = 0
    faults: Sequence[str] = FAULTS
    pause: float = 0.05
    slow: float = 0.5
    model: str = "oracle-1"
    refuses: dict[str, str] = field(default_factory=dict)  # a setting that it does not know -> what it says of it
    limit: int = 0  # requests that it takes in each `window` [s]; 0 for no limit
    window: float = 0.5
    says_limit: bool = True  # in its headers
    always: dict[str, tuple[int, str]] = field(default_factory=dict)  # a text in the question -> what it is answered


def pictures_of(body: dict[str, Any]) -> list[np.ndarray]:
    """The pictures of a request, decoded."""
    content = body["messages"][0]["content"]
    urls = (
        [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        if isinstance(content, list)
        else []
    )
    return [np.asarray(PIL.Image.open(BytesIO(b64decode(url.partition(",")[2])))) for url in urls]


def text_of(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else next(part["text"] for part in content if part["type"] == "text")


def number_of(pictures: Sequence[np.ndarray], text: str) -> int:
    """A number that follows from pictures and text."""
    digest = sha256(text.encode())
    for each in pictures:
        digest.update(repr(each.shape).encode() + np.ascontiguousarray(each).tobytes())
    return int.from_bytes(digest.digest()[:4], "big")


def oracle(pictures: list[np.ndarray], text: str, body: dict[str, Any]) -> dict[str, Any]:
    """Yes or no, or a letter among A to C, by the number; with log-probabilities where they are asked for."""
    words = ("yes", "no") if "yes or no" in text else ("A", "B", "C")
    said = words[number_of(pictures, text) % len(words)]
    return choice(said, [(word, -0.25 if word == said else -2.0) for word in words] if body.get("logprobs") else [])


def choice(text: str, top: Sequence[tuple[str, float]] = (), finish: str = "stop") -> dict[str, Any]:
    """A choice as the API sends it."""
    listed = [{"token": token, "logprob": value, "bytes": None} for token, value in top]
    first = {"token": text.split(" ")[0], "logprob": dict(top).get(text, -0.5), "bytes": None, "top_logprobs": listed}
    return {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": {"content": [first], "refusal": None} if top else None,
        "finish_reason": finish,
    }


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests by the script of its server."""

    protocol_version = "HTTP/1.1"
    server: "Server"
    limits: ClassVar[dict[str, str]] = {}

    def log_message(self, *given: Any) -> None: ...

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.counted.at_once += 1
            self.server.counted.most_at_once = max(self.server.counted.most_at_once, self.server.counted.at_once)
        try:
            self.respond(body)
        finally:
            with self.server.lock:
                self.server.counted.at_once -= 1

    def respond(self, body: dict[str, Any]) -> None:
        server, text = self.server, text_of(body)
        name = sha256(json.dumps(body["messages"]).encode()).hexdigest()
        fault = server.note(name, body, self.headers.get("authorization", ""))
        self.limits = server.take() if server.script.limit else {}
        if fault == "" and self.limits.pop("refused", ""):
            server.counted.faults["429"] += 1
            return self.misbehave("429", b"")
        for setting, said in server.script.refuses.items():
            if setting in body:
                return self.send(400, {"error": {"message": said}})
        for part, (status, said) in server.script.always.items():
            if part in text:
                return self.send(status, {"error": {"message": said}} if status != 200 else json.loads(said))
        sent = {"model": server.script.model, "system_fingerprint": "fp_1", "object": "chat.completion"}
        whole = json.dumps(sent | {"choices": [server.answering(pictures_of(body), text, body)]}).encode()
        if fault:
            return self.misbehave(fault, whole)
        with server.lock:
            server.counted.answered[name] += 1
        return self.send_bytes(200, whole)

    def misbehave(self, fault: str, whole: bytes) -> None:
        match fault:
            case "429":
                self.send(429, {"error": {"message": "too many"}}, {"retry-after": f"{self.server.script.pause}"})
            case "500":
                self.send(500, {"error": {"message": f"broken with {self.headers.get('authorization')}"}})
            case "half":
                self.send_bytes(200, whole, sent=len(whole) // 2)
            case "closed":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case "slow":
                time.sleep(self.server.script.slow)
                self.close_connection = True
            case "no json":
                self.send_bytes(200, b"<html>Bad Gateway</html>")
            case "no choices":
                self.send(200, {"model": self.server.script.model, "choices": []})

    def send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.send_bytes(status, json.dumps(body).encode(), headers=headers)

    def send_bytes(
        self, status: int, body: bytes, *, sent: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        limits = self.limits if self.server.script.says_limit else {}
        for name, value in {"content-type": "application/json", **limits, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])
        if sent is not None:
            self.close_connection = True

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


class Server(ThreadingHTTPServer):
    """A server with its script, and what it counts."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.answering = script, answering
        self.counted, self.random, self.lock = Counted(), Random(script.seed), threading.Lock()
        self.closed_until = 0.0
        self.window_until, self.left = 0.0, 0

    def take(self) -> dict[str, str]:
        """Count a request against the limit; the headers that say what is left, and `refused` where nothing was."""
        with self.lock:
            now = time.monotonic()
            if now >= self.window_until:
                self.window_until, self.left = now + self.script.window, self.script.limit
            self.left -= 1
            reset = f"{1000 * (self.window_until - now):.0f}ms"
            said = {"x-ratelimit-remaining-requests": f"{max(0, self.left)}", "x-ratelimit-reset-requests": reset}
            return said | ({"refused": "yes"} if self.left < 0 else {})

    def note(self, name: str, body: dict[str, Any], key: str) -> str:
        """Count a request, and draw the fault that it meets; "" for none."""
        script, counted = self.script, self.counted
        with self.lock:
            counted.asked[name] += 1
            counted.keys.add(key)
            counted.bodies.append(body)
            counted.early += time.monotonic() < self.closed_until
            fault = self.random.choice(list(script.faults)) if self.random.random() < script.share else ""
            counted.faults[fault] += bool(fault)
            if fault == "429":
                self.closed_until = max(self.closed_until, time.monotonic() + script.pause)
            return fault

    def handle_error(self, request: Any, client_address: Any) -> None: ...


@contextmanager
def serving(script: Script | None = None, answering: Answering = oracle) -> Iterator[tuple[str, Counted]]:
    """The address of a server while it runs, and what it counts."""
    server = Server(script or Script(), answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.counted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
