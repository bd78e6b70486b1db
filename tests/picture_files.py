"""Picture files made byte by byte."""

import struct
import zlib


def png(width: int, bits: int, kind: int, row: bytes, transparent: bytes = b"") -> bytes:
    """A PNG of one row; kind 0 is grey, 2 is RGB, 4 is grey with alpha, 6 is RGB with alpha."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, kind, 0, 0, 0))
    colour = chunk(b"tRNS", transparent) if transparent else b""
    return b"\x89PNG\r\n\x1a\n" + header + colour + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


def tiff(width: int, bits: tuple[int, ...], photometric: int, row: bytes) -> bytes:
    """An uncompressed TIFF of one row; photometric 0 is white-is-zero, 1 black-is-zero, 2 RGB, 8 CIE L*a*b*."""
    row += b"\0" * (len(row) % 2)
    values = {256: width, 257: 1, 259: 1, 262: photometric, 273: 14, 277: len(bits), 278: 1, 279: len(row)}
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items()}
    entries[258] = struct.pack("<HHII", 258, 3, len(bits), bits[0] if len(bits) == 1 else 8)
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + b"\0" * 4
    depths = struct.pack("<3H", *(*bits, 0, 0)[:3])
    return struct.pack("<2sHI", b"II", 42, 14 + len(row)) + depths + row + directory
