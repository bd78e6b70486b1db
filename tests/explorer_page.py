"""A page with nothing but an explorer and its plane: what tests of the explorer's script open."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import vl_convert

from probe.report import explorer

ASSETS = Path(explorer.__file__).with_name("assets")
PALETTE = """
:root {
  --fg: #1b1b1b; --bg: #fff; --muted: #5f5f5f; --line: #d9d9d9; --accent: #0072b2; --accent-2: #b34700;
  --panel: #f5f5f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --fg: #e8e8e8; --bg: #16181b; --muted: #a9a9a9; --line: #3a3d42; --accent: #56b4e9; --accent-2: #f0883e;
    --panel: #22252a;
  }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 0; }
#plane { width: 100%; }
th, td { white-space: nowrap; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
"""


def write(path: Path, shown: Sequence[explorer.Explorer], *, with_plane: bool = False) -> Path:
    """Write the page of some runs' explorers."""
    plane = shown[0].plane if with_plane else None
    bundle = vl_convert.javascript_bundle() if plane is not None else ""
    spec = "null" if plane is None else explorer.embedded(plane.to_dict())
    path.write_text(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{PALETTE}{(ASSETS / "explorer.css").read_text()}</style></head>
<body><main><h1>A run</h1><section><h2>Explorer</h2>
{"".join(f"<p>{escape(each)}</p>" for one in shown for each in one.sentences)}
<div id="plane"></div><div id="explorer"></div></section></main>
<script type="application/json" id="runs">{explorer.embedded([one.to_json() for one in shown])}</script>
<script type="application/json" id="spec">{spec}</script>
<script type="module">{bundle}
{(ASSETS / "explorer.js").read_text()}
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const mounted = Undertow.explorer.mount(document.getElementById("explorer"), read("runs"));
const spec = read("spec");
const drawn = spec && vegaEmbed("#plane", spec, {{actions: false, renderer: "svg"}});
if (drawn) drawn.then(({{view}}) => mounted.connect(view));
</script></body></html>""",
        "utf-8",
    )
    return path
