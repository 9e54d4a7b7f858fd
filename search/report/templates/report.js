let table, heads, rows, rowOf, clicks = [];

// The leaderboard sorts and filters.
const key = (row, place) => {
  const cell = row.cells[place], text = cell.dataset.key ?? cell.textContent;
  return text === "" ? null : isNaN(text) ? text : Number(text);
};
// Numbers stand before words; what is missing stands last, whichever direction is sorted.
const order = (a, b, sign) =>
  a === null || b === null ? (a === null) - (b === null) :
  typeof a !== typeof b ? (typeof a === "number" ? -sign : sign) : a < b ? -sign : a > b ? sign : 0;
const sortRows = (heading, direction) => {
  const place = heads.findIndex(head => head.dataset.heading === heading);
  if (place < 0) return;
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[place].setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  rows.sort((a, b) => order(key(a, place), key(b, place), sign));
  table.tBodies[0].append(...rows);
};
const filterRows = () => {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) {
    const text = [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    shown += !row.hidden;
  }
  document.getElementById("count").textContent = `${shown} of ${rows.length} trials`;
};
const readTable = () => {
  table = document.getElementById("leaderboard");
  heads = table ? [...table.tHead.rows[0].cells] : [];
  rows = table ? [...table.tBodies[0].rows] : [];
  rowOf = new Map(rows.map(row => [Number(row.querySelector("input").value), row]));
  if (!table) return;
  for (const head of heads) head.firstChild.addEventListener("click", () => {
    const { heading } = head.dataset, up = head.getAttribute("aria-sort") === "ascending";
    clicks = [...clicks.filter(([earlier]) => earlier !== heading), [heading, up ? "descending" : "ascending"]];
    sortRows(...clicks.at(-1));
  });
  table.addEventListener("change", event => mark(Number(event.target.value), event.target.checked));
  document.getElementById("filter").addEventListener("input", filterRows);
  filterRows();
};

// A table that goes on to the right says so.
const watchFrames = within => {
  for (const frame of within.querySelectorAll(".frame")) {
    const box = frame.firstElementChild;
    const look = () => {
      const more = box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
      frame.classList.toggle("more", more);
      if (!table || !box.contains(table)) return;
      const edge = box.getBoundingClientRect().right;
      const hidden = heads.filter(head => head.getBoundingClientRect().right > edge + 1).length;
      document.getElementById("cue").textContent = more ? `${hidden} more column${hidden > 1 ? "s" : ""} →` : "";
    };
    box.addEventListener("scroll", look);
    new ResizeObserver(look).observe(box);
  }
};

// Plots: point at a mark to see its trial, tick trials to mark them in each.
const marked = new Set(), tip = document.getElementById("tip"), chips = document.getElementById("marked");
const draw = (parent, name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
};
let panes;
const readPanes = () => {
  panes = [...document.querySelectorAll("figure > script")].flatMap(script => {
    const svg = script.parentElement.querySelector("svg");
    for (const old of svg.querySelectorAll(":scope > .over")) old.remove();
    return JSON.parse(script.textContent).map(({ box: [x, y, width, height], marks }) => {
      const room = 5, [left, top, w, h] = [x - room, y - room, width + 2 * room, height + 2 * room];
      const over = draw(svg, "svg", { class: "over", x: left, y: top, width: w, height: h, viewBox: [left, top, w, h].join(" ") });
      return { svg, over, left, top, right: left + w, bottom: top + h, marks };
    });
  });
};
// Four colours in turn; the first one is also that of a trial that is only pointed at.
const COLOURS = ["--pick-1", "--pick-2", "--pick-3", "--pick-4"];
const colour = trial => `--pick: var(${COLOURS[Math.max(0, [...marked].indexOf(trial)) % COLOURS.length]})`;
const paint = (pane, trial) => {
  const group = draw(pane.over, "g", marked.has(trial) ? { style: colour(trial) } : {});
  for (const [number, ...places] of pane.marks) {
    if (number !== trial) continue;
    const points = places.join(" "), [x, y] = places.slice(-2);
    if (places.length === 2) draw(group, "circle", { cx: x, cy: y, r: 4.5, "data-trial": trial });
    else for (const name of ["halo", "line"]) draw(group, "polyline", { points, class: name, "data-trial": trial });
    const atEnd = x > pane.right - 25;
    const side = atEnd ? { x: x - 7, "text-anchor": "end" } : { x: x + 7 };
    draw(group, "text", { ...side, y: Math.max(y - 5, pane.top + 9) }, trial);
  }
};
const repaint = pointed => {
  for (const pane of panes) {
    pane.over.replaceChildren();
    for (const trial of new Set([...marked, ...(pointed === null ? [] : [pointed])])) paint(pane, trial);
  }
  for (const [trial, row] of rowOf) row.classList.toggle("pointed", trial === pointed);
};
const mark = (trial, on) => {
  if (on) marked.add(trial); else marked.delete(trial);
  rowOf.get(trial).querySelector("input").checked = on;
  chips.hidden = !marked.size;
  chips.replaceChildren(...[...marked].map(number => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = `trial ${number} ×`;
    chip.title = "mark no longer";
    chip.style = colour(number);
    chip.addEventListener("click", () => mark(number, false));
    return chip;
  }));
  repaint(null);
};

