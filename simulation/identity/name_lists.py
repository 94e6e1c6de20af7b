"""Given and family names with their short forms and other spellings; weights fall with the rank."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulation.arrays import F64, I64

_FEMALE = """
Mary:Molly|Polly|Mae Patricia:Pat|Patty|Trish Jennifer:Jen|Jenny Linda:Lin|Lindy Elizabeth:Liz|Beth|Betty|Eliza
Barbara:Barb|Babs Susan:Sue|Susie Jessica:Jess|Jessie Sarah:Sadie|Sally Karen: Lisa: Nancy:Nan Sandra:Sandy Ashley:Ash
Emily:Em|Emmy Kimberly:Kim Donna: Margaret:Maggie|Meg|Peggy|Greta Carol: Michelle:Shelly Amanda:Mandy Melissa:Mel|Missy
Deborah:Deb|Debbie Stephanie:Steph Rebecca:Becky|Becca Laura:Laurie Helen:Nell Sharon: Cynthia:Cindy Dorothy:Dot|Dottie
Amy: Kathleen:Kathy|Kate Angela:Angie Shirley: Emma:Em Brenda: Pamela:Pam Nicole:Nikki Anna:Annie Samantha:Sam|Sammy
Katherine:Kate|Katie|Kathy|Kit Christine:Chris|Chrissy Debra:Deb|Debbie Rachel:Rae Carolyn:Carrie Janet:Jan Maria:Mia
Olivia:Liv|Livvy Heather: Diane:Di Julie: Joyce: Victoria:Vicky|Tori Ruth: Virginia:Ginny Lauren: Kelly: Christina:Tina
Joan: Evelyn:Evie Judith:Judy Andrea:Andi Hannah: Cheryl: Megan:Meg Jacqueline:Jackie Martha:Marty Madison:Maddie
Teresa:Terry|Tess Gloria: Sara: Janice:Jan Ann:Annie Kathryn:Kathy|Kate Abigail:Abby Sophia:Sophie Frances:Fran|Frannie
Jean: Alice:Allie Judy: Isabella:Bella|Izzy Julia:Jules Grace:Gracie Amber: Denise: Danielle:Dani Marilyn: Beverly:Bev
Charlotte:Charlie|Lottie Natalie:Nat Theresa:Terry|Tess Diana:Di Brittany:Britt Doris: Kayla: Alexis:Lexi Lori: Marie:
Zoé: Chloé: Renée: Anaïs: Noëlle: Inês: Begoña: Åsa: Jürgen-Maria: Agnieszka:Aga Ewa: Ingrid: Leila: Fatima: Aisha: Mei:
Yuki: Priya: Ananya:Anu Lakshmi: Svetlana:Sveta Ekaterina:Katya Natalia:Natasha Oksana: Thandiwe: Amina: Soledad:Sol
"""
_MALE = """
James:Jim|Jimmy|Jamie Robert:Bob|Bobby|Rob John:Jack|Johnny Michael:Mike|Mick|Mikey David:Dave William:Bill|Will|Billy
Richard:Rick|Dick|Rich Joseph:Joe|Joey Thomas:Tom|Tommy Charles:Charlie|Chuck Christopher:Chris|Kit Daniel:Dan|Danny
Matthew:Matt Anthony:Tony Mark: Donald:Don Steven:Steve Paul: Andrew:Andy|Drew Joshua:Josh Kenneth:Ken Kevin:Kev
Brian: George: Timothy:Tim Ronald:Ron Edward:Ed|Ted|Eddie Jason:Jay Jeffrey:Jeff Ryan: Jacob:Jake Gary: Nicholas:Nick
Eric: Jonathan:Jon Stephen:Steve Larry: Justin: Scott: Brandon: Benjamin:Ben|Benny Samuel:Sam|Sammy Gregory:Greg
Alexander:Alex|Sandy Frank:Frankie Patrick:Pat|Paddy Raymond:Ray Jack: Dennis:Denny Jerry: Tyler:Ty Aaron: Jose:Pepe
Adam: Nathan:Nate Henry:Hank|Harry Douglas:Doug Zachary:Zach Peter:Pete Kyle: Noah: Ethan: Jeremy: Walter:Walt
Christian:Chris Keith: Roger: Terry: Austin: Sean: Gerald:Gerry Carl: Dylan: Harold:Harry|Hal Jordan: Jesse: Bryan:
Lawrence:Larry Arthur:Art|Artie Gabriel:Gabe Bruce: Logan: Albert:Al|Bert Willie: Alan:Al Juan: Wayne: Elijah:Eli
Randy: Roy: Vincent:Vince|Vinny Ralph: Eugene:Gene Russell:Russ Bobby: Mason: Philip:Phil Louis:Lou|Louie Harry:
Jürgen: Günther: Björn: René: André: Jesús:Chuy Ángel: Sébastien:Seb François: Łukasz: Søren: Jörg: Hiroshi: Wei: Arjun:
Ravi: Sanjay: Mohammed:Mo Ahmed: Yusuf: Ibrahim:Ibi Dmitri:Dima Alexei:Alyosha Sergei:Seryozha Kwame: Tendai: Diego:
"""
_COMMON = """
Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young
Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts
Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez
Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins
Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan Patterson
Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina
Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas
Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason
Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice
Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins
Müller Schäfer Köhler Weiß Groß Jäger Krüger Böhm Núñez Peña Muñoz Ibáñez Lefèvre Bélanger Côté Søndergaard Sørensen
Åkesson Öberg Łukasiewicz Wójcik Dvořák Novák Kovács O'Brien O'Connor D'Angelo Smith-Jones
"""
_HEADS = """
Ash Beck Birch Black Brad Bran Brook Cal Cart Chat Clay Clif Cran Crow Dal Dar Den Eas Ed El Fair Fen Fern Glen Gold
Grim Ham Har Haw Hazel Hol Ken Kirk Lang Lind Lock Mar Mid Mor New Nor Oak Ol Pem Pres Raven Red Rid Rock Row Sax Sed
Shef Stan Ston Strat Sut Thorn Thur Up Wal War Wes Whit Wil Win Wol Wood Wy York Yar
"""
_TAILS = """
berg bourne bridge brook burn bury by combe cott dale den don field ford gate grove ham hurst land ley low man mere
more ridge sell shaw sley son stead stock ston ter thorpe ton vale ward way well wick wood worth
"""
# Common family names carry 45 % of the people, as the thousand or so commonest do in the United States.
_COMMON_MASS = 0.45
_FOLDED = {
    "ü": ("ue", "u"), "ö": ("oe", "o"), "ä": ("ae", "a"), "ß": ("ss", "ss"), "ø": ("oe", "o"), "å": ("aa", "a"),
    "Ö": ("Oe", "O"), "Å": ("Aa", "A"), "Ł": ("L", "L"), "ł": ("l", "l"), "é": ("e", "e"), "è": ("e", "e"),
    "ë": ("e", "e"), "ê": ("e", "e"), "ï": ("i", "i"), "ñ": ("n", "ny"), "ú": ("u", "u"), "á": ("a", "a"),
    "ó": ("o", "o"), "ô": ("o", "o"), "ř": ("r", "rz"), "ç": ("c", "s"), "Á": ("A", "A"),
}  # fmt: skip
_RESPELT = {
    "Mohammed": ("Muhammad", "Mohamed"), "Yusuf": ("Youssef", "Yousuf"), "Ahmed": ("Ahmad", "Achmed"),
    "Dmitri": ("Dmitry", "Dimitri"), "Alexei": ("Alexey", "Aleksei"), "Sergei": ("Sergey", "Serguei"),
    "Fatima": ("Fatma", "Fatimah"), "Leila": ("Layla", "Leyla"), "Aisha": ("Ayesha", "Aicha"),
    "Ekaterina": ("Yekaterina", "Jekaterina"), "Svetlana": ("Swetlana", "Svitlana"), "Amina": ("Aminah", "Ameena"),
}  # fmt: skip


class NameList(NamedTuple):
    """Names by code, what else they are written as, and how often each occurs."""

    names: list[str]
    nicknames: list[tuple[str, ...]]
    respelt: list[tuple[str, ...]]
    weights: F64


def given_names() -> tuple[NameList, I64]:
    """All given names, and the sex of each (0 female, 1 male)."""
    female, male = _FEMALE.split(), _MALE.split()
    entries = [entry.partition(":") for entry in [*female, *male]]
    names = [name for name, _, _ in entries]
    nicknames = [tuple(short.split("|")) if short else () for _, _, short in entries]
    weights = np.r_[_zipf(len(female), 0.75), _zipf(len(male), 0.75)]
    sex = np.r_[np.zeros(len(female), np.int64), np.ones(len(male), np.int64)]
    return NameList(names, nicknames, [respellings(name) for name in names], weights), sex


def family_names() -> NameList:
    """Common names, then rarer ones put together from two halves as English place names are."""
    common = _COMMON.split()
    rare = [head + tail for tail in _TAILS.split() for head in _HEADS.split()]
    weights = np.r_[_COMMON_MASS * _zipf(len(common), 0.55), (1 - _COMMON_MASS) * _zipf(len(rare), 0.3)]
    names = [*common, *rare]
    return NameList(names, [()] * len(names), [respellings(name) for name in names], weights)


def respellings(name: str) -> tuple[str, ...]:
    """Other spellings of a name with accents or from another script; empty for plain ones."""
    if name in _RESPELT:
        return _RESPELT[name]
    if not any(letter in _FOLDED for letter in name):
        return ()
    return tuple("".join(_FOLDED.get(letter, (letter, letter))[way] for letter in name) for way in (0, 1))


def _zipf(count: int, exponent: float) -> F64:
    weights = 1.0 / np.arange(2, count + 2) ** exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)
