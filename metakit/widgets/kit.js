/**
 * What all widgets share: numbers from Python, elements, looks, axes, contours, controls, and a model for pages
 * without a kernel. A widget's own module draws with these and says what it shows.
 *
 * Python puts this text in place of a widget's line `import {...} from "./kit.js";`, so the two share one scope.
 */

// Numbers from Python -------------------------------------------------------------------------------------------

/** Nested typed arrays of {shape, dtype, data}, where data is a DataView (live) or base64 (static); null stays null. */
export function array(value) {
  if (!value) return null;
  const { data, shape, dtype } = value;
  const bytes =
    typeof data === "string"
      ? Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
      : new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  const flat = dtype === "uint8" ? bytes : new Float32Array(bytes.buffer); // all machines with browsers: little-endian
  const nest = (numbers, [n, ...rest]) => {
    if (!rest.length) return numbers;
    const size = numbers.length / n;
    return Array.from({ length: n }, (_, i) => nest(numbers.subarray(i * size, (i + 1) * size), rest));
  };
  return nest(flat, shape);
}

/** A number in words for readers: three digits, and "not finite" for what diverged. */
export function number(value) {
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e4 || size < 1e-3) return minus(value.toExponential(1).replace("e+", "e"));
  return minus(size >= 100 ? value.toFixed(0) : value.toPrecision(3));
}

/** A number that was chosen or stands at a tick: as short as it is. */
export function short(value) {
  return minus(String(Number(value.toPrecision(4))));
}

function minus(text) {
  return text.replace(/^-/, "−");
}

/** The height at x of the line through (xs, ys); xs increase. */
export function interpolate(xs, ys, x) {
  const after = xs.findIndex((v) => v >= x);
  if (after <= 0) return after ? ys.at(-1) : ys[0];
  const t = (x - xs[after - 1]) / (xs[after] - xs[after - 1]);
  return ys[after - 1] + t * (ys[after] - ys[after - 1]);
}

// Elements ------------------------------------------------------------------------------------------------------

/** JupyterLab leaves the keys to an element with this attribute; it looks at the one with the focus, not above it. */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export function html(tag, attributes, ...children) {
  const keys = ["input", "select", "button", "summary"].includes(tag) ? OWN_KEYS : {};
  return dress(document.createElement(tag), { ...keys, ...attributes }, children);
}

export function svg(tag, attributes, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Ids that no other widget on the page has. */
export function ids() {
  const own = Math.random().toString(36).slice(2, 10);
  return (name) => `metakit-${own}-${name}`;
}

/** A line that says one of several sentences, with room for the longest: `tell(sentences, which)`. */
export function telling(words) {
  const said = html("span", {}, words);
  const node = html("p", { class: "mk-summary", "aria-live": "polite" }, said);
  const tell = (sentences, which) => {
    if (said.textContent !== sentences[which]) said.textContent = sentences[which];
    node.dataset.longest = sentences.reduce((a, b) => (b.length > a.length ? b : a));
  };
  return { node, tell };
}

// Looks: colours, markers and line styles of metakit.figures.style ----------------------------------------------

const LOOKS = [
  { colour: "var(--mk-blue)", marker: "o", dash: null },
  { colour: "var(--mk-vermilion)", marker: "s", dash: "7 4" },
  { colour: "var(--mk-green)", marker: "^", dash: "9 3 2 3" },
  { colour: "var(--mk-purple)", marker: "D", dash: "2 3" },
  { colour: "var(--mk-orange)", marker: "v", dash: "9 2 2 2 2 2", cased: true },
  { colour: "var(--mk-black)", marker: "x", dash: "3 2" },
  { colour: "var(--mk-sky)", marker: "P", dash: "14 5", cased: true },
  { colour: "var(--mk-muted)", marker: "*", dash: "1 5" }, // the eighth, which figures do not have
];
const METHODS = { MAML: 0, "pre-training": 1, FOMAML: 2, "random start": 3, Reptile: 4, yours: 5, ANIL: 6 };

/** A look for each name, all different up to eight; names of methods look the same everywhere. */
export function looks(names) {
  const taken = new Set(names.map((name) => METHODS[name]));
  const free = [...LOOKS.keys()].filter((i) => !taken.has(i));
  return Object.fromEntries(names.map((name) => [name, LOOKS[METHODS[name] ?? free.shift()]]));
}

const PLUS = "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z";
const MARKERS = {
  o: ["M-1 0A1 1 0 1 1 1 0A1 1 0 1 1-1 0Z"],
  s: ["M-.9-.9H.9V.9H-.9Z"],
  "^": ["M0-1.15L1.1.85H-1.1Z"],
  v: ["M0 1.15L1.1-.85H-1.1Z"],
  D: ["M0-1.25L1.25 0L0 1.25L-1.25 0Z"],
  P: [PLUS],
  x: [PLUS, "rotate(45)"],
  "*": ["M0 -1.3L0.32 -0.44L1.24 -0.4L0.52 0.17L0.76 1.05L0 0.55L-0.76 1.05L-0.52 0.17L-1.24 -0.4L-0.32 -0.44Z"],
};

export function marker(look, x, y, radius, attributes) {
  const [d, turn = ""] = MARKERS[look.marker];
  const place = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${radius}) ${turn}`;
  return svg("path", { d, transform: place, fill: look.colour, class: "mk-marker", ...attributes });
}

/** A line through points [x, y] in pixels; it breaks where a number is not finite. */
export function line(points, look, attributes) {
  const d = trace(points);
  const common = { d, fill: "none", "stroke-dasharray": look.dash, "stroke-width": 2.2, ...attributes };
  const over = svg("path", { ...common, stroke: look.colour });
  if (!look.cased) return over;
  return svg(
    "g",
    {},
    svg("path", { ...common, class: "mk-casing", "stroke-width": common["stroke-width"] + 1.6 }),
    over,
  );
}

/** An SVG path's `d` through points. */
export function trace(points) {
  let pen = "M";
  return points.reduce((d, [x, y]) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = "M";
      return d;
    }
    const next = `${d}${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
    return next;
  }, "");
}

