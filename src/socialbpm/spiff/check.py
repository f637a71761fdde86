"""The model check: everything that can be known to be wrong before a process is deployed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from socialbpm.content_rules import ContentRules
from socialbpm.errors import DefinitionError, Problem
from socialbpm.people import Community
from socialbpm.posts import Capabilities
from socialbpm.spiff import binding, conditions, constructs, content, order, pictures, templates
from socialbpm.spiff.flow import bpmn
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.values import check_template, parsed
from socialbpm.spiff.visible import Result, process_of, visible, written
from socialbpm.spiff.xml import SocialElement, local, read, social_elements
from socialbpm.tasks import Asking, is_template, known

_DMN = ("https://www.omg.org/spec/DMN/", "http://www.omg.org/spec/DMN/")


@dataclass(frozen=True, slots=True)
class Model:
    """A file as read: its root, and the social elements that are right by themselves."""

    file: str
    root: etree._Element
    elements: list[SocialElement]


def check_files(
    paths: Sequence[str | Path],
    communities: Mapping[str, Community] | None = None,
    channels: Mapping[str, Capabilities] | None = None,
    calendars: Collection[str] | None = None,
    rules: ContentRules | None = None,
) -> list[Problem]:
    """All problems of these BPMN and DMN files, in the order of files and lines; [] if they can be deployed.

    ``communities``, ``channels``, ``calendars`` (their names) and content ``rules`` come from settings; None:
    what they bind is not checked.
    """
    models, found = _read(paths)
    complete = not found
    everything = [element for model in models for element in model.elements]
    processes = [str(node.get("id")) for model in models for node in model.root.iter(bpmn("process"))]
    roots = [model.root for model in models]
    results, called = visible(roots, everything), written(roots, everything)
    for model in models:
        found += [*_templates(model, results), *constructs.problems(model.root, model.file, processes)]
        found += conditions.problems(model.root, model.file, results)
        if complete:
            found += order.problems(model.root, model.file, model.elements, everything, called)
    if communities is not None:
        found += binding.problems(everything, communities, channels)
        if calendars is not None:
            found += binding.uncounted(everything, calendars)
        if rules is not None:
            found += content.problems(everything, rules, communities, channels or {})
    if not found:
        found += [each for model in models for each in pictures.problems(model.elements, Path(model.file))]
    if not found:
        found += _parsed(models)
    return _in_order(found, paths)


def communities_of(paths: Sequence[str | Path]) -> set[str]:
    """The names that these files address: communities, and whom they ask (communities or persons)."""
    tasks = [known(element.declaration)[0] for model in _read(paths)[0] for element in model.elements]
    fields = ("to", "reviewers", "voters", "approvers")
    named = {name for task in tasks for field in fields for name in getattr(task, field, ())}
    return named | {task.escalate for task in tasks if isinstance(task, Asking) and task.escalate}


def _read(paths: Sequence[str | Path]) -> tuple[list[Model], list[Problem]]:
    models: list[Model] = []
    found: list[Problem] = []
    for path in paths:
        try:
            root = read(path)
        except DefinitionError as error:
            found += error.problems
            continue
        elements, problems = social_elements(root, str(path))
        problems += _kind(root, str(path))
        models.append(Model(str(path), root, elements))
        found += problems
    return models, found


def _kind(root: etree._Element, file: str) -> Iterator[Problem]:
    """A file is BPMN with a process that can be started or called, or DMN."""
    if _is_dmn(root):
        return
    if root.tag != bpmn("definitions"):
        yield Problem(what=f"is neither BPMN nor DMN but '{local(root)}'", file=file, line=1)
        return
    executable = [node.get("isExecutable", "true") == "true" for node in root.iter(bpmn("process"))]
    if not any(executable):
        what = "no process is executable" if executable else "holds no process"
        yield Problem(what=what, remedy='set isExecutable="true"' if executable else "", file=file, line=1)


def _is_dmn(root: etree._Element) -> bool:
    return (etree.QName(root).namespace or "").startswith(_DMN)


def _in_order(found: Sequence[Problem], paths: Sequence[str | Path]) -> list[Problem]:
    rank = {str(path): index for index, path in enumerate(paths)}
    return sorted(dict.fromkeys(found), key=lambda problem: (rank.get(problem.file, -1), problem.line))


def _templates(model: Model, results: Mapping[str, Mapping[str, Result]]) -> Iterator[Problem]:
    """Expressions that cannot be read, or that ask a social result for what it never has."""
    for element in model.elements:
        here = results.get(process_of(element.node), {})
        for attribute, text in _texts(element):
            if not is_template(text):
                continue
            wrong = check_template(text)
            if wrong:
                yield element.place.problem(wrong, f"mend {text[:60]!r}", attribute=attribute)
                continue
            for flawed in templates.flaws(parsed(text), here):
                yield element.place.problem(flawed.what, flawed.remedy, attribute=attribute)


def _texts(element: SocialElement) -> Iterator[tuple[str, str]]:
    yield from element.declaration["attributes"].items()
    for child in element.declaration["children"]:
        yield from child["attributes"].items()
        yield "", child["text"]


def _parsed(models: Sequence[Model]) -> Iterator[Problem]:
    """What SpiffWorkflow itself refuses, in our words and with our line numbers."""
    parser = SocialParser()
    for model in models:
        try:
            add = parser.add_dmn_xml if _is_dmn(model.root) else parser.add_bpmn_xml
            add(model.root, filename=model.file)
        except Exception as error:
            yield _refused(error, models, model.file)
            return
    yield from _specs(parser, models)


def _specs(parser: SocialParser, models: Sequence[Model]) -> Iterator[Problem]:
    for process in parser.get_process_ids():
        try:
            if parser.get_process_parser(process).process_executable:
                parser.get_spec(process)
                parser.get_subprocess_specs(process)
        except Exception as error:
            file = getattr(parser.get_process_parser(process), "filename", "") or ""
            yield _refused(error, models, file)


def _refused(error: Exception, models: Sequence[Model], file: str) -> Problem:
    """A problem made of whatever the engine raised; its own trees are searched for the line."""
    if isinstance(error, DefinitionError):
        return error.problems[0]
    if isinstance(error, RecursionError) or "RecursionError" in str(error):
        what = "is too long a chain of elements for the engine"
        return Problem(what=what, remedy="put parts of it into sub-processes", file=file)
    element = str(error.id) if isinstance(error, ValidationException) and error.id else ""
    where = getattr(error, "file_name", "") or file
    why = str(error).strip().rstrip(".")
    what = why if isinstance(error, ValidationException) else f"it cannot be read ({why})"
    line = _line(models, element)
    return Problem(what=f"the engine refuses it: {what}", file=where, line=line, element=element)


def _line(models: Sequence[Model], element: str) -> int:
    for model in models:
        for node in model.root.iter(etree.Element):
            if element and node.get("id") == element:
                return int(node.sourceline or 0)
    return 1
