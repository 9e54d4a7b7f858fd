const facts = {{ facts|tojson }};
const MANY = 12, SHOWN_OF_MANY = 10, PAUSE_MS = 50, PEN = 34;
const at = id => document.getElementById(id);
const paper = at("paper"), pen = paper?.getContext("2d"), picture = at("picture");

// Each picture has its turn: an answer that comes when another one has begun is dropped. One
// request is under way at a time, and what is drawn meanwhile is asked for after it.
let turn = 0, next = null, busy = false;

async function ask(image, truth = "") {
  next = { image, truth, turn };
  if (busy) return;
  busy = true;
  at("says").ariaBusy = "true";
  while (next) {
    const asked = next;
    next = null;
    const answer = await answerTo(asked.image);
    if (asked.turn === turn) show(answer, asked.truth);
    await new Promise(done => setTimeout(done, PAUSE_MS));
  }
  busy = false;
  at("says").ariaBusy = "false";
}

async function answerTo(image) {
  try {
    const response = await fetch("classify", { method: "POST", body: await image() });
    return await response.json();
  } catch {
    return { error: "no answer: search demo must be running" };
  }
}

// What the answer says

function show({ error = "", classes, probabilities, seen }, truth) {
  at("problem").textContent = error;
  if (error) return forget();
  const all = classes.map((name, place) => ({ name, share: probabilities[place] }));
  const best = all.reduce((a, b) => b.share > a.share ? b : a);
  showBars(all.length > MANY ? all.sort((a, b) => b.share - a.share).slice(0, SHOWN_OF_MANY) : all, best);
  at("verdict").textContent = best.name;
  at("share").textContent = percent(best.share);
  at("truth").textContent = truth && `true class: ${truth} – ${truth === best.name ? "right" : "wrong"}`;
  at("seen").hidden = !seen;
  if (seen) at("seen").querySelector("img").src = seen;
}

function showBars(classes, best) {
  const bars = at("bars");
  while (bars.children.length < classes.length) bars.append(newBar());
  classes.forEach(({ name, share }, place) => {
    const row = bars.children[place], [label, bar, text] = row.children;
    row.className = classes[place] === best ? "first" : "";
    label.textContent = name;
    bar.firstChild.style.width = `${100 * share}%`;
    text.textContent = best ? percent(share) : "–";
  });
}

function newBar() {
  const row = document.createElement("li");
  row.innerHTML = '<span class="name"></span><span class="bar"><i></i></span><span class="share"></span>';
  return row;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function forget() {
  const classes = facts.classes.length > MANY ? [] : facts.classes;
  at("bars").replaceChildren();
  showBars(classes.map(name => ({ name, share: 0 })));
  at("verdict").textContent = "–";
  at("share").textContent = at("truth").textContent = "";
  at("seen").hidden = true;
}

// Which picture

function clear() {
  turn += 1;
  next = null;
  pen?.clearRect(0, 0, paper.width, paper.height);
  picture.hidden = true;
  at("hint").hidden = false;
  at("problem").textContent = "";
  for (const other of document.querySelectorAll(".example")) other.ariaPressed = "false";
  forget();
}

function take(address, image, truth) {
  clear();
  at("hint").hidden = true;
  picture.src = address;
  picture.hidden = false;
  ask(image, truth);
}

function takeFile(file) {
  if (!file) return;
  if (file.size <= facts.largest) return take(URL.createObjectURL(file), async () => file);
  clear();
  at("problem").textContent = `picture: at most ${facts.largest >> 20} MiB must be given, got more`;
}

picture.onload = () => picture.classList.toggle("pixels", picture.naturalWidth < 128);
picture.onerror = () => {
  picture.hidden = true;
  at("hint").hidden = false;
};
at("clear").onclick = clear;
at("file").onchange = event => {
  takeFile(event.target.files[0]);
  event.target.value = "";
};
addEventListener("keydown", event => event.key === "Escape" && clear());
addEventListener("dragover", event => {
  event.preventDefault();
  at("sheet").classList.add("over");
});
addEventListener("dragleave", event => event.relatedTarget || at("sheet").classList.remove("over"));
addEventListener("drop", event => {
  event.preventDefault();
  at("sheet").classList.remove("over");
  takeFile(event.dataTransfer.files[0]);
});
for (const example of document.querySelectorAll(".example")) {
  const address = example.firstChild.src;
  example.onclick = () => {
    take(address, async () => (await fetch(address)).blob(), example.dataset.truth);
    example.ariaPressed = "true";
  };
}

// Drawing

if (paper) {
  let last = null;
  const drawing = () => new Promise(done => paper.toBlob(done));
  const drawTo = event => {
    const box = paper.getBoundingClientRect(), scale = paper.width / box.width;
    const point = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    pen.beginPath();
    pen.moveTo(...(last ?? [point[0] - .1, point[1]]));  // a canvas draws no line without length
    pen.lineTo(...point);
    pen.stroke();
    last = point;
  };
  Object.assign(pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  paper.onpointerdown = event => {
    if (!event.isPrimary || event.button) return;
    if (!picture.hidden) clear();
    at("hint").hidden = true;
    paper.setPointerCapture(event.pointerId);
    drawTo(event);
    ask(drawing);
  };
  paper.onpointermove = event => {
    if (!last || !event.isPrimary) return;
    for (const step of event.getCoalescedEvents()) drawTo(step);
    drawTo(event);
    ask(drawing);
  };
  paper.onpointerup = paper.onpointercancel = event => {
    if (event.isPrimary) last = null;
  };
}
forget();
