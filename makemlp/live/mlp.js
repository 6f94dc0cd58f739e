// The models' arithmetic as lessons 01, 04, 05 and 08 teach it, on plain arrays; PyTorch is the oracle of every function
// (tests/browser/test_mlp_js.py). A matrix is a flat array, row by row; weights are float32, what is computed float64.

/** The bytes in a text "base64,…". */
function bytesOf(text) {
  return Uint8Array.from(atob(text.slice(text.indexOf(",") + 1)), (byte) => byte.charCodeAt(0));
}

/** The numbers in a text of little-endian float32. */
export function unpack(text) {
  return new Float32Array(bytesOf(text).buffer);
}

/** The lines of a packed text. */
export function unpackText(text) {
  return new TextDecoder().decode(bytesOf(text)).split("\n");
}

/** A promise of a Response with what was compressed. */
async function inflated(text) {
  return new Response(new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate")));
}

/** The words of a packed list, once the browser has unpacked them. */
export async function unpackWords(text) {
  return (await (await inflated(text)).text()).split("\n");
}

/** A packed model, ready to predict: `logits(contexts)` maps N contexts (N * block_size indices) to N rows of logits. */
export function readModel(packed) {
  const model = { ...packed };
  for (const [name, text] of Object.entries(packed.tensors)) model[name] = unpack(text);
  model.logits = (contexts) => (packed.kind === "mlp" ? forward(model, contexts).logits : lookUp(model, contexts));
  return model;
}

/**
 * out (n, columns) += a (n, inner) @ b (inner, columns). The number in row i and column k of `a` stands at
 * i * across + k * down. Four terms are added at a time, as that is more than twice as fast.
 */
function multiply(a, b, out, n, inner, columns, across = inner, down = 1) {
  for (let i = 0; i < n; i++) {
    const o = i * columns;
    for (let k = 0; k < inner; k += 4) {
      const at = i * across + k * down;
      const left = inner - k;
      const x0 = a[at];
      const x1 = left > 1 ? a[at + down] : 0;
      const x2 = left > 2 ? a[at + 2 * down] : 0;
      const x3 = left > 3 ? a[at + 3 * down] : 0;
      const r0 = k * columns;
      const r1 = left > 1 ? r0 + columns : r0;
      const r2 = left > 2 ? r1 + columns : r0;
      const r3 = left > 3 ? r2 + columns : r0;
      for (let j = 0; j < columns; j++) out[o + j] += x0 * b[r0 + j] + x1 * b[r1 + j] + x2 * b[r2 + j] + x3 * b[r3 + j];
    }
  }
}

/** out (rows, columns) += a (n, rows) transposed @ b (n, columns). */
function multiplyDown(a, b, out, n, rows, columns) {
  multiply(a, b, out, rows, n, columns, 1, rows);
}

/** out (n, rows) += a (n, columns) @ b (rows, columns) transposed. */
function multiplyBack(a, b, out, n, rows, columns) {
  const turned = new Float64Array(b.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = b[i * columns + j];
  multiply(a, turned, out, n, columns, rows);
}

function rowsOf(bias, n) {
  const out = new Float64Array(n * bias.length);
  for (let i = 0; i < n; i++) out.set(bias, i * bias.length);
  return out;
}

/** Embed, concatenate, tanh, logits (lesson 04): every array on the way, each of N rows. */
export function forward(model, contexts) {
  const { vocab_size: V, block_size, emb_dim, hidden_dim: H } = model;
  const n = contexts.length / block_size;
  const inputs = block_size * emb_dim;
  const emb = new Float64Array(n * inputs);
  for (let i = 0; i < emb.length; i++) emb[i] = model.C[contexts[Math.floor(i / emb_dim)] * emb_dim + (i % emb_dim)];
  const sums = rowsOf(model.b1, n);
  multiply(emb, model.W1, sums, n, inputs, H);
  const h = new Float64Array(n * H);
  for (let i = 0; i < h.length; i++) h[i] = Math.tanh(sums[i]);
  const logits = rowsOf(model.b2, n);
  multiply(h, model.W2, logits, n, H, V);
  if (model.W) multiply(emb, model.W, logits, n, inputs, V);
  return { emb, sums, h, logits };
}

/** A model that is a table: the row of each context, of which the oldest character counts most. */
function lookUp({ vocab_size: V, block_size, table }, contexts) {
  const logits = new Float64Array((contexts.length / block_size) * V);
  for (let i = 0; i * block_size < contexts.length; i++) {
    let row = 0;
    for (let k = 0; k < block_size; k++) row = row * V + contexts[i * block_size + k];
    logits.set(table.subarray(row * V, (row + 1) * V), i * V);
  }
  return logits;
}

/**
 * A promise of a Kneser-Ney table (lesson 02b) from what it counted: a model like readModel's. `tables[length]` has a row
 * of counts (V) for each context of that length, by the context as a string, whose first character is the oldest.
 */
export async function readTable(packed) {
  const { vocab_size: V, block_size, tensors } = packed;
  const numbers = new Uint16Array(await (await inflated(tensors.examples)).arrayBuffer());
  const discounts = unpack(tensors.discounts); // for each length what is taken from 0, 1, 2, and 3 or more
  const n = numbers.length / (block_size + 2);
  const tables = Array.from({ length: block_size + 1 }, () => new Map());
  const add = (length, context, symbol, count) => {
    if (!tables[length].has(context)) tables[length].set(context, new Float64Array(V));
    tables[length].get(context)[symbol] += count;
  };
  for (let i = 0; i < n; i++) {
    const context = Array.from({ length: block_size }, (_, k) => numbers[k * n + i]);
    add(block_size, String.fromCharCode(...context), numbers[block_size * n + i], numbers[(block_size + 1) * n + i]);
  }
  // A shorter context counts in how many longer ones a symbol came; one at a name's start, how often it came.
  for (let length = block_size; length > 0; length--) {
    for (const [context, row] of tables[length]) {
      const plain = length > 1 && context[1] === "\0";
      row.forEach((count, symbol) => {
        if (count) add(length - 1, context.slice(1), symbol, plain ? count : 1);
      });
    }
  }

  function probsOf(context) {
    let probs = new Float64Array(V).fill(1 / V);
    for (let length = 0; length <= block_size; length++) {
      const shorter = context.slice(block_size - length);
      const row = tables[length].get(shorter);
      if (!row) break;
      if (shorter.startsWith("\0\0")) continue; // a second boundary says nothing new
      const taken = row.map((count) => discounts[4 * length + Math.min(count, 3)]);
      const [total, given] = [row, taken].map((values) => values.reduce((sum, value) => sum + value, 0));
      probs = probs.map((p, i) => (row[i] - taken[i] + given * p) / total);
    }
    return probs;
  }

  const logits = (contexts) => {
    const out = new Float64Array((contexts.length / block_size) * V);
    for (let i = 0; i * block_size < contexts.length; i++) {
      const context = String.fromCharCode(...contexts.slice(i * block_size, (i + 1) * block_size));
      out.set(probsOf(context).map(Math.log), i * V);
    }
    return out;
  };
  return { ...packed, logits };
}

/** The indices from the likeliest to the least likely; of equals, the lower first (lesson 08). */
export function order(values) {
  return Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
}

/**
 * Logits (V) to probabilities (lesson 08). Divided by the temperature; only the `topK` likeliest are kept, and of these
 * only as many as it takes to hold the share `topP` of the whole.
 */
export function softmax(logits, { temperature = 1, topK = Infinity, topP = 1 } = {}) {
  const top = Math.max(...logits);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  if (topK < weights.length) for (const i of order(logits).slice(topK)) weights[i] = 0;
  let total = weights.reduce((sum, weight) => sum + weight, 0);
  if (topP < 1) {
    let held = 0;
    for (const i of order(weights)) {
      if (held >= topP * total) weights[i] = 0;
      held += weights[i];
    }
    total = weights.reduce((sum, weight) => sum + weight, 0);
  }
  return weights.map((weight) => weight / total);
}

/** The index at `u` (0 to below 1) of the line on which the weights are laid end to end (lesson 01). */
export function pick(weights, u) {
  const edges = [];
  let end = 0;
  for (const weight of weights) {
    end += weight;
    edges.push(end);
  }
  return edges.filter((edge) => edge <= u * end).length;
}

/** The context of `block_size` indices at the end of `indices`; boundaries, which are 0, stand before them. */
export function contextOf(indices, block_size) {
  return [...new Array(block_size).fill(0), ...indices].slice(indices.length);
}

/** Numbers from 0 to below 1 that look random; the same seed gives the same ones (mulberry32, by Tommy Ettinger). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * `n` made-up names as arrays of indices, without the end (lesson 08). Name i draws its j-th character with a number of
 * its own, so that a slightly moved slider changes a few names and leaves the others.
 */
export function sampleNames(model, n, { prefix = [], seed = 0, maxLength = 30, ...how } = {}) {
  const V = model.vocab_size;
  const dice = Array.from({ length: n }, (_, i) => randomNumbers(seed * 7919 + i * 104729 + 1));
  const names = Array.from({ length: n }, () => [...prefix]);
  let going = names.map((_, i) => i);
  while (going.length && names[going[0]].length < maxLength) {
    const logits = model.logits(going.flatMap((i) => contextOf(names[i], model.block_size)));
    going = going.filter((i, row) => {
      const index = pick(softmax(logits.subarray(row * V, (row + 1) * V), how), dice[i]());
      if (index) names[i].push(index);
      return index !== 0;
    });
  }
  return names;
}

/** For each character of a name and its end: the probabilities (V), its index and its NLL in nats (lesson 08). */
export function scoreName(model, indices) {
  const V = model.vocab_size;
  const contexts = [...indices, 0].flatMap((_, i) => contextOf(indices.slice(0, i), model.block_size));
  const logits = model.logits(contexts);
  return [...indices, 0].map((index, i) => {
    const probs = softmax(logits.subarray(i * V, (i + 1) * V));
    return { probs, index, nll: -Math.log(probs[index]) };
  });
}

/**
 * The loss of a batch, its slope at the logits, and every array on the way. `targets` (N, V) are the shares of what
 * followed, `weights` (N) what each row counts; they sum to one.
 */
export function lossOf(model, contexts, targets, weights) {
  const V = model.vocab_size;
  const passed = forward(model, contexts);
  const { logits } = passed;
  const dlogits = new Float64Array(logits.length);
  let loss = 0;
  for (let at = 0; at < logits.length; at += V) {
    const weight = weights[at / V];
    let top = -Infinity;
    for (let j = at; j < at + V; j++) top = Math.max(top, logits[j]);
    let total = 0;
    for (let j = at; j < at + V; j++) {
      dlogits[j] = Math.exp(logits[j] - top);
      total += dlogits[j];
    }
    const whole = top + Math.log(total);
    for (let j = at; j < at + V; j++) {
      const target = targets[j] * weight;
      loss += target * (whole - logits[j]);
      dlogits[j] = (dlogits[j] / total) * weight - target;
    }
  }
  return { ...passed, loss, dlogits };
}

/** The loss of a batch, as `lossOf` takes it, and its gradients by lesson 04's backward pass. */
export function gradients(model, contexts, targets, weights) {
  const { vocab_size: V, block_size, emb_dim, hidden_dim: H } = model;
  const n = weights.length;
  const inputs = block_size * emb_dim;
  const { emb, h, dlogits, loss } = lossOf(model, contexts, targets, weights);
  const names = ["C", "W1", "b1", "W2", "b2", ...(model.W ? ["W"] : [])];
  const grads = Object.fromEntries(names.map((name) => [name, new Float64Array(model[name].length)]));
  multiplyDown(h, dlogits, grads.W2, n, H, V);
  const dh = new Float64Array(n * H);
  multiplyBack(dlogits, model.W2, dh, n, H, V);
  for (let i = 0; i < dh.length; i++) dh[i] *= 1 - h[i] * h[i]; // the slope of tanh
  multiplyDown(emb, dh, grads.W1, n, inputs, H);
  const demb = new Float64Array(n * inputs);
  multiplyBack(dh, model.W1, demb, n, inputs, H);
  if (model.W) {
    multiplyDown(emb, dlogits, grads.W, n, inputs, V);
    multiplyBack(dlogits, model.W, demb, n, inputs, V);
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < V; j++) grads.b2[j] += dlogits[i * V + j];
    for (let j = 0; j < H; j++) grads.b1[j] += dh[i * H + j];
  }
  for (let i = 0; i < demb.length; i++) {
    grads.C[contexts[Math.floor(i / emb_dim)] * emb_dim + (i % emb_dim)] += demb[i];
  }
  return { loss, grads };
}

/** Adam with the course's settings (lesson 05): a function that moves the model down its gradients by one step. */
export function adam(model, [beta1, beta2, epsilon] = [0.9, 0.99, 1e-8]) {
  const mean = {};
  const square = {};
  let steps = 0;
  return (grads, rate) => {
    steps += 1;
    for (const [name, gradient] of Object.entries(grads)) {
      mean[name] ??= new Float64Array(gradient.length);
      square[name] ??= new Float64Array(gradient.length);
      const [m, s, p] = [mean[name], square[name], model[name]];
      const [far, wide] = [rate / (1 - beta1 ** steps), 1 - beta2 ** steps];
      for (let i = 0; i < gradient.length; i++) {
        m[i] += (1 - beta1) * (gradient[i] - m[i]);
        s[i] = beta2 * s[i] + (1 - beta2) * gradient[i] * gradient[i];
        p[i] -= (far * m[i]) / (Math.sqrt(s[i] / wide) + epsilon);
      }
    }
  };
}

/** The source of all that training takes, for a worker: a page that stands alone has no file for it to load. */
export function trainingSource() {
  const steps = [multiply, multiplyDown, multiplyBack, rowsOf, forward, lossOf, gradients, adam];
  return [...steps, order, softmax, pick, contextOf, randomNumbers, sampleNames].join("\n");
}
