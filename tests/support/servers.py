"""Servers of a folder's own, with what is installed there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from testbed.progress import Reporter
from testbed.pytest_plugin import own_servers
from testbed.session import Endpoints, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest


@contextlib.contextmanager
def own_session(config: pytest.Config, install: Callable[[Session], None]) -> Iterator[Session]:
    """A testbed beside the run's, until the context ends; its garbage collector knows of what is installed."""
    with own_servers(config) as own:
        session = Session(Endpoints.of(own), own.folder, Reporter(quiet=True), own)
        install(session)
        # It looks for new kinds every 30 s, but at once when it starts.
        own.controller_manager.kill()
        own.controller_manager.start()
        yield session
