"""What mail programs pack into one part is opened: TNEF, signed S/MIME, invitations; hostile packages are bounded."""

from __future__ import annotations

import struct
import tracemalloc

import pytest

from intake.mail import rtf, smime, tnef
from intake.mail.budget import Budget
from intake.mail.calendar import calendar_text
from intake.mail.opened import DEEPEST, MOST_OPENED
from intake.mail.parse import attachment_content, parse
from tests import packages as made
from tests.unit.strategies import mail, multipart

RTF_OF_HTML = (
    rb"{\rtf1\ansi\ansicpg1250\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fswiss\fcharset204 Arial;}}"
    rb"{\*\generator Outlook;}{\*\htmltag64 <p>}\htmlrtf {\f0 \htmlrtf0 Pe scar\'e3 e \u238?ntuneric"
    rb"{\*\htmltag84 &amp;}\f1 \'f2\'e5\'ec\'ed\'ee\htmlrtf \par }\htmlrtf0 {\*\htmltag72 </p>}}"
)
ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe caf\xc3\xa9 is loud.\r\n"


def test_winmail_text_and_files() -> None:
    """P3: where TNEF holds the text, it is read, and its files are listed by their names and can be had."""
    photo = {made.LONG_NAME: made.wide("scară.jpg"), made.CONTENT: (made.BINARY, b"\xff\xd8\0\0")}
    photo[made.MEDIA] = (made.STRING, b"image/jpeg\0")
    raw = mail(made.winmail(made.tnef({made.BODY: made.wide("Pe scară e întuneric.")}, [photo])))
    message = parse(raw)
    assert message.text == "Pe scară e întuneric."
    assert [(one.name, one.type, one.inline) for one in message.attachments] == [("scară.jpg", "image/jpeg", False)]
    assert attachment_content(raw, 0) == b"\xff\xd8\0\0"
    assert message.defects == ()


def test_winmail_beside_a_text() -> None:
    """P3: a text that TNEF repeats is read once; one that only TNEF has is read behind a gateway's footer."""
    data = made.tnef({made.HTML: (made.BINARY, b"<p>The stairs are <b>dark</b>.</p>")})
    assert parse(mail(made.winmail(data, "The stairs are\r\ndark."))).text == "The stairs are\ndark."
    footer = parse(mail(made.winmail(data, "Scanned by a gateway.")))
    assert footer.text == "Scanned by a gateway.\nThe stairs are dark."
    assert footer.attachments == ()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({made.HTML: (made.BINARY, "<p>шум</p>".encode("koi8-r")), made.CODEPAGE: (3, b"\x82\x51\0\0")}, "шум"),
        ({made.BODY: (made.STRING, "caf\xe9".encode("cp1252"))}, "café"),
        ({made.RTF: (made.BINARY, made.compressed(RTF_OF_HTML))}, "Pe scară e întuneric&темно"),
        ({made.RTF: (made.BINARY, made.compressed(rb"{\rtf1 1\par 2 \{3\}\emdash\u8364?\'80}"))}, "1\n2 {3}—€€"),
    ],
    ids=["html in koi8-r", "plain in the code page", "rtf made from html", "rtf"],
)  # fmt: skip
def test_forms_of_a_text(values: made.Properties, text: str) -> None:
    """P3: a TNEF part's text is read as plain text, as HTML and as RTF, in its charset."""
    assert parse(mail(made.winmail(made.tnef(values)))).text == text


def test_a_message_within_winmail() -> None:
    """P3: a message attached within TNEF is a mail of its own, which opens in turn."""
    inner = made.tnef({made.BODY: made.wide("The first letter.")})
    held = {made.DISPLAY: made.wide("Zgomot și frică"), made.CONTENT: (0x0D, made.EMBEDDED + inner)}
    raw = mail(made.winmail(made.tnef({made.BODY: made.wide("See below.")}, [held])))
    message = parse(raw)
    assert [(one.name, one.type) for one in message.attachments] == [("Zgomot și frică.eml", "message/rfc822")]
    within = parse(attachment_content(raw, 0))
    assert (within.subject, within.text) == ("Zgomot și frică", "The first letter.")


