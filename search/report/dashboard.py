"""Serves optuna-dashboard for a study, to be looked at only: nothing is changed through it."""

import errno
import webbrowser
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from search.errors import MissingExtraError, SearchError
from search.spaces.optuna_privates import storage_of, study_id
from search.studies.reader import StudyReader

_HOST = "127.0.0.1"
PORT = 8080

Say = Callable[[str], None]
Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class DashboardServer(ThreadingMixIn, WSGIServer):
    """A server that answers several requests at a time."""

    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""


def serve_dashboard(
    study: StudyReader, port: int | None, *, show: bool, tell: Say, say: Say
) -> None:
    """Serve a study on a port of this machine until the user interrupts it.

    Args:
        study: The study.
        port: 0 takes any, None the usual one or, where that is taken, any other.
        show: Whether to open the page in a browser.
        tell: Given the page's address.
        say: Told what else the user should know.

    Raises:
        MissingExtraError: If optuna-dashboard is not installed.
    """
    try:
        from optuna_dashboard import wsgi
    except ModuleNotFoundError as error:
        raise MissingExtraError("dashboard", error, "dashboard") from None
    shown = study.optuna_study
    with _bind(local_only(read_only(wsgi(storage_of(shown)))), port) as server:
        address = f"http://{_HOST}:{server.server_port}/dashboard/studies/{study_id(shown)}"
        say("its importances are Optuna's PED-ANOVA, not the fANOVA of a summary")
        say("Ctrl-C ends it")
        try:
            tell(address)
            if show:
                webbrowser.open(address)
            server.serve_forever()
        except KeyboardInterrupt:
            say("")


def read_only(app: App) -> App:
    """Answer requests that could change something with a text that says why not."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return app(environ, start_response)
        reason = f"this dashboard only shows a study, {method} would change it"
        return _refuse(start_response, "405 Method Not Allowed", reason, ("Allow", "GET, HEAD"))

    return answer


def local_only(app: App) -> App:
    """Refuse requests by another name than this machine's own."""

    # A page elsewhere may give its own name this address (DNS rebinding) and read the study.
    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", _HOST).partition(":")[0]
        if host in (_HOST, "localhost"):
            return app(environ, start_response)
        return _refuse(start_response, "400 Bad Request", f"this is {_HOST}, not {host}")

    return answer


def _refuse(
    start_response: Callable[..., Any], status: str, reason: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    text = f"{reason}\n".encode()
    kind = ("Content-Type", "text/plain; charset=utf-8")
    start_response(status, [kind, *headers, ("Content-Length", str(len(text)))])
    return [text]


def _bind(app: App, port: int | None) -> DashboardServer:
    try:
        return make_server(
            _HOST,
            PORT if port is None else port,
            app,
            server_class=DashboardServer,
            handler_class=_SilentHandler,
        )
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return _bind(app, 0)
        raise SearchError(
            f"--port: a free port must be given, got {port}: {error.strerror}; 0 takes any"
        ) from None
