"""Addresses in other scripts, from the queue to a server that takes them and to one that does not; both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from intake import lookups
from intake.daemon.deliver import Deliverer
from intake.outbox import queue
from intake.outbox.smtp import SmtpClient, SmtpSettings
from intake.store.database import Database
from tests.outbox_values import SERVICE, composer
from tests.servers.smtp_sink import SmtpSink
from tests.store_values import triage

LOCAL, DOMAIN = "ünï@exämple.test", "info@exämple.test"  # the first needs SMTPUTF8 (RFC 6531), the second none
TOLD = "SMTP: the server takes no addresses in other scripts (SMTPUTF8)"


@pytest.fixture
def deliverer(database: Database, smtp_sink: SmtpSink) -> Iterator[Deliverer]:
    """What sends to the sink."""
    made = Deliverer(database, SmtpClient(SmtpSettings("127.0.0.1", smtp_sink.port, "none", timeout=5)), "one", 30)
    yield made
    made.smtp.close()


def answer(database: Database, deliverer: Deliverer, address: str) -> None:
    """Acknowledge a letter from `address`, and deliver all that waits."""
    letter = triage(address, reply_address=address)
    with database.transaction() as conn:
        now = database.clock(conn)
        made = composer().acknowledgement(letter, "CSP-7K4M-29Q", 1, None, now)
        queue.enqueue(conn, replace(made, message_id=None), now)
    while deliverer.deliver():
        pass


def unsent(database: Database) -> list[tuple[str, str]]:
    """Return what `intake outbox` shows: states and reasons."""
    return [(row["state"], row["reason_detail"]) for row in lookups.outbox(database, None)]


def test_a_server_that_takes_other_scripts(database: Database, deliverer: Deliverer, smtp_sink: SmtpSink) -> None:
    """O3: an answer to an address in another script goes out, by SMTPUTF8 only where its name needs it."""
    answer(database, deliverer, LOCAL)
    answer(database, deliverer, DOMAIN)
    assert [(one.recipients, one.options) for one in smtp_sink.messages] == [
        (("ünï@xn--exmple-cua.test",), ("SMTPUTF8",)),
        (("info@xn--exmple-cua.test",), ()),
    ]
    assert all(one.sender == SERVICE.address for one in smtp_sink.messages)
    assert unsent(database) == []


def test_a_server_that_does_not(database: Database, deliverer: Deliverer, smtp_sink: SmtpSink) -> None:
    """O3: without SMTPUTF8 such an answer is given up, and a person sees why; a name in ASCII is still answered."""
    smtp_sink.other_scripts = False
    answer(database, deliverer, LOCAL)
    answer(database, deliverer, DOMAIN)
    assert [one.recipients for one in smtp_sink.messages] == [("info@xn--exmple-cua.test",)]
    assert unsent(database) == [("given-up", TOLD)]
