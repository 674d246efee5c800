import type { Call } from '../../contracts/call.ts';
import type { EngineResult } from '../../contracts/engine.ts';
import type { ModelStatisticsResponse__Output } from './generated/inference/ModelStatisticsResponse.ts';
import type { StatisticDuration__Output } from './generated/inference/StatisticDuration.ts';
import { ask, type Kserve } from './kserve.ts';

/**
 * Counters of one model since its server started, over all its versions. For models that stream, Triton
 * counts a request as done when its backend took it, so differences tell throughput and batching, but
 * neither failures nor how long an answer took.
 */
export interface ModelLoad {
  /** Batches that ran. */
  readonly executions: number;
  /** Requests in them: above `executions` where Triton batches. */
  readonly inferences: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Time that requests waited in Triton's queue, in nanoseconds. */
  readonly queueNs: number;
  /** Time of computing, in nanoseconds. */
  readonly computeNs: number;
}

/** Reads ModelStatistics. */
export async function readModelLoad(
  kserve: Kserve,
  model: string,
  call: Call,
): Promise<EngineResult<ModelLoad>> {
  const reply = await ask<ModelStatisticsResponse__Output>(
    (done) => kserve.client.ModelStatistics({ name: model }, kserve.callOptions(call), done),
    call.signal,
  );
  if (!reply.ok) return reply;
  const load = { executions: 0, inferences: 0, succeeded: 0, failed: 0, queueNs: 0, computeNs: 0 };
  for (const { execution_count, inference_count, inference_stats: times } of reply.value.model_stats ?? []) {
    load.executions += count(execution_count);
    load.inferences += count(inference_count);
    load.succeeded += count(times?.success?.count);
    load.failed += count(times?.fail?.count);
    load.queueNs += nanoseconds(times?.queue);
    load.computeNs += nanoseconds(times?.compute_infer);
  }
  return { ok: true, value: load };
}

function nanoseconds(duration: StatisticDuration__Output | undefined): number {
  return count(duration?.ns);
}

/** 64-bit integers come as text; zero is left out. */
function count(value: string | undefined): number {
  return value === undefined ? 0 : Number(value);
}
