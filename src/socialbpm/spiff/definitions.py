"""Deployed processes: each is the hash of all that it consists of, and its specifications are stored once."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree
from sqlalchemy import Connection, bindparam, func, or_, select, update

from socialbpm.clock import Clock
from socialbpm.content_rules import ContentRules
from socialbpm.errors import DefinitionError, NotFound, Problem
from socialbpm.people import Community
from socialbpm.posts import Capabilities
from socialbpm.spiff import pictures
from socialbpm.spiff.check import check_files
from socialbpm.spiff.flow import bpmn
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.serializer import Codec, Specs
from socialbpm.spiff.xml import parse, social_elements
from socialbpm.store import Store, insert_once
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import process, spec

KEPT = 64
"""How many specifications are kept ready in memory."""
MADE = (1980, 1, 1, 0, 0, 0)  # the same date in every package, so that the same files are the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """A deployed process.

    ``id`` is its hash, ``bpmn_id`` its id in the diagram, ``spec`` its specification.
    """

    id: str
    bpmn_id: str
    name: str
    spec: str


class Definitions:
    """The processes of one store.

    ``communities``, ``channels``, ``calendars`` and content ``rules`` are what the model check knows of
    settings.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        communities: Mapping[str, Community] | None = None,
        channels: Mapping[str, Capabilities] | None = None,
        calendars: Collection[str] | None = None,
        rules: ContentRules | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._communities, self._channels = communities, channels
        self._calendars, self._rules = calendars, rules
        self.codec = Codec(clock)
        self._ready: OrderedDict[str, Specs | bytes] = (
            OrderedDict()
        )  # bytes: must be read anew for each instance
        self._newest: OrderedDict[str, ProcessInfo] = OrderedDict()
        self._lock = Lock()

    def check(self, paths: Sequence[str | PathLike[str]]) -> list[Problem]:
        """All that ``deploy`` would refuse."""
        files = [Path(path) for path in paths]
        return check_files(files, self._communities, self._channels, self._calendars, self._rules)

    def deploy(self, paths: Sequence[str | PathLike[str]]) -> ProcessInfo:
        """Take the first file's process into use, with those of the other files that it needs.

        The same content again is the same process, and the newest. Raises DefinitionError.
        """
        problems = self.check(paths)
        if problems:
            raise DefinitionError(*problems)
        package = Package.of([Path(path) for path in paths])
        spec_id, body = self.codec.pack_specs(package.parser, package.bpmn_id)
        info = ProcessInfo(id=package.id, bpmn_id=package.bpmn_id, name=package.name, spec=spec_id)
        with self._store.begin() as conn:
            self._store_process(conn, info, package.zipped(), body)
        return info

    def newest(self, conn: Connection, name: str) -> ProcessInfo:
        """The newest version of the process with this BPMN id, or the process with this hash.

        Raises NotFound.
        """
        row = _NEWEST.rows(conn, wanted=name).first()
        if row is None:
            raise NotFound(f"no process '{name}' is deployed")
        info = ProcessInfo(id=row.id, bpmn_id=row.bpmn_id, name=row.name, spec=row.spec)
        with self._lock:
            _keep(self._newest, name, info)
        return info

    def remembered(self, name: str) -> tuple[ProcessInfo, Specs] | None:
        """What ``newest`` has said last, with its specifications: without the store, so to be verified."""
        with self._lock:
            info = self._newest.get(name)
            ready = self._ready.get(info.spec) if info else None
        return (info, ready) if info and isinstance(ready, Specs) else None

    def specs(self, conn: Connection, spec_id: str) -> Specs:
        """The specifications of a process; one object for all instances where that is safe."""
        with self._lock:
            ready = self._ready.get(spec_id)
            if ready is not None:
                self._ready.move_to_end(spec_id)
        if ready is None:
            ready = self._load(conn, spec_id)
        return ready if isinstance(ready, Specs) else self.codec.unpack_specs(ready)

    def _load(self, conn: Connection, spec_id: str) -> Specs | bytes:
        body: bytes = _SPEC.rows(conn, wanted=spec_id).scalar_one()
        specs = self.codec.unpack_specs(body)
        with self._lock:
            _keep(self._ready, spec_id, specs if specs.shared else body)
        return specs if specs.shared else body

    def _store_process(self, conn: Connection, info: ProcessInfo, sources: bytes, body: bytes) -> None:
        seq = conn.execute(_NEXT).scalar_one()
        insert_once(conn, spec, id=info.spec, body=body)
        new = insert_once(
            conn,
            process,
            id=info.id,
            seq=seq,
            bpmn_id=info.bpmn_id,
            name=info.name,
            sources=sources,
            spec=info.spec,
            deployed_at=self._clock.now(),
        )
        if not new:
            conn.execute(update(process).where(process.c.id == info.id).values(seq=seq))


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A process with all the files that it consists of: name -> bytes. Names are as the model says them."""

    bpmn_id: str
    name: str
    files: Mapping[str, bytes]
    parser: SocialParser

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Package:
        """Read the first file's process and what it needs of the others. The files have passed the check."""
        bodies = {path.name: path.read_bytes() for path in paths}
        if len(bodies) < len(paths):
            raise DefinitionError(Problem(what="two files bear the same name", remedy="rename one of them"))
        roots = {name: parse(body, name) for name, body in bodies.items()}
        parser = _parser(roots)
        bpmn_id = _main(roots[paths[0].name], paths[0].name)
        needed = _needed(parser, roots, bpmn_id)
        media = _media({path: roots[path.name] for path in paths if path.name in needed})
        files = {name: bodies[name] for name in needed} | media
        return cls(
            bpmn_id=bpmn_id, name=parser.get_process_parser(bpmn_id).get_name(), files=files, parser=parser
        )

    @property
    def id(self) -> str:
        """The hash of everything."""
        digest = sha256(self.bpmn_id.encode())
        for name in sorted(self.files):
            digest.update(sha256(name.encode()).digest() + sha256(self.files[name]).digest())
        return digest.hexdigest()

    def zipped(self) -> bytes:
        """All files in one, the same bytes for the same files."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
            for name in sorted(self.files):
                package.writestr(zipfile.ZipInfo(name, MADE), self.files[name], zipfile.ZIP_DEFLATED)
        return packed.getvalue()


def _keep(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    """The last ``KEPT`` of them."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _parser(roots: Mapping[str, etree._Element]) -> SocialParser:
    parser = SocialParser()
    for name, root in roots.items():
        if _is_bpmn(root):
            parser.add_bpmn_xml(root, name)
        else:
            parser.add_dmn_xml(root, name)
    return parser


