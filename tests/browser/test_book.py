"""The book: built once, its HTML read, then looked at in a Chromium as on a phone, by keyboard, in light and dark.

axe-core's rules (https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md) hold on every page, in
light and dark; the browser's tests alone need a Chromium.
"""

import functools
import importlib.util
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

from .lab import REPOSITORY, new_page

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NARROWEST = {"width": 320, "height": 640}  # what a page must still fit, says WCAG 1.4.10
VAGUE = {"here", "click here", "link", "this", "more", "read more", "click"}

# The colours of a text are judged where its like stands first on a page, because a hundred paragraphs alike take axe as
# long as a hundred that differ. Alike are texts whose tags, classes and own styles are the same, up to the page's own.
# Of the tokens of code, ten thousand on a page, those that come again lose their element first.
MARK_FIRSTS = """() => {
    const tokens = new Set();
    for (const token of document.querySelectorAll('.highlight span')) {
        if (tokens.has(token.className)) token.replaceWith(...token.childNodes);
        else tokens.add(token.className);
    }
    const own = node => `${node.tagName}.${node.className}${node.style?.cssText}`;
    const path = node => node ? `${path(node.parentElement)} ${own(node)}` : '';
    const seen = new Set();
    for (const node of document.body.querySelectorAll('*')) {
        const hasText = [...node.childNodes].some(one => one.nodeType === Node.TEXT_NODE && one.data.trim());
        if (hasText && !seen.has(path(node))) node.dataset.first = '';
        if (hasText) seen.add(path(node));
    }
}"""
COLOURS = ["color-contrast", "link-in-text-block"]


# book.js hears of its boxes' widths when the page is drawn; the second frame comes after that.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@functools.cache  # not when tests are looked for: it takes a second, in each worker
def tool():
    """tools/book.py as a module."""
    spec = importlib.util.spec_from_file_location("makemlp_book", REPOSITORY / "tools" / "book.py")
    book = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(book)
    return book


