"""`python -m bench.gateway_load`: asks the gateway for one thing over and over, on connections that stay open.

A process of its own and as little of a client as can be, so that on two cores the gateway has one to itself: a request
is the same bytes each time, and of an answer no more is read than its length.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import click

_PART: Final = 64 * 1024
_LENGTH: Final = b"\r\ncontent-length:"
_END: Final = b"\r\n\r\n"


class UnexpectedError(Exception):
    """An answer that is not 200, or none."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked.

    Attributes:
        connections: one request is under way on each, all the time.
    """

    url: str
    ca: str
    token: str
    connections: int

    def run(self, requests: int) -> list[float]:
        """Ask so many times.

        Returns:
            Seconds from each request's first byte to its answer's last.
        """
        opened = [self._open() for _ in range(self.connections)]
        request = self._request()
        took = []
        for _ in range(max(1, requests // self.connections)):
            started = []
            for connection in opened:
                started.append(time.perf_counter())
                connection.sendall(request)
            for connection, began in zip(opened, started, strict=True):
                _read(connection)
                took.append(time.perf_counter() - began)
        for connection in opened:
            connection.close()
        return took

    def _open(self) -> ssl.SSLSocket:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 443
        raw = socket.create_connection((host, port), 30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ssl.create_default_context(cafile=self.ca).wrap_socket(raw, server_hostname=host)

    def _request(self) -> bytes:
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        head = [
            f"GET {target} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
            "User-Agent: bench",
        ]
        return "\r\n".join([*head, "", ""]).encode()


def _read(connection: ssl.SSLSocket) -> None:
    answer = b""
    while _END not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(_END)
    if not head.startswith(b"HTTP/1.1 200"):
        raise UnexpectedError(head.partition(b"\r\n")[0].decode(errors="replace"))
    length = int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0])
    left = length - len(body)
    while left > 0:
        left -= len(_more(connection))


def _more(connection: ssl.SSLSocket) -> bytes:
    part = connection.recv(_PART)
    if not part:
        raise UnexpectedError("the connection ended")
    return part


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", required=True, help="What to ask for.")
@click.option("--ca", required=True, help="The file of the gateway's authorities.")
@click.option("-n", "--requests", default=2000, show_default=True, type=click.IntRange(1))
@click.option("-c", "--connections", default=1, show_default=True, type=click.IntRange(1))
def main(url: str, ca: str, requests: int, connections: int) -> None:
    """Ask, with the Bearer token that is read from the standard input, and print the seconds that each took as JSON."""
    load = Load(url, ca, sys.stdin.readline().strip(), connections)
    click.echo(json.dumps([round(seconds, 6) for seconds in load.run(requests)]))


if __name__ == "__main__":
    main(prog_name="python -m bench.gateway_load")
