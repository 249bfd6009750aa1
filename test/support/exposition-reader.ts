export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: string;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** Family name → type, as in the `# TYPE` lines. */
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;
  /** The one sample with this name and at least these labels; undefined when there is none, an error when there are more. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  all(name: string, labels?: Readonly<Record<string, string>>): Sample[];
}

/** Reads both formats strictly: any line that is neither comment nor sample is an error. */
export function readExposition(text: string): Exposition {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const help = new Map<string, string>();
  for (const line of text.split('\n')) {
    const comment = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line);
    if (comment !== null) (comment[1] === 'TYPE' ? types : help).set(comment[2]!, comment[3]!);
    else if (line !== '' && line !== '# EOF') samples.push(readSample(line));
  }
  function all(name: string, labels: Readonly<Record<string, string>> = {}): Sample[] {
    return samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }
  return {
    samples,
    types,
    help,
    all,
    value(name, labels) {
      const found = all(name, labels);
      if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
      return found[0]?.value;
    },
  };
}

function readSample(line: string): Sample {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    at += 1;
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/.exec(line.slice(at));
      if (label === null) throw new Error(`bad label at ${at}: ${line}`);
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
      at += label[0].length;
    }
    at += 1;
  }
  const rest = /^ (\S+)(?: # (\{.*\} \S+ \S+))?$/.exec(line.slice(at));
  if (rest === null) throw new Error(`bad value: ${line}`);
  const value = rest[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(rest[1]);
  return { name, labels, value, ...(rest[2] === undefined ? {} : { exemplar: rest[2] }) };
}
