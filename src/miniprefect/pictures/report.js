"use strict";
/* What the page does: a timeline on a canvas, a table that makes its rows when they are needed, sizes of the graph.
 *
 * The data (see `_data` in report.py): of each task [kind of state, spans, message, result, error, critical, name,
 * kind, settings, upstream, children], of each child the first six. Kinds and texts are numbers into lists. Spans are
 * the begin and end of each attempt, by turns, in seconds. Of each kind of state: [name, color, whether it failed].
 */
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const text = (number) => data.texts[number];
const TOTAL = Math.max(data.seconds, 1e-6);

function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

/* Runs: one object for each task and each child. `index` is that of a child, null for a task. */
function run(cells, task, index) {
  const [kind, spans, message, result, error, critical] = cells;
  const timed = spans.length > 0;
  return {task, index, kind, spans, message, result, error, critical: Boolean(critical), timed,
    begin: timed ? spans[0] : null, end: timed ? spans[spans.length - 1] : null,
    attempts: Math.max(1, spans.length / 2), waited: null, open: false};
}

const tasks = data.tasks.map((cells, number) => {
  const task = run(cells, null, null);
  Object.assign(task, {number, name: text(cells[6]), type: cells[7], settings: text(cells[8]), upstream: cells[9]});
  task.children = cells[10] && cells[10].map((child, index) => run(child, task, index));
  task.unfolded = false;
  return task;
});
const owner = (run) => run.task || run;
const nameOf = (run) => run.task ? `${run.task.name}[${run.index}]` : run.name;
const kindOf = (run) => data.kinds[run.kind][0];
const colorOf = (run) => data.kinds[run.kind][1];
const hasFailed = (run) => Boolean(data.kinds[run.kind][2]);
for (const task of tasks) task.failed = task.children ? task.children.filter(hasFailed) : [];

/* When a run could have begun: at the end of what its task waited for. */
const readyAt = tasks.map(() => 0);
for (const task of tasks) {
  readyAt[task.number] = Math.max(0, ...task.upstream.map((number) =>
    tasks[number].end === null ? readyAt[number] : tasks[number].end));
  if (task.timed && !task.children) task.waited = Math.max(0, task.begin - readyAt[task.number]);
}

function duration(seconds) {
  if (seconds === null) return "";
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/* ------------------------------------------------------------------ what is looked for */

const counts = new Map();
let total = 0;
for (const task of tasks) {
  for (const one of task.children || [task]) {
    counts.set(one.kind, (counts.get(one.kind) || 0) + 1);
    total += 1;
  }
}
const wanted = {name: "", kind: ""};
const hasKind = (run) => wanted.kind === "" || run.kind === Number(wanted.kind);
const hasName = (task) => wanted.name === "" || task.name.toLowerCase().includes(wanted.name);

for (const [kind, number] of [...counts].sort((a, b) => b[1] - a[1])) {
  const [name, color] = data.kinds[kind];
  byId("kind").append(make("option", {value: kind}, name));
  byId("chips").append(make("button", {type: "button", "aria-pressed": "false", "data-kind": kind,
    onclick: () => choose(wanted.kind === String(kind) ? "" : String(kind))},
    spot(color), name, make("b", {}, number.toLocaleString("en"))));
}

function spot(color) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of Object.entries({class: "spot", viewBox: "0 0 10 10", "aria-hidden": "true"}))
    svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({cx: 5, cy: 5, r: 5, fill: color})) circle.setAttribute(name, value);
  svg.append(circle);
  return svg;
}

function choose(kind) {
  wanted.kind = kind;
  byId("kind").value = kind;
  for (const button of byId("chips").children)
    button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  fill();
}
byId("kind").addEventListener("change", (event) => choose(event.target.value));
byId("filter").addEventListener("input", (event) => { wanted.name = event.target.value.trim().toLowerCase(); fill(); });

/* ------------------------------------------------------------------ the table */

