"""What is left of photographs when their metadata are taken out; the pictures are made by Pillow."""

from __future__ import annotations

from io import BytesIO
from struct import pack
from time import process_time
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from intake.mail.photographs import stripped

SECRET = b"52.2405,-0.9027 Canon"
ORIENTATION, MAKE, PLACE = 0x0112, 0x010F, 0x8825


def picture() -> Image.Image:
    """Return a picture that looks different every way up."""
    made = Image.new("RGB", (48, 32))
    made.putdata([(x * 5, y * 7, (x * y) % 255) for y in range(32) for x in range(48)])
    return made


def exif(turned: int = 6) -> bytes:
    """Return EXIF with a camera, a place and how the picture is turned."""
    made = Image.Exif()
    made[ORIENTATION] = turned
    made[MAKE] = SECRET.decode()
    made.get_ifd(PLACE)[1] = "N"
    made.get_ifd(PLACE)[29] = SECRET.decode()
    return made.tobytes()


def saved(kind: str, **options: object) -> bytes:
    """Return the picture as a file."""
    out = BytesIO()
    picture().save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def segment(code: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return bytes([0xFF, code]) + pack(">H", len(body) + 2) + body


def jpeg(**options: object) -> bytes:
    """Return a photograph as a telephone makes it: EXIF, XMP, IPTC, a comment, and a film behind its end."""
    made = saved("JPEG", exif=exif(), comment=SECRET, icc_profile=b"profile" * 9, **options)
    more = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET) + segment(0xED, b"Photoshop 3.0\0" + SECRET)
    jfxx = segment(0xE0, b"JFXX\0\x10" + SECRET)
    return made[:2] + more + jfxx + made[2:] + SECRET


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return pack(">L", len(body)) + name + body + pack(">L", crc32(name + body))


def png() -> bytes:
    """Return a PNG with texts, EXIF and a chunk that nobody knows."""
    told = PngInfo()
    told.add_text("Location", SECRET.decode())
    told.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    told.add_text("Comment", SECRET.decode(), zip=True)
    made = saved("PNG", pnginfo=told, exif=exif(), dpi=(72, 72))
    return made[:33] + chunk(b"prIv", SECRET) + made[33:] + SECRET


def webp(**options: object) -> bytes:
    """Return a WebP with EXIF and XMP."""
    return saved("WEBP", exif=exif(), xmp=SECRET, icc_profile=b"profile" * 9, **options) + SECRET


@pytest.mark.parametrize(
    "data", [jpeg(), jpeg(progressive=True), jpeg(restart_marker_blocks=1), png(), webp(), webp(lossless=True)]
)
def test_metadata_go_and_the_picture_stays(data: bytes) -> None:
    """G5: EXIF, place, XMP, IPTC, comments and texts go; every pixel stays."""
    assert SECRET in data
    left = stripped(data)
    assert left is not None
    for told in (SECRET, b"Canon", b"adobe.com", b"Photoshop", b"Location", b"JFXX", b"XMP "):
        assert told not in left
    before, after = Image.open(BytesIO(data)), Image.open(BytesIO(left))
    assert after.tobytes() == before.tobytes()
    assert set(after.getexif()) <= {ORIENTATION}
    assert not ({"xmp", "comment", "photoshop", "Location"} & set(after.info))
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert stripped(left) == left


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_stays_upright(turned: int, order: str) -> None:
    """G5: a photograph is still shown the right way up."""
    tiff = {"<": b"II*\0", ">": b"MM\0*"}[order] + pack(f"{order}LHHHLHHL", 8, 1, ORIENTATION, 3, 1, turned, 0, 0)
    made = saved("JPEG", exif=b"Exif\0\0" + tiff)
    left = stripped(made)
    assert left is not None
    assert Image.open(BytesIO(left)).getexif().get(ORIENTATION, 1) == turned


def test_animations_stay() -> None:
    """G5: a moving picture keeps its frames."""
    frames = [picture(), picture().rotate(180)]
    for kind in ("WEBP", "PNG"):
        out = BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], exif=exif())
        left = stripped(out.getvalue())
        assert left is not None
        assert SECRET not in left
        assert getattr(Image.open(BytesIO(left)), "n_frames", 1) == 2


def test_thumbnail_goes() -> None:
    """G5: a small copy of the picture, which may show what was cut off, goes with the rest."""
    made = saved("JPEG")
    small = b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x02" + b"abc" * 4
    left = stripped(made[:2] + segment(0xE0, small) + made[20:])
    assert left is not None
    assert b"abc" not in left
    assert Image.open(BytesIO(left)).tobytes() == picture_of(made)


def picture_of(data: bytes) -> bytes:
    """Return the pixels."""
    return Image.open(BytesIO(data)).tobytes()


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x00\x00\x00\x18ftypheic", b"%PDF-1.7", b"<svg/>", b"RIFF\0\0\0\0WAVE"]
)
def test_what_is_no_photograph(data: bytes) -> None:
    """G5: what cannot be stripped is told from what can, by its content and not by its name."""
    assert stripped(data) is None


@pytest.mark.parametrize("data", [jpeg(), png(), webp()])
def test_cut_off(data: bytes) -> None:
    """G5: a file that ends too soon is not passed on as stripped."""
    assert stripped(data[:40]) is None
    assert stripped(data[: len(data) // 2]) is None


@given(st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBP", b""]), st.binary(max_size=300))
def test_any_bytes(head: bytes, rest: bytes) -> None:
    """P5: any bytes give a picture or none, and what is left is never longer than what came."""
    left = stripped(head + rest)
    assert left is None or len(left) <= len(head + rest) + 60


def test_time_is_linear() -> None:
    """P5: a scan of nothing but fill bytes, a megabyte of them, is looked through once."""
    began = process_time()
    assert stripped(b"\xff\xd8\xff\xda\x00\x02" + b"\xff" * 1_000_000 + b"\x00") is None
    assert process_time() - began < 1


def test_frames_hold_no_frames() -> None:
    """P5: frames within frames, a thousand deep, are left out instead of opened."""
    body = b"VP8 " + pack("<L", 2) + SECRET[:2]
    for _ in range(1_500):
        body = b"ANMF" + pack("<L", len(body) + 16) + bytes(16) + body
    left = stripped(b"RIFF" + pack("<L", len(body) + 4) + b"WEBP" + body)
    assert left == b"RIFF" + pack("<L", 28) + b"WEBP" + b"ANMF" + pack("<L", 16) + bytes(16)


def test_a_reserved_segment_goes() -> None:
    """G5: what is kept of a JPEG is listed: a segment of a reserved kind, which may hold anything, goes."""
    made = saved("JPEG")
    left = stripped(made[:2] + segment(0xF3, SECRET) + segment(0x42, SECRET) + made[2:])
    assert left is not None
    assert SECRET not in left
    assert Image.open(BytesIO(left)).tobytes() == picture_of(made)
