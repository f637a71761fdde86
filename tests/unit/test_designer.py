"""What is generated for designers: fresh, true to the catalogue, and understood by the tools that read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from socialbpm import tasks
from socialbpm.designer import MODDLE, XSD, generated, stale
from socialbpm.designer.__main__ import main
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.xml import parse, social_elements

GOOD = Path(__file__).parent / "good" / "ride.bpmn"
MODDLE_VERSION = "10.3.1"


def test_the_generated_files_are_fresh() -> None:
    """Whoever changes the catalogue runs ``python -m socialbpm.designer``."""
    assert stale() == []
    assert main(["--check"]) == 0
    assert len(generated()) == 3


def test_a_wrong_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written by mistake."""
    assert main(["--chek"]) == 2
    assert "usage" in capsys.readouterr().err


def valid(text: str) -> str:
    """What SpiffWorkflow's own validator says with our schema beside BPMN's: nothing, or what is wrong."""
    validator = BpmnValidator(imports={tasks.NAMESPACE: str(XSD)})
    try:
        validator.validate(etree.fromstring(text.encode()), "f.bpmn")
    except ValidationException as error:
        return str(error)
    return ""


def test_every_right_model_fits_the_schema() -> None:
    """All attributes and child elements, literal and as expressions."""
    for model in GOOD.parent.glob("*.bpmn"):
        assert valid(model.read_text(encoding="utf-8")) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('deadline="P3D"', 'deadline="3 days"', "deadline"),
        ('quorum="50%"', 'quorum="many"', "quorum"),
        ('threshold="2/3"', 'threshold="66"', "threshold"),
        ('policy="n_of_m"', 'policy="bordas"', "policy"),
        ('policy="n_of_m"', 'policy="{{ x }}"', "policy"),
        ('policy="n_of_m"', 'polcy="n_of_m"', "polcy"),
        ('to="cyclists" at=', "at=", "to"),
        ('alt="Map of {{ day }}"', "", "alt"),
        ('key="south"', 'key="north"', "north"),
        ("<social:media src", "<social:medium src", "medium"),
        ('at="2026-12-01T09:00:00+01:00"', 'at="2026-12-01T09:00:00"', "at"),
        ('resultVariable="card_post"', 'resultVariable="card-post"', "resultVariable"),
    ],
)
def test_what_a_schema_can_know_is_refused_by_it(right: str, wrong: str, expected: str) -> None:
    """An editor with the schema underlines it while it is written."""
    text = GOOD.read_text(encoding="utf-8")
    assert right in text
    assert expected in valid(text.replace(right, wrong, 1))


@pytest.mark.parametrize(
    ("literal", "expression"),
    [
        ('deadline="P3D"', 'deadline="{{ time }}"'),
        ('quorum="50%"', 'quorum="{{ n + 1 }}"'),
        ('n="2"', 'n="{{ n }}"'),
    ],
)
def test_an_expression_fits_wherever_the_catalogue_takes_one(literal: str, expression: str) -> None:
    """A schema that refused expressions would make people switch it off."""
    assert valid(GOOD.read_text(encoding="utf-8").replace(literal, expression, 1)) == ""


@pytest.mark.parametrize("name", tasks.ELEMENTS)
def test_every_name_of_the_namespace_is_in_schema_and_descriptor(name: str) -> None:
    """An older descriptor destroys what it does not know; so all names are there from the first."""
    types = {entry["name"] for entry in json.loads(MODDLE.read_text(encoding="utf-8"))["types"]}
    assert name[0].upper() + name[1:] in types
    assert etree.parse(XSD).find(f'{{*}}element[@name="{name}"]') is not None


def test_the_descriptor_has_every_attribute_as_a_string() -> None:
    """moddle writes an expression in a number back as "NaN"."""
    types = {entry["name"]: entry for entry in json.loads(MODDLE.read_text(encoding="utf-8"))["types"]}
    for model in tasks.MODELS:
        name = model.element[0].upper() + model.element[1:]
        found = {entry["name"]: entry for entry in types[name]["properties"]}
        assert found.keys() == tasks.attributes(model).keys()
        assert {entry["type"] for entry in found.values()} == {"String"}


def test_the_reference_page_names_everything() -> None:
    """Attributes, outcomes, result keys and error codes of every task."""
    page = next(text for path, text in generated().items() if path.suffix == ".md")
    for model in tasks.MODELS:
        section = page.split(f"## {model.element}\n")[1].split("\n## ")[0]
        for name in (*tasks.attributes(model), *model.OUTCOMES, *model.RESULT.model_fields):
            assert f"`{name}`" in section
    assert all(f"`{code}`" in page for code in tasks.ERRORS)
    assert not re.search(r"(?<!`)<(?!!--)", re.sub(r"`[^`]*`", "", page))


@pytest.fixture(scope="session")
def bpmn_moddle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bpmn-moddle, the library that bpmn-js reads and writes files with."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("node and npm are not here: the round trip through bpmn-moddle is not tested")
    folder = tmp_path_factory.mktemp("moddle")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        subprocess.run(
            [*install, f"bpmn-moddle@{MODDLE_VERSION}"], check=True, timeout=120, capture_output=True
        )
    except (subprocess.SubprocessError, OSError):
        pytest.skip(f"bpmn-moddle {MODDLE_VERSION} cannot be installed: its round trip is not tested")
    return folder


ROUND_TRIP = """
import { readFileSync, writeFileSync } from 'node:fs';
import { BpmnModdle } from 'bpmn-moddle';
const [file, descriptor, out] = process.argv.slice(2);
const moddle = new BpmnModdle({ social: JSON.parse(readFileSync(descriptor)) });
const { rootElement, warnings } = await moddle.fromXML(readFileSync(file, 'utf8'));
if (warnings.length) { console.error(warnings); process.exit(1); }
writeFileSync(out, (await moddle.toXML(rootElement, { format: true })).xml);
"""


@pytest.mark.slow
def test_a_modeler_with_the_descriptor_keeps_every_social_element(bpmn_moddle: Path, tmp_path: Path) -> None:
    """Open and save: equal declarations, expressions in numbers included, and not one warning."""
    script, saved = bpmn_moddle / "trip.mjs", tmp_path / "saved.bpmn"
    script.write_text(ROUND_TRIP, encoding="utf-8")
    text = (
        GOOD.read_text(encoding="utf-8")
        .replace('n="2"', 'n="{{ n + 1 }}"')
        .replace('to="cyclists"', 'to="{{ x }}"')
    )
    opened = tmp_path / "opened.bpmn"
    opened.write_text(text, encoding="utf-8")

    trip = subprocess.run(
        ["node", str(script), str(opened), str(MODDLE), str(saved)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert trip.returncode == 0, trip.stderr
    before, _ = social_elements(parse(opened.read_bytes()))
    after, problems = social_elements(parse(saved.read_bytes()))
    assert problems == []
    assert [element.declaration for element in after] == [element.declaration for element in before]
    parser = SocialParser()
    parser.add_bpmn_file(saved)
    assert parser.get_process_ids() == ["ride"]
