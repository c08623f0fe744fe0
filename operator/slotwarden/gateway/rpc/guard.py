"""What stands around every call of a service: who calls, how long and how many at once, and in what an error is told.

Calls of other services (health, reflection) tell nothing that needs a caller, and pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message import DecodeError

from slotwarden.gateway.identity.authentication import bearer
from slotwarden.gateway.identity.permissions import ORGANIZATION, organization
from slotwarden.gateway.observing import HEADER, request_id
from slotwarden.gateway.published.codes import code
from slotwarden.gateway.refusals import WORDS, Refusal, refusal
from slotwarden.gateway.rpc.reading import UNREADABLE, refusing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.identity.tokens import Tokens
    from slotwarden.gateway.serving.server import Traffic
    from slotwarden.gateway.shares import Shares
    from slotwarden.telemetry.metrics import GatewayMetrics

    Context = grpc.aio.ServicerContext[Any, Any]

SECONDS: Final = 30.0
"""How long a call may take in all; less where the client says so."""
_log = logging.getLogger("slotwarden.gateway")


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of the call that runs."""

    caller: Caller
    organization: str
    request_id: str


CALL: Final[ContextVar[Call]] = ContextVar("call")
"""The call that runs, for the service that serves it."""


class Guard(grpc.aio.ServerInterceptor):
    """Lets calls through to their service.

    Args:
        routes: the calls that are guarded, by full name, and what metrics call them.
    """

    def __init__(
        self, routes: Mapping[str, str], tokens: Tokens, traffic: Traffic, shares: Shares, metrics: GatewayMetrics
    ) -> None:
        self._routes = routes
        self._tokens = tokens
        self._traffic = traffic
        self._shares = shares
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The handler of a call."""
        handler = await continuation(handler_call_details)
        route = self._routes.get(handler_call_details.method)
        if handler is None or route is None:
            return handler and refusing(handler)
        # Bytes, so that what cannot be read is answered here like all else. A stream, so that no message is read before
        # it is known whose it is: who has no token could have 256 of them held on each connection, for ever.
        return grpc.stream_unary_rpc_method_handler(
            partial(self._serve, route, handler), response_serializer=handler.response_serializer
        )

    async def _serve(self, route: str, handler: Any, sent: AsyncIterator[bytes], context: Context) -> Any:
        given = context.invocation_metadata() or ()
        name = request_id(_one(given, HEADER))
        await context.send_initial_metadata(((HEADER.lower(), name),))
        started, told = perf_counter(), grpc.StatusCode.CANCELLED
        # It counts as one that runs until its answer is sent, and who reads none decides when that is.
        held = contextlib.ExitStack()
        context.add_done_callback(lambda _: held.close())  # type: ignore[arg-type]  # the stubs take no function
        try:
            answer = await self._run(handler, sent, context, name, held)
            told = grpc.StatusCode.OK
        except Exception as error:  # noqa: BLE001  # the last place where one could leave with its text
            # Who has no token must not decide how long a call counts, and no refusal holds a value.
            held.close()
            refused = refusal(error)
            if refused.message == WORDS[500]:
                _log.exception("a call failed")
            told = code(refused)
            later = (("retry-after", str(refused.retry)),) if refused.retry else ()
        finally:
            self._metrics.requests.labels(route, told.name).inc()
            self._metrics.request_seconds.labels(route).observe(perf_counter() - started)
        if told is grpc.StatusCode.OK:
            return answer
        return await context.abort(told, refused.message, later)

    async def _run(
        self, handler: Any, sent: AsyncIterator[bytes], context: Context, name: str, held: contextlib.ExitStack
    ) -> Any:
        given = context.invocation_metadata() or ()
        held.enter_context(self._traffic.running())
        async with asyncio.timeout(SECONDS):
            token = bearer(_all(given, "authorization"))
            caller = await self._tokens.caller(token) if token is not None else None
            if caller is None:
                raise Refusal(401, WORDS[401])
            held.enter_context(self._shares.running(caller.username))
            CALL.set(Call(caller, organization(caller, _one(given, ORGANIZATION)), name))
            try:
                message = handler.request_deserializer(await anext(sent))
            except StopAsyncIteration:
                raise Refusal(400, "there is no message") from None
            except DecodeError:
                raise Refusal(400, UNREADABLE) from None
            return await handler.unary_unary(message, context)


def _all(metadata: Any, name: str) -> list[str]:
    return [value for key, value in metadata if key == name.lower() and isinstance(value, str)]


def _one(metadata: Any, name: str) -> str | None:
    return next(iter(_all(metadata, name)), None)
