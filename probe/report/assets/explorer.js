// The sample explorer: a list of pairs (a sample under a condition) with filters, and a view of one of them.
//
//   const explorer = Undertow.explorer.mount(root, runs);   // runs: what explorer_data(...).to_json() gave, one or more
//   vegaEmbed(place, plane).then(({view}) => explorer.connect(view));   // a click on a point opens its pair
//   explorer.open(key); explorer.close();
//
// The address is #sample=KEY while a pair is open. All texts go in by textContent; nothing is evaluated.
"use strict";

(() => {
  const ALL = "";
  const WORDS = {
    right_to_wrong: "right → wrong",
    wrong_to_right: "wrong → right",
    wrong_to_other_wrong: "wrong → other wrong",
    right_to_right: "right → right",
    wrong_to_wrong: "wrong → wrong",
    dangerous: "dangerous: nearer to another image with another answer",
    harmless: "harmless: nearer to another image with the same answer",
    own: "nearer to its own clean state",
    flipped: "flipped",
    kept: "kept",
    "": "unknown",
  };
  const SHORT = { dangerous: "dangerous", harmless: "harmless" };
  // dark to light, evenly in lightness: colour-blind readers see an order too
  const COLOURS = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]];
  const PICTURE = "data:image/webp;base64,";

  // ---- elements

  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === false) continue;
      if (name === "text") made.textContent = value;
      else if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // what others wrote: its own direction changes nothing around it
  const foreign = (tag, text, properties = {}) => element(tag, { dir: "auto", ...properties, text });

  const number = (value, digits) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const percent = (share) => (share > 0 && share < 0.001 ? "< 0.1 %" : `${number(100 * share, 1)} %`);

  // ---- pairs of all runs, each with what it refers to

  function pairsOf(runs) {
    return runs.flatMap((data) =>
      data.pairs.map((pair) => {
        const sample = data.samples[pair.sample];
        const condition = data.conditions[pair.condition];
        return {
          ...pair,
          data,
          sample,
          condition,
          answer: pair.flipped === null ? "" : pair.flipped ? "flipped" : "kept",
          state: pair.verdict || "",
          cleanView: data.views[sample.view],
          view: data.views[pair.view],
          searched: [sample.id, sample.image, sample.question, sample.answer, ...sample.options, sample.clean.text,
            pair.text, condition.id].filter(Boolean).join("\n").toLowerCase(),
        };
      }),
    );
  }

  const FILTERS = [
    ["run", "Run", (pair) => runName(pair.data)],
    ["dataset", "Dataset", (pair) => pair.sample.dataset],
    ["kind", "Kind of question", (pair) => pair.sample.kind],
    ["family", "Perturbation", (pair) => pair.condition.family],
    ["answer", "Answer", (pair) => pair.answer, WORDS],
    ["transition", "Change", (pair) => pair.transition || "", WORDS],
    ["state", "State", (pair) => pair.state, { ...WORDS, "": "not judged" }],
  ];

  const runName = (data) => data.name || `run ${data.run + 1}`;

  // ---- words that differ, as [text, is it new here]

  function differences(before, after) {
    const [a, b] = [before, after].map((text) => text.match(/\s+|[^\s]+/g) || []);
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
    const [one, other] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
    const kept = common(one, other);
    const marked = (words, of, side) => {
      const parts = words.slice(0, start).map((word) => [word, false]);
      of.forEach((word, place) => parts.push([word, !kept[side].has(place)]));
      return parts.concat(words.slice(words.length - end).map((word) => [word, false]));
    };
    return [marked(a, one, 0), marked(b, other, 1)];
  }

  // the places of a longest common subsequence in either list
  function common(one, other) {
    const width = other.length + 1;
    const longest = new Uint16Array((one.length + 1) * width);
    for (let i = one.length - 1; i >= 0; i--) {
      for (let j = other.length - 1; j >= 0; j--) {
        const at = i * width + j;
        longest[at] = one[i] === other[j]
          ? longest[at + width + 1] + 1
          : Math.max(longest[at + width], longest[at + 1]);
      }
    }
    const kept = [new Set(), new Set()];
    for (let i = 0, j = 0; i < one.length && j < other.length;) {
      if (one[i] === other[j]) {
        kept[0].add(i++);
        kept[1].add(j++);
      } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
      else j++;
    }
    return kept;
  }

  function written(parts, tag) {
    const whole = foreign("blockquote", "");
    let run = null;
    for (const [word, isNew] of parts) {
      if (run && run.isNew === isNew) run.text += word;
      else {
        run = { isNew, text: word };
        (whole.runs ??= []).push(run);
      }
    }
    for (const { isNew, text } of whole.runs || []) whole.append(isNew ? element(tag, { text }) : text);
    return whole;
  }

  // ---- token drift

  function colour(level) {
    const place = (level / 255) * (COLOURS.length - 1);
    const low = Math.min(Math.floor(place), COLOURS.length - 2);
    return COLOURS[low].map((value, k) => Math.round(value + (place - low) * (COLOURS[low + 1][k] - value)));
  }

  function painted(width, height, levelAt, properties) {
    const canvas = element("canvas", { width, height, ...properties });
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    for (let place = 0; place < width * height; place++) {
      pixels.data.set([...colour(levelAt(place)), 255], 4 * place);
    }
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  function overlay(tokens, picture, scale) {
    const [, rows, columns] = tokens.shape;
    const levels = Uint8Array.from(atob(tokens.levels), (letter) => letter.charCodeAt(0));
    const first = picture * rows * columns;
    const [left, top, width, height] = tokens.parts[picture].map((share) => `${100 * share}%`);
    const factor = scale > 0 ? tokens.largest / scale : 0;
    return painted(columns, rows, (place) => Math.min(255, levels[first + place] * factor), {
      class: "tokens",
      style: `left: ${left}; top: ${top}; width: ${width}; height: ${height}`,
      role: "img",
      "aria-label": `How far each of ${rows} × ${columns} tokens moved, at most ${number(tokens.largest, 3)}`,
    });
  }

  function bar(scale, where) {
    return element(
      "p",
      { class: "scale" },
      element("span", { text: "0" }),
      painted(256, 1, (place) => place, { role: "img", "aria-label": "Colours from 0 to the largest drift" }),
      element("span", { text: number(scale, 3) }),
      element("span", { text: `1 − cos to the clean token, at ${where}` }),
    );
  }

  // ---- one pair

  function pictures(view, widest, drawn) {
    const shown = view.pictures.filter((one) => one.src.startsWith(PICTURE));
    const frames = shown.map((one, place) =>
      element(
        "div",
        { class: "picture", style: `width: ${(100 * one.width) / widest}%` },
        element("img", { src: one.src, alt: "", width: one.width, height: one.height }),
        drawn ? drawn(place) : null,
      ),
    );
    return frames.length ? frames : [element("p", { class: "none", text: view.reason || "No picture." })];
  }

  function figure(caption, children) {
    return element("figure", {}, element("figcaption", { text: caption }), element("div", {}, ...children));
  }

  function pictureSection(pair, look) {
    const { cleanView, view, data } = pair;
    const sizes = [...cleanView.pictures, ...view.pictures].map((one) => one.width);
    if (!sizes.length && !cleanView.reason && !view.reason) return null;
    const tokens = view.pictures.length ? view.tokens : undefined;
    const widest = Math.max(1, ...sizes);
    const scale = () => (look.common ? look.largest.get(data) : tokens.largest);
    const drawn = tokens && look.tokens ? (place) => overlay(tokens, place, scale()) : null;
    const section = element(
      "div",
      { class: "pictures", style: `--opacity: ${look.opacity}` },
      figure("Clean", pictures(cleanView, widest)),
      figure(`Under ${pair.condition.id}`, pictures(view, widest, drawn)),
    );
    if (!tokens) return section;
    const again = () => section.parentNode.replaceWith(pictureSection(pair, look));
    const box = (name, text) =>
      element("label", {}, element("input", {
        type: "checkbox", "data-look": name, checked: look[name],
        on: { change: (event) => {
          look[name] = event.target.checked;
          const parent = section.parentNode.parentNode;
          again();
          parent.querySelector(`[data-look="${name}"]`).focus();
        } },
      }), ` ${text}`);
    const slider = element("input", {
      type: "range", min: "0", max: "1", step: "0.05", value: look.opacity, "aria-label": "Opacity of the token drift",
      on: { input: (event) => {
        look.opacity = Number(event.target.value);
        section.style.setProperty("--opacity", look.opacity);
      } },
    });
    const controls = [box("tokens", "Token drift over the picture")];
    if (look.tokens) controls.push(element("label", {}, "Opacity ", slider), box("common", "one scale for all samples"));
    return element("div", {}, section, element("div", { class: "look" }, ...controls),
      look.tokens ? bar(scale(), data.tokens) : null);
  }

  function optionSection(pair) {
    const { sample } = pair;
    const [clean, now] = [sample.clean, pair].map((one) => one.probabilities);
    if (!sample.options.length || !(clean || now)) return null;
    const cell = (shares, place, side) =>
      element("td", { class: side }, ...(shares && shares[place] !== undefined && shares[place] !== null
        ? [element("span", { class: "bar", "aria-hidden": "true", style: `width: ${100 * shares[place]}%` }),
          element("span", { class: "share", text: percent(shares[place]) })]
        : ["–"]));
    const marks = (place) => [
      [sample.right === place, "right"],
      [sample.clean.choice === place && pair.choice === place, "chosen in both"],
      [sample.clean.choice === place && pair.choice !== place, "chosen on the clean picture"],
      [sample.clean.choice !== place && pair.choice === place, "chosen under the perturbation"],
    ].filter(([holds]) => holds).flatMap(([, text]) => [" ", element("small", { class: "mark", text })]);
    const rows = sample.options.map((option, place) =>
      element("tr", {},
        element("th", { scope: "row" }, foreign("span", option), ...marks(place)),
        cell(clean, place, "clean"), cell(now, place, "now")));
    return element("table", { class: "options" },
      element("caption", { text: "Probability of each option, among the options" }),
      element("thead", {}, element("tr", {}, element("th", { scope: "col", text: "Option" }),
        element("th", { scope: "col", text: "Clean" }), element("th", { scope: "col", text: "Perturbed" }))),
      element("tbody", {}, ...rows));
  }

  function textSection(pair) {
    const [clean, now] = [pair.sample.clean.text, pair.text];
    if (clean === undefined && now === undefined) return null;
    const [before, after] = differences(clean || "", now || "");
    const side = (name, text, parts, tag) =>
      element("section", {}, element("h4", { text: name }),
        text ? written(parts, tag) : element("p", { class: "none", text: text === undefined ? "Not asked." : "Nothing was written." }));
    return element("div", { class: "texts" },
      side("Answer on the clean picture", clean, before, "del"),
      side("Answer under the perturbation", now, after, "ins"));
  }

  function facts(pair) {
    const { data, sample } = pair;
    const change = pair.transition ? ` (${WORDS[pair.transition]})` : "";
    const rows = [
      ["Answer", pair.answer ? `${pair.answer}${change}` : null],
      ["State", pair.state ? WORDS[pair.state] : null],
      ["Drift", pair.drift === null ? null : `${number(pair.drift, 1)} % of ${data.scale}, at ${data.state}`],
      ["Margin", pair.margin === null || pair.cleanMargin === null ? null
        : `${number(pair.cleanMargin, 2)} nats when clean, ${number(pair.margin, 2)} nats perturbed`],
      ["Right answer", sample.answer || null],
      ["Sample", sample.id],
      ["Image", sample.image],
      ["Dataset", [sample.dataset, sample.kind].filter(Boolean).join(", ")],
    ].filter(([, value]) => value);
    return element("dl", { class: "facts" },
      ...rows.flatMap(([name, value]) => [element("dt", { text: name }), foreign("dd", value)]));
  }

  // ---- the explorer

  function mount(root, runs) {
    const pairs = pairsOf(runs);
    const byKey = new Map(pairs.map((pair) => [pair.key, pair]));
    const largest = new Map(runs.map((data) =>
      [data, Math.max(0, ...data.views.map((view) => (view.tokens ? view.tokens.largest : 0)))]));
    const look = { tokens: false, common: false, opacity: 0.6, largest };
    let shown = pairs;
    const planes = [];
    let current = null;

    const chosen = {};
    const search = element("input", { type: "search", on: { input: filter } });
    const selects = FILTERS.map(([name, title, valueOf, words]) => {
      const values = [...new Set(pairs.map(valueOf))];
      if (values.length < 2) return null;
      const select = element("select", { on: { change: () => { chosen[name] = select.selectedIndex ? values[select.selectedIndex - 1] : null; filter(); } } },
        element("option", { text: "all" }),
        ...values.map((value) => element("option", { text: words ? words[value] : value || "–" })));
      return { name, valueOf, select, field: field(name, title, select) };
    }).filter(Boolean);
    const reset = element("button", { type: "button", text: "Show all", on: { click: clear } });
    const count = element("p", { class: "count", role: "status", "aria-live": "polite" });
    const list = element("ol", { class: "pairs", "aria-label": "Samples under their conditions" });
    const detail = element("article", { class: "pair", tabindex: "-1", "aria-label": "The opened sample" });
    const form = element("form", { class: "filters", role: "search", "aria-label": "Filter the samples",
      on: { submit: (event) => event.preventDefault() } },
      ...selects.map((each) => each.field), field("text", "Text", search), reset);
    const entries = new Map(pairs.map((pair) => [pair.key, entry(pair, runs.length > 1)]));
    root.classList.add("explorer");
    root.replaceChildren(form, count, element("div", { class: "body" }, list, detail));
    window.addEventListener("hashchange", follow);
    window.addEventListener("popstate", follow);
    document.addEventListener("keydown", pressed);
    filter();
    blank();
    follow();
    return { open: (key) => open(key, { focus: true, push: true }), close, connect };

    function filter() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = pairs.filter((pair) =>
        selects.every(({ name, valueOf }) => chosen[name] === undefined || chosen[name] === null || valueOf(pair) === chosen[name])
        && words.every((word) => pair.searched.includes(word)));
      list.replaceChildren(...shown.map((pair) => entries.get(pair.key)));
      count.textContent = `${shown.length.toLocaleString("en")} of ${pairs.length.toLocaleString("en")} pairs of a sample and a condition`;
      reset.disabled = shown.length === pairs.length;
      if (current) position();
    }

    function clear() {
      search.value = "";
      for (const { name, select } of selects) {
        chosen[name] = null;
        select.selectedIndex = 0;
      }
      filter();
    }

    function address(key, push) {
      const url = key === null ? location.pathname + location.search : `#sample=${key}`;
      history[push ? "pushState" : "replaceState"](null, "", url);
    }

    function open(key, { focus = false, push = false, told = true } = {}) {
      const pair = byKey.get(key);
      if (!pair) return false;
      if (!shown.includes(pair)) clear();
      if (current) entries.get(current.key).firstChild.removeAttribute("aria-current");
      current = pair;
      const link = entries.get(key).firstChild;
      link.setAttribute("aria-current", "true");
      list.scrollTop += link.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3;
      if (told) address(key, push);
      draw(pair);
      mark();
      if (focus) {
        detail.focus({ preventScroll: true });
        detail.scrollIntoView({ block: "nearest" });
      }
      return true;
    }

    function close() {
      if (!current) return;
      const link = entries.get(current.key).firstChild;
      link.removeAttribute("aria-current");
      current = null;
      address(null, true);
      blank();
      link.focus({ preventScroll: true });
    }

    function blank() {
      mark();
      detail.replaceChildren(element("p", { class: "none", text: pairs.length
        ? "Choose a sample from the list, or a point of the plane. Then ← and → go on, Esc closes." : "There is nothing to show." }));
    }

    function draw(pair) {
      const step = (by, text) => element("button", { type: "button", text, "data-step": by, on: { click: () => move(by) } });
      const at = document.activeElement;
      const held = detail.contains(at) ? at.dataset.step : undefined;
      detail.replaceChildren(
        element("nav", { "aria-label": "Other samples" }, step(-1, "← Previous"), element("span", { class: "place" }),
          step(1, "Next →"), element("button", { type: "button", text: "Close", on: { click: close } })),
        foreign("h3", pair.sample.question),
        ...[pictureSection(pair, look), optionSection(pair), textSection(pair), facts(pair)].filter(Boolean));
      for (const part of detail.querySelectorAll("blockquote, h3, dd, th > span")) {
        if (part.scrollHeight > part.clientHeight + 1 && part.clientHeight) part.tabIndex = 0; // scrolled by keys too
      }
      position();
      const again = held && detail.querySelector(`[data-step="${held}"]`);
      if (again) again.disabled ? detail.focus({ preventScroll: true }) : again.focus({ preventScroll: true });
    }

    function position() {
      const place = shown.indexOf(current);
      detail.querySelector(".place").textContent = place < 0
        ? "not among the filtered"
        : `${(place + 1).toLocaleString("en")} of ${shown.length.toLocaleString("en")}`;
      detail.querySelector('[data-step="-1"]').disabled = place < 1;
      detail.querySelector('[data-step="1"]').disabled = place < 0 || place === shown.length - 1;
    }

    function move(by) {
      const next = shown[shown.indexOf(current) + by];
      if (shown.includes(current) && next) open(next.key);
    }

    function pressed(event) {
      if (!current || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const within = event.target.closest && event.target.closest("input:not([type=checkbox]), select, textarea");
      if (within && (event.key !== "Escape" || (within === search && search.value))) return;
      if (event.key === "ArrowLeft") move(-1);
      else if (event.key === "ArrowRight") move(1);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
    }

    function follow() {
      const found = /^#sample=([0-9.]+)$/.exec(location.hash);
      if (!found) {
        if (current && location.hash === "") {
          entries.get(current.key).firstChild.removeAttribute("aria-current");
          current = null;
          blank();
        }
        return;
      }
      if (current && current.key === found[1]) return;
      if (!open(found[1], { focus: true, told: false })) count.textContent = "This page does not show the sample of this address.";
    }

    // the point of the opened pair is marked
    function mark() {
      for (const view of planes) view.signal("opened", current ? current.key : "").runAsync();
    }

    function connect(view) {
      planes.push(view);
      mark();
      view.addEventListener("click", (_, item) => {
        if (item && item.datum && byKey.has(item.datum.key)) open(item.datum.key, { focus: true, push: true });
      });
    }
  }

  function field(name, title, control) {
    control.id = `explorer-${name}`;
    return element("div", { class: "field" }, element("label", { for: control.id, text: title }), control);
  }

  function entry(pair, severalRuns) {
    const badges = [pair.answer, SHORT[pair.state]].filter(Boolean);
    return element("li", {}, element("a", { href: `#sample=${pair.key}` },
      foreign("span", pair.sample.question.slice(0, 200), { class: "question" }),
      foreign("span", [severalRuns ? runName(pair.data) : null, pair.condition.id].filter(Boolean).join(" · "), { class: "condition" }),
      ...badges.map((text) => element("span", { class: `badge ${text}`, text }))));
  }

  window.Undertow = Object.assign(window.Undertow || {}, { explorer: { mount, differences } });
})();
