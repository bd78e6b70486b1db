"""Requests to an object store, and what is said where one fails: S3 and what speaks its language, through obstore.

Endpoint, region and credentials come from the usual environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, …);
none of it is written anywhere.
"""

# obstore's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3"

CONNECT_SECONDS, ANSWER_SECONDS = 5, 60
RETRIES, RETRY_SECONDS = 4, 60
"""A request that fails on the way is sent again so often, as long as this time is not over."""

LONGEST = 200
"""Characters of a library's message that are shown."""

GAP = 1 << 20
"""Bytes between two parts of an object that are read too: a further request takes longer."""

PIECE = 1 << 20
"""Bytes of an object that are summed up together."""

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_STATUS = re.compile(r"status code: ([0-9]{3})")
_ABSENT = ("", "404", "NoSuchKey", "NotFound", "NoSuchVersion")

T = TypeVar("T")


class StoreFailed(OSError):
    """An object store refused a request, or did not answer. Nothing that was committed before is touched."""


def put(bucket: str, key: str, data: bytes) -> None:
    """Write an object; it appears complete or not at all, in the place of one of the same name."""
    obstore = _library()

    _ask(bucket, key, lambda: obstore.put(store(bucket), key, data))


def create(bucket: str, key: str, data: bytes) -> None:
    """Write an object that is not there yet: of several that try, one succeeds.

    A try may have succeeded although its answer was lost: an object of just these bytes is taken for it. Raises
    FileExistsError for any other.
    """
    obstore = _library()

    try:
        _ask(bucket, key, lambda: obstore.put(store(bucket), key, data, mode="create", use_multipart=False))
    except FileExistsError:
        try:
            if get(bucket, key) == data:
                return
        except FileNotFoundError:
            pass
        raise
    except StoreFailed:
        if not _has(bucket, key, data):
            raise


def get(bucket: str, key: str, *, largest: int | None = None) -> bytes:
    """The bytes of an object. Raises FileNotFoundError, and OSError where it has more than the largest may have."""
    obstore = _library()

    found = _ask(bucket, key, lambda: obstore.get(store(bucket), key))
    if largest is not None and (size := found.meta["size"]) > largest:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {largest:,}", f"{SCHEME}://{bucket}/{key}")
    return _ask(bucket, key, lambda: bytes(found.bytes()))


def pieces(bucket: str, key: str) -> Iterator[bytes]:
    """The bytes of an object one piece after another. Raises FileNotFoundError."""
    obstore = _library()

    stream = _ask(bucket, key, lambda: iter(obstore.get(store(bucket), key).stream(min_chunk_size=PIECE)))
    while (piece := _ask(bucket, key, lambda: next(stream, None))) is not None:
        yield bytes(piece)


def tail(bucket: str, key: str, count: int) -> bytes:
    """The last bytes of an object, all where it has no more. Raises FileNotFoundError."""
    obstore = _library()

    last: Any = {"range": {"suffix": count}}
    try:
        return _ask(bucket, key, lambda: bytes(obstore.get(store(bucket), key, options=last).bytes()))
    except EOFError:  # what has no more than these bytes may come whole
        return get(bucket, key)[-count:]


def ranges(bucket: str, key: str, starts: Sequence[int], lengths: Sequence[int]) -> list[memoryview]:
    """Parts of an object, those that are near each other in one request; a part may be cut off by the object's end.

    Raises FileNotFoundError, and EOFError where a part begins behind the end.
    """
    found: list[memoryview] = [memoryview(b"")] * len(starts)
    for first, last, inside in together(starts, lengths):
        data = _range(bucket, key, first, last)
        for k in inside:
            found[k] = data[starts[k] - first : starts[k] - first + lengths[k]]
    return found


