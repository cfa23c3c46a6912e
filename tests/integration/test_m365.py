"""The mailbox and the outbox against a Microsoft 365 of ours: what it does otherwise than other servers."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest

from intake.errors import Temporary, UserError
from intake.mailbox.imap import Folder, ImapSettings, ImapSource
from intake.mailbox.imap_settings import JUNK
from intake.oauth import AccessTokens, OAuthSettings
from intake.outbox.smtp import Hold, SmtpClient, SmtpSettings
from tests.servers.ledger import Kept, everything, letter
from tests.servers.m365 import Microsoft365
from tests.servers.m365_post import NOTHING, STUB
from tests.servers.m365_smtp import SEND_AS_DENIED
from tests.servers.m365_tokens import CLIENT_ID, SCOPE, SECRET
from tests.servers.smtp_sink import CLOSE
from tests.store_fixtures import START, Clock

US = "cohesion@example.org"
MAIL = (
    b"From: cohesion@example.org\r\nTo: r@example.net\r\nMessage-ID: <ours@intake.example.org>\r\n"
    b"References: <a@example.net>\r\n <b@example.net>\r\nSubject: x\r\n\r\nText\r\n"
)


@pytest.fixture
def clock() -> Clock:
    """The clock of the server and of who signs in to it."""
    return Clock()


@pytest.fixture
def m365(clock: Clock) -> Iterator[Microsoft365]:
    """A tenant with one shared mailbox."""
    with Microsoft365(US, clock=clock) as server:
        yield server


@pytest.fixture
def tokens(m365: Microsoft365, clock: Clock) -> AccessTokens:
    """What signs in."""
    return AccessTokens(OAuthSettings(m365.tokens.url, CLIENT_ID, SCOPE, SECRET, timeout=5), clock)


Opened = Callable[..., ImapSource]


@pytest.fixture
def opened(m365: Microsoft365, tokens: AccessTokens) -> Iterator[Opened]:
    """Make sources over the mailbox; they are closed afterwards."""
    made = []

    def source(**changes: object) -> ImapSource:
        settings = ImapSettings(
            "main", "127.0.0.1", m365.imap.port, "none", US, tokens.token, "xoauth2", tokens.refused, timeout=5
        )
        made.append(ImapSource(replace(settings, **changes)))  # type: ignore[arg-type]
        return made[-1]

    yield source
    for one in made:
        one.close()


@pytest.fixture
def client(m365: Microsoft365, tokens: AccessTokens) -> Iterator[SmtpClient]:
    """A client that submits as the mailbox."""
    settings = SmtpSettings("127.0.0.1", m365.smtp.port, "none", US, tokens.token, "xoauth2", tokens.refused, timeout=5)
    made = SmtpClient(settings)
    yield made
    made.close()


def names(m365: Microsoft365) -> set[str]:
    """Return the IMAP commands that were given."""
    words = [line.upper().split(b" ") for line in m365.imap.commands]
    return {(w[2] if w[1] == b"UID" else w[1]).decode() for w in words}


def test_letters_are_taken_and_moved(m365: Microsoft365, opened: Opened) -> None:
    """F1, F8, F9: letters are read by token from the shared mailbox and its junk folder; no write but MOVE."""
    for number in range(3):
        m365.post.deliver(US, letter(number, START))
    m365.post.deliver(US, letter(3, START), folder="Junk Email")
    source = opened(folders=(Folder("INBOX"), Folder(JUNK, move=False)), move_to="Handled")
    found = everything(source)
    assert [one.place.folder for one in found] == ["INBOX"] * 3 + ["Junk Email"]
    assert not any(one.fault for one in found)
    source.settle(one.place for one in found)
    folders = m365.post.mailboxes[US].folders
    assert [len(folders[name].messages) for name in ("INBOX", "Handled", "Junk Email")] == [0, 3, 1]
    assert not any(one.flags for folder in folders.values() for one in folder.messages.values())
    assert names(m365) <= {
        *("CAPABILITY", "AUTHENTICATE", "ID", "NOOP", "LIST", "EXAMINE", "SELECT", "SEARCH", "FETCH", "MOVE", "CREATE")
    }


def test_passwords_are_not_taken(m365: Microsoft365, opened: Opened) -> None:
    """H5: where basic authentication is off, a password is refused with a sentence that names OAuth."""
    with pytest.raises(UserError, match="only OAuth"):
        everything(opened(auth="password", secret="secret"))
    settings = SmtpSettings("127.0.0.1", m365.smtp.port, "none", US, "secret", timeout=5)
    with pytest.raises(Hold, match=r"AUTH: 535 5\.7\.139"):
        SmtpClient(settings).send(US, "r@example.net", MAIL)


def test_token_runs_out_while_connected(m365: Microsoft365, opened: Opened, clock: Clock) -> None:
    """H5, F6: a connection that ends with its token is made anew with another one, and nothing is missed."""
    source, kept = opened(), Kept()
    m365.post.deliver(US, letter(1, START))
    everything(source, kept)
    m365.post.deliver(US, letter(2, START))
    clock.advance(timedelta(hours=2))
    with pytest.raises(Temporary, match="AccessTokenExpired"):
        everything(source, kept)
    source.close()
    assert [one.place.uid for one in everything(source, kept)] == ["2"]
    assert m365.tokens.asked == 2
    assert m365.imap.most == 1


def test_refused_token(m365: Microsoft365, opened: Opened) -> None:
    """H5: a token that the server takes back is refused once, in a clear sentence, and not offered again."""
    source = opened()
    everything(source)
    source.close()
    m365.tokens.revoke()
    with pytest.raises(UserError, match="the access token was not accepted"):
        everything(source)
    everything(source)
    assert m365.tokens.asked == 2


def test_no_access_to_the_mailbox(m365: Microsoft365, opened: Opened) -> None:
    """H5: a good token without a grant on the mailbox is told apart from a bad one."""
    with pytest.raises(UserError, match="grant the application access"):
        everything(opened(user="another@example.org"))
    assert m365.tokens.asked == 1


def test_fourth_connection(m365: Microsoft365, opened: Opened) -> None:
    """F6: where others have every connection, 432 is waited out with the same token, and then all goes on."""
    m365.post.deliver(US, letter(1, START))
    m365.imap.others = 3
    source = opened()
    for _ in range(5):
        with pytest.raises(Temporary, match="432"):
            everything(source)
        source.close()
    m365.imap.others = 2
    assert len(everything(source)) == 1
    assert (m365.imap.most, m365.tokens.asked) == (3, 1)


@pytest.mark.parametrize("fault", [STUB, NOTHING])
def test_messages_that_are_not_handed_over(m365: Microsoft365, opened: Opened, fault: str) -> None:
    """F7: a conversion error's text, or OK without data, is told as a fault and not settled; the others come whole."""
    for number in range(5):
        m365.post.deliver(US, letter(number, START), fault=fault if number in {1, 3} else "")
    found = everything(opened())
    assert [(one.place.uid, bool(one.fault), bool(one.raw)) for one in found] == [
        (str(uid), uid in {2, 4}, uid not in {2, 4}) for uid in range(1, 6)
    ]
    assert not any(b"Retrieval using" in one.raw for one in found)


