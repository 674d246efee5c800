import type { Scored } from './made.ts';
import type { ExportRow } from './shapes.ts';
import type { ReadVerdict } from './verdicts.ts';

/** Names of all criteria that the verdicts have scores by: each is a column of its own in Parquet. */
export function criteriaOf(verdicts: Iterable<ReadVerdict>): readonly string[] {
  const names = new Set<string>();
  for (const { score } of verdicts) for (const { criterion } of score?.criteria ?? []) names.add(criterion);
  return [...names].toSorted();
}

/** Part of a trail that was about all criteria in one call. */
const ALL_CRITERIA = 'all criteria';

/** Ends of UltraFeedback's scale of `overall_score`. */
const OVERALL = { min: 1, max: 10 };

/**
 * One instruction with all its answers and their ratings, as UltraFeedback has them (Cui et al. 2023, arXiv
 * 2310.01377). A `Rating` is text there: the nearest point of the scale; the expected score stands beside it.
 */
export function ultrafeedbackRow(
  instruction: string,
  answers: readonly Scored[],
  criteria: readonly string[],
): ExportRow {
  const models = answers.map(({ item }) => modelOf(item.metadata));
  const completions = answers.map((answer, index) => ({
    model: models[index] ?? null,
    response: answer.item.candidates[0] ?? '',
    annotations: annotationsOf(answer, criteria),
    critique: reasonsOf(answer.verdict, ALL_CRITERIA),
    overall_score: OVERALL.min + (OVERALL.max - OVERALL.min) * answer.scores.score,
    score: answer.scores.score,
    weight: 1 / answer.verdict.inclusion_probability,
    id: answer.verdict.item_id,
  }));
  return { instruction, models, completions };
}

/** Who wrote the answer, where its metadata says it. */
function modelOf({ model }: Readonly<Record<string, unknown>>): string | null {
  return typeof model === 'string' ? model : null;
}

/** What UltraFeedback says where a criterion was not asked for. */
const NOT_RATED = { Rating: 'N/A', Rationale: null, expected: null };

function annotationsOf({ scores, verdict }: Scored, criteria: readonly string[]) {
  return Object.fromEntries(
    criteria.map((name) => {
      const read = scores.criteria.find(({ criterion }) => criterion === name);
      if (read === undefined) return [name, NOT_RATED];
      const { expected } = read;
      return [name, { Rating: String(Math.round(expected)), Rationale: reasonsOf(verdict, name), expected }];
    }),
  );
}

/** What the judge whose score it is wrote before it; null where it was not kept. */
function reasonsOf(verdict: ReadVerdict, criterion: string): string | null {
  return (
    verdict.reasons.findLast(({ part, tier }) => part === criterion && tier === verdict.tier)?.text ?? null
  );
}
