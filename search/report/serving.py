"""Serves pages to programs of this machine only, to be looked at and not to change anything."""

import errno
import webbrowser
from collections.abc import Callable, Iterable
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from search.errors import SearchError

HOST = "127.0.0.1"

Say = Callable[[str], None]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class LocalServer(ThreadingMixIn, WSGIServer):
    """A server that answers several requests at a time."""

    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""


def serve_until_interrupted(server: LocalServer, address: str, *, show: bool, tell: Say) -> None:
    """Answer requests until the user interrupts it; tell the address first, or show it."""
    with suppress(KeyboardInterrupt):
        tell(address)
        if show:
            webbrowser.open(address)
        server.serve_forever()


def bind(app: App, port: int | None, usual: int) -> LocalServer:
    """Listen on a port of this machine: 0 takes any, None the usual one or, where taken, any."""
    try:
        return make_server(
            HOST,
            usual if port is None else port,
            app,
            server_class=LocalServer,
            handler_class=_SilentHandler,
        )
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return bind(app, 0, usual)
        raise SearchError(
            f"--port: a free port must be given, got {port}: {error.strerror}; 0 takes any"
        ) from None


def read_only(app: App, what: str) -> App:
    """Answer requests that could change something with a text that says why not."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return app(environ, start_response)
        reason = f"{what} only shows a study, {method} would change it"
        return refuse(start_response, "405 Method Not Allowed", reason, ("Allow", "GET, HEAD"))

    return answer


def local_only(app: App) -> App:
    """Refuse requests by another name than this machine's own."""

    # A page elsewhere may give its own name this address (DNS rebinding) and read the study.
    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", HOST).partition(":")[0]
        if host in (HOST, "localhost"):
            return app(environ, start_response)
        return refuse(start_response, "400 Bad Request", f"this is {HOST}, not {host}")

    return answer


def refuse(
    start_response: StartResponse, status: str, reason: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    """Answer with a text that says why there is nothing else."""
    return respond(start_response, f"{reason}\n", "text/plain", *headers, status=status)


def respond(
    start_response: StartResponse,
    text: str,
    kind: str,
    *headers: tuple[str, str],
    status: str = "200 OK",
) -> Iterable[bytes]:
    """Answer with a text of a kind, such as text/html."""
    content = text.encode()
    own = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(content)))]
    start_response(status, [*own, *headers])
    return [content]
