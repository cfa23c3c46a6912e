"""Own words: what the sender newly wrote, told apart from the rest, in the residents' languages."""

from __future__ import annotations

import pytest

from intake.mail.text import own_words
from intake.mail.values import Identity
from tests.unit.quotations import ATTRIBUTIONS, HEADERS

US = Identity(addresses=frozenset({"cohesion@example.org"}))
LETTER = "The lamps in Elm Road have been dark since Monday.\n\nWho mends them?\n\nPat"

DEVICES = (
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from my Moto",
    "Sent from Yahoo Mail on Android",
    "Sent from Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/AAb9ysg>",
    "Wysłane z iPhone'a",
    "Trimis de pe dispozitivul meu Galaxy",
    "Envoyé de mon iPhone",
    "Envoyé depuis Yahoo Mail pour Android",
    "Inviato da iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu telemóvel",
    "Von meinem iPhone gesendet",
    "Отправлено с iPhone",
    "Надіслано з iPhone",
    "Изпратено от моя iPhone",
    "Išsiųsta iš mano iPhone",
    "Nosūtīts no mana iPhone",
    "Elküldve az iPhone-omról",
    "Στάλθηκε από το iPhone μου",
    "iPhone'umdan gönderildi",
    "Dërguar nga iPhone im",
    "أرسلت من الـ iPhone",
    "ارسال شده از آیفون من",
    "میرے آئی فون سے بھیجا گیا",
    "发自我的iPhone",
)

NOT_DEVICES = (
    "Sent from my desk, which is easier than my mobile phone.",
    "My iPhone was in the bag he took.",
    "I sent the pictures from my phone on Tuesday.",
    "Sent from my phone because he reads the laptop",
    "Sent from my locked bathroom, please call police",
    "Sent from my bedroom, hiding from dad with knife",
    "Sent from my sister's phone, mine got smashed by dad",
    "Sent from my street, ambulance wanted",
    "From my phone: man with knife outside 4 Elm Road",
)

CAUTION = "Do not click links or open attachments unless you recognise the sender and know the content is safe."
BANNERS = (
    f"CAUTION: This email originated from outside the partnership. {CAUTION} Report suspected phishing to the IT desk.",
    "[EXTERNAL EMAIL] This message came from outside. Beware of phishing, fraud and malware.",
    "[EXTERNAL]",
    "EXTERNAL: ",
    "You don't often get email from pat@example.net. Learn why this is important",
    "*** This is an EXTERNAL email. Please take care when clicking links or opening attachments. ***",
    "WARNING: This email originated from outside of the\norganisation. " + CAUTION.replace(" you ", " you\n"),
)

DISCLAIMERS = (
    "This e-mail and any attachments are confidential. If you have received it in error please notify the sender.",
    "This email has been scanned for viruses. No threats found.",
    "Elm Homes Limited is a charitable registered society.",
    "Please consider the environment before printing this email.",
    "Ce message est confidentiel. Si vous l'avez reçu par erreur, merci d'en avertir l'expéditeur.",
    "Wiadomość ta jest poufna i przeznaczona wyłącznie dla adresata. Jeśli otrzymano ją omyłkowo, proszę ją usunąć.",
    "Acest mesaj este confidențial și destinat exclusiv destinatarului.",
    "Данное сообщение является конфиденциальным и предназначено только адресату.",
    "This inbox is not monitored. Please do not reply.",
    "This email was sent outside your working hours? Please do not feel you must answer.",
)

CONTACTS = (
    "Janine Kelleher\nNeighbourhood Officer | Elm Homes\n01632 960384",
    "Priya Castell\nSenior Caseworker\n01632 960033",
    "Isla Fennimore | Senior Reporter\nElm Echo\nm: 07700 900611",
    "Cllr Maureen Stopford\nParish Councillor\nSurgery: first Saturday, 10-12, the hall",
    "Harcourt Vane LLP\nRef: HV/2291  DDI: 01632 960871",
)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
@pytest.mark.parametrize("quote", ["> Dear Pat,\n>\n> which lamps?", "\n> Dear Pat, which lamps?"])
def test_attribution_and_quotation_go(attribution: str, quote: str) -> None:
    """P4: a quotation and the line that introduces it are not own words, in any of the residents' languages."""
    assert own_words(f"{LETTER}\n\n{attribution}\n{quote}", US).own == LETTER


