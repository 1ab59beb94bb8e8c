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
adam ad
albert al bert bertie
alexander alex aleksandr alexandr aleksander alexandre alejandro alessandro sasha sascha shura sanya xander sandy alec
alexandra aleksandra alexandria sandra alessandra lexi lexie
alexei aleksei alexey aleksey alexej alyosha alesha lyosha lesha
alina alya
alice alisa alicia ally allie
amanda mandy manda
andrew andrei andrey andrej andreas andre andy drew andriy andryusha
angela angie angelina
ann anna anne anya ania anja annie hannah hanna nan nancy annushka nyura
anastasia anastasiya nastya nastia stacy stasya asya
anthony antony anton antonio tony toni tosha
arthur artur art artie
artem artyom artiom tyoma tema
barbara barb barbie babs varvara varya
benjamin ben benny benji veniamin
bernard bernie
bogdan bohdan
boris borya boria
bradley brad
brian bryan
caroline carolyn carol carrie karolina
catherine katherine kathryn katharine cathy kathy kate katie katy kat kathleen ekaterina yekaterina katya katia kitty
cecilia cecily celia cissy
charles charlie chuck chas carl karl carlos
charlotte lottie charlie
christina christine kristina christa chrissy tina kristin kristen cristina krista
christopher chris kit topher kris khristofor
cynthia cindy
daniel dan danny danil daniil danila danya
daria darya dasha dariya
david dave davy davey davyd
deborah debora debbie deb debra
denis dennis denny den deniska
diana diane dina
dmitry dmitri dmitriy dmitrii dimitri dima mitya
donald don donnie donny
dorothy dot dottie dolly dora
douglas doug
edward ed eddie ted teddy ned eduard edik
eleanor ellie nell nellie nora elinor
elena yelena helen helena lena alyona alena lenochka ellen
elizabeth elisabeth liz lizzy lizzie beth betty betsy eliza elizaveta liza bess lisa
emily emma emmy em emilia
eugene evgeny evgeniy yevgeny evgenii gene zhenya
evgenia yevgenia evgeniya eugenia
fedor fyodor feodor theodore theo fedya
frances fran francine frankie
francis frank frankie
frederick fred freddie freddy fredrick
gabriel gabe
galina galya gala
genevieve gen genny
gennady gennadiy gennadi gena
george georgy georgiy yury yuri yuriy yura georgie jorge egor yegor gosha zhora
gerald gerry jerry jerome
gregory greg grigory grigoriy gregg grisha
harold harry hal
henry hank harry
herbert herb
igor ihor
ilya ilia elijah eli ilyusha
irene irina ira irisha rena
isabella isabel isabelle bella izzy belle
ivan vanya vania ivanushka
jacob jake jakob yakov yasha
jacqueline jackie jacquelyn
james jim jimmy jamie jem
jane jean janet janie jenny
jason jay
jeffrey jeff geoffrey geoff
jennifer jen jenny jenna jenn
jessica jess jessie
joan joanna joanne johanna jo
john jack johnny jon johnnie
jonathan jon jonny nathan
joseph joe joey jose iosif osip
joshua josh
judith judy jude
julia julie yulia yuliya iuliia julija jules yulya julianna
karen karin
kenneth ken kenny
kimberly kim kimmy
kirill cyril
konstantin constantine kostya kostia costa
ksenia kseniya xenia ksyusha oksana
larisa larissa lara
laura laurie laurel lori
lawrence laurence larry laurie lavrenty
leonard len lenny leo leonid lenya lyonya
lev leo lyova
lillian lily lilly lilian lilia liliya lil
linda lindy lin
louis lewis lou louie luis
louise louisa lou
lucy lucille lucia lucie
lyubov liubov lyuba liuba
lyudmila ludmila liudmila lyuda luda mila
madeline madeleine maddie maddy
margaret marge margie maggie meg peggy greta rita margarita margo
maria mary marie masha mariya mariia marya molly polly maryam marusya
marina marisha
mark marc marcus mark
martha marty mattie marfa
martin marty
matthew matt matty matvei matvey mathew
maxim maksim max maks maximilian
megan meg meghan
melissa mel missy lissa
michael mike mikhail mick mickey misha mikey michail miguel
michelle shelly micky
mildred millie
miranda randi
nadezhda nadya nadia nadiya hope
natalia natalie natalya nataliya natasha nat nata natalja
nathaniel nate nat nathan
nicholas nick nicky nikolai nikolay nicolas nikolaj kolya nico
nicole nikki nicky nicola
nikita nik
nina ninochka
oleg olezhka
olga olya olia helga
oliver ollie
olivia liv livvy
pamela pam
patricia pat patty patti trish tricia
patrick pat paddy
paul pavel pasha pasa pablo pavlik
peter pete petr pyotr piotr petya pedro
philip phillip phil filipp
polina polya pauline paulina
rachel rachael rae
raymond ray
rebecca becky becca beck rebekah
richard rick dick rich ricky richie
robert bob bobby rob robbie bert
roman roma
ronald ron ronnie ronny
rosemary rose rosie
roza rosa
ruslan rus
russell russ
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sara sally sadie
sergei sergey serge sergej sergio seryozha serezha serhiy
sofia sophia sofiya sofya sophie sonya sonia
stanislav stas slava
stephanie steph steffi stefania
stephen steven steve stefan stepan styopa stevie
susan sue susie suzanne suzy susanna
svetlana sveta lana svitlana
tamara toma tamar
tatiana tatyana tanya tania tatjana
teresa theresa terry tess tessa
thomas tom tommy tomas
timothy tim timmy timofei timofey tima
valentina valya
valeria valerie valeriya lera val
valery valeriy valerii valera
vasily vasiliy vasilii basil vasya
vera verochka
veronica veronika vero nika ronnie
victor viktor vic vitya vik
victoria viktoria viktoriya vicky vicki vika tori
vincent vince vinny
virginia ginny ginger
vitaly vitaliy vitalii vitalik
vladimir volodymyr vova volodya vladimer
vladislav vlad vladik
vyacheslav viacheslav slava
walter walt wally
william bill billy will willy liam
yaroslav yarik jaroslav
zachary zach zack zak
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
LETTERS = re.compile(r"[^a-z]+")


def _list_roots() -> dict[str, str]:
    """The full name of each form; a full name is its own, and a form of two names goes with the first of them."""
    groups = [line.split() for line in GROUPS.split("\n") if line]
    roots = {group[0]: group[0] for group in groups}
    for full, *forms in groups:
        for form in forms:
            roots.setdefault(form, full)
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
def find_root(name: str) -> str:
    """Find the full name to which a first name in small Latin letters belongs; an unknown name is its own.

    Examples
    --------
    >>> [find_root(name) for name in ("sasha", "aleksandr", "bob", "dmitrii", "zebulon")]
    ['alexander', 'alexander', 'robert', 'dmitry', 'zebulon']
    """
    if name in ROOTS:
        return ROOTS[name]
    ends = name
    for end, instead in TWO_LETTERS:
        ends = re.sub(end, instead, ends)
    return ROOTS.get(ends, ROOTS.get(ends.replace("ks", "x"), ends))
