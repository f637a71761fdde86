"""The facade and its wiring: what opens, what is refused, what it says of itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import socialbpm
from socialbpm.settings import Settings

PEOPLE = {"club": ["ada"]}


def test_it_opens_with_a_url_a_file_or_settings(tmp_path: Path) -> None:
    """The three ways to say what is wanted come to the same."""
    url = f"sqlite:///{tmp_path / 'social.db'}"
    file = tmp_path / "social.toml"
    file.write_text(f'database = "{url}"\n[communities]\nclub = ["ada"]\n')
    for opened in (
        socialbpm.open(url, communities=PEOPLE),
        socialbpm.open(file),
        socialbpm.open(str(file)),
        socialbpm.open(Settings.of(database=url, communities=PEOPLE)),
        socialbpm.open(database=url, communities=PEOPLE),
    ):
        with opened as social:
            assert social.people() == ["ada"]


def test_arguments_stand_over_the_file(tmp_path: Path) -> None:
    """A program that gives both means what it says last."""
    file = tmp_path / "social.toml"
    file.write_text('database = "sqlite://"\nbase_url = "http://one"\n[communities]\nclub = ["ada"]\n')
    with socialbpm.open(file, base_url="http://two/") as social:
        assert (social.base_url, social.people()) == ("http://two", ["ada"])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"databse": "x"}, "unknown key 'databse'; did you mean 'database'?"),
        ({"communities": {"club": {"locl": ["ada"]}}}, "'locl', which is no channel"),
        ({"channels": {"chat": {"adapter": "nothing"}}}, "nothing"),
        ({"channels": {"chat": {"adapter": "loopback", "token": {"env": "NOT_SET"}}}}, "NOT_SET is not set"),
        ({"database": "postgresql://x:secret-word@127.0.0.1:1/x"}, ""),
    ],
)
def test_what_cannot_be_opened_is_a_definition_error(values: dict[str, object], says: str) -> None:
    """Named with a remedy, without secrets; nothing stays open."""
    with pytest.raises(socialbpm.DefinitionError) as error:
        socialbpm.open(**{"database": "sqlite://", **values})
    assert says in str(error.value)
    assert "secret-word" not in str(error.value)


def test_opening_starts_no_thread(tmp_path: Path) -> None:
    """Whoever wants threads starts a worker."""
    before = threading.active_count()
    with socialbpm.open(f"sqlite:///{tmp_path / 'social.db'}", communities=PEOPLE) as social:
        social.work()
        assert threading.active_count() == before


def test_a_link_is_for_people_on_a_roll_only(tmp_path: Path) -> None:
    """Two openers of one database sign alike, so a link from the command line opens the served pages."""
    url = f"sqlite:///{tmp_path / 'social.db'}"
    with socialbpm.open(url, communities=PEOPLE) as one, socialbpm.open(url, communities=PEOPLE) as two:
        assert one.secret == two.secret
        assert one.link("ada").startswith("http://127.0.0.1:8000/enter/")
        with pytest.raises(socialbpm.NotFound, match="did you mean 'ada'"):
            one.link("adda")


def test_no_repr_tells_the_secret(tmp_path: Path) -> None:
    """What lands in a log by accident gives nothing away."""
    with socialbpm.open(f"sqlite:///{tmp_path / 'social.db'}") as social:
        shown = f"{social!r} {social.rooms!r} {social.channels['local'].connection!r}"
        assert social.secret.decode() not in shown
        assert social.secret.hex() not in shown


def test_public_names_are_listed_and_an_unknown_one_is_an_attribute_error() -> None:
    """The module behaves as any other, although it loads its names when they are asked for."""
    assert {"open", "Social", "Settings", "DefinitionError", "SocialWorkflow"} <= set(dir(socialbpm))
    for name in socialbpm.__all__:
        assert getattr(socialbpm, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        socialbpm.nothing  # noqa: B018
