"""The sample files are real files, and the example apps are whole."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from satchel.cli.demo.samples import SAMPLES, example_bundles, make_samples, pdf
from satchel.engine.check import check
from satchel.model.app_yaml.bundle import draft_bundle, groups_named

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def test_samples_are_the_same_on_every_run(tmp_path: Path) -> None:
    first = make_samples(tmp_path / "a")
    second = make_samples(tmp_path / "b")

    def digests(paths: dict[str, Path]) -> dict[str, str]:
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}

    assert digests(first) == digests(second)
    assert {"README.txt", "ques-kun-01.png"} <= set(first)


def test_the_pdf_points_to_each_of_its_objects() -> None:
    data = pdf([["One (1)", "back\\slash"], ["Two"]])

    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    offsets = [int(line[:10]) for line in data[start:].splitlines()[3:] if line.endswith(b"n ")]
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(f"{number} 0 obj\n".encode())
    assert b"(One \\(1\\)) Tj" in data
    assert re.findall(rb"/Length (\d+) >>\nstream\n", data) == [
        str(len(body)).encode() for body in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
    ]


def test_the_photo_is_turned_by_its_exif_and_knows_when_and_where() -> None:
    image = Image.open(io.BytesIO(SAMPLES["site-photo.jpg"]()))
    exif = image.getexif()

    assert image.size == (480, 640)
    assert exif[0x0112] == 6
    assert exif.get_ifd(0x8769)[0x9003] == "2026:03:14 09:26:53"
    assert exif.get_ifd(0x8825)[1] == "N"


def test_the_spreadsheet_holds_the_table() -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES["prices.xlsx"]())) as archive:
        assert archive.testzip() is None
        parts = {name: etree.fromstring(archive.read(name)) for name in archive.namelist()}

    sheet = parts["xl/worksheets/sheet1.xml"]
    rows = [["".join(str(text) for text in cell.itertext()) for cell in row] for row in sheet[0]]
    assert rows[0] == ["Item", "Supplier", "Quantity", "Price"]
    assert rows[1] == ["Standing desk", "Nordholz", "12", "489.00"]


@pytest.mark.parametrize("folder", ["field-visit", "file-collection", "product-evaluation", "purchase-request"])
def test_an_example_is_a_bundle_without_findings(folder: str) -> None:
    bundle, findings = draft_bundle(example_bundles()[folder])

    assert findings == ()
    assert bundle is not None
    assert check(bundle.process, bundle.manifest) == ()


@pytest.mark.parametrize("folder", ["field-visit", "file-collection", "product-evaluation", "purchase-request"])
def test_every_element_of_an_example_is_drawn(folder: str) -> None:
    root = etree.fromstring(example_bundles()[folder]["process.bpmn"])
    process = root.find(f"{MODEL}process")
    assert process is not None

    drawn = {shape.get("bpmnElement") for shape in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}

    assert drawn == {element.get("id") for element in process}


def test_the_examples_are_the_processes_that_the_documentation_tells_of() -> None:
    manifests = {}
    for files in example_bundles().values():
        bundle, _ = draft_bundle(files)
        assert bundle is not None
        manifests[bundle.manifest.code] = bundle.manifest

    assert {code: manifest.name for code, manifest in manifests.items()} == {
        "COL": "For test: file download",
        "EVA": "Product Evaluation",
        "FLD": "Field Visit",
        "PUR": "Purchase Request",
    }
    labels = {code: [field.label for field in manifest.fields] for code, manifest in manifests.items()}
    assert "Description (PDF)" in labels["EVA"]
    assert "Product Catalog (PDF)" in labels["PUR"]
    assert [(field.number, str(field.type)) for field in manifests["COL"].fields] == [(1, "text"), (2, "file")]
    assert set(groups_named(manifests["PUR"])) == {"administration"}
