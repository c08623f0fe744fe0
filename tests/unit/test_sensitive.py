"""A value that is in a `Sensitive` shows in nothing that is done with it."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from slotwarden.sensitive import PLACEHOLDER, Sensitive

CANARY = "canary-7f3a"


class Holder(BaseModel):
    value: Sensitive
    other: int


@given(st.binary())
def test_what_goes_in_comes_out(value: bytes) -> None:
    assert Sensitive(value).reveal() == value
    assert len(Sensitive(value)) == len(value)
    assert bool(Sensitive(value)) == bool(value)


@given(st.binary(), st.binary())
def test_equality_is_that_of_the_bytes(one: bytes, other: bytes) -> None:
    assert (Sensitive(one) == Sensitive(other)) == (one == other)
    assert Sensitive(one) != one


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>20}".format, lambda v: f"{v!r:.5}", lambda v: f"{[v]}"])
def test_no_way_of_showing_shows(show: object) -> None:
    assert CANARY not in show(Sensitive.of_text(CANARY))  # type: ignore[operator]


def test_printf_shows_the_placeholder() -> None:
    assert "%s %r" % (Sensitive.of_text(CANARY), Sensitive.of_text(CANARY)) == f"{PLACEHOLDER} {PLACEHOLDER}"  # noqa: UP031


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_no_way_of_writing_writes(write: object) -> None:
    with pytest.raises(TypeError) as caught:
        write(Sensitive.of_text(CANARY))  # type: ignore[operator]
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_it_has_no_dictionary_to_look_into() -> None:
    assert not hasattr(Sensitive.of_text(CANARY), "__dict__")


def test_a_model_reads_it_and_refuses_to_write_it() -> None:
    holder = Holder.model_validate({"value": CANARY, "other": 1})
    assert holder.value == Sensitive.of_text(CANARY)
    assert CANARY not in repr(holder)
    for dump in (holder.model_dump, holder.model_dump_json):
        with pytest.raises(Exception, match="not to be serialised") as caught:
            dump()
        assert CANARY not in str(caught.value)


def test_text_that_is_none_is_refused_without_its_bytes() -> None:
    with pytest.raises(ValueError, match="not UTF-8") as caught:
        Sensitive(CANARY.encode() + b"\xff").reveal_text()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert CANARY not in str(caught.value)


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Sensitive).validate_python(5)