@pytest.mark.parametrize("attribution", [a for k, a in ATTRIBUTIONS.items() if k != "en, no address"])
def test_unmarked_quotation_goes(attribution: str) -> None:
    """P4: what follows an attribution is quoted even where the program did not mark its lines."""
    assert own_words(f"{LETTER}\n\n{attribution}\n\nDear Pat, which lamps?\nThe team", US).own == LETTER


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("above", ["", "________________________________\n", "-----Original Message-----\n"])
def test_header_block_and_what_follows_goes(header: str, above: str) -> None:
    """P4: a quoted message's header in any of the residents' languages ends the own words."""
    found = own_words(f"{LETTER}\n\n{above}{header}\n\nDear Pat, which lamps?", US, "Re: Lamps")
    assert found.own == LETTER
    assert not found.forwarded


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "-------- Forwarded Message --------",
        "Begin forwarded message:\n",
        "---------- Mesaj redirecționat ---------",
        "---------- Weitergeleitete Nachricht ---------",
        "---------- Пересылаемое сообщение --------",
        "Début du message transféré :\n",
        "---------- رسالة معاد توجيهها ---------",
    ],
)
def test_forward_goes_and_is_told(mark: str) -> None:
    """P4: a forwarded letter is not own words, and rules are told that there is one."""
    forward = f"{mark}\nFrom: Sam <sam@example.com>\nDate: Mon, 9 Nov 2026\nSubject: Dogs\nTo: Pat\n\nDogs everywhere"
    found = own_words(f"{LETTER}\n\n{forward}", US)
    assert found.own == LETTER
    assert found.forwarded


def test_bare_forward_leaves_nothing() -> None:
    """P4: a forward without a note has no own words, so that rules read the rest."""
    found = own_words("---------- Forwarded message ---------\nFrom: a@example.com\nSubject: x\n\nDogs", US)
    assert (found.own, found.forwarded) == ("", True)


def test_forward_that_only_the_subject_tells() -> None:
    """P4: Outlook marks a forward by nothing but the subject."""
    found = own_words(f"Please deal. Ray\n\n{HEADERS['en']}\n\nDogs", US, "FW: Dogs")
    assert (found.own, found.forwarded) == ("Please deal. Ray", True)


def test_answers_between_quotations_stay() -> None:
    """P4: an answer written between the lines of a quotation is own words, all of it."""
    quoted = f"{ATTRIBUTIONS['en, no address']}\n> Which lamps?"
    text = f"{quoted}\n\nThose by the school.\n\n> Since when?\n\nMonday."
    assert own_words(text, US).own == "Those by the school.\n\n\nMonday."


def test_answer_below_the_quotation_stays() -> None:
    """P4: a reply below the quotation is own words."""
    text = f"On 12/11/2026 10:02, Community Safety wrote:\n> Which lamps?\n> Regards\n\n{LETTER}"
    assert own_words(text, US).own == LETTER


@pytest.mark.parametrize(
    "told",
    [
        "On 3 November 2026 at 10:00 he wrote this to me:\n\nI know where you live",
        "At 21:14 he wrote:\nopen the door",
        "I wrote to Jane (jane@example.com) on 3 November 2026 and she said:\n\nnot our lamps",
        "From: the bus stop\nTo: the school\nthere are no lamps at all",
        "My ideas:\nLamps: more\nBins: fewer\nDate: soon",
        "> is the arrow on the sign, by the way, and it points the wrong way"[2:],
    ],
)
def test_what_somebody_said_stays(told: str) -> None:
    """P4: a person who tells what somebody said or sent to them is not quoting a mail."""
    assert own_words(f"Hello\n\n{told}", US).own == f"Hello\n\n{told}"


@pytest.mark.parametrize("above", ["", "You have a new enquiry:\n\n", "Contact form\n"])
def test_web_form_stays(above: str) -> None:
    """P4: a web form's fields are no quoted header."""
    text = f"{above}From: Pat\nDate: 3 November 2026\nSubject: lamps\nMessage: They are dark."
    assert own_words(text, US, "Enquiry from the website").own == text


def test_header_block_of_a_reply_under_a_subject_of_its_own() -> None:
    """P4: a whole header below a letter is a quotation, also where the sender changed the subject."""
    assert own_words(f"{LETTER}\n\n{HEADERS['pt']}\n\nQuais?", US, "Reclamação").own == LETTER


@pytest.mark.parametrize("device", DEVICES)
def test_device_line_goes(device: str) -> None:
    """P4: "Sent from my phone" is not typed, in any of the residents' languages."""
    assert own_words(f"{LETTER}\n\n{device}", US).own == LETTER
    assert own_words(f"{LETTER}\n\n{device}\n\n{ATTRIBUTIONS['en']}\n> Which lamps?", US).own == LETTER


