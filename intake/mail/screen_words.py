"""Subjects by which machines, and people who want no answer, are known in the residents' languages."""

from __future__ import annotations

from intake.mail.folding import phrases

# How out-of-office and other automatic replies begin.
OUT_OF_OFFICE = phrases("""
    automatic reply | auto reply | auto-reply | autoreply | automated reply | automatic response |
    auto response | auto-response | autoresponse | autoresponder | auto responder | automated response |
    auto: | automatic out of office | out of office | out of the office | out-of-office | ooo: | ooo - |
    i am out of the office | i'm out of the office | currently out of the office | away from the office |
    away from my email | vacation reply | vacation response | vacation message | vacation notice |
    réponse automatique | message automatique d'absence | absence du bureau | absent du bureau |
    absente du bureau | notification d'absence | message d'absence | automatische antwort |
    automatische antwoord | automatisch antwoord | abwesenheitsnotiz | abwesenheit: |
    abwesenheitsbenachrichtigung | autoantwort | răspuns automat | răspuns automatizat | mesaj automat |
    absent din birou | lipsesc din birou | odpowiedź automatyczna | automatyczna odpowiedź | autoodpowiedź |
    poza biurem | nieobecność w biurze | jestem poza biurem | automatinis atsakymas | automatinis atsakas |
    automatinis pranešimas | nesu biure | ne biure | automātiska atbilde | automātiskā atbilde |
    automātisks ziņojums | prombūtne | ārpus biroja | automatikus válasz | házon kívül | irodán kívül |
    nem vagyok az irodában | risposta automatica | fuori ufficio | fuori sede | risponditore automatico |
    assenza dall'ufficio | resposta automática | fora do escritório | ausente do escritório |
    ausência do escritório | respuesta automática | contestación automática | fuera de la oficina |
    fuera de oficina | ausente de la oficina | автоматичен отговор | извън офиса | αυτόματη απάντηση |
    εκτός γραφείου | автоматична відповідь | автовідповідь | поза офісом | автоматический ответ |
    автоответ | вне офиса | отсутствую в офисе | përgjigje automatike | jashtë zyrës | otomatik yanıt |
    otomatik cevap | ofis dışında | ofiste değilim | رد تلقائي | رد آلي | الرد التلقائي | الرد الآلي |
    خارج المكتب | پاسخ خودکار | پاسخ اتوماتیک | جواب اتوماتیک | خارج از دفتر | اتوماتیک ځواب | خودکار جواب |
    آٹو ریپلائی | دفتر سے باہر | স্বয়ংক্রিয় উত্তর | স্বয়ংক্রিয় জবাব | অফিসের বাইরে | સ્વચાલિત જવાબ |
    આપોઆપ જવાબ | ઓટોમેટિક જવાબ | ઑફિસની બહાર | ਸਵੈਚਲਿਤ ਜਵਾਬ | ਆਟੋਮੈਟਿਕ ਜਵਾਬ | ਦਫ਼ਤਰ ਤੋਂ ਬਾਹਰ |
    தானியங்கி பதில் | தானியங்கு பதில் | அலுவலகத்திற்கு வெளியே | jawaab toos ah | jawaab otomaatig ah |
    xafiiska ka maqan | 自动回复 | 自動回覆 | 自动答复 | 自動回應 | 不在办公室 | 不在辦公室 | 外出自动回复 |
    autosvar | automatiskt svar | automatisk svar | automaattinen vastaus | automatická odpověď |
    자동 회신 | 自動応答 | 自動返信 | 不在通知 | i am currently out of the office |
    i am away from the office | out of office reply | automatic out-of-office | în afara biroului |
    nu sunt la birou | nie ma mnie w biurze | nieobecny w biurze | nieobecna w biurze | nesu darbe |
    šiuo metu nesu biure | neesmu birojā | esmu ārpus biroja | nem vagyok irodában | assente dall'ufficio |
    não estou no escritório | no estoy en la oficina | отсъствам от офиса | не съм в офиса |
    hors du bureau | je suis absent du bureau | je suis absente du bureau | не в офісі | відсутній в офісі |
    відсутня в офісі | не в офисе | отсутствую на рабочем месте | nuk jam në zyrë | ofis dışındayım |
    أنا خارج المكتب | جواب خودکار | بیرون از دفتر | در دفتر نیستم | خودکار ځواب | له دفتره بهر |
    په دفتر کې نه یم | دفتر میں موجود نہیں | অফিসে নেই | ઓફિસની બહાર | ਦਫਤਰ ਤੋਂ ਬਾਹਰ | அலுவலகத்தில் இல்லை |
    xafiiska kama maqanahay | jawaab automatic ah | nicht im büro | ich bin nicht im büro | afwezig: |
    afwezigheidsbericht | afwezigheidsmelding | niet op kantoor | buiten kantoor | automatische reactie |
    autoantwoord | 外出自動回覆
""")

