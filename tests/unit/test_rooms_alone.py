"""Every room of the library can be entered first: no import depends on which came before it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import socialbpm


def test_each_room_can_be_imported_alone() -> None:
    """In a process of its own, so that nothing is there already."""
    rooms = [f"socialbpm.{each.name}" for each in pkgutil.iter_modules(socialbpm.__path__)]
    rooms = [name for name in rooms if not name.endswith("__main__")]
    started = {
        name: subprocess.Popen([sys.executable, "-c", f"import {name}"], stderr=subprocess.PIPE, text=True)
        for name in rooms
    }
    told = {name: process.communicate(timeout=60)[1] for name, process in started.items()}
    assert {name: text.splitlines()[-1] for name, text in told.items() if text} == {}
