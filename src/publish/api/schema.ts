import { z } from 'zod';

/** A JSON Schema as fastify serialises with and OpenAPI 3.1 publishes; `$ref` names another of `apiSchemas` as `Name#`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text = z.string();
export const number = z.number();
export const count = z.int();
export const flag = z.boolean();
export const time = z.date();
export const texts = z.record(z.string(), z.string());

/** Two numbers. */
export const pairOfNumbers: z.ZodType<readonly [number, number]> = z.tuple([number, number]);

/** An array of these. */
export function list<T>(item: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.array(item);
}

/** One of these words. */
export function oneOf<const T extends string>(words: readonly T[]): z.ZodType<T> {
  return z.enum(words);
}

/** The object of this shape. Whatever it does not name is not sent. */
export const object = z.object;

/**
 * A schema for each field of T, those that may be absent included: a field that is new in T does not compile until the API's
 * schema has it, and so none is dropped from answers unseen.
 */
export type ShapeOf<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };

/** The same, with fields that T has not. */
export type MoreThan<T> = ShapeOf<T> & Readonly<Record<string, z.ZodType>>;

/** All schemas as JSON Schema, by name. One that is used inside another becomes a reference to it. */
export function jsonSchemas(named: Readonly<Record<string, z.ZodType>>): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `${id}#`,
    io: 'output',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { type } = (zodSchema as unknown as z.ZodType).def;
      if (type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
      // fastify's writer of JSON knows no `prefixItems`.
      if (type === 'tuple') {
        delete jsonSchema.prefixItems;
        Object.assign(jsonSchema, { items: { type: 'number' }, minItems: 2, maxItems: 2 });
      }
      // The bounds are those of safe integers.
      if (type === 'number') {
        delete jsonSchema.minimum;
        delete jsonSchema.maximum;
      }
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _id, $schema: _schema, ...schema }]) => [name, schema]),
  );
}
