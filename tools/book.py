"""Write the course as web pages that need neither Python nor a network: build/book/index.html.

    python tools/book.py [FOLDER] [--site ADDRESS]

With the address that the book will have on the web, shared links to it show their picture everywhere.

Every page stands where its source stands, notebooks/01_bigram.html for notebooks/01_bigram.ipynb. nbconvert turns cells
into HTML by the template in tools/book; what follows here finds the links' targets, the pictures and the headings.
"""

import argparse
import base64
import copy
import json
import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from pygments.formatters import HtmlFormatter

from makemlp import live

ROOT = Path(__file__).parents[1]
PARTS = Path(__file__).parent / "book"
OUT = ROOT / "build" / "book"

# Pygments' own styles whose colours all have a contrast of 4.5 : 1 on the book's pages.
CODE_STYLES = {"light": "default", "dark": "github-dark"}

# What nbconvert writes for a picture that has no words.
NO_ALT = "No description has been provided for this image"

LINKED = "figures/film.png"  # the picture of a shared link to a page that has none of its own

PIXELS = 1.5  # of a stored picture, for each of the page's


@dataclass(eq=False)
class Page:
    """A page: the path of its source and its own, both from the root, and what its neighbours show of it."""

    source: str
    target: str
    name: str
    notebook: nbformat.NotebookNode
    where: str = ""
    before: "Page | None" = None
    next: "Page | None" = None
    beside: list["Page"] = field(default_factory=list)

    def __deepcopy__(self, memo: dict) -> "Page":
        return self  # nbconvert copies what its template is given, and each page leads to all others

    @property
    def title(self) -> str:
        return self._headings("#")[0]

    @property
    def short(self) -> str:
        """Its name among its own kind: "01 Bigram" for "01 Bigram, exercises"."""
        return self.name.partition(", ")[0]

    @property
    def headings(self) -> list[tuple[str, str]]:
        """The anchor and the words of each section."""
        return [(slug(words), words) for words in self._headings("##")]

    def _headings(self, level: str) -> list[str]:
        prose = "\n\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")
        prose = re.sub(r"^```.*?^```", "", prose, flags=re.M | re.S)
        return [re.sub(r"[*`]", "", words) for words in re.findall(rf"^{level} (.+)", prose, re.M)]

    @property
    def sections(self) -> list[tuple[str, str, str]]:
        """The anchor, the words and the text of each section, with its code; the first has the page's own title."""
        found = [["", self.title, []]]
        for cell in self.notebook.cells:
            if cell.source and "for-the-tests" not in cell.metadata.get("tags", []):
                for line in cell.source.split("\n"):
                    if cell.cell_type == "markdown" and line.startswith("## "):
                        words = re.sub(r"[*`]", "", line[3:])
                        found.append([slug(words), words, []])
                    else:
                        found[-1][2].append(line)
        return [(anchor, words, plain("\n".join(lines))) for anchor, words, lines in found]

    @property
    def description(self) -> str:
        """Its first sentences, for those who meet a link to it."""
        text = self.sections[0][2].removeprefix(self.title).strip()
        return text if len(text) < 200 else text[:200].rsplit(" ", 1)[0] + " …"

    @property
    def up(self) -> str:
        """The way from this page to the book's root: "" or "../" and so on."""
        return "../" * self.target.count("/")

    def to(self, other: "Page") -> str:
        return posixpath.relpath(other.target, posixpath.dirname(self.target) or ".")


def slug(words: str) -> str:
    """A heading's anchor, as GitHub writes it; JupyterLab's, which keeps capitals, comes to the same."""
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")


def plain(markdown: str) -> str:
    """The words alone, in one line: what a reader searches."""
    text = re.sub(r"<[^>]+>|^#+ |^```\w*$|[*`|]|-{3,}", " ", markdown, flags=re.M)
    return " ".join(re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text).split())


# --- which pages there are ---


def read(source: str, name: str) -> Page:
    path = ROOT / source
    if path.suffix == ".ipynb":
        notebook, target = nbformat.read(path, as_version=4), source.removesuffix("ipynb") + "html"
    else:
        notebook = new_notebook(cells=[new_markdown_cell(path.read_text(encoding="utf-8"))])
        target = re.sub(r"(README)?\.md$", lambda end: "index.html" if end[1] else ".html", source)
    return Page(source, target, name, notebook)


