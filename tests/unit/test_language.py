"""The language of own words: every script and language of the residents, typed in whatever letters they have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail.language import detect
from intake.mail.values import Language
from intake.rules.decide import SURE

NATIVE = [
    ("en", "test pls ignore"),
    ("en", "Hi"),
    ("en", "thanks"),
    ("en", "my bins havent been emptied again"),
    ("en", "Bin day??"),
    ("en", "ok"),
    ("en", "cheers mate x"),
    ("en", "Pls ring me 07700 900142"),
    ("en", "URGENT"),
    ("en", "Fireworks again!!!"),
    ("en", "is anyone there"),
    ("en", "Mrs Kowalska at number 9 and Mr Popescu at 11 are fighting about the hedge"),
    ("en", "dogs mess on ur path"),
    ("en", "Salaam, just wanted to say jazakallah for the iftar, it was lovely and everyone came"),
    ("en", "Namaste team, when is the Diwali parking sorted?"),
    ("en", "no"),
    ("en", "Why?? Its a disgrace. Shame on u all"),
    ("en", "Litter on Abington Park again."),
    ("en", "pls come now hes got a knife"),
    ("ro", "ajutor va rog, sotul ma bate"),
    ("ro", "Multumesc frumos"),
    ("ro", "Buna seara, cand se ridica gunoiul?"),
    ("pl", "dzien dobry, prosze o pomoc, sasiad mnie straszy i nie wiem co mam robic"),
    ("pl", "Kiedy bedzie wywoz smieci?"),
    ("pl", "dziekuje bardzo"),
    ("pl", "potrzebuje tlumacza"),
    ("lt", "Laba diena, noriu pranesti apie triuksma, kaimynai kiekviena nakti garsiai leidzia muzika"),
    ("lt", "aciu uz pagalba"),
    ("lt", "Kur galima mokytis anglu kalbos?"),
    ("lv", "Labdien, es gribetu zinat kur var pieteikties anglu valodas kursiem"),
    ("lv", "paldies par palidzibu"),
    ("lv", "kaimins katru nakti traucē gulēt"),
    ("hu", "Jo napot, szeretnek segitseget kerni, a szomszed minden ejjel hangoskodik es nem tudunk aludni"),
    ("hu", "koszonom szepen"),
    ("hu", "Mikor viszik el a szemetet?"),
    ("pt", "ola bom dia queria saber como faço para pedir uma casa da camara"),
    ("pt", "obrigada pela ajuda"),
    ("pt", "o meu vizinho ameaçou me ontem a noite"),
    ("es", "hola buenas necesito ayuda mi marido me pega y no se a quien llamar"),
    ("es", "gracias por todo"),
    ("es", "los vecinos hacen mucho ruido por la noche"),
    ("it", "buongiorno vorrei sapere dove posso iscrivere mio figlio a scuola"),
    ("it", "grazie mille per l aiuto"),
    ("it", "i vicini fanno rumore tutta la notte"),
    ("fr", "bonjour je voudrais savoir ou je peux apprendre l anglais"),
    ("fr", "merci beaucoup"),
    ("fr", "mon voisin me menace depuis des mois"),
    ("de", "Guten Tag, ich moechte mich ueber den Laerm beschweren"),
    ("de", "vielen Dank fuer die Hilfe"),
    ("sq", "pershendetje dua te di ku mund te ankohem per fqinjin qe ben zhurme cdo nate"),
    ("sq", "faleminderit shume"),
    ("sq", "kam nevoje per ndihme ju lutem"),
    ("tr", "merhaba komsumuz her gece gurultu yapiyor sikayet etmek istiyorum"),
    ("tr", "cok tesekkurler"),
    ("tr", "yardim lazim lutfen"),
    ("so", "waxaan rabaa inaan ka cawdo deriska oo habeen kasta buuq sameeya"),
    ("so", "mahadsanid walaal"),
    ("so", "caawimaad ayaan u baahanahay"),
    ("bg", "Здравейте, искам да подам жалба"),
    ("bg", "благодаря"),
    ("bg", "помощ моля"),
    ("ru", "Здравствуйте, хочу пожаловаться"),
    ("ru", "спасибо"),
    ("ru", "помогите пожалуйста"),
    ("ru", "Сосед угрожает"),
    ("uk", "Добрий день, хочу поскаржитися"),
    ("uk", "дякую"),
    ("uk", "допоможіть будь ласка"),
    ("uk", "Сусід погрожує"),
    ("ar", "أريد المساعدة"),
    ("ar", "شكرا"),
    ("ar", "جاري يهددني كل يوم"),
    ("fa-AF", "سلام کمک لازم دارم"),
    ("fa-AF", "تشکر"),
    ("fa-AF", "همسایه ما هر شب صدا میکند"),
    ("ur", "مدد چاہیے"),
    ("ur", "شکریہ"),
    ("ur", "میرا پڑوسی مجھے دھمکی دیتا ہے"),
    ("ps", "زه مرستې ته اړتیا لرم"),
    ("ps", "مننه"),
    ("ps", "زموږ ګاونډی هره شپه شور کوي"),
    ("en", "Why is Janowski's lorry allowed to stop on the double yellows at Smlkarnia Polski Sklep every morning"),
    ("hu", "Kedves Hivatal! A szomszéd kutyája minden nap elszabadul és a gyerekek félnek. Kérem segítsenek."),
    ("lv", "Sveiki, mans deļs neiet skolā, jo viņu tur apceļ. Ko man darīt?"),
    ("it", "Salve, vivo a Daventry da poco e cerco un medico di base che parli italiano"),
    ("el", "Καλημέρα σας, ψάχνω πληροφορίες για το σχολείο"),
    ("zh-Hant", "您好，我們這條街晚上很吵，請問可以向誰投訴？謝謝"),
    ("zh-Hans", "请帮忙"),
    ("hi", "नमस्ते, मुझे मदद चाहिए"),
    ("pt", "Boas, moro no Brasil street lol. a minha patroa nao me paga ha 2 meses e diz que me denuncia"),
    ("sq", "tung, jam nga kosova dhe po kerkoj pune ne northampton, a keni ndonje zyre per ndihme"),
    ("tr", "slm komşu yine müzik açmış sabaha kadar uyuyamadık çocuk hasta yeter artık"),
    ("lt", "Sveiki, mano dukra mokykloje patiria patycias del akcento, mokytoja nieko nedaro"),
    ("so", "Salaan, wiilkeygu wuxuu baadi ahaa saddex maalmood, booliska waan u sheegay laakiin jawaab ma helin"),
    ("so", "asc walaal guriga waan ka baxnay maxaan sameynaa"),
    ("uk", "Мене побили біля магазину"),
    ("bg", "Помогнете ми, моля"),
    ("ru", "Меня избили возле магазина"),
    ("ar", "السلام عليكم ورحمة الله وبركاته"),
    ("ur", "السلام علیکم، ہمارے گھر کے باہر کچرا پڑا ہے"),
    ("fa-AF", "در خانه ما نم است و اطفال ما مریض شده"),
    ("ps", "د ښوونځي په اړه پوښتنه لرم"),
]

ROMANISED = [
    ("ur", "kal raat meri car ka sheesha tor diya kisi ne, ye teesri dafa hua hai. camera lagwa dein please"),
    ("ur", "Salam ji, council tax ka bill bohat zyada aya hai is saal, is ki wajah kya hai? kis se rabta karna hoga"),
    ("pa", "meri maa bimar hai te onu angrezi nahi aundi, ki tusi koi punjabi bolan wala bhej sakde ho?"),
    ("gu", "mari dikri ne school ma hera kare che, teacher ne kidhu pan kai thatu nathi"),
    ("ta", "en amma ku udambu sari illa, avangaluku english theriyathu. tamil pesura yaaravathu irukangala? nandri"),
    ("ru", "privet, moj sosed ugrozhaet mne i moej sem'e, ja bojus' vyhodit' iz doma. chto mne delat?"),
    ("uk", "dobroho dnya, pidkazhit bud laska de mozhna zapysaty dytynu do shkoly i chy ye kursy anhliiskoi movy"),
    ("gu", "mane mara vahu hera kare che ne khavanu nathi aapta, hu kya jau? mari umar 76 che"),
    ("bn", "amar bou pregnant, oke hospital e bhasha bujhay na. ekjon dobhashi dorkar, sylheti bolte pare emon"),
    ("ru", "dobryj vecher, menya ograbili vchera vozle magazina, zabrali telefon i koshelek. policiya skazala zhdat"),
    ("ur", "school walay kehte hain ke jagah nahi, hum 3 mahinay se intezar mein hain. Koi rasta batayein please"),
    ("ur", "namaste, mera naam Priya hai, mujhe yahan English class join karni hai, kahan jaana hoga?"),
    ("pa", "mere bapu ji nu park vich do jane ne dhakka maar ke mobile kho liya. oh hun bahar jaan ton darde ne"),
    ("pa", "tuhada dhanvaad ji, tusi langar layi jagah ditti. asin agle saal fir karange"),
    ("gu", "namaskar, mari sasu ne doctor pase lai javi che pan gujarati bolva valu koi nathi"),
    ("bn", "salam, masjid er samne keu ekjon shuorer mangsho fele rekhe gese, amra khub voy paitesi"),
    ("ta", "enga kadai kannadiya neththu rathiri yaaro odachitanga. CCTV irukku. police innum varala"),
    ("ru", "spasibo bol'shoe za pomoshch s dokumentami, vy samye luchshie!"),
    ("uk", "syn boitsia ity do shkoly, yoho nazyvaiut i byut, pomozhit bud laska"),
    ("bg", "mnogo vi blagodarq za pomoshta, sinat mi veche hodi na uchilishte i e shtastliv"),
    ("ar", "ya jama3a el shabab byeksaro el shababik w el shurta ma btiji, shu na3mel?"),
    ("el", "mas eklepsan to amaksi xthes to vradi, se poion na to dilwsoume?"),
    ("bg", "Zdraveite, premestihme se zaradi rabotata, sinut mi nqma mqsto v uchilishteto i tq go uchi doma."),
    ("ru", "Zdravstvuyte. Pishu pro nashu ulitsu. Kazhdoe utro mashiny stoyat na trotuare, nikto dazhe ne smotrit."),
]

SCRIPTS = [
    ("gu", "નમસ્તે, અમારી ગલીમાં લાઇટ બંધ છે."),
    ("pa", "ਸਾਡੀ ਗਲੀ ਵਿੱਚ ਬੱਤੀ ਬੰਦ ਹੈ।"),
    ("bn", "আমাদের রাস্তায় আলো নেই।"),
    ("ta", "எங்கள் தெருவில் விளக்கு இல்லை."),
    ("el", "Δεν υπάρχει φως στον δρόμο μας."),
    ("ur", "ہماری گلی میں بتی بند ہے۔"),
    ("fa-AF", "در کوچه ما چراغ نیست و شب‌ها تاریک است."),
    ("ps", "زموږ په کوڅه کې څراغ نشته."),
    ("ar", "لا يوجد ضوء في شارعنا."),
    ("he", "אין אור ברחוב שלנו"),
    ("ja", "私たちの通りには明かりがありません。"),
    ("ko", "우리 거리에 불이 없습니다"),
    ("am", "በመንገዳችን ላይ መብራት የለም"),
]


@pytest.mark.parametrize(("tag", "text"), NATIVE)
def test_language_in_its_own_letters(tag: str, text: str) -> None:
    """P4: short letters in the residents' languages are told, with and without diacritics."""
    assert detect(text).tag == tag


