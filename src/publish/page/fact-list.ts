import { html, type HtmlValue, type SafeHtml } from '../html.ts';

/** Names and values, those without a value left out. */
export function factList(facts: readonly (readonly [name: string, value: HtmlValue])[]): SafeHtml {
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  return html`<dl>${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
