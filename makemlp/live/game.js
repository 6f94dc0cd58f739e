// Lesson 08: a game of ten names. Which stand in the list, and which has the model made up?
import { drawing, text } from "./draw.js";
import { el } from "./frame.js";
import { unpack, unpackText } from "./mlp.js";

const ROUNDS = 10;
const PAUSE = 300; // a press so soon after a name has come is the second half of a double click

/** The chance to have `right` or more of the rounds right by tossing a coin. */
function luck(right) {
  let [ways, sum] = [1, 0];
  for (let k = 0; k <= ROUNDS; k++) {
    if (k >= right) sum += ways;
    ways = (ways * (ROUNDS - k)) / (k + 1);
  }
  return sum / 2 ** ROUNDS;
}

export function game(frame, data) {
  const rare = unpack(data.nlls); // nats of each name, by the model
  const all = unpackText(data.names).map((line, i) => ({ name: line.slice(1), real: line[0] === "+", nll: rare[i] }));
  const games = all.length / ROUNDS;
  let [number, since, best] = [0, -PAUSE, 0];
  let presses = { real: 0, made_up: 0, again: 0 };
  let names = all.slice(0, ROUNDS);
  let given = []; // for each answer whether it was right

  function begin() {
    number += 1;
    names = all.slice((number % games) * ROUNDS, ((number % games) + 1) * ROUNDS);
    given = [];
  }

  /** Take what was pressed since the last picture. */
  function take(state) {
    const now = performance.now();
    if (state.again !== presses.again) begin();
    else if (state.real + state.made_up !== presses.real + presses.made_up) {
      if (given.length === ROUNDS || now - since < PAUSE) return;
      given.push((state.real !== presses.real) === names[given.length].real);
    } else return;
    since = now;
    best = Math.max(best, streak());
  }

  const streak = () => given.length - 1 - given.lastIndexOf(false);
  const sure = (right) => (right ? "✓" : "✗");
  const kind = ({ real }) => (real ? "in the list" : "made up");

  /** A place for each name: a sign for what was answered, larger as a row of right ones grows. */
  function marks(width, over) {
    const step = Math.min(48, width / ROUNDS);
    let row = 0;
    const parts = names.map((_, i) => {
      const [x, right] = [(i + 0.5) * step, given[i]];
      row = right ? row + 1 : 0;
      const color = right ? "var(--green)" : "var(--orange)";
      const r = Math.min(0.46 * step, 11 + (right ? 0.8 * row : 0));
      const paint = i < given.length ? { fill: color } : { fill: "var(--field)", stroke: "var(--quiet)" };
      const here = i === given.length && !over ? { stroke: "var(--blue)", "stroke-width": 3 } : {};
      const sign = {
        "text-anchor": "middle",
        style: "fill: var(--page); stroke: none; font-size: 15px",
        class: "strong",
      };
      return [
        el("circle", { cx: x, cy: 26, r, ...paint, ...here }),
        i < given.length && text(x, 31, sure(right), sign),
      ];
    });
    return drawing(step * ROUNDS, 52, parts);
  }

  /** How many the model's own chance gets right: it cannot have made what it holds unlikely. */
  function byModel() {
    const middle = [...names].sort((a, b) => a.nll - b.nll)[ROUNDS / 2].nll;
    return names.filter(({ real, nll }) => nll >= middle === real).length;
  }

  function verdict(i) {
    const { name, nll } = names[i];
    const one = Number(Math.exp(Math.min(nll, 30)).toPrecision(2)).toLocaleString("en");
    return `${sure(given[i])} ${given[i] ? "Right" : "Wrong"}: '${name}' is ${kind(names[i])}. The model writes it once in ${one} names.`;
  }

  return function draw(state, width) {
    take(state);
    presses = { real: state.real, made_up: state.made_up, again: state.again };
    const [done, right] = [given.length, given.filter(Boolean).length];
    const over = done === ROUNDS;
    for (const name of ["real", "made_up"]) {
      const button = frame.controls[name].row.querySelector("button");
      if (over && button === document.activeElement) frame.controls.again.row.querySelector("button").focus();
      frame.enable(name, !over);
    }
    const row = streak() > 1 ? ` ${streak()} in a row!` : "";
    const said = done ? verdict(done - 1) : "Is this name in the list, or made up by the model?";
    const chance = `Guessing gets ${ROUNDS / 2} on average, and ${right} or more in ${(100 * luck(right)).toFixed(1)}% of games`;
    const rival = byModel();
    const end = `${chance}. Calling the rarer half real, by the model's own numbers, gets ${rival}: you ${right > rival ? "beat it" : right === rival ? "are level with it" : "are behind"}.`;
    const big = `margin: 0.2rem 0; font-size: 2rem; line-height: 1.3; font-weight: 600`;
    const answered = names.map((one, i) => {
      const words = i < done ? `${sure(given[i])} ${one.name}, ${one.real ? "real" : "made up"}` : "·";
      return el("li", { style: i < done ? `color: var(--${given[i] ? "green" : "orange"})` : "" }, words);
    });
    return {
      title: over ? `${right} of ${ROUNDS} right` : `Name ${done + 1} of ${ROUNDS}: real or made up?`,
      picture: [
        el(
          "p",
          { style: big, class: "makemlp-asked" },
          over ? `${right} of ${ROUNDS} right${right > 7 ? " ★" : ""}` : names[done].name,
        ),
        marks(width, over),
        el(
          "p",
          { class: "makemlp-note", style: `color: var(--ink); min-height: ${width < 480 ? 7 : 4.2}em` },
          `${said} ${over ? end : `${done ? `${right} of ${done} right.` : ""}${row}`}`,
        ),
        el("ul", { class: "makemlp-names" }, answered),
      ],
      alt: over
        ? `${said} ${right} of ${ROUNDS} right; the longest row so far ${best}. ${end}`
        : `${said} ${right} of ${done} right.${row} Name ${done + 1} of ${ROUNDS}: '${names[done].name}'.`,
      answered: given,
      names: names.map(({ name, real }) => [name, real]),
      rival,
      best,
    };
  };
}
