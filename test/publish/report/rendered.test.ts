import * as fc from 'fast-check';
import { marked } from 'marked';
import { expect, test } from 'vitest';
import type { Document } from '../../../src/publish/report/document.ts';
import { htmlReportBody } from '../../../src/publish/report/html-document.ts';
import { renderMarkdown } from '../../../src/publish/report/markdown.ts';

// What readers see of a report must not depend on whether they got it as HTML or as Markdown.

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The text that a browser shows; spaces between blocks do not count. */
function shown(html: string): string {
  return html
    .replace(/<br>|<\/(?:h[1-6]|li|p|td|th|tr|pre|summary)>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
}

function bothOf(document: Document): { readonly html: string; readonly markdown: string } {
  return {
    html: shown(String(htmlReportBody(document))),
    markdown: shown(marked(renderMarkdown(document), { gfm: true, async: false })),
  };
}

/** The text wherever a report may have it. */
function everywhere(text: string): Document {
  return {
    title: text,
    sections: [
      {
        title: text,
        blocks: [
          { kind: 'heading', text },
          { kind: 'paragraph', text },
          { kind: 'list', items: [text, [text, { marked: ' and type `x|y \\ z`, then go' }]] },
          { kind: 'table', head: ['a', text], rows: [[{ text }, { text: { marked: 'type `x|y`' } }]] },
          { kind: 'code', language: 'text', text },
          { kind: 'details', summary: text, blocks: [{ kind: 'paragraph', text }] },
        ],
      },
    ],
  };
}

test.each([
  '11.4 MiB/s',
  '1. none',
  '2) none',
  '- none',
  '+ 5 %',
  '= none',
  'a | b',
  'body_too_large',
  'https://git.example.org/v2/a_b/blobs/uploads/?_state=c*d',
  'C:\\temp\\*',
  'x < y & z > 1 &amp; `code` *b* _i_ ~~s~~ [l](javascript:x) # h',
])('%s reads the same in both', (text) => {
  const { html, markdown } = bothOf(everywhere(text));
  expect(html).toContain(text);
  expect(markdown).toBe(html);
});

test('a figure needs no backslash, so that the text is as readable as the page', () => {
  const markdown = renderMarkdown(everywhere('11.4 MiB/s'));
  expect(markdown).toContain('| 11.4 MiB/s |');
  expect(markdown).not.toContain('11\\.4');
});

test('whatever text comes from outside reads the same in both', () => {
  const character = fc.constantFrom(...'\\`*_{}[]()#+-.!|<>&~=:/ 1a"'.split(''));
  const text = fc
    .array(character, { minLength: 1, maxLength: 24 })
    .map((characters) => characters.join('').trim())
    .filter((one) => one !== '');
  fc.assert(
    fc.property(text, (one) => {
      const { html, markdown } = bothOf(everywhere(one));
      expect(markdown).toBe(html);
    }),
    { numRuns: 2_000 },
  );
});
