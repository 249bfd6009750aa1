/**
 * Text of a paragraph, an item or a cell. A plain string is shown as it is, whatever it holds; `marked` is text of our own in
 * which what stands between backticks is to be typed.
 */
export type Inline =
  | string
  | { readonly marked: string }
  | { readonly url: string; readonly text: string }
  | readonly Inline[];

export interface Cell {
  readonly text: Inline;
  readonly state?: 'ok' | 'failed' | 'unknown';
}

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: Inline }
  | { readonly kind: 'list'; readonly items: readonly Inline[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'code'; readonly language: 'sh' | 'text'; readonly text: string }
  /** Folded until the reader wants it. */
  | { readonly kind: 'details'; readonly summary: string; readonly blocks: readonly Block[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A report before it is Markdown or HTML: the content is written once. */
export interface Document {
  readonly title: string;
  readonly sections: readonly Section[];
}

/** Blocks that are folded under a title; nothing when there are none. */
export function folded(summary: string, blocks: readonly Block[]): Block[] {
  return blocks.length === 0 ? [] : [{ kind: 'details', summary, blocks }];
}

/** A list under its title; nothing when there is nothing to list. */
export function titledList(title: string, items: readonly Inline[]): Block[] {
  return items.length === 0
    ? []
    : [
        { kind: 'paragraph', text: `${title}:` },
        { kind: 'list', items },
      ];
}
