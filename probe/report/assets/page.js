"use strict";
// What the page does: draws its figures when they come into view, sorts its tables, and marks where the reader is.
window.Undertow = Object.assign(window.Undertow || {}, { views: new Map() });

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const parsed = (id) => JSON.parse(document.getElementById(id).textContent);
  const themes = parsed("themes");
  const theme = () => (window.matchMedia("print").matches || !dark.matches ? themes.light : themes.dark);

  const samples = document.getElementById("explorer");
  const explorer = samples && Undertow.explorer.mount(samples, parsed("explorer-data"));

  // Charts of one section stand side by side: they get the same scales.
  const SHARED = ["x", "y", "color"];

  function domains(views) {
    const found = {};
    for (const name of SHARED) {
      const ends = [];
      for (const view of views) {
        let scale;
        try { scale = view.scale(name); } catch { continue; }
        if (!scale || !["linear", "log", "symlog", "sqrt"].includes(scale.type || "")) continue;
        ends.push(...scale.domain());
      }
      if (ends.length && ends.every(Number.isFinite)) found[name] = [Math.min(...ends), Math.max(...ends)];
    }
    return found;
  }

  function widened(found) {
    return (spec) => {
      for (const scale of spec.scales || []) {
        if (found[scale.name] && ["linear", "log", "symlog", "sqrt"].includes(scale.type)) {
          scale.domain = found[scale.name];
          delete scale.domainRaw;
        }
      }
      return spec;
    };
  }

  async function draw(element, patch) {
    const options = { config: theme(), renderer: "svg", actions: false, tooltip: { theme: dark.matches ? "dark" : "light" } };
    if (patch) options.patch = patch;
    const embed = (spec) => vegaEmbed(element, spec, options);
    const drawn = await Undertow.fitted(parsed(element.dataset.spec), element.clientWidth, embed);
    Undertow.views.set(element.id, drawn);
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0; // to be scrolled by keys
    if (explorer && element.classList.contains("plane")) explorer.connect(drawn.view);
    return drawn.view;
  }

  async function drawOnScale(elements) {
    const views = await Promise.all(elements.map((element) => draw(element)));
    if (elements.length < 2) return;
    const found = domains(views);
    if (Object.keys(found).length) await Promise.all(elements.map((element) => draw(element, widened(found))));
  }

  const drawings = new Map();
  function drawGroup(elements) {
    if (!drawings.has(elements)) drawings.set(elements, drawOnScale(elements));
    return drawings.get(elements);
  }

  const groups = new Map();
  for (const element of document.querySelectorAll(".chart")) {
    const section = element.closest(".panels.several") || element;
    if (!groups.has(section)) groups.set(section, []);
    groups.get(section).push(element);
  }
  Undertow.drawAll = () => Promise.all([...groups.values()].map(drawGroup));

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); drawGroup(groups.get(entry.target)); }
  }, { rootMargin: "600px" });
  for (const section of groups.keys()) seen.observe(section);
  window.addEventListener("beforeprint", () => Undertow.drawAll());

  function drawAgain(which) {
    for (const elements of groups.values()) {
      if (!drawings.has(elements) || !which(elements[0])) continue;
      drawings.set(elements, drawings.get(elements).then(() => drawOnScale(elements)));
    }
  }
  dark.addEventListener("change", () => drawAgain(() => true));

  // Single views follow their place by themselves; panels are fitted again.
  let waiting, wide = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === wide) return;
    wide = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => drawAgain((element) => !Undertow.isSingle(parsed(element.dataset.spec))), 300);
  });

  // A heading sorts its column: largest first, then smallest first, then as it was.
  function sortBy(table, column) {
    const body = table.tBodies[0], head = table.tHead.rows[0].cells[column];
    if (!table.original) table.original = [...body.rows];
    const order = { none: "descending", descending: "ascending", ascending: "none" }[head.getAttribute("aria-sort") || "none"];
    for (const cell of table.tHead.rows[0].cells) cell.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const key = (row) => row.cells[column].dataset.order;
    const compared = (a, b) => {
      if (column === 0) return sign * a.cells[0].textContent.localeCompare(b.cells[0].textContent);
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      return sign * (Number(x) - Number(y));
    };
    body.append(...(order === "none" ? table.original : [...table.original].sort(compared)));
  }

  for (const table of document.querySelectorAll(".panel table")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sortBy(table, head.cellIndex));
    }
  }

  const intervals = document.getElementById("show-intervals");
  intervals.addEventListener("change", () => document.body.classList.toggle("intervals", intervals.checked));

  const links = new Map([...document.querySelectorAll("body > nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
  const reading = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const link = links.get(entry.target.id);
      if (link) link.classList.toggle("here", entry.isIntersecting);
    }
  }, { rootMargin: "-30% 0px -60% 0px" });
  for (const id of links.keys()) { const target = document.getElementById(id); if (target) reading.observe(target); }
})();
