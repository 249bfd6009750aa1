import { execSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds the product once before the real suite, which runs it as users do: from dist/. */
export function setup(): void {
  execSync('npm run --silent build', { cwd: fileURLToPath(new URL('../../..', import.meta.url)), stdio: 'inherit' });
}
