/**
 * How each start learns one task, step by step: its path over the loss surface, its fit or its predictions, its losses.
 * Here are the controls and the wiring; Python puts the text of the pictures in place of their import, too.
 */
import {
  OWN_KEYS,
  boxes,
  button,
  drawn,
  html,
  ids,
  looks,
  presetOf,
  select,
  short,
  slider,
  swatch,
  telling,
} from "./kit.js";
import {
  bySteps,
  decode,
  episode,
  fit,
  heights,
  landscape,
  legend,
  look,
  summary,
  table,
} from "./adaptation_pictures.js";

const PAUSE = 700; // milliseconds that each step stands still while playing
const PATIENCE = 3000; // milliseconds without an answer after which readers are told what may be the matter
const SHOWN = ["MAML", "pre-training", "random start", "reference", "yours"];

/** The controls of the choices; `show(choices, limits)` sets them all. */
function choosing(id, ask, turn) {
  let limits = null;
  const task = boxes({
    id: id("task"),
    type: "radio",
    legend: "task",
    change: ([name]) => turn(name === "Omniglot" ? "omniglot" : name),
  });
  const amplitude = slider({ id: id("amplitude"), label: "amplitude", change: (v) => ask({ amplitude: v }) });
  const phase = slider({ id: id("phase"), label: "phase (radians)", change: (v) => ask({ phase: v }) });
  const points = select({
    id: id("points"),
    label: "points",
    change: (name) => limits.sinusoid.presets[name] && ask({ points: limits.sinusoid.presets[name] }),
  });
  const which = html("output", {});
  const next = button("new episode", () => ask({ episode: following(limits.omniglot.episode, which.value) }));
  const draw = html("div", { class: "mk-control" }, html("span", {}, "episode"), which, next);
  const lr = slider({ id: id("lr"), label: "inner rate", change: (v) => ask({ lr: v }) });
  const steps = slider({ id: id("steps"), label: "inner steps", change: (v) => ask({ steps: v }) });
  const shown = boxes({
    id: id("shown"),
    type: "checkbox",
    legend: "starts",
    change: (names) => ask({ shown: names }),
  });
  const show = (choices, now) => {
    limits = now;
    const own = limits[choices.task];
    const sinusoid = choices.task === "sinusoid";
    const titles = { sinusoid: "sinusoid", omniglot: "Omniglot" };
    task.set(
      [titles[choices.task]],
      Object.keys(titles)
        .filter((name) => limits[name])
        .map((name) => titles[name]),
    );
    for (const { node } of [amplitude, phase, points]) node.hidden = !sinusoid;
    draw.hidden = sinusoid;
    if (sinusoid) {
      amplitude.set(choices.amplitude, own.amplitude);
      phase.set(choices.phase, own.phase);
      const preset = presetOf(choices.points, limits);
      points.set(preset ?? "placed by hand", [...Object.keys(own.presets), ...(preset ? [] : ["placed by hand"])]);
    } else which.textContent = `${choices.episode}`;
    lr.set(choices.lr, own.lr);
    steps.set(choices.steps, own.steps);
    const look = looks(own.starts);
    shown.set(choices.shown, own.starts, Object.fromEntries(own.starts.map((name) => [name, swatch(look[name])])));
  };
  const node = html(
    "div",
    { class: "mk-controls" },
    ...[task, amplitude, phase, points, { node: draw }, lr, steps, shown].map((c) => c.node),
  );
  return { node, show };
}

const following = (stops, episode) =>
  stops ? stops[(stops.indexOf(Number(episode)) + 1) % stops.length] : Number(episode) + 1;

/** Play, pause and the step: `show(step, steps)`. */
function player(id, go) {
  let [timer, now, last] = [null, 0, 0];
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "play";
  };
  const forward = () => {
    if (now + 1 >= last) pause();
    go(Math.min(now + 1, last));
  };
  const start = () => {
    play.textContent = "pause";
    timer = setInterval(forward, PAUSE);
    if (now < last) forward();
    else go(0);
  };
  const play = button("play", () => (timer ? pause() : start()));
  const change = (step) => {
    pause();
    go(step);
  };
  const step = slider({ id: id("step"), label: "step", text: (v) => `${v} of ${last}`, change });
  const show = (at, steps) => {
    [now, last] = [at, steps];
    step.set(
      at,
      Array.from({ length: steps + 1 }, (_, i) => i),
    );
  };
  return { node: html("div", { class: "mk-player" }, play, step.node), show, pause, playing: () => timer !== null };
}

