"""The small words and letters that give a language away, also where it is typed in Latin letters without its marks."""

from __future__ import annotations

# Written in Latin letters by right; marks taken off, as people type on English keyboards.
LATIN = {
    "en": """
        the and to of is in that it for you was with on my have are not this they we be but can please from there
        has he she his her our me at so if what when your would all been no just out who know will an as or by do
        about hi hello thanks thank how why where had
    """,
    "ro": """
        si de la in nu sa cu este sunt ca pe un o din pentru va am mai ce are fi dar sau cum unde imi mi ma ne nostru
        mea meu care multumesc rog buna ziua fost acum foarte noi eu lui ajutor cand daca vreau doua ani seara avem
        cineva m suntem dupa pana intr dat acasa casa doi stiu scriu asta aceasta acest acesta aici acolo nimic nimeni
        toate toti tot catre fara despre inainte decat atunci insa s a al ale lor ei ii il le ti te se el ea nostri
        noastra copii copiii zi ora prea doar deja eram era erau trebuie fac poate putem spus zis astazi aveti v trei
        domnul doamna
    """,
    "pl": """
        i w nie na sie z do to jest ze jak o co po ale czy mi mnie moj moja za od jestem mam prosze dziekuje dzien
        dobry przez tylko juz tak dla gdy nas nam moze bardzo sa byl kiedy bedzie jej gdzie przy mowi ktos zeby mozna
        moge mamy nasz nasze nasza naszej ta te tego tej tym tych pani panstwo panstwa ich jego jeszcze tam tu teraz
        nad bez przed albo oraz wiec dlatego wszystko wszyscy kazdy nic nikt ktory ktora ktore ktorzy byla bylo byly
        ma maja mieszkam mieszka mieszkaja jestesmy sobie rano lat dni dziecko dzieci dom domu wiem chce chcialbym
        chcialabym pozdrawiam witam szanowni dwa trzy jeden wieczorem nocy razy zawsze nigdy
    """,
    "lt": """
        ir kad yra ne i su as mes is bet mano kaip jis apie prie kur man ar mus del po nuo buvo jau labai aciu prasau
        laba diena gal tai tik uz musu cia ant vienas savo nes tas sveiki pasake metu gyvena gyvenu kalba jie jos ji
        tie taip irgi dar jei kada kas kiek niekas nieko visi viskas turi turiu bus buti gali galiu noriu reikia pries
        pas iki be jusu mums jums juos vaikai vaikas vakare kai dvi du sako
    """,
    "lv": """
        un ir ka es uz par no ar nav bet mes kas vai man ari lai pie mans mums ta to bija ludzu paldies labdien var
        kur jau tikai loti rakstu pec viena viens visi musu maja pa tas tie sis dzivo vinam vins vina vini jus jums
        mani kad jo lidz bez pirms katru dienu vakar sodien manu mana
    """,
    "hu": """
        a az es hogy nem is van egy meg de ha csak mert nekem kell ezt ez volt vagy mar minden nagyon vagyok koszonom
        kerem jo napot szeretnek mit hol mikor szepen azt mondta amikor harom irok lehet lesz lenne voltam olyan igen
        itt ott ki mas senki semmi mindig sem se majd tobb masik udvozlettel tisztelt kellene tudom tudok szeretnem
        nekunk minket ami aki akik miert gyerekek mondtak elott utan
    """,
    "it": """
        di che e il la un non per in con sono mi una ho del si le da come anche ma ci nel alla della questo mia mio
        grazie buongiorno vorrei perche dove i dal dai dei delle degli dello nella nelle nei sul sulla questa questi
        quella quello quelli siamo sei adesso tre ogni tutti tutto molto piu stato stata quando chi cosa loro lui lei
        noi voi gli lo fa puo posso dopo prima senza ancora gia qui li anni casa sera giorno scrivo figlio figlia
        cordiali saluti
    """,
    "pt": """
        de que o a e do da em um para com nao uma os no se na por mais as como mas foi ele ela meu minha tem obrigado
        obrigada bom dia queria esta isso onde ja quando muito pela nos ao aos disse casa estava estao porque tenho
        anos dois tres gente nada lhe nossa nosso ser ter ha sem sobre depois antes tambem ainda mesmo sao vou pode
        posso fazer agora aqui ali hoje ontem noite todos todas tudo seu sua eles elas voces das dos pelo entre foram
        era este essa esse cada quem vez boa tarde
    """,
    "es": """
        de que el la en y los se no un por con una para su es las lo del mi me ha si como mas pero esta muy gracias
        hola donde quiero puedo hay cuando tengo casa porque nos dos estoy todo todos desde antes otro anos favor ser
        hace hacer hasta sin sobre entre tambien ya siempre nunca nada nadie este esto ese eso fue era eran son somos
        estan tiene tienen vivo soy usted ustedes les al dia noche manana ayer ahora aqui alli bien dijo dice tres
        cada buenas buenos mis sus quien otra vez
    """,
    "fr": """
        de la le et les des en un une est que pour dans je ne pas vous il sur qui avec nous mon ma ce au du plus mais
        sont suis bonjour merci ou c j l d ai puis dit qu m elle depuis ete monsieur madame bien votre vos notre nos
        ils elles leur leurs y a se ses sa cette cet ces mes tres tout tous toute quand comme aussi encore chez apres
        avant fait faire peut peux veux deux trois ans jour jours soir rien personne parce sans ni etait etaient avez
        avons ont aux t s n si moi eux fois alors deja
    """,
    "de": """
        und die der das ich ist nicht ein zu in den mit sie es auf fur fuer wir von dem eine im auch mein wie bitte
        danke haben hat dank vielen des sind uns unser unsere einen einer aber oder wenn dass noch nur sehr man kann
        konnen bei nach vor aus zum zur uber ueber durch seit gegen schon immer wieder jetzt hier da ihr ihre sein
        seine mich etwas nichts niemand kein keine jeden gibt wurde werden habe hatte ja nein mehr
    """,
    "tr": """
        ve bir bu da de icin cok ne ben var yok mi gibi daha ama ile o olarak kadar biz benim lutfen merhaba
        tesekkurler nasil her beni bana gece iki hafta dun uc biri kimse gecen saat sonra iyi simdi baska bize bizim
        siz sizin onlar onun ki degil gun aksam aksamlari sabah once ancak fakat veya hic hep bazi burada orada evde
        cocuk cocuklar ediyor oluyor olan oldu vardi ise diye kendi bunu sana ona kac neden nerede saygilar yeni son
        bey hanim oglum kizim dedi
    """,
    "sq": """
        dhe te ne e nje per me qe se nuk i eshte ka jam kemi nga si ju po do ku mund pershendetje faleminderit shume
        une tone kam duhet edhe lutem vetem jemi tre dua mos ime tani cdo dy muaj ai ajo ata kjo ky keto keta tij saj
        tyre ketu aty kur pse cfare kush sepse ose pa deri pas para gjithe asnje asgje dikush mua na jane kishte ishte
        ishin thote tha shtepi shtepia dite naten mire femije femijet sh nese duan vjet here fjale re
    """,
    "so": """
        waa waxaan oo iyo ku ka u ay in aan la soo waxay ee si ayaa waan mahadsanid fadlan uu waxa badan aad waxuu
        inaan hadda wuxuu leh ayaan ma sida caawimaad walaal laakiin qof guriga yahay mid ahay kale hore waxaana ayuu
        ayay yiri jir way lagu loo laga kuma kan tan miyaa maxaa wax waxba markii marka kadib ilaa sanno sano aniga
        anigu isaga iyada annaga iyaga hooyo ilmo carruurta caruurta habeen habeenkii maalin dadka dad waayo maanta
        shalay haa maya inuu inay ah inta kala labo laba saddex wiil gabar magacaygu
    """,
}

