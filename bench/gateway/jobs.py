"""What the load client is told to do and what it tells: data, between its process and that of the measurement."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

NUMBER: Final = "@NUMBER@"
"""Stands in a path or a body for the number of the work, so that each work has names of its own."""
UID: Final = "11111111-2222-3333-4444-555555555555"
"""Stands for the uid, or the operation, that an earlier step of the work was answered first."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go, and as whom.

    Attributes:
        ca: the file of the authorities that are believed; None: those of the system.
        headers: of each request; metadata where it is gRPC.
    """

    url: str
    ca: str | None
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        method: of HTTP; `gRPC` for a call, whose name is the path and whose message is the body, in base64.
        code: what has to be answered.
    """

    server: str
    method: str
    path: str
    body: str | None = field(default=None, repr=False)
    content: str = "application/json"
    code: int = 200

    def numbered(self, number: int) -> Self:
        """The same for one work."""
        told = f"{number:06}"
        body = self.body.replace(NUMBER, told) if self.body is not None else None
        return type(self)(self.server, self.method, self.path.replace(NUMBER, told), body, self.content, self.code)


@dataclass(frozen=True, slots=True)
class Job:
    """Works, each of one or more steps, one after the other in turn.

    Attributes:
        works: done in turn, over and over.
        in_flight: how many are done at once.
        seconds: after which none is begun any more.
        most: how many are done at most.
        pause: seconds between the end of one and the next; what it caused elsewhere comes to rest meanwhile.
        cores: those that the client runs on; empty: any.
    """

    servers: dict[str, Server]
    works: list[list[Step]]
    in_flight: int = 1
    seconds: float = 60.0
    most: int = 1_000_000
    pause: float = 0.0
    cores: tuple[int, ...] = ()

    def dumps(self) -> str:
        """As JSON. It holds tokens and values, and goes through a pipe."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        """The inverse of `dumps`."""
        raw: dict[str, Any] = json.loads(text)
        servers = {name: Server(**server) for name, server in raw.pop("servers").items()}
        works = [[Step(**step) for step in work] for work in raw.pop("works")]
        return cls(servers, works, **{**raw, "cores": tuple(raw["cores"])})


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job.

    Attributes:
        seconds: from the first work's beginning to the last one's end.
        latencies: seconds of each work, in the order in which they ended.
        cpu_seconds: of the client.
    """

    seconds: float
    latencies: list[float]
    cpu_seconds: float

    @property
    def count(self) -> int:
        """How many works were done."""
        return len(self.latencies)
