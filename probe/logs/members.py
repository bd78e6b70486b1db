"""Members of zip archives, also those compressed by Zstandard, which Python's own reader only knows from 3.14 on.

Source: PKWARE's APPNOTE 6.3.10, sections 4.3.7 (local header) and 4.4.5 (methods).
"""

import io
import zipfile
import zlib

ZSTANDARD = 93
LOCAL_HEADER = 30
"""Bytes of the header before a member's name."""


def content(archive: zipfile.ZipFile, file: io.BufferedReader, name: str) -> bytes:
    """The bytes of a member of an archive that `file` was opened for.

    Raises zipfile.BadZipFile where they are not those of its checksum, NotImplementedError for an unknown compression.
    """
    member = archive.getinfo(name)
    if member.compress_type != ZSTANDARD:
        return archive.read(name)
    import zstandard

    file.seek(member.header_offset)
    header = file.read(LOCAL_HEADER)
    if len(header) < LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile(f"{name} is not where the archive says")
    # the lengths of name and extra field, which may differ from those in the directory
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    packed = file.read(member.compress_size)
    try:
        unpacked = zstandard.ZstdDecompressor().decompress(packed, max_output_size=member.file_size)
    except zstandard.ZstdError as error:
        raise zipfile.BadZipFile(f"{name}: {error}") from None
    if len(unpacked) != member.file_size or zlib.crc32(unpacked) != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {name!r}")
    return unpacked
