// The quizzes and cards that end each lesson. What is stored is text that unfolds, which this makes answer; so a page
// that runs no script loses nothing, and nothing is said twice. It stands alone: no view, no frame, no ipywidgets.

/** An element with properties and children; what is no property is an attribute. */
function make(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Start every quiz and every deck of cards on the page that is not yet alive. */
export function sheets() {
  for (const box of document.querySelectorAll(".makemlp-sheet:not([data-alive])")) {
    box.dataset.alive = "";
    // Keys pressed here are not the notebook's: it would take them for commands, or for the learner's code.
    box.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    });
    const asked = [...box.querySelectorAll(".makemlp-question")];
    if (asked.length) quiz(box, asked);
    else cards(box);
  }
}

function quiz(box, asked) {
  const score = make("p", { className: "makemlp-score", role: "status" });
  const [solved, missed] = [new Set(), new Set()];
  box.querySelector("p").replaceWith(score);
  const tell = () => {
    const atOnce = [...solved].filter((question) => !missed.has(question)).length;
    const all = solved.size === asked.length ? " All done." : "";
    score.textContent = `${solved.size} of ${asked.length} questions solved, ${atOnce} without a miss.${all}`;
  };
  for (const question of asked) {
    const said = make("p", { className: "makemlp-said", role: "status" });
    const answered = (right, done, words) => {
      if (!right) missed.add(question);
      if (done) solved.add(question);
      said.className = `makemlp-said ${right ? "right" : "wrong"}`;
      said.replaceChildren(...words);
      tell();
    };
    (question.querySelector("li") ? number : choices)(question, answered);
    question.append(said);
  }
  tell();
}

const isRight = (words) => words[0].textContent.trim().startsWith("✓");

/** Choices, of which one or several are right: each says why as soon as it is chosen. */
function choices(question, answered) {
  const folds = [...question.querySelectorAll("details")].map((fold) => {
    const [summary, ...words] = fold.childNodes;
    return { fold, summary, words, right: isRight(words) };
  });
  const wanted = folds.filter(({ right }) => right).length;
  const name = Math.random().toString(36).slice(2);
  let found = 0;
  question.setAttribute("role", wanted > 1 ? "group" : "radiogroup");
  question.setAttribute("aria-label", question.querySelector("p").textContent);
  for (const { fold, summary, words, right } of folds) {
    const input = make("input", { type: wanted > 1 ? "checkbox" : "radio", name });
    const label = make("label", {}, input, make("span", {}, ...summary.childNodes));
    let seen = false;
    input.addEventListener("change", () => {
      label.className = right ? "right" : "wrong";
      if (right && !seen) found += 1;
      seen = true;
      const left = wanted > 1 ? ` ${found} of ${wanted} right ones found.` : "";
      answered(right, found === wanted, [...words.map((node) => node.cloneNode(true)), left]);
    });
    fold.replaceWith(label);
  }
}

/** A number to type: each likely mistake has words of its own, and for all others there is a hint. */
function number(question, answered) {
  const [hint, answer] = question.querySelectorAll("details");
  const hinted = [...hint.childNodes].slice(1);
  const answers = [...answer.querySelectorAll("li")].map((item) => {
    const words = [...item.childNodes].slice(1); // the first is the number itself
    return { low: Number(item.dataset.low), high: Number(item.dataset.high), words, right: isRight(words) };
  });
  const box = make("input", { type: "text", inputMode: "decimal", autocomplete: "off" });
  box.setAttribute("aria-label", `Your number. ${question.querySelector("p").textContent}`);
  const check = () => {
    const value = box.value.trim() ? Number(box.value.replace(/[,\s]/g, "").replace("−", "-")) : NaN;
    const taken = answers.find(({ low, high }) => value === low || (value > low && value < high));
    const told = Number.isNaN(value) ? ["✗ That is not a number. "] : ["✗ "];
    const words = taken ? taken.words : [...told, ...hinted];
    answered(
      Boolean(taken?.right),
      Boolean(taken?.right),
      words.map((node) => node.cloneNode?.(true) ?? node),
    );
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) check();
  });
  answer.remove();
  hint.replaceWith(
    make("div", { className: "makemlp-row" }, box, make("button", { type: "button", onclick: check }, "Check")),
  );
}

/** Cards to turn over: a press or the space bar turns one, Enter brings the next, arrows go on and back. */
function cards(box) {
  const deck = [...box.querySelectorAll("details")].map((fold) => {
    const [front, ...back] = fold.childNodes;
    fold.remove();
    return [[...front.childNodes], back];
  });
  const side = make("span", { className: "makemlp-side" });
  const words = make("span", {});
  const card = make(
    "button",
    { type: "button", className: "makemlp-card", onclick: () => show(at, !turned) },
    side,
    words,
  );
  const place = make("span", { className: "makemlp-place" });
  const spoken = make("span", { className: "makemlp-spoken", role: "status" });
  const turns = [-1, 1].map((step) =>
    make("button", { type: "button", onclick: () => go(step) }, step < 0 ? "‹ Before" : "Next ›"),
  );
  let [at, turned, quiet] = [0, false, true];
  function show(to, over) {
    [at, turned] = [to, over];
    card.classList.toggle("turned", turned);
    side.textContent = turned ? "Answer" : "Question";
    words.replaceChildren(...deck[at][turned ? 1 : 0]);
    place.textContent = `${at + 1} of ${deck.length}`;
    if (!quiet) spoken.textContent = `${side.textContent} ${place.textContent}: ${words.textContent}`;
    quiet = false;
  }
  function go(step) {
    show((at + step + deck.length) % deck.length, false);
    card.focus(); // so that the keys go on working after a click
  }
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Enter: event.target === card ? 1 : 0 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(step);
  });
  show(0, false);
  box.append(card, make("div", { className: "makemlp-row" }, turns[0], place, turns[1], spoken));
}
