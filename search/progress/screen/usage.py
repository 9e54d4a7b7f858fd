"""Measures what the processes of a session use of this machine: cores, memory, GPU memory."""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

_GPU_APPS = ["--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits"]
_GPUS = [
    "--query-gpu=index,utilization.gpu,memory.used,memory.total",
    "--format=csv,noheader,nounits",
]
_MIB = 2**20


@dataclass(frozen=True)
class Usage:
    """What a process and those that it has started use.

    Args:
        cpu_percent: Of one core, since the last look.
        memory_bytes: Resident memory.
        gpu_bytes: Memory of GPUs; None where no GPU is seen.
    """

    cpu_percent: float
    memory_bytes: int
    gpu_bytes: int | None


@dataclass(frozen=True)
class Gpu:
    """A GPU of this machine.

    Args:
        index: Its number.
        percent: How much of the time it was busy.
        used_bytes: Its memory that is taken.
        total_bytes: Its memory.
    """

    index: int
    percent: float
    used_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Machine:
    """What was seen at a look.

    Args:
        usages: By number of the process; those that are gone or elsewhere are left out.
        n_cores: Cores of this machine.
        cpu_percent: How busy they are together, from 0 to 100.
        used_bytes: Memory that is taken.
        total_bytes: Memory.
        gpus: Its GPUs that `nvidia-smi` knows.
    """

    usages: dict[int, Usage] = field(default_factory=dict)
    n_cores: int = 1
    cpu_percent: float = 0.0
    used_bytes: int = 0
    total_bytes: int = 0
    gpus: list[Gpu] = field(default_factory=list)


class Processes:
    """Looks at processes again and again: how busy one is shows from the second time on."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}
        self._smi = shutil.which("nvidia-smi")

    def look(self, pids: Iterable[int]) -> Machine:
        """Measure processes of this machine, each with what it has started, but for each other."""
        trees = _trees(set(pids))
        wanted = {member for tree in trees.values() for member in tree}
        self._known = {pid: p for pid, p in self._known.items() if pid in wanted}
        gpus = list(self._gpus())
        on_gpu = self._gpu_bytes() if gpus else None
        memory = psutil.virtual_memory()
        found = {pid: self._usage(tree, on_gpu) for pid, tree in trees.items()}
        return Machine(
            {pid: usage for pid, usage in found.items() if usage},
            psutil.cpu_count() or 1,
            psutil.cpu_percent(),
            memory.total - memory.available,
            memory.total,
            gpus,
        )

    def _usage(self, tree: list[int], on_gpu: dict[int, int] | None) -> Usage | None:
        cpu_percent, memory_bytes, is_there = 0.0, 0, False
        for pid in tree:
            with suppress(psutil.Error):
                process = self._known.setdefault(pid, psutil.Process(pid))
                cpu_percent += process.cpu_percent()
                memory_bytes += process.memory_info().rss
                is_there = True
        gpu_bytes = None if on_gpu is None else sum(on_gpu.get(pid, 0) for pid in tree)
        return Usage(cpu_percent, memory_bytes, gpu_bytes) if is_there else None

    def _gpus(self) -> Iterator[Gpu]:
        for index, percent, used, total in self._ask(_GPUS, 4):
            yield Gpu(int(index), percent, int(used * _MIB), int(total * _MIB))

    def _gpu_bytes(self) -> dict[int, int]:
        """Read the memory of GPUs by process; a container shows none of it."""
        return {int(pid): int(used * _MIB) for pid, used in self._ask(_GPU_APPS, 2)}

    def _ask(self, query: list[str], n_columns: int) -> Iterator[list[float]]:
        """Read rows of numbers from nvidia-smi; those that are not, such as `[N/A]`, are left."""
        if self._smi is None:
            return
        try:
            done = subprocess.run(
                [self._smi, *query], capture_output=True, text=True, timeout=5, check=True
            )
        except (OSError, subprocess.SubprocessError):
            self._smi = None  # as where the driver is missing; it would not be better later
            return
        for line in done.stdout.splitlines():
            with suppress(ValueError):
                numbers = [float(cell) for cell in line.split(",")]
                if len(numbers) == n_columns:
                    yield numbers


def _trees(pids: set[int]) -> dict[int, list[int]]:
    """List for each process its descendants and itself, up to the next one that is asked for."""
    children: dict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            children[process.ppid()].append(process.pid)

    def tree(pid: int) -> Iterator[int]:
        yield pid
        for child in children.get(pid, []):
            if child not in pids:
                yield from tree(child)

    return {pid: list(tree(pid)) for pid in pids}
