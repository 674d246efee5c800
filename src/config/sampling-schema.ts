import { z } from 'zod';

/** Which items of a policy are judged at all; docs/sampling.md tells the methods. */
export const samplingSchema = z.strictObject({
  method: z
    .enum(['all', 'random', 'diversity', 'uncertainty', 'disagreement'])
    .default('all')
    .describe(
      'Which items are judged, decided as each comes: all; all alike; rare kinds of texts as much as frequent ones; where one scout is not sure; where two scouts lie apart.',
    ),
  share: z
    .number()
    .min(0.001)
    .max(1)
    .optional()
    .describe('Wished share of the items that are judged; needed by every method but all.'),
  seed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(1)
    .describe('Of the coins: equal items and seeds fall alike, on every gateway.'),
  dropNear: z
    .number()
    .min(0.5)
    .max(1)
    .optional()
    .describe(
      'Leave out items whose texts overlap by this share of their five-word shingles with one of the last 20,000 that came.',
    ),
  scouts: z
    .array(z.string().min(1))
    .max(2)
    .default([])
    .describe(
      'Judges that are asked about every item, pairs in one order, to see where judging is worth it: one for uncertainty, two for disagreement.',
    ),
});