@pytest.mark.parametrize("factor", [0.01, 0.3, 0.99, 1.5, 4.0])
def test_estimated_sizes(m365: Microsoft365, opened: Opened, factor: float) -> None:
    """F4: however far off RFC822.SIZE is, messages come whole, and the memory for them is bounded all the same."""
    bodies = [b"%d " % n + b"x" * size + b"\r\n" for n, size in enumerate((10, 9_000, 70_000, 500_000))]
    for number, body in enumerate(bodies):
        m365.post.deliver(US, letter(number, START, body), factor=factor)
    found = everything(opened(size_limit=5_000_000))
    assert [one.raw for one in found] == list(m365.inbox(US).values())
    assert not any(one.left_behind for one in found)


def test_large_message_announced_as_small(m365: Microsoft365, opened: Opened) -> None:
    """F4: a message above the limit that was announced far below it gives its text, and says what was left behind."""
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\nThe photograph.\r\n--b\r\nContent-Type: image/png\r\n"
    raw = b"From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts
    m365.post.deliver(US, raw + b"\r\n" + b"x" * 300_000 + b"\r\n--b--\r\n", factor=0.1)
    (one,) = everything(opened(size_limit=100_000))
    assert b"The photograph." in one.raw
    assert len(one.raw) < 2_000
    assert "image/png" in one.left_behind


def test_idle_wakes(m365: Microsoft365, opened: Opened) -> None:
    """F5: a letter that arrives during IDLE wakes the source."""
    source = opened()
    everything(source)
    m365.imap.on["IDLE"] = lambda: m365.post.deliver(US, letter(1, START)) and None
    assert source.wait(20)
    assert len(everything(source)) == 1


