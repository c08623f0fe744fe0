"""The documents tell of the routes that there are, and the pages load nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotwarden.gateway.published.coreinstances_rest import CoreInstancesRest
from slotwarden.gateway.published.described import documents, page
from slotwarden.gateway.published.environments_rest import EnvironmentsRest
from slotwarden.gateway.published.repositories_rest import RepositoriesRest
from slotwarden.gateway.published.slots_rest import SlotsRest

if TYPE_CHECKING:
    from aiohttp import web

    from slotwarden.gateway.published.described.contract import Contract

NOBODY = cast("Any", None)


def served() -> dict[str, list[web.RouteDef]]:
    return {
        "slots": SlotsRest(NOBODY).routes(),
        "environments": EnvironmentsRest(NOBODY).routes(),
        "core-instances": CoreInstancesRest(NOBODY).routes(),
        "repositories": RepositoriesRest(NOBODY, "").routes(),
    }


def contracts() -> Any:
    return pytest.mark.parametrize("contract", documents.CONTRACTS, ids=lambda each: each.name)


def references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for inner in part.values() for each in references(inner)]
    return [each for inner in part for each in references(inner)] if isinstance(part, list) else []


@contracts()
def test_a_document_tells_of_all_routes_and_of_no_others(contract: Contract) -> None:
    routes = {(each.kwargs["name"], each.method, each.path) for each in served()[contract.name]}
    assert {(each.name, each.method, each.path) for each in contract.operations} == routes


@contracts()
def test_a_path_tells_of_each_of_its_parts(contract: Contract) -> None:
    for each in contract.operations:
        told = {parameter.name for parameter in each.parameters if parameter.place == "path"}
        assert told == set(re.findall(r"{(\w+)}", each.path)), each.name


@contracts()
def test_a_document_refers_to_its_own_schemas_and_to_all_of_them(contract: Contract) -> None:
    document = contract.document()
    names = {each.removeprefix("#/components/schemas/") for each in references(document)}
    assert names == set(document["components"]["schemas"])


class Shape(HTMLParser):
    """What a page names, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links |= {value or "" for name, value in attrs if name == "href"}


@contracts()
def test_a_page_leads_only_to_what_is_there_and_loads_nothing(contract: Contract) -> None:
    pages = {f"/docs/{each.name}" for each in documents.CONTRACTS}
    there = pages | {"/docs"} | {f"/openapi/published/{each.name}.json" for each in documents.CONTRACTS}
    shape = Shape(page.page(contract, documents.CONTRACTS))
    assert not shape.tags & {"script", "link", "img", "iframe", "form", "object", "base"}
    assert not {name for name in shape.attributes if name.startswith("on") or name in ("style", "src")}
    assert len(shape.ids) == len(set(shape.ids))
    assert shape.links <= there | {f"#{each}" for each in shape.ids}


@contracts()
def test_a_page_says_which_one_it_is_and_where_what_is_sent_is_told(contract: Contract) -> None:
    text = page.page(contract, documents.CONTRACTS)
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', text) == [f"/docs/{contract.name}"]
    bodies = {each.body.__name__ for each in contract.operations if each.body}
    assert set(re.findall(r'<h3>Body</h3><p><a href="#schema-(\w+)">.*?</p><table', text)) == bodies


def test_what_stands_in_a_contract_is_no_html() -> None:
    assert page._text("<b>") == "&lt;b&gt;"