def notebooks(folder: str, names: dict[str, str], kind: str) -> list[Page]:
    pages = [read(f"{folder}/{path.name}", names[path.stem]) for path in sorted((ROOT / folder).glob("*.ipynb"))]
    for page in pages:
        page.where = f"{kind} {page.name.split()[0]}"
        if kind != "Lesson":
            page.name += f", {kind.lower()}"
    return pages


def listing(folder: str, title: str, pages: list[Page]) -> Page:
    """The page of a folder that has no README: a list of its pages."""
    lines = [f"- [{page.name}]({posixpath.basename(page.source)})" for page in pages]
    notebook = new_notebook(cells=[new_markdown_cell("\n".join([f"# {title}", "", *lines]))])
    return Page(folder, f"{folder}/index.html", title, notebook)


def chain(pages: list[Page]) -> None:
    for one, other in pairwise(pages):
        one.next, other.before = other, one


def contents() -> dict[str, list[Page]]:
    """Every page, by the part of the book it belongs to; a lesson's name is what the README's course map calls it."""
    home = read("README.md", "About this course")
    names = {stem: name for name, stem in re.findall(r"\[(\d\d\w? [^]]+)\]\(notebooks/(\w+)\.ipynb\)", cell_text(home))}
    lessons = notebooks("notebooks", names, "Lesson")
    exercises = notebooks("exercises", names, "Exercises")
    solutions = notebooks("exercises/solutions", names, "Solutions")
    guide = read("exercises/README.md", "How the exercises work")
    for one, other in zip(exercises, solutions, strict=True):
        lesson = next(page for page in lessons if Path(page.source).name == Path(one.source).name)
        lesson.beside, one.beside, other.beside = [one], [lesson, other], [one]
    put_toy(home, lessons[0])
    for pages in ([home, *lessons], [guide, *exercises], solutions):
        chain(pages)
    more = [read(f"docs/{path.name}", "") for path in sorted((ROOT / "docs").glob("*.md"))]
    more.append(read("makemlp/names/README.md", ""))
    for page in more:
        page.name = page.title
    solutions.insert(0, listing("exercises/solutions", "All solutions", solutions))
    return {"Lessons": [home, *lessons], "Exercises": [guide, *exercises], "Solutions": solutions, "More": more}


def put_toy(home: Page, lesson: Page) -> None:
    """Put the first thing that moves in a lesson on the first screen of the book: after the title and its sentence."""
    outputs = [output for cell in lesson.notebook.cells for output in cell.get("outputs", [])]
    moving = [output for output in outputs if "data-view=" in data_of(output, "text/html")]
    title, sentence, rest = cell_text(home).split("\n\n", 2)
    if moving:
        toy = new_code_cell("", id="toy", outputs=[copy.deepcopy(moving[0])])
        home.notebook.cells = [new_markdown_cell(f"{title}\n\n{sentence}"), toy, new_markdown_cell(rest)]


def cell_text(page: Page) -> str:
    return "\n\n".join(cell.source for cell in page.notebook.cells if cell.source)


# --- what moves in a page, and formulas ---


