"""An app that keeps SpiffWorkflow's JSON in a table of its own, and lets socialbpm ask the people.

The order makes it safe: save first, then tell socialbpm. Whatever is killed in between, doing the same again
mends it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from socialbpm import Social, SocialParser, SocialWorkflow, serializer

MODEL = Path(__file__).parent / "second_eyes.bpmn"
PROCESS = "second_eyes"
PEOPLE = {"press_room": {"local": ["ada", "grace"]}, "readers": {"local": []}}


class Releases:
    """The app's own table: the name of a release, and its workflow as JSON."""

    def __init__(self, path: str | Path) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("CREATE TABLE IF NOT EXISTS release (name TEXT PRIMARY KEY, workflow TEXT)")
        self._serializer = serializer()

    def save(self, name: str, workflow: SocialWorkflow) -> None:
        """Write a workflow, in a transaction of the app's own."""
        with self._database:
            body = self._serializer.serialize_json(workflow)
            self._database.execute("INSERT OR REPLACE INTO release VALUES (?, ?)", (name, body))

    def load(self, name: str) -> SocialWorkflow:
        """Read a workflow."""
        (body,) = self._database.execute("SELECT workflow FROM release WHERE name = ?", (name,)).fetchone()
        return self._serializer.deserialize_json(body)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def new(name: str, headline: str) -> SocialWorkflow:
    """A workflow that has come to its first question."""
    parser = SocialParser()
    parser.add_bpmn_file(str(MODEL))
    workflow = SocialWorkflow(parser.get_spec(PROCESS), parser.get_subprocess_specs(PROCESS), run_id=name)
    workflow.task_tree.data["headline"] = headline
    workflow.do_engine_steps()
    return workflow


def begin(releases: Releases, social: Social, name: str, headline: str) -> None:
    """Start a release."""
    releases.save(name, new(name, headline))
    go_on(releases, social, name)


def go_on(releases: Releases, social: Social, name: str) -> SocialWorkflow:
    """Carry a release on as far as it goes; call it now and then, and after a crash."""
    workflow = releases.load(name)
    outcomes = social.closed(name)
    social.apply(workflow, outcomes)
    releases.save(name, workflow)
    social.ack(name, list(outcomes))
    social.sync(name, workflow)
    return workflow
