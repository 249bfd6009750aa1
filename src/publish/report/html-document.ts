import { html, htmlStart, type HtmlValue, raw } from '../html.ts';
import { styleSheet } from '../page/assets.ts';
import type { Block, Document, Inline } from './document.ts';

/** Without the frame of a page lines are shorter. */
const ownStyle = 'main { max-width: 76rem; }';

/** The document as one HTML file that needs nothing else; light and dark by the reader's setting. */
export function renderHtmlDocument(document: Document): string {
  return html`${htmlStart}
<title>${document.title}</title>
<style>${raw(styleSheet)}${raw(ownStyle)}</style>
</head>
<body>
<main id="main">
${htmlReportBody(document)}</main>
</body>
</html>
`.toString();
}

/** The document's content alone, for a page with a frame of its own. */
export function htmlReportBody({ title, sections }: Document): HtmlValue {
  return html`<article class="report">
<h1>${title}</h1>
${sections.map(
  (section) => html`<h2>${section.title}</h2>
${section.blocks.map(block)}`,
)}</article>
`;
}

function block(one: Block): HtmlValue {
  switch (one.kind) {
    case 'heading':
      return html`<h3>${one.text}</h3>
`;
    case 'paragraph':
      return html`<p>${inline(one.text)}</p>
`;
    case 'list':
      return html`<ul>${one.items.map((item) => html`<li>${inline(item)}</li>`)}</ul>
`;
    case 'table':
      return table(one);
    case 'code':
      return html`<pre tabindex="0"><code>${one.text}</code></pre>
`;
    case 'details':
      return html`<details><summary>${one.summary}</summary>
${one.blocks.map(block)}</details>
`;
    default:
      return one satisfies never;
  }
}

function table({ head, rows }: Extract<Block, { kind: 'table' }>): HtmlValue {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${head[0] ?? 'Table'}">
<table>
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([first, ...cells]) => html`<tr><th scope="row">${first === undefined ? '' : inline(first.text)}</th>${cells.map(
    ({ text, state }, index) => html`<td class="${state ?? ''}" data-column="${head[index + 1]}">${inline(text)}</td>`,
  )}</tr>
`,
)}</tbody>
</table>
</div>
`;
}

/** Reasons and settings are long words; a narrow column may break them after an underscore. */
function breakable(text: string): HtmlValue {
  const [first = '', ...rest] = text.split('_');
  return [first, ...rest.map((part) => html`_<wbr>${part}`)];
}

function inline(text: Inline): HtmlValue {
  if (typeof text === 'string') return text;
  if ('marked' in text) {
    const parts = text.marked.split('`');
    return parts.map((part, index) => (index % 2 === 1 ? html`<code>${breakable(part)}</code>` : part));
  }
  return 'url' in text ? html`<a href="${text.url}">${text.text}</a>` : text.map(inline);
}
