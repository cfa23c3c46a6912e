"""Numbers of messages a week -> a small picture of bars, and the same in words; the only importer of Pillow.

The picture has no background, and no colour that white or black would hide: it looks the same on light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 560, 160  # pixels in which it is shown
_FINE = 2  # pixels of the picture to each of those: sharp on telephones
_TOP, _BOTTOM = 26, 26  # pixels above the highest bar, for its number, and below all of them, for their dates
_LETTERS = 18  # pixels of the letters' height
_BAR = (47, 129, 200, 255)  # 4.1 to 1 on white, 5.1 to 1 on black (WCAG 2.2, 1.4.11)
_INK = (118, 118, 118, 255)  # 4.5 to 1 on white, 4.6 to 1 on black


@dataclass(frozen=True, slots=True)
class Week:
    """How many messages came in one week."""

    first: date  # its Monday
    messages: int
    whole: bool = True  # False: it is not over yet


def in_words(weeks: Sequence[Week]) -> str:
    """Return what the picture shows, as one sentence."""
    told = [f"{_day(week.first)}: {week.messages}{'' if week.whole else ' so far'}" for week in weeks]
    return f"Messages a week, each from its Monday on: {', '.join(told)}."


def picture(weeks: Sequence[Week]) -> bytes:
    """Return the bars as a PNG, twice as fine as `WIDTH` by `HEIGHT`. The same weeks give the same bytes."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 (10 MB that a quiet service need not hold)

    image = Image.new("RGBA", (WIDTH * _FINE, HEIGHT * _FINE), (*_INK[:3], 0))
    font = ImageFont.load_default(_LETTERS * _FINE)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 (with a size it is one)
    _draw(ImageDraw.Draw(image), font, weeks)
    written = BytesIO()
    image.quantize(32, method=Image.Quantize.FASTOCTREE).save(written, "PNG", optimize=True)
    return written.getvalue()


def _draw(draw: ImageDraw, font: FreeTypeFont, weeks: Sequence[Week]) -> None:
    """Draw a bar a week, its number above it and its Monday below; of a week that is not over, the outline."""
    highest = max((week.messages for week in weeks), default=0) or 1
    floor = (HEIGHT - _BOTTOM) * _FINE
    room = floor - _TOP * _FINE
    step = WIDTH * _FINE / max(len(weeks), 1)
    for n, week in enumerate(weeks):
        left, right = round((n + 0.18) * step), round((n + 0.82) * step)
        top = floor - round(room * week.messages / highest)
        if week.messages and week.whole:
            draw.rectangle((left, top, right, floor), fill=_BAR)
        elif week.messages:
            draw.rectangle((left, top, right, floor), outline=_BAR, width=2 * _FINE)
        middle = (left + right) / 2
        draw.text((middle, top - 4 * _FINE), f"{week.messages:,}", fill=_INK, font=font, anchor="ms")
        draw.text((middle, (HEIGHT - 6) * _FINE), _day(week.first), fill=_INK, font=font, anchor="ms")
    draw.line((0, floor, WIDTH * _FINE, floor), fill=_INK, width=_FINE)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
