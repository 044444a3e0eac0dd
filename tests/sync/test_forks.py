"""A fork is found by whichever head or package shows it first, and its evidence is written at that moment."""

import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from sync import fork, forks, mirror, proved, store, tree
from sync.bundles import Bundles, packages
from sync.errors import BadProof, BadSignature, Fork, NotAllowed, OverLimit
from sync.fork import Beginning
from sync.registrations import Registrations
from sync.registry import Registry
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OUTLET, InjectedFault
from tests.sync.mirrored import Holds

COMMON = 300  # entries before the machine was copied


class Owner:
    """One of the two machines that sign as the outlet; its heads by size."""

    def __init__(self, path):
        self.written = made.Written(path, OUTLET)
        self.heads = {}

    def grow_to(self, size):
        with self.written.own() as own:
            missing = size - own.log.next_entry
        self.written.add(missing, body=str(self.written.path).encode())
        self.heads[size] = self.written.seal()
        return self.heads[size]

    def _read(self, question):
        with made.opened(self.written.log_db) as found:
            log = found.log(OUTLET)
            return question(found, log, Bundles(found, log))

    def packages(self, start, end):
        return self._read(
            lambda found, log, _: list(packages(found, log, start, end, end, lambda audience, index: True))
        )

    def proof(self, old, new):
        return self._read(lambda _found, _log, bundles: tree.consistency_proof(bundles, old, new))

    def begins(self, old, new):
        root = self._read(lambda _found, _log, bundles: bundles.root(old))
        return Beginning(old, root, tuple(self.proof(old, new)))


@pytest.fixture(scope="module")
def owners(tmp_path_factory):
    """Two machines with the same 300 entries; the first has 302, 512 and 900, its twin 302, 305, 600 and 901."""
    place = tmp_path_factory.mktemp("owners")
    one = Owner(place / "one")
    one.grow_to(COMMON)
    shutil.copytree(place / "one", place / "twin")
    twin = Owner(place / "twin")
    twin.heads.update(one.heads)
    for size in (302, 512, 900):
        one.grow_to(size)
    for size in (302, 305, 600, 901):
        twin.grow_to(size)
    return one, twin


class Mirror:
    """A hub's mirror of the outlet; every call opens it anew."""

    def __init__(self, path):
        self.written = made.Written(path, HUB)

    def record(self, owner, size, path, old=0, begins=fork.NOTHING):
        with made.opened(self.written.log_db) as found:
            note = owner.heads[size].note
            return mirror.record_head(
                found, made.registration(OUTLET), path, note, old, owner.proof(old, size), begins
            )  # fmt: skip

    def take(self, owner, start, end, count=99):
        with made.opened(self.written.log_db) as found:
            for one in owner.packages(start, end)[:count]:
                mirror.take(found, made.registration(OUTLET), one, owner.heads[end], made.committer(OUTLET), Holds())

    def bring(self, owner, start, end, path, count=99):
        self.record(owner, end, path, start)
        self.take(owner, start, end, count)

    def compare(self):
        with made.opened(self.written.log_db) as found:
            mirror.compare_heads(found, found.log(OUTLET), made.registration(OUTLET))

    @property
    def log(self):
        with made.opened(self.written.log_db) as found:
            return found.log(OUTLET)

    def evidence(self):
        """The one file that is kept, verified; and that it is what froze the log."""
        with made.opened(self.written.log_db) as found:
            (kept,) = forks.kept(found)
            assert found.log(OUTLET).frozen == "fork"
            assert [what for _at, what, _origin, _detail in found.alarms()] == ["fork"]
            assert len(kept.file) <= fork.MAX_BYTES
            return fork.decode(kept.file)


@pytest.fixture
def hub(tmp_path):
    return Mirror(tmp_path / "hub")


# -- where it shows ---------------------------------------------------------------------------------------------------


def test_two_heads_of_one_size(hub, owners):
    one, twin = owners
    hub.record(one, 302, CITY)
    with pytest.raises(Fork):
        hub.record(twin, 302, ALLIANCE)
    found = hub.evidence()
    assert (found.sizes, found.size, found.branches[0].proof) == ((302, 302), 302, ())


def test_a_smaller_head_than_what_is_stored(hub, owners):
    one, twin = owners
    hub.bring(one, 0, 512, CITY)
    with pytest.raises(Fork):
        hub.record(twin, 305, ALLIANCE)
    assert (hub.evidence().sizes, hub.evidence().size) == ((305, 512), 305)
    assert hub.log.next_entry == 512


