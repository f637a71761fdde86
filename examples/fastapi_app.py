"""A FastAPI app of your own with social processes in it: ``uvicorn fastapi_app:app``.

``POST /releases`` starts a run, ``GET /releases/ID`` shows it. People answer on the mounted pages under
``/social``, and a worker thread does the work. All is kept in one SQLite file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

import socialbpm

MODEL = Path(__file__).parent / "second_eyes.bpmn"
PEOPLE = {"press_room": {"local": ["ada", "grace"]}, "readers": {"local": []}}

social = socialbpm.open(
    os.environ.get("DATABASE", "sqlite:///releases.db"),
    communities=PEOPLE,
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/social"),  # where the pages are mounted
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Deploy, and work while the app is up. A worker may as well be a process of its own."""
    social.deploy(MODEL)
    stop = threading.Event()
    worker = threading.Thread(target=social.rooms.engine.worker, args=(stop,))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()
        social.close()


app = FastAPI(title="Releases", lifespan=lifespan)
app.mount("/social", social.asgi())


class Release(BaseModel):
    """What somebody wants to publish."""

    headline: str


# No coroutines: FastAPI runs plain functions in threads, where waiting for the database holds up nobody.


@app.post("/releases", status_code=201)
def submit(release: Release) -> dict[str, Any]:
    """Start a run; the reviewers are asked."""
    run = social.start("second_eyes", data={"headline": release.headline})
    return {"id": run.id, "reviewers": {person: social.link(person) for person in social.people()}}


@app.get("/releases/{run_id}")
def show(run_id: str) -> dict[str, Any]:
    """How it stands."""
    try:
        run = social.run(run_id)
    except socialbpm.NotFound as error:
        raise HTTPException(404, str(error)) from None
    return {"status": run.status, "waits_for": [request.name for request in run.requests], "data": run.data}
