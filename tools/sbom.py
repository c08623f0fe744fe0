"""Write the bill of materials of what the program needs at run time: CycloneDX, from the lock and nothing else.

The same lock gives the same bytes: the serial number comes from the lock, the time from `SOURCE_DATE_EPOCH`.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "runtime.txt"
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+) \\$")
_HASH = re.compile(r" +--hash=sha256:(?P<digest>[0-9a-f]{64})(?: \\)?$")
_WHOM = re.compile(r" +#(?: via| {2}) (?P<whom>\S.*)$")
_ASKED_FOR = "-r requirements/runtime.in"


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked distribution: the SHA-256 of each of its files, and who asks for it."""

    name: str
    version: str
    hashes: list[str]
    whom: list[str]


def pins(lock: str) -> Iterator[Pin]:
    """What a lock of pip-compile's pins. Raises ValueError for a line that is not as pip-compile writes them."""
    pin: Pin | None = None
    for line in lock.splitlines():
        if found := _PIN.match(line):
            if pin:
                yield pin
            pin = Pin(found["name"], found["version"], [], [])
        elif pin and (found := _HASH.match(line)):
            pin.hashes.append(found["digest"])
        elif pin and (found := _WHOM.match(line)):
            pin.whom.append(found["whom"])
        elif not line.lstrip().startswith("#"):
            raise ValueError(f"not a line of a lock: {line}")
    if pin:
        yield pin


def bill(lock: str, version: str, when: datetime) -> str:
    """The document, as JSON. What `runtime.in` asks for is needed by slotwarden itself."""
    program = Component(name="slotwarden", version=version, type=ComponentType.APPLICATION)
    program.purl = PackageURL("pypi", None, "slotwarden", version)
    program.bom_ref.value = str(program.purl)
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, f"{version}\n{lock}"))
    bom.metadata.component, bom.metadata.timestamp = program, when
    locked = list(pins(lock))
    components = {pin.name: _component(pin) for pin in locked}
    bom.components.update(components.values())
    for pin in locked:
        for whom in pin.whom:
            dependent = program if whom == _ASKED_FOR else components[whom]
            bom.register_dependency(dependent, [components[pin.name]])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(pin: Pin) -> Component:
    purl = PackageURL("pypi", None, pin.name, pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        # One for each file that may be installed: which one, the platform decides.
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def main(target: Path) -> None:
    """Write the document."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    when = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    target.parent.mkdir(exist_ok=True)
    target.write_text(bill(LOCK.read_text(), version, when))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
