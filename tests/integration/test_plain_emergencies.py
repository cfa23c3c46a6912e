"""Emergencies that are said in one plain sentence: nobody who writes so has time for more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from intake.mail.language import detect
from intake.mail.values import Urgency
from intake.rules.decide import decide
from intake.rules.load import load_rulebook
from intake.rules.rulebook import Rulebook
from tests.unit.rulebooks import letter

EMERGENCIES = [
    "A man with a knife is stabbing somebody in Elm Road now.",
    "There is a bomb in the school.",
    "Someone is being stabbed outside the shop",
    "They are stabbing him",
    "There's a man with a gun in the park",
    "A man has been shot on Kettering Road",
    "My house is on fire and my mum is inside",
    "The flat upstairs is on fire",
    "Somebody is trying to break into my house right now",
    "He is beating her up next door I can hear her screaming",
    "A child has been hit by a car",
    "My husband has collapsed and is not breathing",
    "I can smell gas in the whole building",
    "There is a suspicious package at the station",
    "I have taken all my tablets",
    "He says he will kill me tonight",
    "They set fire to the mosque",
    "A boy is drowning in the canal",
    "My baby is not breathing",
    "He has a machete",
    "Gunshots on our street",
    "There is a fight with knives at the bus stop",
    "Bomb at the town hall",
    "Someone planted a bomb at the mosque, it goes off at noon",
    "A man is holding a woman hostage in the flat",
    "W szkole jest bomba",
    "Jest pożar w naszym bloku",
    "Un bărbat cu cuțit în parc acum",
    "В школе бомба",
    "رجل معه سكين في الشارع الآن",
    "There is a man outside my house with a knife",
    "My ex is outside banging on the door and he has a knife",
    "Please send police he is going to kill her",
    "Someone has been stabbed at the bus station",
    "There are men with hammers outside the mosque",
    "They are throwing bricks at our windows now",
    "A mob is outside the hotel",
    "My neighbour is beating his wife right now",
    "There is smoke coming from the flat next door",
    "The house opposite is on fire",
    "I am going to kill myself tonight",
    "I want to die",
    "My friend says she is going to jump off the bridge",
    "My daughter is missing since this morning, she is 8",
    "A toddler is wandering alone on the dual carriageway",
    "There is a body in the canal",
    "A woman is screaming in the park",
    "Kids are playing on the ice",
    "Someone put petrol through our letterbox",
    "He said he will burn the mosque down on Friday",
    "I will bring a gun to the office and shoot you all",
    "Gaz się ulatnia w bloku",
    "Mój mąż mnie bije teraz",
    "Ktoś próbuje włamać się do mojego domu",
    "Soțul meu mă bate acum",
    "Cineva are o armă la școală",
    "Муж меня бьёт сейчас помогите",
    "Чоловік з ножем біля школи",
    "У нас пожар",
    "Zabije się dzisiaj",
    "Vreau să mor",
    "شوہر مجھے مار رہا ہے",
    "هناك حريق في البناية",
    "Yangın var bina yanıyor",
    "Hay un hombre con un cuchillo en la calle",
    "Il y a le feu dans l'immeuble",
    "有人拿刀",
    "着火了",
]
CALM = [
    "There was a bomb in the film",
    "The school play was the bomb",
    "Knife crime is getting worse, what will the council do",
    "He dropped a bomb at the meeting: the hall will close",
    "I could murder a curry",
    "Please can you fix the street light",
    "The bus stop is dirty",
    "I love the new park",
    "My son was stabbed to death in 2019 and I want to set up a charity",
    "The knife bin at the library is full",
    "The fire door in the flats sticks",
]


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook(Path(__file__).parents[2] / "rules")


def urgency(book: Rulebook, text: str) -> Urgency:
    return decide(replace(letter(text), language=detect(text, "")), book).urgency


@pytest.mark.parametrize("text", EMERGENCIES)
def test_said_plainly(book: Rulebook, text: str) -> None:
    """R1, O8: one plain sentence is an emergency, in whatever language."""
    assert urgency(book, text) is Urgency.EMERGENCY


@pytest.mark.parametrize("text", CALM)
def test_only_told_about(book: Rulebook, text: str) -> None:
    """R1: what is past, or a manner of speaking, is none."""
    assert urgency(book, text) is Urgency.ROUTINE
