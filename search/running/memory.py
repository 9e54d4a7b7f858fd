"""What the kernel tells of memory that ran out."""

from pathlib import Path

_COUNTERS = Path("/proc/vmstat")


def count_oom_kills() -> int:
    """Count the processes that this machine's kernel has killed to free memory.

    Returns:
        Their number since it started; 0 where the kernel does not tell.
    """
    if not _COUNTERS.exists():
        return 0
    counters = dict(line.split() for line in _COUNTERS.read_text().splitlines())
    return int(counters.get("oom_kill", 0))
