"""Messages that cannot be read, sent to services that are not ours: gRPC would answer UNKNOWN, and log a failure.

Anybody can send them, so they are refused as those of our own services are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Context = grpc.aio.ServicerContext[Any, Any]

UNREADABLE: Final = "the message cannot be read"


def refusing(handler: Any) -> Any:
    """A handler that does the same, but refuses messages that it cannot read.

    Args:
        handler: one of gRPC's; a single message it takes as a coroutine does, a stream of them as a generator.
    """

    def read(raw: bytes) -> Any:
        try:
            return handler.request_deserializer(raw)
        except DecodeError:
            # What is raised here is a failure to gRPC; the context, to refuse with, is known below.
            return None

    async def one(message: Any, context: Context) -> Any:
        return await (handler.unary_unary or handler.unary_stream)(await _read(message, context), context)

    async def many(sent: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        messages = (await _read(message, context) async for message in sent)
        async for answer in handler.stream_stream(messages, context):
            yield answer

    serves = {
        "unary_unary": handler.unary_unary and one,
        "unary_stream": handler.unary_stream and one,
        "stream_stream": handler.stream_stream and many,
    }
    return handler._replace(request_deserializer=read, **serves)


async def _read(message: Any, context: Context) -> Any:
    if message is None:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, UNREADABLE)
    return message
