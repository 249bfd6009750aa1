import type { ConfigPath } from '../problem.ts';
import type { ResolvedSources } from '../sources.ts';

/** Takes note of a problem; `message` is `expected …, got …`. */
export type Report = (path: ConfigPath, message: string) => void;

/** What spans several keys, or lies outside of the file, and so cannot be said by the schema. Looks at raw data and never throws. */
export type Rule = (config: unknown, report: Report, sources: ResolvedSources) => void;
