"""Key files: made once, whole, and for their owner only."""

import pytest
from cryptography import x509

from node import authority, keyfiles
from node.errors import BadCertificate, KeysExist, KeysExposed, KeysMissing, NotJoined
from node.home import Home
from sync import keys
from sync.checkpoint import Checkpoint
from sync.head import open_head, open_receipt, sign_head, sign_receipt

ORIGIN = "ip.gd.example/gz/scut"
FILES = {"log-ed25519.seed", "log-mldsa44.seed", "mirror-mldsa44.seed", "hpke-x25519.key", "tls.key"}


@pytest.fixture
def home(tmp_path):
    made = Home.create(tmp_path / "home")
    keyfiles.create(made, ORIGIN)
    return made


def test_every_key_is_private_and_nothing_else_is_left(home):
    assert {one.name for one in home.keys.iterdir()} == FILES
    assert {one.stat().st_mode & 0o777 for one in home.keys.iterdir()} == {0o600}
    assert home.keys.stat().st_mode & 0o777 == 0o700
    assert not home.new_keys.exists()


def test_the_keys_sign_heads_and_receipts_under_their_names(home):
    found, at = keyfiles.load(home, ORIGIN), Checkpoint(ORIGIN, 0, bytes(32))
    head = sign_head(found.log, at, 7)
    assert open_head(head.note, [one.verifier for one in found.log]).time_s == 7
    assert open_receipt(sign_receipt(found.mirror, at, 9), ORIGIN, found.mirror.verifier, 9).signer == ORIGIN
    assert [one.type for one in (*found.log, found.mirror)] == [keys.ED25519, keys.MLDSA44, keys.MLDSA44]
    assert len({one.seed for one in (*found.log, found.mirror)} | {found.hpke_seed}) == 4
    assert len(found.hpke_public) == 32


def test_no_secret_is_shown(home):
    found = keyfiles.load(home, ORIGIN)
    shown = repr(found) + str(found)
    secrets = [found.hpke_seed, found.tls_key_pem, found.mirror.seed, *(one.seed for one in found.log)]
    assert not any(repr(one)[2:-1] in shown or one.hex() in shown for one in secrets)
    assert "PRIVATE" not in shown


def test_keys_are_never_replaced(home):
    before = keyfiles.load(home, ORIGIN)
    with pytest.raises(KeysExist):
        keyfiles.create(home, ORIGIN)
    assert keyfiles.load(home, ORIGIN) == before


def test_an_attempt_that_broke_off_is_made_again(tmp_path):
    home = Home.create(tmp_path / "home")
    home.new_keys.mkdir()
    (home.new_keys / "log-ed25519.seed").write_bytes(b"half")
    keyfiles.create(home, ORIGIN)
    assert keyfiles.load(home, ORIGIN).log[0].seed != b"half"


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_reach_is_not_used(home, name, mode):
    (home.keys / name).chmod(mode)
    with pytest.raises(KeysExposed) as refused:
        keyfiles.load(home, ORIGIN)
    assert refused.value.named()["path"].endswith(name)


def test_a_directory_that_others_reach_is_refused_too(home):
    home.keys.chmod(0o755)
    with pytest.raises(KeysExposed):
        keyfiles.load(home, ORIGIN)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_key_is_named(home, name):
    (home.keys / name).unlink()
    with pytest.raises(KeysMissing) as refused:
        keyfiles.load(home, ORIGIN)
    assert refused.value.args[0].endswith(name)


def test_a_short_seed_is_refused(home):
    (home.keys / "log-ed25519.seed").write_bytes(bytes(31))
    with pytest.raises(KeysMissing):
        keyfiles.load(home, ORIGIN)


def test_a_parents_certificate_is_kept_with_its_authority(home, tmp_path):
    parent = Home.create(tmp_path / "parent")
    keyfiles.create(parent, "ip.gd.example/gz")
    authority.create(parent, "ip.gd.example/gz")
    with pytest.raises(NotJoined):
        keyfiles.client_certificate(home, "ip.gd.example/gz")
    request = authority.csr(keyfiles.load(home, ORIGIN).tls_key_pem, ORIGIN)
    issued = authority.issue_client(parent, request, ORIGIN, 90)
    keyfiles.save_client_certificate(home, "ip.gd.example/gz", issued, authority.authority_der(parent))
    ours, ca = (x509.load_pem_x509_certificate(one) for one in keyfiles.client_certificate(home, "ip.gd.example/gz"))
    assert ours == x509.load_der_x509_certificate(issued)
    assert ca == authority.authority(parent)
    assert (home.keys / "parent-ip.gd.example_gz.crt").stat().st_mode & 0o777 == 0o600


def test_what_a_parent_sends_in_place_of_a_certificate_is_refused_and_the_old_one_stays(home, tmp_path):
    parent = Home.create(tmp_path / "parent")
    keyfiles.create(parent, "ip.gd.example/gz")
    authority.create(parent, "ip.gd.example/gz")
    good = authority.authority_der(parent)
    keyfiles.save_client_certificate(home, "ip.gd.example/gz", good, good)
    held = keyfiles.client_certificate(home, "ip.gd.example/gz")
    for sent in (b"", b"junk", good[:-1]):
        with pytest.raises(BadCertificate):
            keyfiles.save_client_certificate(home, "ip.gd.example/gz", sent, good)
    assert keyfiles.client_certificate(home, "ip.gd.example/gz") == held


# -- generations ------------------------------------------------------------------------------------------------------


def test_new_keys_are_made_beside_the_old_and_used_once_taken_into_use(home):
    before = keyfiles.load(home, ORIGIN)
    following = keyfiles.make_next(home, ["log", "hpke"])
    assert keyfiles.load(home, ORIGIN) == before
    assert keyfiles.begun(home) == ["log", "hpke"]
    coming = keyfiles.load(home, ORIGIN, following)
    assert keyfiles.load(home, ORIGIN, keyfiles.make_next(home, ["log", "hpke"])) == coming, "made once"
    keyfiles.take_into_use(home, following)
    keyfiles.take_into_use(home, following)
    assert keyfiles.load(home, ORIGIN) == coming
    assert keyfiles.begun(home) == []
    assert (coming.earlier_log, coming.earlier_hpke_seeds) == ((before.log,), (before.hpke_seed,))
    assert (coming.mirror, coming.earlier_mirror) == (before.mirror, ())
    assert {one.stat().st_mode & 0o777 for one in home.keys.iterdir()} == {0o600}


def test_an_attempt_that_broke_off_between_two_keys_is_finished(home):
    following = keyfiles.make_next(home, ["log"])
    (home.keys / "log-mldsa44.2.seed").unlink()
    kept = (home.keys / "log-ed25519.2.seed").read_bytes()
    assert keyfiles.begun(home) == ["log"]
    assert keyfiles.make_next(home, ["log"]) == following
    assert keyfiles.load(home, ORIGIN, following).log[0].seed == kept


@pytest.mark.parametrize("content", [b"", b"{}", b'{"log": 0, "mirror": 1, "hpke": 1}', b"[1]"])
def test_a_broken_list_of_generations_is_told(home, content):
    (home.keys / keyfiles.GENERATIONS).write_bytes(content)
    (home.keys / keyfiles.GENERATIONS).chmod(0o600)
    with pytest.raises(KeysMissing):
        keyfiles.load(home, ORIGIN)
