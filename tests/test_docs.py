import runpy

from tests.conftest import ROOT


def test_generated_pages_are_current():
    pages = runpy.run_path(str(ROOT / "docs/generate.py"))["PAGES"]

    assert {path.name: path.read_text() for path in pages} == {path.name: page() for path, page in pages.items()}, (
        "run make docs"
    )
