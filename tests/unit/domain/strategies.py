"""Credentials as people and machines make them."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from slotwarden.domain.credentials import GitCredential, RegistryCredential
from slotwarden.sensitive import Sensitive

# What JSON, Go and shells treat in a way of their own is drawn often.
NASTY = st.sampled_from(list("&<>\"'\\/=:;$`\u2028\u2029\u00e9\u4e2d\U0001f511\ufeff\x7f\x01\x08\x0b\x0c\t\r\n "))
PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
NAME_CHARS = (NASTY | PLAIN).filter(lambda c: c != ":" and c > "\x1f" and c != "\x7f")

USERNAMES = st.text(NAME_CHARS, min_size=1, max_size=20)
SECRETS = st.text(NASTY | PLAIN, min_size=1, max_size=40).filter(lambda text: not text.endswith("\n"))
SERVERS = st.sampled_from(["ghcr.io", "https://index.docker.io/v1/", "a.example:5000", "z", "[fd00::1]:5000"])
KEY_FILES = st.fixed_dictionaries(
    {"type": st.just("service_account"), "private_key": SECRETS, "client_email": SECRETS}
).map(lambda key: json.dumps(key, indent=2) + "\n")


def _registry(username: str, password: str, server: str) -> RegistryCredential:
    return RegistryCredential(username, Sensitive.of_text(password), server)


REGISTRIES = st.builds(_registry, USERNAMES, SECRETS, SERVERS) | st.builds(
    _registry, st.just("_json_key"), KEY_FILES, SERVERS
)
GITS = st.builds(
    lambda username, token: GitCredential(username, Sensitive.of_text(token), "https://git.example.com/team"),
    USERNAMES,
    SECRETS,
)
CREDENTIALS = REGISTRIES | GITS
