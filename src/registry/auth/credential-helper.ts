import { type ChildProcess, spawn } from 'node:child_process';
import { errorCodeSuffix } from './credentials.ts';
import { isObject, parseJson } from '../json.ts';
import { unreadable } from './auth-error.ts';

interface HelperAnswer {
  readonly username: string;
  readonly secret: string;
}

interface HelperOptions {
  /** `gcr` for `docker-credential-gcr`, found on the PATH. */
  readonly name: string;
  /** What the credentials are stored under. */
  readonly server: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const maxAnswerBytes = 64 * 1024;

/**
 * Credentials from `docker-credential-<name> get` (docker/docker-credential-helpers): server on stdin, JSON on stdout.
 * undefined: the helper has none for this server. Throws AuthError `credentials_unreadable` without anything that the helper
 * wrote, or the abort reason. The helper and what it started are killed when the time is over.
 */
export async function askCredentialHelper(options: HelperOptions): Promise<HelperAnswer | undefined> {
  if (!/^[a-zA-Z0-9_-]+$/.test(options.name)) throw unreadable('the name of a credential helper is not one');
  const { code, output } = await run(options);
  const text = output.toString('utf8');
  if (code !== 0) {
    // The one message of the protocol, of helpers in every language.
    if (text.trim().startsWith('credentials not found')) return undefined;
    throw unreadable(`docker-credential-${options.name} failed with exit code ${code}`);
  }
  return parseAnswer(text, options.name);
}

function parseAnswer(text: string, name: string): HelperAnswer | undefined {
  const answer = parseJson(text);
  if (answer === undefined) throw unreadable(`docker-credential-${name} did not answer with JSON`);
  const { Username: username, Secret: secret } = isObject(answer) ? answer : {};
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw unreadable(`docker-credential-${name} answered without Username and Secret`);
  return secret === '' ? undefined : { username, secret };
}

function run({ name, server, timeoutMs, signal }: HelperOptions): Promise<{ code: number; output: Buffer }> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // A group of its own, so that what a helper script starts ends with it. No shell.
    const child = spawn(`docker-credential-${name}`, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (error: Error): void => {
      killGroup(child);
      child.stdout.destroy();
      settle(() => reject(error));
    };
    const onAbort = (): void => stop(signal.reason);
    const timer = setTimeout(
      () => stop(unreadable(`docker-credential-${name} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    signal.addEventListener('abort', onAbort);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > maxAnswerBytes)
        stop(unreadable(`docker-credential-${name} answered more than ${maxAnswerBytes} bytes`));
      else chunks.push(chunk);
    });
    // A helper may end without reading its input.
    child.stdin.on('error', () => {});
    child.on('error', (error) =>
      stop(unreadable(`docker-credential-${name} cannot be started${errorCodeSuffix(error)}`)),
    );
    child.on('close', (code) => settle(() => resolve({ code: code ?? -1, output: Buffer.concat(chunks) })));
    child.stdin.end(`${server}\n`);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone, or a system without process groups.
    child.kill('SIGKILL');
  }
}
