"use strict";
// The page is whole without this: it sorts tables by their columns and filters the table of students.

const collator = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});

function keyOf(cell) {
  const value = (cell.dataset.v ?? cell.textContent).trim();
  if (value === "" || value === "–" || value === "?") return null; // always last
  const number = Number(value.replace("−", "-").replace(/ (%|\(.*\))$/, "").replaceAll(",", ""));
  return Number.isNaN(number) ? value : number;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return collator.compare(String(one), String(other));
}

function sort(table, header) {
  const falling = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, row => [keyOf(row.cells[header.cellIndex]), row]);
  rows.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return falling ? compare(other, one) : compare(one, other);
  });
  body.append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const header of table.tHead.querySelectorAll("th:not(.plain)")) {
    const button = document.createElement("button");
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(table, header));
    header.append(button);
  }
}

const students = document.getElementById("students-table");
const filters = document.getElementById("filters");
const [words, state, task, mistake] = ["words", "state", "task", "mistake"].map(id => document.getElementById(`by-${id}`));
const lines = Array.from(students.tBodies[0].rows, row => ({
  row,
  words: Array.from(row.cells).slice(0, 2).map(cell => cell.textContent).join(" ").toLowerCase(),
  states: row.dataset.s.split(" "),
  mistakes: (row.dataset.m ?? "").split(" "),
}));

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/);
  const column = task.value === "" ? null : Number(task.value);
  let shown = 0;
  for (const line of lines) {
    const fits =
      wanted.every(word => line.words.includes(word)) &&
      (state.value === "" || line.states.includes(state.value)) &&
      (column === null || ["p", "z"].includes(line.row.cells[column].className)) &&
      (mistake.value === "" || line.mistakes.includes(mistake.value));
    line.row.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = `${shown} of ${lines.length} shown`;
}

for (const field of [words, state, task, mistake]) field.addEventListener("input", filter);
document.getElementById("all").addEventListener("click", () => {
  for (const field of [words, state, task, mistake]) field.value = "";
  filter();
});
filters.hidden = false;
filter();
