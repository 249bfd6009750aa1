import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import { failureReasons } from '../../../src/probe/failure.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { eventually } from '../../support/wire.ts';
import { runDeps, runOnce } from '../../support/checks.ts';
import { authCases } from './cases/auth.ts';
import { bodyCases } from './cases/body.ts';
import { CaseLab, type FailureCase } from './cases/case.ts';
import { connectCases } from './cases/connect.ts';
import { cutCases } from './cases/cuts.ts';
import { manifestCases } from './cases/manifests.ts';
import { statusCases } from './cases/statuses.ts';

const cases: readonly FailureCase[] = [
  ...connectCases,
  ...authCases,
  ...statusCases,
  ...bodyCases,
  ...manifestCases,
  ...cutCases,
];
const folder = mkdtempSync(join(tmpdir(), 'blobprobe-failures-'));
const certificates = createCertificates();
const tls = { identity: certificates.valid, caFile: join(folder, 'ca.pem') };
writeFileSync(tls.caFile, certificates.ca.cert);
afterAll(() => rmSync(folder, { recursive: true }));

const payloads = createPayloadSource('failures');

let lab: CaseLab;
afterEach(() => lab.close());

test('there is a case for each reason', () => {
  lab = new CaseLab(folder);
  const shown = new Set<string>(cases.map(({ expected }) => expected.reason));
  expect(failureReasons.filter((reason) => !shown.has(reason))).toEqual([]);
});

for (const transport of ['plain', 'tls'] as const) {
  const rows = cases.filter(({ over = ['plain'] }) => over.includes(transport));
  describe(`over ${transport}`, () => {
    test.each(rows.map((row) => [row.expected.reason, row.name, row] as const))(
      '%s: %s',
      async (_reason, _name, row) => {
        lab = new CaseLab(folder, transport === 'tls' ? tls : undefined);
        const { check, deps, signal } = await row.arrange(lab);
        const run = await runOnce(check, runDeps({ payloads, ...deps }), signal);
        const { evidence, ...expected } = row.expected;
        const { reason, phase, answeredBy, blame, status, registryCode } = run.failure ?? {};
        expect({ reason, phase, answeredBy, blame, status, registryCode }).toEqual(expected);
        expect(run.failure?.evidence).toMatchObject(evidence ?? {});
        const [atLeast, atMost] = typeof row.sentBytes === 'number' ? [row.sentBytes, row.sentBytes] : row.sentBytes;
        expect(run.failure?.sentBytes).toBeGreaterThanOrEqual(atLeast);
        expect(run.failure?.sentBytes).toBeLessThanOrEqual(atMost);
        expect(run.attempts).toHaveLength(row.attempts ?? 1);
        expect(Buffer.byteLength(JSON.stringify(run.failure?.evidence))).toBeLessThan(4096);
        await eventually('the connections of the run are closed', () => lab.openConnections === 0);
      },
    );
  });
}
