"""What callers of the published APIs do that is noted: each leaves a line in the log."""

from __future__ import annotations

from typing import Final

from slotwarden.gateway.identity.permissions import DECLARE, DESCRIBE, REMOVE, REVEAL, SET
from slotwarden.gateway.journal import Act

DECLARED: Final = Act("declare an object", DECLARE, code=201)
DESCRIBED: Final = Act("change a declaration", DESCRIBE)
REMOVED: Final = Act("delete an object", REMOVE)
SET_FIRST: Final = Act("set a value", SET, "write", code=201)
SET_VALUE: Final = Act("set a value", SET, "write")
READ_VALUE: Final = Act("read a value", REVEAL, "read")
