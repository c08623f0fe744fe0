"""KV version 2: entries with versions, check-and-set and custom metadata.

Paths are relative to the mount and sent as they are given: whoever calls has built them from allowed segments.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from slotwarden.domain.credentials import NOT_TEXT, NotText
from slotwarden.sensitive import Sensitive
from slotwarden.vault.errors import Operation, VaultRejected, VaultUnavailable
from slotwarden.vault.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slotwarden.vault.config import VaultConfig
    from slotwarden.vault.session import Observe, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of an entry.

    Attributes:
        data: None where the version is deleted or destroyed; `NOT_TEXT` stands for a field that is no string.
        version: from 1; starts at 1 again after a purge.
        created_time: RFC 3339.
        deletion_time: RFC 3339, also of a deletion to come; None without one.
        destroyed: whether the data is gone for good.
        custom_metadata: the entry's own, not the version's.
        sealed: whether Vault holds it encrypted; `data` is then what was decrypted.
        closed: why it could not be decrypted; empty where it was, or did not need to be.
    """

    data: Mapping[str, Sensitive | NotText] | None
    version: int
    created_time: str
    deletion_time: str | None
    destroyed: bool
    custom_metadata: Mapping[str, str]
    sealed: bool = False
    closed: str = ""


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """One version, without its data."""

    created_time: str
    deletion_time: str | None
    destroyed: bool

    def is_gone(self, now: datetime) -> bool:
        """Whether its data cannot be read at this (aware) time."""
        if self.destroyed:
            return True
        return self.deletion_time is not None and datetime.fromisoformat(self.deletion_time) <= now


@dataclass(frozen=True, slots=True)
class EntryMetadata:
    """All of an entry but its data; `current_version` is 0 where only metadata was ever written."""

    current_version: int
    versions: Mapping[int, VersionMetadata]
    custom_metadata: Mapping[str, str]
    updated_time: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a write made."""

    version: int
    created_time: str
    custom_metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Health:
    """Vault's state; where it is not reachable, nothing else is known."""

    sealed: bool
    initialized: bool
    standby: bool
    reachable: bool


