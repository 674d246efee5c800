import { z } from 'zod';
import { STRATUM_DIMENSIONS } from '../domain/stratum.ts';

/**
 * The one schema of the configuration file. Types, messages, JSON Schema and the reference page in
 * docs/ all come from here; defaults stand here and nowhere else. Unknown keys are refused.
 */

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .describe('Lower-case letters, digits and hyphens, at most 63.');

const ms = (least: number, most: number) => z.int().min(least).max(most);

const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8080).describe('Port of the public API; 0 takes a free one.'),
  allowAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'Serve without API keys beyond loopback. Without teams and off loopback, Assay else refuses to start.',
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

const admin = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8081).describe('Port of the admin API; 0 takes a free one.'),
  keys: z
    .array(key)
    .max(64)
    .default([])
    .describe('Keys of operators; without any, only programs on the same machine may call it.'),
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

const usd = z.number().min(0).max(1e6);

const cost = z
  .union([
    z.strictObject({
      inputPerMtokUsd: usd.describe('US dollars per million input tokens.'),
      cachedInputPerMtokUsd: usd
        .optional()
        .describe('The same for input tokens from the prefix cache; default: inputPerMtokUsd.'),
      outputPerMtokUsd: usd.describe('US dollars per million output tokens.'),
    }),
    z.strictObject({
      gpuHourUsd: usd.describe('US dollars for one hour of one GPU.'),
      gpus: z.number().positive().max(1024).default(1).describe('GPUs that one replica occupies.'),
    }),
  ])
  .describe(
    'What the engine costs: by token, or by the hour of its GPUs (shared out over the calls that run).',
  );

const resilience = z.strictObject({
  retries: z
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe(
      'Tries after the first, on another replica if there is one; all together at most 20 % more calls.',
    ),
  hedge: z
    .boolean()
    .default(false)
    .describe(
      'Ask a second replica for a one-token judgment that is slower than 95 % of them; at most 2 % more calls.',
    ),
  stuckAfterMs: ms(100, 3_600_000)
    .default(15_000)
    .describe('Silence of a replica with calls out after which it is taken out and warmed up anew.'),
});

const precision = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe(
    'Precision or quantisation of the weights, such as bf16 or awq. A variant is a judge of its own.',
  );

const dnsDiscovery = z.strictObject({
  url: z.url().describe('Address whose host name is looked up; each address found is a replica.'),
  everyMs: ms(1000, 3_600_000).default(10_000).describe('Time between two look-ups.'),
});

const dnsLabel = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

const endpointSlices = z.strictObject({
  service: dnsLabel.describe('Name of the Kubernetes service.'),
  namespace: dnsLabel.describe(
    'Its namespace; the gateway must be allowed to list and watch endpointslices there.',
  ),
  port: z
    .union([z.int().min(1).max(65535), z.string().min(1).max(63)])
    .describe('Port of the pods: its number, or its name in the service.'),
  tls: z.boolean().default(false).describe('Replicas speak TLS.'),
});

const discovery = z.union([
  dnsDiscovery,
  z.strictObject({
    endpointSlices: endpointSlices.describe('Pods of a Kubernetes service, followed without delay.'),
  }),
]);

/** Keys that every kind of engine has. */
const anyEngine = {
  precision,
  cost,
  discovery: discovery
    .optional()
    .describe(
      'Replicas found instead of listed, by DNS or from the EndpointSlices of Kubernetes: new ones join, gone ones leave.',
    ),
  resilience: resilience.prefault({}).describe('What is done when a replica is slow, stuck or dead.'),
  warmUpTimeoutMs: ms(100, 1_800_000)
    .default(120_000)
    .describe(
      'Time for the first probes; the first log-probabilities may compile kernels for half a minute.',
    ),
};

const openAiEngine = z.strictObject({
  kind: z.literal('openai').describe('Protocol: the OpenAI-compatible HTTP interface.'),
  flavour: z
    .enum(['vllm', 'trtllm', 'sglang', 'llamacpp', 'ollama', 'openai'])
    .default('vllm')
    .describe('Whose dialect of it: decides the fields that are sent and how label probabilities are read.'),
  replicas: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(256)
    .default([])
    .describe('Base addresses, such as http://vllm-0:8000, without /v1.'),
  model: z.string().min(1).max(256).describe('Name under which the engine serves the model.'),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .meta({ secret: true })
    .describe('Key of the engine, by reference only.'),
  priority: z
    .boolean()
    .default(false)
    .describe(
      'Tell the engine how urgent a call is. Only for engines whose scheduler goes by priority (vLLM: --scheduling-policy priority).',
    ),
  isolate: z
    .boolean()
    .default(false)
    .describe(
      'Keep the prefix caches of teams and rubrics apart where the engine can, so that no timing tells what others ask.',
    ),
  connections: z.int().min(1).max(4096).default(256).describe('Most connections to one replica.'),
  connectTimeoutMs: ms(10, 60_000).default(2000).describe('Time to connect to a replica.'),
  replyLimitBytes: z
    .int()
    .min(1024)
    .max(268_435_456)
    .default(33_554_432)
    .describe('Largest reply that is read from the engine, in bytes.'),
  ...anyEngine,
});

