"""Bytes as they are kept: compressed by zstd; the only importer of zstandard."""

from __future__ import annotations

import zstandard

LEVEL = 3  # of 22: higher ones save little on mail and cost the receiver time


def pack(data: bytes) -> bytes:
    """Compress one whole value; its size goes with it."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def unpack(packed: bytes) -> bytes:
    """Give back what `pack` was given."""
    data: bytes = zstandard.ZstdDecompressor().decompress(packed)
    return data
