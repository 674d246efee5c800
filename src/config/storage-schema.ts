import { z } from 'zod';
import { ms } from './numbers.ts';

const migrate = z
  .boolean()
  .default(true)
  .describe(
    'Bring the tables up to date at start; false refuses to start until `assay migrate` has done it (as a Helm hook does).',
  );

const retentionDays = z
  .int()
  .min(1)
  .max(3_650)
  .default(90)
  .describe('Days that verdicts and their attempts are kept; older ones are dropped a day at a time.');

/** Where everything that must outlive the process is kept. */
export const storage = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('embedded')
      .describe('A database that the gateway starts itself; serves this gateway alone.'),
    directory: z
      .string()
      .min(1)
      .default('assay-data')
      .describe(
        'Its folder, relative to the configuration file. What is in it survives a killed process, not a power cut.',
      ),
    migrate,
    retentionDays,
  }),
  z.strictObject({
    kind: z.literal('postgres').describe('PostgreSQL 14 or newer; several gateways may share it.'),
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/assay')
      .meta({ secret: true })
      .describe('Connection string with the password, so only by reference.'),
    poolSize: z.int().min(2).max(200).default(10).describe('Most connections of one gateway.'),
    statementTimeoutMs: ms(100, 600_000)
      .default(15_000)
      .describe('Time for one statement; then the database counts as away.'),
    migrate,
    retentionDays,
  }),
  z.strictObject({
    kind: z.literal('none').describe('Nothing is kept: a restart begins cold, and there are no jobs.'),
  }),
]);
