"""What signatures, disclaimers and gateway banners are made of, in the residents' languages."""

from __future__ import annotations

from intake.mail.folding import phrases

# A short line that begins so closes a letter.
CLOSINGS = phrases("""
    kind regards | best regards | warm regards | warmest regards | regards | rgds | best wishes | warm wishes |
    good wishes | with best | with kind | with warm | with thanks | with many thanks | with good wishes |
    many thanks | thanks | thank you | thankyou | thanking you | cheers | yours | sincerely | respectfully |
    best | all the best | take care | cordially | warmly | blessings | every blessing | wassalam | jazakallah |
    cordialement | bien cordialement | bien à vous | salutations | avec mes | sincères | respectueusement |
    merci | mit freundlich | freundliche | viele grüße | beste grüße | gruß | mfg | danke | hochachtungsvoll |
    pozdrawiam | z poważaniem | z wyrazami | serdecznie | dziękuję | cu stimă | cu stima | cu respect | cu drag |
    mulțumesc | multumesc | vă mulțumesc | va multumesc | toate cele bune | o zi bună | atentamente | saludos |
    un saludo | cordialmente | gracias | muchas gracias | atenciosamente | cumprimentos | com os melhores |
    melhores cumprimentos | obrigad | distinti saluti | cordiali saluti | saluti | grazie | pagarbiai |
    su pagarba | linkėjimai | ačiū | dėkoju | ar cieņu | paldies | üdvözlettel | tisztelettel | köszönettel |
    köszönöm | поздрави | с уважение | благодаря | з повагою | щиро | дякую | с уважением | спасибо | заранее |
    saygılar | iyi günler | teşekkür | me respekt | faleminderit | përshëndetje | με εκτίμηση | ευχαριστώ |
    مع التحية | مع التقدير | تحياتي | وتفضلوا | شكرا | با احترام | تشکر | با تشکر | شکریہ | والسلام | مننه |
    په درناوي | 此致 | 谢谢 | 謝謝 | mahadsanid | ধন্যবাদ | આભાર | ਧੰਨਵਾਦ | நன்றி
""")

TITLES = frozenset(
    phrases("""
    administration | administrator | adviser | advisor | advocate | agent | analyst | assistant | barrister |
    caseworker | ceo | cfo | chair | chairman | chairperson | chairwoman | chaplain | clerk | cllr | consilier |
    constable | consultant | coordinator | correspondent | councillor | dc | designer | developer | directeur |
    director | directrice | direktor | doctor | ds | dsl | dyrektor | editor | engineer | executive | founder |
    geschäftsführer | governor | gp | gérant | head | headmaster | headmistress | headteacher | imam | inspector |
    interpreter | journalist | kierownik | lead | leader | lecturer | leiter | liaison | manager | matron | mep |
    midwife | mp | müdür | navigator | nurse | officer | ordinator | outreach | paralegal | partner | pastor |
    pc | periodista | practitioner | principal | producer | psychologist | receptionist | rector | redactor |
    referent | registrar | reporter | representative | researcher | responsable | revd | reverend | rgn |
    secretary | senco | sergeant | solicitor | specialist | superintendent | supervisor | teacher | therapist |
    treasurer | trustee | tutor | vicar | warden | worker | директор | менеджер | управител
""")
)

ORGANISATIONS = frozenset(
    phrases("""
    academy | agency | association | authority | center | centre | chambers | charity | church | cic | cio |
    college | committee | commons | constabulary | council | department | dept | directorate | division |
    federation | foundation | gmbh | group | homes | hospital | housing | institute | kft | limited | llp | ltd |
    ministry | network | nhs | office | parish | parliament | partnership | plc | police | practice | project |
    school | service | services | society | solicitors | srl | surgery | team | trust | uab | union | unit |
    university | newsdesk | newsroom
""")
)

