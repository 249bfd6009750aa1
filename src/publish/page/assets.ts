/** Served as `/style.css`: light and dark by the reader's setting, one column on narrow screens. */
export const styleSheet = `:root {
  color-scheme: light dark;
  --text: #1c2126; --soft: #56606b; --back: #fff; --panel: #f4f6f8; --line: #d5dbe1; --link: #0b57b7;
  --ok: #176b37; --ok-back: #e5f4ea; --retried: #7a4d00; --retried-back: #fdf1d8; --failed: #a41e17; --failed-back: #fbe6e4;
  --dns: #7d5ba6; --connect: #2f7fb8; --tls: #2aa198; --send: #c77700; --wait: #8a939c; --receive: #3b8f4a; --pause: #d5dbe1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e8ec; --soft: #a3adb8; --back: #14181c; --panel: #1e242a; --line: #38414a; --link: #7db5f5;
    --ok: #7bd298; --ok-back: #16301f; --retried: #f0c36a; --retried-back: #362a10; --failed: #ff9b92; --failed-back: #3d1a18;
    --dns: #b79ad6; --connect: #6db3e2; --tls: #5cc9c0; --send: #f0a63c; --wait: #7b858f; --receive: #79c687; --pause: #38414a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header, main, footer { max-width: 90rem; margin: 0 auto; padding: .75rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; border-bottom: 1px solid var(--line); }
header .name { font-weight: 700; font-size: 1.15rem; text-decoration: none; color: inherit; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
footer { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; justify-content: space-between; color: var(--soft); border-top: 1px solid var(--line); }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--back); padding: .25rem .5rem; }
h1 { font-size: 1.4rem; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 .4rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
.soft { color: var(--soft); font-weight: 400; font-size: .87rem; }
/* A shade at the edge where a chart goes on. */
.scroll { overflow-x: auto; background: linear-gradient(to right, var(--back) 40%, transparent) left / 3rem 100% no-repeat local, linear-gradient(to left, var(--back) 40%, transparent) right / 3rem 100% no-repeat local, linear-gradient(to right, var(--line), transparent) left / .8rem 100% no-repeat, linear-gradient(to left, var(--line), transparent) right / .8rem 100% no-repeat; }
.notice { border-left: 4px solid var(--failed); background: var(--failed-back); padding: .5rem .75rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border: 1px solid var(--line); }
thead th { background: var(--panel); }
.matrix { table-layout: fixed; } .matrix th:first-child { width: 13rem; overflow-wrap: anywhere; } time { white-space: nowrap; }
.mark { padding: .15rem 0; overflow-wrap: anywhere; } .mark + .mark { border-top: 1px dotted var(--line); }
.mark > a { font-weight: 600; white-space: nowrap; } .mark .tail { white-space: nowrap; } .mark .spark { height: .9em; width: auto; vertical-align: -.1em; margin-left: .3rem; }
.mark { font-size: .92em; } .mark code, .mark .said, .mark time { font-size: .88em; } .mark code, .report td code { color: var(--soft); } .report td code { font-size: .82em; }
.mark.ok > a { color: var(--ok); } .mark.retried > a { color: var(--retried); } .mark.failed > a { color: var(--failed); }
form.run { display: inline; } form.run button { font: inherit; font-size: .85em; color: var(--soft); background: none; border: 1px solid var(--line); border-radius: 3px; padding: 0 .35rem; cursor: pointer; }
form.run button:hover, form.run button:focus-visible { color: var(--link); border-color: var(--link); }
.cause { border: 1px solid var(--line); border-left: 4px solid var(--failed); border-radius: 4px; padding: .1rem .9rem .5rem; margin: .6rem 0; overflow-wrap: anywhere; }
.cause.open { border-left-color: var(--retried); } .cause h3 { margin: .5rem 0 .2rem; } .cause .where { color: var(--failed); } .cause p { margin: .25rem 0; }
.pager { display: flex; gap: .25rem 1rem; margin: .4rem 0; }
.registries th[scope="row"] { min-width: 14rem; width: 60%; font-weight: 600; } td.num.failed { color: var(--failed); font-weight: 600; } td.num.retried { color: var(--retried); } td.num.ok { color: var(--ok); }
.verdict { border-left: 4px solid var(--line); padding: .25rem .75rem; margin: .4rem 0; }
.remedies { margin: .4rem 0; padding-left: 2.1rem; font-weight: 600; overflow-wrap: anywhere; } .remedies code { font-size: .95em; }
.verdict.ok { border-color: var(--ok); } .verdict.failed { border-color: var(--failed); }
html[data-lost] main { opacity: .6; }
.matrix th[scope="row"] { position: sticky; left: 0; background: var(--panel); }
.matrix td > a, .state { font-weight: 600; }
td.ok { background: var(--ok-back); } td.ok > a, .state.ok { color: var(--ok); }
td.retried { background: var(--retried-back); } td.retried > a, .state.retried { color: var(--retried); }
td.failed { background: var(--failed-back); } td.failed > a, .state.failed { color: var(--failed); }
td.stale, td.unknown, td.none { background: var(--panel); color: var(--soft); }
td.evidence, .wrap { overflow-wrap: anywhere; } .runs td.wrap { min-width: 22rem; overflow-wrap: break-word; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sparks { display: flex; gap: .6rem; margin-top: .2rem; }
.sparks figure { margin: 0; line-height: 1; } .sparks figcaption { font-size: .7rem; color: var(--soft); }
.spark polyline { fill: none; stroke: var(--link); stroke-width: 1.5; }
.spark .good { fill: var(--link); } .spark .bad { stroke: var(--failed); stroke-width: 4; stroke-linecap: round; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); padding: .4rem .75rem; margin: .4rem 0; } summary { cursor: pointer; font-weight: 600; }
details.plain { border: 0; padding: 0; margin: 0; } details.plain summary { font-weight: 400; white-space: nowrap; }
code { background: var(--panel); border-radius: 3px; padding: 0 .2rem; } h3 code, dd code, .soft code { font-size: .85em; font-weight: 400; color: var(--soft); } pre code { background: none; padding: 0; }
pre.wrap { white-space: pre-wrap; }
pre { background: var(--panel); border: 1px solid var(--line); padding: .75rem; overflow-x: auto; max-height: 40rem; } pre.whole { max-height: none; }
.waterfall { width: 100%; max-width: 72rem; height: auto; font-size: 11px; }
.waterfall text { fill: var(--text); } .waterfall .axis { stroke: var(--line); } .waterfall .tick { fill: var(--soft); }
.by-receiver { fill: var(--wait); } .by-network { fill: var(--send); } .by-prober { fill: var(--pause); }
.bytes polyline { fill: none; stroke: var(--send); stroke-width: 2; stroke-linejoin: round; }
.waterfall .error { fill: var(--failed); } .waterfall .beside { display: none; }
.dns { fill: var(--dns); } .connect { fill: var(--connect); } .tls { fill: var(--tls); } .send { fill: var(--send); }
.wait { fill: var(--wait); } .receive { fill: var(--receive); } .pause { fill: var(--pause); }
progress { width: 20rem; max-width: 100%; accent-color: var(--link); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
.legend svg { width: .8em; height: .8em; }
/* A report, alone or in a page: tables fit a screen; on a phone each row is a block, and its cells name their columns. */
.report h2 { border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
.report p, .report li, .report h3 { overflow-wrap: anywhere; } .report li { margin: .2rem 0; }
.report td { min-width: 5.5rem; overflow-wrap: break-word; } .report td, .report th { font-size: .87rem; line-height: 1.35; padding: .25rem .5rem; }
.report tbody th { position: sticky; left: 0; background: var(--panel); min-width: 6.5rem; max-width: 16rem; overflow-wrap: break-word; }
@media (min-width: 40rem) { .report th:first-child:nth-last-child(3) { width: 24%; } .report th:first-child:nth-last-child(3) + * { width: 20%; } .report th:first-child:nth-last-child(4) + td { white-space: nowrap; } }
@media print {
  header, footer, .skip, .screen { display: none; }
  body { font-size: 10pt; } header, main, footer { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; } tr, li { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; } .report a::after { content: " (" attr(href) ")"; overflow-wrap: anywhere; }
  .scroll { overflow: visible; } .report td, .report tbody th { min-width: 0; } .report td, .report th { font-size: 8pt; padding: .2rem .3rem; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 8pt; }
  td { print-color-adjust: exact; }
}
@media (max-width: 40rem) {
  th, td { padding: .3rem .4rem; }
  /* The plot alone, as wide as the screen, its labels in it: 660 of 940 units, from the 190th on. */
  .chart { overflow: clip; padding-top: .4rem; } .waterfall { display: block; width: 142.4%; margin-left: -28.8%; overflow: visible; }
  .waterfall .name, .waterfall .end { display: none; } .waterfall .beside { display: inline; }
  .waterfall .label, .waterfall .beside { font-size: 16px; paint-order: stroke; stroke: var(--back); stroke-width: 3px; stroke-linejoin: round; } .waterfall .label { transform: translate(190px); }
  .waterfall .tick { font-size: 17px; } .waterfall .tick:nth-of-type(1) { text-anchor: start; } .waterfall .tick:nth-of-type(5) { text-anchor: end; } .waterfall .tick:not(.label):nth-of-type(even) { display: none; }
  .requests thead { display: none; } .requests, .requests tbody, .requests tr, .requests td { display: block; }
  .requests tr { border: 1px solid var(--line); padding: .2rem .4rem; margin-bottom: .4rem; } .requests td, .requests td.wrap { border: 0; padding: .05rem 0; min-width: 0; text-align: left; white-space: normal; }
  .requests td[data-column] { display: inline-block; margin-right: .8rem; } .requests td[data-column]::before { content: attr(data-column); color: var(--soft); margin-right: .3rem; } .requests td[data-column]:empty { display: none; }
  td.wrap { min-width: 14rem; } .runs thead, .runs .num { display: none; } .runs, .runs tbody, .runs tr, .runs td:not(.num) { display: block; }
  .runs tr { border: 1px solid var(--line); padding: .2rem .4rem; margin-bottom: .4rem; } .runs td, .runs td.wrap { border: 0; padding: .05rem 0; min-width: 0; }
  .runs tr td:first-child, .runs tr td:first-child + td { display: inline; margin-right: .5rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
  .matrix thead { display: none; } .matrix, .matrix tbody, .matrix tr, .matrix th, .matrix td { display: block; width: auto; }
  .matrix th[scope="row"] { position: static; width: auto; border-bottom: 0; } .matrix tr { margin-bottom: .6rem; } .matrix td { border-bottom: 0; } .matrix td:last-child { border-bottom: 1px solid var(--line); }
  .matrix td::before { content: attr(data-workload); font-weight: 600; margin-right: .5rem; } .mark { display: inline-block; margin-right: .8rem; border: 0; } .mark + .mark { border: 0; }
  .mark .said, .mark time, .mark .spark, .mark form { display: none; } .mark.failed .said { display: inline; }
  .report thead { display: none; } .report table, .report tbody, .report tr, .report tbody th, .report td { display: block; }
  .report tr { margin-bottom: .6rem; } .report tbody th { position: static; max-width: none; } .report td { min-width: 0; border-top: 0; }
  .report td::before { content: attr(data-column); font-weight: 600; margin-right: .5rem; }
}
`;

