"""How a measurement ends that cannot go on: alike for all of them."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

import click

from testbed.binaries import BinaryUnavailableError
from testbed.servers.base import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTERRUPTED: Final = 130


@contextlib.contextmanager
def plainly(*more: type[Exception]) -> Iterator[None]:
    """Tell in one line what was missing or went wrong, and exit; `more` are errors of the measurement's own."""
    problems: tuple[type[Exception], ...] = (BinaryUnavailableError, ServerError, *more)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except problems as problem:
        raise click.ClickException(str(problem)) from None
