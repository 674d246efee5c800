import { z } from 'zod';
import { ms } from './numbers.ts';

/** How durable jobs are worked on, and who may be told of their end. */
export const jobs = z.strictObject({
  concurrency: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe('Items of jobs that this gateway judges at once. Engines serve them after everything else.'),
  maxItems: z.int().min(1).max(10_000_000).default(1_000_000).describe('Most items of one job.'),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .max(17_179_869_184)
    .default(1_073_741_824)
    .describe('Largest body of a job that comes as JSONL, in bytes. It is never held in memory.'),
  maxDeadlineSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .default(604_800)
    .describe('Longest time from acceptance to the end; jobs that ask for none get this.'),
  itemTimeoutMs: ms(100, 3_600_000).default(600_000).describe('Longest time for one try of one item.'),
  retentionDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(30)
    .describe('Days for which the results of an ended job can be fetched.'),
});

export const webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Where messages are sent; https, unless allowPrivate is set.'),
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]{32,}$/)
    .meta({ secret: true })
    .describe(
      'Signs the messages, as standard-webhooks say: whsec_ and at least 24 bytes in base64. By reference only.',
    ),
  team: z.string().min(1).optional().describe('Team that may use it; default: all.'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('Also send to addresses of this machine and of private networks, and without TLS.'),
});
