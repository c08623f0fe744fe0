"""Why a program could not be had: one tree, so that a caller catches one thing.

BinaryUnavailableError      nothing worked; the message says what to install
SourceFailedError           one way of several did not work; the next is tried
  ChecksumMismatchError     what arrived is not what was pinned
"""

from __future__ import annotations


class BinaryUnavailableError(Exception):
    """No way led to the program; the message names the ways tried and what to install."""


class SourceFailedError(Exception):
    """One way to the program failed; carries the cause in one line."""


class UnreachableError(SourceFailedError):
    """The host of a download did not answer."""


class ChecksumMismatchError(SourceFailedError):
    """What was downloaded is not what was pinned."""