def set_formulas(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with formulas as MathML."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    return notebook


def data_of(output: dict, kind: str) -> str:
    return "".join(output.get("data", {}).get(kind, ""))


def scripts_of(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The scripts that make a page's outputs move, by their file's name: no more than it needs."""
    text = "".join(data_of(output, "text/html") for cell in notebook.cells for output in cell.get("outputs", []))
    views = sorted(set(re.findall(r'data-view="(\w+)"', text)))
    scripts = {f"live-{'-'.join(views)}.js": live.script(views)} if views else {}
    if "makemlp-sheet" in text:
        scripts["live-sheets.js"] = live.script_of_sheets()
    return scripts


def shown(page: str) -> nbformat.NotebookNode:
    return new_output("display_data", {"text/html": page})


def with_mathml(markdown: str) -> str:
    """Markdown with its formulas as MathML, which browsers show without a script from the network."""
    markdown = re.sub(r"\$\$(.+?)\$\$", lambda found: mathml(found[1], "block"), markdown, flags=re.S)
    return re.sub(r"(?<![\w\\])\$(\S[^$\n]*?)\$(?!\w)", lambda found: mathml(found[1], "inline"), markdown)


def mathml(tex: str, display: str) -> str:
    """A formula of letters, numbers and signs; anything else of TeX is refused."""
    marks = {r"\,": "<mspace width='0.17em'></mspace>", "-": "<mo>−</mo>", "|": "<mo lspace='0' rspace='0'>|</mo>"}
    line = ""
    for part in re.findall(r"\\,|\d+|\S", tex):
        if not re.fullmatch(r"\\,|\d+|[A-Za-z]|[-+()|=.,]", part):
            raise ValueError(f"The book can't set {part!r} in the formula {tex.strip()!r}: write it in plain signs.")
        tag = "mn" if part.isdigit() else "mi" if part.isalpha() else "mo"
        line += marks.get(part, f"<{tag}>{part}</{tag}>")
    return f'<math display="{display}">{line}</math>'


# --- a page's HTML ---


class Binder:
    """Turns pages into HTML and collects the files that they need."""

    def __init__(self, parts: dict[str, list[Page]], out: Path, site: str = ""):
        self.parts = parts
        self.site = site and site.rstrip("/") + "/"
        self.out = out
        self.pages = {page.source: page for pages in parts.values() for page in pages}
        self.exporter = HTMLExporter(
            extra_template_basedirs=[str(PARTS.parent)], template_name="book", exclude_anchor_links=True
        )

    def bind(self, page: Page) -> None:
        self.unpack(page)
        scripts = scripts_of(page.notebook)
        for name, script in scripts.items():  # opened from a file, a page may load no module, but a plain script
            self.write(name, f"(() => {{\n{script}\n}})();\n".encode())
        resources = {
            "page": page,
            "home": self.pages["README.md"],
            "contents": self.parts,
            "scripts": list(scripts),
            "site": self.site,
            "linked": self.linked(page),
        }
        body, _ = self.exporter.from_notebook_node(set_formulas(page.notebook), resources)
        soup = BeautifulSoup(body, "html.parser")
        main = soup.main
        for heading in main.find_all(["h1", "h2", "h3", "h4"]):
            heading["id"] = slug(heading.get_text())
        for link in main.select("a[href]"):
            if link.find_parent("nav") is None:
                link["href"] = self.target(link["href"], page)
        for source in main.select("source[srcset]"):
            source["srcset"] = self.target(source["srcset"], page)
        for image in main.find_all("img"):
            if re.match("https?:", image["src"]):
                image.replace_with(image["alt"])  # a badge: the book needs no network
            else:
                self.place(image, page, soup)
        for table in main.find_all("table"):
            table.wrap(soup.new_tag("div", attrs={"class": "table"}))
            for head in table.find_all("th"):
                head["scope"] = "col"
        for paragraph in main.find_all("p"):
            if paragraph.strong and paragraph.get_text().startswith(("Predict:", "Your turn.")):
                paragraph["class"] = "ask"
        self.write(page.target, str(soup).encode("utf-8"))

    def linked(self, page: Page) -> str:
        """The picture that a shared link to a page shows, from the book's root: its first wide one."""
        folder, stem = posixpath.dirname(page.target), Path(page.target).stem
        for cell in page.notebook.cells:
            for path in sorted((self.out / folder).glob(f"{stem}-{cell.get('id')}-*.png")):
                with Image.open(path) as picture:
                    if picture.width > 900:
                        return path.relative_to(self.out).as_posix()
        if not (self.out / LINKED).exists():
            self.write(LINKED, (ROOT / LINKED).read_bytes())
        return LINKED

    def target(self, href: str, page: Page) -> str:
        """Where a link leads in the book; a file that is no page comes along."""
        if re.match(r"[a-z]+:", href):
            return href
        path, _, anchor = href.partition("#")
        anchor = f"#{slug(anchor)}" if anchor else ""
        if not path:
            return anchor
        source = posixpath.normpath(posixpath.join(posixpath.dirname(page.source), path))
        if source in self.pages:
            return page.to(self.pages[source]) + anchor
        if not (ROOT / source).is_file():
            raise ValueError(f"{page.source} links to {href}, which is neither a page of the book nor a file.")
        self.write(source, (ROOT / source).read_bytes())
        return href

    def unpack(self, page: Page) -> None:
        """Put the pictures that stand in a notebook's outputs into files beside its page."""
        for cell in page.notebook.cells:
            for number, output in enumerate(cell.get("outputs", [])):
                text = data_of(output, "text/html")
                for place, found in enumerate(re.findall(r'src="data:image/png;base64,([^"]+)"', text)):
                    name = f"{Path(page.target).stem}-{cell.id}-{number}{f'-{place}' if place else ''}.png"
                    self.write(posixpath.join(posixpath.dirname(page.target), name), base64.b64decode(found))
                    text = text.replace(f"data:image/png;base64,{found}", name)
                if "text/html" in output.get("data", {}):
                    output["data"]["text/html"] = text

    def place(self, image, page: Page, soup: BeautifulSoup) -> None:
        """Give a picture its room on the page, and a link to see it large; a film begins when it is asked for."""
        large = image["src"]
        if large.endswith(".gif"):
            self.target(large, page)
            image["src"] = large.removesuffix("gif") + "png"
            for source in image.find_parent("picture").find_all("source") if image.find_parent("picture") else []:
                source.decompose()
        if image.get("alt", NO_ALT) in ("", NO_ALT):
            raise ValueError(f"{page.source} shows the picture {image['src']} without alternative text.")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page.target), image["src"]))
        if not (self.out / path).exists():
            self.target(image["src"], page)
        with Image.open(self.out / path) as picture:
            image["width"], image["height"] = (round(size / PIXELS) for size in picture.size)
        del image["style"]
        shown = image.find_parent("picture") or image
        kind = "picture film" if large.endswith(".gif") else "picture"
        shown.wrap(soup.new_tag("a", attrs={"class": kind, "href": large}))
        if image.find_parent(class_="makemlp-still"):
            image["loading"] = "lazy"  # unseen where scripts run, so it need not be fetched

    def write(self, path: str, content: bytes) -> None:
        (self.out / path).parent.mkdir(parents=True, exist_ok=True)
        (self.out / path).write_bytes(content)


