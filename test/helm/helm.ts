import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { requireComponent } from '../support/component.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';

export const chartFolder = fileURLToPath(new URL('../../helm/blobprobe/', import.meta.url));

/** Helm asks no cluster here, and builds of Helm without a version compiled in take Kubernetes to be 1.20. */
const kubernetes = ['--kube-version', '1.31.0'];

export type HelmProgram = 'helm' | 'helm4';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

export interface HelmResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `helm COMMAND CHART` with these values on top of the files. */
export function helm(
  command: readonly string[],
  values: object = {},
  options: { readonly program?: HelmProgram; readonly files?: readonly string[]; readonly chart?: string } = {},
): HelmResult {
  const directory = temporaryDirectory('helm');
  try {
    const file = join(directory.path, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const flags = [...(options.files ?? []), file].flatMap((one) => ['--values', one]);
    const args = [...command, options.chart ?? chartFolder, ...flags, ...kubernetes];
    // Without HOME's plugins, caches and kubeconfig.
    const env = { PATH: process.env['PATH'], HOME: directory.path };
    return spawnSync(requireComponent(options.program ?? 'helm'), args, { encoding: 'utf8', env, maxBuffer: 2 ** 26 });
  } finally {
    directory.remove();
  }
}

/** The objects of release `probe` in namespace `default`. Throws with Helm's message when it refuses. */
export function render(values: object = {}, options: Parameters<typeof helm>[2] = {}): KubernetesObject[] {
  const { status, stdout, stderr } = helm(['template', 'probe'], values, options);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(`not YAML: ${document.errors.join(', ')}`);
      return document.toJS() as KubernetesObject | null;
    })
    .filter((object) => object !== null);
}

/** The only object of a kind (and name). Throws when there is none or more than one. */
export function only(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const found = objects.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  const [object] = found;
  if (object === undefined || found.length > 1)
    throw new Error(`${found.length} objects of kind ${kind} among ${objects.map((one) => one.kind).join(', ')}`);
  return object;
}

/** What `helm install` would print after it. */
export function notes(values: object): string {
  const directory = temporaryDirectory('helm-notes');
  try {
    // `helm template` leaves NOTES.txt out, and `helm install` wants a cluster: so the notes become an object.
    const chart = join(directory.path, 'blobprobe');
    cpSync(chartFolder, chart, { recursive: true });
    mkdirSync(join(chart, 'templates'), { recursive: true });
    renameSync(join(chart, 'templates/NOTES.txt'), join(chart, 'templates/_notes.tpl'));
    const text = readFileSync(join(chart, 'templates/_notes.tpl'), 'utf8');
    writeFileSync(join(chart, 'templates/_notes.tpl'), `{{- define "notes" -}}${text}{{- end -}}`);
    writeFileSync(
      join(chart, 'templates/notes.yaml'),
      'kind: Notes\nmetadata: { name: notes }\ntext: {{ include "notes" . | quote }}\n',
    );
    const object = only(render(values, { chart }), 'Notes');
    return (object as unknown as { text: string }).text;
  } finally {
    directory.remove();
  }
}

/** A file of the chart, as YAML. */
export function chartFile(path: string): unknown {
  return parse(readFileSync(join(chartFolder, path), 'utf8'));
}
