"""TLS that asks for a client certificate and lets the request decide about it.

Python's own `ssl` either does not ask, or ends the handshake on a certificate that it does not trust: whoever shows one
of another authority would get no answer, and an authority could not change without new contexts for old connections.
pyOpenSSL can take any certificate; who it is gets decided for each request (`frontproxy`). What asyncio and uvloop call
on a context and on a connection is little, and stands here.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Final, NoReturn

from cryptography import x509
from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.gateway.serving.certificates import Pair

_ALPN: Final = b"http/1.1"
_RECORD: Final = 16 * 1024
_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
_OPTIONS: Final = SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION


class AskingContext(ssl.SSLContext):
    """A server's context. New connections get the certificate that was given last; none before the first was given."""

    _context: SSL.Context | None
    _full: Callable[[], bool]

    def __new__(cls) -> AskingContext:
        """The type that event loops insist on; what it holds itself is not used."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._context = None
        made._full = lambda: False
        return made

    def refuse_while(self, full: Callable[[], bool]) -> None:
        """End connections, before anything is done for them, as long as there is no room for one more.

        Args:
            full: whether there is none, the connection that is about to shake hands among those that are there.
        """
        self._full = full

    def use(self, pair: Pair) -> None:
        """Show this certificate from now on.

        Raises:
            ValueError: key and certificate do not belong together.
        """
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(_CIPHERS)
        # A resumed session would not hold the whole chain of the client's certificate.
        context.set_options(_OPTIONS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_alpn_select_callback(_select)
        context.set_verify(SSL.VERIFY_PEER, _take_any)
        try:
            context.use_certificate(pair.certificate)
            for certificate in pair.chain:
                context.add_extra_chain_cert(certificate)
            context.use_privatekey(pair.key)
            context.check_privatekey()
        except (SSL.Error, TypeError):
            raise ValueError("the key is not that of the certificate") from None
        self._context = context

    def wrap_bio(self, incoming: Any, outgoing: Any, *_args: Any, **_kwargs: Any) -> Any:
        """A connection between the two `ssl.MemoryBIO`s of a loop's transport."""
        if self._context is None:
            raise ssl.SSLError("there is no certificate yet")
        if self._full():
            raise ssl.SSLError("there are too many connections")
        return Peer(SSL.Connection(self._context, None), incoming, outgoing)


class Peer:
    """One connection: what the SSL protocols of asyncio and uvloop call of an `ssl.SSLObject`.

    Every method raises `ssl.SSLError`s, as that one does. Itself it is the context of a call of OpenSSL's; a generator
    would do, but is a tenth of the price of a small request.
    """

    def __init__(self, connection: SSL.Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        connection.set_accept_state()
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        # Bytes given to OpenSSL since it last said that it wants more.
        self._given = 0
        self._chain: Sequence[x509.Certificate] | None = None

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The client's certificate and those that it sent with it, checked by nobody.

        Empty where it showed none, or one that cannot be read.
        """
        if self._chain is None:
            try:
                leaf = self._connection.get_peer_certificate(as_cryptography=True)
                more = self._connection.get_peer_cert_chain(as_cryptography=True) or []
            except (ValueError, x509.InvalidVersion):
                leaf, more = None, []
            self._chain = () if leaf is None else (leaf, *(other for other in more if other != leaf))
        return self._chain

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        with self:
            self._connection.do_handshake()

    def read(self, size: int = _RECORD, buffer: Any = None) -> Any:
        """Up to `size` bytes, or how many were put into `buffer`; nothing where the other side has ended in order."""
        # OpenSSL gives one record at a time; pyOpenSSL makes a new buffer of the size that is asked for.
        size = min(size, _RECORD)
        with self:
            try:
                return self._connection.recv(size) if buffer is None else self._connection.recv_into(buffer, size)
            except SSL.ZeroReturnError:
                return b"" if buffer is None else 0

    def write(self, data: Any) -> int:
        """Encrypt; returns how many bytes were taken."""
        if not data:
            return 0
        with self:
            return self._connection.send(data)

    def unwrap(self) -> None:
        """Say that nothing more comes, and wait that the other side says so too."""
        with self:
            ended = self._connection.shutdown()
        if not ended:
            raise ssl.SSLWantReadError

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | bytes | None:
        """As of a certificate that was not verified: nothing is told of it. See `chain`."""
        return None if binary_form or not self.chain else {}

    def cipher(self) -> tuple[str, str, int] | None:
        """Name, protocol and bits."""
        connection = self._connection
        name = connection.get_cipher_name()
        return (name, connection.get_cipher_version() or "", connection.get_cipher_bits() or 0) if name else None

    def compression(self) -> None:
        """There is none."""

    def pending(self) -> int:
        """0 where nothing is left to be read, else about how many bytes: uvloop reads on only if there are any."""
        return self._connection.pending() + self._given

    def __enter__(self) -> None:
        """Before a call of OpenSSL's: what came in is moved to it."""
        if self._incoming.pending:
            self._given += self._connection.bio_write(self._incoming.read())

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """After it: what is to go out is moved, and what it raised is raised as `ssl` does."""
        with contextlib.suppress(SSL.Error):
            # That nothing is left is told by an error, which is dearer than to read: a short read tells it, too.
            while self._outgoing.write(self._connection.bio_read(4 * _RECORD)) == 4 * _RECORD:
                pass
        if isinstance(error, SSL.WantReadError):
            self._given = 0
            raise ssl.SSLWantReadError from None
        if isinstance(error, SSL.Error):
            _raise(error)


def _raise(error: SSL.Error) -> NoReturn:
    """The error of `ssl` that loops know; texts are OpenSSL's own."""
    if isinstance(error, SSL.WantWriteError):
        raise ssl.SSLWantWriteError from None
    if isinstance(error, SSL.SysCallError | SSL.ZeroReturnError):
        raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the connection ended out of order") from None
    reasons = [str(entry[-1]) for entry in error.args[0]] if error.args else []
    raise ssl.SSLError(ssl.SSL_ERROR_SSL, ", ".join(reasons) or "TLS failed") from None


def _take_any(*_args: object) -> bool:
    return True


def _select(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    return _ALPN if _ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS
