import type { Flavour } from './flavour.ts';
import { llamacpp } from './flavours/llamacpp.ts';
import { ollama } from './flavours/ollama.ts';
import { openai } from './flavours/openai.ts';
import { sglang } from './flavours/sglang.ts';
import { trtllm } from './flavours/trtllm.ts';
import { vllm } from './flavours/vllm.ts';

/** The dialects that an engine's configuration may name. */
export const FLAVOURS = { vllm, trtllm, sglang, llamacpp, ollama, openai } as const satisfies Record<
  string,
  Flavour
>;

export type FlavourName = keyof typeof FLAVOURS;
