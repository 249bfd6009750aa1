import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type LabChange, parseChange } from '../lab/lab-change.ts';
import { exitFailure, type Terminal } from './command.ts';
import { type Flags, type FlagValues, UsageError } from './flags.ts';
import { parseUrl } from '../network/parse-url.ts';

const timeoutMs = 5_000;

export const changeFlags: Flags = {
  break: {
    kind: 'list',
    placeholder: 'PATH=PRESET',
    help: 'Put this proxy on the path instead of what is there; may be repeated.',
  },
  heal: { kind: 'list', placeholder: 'PATH', help: 'Take all faults from the path, or from all; may be repeated.' },
  restore: {
    kind: 'list',
    placeholder: 'PATH',
    help: 'Make the path, or all, as it was at the start; may be repeated.',
  },
  running: {
    kind: 'text',
    placeholder: 'URL',
    help: 'Make these changes in the demo that runs at URL (http://localhost:10719), instead of starting one with them.',
  },
};

/** The changes that the flags ask for: healing first, so that all but one path can be healed. Throws UsageError. */
export function changesOf(values: FlagValues, paths: readonly string[]): readonly LabChange[] {
  const change = (action: LabChange['action'], text: string): LabChange => {
    const [path, ...preset] = action === 'break' ? text.split('=') : [text];
    if (action === 'break' && preset.length === 0) {
      throw new UsageError(
        `flag --break: expected PATH=PRESET, got ${JSON.stringify(text)}; blobprobe demo --list names both`,
      );
    }
    try {
      return parseChange(action, path, preset.join('='), paths);
    } catch (error) {
      throw error instanceof RangeError ? new UsageError(`flag --${action}: ${error.message}`) : error;
    }
  };
  const actions = ['heal', 'restore', 'break'] as const;
  return actions.flatMap((action) => values.list(action).map((text) => change(action, text)));
}

/** Asks a running demo for the changes, one after the other, and says what it answered. Throws UsageError for a bad URL. */
export async function changeRunning(base: string, changes: readonly LabChange[], terminal: Terminal): Promise<number> {
  if (!/^https?:\/\//i.test(base) || parseUrl(base) === undefined)
    throw new UsageError(`flag --running: expected an http or https URL, got ${JSON.stringify(base)}`);
  if (changes.length === 0) throw new UsageError('flag --running needs --break, --heal or --restore');
  for (const change of changes) {
    const url = new URL(`${base.replace(/\/+$/, '')}/demo/${change.action}`);
    url.searchParams.set('path', change.path);
    if (change.action === 'break') url.searchParams.set('preset', change.preset);
    try {
      const { status, text } = await post(url);
      if (status !== 200) {
        const hint = status === 404 ? ': is a demo running there?' : `: ${text}`;
        terminal.err(`blobprobe demo: ${url.origin} answered ${status}${hint}\n`);
        return exitFailure;
      }
      terminal.out(`${text}\n`);
    } catch (error) {
      terminal.err(`blobprobe demo: ${url.origin}: ${error instanceof Error ? error.message : String(error)}\n`);
      return exitFailure;
    }
  }
  return 0;
}

function post(url: URL): Promise<{ status: number; text: string }> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const asked = request(url, { method: 'POST', signal, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: text.trim() }));
    });
    asked.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error));
    asked.end();
  });
}
