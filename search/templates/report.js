const table = document.getElementById("leaderboard");
if (table) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const key = (row, place) => {
    const cell = row.cells[place], text = cell.dataset.key ?? cell.textContent;
    return text === "" ? null : isNaN(text) ? text : Number(text);
  };
  // Numbers stand before words; what is missing stands last, whichever way is sorted.
  const order = (a, b, way) =>
    a === null || b === null ? (a === null) - (b === null) :
    typeof a !== typeof b ? (typeof a === "number" ? -way : way) : a < b ? -way : a > b ? way : 0;
  heads.forEach((head, place) => head.firstChild.addEventListener("click", () => {
    const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    rows.sort((a, b) => order(key(a, place), key(b, place), way));
    body.append(...rows);
  }));
  const input = document.getElementById("filter"), count = document.getElementById("count");
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length} trials`;
  };
  input.addEventListener("input", filter);
  filter();
}
