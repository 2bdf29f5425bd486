"""No request may be larger than the service takes: 413 before the memory is spent."""

from __future__ import annotations

from typing import final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problem import TooLarge, problem_of

__all__ = ["Bounded"]


@final
class Bounded:
    """An ASGI app in front of another; `most` bytes of body are let through."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse at once what is announced as too large; count what comes unannounced."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), None)
        if announced is None:
            return await self._app(scope, self._counted(receive), send)
        if announced.isdigit() and int(announced) > self._most:
            return await problem_of(self._too_large())(scope, receive, send)
        await self._app(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a request may have {self._most:,} bytes: send it in parts")
