import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';

/** Takes away what a test has started or made. Does not wait, does not throw, and may be called twice. */
type End = () => void;
/** What is still there, and what it is called. */
type Scope = Map<End, string>;

const scopes = new AsyncLocalStorage<Scope>();
const ofProcess: Scope = new Map();

/**
 * Names what is to be taken away at the latest with the test in which it came about (the file, where that was outside of a test; this process,
 * where that was while a file loaded). Gives what says that it is gone already.
 */
export function endAtLast(what: string, end: End): () => void {
  const scope = scopes.getStore() ?? ofProcess;
  scope.set(end, what);
  return () => void scope.delete(end);
}

/**
 * A child, which is killed at last with all that it has started: a test that its time limit ended, and a file that was broken off, leave
 * nothing running. The child leads a process group of its own (`detached`).
 */
export function childAtLast(child: ChildProcess): void {
  const isGone = endAtLast(child.spawnargs.join(' '), () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Ended a moment ago.
    }
  });
  child.once('close', isGone);
  child.once('error', isGone);
}

/** What `make` starts or makes is there for other tests, too, and goes with this process. */
export function forOthers<T>(make: () => T): T {
  return scopes.exit(make);
}

/** Runs a test or a file, and takes away what it leaves. What that was, one line each. */
export async function endingAll(run: () => Promise<void>): Promise<string[]> {
  const scope: Scope = new Map();
  let left: string[] = [];
  try {
    await scopes.run(scope, run);
  } finally {
    left = takeAway(scope);
  }
  return left;
}

function takeAway(scope: Scope): string[] {
  const left = [...scope];
  scope.clear();
  for (const [end] of left) end();
  return left.map(([, what]) => what);
}

process.once('exit', () => takeAway(ofProcess));
// vitest ends a worker by SIGTERM, and a terminal by SIGINT: Node.js tells nobody of such an exit.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    takeAway(ofProcess);
    process.kill(process.pid, signal);
  });
}
