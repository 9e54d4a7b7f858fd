"""Where checkpoints lie: a folder, or a bucket that all nodes of a cluster reach.

Ray Tune's storage is `pyarrow.fs`, and so are buckets here; a folder is written directly,
which costs no copy to keep an epoch under a second name and is flushed to the disk.
"""

import contextlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from search.errors import SearchError, StudyError
from search.studies.disk import require_disk
from search.studies.durable import link_durably, make_folder, unfinished, write_durably

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


_CHECKPOINT = re.compile(r"\d{4,}/(best|last)\.pt")


class StoreError(SearchError, OSError):
    """A checkpoint could not be read or written; `filename` says which."""

    def __str__(self) -> str:
        """Word it for the user."""
        return f"{self.filename}: must be writable, got {self.strerror}"


class CheckpointStore(Protocol):
    """Files by name, as `0007/last.pt`; a file is always whole.

    Every method raises `StoreError` where the place cannot be reached, or not be written.
    """

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Put a file in place of what was there."""
        ...

    def read(self, name: str) -> bytes | None:
        """Read a file; None if there is none."""
        ...

    def open(self, name: str) -> IO[bytes] | None:
        """Open a file to read parts of it; None if there is none."""
        ...

    def size(self, name: str) -> int | None:
        """Tell a file's size in bytes; None if there is none."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Give a file a second name, which stays what it is when the first is written again."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def names(self) -> list[str]:
        """List all files."""
        ...

    def clear(self) -> None:
        """Delete the checkpoints of trials and nothing else: a study may name any place."""
        ...

    def require_disk(self, n_bytes: float, purpose: str) -> None:
        """See `search.studies.disk.require_disk`; a bucket has no end."""
        ...


