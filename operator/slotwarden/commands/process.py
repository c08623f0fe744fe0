"""A command that runs until it is told to stop: its loop, its signals, its log, and how it fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from slotwarden.commands.options import option_of
from slotwarden.vault.config import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[asyncio.Event], Awaitable[None]]


def run(options: dict[str, Any], make: Callable[[dict[str, Any]], Run]) -> None:
    """Run until SIGTERM or SIGINT; exits 1 where it failed.

    Args:
        make: imports the program, whose libraries take a second to load, and makes what is to run.
    """
    # The libraries stay as long as the process does: to look through them for garbage would only take time.
    gc.disable()
    # structlog would load rich where that happens to be, as it is for the tests: a tenth of a second, for tracebacks
    # that show local variables.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    import uvloop

    from slotwarden.cluster.client import NoCluster
    from slotwarden.telemetry import logs
    from slotwarden.telemetry.server import CannotServe

    logs.configure(options["log_format"], options["log_level"])
    try:
        program = make(options)
        gc.freeze()
        gc.enable()
        uvloop.run(_until_told(program))
    except click.ClickException:
        raise
    except InvalidSetting as error:
        raise click.ClickException(f"{option_of(error)}: {error}") from None
    except (NoCluster, CannotServe) as error:
        raise click.ClickException(str(error)) from None
    except Exception:
        # Through the log, so that no text of an error of others is printed as it is.
        logging.getLogger("slotwarden").exception("the process ended")
        sys.exit(1)


async def _until_told(program: Run) -> None:
    """A second signal ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    await program(stop)
