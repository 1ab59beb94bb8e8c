"""First names: short forms and spellings that belong to one name, and the letters of other alphabets.

The list is general and never complete: add the short forms of your own customers with `nicknames` of
`normalise_records`. A short form of two names (Sasha, Chris, Pat) stands with one of them; the linkage then sees the
other as "alike", and no more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

# The full name first, then its short forms and other spellings, as they look in Latin letters without accents; a full
# name may have several lines
GROUPS = """
abigail abby abbie gail
adam ad addy
ahmed ahmad achmed
aimee amy
aisha aysha ayesha
albert al bert bertie
alexander alex aleksandr alexandr aleksander alexandre alejandro alessandro sasha sascha shura sanya xander
alexander sandy alec oleksandr olek aleks iskander alexandros sandro sash
alexandra aleksandra alexandria sandra alessandra lexi lexie sasha oleksandra lesya shura sandy alex aleks
alexandra xandra
alexei aleksei alexey aleksey alexej alyosha alesha lyosha lesha oleksiy oleksii alex
ali aly
alice alisa alicia ally allie
alina alya
amanda mandy manda amy
anastasia anastasiya nastya nastia stacy stasya asya
andrew andrei andrey andrej andreas andre andy drew andriy andryusha andrii andriyko andrea
angela angie angelina anzhela anzhelika angelika ange
ann anna anne anya ania anja annie hannah hanna nan nancy annushka nyura anyuta ana hanka ganna nyuta anka
anthony antony anton antonio tony toni tosha ant antoine
artem artyom artiom tyoma tema
arthur artur art artie
ashley ash
austin
barbara barb barbie babs varvara varya
benjamin ben benny benji veniamin
bernard bernie
bogdan bohdan
boris borya boria borys borka
bradley brad
brenda bren
brian bryan
bruce
carlos carlitos
carmen carmela
caroline carolyn carol carrie karolina karoline lina
catherine katherine kathryn katharine cathy kathy kate katie katy kat kathleen ekaterina yekaterina katya katia
catherine kitty kateryna katerina kati katrin catalina catriona katrina
cecilia cecily celia cissy
chad
charles charlie chuck chas carl karl carlos
charlotte lottie charlie sharlotta lotte char
chloe khloe
christina christine kristina christa chrissy tina kristin kristen cristina krista chris kristine chrystyna
christina khrystyna
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
dylan
edward ed eddie ted teddy ned eduard edik edouard edoardo
eleanor ellie nell nellie nora elinor
elena nell yelena helen helena lena alyona alena lenochka ellen olena ilona galyna lenka helene elaine
elizabeth elisabeth liz lizzy lizzie beth betty betsy eliza elizaveta liza bess lisa yelizaveta lizaveta lilibet
elizabeth libby
emily emma emmy em emilia emilie milly
eric erik erick
ethan
eugene evgeny evgeniy yevgeny evgenii gene zhenya yevhen evhen eugenio
evelyn evie evelina eve
evgenia yevgenia evgeniya eugenia
fatima fatma fatimah
fedor fyodor feodor theodore theo fedya
frances fran francine frankie
francis frank frankie francisco franco pancho paco francesco
frederick fred freddie freddy fredrick
gabriel gabe
galina galya gala halyna galyna galka
garry gary gaz
genevieve gen genny
gennady gennadiy gennadi gena
george georgy georgiy yury yuri yuriy yura georgie jorge egor yegor gosha zhora heorhiy yurko
gerald gerry jerry jerome
grace gracie
gregory greg grigory grigoriy gregg grisha hryhoriy hryhorii grigori gregor
guadalupe lupe
harold harry hal
hassan hasan
heather
henry hank harry henri genri genrikh heinrich enrique henrik
herbert herb
hope
hussein husein hussain
ibrahim ebrahim
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
jesus chuy
joan joanna joanne johanna jo
john jack jackie johnny jon johnnie
jonathan jon jonny nathan johnathan jonatan
joseph joe joey jose iosif osip yosyp giuseppe pepe josef yusuf
joshua josh
juan juanito
judith judy jude
julia julie yulia yuliya iuliia julija jules yulya julianna iuliya yuliia juliet juliette
karen caren
karen karin
kenneth ken kenny
kevin kev
kimberly kim kimmy
kirill cyril
konstantin constantine kostya kostia costa
ksenia kseniya xenia ksyusha oksana oxana ksyukha oksanka ksiusha
larisa larissa lara
laura laurie laurel lori lora laurence
lawrence laurence larry laurie lavrenty
leonard len lenny leo leonid lenya lyonya leonardo leonidas
lev leo lyova
li
lillian lily lilly lilian lilia liliya lil
linda lindy lin
logan
louis lewis lou louie luis
louise louisa lou
lucas luke luka lukas luca
lucy lucille lucia lucie
luis luisito
lyubov liubov lyuba liuba
lyudmila ludmila liudmila lyuda luda mila
madeline madeleine maddie maddy
manuel manny manolo emmanuel
margaret marge margie maggie meg peggy greta rita margarita margo margaux marjorie gretchen
maria mari
maria mary marie masha mariya mariia marya molly polly maryam marusya mia mary-ann mariyka manya maryana mariana
marina marisha mari
mark marc marcus
martha marty mattie marfa
martin marty
mason
matthew matt matty matvei matvey mathew matviy mateo matteo mathias
maxim maksim max maks maximilian
megan meg meghan
melissa mel missy lissa
michael mike mikhail mick mickey misha mikey michail miguel mykhailo mykhaylo michal michel mikael mikkel
michelle shelly micky
miguel
mildred millie
miranda randi
mohammed mohamed muhammad mohammad mohamad muhammed mo
nadezhda nadya nadia nadiya hope
natalia natalie natalya nataliya natasha nat nata natalja nataliia natalka nathalie talia
nathaniel nate nat nathan
nicholas nick nicky nikolai nikolay nicolas nikolaj kolya nico mykola nikos niko klaus
nicole nikki nicky nicola nikol nicolette coco
nikita nik
nina ninochka
noah
oleg olezhka oleh
olga olya olia helga olha olenka
oliver ollie
olivia liv livvy
omar umar omer
pamela pam
patricia pat patty patti trish tricia patrizia
patrick pat paddy
paul pavel pasha pasa pablo pavlik pavlo pawel paulo paolo
pedro
peter pete petr pyotr piotr petya pedro petro pierre pietro piotrek
philip phillip phil filipp
polina polya pauline paulina
rachel rachael rae rakhil rachele raquel
raymond ray
rebeca
rebecca becky becca beck rebekah
richard rick dick rich ricky richie
robert bob bobby rob robbie bert roberto
roman roma
ronald ron ronnie ronny
rosario charo
rosemary rose rosie
roza rosa
ruslan rus
russell russ
ruth ruthie
ryan rian
samantha sam sammy sammie
samuel sam sammy samuil sammie
sandra sandy
sarah sara sally sadie sarra
scott scottie
sergei sergey serge sergej sergio seryozha serezha serhiy serhii sergii sergiy serhei
shaun sean shawn
sofia sophia sofiya sofya sophie sonya sonia sofiia sofi sophy sofie
stanislav stas slava
stephanie steph steffi stefania
stephen steven steve stefan stepan styopa stevie stephan estevan esteban stefano
stuart stewart stu
susan sue susie suzanne suzy susanna suzan
svetlana sveta lana svitlana svitlanka
tamara toma tamar
tatiana tatyana tanya tania tatjana tetyana tetiana
teresa theresa terry tess tessa
thomas tom tommy tomas foma tomasz
tiffany tiff
timothy tim timmy timofei timofey tima
tyler ty
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
vladimir volodymyr vova volodya vladimer vladimirs wladimir vlad
vladislav vlad vladik
vyacheslav viacheslav slava
walter walt wally
wei
william bill billy will willy liam wilhelm guillaume guillermo vilgelm
yaroslav yarik jaroslav
yusuf yousef youssef
zachary zach zack zak zakhar zakhary
zoe zoya
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
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
OFTEN = 20  # a name that occurs so many times as often as one like it is what was meant
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


def guess_name(name: str, counts: Mapping[str, int]) -> str:
    """Guess which name was meant by a slip of the keyboard: the most frequent one that is one keystroke away.

    A name that is not in the list may still be a name. So the other one must be in the list, and at least 20 times as
    frequent.

    Examples
    --------
    >>> guess_name("jmimy", {"jmimy": 1, "jimmy": 40}), guess_name("marta", {"marta": 9, "maria": 40})
    ('jimmy', 'marta')
    """
    if len(name) < 3:
        return name
    near = [other for other in _list_near(name) if counts.get(other, 0) >= OFTEN * counts[name] and is_known(other)]
    return max(near, key=lambda other: (counts[other], other), default=name)


def _list_near(name: str) -> set[str]:
    """All texts that are one keystroke away: a letter too many, missing or wrong, or two exchanged."""
    cuts = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    fewer = {left + right[1:] for left, right in cuts if right}
    turned = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    other = {left + letter + right[1:] for left, right in cuts if right for letter in ALPHABET}
    more = {left + letter + right for left, right in cuts for letter in ALPHABET}
    return (fewer | turned | other | more) - {name}
