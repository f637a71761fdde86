"""Words as readers see them, in two spellings: one that hides nothing, and one that pretends nothing.

What is banned is looked for in the *bare* spelling: Unicode's compatibility decomposition and full case
folding (Unicode Standard Annex 15; Standard, 3.13), without signs that show nothing, and without the marks on
Latin, Greek, Cyrillic, Hebrew and Arabic letters. Marks that are letters of their own script (Indic vowel
signs, Japanese voicing) stay. Letters of another script that only look alike stay what they are.

What is demanded, and where links lead, is read in the *level* spelling, without letter case and width only:
an accent makes another tag and another host.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

GAP = "\ufffc"  # stands where a template will put something; taken out of texts that come with one
_EXPRESSION = re.compile(r"""\{\{(?:"[^"]*"|'[^']*'|.)*?\}\}|\{%.*?%\}|\{#.*?#\}""", re.DOTALL)
_LINK = re.compile(r"(?:https?://|(?<![\w\ufffc])www\.)[^\s<>\"]*")
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0" + GAP)
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_LETTER = r"[^\W_]"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both spellings. ``gaps``: parts of it are not known yet."""

    bare: str
    level: str
    gaps: bool = False

    def say(self, phrase: str) -> bool:
        """Whether ``phrase`` certainly stands there in whole words, however it is spelled."""
        return bool(_pattern(bare(phrase)).search(self.bare))

    def show(self, phrase: str) -> bool:
        """Whether ``phrase`` stands there in whole words as it is."""
        return bool(_pattern(level(phrase)).search(self.level))

    def begin_with(self, phrase: str) -> bool:
        """Whether ``phrase`` is the first that readers see."""
        return bool(_pattern(level(phrase)).match(self.level))

    def links(self) -> list[str]:
        """The addresses that readers see."""
        return _LINK.findall(self.level)


def read(text: str) -> Words:
    """A text as it goes out."""
    return Words(bare(text), level(text.replace(GAP, "")))


def read_template(text: str) -> Words:
    """The literal parts of a text with ``{{ … }}``; what touches a gap is not known to be a whole word."""
    parts = [part.replace(GAP, "") for part in _EXPRESSION.split(text)]
    return Words(GAP.join(map(_bare, parts)), GAP.join(map(_level, parts)), gaps=len(parts) > 1)


def bare(text: str) -> str:
    """``text`` in the spelling in which nothing hides."""
    return _bare(text).strip()


def level(text: str) -> str:
    """``text`` without letter case and width."""
    return _level(text).strip()


def _bare(text: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    seen = "".join(_sign(letter) for letter in letters if not _is_unseen(letter))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", seen))


def _level(text: str) -> str:
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(r"\s+", " ", letters)


def host(link: str) -> str:
    """The host that a level link leads to, or an empty string if a gap hides it."""
    place = re.split(r"[/?#\\]", link.partition("://")[2] or link, maxsplit=1)[0]
    name = place.rpartition("@")[2].partition(":")[0]
    return "" if GAP in place else name.rstrip(".").removeprefix("www.")


def _is_unseen(letter: str) -> bool:
    category = unicodedata.category(letter)
    if category in ("Cf", "Me") or letter in _UNSEEN:
        return True
    mark = unicodedata.combining(letter)
    selector = 0xFE00 <= ord(letter) <= 0xFE0F or 0xE0100 <= ord(letter) <= 0xE01EF
    return selector or mark == 1 or 10 <= mark <= 36 or mark >= 200


def _sign(letter: str) -> str:
    if unicodedata.category(letter) == "Pd":
        return "-"
    return "'" if letter in "\u2018\u2019\u02bc" else letter


def _pattern(phrase: str) -> re.Pattern[str]:
    """``phrase`` between things that are no letters; a tag also ends before ``_``."""
    inside = r"\w" if phrase[0] in "#@" else _LETTER
    before = f"(?<!{_LETTER})(?<!{GAP})" if _needs_edge(phrase[0]) else ""
    after = f"(?!{inside}|{GAP})" if _needs_edge(phrase[-1]) else ""
    return re.compile(before + re.escape(phrase) + after)


def _needs_edge(letter: str) -> bool:
    """Scripts that write no spaces between words have no edges to ask for."""
    return letter.isalnum() and not unicodedata.name(letter, "").startswith(_UNSPACED)
