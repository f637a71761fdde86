"""Does what a model says for certain keep the content rules of the settings?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from socialbpm.content_rules import Breach, ContentRules, Draft
from socialbpm.errors import Problem
from socialbpm.people import Community
from socialbpm.posts import Capabilities, Span
from socialbpm.spiff.xml import SocialElement
from socialbpm.tasks import SocialTask, is_template, known
from socialbpm.tasks.declaration import Child
from socialbpm.tasks.notation import Misread


def problems(
    elements: Iterable[SocialElement],
    rules: ContentRules,
    communities: Mapping[str, Community],
    channels: Mapping[str, Capabilities],
) -> list[Problem]:
    """What breaks a rule wherever it goes, whatever the data will be; the rest is judged when it opens."""
    found: list[Problem] = []
    for element in elements:
        task, unknown, _ = known(element.declaration)
        try:
            disclosure = _disclosure(element, rules)
        except Misread as error:
            found.append(element.place.problem(error.what, error.remedy, attribute="disclosure"))
            continue
        if not unknown & {"to", "escalate"}:
            places = _places(task, communities, channels)
            found += dict.fromkeys(_broken(element, rules, disclosure, places))
    return found


def _disclosure(element: SocialElement, rules: ContentRules) -> str:
    """The line that its texts begin with. Raises Misread for the near miss of a standard text's name."""
    written = element.declaration["attributes"].get("disclosure", "")
    said = written if is_template(written) else rules.disclosed(written)
    return f"{said}\n" if said else ""


def _places(
    task: SocialTask, communities: Mapping[str, Community], channels: Mapping[str, Capabilities]
) -> list[tuple[str, str]]:
    """The communities that see it, each with its kinds of channel."""
    named = [name for name in (*task.to, getattr(task, "escalate", "")) if name in communities]
    used = {(name, place.channel) for name in named for place in communities[name].destinations}
    return sorted({(name, channels[channel].network) for name, channel in used if channel in channels})


def _broken(
    element: SocialElement, rules: ContentRules, disclosure: str, places: Iterable[tuple[str, str]]
) -> Iterator[Problem]:
    children = element.declaration["children"]
    media = [child for child in children if child["name"] == "media"]
    alts = tuple(child["attributes"].get("alt", "") for child in media)
    for community, network in places:
        wording = _wording(children, network)
        text = disclosure + (wording["text"] if wording else "") + _choices(element)
        draft = Draft(community=community, text=(Span(text),), alts=alts, network=network, template=True)
        for breach in rules.judge(draft):
            yield _problem(element, breach, wording, media)


def _wording(children: Iterable[Child], network: str) -> Child | None:
    """The text for this kind of channel, else the text for all."""
    texts = {child["attributes"].get("network", ""): child for child in children if child["name"] == "text"}
    return texts.get(network, texts.get(""))


def _choices(element: SocialElement) -> str:
    """What people can choose, as far as it stands in the model; a gap if it comes from data."""
    declaration = element.declaration
    labels = [child["text"] for child in declaration["children"] if child["name"] == "choice"]
    labels += [declaration["attributes"]["choices"]] if "choices" in declaration["attributes"] else []
    return "".join(f"\n{label}" for label in labels)


def _problem(element: SocialElement, breach: Breach, wording: Child | None, media: list[Child]) -> Problem:
    """The breach where it stands in the file."""
    number = breach.where.removeprefix("alt text ")
    child = media[int(number) - 1] if number.isdigit() else wording
    what = f"the {breach.where} {breach.what} (content rule '{breach.rule}')"
    return element.place.problem(what, breach.remedy, line=child.get("line", 0) if child else 0)
