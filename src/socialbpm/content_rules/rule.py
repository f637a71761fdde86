"""One content rule as an organisation writes it: to whom it applies, and what it asks of a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from socialbpm.content_rules.drafts import Breach, Draft
from socialbpm.content_rules.quiet import Quiet
from socialbpm.content_rules.words import bare, host, level
from socialbpm.tasks.notation import Misread, shown


def _visible(phrase: str) -> str:
    if not bare(phrase):
        raise Misread(f"{shown(phrase)} shows no sign to a reader", "write a word, a phrase or a #tag")
    return phrase


Phrase = Annotated[str, AfterValidator(_visible)]


class Rule(BaseModel):
    """What is asked of texts for some communities and networks; for all of them if it names none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    communities: tuple[str, ...] = Field((), description="Applies to these communities only.")
    audience: Literal["public", "internal"] | None = Field(
        None, description="Applies to `public` or to `internal` communities only."
    )
    networks: tuple[str, ...] = Field((), description='Applies on these kinds of channel only: `["x"]`.')
    banned: tuple[Phrase, ...] = Field(
        (),
        description="Words and phrases that neither the text nor an alt text says. Whole words; letter case, "
        "accents, full-width and invisible signs make no difference.",
    )
    required: tuple[Phrase, ...] = Field(
        (), description='Tags or phrases that stand in the text: `["#acme"]`.'
    )
    one_of: tuple[Phrase, ...] = Field((), description="Of these at least one stands in the text.")
    disclosure: str = Field("", description="Name of the standard text with which the text begins.")
    max_links: int | None = Field(None, ge=0, description="So many links at most.")
    link_hosts: tuple[str, ...] = Field(
        (), description='Links lead to these hosts (and theirs) only: `["example.org"]`.'
    )
    alt_length: int = Field(0, ge=0, le=1000, description="So many characters at least in an alt text.")
    quiet: Quiet | None = Field(None, description="Hours in which nothing goes out; it waits for their end.")
    confidential: bool = Field(False, description="Breaches do not repeat the banned words.")
    because: str = Field("", description="The reason, for those whose text is withheld.")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        asked = (self.banned, self.required, self.one_of, self.disclosure, self.link_hosts, self.quiet)
        if not any(asked) and self.max_links is None and not self.alt_length:
            raise Misread("asks for nothing", "add banned, required, max_links, quiet …")
        return self

    def applies(self, community: str, audience: str, network: str) -> bool:
        """Whether this rule is for texts that go there."""
        return (
            (not self.communities or community in self.communities)
            and self.audience in (None, audience)
            and (not self.networks or network in self.networks)
        )

    def judge(self, name: str, draft: Draft, disclosure: str) -> Iterator[Breach]:
        """What in ``draft`` breaks this rule, called ``name``; ``disclosure`` is the text it names."""
        found = [*self._banned(draft), *self._alts(draft), *self._links(draft)]
        if not draft.words.gaps:
            found += [*self._missing(draft), *self._undisclosed(draft, disclosure)]
        why = f": {self.because}" if self.because else ""
        for where, what, remedy in found:
            yield Breach(name, where, what, remedy + why)

    def _banned(self, draft: Draft) -> Iterator[tuple[str, str, str]]:
        for where, words in draft.parts():
            said = [phrase for phrase in self.banned if words.say(phrase)]
            if said and self.confidential:
                yield where, "says what must stay inside", "ask those who keep the content rules"
            else:
                yield from ((where, f"says {shown(phrase)}", "leave it out") for phrase in said)

    def _alts(self, draft: Draft) -> Iterator[tuple[str, str, str]]:
        for number, words in enumerate(draft.pictures, start=1):
            if not words.gaps and len(words.bare) < self.alt_length:
                what = f"has fewer than {self.alt_length} characters"
                yield f"alt text {number}", what, "describe what the picture shows"

    def _links(self, draft: Draft) -> Iterator[tuple[str, str, str]]:
        links = draft.words.links()
        if self.max_links is not None and len(links) > self.max_links:
            yield "text", f"has {len(links)} links, {self.max_links} may be", "keep the best"
        foreign = [place for link in links if (place := host(link)) and not self._leads_home(place)]
        if self.link_hosts and foreign:
            yield "text", f"links to other hosts than {', '.join(self.link_hosts)}", "link to these only"

    def _leads_home(self, place: str) -> bool:
        homes = [level(home).removeprefix("www.") for home in self.link_hosts]
        return any(place == home or place.endswith(f".{home}") for home in homes)

    def _missing(self, draft: Draft) -> Iterator[tuple[str, str, str]]:
        for phrase in self.required:
            if not draft.words.show(phrase):
                yield "text", f"does not say {shown(phrase)}", "add it"
        if self.one_of and not any(draft.words.show(phrase) for phrase in self.one_of):
            yield "text", f"says none of {', '.join(map(shown, self.one_of))}", "add one"

    def _undisclosed(self, draft: Draft, disclosure: str) -> Iterator[tuple[str, str, str]]:
        if self.disclosure and not draft.words.begin_with(disclosure):
            what = f"does not begin with {shown(disclosure)}"
            yield "text", what, f'write disclosure="{self.disclosure}" on the task'