# How "Sent from my iPhone" begins, and, where the verb stands last, how it ends.
SENT = phrases("""
    sent from | sent via | sent using | sent with | sent by | sent on | from my | get outlook | envoyé | envoye |
    télécharger | obtenez | obtenir | gesendet | von meinem | hol dir | outlook für | wysłan | wyslan | pobierz |
    uzyskaj | trimis | expediat | descărcați | obțineți | inviato | scarica | ottieni | enviado | enviada |
    enviat | obter | obtener | išsiųsta | issiusta | siųsta | siunčiama | gauti | nosūtīts | sūtīts | iegūt |
    elküldve | küldve | az iphone | изпратен | отправлен | послано | надіслан | відправлен | στάλθηκε | εστάλη |
    απεσταλμένο | dërguar | derguar | أرسلت | أُرسلت | مرسل | تم الإرسال | أرسل من | ارسال شده | 发自 | 發自 |
    来自 | 傳送自 | 寄自 | 從我的 | 从我的 | verzonden | verstuurd | skickat | sendt | la diray | ka soo diray |
    yahoo mail:
""")
SENT_LAST = phrases("""
    gesendet | gönderildi | gönderilmiştir | küldve | küldtem | فرستاده | ارسال | soo diray | بھیجا | لېږل |
    ਭੇਜਿਆ | મોકલ | পাঠানো | প্রেরিত | அனுப்பப்பட்ட | 发送 | 傳送 | 送信
""")
DEVICES = phrases("""
    iphone | ipad | ipod | mobile | mobil | phone | handy | telefon | téléphone | teléfono | telemóvel | celular |
    cellulare | телефон | τηλέφωνο | telefonas | telefons | dispozitiv | device | smartphone | tablet | galaxy |
    samsung | moto | huawei | honor | xiaomi | redmi | oneplus | oppo | nokia | motorola | pixel | sony | xperia | htc |
    lg | blackberry | android | ios | windows | outlook | yahoo | aol | gmail | hotmail | mail.ru | яндекс |
    yandex | почт | proton | bt email | bt mail | sky | virgin media | o2 | ee | bluemail | typeapp |
    thunderbird | spark | appareil | gerät | urządzeni | telefono | aparat | tablette | هاتف | الهاتف | آيفون |
    ايفون | جوال | موبایل | گوشی | آیفون | فون | 手机 | 手機 | ফোন | ફોન | ਫ਼ੋਨ | ਫੋਨ | தொலைபேசி
""")

# Words of a sentence: with one of them the line is the sender's own.
PROSE = frozenset(
    phrases("""
    because | as | so | he | she | they | i | we | you | it | is | was | not | cant | can't | dont | don't | since |
    when | if | but | her | him | them | me | mine | dad | mum | husband | wife | hiding | help | hurry | now | here |
    there | at | please
""")
)

# What a line of a postal address holds.
POSTAL = frozenset(
    phrases("""
    flat | street | st | road | rd | close | avenue | ave | lane | drive | crescent | gardens | terrace | grove | walk |
    way | court | square | hill | mews | rise | row
""")
)

