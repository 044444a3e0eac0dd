"""node.toml, the environment and flags."""

from dataclasses import fields, replace

import pytest

from node import settings
from node.errors import BadSetting, NoHome, UnknownSetting
from node.home import Home
from node.settings import Parent, Person, Settings

HUB = Settings("ip.gd.example", "hub", '省"主"站 \\ 😀')
FULL = replace(
    HUB,
    sync_listen="[::]:7443",
    public_sync_address="hub.example:443",
    language="en",
    disk_floor_mb=0,
    child_mb_a_day=1,
    child_entries_a_day=2,
    heads_a_day=3,
    parents=(Parent("ip.gd.example", "a:1", "b:2"), Parent("ip.gd.example/gz", "10.0.0.1:1", "c:3")),
    people={"wang": Person("王小明", "operator"), "li.4": Person("李", "observer")},
)


@pytest.fixture
def home(tmp_path):
    return Home.create(tmp_path / "home")


@pytest.mark.parametrize("given", [HUB, FULL])
def test_what_is_saved_is_loaded(home, given):
    settings.save(home, given)
    assert settings.load(home, {}) == given
    assert home.settings_file.stat().st_mode & 0o777 == 0o600


def test_every_setting_is_documented_in_the_file_in_both_languages(home):
    settings.save(home, HUB)
    lines = home.settings_file.read_text("utf-8").splitlines()
    for one in fields(Settings):
        at = next(n for n, line in enumerate(lines) if line.startswith((f"{one.name} =", f"[{one.name}]")))
        chinese, english = lines[at - 2], lines[at - 1]
        assert (chinese[:2], chinese.isascii()) == ("# ", False), one.name
        assert (english[:2], english.isascii(), len(english) > 10) == ("# ", True, True), one.name
    assert set(settings.DESCRIPTIONS) == {one.name for one in fields(Settings)}


def test_flags_win_over_environment_over_file(home):
    settings.save(home, HUB)
    environ = {"BANYAN_CERT_DAYS": "80", "BANYAN_LANGUAGE": "en", "BANYAN_HOME": "/elsewhere", "BANYAN_ORIGIN": "x"}
    found = settings.load(home, environ, cert_days=70, sync_listen=None)
    assert (found.cert_days, found.language, found.sync_listen) == (70, "en", HUB.sync_listen)
    assert found.origin == HUB.origin, "what a node is, no variable changes"


@pytest.mark.parametrize(
    ("role", "window"),
    [
        ("feed", "23:00-02:30"),
        ("outlet", "23:00-02:30"),
        ("substation", "02:30-05:00"),
        ("alliance", "02:30-05:00"),
        ("hub", "04:00-05:00"),
    ],
)
def test_each_role_has_its_window(role, window):
    assert Settings("ip.gd.example/gz", role, "x").window == window
    assert Settings("ip.gd.example/gz", role, "x", window="01:00-02:00").window == "01:00-02:00"


def test_addresses_for_others_default_to_where_we_listen():
    assert (HUB.sync_address, HUB.join_address) == ("127.0.0.1:7443", "127.0.0.1:7444")
    assert FULL.sync_address == "hub.example:443"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("origin", "IP.gd"),
        ("role", "city"),
        ("name", "a\nb"),
        ("name", 3),
        ("sync_listen", "7443"),
        ("public_join_address", "http://x:1/"),
        ("window", "25:00-02:00"),
        ("answers_window", "02:00-02:00"),
        ("timezone", "Asia/Canton2"),
        ("language", "fr"),
        ("cert_days", "many"),
        ("cert_days", True),
        ("renew_after_days", 90),
        ("disk_floor_mb", -1),
        ("child_mb_a_day", 0),
        ("child_entries_a_day", 0),
        ("heads_a_day", -1),
        ("parents", (Parent("ip.gd.example", "a", "b:1"),)),
        ("people", {"wang": Person("王", "root")}),
    ],
)
def test_a_wrong_value_is_refused_by_name(setting, value):
    with pytest.raises(BadSetting) as refused:
        replace(HUB, **{setting: value})
    assert refused.value.args[0].split(".")[0] == setting


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("cert_dayz = 3", UnknownSetting),
        ("cert_days = ", BadSetting),
        ('parents = [{origin = "ip.gd.example"}]', BadSetting),
        ("people = 3", BadSetting),
        ("[people]\nwang = 3", BadSetting),
    ],
)
def test_a_wrong_file_is_refused(home, text, error):
    home.settings_file.write_text(f'origin = "ip.gd.example"\nrole = "hub"\nname = "x"\n{text}\n')
    with pytest.raises(error):
        settings.load(home, {})


def test_no_file_is_no_home(home):
    with pytest.raises(NoHome):
        settings.load(home, {})


def test_a_parent_is_added_once_and_overrides_of_one_run_are_not_saved(home):
    settings.save(home, HUB)
    settings.add_parent(home, Parent("ip.gd.example", "a:1", "b:2"))
    settings.add_parent(home, Parent("ip.gd.example/lm1", "a:1", "b:2"))
    settings.add_parent(home, Parent("ip.gd.example", "a:9", "b:9"))
    found = settings.load(home, {})
    assert [(one.origin, one.sync_address) for one in found.parents] == [
        ("ip.gd.example/lm1", "a:1"),
        ("ip.gd.example", "a:9"),
    ]


def test_the_language_is_known_even_where_the_settings_are_wrong(home, tmp_path):
    home.settings_file.write_text('language = "zh"\nwhat = 3\n')
    assert settings.language(home.path, {}) == "zh"
    assert settings.language(home.path, {"BANYAN_LANGUAGE": "en"}) == "en"
    home.settings_file.write_text("language = ")
    assert settings.language(home.path, {}) is None
    assert settings.language(tmp_path / "none", {}) is None