def test_a_larger_head_whose_tree_begins_otherwise(hub, owners):
    """Within one bundle no package could show it: its bringer says what its tree has where we hold entries."""
    one, twin = owners
    hub.bring(one, 0, 302, CITY)
    with pytest.raises(Fork):
        hub.record(twin, 305, ALLIANCE, begins=twin.begins(302, 305))
    assert (hub.evidence().sizes, hub.evidence().size) == ((302, 305), 302)


def test_a_beginning_that_the_head_does_not_sign_is_refused_and_freezes_nothing(hub, owners):
    one, twin = owners
    hub.bring(one, 0, 302, CITY)
    for wrong in (Beginning(302, bytes(32), twin.begins(302, 305).proof), Beginning(302, bytes(32), ())):
        with pytest.raises(BadProof):
            hub.record(twin, 305, ALLIANCE, begins=wrong)
    assert hub.log.frozen == ""


def test_a_true_beginning_is_no_fork(hub, owners):
    one, _twin = owners
    hub.bring(one, 0, 302, CITY)
    assert hub.record(one, 512, ALLIANCE, begins=one.begins(302, 512)) == 512
    assert hub.record(one, 900, ALLIANCE, 512, begins=one.begins(512, 900)) == 900  # more than is stored: not compared
    assert hub.log.frozen == ""


def test_a_package_behind_whole_bundles_that_differ(hub, owners):
    one, twin = owners
    hub.bring(one, 0, 512, CITY)
    hub.record(twin, 600, ALLIANCE)
    with pytest.raises(Fork):
        hub.take(twin, 512, 600)
    assert (hub.evidence().sizes, hub.evidence().size) == ((512, 600), 512)


def test_a_package_against_an_upload_that_broke_off(hub, owners):
    """No signed head reaches what is stored: the one that the upload was for does, by the last package's proof."""
    one, twin = owners
    hub.bring(one, 0, 900, CITY, count=2)
    hub.record(twin, 901, ALLIANCE)
    with pytest.raises(Fork):
        hub.take(twin, 512, 901)
    assert (hub.evidence().sizes, hub.evidence().size) == ((900, 901), 512)


def test_a_head_against_an_upload_that_broke_off(hub, owners):
    one, twin = owners
    hub.bring(one, 0, 900, CITY, count=2)
    with pytest.raises(Fork):
        hub.record(twin, 305, ALLIANCE)
    assert (hub.evidence().sizes, hub.evidence().size) == ((305, 900), 305)


def test_a_head_that_was_ahead_is_compared_once_the_entries_are_there(hub, owners):
    """It was kept when nothing could be compared with it, and its size never comes again."""
    one, twin = owners
    hub.bring(one, 0, 302, CITY)
    hub.record(twin, 600, ALLIANCE)
    hub.bring(one, 302, 900, CITY)
    with pytest.raises(Fork):
        hub.compare()
    assert hub.evidence().sizes == (600, 900)


def test_a_pooled_head_by_keys_that_were_taken_back_since_freezes_nothing(hub, owners):
    """Whoever stole them may have signed it."""
    one, twin = owners
    hub.bring(one, 0, 302, CITY)
    hub.record(twin, 600, ALLIANCE)
    hub.bring(one, 302, 900, CITY)
    known = made.registration(OUTLET)
    stolen = replace(known.ages[0], over=True, revoked=True, last_good=one.heads[302].checkpoint)
    fresh = replace(stolen, log_keys=made.verifiers(made.signers(OUTLET, 2)), over=False, revoked=False, last_good=None)
    with made.opened(hub.written.log_db) as found:
        mirror.compare_heads(found, found.log(OUTLET), replace(known, eras=(stolen, fresh)))
    assert hub.log.frozen == ""


# -- pooled heads -----------------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(store, "MAX_SIGHTINGS", 3)


def sighted(hub):
    with made.opened(hub.written.log_db) as found:
        rows = found.db.execute("select size, path from sighting order by rowid")
        return rows.fetchall()


def test_the_quota_never_loses_a_head_that_nothing_was_compared_with(hub, owners, few):
    one, twin = owners
    hub.record(one, 302, CITY)
    for size in (305, 600):  # signed, refused for their proofs, and kept
        with pytest.raises(BadProof), made.opened(hub.written.log_db) as found:
            mirror.record_head(found, made.registration(OUTLET), CITY, twin.heads[size].note, 302, [])
    before = sighted(hub)
    assert (305, CITY) in before
    with pytest.raises(OverLimit):
        hub.record(one, 900, CITY, 302)
    assert sighted(hub) == before
    assert hub.record(one, 512, ALLIANCE) == 512  # another path has room of its own
    hub.take(one, 0, 512)
    with pytest.raises(Fork):
        hub.compare()
    assert hub.evidence().sizes == (305, 512)