def test_the_book_of_another_list_runs_the_lessons_on_it(monkeypatch, capsys):
    lesson, exercise = (REPOSITORY / folder / "01_bigram.ipynb" for folder in ("notebooks", "exercises"))
    monkeypatch.setattr(tool(), "refreshed", lambda path: f"run: {path.parent.name}/{path.name}")
    assert tool().stored_or_run(lesson).cells and capsys.readouterr().out == ""
    monkeypatch.setenv("MAKEMLP_NAMES", "french_given")
    assert tool().stored_or_run(lesson) == "run: notebooks/01_bigram.ipynb"
    assert "on '" in (said := capsys.readouterr().out) and "french_given.txt' …" in said
    assert tool().stored_or_run(exercise).cells and capsys.readouterr().out == ""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of the book, built once as `make book` builds it."""
    out = tmp_path_factory.mktemp("book")
    command = [sys.executable, REPOSITORY / "tools" / "book.py", out]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0 and "index.html" in done.stdout, done.stderr
    return out


@pytest.fixture(scope="module")
def pages(book):
    """Each page's HTML by its path from the book's root."""
    found = {path.relative_to(book).as_posix(): path.read_text(encoding="utf-8") for path in book.rglob("*.html")}
    return {path: BeautifulSoup(text, "html.parser") for path, text in sorted(found.items())}


def stored(path):
    return json.loads((REPOSITORY / path).read_text(encoding="utf-8"))["cells"]


def lessons(pages):
    """Path of the notebook and page of each lesson."""
    return [
        (path.removesuffix("html") + "ipynb", page) for path, page in pages.items() if path.startswith("notebooks/")
    ]


# --- what is in it ---


def test_every_notebook_and_text_has_its_page(pages):
    sources = [path for folder in ("notebooks", "exercises") for path in (REPOSITORY / folder).rglob("*.ipynb")]
    sources = [path for path in sources if ".ipynb_checkpoints" not in path.parts]
    expected = {path.relative_to(REPOSITORY).with_suffix(".html").as_posix() for path in sources}
    expected |= {f"docs/{path.stem}.html".replace("README", "index") for path in (REPOSITORY / "docs").glob("*.md")}
    expected |= {"index.html", "exercises/index.html", "exercises/solutions/index.html", "makemlp/names/index.html"}
    assert set(pages) == expected
    assert len(lessons(pages)) == len(list((REPOSITORY / "notebooks").glob("*.ipynb")))


def test_links_and_anchors_resolve(pages, book):
    ids = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    for path, page in pages.items():
        for tag in page.select("[href], [src], [srcset]"):
            address = urlsplit(tag.get("href") or tag.get("src") or tag["srcset"])
            if address.scheme:
                assert tag.name == "a" and address.scheme == "https", (
                    f"{path} needs {address.geturl()} from the network"
                )
                continue
            target = (book / path).parent / unquote(address.path) if address.path else book / path
            assert target.is_file(), f"{path} leads to {address.geturl()}"
            if address.fragment:
                assert address.fragment in ids[target.resolve().relative_to(book.resolve()).as_posix()], (path, address)


def test_link_texts_say_where_they_lead(pages):
    for path, page in pages.items():
        for link in page.select("a[href]"):
            words = link.get_text().strip() or " ".join(image["alt"] for image in link.select("img"))
            assert words and words.lower() not in VAGUE and "://" not in words, f"{path}: {link}"


def test_headings_are_in_order(pages):
    for path, page in pages.items():
        levels = [int(tag.name[1]) for tag in page.main.find_all(re.compile(r"^h[1-6]$"))]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(set(ids)) == len(ids), path
        assert page.html["lang"] == "en-GB"
    assert (
        len({page.title.get_text() for page in pages.values()}) > len(pages) - 10
    )  # a solution is called as its exercise


def test_previous_and_next_go_through_all_lessons(pages):
    path, read = "index.html", []
    while path and len(read) < 40:
        read.append(path)
        (onward,) = pages[path].select(".onward")
        found = [p.a["href"] for p in onward.select("p") if p.get_text().startswith("Next: ")]
        path = (Path(path).parent / found[0]).as_posix() if found else None
    assert read[1:] == [path for path in pages if path.startswith("notebooks/")]


def test_nothing_is_left_that_only_a_kernel_could_do(pages):
    for path, page in pages.items():
        shown = " ".join(tag.get_text() for tag in page.select(".output"))
        assert not re.search(r"Loading widget|Explorer\(|Run this cell|jupyterquiz|widget-view", shown), path
        assert "$$" not in page.get_text(), path


def test_each_explorer_is_alive(pages):
    for path, page in lessons(pages):
        alive = [cell["id"] for cell in stored(path) if cell.get("outputs") and "explore_" in "".join(cell["source"])]
        moving = page.select(".makemlp[data-view]")
        assert [one.find_parent(class_="cell")["id"] for one in moving] == alive, path
        # A second part of a lesson may do without controls.
        assert alive or Path(path).name.partition("_")[0].endswith("b"), path
        views = sorted({one["data-view"] for one in moving})
        wanted = [f"live-{'-'.join(views)}.js"] * bool(views) + ["live-sheets.js"]  # no more than it needs
        assert [Path(script["src"]).name for script in page.select("script[src*='live-']")] == wanted


def test_an_explorable_comes_with_its_script_and_its_pictures_as_files(tmp_path):
    import torch

    from makemlp import Vocabulary, explore_smoothing, live

    page = page_of("# x")
    cell = nbformat.v4.new_code_cell("makemlp.explore_smoothing(N, vocab)")
    cell.outputs = [tool().shown(live.stored(explore_smoothing(torch.ones(3, 3), Vocabulary(["ab"])).to_html()))]
    page.notebook.cells.append(cell)
    home = page_of("# home")
    home.source = "README.md"
    tool().Binder({"Lessons": [home, page]}, tmp_path).bind(page)
    bound = BeautifulSoup((tmp_path / "notebooks" / "x.html").read_text(encoding="utf-8"), "html.parser")
    assert bound.select("script[src='../live-smoothing.js']") and bound.select("link[href='../live.css']")
    assert json.loads(bound.select_one(".makemlp script").string)["data"]["itos"] == [".", "a", "b"]
    pictures = [image["src"] for image in bound.select(".makemlp-still img")]
    assert len(set(pictures)) == 2 and all((tmp_path / "notebooks" / name).is_file() for name in pictures)


def test_the_first_thing_that_moves_stands_on_the_first_screen():
    from makemlp import Vocabulary, explore_architecture, live

    home, lesson = page_of("# home\n\nOne sentence.\n\nMore."), page_of("# x")
    tool().put_toy(home, lesson)
    assert len(home.notebook.cells) == 1  # nothing moves in that lesson
    toy = tool().shown(live.stored(explore_architecture(len(Vocabulary(["ab"]))).to_html()))
    lesson.notebook.cells.append(nbformat.v4.new_code_cell("makemlp.explore_architecture(3)", outputs=[toy]))
    tool().put_toy(home, lesson)
    assert [cell.source for cell in home.notebook.cells] == ["# home\n\nOne sentence.", "", "More."]
    assert home.notebook.cells[1].outputs == [toy] and tool().cell_text(home) == "# home\n\nOne sentence.\n\nMore."


def test_quizzes_unfold_with_their_answers_where_no_script_runs(pages):
    for path, page in lessons(pages):
        number = Path(path).name.partition("_")[0]
        sheet = stored_quiz(Path(path).stem)
        quiz, cards = page.find(id=f"{number}-quiz"), page.find(id=f"{number}-cards")
        assert len(quiz.select(".makemlp-question")) == len(sheet["questions"])
        assert quiz.get_text().count("✓") >= len(sheet["questions"])
        assert len(cards.find_all("details")) == len(sheet["cards"])


def stored_quiz(stem):
    return json.loads((REPOSITORY / "makemlp" / "quizzes" / f"{stem}.json").read_text(encoding="utf-8"))


def test_pictures_have_their_alternative_texts(pages):
    for path, page in lessons(pages):
        outputs = [output for cell in stored(path) for output in cell.get("outputs", [])]
        html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
        alts = [image["alt"] for image in BeautifulSoup(html, "html.parser").find_all("img")]
        assert [image["alt"] for image in page.select(".output img")] == alts and min(map(len, alts)) > 30
        assert all(int(image["width"]) > 100 for image in page.select("img"))


def test_tables_have_headers(pages):
    for path, page in pages.items():
        for table in page.find_all("table"):
            heads = table.select("thead th[scope=col]")
            assert heads and all(head.get_text().strip() for head in heads), f"{path}: {table}"


# --- what it refuses ---


def page_of(source):
    cell = nbformat.v4.new_markdown_cell(source)
    return tool().Page("notebooks/x.ipynb", "notebooks/x.html", "x", nbformat.v4.new_notebook(cells=[cell]))


def bind(source, out):
    page, home = page_of(source), page_of("# home")
    home.source = "README.md"
    tool().Binder({"Lessons": [home, page]}, out).bind(page)
    return (out / "notebooks" / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# x\n\n[gone](gone.ipynb)", r"notebooks/x\.ipynb links to gone\.ipynb, which is neither"),
        ("# x\n\n![](../figures/loss_curve.png)", r"shows the picture \.\./figures/loss_curve\.png without"),
        ("# x\n\n$$\\frac{1}{2}$$", "can't set"),
    ],
)
def test_a_page_with_a_fault_is_refused(source, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        bind(source, tmp_path)


def test_formulas_become_mathml_and_prices_stay(tmp_path):
    html = bind("# x\n\n$$|V|\\,(1 - n)$$\n\nIt costs $5 or $6, and $n$ more.", tmp_path)
    assert '<math display="block">' in html and "<mn>1</mn><mo>−</mo><mi>n</mi>" in html
    assert "costs $5 or $6, and" in html and '<math display="inline"><mi>n</mi></math>' in html


def test_a_picture_from_the_network_becomes_its_words(tmp_path):
    html = bind("# x\n\n[![Open in Colab](https://a.org/badge.svg)](https://a.org/x)", tmp_path)
    assert '<a href="https://a.org/x">Open in Colab</a>' in html and "badge.svg" not in html


def test_an_anchor_in_jupyterlabs_form_leads_to_the_books(tmp_path):
    html = bind("# x\n\n## How *this* works\n\n[What comes next](x.ipynb#How-this-works)", tmp_path)
    assert '<h2 id="how-this-works">' in html and 'href="x.html#how-this-works"' in html


def test_a_picture_with_a_narrow_form_comes_whole(tmp_path):
    forms = '<source media="(max-width: 600px)" srcset="../figures/anatomy.png">'
    html = bind(f'# x\n\n<picture>{forms}<img src="../figures/mixture.png" alt="two curves"></picture>', tmp_path)
    picture = BeautifulSoup(html, "html.parser").picture
    assert picture.parent.name == "a" and picture.img.parent is picture
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"anatomy.png", "mixture.png", "film.png"}


def test_a_folder_with_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert tool().main([str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- in the browser ---


@pytest.fixture(scope="module")
def reader(browser, book):
    """A page on the screen, which complains about every request that leaves the book."""
    page = new_page(browser, viewport=PHONE, reduced_motion="reduce")
    page.strangers = []
    page.on("request", lambda request: page.strangers.append(request.url))
    page.on("pageerror", lambda error: page.strangers.append(str(error)))
    yield page
    page.close()


def faults(page, options, where="html"):
    """What axe finds, whatever its impact, one line each."""
    wanted = [where, {"resultTypes": ["violations"], **options}]
    found = page.evaluate("([where, options]) => axe.run(where, options)", wanted)["violations"]
    return [f"{fault['impact']} {fault['id']}: {node['html'][:120]}" for fault in found for node in fault["nodes"]]


def axe_script():
    from axe_playwright_python.sync_playwright import Axe

    return Axe().axe_script


def inspect(page):
    """All rules, and those about colours in light and in dark: nothing else depends on it."""
    page.evaluate(DRAWN)
    page.evaluate(MARK_FIRSTS)
    page.evaluate(axe_script())
    found = faults(page, {"rules": {rule: {"enabled": False} for rule in COLOURS}})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme} {line}" for line in faults(page, {"runOnly": COLOURS}, "[data-first]")]
    return found


def test_axe_finds_nothing_on_any_page(reader, book, pages):
    found = []
    for path in pages:
        reader.goto((book / path).as_uri())
        found += [f"{path}: {line}" for line in inspect(reader)]
    assert not found, "\n".join(found)
    assert all(url.startswith("file:") for url in reader.strangers), reader.strangers


def test_axe_sees_what_is_wrong(reader, book):
    reader.goto((book / "notebooks" / "00_start_here.html").as_uri())
    reader.evaluate("() => document.querySelector('img:not([loading])').removeAttribute('alt')")
    reader.add_style_tag(
        content=".prose { color: #999 } @media (prefers-color-scheme: dark) { .prose { color: #555 } }"
    )
    found = "\n".join(inspect(reader))
    assert "critical image-alt" in found and "light serious color" in found and "dark serious color" in found


@pytest.mark.parametrize("size", [NARROWEST, PHONE, DESKTOP], ids=lambda size: size["width"])
def test_no_page_is_wider_than_the_screen(reader, book, pages, size):
    reader.set_viewport_size(size)
    for path in pages:
        reader.goto((book / path).as_uri())
        width = reader.evaluate("() => document.documentElement.scrollWidth")
        assert width <= size["width"], path
        broken = "all => all.filter(img => !img.complete || !img.naturalWidth).map(img => img.src)"
        assert reader.locator("img:not([loading=lazy])").evaluate_all(broken) == []


def test_wide_code_scrolls_by_keyboard(reader, book):
    reader.set_viewport_size(PHONE)
    reader.goto((book / "notebooks" / "00_start_here.html").as_uri())
    wide = reader.locator("pre[tabindex='0']")
    wide.first.wait_for()
    # What is folded away is not to be reached.
    unreachable = """all => all.filter(
        box => box.checkVisibility() && box.scrollWidth > box.clientWidth && box.tabIndex < 0).length"""
    assert reader.locator("pre, .table").evaluate_all(unreachable) == 0
    wide.first.focus()
    reader.keyboard.press("ArrowRight")
    reader.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_a_quiz_answers_and_a_card_turns_by_keyboard(reader, book):
    reader.goto((book / "notebooks" / "01_bigram.html").as_uri())
    reader.locator("[id='01-quiz'] input[type=radio]").first.focus()
    reader.keyboard.press("Space")
    assert re.match("[✓✗] ", reader.locator("[id='01-quiz'] .makemlp-said:not(:empty)").inner_text())
    card = reader.locator("[id='01-cards'] .makemlp-card")
    card.press("Space")
    assert card.inner_text().startswith("Answer")


FIRST_SCREEN, LESSON = 300_000, 2_000_000  # bytes


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=lambda size: size["width"])
def test_the_first_screen_is_light_and_alive(browser, book, size):
    page, weights = new_page(browser, viewport=size), {}
    page.on("request", lambda request: weights.update({request.url: path_of(request.url).stat().st_size}))
    page.goto((book / "index.html").as_uri(), wait_until="load")
    page.locator(".makemlp-frame svg").first.wait_for()
    alive = page.evaluate("() => performance.now()")
    seen = page.locator(".makemlp-frame").bounding_box()
    print(f"first screen {size['width']}: {sum(weights.values()):,} bytes, alive after {alive:.0f} ms")
    assert sum(weights.values()) <= FIRST_SCREEN, weights
    assert seen["y"] + 200 < size["height"]  # the bars, at least, stand on it
    temperature = page.get_by_label("temperature", exact=True)
    temperature.press("Home")
    assert temperature.get_attribute("aria-valuetext") == "0.10"
    page.close()


def path_of(url):
    return Path(unquote(urlsplit(url).path))


def test_no_lesson_is_heavy(book, pages):
    for path, page in lessons(pages):
        files = [tag.get("src") or tag["href"] for tag in page.select("script[src], img[src], link[rel=stylesheet]")]
        at = (book / path).with_suffix(".html")
        weight = at.stat().st_size + sum((at.parent / file).stat().st_size for file in set(files))
        print(f"{at.name}: {weight:,} bytes")
        assert weight <= LESSON, path


@pytest.mark.parametrize("path", ["index.html", "notebooks/08_sample_names.html"])
def test_search_finds_a_section_and_leads_there(reader, book, path):
    reader.set_viewport_size(DESKTOP)
    reader.goto((book / path).as_uri())
    field = reader.get_by_role("searchbox", name="Search the course")
    field.press_sequentially("Weight decay")
    links = reader.locator(".found a")
    links.first.wait_for()
    assert links.first.inner_text() == "01 Bigram: Smoothing by weight decay"
    assert reader.locator(".found mark").first.inner_text().lower() in ("weight", "decay")
    assert re.fullmatch(r"\d+ sections found", reader.locator(".found [role=status]").inner_text())
    links.first.click()
    reader.wait_for_url("**/01_bigram.html#smoothing-by-weight-decay")
    field = reader.get_by_role("searchbox", name="Search the course")
    field.fill("<b>*[")
    reader.get_by_text("0 sections found").wait_for()
    field.fill("")
    assert not reader.locator(".found").is_visible()
    assert all(url.startswith("file:") for url in reader.strangers), reader.strangers


def test_every_page_can_be_found_and_every_anchor_is_there(book, pages):
    text = (book / "search.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("window.makemlpIndex = ").removesuffix(";\n"))
    assert {target for target, *_ in index} == {path for path in pages if "solutions" not in path}
    for target, _, anchor, heading, words in index:
        assert heading and "<" not in heading and (not anchor or pages[target].find(id=anchor)), (target, anchor)
        assert isinstance(words, str)


def test_a_shared_link_has_words_and_a_picture(book, pages):
    for path, page in pages.items():
        said = {meta["property"]: meta["content"] for meta in page.select("meta[property^='og:']")}
        assert len(said["og:title"]) > 3 and len(said["og:site_name"]) > 3
        assert 20 < len(said["og:description"]) <= 204 and "](" not in said["og:description"], path
        picture = (book / path).parent / said["og:image"]
        assert picture.suffix == ".png" and picture.is_file(), path


def test_a_shared_link_names_the_books_address_where_it_is_known(tmp_path):
    page = page_of("# x\n\nSome words on it.")
    home = page_of("# home")
    home.source = "README.md"
    tool().Binder({"Lessons": [home, page]}, tmp_path, "https://a.org/course").bind(page)
    bound = BeautifulSoup((tmp_path / "notebooks" / "x.html").read_text(encoding="utf-8"), "html.parser")
    said = {meta["property"]: meta["content"] for meta in bound.select("meta[property^='og:']")}
    assert said["og:image"] == "https://a.org/course/figures/film.png"
    assert said["og:url"] == "https://a.org/course/notebooks/x.html" and said["og:description"] == "Some words on it."


def test_a_film_begins_when_it_is_asked_for(pages):
    """Its first picture stands on the page: the film alone weighs three times what the first screen may."""
    (film,) = pages["index.html"].select(".film")
    assert film["href"].endswith(".gif") and film.img["src"].endswith("film.png") and not film.select("source")
