"""What users type: kubectl against the values API, as somebody with these permissions."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.policy.users import role_of

if TYPE_CHECKING:
    from testbed.clients.kubectl import Result
    from tests.e2e.support import Organization

Json = dict[str, Any]
GROUP = "values.slotwarden.io"
ROOT = f"/apis/{GROUP}/v1beta1"


def rule(*resources: str, verbs: tuple[str, ...] = ("create",), group: str = GROUP, **more: Any) -> Json:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs), **more}


@dataclass(frozen=True)
class User:
    """Somebody; the administrator where the name is None."""

    org: Organization
    name: str | None = None

    @classmethod
    def who_may(cls, org: Organization, *rules: Json) -> User:
        """A new user with these permissions in the namespace."""
        name = f"user-{secrets.token_hex(4)}"
        org.session.kubectl.apply(role_of(name, *rules), namespace=org.namespace, check=True)
        return cls(org, name)

    def post(self, what: str, body: Json | str | None = None) -> Result:
        """`kubectl create --raw` of a body; `what` is `resource/name/subresource`."""
        text = body if isinstance(body, str) else json.dumps(body or {})
        return self.kubectl("create", "--raw", f"{ROOT}/namespaces/{self.org.namespace}/{what}", "-f", "-", stdin=text)

    def get(self, what: str) -> Result:
        return self.kubectl("get", "--raw", f"{ROOT}/namespaces/{self.org.namespace}/{what}")

    def can(self, verb: str, resource: str, subresource: str) -> bool:
        """What `kubectl auth can-i` answers."""
        words = ("auth", "can-i", verb, f"{resource.replace('/', f'.{GROUP}/', 1)}", f"--subresource={subresource}")
        done = self.kubectl(*words)
        assert not done.stderr, done.stderr
        return done.stdout.strip() == "yes"

    def kubectl(self, *words: str, stdin: str | None = None) -> Result:
        return self.org.session.kubectl(*words, stdin=stdin, namespace=self.org.namespace, as_user=self.name)
