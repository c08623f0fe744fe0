"""What reaches the log, and what does not."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from typing import TYPE_CHECKING

import pytest

from slotwarden.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = [
    "hvs.CAESIJ-abcdefghijklmnopqrstuvwxyz0123456789",
    "ghp_abcdefghijklmnop0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv",
    "glpat-abcdefghijklmnop1234",
    "dckr_pat_abcdefghijklmnop1234",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl",
]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._TALKATIVE, "slotwarden")}
    yield
    root.handlers, root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


@pytest.mark.parametrize("token", TOKENS)
def test_what_looks_like_a_credential_is_blanked(token: str) -> None:
    assert token not in logs.redact(f"before {token} after")
    assert logs.redact(f"before {token} after").startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary",
        "https://user:canary@example.com/x",
        '{"password":"canary"}',
        '{"data":{".dockerconfigjson":"canary"}}',
        '{"auths":{"x":{"auth":"canary"}}}',
    ],
)
def test_values_in_their_usual_places_are_blanked(text: str) -> None:
    assert "canary" not in logs.redact(text)


def test_ordinary_sentences_stay() -> None:
    text = "target acme/pull: the API server answered 409 to patch secrets: the object was modified; again in 0.5 s"
    assert logs.redact(text) == text


def test_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    logging.getLogger("slotwarden.test").warning("said %s", "Bearer canary")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "said Bearer <redacted>"
    assert (line["level"], line["logger"]) == ("warning", "slotwarden.test")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_told_by_type_and_place(log_format: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format, "debug")
    try:
        int("canary")
    except ValueError:
        logging.getLogger("slotwarden.test").exception("failed")
    said = capsys.readouterr().err
    assert "canary" not in said
    assert "ValueError" in said
    assert "test_logs.py" in said


async def test_what_a_task_failed_with_is_told_by_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    """The event loop itself tells it, where nobody asked for the outcome, and repeats the error's text."""

    async def fail() -> None:
        int("canary")

    logs.configure("json", "debug")
    task = asyncio.ensure_future(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
    said = capsys.readouterr().err
    assert "canary" not in said
    line = json.loads(said)
    assert (line["event"], line["exception"]) == ("Task exception was never retrieved", "ValueError")
    assert "test_logs.py" in line["at"]


@pytest.mark.parametrize(
    "name", ["kopf.objects", "kubernetes.client.rest", "hvac", "urllib3.connectionpool", "aiohttp"]
)
def test_libraries_never_speak_at_debug(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger(name).setLevel(logging.DEBUG)
    logs.configure("json", "debug")
    logging.getLogger(name).debug("body: canary")
    logging.getLogger("slotwarden.test").debug("ours")
    said = capsys.readouterr().err
    assert "canary" not in said
    assert "ours" in said
    logging.getLogger(name).setLevel(logging.DEBUG)
    logs.hush()
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
