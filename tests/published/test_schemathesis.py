"""The gateway against its own documents: what they allow and what they do not, with nothing of it ever told again."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
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
from tests.published.support import EVERYTHING, Api, User, canary
from tests.published.there import There

if TYPE_CHECKING:
    from pathlib import Path

    from schemathesis import Case

    from slotwarden.gateway.published.described.contract import Contract, Operation
    from testbed.gateway import Gateway
    from testbed.operator import Operator
    from testbed.session import Session

ALLOWED: Final = GenerationMode.POSITIVE
EXAMPLES: Final = 40
NAMES: Final = frozenset({"name", "key"})
"""What answers and the log may tell, where it is one."""
SECRETS: Final = frozenset({"token", "password"})
# About the connection: a server reads them before any path.
FRAMING: Final = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)
TELLING: Final = frozenset({"slots.get", "core-instances.list"})
"""The calls that answer values."""
MAKING: Final = frozenset({"slots.create", "environments.create", "core-instances.create", "repositories.put"})
"""The calls that make what is not there."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def somebody(installed: Session, namespace_of_all: str, process: Operator, replica: Gateway) -> User:
    """One who may do everything."""
    api = Api(installed, namespace_of_all, process, replica)
    return User.made(api, f"u-{secrets.token_hex(4)}", EVERYTHING, namespace_of_all)


@pytest.fixture
def believed(somebody: User, tmp_path: Path) -> str:
    """A file with what signed the gateway's certificate."""
    (file := tmp_path / "ca.crt").write_text(authority(somebody.api.kube, somebody.namespace))
    return str(file)


def marked(part: Any, mark: str, mode: GenerationMode, name: str = "") -> Any:
    """The same body, but each secret text in it holds the mark; where the body is to be refused, others do, too."""
    if isinstance(part, dict):
        return {name: marked(inner, mark, mode, name) for name, inner in part.items()}
    if isinstance(part, list):
        return [marked(inner, mark, mode, name) for inner in part]
    if not isinstance(part, str):
        return part
    if mode is not ALLOWED:
        return part if name in NAMES else f"{part}{mark}"
    if name == "value":
        return base64.b64encode(f"{mark}{part}".encode()).decode()
    return f"{part}{mark}" if name in SECRETS else part


def lead(case: Case, operation: Operation, there: There, mode: GenerationMode, aimed: bool, ours: bool) -> None:
    """Have a case ask for an object that is there, or for one in the namespace of its user, or for anything."""
    namespace = there.namespace
    if aimed:
        aim = there.aim(operation.name)
        names = {each.name for each in operation.parameters}
        case.path_parameters |= {name: value for name, value in aim.path.items() if name in names}
        case.query = {**(case.query or {}), **{name: value for name, value in aim.query.items() if name in names}}
        if operation.body is not None and mode is ALLOWED:
            case.body |= {name: value for name, value in aim.body.items() if name in case.body}
    elif ours:
        case.path_parameters |= {"o": namespace} if "o" in case.path_parameters else {}
        if operation.name == "environments.describe" and mode is ALLOWED:
            case.body["name"] = case.path_parameters["name"]
    if ours:
        case.headers.pop(ORGANIZATION, None)
    elif aimed:
        case.headers[ORGANIZATION] = namespace


def operations() -> Any:
    every = [
        pytest.param(contract, each, id=each.name) for contract in documents.CONTRACTS for each in contract.operations
    ]
    return pytest.mark.parametrize(("contract", "operation"), every)


@pytest.mark.parametrize("mode", [ALLOWED, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
@operations()
def test_answers_are_as_the_document_says_and_tell_nothing_again(
    somebody: User, believed: str, contract: Contract, operation: Operation, mode: GenerationMode
) -> None:
    seed, mark, gateway = secrets.randbelow(2**32), canary(), somebody.api.gateway
    # Its length is a multiple of 3, so that it stands in the base64 of all that begins with it.
    marks = (mark, base64.b64encode(mark.encode()).decode())
    print(f"seed {seed}")  # noqa: T201  # what is made of it
    there, codes = There(somebody, mark), set()
    described = schemathesis.openapi.from_dict(contract.document())[operation.path][operation.method]

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=mode), aimed=st.booleans(), ours=st.booleans())
    def holds(case: Case, aimed: bool, ours: bool) -> None:
        case.headers = {name: text for name, text in case.headers.items() if name.lower() not in FRAMING}
        lead(case, operation, there, mode, aimed, ours)
        case.body = marked(case.body, mark, mode)
        answer = case.call(
            f"https://localhost:{gateway.port}",
            session=session,
            verify=believed,
            headers={"Authorization": f"Bearer {somebody.token}"},
            timeout=TIMEOUT,
        )
        case.validate_response(answer, checks=CHECKS)
        codes.add(answer.status_code)
        if answer.status_code >= 400 or (mode is ALLOWED and operation.name not in TELLING):
            told = f"{answer.headers}{answer.text}"
            assert not [each for each in marks if each in told]

    with requests.Session() as session:
        holds()
    log = gateway.log_text()
    assert not [each for each in marks if each in log]
    if mode is ALLOWED:
        assert int(operation.code) in codes
        assert 404 in codes or 404 not in operation.errors or operation.name in MAKING
