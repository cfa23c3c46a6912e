"""How mail programs mark quotations and forwards in the residents' languages."""

from __future__ import annotations

from intake.mail.folding import phrases

_FIELDS = {
    "from": """
        from | de | da | od | de la | expeditor | nuo | no | feladó | от | от кого | від | від кого | von | van |
        fra | från | από | nga | dërguesi | kimden | gönderen | من | المرسل | از | فرستنده | منجانب | از طرف |
        له | ارسال کننده | 发件人 | 寄件者 | 寄件人 | ਵੱਲੋਂ | તરફથી | থেকে | প্রেরক | அனுப்புநர் | ka | laga |
        lähettäjä | mittente | remitente | nadawca | expéditeur
    """,
    "date": """
        sent | date | envoyé | envoyé le | gesendet | datum | wysłano | data | trimis | inviato | enviado |
        enviada | enviado el | enviado em | enviada em | fecha | išsiųsta | siųsta | nosūtīts | datums |
        elküldve | küldve | dátum | изпратено | дата | отправлено | надіслано | відправлено | gönderildi |
        gönderme tarihi | tarih | dërguar | dërguar më | στάλθηκε | ημερομηνία | تاريخ الإرسال | أرسلت | أُرسلت |
        التاريخ | تم الإرسال | تاریخ | ارسال شده | بھیجا گیا | نېټه | 发送时间 | 发送日期 | 日期 | 寄件日期 |
        ਮਿਤੀ | તારીખ | তারিখ | প্রেরিত | தேதி | verzonden | skickat | sendt | taariikh | la diray
    """,
    "to": """
        to | à | a | an | do | para | către | catre | pentru | kam | címzett | до | кому | към | za | til | till |
        aan | προς | për | kime | alıcı | إلى | الى | به | گیرنده | بنام | ته | 收件人 | ਪ੍ਰਤੀ | પ્રતિ | প্রাপক |
        பெறுநர் | destinatario | destinataire | ku | per
    """,
    "cc": """
        cc | bcc | kopia | copie | copia | kopija | копие | копия | копія | másolat | dw | do wiadomości | 抄送 |
        副本 | نسخة | رونوشت | κοιν | bilgi | kopje
    """,
    "subject": """
        subject | objet | betreff | temat | subiect | oggetto | asunto | assunto | tema | temats | tēma | tárgy |
        относно | тема | konu | subjekti | lënda | θέμα | الموضوع | موضوع | 主题 | 主旨 | ਵਿਸ਼ਾ | વિષય | বিষয় |
        பொருள் | onderwerp | ämne | emne | mowduuc | mavzuu
    """,
}
# What a header line is called -> which it is.
LABELS = {label: field for field, labels in _FIELDS.items() for label in phrases(labels)}

# Verbs that attributions hold: "On Monday Jane wrote:".
WROTE = phrases("""
    wrote | writes | schrieb | écrit | ecrit | escribió | escribio | escreveu | scritto | napisał | pisze |
    a scris | rašė | rakstīja | írta | написа | пише | пишет | yazdı | shkroi | έγραψε | كتب | نوشت | لکھا |
    ولیکل | 写道 | 寫道 | ਲਿਖਿਆ | લખ્યું | লিখেছেন | எழுதிய | skrev | schreef | kirjoitti | qoray
""")

ORIGINAL = phrases("""
    original message | original appointment | ursprüngliche nachricht | message d'origine | message d’origine |
    message original | oryginalna wiadomość | wiadomość oryginalna | mesaj original | mesajul original |
    mensaje original | mensagem original | messaggio originale | originalus laiškas | pradinis laiškas |
    sākotnējais ziņojums | oriģinālais ziņojums | eredeti üzenet | исходное сообщение | оригинално съобщение |
    първоначално съобщение | початкове повідомлення | оригінальне повідомлення | özgün ileti | orijinal mesaj |
    mesazhi origjinal | αρχικό μήνυμα | الرسالة الأصلية | پیام اصلی | اصل پیغام | 原始邮件 | 原始郵件 | 原始訊息 |
    ਮੂਲ ਸੁਨੇਹਾ | મૂળ સંદેશ | মূল বার্তা | அசல் செய்தி | oorspronkelijk bericht
""")

# Stems of "forwarded".
FORWARDED = phrases("""
    forwarded | weitergeleitet | transféré | réexpédié | przekazan | przesłan | redirecțion | redirectionat |
    retrimis | reenviad | encaminhad | inoltrat | persiųst | peradresuot | pārsūtīt | továbbított | пересла |
    пересыла | перенаправ | препраще | препрате | προωθ | iletilen | iletilmiş | yönlendirilen | përcjellë |
    percjelle | معاد توجيه | مُعاد توجيه | تمت إعادة توجيه | هدایت شده | فارورڈ | ਅੱਗੇ ਭੇਜ | ફોરવર્ડ | ফরোয়ার্ড |
    முன்னனுப்ப | 转发 | 轉寄 | 轉發 | doorgestuurd | vidarebefordra | la soo gudbiyay
""")

FORWARD_PREFIXES = phrases("""
    fw | fwd | tr | wg | i | rv | enc | pd | pdal | továbbítás | tov | fs | vs | doorst | ilt | ynt fw | пересл |
    пер | препр | 转发 | 轉寄 | تحويل | إعادة توجيه | προωθ | persiunčiama | pārs
""")

REPLY_PREFIXES = phrases("""
    re | aw | sv | odp | res | r | ref | rif | antw | vá | ats | atb | отг | ответ | відп | ynt | yan | رد |
    پاسخ | جواب | 答复 | 回复 | 回覆 | απ | σχετ | përgj
""")
