"""What operators do for a run that needs a person: settle a post that got stuck, try a parked run again."""

from __future__ import annotations

from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.posts import Receipt
from socialbpm.store.tables import delivery, request
from socialbpm.web.guard import Form, read_form
from socialbpm.web.site import Site, root_of


class Operating:
    """The forms of the run page, which only operators see and only operators may send."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def settle(self, request: Request) -> Response:
        """Say of a post whether it stands, or have a parked one sent again."""
        form = await self._operators_form(request)
        await run_in_threadpool(self._settle, request, form)
        return _back(request)

    async def again(self, request: Request) -> Response:
        """Have a parked run try again, now that its cause has been mended."""
        await self._operators_form(request)
        await run_in_threadpool(self.site.social.rooms.runner.unpark, request.path_params["id"])
        return _back(request)

    async def _operators_form(self, request: Request) -> Form:
        guest = self.site.guest(request)
        form = self.site.own_form(guest, await read_form(request))
        if not guest.viewer.operator:
            raise HTTPException(403, "Only operators do this.")
        return form

    def _settle(self, request: Request, form: Form) -> None:
        delivery_id, outbox = request.path_params["delivery"], self.site.social.rooms.outbox
        with self.site.social.store.read() as conn:
            _require_of_run(conn, delivery_id, request.path_params["id"])
        match form.first("found"):
            case "again":
                outbox.retry(delivery_id)
            case "missing":
                outbox.settle(delivery_id, None)
            case "stands":
                outbox.settle(delivery_id, _receipt(form))
            case _:
                raise HTTPException(400, "Say whether the post stands.")


def _receipt(form: Form) -> Receipt:
    remote_id, url = form.first("remote_id"), form.first("url")
    if not remote_id:
        raise HTTPException(400, "Give the number of the post on its platform, so that answers find it.")
    if url and not url.startswith(("https://", "http://")):
        raise HTTPException(400, "The address of a post begins with https://.")
    return Receipt(remote_id=remote_id, url=url)


def _require_of_run(conn: Connection, delivery_id: str, run_id: str) -> None:
    query = select(delivery.c.id).join_from(delivery, request, delivery.c.request == request.c.id)
    if conn.execute(query.where(delivery.c.id == delivery_id, request.c.run == run_id)).first() is None:
        raise HTTPException(404, "This run has no such post.")


def _back(request: Request) -> Response:
    return RedirectResponse(f"{root_of(request)}/runs/{request.path_params['id']}", 303)
