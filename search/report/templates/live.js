// Keeps the page current: asks what has changed and exchanges only that, around what the reader does.
const EVERY_MS = 1000, LONGEST_MS = 10000;
const state = document.getElementById("live"), waiting = new Map();
let since = SINCE, places = null;
const parse = html => {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
};

// What is scrolled or focused in an element is so in the one that takes its place.
const SCROLLED = ".scroll, pre, figure", FOCUSED = "a, button, input, [tabindex]";
const within = (element, selector) => [...(element.matches(selector) ? [element] : []), ...element.querySelectorAll(selector)];
const exchange = (old, fresh) => {
  const focused = within(old, FOCUSED).indexOf(document.activeElement);
  const scrolled = within(old, SCROLLED).map(box => [box.scrollLeft, box.scrollTop]);
  old.replaceWith(fresh);
  within(fresh, SCROLLED).forEach((box, i) => { if (scrolled[i]) [box.scrollLeft, box.scrollTop] = scrolled[i]; });
  within(fresh, FOCUSED)[focused]?.focus({ preventScroll: true });
  watchFrames(fresh);
};
const isSelected = element => {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(element, true);
};
const exchangeBoard = (old, fresh) => {
  const words = document.getElementById("filter")?.value ?? "";
  exchange(old, fresh);
  if (document.getElementById("filter")) document.getElementById("filter").value = words;
  readTable();
  for (const trial of marked) rowOf.get(trial).querySelector("input").checked = true;
};

// Rows come in the order of the server, and are sorted as the reader did.
const exchangeRow = fresh => {
  const box = fresh.querySelector("input"), trial = Number(box.value), old = rowOf.get(trial);
  const focused = old?.contains(document.activeElement);
  box.checked = marked.has(trial);
  if (old) old.replaceWith(fresh); else table.tBodies[0].append(fresh);
  rowOf.set(trial, fresh);
  if (focused) box.focus({ preventScroll: true });
};
const orderRows = () => {
  const focused = table.contains(document.activeElement) ? document.activeElement : null;
  rows = places.flatMap(trial => rowOf.get(trial) ?? []);
  table.tBodies[0].append(...rows);
  for (const click of clicks) sortRows(...click);
  filterRows();
  focused?.focus({ preventScroll: true });
};

// The first heading or plot in the upper half of the window stays there, else the one above; so does
// the row at the top of the table.
const topOf = one => one.getBoundingClientRect().top;
const topmost = (elements, edge) => elements.findLast(one => topOf(one) <= edge && one.getClientRects().length);
const inSight = () => {
  const all = [...document.querySelectorAll("h2[id], figure[id]")];
  return all.find(one => topOf(one) >= 0 && topOf(one) < innerHeight / 2) ?? topmost(all, 0);
};
const keepingPlace = change => {
  const anchor = scrollY > 0 ? inSight() : undefined;
  const box = table?.closest(".scroll"), edge = box && table.tHead.getBoundingClientRect().bottom + 1;
  const row = box?.scrollTop > 0 ? topmost(rows, edge) : undefined, trial = row && Number(row.querySelector("input").value);
  const before = anchor && topOf(anchor), rowBefore = row && topOf(row) - topOf(box);
  change();
  const same = trial !== undefined && rowOf.get(trial), inner = same && same.closest(".scroll");
  if (inner) inner.scrollTop += topOf(same) - topOf(inner) - rowBefore;
  const there = anchor && document.getElementById(anchor.id);
  if (there) scrollBy({ top: topOf(there) - before, behavior: "instant" });
};
const takeWaiting = () => {
  for (const [name, html] of waiting) {
    const isRow = name.startsWith("trial-"), old = isRow ? rowOf.get(Number(name.slice(6))) : document.getElementById(name);
    if (old && isSelected(old)) continue;
    waiting.delete(name);
    if (isRow) { if (table) exchangeRow(parse(html)); }
    else if (name === "board") exchangeBoard(old, parse(html));
    else if (old) exchange(old, parse(html));
  }
  if (table && places) orderRows();
  readPanes();
  repaint(pointed);
};
const take = news => {
  // An element that comes whole brings its children.
  if ("board" in news.pieces) for (const name of waiting.keys()) if (name.startsWith("trial-")) waiting.delete(name);
  if ("drawn" in news.pieces) for (const name of waiting.keys()) if (name.startsWith("plot-")) waiting.delete(name);
  for (const [name, html] of Object.entries(news.pieces)) waiting.set(name, html);
  [since, places] = [news.since, news.places ?? places];
  if (waiting.size) keepingPlace(takeWaiting);
};

const WORDS = { running: "live", ended: "ended", stale: "not current", unreachable: "no answer" };
const show = (name, at, why) => {
  if (state.dataset.state !== name) state.replaceChildren(document.createElement("b"), document.createElement("span"));
  state.dataset.state = name;
  state.firstChild.textContent = WORDS[name];
  state.lastChild.textContent = at ? ` as of ${at}` : "";
  state.title = why;
};
let at = "";
const look = async () => {
  try {
    const answer = await fetch(`changes?since=${since}`, { cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
    if (!answer.ok) throw new Error(answer.statusText);
    const news = await answer.json();
    take(news);
    at = news.at;
    show(news.state, at, news.why);
  } catch (error) {
    show("unreachable", at, `The server of this page has ended or does not answer: ${error.message}`);
  }
  setTimeout(look, EVERY_MS);
};
document.documentElement.style.overflowAnchor = "none";
look();
