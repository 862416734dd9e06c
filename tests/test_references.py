"""Every paper that a docstring names has an entry of the bibliography, and the entries are whole."""

import ast
import re
import tomllib
import unicodedata
from importlib import import_module
from pathlib import Path

import pytest

from jgan.evaluation.metric_table import METRICS
from jgan.references import (
    PAPERS_OF,
    PAPERS_OF_DATA,
    PAPERS_OF_EXTRACTORS,
    PAPERS_OF_METRICS,
    references,
)
from jgan.training.experiment_files import shipped_experiments

ROOT = Path(__file__).parents[1]
PARTS = ("losses.py", "latents.py", "augmentation", "terms", "gans", "rules", "networks")
PARTS += ("schedules.py", "statistics", "sweeps")
CITATION = re.compile(
    r"((?:van den |de )?[A-ZÀ-Ž][\wÀ-ž\-]+)"
    r"(?:\s+et\s+al\.|(?:, [A-Z][\wÀ-ž\-]+)*,? (?:&|and)\s+[A-Z][\wÀ-ž\-]+)?,?\s+\(?((?:19|20)\d\d)\b"
)
OF_ENGINEERING = {
    ("networks.layers", "Micikevicius", "2018"),
    ("networks.layers", "Kalamkar", "2019"),
    ("metrics.accumulator", "Chan", "1983"),
    ("metrics.subsets.draw_rows", "Cochran", "1977"),
}
"""Papers behind how something is computed, not what; no run is described by them."""


def cited(text):
    """First author and year of each paper that a text names."""
    return CITATION.findall(text or "")


def documented(*places):
    """By a function's place, or a module's, the papers that its docstring names."""
    found = {}
    for place in places:
        path = ROOT / "jgan" / place
        for file in [path] if path.suffix else sorted(path.rglob("*.py")):
            module = ".".join(file.relative_to(ROOT / "jgan").with_suffix("").parts)
            tree = ast.parse(file.read_text())
            found[module] = cited(ast.get_docstring(tree))
            for node in tree.body:
                public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
                if public:
                    found[f"{module}.{node.name}"] = cited(ast.get_docstring(node))
    return {
        name: {one for one in papers if (name, *one) not in OF_ENGINEERING}
        for name, papers in found.items()
    }


def plain(text):
    """A name without accents, be they Unicode's or LaTeX's."""
    text = text.replace("{\\o}", "o").replace("ø", "o").replace("{\\l}", "l")
    text = re.sub(r"[{}]|\\[\'\"`^~vc]", "", text)
    text = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in text if not unicodedata.combining(sign)).lower()


def names_of(keys):
    """First author and year of entries."""
    known = references()
    return {
        (plain(known[key].field("author").split(",")[0]), known[key].field("year")) for key in keys
    }


def test_citations_are_found_in_texts():
    text = "A loss (Lim & Ye 2017; van den Oord et al. 2016, eq. 3) of Zhao, Mathieu & LeCun 2017."
    assert cited(text) == [("Lim", "2017"), ("van den Oord", "2016"), ("Zhao", "2017")]


def test_every_paper_of_a_part_has_its_entry():
    missing = []
    for name, papers in documented(*PARTS).items():
        module = name.rpartition(".")[0]
        keys = PAPERS_OF.get(name, ()) + PAPERS_OF.get(module, ())
        if name in ("losses", "terms.penalties"):  # a table of what is in the file
            keys = tuple(
                key for part, own in PAPERS_OF.items() if part.startswith(name) for key in own
            )
        have = names_of(keys)
        missing += [(name, *one) for one in papers if (plain(one[0]), one[1]) not in have]
    assert missing == []


def test_every_paper_of_a_metric_has_its_entry():
    assert set(PAPERS_OF_METRICS) == set(METRICS)
    have = names_of(key for keys in PAPERS_OF_METRICS.values() for key in keys)
    missing = {
        (name, *one)
        for name, papers in documented("metrics", "evaluation/feature_metrics.py").items()
        for one in papers
        if (plain(one[0]), one[1]) not in have
    }
    assert missing == set()


@pytest.mark.parametrize("name", PAPERS_OF)
def test_parts_are_there(name):
    module, _, attribute = name.rpartition(".")
    try:
        import_module(f"jgan.{name}")
    except ModuleNotFoundError:
        assert hasattr(import_module(f"jgan.{module}"), attribute)


def test_every_experiment_names_papers_that_have_entries():
    numbers = {reference.field("eprint") for reference in references().values()}
    for name, path in shipped_experiments().items():
        named = set(re.findall(r"\b\d{4}\.\d{4,5}\b", path.read_text()))
        assert named, name
        assert named <= numbers, name


def test_entries_are_whole_and_used():
    text = (ROOT / "jgan" / "references.bib").read_text()
    known = references()
    assert len(known) == text.count("\n@")
    assert next(iter(known)) == "jgan"
    assert text.count("{") == text.count("}")
    for reference in known.values():
        for field in ("author", "title", "year"):
            assert reference.field(field), (reference.key, field)
    numbers = [reference.field("eprint") for reference in known.values()]
    assert all(re.fullmatch(r"(\d{4}\.\d{4,5})?", number) for number in numbers)
    assert len({n for n in numbers if n}) == sum(map(bool, numbers))
    tables = (PAPERS_OF, PAPERS_OF_METRICS, PAPERS_OF_EXTRACTORS, PAPERS_OF_DATA)
    used = {key for table in tables for keys in table.values() for key in keys}
    assert used <= set(known)
    experiments = "".join(path.read_text() for path in shipped_experiments().values())
    unused = [
        key for key in known if key not in used and known[key].field("eprint") not in experiments
    ]
    assert unused == []


def test_jgan_is_cited_alike_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cff = dict(
        re.findall(r'^([\w-]+): "?(.*?)"?$', (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    )
    own = references()["jgan"]
    assert cff["version"] == own.field("version") == project["version"]
    assert cff["title"] == own.field("title")
    assert cff["license"] == own.field("license") == project["license"]
    assert 'name: "The jgan developers"' in (ROOT / "CITATION.cff").read_text()
    assert own.field("author") == "{The jgan developers}"
