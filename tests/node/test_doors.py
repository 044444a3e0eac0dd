"""The doors, with real TLS on loopback."""

import os
import threading
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node import authority, doors, keyfiles
from node.errors import BadCertificate, NotBound, WrongPeer
from node.home import Home
from sync.errors import NotAllowed

PARENT, CHILD = "ip.gd.example/gz", "ip.gd.example/gz/scut"
CALL = "/banyan.test/Echo"


def parent_at(path, origin=PARENT):
    home = Home.create(path)
    keyfiles.create(home, origin)
    authority.create(home, origin)
    authority.server_certificate(home, ["127.0.0.1"])
    return home


class Echo(grpc.GenericRpcHandler):
    """Answers with who calls."""

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda _body, context: doors.peer(context).encode())


class Size(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda body, _context: str(len(body)).encode())


@pytest.fixture
def parent(tmp_path):
    return parent_at(tmp_path / "parent")


@pytest.fixture
def opened():
    started = []

    def start(server_and_port, handler):
        server, port = server_and_port
        server.add_generic_rpc_handlers((handler,))
        server.start()
        started.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in started:
        server.stop(None).wait()


class Child:
    """A child's TLS key, and its certificate by some authority."""

    def __init__(self, issuer, origin=CHILD, days=90, now=None):
        self.key = keyfiles.new_p256_pem()
        der = authority.issue_client(issuer, authority.csr(self.key, origin), origin, days, now)
        self.certificate = x509.load_der_x509_certificate(der).public_bytes(authority.PEM)


def authority_pem(home):
    return authority.authority(home).public_bytes(authority.PEM)


def call(channel, body=b"x"):
    with channel:
        return channel.unary_unary(CALL)(body, timeout=5)


def refused(channel):
    with pytest.raises(grpc.RpcError) as error:
        call(channel)
    return error.value.code()


def test_the_right_certificate_opens_the_sync_door_and_says_who_calls(parent, opened):
    address, child = opened(doors.sync_server(parent, "127.0.0.1:0"), Echo()), Child(parent)
    assert call(doors.channel(address, authority_pem(parent), child.key, child.certificate, PARENT)) == CHILD.encode()


def test_health_is_answered_to_callers_with_a_certificate(parent, opened):
    address, child = opened(doors.sync_server(parent, "127.0.0.1:0"), Echo()), Child(parent)
    with doors.channel(address, authority_pem(parent), child.key, child.certificate, PARENT) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_no_certificate_a_foreign_or_an_ended_one_opens_nothing(parent, opened, tmp_path):
    address = opened(doors.sync_server(parent, "127.0.0.1:0"), Echo())
    other = parent_at(tmp_path / "other")
    ended = Child(parent, days=1, now=datetime.now(UTC) - timedelta(days=3))
    server_pem = (parent.keys / authority.SERVER_CERTIFICATE).read_bytes()
    server_key = keyfiles.load(parent, PARENT).tls_key_pem
    for key, certificate in (
        (keyfiles.new_p256_pem(), None),
        (Child(other).key, Child(other).certificate),
        (ended.key, ended.certificate),
        (server_key, server_pem),
    ):
        channel = doors.channel(address, authority_pem(parent), key, certificate, PARENT)
        assert refused(channel) == grpc.StatusCode.UNAVAILABLE


def test_a_child_does_not_talk_to_a_parent_of_another_authority(parent, opened, tmp_path):
    address = opened(doors.sync_server(parent, "127.0.0.1:0"), Echo())
    other = parent_at(tmp_path / "other")
    child = Child(other)
    channel = doors.channel(address, authority_pem(other), child.key, child.certificate, PARENT)
    assert refused(channel) == grpc.StatusCode.UNAVAILABLE


def test_a_child_cannot_pose_as_its_parent(parent, opened, tmp_path):
    """Its certificate is by the right authority, but for a client."""
    posing, child = parent_at(tmp_path / "posing"), Child(parent)
    (posing.keys / keyfiles.TLS).write_bytes(child.key)
    (posing.keys / authority.SERVER_CERTIFICATE).write_bytes(child.certificate)
    address = opened(doors.join_server(posing, "127.0.0.1:0"), Size())
    assert refused(doors.channel(address, authority_pem(parent), b"", None, PARENT)) == grpc.StatusCode.UNAVAILABLE


def test_an_authority_of_another_origin_is_refused_before_calling(parent):
    with pytest.raises(WrongPeer) as wrong:
        doors.channel("127.0.0.1:1", authority_pem(parent), b"", None, "ip.gd.example/sz")
    assert wrong.value.args == ("ip.gd.example/sz", PARENT)
    with pytest.raises(BadCertificate):
        doors.channel("127.0.0.1:1", b"junk", b"", None, PARENT)


