"""Which tests of a folder run one after the other on one worker."""

from __future__ import annotations

from pathlib import Path

import pytest


def keep_on_one_worker(
    items: list[pytest.Item], conftest: str, group: str, *, fixture: str = "", marker: str = ""
) -> None:
    """Group the tests beside a conftest, those that use a fixture or have a marker alone where one is named.

    To be called from a hook that comes before xdist looks, which is also there where the folder is named to pytest.
    """
    for item in items:
        if item.path.parent != Path(conftest).parent:
            continue
        if fixture and fixture not in getattr(item, "fixturenames", ()):
            continue
        if not marker or item.get_closest_marker(marker):
            item.add_marker(pytest.mark.xdist_group(group))
