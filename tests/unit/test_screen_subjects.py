"""Screening: subjects of automatic replies and of mail not to be answered, calendar answers, recalls, reactions."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.mail.parse import parse
from intake.mail.screen import screen
from tests.unit.screening import US, outcome, screened

TOP = Path(__file__).parents[2]
OUT_OF_OFFICE = {
    "en": "Automatic reply: Lamps",
    "en, older": "Out of Office: Lamps",
    "en, Google": "Out of office Re: Lamps",
    "en, brackets": "[Auto-Reply] Lamps",
    "en, vacation": "Vacation reply",
    "ro": "Răspuns automat: Lamps",
    "ro, without marks": "Raspuns automat: Lamps",
    "pl": "Odpowiedź automatyczna: Lamps",
    "lt": "Automatinis atsakymas: Lamps",
    "lv": "Automātiskā atbilde: Lamps",
    "hu": "Automatikus válasz: Lamps",
    "it": "Risposta automatica: Lamps",
    "pt": "Resposta automática: Lamps",
    "es": "Respuesta automática: Lamps",
    "bg": "Автоматичен отговор: Lamps",
    "el": "Αυτόματη απάντηση: Lamps",
    "fr": "Réponse automatique : Lamps",
    "de": "Automatische Antwort: Lamps",
    "nl": "Automatisch antwoord: Lamps",
    "en, away": "I am currently out of the office",
    "ro, away": "În afara biroului",
    "pl, away": "Poza biurem: Lamps",
    "lt, away": "Nesu biure",
    "lv, away": "Ārpus biroja",
    "hu, away": "Irodán kívül",
    "it, away": "Fuori ufficio",
    "pt, away": "Fora do escritório",
    "es, away": "Fuera de la oficina",
    "bg, away": "Извън офиса",
    "el, away": "Εκτός γραφείου",
    "fr, away": "Absence du bureau",
    "de, away": "Abwesenheitsnotiz",
    "nl, away": "Niet op kantoor",
    "uk, away": "Не в офісі",
    "ru, away": "Вне офиса",
    "sq, away": "Jashtë zyrës",
    "tr, away": "Ofis dışındayım",
    "ar, away": "خارج المكتب",
    "fa-AF, away": "بیرون از دفتر",
    "ps, away": "له دفتره بهر",
    "ur, away": "دفتر سے باہر",
    "pa, away": "ਦਫ਼ਤਰ ਤੋਂ ਬਾਹਰ",
    "gu, away": "ઑફિસની બહાર",
    "bn, away": "অফিসের বাইরে",
    "ta, away": "அலுவலகத்திற்கு வெளியே",
    "so, away": "Xafiiska ka maqan",
    "zh, away": "不在办公室",
    "uk": "Автоматична відповідь: Lamps",
    "ru": "Автоматический ответ: Lamps",
    "sq": "Përgjigje automatike: Lamps",
    "tr": "Otomatik Yanıt: Lamps",
    "ar": "رد تلقائي: Lamps",
    "fa": "پاسخ خودکار: Lamps",
    "ps": "اتوماتیک ځواب: Lamps",
    "ur": "خودکار جواب: Lamps",
    "pa": "ਸਵੈਚਲਿਤ ਜਵਾਬ: Lamps",
    "gu": "સ્વચાલિત જવાબ: Lamps",
    "bn": "স্বয়ংক্রিয় উত্তর: Lamps",
    "ta": "தானியங்கி பதில்: Lamps",
    "so": "Jawaab toos ah: Lamps",
    "zh": "自动回复: Lamps",
    "zh-Hant": "自動回覆: Lamps",
}
NO_REPLY = {
    "en": "No reply please - it is about my son",
    "en, hyphen": "NO-REPLY",
    "en, sentence": "Please do not reply to this mail",
    "ro": "Vă rog să nu răspundeți",
    "ro, without marks": "va rog nu raspundeti",
    "pl": "Proszę nie odpowiadać",
    "lt": "Prašau neatsakyti",
    "lv": "Lūdzu neatbildēt",
    "hu": "Kérem ne válaszoljon",
    "it": "Non rispondere",
    "pt": "Por favor não responda",
    "es": "No responder, por favor",
    "bg": "Моля не отговаряйте",
    "el": "Μην απαντήσετε",
    "fr": "Ne pas répondre",
    "de": "Bitte nicht antworten!",
    "nl": "Graag niet antwoorden",
    "ro, no reply": "Fără răspuns",
    "pl, no reply": "Bez odpowiedzi",
    "lt, no reply": "Be atsakymo",
    "lv, no reply": "Bez atbildes",
    "hu, no reply": "Válasz nélkül",
    "it, no reply": "Nessuna risposta",
    "pt, no reply": "Sem resposta",
    "es, no reply": "Sin respuesta",
    "bg, no reply": "Без отговор",
    "fr, no reply": "Pas de réponse",
    "de, no reply": "Keine Antwort",
    "uk, no reply": "Без відповіді",
    "ru, no reply": "Без ответа",
    "tr, no reply": "Cevap yok",
    "ar, no reply": "بدون رد",
    "fa-AF, no reply": "بدون جواب",
    "ur, no reply": "کوئی جواب نہیں",
    "uk": "Прошу не відповідати",
    "ru": "Не отвечайте мне",
    "sq": "Mos u përgjigjni",
    "tr": "Lütfen cevap vermeyin",
    "ar": "الرجاء عدم الرد",
    "fa": "لطفاً جواب ندهید",
    "ps": "ځواب مه راکوئ",
    "ur": "جواب نہ دیں",
    "pa": "ਜਵਾਬ ਨਾ ਦਿਓ",
    "gu": "જવાબ ન આપશો",
    "bn": "উত্তর দেবেন না",
    "ta": "பதில் அனுப்ப வேண்டாம்",
    "so": "Fadlan ha ka jawaabin",
    "zh": "请勿回复",
    "zh-Hant": "請勿回覆",
}
CALENDAR = """From: Pat <pat@example.net>
To: cohesion@example.org
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

