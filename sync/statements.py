"""What control entries state of an origin: only those that are stored under a head, and never by claims.

Each statement is read from the log in which it stands, as far as that log is believed, or was introduced by a proof in
it. Whether its author may state it is not judged here, but that the hub must confirm it (wire.md section 6).
"""

from sync import control, origin, tree
from sync.eras import Said
from sync.federation import Federation
from sync.schema import index_of, key
from sync.store import Log, Store


class Statements:
    """The statements that this node holds now. Reads log.db at every question, so that revoking is immediate."""

    def __init__(self, store: Store, federation: Federation, me: str):
        self._store = store
        self._db = store.db
        self._federation = federation
        self._me = me

    @property
    def federation(self) -> Federation:
        return self._federation

    def trust(self, federation: Federation) -> None:
        """Go on with a longer chain of the root statements held so far."""
        self._federation = federation

    @property
    def store(self) -> Store:
        return self._store

    @property
    def me(self) -> str:
        return self._me

    def version(self) -> int:
        """Return a number that grows with every control entry that is stored here."""
        return int(self._db.execute("select count(*) from control").fetchone()[0])

    def fingerprint(self) -> bytes:
        """Return what differs once anything that this registry reads is stored, believed or introduced."""
        row = self._db.execute(
            "select (select count(*) from control), (select total(stored) from log), "
            "(select total(next_entry) from log where origin = ?), (select total(length(proof)) from introduction)",
            (self._me,),
        ).fetchone()
        return "/".join(str(int(one)) for one in row).encode()

    def believed(self, log: Log) -> int:
        """A node believes all of its own log, and of others' what is under a head that it stored."""
        return log.next_entry if log.origin == self._me else log.stored

    def home(self, name: str) -> str:
        """Return the origin that registers `name`: by its name, unless the hub says otherwise."""
        return self.homes(name)[-1]

    def homes(self, name: str) -> list[str]:
        """Return the origins that have registered `name`, each once, the present one last."""
        found = [origin.default_home(name)]
        for one in self.in_log(name, origin.federation(name), "home"):
            if isinstance(one.statement, control.Home):
                found = [*(home for home in found if home != one.statement.home), one.statement.home]
        return found

    def moves(self, name: str) -> list[Said]:
        """Return the hub's statements that moved `name` to another home."""
        return self.in_log(name, self._federation.name, "home")

    def successions(self, name: str) -> list[Said]:
        """Return what homes of `name` state of the log that it goes on from."""
        return [one for home in self.homes(name) for one in self._stated(name, home, "successor")]

    def hub_changes(self) -> list[Said]:
        """Return the statements of the hub's log that end eras of its own keys."""
        return self.in_log(self._federation.name, self._federation.name, "rotate")

    def confirmations(self, name: str) -> list[Said]:
        """Return what the hub has confirmed of `name`."""
        return self.in_log(name, self._federation.name, "confirm")

    def unconfirmed(self, name: str) -> list[Said]:
        """Return what the present home of `name` states and what counts only with the hub's word, which is not given:
        new keys without a signature by those before, and going on from a frozen log.
        """
        home = self.home(name)
        return [
            one
            for one in self.in_log(name, home, "rotate", "successor")
            if (not isinstance(one.statement, control.Rotate) or not one.statement.signatures)
            and not self.is_confirmed(name, home, one.index, one.raw)
        ]

    def is_confirmed(self, name: str, home: str, index: int, raw: bytes) -> bool:
        """Tell whether the hub agrees with entry `index` of `home`, which is about `name`."""
        wanted = control.Confirm(name, home, index, tree.leaf_hash(raw))
        return any(one.statement == wanted for one in self.confirmations(name))

    def predecessor(self, name: str) -> control.Successor | None:
        """Return which frozen log the log `name` goes on from, once the hub has confirmed it."""
        for one in self.successions(name):
            if isinstance(one.statement, control.Successor) and self.is_confirmed(name, one.home, one.index, one.raw):
                return one.statement
        return None

    def successor(self, old: str) -> str:
        """Return the log that goes on from the frozen log `old`, once the hub has confirmed it; "" for none."""
        for name in self._named_after(old):
            found = self.predecessor(name)
            if found is not None and found.old == old:
                return name
        return ""

    def _named_after(self, old: str) -> list[str]:
        base, _number = origin.generation(old)
        rows = self._db.execute(
            "select distinct about from control where what = 'successor' and about > ? and about < ? order by about",
            (f"{base}.g", f"{base}.h"),
        )
        return [about for (about,) in rows.fetchall()]

    def going_on(self, old: str) -> list[Said]:
        """Return what the home of `old` states of logs that are to go on from it, confirmed or not, oldest first."""
        home = self.home(old)
        said = [one for name in self._named_after(old) for one in self.in_log(name, home, "successor")]
        mine = [one for one in said if isinstance(one.statement, control.Successor) and one.statement.old == old]
        return sorted(mine, key=lambda one: one.index)

    def may_exist(self, name: str) -> bool:
        """A log that goes on from another one needs the hub's word as well as its home's."""
        return not origin.is_successor(name) or self.predecessor(name) is not None

    def said(self, name: str, home: str) -> list[Said]:
        """Return what `home` states of `name` and its keys, by index: mirrored here, or introduced."""
        return self._stated(name, home, "node", "rotate", "revoke")

    def _stated(self, name: str, home: str, *what: str) -> list[Said]:
        found = {one.index: one for one in self.in_log(name, home, *what)}
        if name != home:
            rows = self._db.execute(
                "select idx, entry from introduction where origin = ? and home = ? order by idx", (name, home)
            )
            for index, raw in rows.fetchall():
                if control.describe(control.body_of(raw))[0] in what:
                    found.setdefault(index, Said(home, index, raw, control.decode(control.body_of(raw))))
        return [found[index] for index in sorted(found)]

    def in_log(self, name: str, log_origin: str, *what: str) -> list[Said]:
        """Return the statements of these kinds on `name` in one log, by index, as far as the log is believed."""
        log = self._store.log(log_origin)
        if log is None:
            return []
        marks = ", ".join("?" * len(what))
        rows = self._db.execute(
            f"select id, entry from control where about = ? and what in ({marks}) and log = ? and id < ? order by id",
            (name, *what, log.id, key(log.id, self.believed(log))),
        ).fetchall()
        return [Said(log_origin, index_of(row), raw, control.decode(control.body_of(raw))) for row, raw in rows]

    def stated(self, what: str, about: str, log_origin: str) -> tuple[int, bytes] | None:
        """Return (index, entry) of the newest statement on `about` in that log, as far as the log is believed."""
        log = self._store.log(log_origin)
        if log is None:
            return None
        row = self._db.execute(
            "select id, entry from control where about = ? and what = ? and log = ? and id < ? "
            "order by id desc limit 1",
            (about, what, log.id, key(log.id, self.believed(log))),
        ).fetchone()
        return (index_of(row[0]), row[1]) if row else None
