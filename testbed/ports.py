"""Free loopback ports that stay free: below the range that outgoing connections take theirs from."""

from __future__ import annotations

import contextlib
import random
import socket

LOW, HIGH = 20000, 32000


def free_ports(count: int) -> list[int]:
    """So many different ports that nothing listened on a moment ago."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in random.SystemRandom().sample(range(LOW, HIGH), 500):
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                found.append(port)
                if len(found) == count:
                    return found
    raise RuntimeError("no free loopback ports")
