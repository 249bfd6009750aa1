import { afterEach, expect, test } from 'vitest';
import { attemptSection } from '../../../src/publish/page/attempt-section.ts';
import { transcript } from '../../../src/publish/transcript.ts';
import { checkOf, runOnce } from '../../support/checks.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { type Scene, startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const open = new Opened();
afterEach(() => open.closeAll());

test.each<[string, (scene: Scene) => void]>([
  ['a FIN', (scene) => scene.end()],
  ['a RST', (scene) => scene.reset()],
])(
  'a push whose kept connection ends in %s at its last HEAD gets through, and the run tells of it',
  async (_name, ending) => {
    const ended: string[] = [];
    const registry = await startScriptedRegistry({
      HEAD: (scene) => {
        if (ended.length > 0) return scene.answer(200, { 'Content-Length': '100000' });
        ended.push(scene.request.method ?? '');
        return ending(scene);
      },
    });
    open.own(registry);
    const run = await runOnce(checkOf(registry.url, { sizeBytes: 100_000 }));
    expect([run.ok, run.attempts.length, run.attempts[0]?.resends]).toEqual([true, 1, 1]);
    const [first, second] = run.attempts[0]?.requests.slice(-2) ?? [];
    expect(first).toMatchObject({ method: 'HEAD', socketReused: true, sentAgain: undefined });
    expect(first?.errorCode).toMatch(/^(?:UND_ERR_SOCKET|ECONNRESET)$/);
    expect(second).toMatchObject({
      method: 'HEAD',
      socketReused: false,
      status: 200,
      sentAgain: 'kept_connection_closed',
    });
    // The phase lasted as long as both tries.
    const ms = [first, second].map((one) => (one?.sendMs ?? 0) + (one?.waitMs ?? 0) + (one?.receiveMs ?? 0));
    expect(run.attempts[0]?.phaseMs.verify).toBeCloseTo((ms[0] ?? 0) + (ms[1] ?? 0), 6);
    expect(transcript(run).match(/; sent again: the kept connection was closed/g)).toHaveLength(1);
  },
);

test('the page says it of the second try only', () => {
  const requests = [
    requestRecord({ errorCode: 'ECONNRESET', status: undefined }),
    requestRecord({ sentAgain: 'not_processed' }),
  ];
  const page = String(attemptSection(attempt({ requests })));
  expect(page).toContain('>ECONNRESET</td>');
  expect(page.match(/; sent again: the server had not looked at it<\/td>/g)).toHaveLength(1);
});