def _is_bpmn(root: etree._Element) -> bool:
    return bool(root.tag == bpmn("definitions"))


def _main(root: etree._Element, file: str) -> str:
    """The first executable process of a file that the file itself does not call."""
    called = {node.get("calledElement") for node in root.iter(bpmn("callActivity"))}
    ids = [
        str(node.get("id"))
        for node in root.iter(bpmn("process"))
        if node.get("isExecutable", "true") == "true"
    ]
    if not ids:
        raise DefinitionError(
            Problem(what="holds no process to start", file=file, remedy="name the BPMN file first")
        )
    return next((id_ for id_ in ids if id_ not in called), ids[0])


def _needed(parser: SocialParser, roots: Mapping[str, etree._Element], bpmn_id: str) -> set[str]:
    """The names of the files with the process, those it calls, and the decisions that they use."""
    called = parser.get_subprocess_specs(bpmn_id)
    files = {str(parser.get_process_parser(name).filename) for name in (bpmn_id, *called)}
    decisions = {node.text for file in files for node in roots[file].iter("{*}calledDecisionId")}
    return files | {
        str(parser.dmn_parsers[name].filename) for name in decisions if name in parser.dmn_parsers
    }


def _media(roots: Mapping[Path, etree._Element]) -> dict[str, bytes]:
    """The pictures that the models name by file name."""
    return pictures.pack(
        (path, social_elements(root, str(path))[0]) for path, root in roots.items() if _is_bpmn(root)
    )


_NEWEST = Prepared(
    select(process.c.id, process.c.bpmn_id, process.c.name, process.c.spec)
    .where(or_(process.c.bpmn_id == bindparam("wanted"), process.c.id == bindparam("wanted")))
    .order_by(process.c.seq.desc())
    .limit(1)
)
_SPEC = Prepared(select(spec.c.body).where(spec.c.id == bindparam("wanted")))
_NEXT: Any = select(func.coalesce(func.max(process.c.seq), 0) + 1)