@pytest.mark.parametrize(("tag", "text"), ROMANISED)
def test_language_in_latin_letters(tag: str, text: str) -> None:
    """P4: Urdu, Punjabi, Russian and others are told where they are typed in Latin letters."""
    assert detect(text).tag == tag


@pytest.mark.parametrize(("tag", "text"), SCRIPTS)
def test_language_by_script(tag: str, text: str) -> None:
    """P4: a script or letters that one language has tell it."""
    assert detect(text).tag == tag


@pytest.mark.parametrize("text", ["", "   \n", "?", "07700 900142", "👍👍", "https://example.org/x", "pat@example.net"])
def test_nothing_to_judge_by(text: str) -> None:
    """P4: where there is not a letter there is no language."""
    assert detect(text) == Language("und", 0.0)


def test_subject_helps_where_there_is_little_text() -> None:
    """P4: a letter of a word is judged with its subject."""
    assert detect("?", "Kiedy będzie wywóz śmieci?").tag == "pl"
    assert detect("", "Quando viene raccolta la spazzatura?").tag == "it"


def test_text_outweighs_subject() -> None:
    """P4: the subject of somebody else's mail does not decide the language of a letter."""
    text = "Dzień dobry, piszę w sprawie hałasu, sąsiedzi krzyczą każdej nocy i dzieci nie mogą spać."
    assert detect(text, "Re: Your appointment on Thursday with the housing team").tag == "pl"


