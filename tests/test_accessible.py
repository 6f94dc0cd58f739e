"""The notebooks by the rules of jupyterlab-a11y-checker, each under the name that it has there.

Source: https://github.com/berkeley-dsep-infra/jupyterlab-a11y-checker, doc/rules.md and packages/core/src/detection.
Its rules come from a study of a hundred thousand notebooks, https://arxiv.org/abs/2308.03241. Where it looks at prose
alone, the outputs are held to the same here, and to it come two of our own: no colour in prose, and alternative texts
that are words. It reads the text in pictures to judge its contrast; we draw them, so the pictures' own tests know it.
"""

import re
from itertools import pairwise

import pytest
from answers import EXERCISES, SOLUTIONS
from bs4 import BeautifulSoup
from lessons import LESSONS, Cell
from markdown_it import MarkdownIt

NOTEBOOKS = LESSONS + EXERCISES + SOLUTIONS
COLOURS = "red|green|blue|orange|yellow|purple|pink|violet|brown"


def html_of(cell):
    """A cell as a browser shows it: its prose, or its outputs."""
    if cell.kind == "markdown":
        return BeautifulSoup(MarkdownIt("commonmark").enable("table").render(cell.source), "html.parser")
    return BeautifulSoup(cell.html, "html.parser")


def heading_faults(cells):
    prose = [html_of(cell) for cell in cells if cell.kind == "markdown"]
    found = [(int(tag.name[1]), tag.get_text().strip().lower()) for page in prose for tag in page.select(HEADINGS)]
    first = next((tag.name for tag in html_of(cells[0]).children if tag.name), None)
    levels = [level for level, _ in found]
    second = [words for level, words in found if level == 2]
    rules = {
        "heading-missing-h1": cells[0].kind != "markdown" or first != "h1",
        "heading-multiple-h1": levels.count(1) > 1,
        "heading-duplicate-h2": len(set(second)) < len(second),
        "heading-duplicate-h1-h2": {words for level, words in found if level == 1} & set(second),
        "heading-wrong-order": any(after > before + 1 for before, after in pairwise(levels)),
        "heading-empty": not all(words for _, words in found),
    }
    return [rule for rule, broken in rules.items() if broken]


HEADINGS = "h1, h2, h3, h4, h5, h6"


def image_faults(page):
    for image in page.find_all("img"):
        words = image.get("alt", "")
        if not words.strip():
            yield "image-missing-alt"
        elif re.search(r"\.(png|jpe?g|gif|svg)$|^(image|picture|plot|figure)\b", words, re.I) or len(words) > 1000:
            yield "alt text that is no description"


def table_faults(page, raw):
    for table in page.find_all("table"):
        heads = table.find_all("th")
        if not heads or not all(head.get_text().strip() for head in heads):
            yield "table-missing-header"
    for table in BeautifulSoup(raw, "html.parser").find_all("table"):  # what is written as HTML has to say more
        if not table.caption:
            yield "table-missing-caption"
        if not all(head.has_attr("scope") for head in table.find_all("th")):
            yield "table-missing-scope"


def link_faults(page):
    for link in page.find_all("a"):
        words = (link.get("aria-label") or link.get_text()).strip()
        short_and_vague = len(words) < 20 and re.search("click|here|link|more|read", words, re.I)
        if not words or short_and_vague or re.match(r"https?://|www\.", words):
            yield "link-discernible-text"


def colour_faults(page, raw):
    """Colours set by hand, which the page's own light and dark can't know, and colours that tell something alone."""
    if page.select("font, [color], [bgcolor]") or any(
        "color:" in tag["style"] for tag in page.select("[style]:not(img)")
    ):
        yield "color-insufficient-cc-normal"
    if re.search(
        rf"\b(?:shown|marked|drawn|written) in ({COLOURS})\b|\bthe ({COLOURS}) (?:ones?|cells?|lines?)\b", raw
    ):
        yield "information by colour alone"


def faults(cells):
    """The rules that a notebook's cells break, with the cell's number where it is one cell's matter."""
    found = heading_faults(cells)
    for cell in cells:
        page, raw = html_of(cell), cell.source if cell.kind == "markdown" else cell.html
        rules = [image_faults(page), table_faults(page, raw), link_faults(page)]
        if cell.kind == "markdown":
            rules.append(colour_faults(page, raw))
        found += [f"cell {cell.number}: {rule}" for rule_faults in rules for rule in rule_faults]
    return found


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: f"{one.path.parent.name}-{one.path.stem}")
def test_notebook_keeps_the_rules(notebook):
    assert faults(notebook.cells) == []


BROKEN = [
    (["no title"], ["heading-missing-h1"]),
    (["text\n\n# later"], ["heading-missing-h1"]),
    (["# a", "# b"], ["heading-multiple-h1"]),
    (["# a", "## B", "## b"], ["heading-duplicate-h2"]),
    (["# a", "## A"], ["heading-duplicate-h1-h2"]),
    (["# a", "### b"], ["heading-wrong-order"]),
    (["# a", "## "], ["heading-empty"]),
    (["# a", "![](x.png)"], ["cell 1: image-missing-alt"]),
    (["# a", "![loss.png](x.png)"], ["cell 1: alt text that is no description"]),
    (["# a", "| | b |\n|---|---|\n| 1 | 2 |"], ["cell 1: table-missing-header"]),
    (
        ["# a", "<table><tr><td>1</td></tr></table>"],
        ["cell 1: table-missing-header", "cell 1: table-missing-caption"],
    ),
    (
        ["# a", "<table><caption>c</caption><tr><th>1</th></tr></table>"],
        ["cell 1: table-missing-scope"],
    ),
    (["# a", "[here](x.html)"], ["cell 1: link-discernible-text"]),
    (["# a", "[https://a.org](https://a.org)"], ["cell 1: link-discernible-text"]),
    (["# a", '<span style="color: red">no</span>'], ["cell 1: color-insufficient-cc-normal"]),
    (["# a", "Vowels are shown in red."], ["cell 1: information by colour alone"]),
    (["# a", "## b", "### c", "## d\n\n![a curve that falls](x.png) [the lesson on counts](x.html)"], []),
]


@pytest.mark.parametrize(("sources", "expected"), BROKEN, ids=lambda value: value[-1][:30] if value else "nothing")
def test_what_breaks_a_rule_is_found(sources, expected):
    cells = [Cell(number, "markdown", source, [], {}) for number, source in enumerate(sources)]
    assert faults(cells) == expected


def test_pictures_in_outputs_are_looked_at():
    output = {"data": {"text/html": '<img src="x.png">'}}
    cells = [Cell(0, "markdown", "# a", [], {}), Cell(1, "code", "draw()", [], {"outputs": [output]})]
    assert faults(cells) == ["cell 1: image-missing-alt"]
