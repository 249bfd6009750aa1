import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { escapeHtml, html, raw } from '../../src/publish/html.ts';

test('values are escaped, results of html and lists of them are not escaped twice', () => {
  const items = ['<a>', '"\'&'].map((text) => html`<li title="${text}">${text}</li>`);
  expect(html`<ul>${items}</ul>${1}${undefined}${false}${raw('<br>')}`.toString()).toBe(
    '<ul><li title="&lt;a&gt;">&lt;a&gt;</li><li title="&quot;&#39;&amp;">&quot;&#39;&amp;</li></ul>1<br>',
  );
});

test('backslashes of the template are kept', () => {
  expect(html`a\\b${'\\n'}`.toString()).toBe('a\\b\\n');
});

test('control characters and characters that flip text are replaced', () => {
  expect(escapeHtml('a\u0000b\u001b[31m\u202etxt\n\t\u0085')).toBe('a\ufffdb\ufffd[31m\ufffdtxt\n\t\ufffd');
});

test('no text ends an element or an attribute', () => {
  assert(
    property(string({ unit: 'binary' }), (text) => {
      expect(html`<p a="${text}">${text}</p>`.toString()).toMatch(/^<p a="[^"<>']*">[^<>]*<\/p>$/);
    }),
  );
});
