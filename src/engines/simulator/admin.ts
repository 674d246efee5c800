import { z } from 'zod';
import type { ToyEngine } from './engine.ts';
import { faultChange } from './faults.ts';

/** Reads the body of `POST /simulator/faults`. */
export function readFaultChange(
  body: Buffer,
):
  | { readonly ok: true; readonly value: z.output<typeof faultChange> }
  | { readonly ok: false; readonly message: string } {
  let data: unknown;
  try {
    data = JSON.parse(body.toString('utf8'));
  } catch {
    return { ok: false, message: 'the body is no JSON' };
  }
  const parsed = faultChange.safeParse(data);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) };
  return { ok: true, value: parsed.data };
}

/** What tests want to know: what was asked, what runs, what was counted. */
export function stateReply({
  engine,
  requests,
}: {
  readonly engine: ToyEngine;
  readonly requests: ReadonlyMap<string, number>;
}) {
  const { metrics, scheduler } = engine;
  return {
    requests: Object.fromEntries(requests),
    in_flight: engine.jobs.size,
    running: scheduler.running,
    waiting: scheduler.waiting,
    aborted: metrics.aborted,
    rejected: metrics.rejected,
    label_calls: metrics.labelCalls,
    prompt_tokens: metrics.promptTokens,
    cached_tokens: metrics.cachedTokens,
    generation_tokens: metrics.generationTokens,
    faults: engine.faults.current,
  };
}
