"""The bytes of a request's body: of a type that can be read, and not more of them than a value needs."""

from __future__ import annotations

from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError

from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.gateway.refusals import Refusal

_JSON: Final = "application/json"


async def content(request: web.Request) -> bytes:
    """The bytes of a body that can be JSON and is not too long. kubectl's `--raw` names no type."""
    if not request.can_read_body:
        return b""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, "the body is encoded: send it as it is")
    if "Content-Type" in request.headers and request.content_type != _JSON:
        raise Refusal(415, f"the body's type is not {_JSON}")
    size = request.content_length or 0
    read = bytearray()
    try:
        while size <= MAX_BODY and (part := await request.content.readany()):
            read += part
            size = max(size, len(read))
    except (OSError, aiohttp.ClientError, HttpProcessingError, web.RequestPayloadError):
        raise Refusal(400, "the body broke off") from None
    if size > MAX_BODY:
        raise Refusal(413, f"the body is longer than {MAX_BODY // 1024} KiB")
    return bytes(read)
