{
  // What is wider than its box scrolls inside it; the keyboard must be able to come there.
  const boxes = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
        target.setAttribute("role", "group");
        target.setAttribute("aria-label", "Scrolls sideways");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
      }
    }
  });
  for (const box of document.querySelectorAll("pre, .table, math")) boxes.observe(box);

  // Search. What can be found is fetched when somebody begins to type; a page opened from a file may load only a script.
  const header = document.querySelector("header");
  const field = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search the course" });
  field.setAttribute("aria-label", "Search the course");
  const found = Object.assign(document.createElement("div"), { className: "found", hidden: true });
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  const list = document.createElement("ul");
  found.append(told, list);
  header.append(field);
  header.after(found);

  /** A text around the first word that was asked for, with all of them marked. */
  function excerpt(text, words) {
    const at = Math.max(
      0,
      Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((i) => i >= 0)) - 50,
    );
    const part = text.slice(Number.isFinite(at) ? at : 0).slice(0, 170);
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return part.split(new RegExp(`(${escaped.join("|")})`, "i")).map((piece, i) => {
      if (i % 2 === 0) return piece;
      return Object.assign(document.createElement("mark"), { textContent: piece });
    });
  }

  function search() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.hidden = words.length === 0;
    if (found.hidden || !window.makemlpIndex) return;
    const hits = window.makemlpIndex
      .map(([target, page, anchor, heading, text]) => {
        const [title, body] = [`${page} ${heading}`.toLowerCase(), text.toLowerCase()];
        if (!words.every((word) => title.includes(word) || body.includes(word))) return null;
        const often = words.map((word) => (title.includes(word) ? 20 : 0) + Math.min(9, body.split(word).length - 1));
        return { target, page, anchor, heading, text, score: often.reduce((sum, one) => sum + one, 0) };
      })
      .filter(Boolean)
      .sort((a, b) => b.score - a.score);
    told.textContent = `${hits.length} ${hits.length === 1 ? "section" : "sections"} found`;
    list.replaceChildren(
      ...hits.slice(0, 12).map(({ target, page, anchor, heading, text }) => {
        const href = `${document.body.dataset.up}${target}${anchor && `#${anchor}`}`;
        const link = Object.assign(document.createElement("a"), { href, textContent: `${page}: ${heading}` });
        const item = document.createElement("li");
        const words_ = document.createElement("span");
        words_.append(...excerpt(text, words));
        item.append(link, words_);
        return item;
      }),
    );
  }

  field.addEventListener("input", () => {
    if (!window.makemlpIndex && !document.querySelector("script[data-search]")) {
      const src = `${document.body.dataset.up}search.js`;
      const script = Object.assign(document.createElement("script"), { src, onload: search });
      script.dataset.search = "";
      document.head.append(script);
    }
    search();
  });
}
