import { escapeHtml } from '../html.ts';
import type { Block, Document, Inline } from './document.ts';

/** The document as Markdown (CommonMark with tables). Text from outside cannot form markup. */
export function renderMarkdown({ title, sections }: Document): string {
  const parts = [
    `# ${inline(title)}`,
    ...sections.flatMap((section) => [`## ${inline(section.title)}`, ...section.blocks.map(block)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function block(one: Block): string {
  switch (one.kind) {
    case 'heading':
      return `### ${inline(one.text)}`;
    case 'paragraph':
      return inline(one.text);
    case 'list':
      return one.items.map((item) => `- ${inline(item)}`).join('\n');
    case 'table':
      return [
        `| ${one.head.map(inline).join(' | ')} |`,
        `|${' --- |'.repeat(one.head.length)}`,
        ...one.rows.map((cells) => `| ${cells.map(({ text }) => cell(text)).join(' | ')} |`),
      ].join('\n');
    case 'code':
      return fenced(one.language, one.text);
    case 'details':
      return [`<details><summary>${escapeHtml(one.summary)}</summary>`, ...one.blocks.map(block), '</details>'].join(
        '\n\n',
      );
    default:
      return one satisfies never;
  }
}

/** Tables are cut at every pipe that has no backslash, also within code. */
function cell(text: Inline): string {
  return inline(text).replace(/(?<!\\)\|/g, '\\|');
}

function inline(text: Inline): string {
  if (typeof text === 'string') return escaped(text);
  if ('marked' in text) {
    // Odd parts stand between backticks.
    return text.marked
      .split('`')
      .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : escaped(part)))
      .join('');
  }
  return 'url' in text ? `[${escaped(text.text)}](<${text.url}>)` : text.map(inline).join('');
}

/**
 * A backslash stands before the very character that would form markup: `1\.` is `1.` everywhere, and `\1.` shows the backslash. The colon of
 * a URL gets one where the URL itself needs some: readers make links of bare URLs, and within a link a backslash is a backslash.
 */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/[\\`*_[\]<>|#~&]|:(?=\/\/\S*[\\`*_[\]<>|#~&])/g, '\\$&')
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)(?=[.)](?:\s|$))/, '$1\\');
}

/** The fence is longer than any run of backticks inside. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}