@pytest.mark.parametrize("line", NOT_DEVICES)
def test_sentence_about_a_device_stays(line: str) -> None:
    """P4: a sentence that mentions a telephone is the sender's own."""
    assert own_words(f"{LETTER}\n\n{line}", US).own == f"{LETTER}\n\n{line}"


def test_nothing_but_a_device_line_is_nothing() -> None:
    """P4: a mail of a photograph and a program's signature has no own words."""
    assert own_words("Sent from my iPhone", US).own == ""


@pytest.mark.parametrize("banner", BANNERS)
@pytest.mark.parametrize("between", ["\n\n", "\n"])
def test_gateway_banner_goes(banner: str, between: str) -> None:
    """P4: what a mail gateway puts on top is not the sender's."""
    assert own_words(f"{banner}{between}{LETTER}", US).own == LETTER


@pytest.mark.parametrize(
    "opening",
    [
        "Warning: my neighbour is dangerous.",
        "My email was not answered and now he is standing outside.",
        "This email is about the man outside my flat.",
        "Please do not reply unless I write first.",
        "Don't open the door unless you know who it is.",
        "External walls are falling down in our block.",
    ],
)
def test_opening_like_a_banner_stays(opening: str) -> None:
    """P4: a resident's own warning is no banner."""
    assert own_words(f"{opening}\n\n{LETTER}", US).own == f"{opening}\n\n{LETTER}"


def test_configured_banner_goes() -> None:
    """P4: banners are told by configured patterns too."""
    us = Identity(addresses=US.addresses, banners=(r"^NWC outside mail -.*$",))
    assert own_words(f"NWC outside mail - be careful\n\n{LETTER}", us).own == LETTER


@pytest.mark.parametrize("disclaimer", DISCLAIMERS)
def test_disclaimer_goes(disclaimer: str) -> None:
    """P4: a legal disclaimer below the letter is not own words."""
    assert own_words(f"{LETTER}\n\n{disclaimer}", US).own == LETTER
    assert own_words(f"{LETTER}\n\n{disclaimer}\n\n{HEADERS['en']}\n\nWhich?", US, "Re: x").own == LETTER


def test_a_lawyers_his_or_her_is_a_disclaimer() -> None:
    """P4: who speaks of anybody speaks of nobody: "his or her agent" stands in a disclaimer."""
    disclaimer = "This is for the named addressee and his or her agent. He/she may not copy it."
    assert own_words(f"{LETTER}\n\n{disclaimer}", US).own == LETTER


@pytest.mark.parametrize(
    "ending",
    [
        "Please keep this confidential, he must not know.",
        "I received the fine in error.",
        "I am a trustee of the hall and write in confidence.",
        "This message may be monitored by my husband, please answer nobody.",
        "My emails may be monitored by him.",
        "Emails can be intercepted in this house, she reads everything.",
        "If you contact the sender at this address my ex will see it.",
        "C'est confidentiel, mon mari a ouvert une lettre par erreur.",
        "Mój mąż czyta pocztę, to poufne, otworzył list przez omyłkę.",
        "Es confidencial, mi pareja abrió la carta por error.",
        "C'est confidentiel, il a ouvert ma lettre par erreur.",
        "Das ist vertraulich, er hat meinen Brief irrtümlich geöffnet.",
        "Emails may be monitored by my flatmate.",
        "Emails may be monitored at home, do not answer.",
        "Emails may be monitored by him or her brother.",
        "Our emails can be intercepted by the gang next door.",
        "This account is only monitored by me, so you can write here safely.",
        "This inbox is not monitored by anybody else, answer here.",
        "Please use this email address for all replies, the other one is read at home.",
        "Please only ring outside my working hours, it is not safe before.",
        "They deal drugs outside normal hours and there are knives.",
        "--\nPlease, the man is back with a knife",
    ],
)
def test_plea_for_discretion_stays(ending: str) -> None:
    """P4: a resident who asks for discretion, or tells who reads along, writes no disclaimer."""
    assert own_words(f"{LETTER}\n\n{ending}", US).own == f"{LETTER}\n\n{ending}"


@pytest.mark.parametrize("contact", CONTACTS)
def test_contact_block_goes_and_sign_off_stays(contact: str) -> None:
    """P4: the block with post, house and telephone is a signature; "Kind regards, Jane" is typed."""
    letter = f"{LETTER[:-5]}\n\nKind regards,\n\nJanine"
    assert own_words(f"{letter}\n\n{contact}", US).own == letter
    assert (
        own_words(f"{letter}\n\n{contact}\n\nElm House is open all week. Find us next to the hall.", US).own == letter
    )


