import type { Flavour } from './flavour.ts';
import { openai } from './flavours/openai.ts';
import { vllm } from './flavours/vllm.ts';

/** The dialects that an engine's configuration may name. */
export const FLAVOURS = { vllm, openai } as const satisfies Record<string, Flavour>;

export type FlavourName = keyof typeof FLAVOURS;