def style() -> str:
    """The style sheet, with the colours of code."""
    light, dark = (
        HtmlFormatter(style=name, nobackground=True).get_style_defs(".highlight") for name in CODE_STYLES.values()
    )
    own = (PARTS / "book.css").read_text(encoding="utf-8")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}"


def search_index(pages: Iterable[Page]) -> str:
    """A script with all that can be searched, as a page opened from a file may load nothing else."""
    found = [[page.target, page.name, *section] for page in pages for section in page.sections]
    return f"window.makemlpIndex = {json.dumps(found, ensure_ascii=False)};\n"


def build(out: Path, site: str = "") -> Iterator[Page]:
    """Write the book into an empty or new folder, page by page."""
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: name a new folder for the book, or empty this one.")
    parts = contents()
    binder = Binder(parts, out, site)
    binder.write("book.css", style().encode("utf-8"))
    binder.write("book.js", (PARTS / "book.js").read_bytes())
    binder.write("search.js", search_index([*parts["Lessons"], *parts["Exercises"], *parts["More"]]).encode("utf-8"))
    binder.write("live.css", live.style(live.ALONE).encode("utf-8"))
    for page in binder.pages.values():
        binder.bind(page)
        yield page


def main(arguments: Iterable[str]) -> int:
    parser = argparse.ArgumentParser(description="Write the course as web pages.")
    parser.add_argument("folder", nargs="?", type=Path, help="a new or empty folder (build/book)")
    parser.add_argument("--site", default="", help="the address that the book will have, https://…")
    asked = parser.parse_args(list(arguments))
    if asked.folder is None:
        shutil.rmtree(OUT, ignore_errors=True)
    out = asked.folder or OUT
    try:
        count = sum(1 for _ in build(out, asked.site))
    except ValueError as error:
        print(f"The book stopped: {error}", file=sys.stderr)
        return 1
    print(f"{count} pages: open {os.path.relpath(out / 'index.html')} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
