import type { SerializerFactory } from '@fastify/fast-json-stringify-compiler';
import serializerSelector from '@fastify/fast-json-stringify-compiler';
import { expect, test } from 'vitest';
import { apiSchemas } from '../../src/publish/api/schemas.ts';
import { answerWriters } from '../../src/server/answer-writers.ts';

const schemas = Object.fromEntries(
  Object.entries(apiSchemas).map(([name, schema]) => [name, { $id: name, ...schema }]),
);
const route = (name: string, httpStatus = '200'): Parameters<ReturnType<SerializerFactory>>[0] => ({
  method: 'GET',
  url: '/',
  httpStatus,
  schema: { $ref: `${name}#` },
});

/** Which schemas writers were made of, in order. */
function watched(): { readonly made: unknown[]; readonly compile: ReturnType<SerializerFactory> } {
  const made: unknown[] = [];
  const make: SerializerFactory = (all, options) => {
    const compile = serializerSelector()(all, options);
    return (of) => {
      made.push(of.schema);
      return compile(of);
    };
  };
  return { made, compile: answerWriters(make)(schemas, {}) };
}

test('a writer is made when it is needed, and once for all routes of its schema', () => {
  const { made, compile } = watched();
  const refused = compile(route('Error', '400'));
  const missing = compile(route('Error', '404'));
  const started = compile(route('RunStarted', '202'));
  expect(made).toEqual([]);
  expect([refused({ error: 'a' }), missing({ error: 'b' }), refused({ error: 'c' })]).toEqual([
    '{"error":"a"}',
    '{"error":"b"}',
    '{"error":"c"}',
  ]);
  expect(made).toEqual([{ $ref: 'Error#' }]);
  expect(started({ id: '1', location: '/runs/1' })).toBe('{"id":"1","location":"/runs/1"}');
  expect(made).toEqual([{ $ref: 'Error#' }, { $ref: 'RunStarted#' }]);
});

test('what the schema does not name is not written', () => {
  expect(watched().compile(route('Error'))({ error: 'a', token: 'b' })).toBe('{"error":"a"}');
});

test.each(Object.keys(apiSchemas))('a writer can be made of %s', (name) => {
  const { made, compile } = watched();
  // What it lacks is refused by the writer, which so has been made.
  expect(() => compile(route(name))({})).toThrow(/required|undefined/);
  expect(made).toEqual([{ $ref: `${name}#` }]);
});
