"""Bytes as they are kept: compressed by zstd; the only importer of zstandard."""

from __future__ import annotations

import threading

import zstandard

LEVEL = 3  # of 22: higher ones save little on mail and cost the receiver time
_own = threading.local()  # its `packer` and `unpacker` are one thread's: making one takes longer than a letter does


def pack(data: bytes) -> bytes:
    """Compress one whole value; its size goes with it."""
    if not hasattr(_own, "packer"):
        _own.packer = zstandard.ZstdCompressor(level=LEVEL)
    packed: bytes = _own.packer.compress(data)
    return packed


def unpack(packed: bytes) -> bytes:
    """Give back what `pack` was given."""
    if not hasattr(_own, "unpacker"):
        _own.unpacker = zstandard.ZstdDecompressor()
    data: bytes = _own.unpacker.decompress(packed)
    return data
