import { z } from 'zod';
import { STRATUM_DIMENSIONS } from '../domain/stratum.ts';
import { cache, policyCache } from './cache-schema.ts';
import { cohorts } from './cohorts-schema.ts';
import { engine } from './engine-schema.ts';
import { jobs, webhook } from './jobs-schema.ts';
import { judge } from './judge-schema.ts';
import { limits } from './limits-schema.ts';
import { oidc } from './oidc-schema.ts';
import { id } from './names.ts';
import { ms } from './numbers.ts';
import { storage } from './storage-schema.ts';
import { metrics, tracing } from './telemetry-schema.ts';
import { samplingSchema } from './sampling-schema.ts';

/**
 * The one schema of the configuration file. Types, messages, JSON Schema and the reference page in
 * docs/ all come from here; defaults stand here and nowhere else. Unknown keys are refused.
 */

const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8080).describe('Port of the public API; 0 takes a free one.'),
  allowAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'Serve without API keys beyond loopback. Without teams and off loopback, Assay else refuses to start.',
    ),
  requireKey: z
    .boolean()
    .default(false)
    .describe(
      'Ask for an API key also when the file has no teams: teams and keys are made by `assay teams` and `assay keys`. Without it, the first key that is made closes the gateway.',
    ),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .max(67_108_864)
    .default(4_194_304)
    .describe('Largest request body, in bytes.'),
  maxItems: z.int().min(1).max(10_000).default(1000).describe('Most items in one feedback request.'),
  heartbeatMs: ms(100, 60_000)
    .default(15_000)
    .describe('Silence after which a stream gets a comment, so that proxies keep it open.'),
  lookAwayMs: ms(0, 300_000)
    .default(0)
    .describe(
      'Time for which a gateway that was told to stop still serves, not ready and ending each connection with its reply, so that balancers look away first. Some seconds behind a balancer.',
    ),
  drainMs: ms(0, 600_000).default(30_000).describe('Time that running requests get to finish at shutdown.'),
});

const key = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]{1,32}$/)
    .describe('The part between the underscores of the key.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('SHA-256 of the whole key in hexadecimal; `assay keys new` prints it.'),
});

const teamKey = key.extend({
  scopes: z
    .array(z.enum(['submit', 'read']))
    .min(1)
    .max(2)
    .default(['submit', 'read'])
    .describe('What it allows: `submit` asks for work and steers it, `read` only looks.'),
});

const admin = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8081).describe('Port of the admin API; 0 takes a free one.'),
  keys: z
    .array(key)
    .max(64)
    .default([])
    .describe('Keys of operators; without any, only programs on the same machine may call it.'),
  requireKey: z
    .boolean()
    .default(false)
    .describe(
      'Ask for a key also without any here: one of the ledger with the scope admin. Without it, the first such key closes the admin API.',
    ),
});

const log = z.strictObject({
  level: z.enum(['silent', 'error', 'warn', 'info']).default('info').describe('Least level that is written.'),
  requests: z
    .enum(['failed', 'all'])
    .default('failed')
    .describe(
      'Requests that get a line: those with status 400 or more, or all (some 5 % of the throughput).',
    ),
});

const rubric = z.strictObject({
  text: z
    .string()
    .min(1)
    .max(20_000)
    .describe('What makes a response better, in the words that the judge reads.'),
});

/** What a critique policy asks for, where its items do not say. */
const critique = z.strictObject({
  constitution: z
    .string()
    .min(1)
    .describe('Constitution as name or name@version; without a version the newest.'),
  revise: z
    .int()
    .min(0)
    .max(8)
    .default(0)
    .describe('Rounds of critique and revision; 0 asks for one critique alone.'),
  evidence: z.boolean().default(false).describe('Ask for quotes from the response, and check them.'),
  checkedBy: id
    .optional()
    .describe(
      'Judge of preferences that compares the last revision with the response: a tier is final where the revision is better with acceptAt.',
    ),
});

const share = z.number().min(0).max(1);

const target = z.strictObject({
  agreement: z
    .number()
    .min(0.5)
    .max(0.999)
    .describe('Least share of released labels that are what the last tier would have said.'),
  confidence: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(0.9)
    .describe('How sure that is: over repeated calibrations the promise is kept with this probability.'),
  risk: z
    .enum(['marginal', 'selective'])
    .default('marginal')
    .describe('`marginal` counts errors over all items, `selective` over those that small judges decide.'),
  reference: z
    .enum(['judge', 'human'])
    .default('judge')
    .describe(
      'Whose label counts as right for the certificate: the last tier, or the gold labels of POST /v1/feedback/outcomes.',
    ),
  minimumCoverage: z
    .number()
    .min(0)
    .max(0.95)
    .default(0.05)
    .describe(
      'Least share of the items that small judges must decide for a certificate to be worth their calls.',
    ),
});