# Written in another script by right, and typed in Latin letters by many who have no keyboard for it.
ROMANISED = {
    "ur": """
        hai hain ka ke ki ko mein main se ne nahi nahin kya ye yeh wo woh aur bhi par pe hum ham ap aap mera meri
        mere hamare apni apne kar karna karein karte raha rahi rahe hoon hun tha thi ho gaya kuch koi lekin liye
        mujhe ghar bohat bahut kis is raat kyun shukriya assalam alaikum hua hue hui kal aaj unko tum jo jab agar
        to magar sakta sakte sakti chahiye chahta chahti mila wala wali wale diya lag phir bohot sirf sab bilkul
        yahan wahan kahan kab kaise masla madad meherbani kisi apna hamara hamari behan bhai ammi abbu tak le
        rahay bachay bachon hamein usko unka dein lagta jata jati hota hoti hote nikalne paise samajh aa us usne
        maine humne unhon apko hamaray kaha kehte kehta kehti gayi gaye aya ayi aye jayega dekha suna liya theek
        kharab pareshan walon walid sahib wapas dost larki larke log logon gali subah andar taraf sath baghair
        pehle baad pichle abhi yaad din mahine saal aadab baji hafte bola kehna wajah rabta
    """,
    "pa": """
        haan te da di de nu nun ne vich wich ton nal naal asin assi tusi sade sada mainu tuhanu ohna ohnu onu si hun
        kehnde karde kujh kuj nahi han tuhada main mera ki oh eh vi ji kirpa sat akal ik othe munde hunde hunda karda
        kardi rehnda rehnde rehndi kita kiti kite gaye gayi kise sadi aundi aunda aunde sutt ditta ditti riha rahi
        rahe utte kol jande janda vekhya kiven kithe ithe layi dassia bahut sab koi jaan naam bolan wala karke piche
        sunde sunda bachche bimar mundeya mundeyan usnu pag lah aa ban gaya raste mere meri ohdi jado hor aap paise
        changa vadda dar gal dasso veer bhaji panjabi lok gharde raat rehna vale saadi saade layi ton chahunde
        chahundi jaandi jaande gaddi gawandhi sarh vekh dekh hoya hoi pehlan phir fer kehndi dinda dindi laggi lagi
        karan karni vaar changi sri pichhle roti gurdware gurdwara gurdwaare banda gall gallan langh har saamne wale
        ghar banaya mata taan dhee puttar hoyi ruk bol
    """,
    "gu": """
        che chhe chu chhu chho cho ane nathi hu ame tame mare mane amara amaru tamaro mari ma ni no nu na ne pan
        kai kem karo kari karse hata hati hatu thai thay gaya avi aavi maate shu ek loko roj thi chie chhie rahiye
        chhiye karie karvu karva kariye avyu avya gayu kidhu kahyu thatu thata jova joie amne tamne emne bahu
        badha badhu chokra chokrao bahar raatre divas varas saru abhar pase mathi upar vaat kevi kevu kyare kya
        avine vagar pachhi pachi ena ene aapo bhegu tya ahi dikri dikro aapta vahu khavanu jau umar andharu chalva
        taklif pade jaldi sari karavo hera tamari amari ahiya tyan kaam paisa chhokra chhokro bija kahe rahe rahyo
        badhane tene tena teni jem etle swaminarayan krishna jay jai utavad ghare ghardao chalu kahevay
    """,
    "bn": """
        ami amar amake amra amader apni apnar apnader tumi ki na kore korte kora korchi hobe hoy ache achi theke
        jonno ekta er te ke ar o je kono kichu kothay bujhte parchi pari bolle diye niye chele meye khub ekhane
        jabe doya shathe achhe oder tader tar tara she apa ekhon bochor mash thaki thake thakte jani lagbe lagche
        dite nite chai korun bolun shob shobai kintu tai othoba jodi keno kobe shudhu onek ekjon dorkar ghore bari
        basha basar eshe hoyeche korechi diyeche parbo korbo ghumate jete ek ajke sokale dokaner venge chilo
        ekjoner hate khobor nai bou oke bujhay bolte emon ghor lok manush kotha bola gele hoile korle korben paren
        taka vai bhalo kharap tokhon jokhon keu bhasha dobhashi koren eije amago hoise korse
    """,
    "ta": """
        naan enga enakku en illa irukku irukanga neenga avanga romba nandri vanakkam ku oru intha antha pannunga
        mudiyala mudiyuma seiya veedu thaan ellam veetu pakkathula rathiri satham avangaluku theriyathu theriyala
        pesura iruku irundhu sollunga solla panna panra poduranga udambu mudiyathu venum vendum eppo eppadi enna
        yen yaar inga anga ellarum neraya kooda mattum illai irukkum edhavadhu kitta paiyan ponnu kashtam matha
        avana avan aval sonnom aana onnum nadakala pannuranga veliya ulla pakkam namma nanga engal engaluku unga
        ungaluku konjam ippo appo nethu indha andha adhu idhu athu ithu vandhu velai anna akka ponga
        irukkom appa avar avarukku avaruku epdi eppadiyum panni pona sonnaar sonnanga rendu moonu thadava varala
        puriyala irundha anuppunga yaarai paravaalla seiyaren panren engalukku ithula maathi
    """,
    "ru": """
        ya ja ne na chto eto kak u i v s menya menja mne my po moi moj moya net pozhalujsta pozhaluista spasibo
        zdravstvujte zdravstvuite no za ot dlya dlja kuda kogda est ochen uzhe mozhno nuzhno ili bylo on ona oni
        vas vy k dobryi privet nas nam zhivu zhivem zhivet kazhduju kazhdyj nikto nichego delaet delat pomogite
        nash nashem svoj sosed sosedi doma dom im ih ego ee mozhet mogu znaju znayu hochu tolko tozhe tak tam tut
        esli chtoby potomu bez do iz pod so vo etot eta eti vse vsegda dengi god goda let segodnja zavtra vchera
        rebenku rebenok den nego nej byli byla budet kto gde prishlo pismo dolzhny dvoe detei detej nekuda idti
        pozvonit russki vozle magazina zabrali skazala skazal skazali zhdat kvartira kvartiru deti muzh zhena syn
        doch nuzhna pomosch pomoshch opyat opjat mogut stali cherez posle takoi takoj kotoryj kotorye shkola
        shkole shkolu mesyatsa dobryj vecher zdravstvuyte rabotat znaet nami vami nich nih
        pishu nashu ulitsu ulitsa ulitse kazhdoe utro proshloy nedele nedelyu dazhe prosto ryadom shkoloy moyu hotya
        raza detey mashina mashiny dorogu cheloveka seychas sejchas zdes pochemu skazhite drugoy odin nuzhen bolshe
        mozhete rabote pisala pisal vash
        silno nashej nashego etazhe etazh pervom vtorom tretij sosedki sosedku sverhu snizu zvonila zvonil nibud
        prishlite pomogi lezhit zhivut detjam rebenka malenkih malenkij ploho horosho govorit govorju lestnice dva tri
    """,
    "uk": """
        ya i ne na shcho scho ta z zi u v do my mene meni tse yak de chy ye bud laska dyakuyu diakuyu dobryi
        dobroho den dnya mozhna potribno potribna nas nam duzhe ale abo bo vid pro vzhe zvaty zhyvu zhyvemo
        ukraini ukrainy dopomoha dopomoga dopomohty dopomozhit maemo maiemo misiatsia dytyna dytynu shkoly vin
        vona vony yoho yii hochu khochu treba pidkazhit vechir nemaye nemae shchob yakshcho tilky takozh pryikhaly
        robota budynok susid zhytlom kintsia zapysaty kursy anhliiskoi movy iz ranku try misiatsi dvoma ditmy ie
        yakas yaki vidpovid rokiv druzhyna cholovik donka pislia koly dity hoteli spasybi bilia buly bula bulo
        nashi nashoho tomu takyi
    """,
    "bg": """
        da se na ne ot az sam sum za v s i e moga mozhe moje molia molya molq blagodarya blagodarq zdraveite kak kakvo
        che si deteto li tova sme ste ima niama nqma po no mi ni vi iskam koito kato jiveq jiveya zhiveya vseki vecher
        sled pred hora napravete neshto nqkoi niakoi dobar popitam uchilishte nujni nuzhni bez pri tuk tam samo mnogo
        oshte veche vinagi nikoga imam imame sa biha bih shte moeto jena dete angliiski edin okaza sega pari kola
        pravq pravya kude kyde zashto zashtoto koga te tq toi toj tazi tezi moqta moyata sina jivee raboti rabota
        ulica susedi komshii vsichki drugi obadih zdravejte kam sym kum dokato nali malko nashata nashiq premestihme
        zaradi nego neq sedmici dushterq sinut podadoh molba pismo poluchih mqsto mesta stoqt cql cqla kogo koi koqto
        dali imat pravo naem otoplenieto sedmica rabotq pishete vsqko vreme bulgarski zhivq mozhete mojete trqbva
        triabva chovek mesec meseca godini obqsni dnes utre nosht zdravei izvinete pisha latinica paunda kazva kazaha
        dushi dava davat prava dogovor telefonat smetka karavanata chetvartoto pyt nie vie tya tqh neya koyato nyama
        detsa decata mazh muj rabotim pasporta strah
    """,
    "ar": """
        ana el al fi fe w wa ma mafi 3andi 3ala ma3 min mn shu da di kol kul ya mesh mish momken shukran salam
        enno bas lazem la law hada kan e7na 7ad ahna sakin moshkela mushkila jeran ysa3edni a3mel wallah inshallah
        awlad awlady fel bel 3an bokra alyom ba3d 3shan 3ashan elly illi lamma hek heik kteer ktir kthir shway
        feeh mafeesh ya3ni beit bait madrasa sama7t sama7tom na7nu hatha wahed um jozi tla3 masari ba2dar mosa3ade
        mosa3ada wein wen marhaba keef kif ibni binti bint walad zawji shurta 3am 3ndi 3endi ma3ak ma3i lazim
        mumkin jiddan ahlan kheir inno ino le men
    """,
    "fa": """
        man va ke az dar be ba baraye ast hastam hast mikonam mikonad nist ma khane lotfan salam tashakor in ra
        ham yek shab hich bayad bekheyr konam konid mikhaham zendagi zendegi farzandam maktab peyda paida komak
        hamsaye seda besyar besiar kheyli khaili shoma inja anja koja chera che chetor agar khod kardan konad
        konand mikonim mikonand mishavad nemishavad nemitavanam nemitavanim daram darad darim dashtam budam bud
        bood shod shode hastim ta pesarem pesaram khorda nagoft englisi nemifahmim nemifahmam tarjoman lazem goft
        guft mikhayem famil atfal kas kasi amad amadim miayad roz khana mara moshkel mushkil padar madar khanom
        afghan vaqt raft
    """,
    "el": """
        kai den na to tou stin sto gia me einai mou sas thelw pou ti tha apo edw exw ta oi ston enas mia geia
        kalimera euxaristw efharisto parakalw mas menw meno xronia chronia thelo rwtisw rotiso mathimata kserw
        ksero pros poly poli kathe vradi mporoume mporo mporw prepei kanw kano geitonas paidi paidia spiti sxoleio
        douleia exei exoume eimai eimaste htan itan giati otan pws pos pote twra tora edo ekei oxi nai alla kori
        thelei paei milisw kalispera astynomia antras gynaika lefta geitones nyxta xthes simera polla ligo akoma
        pali panta tipota kapoios kaneis mono san tin tis ton poion mazi ola
    """,
}