/** Points placed by click or by keys: calls `place(points)`, `move(cursor)` and `say(sentence)`. */
function placing(plot, limits, state, { place, move, say }) {
  const put = (x, reach) => {
    const { points } = state();
    const close = points.findIndex((v) => Math.abs(v - x) < reach);
    if (close >= 0) return take(close);
    const [, most] = limits().points;
    if (points.length >= most) return say(`There can be at most ${most} points: remove one first.`);
    return place([...points, Number(x.toFixed(2))]);
  };
  const take = (i) => {
    const [least] = limits().points;
    const { points } = state();
    if (points.length <= least) return say(`At least ${least === 1 ? "one point" : `${least} points`} must stay.`);
    return place(points.filter((_, k) => k !== i));
  };
  const keys = (event) => {
    const { cursor, points, scale } = state();
    const [low, high] = limits().domain;
    const stride = ((event.shiftKey ? 10 : 1) * (high - low)) / 100;
    const actions = {
      ArrowLeft: () => move(Math.max(cursor - stride, low)),
      ArrowRight: () => move(Math.min(cursor + stride, high)),
      Enter: () => put(cursor, stride / 20),
      " ": () => put(cursor, stride / 20),
      Delete: () =>
        take(points.reduce((best, v, i) => (Math.abs(v - cursor) < Math.abs(points[best] - cursor) ? i : best), 0)),
    };
    actions.Backspace = actions.Delete;
    if (!actions[event.key] || !scale) return;
    event.preventDefault();
    actions[event.key]();
  };
  const click = (event) => {
    const { scale } = state();
    const [low, high] = limits().domain;
    const x = scale?.invert(event.clientX - plot.getBoundingClientRect().left);
    if (x >= low && x <= high) put(x, (8 * (high - low)) / (scale.range[1] - scale.range[0]));
  };
  plot.addEventListener("keydown", (event) => limits()?.points && keys(event));
  plot.addEventListener("click", (event) => limits()?.points && click(event));
  plot.addEventListener("focus", () => limits()?.points && plot.matches(":focus-visible") && move(state().cursor ?? 0));
  plot.addEventListener("blur", () => move(null));
}

/** The empty widget: where each picture and each message will be. */
function frame(id) {
  const box = (name, ...children) => html("div", { class: `mk-${name}` }, ...children);
  const titled = (title, ...children) => html("figure", {}, html("figcaption", {}, title), ...children);
  const parts = {
    progress: html("progress", { max: 1, value: 0, "aria-label": "progress" }),
    message: html("span", { role: "status" }),
    summary: telling("Waiting for the first answer …"),
    panels: box("panels"),
    legend: box("legend"),
    plot: html("div", { ...OWN_KEYS, class: "mk-plot" }),
    hint: html("span", { id: id("hint") }),
    cursor: html("span", { "aria-live": "polite" }),
    losses: box("plot"),
    accuracy: box("plot"),
    episode: box("slot"),
    table: html("div", { ...OWN_KEYS, class: "mk-table", tabindex: 0, role: "region", "aria-label": "losses" }),
  };
  parts.fit = titled(
    "Fit (truth: grey; support points: dots)",
    parts.plot,
    html("p", { class: "mk-hint" }, parts.hint, " ", parts.cursor),
  );
  parts.accuracies = titled("Query accuracy by step", parts.accuracy);
  parts.predictions = html("div", { class: "mk-predictions" }, parts.episode);
  parts.details = html("details", {}, html("summary", {}, "all losses as a table"), parts.table);
  parts.above = box("above");
  const status = box("status", parts.progress, parts.message);
  const charts = box("charts", parts.fit, titled("Query loss by step", parts.losses), parts.accuracies);
  const below = [parts.summary.node, parts.panels, parts.legend, charts, parts.predictions, parts.details];
  const section = { class: "mk", "aria-label": "Adaptation trajectory" };
  parts.root = html("section", section, parts.above, status, ...below);
  return parts;
}

/** Draw everything in a widget of so many pixels; returns the fit's horizontal scale, where points can be placed. */
function paint(parts, view, width) {
  const range = heights(view);
  const omniglot = view.scene.task === "omniglot";
  const columns = Math.max(1, Math.min(view.starts.length, Math.floor((width + 12) / 180)));
  const panel = Math.min(270, Math.floor((width - 12 * (columns - 1)) / columns));
  const half = width >= 596 ? Math.floor((width - 16) / 2) : width;
  parts.summary.tell(
    Array.from({ length: view.steps + 1 }, (_, step) => summary({ ...view, step })),
    view.step,
  );
  const figures = view.starts.map((start) => {
    const figure = panelOf(parts.panels, start);
    figure.style.width = `${start.problem ? Math.min(width, 2 * panel + 12) : panel}px`;
    landscape(figure.lastChild, view, start, range, panel);
    return figure;
  });
  if (
    figures.some((figure, i) => parts.panels.children[i] !== figure) ||
    parts.panels.children.length > figures.length
  ) {
    parts.panels.replaceChildren(...figures);
  }
  legend(parts.legend, range, width);
  bySteps(parts.losses, view, "query_loss", half);
  for (const node of [parts.accuracies, parts.predictions]) node.hidden = !omniglot;
  parts.fit.hidden = omniglot;
  if (parts.details.open) parts.table.replaceChildren(table(view));
  if (!omniglot) return fit(parts.plot, view, half);
  bySteps(parts.accuracy, view, "accuracy", half);
  parts.episode.replaceChildren(episode(view));
  return null;
}

