"""What a node is told by its people: `node.toml`, overridden by BANYAN_* in the environment, overridden by flags."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from node.errors import BadSetting, NodeError, NoHome, UnknownSetting
from node.home import Home, write_whole
from node.schedule import Window
from sync import origin as origins
from sync.errors import Malformed
from sync.quota import Quotas

ROLES = ("hub", "substation", "alliance", "outlet", "feed")
REDISTRIBUTE = ("yes", "no", "derived")
MAX_TERMS = 1000
BEFORE_MOVE = "node.toml.before-move"
PERSON_ROLES = ("operator", "reviewer", "observer")
_WINDOWS = {
    "feed": "23:00-02:30",
    "outlet": "23:00-02:30",
    "substation": "02:30-05:00",
    "alliance": "02:30-05:00",
    "hub": "04:00-05:00",  # once most substations have called, and before they come for its word
}
_FIXED = ("origin", "role")  # what a node is; no variable or flag of one run may change it
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parent:
    """A node above this one, and its two doors."""

    origin: str
    sync_address: str
    join_address: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who a user of this machine is, and what he or she may do: operator, reviewer or observer."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one node, checked; an empty `window` becomes the default of the role."""

    origin: str
    role: str
    name: str
    sync_listen: str = "127.0.0.1:7443"
    join_listen: str = "127.0.0.1:7444"
    public_sync_address: str = ""
    public_join_address: str = ""
    window: str = ""
    answers_window: str = "05:30-07:00"
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    cert_days: int = 90
    renew_after_days: int = 60
    disk_floor_mb: int = 500
    brake_share: float = 0.2
    child_mb_a_day: int = 8000
    child_entries_a_day: int = 4_000_000
    heads_a_day: int = 480
    auto_approve: str = "no"
    auto_approve_daily: int = 20
    licence_terms: str = ""
    redistribute: str = "yes"
    parents: tuple[Parent, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.window:
            object.__setattr__(self, "window", _WINDOWS.get(self.role, ""))
        _check(self)

    @property
    def registers(self) -> bool:
        """Whether this node has others below it, and so keeps doors open and signs its head anew every night."""
        return self.role not in ("outlet", "feed")

    @property
    def quotas(self) -> Quotas:
        """What each child may bring in a day."""
        return Quotas(self.child_mb_a_day * 1_000_000, self.child_entries_a_day, self.heads_a_day)

    @property
    def sync_address(self) -> str:
        """Where children call: the public address, or where we listen if none is set."""
        return self.public_sync_address or self.sync_listen

    @property
    def join_address(self) -> str:
        """Where new children join: the public address, or where we listen if none is set."""
        return self.public_join_address or self.join_listen


DESCRIPTIONS: Mapping[str, tuple[str, str]] = {
    "origin": ("本节点日志的名称，建立后不能更改", "name of this node's log; never changes"),
    "role": (
        "主站 hub、分站 substation、联盟 alliance、网点 outlet、数据源 feed",
        "hub, substation, alliance, outlet or feed; never changes",
    ),
    "name": ("单位名称，显示给其他人看", "name of the organisation, as people see it"),
    "sync_listen": ("同步服务的监听地址", "where the sync door listens, host:port"),
    "join_listen": ("入网服务的监听地址", "where the joining door listens, host:port"),
    "public_sync_address": (
        "下级从外部访问同步服务的地址；留空表示与监听地址相同",
        "where children reach the sync door, host:port; empty: where it listens",
    ),
    "public_join_address": (
        "下级从外部访问入网服务的地址；留空表示与监听地址相同",
        "where children reach the joining door, host:port; empty: where it listens",
    ),
    "window": ("每晚同步的时间段，可以跨过午夜", "nightly window, HH:MM-HH:MM, may cross midnight"),
    "answers_window": (
        "网点早晨领取回执和审核结果的时间段",
        "outlets: morning window for receipts and verdicts, HH:MM-HH:MM",
    ),
    "timezone": ("以上时间所用的时区", "time zone of the windows"),
    "language": ("界面语言：zh 中文，en 英文", "language of messages: zh or en"),
    "cert_days": ("发给下级的证书的有效天数", "days that a child's certificate lives"),
    "renew_after_days": ("证书使用多少天后自动更新", "age in days from which a certificate is renewed"),
    "disk_floor_mb": (
        "磁盘剩余空间低于此值（MB）时不再接收数据",
        "free space in MB below which nothing more is taken in",
    ),
    "child_mb_a_day": (
        "每个下级每天最多可上传的数据量（MB），超出后稍后再传，不丢弃",
        "MB that each child may bring in a day; more of it waits, nothing is dropped",
    ),
    "child_entries_a_day": ("每个下级每天最多可上传的条目数", "entries that each child may bring in a day"),
    "heads_a_day": ("每个日志每天最多可出示的日志头数", "heads of one log that may be shown in a day"),
    "auto_approve": (
        "是否自动批准持公开邀请、没有疑点的网点申请：no 否（由操作员决定），yes 是",
        "whether outlets that ask with an open invitation and without any conflict are let in by themselves: no or yes",
    ),
    "auto_approve_daily": (
        "24 小时内最多自动批准多少个申请，其余等待操作员",
        "requests that are approved by themselves within 24 hours at most; others wait for an operator",
    ),
    "brake_share": (
        "七天内一个来源被更改或撤回的有效权利超过此比例（且不少于 20 件）时，先暂停，由人员决定；1 表示不暂停",
        "share of an origin's live rights that may change or go in 7 days without a person; 1: all of them",
    ),
    "licence_terms": (
        "数据源的使用条款，写入由它导入而未注明许可的记录",
        "feeds: terms of the source, for imported records that state none",
    ),
    "redistribute": (
        "数据源是否允许再传播：yes 可以，no 不可以，derived 仅限加工后的数据",
        "feeds: whether the source lets its data be passed on: yes, no or derived",
    ),
    "parents": ("上级节点及其两个地址", "the nodes above this one, and their two doors"),
    "people": (
        "本机系统用户对应的人员及角色：operator 操作员、reviewer 审核员、observer 观察员",
        "persons by user of this machine; role operator, reviewer or observer",
    ),
}


def load(home: Home, environ: Mapping[str, str], **flags: object) -> Settings:
    """Return the settings of `home`; a flag that is None says nothing. Raises NoHome or BadSetting."""
    given = _read(home)
    for one in fields(Settings):
        told = environ.get("BANYAN_" + one.name.upper())
        if told is not None and one.name not in _FIXED and one.name not in ("parents", "people"):
            given[one.name] = _told(one.type, told)
    given.update((name, value) for name, value in flags.items() if value is not None)
    return _settings(given)


def _told(kind: object, text: str) -> object:
    """Return what the environment says as a value of that kind; the text itself where it is none."""
    if kind is int and re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        return int(text)
    return float(text) if kind is float and re.fullmatch("[0-9]{1,9}([.][0-9]{1,9})?", text, re.ASCII) else text


def save(home: Home, settings: Settings) -> None:
    """Write node.toml whole, each setting under its description. Comments that people added to it are not kept."""
    lines = [
        "# Banyan 节点设置 / settings of a Banyan node",
        "# 命令改写本文件时不保留自己添加的注释 / comments of your own are lost when a command writes this file",
    ]
    for one in fields(Settings):
        lines += ["", *(f"# {text}" for text in DESCRIPTIONS[one.name]), *_lines(one.name, getattr(settings, one.name))]
    write_whole(home.settings_file, ("\n".join(lines) + "\n").encode())


def add_parent(home: Home, parent: Parent, instead_of: Sequence[str] = ()) -> None:
    """Write `parent` into node.toml, in place of what stood there for its origin, if anything.

    It takes the first place where it comes `instead_of` others; the file as it was then stays beside it, BEFORE_MOVE.
    """
    held = _settings(_read(home))
    gone = {parent.origin, *instead_of}
    others = tuple(one for one in held.parents if one.origin not in gone)
    if any(one.origin in instead_of for one in held.parents):
        write_whole(home.settings_file.with_name(BEFORE_MOVE), home.settings_file.read_bytes())
        save(home, replace(held, parents=(parent, *others)))  # a crash before: the same step writes both again
    else:
        save(home, replace(held, parents=(*others, parent)))


def remove_parent(home: Home, origin: str) -> None:
    """Take a parent out of node.toml; nothing where it is not there."""
    held = _settings(_read(home))
    others = tuple(one for one in held.parents if one.origin != origin)
    if others != held.parents:
        save(home, replace(held, parents=others))


def _read(home: Home) -> dict[str, Any]:
    try:
        return tomllib.loads(home.settings_file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NoHome(str(home.path), "init") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting("node.toml", str(error), "TOML") from error


def _settings(given: dict[str, Any]) -> Settings:
    known = {one.name for one in fields(Settings)}
    for name in given:
        if name not in known:
            raise UnknownSetting(name)
    for name in ("origin", "role", "name"):
        if name not in given:
            raise BadSetting(name, "", "a value")
    parents, people = given.get("parents", []), given.get("people", {})
    if not isinstance(parents, list):
        raise BadSetting("parents", parents, "[{ origin, sync_address, join_address }]")
    if not isinstance(people, dict):
        raise BadSetting("people", people, "[people]")
    parts = {
        "parents": tuple(_part(Parent, "parents", one) for one in parents),
        "people": {user: _part(Person, "people", one) for user, one in people.items()},
    }
    return Settings(**{**given, **parts})


def _part(kind: type, name: str, given: object) -> Any:
    wanted = {one.name for one in fields(kind)}
    if not isinstance(given, dict) or set(given) != wanted or not all(isinstance(one, str) for one in given.values()):
        raise BadSetting(name, given, ", ".join(sorted(wanted)))
    return kind(**given)


def _lines(name: str, value: object) -> list[str]:
    """The value as TOML; a JSON string without control characters is a TOML string."""
    if name == "parents":
        return [
            "parents = [",
            *(
                f"  {{ origin = {_text(one.origin)}, sync_address = {_text(one.sync_address)},"
                f" join_address = {_text(one.join_address)} }},"
                for one in value  # type: ignore[attr-defined]
            ),
            "]",
        ]
    if name == "people":
        people = value.items()  # type: ignore[attr-defined]
        rows = (f"{_text(user)} = {{ name = {_text(one.name)}, role = {_text(one.role)} }}" for user, one in people)
        return ["[people]", *rows]
    return [f"{name} = {_text(value) if isinstance(value, str) else value}"]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check(given: Settings) -> None:
    for one in fields(Settings):
        value = getattr(given, one.name)
        if one.type is float and type(value) not in (int, float):
            raise BadSetting(one.name, value, "a number")
        if one.type in (int, str) and (type(value) is not one.type or not _is_plain(value)):
            raise BadSetting(one.name, value, "a number" if one.type is int else "a text")
    _check_origin("origin", given.origin)
    _one_of("role", given.role, ROLES)
    _one_of("language", given.language, ("zh", "en"))
    for name in ("sync_listen", "join_listen", "public_sync_address", "public_join_address"):
        _check_address(name, getattr(given, name), empty_allowed=name.startswith("public"))
    try:
        zone = ZoneInfo(given.timezone)
    except (OSError, ValueError, KeyError) as error:
        raise BadSetting("timezone", given.timezone, "a name like Asia/Shanghai") from error
    for name in ("window", "answers_window"):
        try:
            Window.parse(getattr(given, name), zone)
        except ValueError as error:
            raise BadSetting(name, getattr(given, name), "HH:MM-HH:MM") from error
    if not 0 < given.renew_after_days < given.cert_days <= 397:
        raise BadSetting("renew_after_days", given.renew_after_days, "0 < renew_after_days < cert_days <= 397")
    _one_of("redistribute", given.redistribute, REDISTRIBUTE)
    _one_of("auto_approve", given.auto_approve, ("no", "yes"))
    if not 0 <= given.auto_approve_daily <= 1000:
        raise BadSetting("auto_approve_daily", given.auto_approve_daily, "0 to 1000")
    if len(given.licence_terms) > MAX_TERMS:
        raise BadSetting("licence_terms", len(given.licence_terms), f"at most {MAX_TERMS} characters")
    if not 0 < given.brake_share <= 1:
        raise BadSetting("brake_share", given.brake_share, "0 < brake_share <= 1")
    if given.disk_floor_mb < 0:
        raise BadSetting("disk_floor_mb", given.disk_floor_mb, ">= 0")
    for name in ("child_mb_a_day", "child_entries_a_day", "heads_a_day"):
        if getattr(given, name) < 1:
            raise BadSetting(name, getattr(given, name), ">= 1")
    for parent in given.parents:
        _check_origin("parents", parent.origin)
        _check_address("parents", parent.sync_address)
        _check_address("parents", parent.join_address)
    for user, person in given.people.items():
        _one_of(f"people.{user}", person.role, PERSON_ROLES)


def _is_plain(value: object) -> bool:
    return not isinstance(value, str) or value.isprintable()


def _check_origin(name: str, value: str) -> None:
    try:
        origins.check(value)
    except Malformed as error:
        raise BadSetting(name, value, "an origin like ip.gd.example/gz") from error


def _check_address(name: str, value: str, empty_allowed: bool = False) -> None:
    if not (empty_allowed and not value) and not _ADDRESS.fullmatch(value):
        raise BadSetting(name, value, "host:port")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadSetting(name, value, " | ".join(allowed))


def language(path: Path, environ: Mapping[str, str]) -> str | None:
    """Return the language that the environment or the home at `path` asks for; None if neither says one we know.

    Wrong settings are no error here: they are told later, and in some language.
    """
    try:
        told = environ.get("BANYAN_LANGUAGE") or _read(Home(path)).get("language")
    except (NodeError, OSError):
        return None
    return told if told in ("zh", "en") else None
