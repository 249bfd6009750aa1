import { expect, onTestFinished, test } from 'vitest';
import { startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { clientRows } from '../../../src/probe/clients/client-profiles.ts';
import { reachablePhases } from '../../../src/publish/metrics/phase-series.ts';
import { checkOf, runOnce } from '../../support/checks.ts';

const clients = clientRows.map(({ name }) => name);

test.each(clients.flatMap((client) => (['blob', 'image'] as const).map((kind) => [client, kind] as const)))(
  '%s, pushing and pulling one %s: it reaches the phases that have series before, and no others',
  async (client, kind) => {
    const users = [{ name: 'probe', password: 'secret' }];
    const registry = await startRegistry({ auth: { kind: 'bearer', users, service: 'lab' } });
    onTestFinished(() => registry.close());
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
    const workload = { name: 'w', kind, layerBytes: [100_000], pull: true };
    const check = checkOf(registry.url, { client, registry: { credentials }, check: { workload } });
    const run = await runOnce(check);
    expect(run.failure).toBeUndefined();
    const reached = new Set(run.attempts.flatMap(({ phaseMs }) => Object.keys(phaseMs)));
    const expected = new Set<string>(reachablePhases(check));
    expect([...reached].filter((phase) => !expected.has(phase))).toEqual([]);
    // Of regctl's way the second half is only taken after a failure.
    const seldom = new Set(check.client.shape === 'put-then-ranged' && kind === 'blob' ? ['commit'] : []);
    expect([...expected].filter((phase) => !reached.has(phase) && !seldom.has(phase))).toEqual([]);
  },
);