/** How a look's line and marker look, for legends. */
export function swatch(look) {
  const points = [
    [1, 8],
    [33, 8],
  ];
  return svg("svg", { width: 34, height: 16, "aria-hidden": "true" }, line(points, look), marker(look, 17, 8, 4.5));
}

// Scales, axes, charts ------------------------------------------------------------------------------------------

/** A function from numbers to pixels, with `invert` and `ticks`. */
export function scale([low, high], [from, to], log = false) {
  const [f, back] = log ? [Math.log, Math.exp] : [(v) => v, (v) => v];
  const span = f(high) - f(low);
  const at = (v) => from + ((to - from) * (f(v) - f(low))) / span;
  at.invert = (pixel) => back(f(low) + (span * (pixel - from)) / (to - from));
  at.range = [from, to];
  at.ticks = (count) => (log && decades(low, high)) || even(low, high, count);
  return at;
}

function even(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= 0.7 * rough);
  const first = Math.ceil(low / step - 1e-6);
  return Array.from({ length: Math.floor(high / step + 1e-6) - first + 1 }, (_, i) => (first + i) * step);
}

function decades(low, high) {
  const wide = high / low > 200;
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of wide ? [1] : [1, 2, 5]) found.push(factor * 10 ** power);
  }
  const inside = found.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  return inside.length > 1 ? inside : null;
}

const charts = new WeakMap(); // laying out axes takes longer than all else: they stay while they are the same

/**
 * An empty chart `{picture, plot, x, y}` in `slot`: axes with ticks and labels; what is drawn into `plot` is cut at its
 * edges. x, y: {domain, log, label, ticks: how many or which}; `label` tells all to those who do not see it.
 */
export function chart(slot, { label, ...axes }) {
  const as = JSON.stringify(axes);
  let made = charts.get(slot);
  if (made?.as !== as || made.picture.parentNode !== slot) {
    made = { as, ...drawAxes(axes) };
    charts.set(slot, made);
    slot.replaceChildren(made.picture);
  }
  made.plot.replaceChildren();
  made.over.replaceChildren();
  made.picture.setAttribute("aria-label", label);
  return made;
}

