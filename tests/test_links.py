"""Links and images in README and notebooks resolve."""

import re

import pytest
from answers import EXERCISES, SOLUTIONS
from lessons import LESSONS, ROOT

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def pages():
    for path in (ROOT / "README.md", ROOT / "makemlp" / "names" / "README.md", ROOT / "exercises" / "README.md"):
        yield pytest.param(path, path.read_text(encoding="utf-8"), id=str(path.relative_to(ROOT)))
    for lesson in LESSONS + EXERCISES + SOLUTIONS:
        text = "\n".join(cell.source for cell in lesson.prose)
        yield pytest.param(lesson.path, text, id=str(lesson.path.relative_to(ROOT).with_suffix("")))


def anchors(markdown):
    headings = re.findall(r"^#+ (.+)", markdown, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("path", "text"), list(pages()))
def test_links_resolve(path, text):
    for _, words, target in LINK.findall(text):
        assert words.strip(), f"a link to {target} has no text"
        if re.match(r"https://[\w.-]+(/|$)", target):
            continue
        file, _, anchor = target.partition("#")
        assert "://" not in target, target
        assert not file or (path.parent / file).exists(), f"{target} is not there"
        if anchor and not file:
            assert anchor in anchors(text), target


@pytest.mark.parametrize(("path", "text"), list(pages()))
def test_images_have_alt_text(path, text):
    for bang, words, target in LINK.findall(text):
        if bang:
            assert len(words) > 30 or "badge" in target, target
    for image in re.findall(r"<img [^>]*>", text):
        assert len(re.search(r'alt="([^"]*)"', image)[1]) > 30
        source = re.search(r'src="([^"]*)"', image)[1]
        assert (path.parent / source).exists(), source
