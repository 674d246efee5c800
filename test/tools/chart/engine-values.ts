import { z } from 'zod';

/** One inference engine of the chart. */

const kubernetes = z.record(z.string(), z.unknown());
const quantity = z.string().regex(/^[0-9.]+([EPTGMK]i?|m)?$/);
const secretRef = z.strictObject({
  existingSecret: z.string().min(1).describe('Name of the secret.'),
  key: z.string().min(1).describe('Key in it.'),
});
const usd = z.number().min(0).max(1e6);

const cost = z.union([
  z.strictObject({
    gpuHourUsd: usd.describe('US dollars for one hour of one GPU.'),
    gpus: z.number().positive().max(1_024).optional().describe('GPUs that one replica occupies.'),
  }),
  z.strictObject({
    inputPerMtokUsd: usd.describe('US dollars per million input tokens.'),
    cachedInputPerMtokUsd: usd.optional().describe('The same for those from the prefix cache.'),
    outputPerMtokUsd: usd.describe('US dollars per million output tokens.'),
  }),
]);

export const engineValues = z.strictObject({
  kind: z
    .enum(['vllm', 'triton', 'simulated'])
    .describe('What runs. `simulated` needs no GPU and gives labels that mean nothing.'),
  model: z
    .string()
    .min(1)
    .max(256)
    .describe('vLLM: name at Hugging Face, or a path under /models. Triton: name in the repository.'),
  servedName: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Name under which it is served, if another one.'),
  replicas: z.int().min(1).max(256).optional().describe('Pods; default 1.'),
  cost: cost.describe('What it costs, as in config.engines.<id>.cost. Required: every label has a price.'),
  config: kubernetes.optional().describe('Further keys of config.engines.<id>, such as queue or resilience.'),
  image: z.string().min(1).optional().describe('Its image, instead of engineImages.'),
  gpu: z
    .strictObject({
      count: z.int().min(1).max(64).describe('GPUs of one pod.'),
      resource: z.string().min(1).optional().describe('Name of the resource; default nvidia.com/gpu.'),
    })
    .optional()
    .describe('Required for vllm and triton.'),
  quantization: z
    .string()
    .min(1)
    .optional()
    .describe('vLLM: awq, awq_marlin, gptq, fp8, … (--quantization).'),
  precision: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Precision that verdicts name; default: quantization. A variant is a judge of its own.'),
  kvCacheDtype: z.string().min(1).optional().describe('vLLM: auto, fp8, … (--kv-cache-dtype).'),
  maxModelLen: z.int().min(256).optional().describe('vLLM: longest context in tokens (--max-model-len).'),
  gpuMemoryUtilization: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('vLLM: share of GPU memory that it takes.'),
  tensorParallel: z.int().min(1).max(64).optional().describe('vLLM: GPUs that share the weights.'),
  backend: z
    .enum(['tensorrtllm', 'tensorrtllm_bls', 'vllm', 'llmapi'])
    .optional()
    .describe('Triton: kind of the model.'),
  modelCache: z
    .strictObject({
      existingClaim: z
        .string()
        .min(1)
        .optional()
        .describe('Claim with the weights; Triton: with the repository.'),
      path: z.string().min(1).optional().describe('Triton: folder of the repository in it.'),
      size: quantity
        .optional()
        .describe('Size of a claim that the chart makes. Without both, weights are loaded anew.'),
      storageClass: z.string().min(1).optional().describe('Its storage class.'),
      accessMode: z
        .enum(['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod'])
        .optional()
        .describe('Several replicas need ReadWriteMany.'),
    })
    .optional()
    .describe('Volume under /models.'),
  download: z
    .boolean()
    .optional()
    .describe('May fetch weights over HTTPS; else it must find them in its volume.'),
  hubToken: secretRef.optional().describe('Token for gated weights.'),
  apiKey: secretRef.optional().describe('vLLM: key that it asks for; the gateway gets it too.'),
  sharedMemory: quantity.optional().describe('Size of /dev/shm; default 2Gi.'),
  startupSeconds: z.int().min(10).max(7_200).optional().describe('Time to load weights; default 1800.'),
  warmUpSeconds: z
    .int()
    .min(1)
    .max(600)
    .optional()
    .describe('Time that the gateway gets to warm a new pod up before an old one goes; default 30.'),
  shutdownSeconds: z
    .int()
    .min(1)
    .max(3_600)
    .optional()
    .describe('Time for answers under way at the end (--shutdown-timeout, --exit-timeout-secs); default 60.'),
  resources: kubernetes.optional().describe('Requests and limits beside the GPUs.'),
  extraArgs: z.array(z.string()).optional().describe('Further arguments.'),
  extraEnv: z.array(kubernetes).optional().describe('Further variables.'),
  nodeSelector: z.record(z.string(), z.string()).optional().describe('Nodes.'),
  tolerations: z.array(kubernetes).optional().describe('Taints that it bears.'),
  affinity: kubernetes.optional().describe('Its affinity.'),
  priorityClassName: z.string().optional().describe('Its priority class.'),
  runtimeClassName: z.string().optional().describe('Its runtime class, such as nvidia.'),
});
