import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type DataFrame, formattedValueToString, getFieldDisplayValues, type LinkModel } from '@grafana/data';
import { reasonTable } from '../../../src/probe/judge/reason-table.ts';
import type { AnsweredBoard, Board, Panel } from '../src/board.ts';
import { prepared, replacing, startGrafana, themeOf } from '../src/page/prepare.ts';

startGrafana();
const theme = themeOf('dark');

/** The board as it is now with answers that a Prometheus gave once (`npm run boards`); the tests ask nothing of a network. */
function recorded(name: string, board: 'overview' | 'path'): AnsweredBoard {
  const answers = JSON.parse(readFileSync(`test/answers/${name}.json`, 'utf8')) as Omit<
    AnsweredBoard,
    'board' | 'marks'
  >;
  return {
    ...answers,
    marks: [],
    board: JSON.parse(readFileSync(`../dashboards/blobprobe-${board}.json`, 'utf8')) as Board,
  };
}

function panelOf({ board }: AnsweredBoard, title: string): Panel {
  const found = board.panels.find((panel) => panel.title === title);
  assert.ok(found, `no panel ${title}`);
  const registry = { text: 'gitea', query: 'gitea', chosen: ['gitea'] };
  return found.repeat === undefined ? found : { ...found, scope: { registry } };
}

async function tableOf(answered: AnsweredBoard, title: string): Promise<DataFrame> {
  const frames = await prepared(answered, panelOf(answered, title), theme);
  assert.equal(frames.length, 1);
  return frames[0]!;
}

const seen = (frame: DataFrame): DataFrame['fields'] =>
  frame.fields.filter(({ config }) => config.custom?.hideFrom?.viz !== true);
const headers = (frame: DataFrame): string[] => seen(frame).map(({ name, state }) => state?.displayName ?? name);

/** A column by its header: its texts as a reader sees them, and its links. */
function column(frame: DataFrame, header: string): { texts: string[]; links: (LinkModel | undefined)[] } {
  const field = frame.fields.find(({ name, state }) => (state?.displayName ?? name) === header);
  assert.ok(field, `no column ${header}`);
  const rows = field.values.map((value, index) => ({ value, index }));
  return {
    texts: rows.map(({ value }) => formattedValueToString(field.display!(value))),
    links: rows.map(({ index }) => field.getLinks?.({ valueRowIndex: index })[0]),
  };
}

const every = 'Every check, failing first';

