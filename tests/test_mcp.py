"""A real client of the Model Context Protocol talks to `search mcp` as agents do."""

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from tests.processes import Search, command_in, environment, wait_until_nothing_is_left

SPACE = """\
study: toy
objective: slow:train
settings: {epochs: 3, sleep_s: 0}
metric: {name: score, direction: maximize}
budget: {trials: 3}
sampler: {name: random, seed: 1}
pruner: {name: none}
parameters:
  x: {type: float, low: 0, high: 1}
"""
OBJECTIVE = """\
import os, pathlib, time

pathlib.Path("imported").touch()
print("imported")

def train(params, epochs, sleep_s):
    os.system("echo from a child")
    for epoch in range(1, epochs + 1):
        time.sleep(sleep_s)
        yield {"score": params["x"] * epoch}
"""
READING = ["list", "show", "summary", "compare", "check"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Run a study of three trials, and forget that its objective was imported for that."""
    (tmp_path / "toy.yaml").write_text(SPACE)
    (tmp_path / "slow.py").write_text(OBJECTIVE)
    done = command_in(tmp_path)("run", "toy.yaml", "--engine", "inline", "--quiet")
    assert done.returncode == 0, done.stderr
    (tmp_path / "imported").unlink()
    return tmp_path


@pytest.fixture
def search(folder: Path) -> Search:
    return command_in(folder)


Use = Callable[[Client], Awaitable[None]]


def talk(folder: Path, use: Use, *flags: str) -> str:
    """Start a server, have a client use it, and give what the server wrote to stderr."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "search", "mcp", *flags],
        env=environment(folder),
        cwd=folder,
    )

    async def session(errors: Any) -> None:
        async with Client(stdio_client(server, errlog=errors)) as client:
            await use(client)

    with (folder / "server.log").open("w+") as errors:
        anyio.run(session, errors)
        errors.seek(0)
        return errors.read()


async def called(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool that must do it, and give what it says as data."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    data = result.structured_content
    assert data is not None
    return data["result"] if data.keys() == {"result"} else data


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that must not do it, and give why."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


def printed(search: Search, *words: str) -> Any:
    return json.loads(search(*words, "--json").stdout)


def test_tools_that_read_say_what_the_commands_print(folder: Path, search: Search) -> None:
    (folder / "wrong.yaml").write_text(SPACE.replace("trials: 3", "trials: 0"))

    async def use(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == READING
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert all(tool.description and tool.output_schema for tool in tools)
        assert await called(client, "list") == printed(search, "list")
        assert await called(client, "show", study="toy") == printed(search, "show", "toy")
        shown = await called(client, "show", study="toy", trial=1)
        assert shown == printed(search, "show", "toy", "1")
        assert await called(client, "summary", study="toy") == printed(search, "summary", "toy")
        compared = await called(client, "compare", study="toy", trial=0, other_trial=1)
        assert compared == printed(search, "compare", "toy", "0", "1")
        checked = await called(client, "check", space="toy.yaml", overrides=["budget.trials=7"])
        assert (checked["valid"], checked["space"]["budget"]) == (True, {"trials": 7})
        (problem,) = (await called(client, "check", space="wrong.yaml"))["problems"]
        assert (problem["line"], problem["key"]) == (5, "budget.trials")
        assert not (folder / "imported").exists()
        assert "there is no such study; did you mean 'toy'" in await refused(
            client, "show", study="tou"
        )
        assert "got 9" in await refused(client, "show", study="toy", trial=9)
        for tool in ("run", "enqueue", "stop"):
            assert "Unknown tool" in await refused(client, tool)

    assert "Traceback" not in talk(folder, use)


def test_tools_that_change_run_search_in_processes_that_outlive_the_server(
    folder: Path, search: Search
) -> None:
    async def start(client: Client) -> None:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == [*READING, "run", "resume", "enqueue", "stop"]
        assert (await called(client, "check", space="toy.yaml", try_epoch=True))["tried"]
        assert (folder / "imported").exists()
        assert "valid" in await called(client, "check", space="none.yaml")
        slow = ["settings.epochs=400", "settings.sleep_s=0.2"]
        how = {"space": "toy.yaml", "overrides": slow, "engine": "inline"}
        started = await called(client, "run", name="mine", **how)
        assert started["study"] == "mine"
        assert "a study of this name exists" in await refused(client, "run", name="mine", **how)
        assert "budget.trials: a value above 0 must be given, got -1" in await refused(
            client, "run", **{**how, "name": "other", "trials": -1}
        )
        assert "toy is not running" in await refused(client, "stop", study="toy")
        os.kill(started["pid"], 0)

    assert "Traceback" not in talk(folder, start, "--allow-changes")
    (running,) = [one for one in printed(search, "list") if one["study"] == "mine"]
    assert running["running"] == 1
    assert sorted(path.name for path in (folder / "studies").iterdir()) == ["mine", "toy"]

    async def end(client: Client) -> None:
        assert (await called(client, "stop", study="mine", now=True))["ended"]
        assert await called(client, "enqueue", study="toy", point={"x": 0.25}) == {
            "study": "toy",
            "trial": 3,
        }
        await called(client, "resume", study="toy", trials="+1", engine="inline")
        deadline = time.monotonic() + 60
        while (await called(client, "show", study="toy"))["complete"] < 4:
            assert time.monotonic() < deadline
            await anyio.sleep(0.2)
        assert (await called(client, "show", study="toy", trial=3))["params"] == {"x": 0.25}

    assert "Traceback" not in talk(folder, end, "--allow-changes")
    wait_until_nothing_is_left(folder)
    assert "stopping" in (folder / "studies/mine/session.log").read_text()
