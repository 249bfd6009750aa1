/** A JSON Schema as fastify serialises with and OpenAPI 3.1 publishes; `$ref` names another of `apiSchemas` as `Name#`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text = { type: 'string' } as const;
export const number = { type: 'number' } as const;
export const count = { type: 'integer' } as const;
export const flag = { type: 'boolean' } as const;
export const time = { type: 'string', format: 'date-time' } as const;
export const texts = { type: 'object', additionalProperties: text } as const;

/** The same with words for its reader. */
export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

/** The schema of this name. */
export function ref(name: string): JsonSchema {
  return { $ref: `${name}#` };
}

/** An array of these. */
export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** One of these words. */
export function oneOf(values: readonly string[]): JsonSchema {
  return { type: 'string', enum: [...values] };
}

/** An object of which all `required` are there, and perhaps some of `optional`. Anything else is not sent. */
export function object(
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
) {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}