const CHUNK = 100;
const columns = [
  {title: "Task", key: (run) => nameOf(run).toLowerCase()},
  {title: "State", key: kindOf},
  ...(data.timed ? [
    {title: "Began", key: (run) => run.begin, number: true},
    {title: "Took", key: (run) => run.timed ? run.end - run.begin : null, number: true},
    {title: "Waited", key: (run) => run.waited, number: true, about: "after all that it depends on had ended"},
    {title: "Attempts", key: (run) => run.attempts, number: true},
  ] : []),
  {title: "Result or message", key: (run) => said(run)},
];
const order = {column: -1, down: false};
const body = byId("table").tBodies[0];
let rows = [];    // what is to be shown: runs, and {more: task, shown: number} after children that are not all there
let made = 0;     // how many of them are

const said = (run) => run.children ? tally(run)
  : text(run.error ? run.message : run.result) || text(run.message);

function tally(task) {
  const kinds = new Map();
  for (const child of task.children) kinds.set(kindOf(child), (kinds.get(kindOf(child)) || 0) + 1);
  return [...kinds].map(([kind, number]) => `${number.toLocaleString("en")} ${kind}`).join(", ") || "mapped over nothing";
}

columns.forEach((column, number) => {
  const button = make("button", {type: "button", title: column.about, onclick: () => sortBy(number)}, column.title);
  byId("table").tHead.rows[0].append(
    make("th", {scope: "col", class: column.number ? "n" : null, "aria-sort": "none"}, button));
});

function sortBy(number) {
  order.down = order.column === number ? !order.down : Boolean(columns[number].number);
  order.column = number;
  [...byId("table").tHead.rows[0].cells].forEach((cell, at) =>
    cell.setAttribute("aria-sort", at !== number ? "none" : order.down ? "descending" : "ascending"));
  fill();
}

function sorted(runs) {
  if (order.column < 0) return runs;
  const key = columns[order.column].key, sign = order.down ? -1 : 1;
  const keyed = runs.map((run) => [key(run), run]);
  keyed.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : a < b ? -sign : a > b ? sign : 0);
  return keyed.map(([, run]) => run);
}

function fill() {
  rows = [];
  let found = 0;
  for (const task of sorted(tasks.filter(hasName))) {
    const children = task.children && (wanted.kind === "" ? task.children : task.children.filter(hasKind));
    if (children ? wanted.kind !== "" && !children.length : !hasKind(task)) continue;
    found += children ? children.length : 1;
    rows.push(task);
    if (children && task.unfolded) {
      const some = sorted(children).slice(0, task.unfolded);
      rows.push(...some);
      if (some.length < children.length) rows.push({more: task, left: children.length - some.length});
    }
  }
  byId("count").textContent = `${found.toLocaleString("en")} of ${total.toLocaleString("en")}`;
  body.replaceChildren();
  made = 0;
  addRows();
}

function addRows(until = made + CHUNK) {
  const fragment = document.createDocumentFragment();
  for (; made < Math.min(until, rows.length); made += 1) {
    const row = rows[made];
    fragment.append(row.more ? moreRow(row) : rowOf(row));
    if (row.open) fragment.append(about(row));
  }
  body.append(fragment);
  byId("more").hidden = made >= rows.length;
}
byId("more").addEventListener("click", () => addRows());
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) addRows(); },
  {rootMargin: "400px"}).observe(byId("more"));

