"""Content rules: what is caught however it is spelled, what is not, what waits, what errors give away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from socialbpm.content_rules import Breach, ContentRules, Draft
from socialbpm.errors import DefinitionError
from socialbpm.posts import Span
from socialbpm.settings.models import Settings
from socialbpm.tasks.notation import Misread


def ruled(**rule: Any) -> ContentRules:
    return ContentRules(rules={"it": rule})


def found(rules: ContentRules, text: str, **draft: Any) -> list[Breach]:
    return [*rules.judge(Draft(**{"community": "readers", "text": (Span(text),), **draft}))]


def passes(rules: ContentRules, text: str, **draft: Any) -> bool:
    return not found(rules, text, **draft)


@pytest.mark.parametrize(
    "text",
    [
        "This is risk-free.",
        "RISK-FREE",
        "(risk-free)",
        "_risk-free_",  # as chat platforms write italics
        "ｒｉｓｋ－ｆｒｅｅ",
        "𝐫𝐢𝐬𝐤‑𝐟𝐫𝐞𝐞",
        "ri\u200bsk-fr\u2060ee",
        "ri\u00adsk-free",
        "r\u00edsk-fr\u00e9\u00e9",
        "r\u0336i\u0336s\u0336k\u0336-free",
        "risk\u2013free",
        "ri\ufe0fsk-free",
        "ri\u3164sk-free",
        "ri\ufffcsk-free",
    ],
)
def test_a_banned_word_is_found_however_it_is_spelled(text: str) -> None:
    """Case, width, accents, dashes and signs that show nothing hide no word."""
    (breach,) = found(ruled(banned=["risk-free"]), text)
    assert (breach.rule, breach.where, breach.what) == ("it", "text", "says 'risk-free'")


@pytest.mark.parametrize(
    ("banned", "text"),
    [
        ("risk", "An asterisk, risky brisk risks"),
        ("risk", "risk2"),
        ("#internal", "#internally #internal_affairs"),
        ("cop", "сор"),  # Cyrillic letters that look alike: another word
        ("か", "が"),  # the voicing mark makes another letter
        ("कि", "कु"),
    ],
)
def test_other_words_pass(banned: str, text: str) -> None:
    """A word is a whole word, and marks that are letters of their script count."""
    assert passes(ruled(banned=[banned]), text)


@pytest.mark.parametrize(
    ("banned", "text"),
    [
        ("guaranteed returns", "Guaranteed\n  returns!"),
        ("straße", "STRASSE"),
        ("istanbul", "İSTANBUL"),
        ("#internal", "x#Internal"),
        ("100%", "100%ig"),
        ("赌博", "反赌博宣传"),
        ("도박", "도박은"),
    ],
)
def test_phrases_tags_and_scripts_without_spaces(banned: str, text: str) -> None:
    """A phrase may be broken over lines; a script without spaces has no edges of words."""
    assert not passes(ruled(banned=[banned]), text)


def test_a_word_over_two_spans_is_one_word() -> None:
    """Readers do not see where the author ended and the data began."""
    text = (Span("risk-"), Span("free", authored=False))
    assert ruled(banned=["risk-free"]).judge(Draft(community="readers", text=text))


def test_alt_texts_are_read_too() -> None:
    """What is banned is banned there; and it says something."""
    rules = ruled(banned=["secret"], alt_length=10)
    where = [(each.where, each.what) for each in found(rules, "Hi", alts=("A Secret map of all", "Map"))]
    assert where == [("alt text 1", "says 'secret'"), ("alt text 2", "has fewer than 10 characters")]


@pytest.mark.parametrize(
    ("rule", "good", "bad", "what"),
    [
        ({"required": ["#acme"]}, "News #ACME!", "News #acme_corp", "does not say '#acme'"),
        ({"required": ["#acme"]}, "＃ａｃｍｅ", "#àcme", "does not say '#acme'"),  # another tag
        ({"one_of": ["#a", "#b"]}, "so #b", "so #á", "says none of '#a', '#b'"),
        ({"max_links": 1}, "https://a.org", "HTTPS://a.org www.b.org", "has 2 links, 1 may be"),
        ({"max_links": 0}, "a.org", "http://a.org", "has 1 links, 0 may be"),
        (
            {"link_hosts": ["Acme.org"]},
            "https://www.acme.org:8/x",
            "https://bacme.org",
            "links to other hosts",
        ),
        ({"link_hosts": ["acme.org"]}, "www.acme.org", "https://acme.org@evil.org/", "links to other hosts"),
        ({"link_hosts": ["acme.org"]}, "https://a.acme.org.", "https://äcme.org", "links to other hosts"),
        ({"link_hosts": ["acme.org"]}, "no link", "https://evil.org\\@acme.org", "links to other hosts"),
        ({"link_hosts": ["acme.org"]}, "", "https://acme.org.evil.org", "links to other hosts"),
    ],
)
def test_what_is_asked_for(rule: dict[str, Any], good: str, bad: str, what: str) -> None:
    """Tags, links and where they lead: one text that obeys, one that does not and is told."""
    assert passes(ruled(**rule), good)
    (breach,) = found(ruled(**rule), bad)
    assert breach.what.startswith(what)


def test_a_disclosure_stands_first_by_its_name() -> None:
    """The text begins with the standard text; a reader of a cut text still sees it."""
    rules = ContentRules(
        disclosures={"sponsored": "Advertisement"}, rules={"ads": {"disclosure": "sponsored"}}
    )
    assert passes(rules, f"{rules.disclosed('sponsored')}\nBuy!")
    (breach,) = found(rules, "Buy! Advertisement")
    assert str(breach) == (
        "the text does not begin with 'Advertisement' (content rule 'ads'); "
        'write disclosure="sponsored" on the task'
    )
    assert not passes(rules, "Advertisements are fun")


def test_a_disclosure_that_is_no_name_is_a_text() -> None:
    """And a name that is nearly right is refused: it would go out as it is."""
    rules = ContentRules(disclosures={"sponsored": "Advertisement"})
    assert rules.disclosed("Sponsored by ACME") == "Sponsored by ACME"
    assert rules.disclosed("Advertisement") == "Advertisement"
    with pytest.raises(Misread, match="did you mean 'sponsored'"):
        rules.disclosed("sponsord")


def test_rules_are_for_communities_audiences_and_networks() -> None:
    """A rule that names several of these applies where all of them hold; what is not internal is public."""
    inside = {"communities": ["staff"]}
    rule = {"banned": ["x"], "audience": "public", "networks": ["slack"], "communities": ["readers", "staff"]}
    rules = ContentRules(internal=inside, rules={"it": rule})
    assert not passes(rules, "x", network="slack")
    assert passes(rules, "x", network="x")
    assert passes(rules, "x", community="other", network="slack")
    assert passes(rules, "x", community="staff", network="slack")


def test_an_internal_text_reaches_no_public_community() -> None:
    """The mark may stand in the text or under a picture."""
    rules = ContentRules(internal={"communities": ["staff", "board"], "marks": ["#internal", "Confidential"]})
    assert passes(rules, "#internal", community="staff")
    (breach,) = found(rules, "The plan", alts=("CONFIDENTIAL: a plan",))
    assert str(breach) == (
        "the alt text 1 is marked as internal, and community 'readers' is public (content rule 'internal'); "
        "send it to staff, board only"
    )


def test_the_reason_is_told_and_secrets_are_not() -> None:
    """A breach names the rule and its reason; it repeats neither the text nor words that are secret."""
    told = {"banned": ["nightfall", "dawn"], "confidential": True, "because": "Ask Ada"}
    (breach,) = found(ruled(**told), "Nightfall comes, embargoed; and dawn")
    assert str(breach) == (
        "the text says what must stay inside (content rule 'it'); "
        "ask those who keep the content rules: Ask Ada"
    )


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("Hello {{ name }}, risk-free", True),
        ("risk-{{ x }}free", False),
        ("risk-free{{ x }}", False),  # could become another word
        ("risk-free {{ x }}", True),
        ("{{ x }}risk-free", False),
        ("{{ 'risk-free' }} {{ d['}}'] }} {# risk-free #}", False),
        ("{% if x %}risk-free .{% endif %}", False),  # a part that touches a gap is not certain
        ("{% if x %} risk-free {% endif %}", True),
    ],
)
def test_of_a_template_only_what_is_certain_is_judged(text: str, caught: bool) -> None:
    """A model check never cries wolf; the run judges the whole."""
    assert passes(ruled(banned=["risk-free"]), text, template=True) != caught


def test_what_a_template_lacks_may_still_come() -> None:
    """Required words and lengths wait for the run; without a gap they are judged at once; links only grow."""
    rules = ruled(required=["#acme"], alt_length=20, max_links=1)
    assert passes(rules, "{{ x }}", alts=("{{ y }}",), template=True)
    assert len(found(rules, "x", alts=("y",), template=True)) == 2
    assert not passes(rules, "https://a.org {{ x }} https://{{ y }}", template=True)
    assert passes(ruled(link_hosts=["acme.org"]), "https://{{ host }}/", template=True)
    assert passes(ruled(max_links=0), "{{ x }}www.acme.org", template=True)  # x may make a word of it


WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(WORDS, st.sampled_from(["\u200b", "\u200d", "\u00ad", "\u2060", "\ufe0f", "\u0301"]), st.data())
def test_no_sign_that_shows_nothing_hides_a_word(around: str, sign: str, data: st.DataObject) -> None:
    """Put it anywhere in the word, and anything around the word."""
    place = data.draw(st.integers(1, 8))
    word = "risk-free"[:place] + sign + "risk-free"[place:]
    assert not passes(ruled(banned=["risk-free"]), f"{around} {word} {around}")


@given(WORDS, WORDS, WORDS)
def test_what_a_check_finds_the_run_finds_too(before: str, data: str, after: str) -> None:
    """Whatever the data become: a breach of the literal part is a breach of the whole."""
    rules = ContentRules(rules={"it": {"banned": ["risk", "#x", "赌"], "max_links": 0}})
    source = before.replace("{", "") + "{{ x }}" + after.replace("{", "")
    if not passes(rules, source, template=True):
        assert not passes(rules, source.replace("{{ x }}", data))


@given(WORDS)
def test_judging_never_fails(text: str) -> None:
    """Whatever people write."""
    found(ruled(banned=[".*", "a(b"], required=["#x"], link_hosts=["x.org"]), text, alts=(text,))
    found(ruled(banned=["x"]), text, template=True)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


NIGHT = {"quiet": {"zone": "Europe/Berlin", "hours": "22:00-07:00"}}


@pytest.mark.parametrize(
    ("now", "released"),
    [
        ("2026-11-23T12:00", "2026-11-23T12:00"),
        ("2026-11-23T22:00", "2026-11-24T07:00"),
        ("2026-11-24T06:59", "2026-11-24T07:00"),
        ("2026-11-24T07:00", "2026-11-24T07:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00"),  # the longer night of the year
    ],
)
def test_quiet_hours_hold_a_post_back_until_they_end(now: str, released: str) -> None:
    """Over midnight and over changes of the clock."""
    at = ruled(**NIGHT).release_at(berlin(now), "readers")
    assert (at, at.tzinfo) == (berlin(released), UTC)


def test_quiet_hours_that_follow_each_other_are_one_silence() -> None:
    """A post waits until no rule that applies is quiet; others do not wait."""
    rules = ContentRules(
        rules={
            "night": NIGHT,
            "morning": {"communities": ["readers"], "quiet": {"zone": "UTC", "hours": "05:00-08:00"}},
            "weekend": {
                "networks": ["x"],
                "quiet": {"zone": "UTC", "hours": "00:00-24:00", "days": "sat sun"},
            },
        }
    )
    friday = berlin("2026-11-27T23:00")
    assert rules.release_at(friday, "others") == berlin("2026-11-28T07:00")
    assert rules.release_at(friday, "readers") == berlin("2026-11-28T09:00")
    assert rules.release_at(friday, "readers", "x") == berlin("2026-11-30T09:00")


@given(st.timedeltas(timedelta(0), timedelta(days=300)))
def test_a_release_is_final(later: timedelta) -> None:
    """Never before now, and at that time nothing holds it back any more."""
    rules, now = ruled(**NIGHT), datetime(2026, 1, 1, tzinfo=UTC) + later
    at = rules.release_at(now, "readers")
    assert at >= now
    assert rules.release_at(at, "readers") == at


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"rules": {"a": {}}}, "asks for nothing; add banned"),
        ({"rules": {"a": {"banned": ["\u200b"]}}}, "shows no sign to a reader"),
        ({"rules": {"a": {"banned": [""]}}}, "shows no sign to a reader"),
        ({"rules": {"a": {"disclosure": "x"}}}, "rule 'a': 'x' is no standard text; write it under"),
        ({"rules": {"a": {"audience": "all"}}}, "'public' or 'internal'"),
        ({"rules": {"a": {"quiet": {"zone": "UTC", "hours": "00:00-24:00"}}}}, "the whole week is quiet"),
        ({"rules": {"a": {"quiet": {"zone": "UTC", "hours": "22:00-07:00 06:00-08:00"}}}}, "overlap those"),
        ({"rules": {"a": {"quiet": {"zone": "UTC", "hours": ""}}}}, "'' says no hours; write"),
        ({"rules": {"a": {"quiet": {"zone": "Mars", "hours": "22:00-07:00"}}}}, "'Mars' is no time zone"),
        (
            {
                "rules": {
                    "a": {"quiet": {"zone": "UTC", "hours": "00:00-12:00"}},
                    "b": {"networks": ["x"], "quiet": {"zone": "UTC", "hours": "12:00-24:00"}},
                }
            },
            "the quiet hours together leave no hour",
        ),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, Any], expected: str) -> None:
    """At the border, before anything waits for them."""
    with pytest.raises(ValidationError) as error:
        ContentRules(**rules)
    assert expected in str(error.value)


def test_settings_name_a_policy_file_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path starts in the folder of the settings file, wherever the program was started."""
    (tmp_path / "rules.toml").write_text("[rules.calm]\nbanned = ['!!!']\n", "utf-8")
    (tmp_path / "social.toml").write_text("content_rules = 'rules.toml'\n", "utf-8")
    monkeypatch.chdir("/")
    rules = Settings.load(tmp_path / "social.toml").content_rules
    assert rules is not None
    assert not passes(rules, "Hooray!!!")
    assert Settings.alone().content_rules is None