# What the text of a machine's answer says near its beginning, beside what its subject may begin with.
RECEIVED = phrases("""
    automated message | automated email | automated e-mail | automatic message | automatically generated |
    do not reply to this | not monitored | unmonitored | your ticket | ticket number | ticket has been |
    request has been received | request has been logged | message was read | message has been read |
    on annual leave | on leave until | on maternity leave
""")

# How the subject of a mail begins that must never be answered (S8).
NO_REPLY = phrases("""
    no reply | no-reply | noreply | do not reply | do not respond | don't reply | dont reply |
    please do not reply | please don't reply | no response please | no answer please | do not answer |
    do not email me back | ne pas répondre | ne répondez pas | merci de ne pas répondre |
    prière de ne pas répondre | pas de réponse svp | nicht antworten | bitte nicht antworten |
    keine antwort bitte | keine antwort nötig | nu răspundeți | nu raspunde | vă rog nu răspundeți |
    vă rog să nu răspundeți | fără răspuns | nie odpowiadać | nie odpowiadaj | nie odpisywać | nie odpisuj |
    proszę nie odpowiadać | proszę nie odpisywać | bez odpowiedzi proszę | neatsakyti | neatsakykite |
    prašau neatsakyti | be atsakymo | neatbildēt | neatbildiet | lūdzu neatbildēt | bez atbildes |
    ne válaszoljon | ne válaszoljanak | kérem ne válaszoljon | nem kérek választ | válasz nélkül |
    non rispondere | non rispondete | si prega di non rispondere | per favore non rispondere |
    nessuna risposta | não responder | não responda | não respondam | por favor não responda |
    sem resposta por favor | no responder | no respondan | no responda | no contestar | no conteste |
    por favor no responda | не отговаряйте | не отговаряй | моля не отговаряйте | без отговор |
    μην απαντήσετε | μην απαντάτε | παρακαλώ μην απαντήσετε | χωρίς απάντηση | не відповідайте |
    не відповідати | будь ласка не відповідайте | прошу не відповідати | без відповіді | не отвечайте |
    не отвечать | пожалуйста не отвечайте | прошу не отвечать | без ответа | mos u përgjigjni |
    mos u përgjigj | mos ktheni përgjigje | ju lutem mos u përgjigjni | pa përgjigje | cevap vermeyin |
    cevap yazmayın | yanıtlamayın | yanıt vermeyin | lütfen cevap vermeyin | lütfen yanıtlamayın |
    cevap yok | yanıt yok | لا ترد | لا تردوا | لا تجب | الرجاء عدم الرد | يرجى عدم الرد | عدم الرد |
    بدون رد | جواب ندهید | پاسخ ندهید | لطفا جواب ندهید | لطفا پاسخ ندهید | بدون جواب | بدون پاسخ |
    ځواب مه راکوئ | ځواب مه راکوه | مهرباني وکړئ ځواب مه راکوئ | بې ځوابه | جواب نہ دیں | جواب مت دیں |
    جواب نہ دینا | براہ کرم جواب نہ دیں | উত্তর দেবেন না | জবাব দেবেন না | উত্তর দিবেন না |
    দয়া করে উত্তর দেবেন না | উত্তর নয় | જવાબ ન આપશો | જવાબ આપશો નહીં | જવાબ ન આપો |
    કૃપા કરીને જવાબ ન આપશો | ਜਵਾਬ ਨਾ ਦਿਓ | ਜਵਾਬ ਨਾ ਦੇਣਾ | ਜਵਾਬ ਨਾ ਭੇਜੋ | ਕਿਰਪਾ ਕਰਕੇ ਜਵਾਬ ਨਾ ਦਿਓ |
    பதில் அனுப்ப வேண்டாம் | பதில் வேண்டாம் | பதிலளிக்க வேண்டாம் | தயவுசெய்து பதில் அனுப்ப வேண்டாம் |
    ha ka jawaabin | ha jawaabin | ha soo jawaabin | fadlan ha ka jawaabin | jawaab la'aan | 请勿回复 |
    不要回复 | 勿回复 | 请不要回复 | 无需回复 | 別回覆 | 請勿回覆 | 不要回覆 | 無需回覆 | 勿回覆 |
    no answer | pas de réponse | sans réponse | keine antwort | bez odpowiedzi | sem resposta |
    sin respuesta | sin contestación | senza risposta | geen antwoord | niet antwoorden |
    niet beantwoorden | graag niet antwoorden | gelieve niet te antwoorden | antwoord niet |
    کوئی جواب نہیں | بغیر جواب | জবাব নয় | કોઈ જવાબ નહીં | ਕੋਈ ਜਵਾਬ ਨਹੀਂ | پرته له ځوابه |
    nuk ka përgjigje | nincs válasz | nereikia atsakyti | nevajag atbildēt | nie trzeba odpowiadać |
    nu trebuie să răspundeți | no hace falta responder
""")