class FolderStore:
    """Checkpoints in a folder.

    Args:
        folder: The folder; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, content: bytes | memoryview) -> None:
        """See `CheckpointStore`."""
        path = self._folder / name
        with _named(str(path)):
            make_folder(path.parent)
            write_durably(path, content)

    def read(self, name: str) -> bytes | None:
        """See `CheckpointStore`."""
        path = self._folder / name
        with _named(str(path)):
            return path.read_bytes() if path.exists() else None

    def open(self, name: str) -> IO[bytes] | None:
        """See `CheckpointStore`."""
        path = self._folder / name
        with _named(str(path)):
            return path.open("rb") if path.exists() else None

    def size(self, name: str) -> int | None:
        """See `CheckpointStore`."""
        path = self._folder / name
        return path.stat().st_size if path.exists() else None

    def copy(self, source: str, target: str) -> None:
        """See `CheckpointStore`; writing replaces a name, so two names can share one file."""
        path = self._folder / target
        with _named(str(path)):
            link_durably(self._folder / source, path)

    def delete(self, name: str) -> None:
        """See `CheckpointStore`; a trial's folder that holds nothing else goes with it."""
        path = self._folder / name
        with _named(str(path)):
            path.unlink(missing_ok=True)
            unfinished(path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()

    def names(self) -> list[str]:
        """See `CheckpointStore`."""
        return sorted(str(path.relative_to(self._folder)) for path in self._folder.glob("*/*.pt"))

    def clear(self) -> None:
        """See `CheckpointStore`; what a link leads to is left."""
        if self._folder.is_symlink():
            return
        for name in filter(_CHECKPOINT.fullmatch, self.names()):
            if not (self._folder / name).parent.is_symlink():
                self.delete(name)
        with contextlib.suppress(OSError):  # it holds something else, or is none
            self._folder.rmdir()

    def require_disk(self, n_bytes: float, purpose: str) -> None:
        """See `CheckpointStore`."""
        require_disk(self._folder, n_bytes, purpose)


class BucketStore:
    """Checkpoints in whatever `pyarrow.fs` reaches.

    Args:
        files: The file system.
        root: Bucket and prefix.
    """

    def __init__(self, files: "FileSystem", root: str) -> None:
        self._files = files
        self._root = root.rstrip("/")

    def write(self, name: str, content: bytes | memoryview) -> None:
        """See `CheckpointStore`; an upload appears when it is done."""
        with self._reaching(name) as path, self._files.open_output_stream(path) as file:
            file.write(content)

    def read(self, name: str) -> bytes | None:
        """See `CheckpointStore`."""
        with self._reaching(name) as path:
            try:
                with self._files.open_input_stream(path) as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def open(self, name: str) -> IO[bytes] | None:
        """See `CheckpointStore`; only the parts that are read are fetched."""
        with self._reaching(name) as path:
            try:
                return cast("IO[bytes]", self._files.open_input_file(path))
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """See `CheckpointStore`."""
        with self._reaching(name) as path:
            info = self._files.get_file_info(path)
            return int(info.size) if info.is_file else None

    def copy(self, source: str, target: str) -> None:
        """See `CheckpointStore`."""
        with self._reaching(target) as path:
            self._files.copy_file(f"{self._root}/{source}", path)

    def delete(self, name: str) -> None:
        """See `CheckpointStore`."""
        with self._reaching(name) as path, contextlib.suppress(FileNotFoundError):
            self._files.delete_file(path)

    def names(self) -> list[str]:
        """See `CheckpointStore`."""
        from pyarrow.fs import FileSelector

        with self._reaching("") as path:
            everything = FileSelector(path, recursive=True, allow_not_found=True)
            found = [info.path for info in self._files.get_file_info(everything) if info.is_file]
        return sorted(place.removeprefix(f"{self._root}/") for place in found)

    def clear(self) -> None:
        """See `CheckpointStore`."""
        for name in filter(_CHECKPOINT.fullmatch, self.names()):
            self.delete(name)

    def require_disk(self, n_bytes: float, purpose: str) -> None:
        """See `CheckpointStore`: nothing to check."""

    @contextlib.contextmanager
    def _reaching(self, name: str) -> Iterator[str]:
        path = f"{self._root}/{name}".rstrip("/")
        with _named(path):
            yield path


@lru_cache(maxsize=8)
def open_store(location: str) -> CheckpointStore:
    """Open a place that need not exist yet: a folder's path or URL, or a bucket's URL.

    A bucket is given as `pyarrow.fs` takes it, for instance `s3://bucket/prefix`.
    """
    if "://" not in location:
        return FolderStore(Path(location))
    url = urlsplit(location)
    if url.scheme == "file":
        return FolderStore(Path(unquote(url.path)))
    from pyarrow.fs import FileSystem

    try:
        files, root = FileSystem.from_uri(location)
    except (ValueError, OSError, NotImplementedError) as error:
        reason = (str(error).splitlines() or ["no reason"])[0]
        raise StudyError(
            f"storage_path: a folder, or the URL of a bucket, must be given, got "
            f"{shown_location(location)}: {reason}"
        ) from None
    return BucketStore(files, root)


def below(location: str, name: str) -> str:
    """Name a place within another.

    Args:
        location: A path or URL, as `open_store` takes it.
        name: What to add to its path.

    Returns:
        A location of the same form.

    Example:
        >>> below("s3://bucket/a?region=eu", "toy"), below("/mnt/share", "toy")
        ('s3://bucket/a/toy?region=eu', '/mnt/share/toy')
    """
    if "://" not in location:
        return str(Path(location) / name)
    url = urlsplit(location)
    return urlunsplit(url._replace(path=f"{url.path.rstrip('/')}/{name}"))


def shown_location(location: str) -> str:
    """Name a place without the keys that its URL may hold.

    Args:
        location: A path or URL, as `open_store` takes it.

    Returns:
        A text for messages.

    Example:
        >>> shown_location("s3://key:secret@bucket/a?region=eu")
        's3://bucket/a'
    """
    if "://" not in location:
        return location
    url = urlsplit(location)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"


@contextlib.contextmanager
def _named(place: str) -> Iterator[None]:
    """Say of every error which file it was about."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or (str(error).splitlines() or ["no reason"])[0]
        raise StoreError(error.errno, reason, place) from None
