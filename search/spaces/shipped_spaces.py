"""The spaces that come with this program, found by name where no file has that name."""

from pathlib import Path

from search.errors import SpaceError
from search.text import listing, nearest

_FOLDER = Path(__file__).parent / "shipped"


def shipped_spaces() -> dict[str, Path]:
    """List them by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def shipped_space(name: str) -> Path:
    """Find one by its name."""
    shipped = shipped_spaces()
    if name in shipped:
        return shipped[name]
    near = nearest(name, shipped)
    hint = f"; did you mean {near!r}" if near else ""
    raise SpaceError(
        [f"{name}: no space of this name comes with search{hint}; valid: {listing(shipped)}"]
    )


def find_space(given: Path) -> Path:
    """Find a space file by its path, or one that comes with this program by its name.

    Args:
        given: What a user named; a file that exists always comes first.

    Returns:
        The file; a folder is given back for the reader to refuse.

    Raises:
        SpaceError: If there is neither.
    """
    shipped = shipped_spaces()
    if given.is_file():
        return given
    if str(given) in shipped:
        return shipped[str(given)]
    if given.exists():
        return given
    near = nearest(given.stem, shipped)
    hint = f"; did you mean {near!r}, which comes with search" if near else ""
    raise SpaceError([f"{given}: a space file must exist, none found{hint}"])
