"use strict";

// Tables: a click on a column's head sorts, another turns round. What is empty stays at the end.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column], turn)));
    });
  });
}

function compare(a, b, turn) {
  const [x, y] = [a.dataset.value, b.dataset.value];
  if (x !== undefined && y !== undefined) return turn * (x - y);
  if (x !== undefined || y !== undefined) return x !== undefined ? -1 : 1;
  const [s, t] = [a.textContent, b.textContent];
  if (s === "" || t === "") return (s === "") - (t === "");
  return turn * natural(s, t);
}

// Texts piece by piece, numbers within them by their values.
function natural(s, t) {
  const [a, b] = [s, t].map((text) => text.split(/(\d+(?:\.\d+)?(?:e[-+]?\d+)?)/));
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = i % 2 ? a[i] - b[i] : a[i].localeCompare(b[i], "en");
    if (order) return order;
  }
  return a.length - b.length;
}

// A table that is wider than the page says so.
const widths = () => {
  for (const table of document.querySelectorAll(".table")) {
    const scroll = table.querySelector(".scroll");
    table.classList.toggle("wider", scroll.scrollWidth > scroll.clientWidth + 1);
  }
};
addEventListener("resize", widths);
document.addEventListener("toggle", widths, true);
widths();

// Pictures: each run shows its newest one up to the slider's step.
for (const player of document.querySelectorAll(".player")) {
  const steps = player.dataset.steps.split(" ").map(Number);
  const controls = player.querySelector(".controls");
  const strips = [...player.querySelectorAll(".frames")].map((frames) => [...frames.children]);
  const slider = player.querySelector("input");
  const show = (index) => {
    for (const figures of strips) {
      const seen = figures.filter((figure) => Number(figure.dataset.step) <= steps[index]);
      const shown = seen.at(-1) ?? figures[0];
      figures.forEach((figure) => figure.classList.toggle("shown", figure === shown));
    }
    if (!slider) return;
    const text = steps[index].toLocaleString("en");
    player.querySelector("output").value = text;
    slider.setAttribute("aria-valuetext", `step ${text}`);
  };
  player.classList.add("live");
  show(steps.length - 1);
  if (!slider) continue;
  controls.hidden = false;
  slider.value = steps.length - 1; // some browsers remember it from before
  const button = player.querySelector("button");
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  slider.addEventListener("input", () => { stop(); show(slider.valueAsNumber); });
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (slider.valueAsNumber === steps.length - 1) slider.value = 0;
    show(slider.valueAsNumber);
    button.textContent = "Pause";
    timer = setInterval(() => {
      if (slider.valueAsNumber === steps.length - 1) return stop();
      slider.stepUp();
      show(slider.valueAsNumber);
    }, 400);
  });
}

// A link to something within a closed part opens it.
const reveal = () => {
  const aimed = document.getElementById(location.hash.slice(1));
  aimed?.querySelectorAll(":scope > details.record").forEach((part) => { part.open = true; });
};
addEventListener("hashchange", reveal);
reveal();