# Each of these alone, one a line, is a lawyer's or a machine's, never a resident's.
DISCLAIMERS = r"""
    intended recipients?\b
    not the (?:addressee|recipient)
    intended for the (?:addressee|recipient)\b(?: only|[^.\w]*$|[.,;]| (?:named|and|or)\b)
    ^\W*(?:legal )?disclaimer\W*$
    information contained in this (?:communication|e-?mail|message|transmission)
    \bnamed (?:addressee|recipient)
    if you (?:have )?received? (?:it|this)[^.]{0,50} in error
    (?:notify|inform|contact|advise) (?:the|us|its) ?(?:sender|originator)
    solely for (?:the )?(?:use|attention|addressee|intended|person)
    legally privileged
    (?:views|opinions)(?: or opinions)? expressed (?:in|are|herein)
    \bviews (?:in this (?:e-?mail|message) )?are (?:not )?(?:necessarily )?(?:those of|my own)
    (?:environment|think|tree)[^.]{0,30} (?:before|when) (?:you )?print
    do(?:n[’']?t| not) print this e-?mail
    (?:intended|meant) only for (?:the|its)
    ^\W*(?:legal )?disclaimer:
    scanned (?:for|by)[^.]{0,40}(?:virus|content|malware)
    \b(?:virus[- ]free|checked for viruses)\b
    accepts? (?:no|any) (?:liability|responsibility)
    unauthori[sz]ed (?:use|disclosure|copying|access|review)
    e-?mails?[^.]{0,40} (?:may|will|can) be (?:monitored|recorded|intercepted|disclosed)
    (?:act|acting|copy|distribute)[^.]{0,20} in reliance (?:on|upon)
    this (?:e-?mail|message)[^.]{0,40} may contain (?:confidential|personal|privileged)
    (?:e-?mail|parliament|legal|confidentiality) (?:disclaimer|notice)\b
    (?:no|any) (?:binding|contractual) (?:contract|obligation|relationship)
"""

# What an organisation says of itself below a signature.
STATEMENTS = r"""
    committed to safeguarding
    registered (?:charity|company|office|in england|society|number|no\b)
    charitable (?:registered )?(?:society|company|incorporated)
    limited liability partnership
    authori[sz]ed and regulated
    (?:company|charity|vat) (?:reg(?:istration)? )?(?:no|number)\b
    (?:service|acceptance) of (?:proceedings|documents)[^.]{0,40} by e-?mail
    privacy (?:notice|policy|statement)[^.]{0,60}(?:https?:|www\.|website|here)
    \bfollow us on\b
    \bthis (?:mailbox|inbox|account) is not monitored(?:\W*$|[.,;]| out of hours)
    \bthis (?:mailbox|inbox|account) is only monitored (?:during|between|from|in|on)\b
    \buse this e-?mail address for all replies to this request\b
    \b(?:sent|expect[^.]{0,60}|obliged[^.]{0,60}) outside (?:of )?(?:your|my|normal|usual) (?:own )?(?:working )?hours\b
    ^\W*(?:facebook|twitter|instagram|linkedin)\b
"""

# Stems; in the other languages a disclaimer names who it is for, or who sent it, and one more of these kinds.
CONFIDENTIAL = phrases("""
    confidentiel | vertraulich | poufn | confidențial | confidential | confidencia | riservat | konfidenc |
    bizalmas | поверител | конфиденц | конфіденц | gizli | εμπιστευτ | سري | محرمان | رازدار | 保密 | 机密 |
    機密 | vertrouwelijk
""")
RECIPIENT = phrases("""
    destinatair | empfänger | adresat | adressat | destinatar | gavėj | adresāt | címzett | адресат | получател |
    одержувач | alıcı | marrës | παραλήπτ | المرسل إليه | المستلم | گیرنده | 收件人 | geadresseerde |
    expéditeur | absender | nadawc | expeditor | remitente | remetente | mittente | siuntėj | sūtītāj | feladó |
    подател | отправител | відправник | gönderen | dërgues | αποστολ | المرسل | فرستنده | 发件人 | 寄件人
""")
MISTAKE = phrases("""
    par erreur | irrtümlich | błęd | omyłk | eroare | din greșeală | por error | por engano | por erro |
    per errore | klaid | kļūd | téved | по грешка | по ошибке | помилк | yanlışlıkla | gabim | παραδρομ | λάθος |
    الخطأ | اشتباه | غلطی | 误 | 誤
""")

