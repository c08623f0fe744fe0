"""Which series a query asks for, by a parser of PromQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import promql_parser
from promql_parser import MatchOp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promql_parser import Expr, Matcher, VectorSelector

    # By name and labels.
    Series = tuple[str, Mapping[str, str]]


def parts(query: str) -> list[Expr]:
    """All of what a query is made of."""
    found: list[Expr] = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return found


def selectors(query: str) -> list[VectorSelector]:
    """What a query asks for."""
    return [part for part in parts(query) if isinstance(part, promql_parser.VectorSelector)]


def grouped(query: str) -> set[str]:
    """The labels that a query groups by."""
    modifiers = [part.modifier for part in parts(query) if isinstance(part, promql_parser.AggregateExpr)]
    return {label for modifier in modifiers if modifier for label in modifier.labels}


def found(selector: VectorSelector, series: Iterable[Series]) -> list[Series]:
    """The series that are asked for."""
    matchers = selector.matchers.matchers
    return [
        (name, labels)
        for name, labels in series
        if name == selector.name and all(_holds(matcher, labels.get(matcher.name, "")) for matcher in matchers)
    ]


def _holds(matcher: Matcher, value: str) -> bool:
    match matcher.op:
        case MatchOp.Equal:
            return value == matcher.value
        case MatchOp.NotEqual:
            return value != matcher.value
        case MatchOp.Re:
            return re.fullmatch(matcher.value, value) is not None
        case _:
            return re.fullmatch(matcher.value, value) is None