class VaultKV:
    """One KV version 2 mount. Every method raises `VaultError`s and takes a path relative to the mount.

    Args:
        observe, before_write: see `Session`, which is made with them; `session`, for other engines of the same Vault.
    """

    def __init__(
        self,
        config: VaultConfig,
        *,
        observe: Observe | None = None,
        before_write: Callable[[], object] = lambda: None,
    ) -> None:
        self.mount = config.mount
        self.session = Session(config, observe=observe, before_write=before_write)

    async def read(self, path: str, version: int | None = None) -> Entry | None:
        """The current version or that one, deleted or not; None where there is none."""
        return await self._ask(
            Operation.READ,
            f"data/{path}",
            lambda c: c.kv.read_secret_version(path, version, self.mount, raise_on_deleted_version=False),
            _entry,
        )

    async def read_metadata(self, path: str) -> EntryMetadata | None:
        """The versions and custom metadata; None without an entry."""
        return await self._ask(
            Operation.READ_METADATA,
            f"metadata/{path}",
            lambda c: c.kv.read_secret_metadata(path, mount_point=self.mount),
            _metadata,
        )

    async def write(self, path: str, data: Mapping[str, Sensitive], *, cas: int, claimed: bool = False) -> Written:
        """Make a new version, if `cas` is the current one; 0 means that there is no entry.

        Args:
            claimed: whether the entry has metadata: Vault's policies then take its first version for an update too.

        Raises:
            CasMismatch: if it is not.
        """
        written = await self._ask(
            Operation.WRITE,
            f"data/{path}",
            lambda c: c.kv.create_or_update_secret(
                path,
                {name: value.reveal_text() for name, value in data.items()},
                cas=cas,
                mount_point=self.mount,
            ),
            _written,
            creates=cas == 0 and not claimed,
        )
        if written is None:
            raise self._not_v2(Operation.WRITE, f"data/{path}")
        return written

    async def write_custom_metadata(
        self, path: str, custom_metadata: Mapping[str, str], *, creates: bool = False
    ) -> None:
        """Replace an entry's custom metadata; makes the entry where there is none, which `creates` expects."""
        # hvac's update_metadata would also set delete_version_after, and so undo what someone chose.
        body = {"custom_metadata": dict(custom_metadata)}
        api_path = f"metadata/{path}"
        url = f"/v1/{self.mount}/{api_path}"
        await self._do(Operation.WRITE_METADATA, api_path, lambda c: c.adapter.post(url, json=body), creates=creates)

    async def patch_custom_metadata(self, path: str, change: Mapping[str, str]) -> None:
        """Set these keys of an entry's custom metadata alone; does nothing where there is no entry."""
        body = {"custom_metadata": dict(change)}
        api_path = f"metadata/{path}"
        url = f"/v1/{self.mount}/{api_path}"
        await self._do(Operation.PATCH_METADATA, api_path, lambda c: c.adapter.request("patch", url, json=body))

    async def soft_delete(self, path: str, versions: Sequence[int]) -> None:
        """Mark versions as deleted; their data can be had back."""
        numbers = list(versions)
        await self._do(
            Operation.DELETE,
            f"delete/{path}",
            lambda c: c.kv.delete_secret_versions(path, numbers, mount_point=self.mount),
        )

    async def undelete(self, path: str, versions: Sequence[int]) -> None:
        """Take back `soft_delete`."""
        numbers = list(versions)
        await self._do(
            Operation.UNDELETE,
            f"undelete/{path}",
            lambda c: c.kv.undelete_secret_versions(path, numbers, mount_point=self.mount),
        )

    async def destroy(self, path: str, versions: Sequence[int]) -> None:
        """Remove the data of versions for good."""
        numbers = list(versions)
        await self._do(
            Operation.DESTROY,
            f"destroy/{path}",
            lambda c: c.kv.destroy_secret_versions(path, numbers, mount_point=self.mount),
        )

    async def purge(self, path: str) -> None:
        """Remove the entry with all its versions and its metadata for good."""
        await self._do(
            Operation.PURGE,
            f"metadata/{path}",
            lambda c: c.kv.delete_metadata_and_all_versions(path, mount_point=self.mount),
        )

    async def list(self, path: str) -> list[str]:
        """The names below a path, folders with a final slash; empty where there is nothing."""
        found = await self._ask(
            Operation.LIST,
            f"metadata/{path}",
            lambda c: c.kv.list_secrets(path, mount_point=self.mount),
            lambda body: [str(key) for key in body["data"]["keys"]],
        )
        return found or []

    async def health(self) -> Health:
        """Vault's state, asked without a token; never raises a `VaultUnavailable`."""
        try:
            body = (await self.session.health()).body
        except VaultUnavailable:
            return Health(sealed=False, initialized=False, standby=False, reachable=False)
        return Health(
            sealed=bool(body.get("sealed")),
            initialized=bool(body.get("initialized")),
            standby=bool(body.get("standby")),
            reachable=True,
        )

    async def close(self) -> None:
        """End renewal and close the connections, once running requests have ended."""
        await self.session.close()

    async def _do(self, operation: Operation, api_path: str, request: Request, *, creates: bool = False) -> None:
        await self.session.call(operation, f"{self.mount}/{api_path}", request, creates=creates)

    async def _ask(
        self,
        operation: Operation,
        api_path: str,
        request: Request,
        shape: Callable[[dict[str, Any]], T],
        *,
        creates: bool = False,
    ) -> T | None:
        """The answer in its shape; None for a 404 without a body."""
        answer = await self.session.call(operation, f"{self.mount}/{api_path}", request, creates=creates)
        if answer.status == 404 and not answer.body.get("data"):
            return None
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            return shape(answer.body)
        raise self._not_v2(operation, api_path)

    def _not_v2(self, operation: Operation, api_path: str) -> VaultRejected:
        path = f"{self.mount}/{api_path}"
        message = f"Vault's answer at {path} is not one of KV version 2: is {self.mount} such a mount?"
        return VaultRejected(operation, path, message)


def _entry(body: dict[str, Any]) -> Entry:
    data, metadata = body["data"]["data"], body["data"]["metadata"]
    return Entry(
        data=None if data is None else {str(name): _field(value) for name, value in data.items()},
        version=int(metadata["version"]),
        created_time=str(metadata["created_time"]),
        deletion_time=metadata["deletion_time"] or None,
        destroyed=bool(metadata["destroyed"]),
        custom_metadata=dict(metadata.get("custom_metadata") or {}),
    )


def _field(value: object) -> Sensitive | NotText:
    try:
        return Sensitive.of_text(value) if isinstance(value, str) else NOT_TEXT
    except UnicodeEncodeError:
        return NOT_TEXT


def _metadata(body: dict[str, Any]) -> EntryMetadata:
    data = body["data"]
    return EntryMetadata(
        current_version=int(data["current_version"]),
        versions={
            int(number): VersionMetadata(
                created_time=str(version["created_time"]),
                deletion_time=version["deletion_time"] or None,
                destroyed=bool(version["destroyed"]),
            )
            for number, version in (data["versions"] or {}).items()
        },
        custom_metadata=dict(data.get("custom_metadata") or {}),
        updated_time=str(data["updated_time"]),
    )


def _written(body: dict[str, Any]) -> Written:
    data = body["data"]
    return Written(int(data["version"]), str(data["created_time"]), dict(data.get("custom_metadata") or {}))
