"""The page as a Starlette application on loopback; works without JavaScript."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from intake.ops_alert_desk import AlertStateError, UnknownAlertError
from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.alerts_web.alert_page import LONGEST_NAME, alert_page, moment_to_mute
from orchestration.alerts_web.list_page import list_page
from orchestration.alerts_web.parts import card, layout, style

LARGEST_FORM = 64_000
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"
# Data Docs carry their own style and script in the page and quote what sources sent: whatever they would fetch from
# elsewhere stays away, and as an origin of their own they can neither read an alert's form nor send it.
DOCS_POLICY = "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'"


def create_app(project: Project, actor: str) -> Starlette:
    """The application; `actor` is who sits at the machine. Only names of loopback are answered."""
    page = AlertsPage(project, actor, secrets.token_urlsafe(32))
    routes = [
        Route("/", page.index),
        Route("/style.css", page.style),
        Route("/alerts/{alert_id}", page.show, methods=["GET"]),
        Route("/alerts/{alert_id}", page.change, methods=["POST"]),
        Route("/data-docs/{path:path}", page.docs),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK), Middleware(BaseHTTPMiddleware, _headers)]
    errors = {404: page.error, 400: page.error, 403: page.error, 409: page.error, 413: page.error}
    return Starlette(routes=routes, middleware=middleware, exception_handlers=errors)


class RefusedFormError(HTTPException):
    """A form that changes nothing; the page gives the note back, which is nowhere else."""

    def __init__(self, status: int, said: str, note: str) -> None:
        super().__init__(status, said)
        self.note = note


class AlertsPage:
    """Answers of the page; the store is read anew for each."""

    def __init__(self, project: Project, actor: str, token: str) -> None:
        self.project, self.actor, self.token = project, actor, token
        self.store = OpsStore(project.paths)

    async def index(self, request: Request) -> Response:
        """The list."""
        now = self.project.clock.now()
        asked = dict(request.query_params)
        return self._page("Alerts", list_page(self.store.list_alerts(), asked, now, self.store.pauses()))

    async def style(self, _request: Request) -> Response:
        """The style sheet."""
        return Response(style(), media_type="text/css")

    async def show(self, request: Request) -> Response:
        """One alert."""
        alert = self._alert(request)
        notes = self.store.alert_notes(alert.alert_id)
        done = request.query_params.get("done", "")
        content = alert_page(alert, notes, self.project.clock.now(), token=self.token, actor=self.actor, done=done)
        return self._page(alert.title, content)

    async def change(self, request: Request) -> Response:
        """A button: acknowledge, resolve, mute or unmute, with a note."""
        form = await self._form(request)
        alert = self._alert(request)
        note = form.get("note", "").replace("\r\n", "\n").strip()
        try:
            self._nobody_since(alert, form)
            self._apply(alert, form, note)
        except AlertStateError as error:
            raise RefusedFormError(409, str(error), note) from error
        except ValueError as error:
            raise RefusedFormError(400, str(error), note) from error
        return RedirectResponse(f"/alerts/{alert.alert_id}?done={form['action']}", status_code=303)

    async def docs(self, request: Request) -> Response:
        """A page of the Data Docs."""
        root = self.project.paths.data_docs.resolve()
        file = (root / request.path_params["path"]).resolve()
        if not file.is_relative_to(root) or not file.is_file() or file.suffix not in (".html", ".css", ".svg", ".png"):
            raise HTTPException(404, "there is no such page; Data Docs are made by runs")
        return FileResponse(file, headers={"Content-Security-Policy": DOCS_POLICY})

    async def error(self, _request: Request, problem: Exception) -> Response:
        """A problem as a page."""
        code, said = (problem.status_code, problem.detail) if isinstance(problem, HTTPException) else (500, "error")
        note = escape(problem.note) if isinstance(problem, RefusedFormError) else ""
        given_back = card("Your note, not recorded", f'<p class="note">{note}</p>') if note else ""
        content = f'<p class="card wrong" role="alert">{escape(said)}</p>{given_back}<p><a href="/">All alerts</a></p>'
        return HTMLResponse(self._html("Problem", f"<h1>That did not work</h1>{content}"), status_code=code)

    def _nobody_since(self, alert: Alert, form: dict[str, str]) -> None:
        """Whoever looks at an older state of the alert than it has would undo what another did, unawares."""
        notes = self.store.alert_notes(alert.alert_id)
        if form.get("seen") != str(len(notes)):
            last = f"{notes[-1].actor}, {notes[-1].at:%Y-%m-%d %H:%M} UTC: {notes[-1].action}" if notes else "nothing"
            raise AlertStateError(f"the alert has changed since you opened it ({last}); open it again")

    def _apply(self, alert: Alert, form: dict[str, str], note: str) -> None:
        now, actor = self.project.clock.now(), form.get("actor", "").strip()
        if len(actor) > LONGEST_NAME:
            raise ValueError(f"actor: {len(actor):,} characters, at most {LONGEST_NAME} are kept")
        action, who = form.get("action", ""), actor or self.actor
        if action == "acknowledge":
            self.store.acknowledge(alert.alert_id, owner=who, at=now, note=note)
        elif action == "resolve":
            self.store.resolve(alert.alert_id, at=now, note=note or None, actor=who)
        elif action == "mute":
            until = moment_to_mute(form.get("days", ""), now)
            self.store.mute(alert.alert_id, until=until, at=now, actor=who, note=note)
        elif action == "unmute":
            self.store.unmute(alert.alert_id, at=now, actor=who, note=note)
        else:
            raise ValueError(f"action: {action!r} is none of acknowledge, resolve, mute, unmute")

    async def _form(self, request: Request) -> dict[str, str]:
        # Another site's page may send a form here, but neither its origin nor our token.
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            raise HTTPException(403, "this form came from another site")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_FORM:
                raise HTTPException(413, f"a form has at most {LARGEST_FORM:,} bytes")
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if not secrets.compare_digest(form.get("token", "").encode(), self.token.encode()):
            raise HTTPException(403, "this form is of an earlier start of the page; open the alert again")
        return form

    def _alert(self, request: Request) -> Alert:
        try:
            return self.store.alert(request.path_params["alert_id"])
        except UnknownAlertError as error:
            raise HTTPException(404, str(error)) from error

    def _page(self, title: str, content: str) -> Response:
        return HTMLResponse(self._html(title, content))

    def _html(self, title: str, content: str) -> str:
        docs: Path = self.project.paths.data_docs / "index.html"
        name, now = self.project.settings.project, self.project.clock.now()
        return layout(title, content, project=name, now=now, docs=docs.is_file())


async def _headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
