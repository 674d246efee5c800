import { existsSync, realpathSync, renameSync, statSync } from 'node:fs';
import { usageError } from '../exit.ts';

export const OUTPUT_FORMATS = ['assay', 'trl'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Files of a run. The journal is the output itself, or stands beside an output in another format. */
export interface RunPaths {
  readonly output: string;
  readonly journal: string;
}

export function runPaths(output: string, format: OutputFormat): RunPaths {
  return { output, journal: format === 'assay' ? output : `${output}.verdicts.jsonl` };
}

/** Throws for an input that cannot be read, and for an output that cannot be written without harm. */
export function checkPaths(input: string, { output, journal }: RunPaths): void {
  if (!existsSync(input)) throw usageError(`${input}: there is no such file`);
  if (!statSync(input).isFile())
    throw usageError(`${input}: this is not a file; "assay label" reads it twice`);
  for (const path of new Set([output, journal])) {
    if (!existsSync(path)) continue;
    if (!statSync(path).isFile()) throw usageError(`${path}: this is not a file that can be written`);
    if (realpathSync(path) === realpathSync(input))
      throw usageError(`${path}: input and output are the same file`);
  }
}

/** Throws when the output is there but not the journal that it was made from. */
export function refuseForeignOutput({ output, journal }: RunPaths): void {
  if (output === journal || !existsSync(output) || existsSync(journal)) return;
  throw usageError(
    `${output}: this file is there already, but not ${journal}, from which a run could go on; name another output file, or move this one away with --restart`,
  );
}

/** Keeps the files of an earlier run as `….bak`; an empty one never takes the place of a full one. */
export function moveAside({ output, journal }: RunPaths): void {
  for (const path of new Set([output, journal])) {
    if (existsSync(path) && statSync(path).size > 0) renameSync(path, `${path}.bak`);
  }
}
