"""The load client, a process of its own: `python -m bench.gateway.load` reads a job and writes what came of it.

It keeps its connections, and does nothing with an answer but look at its code and, where a later step needs it, cut
out the uid. The first answer that is not the expected one ends it.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import re
import ssl
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp
import grpc.aio
import uvloop

from bench.gateway.jobs import UID, Done, Job, Server, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
_FIND_UID: Final = re.compile(rb'"(?:uid":|operation_id": )"([0-9a-f-]{36})"')
_SHOWN: Final = 500


class UnexpectedAnswer(Exception):
    """A server answered something else."""


class Client(Protocol):
    """A way to a server."""

    async def send(self, step: Step) -> bytes:
        """The answer's body. Raises UnexpectedAnswer."""
        ...


class _Http:
    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session

    async def send(self, step: Step) -> bytes:
        headers = {"Content-Type": step.content} if step.body is not None else None
        async with self._session.request(
            step.method, self._server.url + step.path, data=step.body, headers=headers
        ) as response:
            raw = await response.read()
            if response.status != step.code:
                text = raw[:_SHOWN].decode(errors="replace")
                raise UnexpectedAnswer(f"{step.method} {step.path}: {response.status} {text}")
            return raw


class _Grpc:
    def __init__(self, server: Server, channel: grpc.aio.Channel) -> None:
        self._metadata = tuple(server.headers.items())
        self._channel = channel

    async def send(self, step: Step) -> bytes:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(step.path)
        try:
            return await call(base64.b64decode(step.body or ""), metadata=self._metadata, timeout=60)
        except grpc.aio.AioRpcError as error:
            raise UnexpectedAnswer(f"{step.path}: {error.code().name} {error.details()}") from None


async def work(job: Job) -> Done:
    """Do a job. Raises UnexpectedAnswer, and what says that a server is away."""
    latencies: list[float] = []
    async with AsyncExitStack() as stack:
        clients = {name: await _client(server, job.in_flight, stack) for name, server in job.servers.items()}
        began, used = perf_counter(), process_time()
        numbers = itertools.count()

        async def worker() -> None:
            while perf_counter() - began < job.seconds and (number := next(numbers)) < job.most:
                started = perf_counter()
                await _do(clients, job.works[number % len(job.works)], number)
                latencies.append(perf_counter() - started)
                if job.pause:
                    await asyncio.sleep(job.pause)

        async with asyncio.TaskGroup() as group:
            for _ in range(job.in_flight):
                group.create_task(worker())
        seconds = perf_counter() - began
    return Done(seconds, latencies, process_time() - used)


async def _do(clients: dict[str, Client], steps: Sequence[Step], number: int) -> None:
    uid = ""
    for step in steps:
        made = step.numbered(number)
        if uid:
            body = made.body.replace(UID, uid) if made.body is not None else None
            made = Step(made.server, made.method, made.path.replace(UID, uid), body, made.content, made.code)
        answer = await clients[made.server].send(made)
        if len(steps) > 1 and not uid and (found := _FIND_UID.search(answer)):
            uid = found.group(1).decode()


async def _client(server: Server, connections: int, stack: AsyncExitStack) -> Client:
    if not server.url.startswith("https:"):
        return _Grpc(server, await stack.enter_async_context(_channel(server)))
    connector = aiohttp.TCPConnector(limit=connections, ssl=ssl.create_default_context(cafile=server.ca))
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **server.headers}
    session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=_TIMEOUT)
    return _Http(server, await stack.enter_async_context(session))


def _channel(server: Server) -> grpc.aio.Channel:
    authorities = Path(server.ca).read_bytes() if server.ca else None
    return grpc.aio.secure_channel(server.url, grpc.ssl_channel_credentials(authorities))


def main() -> None:
    """Read a job, do it, tell."""
    job = Job.loads(sys.stdin.read())
    if job.cores:
        os.sched_setaffinity(0, job.cores)
    print(json.dumps(asdict(uvloop.run(work(job)))))


if __name__ == "__main__":
    main()
