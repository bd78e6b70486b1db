"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const last = data.layers.length - 1;
  const state = { layer: last, place: null, view: 0 };

  function make(name, properties = {}, ...children) {
    const { style, ...rest } = properties;
    const made = Object.assign(document.createElement(name), rest);
    for (const [key, value] of Object.entries(style || {})) made.style.setProperty(key, value);
    made.append(...children);
    return made;
  }

  const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
  const count = (grid) => grid[0] * grid[1] * grid[2];
  const shape = (view) => JSON.stringify(view.pictures.map((one) => one.grid));

  // cells[view][place]
  const cells = data.conditions.map(() => []);

  function where(view, place) {
    let start = 0;
    for (const [number, picture] of view.pictures.entries()) {
      const [tiles, rows, columns] = picture.grid;
      if (place < start + count(picture.grid)) {
        const within = place - start, cell = within % (rows * columns);
        const parts = view.pictures.length > 1 ? [`picture ${number + 1}`] : [];
        if (tiles > 1) parts.push(`tile ${Math.floor(within / (rows * columns)) + 1}`);
        parts.push(rows > 1 ? `row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}` : `position ${cell + 1}`);
        return { text: parts.join(", "), picture: number, columns: rows > 1 ? columns : Math.min(8, count(picture.grid)) };
      }
      start += count(picture.grid);
    }
    return { text: "", picture: 0, columns: 1 };
  }

  function cell(number, place) {
    const made = make("button", { type: "button", className: "cell", tabIndex: -1 }, make("span"));
    made.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") choose(number, place); });
    made.addEventListener("click", () => choose(number, place, true));
    made.addEventListener("focus", () => choose(number, place));
    cells[number][place] = made;
    return made;
  }

  function grid(number, start, rows, columns, properties) {
    const style = { "grid-template-columns": `repeat(${columns}, minmax(0, 1fr))`, ...properties.style };
    if (rows) style["grid-template-rows"] = `repeat(${rows}, minmax(0, 1fr))`;
    const made = make("div", { ...properties, style });
    const total = properties.total ?? rows * columns;
    for (let place = start; place < start + total; place++) made.append(cell(number, place));
    return made;
  }

  function drawn(number, view) {
    const made = make("section", { className: "view" }, make("h2", {}, make("bdi", { textContent: view.name })));
    let start = 0;
    for (const [index, picture] of view.pictures.entries()) {
      const [tiles, rows, columns] = picture.grid;
      const frame = make("div", { className: "picture" });
      frame.append(make("img", { src: picture.src, width: picture.width, height: picture.height, alt: `picture ${index + 1} under ${view.name}` }));
      made.append(frame);
      if (picture.part) {
        const [left, top, width, height] = picture.part.map((share) => `${100 * share}%`);
        frame.append(grid(number, start, rows, columns, { className: "grid over", style: { left, top, width, height } }));
      } else if (rows > 1) {
        made.append(make("p", { className: "lead", textContent: `Its ${tiles} tiles in order: where they lie on the picture is not known.` }));
        const all = make("div", { className: "tiles" });
        for (let tile = 0; tile < tiles; tile++)
          all.append(grid(number, start + tile * rows * columns, rows, columns, { className: "grid below" }));
        made.append(all);
      } else {
        const total = count(picture.grid);
        made.append(make("p", { className: "lead", textContent: `Its ${total} tokens in order: they are no places of the picture.` }));
        made.append(grid(number, start, 0, Math.min(8, total), { className: "grid below", total }));
      }
      start += count(picture.grid);
    }
    made.addEventListener("keydown", move);
    return made;
  }

  function move(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 0, ArrowDown: 0 };
    if (!(event.key in steps) || state.place === null) return;
    const view = data.conditions[state.view], { columns } = where(view, state.place);
    const step = steps[event.key] || (event.key === "ArrowDown" ? columns : -columns);
    const next = cells[state.view][state.place + step];
    event.preventDefault();
    if (next) next.focus();
  }

  // the same place is chosen in every condition whose grid is the same
  function choose(view, place, pinned = false) {
    const before = state.place === null ? [] : document.querySelectorAll(".cell.chosen");
    for (const each of before) { each.classList.remove("chosen"); each.tabIndex = -1; }
    state.view = view;
    state.place = place;
    const own = shape(data.conditions[view]);
    for (const [number, each] of data.conditions.entries())
      if (shape(each) === own) cells[number][place].classList.add("chosen");
    cells[view][place].tabIndex = 0;
    for (const other of cells) if (other !== cells[view] && other.length) other[Math.min(place, other.length - 1)].tabIndex = 0;
    if (pinned) cells[view][place].focus({ preventScroll: true });
    table();
  }

  function listed(view, layer, place) {
    const list = make("ol");
    for (const [rank, word] of view.words[layer][place].entries()) {
      const [logit, share] = [view.logits[layer][place][rank], view.probabilities[layer][place][rank]];
      list.append(make("li", { title: `logit ${logit.toFixed(2)}` }, make("b", {}, make("bdi", { textContent: data.words[word] })), " ",
        make("small", { textContent: percent(share) })));
    }
    return list;
  }

  function table() {
    const own = shape(data.conditions[state.view]);
    const views = data.conditions.filter((each) => shape(each) === own);
    const alike = views.length === data.conditions.length ? views : [data.conditions[state.view]];
    const head = make("tr", {}, make("th", { scope: "col", textContent: "layer" }));
    for (const view of alike) head.append(make("th", { scope: "col" }, make("bdi", { textContent: view.name })));
    const body = make("tbody");
    for (let layer = last; layer >= 0; layer--) {
      const row = make("tr", { className: layer === state.layer ? "here" : "" });
      row.append(make("th", { scope: "row", textContent: data.layers[layer] }));
      for (const view of alike) row.append(make("td", {}, listed(view, layer, state.place)));
      body.append(row);
    }
    by("hint").textContent = where(data.conditions[state.view], state.place).text;
    by("place").replaceChildren(make("table", {}, make("thead", {}, head), body));
  }

  function draw() {
    by("layer-number").textContent = `${data.layers[state.layer]} of ${data.layers[last]}`;
    const asked = by("find").value.trim().toLowerCase();
    const shares = data.conditions.flatMap((view) => view.probabilities[state.layer].map((place) => place[0]));
    const highest = shares.reduce((one, other) => Math.max(one, other), 0) || 1;
    let found = 0;
    for (const [number, view] of data.conditions.entries()) {
      for (const [place, each] of cells[number].entries()) {
        const words = view.words[state.layer][place].map((word) => data.words[word]);
        const share = view.probabilities[state.layer][place][0];
        each.firstChild.textContent = words[0].replace(/^␣/, "");
        each.style.setProperty("--p", (0.05 + 0.55 * share / highest).toFixed(3));
        each.setAttribute("aria-label", `${where(view, place).text}: ${words[0]}, ${percent(share)}`);
        const match = asked !== "" && words.some((word) => word.replace(/^␣/, "").toLowerCase().includes(asked));
        each.classList.toggle("match", match);
        found += match;
      }
    }
    by("found").textContent = asked === "" ? "" : `at ${found} of ${cells.flat().length} places`;
    if (state.place !== null) table();
  }

  by("views").append(...data.conditions.map((view, number) => drawn(number, view)));
  for (const own of cells) if (own.length) own[0].tabIndex = 0;
  by("layer").max = last;
  by("layer").value = last;
  by("layer").addEventListener("input", () => { state.layer = Number(by("layer").value); draw(); });
  by("written").addEventListener("change", () => by("views").classList.toggle("unwritten", !by("written").checked));
  by("find").addEventListener("input", draw);
  draw();
})();
