"""The peer: plain SpiffWorkflow that saves its own JSON, as its documentation shows, to the same database."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from uuid import uuid4

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

from benchmarks import models


class Peer:
    """Instances in one table, each saved when it waits and when it has ended; a commit each, made durable.

    Every thread has a connection of its own. The specification is parsed once and kept in memory.
    """

    def __init__(self, folder: Path, scripts: int = 9) -> None:
        self._file, self._thread = folder / "peer.db", threading.local()
        model = folder / "plain.bpmn"
        model.write_text(models.plain(scripts), encoding="utf-8")
        parser = SpiffBpmnParser()
        parser.add_bpmn_file(str(model))
        self._spec = parser.get_spec("main")
        self._serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
        self._db.execute("CREATE TABLE instance (id TEXT PRIMARY KEY, state TEXT NOT NULL)")

    def start(self) -> str:
        """To where it waits."""
        workflow, key = BpmnWorkflow(self._spec), str(uuid4())
        workflow.task_tree.data.update(models.DATA)
        workflow.do_engine_steps()
        self._db.execute(
            "INSERT INTO instance VALUES (?, ?)", (key, self._serializer.serialize_json(workflow))
        )
        return key

    def resume(self, key: str) -> None:
        """From there to its end, with an answer."""
        workflow = self._serializer.deserialize_json(self.state(key))
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        task.data["ask"] = {"outcome": "approved"}
        task.run()
        workflow.do_engine_steps()
        assert workflow.is_completed()
        saved = self._serializer.serialize_json(workflow)
        self._db.execute("UPDATE instance SET state = ? WHERE id = ?", (saved, key))

    def state(self, key: str) -> str:
        """What is saved of an instance."""
        text: str = self._db.execute("SELECT state FROM instance WHERE id = ?", (key,)).fetchone()[0]
        return text

    @property
    def _db(self) -> sqlite3.Connection:
        if not hasattr(self._thread, "db"):
            self._thread.db = sqlite3.connect(self._file, isolation_level=None, timeout=30)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._thread.db.execute(f"PRAGMA {pragma}")
        found: sqlite3.Connection = self._thread.db
        return found