Pat is coming.
--b
Content-Type: text/calendar; method={method}

BEGIN:VCALENDAR
END:VCALENDAR
--b--
"""


@pytest.mark.parametrize("subject", OUT_OF_OFFICE.values(), ids=OUT_OF_OFFICE)
@pytest.mark.parametrize("before", ["", "[External] ", "[EXTERNAL] (SPAM?) ", "EXTERNAL EMAIL: "])
def test_subject_of_an_automatic_reply(before: str, subject: str) -> None:
    """S1: out-of-office subjects in the residents' languages are told, also behind `[External]`."""
    assert outcome(screened(Subject=f"{before}{subject}")) == ("auto-reply", "out-of-office-subject")


@pytest.mark.parametrize(
    "subject", ["Re: Automatic reply: Lamps", "[External] AW: Out of office", "RE: Réponse automatique"]
)
def test_automatic_reply_behind_a_reply_prefix(subject: str) -> None:
    """S1: behind `Re:` such a subject is not answered; a person may have written there, so it is read as one's (S9)."""
    assert outcome(screened(Subject=subject)) == ("person", "out-of-office-subject")


@pytest.mark.parametrize(
    "subject",
    ["On holiday", "Automatic doors at the library", "My office is out of bounds", "Absent father",
     "Auto theft in Elm Road",      "Outside the office there is a man", "Автоматы на улице", "Odpowiedź na pismo"],
)  # fmt: skip
def test_subject_of_a_letter(subject: str) -> None:
    """S1: a letter's subject that only resembles an automatic reply's is a person's."""
    assert outcome(screened(Subject=subject)) == ("person", None)