def together(starts: Sequence[int], lengths: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Stretches of bytes, each with the numbers of the parts in it; parts are in one where few bytes lie between them.

    >>> list(together([5_000_000, 0, 2], [8, 2, 3]))
    [(0, 5, [1, 2]), (5000000, 5000008, [0])]
    """
    first, last, inside = 0, 0, list[int]()
    for k in sorted((k for k, length in enumerate(lengths) if length), key=lambda k: starts[k]):
        if inside and starts[k] > last + GAP:
            yield first, last, inside
            inside = []
        first, last = (first, max(last, starts[k] + lengths[k])) if inside else (starts[k], starts[k] + lengths[k])
        inside.append(k)
    if inside:
        yield first, last, inside


def _range(bucket: str, key: str, first: int, last: int) -> memoryview:
    obstore = _library()

    return _ask(bucket, key, lambda: memoryview(obstore.get_range(store(bucket), key, start=first, end=last)))


def head(bucket: str, key: str) -> tuple[int, float]:
    """The size of an object and when it was last written, by the store's clock. Raises FileNotFoundError."""
    obstore = _library()

    found = _ask(bucket, key, lambda: obstore.head(store(bucket), key))
    return found["size"], found["last_modified"].timestamp()


def children(bucket: str, key: str) -> tuple[list[str], dict[str, int]]:
    """What is right below a prefix: the names of further prefixes, and the objects by name with their sizes."""
    obstore = _library()

    found = _ask(bucket, key, lambda: obstore.list_with_delimiter(store(bucket), key or None))
    folders = [prefix.rpartition("/")[2] for prefix in found["common_prefixes"]]
    return folders, {each["path"].rpartition("/")[2]: each["size"] for each in found["objects"]}


def below(bucket: str, key: str) -> Iterator[str]:
    """The keys of all objects below a prefix, in order."""
    obstore = _library()

    batches = _ask(bucket, key, lambda: iter(obstore.list(store(bucket), key or None)))
    while (batch := _ask(bucket, key, lambda: next(batches, None))) is not None:
        yield from (each["path"] for each in batch)


def delete(bucket: str, keys: Sequence[str]) -> None:
    """Remove objects, where they are there."""
    obstore = _library()

    if keys:
        _ask(bucket, keys[0], lambda: obstore.delete(store(bucket), list(keys) if len(keys) > 1 else keys[0]))


def store(bucket: str, prefix: str | None = None) -> "S3Store":
    """A bucket as obstore sees it, or what is below a prefix in it."""
    settings = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    return _store(bucket, prefix, settings, os.getpid())


@lru_cache(maxsize=8)
def _store(bucket: str, prefix: str | None, settings: tuple[tuple[str, str], ...], _process: int) -> "S3Store":
    _library()
    from obstore.store import S3Store

    endpoint = next((value for name in _ENDPOINTS if (value := dict(settings).get(name))), None)
    options: Any = {"connect_timeout": f"{CONNECT_SECONDS}s", "timeout": f"{ANSWER_SECONDS}s"}
    if endpoint is not None and endpoint.startswith("http://"):  # which is named so by who knows it
        options["allow_http"] = True
    retries: Any = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    given: Any = {} if endpoint is None else {"endpoint": endpoint}
    return S3Store(bucket, prefix=prefix, client_options=options, retry_config=retries, **given)


def _library() -> Any:
    """obstore, which is an extra of the installation. Raises ValueError where it is not there."""
    try:
        import obstore
    except ModuleNotFoundError:
        raise ValueError("runs in an object store need obstore: pip install 'vlm-undertow[s3]'.") from None
    return obstore


def _has(bucket: str, key: str, data: bytes) -> bool:
    """Whether an object of these bytes is there, as far as the store says."""
    try:
        return get(bucket, key) == data
    except OSError:
        return False


def _ask(bucket: str, key: str, request: Callable[[], T]) -> T:
    from obstore.exceptions import AlreadyExistsError, BaseError

    try:
        return request()
    except AlreadyExistsError:
        raise FileExistsError(errno.EEXIST, "it is there already", f"{SCHEME}://{bucket}/{key}") from None
    except FileNotFoundError as error:
        if _code(str(error)) in _ABSENT:
            raise FileNotFoundError(errno.ENOENT, "no such object", f"{SCHEME}://{bucket}/{key}") from None
        raise StoreFailed(errno.EREMOTEIO, f"{reason(str(error), bucket)}.") from None
    except (BaseError, OSError) as error:
        if _code(str(error)) in ("InvalidRange", "416") or "source: NotPartial" in str(error):
            raise EOFError(f"{SCHEME}://{bucket}/{key} is cut off") from None
        raise StoreFailed(errno.EREMOTEIO, f"{reason(str(error), bucket)}.") from None


def _code(text: str) -> str:
    """What a store calls its refusal, else its HTTP status, "" where it did not answer."""
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1] if found else ""


_KEYS = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one, AWS_SESSION_TOKEN"
_REFUSED = f"refuses the credentials. Check {_KEYS}"
_REGION = "lies in another region. Set AWS_REGION to the bucket's"
_RIGHTS = "does not allow it. Give these credentials the rights to list, read, write and delete below the run"
_BUSY = "is overloaded or not available now. Try again later"
_REASONS = {
    "NoSuchBucket": "does not exist. Make it, or check its name and AWS_ENDPOINT_URL",
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"), _REFUSED),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "403"), _RIGHTS),
    **dict.fromkeys(("PermanentRedirect", "AuthorizationHeaderMalformed", "301", "307"), _REGION),
    **dict.fromkeys(("SlowDown", "ServiceUnavailable", "InternalError", "500", "502", "503", "504"), _BUSY),
    **dict.fromkeys(
        ("NotImplemented", "501"),
        "has no conditional puts (If-None-Match), which keep two writers apart. Use a store that has them",
    ),
    "RequestTimeTooSkewed": "refuses the time of this machine. Set its clock",
}


def reason(text: str, bucket: str) -> str:
    """Why a store failed, from what obstore says, and what to do.

    >>> reason("… status code: 404 Not Found: <Error><Code>NoSuchBucket</Code>", "b").partition(" does ")[2]
    'not exist. Make it, or check its name and AWS_ENDPOINT_URL'
    """
    code = _code(text)
    if "169.254.1" in text or "redential" in text:
        return f"there are no credentials for bucket {bucket!r} at {endpoint()}. Set {_KEYS}"
    if code in _REASONS:
        return f"bucket {bucket!r} at {endpoint()} {_REASONS[code]}"
    if code:
        return f"bucket {bucket!r} at {endpoint()} answered with {code}"
    if "timed out" in text or "kind: Timeout" in text:
        return f"{endpoint()} did not answer in time. Check the network and AWS_ENDPOINT_URL"
    if "error sending request" in text or "kind: Connect" in text:
        return f"{endpoint()} cannot be reached. Check the network and AWS_ENDPOINT_URL"
    said = text.partition("\n")[0].removeprefix("Generic S3 error: ")
    return f"{endpoint()} failed: {said[:LONGEST].rstrip('.')}"


def endpoint() -> str:
    """Where the store is, in words, without what a URL may hold of credentials."""
    given = next((value for name in _ENDPOINTS if (value := os.environ.get(name))), None)
    if given is None:
        return f"the store of {os.environ.get('AWS_REGION') or 'AWS_REGION'}"
    parts = urlsplit(given)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
