import { z } from 'zod';
import { ms } from './numbers.ts';

const redis = z.strictObject({
  url: z
    .url({ protocol: /^rediss?$/, error: 'is no address of Redis, such as redis://redis:6379' })
    .refine((url) => !/\/\/[^/]*@/.test(url), 'must hold no user or password; they have keys of their own')
    .describe('Address, such as redis://redis:6379/0; rediss:// for TLS.'),
  username: z.string().min(1).max(256).optional().describe('User, where Redis has any.'),
  password: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .meta({ secret: true })
    .describe('Password, by reference only.'),
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9:._-]{0,63}$/)
    .default('assay:')
    .describe('Begins every key. Gateways with the same prefix share labels and scores.'),
  readMs: ms(1, 1_000)
    .default(25)
    .describe('Longest wait for a label; after it Redis is left alone until it answers in time again.'),
  writeMs: ms(1, 1_000).default(50).describe('Longest wait for a write; no reply waits for one.'),
});

/** The label cache of a gateway, and what it shares with others. */
export const cache = z.strictObject({
  bytes: z
    .int()
    .min(65_536)
    .max(17_179_869_184)
    .default(67_108_864)
    .describe('Memory for labels that may be given again, in bytes; the ones unused for longest go first.'),
  scoreBytes: z
    .int()
    .min(65_536)
    .max(17_179_869_184)
    .default(16_777_216)
    .describe('The same for scores, beside it.'),
  semanticBytes: z
    .int()
    .min(1_048_576)
    .max(17_179_869_184)
    .default(134_217_728)
    .describe('The same for labels that similar items may be given, where a policy wants that.'),
  semanticEntries: z
    .int()
    .min(1)
    .max(100_000)
    .default(5_000)
    .describe('Most of them for one team, policy, stratum and rubric; all are compared at each search.'),
  redis: redis
    .optional()
    .describe(
      'Where gateways share labels and scores, and judge equal items once. Without it, each is alone.',
    ),
});

const recheck = z.strictObject({
  share: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe(
      'Share of the labels given again that are judged anew, beyond the reply. With a target, at least audit.share; 0 never.',
    ),
  tolerated: z
    .number()
    .min(0.001)
    .max(0.25)
    .default(0.05)
    .describe('Share of them that may come out otherwise before all stored labels of a judge are dropped.'),
});

const semantic = z.strictObject({
  maxError: z
    .number()
    .min(0.001)
    .max(0.2)
    .describe(
      'Share of items that may get another label than judging would give them. With a target it is part of what 1 - agreement allows.',
    ),
  minSimilarity: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(0.9)
    .describe('Least cosine, of prompt, first and second response each, to an item whose label is given.'),
  engine: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Id of an engine that serves /v1/embeddings. Without it, built-in n-grams: they find shared wording alone.',
    ),
  embedMs: ms(1, 10_000)
    .default(250)
    .describe('Longest wait for the vectors of an engine; after it the item is judged.'),
});

/** What one policy does with stored labels. */
export const policyCache = z.strictObject({
  ttlMs: ms(0, 31_622_400_000)
    .default(2_592_000_000)
    .describe(
      'Time that a label may be given again. 0 asks the judges every time, also for equal items at once.',
    ),
  recheck: recheck.prefault({}).describe('How stored labels are watched.'),
  semantic: semantic
    .optional()
    .describe('Give labels of similar items too, within an error that is controlled; absent: never.'),
});
