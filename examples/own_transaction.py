"""An app whose own table lies in the same database as socialbpm's.

It hands on the connection of its own transaction: its row, what is asked and what has been answered stand or
fall together.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from socialbpm import Social, SocialParser, SocialWorkflow, serializer

MODEL = Path(__file__).parent / "second_eyes.bpmn"
PROCESS = "second_eyes"
PEOPLE = {"press_room": {"local": ["ada", "grace"]}, "readers": {"local": []}}
TABLE = "CREATE TABLE IF NOT EXISTS release (name TEXT PRIMARY KEY, workflow TEXT)"
SAVE = "INSERT INTO release VALUES (:name, :workflow) ON CONFLICT (name) DO UPDATE SET workflow = :workflow"
LOAD = "SELECT workflow FROM release WHERE name = :name"


def connect(url: str) -> Engine:
    """The app's own way to the database, with its own table in it."""
    engine = create_engine(url, connect_args={"timeout": 30})
    with engine.begin() as conn:
        conn.execute(text(TABLE))
    return engine


def save(conn: Connection, name: str, workflow: SocialWorkflow) -> None:
    """Write a workflow, in whatever transaction this is."""
    conn.execute(text(SAVE), {"name": name, "workflow": serializer().serialize_json(workflow)})


def load(conn: Connection, name: str) -> SocialWorkflow:
    """Read a workflow."""
    return serializer().deserialize_json(conn.execute(text(LOAD), {"name": name}).scalar_one())


def begin(engine: Engine, social: Social, name: str, headline: str) -> None:
    """Start a release; if anything fails, there is neither a row nor a question."""
    parser = SocialParser()
    parser.add_bpmn_file(MODEL)
    workflow = SocialWorkflow(parser.get_spec(PROCESS), parser.get_subprocess_specs(PROCESS), run_id=name)
    workflow.task_tree.data["headline"] = headline
    workflow.do_engine_steps()
    with engine.begin() as conn:
        save(conn, name, workflow)
        social.sync(name, workflow, conn=conn)


def go_on(engine: Engine, social: Social, name: str) -> SocialWorkflow:
    """Carry a release on as far as it goes, all in one transaction."""
    with engine.begin() as conn:
        workflow = load(conn, name)
        outcomes = social.closed(name, conn=conn)
        social.apply(workflow, outcomes)
        save(conn, name, workflow)
        social.ack(name, list(outcomes), conn=conn)
        social.sync(name, workflow, conn=conn)
    return workflow