function rowOf(run) {
  const head = make("th", {scope: "row"});
  if (run.children) head.append(make("button", {type: "button", class: "unfold", "aria-expanded": String(Boolean(run.unfolded)),
    "aria-label": `${run.children.length} children of ${run.name}`, onclick: () => unfold(run)},
    `${run.unfolded ? "▾" : "▸"} ${run.children.length.toLocaleString("en")}`));
  const name = make("button", {type: "button", class: "name", "aria-expanded": String(run.open)}, nameOf(run) || "(no name)");
  head.append(name);
  if (run.critical) head.append(make("span", {class: "mark", title: "The end of the flow run waited for it"}, "critical"));
  const state = make("td", {}, make("span", {class: "state"}, spot(colorOf(run)), kindOf(run)));
  if (run.children && run.failed.length) state.append(failures(run));
  const row = make("tr", {class: run.task ? "child" : null}, head, state);
  if (data.timed) row.append(
    make("td", {class: "n"}, run.timed ? `+${duration(run.begin)}` : ""),
    make("td", {class: "n"}, run.timed ? duration(run.end - run.begin) : ""),
    make("td", {class: "n"}, duration(run.waited)),
    make("td", {class: "n"}, run.timed && !run.children ? String(run.attempts) : ""));
  const shown = said(run);
  const isCode = !run.children && !run.error && run.result;
  row.append(make("td", {class: "said", title: shown.length > 60 ? shown : null}, isCode ? make("code", {}, shown) : shown));
  name.addEventListener("click", () => {
    run.open = !run.open;
    name.setAttribute("aria-expanded", String(run.open));
    if (run.open) row.after(about(run)); else row.nextElementSibling.remove();
  });
  run.row = row;
  return row;
}

/* How many children of a map failed; it leads to them. */
function failures(task) {
  const some = `${task.failed.length.toLocaleString("en")} of ${task.children.length.toLocaleString("en")} failed`;
  return make("button", {type: "button", class: "failures", title: "Show them",
    "aria-label": `${some}, of the children of ${task.name}. Show them`, onclick: () => {
      task.unfolded = CHUNK;
      choose(String(task.failed[0].kind));
      task.row.querySelector(".failures").focus();
    }}, some);
}

function unfold(task) {
  task.unfolded = task.unfolded ? false : CHUNK;
  const keep = made;
  fill();
  addRows(keep);
  task.row.querySelector(".unfold").focus();
}

function moreRow({more: task, left}) {
  const next = Math.min(left, 10 * CHUNK);
  const button = make("button", {type: "button", onclick: () => {
    task.unfolded += next;
    const keep = made;
    fill();
    addRows(keep + next);
  }}, `Show ${next.toLocaleString("en")} more of ${left.toLocaleString("en")}`);
  return make("tr", {class: "child"}, make("th", {colspan: columns.length}, button));
}

/* All that is known of a run. */
function about(run) {
  const cell = make("td", {colspan: columns.length});
  const line = (title, value) => value && cell.append(make("p", {}, make("b", {}, `${title}: `), value));
  line("Message", text(run.message));
  if (run.timed && run.spans.length > 2) line("Attempts", attempts(run));
  const waits = owner(run).upstream.map((number) => tasks[number]);
  if (waits.length) {
    waits.sort((a, b) => (b.end || 0) - (a.end || 0));
    const some = waits.slice(0, 12).map((task) => task.timed ? `${task.name} (ended at +${duration(task.end)})` : task.name);
    line("Depends on", some.join(", ") + (waits.length > some.length ? `, and ${waits.length - some.length} more` : ""));
  }
  line("Settings", owner(run).settings);
  if (run.result) cell.append(make("p", {}, make("b", {}, "Result: "), make("code", {}, text(run.result))));
  if (run.error) cell.append(make("pre", {tabindex: 0, "aria-label": "Traceback"}, text(run.error)));
  if (!cell.childNodes.length) cell.append(make("p", {}, "There is nothing more to tell."));
  return make("tr", {class: "about"}, cell);
}

function attempts(run) {
  const parts = [];
  for (let at = 0; at < run.spans.length; at += 2)
    parts.push(`+${duration(run.spans[at])}, took ${duration(run.spans[at + 1] - run.spans[at])}`);
  return parts.join("; ");
}

/* Bring the row of a task into view, opened. */
function show(task) {
  if (!rows.includes(task)) {
    wanted.name = byId("filter").value = "";
    choose("");
  }
  addRows(Math.max(made, rows.indexOf(task) + 1));
  if (!task.open) task.row.querySelector(".name").click();
  task.row.scrollIntoView({block: "center"});
  task.row.querySelector(".name").focus({preventScroll: true});
}

