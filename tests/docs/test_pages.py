"""Every command of the documentation is typed as a reader would, page by page, and what is shown is what is said."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.install import ROOT
from tests.docs import peers
from tests.docs.declared import ELSEWHERE, elsewhere
from tests.docs.pages import COMMANDS, OTHERS, Block, blocks, commands_in_text, missing, pages
from tests.docs.peers import PEERS
from tests.docs.reader import Reader
from tests.e2e.support import data

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.clients.kube import Kube

README = "README.md"
FROM_NOTHING = ("docs/install.md", "docs/running.md", "docs/upgrade.md", "docs/uninstall.md")
"""From the installation to the end: each page goes on where the one before it left off."""
# What stands for a name of the reader's own, by what the README leaves behind.
NAMES = {
    "KIND": "sslot",
    "NAME": "github-token",
    "SECRET": "github-token",
    "NAMESPACE": "default",
    "SOURCE": "another-source",
    "PATH": "secret/slotwarden/default/slots/github-token",
    "VERSION": "1",
}


def follow(reader: Reader, page: str) -> None:
    """Type all commands of a page: those of its blocks in order, then those in its text. Objects are accepted."""
    reader.forget()
    for block in blocks(page):
        if block.language in COMMANDS and not is_elsewhere(block):
            reader.follow(block)
    for block in blocks(page):
        if block.language == "yaml":
            reader.type(f"kubectl apply --dry-run=server -f - <<'END'\n{block.text}END", str(block))
    for command in commands_in_text(page):
        if not elsewhere(command):
            named = re.sub(r"\b[A-Z]{4,}\b", lambda found: NAMES.get(found[0], found[0]), command)
            reader.type(named, page)


def is_elsewhere(block: Block) -> bool:
    """Whether a block is not typed. Fails where that holds for a part of it only."""
    lines = [line for line in block.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    not_here = [line for line in lines if elsewhere(line.removeprefix("$ "))]
    assert not_here in ([], lines), f"{block}: make two blocks of what is typed here and what is not: {not_here}"
    return bool(not_here)


@pytest.fixture(scope="module")
def after_readme(reader: Reader) -> Reader:
    """A reader who did what the README says: an operator runs, the examples are applied."""
    follow(reader, README)
    return reader


@pytest.mark.parametrize("page", pages())
def test_blocks_have_a_language_that_is_known(page: str) -> None:
    assert [str(block) for block in blocks(page) if block.language not in (*COMMANDS, *OTHERS)] == []
    bare = [block for block in blocks(page) if block.language == "console" and not block.text.startswith("$ ")]
    assert [str(block) for block in bare] == []


def test_what_is_not_typed_here_is_tried_elsewhere() -> None:
    assert [entry.tried_by for entry in ELSEWHERE if not (ROOT / entry.tried_by).exists()] == []


def test_every_target_of_make_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        shown = [block.text for block in blocks(page) if block.language in COMMANDS] + commands_in_text(page)
        named = {name for text in shown for name in re.findall(r"^(?:\$ )?make ([a-z-]+)", text, re.MULTILINE)}
        assert named <= targets, page


def test_shapes() -> None:
    said = "NAME   TYPE   AGE\nghcr   registry   12s\nat 3.5 s done: version 12"
    assert missing(["NAME TYPE AGE", "ghcr  registry  1m2s", "", "…version 3"], said) == []
    assert missing(["NAME  READY", "version 3"], said) == ["NAME  READY", "version 3"]


def test_a_reader_tells_what_does_not_hold(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {"PATH": os.defpath})
    reader.follow(Block("page", 1, "bash", "read -r KEPT\n"))
    reader.follow(Block("page", 2, "console", "$ printf 'A  B\\n%s' \\\n    \"$KEPT\"\nA B\ntyped…\n$ true\n"))
    with pytest.raises(AssertionError, match="page:3: 'true\\\\nfalse\\\\ntrue\\\\n' ended with 1"):
        reader.follow(Block("page", 3, "bash", "true\nfalse\ntrue\n"))
    with pytest.raises(AssertionError, match="page:4: not said by 'echo 3 slots'"):
        reader.follow(Block("page", 4, "console", "$ echo 3 slots\n3 Secrets\n"))
    with pytest.raises(AssertionError, match="page:5: 'true' ended with 0"):
        reader.follow(Block("page", 5, "console", "$ true\nError from server (Forbidden): …\n"))


def test_a_block_is_typed_as_a_whole_or_not_at_all() -> None:
    assert is_elsewhere(Block("page", 1, "bash", "make demo    # live\nmake test\n"))
    assert not is_elsewhere(Block("page", 1, "bash", "kubectl get slots\n"))
    with pytest.raises(AssertionError, match="make two blocks"):
        is_elsewhere(Block("page", 1, "bash", "make demo\nkubectl get slots\n"))


def test_the_readme(after_readme: Reader) -> None:
    assert "leads" in after_readme.log()


@pytest.mark.parametrize("page", [page for page in pages() if page not in (README, *FROM_NOTHING, *PEERS)])
def test_a_page(after_readme: Reader, page: str) -> None:
    follow(after_readme, page)


@pytest.mark.skipif(not shutil.which("jq"), reason="the pages take Secrets apart with jq")
@pytest.mark.parametrize("page", PEERS)
def test_a_secret_of_others_changes_hands_and_is_never_away(after_readme: Reader, cluster: Kube, page: str) -> None:
    peer = PEERS[page]
    before = peers.leave(cluster, peer)
    follow(after_readme, page)
    after = cluster.get(core(peers.NAMESPACE, "secrets", peer.secret))
    # One that was away in between would have another uid.
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "slotwarden"
    assert peer.kind not in [owner["kind"] for owner in after["metadata"].get("ownerReferences", ())]
    kept = {name: value for name, value in peer.data.items() if name != "_raw"}
    assert {name: peers.meaning(value) for name, value in data(after).items()} == {
        name: peers.meaning(value) for name, value in kept.items()
    }
    peers.remove(cluster)


def test_running_from_nothing(reader: Reader) -> None:
    reader.leave()
    for left in ("apiservice v1beta1.values.slotwarden.io", "crd secretslots.slotwarden.io envsecrets.slotwarden.io"):
        reader.type(f"kubectl delete --ignore-not-found {left}", "between two pages")
    for page in FROM_NOTHING:
        follow(reader, page)
    assert [typed for typed in reader.typed if typed in reader.log()] == []
