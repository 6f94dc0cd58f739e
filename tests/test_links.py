"""Links, anchors and images in texts and notebooks resolve, and a link's text says where it leads."""

import functools
import re

import pytest
from answers import EXERCISES, SOLUTIONS
from lessons import LESSONS, ROOT, read

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
TEXTS = [
    ROOT / "README.md",
    ROOT / "makemlp" / "names" / "README.md",
    ROOT / "exercises" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# A page's reader may go from link to link and hear nothing else.
VAGUE = {"click", "click here", "here", "link", "more", "page", "read more", "this", "this page"}


def pages():
    for path in TEXTS + [notebook.path for notebook in LESSONS + EXERCISES + SOLUTIONS]:
        yield pytest.param(path, prose(path), id=path.relative_to(ROOT).with_suffix("").as_posix())


@functools.cache
def prose(path):
    """A text, or a notebook's prose, without its blocks of code."""
    text = path.read_text(encoding="utf-8") if path.suffix == ".md" else cells(path)
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def cells(path):
    return "\n\n".join(cell.source for cell in read(path).prose)


def anchors(path):
    """The anchors of a page's headings: GitHub's for a text, JupyterLab's for a notebook."""
    headings = [re.sub(r"[*`]", "", heading) for heading in re.findall(r"^#+ (.+)", prose(path), re.M)]
    if path.suffix == ".ipynb":
        return {heading.replace(" ", "-") for heading in headings}
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def fault(words, target, path):
    """What is wrong with a link on the page at `path`, or None."""
    if not words.strip() or words.strip().lower() in VAGUE or "://" in words:
        return f"the text {words!r} doesn't say that it leads to {target}"
    if re.match(r"https://[\w.-]+(/|$)", target):
        return None
    file, _, anchor = target.partition("#")
    page = (path.parent / file).resolve() if file else path
    if "://" in target or not page.exists():
        return f"{target} is not there"
    if anchor and anchor not in anchors(page):
        return f"{target} is no heading's anchor: {sorted(anchors(page))}"
    return None


@pytest.mark.parametrize(("path", "text"), list(pages()))
def test_links_resolve(path, text):
    assert list(filter(None, (fault(words, target, path) for _, words, target in LINK.findall(text)))) == []


@pytest.mark.parametrize(
    ("words", "target", "problem"),
    [
        ("the course map", "README.md#the-course", None),
        ("the first lesson", "notebooks/00_start_here.ipynb#How-the-lessons-work", None),
        ("Bengio and others", "https://www.jmlr.org/papers/v3/bengio03a.html", None),
        ("the course map", "README.md#the-map", "no heading's anchor"),
        ("the first lesson", "notebooks/00_start_here.ipynb#how-the-lessons-work", "no heading's anchor"),
        ("the first lesson", "notebooks/00.ipynb", "is not there"),
        ("here", "README.md", "doesn't say"),
        ("", "README.md", "doesn't say"),
        ("https://www.jmlr.org", "https://www.jmlr.org", "doesn't say"),
        ("the paper", "http://www.jmlr.org/papers", "is not there"),
    ],
)
def test_a_bad_link_is_found(words, target, problem):
    found = fault(words, target, ROOT / "LICENSE")
    assert problem in found if problem else found is None


@pytest.mark.parametrize(("path", "text"), list(pages()))
def test_images_have_alt_text(path, text):
    for bang, words, target in LINK.findall(text):
        if bang:
            assert len(words) > 30 or "badge" in target, target
    for image in re.findall(r"<img [^>]*>", text):
        assert len(re.search(r'alt="([^"]*)"', image)[1]) > 30
    for source in re.findall(r'\bsrc(?:set)?="([^"]*)"', text):
        assert (path.parent / source).exists(), source