# How an answer to an invitation begins; it counts where the mail has a calendar part.
CALENDAR_ANSWERS = phrases("""
    accepted | declined | tentative | tentatively accepted | new time proposed | accepté | refusé | provisoire |
    zugesagt | abgelehnt | abgesagt | mit vorbehalt | angenommen | zaakceptowano | odrzucono | wstępnie |
    acceptat | refuzat | provizoriu | aceptad | rechazad | provisional | accettat | rifiutat | provvisori |
    aceite | aceito | recusad | provisório | priimta | atmesta | pieņemts | noraidīts | elfogadva | elutasítva |
    прието | отказано | прийнято | відхилено | принято | отклонено | kabul edildi | reddedildi | pranuar |
    refuzuar | αποδοχή | απόρριψη | تم القبول | مقبول | تم الرفض | مرفوض | 已接受 | 已拒绝 | 已谢绝 | 已接受邀请
""")

# How Exchange asks for a mail back: the subject, and what the mail then says.
RECALL = phrases("""
    recall: | rappel : | rappel: | rückruf: | odwołanie: | retragere: | recuperar: | richiamo: | message recall
""")

RECALL_TEXT = phrases("""
    would like to recall the message | message recall report | souhaite rappeler le message |
    möchte die nachricht | chce odwołać wiadomość
""")

# What local parts hold, less their dashes and dots, of addresses that nobody reads.
UNREAD = phrases("""
    noreply | donotreply | dontreply | notreply | noresponse | noresponder | naoresponder | naoresponda |
    nepasrepondre | nichtantworten | keineantwort | nonrispondere | nurapunde | nuraspunde | nieodpowiadaj |
    nieodpowiadac | nevalaszolj | neatsakyti | neotvechat | mailerdaemon | autoresponder | unattended |
    unmonitored | nietantwoorden | nietbeantwoorden | geenantwoord | neotgovar | nevidpovid
""")
