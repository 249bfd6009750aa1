import serializerSelector, { type SerializerFactory } from '@fastify/fast-json-stringify-compiler';

/**
 * Writers of JSON by the API's schemas, as fastify makes them, but each when it is first needed, and once for all routes that name
 * the same schema: each one that is made reads all schemas anew, which would take a tenth of a second at every start.
 */
export function answerWriters(make: SerializerFactory = serializerSelector()): SerializerFactory {
  return (schemas, options) => {
    const compile = make(schemas, options);
    const made = new Map<string, (answer: unknown) => string>();
    return (route) => {
      const key = JSON.stringify(route.schema);
      return (answer) => {
        const write = made.get(key) ?? compile(route);
        made.set(key, write);
        return write(answer);
      };
    };
  };
}
