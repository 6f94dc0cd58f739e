// The frame of every explorable: its controls, its message line, its picture, what is read aloud, and the link to
// ipywidgets where a kernel runs. A view is a function (frame, data) that returns draw(state, width); draw returns
// {title, picture, alt}: a line of text, elements, and the sentence that stands for them.

/** A mistake of the reader's, with a sentence for them; the last picture stays. */
export class Refusal extends Error {}

const SVG = "http://www.w3.org/2000/svg";
const OF_SVG = new Set("svg g rect circle line path text tspan title polyline polygon".split(" "));
const SPOKEN_AFTER = 700; // milliseconds without another picture, so that a drag is not read aloud all along

// Letters that are written from right to left, as makemlp/figures/fonts.py has them.
const RIGHT = "\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefe\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}";
const RUN = new RegExp(`\u25cc?[${RIGHT}](?:[${RIGHT} \\u200c\\u200d'-]*[${RIGHT}])?`, "gu");
const BARE = /(?<=^|[\p{P}\p{Z}])(?![\ufe00-\ufe0f])\p{M}/gu; // a mark without the letter that it goes with
/** A name from right to left would turn the words around it, so it is isolated; a bare mark stands on a circle. */
const isolated = (child) => child.replace?.(BARE, "\u25cc$&").replace(RUN, "\u2068$&\u2069") ?? child;

/** An element of HTML or SVG with attributes and children; a function as an attribute listens to that event. */
export function el(tag, attributes = {}, ...children) {
  const node = OF_SVG.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  const there = children.flat(Infinity).filter((child) => child != null && child !== false);
  node.append(...there.map(isolated));
  return node;
}

/** A number as it is shown: three digits that count, thousands set apart. */
export function shown(value, digits) {
  if (digits != null) return value.toFixed(digits).replace("-", "−");
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en", { maximumFractionDigits: 6 }).replace("-", "−");
}

/** What a reader typed as a number: "1,000", "0.5", "1e-3" and "−2" are understood. */
function parsed(text) {
  return text.trim() === "" ? NaN : Number(text.replace(/[,\s]/g, "").replace("−", "-"));
}

/** Start every explorable of this name on the page that is not yet alive. */
export function start(name, view) {
  for (const box of document.querySelectorAll(`.makemlp[data-view="${name}"]:not([data-alive])`)) {
    box.dataset.alive = "";
    const inBlock = box.dataset.link && document.querySelector(`.makemlp-block-${box.dataset.link} .makemlp-frame`);
    // Its output was written anew, with what Python has sent until now: the view that is drawn already goes on.
    if (inBlock) inBlock.dispatchEvent(new CustomEvent("belongs", { detail: box }));
    else new Frame(box, view);
  }
}

class Frame {
  constructor(box, view) {
    const { controls, data } = JSON.parse(box.querySelector("script[type='application/json']").textContent);
    this.box = box;
    this.state = {};
    this.sent = data.sent ?? {}; // what Python has computed: of when the cell was run, and while it is linked, of now
    this.linked = false; // whether a kernel answers
    this.held = false; // whether a hand holds a slider that Python hears of when it is let go
    this.controls = {};
    this.title = el("p", { class: "makemlp-title" });
    this.stage = el("div", { class: "makemlp-stage" });
    this.message = el("p", { class: "makemlp-message", role: "status" });
    this.spoken = el("p", { class: "makemlp-spoken", role: "status" });
    this.panel = el("div", { class: "makemlp-controls", role: "group", "aria-label": "Controls" });
    for (const spec of controls) this.add(spec);
    const picture = el("div", { class: "makemlp-picture" }, this.title, this.stage);
    this.root = el("div", { class: "makemlp-frame" }, this.panel, picture, this.message, this.spoken);
    for (const part of [this.root, this.panel]) {
      // Keys pressed here are not the notebook's: it would take a letter for a command.
      part.addEventListener("keydown", (event) => {
        if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
      });
    }
    this.draw = view(this, data); // a function of the state and the stage's width
    box.querySelector(".makemlp-still").hidden = true;
    box.append(this.root);
    this.root.addEventListener("belongs", ({ detail }) => {
      this.box = detail;
      detail.querySelector(".makemlp-still").hidden = true;
    });
    this.paint();
    new ResizeObserver(() => this.redraw()).observe(this.stage);
    if (box.dataset.link) link(this, box.dataset.link);
  }

  add(spec) {
    const make = { slider: numberControl, text: textControl, choice: choiceControl, check: checkControl };
    this.state[spec.name] = spec.value;
    const control = (make[spec.kind] ?? buttonControl)(spec, (value) => this.set(spec.name, value, true));
    this.controls[spec.name] = { ...control, spec };
    control.row.hidden = Boolean(spec.kernel); // without a kernel it would move nothing
    this.panel.append(control.row);
  }

  /** Another value, from a control (which shows it already) or from anywhere else. */
  set(name, value, fromControl = false) {
    this.state[name] = value;
    if (!fromControl) this.controls[name].show(value);
    if (!fromControl) this.controls[name].tell?.(value);
    this.touched = true;
    this.redraw();
  }