MIXED = [
    (
        "en",
        """I write for Mrs Nowak, who lives at number nine and does not speak English. She was pushed over at the bus
        stop on Monday and her shopping was thrown in the road. She told me: „boję się wychodzić z domu, oni tam
        ciągle stoją”. Could somebody who speaks Polish ring her in the afternoon, when her son is at work?""",
    ),
    (
        "pl",
        """Sorry for my English. Sąsiad z dołu pali śmieci w ogródku i cały dym idzie do pokoju dziecka. Rozmawiałem
        z nim dwa razy, ale tylko się śmieje i mówi, że to jego ogród. Proszę, niech ktoś przyjedzie i zobaczy.
        Thank you very much and have a nice day.""",
    ),
    ("pa", "ਸਾਡੇ ਪਾਰਕ ਵਿੱਚ ਕਬੱਡੀ ਦੀ ਟੀਮ ਹੋਵੇ, ਕੋਚ ਮੁਫ਼ਤ ਮਿਲ ਜਾਣਗੇ। Sorry for my writing, thank you, Manjit"),
    ("zh-Hans", "我们住在 Northampton 的 Abington Avenue，晚上很吵，请帮忙 urgent please"),
]


@pytest.mark.parametrize(("tag", "text"), MIXED)
def test_most_of_a_mixed_letter_decides(tag: str, text: str) -> None:
    """P4: of a letter in two languages, the one that most of it is written in counts."""
    assert detect(text).tag == tag