/* ------------------------------------------------------------------ the timeline */

const ROW = 20, AXIS = 24, LABEL = 210;
const box = byId("timeline"), canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
let lanes = [];
let hovered = null;
const unfoldedLanes = new Set();

function fillLanes() {
  const only = byId("only-critical").checked;
  lanes = [];
  const timed = tasks.filter((task) => task.timed && (!only || task.critical));
  timed.sort((a, b) => a.begin - b.begin || a.number - b.number);
  for (const task of timed) {
    lanes.push(task);
    if (!task.children) continue;
    const critical = task.children.filter((child) => child.timed && child.critical);
    if (only) lanes.push(...critical);
    else if (unfoldedLanes.has(task)) {
      const children = task.children.filter((child) => child.timed);
      lanes.push(...children.sort((a, b) => a.begin - b.begin || a.index - b.index));
    }
  }
  byId("timeline-size").style.height = `${Math.max(0, AXIS + lanes.length * ROW + 6 - viewHeight())}px`;
  draw();
}
const viewHeight = () => Math.min(AXIS + lanes.length * ROW + 6, Math.round(window.innerHeight * 0.52));

function theme() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

function draw() {
  const wide = box.clientWidth, high = viewHeight(), scale = window.devicePixelRatio || 1;
  if (!wide) return;
  canvas.width = wide * scale;
  canvas.height = high * scale;
  canvas.style.height = `${high}px`;
  const color = theme(), family = getComputedStyle(document.body).fontFamily;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, wide, high);
  const left = Math.min(LABEL, wide * 0.32), span = wide - left - 14;
  const x = (seconds) => left + seconds / TOTAL * span;
  const first = Math.max(0, Math.floor(box.scrollTop / ROW));
  const last = Math.min(lanes.length, first + Math.ceil(high / ROW) + 1);
  const y = (lane) => AXIS + lane * ROW - box.scrollTop;
  pen.font = `11px ${family}`;
  pen.textBaseline = "middle";
  grid(color, x, wide, high, left);
  pen.save();
  pen.beginPath();
  pen.rect(0, AXIS, wide, high - AXIS);
  pen.clip();
  for (let lane = first; lane < last; lane += 1) drawLane(lanes[lane], y(lane), x, left, color, family);
  if (hovered) drawWaits(x, y, color);
  pen.restore();
}

function grid(color, x, wide, high, left) {
  const raw = TOTAL / Math.max(2, (wide - left) / 110), power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  pen.strokeStyle = color("line");
  pen.fillStyle = color("dim");
  pen.lineWidth = 1;
  for (let at = 0; at <= TOTAL * 1.0001; at += step) {
    pen.beginPath();
    pen.moveTo(Math.round(x(at)) + 0.5, AXIS - 5);
    pen.lineTo(Math.round(x(at)) + 0.5, high);
    pen.stroke();
    pen.textAlign = at ? "center" : "left";
    if (x(at) < wide - 20) pen.fillText(at ? duration(at) : "0", x(at), AXIS / 2 - 1);
  }
}

