import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { type ConfigPath, type ConfigProblem, type Position, positionAfter } from './problem.ts';
import { tooDeepAt } from './yaml-depth.ts';
import { syntaxMessage } from './yaml-syntax.ts';

/** The configuration as plain data, and where in the file each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Where the value stands; for something that is missing, where the nearest enclosing key stands. */
  readonly valuePosition: (path: ConfigPath) => Position;
  readonly keyPosition: (path: ConfigPath) => Position;
}

interface Located {
  readonly value: unknown;
  readonly offset: number;
  readonly keyOffset: number;
  readonly children: ReadonlyMap<string | number, Located>;
}

/** More than any real configuration has; nested aliases multiply (the "billion laughs"). */
const maxNodes = 100_000;

/** Reads YAML 1.2. Never throws: what is wrong is in `problems`; after a syntax error `value` is undefined. */
export function readYaml(text: string, file: string): YamlSource {
  const depth = tooDeepAt(text);
  const lines = new LineCounter();
  // Duplicate keys are reported here with both places, which the parser does not do.
  const document = parseDocument(depth === undefined ? text : '', {
    lineCounter: lines,
    // Its excerpts of the text could hold a secret.
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.2',
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    file,
    position: position(error.pos[0]),
    path: [],
    message: syntaxMessage(error.code),
  }));
  if (depth !== undefined) {
    const message = 'expected at most 100 levels of nesting, got more';
    problems.push({ file, position: positionAfter(text.slice(0, depth)), path: [], message });
  }
  let root: Located = leaf(undefined, 0, 0);
  if (problems.length === 0) {
    const report = (offset: number, path: ConfigPath, message: string) =>
      problems.push({ file, position: position(offset), path, message });
    root = new Reader(document, position, report).read(document.contents, 0, []);
  }
  return {
    value: root.value,
    problems,
    valuePosition: (path) => position(place(root, path).offset),
    keyPosition: (path) => position(place(root, path).keyOffset),
  };
}

function place(root: Located, path: ConfigPath): { offset: number; keyOffset: number } {
  let at = root;
  for (const step of path) {
    const child = at.children.get(step);
    if (child === undefined) return { offset: at.keyOffset, keyOffset: at.keyOffset };
    at = child;
  }
  return at;
}

function leaf(value: unknown, offset: number, keyOffset: number): Located {
  return { value, offset, keyOffset, children: new Map() };
}

/** Walks the syntax tree once, and makes data and places of it. */
class Reader {
  readonly #document: Document;
  readonly #position: (offset: number) => Position;
  readonly #report: (offset: number, path: ConfigPath, message: string) => void;
  /** Aliased nodes that are being read: an alias inside its own anchor would never end. */
  readonly #open = new Set<unknown>();
  #nodes = 0;

  constructor(
    document: Document,
    position: (offset: number) => Position,
    report: (offset: number, path: ConfigPath, message: string) => void,
  ) {
    this.#document = document;
    this.#position = position;
    this.#report = report;
  }

  read(node: unknown, keyOffset: number, path: ConfigPath): Located {
    this.#nodes += 1;
    if (this.#nodes === maxNodes + 1) this.#report(keyOffset, path, `expected at most ${maxNodes} values, got more`);
    if (this.#nodes > maxNodes) return leaf(undefined, keyOffset, keyOffset);
    if (isAlias(node)) return this.#readAlias(node, keyOffset, path);
    if (isMap(node)) return this.#readMap(node, keyOffset, path);
    if (isSeq(node)) {
      const offset = node.range?.[0] ?? keyOffset;
      const children = node.items.map((item, index) => this.read(item, startOf(item, offset), [...path, index]));
      return { value: children.map((child) => child.value), offset, keyOffset, children: new Map(children.entries()) };
    }
    if (!isScalar(node)) return leaf(null, keyOffset, keyOffset);
    // An empty value has its place after the colon; the key is what the reader can see.
    const offset = node.value === null ? keyOffset : startOf(node, keyOffset);
    return leaf(node.value, offset, keyOffset);
  }

  #readAlias(node: Parameters<typeof startOf>[0], keyOffset: number, path: ConfigPath): Located {
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    const offset = startOf(node, keyOffset);
    if (target === undefined || this.#open.has(target)) {
      this.#report(offset, path, 'expected an alias of an anchor that ends above it, got one that does not');
      return leaf(undefined, offset, keyOffset);
    }
    this.#open.add(target);
    const located = this.read(target, keyOffset, path);
    this.#open.delete(target);
    return located;
  }

  #readMap(node: YAMLMap, keyOffset: number, path: ConfigPath): Located {
    const children = new Map<string, Located>();
    for (const { key, value } of node.items) {
      const at = startOf(key, keyOffset);
      const written = isScalar(key) ? key.value : undefined;
      const name = typeof written === 'number' || typeof written === 'boolean' ? String(written) : written;
      if (typeof written !== 'string' || written === '__proto__')
        this.#report(at, path, `expected a string as key, got ${keyWord(written)}`);
      if (typeof name !== 'string' || name === '__proto__') continue;
      const first = children.get(name);
      if (first !== undefined) {
        const { line, column } = this.#position(first.keyOffset);
        this.#report(at, [...path, name], `expected each name once, got a duplicate name (first at ${line}:${column})`);
        continue;
      }
      children.set(name, this.read(value, at, [...path, name]));
    }
    const value = Object.fromEntries([...children].map(([name, child]) => [name, child.value]));
    return { value, offset: startOf(node, keyOffset), keyOffset, children };
  }
}

function startOf(node: unknown, otherwise: number): number {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  return range?.[0] ?? otherwise;
}

function keyWord(name: unknown): string {
  if (typeof name === 'number' || typeof name === 'boolean') return `${name}; quote it`;
  return typeof name === 'string' ? name : 'something else';
}
