"""Commands of the documentation that are not typed in the tests, each with the reason and what tries it instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Commands by a pattern for the whole of one, why they are not typed, and the file that answers for them."""

    pattern: str
    reason: str
    tried_by: str


ELSEWHERE: Final = (
    Elsewhere(r"make demo( ARGS=--once)?", "has servers of its own", "tests/demo/test_demo.py"),
    Elsewhere(r"make test( [A-Z]+=.*)?", "runs these very tests", ".ci/run"),
    Elsewhere(r"make test-faults", "takes long", "tests/docs/test_reliability.py"),
    Elsewhere(r"make test-release( [A-Z]+=.*)?", "takes long", "tests/e2e/test_turns.py"),
    Elsewhere(r"make bench( [A-Z]+=.*)?", "takes long", "tests/bench/test_measurement.py"),
    Elsewhere(r"make soak( [A-Z]+=.*)?", "takes long", "tests/bench/test_soak.py"),
    Elsewhere(r"make bench-clock( [A-Z]+=.*)?", "takes long", "tests/bench/test_clock.py"),
    Elsewhere(r"make bench-gateway( [A-Z]+=.*)?", "takes long", "tests/bench/test_gateway.py"),
    Elsewhere(
        r"make (lint|setup|crds|dashboard|docs|proto)", "works on the checkout, which tests leave alone", ".ci/run"
    ),
    Elsewhere(r"make lock", "asks a package index", "requirements/dev.txt"),
    Elsewhere(r"make test-kind", "needs a container engine", "tests/testbed/test_kind.py"),
    Elsewhere(r"make testbed(-down)?", "the pages find the servers as it leaves them", "tests/testbed/test_servers.py"),
    Elsewhere(r"make (wheel|package-chart)", "writes to the checkout", "tests/distribution/test_wheel.py"),
    Elsewhere(r"make sbom", "writes to the checkout", "tests/distribution/test_sbom.py"),
    Elsewhere(r"make image", "needs a container engine", "tests/image/test_contents.py"),
    Elsewhere(r"git (switch|pull|tag|push) .*", "makes a release", "docs/verification.md"),
    Elsewhere(r"(cosign verify|gh attestation verify) .*", "asks what is published", "docs/verification.md"),
    Elsewhere(
        r"--(certificate-identity|certificate-oidc-issuer|signer-workflow|predicate-type) .*",
        "goes on with the line above it",
        "docs/verification.md",
    ),
    Elsewhere(r"make help", "shows the Makefile", "Makefile"),
    Elsewhere(r"\.venv/bin/python -m pytest .*", "runs these very tests", ".ci/run"),
    Elsewhere(r"\.venv/bin/python -m testbed binaries", "builds what is missing", "tests/testbed/test_resolver.py"),
    Elsewhere(r"slotwarden (operator|gateway)", "names the program, which the pages start", "docs/running.md"),
    Elsewhere(
        r"kubectl -n slotwarden-system (rollout|port-forward|logs) .*", "needs a kubelet", "docs/verification.md"
    ),
    Elsewhere(
        r"kubectl create --raw /apis/values\.slotwarden\.io/\S+ -f FILE", "asks the gateway", "tests/demo/test_demo.py"
    ),
    Elsewhere(
        r"kubectl delete apiservice v1beta1\.values\.slotwarden\.io",
        "takes away what the pages use",
        "tests/aggregated/test_servers.py",
    ),
    Elsewhere(
        r"kubectl (create (secret|role)|explain|auth can-i)|helm template",
        "names a command without its arguments",
        "README.md",
    ),
    Elsewhere(r"(sops|kubeseal) .*", "needs a program and a key of the reader's", "docs/verification.md"),
    Elsewhere(
        r"kubectl (-n argocd patch configmap|-n slotwarden-system get configmap slotwarden-argocd-health"
        r"|apply -f examples/gitops/(argocd|flux)/) ?.*",
        "needs Argo CD or Flux",
        "tests/gitops/test_examples.py",
    ),
    Elsewhere(r"docker .*", "needs a container engine", "tests/image/test_contents.py"),
    Elsewhere(r"vault operator unseal", "asks for a key at a terminal", "tests/vault/test_outages.py"),
)


def elsewhere(command: str) -> Elsewhere | None:
    """The entry of a command; comments behind it do not count."""
    plain = re.sub(r"\s+#.*", "", command).strip()
    return next((entry for entry in ELSEWHERE if re.fullmatch(entry.pattern, plain)), None)
