import { configSchemaObject, type JsonSchema } from '../../src/config/json-schema.ts';

/** The text of `docs/configuration.md`: every key with type, default and meaning, made from the schema. */
export function configReference(): string {
  const root = configSchemaObject();
  return `${[introduction, ...sections(root, [])].join('\n\n')}\n`;
}

const introduction = `<!-- Generated from src/config/schema; do not edit. npm run generate writes it anew. -->

# Configuration reference

The configuration is one YAML 1.2 file. \`--config.file\` names it. \`blobprobe --config.check\` reads it, reports every mistake as
\`file:line:column: key: expected …, got …\`, and exits. An annotated file with every key is [config.example.yaml](../config.example.yaml);
[config.schema.json](../config.schema.json) is a JSON Schema (draft-07) for editors: put \`# yaml-language-server: $schema=./config.schema.json\` on the first line.

- **Unknown keys are errors**, and so is the same name twice.
- **Sizes** are whole bytes with a unit: \`B\`; \`kB\`, \`MB\`, \`GB\`, \`TB\` (powers of 1000); \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\` (powers of 1024). \`150MiB\` is not \`150MB\`.
- **Durations** are written as in Prometheus: \`1h30m\`, \`90s\`, \`500ms\`; units \`y w d h m s ms\` in this order; less than 25 days.
- **Bit rates** count in powers of 1000: \`200Mbit/s\`.
- **Secrets** come from the file (\`password\`), from another file (\`passwordFile\`) or from the environment (\`passwordEnv\`). Other files are read each time the secret is used.
  Secrets never appear in errors, logs or the page that shows the configuration.
- **Relative file names** start from the folder of the configuration file.
- **Anchors and aliases** are allowed; tags and merge keys (\`<<\`) are not.`;

interface Section {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

function sections(schema: JsonSchema, path: readonly string[]): string[] {
  const rows = Object.entries(schema.properties ?? {});
  const title = path.length === 0 ? 'Top level' : `\`${path.join('.')}\``;
  const required = new Set(schema.required ?? []);
  const table = rows.map(([key, inner]) => row(key, inner, required.has(key)));
  return [
    `## ${title}`,
    ...(path.length === 0 ? [] : [schema.description ?? '']),
    ['| key | type | default | meaning |', '|---|---|---|---|', ...table].join('\n'),
    ...rows
      .flatMap(([key, inner]) => inside(key, inner, path))
      .flatMap((section) => sections(section.schema, section.path)),
  ];
}

/** The maps below a key that have keys of their own. */
function inside(key: string, schema: JsonSchema, path: readonly string[]): Section[] {
  if (schema.properties !== undefined) return [{ path: [...path, key], schema }];
  const option = schema.anyOf?.find(
    ({ properties, description }) => properties !== undefined && description !== undefined,
  );
  if (option !== undefined) return [{ path: [...path, key], schema: option }];
  const entry = schema.additionalProperties;
  if (typeof entry === 'object' && entry.properties !== undefined)
    return [{ path: [...path, key, 'NAME'], schema: entry }];
  return [];
}

function row(key: string, schema: JsonSchema, required: boolean): string {
  const byDefault =
    schema.default === undefined || schema.properties !== undefined ? '' : code(JSON.stringify(schema.default));
  const examples = (schema.examples ?? []).map((example) => code(String(example))).join(', ');
  const meaning = `${schema.description ?? ''}${examples === '' ? '' : ` Example: ${examples}.`}`;
  return `| \`${key}\` | ${cell(typeWords(schema))} | ${required ? '**required**' : cell(byDefault)} | ${cell(meaning)} |`;
}

/** The type of a value in words. */
function typeWords(schema: JsonSchema): string {
  if (schema.enum !== undefined && schema.title === undefined)
    return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.title !== undefined) return schema.title;
  if (schema.properties !== undefined) return 'map, see below';
  if (typeof schema.additionalProperties === 'object')
    return schema.additionalProperties.properties === undefined ? 'map' : 'map by name, see below';
  if (schema.items !== undefined) return `list of: ${typeWords(schema.items)}`;
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined ? `, ${schema.minimum} to ${schema.maximum}` : '';
  return `${schema.type ?? 'value'}${range}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
