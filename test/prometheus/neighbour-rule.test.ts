import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TemporaryDirectory, temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents } from '../support/component.ts';
import { promtools, testRules } from './promtool.ts';
import { seriesName } from './simulated-check.ts';

const page = readFileSync(new URL('../../docs/slow.md', import.meta.url), 'utf8');
const minutes = 90;

describeWithComponents([...promtools], 'the rule that docs/slow.md gives for what others wait', () => {
  let directory: TemporaryDirectory;
  let file: string;
  beforeAll(() => {
    directory = temporaryDirectory('neighbour-rule');
    file = join(directory.path, 'rules.yaml');
    writeFileSync(file, /```yaml\n(groups:\n {2}- name: neighbours\n[\s\S]*?)```/.exec(page)?.[1] ?? '');
  });
  afterAll(() => directory.remove());

  test.each(
    promtools.flatMap(
      (tool) =>
        [
          [tool, 'a second and more, and many times as long as before', 0.05, 2.5, true],
          [tool, 'many times as long, and no time for people', 0.002, 0.2, false],
          [tool, 'long, as it always is', 1.5, 1.7, false],
        ] as const,
    ),
  )('%s: %s', async (tool, _what, idleSeconds, loadedSeconds, fires) => {
    const labels = { registry: 'gitea', path: 'edge', client: 'docker', workload: 'large' };
    const { output, code } = await testRules(tool, {
      ruleFiles: [file],
      groupOrder: ['neighbours'],
      stepSeconds: 60,
      series: [
        { series: seriesName('lastNeighbour', { ...labels, state: 'idle' }), values: Array(minutes).fill(idleSeconds) },
        {
          series: seriesName('lastNeighbour', { ...labels, state: 'loaded' }),
          values: Array(minutes).fill(loadedSeconds),
        },
      ],
      expectations: [
        {
          atSeconds: 60 * (minutes - 5),
          expr: 'count by (alertname, path) (ALERTS{alertstate="firing"})',
          samples: fires ? ['{alertname="OthersWaitBesidePushes", path="edge"}'] : [],
        },
      ],
    });
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  });
});
