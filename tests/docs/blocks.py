"""The documents of the project, and the blocks in them that a program writes.

A block stands between `<!-- table: NAME -->` (or `output: COMMAND`) and `<!-- end -->`.
"""

import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("spaces", "objectives", "studies", "search", "tests")
DOCUMENTS = [ROOT / "README.md", *(ROOT / folder / "README.md" for folder in FOLDERS)]

_BLOCK = re.compile(r"<!-- (table|output): (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)


def blocks(text: str, kind: str) -> dict[str, str]:
    """Read the blocks of a kind, `table` or `output`, by what they hold."""
    return {found[2]: found[3] for found in _BLOCK.finditer(text) if found[1] == kind}


def with_blocks(text: str, kind: str, write: Callable[[str], str]) -> str:
    """Write the blocks of a kind anew and leave the rest of a text as it is."""

    def replaced(found: re.Match[str]) -> str:
        if found[1] != kind:
            return found[0]
        return f"<!-- {kind}: {found[2]} -->\n{write(found[2])}<!-- end -->"

    return _BLOCK.sub(replaced, text)
