"""What a command does to a folder, call by call, as strace tells it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.crashes.disk import Disk, File, Folder
from tests.processes import ROOT, environment

CALLS = (
    *("openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "mkdir", "mkdirat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir"),
)
_LINE = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r"<((?:\\x[0-9a-f]{2})*)>")


def strace() -> str | None:
    """Find the program; None where there is none."""
    return shutil.which("strace")


@dataclass(frozen=True)
class Call:
    """A system call that succeeded: its name, arguments as text, and result."""

    name: str
    arguments: str
    result: int
    opened: str = ""

    def texts(self) -> list[bytes]:
        """Give the arguments that are texts."""
        return [_bytes(text) for text in _TEXT.findall(self.arguments)]

    def place(self) -> str:
        """Name the file that its first argument, a descriptor, stands for."""
        found = _PLACE.search(self.arguments)
        return _bytes(found[1]).decode() if found else ""


def record(folder: Path, *args: str) -> list[Call]:
    """Run `search` in a folder and list the calls that may change a disk, or tell something."""
    trace = folder.with_name(f"{folder.name}.strace")
    program = strace()
    assert program
    said = said_in(folder)
    with said.open("w") as file:
        done = subprocess.run(
            [
                *(program, "-f", "-qq", "-y", "-xx", "-s", str(2**24), "-o", str(trace)),
                *("-e", f"trace={','.join(CALLS)}", sys.executable, "-m", "search", *args),
            ],
            cwd=folder,
            env={**environment(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=file,
            stderr=file,
            timeout=300,
        )
    assert done.returncode == 0, said.read_text()
    return list(_calls(trace.read_text().splitlines()))


def said_in(folder: Path) -> Path:
    """Name the file that takes what a command in a folder says."""
    return folder.with_name(f"{folder.name}.said")


def _calls(lines: list[str]) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for line in lines:
        process, _, rest = line.partition(" ")
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if rest.lstrip().startswith("<... "):
            line = begun.pop(process, "") + rest.partition(" resumed>")[2]
        match = _LINE.match(line)
        if match and int(match[3]) >= 0:
            yield Call(match[1], match[2], int(match[3]), _bytes(match[4] or "").decode())


class Replay:
    """Follows calls on a disk that holds what lies in a folder, and hears what is said.

    Args:
        folder: The folder in which the command ran.
        disk: What lay there before.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.disk = disk
        self.said = ""
        self._folder = folder.resolve()
        self._said = said_in(folder).resolve()
        self._written: dict[str, int | None] = {}

    def follow(self, call: Call) -> bool:
        """Do what a call did; tell whether it did anything here."""
        match call.name:
            case "write" | "pwrite64":
                return self._write(call)
            case "openat":
                return self._open(call)
            case "fsync" | "fdatasync":
                return self._on(call.place(), self.disk.flush)
            case "ftruncate":
                length = int(call.arguments.rpartition(", ")[2])
                return self._on(call.place(), lambda path: self.disk.write(path, length, None))
        return self._name(call)

    def _name(self, call: Call) -> bool:
        """Follow a call that changes names."""
        first, *second = [self._below(self._absolute(call, text)) for text in call.texts()]
        if first is None or None in second:
            return False
        match call.name:
            case "mkdir" | "mkdirat":
                self.disk.make(first, Folder())
            case "unlink" | "unlinkat" | "rmdir":
                self.disk.remove(first)
            case "link" | "linkat":
                self.disk.link(first, str(second[0]))
            case "rename" | "renameat" | "renameat2":
                self.disk.rename(first, str(second[0]))
        return True

    def _open(self, call: Call) -> bool:
        path = self._below(call.opened)
        if path is None or not re.search("O_WRONLY|O_RDWR", call.arguments):
            return False
        is_new = not self.disk.exists(path)
        if is_new:
            self.disk.make(path, File())
        elif "O_TRUNC" in call.arguments:
            self.disk.write(path, 0, None)
        self._written[path] = None if "O_APPEND" in call.arguments else 0
        return is_new or "O_TRUNC" in call.arguments

    def _write(self, call: Call) -> bool:
        data = call.texts()[0][: call.result]
        if Path(call.place()) == self._said:
            self.said += data.decode(errors="replace")
            return True
        path = self._below(call.place())
        if path is None:
            return False
        at = self._written.get(path)
        if call.name == "pwrite64":
            at = int(call.arguments.rpartition(", ")[2])
        elif at is not None:
            self._written[path] = at + len(data)
        self.disk.write(path, at, data)
        return True

    def _on(self, place: str, do: Callable[[str], None]) -> bool:
        path = self._below(place)
        if path is None:
            return False
        do(path)
        return True

    def _absolute(self, call: Call, text: bytes) -> str:
        """Complete a path as the system does: from a folder that is open, or the current one."""
        base = call.place() if call.name.removesuffix("2").endswith("at") else ""
        return str(self._folder / base / text.decode())

    def _below(self, path: str) -> str | None:
        """Name a path from the folder; None for one that lies elsewhere."""
        place = Path(path.removesuffix(" (deleted)"))
        return str(place.relative_to(self._folder)) if place.is_relative_to(self._folder) else None


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
