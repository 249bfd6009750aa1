import { html } from '../html.ts';
import type { Page, PageFrame } from './layout.ts';

/** A page that says one thing, and leads on: for what is not there, and what went wrong. */
export function messagePage(title: string, sentence: string, frame: PageFrame): Page {
  const body = html`<h1>${title}</h1>
<p>${sentence}</p>
<p><a href="${frame.base}/">Status</a> · <a href="${frame.base}/runs">Runs</a></p>`;
  return { title, body };
}
