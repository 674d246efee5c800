import { z } from 'zod';
import { check, type Checked } from '../problems.ts';

/**
 * What the query of a trainer's URL says. Trainers send bodies of a fixed form and no headers: their URL is
 * the only thing that a user can change.
 */
export interface TrainerSettings {
  /** Name of a policy; undefined takes the first one for the task. */
  readonly policy: string | undefined;
  /** Name of a rubric; undefined takes the policy's. */
  readonly rubric: string | undefined;
  /** The reward of blank responses, which no judge can score; undefined refuses them. */
  readonly blank: number | undefined;
  /** Text after whose last occurrence the response begins; undefined finds it by known chat templates. */
  readonly after: string | undefined;
  /** Whether the trainer's label is a response that is known to be good. */
  readonly reference: boolean;
  /** Name of the field of a reply that is an object; undefined answers with a bare number. */
  readonly key: string | undefined;
}

const settingsSchema = z
  .strictObject({
    policy: z.string().min(1).optional(),
    rubric: z.string().min(1).optional(),
    blank: z
      .string()
      .regex(/^-?\d{1,6}(\.\d{1,9})?$/, { error: 'must be a decimal number' })
      .optional(),
    after: z.string().min(1).optional(),
    label: z.enum(['reference', 'ignore']).default('reference'),
    key: z
      .string()
      .regex(/^\w{1,64}$/, { error: 'must be letters, digits and underscores' })
      .optional(),
  })
  .transform(({ policy, rubric, blank, after, label, key }): TrainerSettings => ({
    policy,
    rubric,
    blank: blank === undefined ? undefined : Number(blank),
    after,
    reference: label === 'reference',
    key,
  }));

/** Reads `?policy=…&blank=…` of a request's target; unknown words are refused, as a typo would change rewards. */
export function readSettings(url: string): Checked<TrainerSettings> {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
  return check(settingsSchema, Object.fromEntries(query));
}
