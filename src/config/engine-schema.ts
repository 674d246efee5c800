import { MODEL_FAMILIES } from '../domain/model-family.ts';
import { z } from 'zod';
import { ms } from './numbers.ts';

/** The `engines` section of the configuration. */

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

const queue = z.strictObject({
  maximumWaiting: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'Calls that may wait for a place at the engine; beyond it, who fills the queue most is refused.',
    ),
  maximumBytes: z
    .int()
    .min(65_536)
    .max(17_179_869_184)
    .default(268_435_456)
    .describe('Memory for the texts of calls that wait, in bytes.'),
  promoteAfterMs: ms(10, 3_600_000)
    .default(1_000)
    .describe('Time after which a class that more urgent ones pass over gets a place out of its turn.'),
  reserve: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.125)
    .describe('Share of the places that the classes batch and audit leave free for more urgent calls.'),
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

const coalesce = z.strictObject({
  windowMs: ms(0, 1_000)
    .default(5)
    .describe(
      'Longest wait of a label question for others that leave with it. A question for an idle replica never waits; 0 sends each by itself.',
    ),
  maximum: z.int().min(2).max(128).default(32).describe('Questions with which a call leaves at once.'),
  tokens: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(32_768)
    .describe('Estimated prompt tokens with which a call leaves at once.'),
});

const family = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,31}$/)
  .optional()
  .describe(
    `Family of the model, for its bias towards texts of its own kind. Default: what the model's name tells (${MODEL_FAMILIES.join(', ')}).`,
  );

/** Keys that every kind of engine has. */
const anyEngine = {
  precision,
  family,
  cost,
  discovery: discovery
    .optional()
    .describe(
      'Replicas found instead of listed, by DNS or from the EndpointSlices of Kubernetes: new ones join, gone ones leave.',
    ),
  resilience: resilience.prefault({}).describe('What is done when a replica is slow, stuck or dead.'),
  coalesce: coalesce
    .prefault({})
    .describe(
      'Label questions in one engine call, where the engine was found to answer several at once as it answers each alone. Not with a cachedInputPerMtokUsd of its own where such calls do not tell their cached tokens (vLLM).',
    ),
  queue: queue
    .prefault({})
    .describe('The queue before the engine: class by class, and fair over teams by their share.'),
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

/** One engine: a server kind with its replicas, its price and how it survives. */
export const engine = z.discriminatedUnion('kind', [openAiEngine, tritonEngine]);
