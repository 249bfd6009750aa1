import { html, type HtmlValue } from '../html.ts';

/** Text of our own, in which what stands between backticks is to be typed. */
export function marked(text: string): HtmlValue {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
