"""The words by which addresses and names are told in the residents' languages."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Royal Mail's postcode areas.
POSTCODE_AREAS = _words("""
    AB AL BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY EC EH EN EX FK
    FY GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY LA LD LE LL LN LS LU ME MK ML NE NG NN NP NR NW
    OL OX PA PE PH PL PO PR RG RH RM SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB WA WC WD
    WF WN WR WS WV YO ZE B E G L M N S W
""")
TOPS = _words("""
    com net org edu gov info biz co uk ie eu app dev io me tv page shop site online link xyz pl ro lt lv pt es fr it
    hu bg ua ru al tr de nl be at ch cz sk gr pk in bd ir af cn test example invalid
""")
STREETS = (
    "street|str|st|road|rd|avenue|ave|lane|ln|close|drive|drv|dr|way|court|ct|crescent|cres|place|pl|square|sq|terrace|"
    "terr|gardens|gdns|grove|gr|walk|row|mews|parade|rise|view|wharf|house|hse|lodge|villas|buildings|bldgs|mansions|"
    "hill|park|green|croft|meadow|meadows|fields|broadway|roundway|ring|leys|furlong|роуд|стрит|стріт|авеню|лейн|роад|"
    "роу|ਰੋਡ|ਸਟਰੀਟ|રોડ|સ્ટ્રીટ|রোড|স্ট্রিট|ரோடு|சாலை|தெரு|روڈ|رود|ستريت|اسٹریٹ"
)
STREETS_BEFORE = (
    r"\bul\.|\bulic[aey]|\bstr\.|\bstrada|\bulitsa|\bul|ул\.|улиц[аеы]|вул\.|вулиц[іяю]|\brua|\brue|\bcalle|\bvia|"
    "شارع|سرک|کوچه|خیابان|جاده|گلی|rruga|utca"
)
UNITS = (
    "flat|flt|apartment|appartment|apt|unit|room|rm|house|door|mieszkani[aeu]|mieszk|apartament(?:ul)?|ap|bloc|butas|"
    "appartement|piso|apartamento|appartamento|lakás|кв|квартир[аеуы]|буд|будинок|дом|къща|ап|شقة|منزل|آپارتمان|خانه|"
    "فلیٹ|مکان|ਫਲੈਟ|ਮਕਾਨ|ફ્લેટ|ઘર|ফ্ল্যাট|বাসা|பிளாட்|வீட்டு எண்|daire|banes[aë]|guri"
)
# What a name follows: up to three words behind it.
INTRODUCED = (
    "my name is", "my name's", "my names", "name is", "i am called", "im called", "i'm called",
    "nazywam sie", "mam na imie", "moje imie to", "z tej strony", "ma numesc", "numele meu este", "ma cheama",
    "ma cheme", "mano vardas", "mani sauc", "je m'appelle", "je m’appelle", "je me nomme", "mon nom est",
    "me llamo", "mi nombre es", "chamo-me", "o meu nome e", "meu nome e", "mi chiamo", "il mio nome e", "a nevem",
    "benim adim", "adim", "ismim", "quhem", "emri im eshte", "magacaygu waa", "magacaygu", "magacayga waa",
    "waxaa la i yiraahdaa", "waxaa la i yidhaahdaa", "ich heisse", "mein name ist",
    "mera naam", "meraa naam", "mera nam", "mara naam", "maru naam", "amar naam", "amar nam", "en peyar",
    "menya zovut", "mene zvaty", "mene zvut", "kazvam se",
    "меня зовут", "мое имя", "мене звати", "мене звуть", "мое имя", "казвам се", "името ми е",
    "اسمي", "انا اسمي", "نام من", "اسم من", "میرا نام", "زما نوم", "ਮੇਰਾ ਨਾਮ", "ਮੇਰਾ ਨਾਂ", "મારું નામ", "મારુ નામ",
    "আমার নাম", "என் பெயர்", "எனது பெயர்",
)  # fmt: skip
# The same, where the word has a capital or is of a script without.
WEAKLY_INTRODUCED = (
    "this is", "it's", "i am", "i'm", "im", "jestem", "sunt", "as esu", "je suis", "soy", "sou", "sono", "une jam",
    "waxaan ahay", "ben", "я", "аз съм", "called", "named", "name of",
)  # fmt: skip
LABELLED = (
    "name", "full name", "my name", "your name", "from", "signed", "nume", "numele", "imie", "imie i nazwisko",
    "nazwisko", "vardas", "nom", "nombre", "nome", "isim", "emri", "magaca", "имя", "фио", "імя", "ім'я", "пиб", "піб",
    "име", "الاسم", "نام", "نوم", "ਨਾਮ", "નામ", "নাম", "பெயர்", "姓名", "名字",
)  # fmt: skip
TITLES = _words("""
    mr mrs ms miss mx dr doctor prof professor rev revd reverend sir dame cllr councillor pc pcso sgt sergeant insp
    inspector imam sheikh pastor canon sister brother auntie aunty uncle nan grandad mister missus mstr pan pani
    panu pana dl dna domnul doamna domnului doamnei ponas ponia p. senor senora senhor senhora sr sra signor signora
    monsieur madame mme mlle herr frau bay bayan zoti zonja zoteri mudane marwo gospodin gospozha господин госпожа
    г-н г-жа пан пані панi господар тетя дядя тітка дядько дяді сосед сосіда السيد السيدة الأستاذ الاستاذ الدكتور
    الدكتورة الشيخ ابو أبو ام أم آقای اقای خانم دکتر استاد حاجی جناب محترم محترمہ ਸਰਦਾਰ ਬੀਬੀ ਸ਼੍ਰੀਮਤੀ ਸ੍ਰੀਮਤੀ શ્રી
    શ્રીમતી જનાબ জনাব শ্রী বেগম মিসেস ডাঃ திரு திருமதி செல்வி டாக்டர்
""")
RELATIVES = _words("""
    son daughter husband wife partner boyfriend girlfriend brother sister mother father mum mam dad nephew niece
    cousin neighbour neighbor friend mate landlord landlady boss manager teacher ex called named kolega sasiad
    sasiadka maz zona syn corka brat siostra vecinul vecina sotul sotia fiul fiica fratele sora муж жена сын дочь
    брат сестра сосед чоловік дружина син донька мъжът ми
""")
EASTERN_INTRODUCED = "我叫|我的名字是|我的名字叫|我姓|本人姓名"
EASTERN_TITLES = "先生|女士|小姐|太太|老师|老師|医生|醫生|阿姨|叔叔|师傅|大哥|大姐|警官"
SURNAMES = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董潘袁蔡蒋"
    "蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鐘姜崔谭譚陆陸范汪廖石金贾賈韦韋夏付方邹鄒熊白孟秦邱侯江尹薛闫雷龙龍黎史陶贺"
)
PLACES = (
    "ton",
    "ham",
    "bury",
    "field",
    "worth",
    "heath",
    "thorpe",
    "shire",
    "borough",
    "wood",
    "ford",
    "bourne",
    "ley",
)
