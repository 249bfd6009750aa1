import { z } from 'zod';
import type { ConfigPath } from './problem.ts';
import { configSchema } from './schema/root.ts';

/** The part of JSON Schema draft-07 that the configuration's schema uses. */
export interface JsonSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The configuration's schema as draft-07, which editors and Helm understand. */
export function configSchemaObject(): JsonSchema {
  return z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as JsonSchema;
}

/** The text of `config.schema.json`. */
export function configJsonSchema(): string {
  return `${JSON.stringify(configSchemaObject(), null, 2)}\n`;
}

/** The schema of what stands at a place in maps, or undefined where nothing may stand. */
export function schemaAt(root: JsonSchema, path: ConfigPath): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const step of path) schema = schema && property(schema, String(step));
  return schema;
}

function property(schema: JsonSchema, name: string): JsonSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** The value with the schema's defaults in place of what is absent, as it is in force. */
export function withDefaults(value: unknown, schema: JsonSchema | undefined): unknown {
  if (schema === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withDefaults(item, schema.items));
  const given = Object.entries(value).map(([key, item]) => [key, withDefaults(item, property(schema, key))] as const);
  const absent = Object.entries(schema.properties ?? {})
    .filter(([key, { default: byDefault }]) => byDefault !== undefined && !Object.hasOwn(value, key))
    .map(([key, { default: byDefault }]) => [key, byDefault] as const);
  return Object.fromEntries([...given, ...absent]);
}