function drawLane(run, top, x, left, color, family) {
  if (run === hovered) {
    pen.fillStyle = color("soft");
    pen.fillRect(0, top, canvas.width, ROW);
  }
  const fold = run.children ? (unfoldedLanes.has(run) ? "▾ " : "▸ ") : "";
  const indent = run.task ? 16 : 2;
  const label = run.children ? `${fold}${run.name} ×${run.children.length.toLocaleString("en")}` : run.task ? `[${run.index}]` : run.name;
  const middle = top + ROW / 2;
  const taken = run.children && run.failed.length ? drawBadge(run, left - 10, middle, color, family) + 6 : 0;
  pen.fillStyle = run.critical ? color("text") : color("dim");
  pen.font = `${run.critical ? "600 " : ""}12px ${family}`;
  pen.textAlign = "left";
  pen.fillText(fitted(label, left - indent - 10 - taken), indent, middle);
  if (run.waited > TOTAL / 400) {
    pen.strokeStyle = color("dim");
    pen.setLineDash([1, 3]);
    line(x(run.begin - run.waited), middle, x(run.begin), middle);
    pen.setLineDash([]);
  }
  if (run.children) drawFolded(run, top, x);
  else for (let at = 0; at < run.spans.length; at += 2) {
    const begin = x(run.spans[at]), wide = Math.max(1.5, x(run.spans[at + 1]) - begin);
    pen.fillStyle = colorOf(run);
    pen.globalAlpha = at + 2 < run.spans.length ? 0.35 : 0.9;
    pen.fillRect(begin, top + 4, wide, ROW - 8);
    pen.globalAlpha = 1;
  }
  if (run.critical) {
    pen.fillStyle = color("crit");
    pen.fillRect(x(run.begin), top + ROW - 4, Math.max(2, x(run.end) - x(run.begin)), 2);
  }
  const failed = hasFailed(run);
  pen.fillStyle = failed ? color("crit") : color("dim");
  pen.font = `11px ${family}`;
  const after = `${failed ? "✕ " : ""}${run.children ? "" : duration(run.end - run.begin)}`;
  const room = x(TOTAL) - x(run.end);
  if (after && room > 60) pen.fillText(after, x(run.end) + 6, middle);
}

/* How many children of a map failed, in white on red, up to `right`; return how wide that is. */
function drawBadge(task, right, middle, color, family) {
  const some = `${task.failed.length.toLocaleString("en")} failed`;
  pen.font = `600 10.5px ${family}`;
  const wide = pen.measureText(some).width + 10;
  pen.fillStyle = color("fail");
  pen.beginPath();
  pen.roundRect(right - wide, middle - 7, wide, 14, 4);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.textAlign = "left";
  pen.fillText(some, right - wide + 5, middle + 0.5);
  return wide;
}

/* Of many children in one row: how many ran at each moment, the more the darker; below, which of them failed. */
function drawFolded(task, top, x) {
  const from = Math.floor(x(task.begin)), to = Math.ceil(x(task.end)) + 1;
  const density = new Float32Array(to - from + 2), failed = new Uint8Array(to - from + 2);
  for (const child of task.children) {
    if (!child.timed) continue;
    const begin = Math.floor(x(child.begin)) - from, end = Math.ceil(x(child.end)) - from;
    density[begin] += 1;
    density[Math.max(begin + 1, end)] -= 1;
    if (hasFailed(child)) failed[begin] = child.kind + 1;
  }
  let most = 1, running = 0;
  for (let at = 0; at < density.length; at += 1) { running += density[at]; density[at] = running; most = Math.max(most, running); }
  const usual = task.children.reduce((kinds, child) => kinds.set(child.kind, (kinds.get(child.kind) || 0) + 1), new Map());
  const [kind] = [...usual].sort((a, b) => b[1] - a[1])[0] || [task.kind];
  for (let at = 0; at < density.length - 1; at += 1) {
    if (density[at] > 0) {
      pen.globalAlpha = 0.3 + 0.65 * density[at] / most;
      pen.fillStyle = data.kinds[kind][1];
      pen.fillRect(from + at, top + 3, 1, ROW - 6);
    }
    if (failed[at]) {
      pen.globalAlpha = 1;
      pen.fillStyle = data.kinds[failed[at] - 1][1];
      pen.fillRect(from + at - 1, top + 1, 3, ROW - 2);
    }
  }
  pen.globalAlpha = 1;
}

