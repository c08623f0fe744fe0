"""Whose value an entry in Vault is, by name: plain data, from which `values.paths` makes a path."""

from __future__ import annotations

from typing import NamedTuple


class SlotRef(NamedTuple):
    """A slot's value: the organization (a namespace) and the slot's name."""

    organization: str
    slot: str


class EnvRef(NamedTuple):
    """The value of one key of one environment of a project."""

    organization: str
    project: str
    environment: str
    key: str


EntryRef = SlotRef | EnvRef
