"""Settings: a file and the environment over it, and every mistake named with its place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from socialbpm.errors import DefinitionError
from socialbpm.people import Account
from socialbpm.settings import secret
from socialbpm.settings.models import Settings, communities


def write(folder: Path, text: str) -> Path:
    file = folder / "social.toml"
    file.write_text(text, "utf-8")
    return file


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DefinitionError) as error:
        Settings.load(write(folder, text))
    return str(error.value)


def test_a_file_is_read_and_the_environment_stands_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the file says holds, unless SOCIALBPM_… says otherwise."""
    monkeypatch.setenv("SOCIALBPM_BASE_URL", "https://social.example/")
    settings = Settings.load(write(tmp_path, 'database = "sqlite:///x.db"\nbase_url = "http://other"\n'))
    assert (settings.database, settings.base_url) == ("sqlite:///x.db", "https://social.example")


def test_arguments_stand_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that states a value means it."""
    monkeypatch.setenv("SOCIALBPM_DATABASE", "sqlite:///env.db")
    assert Settings.of(database="sqlite:///mine.db").database == "sqlite:///mine.db"
    assert Settings.of().database == "sqlite:///env.db"


def test_a_community_is_its_rooms_and_its_roll() -> None:
    """Bindings become destinations; a person's accounts are gathered, with one on the local pages for
    everybody.
    """
    settings = Settings.of(
        channels={"loop": {"adapter": "loopback"}},
        communities={"club": {"local": ["ada"], "loop": {"room": "r", "people": {"ada": "u1", "bob": "u2"}}}},
    )
    club = communities(settings)["club"]
    assert [(at.channel, at.room) for at in club.destinations] == [("local", "club"), ("loop", "r")]
    roll = {member.person: member.accounts for member in club.roll}
    assert roll["ada"] == {Account(channel="local", id="ada"), Account(channel="loop", id="u1")}
    assert roll["bob"] == {Account(channel="local", id="bob"), Account(channel="loop", id="u2")}


def test_members_are_set_apart_by_weight_and_groups() -> None:
    """An exact weight, groups of their own, and every community they are in is one of their groups."""
    people = {
        "club": {"local": ["ada", "bob"], "members": {"ada": {"weight": "1/3", "groups": ["legal"]}}},
        "board": {"local": ["ada"]},
    }
    made = communities(Settings.of(communities=people))
    ada, bob = made["club"].roll
    assert (ada.weight, ada.groups) == (Fraction(1, 3), {"legal", "club", "board"})
    assert (bob.weight, bob.groups) == (Fraction(1), {"club"})
    assert made["board"].roll[0].groups == {"club", "board"}, "what a community says of groups is its own"


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ('{ adda = { weight = "2" } }', "did you mean 'ada'?"),
        (
            '{ ada = { weight = "-1" } }',
            "social.toml:3: 'communities.club.members.ada.weight': write a weight",
        ),
        ('{ ada = { weight = "1/0" } }', "write a weight"),
        ("{ ada = { weight = true } }", "write a weight"),
        ("{ ada = { wait = 2 } }", "did you mean 'weight'?"),
        ('{ ada = { groups = ["a b"] } }', "'a b' is no name of a group"),
    ],
)
def test_mistakes_about_members_are_named(tmp_path: Path, members: str, what: str) -> None:
    """A name that is nobody's, a weight that is none, a key that is not known: each with its place."""
    assert what in refused(tmp_path, f'[communities.club]\nlocal = ["ada"]\nmembers = {members}\n')


def test_no_channel_takes_the_name_under_which_members_stand(tmp_path: Path) -> None:
    """A community says of that key who is set apart."""
    assert "no channel can be called" in refused(tmp_path, '[channels.members]\nadapter = "loopback"\n')


def test_a_number_with_a_point_weighs_what_stands_there() -> None:
    """0.1 is a tenth, not the float next to it."""
    members = {"ada": {"weight": 0.1}}
    (ada,) = communities(Settings.of(communities={"club": {"local": ["ada"], "members": members}}))[
        "club"
    ].roll
    assert ada.weight == Fraction(1, 10)


def test_a_plain_list_of_people_is_a_community_of_the_local_channel() -> None:
    """The shortest form that a newcomer writes."""
    (member,) = communities(Settings.of(communities={"club": ["ada"]}))["club"].roll
    assert (member.person, member.accounts) == ("ada", {Account(channel="local", id="ada")})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('databse = "sqlite://"', "social.toml:1: unknown key 'databse'; did you mean 'database'?"),
        (
            "\n[communities.club.local]\nrooom = 'x'",
            "social.toml:3: unknown key 'communities.club.local.rooom'; did",
        ),
        ("threads = 0", "social.toml:1: 'threads' should be greater than or equal to 1"),
        ("[communities\n", "social.toml:1: is not TOML: "),
        ("base_url = 'example.org'", "social.toml:1: 'base_url': starts with http:// or https://"),
        (
            "[communities.club]\nlocl = ['ada']",
            "social.toml:2: community 'club' is bound to 'locl', which is no ",
        ),
        (
            "[channels.c]\nadapter='loopback'\n[communities.a.c.people]\nada='x'\n[communities.b.c.people]\nbob='x'",
            "social.toml:5: community 'b': 'ada' and 'bob' share the account 'x' of 'c'",
        ),
        ("[communities.club]\nlocal = {people={ada='x'}}", "'ada' is known by that name, not as 'x'"),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    """No traceback and no pydantic prose without a place: the line to mend, and the nearest right name."""
    assert expected in refused(tmp_path, text)