/**
 * Served as `/app.js`: fetches the page that is open again and swaps its live part. The same HTML as without JavaScript,
 * so there is one rendering to get right. What was opened, scrolled or focused stays so. Waits while the tab is hidden or the reader has selected something.
 */
export const script = `'use strict';
(() => {
  const focusable = 'a, button, summary, [tabindex]';
  function sectionOf(element) {
    const section = element.closest('section');
    return section?.getAttribute('aria-labelledby') ?? section?.querySelector('h2')?.textContent;
  }
  function alike(live, section, selector) {
    return [...live.querySelectorAll(selector)].filter((one) => sectionOf(one) === section);
  }
  // The section and the place in it: what comes or goes in another section moves nothing.
  function placeOf(live, element, selector) {
    const section = sectionOf(element);
    return { section, index: alike(live, section, selector).indexOf(element) };
  }
  function at(live, { section, index }, selector) {
    return alike(live, section, selector)[index];
  }
  async function renew() {
    const here = document.getElementById('live');
    const selection = document.getSelection();
    if (here === null || document.hidden || (selection !== null && !selection.isCollapsed)) {
      return;
    }
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (!answer.ok) {
      throw new Error('status ' + answer.status);
    }
    const there = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('live');
    if (there === null) {
      location.reload();
      return;
    }
    const opened = [...here.querySelectorAll('details[open]')].map((one) => placeOf(here, one, 'details'));
    const scrolled = [...here.querySelectorAll('.scroll')].map((box) => [placeOf(here, box, '.scroll'), box.scrollLeft]);
    const focused = here.contains(document.activeElement) ? placeOf(here, document.activeElement, focusable) : undefined;
    here.replaceChildren(...there.childNodes);
    for (const place of opened) at(here, place, 'details')?.setAttribute('open', '');
    for (const [place, left] of scrolled) at(here, place, '.scroll')?.scrollTo({ left });
    if (focused !== undefined) at(here, focused, focusable)?.focus({ preventScroll: true });
    document.documentElement.removeAttribute('data-lost');
  }
  function wait() {
    const everyMs = Number(document.getElementById('live')?.dataset.every ?? 5000);
    setTimeout(() => {
      renew().catch(() => document.documentElement.setAttribute('data-lost', '')).finally(wait);
    }, everyMs);
  }
  wait();
})();
`;

/** Served as `/icon.svg`. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57b7"/>' +
  '<path d="M8 3v8M4.5 6.5 8 3l3.500 3.500" stroke="#fff" stroke-width="2" fill="none"/><path d="M4 13h8" stroke="#fff" stroke-width="2"/></svg>';