function drawAxes({ width, height, x, y, margin = { top: 26, right: 12, bottom: 40, left: 46 } }) {
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  const sx = scale(x.domain, [left, right], x.log);
  const sy = scale(y.domain, [bottom, top], y.log);
  const clip = ids()("clip");
  const text = (words, at, anchor = "middle") => svg("text", { x: at[0], y: at[1], "text-anchor": anchor }, words);
  const which = (axis, at, count) => (Array.isArray(axis.ticks) ? axis.ticks : at.ticks(axis.ticks ?? count));
  const grid = svg("g", { class: "mk-axes", "aria-hidden": "true" });
  for (const v of which(x, sx, (right - left) / 60)) {
    grid.append(svg("line", { x1: sx(v), x2: sx(v), y1: top, y2: bottom }), text(short(v), [sx(v), bottom + 16]));
  }
  for (const v of which(y, sy, (bottom - top) / 32)) {
    grid.append(
      svg("line", { x1: left, x2: right, y1: sy(v), y2: sy(v) }),
      text(short(v), [left - 6, sy(v) + 4], "end"),
    );
  }
  grid.append(text(x.label, [(left + right) / 2, height - 6]), text(y.label, [2, 13], "start"));
  const area = { x: left, y: top, width: right - left, height: bottom - top };
  const plot = svg("g", { "clip-path": `url(#${clip})` });
  const over = svg("g", {});
  const defs = svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", area)));
  const size = { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" };
  const picture = svg("svg", size, defs, grid, plot, svg("rect", { ...area, class: "mk-frame" }), over);
  return { picture, plot, over, x: sx, y: sy };
}

// Surfaces ------------------------------------------------------------------------------------------------------

/** Where `value` lies between low and high on a log scale, 0 to 1. */
export function depth(value, { low, high }) {
  if (!Number.isFinite(value)) return 1;
  return Math.min(Math.max(Math.log(Math.max(value, low) / low) / Math.log(high / low), 0), 1);
}

/** Pale (t = 0) to slate (t = 1), in even steps of lightness (Oklab), so that paths of any colour are seen on it. */
export function shade(t) {
  const [l, a, b] = [0.985 - 0.5 * t, -0.012 * t, 0.02 - 0.085 * t];
  const [x, y, z] = [l + 0.3963 * a + 0.2158 * b, l - 0.1056 * a - 0.0639 * b, l - 0.0895 * a - 1.2915 * b].map(
    (v) => v ** 3,
  );
  const rgb = [
    4.0767 * x - 3.3077 * y + 0.231 * z,
    -1.2684 * x + 2.6098 * y - 0.3413 * z,
    -0.0042 * x - 0.7034 * y + 1.7076 * z,
  ];
  return rgb.map((v) =>
    Math.round(255 * Math.min(Math.max(v <= 0.0031 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055, 0), 1)),
  );
}

/** The address of a picture with one pixel for each number, coloured by `colour(value) -> [r, g, b]`, row 0 on top. */
export function pixels(rows, colour) {
  const canvas = html("canvas", { width: rows[0].length, height: rows.length });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  rows.forEach((row, i) => row.forEach((v, j) => image.data.set([...colour(v), 255], 4 * (i * row.length + j))));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** Where the surface `rows[i][j]` crosses `level`: pieces [[j, i], [j, i]] in steps of the grid (marching squares). */
export function contour(rows, level) {
  const pieces = [];
  for (let i = 0; i + 1 < rows.length; i++) {
    for (let j = 0; j + 1 < rows[i].length; j++) {
      const corners = [
        [j, i],
        [j + 1, i],
        [j + 1, i + 1],
        [j, i + 1],
      ];
      const values = corners.map(([c, r]) => rows[r][c]);
      if (!values.every(Number.isFinite)) continue;
      const crossings = [];
      corners.forEach((from, k) => {
        const [to, u, v] = [corners[(k + 1) % 4], values[k], values[(k + 1) % 4]];
        if (u < level === v < level) return;
        const t = (level - u) / (v - u);
        crossings.push([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
      });
      for (let k = 0; k + 1 < crossings.length; k += 2) pieces.push([crossings[k], crossings[k + 1]]);
    }
  }
  return pieces;
}

// Controls ------------------------------------------------------------------------------------------------------

/** A slider over `stops`; it stands at the stop nearest to what `set(value, stops)` says. */
export function slider({ id, label, text = short, change }) {
  let stops = [0];
  const input = html("input", { type: "range", id, min: 0, step: 1 });
  const shown = html("span", { class: "mk-value", "aria-hidden": "true" }); // readers of screens get aria-valuetext
  const say = () => {
    shown.textContent = text(stops[input.value]);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    say();
    change(stops[input.value]);
  });
  const set = (value, among = stops) => {
    stops = Array.from(among);
    const gaps = stops.map((stop) => Math.abs(stop - value));
    input.max = stops.length - 1;
    input.value = gaps.indexOf(Math.min(...gaps));
    input.disabled = stops.length < 2;
    say();
  };
  return { node: html("div", { class: "mk-control" }, html("label", { for: id }, label), shown, input), input, set };
}

/** A list to choose one of; `set(value, names)`. */
export function select({ id, label, change }) {
  const input = html("select", { id });
  input.addEventListener("change", () => change(input.value));
  const set = (value, names) => {
    input.replaceChildren(...names.map((name) => html("option", { value: name }, name)));
    input.value = value;
  };
  return { node: html("div", { class: "mk-control" }, html("label", { for: id }, label), input), input, set };
}

/** Radio buttons or checkboxes under one legend; `set(checked names, names, marks)`: a mark stands before its name. */
export function boxes({ id, type, legend, change }) {
  const list = html("div", { class: "mk-boxes" });
  const inputs = () => [...list.querySelectorAll("input")];
  list.addEventListener("change", () =>
    change(
      inputs()
        .filter((box) => box.checked)
        .map((box) => box.value),
    ),
  );
  const set = (checked, names, marks = {}) => {
    if (
      names.join() !==
      inputs()
        .map((box) => box.value)
        .join()
    ) {
      list.replaceChildren(
        ...names.map((name) => html("label", {}, html("input", { type, name: id, value: name }), marks[name], name)),
      );
    }
    for (const box of inputs()) box.checked = checked.includes(box.value);
  };
  return { node: html("fieldset", {}, html("legend", {}, legend), list), set };
}

export function button(label, press) {
  const node = html("button", { type: "button" }, label);
  node.addEventListener("click", press);
  return node;
}

/** Call `draw(width)` in the next frame: at first, when `node` changes its width, and when `again()` asks for it. */
export function drawn(node, draw) {
  let [frame, width] = [0, 0];
  const again = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => width && draw(width));
  };
  const observer = new ResizeObserver(([entry]) => {
    if (Math.floor(entry.contentRect.width) === width) return;
    width = Math.floor(entry.contentRect.width);
    again();
  });
  observer.observe(node);
  const stop = () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
  return { again, stop };
}

export const stillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Pages without a kernel ----------------------------------------------------------------------------------------

/** What anywidget's model does, over values that are all there: a change of `choices` looks its scene up. */
export function staticModel(state) {
  const listeners = {};
  const set = (name, value) => {
    state[name] = value;
    for (const listener of listeners[`change:${name}`] ?? []) listener();
    if (name === "choices" && state.scenes) answer(value);
  };
  const answer = (choices) => {
    const found = Object.keys(state.scenes).find((key) => same(key, sceneKey(choices, state.limits)));
    const message = found ? "" : "This choice was not computed for this page: open the lecture in Jupyter to try it.";
    if (found) set("scene", { ...state.scenes[found], request: choices.request });
    set("status", { request: choices.request, state: found ? "done" : "failed", progress: 1, message });
  };
  return {
    get: (name) => state[name],
    set,
    save_changes: () => {},
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: (event, listener) => (listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener)),
  };
}

function sceneKey({ task, amplitude, phase, points, episode, lr }, limits) {
  return task === "sinusoid" ? [task, amplitude, phase, presetOf(points, limits), lr] : [task, episode, lr];
}

/** The name of the preset with these points, or null when they were placed by hand. */
export function presetOf(points, limits) {
  const presets = Object.entries(limits.sinusoid.presets);
  return (
    presets.find(([, those]) => those.length === points.length && those.every((x, i) => near(x, points[i])))?.[0] ??
    null
  );
}

function same(key, fields) {
  const parts = key.split("|");
  return parts.length === fields.length && parts.every((part, i) => part === fields[i] || near(part, fields[i]));
}

function near(a, b) {
  return Math.abs(a - b) < 1e-5;
}

/** Draw a widget in `root`, whose JSON script holds its values; what stood there for readers without scripts goes. */
export function mount(root, render) {
  const state = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const el = html("div");
  root.querySelectorAll(":scope > :not(script, style, noscript)").forEach((fallback) => fallback.remove());
  root.append(el);
  return render({ model: staticModel(state), el });
}