# Written in a script that several languages share.
SHARED = {
    "bg": """
        благодаря моля здравейте помощ да се на не от аз съм за ще ли това как какво сме без има няма и в ми че но
        със
    """,
    "ru": """
        спасибо пожалуйста здравствуйте помогите и в не на что я это как мне меня у нас есть нет или с но он она
        за по к мы
    """,
    "uk": """
        дякую будь ласка добрий день допоможіть і в не на що я це як мені у нас є немає або та чи з але він вона
        за ми до
    """,
    "ar": """
        شكرا مساعدة السلام عليكم في من على الى إلى ان أن هذا هذه لا ما انا أنا كان مع عن هل التي الذي لم لي
    """,
    "fa": """
        سلام تشکر لطفا از به که در را است این با برای من ما می هم شما و یک نمی هر تا
    """,
    "ps": """
        مننه سلام د په چې کې او ته زه مې دې له دی ده زموږ مرسته نه موږ يو سره هم
    """,
    "ur": """
        شکریہ سلام میں ہے کے کی کا نے سے اور کو ہیں پر یہ ہم مجھے میرا نہیں بھی وہ اس تو
    """,
}

# Letters that, among languages of one script, only this one has or has often.
LETTERS = {
    "uk": "іїєґІЇЄҐ",
    "ru": "ыэёЫЭЁ",
    "bg": "ъЪ",
    "ps": "ټډړښځڅېۍ",
    "ur": "ٹڈڑںےھہ",
    "ar": "ةىأإ",
}
