"""A local S3 server (moto), and a wire to it that fails as it is told."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stores import object_store

BUCKET = "undertow"
KEY, SECRET = "AKIAUNDERTOWTESTING", "a-secret-that-nobody-may-read-again"
REFUSED = b"<Error><Code>%s</Code><Message>no</Message></Error>"
CODES = {"503": b"SlowDown", "403": b"AccessDenied"}

Fault = Callable[[str, str], str]
"""From method and path to what goes wrong: "", "503", "403", "hang", "lose": it is done and the answer lost, or
"anyhow": it is done without its condition."""


@dataclass
class Wire:
    """What stands between a client and the server: `fault` says what fails, `seen` is what was asked for."""

    url: str
    fault: Fault = lambda method, path: ""
    seen: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    """Method, path, and how many bytes were answered."""


@contextmanager
def served() -> Iterator[str]:
    """The address of a server with one empty bucket."""
    import logging

    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


def environment(url: str) -> dict[str, str]:
    """What a user sets."""
    return {
        "AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
    }  # fmt: skip


def objects(prefix: str) -> dict[str, bytes]:
    """Every object below a prefix, by its name from there on."""
    keys = list(object_store.below(BUCKET, prefix))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda key: object_store.get(BUCKET, key), keys))
    return {key[len(prefix) + 1 :]: data for key, data in zip(keys, found, strict=True)}


@contextmanager
def wire(url: str) -> Iterator[Wire]:
    """A wire to the server at an address."""
    made = Wire("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": made, "to": url}))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wire: Wire
    to: str

    def answer(self) -> None:
        """Pass a request on, or let it fail."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.wire.fault(self.command, self.path)
        if fault.isdecimal():
            self._send(int(fault), {}, REFUSED % CODES[fault])
            return
        if fault == "hang":
            time.sleep(1.5)
        else:
            status, headers, data = self._passed_on(body, fault)
            self.wire.seen.append((self.command, self.path, len(data)))
            if fault != "lose":
                self._send(status, headers, data)
                return
        self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer

    def _passed_on(self, body: bytes, fault: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.to.removeprefix("http://"))
        dropped = "if-none-match" if fault == "anyhow" else ""
        headers = {name: value for name, value in self.headers.items() if name.lower() != dropped}
        connection.request(self.command, self.path, body, headers)
        got = connection.getresponse()
        data = got.read()
        connection.close()
        return got.status, dict(got.headers), data

    def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            if name.lower() not in ("connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(b"" if self.command == "HEAD" else data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