describe('the table of checks', () => {
  test('has a row for each check and no other, with these columns', async () => {
    const table = await tableOf(recorded('overview', 'overview'), every);
    assert.equal(table.length, 87);
    assert.deepEqual(headers(table), [
      'Path',
      'Workload',
      'Client',
      'Last run',
      'Reason',
      'Look at',
      'Answered by',
      'Since last success',
      'Since last run',
      'Throughput',
      'Registry',
      'Prober',
    ]);
  });

  test('has a row for each check and prober with two probers, and adds nothing up', async () => {
    const [one, two] = await Promise.all(
      ['overview', 'overview-two-probers'].map((name) => tableOf(recorded(name, 'overview'), every)),
    );
    assert.equal(two!.length, 174);
    assert.equal(new Set(column(two!, 'Prober').texts).size, 2);
    const best = (frame: DataFrame): number => {
      const values = frame.fields.find(({ state }) => state?.displayName === 'Throughput')!.values as number[];
      return Math.max(...values.filter((value) => Number.isFinite(value)));
    };
    assert.ok(best(two!) < 1.5 * best(one!));
  });

  test('says outcome and reason in words, and leads where it says', async () => {
    const table = await tableOf(recorded('overview', 'overview'), every);
    const outcomes = column(table, 'Last run');
    assert.deepEqual([...new Set(outcomes.texts)].toSorted(), ['failed', 'ok']);
    const failed = outcomes.texts.indexOf('failed');
    const [path, workload, client] = ['Path', 'Workload', 'Client'].map((name) => column(table, name).texts[failed]);
    assert.equal(
      outcomes.links[failed]?.href,
      `http://localhost:10719/runs?registry=gitea&path=${path}&client=${client}&workload=${workload}`,
    );
    assert.match(column(table, 'Reason').texts[failed]!, /^[a-z]+ /);
    assert.match(column(table, 'Reason').links[failed]!.href, /docs\/failures\.md#[a-z0-9_]+$/);
    const board = column(table, 'Path').links[failed]!.href;
    assert.match(board, new RegExp(`^/d/blobprobe-path\\?.*&var-registry=gitea&var-path=${path}&from=\\d+&to=\\d+$`));
    for (const name of ['datasource', 'job', 'instance', 'client', 'workload', 'wanted', 'blobprobe'])
      assert.ok(board.includes(`var-${name}=`), name);
    assert.equal(board.match(/var-path=/g)!.length, 1);
    assert.doesNotMatch(board, /\$\{/);
    // Columns of figures lead nowhere.
    assert.deepEqual(new Set(column(table, 'Throughput').links), new Set([undefined]));
  });

  test('writes figures in their units', async () => {
    const table = await tableOf(recorded('overview', 'overview'), every);
    assert.ok(column(table, 'Throughput').texts.every((text) => /^(–|[\d.]+ [kMG]?B\/s)$/.test(text)));
    assert.ok(column(table, 'Since last run').texts.every((text) => /^[\d.]+ (s|mins?|ms)$/.test(text)));
    assert.ok(
      column(table, 'Since last success').texts.every((text) => /^(never|[\d.]+ (s|mins?|hours?|ms))$/.test(text)),
    );
  });

  test('of a path has the rows of that path only', async () => {
    const table = await tableOf(recorded('path-broken', 'path'), 'Checks over this path, failing first');
    assert.ok(table.length > 3 && table.length < 10);
    assert.deepEqual(headers(table).slice(0, 3), ['Workload', 'Client', 'Last run']);
    assert.ok(headers(table).includes('Phase'));
  });
});

describe('the table of causes', () => {
  test('has a row for each check that fails, the setting to change, and leads to its runs', async () => {
    const answered = recorded('path-broken', 'path');
    const table = await tableOf(answered, 'Likeliest causes, and what to try first');
    const checks = await tableOf(answered, 'Checks over this path, failing first');
    assert.equal(table.length, column(checks, 'Last run').texts.filter((text) => text === 'failed').length);
    assert.ok(table.length > 0);
    assert.deepEqual(headers(table), [
      'Workload',
      'Client',
      'Size',
      'Failed in a row',
      'Cause',
      'How sure',
      'First thing to try',
      'Prober',
    ]);
    assert.ok(column(table, 'Size').texts.every((text) => /^[\d.]+ [KMG]iB$/.test(text)));
    assert.ok(column(table, 'Failed in a row').texts.every((text) => /^[1-9]\d*$/.test(text)));
    assert.ok(column(table, 'How sure').texts.every((text) => /^(certain|likely|open)$/.test(text)));
    assert.match(column(table, 'First thing to try').texts[0]!, /Cloudflare/);
    for (const header of ['Cause', 'First thing to try']) {
      const { config } = table.fields.find(({ state }) => state?.displayName === header)!;
      assert.equal(config.custom?.wrapText, true, header);
    }
    assert.match(column(table, 'Workload').links[0]!.href, /\/runs\?registry=gitea&path=cloudflare-free&client=/);
  });
});

describe('the matrix', () => {
  const title = 'Which path is broken for which workload: $registry';
  test('has a row for each path and a column for each workload, and says how it went', async () => {
    const table = await tableOf(recorded('overview', 'overview'), title);
    assert.equal(table.length, 12);
    assert.deepEqual(headers(table), ['Path', 'image', 'large', 'medium', 'small']);
    const words = new Set(
      table.fields.flatMap(({ name, state }) =>
        state?.displayName === 'Path' ? [] : column(table, state?.displayName ?? name).texts,
      ),
    );
    assert.deepEqual([...words].toSorted(), ['failed', 'ok', 'some fail', '–'].toSorted());
    assert.match(column(table, 'Path').links[0]!.href, /var-registry=gitea&var-path=alb&/);
  });

  test('has one row with one path, and thirty-six with three times twelve', async () => {
    const rows = async (name: string): Promise<number> => (await tableOf(recorded(name, 'overview'), title)).length;
    assert.deepEqual([await rows('overview-one-path'), await rows('overview-many-checks')], [1, 36]);
  });
});

describe('other tables', () => {
  test('a verdict for each comparison, in words', async () => {
    const table = await tableOf(recorded('overview', 'overview'), 'What the last rounds say');
    assert.equal(table.length, 8);
    assert.deepEqual(headers(table), ['Workload', 'Client', 'Verdict', 'Paths at fault', 'Registry', 'Prober']);
    assert.ok(
      column(table, 'Verdict').texts.every((text) =>
        /^(all paths work|some paths are at fault|the registry is at fault|not clear yet)$/.test(text),
      ),
    );
  });

  test('versions stay as they are written', async () => {
    const versions = await tableOf(recorded('overview', 'overview'), 'Versions');
    assert.deepEqual(headers(versions), ['Prober', 'Version', 'Revision', 'Node.js']);
    const connections = await tableOf(recorded('path-broken', 'path'), 'Connections');
    assert.deepEqual(headers(connections), ['Client', 'IP', 'HTTP', 'TLS', 'Tokens from', 'Uploads to', 'Prober']);
    assert.ok(column(connections, 'HTTP').texts.every((text) => ['1.1', '2'].includes(text)));
  });
});

test('a table without rows says what is missing, and a cell without a value is a dash', async () => {
  const empty = recorded('overview-no-data', 'overview');
  const said = { [every]: 'no run yet', 'What the last rounds say': 'no round yet', Versions: 'no prober seen' };
  for (const [title, text] of Object.entries(said)) {
    const panel = panelOf(empty, title);
    assert.deepEqual([await prepared(empty, panel, theme), panel.fieldConfig?.defaults.noValue], [[], text]);
  }
  const table = await tableOf(recorded('overview', 'overview'), every);
  assert.ok(column(table, 'Reason').texts.includes('–'));
  assert.ok(column(table, 'Since last success').texts.includes('never'));
});

describe('names of failures', () => {
  /** The names on a board where each reason came once. */
  async function names(name: string, board: 'overview' | 'path', title: string): Promise<string[]> {
    const answered = recorded(name, board);
    const panel = panelOf(answered, title);
    const format = panel.targets![0]!.legendFormat!;
    const result = Object.keys(reasonTable).map((reason) => ({
      metric: { path: 'a_path', phase: 'send', reason, answered_by: 'alb' },
      values: [[answered.toMs / 1000, '1']] as const,
    }));
    const legend = result.map(({ metric }) =>
      format.replace(/\{\{(\w+)\}\}/g, (_, label: keyof typeof metric) => metric[label]),
    );
    const answer = { refId: 'A', instant: false, stepSeconds: 15, result, legend };
    const frames = await prepared({ ...answered, answers: { [panel.id]: [answer] } }, panel, theme);
    return frames.map(({ fields }) => fields[1]!.state!.displayName!);
  }

  test('are said in words, each reason in others', async () => {
    const titles = Object.values(reasonTable).map(({ title }) => title);
    const wanted = (before: string): string[] => titles.map((title) => `${before}: ${title} (AWS ALB)`);
    assert.deepEqual(await names('overview', 'overview', 'Why attempts failed'), wanted('a_path'));
    assert.deepEqual(await names('path-broken', 'path', 'Failed attempts'), wanted('send'));
    assert.equal(new Set(titles).size, titles.length);
  });
});

describe('numbers', () => {
  /** Text and colour of a number as it stands on the board. */
  async function number(
    name: string,
    title: string,
    board: 'overview' | 'path' = 'overview',
  ): Promise<[string, string | undefined]> {
    const answered = recorded(name, board);
    const panel = panelOf(answered, title);
    const [shown] = getFieldDisplayValues({
      fieldConfig: panel.fieldConfig!,
      reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '' },
      replaceVariables: replacing(answered),
      theme,
      data: await prepared(answered, panel, theme),
      sparkline: false,
      timeZone: 'utc',
    });
    return [formattedValueToString(shown!.display), shown!.display.color];
  }
  const neutral = theme.colors.text.primary;

  test('without data are neutral, and say what is missing', async () => {
    const said = {
      'Checks failing': 'no run yet',
      'Checks with alerts': 'no rules loaded',
      'Budget left': 'no budget',
    };
    for (const [title, text] of Object.entries(said))
      assert.deepEqual(await number('overview-no-data', title), [text, neutral]);
    assert.deepEqual(await number('path-broken', 'Certificate expires in', 'path'), ['no TLS seen', neutral]);
  });

  test('with data have a colour of their own', async () => {
    const [text, color] = await number('overview', 'Checks failing');
    assert.match(text, /^\d+$/);
    assert.notEqual(color, neutral);
    assert.equal(
      (await number('overview', 'Checks with alerts'))[0],
      String(Number((await number('overview', 'Checks with alerts'))[0])),
    );
  });
});
