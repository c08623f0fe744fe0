"""Transit: encryption with keys that never leave Vault, made on first use and kept in all their versions.

A ciphertext is bound to what it is about, so that one that is copied to another place cannot be decrypted there.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from slotwarden.sensitive import Sensitive
from slotwarden.vault.errors import Operation, VaultRejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from slotwarden.vault.adapter import Answer, Connection
    from slotwarden.vault.session import Session

# A batch with items that cannot be decrypted is an answer like any other; where none can, it is a 400 all the same.
_PARTIAL: Final = 200


class VaultTransit:
    """One Transit mount. Methods raise `VaultError`s; plaintexts are base64, as Vault takes and gives them.

    Args:
        session: whose token is used; closed by whoever made it.
        mount: where the engine is mounted.
    """

    def __init__(self, session: Session, mount: str) -> None:
        self._session = session
        self._mount = mount

    @classmethod
    def of(cls, session: Session, mount: str | None) -> VaultTransit | None:
        """The engine at a mount, where one is configured."""
        return cls(session, mount) if mount else None

    async def encrypt(self, key: str, plaintext: Sensitive, about: str) -> Sensitive:
        """The ciphertext, `vault:v1:…`, by the newest version of the key; makes the key where there is none.

        Args:
            about: what has to be named again to decrypt it; nothing secret.
        """
        path = f"{self._mount}/encrypt/{key}"
        answer = await self._session.call(
            Operation.ENCRYPT,
            path,
            lambda c: c.transit.encrypt_data(
                key, plaintext=plaintext.reveal_text(), associated_data=_bound(about), mount_point=self._mount
            ),
        )
        ciphertext = _of(answer, "ciphertext")
        if ciphertext is None:
            raise self._not_transit(Operation.ENCRYPT, path)
        return ciphertext

    async def decrypt(self, key: str, sealed: Sequence[tuple[Sensitive, str]]) -> list[Sensitive | None]:
        """The plaintexts of ciphertexts and what each is about, in their order, by one request.

        Returns:
            None for one that is not the key's, or about something else, or too old for the key.

        Raises:
            KeyMissing: there is no such key.
        """
        path = f"{self._mount}/decrypt/{key}"

        def send(connection: Connection) -> Awaitable[Answer]:
            items = [{"ciphertext": text.reveal_text(), "associated_data": _bound(about)} for text, about in sealed]
            # hvac's decrypt_data does not know how partial failures are asked for.
            body = {"batch_input": items, "partial_failure_response_code": _PARTIAL}
            return connection.adapter.post(f"/v1/{path}", json=body)  # type: ignore[no-any-return]

        answer = await self._session.call(Operation.DECRYPT, path, send)
        data = answer.body.get("data")
        results = data.get("batch_results") if isinstance(data, dict) else None
        if not isinstance(results, list) or len(results) != len(sealed):
            raise self._not_transit(Operation.DECRYPT, path)
        return [_plaintext(result) for result in results]

    def _not_transit(self, operation: Operation, path: str) -> VaultRejected:
        message = f"Vault's answer at {path} is not one of Transit: is {self._mount} such a mount?"
        return VaultRejected(operation, path, message)


def _bound(about: str) -> str:
    return base64.b64encode(about.encode()).decode()


def _of(answer: Answer, field: str) -> Sensitive | None:
    data = answer.body.get("data")
    found = data.get(field) if isinstance(data, dict) else None
    return Sensitive.of_text(found) if isinstance(found, str) else None


def _plaintext(result: object) -> Sensitive | None:
    if not isinstance(result, dict) or result.get("error"):
        return None
    # An empty plaintext is left out.
    return Sensitive.of_text(str(result.get("plaintext", "")))
