"""For how long a process may write."""

from __future__ import annotations

from slotwarden.cluster.term import Term


def test_an_ended_term_never_begins_again() -> None:
    term = Term(lambda: 1000.0)
    term.extend(1005.0)
    assert term.left == 5.0
    term.end()
    term.extend(1050.0)
    assert term.left == 0.0
