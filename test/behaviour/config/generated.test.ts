import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { configJsonSchema, configSchemaObject, type JsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { redactedConfig } from '../../../src/config/redact.ts';
import { configReference } from '../../support/config-reference.ts';
import { fakeSources } from '../../support/config-sources.ts';

const root = new URL('../../../', import.meta.url);
const exampleFile = fileURLToPath(new URL('config.example.yaml', root));

/** Compares a committed file with what the schema makes of it; `npm run generate` writes it anew instead. */
function committed(name: string, made: string): string {
  const file = new URL(name, root);
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, made);
  return readFileSync(file, 'utf8');
}

/** Every key of a schema with the way to it; `*` stands for a name. */
function keysOf(schema: JsonSchema, path = ''): { path: string; schema: JsonSchema }[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const keyPath = path === '' ? key : `${path}.${key}`;
    return [{ path: keyPath, schema: value }, ...keysOf(value, keyPath)];
  });
  const named = typeof schema.additionalProperties === 'object' ? keysOf(schema.additionalProperties, `${path}.*`) : [];
  const choices = (schema.anyOf ?? []).flatMap((choice) => keysOf(choice, path));
  return [...inner, ...named, ...choices, ...(schema.items ? keysOf(schema.items, path) : [])];
}

const exampleSources = fakeSources({
  files: Object.fromEntries(
    [
      '/run/secrets/registry',
      '/run/secrets/proxy',
      '/run/secrets/registry-token',
      '/run/secrets/identity-token',
      '/etc/ssl/internal-ca.pem',
      '/etc/blobprobe/client.crt',
      '/etc/blobprobe/client.key',
      '/etc/blobprobe/docker/config.json',
    ].map((file) => [file, 'from-a-file\n']),
  ),
  env: { PROXY_PASSWORD: 'v', HARBOR_PASSWORD: 'v', REGISTRY_TOKEN: 'v', REGISTRY_IDENTITY_TOKEN: 'v' },
});

describe('files made from the schema', () => {
  it('config.schema.json is what the code makes', () => {
    expect(committed('config.schema.json', configJsonSchema())).toBe(configJsonSchema());
  });

  it('docs/configuration.md is what the code makes', () => {
    expect(committed('docs/configuration.md', configReference())).toBe(configReference());
  });

  it('is draft-07 and refuses unknown keys in every map with fixed keys', () => {
    const schema = configSchemaObject() as JsonSchema & { $schema: string };
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    const maps = [{ path: '', schema: schema as JsonSchema }, ...keysOf(schema)].filter(
      ({ schema }) => schema.properties !== undefined,
    );
    expect(maps.map(({ path }) => path)).toContain('registries.*.paths.*.tls');
    expect(maps.filter(({ schema }) => schema.additionalProperties !== false)).toEqual([]);
  });

  it('describes every key in a sentence', () => {
    const without = keysOf(configSchemaObject()).filter(({ schema }) => !schema.description?.endsWith('.'));
    expect(without.map(({ path }) => path)).toEqual([]);
  });
});

describe('config.example.yaml', () => {
  it('is accepted', () => {
    const config = loadConfig(exampleFile, exampleSources);
    expect(config.checks.map((check) => check.workload.name)).toContain('image');
    expect(config.registries.map((registry) => registry.credentials.kind)).toEqual([
      'basic',
      'basic',
      'basic',
      'bearer',
      'bearer',
      'bearer',
      'identity',
      'identity',
      'identity',
      'docker-config',
    ]);
  });

  it('holds every key of the schema', () => {
    const text = readFileSync(exampleFile, 'utf8');
    const used = new Set<string>();
    collect(parseDocument(text).contents, configSchemaObject(), '', used);
    const missing = keysOf(configSchemaObject()).filter(({ path }) => !used.has(path));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it('explains every key in a comment above it or beside it', () => {
    const lines = readFileSync(exampleFile, 'utf8').split('\n');
    const explained = new Set<string>();
    lines.forEach((line, index) => {
      const near = `${lines[index - 1] ?? ''}\n${lines[index - 2] ?? ''}\n${lines[index - 3] ?? ''}`;
      if (!/^\s*#/m.test(near)) return;
      for (const [, key] of line.matchAll(/([A-Za-z]+):(?=\s|$)/g)) explained.add(key!);
    });
    const missing = keysOf(configSchemaObject()).filter(({ path }) => !explained.has(path.split('.').at(-1)!));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it('shows no secret when redacted', () => {
    const text = redactedConfig(loadConfig(exampleFile, exampleSources));
    expect(text).toContain('password: <secret>');
    expect(text).not.toMatch(/not-a-real-token|from-a-file|password: lab/);
  });
});

function collect(node: unknown, schema: JsonSchema | undefined, path: string, used: Set<string>): void {
  if (schema?.anyOf) for (const choice of schema.anyOf) collect(node, choice, path, used);
  if (isSeq(node)) for (const item of node.items) collect(item, schema?.items, path, used);
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    const name = String(key);
    const fixed = schema?.properties?.[name];
    const keyPath = fixed ? (path === '' ? name : `${path}.${name}`) : `${path}.*`;
    if (fixed) used.add(keyPath);
    collect(value, fixed ?? (schema?.additionalProperties as JsonSchema | undefined), keyPath, used);
  }
}
