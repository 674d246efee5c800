import { z } from 'zod';

/** What a team or a policy may spend, and how fast. */
export const limits = z.strictObject({
  usdPerDay: z
    .number()
    .min(0)
    .max(1e6)
    .optional()
    .describe('US dollars in one day; days begin at 0:00 UTC. Beyond it items end as over_budget.'),
  usdPerMonth: z
    .number()
    .min(0)
    .max(1e6)
    .optional()
    .describe('US dollars in one month; months begin on the first, 0:00 UTC.'),
  tokensPerMinute: z
    .int()
    .min(0)
    .max(1e12)
    .optional()
    .describe(
      'Tokens read and written by engines in one minute; work of trainers and jobs waits for the next.',
    ),
  requestsPerMinute: z
    .int()
    .min(0)
    .max(1e9)
    .optional()
    .describe('Requests in one minute that may cost money; a job or a batch that is handed in is one.'),
  concurrentItems: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'Items under way at once, by each gateway for itself; trainers and jobs wait, others get 429 when there is no room for one.',
    ),
});

export type LimitsConfig = z.infer<typeof limits>;
