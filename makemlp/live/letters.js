// Lesson 07: the last letter exchanged for another, or moved on the map, and how far the prediction moves.
import {
  beside,
  encode,
  legend,
  letterBars,
  letterMap,
  likeliest,
  mapDrawing,
  note,
  pairs,
  percent,
  reach,
  squareAnd,
} from "./draw.js";
import { contextOf, forward, readModel, softmax } from "./mlp.js";

const STILL = 4; // pixels: a hand that presses is not quite still

export function letters(frame, data) {
  const { itos } = data;
  const model = readModel(data.model);
  const trained = model.C.slice();
  const limit = reach(pairs(trained));
  let map = null;
  let shown = itos.indexOf(frame.state.instead); // the letter whose place the two sliders say
  let held = null;
  let resets = 0;

  // A letter that is pressed takes the last one's place; one that is dragged takes its vector along.
  frame.point(".map", (what, x, y) => {
    if (what === "press") {
      const found = map.at(x, y);
      held = found === null ? null : { x, y, moved: false };
      if (found !== null) {
        frame.set("instead", itos[found]);
        tell(found); // now: a quick hand drags before the next picture
      }
    }
    if (what !== "drag" || held === null) return;
    held.moved ||= Math.hypot(x - held.x, y - held.y) > STILL;
    if (!held.moved) return;
    const [right, up] = map.valueAt(x, y);
    frame.set("right", right);
    frame.set("up", up);
  });

  /** Let the sliders say where this letter is. */
  function tell(letter) {
    shown = letter;
    ["right", "up"].forEach((name, k) => {
      frame.state[name] = model.C[2 * letter + k];
      frame.controls[name].show(frame.state[name]);
    });
  }
  tell(shown);

  return function draw(state, width) {
    const { typed, instead, reset } = state;
    const here = itos.indexOf(instead);
    if (reset !== resets) model.C.set(trained);
    if (reset !== resets || here !== shown) tell(here);
    resets = reset;
    model.C.set([state.right, state.up], 2 * here);
    const text = contextOf(encode(typed, itos, frame), model.block_size);
    const other = [...text.slice(0, -1), here];
    const before = softmax(forward({ ...model, C: trained }, text).logits);
    const after = softmax(forward(model, other).logits);
    const share = before.reduce((sum, p, i) => sum + Math.abs(p - after[i]), 0) / 2;
    const words = (context) => `'${context.map((i) => itos[i]).join("")}'`;
    const away = pairs(model.C).filter(([a, b], i) => a !== trained[2 * i] || b !== trained[2 * i + 1]).length;
    const moved = away ? `, ${away === 1 ? "one letter" : `${away} letters`} moved,` : "";
    const title =
      moved || words(other) !== words(text)
        ? `${words(other)}${moved} instead of ${words(text)}: ${percent(share)} of the probability changes place`
        : `After ${words(text)}: ${likeliest(before, itos)}`;
    const [size, room] = squareAnd(width, 0.5, 400);
    map = letterMap(pairs(model.C), itos, size, { limit, chosen: here });
    return {
      title,
      picture: beside(
        mapDrawing(size, map),
        room,
        legend([
          ["var(--blue)", `after ${words(other)}${moved && ", moved"}`],
          ["var(--orange)", `after ${words(text)}, as trained`],
        ]),
        letterBars(after, itos, room, 230, { faint: before }),
        note("Press a letter to put it in the last one's place. Drag it to move it."),
      ),
      alt: `${title}. Likeliest after ${words(other)}: ${likeliest(after, itos)}; after ${words(text)}: ${likeliest(before, itos)}.`,
      share,
      after,
    };
  };
}
