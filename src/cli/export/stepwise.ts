import type { Scored } from './made.ts';
import type { ExportRow, ShapeOptions } from './shapes.ts';

/** One solution as TRL's stepwise supervision has it: its steps, and of each whether it is a good one. */
export function stepwiseRow(
  prompt: string,
  steps: readonly Scored[],
  { threshold }: ShapeOptions,
): ExportRow {
  const scores = steps.map(({ scores: { score } }) => score);
  return {
    prompt,
    completions: steps.map(({ item }) => item.candidates[0] ?? ''),
    labels: scores.map((score) => score >= threshold),
    scores,
  };
}