def test_winmail_with_an_older_programs_attributes() -> None:
    """P3: a title, data and a body that are attributes are read; a picture that the HTML shows is inline."""
    more = (
        made.attribute(0x2800C, b"Hello\0"),
        made.attribute(0x18010, b"a.txt\0", 2),
        made.attribute(0x6800F, b"one", 2),
    )
    raw = mail(made.winmail(made.tnef({}, (), *more)))
    assert (parse(raw).text, parse(raw).attachments[0].name, attachment_content(raw, 0)) == ("Hello", "a.txt", b"one")
    picture = {made.CONTENT_ID: made.wide("p@x"), made.MEDIA: made.wide("image/png"), made.CONTENT: (0x102, b"\x89P")}
    shown = made.tnef({made.HTML: (made.BINARY, b"<p>x<img src='cid:p@x'>")}, [picture])
    assert [one.inline for one in parse(mail(made.winmail(shown))).attachments] == [True]


def test_damaged_winmail() -> None:
    """P2: TNEF cut at any byte gives what can be had, keeps the file as it came, and says so."""
    photo = {made.LONG_NAME: made.wide("a.jpg"), made.CONTENT: (made.BINARY, b"\xff\xd8")}
    data = made.tnef({made.BODY: made.wide("Hello")}, [photo])
    for end in range(len(data)):
        message = parse(mail(made.winmail(data[:end])))
        assert message.defects or tnef.opened(data[:end], Budget())
        assert message.attachments or message.text
    assert parse(mail(made.winmail(data[:-3]))).attachments[-1].name == "winmail.dat"
    assert parse(mail(made.winmail(b"no TNEF"))).defects == ("winmail.dat is no TNEF",)


@pytest.mark.parametrize(
    "hostile",
    [
        made.attribute(0x00000, b"") * 30_000,
        made.attribute(0x69002, b"", 2) * 30_000,
        made.attribute(0x69003, b"\xff\xff\xff\xff" + b"\x01\x00\x00\x10" * 30_000),
        made.attribute(0x69003, b"\xff\xff\xff\xff" + b"\x02\x10\x00\x10\xff\xff\xff\xff" * 100_000),
        made.attribute(0x69003, b"\x01\0\0\0\x1e\x10\x00\x10\xff\xff\xff\xff" + b"\0\0\0\0" * 30_000),
        made.attribute(0x69003, b"\x01\0\0\0\x1f\0\x00\x80" + b"\0" * 16 + b"\1\0\0\0\xff\xff\xff\x7f"),
        struct.pack("<BII", 1, 0x69003, 0xFFFFFFFF),
    ],
    ids=["attributes", "files", "properties", "values", "strings", "a name", "a length"],
)
def test_hostile_winmail(hostile: bytes) -> None:
    """P5: counts and lengths that promise millions cost no more memory than the part's own size, several times."""
    data = made.tnef({}) + hostile
    tracemalloc.start()
    found = tnef.opened(data, Budget())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert len(found.files) <= tnef.MOST_FILES
    assert peak < 8 * len(data) + 1_000_000


def test_compressed_rtf() -> None:
    """P3: compressed RTF is read as MS-OXRTFCP's own two examples say, over the edge of what was written, too."""
    first = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    second = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
    assert rtf.decompressed(bytes.fromhex(first), 100) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.decompressed(bytes.fromhex(second), 100) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert rtf.decompressed(struct.pack("<IIII", 0, 0, 0x414C454D, 0) + b"{stored}", 100) == b"{stored}"


def test_hostile_rtf() -> None:
    """P5: RTF that would grow without end, or that nests without end, is bounded."""
    bomb = struct.pack("<IIII", 0, 0, 0x75465A4C, 0) + b"\xff" + b"\x0c\xff" * 2_000_000
    assert len(rtf.decompressed(bomb, 100_000)) <= 100_000
    assert rtf.from_rtf(b"{\\rtf1 a" + b"{" * 1_000_000 + b"b")[0] == "a"
    assert rtf.from_rtf(b"\\ansicpg99999\\f9999999999\\uc-1\\u-1\\u\\'zz\\'\xff")[0] is not None


@pytest.mark.parametrize(("pieces", "still_open"), [(1, False), (5, False), (1, True), (5, True)])
def test_signed_in_one_piece(pieces: int, still_open: bool) -> None:
    """P3: what S/MIME signed in one piece is read however its lengths are written, and marked as not verified."""
    message = parse(mail(made.smime(made.signed(ENTITY, pieces, still_open=still_open))))
    assert message.text == "The café is loud."
    assert (message.protection, message.attachments) == ("signed-opaque", ())
    assert message.defects == ("the S/MIME signature is not verified",)


