/** One line of the text exposition format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What one scrape of /metrics said. */
export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  readonly matches: typeof matches;
  /** Sum of all samples of the name whose labels include the given ones; undefined when there is none. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined;
}

/** Parses the text format 0.0.4. Throws on a line that is neither a comment nor a sample. */
export function parseMetrics(text: string): Scrape {
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseSample);
  return {
    text,
    samples,
    matches,
    value: (name, labels = {}) => {
      const matching = samples.filter((sample) => matches(sample, name, labels));
      return matching.length === 0 ? undefined : matching.reduce((sum, sample) => sum + sample.value, 0);
    },
  };
}

function parseSample(line: string): Sample {
  const match = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)(?: \d+)?$/.exec(line);
  if (match?.groups === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, name, value] of (match.groups['labels'] ?? '').matchAll(/(\w+)="((?:\\.|[^"\\])*)",?/g))
    labels[name ?? ''] = (value ?? '').replace(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  return { name: match.groups['name'] ?? '', labels, value: parseValue(match.groups['value'] ?? '') };
}

function parseValue(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function matches(sample: Sample, name: string, labels: Readonly<Record<string, string>>): boolean {
  return sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
}
