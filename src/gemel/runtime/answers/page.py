"""A self-contained HTML page: its style is inline, its pictures are SVG, nothing is fetched from anywhere.

The policy in its head forbids every request.  Light and dark follow the reader's setting; print is plain.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["CAUTION", "LEGEND", "card", "definitions", "page", "section", "table", "tile"]

CAUTION = "Supports clinical judgement and never replaces it."

_STYLE = """
:root { color-scheme: light dark; --bg:#f4f6f8; --paper:#fff; --ink:#17212b; --soft:#52606d; --line:#d9e0e7;
  --blue:#0072b2; --blue2:#0072b24d; --blue3:#0072b226; --target:#009e7326; --green:#007a59; --orange:#b26b00;
  --truth:#d55e00; --dot:#17212b; --warn:#fff6df; --warnline:#e0b44a; }
@media (prefers-color-scheme: dark) { :root { --bg:#0f151b; --paper:#18212a; --ink:#e8eef4; --soft:#a3b1bf;
  --line:#2c3944; --blue:#56b4e9; --blue2:#56b4e952; --blue3:#56b4e929; --target:#00c08d24; --green:#4fd6ad;
  --orange:#f0b24a; --truth:#ff8a3d; --dot:#f4f7fa; --warn:#2b2613; --warnline:#8a701f; } }
* { box-sizing:border-box }
body { margin:0; background:var(--bg); color:var(--ink); font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif }
main { max-width:980px; margin:0 auto; padding:28px 20px 60px }
h1 { font-size:1.75rem; line-height:1.2; margin:0 0 4px; letter-spacing:-.01em }
h2 { font-size:1.2rem; margin:0 0 4px } h3 { font-size:1rem; margin:14px 0 4px }
p { margin:6px 0 } .lead,.soft { color:var(--soft) } .lead { margin-bottom:16px }
section { background:var(--paper); border:1px solid var(--line); border-radius:14px; padding:20px 22px; margin:18px 0 }
.caution { background:var(--warn); border:1px solid var(--warnline); border-radius:12px; padding:10px 16px;
  margin:16px 0 }
.tiles { display:grid; grid-template-columns:repeat(auto-fit,minmax(180px,1fr)); gap:12px; margin:18px 0 0 }
.tile { background:var(--paper); border:1px solid var(--line); border-radius:14px; padding:14px 16px }
.tile .big { font-size:1.45rem; white-space:nowrap; font-weight:650; line-height:1.2;
  font-variant-numeric:tabular-nums }
.tile .what { color:var(--soft); font-size:.9rem }
.verdict { font-size:1.12rem; font-weight:600; border-left:4px solid var(--blue); padding-left:12px; margin:12px 0 }
table { border-collapse:collapse; width:100%; margin:10px 0; font-variant-numeric:tabular-nums }
caption { text-align:left; color:var(--soft); font-size:.9rem; padding-bottom:4px }
th,td { padding:7px 10px; border-bottom:1px solid var(--line); text-align:right; vertical-align:middle }
th { color:var(--soft); font-weight:600; font-size:.88rem } th:first-child,td:first-child { text-align:left }
tr.best td { font-weight:650 } .scroll { overflow-x:auto }
.meter { display:inline-block; width:110px; height:10px; background:var(--blue3); border-radius:5px; overflow:hidden;
  margin-right:8px; vertical-align:middle }
.meter i { display:block; height:100%; background:var(--blue); border-radius:5px }
.words th,.words td { text-align:left }
.share { display:inline-block; min-width:3.2em }
.minis { display:grid; grid-template-columns:repeat(auto-fit,minmax(270px,1fr)); gap:14px; margin-top:12px }
.mini { border:1px solid var(--line); border-radius:10px; padding:10px 12px 4px }
.mini.best { border:2px solid var(--blue) }
.mini b { font-size:1rem } .mini span { color:var(--soft); float:right; font-size:.9rem }
dl { display:grid; grid-template-columns:max-content 1fr; gap:6px 18px; margin:10px 0 }
dt { color:var(--soft) } dd { margin:0; overflow-wrap:anywhere }
pre { white-space:pre-wrap; background:var(--bg); border-radius:10px; padding:12px 14px; font-size:.84rem;
  line-height:1.5 }
summary { cursor:pointer; color:var(--blue); padding:4px 0 } summary:focus-visible { outline:2px solid var(--blue) }
.wide { min-width:640px }
.chart { width:100%; height:auto; display:block; margin:8px 0 2px }
.chart text { font-family:inherit; fill:var(--soft); font-size:12px } .chart .axis { fill:var(--ink) }
.chart .grid { stroke:var(--line); stroke-width:1 } .chart .target,.key .target { fill:var(--target) }
.chart .band90,.key .band90 { fill:var(--blue3) } .chart .band50 { fill:var(--blue2) }
.chart .median,.key .median { fill:none; stroke:var(--blue); stroke-width:2.4; stroke-dasharray:7 5 }
.chart .measured,.key .measured { fill:var(--dot) }
.chart .truth,.key .truth { fill:none; stroke:var(--truth); stroke-width:2.2 }
.chart .now { stroke:var(--ink); stroke-width:1.2 } .chart .nowlabel { fill:var(--soft); font-style:italic }
.mark.insulin,.key .insulin { fill:var(--blue) } .mark.carbs,.key .carbs { fill:var(--orange) }
.mark.other { fill:var(--soft) }
.chart .marklabel { fill:var(--ink); font-size:11.5px } .stem { stroke-width:1; stroke-dasharray:2 4; opacity:.55 }
.stem.insulin { stroke:var(--blue) } .stem.carbs { stroke:var(--orange) } .stem.other { stroke:var(--soft) }
.key { display:flex; flex-wrap:wrap; gap:4px 18px; color:var(--soft); font-size:.88rem; margin:2px 0 6px }
.key svg { width:26px; height:14px; vertical-align:-2px; margin-right:5px }
footer { color:var(--soft); font-size:.88rem; margin-top:22px }
@media print { body { background:#fff } section,.tile { break-inside:avoid } }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _key(shape: str, label: str) -> str:
    return f'<span><svg viewBox="0 0 26 14" aria-hidden="true">{shape}</svg>{label}</span>'


LEGEND = {
    "measured": _key('<circle class="measured" cx="13" cy="7" r="3.2"/>', "measured by the sensor"),
    "read": _key('<circle class="measured" cx="13" cy="7" r="3.2"/>', "measured"),
    "median": _key('<line class="median" x1="0" x2="26" y1="7" y2="7"/>', "forecast, middle course"),
    "band": _key('<rect class="band90" width="26" height="14"/>', "50 % and 90 % of possible readings"),
    "target": _key('<rect class="target" width="26" height="14"/>', "target 70–180 mg/dL"),
    "truth": _key('<line class="truth" x1="0" x2="26" y1="7" y2="7"/>', "what the virtual person really did"),
    "insulin": _key('<polygon class="insulin" points="13,12 7,2 19,2"/>', "rapid insulin [IU]"),
    "carbs": _key('<polygon class="carbs" points="13,2 7,12 19,12"/>', "carbohydrate [g]"),
}
"""Keys of the pictures' marks, in the same classes."""


def page(title: str, lead: str, body: Sequence[str], foot: str) -> str:
    """The whole document; `title`, `lead` and `foot` are plain text, `body` is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{"".join(body)}'
        f"<footer>{escape(foot)}</footer></main></body></html>\n"
    )


def section(title: str, lead: str, *body: str) -> str:
    """A titled box; `lead` is plain text, `body` is HTML."""
    intro = f'<p class="soft">{escape(lead)}</p>' if lead else ""
    return f"<section><h2>{escape(title)}</h2>{intro}{''.join(body)}</section>"


def tile(big: str, what: str) -> str:
    """One number that matters, and what it is."""
    return f'<div class="tile"><div class="big">{escape(big)}</div><div class="what">{escape(what)}</div></div>'


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    best: int | None = None,
    caption: str = "",
    words: bool = False,
) -> str:
    """A table of numbers, or of `words`; cells are HTML, columns and caption plain text, row `best` stands out."""
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    lines = [
        f"<tr{' class=best' if i == best else ''}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for i, row in enumerate(rows)
    ]
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    kind, body = "words" if words else "numbers", "".join(lines)
    whole = f'<table class="{kind}">{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll">{whole}</div>'


def definitions(pairs: Sequence[tuple[str, str]]) -> str:
    """Terms and what they are, plain text."""
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"


def card(title: str, side: str, body: str, *, best: bool = False) -> str:
    """A small box with a title, a note at its right and HTML below."""
    kind = "mini best" if best else "mini"
    return f'<div class="{kind}"><b>{escape(title)}</b><span>{escape(side)}</span>{body}</div>'
