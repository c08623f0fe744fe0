"""What went, and when: a list takes time, and so does an answer. What went meanwhile must not come back by them."""

from __future__ import annotations


class Dropped:
    """At which versions objects of one resource went."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._listed = 0

    def note(self, uid: str, version: int) -> None:
        """Remember that an object went, at this version or after it."""
        self._at[uid] = max(version, self._at.get(uid, 0))

    def has(self, uid: str, version: int) -> bool:
        """Whether an object as it was at a version has gone since."""
        return version <= self._at.get(uid, -1)

    def forget(self, listed: int) -> None:
        """Take note of a list that was taken in. Another may be under way, as old as the one before at most."""
        self._at = {uid: version for uid, version in self._at.items() if version > self._listed}
        self._listed = listed