def test_heads_that_a_later_one_of_their_path_continues_make_room(hub, tmp_path, few):
    owner = Owner(tmp_path / "owner")
    for size in range(2, 12):
        owner.grow_to(size)
        hub.record(owner, size, CITY, size - 1 if size > 2 else 0)
    assert [size for size, _path in sighted(hub)] == [9, 10, 11]


def test_what_was_compared_makes_room(hub, tmp_path, few):
    owner = Owner(tmp_path / "owner")
    for size in range(2, 12):
        owner.grow_to(size)
        hub.bring(owner, size - 1 if size > 2 else 0, size, CITY)
        hub.compare()
    assert len(sighted(hub)) == 3


# -- told by others ---------------------------------------------------------------------------------------------------


def evidence_of(owners):
    one, twin = owners
    keys = made.verifiers(made.signers(OUTLET))
    begins = twin.begins(512, 901)
    theirs = fork.Branch(twin.heads[901], begins.root, begins.proof)
    return fork.encode(keys, 512, fork.Branch(one.heads[512], one.heads[512].root), theirs)


@pytest.fixture
def shown(tmp_path):
    """How the outlet's keys are registered, as its hub and city prove it."""
    proofs = []
    for home, name, role in ((HUB, CITY, "substation"), (CITY, OUTLET, "outlet")):
        written = made.Written(tmp_path / "registered" / role, home)
        with written.own() as own:
            own.state(made.node(name, role))
        signed = written.seal()
        with made.opened(written.log_db) as found:
            bundles = Bundles(found, found.log(home))
            proofs.append(proved.prove(bundles, 1, bundles.entries(1, 2)[0], 2, signed.note, {}))
    return Registrations(made.the_federation().statements, tuple(proofs)).encode()


def learn(hub, raw, shown=b"", takes_effect=None):
    path = hub.written.log_db
    made_store = made.Store(path) if takes_effect is None else made.FaultyStore(path, made.Faults(1, takes_effect))
    with closing(made_store) as found:
        return forks.learn(found, Registry(found, made.the_federation(), HUB), raw, shown, CITY)


def test_a_fork_that_another_node_tells_of_is_verified_then_kept_and_freezes_the_log(hub, owners, shown):
    hub.bring(owners[0], 0, 512, CITY)
    assert learn(hub, evidence_of(owners), shown)
    assert hub.evidence().sizes == (512, 901)
    assert not learn(hub, evidence_of(owners), shown)
    with pytest.raises(NotAllowed, match="frozen"):
        hub.record(owners[0], 900, CITY, 512)


def test_keys_that_nobody_registered_prove_nothing(hub, owners, shown):
    hub.bring(owners[0], 0, 512, CITY)
    with pytest.raises(BadSignature):
        learn(hub, evidence_of(owners))
    others = Registrations.decode(shown)
    with pytest.raises(BadSignature):
        learn(hub, evidence_of(owners), Registrations(others.statements, others.proofs[:1]).encode())
    assert hub.log.frozen == ""


def test_a_log_of_which_nothing_was_held_is_frozen_at_its_first_head(hub, owners, shown):
    assert learn(hub, evidence_of(owners), shown)
    assert hub.log is None
    with pytest.raises(NotAllowed, match="frozen"):
        hub.record(owners[0], 302, CITY)
    assert hub.log.frozen == "fork"


def test_at_most_four_files_of_one_log_are_kept_and_one_alarm_is_raised(hub, owners, shown):
    hub.bring(owners[0], 0, 512, CITY)
    raws = [evidence_of(owners)] + [again(owners) for _ in range(5)]
    assert [learn(hub, raw, shown) for raw in raws] == [True] * 4 + [False] * 2
    with made.opened(hub.written.log_db) as found:
        assert len(found.alarms()) == 1
        names = [(OUTLET, fork.name_of(raw)) for raw in raws]
        assert forks.wanted(found, names) == []
        assert forks.wanted(found, [("ip.gd.example/gz/giants", b"x" * 32)]) == [b"x" * 32]


def again(owners):
    """The same fork, found by another node that had the heads signed anew."""
    one, twin = owners
    anew = made.signed(OUTLET, 512, one.heads[512].root)
    begins = twin.begins(512, 901)
    keys = made.verifiers(made.signers(OUTLET))
    return fork.encode(keys, 512, fork.Branch(anew, anew.root), fork.Branch(twin.heads[901], begins.root, begins.proof))


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_while_it_is_kept_leaves_all_or_nothing(hub, owners, shown, takes_effect):
    hub.bring(owners[0], 0, 512, CITY)
    with pytest.raises(InjectedFault):
        learn(hub, evidence_of(owners), shown, takes_effect)
    assert hub.log.frozen == ("fork" if takes_effect else "")
    assert learn(hub, evidence_of(owners), shown) is not takes_effect
    hub.evidence()