@pytest.mark.parametrize("closing", ["", "Yours faithfully,\n\n"])
def test_name_with_a_post_is_the_only_sign_off(closing: str) -> None:
    """P4: "Winifred Aske, Clerk to the Council" is how the letter is signed, where nothing above it signs it."""
    signed = f"{LETTER[:-5]}\n\n{closing}Winifred Aske\nClerk to the Council"
    assert own_words(signed, US).own == signed
    assert own_words(f"{LETTER}\n\nPatricia Aske\nClerk to the Council", US).own == LETTER


@pytest.mark.parametrize(
    "sign_off",
    [
        "Thanks,\nMohammed\nFlat 4, Imperial Homes House\n01632 960222",
        "Yours,\nWin Gotobed, Secretary",
        "Wassalam,\nImtiaz Sharif\nHon. Secretary",
        "Shanelle\n07700 900254",
        "Yours faithfully,\n\nColin Pettifer\nStandens Barn",
        "T. Ingle\n12 Church Street\nNN1 1AA",
    ],
)
def test_typed_sign_off_stays(sign_off: str) -> None:
    """P4: a name, an address and a number that a resident typed are own words."""
    assert own_words(f"{LETTER}\n\n{sign_off}", US).own == f"{LETTER}\n\n{sign_off}"


@pytest.mark.parametrize(
    "ending",
    [
        "Sue\n\nSue Elm's vicar reads my mail, so please do not answer.",
        "Sue\n\nSue Elm, Clerk\nI am afraid of what he will do when he hears.",
        "Sue\n\nThe clerk of the parish has told him where we live",
        "Sue\n\nSue Elm, Clerk\n\nHe has come back with the knife, please send somebody.",
        "Olena\n\nOlena Koval, teacher\nне відповідайте, чоловік читає мою пошту",
        "Help\n\nHelp, man with knife in school, children hiding, send police",
        "Sue\n\nHe is at the school",
        "Sue\n\nHe is here\nat the school now",
        "Sue\n\nOutside the surgery | he waits there",
        "Sue\n\nKnife in the kitchen | kids upstairs | send police",
        "Sue\n\nMan with a gun | on the stairs with the children asleep above and nobody else in",
        "Sue\n\nring me 07700 900123\nman with knife at school",
        "Please come\n\nMan here\nat the school",
        "Thanks,\nSue 07700 900123\nDon't phone, partner is home",
        "Olena\n\nOlena Koval, teacher 07700 900123\nне відповідайте, чоловік читає мою пошту",
        "Maria\n\nMaria Silva, teacher 07700 900123\nnão responda, o marido lê tudo",
    ],
)
def test_sentence_below_the_typed_name_stays(ending: str) -> None:
    """P4: what somebody adds below their name is typed, also where it begins with the name and a post."""
    assert own_words(f"{LETTER}\n\n{ending}", US).own == f"{LETTER}\n\n{ending}"


def test_postscript_below_a_signature_stays() -> None:
    """P4: what was added below the signature is typed."""
    text = f"{LETTER}\n\nRegards,\nJo\n\nJo Elm\nHousing Officer\n01632 960384\n\nPS please do not ring the tenant"
    assert own_words(text, US).own.endswith("Jo\n\n\nPS please do not ring the tenant")


def test_plea_below_a_signature_stays() -> None:
    """P4: who cries for help below the signature of their program is heard."""
    text = f"{LETTER}\n\nSue Elm\nHousing Officer\n01632 960384\n\nPlease hurry, the man is back with a knife"
    assert own_words(text, US).own == f"{LETTER}\n\n\nPlease hurry, the man is back with a knife"


def test_signature_delimiter() -> None:
    """P4: what stands below "-- " is a signature (RFC 3676 §4.3)."""
    assert own_words(f"{LETTER}\n\n-- \nPat Elm\npat@example.net", US).own == LETTER


def test_mailing_list_footer_goes() -> None:
    """P4: a mailing list's footer is not own words."""
    footer = f"{'_' * 47}\nforum mailing list\nforum@lists.example.net\nhttps://lists.example.net/forum"
    assert own_words(f"{LETTER}\n\n{footer}", US).own == LETTER


def test_text_without_anything_else_is_untouched() -> None:
    """P4: a plain letter is own words as it stands."""
    assert own_words(LETTER, US).own == LETTER
    assert own_words("", US).own == ""
