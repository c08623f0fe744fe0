"""Under which name a permission is asked for, where the object of a key turns out to have another."""

from __future__ import annotations

import pytest

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.journal import Asked
from slotwarden.gateway.published import asking
from slotwarden.gateway.published.acts import SET_VALUE
from tests.unit.gateway.raws import env

REF = EnvRef("acme", "shop", "production", "TOKEN")
MADE = env_object_name(REF)
CALLER = Caller("system:serviceaccount:acme:bot", "", (), {}, "token")


def test_the_name_is_that_of_the_known_object_or_the_one_that_it_would_get() -> None:
    catalog = Catalog()
    assert asking.likely_name(catalog, REF) == MADE
    catalog.took(env("TOKEN", name="by-hand"))
    assert asking.likely_name(catalog, REF) == "by-hand"


@pytest.mark.parametrize(("found", "again"), [(MADE, []), ("by-hand", ["by-hand"])])
async def test_it_is_asked_again_where_the_object_has_another_name(found: str, again: list[str]) -> None:
    asked, names = Asked(CALLER, SET_VALUE, "envsecrets", "acme", MADE), []

    async def admit(about: Asked) -> None:
        names.append(about.name)

    await asking.go_on_with(asked, found, "uid-1", admit)
    assert (asked.name, asked.uid, names) == (found, "uid-1", again)


async def test_what_is_not_allowed_under_the_other_name_is_noted_under_that() -> None:
    asked = Asked(CALLER, SET_VALUE, "envsecrets", "acme", MADE)

    async def admit(_about: Asked) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        await asking.go_on_with(asked, "by-hand", "uid-1", admit)
    assert asked.name == "by-hand"
