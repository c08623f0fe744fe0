"""Login, renewal and re-login, with time and Vault in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.adapter import Answer
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.errors import Failure, Operation, VaultDenied, VaultRejected, VaultUnavailable
from slotwarden.vault.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATH = "secret/data/p/acme/slots/a"
DENIED = Failure(VaultDenied, "403")
AWAY = Failure(VaultUnavailable, "unreachable")


@dataclass
class FakeVault:
    """Tokens, and what was asked; each login gives a token `login-N`."""

    tokens: set[str] = field(default_factory=set)
    ttl: int = 90
    renewed_ttl: int = 90
    renewable: bool = True
    down: bool = False
    jwts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def count(self, operation: str) -> int:
        return self.asked.count(operation)


@dataclass
class FakeConnection:
    vault: FakeVault
    token: Sensitive | None

    async def _ask(self, operation: str, *, anonymous: bool = False) -> None:
        await self.vault.gate.wait()
        self.vault.asked.append(operation)
        if self.vault.down:
            raise AWAY
        if not anonymous and (self.token is None or self.token.reveal_text() not in self.vault.tokens):
            raise DENIED

    async def login(self, role: str, jwt: Sensitive, mount: str) -> Answer:
        await self._ask("login", anonymous=True)
        self.vault.jwts.append(jwt.reveal_text())
        token = f"login-{self.vault.count('login')}"
        self.vault.tokens.add(token)
        body = {"client_token": token, "lease_duration": self.vault.ttl, "renewable": self.vault.renewable}
        return Answer(200, {"auth": body})

    async def lookup(self) -> Answer:
        await self._ask("lookup")
        return Answer(200, {"data": {"ttl": self.vault.ttl, "renewable": self.vault.renewable}})

    async def renew(self) -> Answer:
        await self._ask("renew")
        return Answer(200, {"auth": {"lease_duration": self.vault.renewed_ttl, "renewable": self.vault.renewable}})

    async def read(self) -> Answer:
        await self._ask("read")
        return Answer(200, {})

    async def forbidden(self) -> Answer:
        await self._ask("forbidden")
        raise DENIED


class Clock:
    """Sleeps end when the test says so."""

    def __init__(self) -> None:
        self._sleeps: asyncio.Queue[tuple[float, asyncio.Future[None]]] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await self._sleeps.put((seconds, future))
            await future

    async def next(self) -> float:
        """Wait until something sleeps, let it go on, and tell how long it meant to sleep."""
        while True:
            seconds, future = await asyncio.wait_for(self._sleeps.get(), 10)
            if not future.cancelled():
                future.set_result(None)
                return seconds


@contextlib.asynccontextmanager
async def running(vault: FakeVault, clock: Clock, **settings: Any) -> AsyncIterator[tuple[Session, list[Any]]]:
    observed: list[Any] = []
    session = Session(
        VaultConfig("https://vault:8200", **settings),
        observe=lambda operation, code, seconds: observed.append((operation, code)),
        sleep=clock.sleep,
        rand=lambda: 0.0,
        connect=lambda token: FakeConnection(vault, token),  # type: ignore[arg-type,return-value]
    )
    try:
        yield session, observed
    finally:
        await session.close()


def kubernetes(folder: Path) -> dict[str, Any]:
    (folder / "jwt").write_text("jwt-1\n")
    return {"auth": "kubernetes", "role": "slotwarden", "jwt_path": folder / "jwt"}


async def read(session: Session) -> Answer:
    return await session.call(Operation.READ, PATH, FakeConnection.read)  # type: ignore[arg-type]


async def test_a_root_token_is_looked_at_once_and_never_renewed() -> None:
    vault, clock = FakeVault({"root"}, ttl=0), Clock()
    async with running(vault, clock, token=Sensitive(b"root")) as (session, observed):
        await read(session)
        assert session._renewal is not None
        await asyncio.wait_for(session._renewal, 10)
        assert sorted(observed) == [("lookup", "200"), ("read", "200")]


async def test_a_token_is_renewed_before_two_thirds_of_its_life() -> None:
    vault, clock = FakeVault({"t"}), Clock()
    async with running(vault, clock, token=Sensitive(b"t")) as (session, _):
        await read(session)
        # 90 s * 2/3, less a tenth of jitter.
        assert await clock.next() == pytest.approx(54)
        assert await clock.next() == pytest.approx(54)
        assert vault.count("renew") == 1


async def test_renewal_waits_longer_and_longer_while_vault_is_away() -> None:
    vault, clock = FakeVault({"t"}), Clock()
    async with running(vault, clock, token=Sensitive(b"t")) as (session, _):
        await read(session)
        await clock.next()
        vault.down = True
        waits = [await clock.next() for _ in range(8)]
        assert waits[1:] == sorted(waits[1:])
        assert max(waits) <= 60
        vault.down = False
        while (wait := await clock.next()) != pytest.approx(54):
            assert wait <= 60


async def test_kubernetes_logs_in_once_for_many_requests(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        vault.gate.clear()
        reads = [asyncio.create_task(read(session)) for _ in range(20)]
        vault.gate.set()
        await asyncio.gather(*reads)
        assert vault.count("login") == 1
        assert vault.jwts == ["jwt-1"]


async def test_a_revoked_token_is_replaced_once_with_a_fresh_jwt(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    settings = kubernetes(tmp_path)
    async with running(vault, clock, **settings) as (session, _):
        await read(session)
        vault.tokens.clear()
        settings["jwt_path"].write_text("jwt-2")
        await asyncio.gather(*[read(session) for _ in range(20)])
        assert vault.count("login") == 2
        assert vault.jwts == ["jwt-1", "jwt-2"]


async def test_a_lacking_capability_makes_no_new_login(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        with pytest.raises(VaultDenied, match="lacks `read`"):
            await session.call(Operation.READ, PATH, FakeConnection.forbidden)  # type: ignore[arg-type]
        assert (vault.count("login"), vault.count("lookup"), vault.count("forbidden")) == (1, 1, 1)


async def test_a_revoked_plain_token_is_told() -> None:
    vault, clock = FakeVault({"t"}, ttl=0), Clock()
    async with running(vault, clock, token=Sensitive(b"t")) as (session, _):
        await read(session)
        vault.tokens.clear()
        with pytest.raises(VaultDenied, match="no longer valid"):
            await read(session)


async def test_a_token_file_is_read_again_when_its_token_was_revoked(tmp_path: Path) -> None:
    vault, clock = FakeVault({"t1"}, ttl=0), Clock()
    file = tmp_path / "token"
    file.write_text("t1\n")
    async with running(vault, clock, token_file=file) as (session, _):
        await read(session)
        vault.tokens = {"t2"}
        file.write_text("t2\n")
        await read(session)
        file.unlink()
        vault.tokens = {"t3"}
        with pytest.raises(VaultDenied, match="cannot be read"):
            await read(session)


async def test_a_token_file_holds_one_token(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    file = tmp_path / "token"
    async with running(vault, clock, token_file=file) as (session, _):
        for content, message in (("\n", "is empty"), ("c4n4ry\nt\n", "holds more than a token")):
            file.write_text(content)
            with pytest.raises(VaultDenied, match=message) as caught:
                await read(session)
            assert "c4n4ry" not in str(caught.value)


async def test_a_login_is_made_anew_when_renewal_gives_too_little(tmp_path: Path) -> None:
    vault, clock = FakeVault(renewed_ttl=20), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        await read(session)
        assert await clock.next() == pytest.approx(54)
        assert await clock.next() == pytest.approx(54)
        assert vault.count("login") == 2


async def test_a_batch_token_is_replaced_instead_of_renewed(tmp_path: Path) -> None:
    vault, clock = FakeVault(renewable=False), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        await read(session)
        await clock.next()
        await clock.next()
        assert (vault.count("login"), vault.count("renew")) == (2, 0)


async def test_a_token_found_revoked_at_renewal_is_replaced(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        await read(session)
        vault.tokens.clear()
        await clock.next()
        await clock.next()
        assert vault.count("login") == 2


async def test_a_failed_login_is_told_and_tried_again(tmp_path: Path) -> None:
    vault, clock = FakeVault(down=True), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, observed):
        with pytest.raises(VaultUnavailable, match="for a login at auth/kubernetes/login"):
            await read(session)
        vault.down = False
        assert (await read(session)).status == 200
        assert observed == [("login", "unreachable"), ("login", "200"), ("read", "200")]


async def test_an_answer_without_a_token_is_rejected(tmp_path: Path) -> None:
    class NoAuth(FakeConnection):
        async def login(self, role: str, jwt: Sensitive, mount: str) -> Answer:
            return Answer(404, {})

    session = Session(
        VaultConfig("https://vault:8200", **kubernetes(tmp_path)),
        connect=lambda token: NoAuth(FakeVault(), token),  # type: ignore[arg-type,return-value]
    )
    with pytest.raises(VaultRejected, match="no Kubernetes auth method"):
        await read(session)
    await session.close()


async def test_a_cancelled_request_does_not_cancel_the_login_of_others(tmp_path: Path) -> None:
    vault, clock = FakeVault(), Clock()
    async with running(vault, clock, **kubernetes(tmp_path)) as (session, _):
        vault.gate.clear()
        first, second = asyncio.create_task(read(session)), asyncio.create_task(read(session))
        await asyncio.sleep(0)
        first.cancel()
        vault.gate.set()
        assert (await second).status == 200
        assert vault.count("login") == 1