def test_the_nearest_channel_is_offered(tmp_path: Path) -> None:
    """A binding to an unknown account names the account that was probably meant."""
    assert "did you mean 'local'?" in refused(tmp_path, "[communities.club]\nlocl = ['ada']")


@pytest.mark.parametrize("name", ["bot_token", "signing_secret", "password", "api_key"])
def test_a_secret_in_the_file_is_refused_without_being_shown(tmp_path: Path, name: str) -> None:
    """Settings files end in repositories; the remedy says where the secret goes, and its value is not
    repeated.
    """
    text = refused(tmp_path, f"[channels.chat]\nadapter = 'slack'\n{name} = 'xoxb-very-secret'")
    assert f"social.toml:3: 'channels.chat.{name}' is a secret" in text
    assert f"SOCIALBPM_CHANNELS__CHAT__{name.upper()}" in text
    assert "xoxb" not in text


def test_a_secret_is_read_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The three places where a secret may be kept all reach the adapter's options."""
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("CHAT_TOKEN", "from-env")
    monkeypatch.setenv("SOCIALBPM_CHANNELS__CHAT__APP_TOKEN", "from-prefix")
    text = (
        f"[channels.chat]\nbot_token = {{ env = 'CHAT_TOKEN' }}\n"
        f"signing_secret = {{ file = '{tmp_path}/key' }}\nport = 80\ntls = true"
    )
    options = Settings.load(write(tmp_path, text)).channels["chat"].options()
    assert options == {
        "bot_token": "from-env",
        "signing_secret": "from-file",
        "app_token": "from-prefix",
        "port": "80",
        "tls": "true",
    }


@pytest.mark.parametrize("token", ["123e5", "true", "007", '{"env": "HOME"}', "null", ""])
def test_an_option_from_the_environment_is_taken_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """A token that looks like a number or like JSON is still that token."""
    monkeypatch.setenv("SOCIALBPM_CHANNELS__CHAT__BOT_TOKEN", token)
    assert Settings.of().channels["chat"].options() == {"bot_token": token}


@pytest.mark.parametrize("name", ["COMMUNITIES", "OPERATORS"])
def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What should be JSON and is not: its name and what to do, and not what is in it."""
    monkeypatch.setenv(f"SOCIALBPM_{name}", "{hush")
    with pytest.raises(DefinitionError, match=f"^SOCIALBPM_{name} cannot be read; write it as JSON$"):
        Settings.of()


def test_a_secret_does_not_show_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about a setting repeats no value: it may be the secret itself."""
    monkeypatch.setenv("SOCIALBPM_SECRET", "hush-hush")
    with pytest.raises(DefinitionError) as error:
        Settings.of(threads="hush-hush")
    assert "hush-hush" not in str(error.value)
    monkeypatch.setenv("SOCIALBPM_CHANNELS__CHAT__BOT_TOKEN", "hush-hush")
    settings = Settings.of(channels={"chat": {"adapter": "loopback"}})
    assert settings.channels["chat"].options() == {"bot_token": "hush-hush"}
    assert "hush-hush" not in f"{settings!r} {settings}"


def test_the_secret_beside_the_database_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    """Mode 0600, the same for every opener; one that others can read is refused with what to do."""
    database = tmp_path / "social.db"
    first = secret.own(database)
    assert (secret.own(database), len(first)) == (first, 64)
    file = tmp_path / "social.db.secret"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(DefinitionError, match="others can read this secret; chmod 600"):
        secret.own(database)


def test_of_many_that_open_at_once_one_makes_the_secret(tmp_path: Path) -> None:
    """Whoever is second takes the first one's secret; no half-written file is ever seen."""
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: secret.own(tmp_path / "social.db"), range(32)))
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["social.db.secret"]


def test_the_rooms_of_single_persons_are_no_communitys(tmp_path: Path) -> None:
    """On the local pages what stands in ``@ada`` is seen by ada alone; elsewhere it is a name like others."""
    assert "begins with @ is that of one person" in refused(
        tmp_path, '[communities.staff.local]\nroom = "@ada"\npeople = ["ada"]\n'
    )
    assert "begins with @" in refused(tmp_path, '[communities]\n"@ada" = ["ada"]\n')