# Of whom or what a resident speaks, and no lawyer or machine does.
SPOKEN_OF = r"""
    \bmy \w
    \b(?:monitored|intercepted|read|seen|disclosed) (?:[^.]{0,20} )?(?:at home|by (?:me|anybody|anyone|the|a)\b)
    \bin th(?:is|e) (?:house|flat|home|gang)\b|\b(?:next door|gangs?|upstairs|downstairs)\b
    \b(?:not|un|isn[’']?t|never|only|write here|be) ?safe(?:ly)?\b
    \b(?:afraid|scared|frightened|terrified|trapped|stalk\w*|kni(?:fe|ves)|machete|guns?|stab\w*|kill\w*|rap(?:ed|es|ist))\b
    \b(?:bombs?|bleed\w*|smashed|beat(?:s|en|ing)?|hits|hitting|hurts|hurting|suicid\w*|strangl\w*|breaking in)\b
    \b(?:he|him|his|she|her|hers)\b
    \b(?:mon (?:mari|ex|père|copain)|mein (?:mann|vater)|meine? ex|mi (?:marido|esposo|padre|ex|novio))\b
    \b(?:(?:o|(?:o )?meu) (?:marido|pai|ex|namorado)|il mio (?:marito|ex)|m[oó]j (?:maz|ojciec))\b
    \b(?:soțul|sotul|bărbatul|barbatul|tata|tatăl|vyras|vyro|burri|babai|kocam|eşim|babam)\b
    (?:mąż|męż|mój były|муж|чоловік|съпруг|баща|батьк|отец|زوجي|شوهر|خاوند|میړه|丈夫|老公|ਪਤੀ|પતિ|স্বামী|கணவர்)
"""

# How a mail gateway's note on top of a letter from outside begins; English, for the partners' gateways say it.
BANNERS = r"""
    (?:\w+\W{1,4}){0,4}this (?:e-?mail|message|mail)\b[^.]{0,40}\bfrom (?:an? |the )?(?:outside|external)
    (?:\w+\W{1,4}){0,4}this (?:e-?mail|message)\b[^.]{0,40}\boutside (?:of )?(?:the|your|our) (?:organi|compan|counc)
    (?:\w+\W{1,4}){0,4}(?:e-?mail|message) from (?:an )?(?:external|outside|unknown) (?:sender|source|address)
    (?:caution|warning|alert|attention)\W{1,5}(?:external|outside)
    (?:caution\W{1,5})?(?:this is an )?external (?:e-?mail|message|sender)\b
    think before you click
    this message is from an (?:external|untrusted|unknown)
    this e-?mail was sent from a non-\w+ address
    you do(?:n[’']?t| not) often (?:get|receive) e?-?mail from
    (?:the sender of )?this (?:e-?mail|message|sender)\b[^.]{0,40} (?:could|was|is)(?: not|n't) (?:be )?(?:verif|authen)
"""

# How it may go on, sentence by sentence.
BANNERS_CONTINUED = r"""
    \bdo(?:n[’']?t| not) (?:click|open|follow|act)\b[^.]{0,100}(?:link|attach|url|instruction)
    \bunless you (?:recogni[sz]e|know|trust|can verify|are (?:sure|confident))[^.]{0,40}(?:sender|content|source|safe)
    \b(?:recogni[sz]e|verify|know|trust) the sender\b
    \bcontent is safe\b
    \blearn why this is important
    ^\W*(?:please )?be careful\W*$
    ^\W*you have not previously corresponded
    \b(?:caution|care) when (?:opening|clicking)
    \bthink before (?:you )?(?:open|click)
    \b(?:beware|take care|think before|be (?:careful|cautious|wary|vigilant))\b[^.]{0,100}(?:phish|link|attach|click)
    \b(?:beware|be (?:careful|cautious|wary|vigilant|aware))\b[^.]{0,100}(?:scam|fraud|malware|spoof)
    \b(?:exercise|use) caution\b[^.]{0,100}(?:link|attach|click|phish|open)
    \breport (?:any |all |it |this )?(?:suspicious|suspected|phishing)\b[^.]{0,100}(?:desk|\bIT\b|team|button|@|e-?mail)
"""
