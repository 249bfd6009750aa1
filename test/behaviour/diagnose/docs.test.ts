import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Cause, proofsOf } from '../../../src/probe/diagnose/cause.ts';
import { type CauseName, causes } from '../../../src/probe/diagnose/causes.ts';
import { conformanceCauses } from '../../../src/probe/diagnose/causes-conformance.ts';
import { slowCauses } from '../../../src/probe/diagnose/causes-slow.ts';
import { behaviourNames, behaviours } from '../../../src/probe/diagnose/conformance.ts';
import { refutations } from '../../../src/probe/diagnose/refutations.ts';
import { markdownRow as cells, placeOfCause, remedyOfCause } from '../../support/cause-table.ts';

const file = new URL('../../../docs/diagnosis.md', import.meta.url);

function proofs(name: CauseName): string {
  const all = proofsOf(causes[name]);
  const said = all.some((proof) => proof instanceof RegExp);
  const contrasts = all.flatMap((proof) => (proof instanceof RegExp ? [] : [`\`${proof}\``]));
  return [...(said ? ['its own words'] : []), ...contrasts].join(', ') || 'nothing that a client sees';
}

function rowOf(
  name: string,
  cause: Pick<Cause, 'title' | 'hop' | 'nextTest' | 'remedy' | 'reference'>,
  refuted: string,
  certain: string,
): string {
  const { title, nextTest } = cause;
  return cells(`\`${name}\``, title, placeOfCause(cause), refuted, certain, nextTest, remedyOfCause(cause));
}

test('the documentation lists every cause as the table has it (UPDATE_GENERATED=1 writes it)', () => {
  const text = readFileSync(file, 'utf8');
  const before = text.slice(0, text.indexOf('## Causes\n'));
  const rows = Object.entries(causes).map(([name, cause]) =>
    rowOf(name, cause, cause.refutedBy.map((one) => refutations[one].when).join('; '), proofs(name as CauseName)),
  );
  const slow = Object.entries(slowCauses).map(([name, cause]) => rowOf(name, cause, cause.refutedWhen, cause.shownBy));
  const lost = Object.entries(conformanceCauses).map(([name, cause]) =>
    rowOf(name, cause, cause.refutedWhen, `\`${cause.provenBy}\``),
  );
  const head =
    '| cause | means | hop | refuted when | certain by | next test | remedy |\n|---|---|---|---|---|---|---|';
  const expected = `${before}## Causes\n\n${head}\n${[...rows, ...slow, ...lost].join('\n')}\n`;
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});

test('the documentation lists every behaviour of the specification that is tried (UPDATE_GENERATED=1 writes it)', () => {
  const text = readFileSync(file, 'utf8');
  const head = '| behaviour | the test | the cause if it is lost on the way |\n|---|---|---|\n';
  const start = text.indexOf(head);
  const end = text.indexOf('\n\n', start);
  expect([start > 0, end > start]).toEqual([true, true]);
  const rows = behaviourNames.map((name) => {
    const cause = Object.entries(conformanceCauses).find(([, row]) => row.behaviours.includes(name))?.[0];
    return cells(`\`${name}\``, behaviours[name].title, `\`${cause}\``);
  });
  const expected = `${text.slice(0, start)}${head}${rows.join('\n')}${text.slice(end)}`;
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});