def test_signed_encrypted_and_signed_again() -> None:
    """P3: packages within packages are opened to a depth; an encrypted one within makes the mail encrypted."""
    closed = made.smime(made.ber(0x30, bytes.fromhex("06092a864886f70d010703")), "; smime-type=enveloped-data")
    message = parse(mail(made.smime(made.signed(closed))))
    assert (message.protection, message.text) == ("encrypted", "")
    entity = ENTITY
    for _ in range(DEEPEST):
        entity = made.smime(made.signed(entity))
    assert parse(mail(entity)).text == "The café is loud."
    deeper = parse(mail(made.smime(made.signed(entity))))
    assert (deeper.text, deeper.attachments[0].name) == ("", "smime.p7m")
    assert "it has more packed parts than are opened" in deeper.defects


def test_a_signed_file_stays_a_file() -> None:
    """P3: a document that was signed is an attachment; certificates alone protect nothing."""
    document = made.smime(made.signed(b"%PDF-1.7 ..."), "; name=offer.pdf.p7m")
    message = parse(mail(multipart("mixed", b"\r\nSee it.", document)))
    assert (message.text, message.attachments[0].name) == ("See it.", "offer.pdf.p7m")
    certificates = made.smime(made.signed(b""), "; smime-type=certs-only; name=smime.p7c")
    assert parse(mail(multipart("mixed", b"\r\nSee it.", certificates))).protection is None


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x30\x80" * 30_000,
        b"\x30\x80" + made.SIGNED_DATA + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x80" + b"\x30\x80" * 30_000,
        made.signed(ENTITY)[:40],
        made.signed(ENTITY).replace(b"\x04", b"\x24", 1),
        made.signed(b"")[:-4] + b"\x24\x80" * 30_000,
        made.signed(b"x" * 40_000, 40_000, still_open=True)[:-60_000],
        b"\x30\xff" + b"\xff" * 127,
        b"\x1f\x81\x01",
    ],
)
def test_hostile_smime(hostile: bytes) -> None:
    """P5: BER that nests, promises or breaks off is no message, in memory that its size bounds."""
    tracemalloc.start()
    found = smime.content(hostile, Budget())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is None
    assert peak < 16 * len(hostile) + 1_000_000


def test_many_packages() -> None:
    """P5: of a hundred packages in one mail some are opened, and the rest are attachments."""
    message = parse(mail(multipart("mixed", *[made.smime(made.signed(ENTITY))] * 100)))
    assert message.text.count("The café is loud.") == MOST_OPENED
    assert len(message.attachments) == 100 - MOST_OPENED


@pytest.mark.parametrize(
    ("content", "protection"),
    [
        (b"\r\nHello,\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----\r\n", "encrypted"),
        (b"\r\nHello,\r\n> -----BEGIN PGP MESSAGE-----\r\n> hQ\r\n", None),
        (multipart("mixed", b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"), "encrypted"),
        (multipart("mixed", b"\r\nSee it.", b"Content-Type: text/html; name=SecureDoc.html\r\n\r\nx"), "encrypted"),
        (b"Content-Type: application/octet-stream; name=message_v2.rpmsg\r\n\r\nx", "rights-managed"),
        (b"Content-Type: application/octet-stream; name=notes.p7m\r\n\r\nx", None),
    ],
    ids=["pgp behind a greeting", "pgp quoted", "pgp broken up", "portal", "rpmsg", "only called p7m"],
)  # fmt: skip
def test_protected(content: bytes, protection: str | None) -> None:
    """P3: what cannot be read without a key, a portal or a licence is recognised; what quotes it is not."""
    assert parse(mail(content)).protection == protection


def test_an_invitation_alone() -> None:
    """P3: an invitation without any other text says what, where and when; beside a text it is an attachment only."""
    lines = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=ro:Întâlnire\\, la\r\n  bloc\r\nLOCATION:Block 4\r\n"
        "DTSTART:20260302T183000Z\r\nDESCRIPTION:Come all.\\nBring tea.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    invitation = b"Content-Type: text/calendar; charset=utf-8\r\n\r\n" + lines.encode()
    alone = parse(mail(invitation))
    assert alone.text == "Întâlnire, la bloc\nBlock 4\n20260302T183000Z\nCome all.\nBring tea."
    assert [one.type for one in alone.attachments] == ["text/calendar"]
    assert parse(mail(multipart("mixed", b"\r\nPlease come.", invitation))).text == "Please come."
    assert len(calendar_text("SUMMARY:x\r\n" * 100_000)) == 1
    assert calendar_text("SUMMARY" + ";a=" * 100_000) == ""