def test_a_new_server_certificate_is_served_without_restart(parent, opened, tmp_path):
    address, child = opened(doors.sync_server(parent, "127.0.0.1:0"), Echo()), Child(parent)
    other = parent_at(tmp_path / "other")

    def reached(ca):
        return call(doors.channel(address, ca, child.key, child.certificate, PARENT))

    assert reached(authority_pem(parent)) == CHILD.encode()
    server_key = x509.load_der_x509_csr(authority.csr(keyfiles.load(parent, PARENT).tls_key_pem, PARENT)).public_key()
    (other.keys / keyfiles.TLS).write_bytes((parent.keys / keyfiles.TLS).read_bytes())
    by_other = authority.server_certificate(other, ["127.0.0.1"])
    assert x509.load_pem_x509_certificate(by_other).public_key() == server_key
    (parent.keys / authority.SERVER_CERTIFICATE).write_bytes(by_other)
    assert reached(authority_pem(other)) == CHILD.encode()
    (parent.keys / authority.SERVER_CERTIFICATE).write_bytes(b"damaged")
    assert reached(authority_pem(other)) == CHILD.encode(), "the last good one stays"


def test_the_joining_door_asks_for_no_certificate_and_takes_little(parent, opened):
    address = opened(doors.join_server(parent, "127.0.0.1:0"), Size())
    ca = authority_pem(parent)
    assert call(doors.channel(address, ca, b"", None, PARENT), bytes(60_000)) == b"60000"
    with doors.channel(address, ca, b"", None, PARENT) as channel, pytest.raises(grpc.RpcError) as error:
        channel.unary_unary(CALL)(bytes(doors.MAX_JOIN_BYTES + 1), timeout=5)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_callers_who_say_nothing_do_not_keep_the_joining_door_shut(parent, opened, monkeypatch):
    """Without a certificate anybody can begin a call and never send its request."""
    monkeypatch.setattr(doors, "_JOIN_AGE_MS", 500)
    monkeypatch.setattr(doors, "_JOIN_GRACE_MS", 500)
    silent = threading.Event()

    def nothing():
        silent.wait(60)
        yield from ()

    address, ca = opened(doors.join_server(parent, "127.0.0.1:0"), Size()), authority_pem(parent)
    with doors.channel(address, ca, b"", None, PARENT) as strangers:
        begun = [strangers.stream_unary(CALL).future(nothing()) for _n in range(20)]
        try:
            for one in begun:
                with pytest.raises(grpc.RpcError):
                    one.result(timeout=20)
            assert call(doors.channel(address, ca, b"", None, PARENT)) == b"1"
        finally:
            silent.set()


def test_the_joining_door_takes_few_at_once(parent, opened):
    arrived, release = threading.Semaphore(0), threading.Event()

    class Slow(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(self.wait)

        def wait(self, body, _context):
            arrived.release()
            release.wait(20)
            return body

    address = opened(doors.join_server(parent, "127.0.0.1:0"), Slow())
    with doors.channel(address, authority_pem(parent), b"", None, PARENT) as channel:
        calls = [channel.unary_unary(CALL).future(b"x", timeout=20) for _n in range(20)]
        for _n in range(4):
            assert arrived.acquire(timeout=10)
        late = channel.unary_unary(CALL).future(b"x", timeout=20)
        assert late.exception(timeout=10).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        release.set()
        assert sum(one.exception(timeout=10) is None for one in calls) == 8


def test_large_messages_pass_the_sync_door_up_to_the_limit(parent, opened):
    address, child = opened(doors.sync_server(parent, "127.0.0.1:0"), Size()), Child(parent)
    ca, size = authority_pem(parent), doors.MAX_MESSAGE_BYTES
    channel = doors.channel(address, ca, child.key, child.certificate, PARENT)
    assert call(channel, bytes(size)) == str(size).encode()
    with doors.channel(address, ca, child.key, child.certificate, PARENT) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary(CALL)(bytes(size + 1), timeout=5)


def test_a_proxy_in_the_environment_is_not_used(parent, opened, monkeypatch):
    address = opened(doors.join_server(parent, "127.0.0.1:0"), Size())
    monkeypatch.setitem(os.environ, "http_proxy", "http://127.0.0.1:9")
    assert call(doors.channel(address, authority_pem(parent), b"", None, PARENT)) == b"1"


def test_a_port_is_never_shared(parent, opened):
    address = opened(doors.join_server(parent, "127.0.0.1:0"), Size())
    with pytest.raises(NotBound):
        doors.sync_server(parent, address)


@pytest.mark.parametrize("shown", [{}, {"x509_pem_cert": []}, {"x509_pem_cert": [b"junk"]}])
def test_a_caller_without_a_certificate_has_no_name(shown):
    class Context:
        def auth_context(self):
            return shown

    with pytest.raises(NotAllowed):
        doors.peer(Context())


def test_a_caller_with_two_certificates_has_no_name(parent):
    child = Child(parent)

    class Context:
        def auth_context(self):
            return {"x509_pem_cert": [child.certificate, child.certificate]}

    with pytest.raises(NotAllowed):
        doors.peer(Context())