  /**
   * Tell `act(what, x, y)` of the pointer on the drawing that matches: "over" and, with a button held, "press" and
   * "drag"; "leave" when it is gone. The stage listens, since each picture is a new drawing.
   */
  point(selector, act) {
    let held = false;
    let inside = false;
    const tell = (event, what) => {
      const drawing = held ? this.stage.querySelector(selector) : event.target.closest(selector);
      if (!drawing && inside) act("leave");
      inside = Boolean(drawing);
      if (!drawing) return;
      const { left, top } = drawing.getBoundingClientRect();
      act(what, event.clientX - left, event.clientY - top);
    };
    this.stage.addEventListener("pointerdown", (event) => {
      tell(event, "press");
      held = inside;
      if (held) this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => tell(event, held ? "drag" : "over"));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, () => (held = false));
    this.stage.addEventListener("pointerleave", () => {
      if (inside && !held) act("leave");
      inside = held;
    });
  }

  enable(name, enabled) {
    for (const input of this.controls[name].row.querySelectorAll("input, select, button")) input.disabled = !enabled;
  }

  say(sentence) {
    const words = isolated(sentence);
    if (this.message.textContent !== words) this.message.textContent = words;
  }

  /** Paint before the page is shown next, once however often it is asked. */
  redraw() {
    this.waiting ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.waiting);
    this.waiting = null;
    const width = Math.max(240, Math.floor(this.stage.clientWidth || 640));
    this.note = "";
    let drawn;
    try {
      drawn = this.draw(this.state, width);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.say(error.message);
      return;
    }
    this.say(this.note);
    this.title.textContent = isolated(drawn.title);
    this.root.classList.toggle("makemlp-busy", Boolean(drawn.busy));
    this.stage.replaceChildren(...[drawn.picture].flat());
    this.alt = drawn.alt;
    for (const svg of this.stage.querySelectorAll("svg")) {
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", drawn.alt);
    }
    if (this.touched) {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => (this.spoken.textContent = drawn.alt), SPOKEN_AFTER);
    }
    this.box.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: { state: { ...this.state }, ...drawn } }));
  }
}

// --- controls of the page's own: each is {row, show(value)} ---

let ids = 0;

function labelled(spec, ...inputs) {
  inputs[0].id = `makemlp-${++ids}`;
  return el(
    "div",
    { class: `makemlp-row makemlp-${spec.kind}` },
    el("label", { for: inputs[0].id }, spec.label),
    inputs,
  );
}

/** A slider and a box for its number, which commits on Enter and when it is left. */
function numberControl(spec, changed) {
  const { min, max, step, log, digits } = spec;
  const place = (value) => (log ? Math.log10(value) : value);
  const words = (value) => shown(value, digits) + (spec.unit ?? "");
  const ends = log ? { min: Math.log10(min), max: Math.log10(max), step } : { min, max, step };
  const range = el("input", { type: "range", ...ends });
  const box = el("input", { type: "text", inputmode: "decimal", "aria-label": `${spec.label}, number`, size: 7 });
  let now = spec.value;
  const show = (value) => {
    now = value;
    range.value = place(value);
    range.setAttribute("aria-valuetext", words(value));
    box.value = shown(value, digits);
  };
  range.addEventListener("input", () => {
    const value = log ? Number((10 ** range.valueAsNumber).toPrecision(3)) : range.valueAsNumber;
    now = Math.min(max, Math.max(min, value));
    range.setAttribute("aria-valuetext", words(now));
    box.value = shown(now, digits);
    changed(now);
  });
  box.addEventListener("change", () => {
    let value = parsed(box.value);
    if (Number.isNaN(value)) return show(now);
    if (digits != null) value = Number(value.toFixed(digits)); // what is shown is what is drawn
    show(Math.min(max, Math.max(min, value)));
    changed(now);
  });
  show(spec.value);
  return { row: labelled(spec, range, box), show };
}

function textControl(spec, changed) {
  const attributes = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 40 };
  const box = el("input", { ...attributes, input: () => changed(box.value) });
  box.value = spec.value;
  return { row: labelled(spec, box), show: (value) => (box.value = value) };
}

function choiceControl(spec, changed) {
  const options = spec.options.map(([value, words]) => el("option", { value }, words));
  const select = el("select", { input: () => changed(select.value) }, options);
  select.value = spec.value;
  return { row: labelled(spec, select), show: (value) => (select.value = value) };
}

function checkControl(spec, changed) {
  const box = el("input", { type: "checkbox", input: () => changed(box.checked) });
  box.checked = spec.value;
  return { row: labelled(spec, box), show: (value) => (box.checked = value) };
}

/** A button counts how often it was pressed. */
function buttonControl(spec, changed) {
  let presses = spec.value;
  const button = el("button", { type: "button", click: () => changed(++presses) }, spec.label);
  return { row: el("div", { class: "makemlp-row" }, button), show: (value) => (presses = value) };
}

// --- the link to ipywidgets ---

