"""Pictures that go with a post or a request, served to those who may see it, and as what they are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from socialbpm.posts import Media
from socialbpm.store.tables import media
from socialbpm.web.site import Site

# What a browser shows as a picture and never runs. An SVG can carry a script, so none of others is served.
SERVED = ("image/png", "image/jpeg", "image/gif", "image/webp")
# A picture opened by itself may only be styled by the browser that shows it.
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
FOR_EVER = "private, max-age=31536000, immutable"


def picture(site: Site, request: Request, shown: Sequence[Media]) -> Response:
    """The picture that the address names, if it is one of those ``shown`` to the caller. Else a 404."""
    wanted = request.path_params["sha256"]
    row = None
    if any(each.ref == f"media:{wanted}" for each in shown):
        with site.social.store.read() as conn:
            row = conn.execute(select(media).where(media.c.id == wanted)).first()
    if row is None or row.type not in SERVED:
        raise HTTPException(404, "There is no such picture here.")
    headers = {"cache-control": FOR_EVER, "content-security-policy": ALONE}
    return Response(row.body, media_type=row.type, headers=headers)
