import { expect, it } from 'vitest';
import { createKserve } from '../../src/engines/triton/kserve.ts';
import { readModelLoad } from '../../src/engines/triton/statistics.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { testCall } from '../fakes/openai-replica.ts';
import { VLLM_MODEL } from '../fakes/triton-models.ts';
import { startFakeTriton } from '../fakes/triton-server.ts';

it('reads the counters of all versions of a model', async () => {
  await using triton = await startFakeTriton({
    model: VLLM_MODEL,
    answer: () => undefined,
    statistics: [
      {
        name: 'judge',
        version: '1',
        inference_count: 12,
        execution_count: 5,
        inference_stats: {
          success: { count: 11, ns: 100 },
          fail: { count: 1 },
          queue: { count: 12, ns: '90071992547409' },
          compute_infer: { count: 5, ns: 40 },
        },
      },
      { name: 'judge', version: '2', inference_count: 3, execution_count: 3 },
    ],
  });
  const kserve = createKserve({ url: triton.url, messageBytes: 1_000_000, clock: createSystemClock() });
  try {
    expect(await readModelLoad(kserve, 'judge', testCall())).toEqual({
      ok: true,
      value: {
        executions: 8,
        inferences: 15,
        succeeded: 11,
        failed: 1,
        queueNs: 90_071_992_547_409,
        computeNs: 40,
      },
    });
  } finally {
    kserve.close();
  }
});
