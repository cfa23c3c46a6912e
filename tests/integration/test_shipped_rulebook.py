"""The rulebook that ships: whole, and good enough for the first day."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from intake.mail.language import detect
from intake.mail.values import Acknowledge, Decision, Delivery, Urgency
from intake.rules.decide import decide
from intake.rules.load import load_files, load_rulebook
from intake.rules.rulebook import Rulebook
from tests.unit.rulebooks import letter

RULES = Path(__file__).parents[2] / "rules"
CATEGORIES = [
    "immediate-risk", "hate-incident", "tension-and-disinformation", "safeguarding", "crime",
    "anti-social-behaviour", "fire-safety", "health-and-wellbeing", "resettlement", "language-and-learning",
    "housing", "inclusion", "neighbourhood", "events-and-volunteering", "suggestion", "information-request",
    "complaint", "media-enquiry", "representative", "thanks", "unsolicited", "general",
]  # fmt: skip
FLAGS = [
    "no-acknowledgement", "safe-contact", "anonymous", "no-uniform", "deadline", "child", "vulnerable",
    "retaliation", "repeat-contact", "not-to", "complaint-about", "interpreter", "unreadable",
]  # fmt: skip
PARTNERS = [
    "police", "community-safety-team", "cohesion-officers", "fire-and-rescue", "nhs", "safeguarding",
    "resettlement-team", "voluntary-sector", "community-forums", "housing", "street-scene",
    "information-governance", "customer-relations", "communications",
]  # fmt: skip
LANGUAGES = {
    "en", "ro", "pl", "uk", "ru", "pt", "lt", "bg", "sq", "tr", "ar", "fa", "ps", "ur", "bn", "gu", "pa", "ta",
    "so", "es", "fr", "zh",
}  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(RULES)


def sort(book: Rulebook, text: str, subject: str = "", **changes: object) -> Decision:
    facts = letter(text, **{"subject": subject, "language": "und", **changes})
    return decide(facts if "language" in changes else replace(facts, language=detect(text, subject)), book)


def test_it_is_whole(book: Rulebook) -> None:
    """Every category, flag and partner is there; every language has words; nobody's real address is."""
    assert list(book.categories) == CATEGORIES
    assert list(book.partners) == PARTNERS
    assert book.languages >= LANGUAGES
    assert all(f"id: {flag}," in book.files["categories.yaml"] for flag in FLAGS)
    assert {one.address.partition("@")[2] for one in book.partners.values()} == {"partners.example.org"}


def test_every_rule_shows_what_it_means(book: Rulebook) -> None:
    """R3: every rule carries an example that it matches and one that it does not."""
    bare = [one.id for one in book.program.rules if not (one.examples.match and one.examples.no_match)]
    assert bare == []


def test_every_category_is_spoken_for(book: Rulebook) -> None:
    """No category waits for ever for a rule."""
    assert {one.effects.category for one in book.program.rules} >= set(CATEGORIES)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("hes at the back door with a hammer now and im on my own, please send someone", "immediate-risk"),
        ("There's a woman on the wrong side of the railings on the bridge, she is crying, hurry", "immediate-risk"),
        ("Мой сын 12 лет не пришел домой из школы, телефон выключен, помогите", "immediate-risk"),
        ("my neighbour's flat is full of smoke", "immediate-risk"),
        ("On the bus two men shouted at my sister to take off her hijab and one of them spat at her", "hate-incident"),
        ("Someone painted go home on the shutter of our Polish shop on Sunday", "hate-incident"),
        ("A fake video goes round on WhatsApp: meet outside the hotel on Friday", "tension-and-disinformation"),
        ("My uncle keeps our passports, we work in his restaurant without pay and he threatens us", "safeguarding"),
        ("Two men in a white van stole my bike from the shed, it is on our doorbell camera", "crime"),
        ("Loud music and shouting from the flat above until 4am every weekend", "anti-social-behaviour"),
        ("Can somebody come and fit a smoke alarm for my gran?", "fire-safety"),
        ("I cannot get a GP appointment and nobody there speaks Romanian", "health-and-wellbeing"),
        ("Our Ukrainian guest's visa ends in March, how does she extend it?", "resettlement"),
        ("Gdzie mogę zapisać się na kurs angielskiego?", "language-and-learning"),
        ("Proprietarul nu repară centrala și avem mucegai pe pereți", "housing"),
        ("There is no ramp at the library and I use a wheelchair", "inclusion"),
        ("The bins overflow and somebody has dumped a sofa in the alley", "neighbourhood"),
        ("We would like to invite the partnership to our festival, volunteers welcome", "events-and-volunteering"),
        ("My suggestion is a youth club and more benches", "suggestion"),
        ("Under the Freedom of Information Act please tell me how many complaints you had", "information-request"),
        ("I wish to make a formal complaint about your officer, who was rude", "complaint"),
        ("I'm a reporter on the local paper and would like a statement", "media-enquiry"),
        ("I write on behalf of my constituent Mrs B, whose consent is on file", "representative"),
        ("I just wanted to say thank you to the warden who helped me", "thanks"),
        ("Book a demo of our platform today and get 10% off. Unsubscribe", "unsolicited"),
        ("Where can I renew my fishing licence?", "general"),
    ],
)
def test_plain_letters_find_their_category(book: Rulebook, text: str, category: str) -> None:
    """The first-day promise: what people plainly say is sorted as an officer would."""
    assert category in sort(book, text).categories


