"""Logs for people (console) or machines (JSON), with a last line of defence against values in them.

Values travel as `Sensitive` and never reach a log. What passes here is what others write: libraries that print bodies
at DEBUG are held at INFO, exceptions are told by their type and place without their text, and anything that looks like
a credential is blanked.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

LogFormat = Literal["json", "console"]

_BLANK: Final = "<redacted>"
# These print bodies, headers or diffs at DEBUG; kopf also tells of every event at INFO, and warns that its thread,
# which is not the main one, hears no signals.
_TALKATIVE: Final = {
    "kopf": logging.WARNING,
    "kopf._core.reactor.running": logging.ERROR,
    "kubernetes": logging.INFO,
    "hvac": logging.INFO,
    "urllib3": logging.INFO,
    "requests": logging.INFO,
    "aiohttp": logging.INFO,
    "asyncio": logging.INFO,
}
_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}",  # Vault tokens
        r"\bs\.[A-Za-z0-9]{24}\b",  # Vault tokens of old
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\bglpat-[A-Za-z0-9_-]{16,}",
        r"\bdckr_pat_[A-Za-z0-9_-]{16,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JWTs
        r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]+=*",
        r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",  # user:password@host
        r"""(?i)(?<="(?:password)":")[^"]+""",
        r"""(?i)(?<="(?:token)":")[^"]+""",
        r"""(?<="auth":")[^"]+""",
        r"""(?<=".dockerconfigjson":")[^"]+""",
    )
)


def redact(text: str) -> str:
    """Blank whatever looks like a credential."""
    for pattern in _PATTERNS:
        text = pattern.sub(_BLANK, text)
    return text


def configure(log_format: LogFormat, level: str) -> None:
    """Send all logging of the process to standard error in one form.

    Args:
        level: of our own loggers; those of libraries stay at INFO or above.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("slotwarden").setLevel(level.upper())
    # A record of who did what is no matter of how much one wants to read.
    logging.getLogger("slotwarden.audit").setLevel(logging.INFO)
    hush()


def hush() -> None:
    """Hold the loggers of libraries at their least level, whatever they were set to meanwhile."""
    for name, least in _TALKATIVE.items():
        family = [child for child in logging.root.manager.loggerDict if child.startswith(f"{name}.")]
        for member in (name, *family):
            logger = logging.getLogger(member)
            logger.setLevel(max(least, logger.level))


def _formatter(log_format: LogFormat) -> logging.Formatter:
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_fields,
        _without_what_tasks_hold,
        _without_exception_text,
        _redacted,
    ]
    last: Any
    if log_format == "json":
        last = structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    else:
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )


def _with_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the fields that one of our own records names: `extra={"fields": {…}}`."""
    event.update(getattr(event.get("_record"), "fields", {}))
    return event


def _without_exception_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tell an exception by its type and where it came from: its text can hold anything."""
    information = event.pop("exc_info", None)
    if information is True:
        information = sys.exc_info()
    if isinstance(information, BaseException):
        information = (type(information), information, information.__traceback__)
    if information and information[0] is not None:
        event["exception"] = information[0].__qualname__
        frames = traceback.extract_tb(information[2])[-8:]
        event["at"] = " < ".join(f"{frame.name}:{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return event


def _without_what_tasks_hold(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep asyncio's own first line: below it stand tasks and objects, with the text of what they failed with."""
    if event.get("logger") == "asyncio":
        event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event