const audit = z.strictObject({
  share: z
    .number()
    .min(0.001)
    .max(1)
    .default(0.02)
    .describe(
      'Share of the items of which everything is learned, beyond the reply, while a certificate holds.',
    ),
});

const anchors = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'JSONL of pairs, with "gold" where a person labelled one; relative to the configuration file. At least 50 items say much.',
    ),
  everyMs: ms(10, 86_400_000)
    .default(60_000)
    .describe('Time from one item to the next, in the background; every judge of the policy answers it.'),
  tolerance: z
    .number()
    .min(0.005)
    .max(0.5)
    .default(0.05)
    .describe('Share of answers that may differ from the first ones: the own noise of the judges.'),
});

const canaries = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'JSONL of pairs, each with its "gold" label; relative to the configuration file. At least 50 items say much.',
    ),
  share: z
    .number()
    .min(0)
    .max(0.05)
    .default(0.01)
    .describe('Probability with which a judged pair has a canary sent behind its reply.'),
});

const budget = z.strictObject({
  usd: z.number().positive().max(1e6).describe('US dollars that the last tier may cost in one period.'),
  per: z.enum(['minute', 'hour', 'day']).describe('The period; unspent money is kept for one more.'),
  errorUsd: z
    .number()
    .positive()
    .max(1e4)
    .describe('What a wrong label costs you: beyond the certificate, more is asked while that pays.'),
  whenOver: z
    .enum(['pause', 'queue', 'release', 'drop'])
    .describe(
      'When money does not reach for what the certificate demands: end as over_budget, wait within the deadline, release flagged `uncertified`, or skip what is wanted least.',
    ),
});

const generation = z.strictObject({
  largeShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe('Wished share of plain generations for `assay/<policy>` that start at the largest engine.'),
});

const policy = z.strictObject({
  task: z
    .enum(['preference', 'score', 'critique'])
    .default('preference')
    .describe('Kind of feedback. A policy for preferences also ranks.'),
  tiers: z
    .array(id)
    .min(1)
    .max(8)
    .describe('Judges, cheap to strong. The next is asked when one is not sure.'),
  acceptAt: share
    .default(0.9)
    .describe(
      'Confidence at which a judgment of any tier but the last is final. Uncalibrated: it ranks, it promises nothing.',
    ),
  abstainBelow: share
    .default(0)
    .describe(
      'Confidence under which the last tier ends without a label (abstained). 0 releases every label.',
    ),
  critique: critique.optional().describe('Constitution, rounds and check of a policy for critiques.'),
  resolvedAt: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.9)
    .describe('Expected share of pairs in the right order at which an adaptive ranking stops comparing.'),
  cohorts: cohorts.prefault({}).describe('Rankings whose candidates come in calls of their own.'),
  rubric: z
    .string()
    .min(1)
    .optional()
    .describe('Rubric of items that name none, as name@version; for scores.'),
  target: target
    .optional()
    .describe(
      'Proven agreement with the last tier instead of acceptAt: the smaller tiers decide only where a certificate allows it.',
    ),
  strata: z
    .array(z.enum(STRATUM_DIMENSIONS))
    .max(STRATUM_DIMENSIONS.length)
    .default([])
    .describe('What tells items apart that get certificates of their own; none: one certificate for all.'),
  anchors: anchors
    .optional()
    .describe(
      'Items that the judges of a target answer again and again, so that one that changed is found out.',
    ),
  canaries: canaries
    .optional()
    .describe(
      'Pairs with known labels that take the way of traffic, unseen by callers, so that agreement with them is known.',
    ),
  audit: audit.prefault({}).describe('How the certificates of a target are watched.'),
  budget: budget
    .optional()
    .describe('Money for the last tier of a policy with a target; without it, what it needs.'),
  certificates: z
    .array(z.string().min(1))
    .max(256)
    .default([])
    .describe('Certificate files (made by `assay calibrate`), relative to the configuration file.'),
  cache: policyCache.prefault({}).describe('How labels that were bought are given again.'),
  sampling: samplingSchema
    .prefault({})
    .describe('Which of its items are judged at all; the others end as skipped.'),
  generation: generation
    .prefault({})
    .describe('How plain generations for `assay/<policy>` choose an engine.'),
  limits: limits
    .prefault({})
    .describe(
      'What all its users together may spend, anchors, canaries and audits too; requests are counted by team alone.',
    ),
  commit: z
    .enum(['behind', 'before_reply'])
    .default('behind')
    .describe(
      'When verdicts are written to the ledger: within about 100 ms after the reply, or before it (then a database that is away fails the request).',
    ),
  deadlineMs: ms(10, 3_600_000).default(60_000).describe('Time for a synchronous request.'),
  selfJudging: z
    .enum(['refuse', 'flag', 'allow'])
    .default('allow')
    .describe(
      "What a judge does about candidates of its own model family, where the item's metadata name who wrote them: leave them to judges of other families, tell it by the flag self_judged, or nothing.",
    ),
  concurrency: z.int().min(1).max(1024).default(64).describe('Items of one request that are judged at once.'),
});

