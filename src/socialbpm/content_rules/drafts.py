"""What is judged, and what a judgement says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from socialbpm.content_rules.words import Words, read, read_template
from socialbpm.posts import Text, plain


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text on its way to one community on one kind of network, with the alt texts of its media.

    ``template`` says that ``{{ … }}`` in it is not filled in yet, as in a model that is checked: then only
    what is certain is judged. The text of a draft that goes out begins with its disclosure.
    """

    community: str
    text: Text
    alts: tuple[str, ...] = ()
    network: str = ""
    template: bool = False

    @cached_property
    def words(self) -> Words:
        """The text as readers see it."""
        return self._read(plain(self.text))

    @cached_property
    def pictures(self) -> tuple[Words, ...]:
        """The alt texts as readers see them."""
        return tuple(self._read(alt) for alt in self.alts)

    def parts(self) -> list[tuple[str, Words]]:
        """Everything that people read, each with the name of its place."""
        return [("text", self.words)] + [
            (f"alt text {number}", words) for number, words in enumerate(self.pictures, start=1)
        ]

    def _read(self, text: str) -> Words:
        return read_template(text) if self.template else read(text)


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that a draft breaks: its name, the place in the draft, what is wrong and what to do.

    Quotes the policy file, never the draft: an embargoed text must not get out in an error about it.
    """

    rule: str
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """The breach in one sentence."""
        return f"the {self.where} {self.what} (content rule '{self.rule}'); {self.remedy}"
