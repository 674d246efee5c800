import type { Backend } from './backend.ts';
import { llmapi } from './backends/llmapi.ts';
import { tensorrtllm } from './backends/tensorrtllm.ts';
import { vllm } from './backends/vllm.ts';

/** The kinds of models by the name that a configuration gives them. */
export const BACKENDS = {
  tensorrtllm,
  tensorrtllm_bls: tensorrtllm,
  vllm,
  llmapi,
} as const satisfies Record<string, Backend>;

export type BackendName = keyof typeof BACKENDS;
