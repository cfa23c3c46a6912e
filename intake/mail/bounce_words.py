"""How mail servers, and those who write programs like them, say that mail could not be delivered; one a line."""

from __future__ import annotations

SUBJECTS = r"""
    undeliver(?:able|ed)
    undelivrable
    un-?zustellbar
    (?:mail|nachricht) konnte nicht
    non[- ]?remis
    returned (?:mail|to sender|message)
    mail (?:could not be delivered|not delivered|returned|failed|error)
    (?:(?:e-?mail|mail|message) )?(?:system error|delivery|processing) (?:has )?(?:fail|problem|error|warning)
    (?:(?:e-?mail|mail|message) )?delivery (?:has )?(?:status|notification|delayed|report)
    (?:e-?mail|mail|message) (?:fail|error|delayed)
    (?:permanent |temporary )?delivery (?:failure|failed|notification|status|delayed|problem|report|has failed)
    failed (?:delivery|mail)
    failure (?:notice|delivery|notification)
    non[- ]?delivery
    nondeliverable
    warning: (?:message|could not send|e?mail)
    warning: \S+@\S+ -
    delayed mail
    mail system error
    your (?:message|mail|email) (?:to .{1,80} )?could not be (?:delivered|sent)
    automatically rejected mail
    could(?:n't| not) deliver
    message you sent blocked
    (?:ваше )?сообщение не доставлено
    не ?доставлен
    не удалось доставить
    échec de (?:la )?(?:remise|livraison|distribution)
    message non distribué
    utilisateur non recens
    nie(?: można)? ?dostarcz
    wiadomość niedostarcz
    (?:mesaj )?nelivrat
    nu s-a putut livra
    no se (?:pudo|puede) entregar
    mensaje no entregado
    correo devuelto
    (?:mensagem )?não entregue
    não foi possível entregar
    mancata consegna
    messaggio non recapitato
    impossibile recapitare
    nepristatyt
    nepavyko pristatyti
    nepiegādāt
    kézbesíthetetlen
    sikertelen kézbesítés
    αποτυχία παράδοσης
    teslim edileme
    تعذر التسليم
    لم يتم تسليم
    تحویل ناموفق
    无法投递
    未能送达
    (?:系统)?退信
    無法傳遞
    郵件未送達
    メッセージを配信できません
    配信不能
"""

TEXTS = r"""
    (?:could ?n[o']?t|cannot|can'?t|not) be delivered
    could not deliver
    was not delivered
    undeliver(?:able|ed)
    unable to deliver
    delivery (?:to the following|of (?:your|the|this) (?:message|mail|e-?mail))
    did not reach
    delivery (?:has )?(?:fail|attempt|problem|error)
    failed (?:recipient|permanently|address|to deliver)
    returned (?:mail|to (?:the )?sender|message|below)
    (?:has been|was|is being) returned
    permanent(?:ly)? (?:fail|fatal|error)
    (?:user|mailbox|recipient|address|host|domain|account)s? (?:is |was |name )?(?:unknown|not found|unavailable|full)
    (?:user|mailbox|recipient|address|account)s? (?:is |was )?(?:rejected|disabled|inactive|over quota|invalid)
    (?:user|mailbox|recipient|address|account) does(?: not|n't) exist
    unknown (?:user|recipient|address|host|mailbox|account)
    no such (?:user|recipient|address|mailbox|person|account|domain)
    invalid (?:user|recipient|address|mailbox)
    mailbox (?:is )?full
    quota exceeded
    exceed(?:s|ed)? (?:the )?(?:quota|mailbox|storage)
    error delivering
    transcript of session
    mail (?:system|delivery) (?:at|on|sub)
    being (?:retried|queued)
    postponed due
    delivery attempts? will
    relay(?:ing)? denied
    \b[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}\b
    \b5\d\d[ :-]+\S{0,40}\s*(?:unknown|requested|user|mailbox|relay|no such|message|access|sorry)
    status: [45]\.\d
    diagnostic-code
    final-recipient
    message headers follow
    не (?:был[ао]? )?доставлен
    не может быть доставлен
    n'a (?:pas )?pu [êe]tre d[ée]livr
    no pudo ser entregad
    não pôde ser entregue
    nicht zugestellt
    nie mog[łl]a zosta[ćc] dostarczona
    配信できません
    送信できません
    无法投递
    退信
"""
