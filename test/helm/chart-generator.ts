import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml';

/** One line of the README's table. */
export interface ValueRow {
  readonly key: string;
  readonly description: string;
  /** As JSON. */
  readonly defaultValue: string;
}

type JsonSchema = Record<string, unknown>;

/** What `# @schema` and `# --` comments above a key say. */
interface Comments {
  readonly description: string | undefined;
  readonly schema: JsonSchema | undefined;
}

/** All values that have a description, in the order of the file. Throws on a value that neither has one nor holds values that do. */
export function valueRows(valuesYaml: string): ValueRow[] {
  return rowsOf(mapOf(valuesYaml), '');
}

/**
 * The JSON Schema (draft-07, which Helm checks) of the values: types are those of the defaults, unknown keys are refused in every map
 * that has keys of its own. `configSchema`: the application's, for the value `config`.
 */
export function valuesSchema(valuesYaml: string, configSchema: JsonSchema): JsonSchema {
  const { $schema: _, ...config } = configSchema;
  // Empty is the demonstration; anything else must be a whole configuration. The demand for a key of the file that the
  // chart adds (the ledger's) does not exist, so the application's schema fits as it is.
  const known: Readonly<Record<string, JsonSchema>> = {
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
    config: { type: 'object', if: { minProperties: 1 }, then: config },
  };
  const { properties, ...rest } = schemaOfMap(mapOf(valuesYaml), known);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'blobprobe',
    ...rest,
    properties: {
      // What umbrella charts hand down: keys of other charts in `global`, and the condition that switches this chart on.
      enabled: { type: 'boolean' },
      replicaCount: {},
      ...Object.fromEntries(Object.entries(properties as Record<string, JsonSchema>).map(withHint)),
      global: { type: 'object' },
    },
  };
}

/** What other charts have, and what is let through to the templates, which refuse it and say what it is called here. */
const hinted: readonly string[] = ['serviceMonitor', 'podMonitor', 'prometheusRule'];

function withHint([name, schema]: readonly [string, JsonSchema]): readonly [string, JsonSchema] {
  if (!hinted.includes(name)) return [name, schema];
  return [name, { ...schema, properties: { ...(schema['properties'] as object), additionalLabels: {} } }];
}

/** The table of README.md. */
export function valuesTable(rows: readonly ValueRow[]): string {
  const cells = (row: ValueRow): string =>
    `| \`${row.key}\` | \`${row.defaultValue}\` | ${row.description.replaceAll('|', '\\|')} |`;
  return ['| value | default | meaning |', '|---|---|---|', ...rows.map(cells), ''].join('\n');
}

function mapOf(text: string): YAMLMap {
  const { contents, errors } = parseDocument(text);
  if (errors.length > 0 || !isMap(contents)) throw new Error(`not a map: ${errors.join(', ')}`);
  return contents;
}

function rowsOf(map: YAMLMap, prefix: string): ValueRow[] {
  return map.items.flatMap((pair) => {
    const key = `${prefix}${keyOf(pair)}`;
    const { description } = commentsOf(pair, map);
    if (description !== undefined) return [{ key, description, defaultValue: JSON.stringify(jsonOf(pair.value)) }];
    if (isMap(pair.value) && pair.value.items.length > 0) return rowsOf(pair.value, `${key}.`);
    throw new Error(`values.yaml: ${key} has no comment that starts with --`);
  });
}

function schemaOfMap(map: YAMLMap, known: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  const properties = map.items.map((pair) => [keyOf(pair), schemaOf(pair, map, known)] as const);
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}

function schemaOf(pair: Pair, map: YAMLMap, known: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { description, schema } = commentsOf(pair, map);
  const said = known[keyOf(pair)] ?? schema;
  return { ...(description === undefined ? {} : { description }), ...(said ?? inferred(pair, description)) };
}

function inferred({ value }: Pair, description: string | undefined): JsonSchema {
  // A map with a description of its own is one value, free in its keys; a map without one groups values.
  if (isMap(value)) return description === undefined ? schemaOfMap(value) : { type: 'object' };
  const json = jsonOf(value);
  if (Array.isArray(json)) return { type: 'array' };
  return { type: Number.isInteger(json) ? 'integer' : typeof json };
}

function keyOf(pair: Pair): string {
  if (!isScalar(pair.key)) throw new Error('values.yaml: a key that is not a scalar');
  return String(pair.key.value);
}

function jsonOf(value: unknown): unknown {
  return (value as { toJSON(): unknown }).toJSON();
}

function commentsOf(pair: Pair, map: YAMLMap): Comments {
  // The comment above the first key of a map belongs to the map for the parser.
  const above = map.items[0] === pair ? (map.commentBefore ?? undefined) : undefined;
  const own = isScalar(pair.key) ? (pair.key.commentBefore ?? undefined) : undefined;
  const lines = (own ?? above ?? '').split('\n').map((line) => line.trim());
  const from = lines.findLastIndex((line) => line.startsWith('-- '));
  const schema = lines.find((line) => line.startsWith('@schema '))?.slice('@schema '.length);
  return {
    description: from < 0 ? undefined : lines[from]?.slice(3),
    schema: schema === undefined ? undefined : (JSON.parse(schema) as JsonSchema),
  };
}
