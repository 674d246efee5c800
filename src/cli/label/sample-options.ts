import type { Command } from 'commander';
import { z } from 'zod';
import { usageError } from '../exit.ts';
import { number, wholeNumber } from '../options.ts';
import { SAMPLE_KINDS, type SampleTask } from './sample.ts';

const KINDS = ['all', ...SAMPLE_KINDS] as const;

/** Options by which a command asks for some of the rows only. */
export const sampleShape = {
  sample: z.enum(KINDS, `must be one of ${KINDS.join(', ')}`).optional(),
  share: number(0.000_001, 1).optional(),
  sampleSeed: wholeNumber(0, 4_294_967_295),
  dropNear: number(0.5, 1).optional(),
  scores: z
    .string()
    .transform((text) => text.split(',').map((path) => path.trim()))
    .refine((paths) => paths.every((path) => path !== ''), 'has an empty name')
    .optional(),
};
const sampleFlags = z.object(sampleShape);
type SampleFlags = z.output<typeof sampleFlags>;

export function addSampleOptions(command: Command): Command {
  return command
    .option('--sample <kind>', `ask only for the rows worth it: ${KINDS.join(', ')}`)
    .option('--share <x>', 'share of the rows that --sample asks for, above 0 and at most 1')
    .option('--scores <files>', 'outputs of a cheaper run: one for uncertainty, two (a,b) for disagreement')
    .option('--sample-seed <n>', 'seed of the draw; the same seed takes the same rows', '1')
    .option('--drop-near <x>', 'leave out rows whose texts overlap with an earlier one by so much, 0.5 to 1');
}

/** Null where every row is asked. Throws a usage error for options that do not go together. */
export function sampleTaskOf({
  sample,
  share,
  sampleSeed,
  dropNear,
  scores,
}: SampleFlags): SampleTask | null {
  const kind = sample ?? 'all';
  if (kind === 'all') {
    if (share !== undefined || scores !== undefined) {
      throw usageError('--share and --scores: say how with --sample, as --sample random');
    }
    return dropNear === undefined
      ? null
      : { kind: 'random', share: 1, seed: sampleSeed, dropNear, scores: [] };
  }
  if (share === undefined) throw usageError(`--share: is needed with --sample ${kind}, as --share 0.5`);
  const usesScores = kind === 'uncertainty' || kind === 'disagreement';
  if (scores !== undefined && !usesScores) throw usageError(`--scores: --sample ${kind} needs none`);
  return { kind, share, seed: sampleSeed, dropNear: dropNear ?? null, scores: scores ?? [] };
}
