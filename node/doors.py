"""The two doors of a parent and the way to them: gRPC over TLS (wire.md section 6, stack.md 2.2 and 3.8).

The sync door asks every caller for a certificate of our own authority; the joining door asks for none.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from cryptography import x509
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from node import authority, keyfiles
from node.errors import BadCertificate, NotBound, WrongPeer
from node.home import Home
from node.messages import N_
from sync.errors import NotAllowed

log = logging.getLogger(__name__)
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
MAX_JOIN_BYTES = 128 * 1024
_JOIN_WORKERS = 4
_JOIN_AGE_MS, _JOIN_GRACE_MS = 60_000, 30_000  # who says nothing there is sent away, and the next one has room
_SERVER_OPTIONS = (
    ("grpc.so_reuseport", 0),  # otherwise a second process shares the port without a word
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
)
_CLIENT_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.ssl_target_name_override", authority.SERVER_NAME),
)


def sync_server(home: Home, address: str, max_workers: int = 32) -> tuple[grpc.Server, int]:
    """Return (server, bound port) of the mutual-TLS door, health service included; add services, then start it.

    authority.server_certificate must have written a certificate; a newer one is served at once. Raises NotBound.
    """
    server = grpc.server(
        ThreadPoolExecutor(max_workers, thread_name_prefix="sync"),
        options=(
            *_SERVER_OPTIONS,
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_connection_age_ms", 3_600_000),  # so that a new certificate or a revocation reaches old ones
            ("grpc.max_connection_age_grace_ms", 600_000),
        ),
    )
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return server, _bind(server, address, _credentials(home, asks_for_certificate=True))


def join_server(home: Home, address: str) -> tuple[grpc.Server, int]:
    """Return (server, bound port) of the joining door: server TLS only, few and small calls. Raises NotBound."""
    server = grpc.server(
        ThreadPoolExecutor(_JOIN_WORKERS, thread_name_prefix="join"),
        options=(
            *_SERVER_OPTIONS,
            ("grpc.max_receive_message_length", MAX_JOIN_BYTES),
            ("grpc.max_connection_age_ms", _JOIN_AGE_MS),
            ("grpc.max_connection_age_grace_ms", _JOIN_GRACE_MS),
        ),
        maximum_concurrent_rpcs=2 * _JOIN_WORKERS,
    )
    return server, _bind(server, address, _credentials(home, asks_for_certificate=False))


def _bind(server: grpc.Server, address: str, credentials: grpc.ServerCredentials) -> int:
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise NotBound(address) from error
    if port == 0:
        raise NotBound(address)
    return port


def _credentials(home: Home, asks_for_certificate: bool) -> grpc.ServerCredentials:
    fetch = _served(home)
    first = fetch()
    assert first is not None
    return grpc.dynamic_ssl_server_credentials(
        first,
        fetch,  # type: ignore[arg-type]  # None, "not changed", is allowed
        require_client_authentication=asks_for_certificate,
    )


def _served(home: Home) -> Callable[[], grpc.ServerCertificateConfiguration | None]:
    """Return what gRPC asks at every connection: the certificate to serve, or None while it has not changed."""
    path = home.keys / authority.SERVER_CERTIFICATE
    served = (b"", b"")

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal served
        found = path.read_bytes()
        roots = b"".join(one.public_bytes(authority.PEM) for one in authority.held(home).values())
        if (found, roots) == served:
            return None
        key = keyfiles.read_private(home.keys / keyfiles.TLS)
        ends = authority.not_after(found).date()
        served = (found, roots)
        log.info("serving certificate ends=%s", ends)
        return grpc.ssl_server_certificate_configuration([(key, found)], roots)

    return fetch


def channel(address: str, ca_pem: bytes, key_pem: bytes, cert_pem: bytes | None, peer_origin: str) -> grpc.Channel:
    """Return a channel to the door of `peer_origin`; without `cert_pem` it can reach a joining door only.

    The parent's authority issues server certificates to itself alone, so who shows one is that parent, at any address.
    `ca_pem` holds its authority, or several while one follows another.
    Raises WrongPeer if one is the authority of another origin. Every call needs a timeout.
    """
    try:
        found = [authority.peer_origin(one) for one in x509.load_pem_x509_certificates(ca_pem)]
    except ValueError as error:
        raise BadCertificate(N_("not a certificate")) from error
    for one in found:
        if one != peer_origin:
            raise WrongPeer(peer_origin, one)
    ours = (key_pem, cert_pem) if cert_pem is not None else (None, None)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(ca_pem, *ours), options=_CLIENT_OPTIONS)


def peer(context: grpc.ServicerContext) -> str:
    """Return the caller's origin, from its certificate; raise NotAllowed if it has none or names several."""
    try:
        return authority.peer_origin(shown_by(context))
    except BadCertificate as error:
        raise NotAllowed("caller", "certificate") from error


def shown_by(context: grpc.ServicerContext) -> x509.Certificate:
    """Return the certificate that the caller shows; raise NotAllowed if there is none, or several."""
    shown: list[bytes] = list(context.auth_context().get("x509_pem_cert", ()))  # type: ignore[arg-type]
    try:
        (one,) = shown
        return x509.load_pem_x509_certificate(one)
    except ValueError as error:  # none, several, or no certificate
        raise NotAllowed("caller", "certificate") from error
