"use strict";
// Charts of several panels made as wide as their place, as probe/figures/fitting.py does it for files.
(() => {
  const PARTS = ["hconcat", "vconcat", "concat"];
  const NARROWEST = 96;

  const isSingle = (spec) => !("facet" in spec) && !PARTS.some((part) => part in spec);
  const keepsShape = (spec) => (spec.name || "").startsWith("square");
  const inner = (spec, act) =>
    Object.fromEntries(PARTS.filter((part) => part in spec).map((part) => [part, spec[part].map(act)]));

  // As many panels side by side as are not too narrow.
  function inColumns(spec, width, least = NARROWEST) {
    const own = (spec.usermeta && spec.usermeta.narrowest) || least;
    const found = { ...spec, ...inner(spec, (each) => inColumns(each, width, own)) };
    if ("columns" in found) found.columns = Math.min(found.columns, Math.max(1, Math.floor(width / own)));
    return found;
  }

  // The widths of the panels, and nothing else, times a factor.
  function scaled(spec, factor) {
    if ("spec" in spec) return { ...spec, spec: scaled(spec.spec, factor) };
    if (!isSingle(spec)) return { ...spec, ...inner(spec, (each) => scaled(each, factor)) };
    const size = (value) => Math.round(value * factor * 10) / 10;
    const found = { ...spec, width: size(spec.width) };
    if (keepsShape(spec)) found.height = size(spec.height);
    return found;
  }

  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

  // The widths of the panels that stand side by side, in the widest row.
  function across(spec) {
    if ("facet" in spec) return across(spec.spec) * (spec.columns || 1);
    if ("concat" in spec) {
      const widths = spec.concat.map(across).sort((a, b) => a - b);
      return sum(widths.slice(-(spec.columns || widths.length)));
    }
    if ("hconcat" in spec) return sum(spec.hconcat.map(across));
    if ("vconcat" in spec) return Math.max(...spec.vconcat.map(across));
    return spec.width;
  }

  // Draws the chart at most `width` px wide; what stands beside the panels is found by trying.
  async function fitted(spec, width, embed) {
    if (isSingle(spec)) return embed(spec);
    const arranged = inColumns(spec, width);
    let factor = 1, drawn;
    for (let tries = 0; tries < 5; tries++) {
      drawn = await embed(scaled(arranged, factor));
      const left = width - 1 - drawn.view.container().querySelector("svg").getBoundingClientRect().width;
      if (left >= 0 && left < 3) break;
      factor = Math.max(0.05, factor + left / across(arranged));
    }
    return drawn;
  }

  window.Undertow = Object.assign(window.Undertow || {}, { fitted, isSingle });
})();