/** A team without its keys: also those of the ledger are checked by it. */
export const teamSettings = z.strictObject({
  policies: z.array(id).optional().describe('Policies that it may use; default: all.'),
  limits: limits
    .prefault({})
    .describe('What it may spend, and how fast, on all gateways of one database together.'),
  share: z
    .number()
    .min(0.01)
    .max(1000)
    .default(1)
    .describe('Its part of an engine that several teams wait for, relative to the other teams.'),
  classes: z
    .array(z.enum(['interactive', 'trainer', 'batch']))
    .min(1)
    .max(3)
    .default(['interactive', 'trainer', 'batch'])
    .describe(
      'Classes that its requests may name in X-Assay-Priority; one that names none gets the most urgent of them.',
    ),
});

const team = z.strictObject({
  keys: z
    .array(teamKey)
    .max(64)
    .default([])
    .describe('API keys of the team; two live ones allow a rotation.'),
  ...teamSettings.shape,
});

const prompts = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of own prompt templates (*.yaml), relative to the configuration file.'),
  secret: z
    .string()
    .min(16)
    .optional()
    .meta({ secret: true })
    .describe(
      'What the words are made from that fence texts in prompts, by reference only. Gateways with one secret share the prefix caches of their engines. Default: a new one for each process.',
    ),
});

const constitutions = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of constitutions (*.yaml, *.json), relative to the configuration file; docs/feedback.md tells the forms.',
    ),
});

const rubricFiles = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of rubrics (*.yaml), relative to the configuration file; docs/feedback.md tells the form.',
    ),
});

/** Every section with its default; see docs/configuration.md, which is made from it. */
export const configSchema = z.strictObject({
  server: server.prefault({}).describe('The public API.'),
  admin: admin.optional().describe('The admin API: engines, draining, reload. Without this there is none.'),
  metrics: metrics
    .optional()
    .describe(
      '`/metrics` on a port of its own, without a key. It names teams and what they spend: keep it inside.',
    ),
  tracing: tracing
    .optional()
    .describe(
      'Traces through OpenTelemetry. Without this none are made; the context that callers send is passed on to the engines either way.',
    ),
  log: log.prefault({}).describe('The log on stderr: JSON lines without prompts or keys.'),
  engines: z.record(id, engine).describe('Inference engines by id.'),
  storage: storage
    .prefault({ kind: 'embedded' })
    .describe('Where verdicts, costs, evidence and jobs are kept.'),
  jobs: jobs.prefault({}).describe('Durable jobs: lists of items that are judged while nobody waits.'),
  webhooks: z
    .record(id, webhook)
    .default({})
    .describe('Endpoints that are told when a job ends, by the name that the job gives.'),
  cache: cache.prefault({}).describe('The label cache, shared by all policies.'),
  prompts: prompts.prefault({}).describe('Prompt templates beside the built-in ones.'),
  rubrics: z
    .record(z.string().regex(/^[a-z0-9-]+@\d+$/), rubric)
    .default({})
    .describe('Rubrics by name@version; items name them.'),
  rubricFiles: rubricFiles.prefault({}).describe('Rubrics with criteria and scales, from files.'),
  constitutions: constitutions.prefault({}).describe('Principles for critiques, from files.'),
  judges: z.record(id, judge).describe('Judges by id: an engine with a prompt.'),
  policies: z.record(id, policy).describe('Routing plans by name; `default` serves requests that name none.'),
  oidc: oidc.optional().describe('Bearer tokens of an OpenID Connect issuer, beside keys.'),
  teams: z.record(id, team).default({}).describe('Teams and their API keys.'),
});

export type Config = z.infer<typeof configSchema>;
export type StorageConfig = Config['storage'];
export type EngineConfig = Config['engines'][string];
export type OpenAiEngineConfig = Extract<EngineConfig, { readonly kind: 'openai' }>;
export type TritonEngineConfig = Extract<EngineConfig, { readonly kind: 'triton' }>;
