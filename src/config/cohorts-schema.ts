import { z } from 'zod';
import { ms } from './numbers.ts';

/** How a policy waits for candidates that come in calls of their own. */
export const cohorts = z.strictObject({
  size: z
    .int()
    .min(2)
    .max(64)
    .optional()
    .describe(
      'Rollouts of a prompt that `POST /verify` of NeMo-Gym waits for, which its body cannot say; as num_rollouts_per_prompt there.',
    ),
  waitMs: ms(10, 3_600_000)
    .default(30_000)
    .describe(
      'Time from the first candidate of a group after which the others are no longer waited for; never more than four fifths of the time that a waiting caller has left.',
    ),
  whenIncomplete: z
    .enum(['rank', 'fail'])
    .default('rank')
    .describe(
      'What becomes of a group of which some did not come: ranked without them and flagged `incomplete`, or timed_out for all.',
    ),
});