const cell = (trial, name) => rowOf.get(trial).cells[heads.findIndex(head => head.textContent === name)]?.textContent ?? "";
const tell = (trial, x, y) => {
  const title = document.createElement("b"), list = document.createElement("dl");
  title.textContent = `trial ${trial}, ${cell(trial, "state").toLowerCase()}`;
  const shown = heads.flatMap((head, place) => head.textContent === "value" || head.classList.contains("parameter") ? [place] : []);
  for (const place of shown) {
    const text = rowOf.get(trial).cells[place].textContent;
    if (text === "–") continue;
    list.appendChild(document.createElement("dt")).textContent = heads[place].textContent;
    list.appendChild(document.createElement("dd")).textContent = text;
  }
  tip.replaceChildren(title, list);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, x + 14 + width > innerWidth ? x - width - 14 : x + 14)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - height - 4))}px`;
};
// How far a place is from a mark: from the nearest point of its line.
const distance = (px, py, [, ...places]) => {
  let least = Math.hypot(px - places[0], py - places[1]);
  for (let i = 0; i + 3 < places.length; i += 2) {
    const [ax, ay, bx, by] = places.slice(i, i + 4), length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length)) : 0;
    least = Math.min(least, Math.hypot(px - ax - share * (bx - ax), py - ay - share * (by - ay)));
  }
  return least;
};
const REACH = 9;
const nearest = (svg, event) => {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  let best = null, least = REACH;
  for (const pane of panes) {
    if (pane.svg !== svg || at.x < pane.left || at.x > pane.right || at.y < pane.top || at.y > pane.bottom) continue;
    for (const one of pane.marks) {
      const away = distance(at.x, at.y, one);
      if (away < least && rowOf.has(one[0])) [best, least] = [one[0], away];
    }
  }
  return best;
};
let pointed = null;
const point = (trial, event) => {
  if (trial !== pointed) repaint(pointed = trial);
  if (trial === null) tip.hidden = true; else tell(trial, event.clientX, event.clientY);
};
for (const name of ["pointermove", "pointerdown", "click"]) document.addEventListener(name, event => {
  const svg = event.target.closest?.("figure > svg");
  if (svg) {
    const trial = nearest(svg, event);
    if (name !== "click") point(trial, event); else if (trial !== null) mark(trial, !marked.has(trial));
  } else if (pointed !== null && (name === "pointerdown" || event.pointerType === "mouse")) point(null, event);
});
document.documentElement.addEventListener("pointerleave", event => event.pointerType === "mouse" && point(null, event));
readTable();
watchFrames(document);
readPanes();