/* From the end of all that the row under the pointer waited for to its begin. */
function drawWaits(x, y, color) {
  const at = lanes.indexOf(hovered);
  if (at < 0) return;
  pen.strokeStyle = color("text");
  pen.lineWidth = 1.2;
  for (const number of owner(hovered).upstream) {
    const lane = lanes.indexOf(tasks[number]);
    if (lane < 0) continue;
    pen.beginPath();
    pen.moveTo(x(tasks[number].end), y(lane) + ROW / 2);
    const middle = (y(lane) + y(at)) / 2;
    pen.bezierCurveTo(x(tasks[number].end), middle, x(hovered.begin), middle, x(hovered.begin), y(at) + (lane < at ? 3 : ROW - 3));
    pen.stroke();
  }
  pen.lineWidth = 1;
}

function line(x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function fitted(label, wide) {
  if (pen.measureText(label).width <= wide) return label;
  let low = 0, high = label.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(`${label.slice(0, middle)}…`).width <= wide) low = middle; else high = middle - 1;
  }
  return `${label.slice(0, low)}…`;
}

function laneAt(event) {
  const top = event.clientY - canvas.getBoundingClientRect().top - AXIS;
  return top < 0 ? null : lanes[Math.floor((top + box.scrollTop) / ROW)] || null;
}

function hover(event) {
  const run = laneAt(event), tip = byId("tip");
  if (run !== hovered) { hovered = run; draw(); }
  tip.hidden = !run;
  if (!run) return;
  const parts = [nameOf(run), run.children ? `${run.children.length.toLocaleString("en")} task runs (${tally(run)}), ${duration(run.end - run.begin)} in all` : `${kindOf(run)}, took ${duration(run.end - run.begin)}`];
  if (run.attempts > 1) parts.push(`${run.attempts} attempts`);
  if (run.waited) parts.push(`waited ${duration(run.waited)} after all that it depends on had ended`);
  if (run.critical) parts.push("on the critical path");
  tip.textContent = parts.join("\n");
  tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
}

canvas.addEventListener("mousemove", hover);
canvas.addEventListener("mouseleave", () => { hovered = null; byId("tip").hidden = true; draw(); });
canvas.addEventListener("click", (event) => {
  const run = laneAt(event);
  if (!run) return;
  if (run.children && !byId("only-critical").checked) {
    unfoldedLanes.has(run) ? unfoldedLanes.delete(run) : unfoldedLanes.add(run);
    fillLanes();
  } else show(owner(run));
});
box.addEventListener("scroll", draw, {passive: true});
byId("only-critical").addEventListener("change", () => { box.scrollTop = 0; fillLanes(); });
window.addEventListener("resize", () => fillLanes());
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

/* ------------------------------------------------------------------ the graph */

const graph = byId("graph"), picture = graph.querySelector("svg");
if (picture) {
  const wide = Number(picture.getAttribute("width")), high = Number(picture.getAttribute("height"));
  let zoom = 1;
  const fit = () => Math.min(1, (graph.clientWidth - 4) / wide);
  const setZoom = (value) => {
    const before = zoom, middle = (graph.scrollLeft + graph.clientWidth / 2) / before;
    zoom = Math.min(3, Math.max(0.05, value));
    picture.setAttribute("width", wide * zoom);
    picture.setAttribute("height", high * zoom);
    graph.scrollLeft = middle * zoom - graph.clientWidth / 2;
  };
  byId("zoom-out").addEventListener("click", () => setZoom(zoom / 1.3));
  byId("zoom-in").addEventListener("click", () => setZoom(zoom * 1.3));
  byId("zoom-fit").addEventListener("click", () => setZoom(fit()));
  byId("zoom-full").addEventListener("click", () => setZoom(1));
  setZoom(Math.max(0.45, fit()));
  if (picture.querySelectorAll(".mp-task").length === tasks.length)
    graph.addEventListener("click", (event) => {
      const found = event.target.closest(".mp-task");
      if (found) show(tasks[Number(found.dataset.box)]);
    });
} else byId("graph-section").hidden = true;

byId("key").textContent = "underlined: critical path · dotted: waited though ready · pale: an attempt before the last";
if (data.timed) {
  byId("timeline-section").hidden = false;
  fillLanes();
}
fill();
})();