/**
 * While a kernel runs, sliders of ipywidgets stand in for the page's own. Python shows them in a block of their own,
 * hidden; once it is on the page, the picture moves into it. Beside each slider stands a number box that ipywidgets
 * keeps equal to it in the browser (jslink): it is read before each picture, and written when a mark is dragged. What
 * Python computes comes as JSON in a hidden text area of the block, read before each picture too; and
 * `frame.press(name)` presses a button of ipywidgets. When the kernel is gone, and on the next day, the block is gone or
 * dead, and the page's own controls are back.
 */
function link(frame, id) {
  let block = null;
  let boxes = [];
  let letter = null; // the text area
  let read = "";

  function connect() {
    block = document.querySelector(`.makemlp-block-${id}`);
    const slot = block?.querySelector(".makemlp-slot");
    const rest = block?.querySelector(".makemlp-rest");
    letter = block?.querySelector(".makemlp-sent textarea");
    boxes = Object.entries(frame.controls).flatMap(([name, control]) => {
      const row = block?.querySelector(`.makemlp-turns-${name}`);
      const input = row?.querySelector("input[type=number]");
      return input ? [{ name, control, row, input, last: null }] : [];
    });
    // Its parts come one after the other; and it stays on the page when its kernel is gone.
    const whole = slot && rest && boxes.length >= slot.dataset.turned && (letter || !slot.dataset.sent);
    if (!whole || isDead(block)) {
      block = null;
      return;
    }
    for (const { name, control, row, input } of boxes) {
      control.row.hidden = true;
      input.setAttribute("aria-label", `${control.spec.label}, number`);
      control.tell = (value) => {
        input.value = value;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      };
      row.dataset.name = name;
    }
    block.style.display = "";
    slot.append(frame.root);
    rest.append(frame.panel);
    frame.linked = true;
    frame.press = (name) => block.querySelector(`.makemlp-press-${name}`).click();
    for (const end of ENDS) addEventListener(end, look); // so a hand that lets go is answered before the kernel answers
    follow();
    frame.redraw();
  }

  function follow() {
    look();
    if (block) requestAnimationFrame(follow);
  }

  function look() {
    let changed = false;
    if (letter && letter.value !== read) {
      read = letter.value;
      frame.sent = JSON.parse(read);
      changed = true;
    }
    const hands = boxes.filter(({ row, control }) => control.spec.release && row.querySelector(HELD));
    changed ||= frame.held !== hands.length > 0;
    frame.held = hands.length > 0;
    for (const box of boxes) {
      const { spec } = box.control;
      if (hands.includes(box)) box.input.value = underHand(box.row, spec);
      // 31.622776 says no more than 31.6; while somebody types, nothing is rounded under their hands.
      const rounds = spec.log && box.input !== document.activeElement;
      if (rounds) box.input.value = Number(box.input.valueAsNumber.toPrecision(3));
      const value = box.input.valueAsNumber;
      if (value === box.last || Number.isNaN(value) || value < spec.min || value > spec.max) continue;
      const first = box.last === null;
      box.last = value;
      const handle = box.row.querySelector(HANDLE);
      handle?.setAttribute("aria-label", spec.label);
      handle?.setAttribute("aria-valuetext", shown(value, spec.digits));
      if (value === frame.state[box.name]) continue;
      frame.state[box.name] = value;
      frame.controls[box.name].show(value);
      frame.touched = !first;
      changed = true;
    }
    if (changed) frame.paint();
  }

  function disconnect() {
    for (const { control } of boxes) {
      control.row.hidden = Boolean(control.spec.kernel);
      control.tell = null;
    }
    for (const end of ENDS) removeEventListener(end, look);
    block.style.display = "none";
    block = null;
    frame.linked = frame.held = false;
    frame.press = null;
    frame.box.append(frame.root);
    frame.root.prepend(frame.panel);
    frame.redraw();
  }

  const watch = setInterval(() => {
    if (!block && !frame.box.isConnected) clearInterval(watch);
    else if (!block) connect();
    else if (!block.isConnected || isDead(block)) disconnect();
  }, 200);
  connect();
}

const isDead = (block) => Boolean(block.querySelector(".jupyter-widgets-disconnected"));

const HANDLE = ".noUi-handle, .ui-slider-handle"; // of ipywidgets 8 and 7
const ENDS = ["pointerup", "mouseup"]; // of a drag, in ipywidgets 8 and 7
const HELD = ".noUi-active, .ui-state-active";

/** The value where a held handle stands: the number box does not know it before the handle is let go. */
function underHand(row, { min, max, step, log }) {
  const [handle, rail] = [HANDLE, ".noUi-base, .ui-slider"].map((part) =>
    row.querySelector(part).getBoundingClientRect(),
  );
  const [low, high] = log ? [Math.log10(min), Math.log10(max)] : [min, max];
  const share = (handle.x + handle.width / 2 - rail.x) / rail.width;
  const place = low + Math.round((share * (high - low)) / step) * step;
  return Number((log ? 10 ** place : place).toPrecision(12));
}