def test_settings_may_hold_the_rules_themselves(tmp_path: Path) -> None:
    """Inline, and calendars beside them."""
    file = tmp_path / "social.toml"
    file.write_text(
        "[content_rules.rules.calm]\nbanned = ['!!!']\n"
        "[calendars.office]\nzone = 'Europe/Berlin'\nhours = '09:00-17:00'\n",
        "utf-8",
    )
    settings = Settings.load(file)
    assert settings.content_rules is not None
    assert settings.calendars["office"].open_at(berlin("2026-11-23T09:00"))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("\n[rules.a]\nbaned = []", "rules.toml:3: unknown key 'rules.a.baned'; did you mean 'banned'?"),
        ("[rules.a]\n\n[rules.b]\nbanned=['x']", "rules.toml:1: 'rules.a': asks for nothing; add banned"),
        ("[rules.a", "rules.toml:1: is not TOML: "),
        (
            "[internal]\ncommunities = ['staf']",
            "social.toml:2: the content rules name community 'staf', which",
        ),
    ],
)
def test_a_mistake_in_the_rules_is_named_with_its_place(tmp_path: Path, rules: str, expected: str) -> None:
    """The file of the rules, the line, the key and what to write instead."""
    (tmp_path / "rules.toml").write_text(rules, "utf-8")
    file = tmp_path / "social.toml"
    file.write_text("communities = { staff = ['ada'] }\ncontent_rules = 'rules.toml'\n", "utf-8")
    with pytest.raises(DefinitionError) as error:
        Settings.load(file)
    assert expected in str(error.value)


def test_a_mistake_in_a_calendar_is_named_with_its_place(tmp_path: Path) -> None:
    """The same for calendars."""
    file = tmp_path / "social.toml"
    file.write_text("[calendars.office]\nzone = 'Europe/Berlin'\nhours = '9-5'\n", "utf-8")
    with pytest.raises(
        DefinitionError, match=r"social\.toml:3: 'calendars\.office\.hours': '9-5' is no span"
    ):
        Settings.load(file)
