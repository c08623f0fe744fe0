"""The gateway against its own documents: what they allow and what they do not, with nothing of it ever told again."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from slotwarden.gateway.identity.permissions import ORGANIZATION
from slotwarden.gateway.published.described import documents
from tests.gateway.support import TIMEOUT, authority
from tests.published.support import canary

if TYPE_CHECKING:
    from pathlib import Path

    from schemathesis import Case

    from slotwarden.gateway.published.described.contract import Contract
    from tests.published.support import User

EXAMPLES: Final = 40
SECRETS: Final = frozenset({"token", "password"})
# The organization is in the path. The others are about the connection: a server reads them before any path.
FRAMING: Final = ("connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade")
LEFT_OUT: Final = frozenset({ORGANIZATION.lower(), *FRAMING})
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def marked(part: Any, mark: str, mode: GenerationMode, name: str = "") -> Any:
    """The same body, but each secret text in it holds the mark; where the body is to be refused, others do, too."""
    if isinstance(part, dict):
        return {name: marked(inner, mark, mode, name) for name, inner in part.items()}
    if isinstance(part, list):
        return [marked(inner, mark, mode, name) for inner in part]
    if not isinstance(part, str):
        return part
    if mode is GenerationMode.NEGATIVE:
        return f"{part}{mark}"
    if name == "value":
        return base64.b64encode(f"{mark}{part}".encode()).decode()
    return f"{part}{mark}" if name in SECRETS else part


def operations() -> Any:
    every = [
        pytest.param(contract, each.method, each.path, id=each.name)
        for contract in documents.CONTRACTS
        for each in contract.operations
    ]
    return pytest.mark.parametrize(("contract", "method", "path"), every)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
@operations()
def test_answers_are_as_the_document_says_and_tell_nothing_again(
    owner: User, tmp_path: Path, contract: Contract, method: str, path: str, mode: GenerationMode
) -> None:
    seed, mark, api = secrets.randbelow(2**32), canary(), owner.api
    # Its length is a multiple of 3, so that it stands in the base64 of all that begins with it.
    marks = (mark, base64.b64encode(mark.encode()).decode())
    print(f"seed {seed}")  # noqa: T201  # what is made of it
    (believed := tmp_path / "ca.crt").write_text(authority(api.kube, api.namespace))
    operation = schemathesis.openapi.from_dict(contract.document())[path][method]

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Case) -> None:
        if "o" in case.path_parameters:
            case.path_parameters["o"] = api.namespace
        case.headers = {name: text for name, text in case.headers.items() if name.lower() not in LEFT_OUT}
        case.body = marked(case.body, mark, mode)
        headers = {"Authorization": f"Bearer {owner.token}"}
        url = f"https://localhost:{api.gateway.port}"
        answer = case.call(url, headers=headers, verify=str(believed), timeout=TIMEOUT)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            told = f"{answer.headers}{answer.text}"
            assert not [each for each in marks if each in told]

    holds()
    log = api.gateway.log_text()
    assert not [each for each in marks if each in log]