def test_every_shipped_language_has_both() -> None:
    """S1, S8: each language that acknowledgements ship in has its out-of-office subject and its "no reply" here."""
    shipped = {one.name for one in (TOP / "templates" / "acknowledgement").iterdir() if one.is_dir()} | {"en"}
    for table in (OUT_OF_OFFICE, NO_REPLY):
        known = {name.partition(",")[0].partition("-")[0] for name in table}
        assert {name.partition("-")[0] for name in shipped} <= known


@pytest.mark.parametrize("subject", NO_REPLY.values(), ids=NO_REPLY)
@pytest.mark.parametrize("before", ["", "Re: ", "[External] ", "*** "])
def test_subject_that_asks_for_no_reply(before: str, subject: str) -> None:
    """S8: a subject that begins with "no reply" in any of the residents' languages guarantees silence."""
    assert outcome(screened(Subject=f"{before}{subject}")) == ("person", "no-reply-subject")


@pytest.mark.parametrize("subject", ["Nobody replied", "Noreplying neighbours", "I had no reply", "Do not park here"])
def test_subject_that_asks_for_nothing_of_the_kind(subject: str) -> None:
    """S8: the words must stand at the beginning, and whole."""
    assert outcome(screened(Subject=subject)) == ("person", None)


@pytest.mark.parametrize(
    "subject",
    ["No answer - third time of asking", "Fwd: Fwd: No answer, three weeks now", "NO ANSWER YET", "No answer from you"],
)
def test_complaint_of_no_answer(subject: str) -> None:
    """S8: who complains that nobody answered asks for an answer, and gets one."""
    assert outcome(screened(Subject=subject)) == ("person", None)


@pytest.mark.parametrize("subject", ["No answer", "No answer - my son", "No answer again please", "No reply yet"])
def test_no_answer_that_may_be_a_wish(subject: str) -> None:
    """S8: what may be a wish for silence is one, and "no reply" always is."""
    assert outcome(screened(Subject=subject)) == ("person", "no-reply-subject")


@pytest.mark.parametrize("subject", ["Accepted: Forum", "Declined: Forum", "Zaakceptowano: Forum", "Accepté : Forum"])
def test_answer_to_an_invitation(subject: str) -> None:
    """S1: calendar replies are not answered."""
    raw = CALENDAR.format(subject=subject, method="REPLY")
    assert outcome(screen(parse(raw.encode()), US)) == ("automatic", "calendar-reply")


def test_bare_calendar_answer() -> None:
    """S1: method=REPLY tells a calendar reply whatever its subject says (RFC 6047)."""
    assert outcome(screened("BEGIN:VCALENDAR", Content_Type="text/calendar; method=REPLY")) == (
        "automatic",
        "calendar-reply",
    )


def test_invitation_of_a_person_is_answered() -> None:
    """S1: an invitation is a person's letter."""
    raw = CALENDAR.format(subject="Street party", method="REQUEST")
    assert outcome(screen(parse(raw.encode()), US)) == ("person", None)


def test_accepted_without_a_calendar_is_a_letter() -> None:
    """S1: a subject like a calendar reply's alone tells nothing."""
    assert outcome(screened(Subject="Accepted: the truth about our road")) == ("person", None)


def test_recall() -> None:
    """S1: Exchange asking for a mail back is not answered; a letter about a recall is."""
    text = 'Elm, Pat would like to recall the message, "Lamps".'
    assert outcome(screened(text, Subject="Recall: Lamps")) == ("automatic", "recall")
    assert outcome(screened("The kettle was recalled.", Subject="Recall: kettles")) == ("person", None)


def test_reaction() -> None:
    """S1: an emoji sent as a mail is not answered."""
    assert outcome(screened("👍 Pat Elm reacted to your message:\n\nThank you")) == ("automatic", "reaction")
    part = "text/vnd.google.email-reaction+json"
    assert outcome(screened('{"emoji":"👍","version":1}', Content_Type=part)) == ("automatic", "reaction")
