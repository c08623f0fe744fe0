"""One error for whatever a server refuses, so that a test can say which refusal it expects."""

from __future__ import annotations


class RefusedError(Exception):
    """The server answered with an error; `status` is the HTTP code, `text` what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text
