"""First names: short forms and spellings that belong to one name, and the letters of other alphabets.

The list is general and never complete: add the short forms of your own customers with `nicknames` of
`normalise_records`. A short form of two names (Sasha, Chris, Pat) stands with one of them; the linkage then sees the
other as "alike", and no more.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# The full name first, then its short forms and other spellings, as they look in Latin letters without accents
GROUPS = """
abigail abby abbie gail
adam ad addy
albert al bert bertie
alexander alex aleksandr alexandr aleksander alexandre alejandro alessandro sasha sascha shura sanya xander sandy alec oleksandr olek aleks iskander alexandros sandro sash
alexandra aleksandra alexandria sandra alessandra lexi lexie sasha oleksandra lesya sandra shura sandy alex aleks xandra
alexei aleksei alexey aleksey alexej alyosha alesha lyosha lesha oleksiy oleksii alex
alina alya
alice alisa alicia ally allie
amanda mandy manda amy
andrew andrei andrey andrej andreas andre andy drew andriy andryusha andrii andriyko andrea
angela angie angelina anzhela anzhelika angelika ange
ann anna anne anya ania anja annie hannah hanna nan nancy annushka nyura anyuta ana hanka ganna annushka nyuta anka
anastasia anastasiya nastya nastia stacy stasya asya
anthony antony anton antonio tony toni tosha ant antoine
arthur artur art artie
artem artyom artiom tyoma tema
barbara barb barbie babs varvara varya
benjamin ben benny benji veniamin
bernard bernie
bogdan bohdan
boris borya boria borys borka
bradley brad
brian bryan
caroline carolyn carol carrie karolina karoline lina
catherine katherine kathryn katharine cathy kathy kate katie katy kat kathleen ekaterina yekaterina katya katia kitty kateryna katerina kati katrin catalina catriona katrina
cecilia cecily celia cissy
charles charlie chuck chas carl karl carlos
charlotte lottie charlie sharlotta lotte charlie char
christina christine kristina christa chrissy tina kristin kristen cristina krista chris kristine chrystyna khrystyna tina
christopher chris kit topher kris khristofor kristofer kristopher christof cristofor
cynthia cindy
daniel dan danny danil daniil danila danya danylo
daria darya dasha dariya
david dave davy davey davyd
deborah debora debbie deb debra
denis dennis denny den deniska
diana diane dina di dayana dee
dmitry dmitri dmitriy dmitrii dimitri dima mitya dmytro dimi mit
donald don donnie donny
dorothy dot dottie dolly dora dorothea dorotea
douglas doug
edward ed eddie ted teddy ned eduard edik edouard edoardo ned
eleanor ellie nell nellie nora elinor
elena yelena helen helena lena alyona alena lenochka ellen olena ilona galyna lenka helene elaine
elizabeth elisabeth liz lizzy lizzie beth betty betsy eliza elizaveta liza bess lisa yelizaveta lizaveta lilibet libby
emily emma emmy em emilia emilie milly
eugene evgeny evgeniy yevgeny evgenii gene zhenya yevhen evhen eugenio
evgenia yevgenia evgeniya eugenia
fedor fyodor feodor theodore theo fedya
frances fran francine frankie
francis frank frankie francisco franco pancho paco francesco
frederick fred freddie freddy fredrick
gabriel gabe
galina galya gala halyna galyna galka
genevieve gen genny
gennady gennadiy gennadi gena
george georgy georgiy yury yuri yuriy yura georgie jorge egor yegor gosha zhora yuriy heorhiy yurko
gerald gerry jerry jerome
gregory greg grigory grigoriy gregg grisha hryhoriy hryhorii grigori gregor
harold harry hal
henry hank harry henri genri genrikh heinrich enrique henrik
herbert herb
igor ihor igorek
ilya ilia elijah eli ilyusha
irene irina ira irisha rena iryna irinka irishka rina
isabella isabel isabelle bella izzy belle
ivan vanya vania ivanushka yvan iwan vano ivo
jacob jake jakob yakov yasha
jacqueline jackie jacquelyn
james jim jimmy jamie jem
jane jean janet janie jenny jeanne
jason jay
jeffrey jeff geoffrey geoff
jennifer jen jenny jenna jenn jenifer
jessica jess jessie
joan joanna joanne johanna jo
john jack johnny jon johnnie
jonathan jon jonny nathan johnathan jonatan
joseph joe joey jose iosif osip yosyp giuseppe pepe josef yusuf
joshua josh
judith judy jude
julia julie yulia yuliya iuliia julija jules yulya julianna iuliya yuliia juliet juliette
karen karin
kenneth ken kenny
kimberly kim kimmy
kirill cyril
konstantin constantine kostya kostia costa
ksenia kseniya xenia ksyusha oksana oxana ksyukha oksanka ksiusha
larisa larissa lara
laura laurie laurel lori lora laurence
lawrence laurence larry laurie lavrenty
leonard len lenny leo leonid lenya lyonya leonardo leonid leonidas
lev leo lyova
lillian lily lilly lilian lilia liliya lil
linda lindy lin
louis lewis lou louie luis
louise louisa lou
lucy lucille lucia lucie
lyubov liubov lyuba liuba
lyudmila ludmila liudmila lyuda luda mila
madeline madeleine maddie maddy
margaret marge margie maggie meg peggy greta rita margarita margo margarita margo margaux marjorie gretchen
maria mary marie masha mariya mariia marya molly polly maryam marusya mia mary-ann mariia mariyka manya maryana mariana mari
marina marisha
mark marc marcus mark
martha marty mattie marfa
martin marty
matthew matt matty matvei matvey mathew matviy mateo matteo mathias
maxim maksim max maks maximilian
megan meg meghan
melissa mel missy lissa
michael mike mikhail mick mickey misha mikey michail miguel mykhailo mykhaylo michal michel mikael mikkel
michelle shelly micky
mildred millie
miranda randi
nadezhda nadya nadia nadiya hope
natalia natalie natalya nataliya natasha nat nata natalja nataliia natalka nathalie talia
nathaniel nate nat nathan
nicholas nick nicky nikolai nikolay nicolas nikolaj kolya nico mykola nikos niko klaus
nicole nikki nicky nicola nikol nicolette coco
nikita nik
nina ninochka
oleg olezhka oleh
olga olya olia helga olha olya olenka
oliver ollie
olivia liv livvy
pamela pam
patricia pat patty patti trish tricia tricia patrizia
patrick pat paddy
paul pavel pasha pasa pablo pavlik pavlo pawel paulo paolo
peter pete petr pyotr piotr petya pedro petro pierre pietro piotrek
philip phillip phil filipp
polina polya pauline paulina
rachel rachael rae rakhil rachele raquel
raymond ray
rebecca becky becca beck rebekah
richard rick dick rich ricky richie
robert bob bobby rob robbie bert roberto rob
roman roma
ronald ron ronnie ronny
rosemary rose rosie
roza rosa
ruslan rus
russell russ
samantha sam sammy sammie
samuel sam sammy samuil sammie
sandra sandy
sarah sara sally sadie sarra
sergei sergey serge sergej sergio seryozha serezha serhiy serhii sergii sergiy serhei serge
sofia sophia sofiya sofya sophie sonya sonia sofiia sofi sophy sofie
stanislav stas slava
stephanie steph steffi stefania
stephen steven steve stefan stepan styopa stevie stepan stephan estevan esteban stefano
susan sue susie suzanne suzy susanna suzan
svetlana sveta lana svitlana svitlanka
tamara toma tamar
tatiana tatyana tanya tania tatjana tetyana tetiana
teresa theresa terry tess tessa
thomas tom tommy tomas foma tomasz
timothy tim timmy timofei timofey tima
valentina valya
valeria valerie valeriya lera val
valery valeriy valerii valera
vasily vasiliy vasilii basil vasya
vera verochka
veronica veronika vero nika ronnie
victor viktor vic vitya vik vitek
victoria viktoria viktoriya vicky vicki vika tori
vincent vince vinny
virginia ginny ginger
vitaly vitaliy vitalii vitalik
vladimir volodymyr vova volodya vladimer volodya vladimirs wladimir vlad
vladislav vlad vladik
vyacheslav viacheslav slava
walter walt wally
william bill billy will willy liam wilhelm guillaume guillermo vilgelm
yaroslav yarik jaroslav
zachary zach zack zak zakhar zakhary
zoe zoya
hope
lucas luke luka lukas luca
mason
noah
ethan
logan
dylan
tyler ty
austin
ashley ash
bruce
grace gracie
li
wei
chad
tiffany tiff
heather
aimee amy
brenda bren
shaun sean shawn
stuart stewart stu
scott scottie
garry gary gaz
ruth ruthie
kevin kev
eric erik erick
jesus chuy
guadalupe lupe
rosario charo
manuel manny manolo emmanuel
pedro
miguel
carlos carlitos
luis luisito
carmen carmela
ibrahim ebrahim
yusuf yousef youssef
hussein husein hussain
hassan hasan
ahmed ahmad achmed
fatima fatma fatimah
aisha aysha ayesha aisha
ali aly
juan juanito
rebeca
evelyn evie evelina eve
chloe khloe
karen caren
omar umar omer
ryan rian
mohammed mohamed muhammad mohammad mohamad muhammed mo
"""

# Cyrillic letters as passports and keyboards write them; the doubtful ends (-iy, -ii, -y) become one below
CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya i i e g".replace("_", "").split(
            " "
        ),
        strict=True,
    )
)
TABLE = str.maketrans(CYRILLIC)
TWO_LETTERS = (("iy$", "y"), ("ii$", "y"), ("ij$", "y"), ("yy$", "y"), ("ei$", "ey"), ("ej$", "ey"), ("iya$", "ia"))
LETTERS = re.compile(r"[^a-z]+")


def _list_roots() -> dict[str, tuple[str, ...]]:
    """The full names to which each form belongs: Sasha is Alexander or Alexandra. A full name is its own, and first."""
    groups = [line.split() for line in GROUPS.split("\n") if line]
    roots: dict[str, tuple[str, ...]] = {group[0]: (group[0],) for group in groups}
    for full, *forms in groups:
        for form in forms:
            roots[form] = tuple(dict.fromkeys((*roots.get(form, ()), full)))
    return roots


ROOTS = _list_roots()


def spell_latin(text: str) -> str:
    """Write a name in small Latin letters, without accents; words are parted by one space.

    Examples
    --------
    >>> spell_latin("  ЕЛЕНА "), spell_latin("Müller-Žižka"), spell_latin("O’Neil")
    ('elena', 'muller zizka', 'oneil')
    """
    small = re.sub(r"['’`ʹ]", "", text.casefold()).translate(TABLE)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", small) if not unicodedata.combining(sign))
    return LETTERS.sub(" ", plain).strip()


@lru_cache(maxsize=100_000)
def find_roots(name: str) -> tuple[str, ...]:
    """Find the full names to which a first name in small Latin letters can belong; an unknown name is its own.

    Examples
    --------
    >>> [find_roots(name) for name in ("sasha", "aleksandr", "bob", "dmitrii", "zebulon")]
    [('alexander', 'alexandra'), ('alexander',), ('robert',), ('dmitry',), ('zebulon',)]
    """
    if name in ROOTS:
        return ROOTS[name]
    ends = name
    for end, instead in TWO_LETTERS:
        ends = re.sub(end, instead, ends)
    return ROOTS.get(ends) or ROOTS.get(ends.replace("ks", "x")) or (name,)


def is_known(name: str) -> bool:
    """Say whether a first name in small Latin letters is in the list: then it is no slip of the keyboard.

    Examples
    --------
    >>> is_known("mary"), is_known("maty")
    (True, False)
    """
    return find_roots(name) != (name,) or name in ROOTS
