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
    .describe('Requests in one minute that may cost money, beside jobs and batches.'),
});

export type LimitsConfig = z.infer<typeof limits>;