/** The figure of a start among the panels: the one that is there, or a new one. */
function panelOf(panels, { name, look }) {
  const there = [...panels.children].find((figure) => figure.dataset.start === name);
  return there ?? html("figure", { "data-start": name }, html("figcaption", {}, swatch(look), name), html("div"));
}

function render({ model, el }) {
  const id = ids();
  const local = { scene: null, cursor: null, who: null, scale: null, kept: {}, late: null };
  const choices = () => model.get("choices");
  const limits = () => model.get("limits");
  const parts = frame(id);

  const say = (words) => {
    parts.message.textContent = words;
  };
  const ask = (change) => {
    const next = { ...choices(), ...change };
    local.kept[next.task] = next;
    clearTimeout(local.late);
    local.late = setTimeout(() => say("No answer yet. Is the kernel busy with another cell?"), PATIENCE);
    model.set("choices", { ...next, request: (choices().request ?? 0) + 1 });
    model.save_changes(); // the widget manager holds changes back while Python is busy, and then sends the latest
  };
  const turn = (task) => {
    const { starts, default: first } = limits()[task];
    const shown = choices().shown.filter((name) => starts.includes(name));
    const usual = starts.filter((name) => SHOWN.includes(name));
    const kept = local.kept[task] ?? { shown: shown.length ? shown : usual, ...first };
    ask({ ...kept, task });
  };
  const go = (step) => {
    model.set("step", step);
    model.save_changes();
  };
  const see = (name, value) => {
    local[name] = value;
    picture.again();
  };

  const controls = choosing(id, ask, turn);
  const play = player(id, go);
  const whose = select({ id: id("whose"), label: "predictions of", change: (name) => see("who", name) });
  parts.predictions.prepend(whose.node);
  placing(
    parts.plot,
    () => limits().sinusoid,
    () => ({ ...local, points: choices().points }),
    {
      place: (points) => ask({ points: points.toSorted((a, b) => a - b) }),
      move: (cursor) => see("cursor", cursor),
      say,
    },
  );

  const draw = (width) => {
    if (local.scene?.task !== choices().task) return; // the old picture stays until the new one is there
    const view = look(local.scene, choices(), limits(), model.get("step") ?? 0, local);
    play.show(view.step, view.steps);
    parts.summary.node.setAttribute("aria-live", play.playing() ? "off" : "polite");
    local.scale = paint(parts, view, width);
    whose.set(
      view.who ?? "",
      view.starts.filter((start) => start.probabilities).map((start) => start.name),
    );
    guide(parts, limits().sinusoid?.points, local.cursor);
  };
  const picture = drawn(parts.root, draw);
  const changed = {
    scene: () => {
      const scene = model.get("scene");
      local.scene = scene?.starts ? decode(scene, local.scene) : null;
      picture.again();
    },
    status: () => {
      const { request, state, progress, message } = model.get("status") ?? {};
      if (request >= (choices().request ?? 0)) clearTimeout(local.late);
      parts.root.classList.toggle("mk-working", state === "working");
      parts.root.classList.toggle("mk-failed", state === "failed");
      parts.progress.value = progress ?? 0;
      say(message ?? "");
    },
    choices: () => {
      controls.show(choices(), limits());
      picture.again();
    },
    limits: () => controls.show(choices(), limits()),
    step: () => picture.again(),
  };

  parts.above.append(controls.node, play.node);
  parts.details.addEventListener("toggle", picture.again);
  el.classList.add("metakit-widget");
  el.replaceChildren(parts.root);
  for (const [name, react] of Object.entries(changed)) {
    model.on(`change:${name}`, react);
    react();
  }
  return () => {
    for (const [name, react] of Object.entries(changed)) model.off(`change:${name}`, react);
    clearTimeout(local.late);
    play.pause();
    picture.stop();
    el.replaceChildren();
  };
}

/** Say how points are placed, and where the cursor is. */
function guide({ plot, hint, cursor }, bounds, x) {
  const how = "Click to add a point, or to remove one. By keys: ← → move, Enter adds, Delete removes the nearest.";
  hint.textContent = bounds ? how : "In Jupyter, you can place the support points yourself.";
  cursor.textContent = x === null ? "" : `Cursor at x = ${short(x)}.`;
  if (!bounds) return;
  plot.tabIndex = 0;
  plot.setAttribute("role", "application");
  plot.setAttribute("aria-label", "place support points");
  plot.setAttribute("aria-describedby", hint.id);
}

export default { render };
