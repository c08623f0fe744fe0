"""Which of gRPC's codes a refusal is: what has to be mended first is told from what another try is enough for."""

from __future__ import annotations

import pytest

from slotwarden.cluster import errors as kubernetes
from slotwarden.gateway.published.codes import code, number
from slotwarden.gateway.refusals import Refusal, away, conflict, race, refusal
from slotwarden.values.doors import Misfit
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.vault import errors as vault
from slotwarden.vault.errors import Operation

PATH = "secret/data/slotwarden/acme/slots/pull"


@pytest.mark.parametrize(
    ("error", "told", "status"),
    [
        (vault.CasMismatch(Operation.WRITE, PATH, "changed"), "ABORTED", 409),
        (kubernetes.Conflict("patch", "secretslots", 409, "another uid"), "ABORTED", 409),
        (race("others change this object"), "ABORTED", 409),
        (conflict("the object is being deleted"), "FAILED_PRECONDITION", 409),
        (NotOwner("the value is of another object"), "FAILED_PRECONDITION", 409),
        (VersionDeleted("the version was deleted"), "FAILED_PRECONDITION", 409),
        (Misfit("another address"), "FAILED_PRECONDITION", 409),
        (NoValue("there is none"), "NOT_FOUND", 404),
        (away("Vault is away"), "UNAVAILABLE", 503),
        (Refusal(405, "no"), "UNIMPLEMENTED", 405),
        (RuntimeError("whatever"), "INTERNAL", 500),
    ],
)
def test_a_code_tells_whether_another_try_helps(error: Exception, told: str, status: int) -> None:
    refused = refusal(error)
    assert (code(refused).name, refused.code) == (told, status)
    assert number(refused) == code(refused).value[0]


def test_who_met_others_is_told_to_try_again() -> None:
    assert race("others change this object").message == "others change this object: try again"
