"""What stands in Vault and is no credential is told by its field, and the last good Secret stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.support import REFRESH, condition, data, git, has_condition, passwords, registry

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization

REGISTRY: Json = {"username": "bot", "password": "canary-two", "server_address": "ghcr.io"}
GIT: Json = {"username": "bot", "token": "canary-two", "url": "https://github.com"}
# Longer than a run of digits in a uid can be: a short one is found there by chance.
NUMBER = 4711_0815_4711_0815


def without(entry: Json, field: str) -> Json:
    return {key: value for key, value in entry.items() if key != field}


INVALID: dict[str, tuple[Json, str]] = {
    "no-username": (without(REGISTRY, "username"), "username is missing"),
    "no-password": (without(REGISTRY, "password"), "password"),
    "number": ({**REGISTRY, "password": NUMBER}, "password is not a string"),
    "empty-password": ({**REGISTRY, "password": ""}, "password is empty"),
    "colon": ({**REGISTRY, "username": "bot:canary"}, "username holds a colon"),
    "no-token": (without(GIT, "token"), "token (git) is missing"),
    "url-number": ({**GIT, "url": NUMBER}, "url is not a string"),
    "list": ({**GIT, "token": ["canary"]}, "token is not a string"),
    "newline": ({**GIT, "token": "canary-two\n"}, "token ends with a newline"),
}


def test_an_entry_that_is_no_credential_is_told_by_its_field(org: Organization) -> None:
    for name, (entry, _) in INVALID.items():
        org.create(name, git("one") if GIT.keys() & entry.keys() & {"token", "url"} else registry("one"))
    before = {name: org.ready(name) and org.secret(name) for name in INVALID}
    mark = org.mark()
    for name, (entry, _) in INVALID.items():
        org.vault.write(org.entry(name), entry)
        org.ask_refresh(name)
    for name, (_, said) in INVALID.items():
        slot = org.told(name, "InvalidValue")
        assert condition(slot)["status"] == "False"
        assert said in condition(slot)["message"]
        assert condition(slot, "Stalled")["reason"] == "InvalidValue"
        event = org.event(name, "InvalidValue")
        assert event["message"] == condition(slot)["message"]
        for shown in (str(slot), str(event)):
            assert "canary" not in shown
            assert str(NUMBER) not in shown
        assert org.secret(name) == before[name]
        assert slot["status"]["lastHandledRefresh"] == slot["metadata"]["annotations"][REFRESH]
    assert org.calls(mark, "secrets") == []


def test_a_good_version_after_an_invalid_one_heals(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.vault.write(org.entry("pull"), {**REGISTRY, "password": ""})
    org.refreshed("pull")
    org.told("pull", "InvalidValue")
    org.vault.write(org.entry("pull"), {**REGISTRY, "password": "three"})
    org.refreshed("pull")
    slot = org.ready("pull")
    assert not has_condition(slot, "Stalled")
    assert slot["status"]["vault"]["version"] == 3
    assert passwords(org.secret("pull")) == {"ghcr.io": "three"}
    assert org.secret("pull")["metadata"]["uid"] == before["metadata"]["uid"]


def test_an_inline_token_with_a_final_newline_is_refused_and_the_last_good_stays(org: Organization) -> None:
    org.made("token", git("one"))
    before = org.secret("token")
    org.edit("token", git("two\n"))
    slot = org.told("token", "InvalidValue")
    assert "token ends with a newline" in condition(slot)["message"]
    assert org.secret("token") == before
    assert org.vault.version(org.entry("token")) == 1
    org.edit("token", git("two"))
    org.ready("token")
    assert data(org.secret("token")) == {"username": "bot", "password": "two"}