const tritonEngine = z.strictObject({
  kind: z.literal('triton').describe('Protocol: KServe v2 over gRPC, as Triton speaks it.'),
  backend: z
    .enum(['tensorrtllm', 'tensorrtllm_bls', 'vllm', 'llmapi'])
    .describe('Kind of the model: decides its tensors. llmapi has no log-probabilities, so it cannot judge.'),
  replicas: z
    .array(z.url({ protocol: /^grpcs?$/ }))
    .max(256)
    .default([])
    .describe('Addresses, such as grpc://triton-0:8001; grpcs for TLS.'),
  model: z.string().min(1).max(256).describe('Name of the model in the repository, such as ensemble.'),
  chatTemplate: z
    .enum(['chatml', 'llama3', 'mistral', 'gemma', 'plain'])
    .default('chatml')
    .describe('Chat format that the model was trained with: Triton takes text, not messages.'),
  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Path of the model's tokenizer.json: finds label tokens in logits; without it labels are asked one by one.",
    ),
  maxModelTokens: z
    .int()
    .min(1)
    .optional()
    .describe('Longest context in tokens, which Triton does not tell.'),
  metricsPort: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe(
      "Port of Triton's metrics on the same hosts, 8002 by its default; without it the engine's own load is not read.",
    ),
  messageLimitBytes: z
    .int()
    .min(65_536)
    .max(268_435_456)
    .default(67_108_864)
    .describe(
      'Largest gRPC message; the logits of one position take 4 bytes for each token of the vocabulary.',
    ),
  ...anyEngine,
});

const engine = z.discriminatedUnion('kind', [openAiEngine, tritonEngine]);

const rubric = z.strictObject({
  text: z
    .string()
    .min(1)
    .max(20_000)
    .describe('What makes a response better, in the words that the judge reads.'),
});

const judge = z.strictObject({
  engine: id.describe('Id of the engine that it asks.'),
  prompt: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+(@\d+)?$/)
    .default('preference/label')
    .describe('Prompt template as name or name@version; without a version the newest.'),
  orders: z
    .enum(['both', 'one'])
    .default('both')
    .describe(
      'Ask in both orders and average (cancels position bias), or in one that a hash picks (half the price).',
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
  task: z.literal('preference').default('preference').describe('Kind of feedback.'),
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
  audit: audit.prefault({}).describe('How the certificates of a target are watched.'),
  budget: budget
    .optional()
    .describe('Money for the last tier of a policy with a target; without it, what it needs.'),
  certificates: z
    .array(z.string().min(1))
    .max(256)
    .default([])
    .describe('Certificate files (made by `assay calibrate`), relative to the configuration file.'),
  generation: generation
    .prefault({})
    .describe('How plain generations for `assay/<policy>` choose an engine.'),
  deadlineMs: ms(10, 3_600_000).default(60_000).describe('Time for a synchronous request.'),
  concurrency: z.int().min(1).max(1024).default(64).describe('Items of one request that are judged at once.'),
});

const team = z.strictObject({
  keys: z.array(key).max(64).default([]).describe('API keys of the team; two live ones allow a rotation.'),
  policies: z.array(id).optional().describe('Policies that it may use; default: all.'),
});

const prompts = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of own prompt templates (*.yaml), relative to the configuration file.'),
});

/** Every section with its default; see docs/configuration.md, which is made from it. */
export const configSchema = z.strictObject({
  server: server.prefault({}).describe('The public API.'),
  admin: admin.optional().describe('The admin API: engines, draining, reload. Without this there is none.'),
  log: log.prefault({}).describe('The log on stderr: JSON lines without prompts or keys.'),
  engines: z.record(id, engine).describe('Inference engines by id.'),
  prompts: prompts.prefault({}).describe('Prompt templates beside the built-in ones.'),
  rubrics: z
    .record(z.string().regex(/^[a-z0-9-]+@\d+$/), rubric)
    .default({})
    .describe('Rubrics by name@version; items name them.'),
  judges: z.record(id, judge).describe('Judges by id: an engine with a prompt.'),
  policies: z.record(id, policy).describe('Routing plans by name; `default` serves requests that name none.'),
  teams: z.record(id, team).default({}).describe('Teams and their API keys.'),
});

export type Config = z.infer<typeof configSchema>;
export type EngineConfig = Config['engines'][string];
export type OpenAiEngineConfig = Extract<EngineConfig, { readonly kind: 'openai' }>;
export type TritonEngineConfig = Extract<EngineConfig, { readonly kind: 'triton' }>;