def test_submission_replaces_id_and_sender(m365: Microsoft365, client: SmtpClient) -> None:
    """O4, T1: what arrives has the mailbox as envelope sender, another Message-ID, and all else as we set it."""
    client.send("", "r@example.net", MAIL)
    (carried,), (submitted,) = m365.post.carried, m365.post.submitted
    arrived, sent = message_from_bytes(carried.raw), message_from_bytes(submitted.raw)
    assert (submitted.sender, carried.sender, carried.recipient) == ("<>", US, "r@example.net")
    assert arrived["Message-ID"] == submitted.assigned != sent["Message-ID"]
    assert [arrived[name] for name in ("References", "Subject", "From")] == [
        sent[name] for name in ("References", "Subject", "From")
    ]
    assert len(m365.post.mailboxes[US].folders["Sent Items"].messages) == 1


def test_token_that_runs_out_between_mails(m365: Microsoft365, client: SmtpClient, clock: Clock) -> None:
    """H5: mails hours apart go out, each connection with a token that is good."""
    for _ in range(3):
        client.send(US, "r@example.net", MAIL)
        client.close()
        clock.advance(timedelta(minutes=50))
    assert len(m365.post.carried) == 3
    assert m365.tokens.asked == 2


def test_submission_signs_in_anew_after_a_refusal(m365: Microsoft365, client: SmtpClient) -> None:
    """H5, O3: a refused token holds the queue and is not offered again."""
    client.send(US, "r@example.net", MAIL)
    client.close()
    m365.tokens.revoke()
    with pytest.raises(Hold, match=r"AUTH: 535 5\.7\.3"):
        client.send(US, "r@example.net", MAIL)
    client.send(US, "r@example.net", MAIL)
    assert len(m365.post.carried) == 2


def test_no_token_holds_the_queue(m365: Microsoft365, client: SmtpClient) -> None:
    """H5, O3: where no token can be had, nothing is lost and the sentence says why."""
    m365.tokens.answer = (401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.")
    with pytest.raises(Hold, match="the client secret has run out"):
        client.send(US, "r@example.net", MAIL)
    m365.tokens.answer = None
    client.send(US, "r@example.net", MAIL)
    assert len(m365.post.carried) == 1


def quota(m365: Microsoft365) -> None:
    m365.smtp.recipients_a_day = 0


def denied(m365: Microsoft365) -> None:
    m365.smtp.send_as_denied = True


def crowded(m365: Microsoft365) -> None:
    m365.smtp.others = 3


def hurried(m365: Microsoft365) -> None:
    m365.smtp.per_minute = 0


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(quota, "554 5.2.0"), (denied, "554 5.2.0"), (crowded, "432 4.3.2"), (hurried, "421 4.4.2")],
)
def test_refusals_that_are_about_us(
    m365: Microsoft365, client: SmtpClient, trouble: Callable[[Microsoft365], None], said: str
) -> None:
    """O3: quota, SendAsDenied, too many connections and too many mails a minute hold the queue: none is Permanent."""
    trouble(m365)
    with pytest.raises(Hold, match=said.replace(".", r"\.")):
        client.send(US, "r@example.net", MAIL)
    assert not m365.post.submitted
    m365.smtp.recipients_a_day, m365.smtp.send_as_denied, m365.smtp.others, m365.smtp.per_minute = 10, False, 0, 30
    client.send(US, "r@example.net", MAIL)
    assert len(m365.post.submitted) == 1


def test_the_server_itself(m365: Microsoft365, client: SmtpClient, clock: Clock) -> None:
    """The limits of the test's server hold: the 31st mail of a minute, the recipient above the day's number."""
    with smtplib.SMTP("127.0.0.1", m365.smtp.port) as raw:
        assert raw.docmd("MAIL", f"FROM:<{US}>")[0] == 530
    for _ in range(30):
        client.send(US, "r@example.net", MAIL)
    with pytest.raises(Hold, match="421"):
        client.send(US, "r@example.net", MAIL)
    clock.advance(timedelta(minutes=1))
    m365.smtp.recipients_a_day = 31
    client.send(US, "r@example.net", MAIL)
    with pytest.raises(Hold, match="554"):
        client.send(US, "r@example.net", MAIL)
    clock.advance(timedelta(days=1))
    m365.smtp.answer("dot", SEND_AS_DENIED)
    with pytest.raises(Hold, match="554"):
        client.send(US, "r@example.net", MAIL)
    m365.smtp.answer("dot", CLOSE)
    with pytest.raises(Exception, match="no answer after the final dot"):
        client.send(US, "r@example.net", MAIL)
    assert len(m365.post.submitted) == len(m365.post.carried) == 32