@pytest.mark.parametrize(
    "text",
    [
        "my husband hits me. he reads my emails so please dont reply",
        "mój mąż mnie bije i sprawdza mi telefon",
        "sotul meu ma bate, daca afla ca am scris e mai rau",
        "Чоловік мене б'є і забрав паспорт, не телефонуйте",
        "زوجي يضربني ويراقب هاتفي",
        "mera shohar mujhe marta hai, agar usko pata chala to",
        "我老公打我，还查我手机，请不要回复",
        "ninkaygu wuu i garaacaa, haddii uu ogaado waa dhib",
        "he is downstairs, i cant talk, me and the kids are in the bathroom",
    ],
)
def test_who_is_watched_is_not_answered(book: Rulebook, text: str) -> None:
    """Promise 3: who could be endangered by an automatic answer gets none, and safeguarding gets the letter now."""
    decision = sort(book, text)
    assert decision.acknowledge is Acknowledge.NONE
    assert "no-acknowledgement" in decision.flags
    assert decision.urgency is not Urgency.ROUTINE
    assert {route.delivery for route in decision.routes} == {Delivery.NOW}
    assert "safeguarding" in {route.partner for route in decision.routes}


@pytest.mark.parametrize(
    "text",
    [
        "The bins are murder, it looks like a bomb has gone off, and I could kill for a working street lamp.",
        "Our Knife and Fork Supper has a killer raffle and a log fire, all welcome, please bring volunteers.",
        "That bend is suicidal, cut the hedge.",
        "Our cat has been missing since Friday, she is tabby and has a collar.",
        "Thank you to the fire crew, you were brilliant when our dryer caught fire last month.",
    ],
)
def test_strong_words_in_calm_letters_are_not_urgent(book: Rulebook, text: str) -> None:
    """Idioms, pets and thanks do not wake anybody."""
    decision = sort(book, text, language="en")
    assert "immediate-risk" not in decision.categories
    assert decision.urgency is Urgency.ROUTINE


def test_safety_comes_before_every_other_rule(book: Rulebook) -> None:
    """R10: the danger in a letter full of sales talk or law is seen all the same."""
    for around in (
        "Freedom of Information Act 2000 request: under the Freedom of Information Act.",
        "Book a demo today.",
    ):
        assert sort(book, f"{around} My husband hits me.").acknowledge is Acknowledge.NONE


@pytest.mark.parametrize(
    "text",
    [
        "This is an automated message, please do not reply. Your parcel fee is unpaid.",
        "You are receiving this because you subscribed. Please do not reply to this email. Unsubscribe here",
    ],
)
def test_machines_that_want_no_reply_are_not_in_danger(book: Rulebook, text: str) -> None:
    """Boilerplate that asks for no reply alarms nobody."""
    decision = sort(book, text, language="en")
    assert decision.categories == ("unsolicited",)
    assert decision.urgency is Urgency.ROUTINE


def test_threads_share_it(book: Rulebook) -> None:
    """One rulebook serves many threads: the same decisions, whatever runs beside."""
    texts = [f"letter {n}: the landlord, the damp and the noise every night {'now' * (n % 3)}" for n in range(60)]
    alone = [sort(book, text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: sort(book, text), texts)) == alone


def test_other_processes_load_the_same(book: Rulebook) -> None:
    """R5: a spawned worker that loads the kept files decides as we do, under the same version."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(elsewhere, dict(book.files)).result() == elsewhere(book.files)


def elsewhere(files: Mapping[str, str]) -> Decision:
    return sort(load_files(files), "Our landlord does nothing about the damp")