def test_a_letter_in_two_languages_is_in_doubt() -> None:
    """P4, R5: a long letter that ends in another language is not sure to be in the first: rules of both read it."""
    lamps = "The street lamps in our road have been dark for some weeks and nobody has come to mend them. " * 8
    plea = "Proszę o pomoc, mój mąż mnie bije i grozi mi nożem, boję się o dzieci i nie wiem, co mam robić. " * 4
    found = detect(f"{lamps}\n{plea}")
    assert found.tag == "en"
    assert found.confidence < SURE


def test_confidence_is_high_for_a_letter_and_low_for_a_word() -> None:
    """P4: how sure we are follows from how much there is to judge by."""
    letter = detect("The lamps in our road have been dark since Monday and nobody comes to mend them. Can you help?")
    assert letter.confidence > 0.9
    assert detect("test pls ignore").confidence < 0.7


@given(st.text(max_size=300), st.text(max_size=50))
def test_any_text_has_a_language_or_none(text: str, subject: str) -> None:
    """P2: whatever stands in a letter, there is a tag and a confidence between 0 and 1."""
    found = detect(text, subject)
    assert found.tag
    assert 0 <= found.confidence <= 1


def test_threads_may_share_the_identifier() -> None:
    """P4: letters judged at the same time get the language that they get alone."""
    texts = [text for _, text in NATIVE]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(detect, texts))
    assert found == [detect(text) for text in texts]
