import { z } from 'zod';
import type { GoldLabel, GoldReceipt } from '../contracts/outcomes.ts';
import { cleanText } from './passage.ts';
import { check, invalid, type Checked } from './problems.ts';

/** The body of `POST /v1/feedback/outcomes`: gold labels for verdicts already given. */
const outcomeSchema = z
  .strictObject({
    verdict_id: cleanText.min(1).max(64).meta({ example: 'vrd_5ktoa7r21ngbq8o4dv60mnk371' }),
    label: z.enum(['a', 'b', 'tie']).meta({ description: 'The label that the verdict should have had.' }),
    annotator: cleanText
      .min(1)
      .max(256)
      .nullish()
      .meta({ description: 'Who says so; your own name for it.' }),
  })
  .meta({ id: 'GoldLabel' });

/** Most labels in one request. */
const MAX_OUTCOMES = 10_000;

export const outcomesRequestSchema = z
  .strictObject({ outcomes: z.array(outcomeSchema).min(1).max(MAX_OUTCOMES) })
  .meta({ id: 'OutcomesRequest' });

export const outcomesReplySchema = z
  .object({
    object: z.literal('list'),
    recorded: z.int().meta({ description: 'Labels that were taken in, replacements included.' }),
    data: z.array(
      z.object({
        verdict_id: z.string(),
        status: z.enum(['recorded', 'replaced', 'unknown_verdict']).meta({
          description: '`unknown_verdict`: no such verdict of your team is remembered.',
        }),
      }),
    ),
  })
  .meta({ id: 'OutcomesReply' });

/** Reads gold labels; each is checked, and all problems are told at once. */
export function parseOutcomes(body: unknown): Checked<readonly GoldLabel[]> {
  const checked = check(outcomesRequestSchema, body);
  if (!checked.ok) return checked;
  const { outcomes } = checked.value;
  const first = new Map<string, number>();
  const problems = outcomes.flatMap(({ verdict_id: id }, position) => {
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, position);
    return earlier === undefined
      ? []
      : [invalid(`outcomes[${position}].verdict_id`, `repeats the verdict of outcomes[${earlier}]`)];
  });
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: outcomes.map(({ verdict_id: verdictId, label, annotator }) => ({
      verdictId,
      label,
      annotator: annotator ?? null,
    })),
  };
}

export function renderReceipts(
  labels: readonly GoldLabel[],
  receipts: readonly GoldReceipt[],
): z.infer<typeof outcomesReplySchema> {
  const data = labels.map(({ verdictId }, position) => ({
    verdict_id: verdictId,
    status: receipts[position] ?? ('unknown_verdict' as const),
  }));
  const recorded = data.filter(({ status }) => status !== 'unknown_verdict').length;
  return { object: 'list', recorded, data };
}
