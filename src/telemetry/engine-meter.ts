import type { Meter } from '../contracts/metrics.ts';
import type { EndedAttempt, EngineObserver } from '../contracts/observers.ts';
import { toUsd } from '../domain/cost.ts';
import { memo } from './memo.ts';

/** Figures of one engine's calls. */
export function createEngineMeter(meter: Meter, engine: string): EngineObserver {
  const calls = meter.counter('assay_engine_calls_total');
  const answered = memo((question) => ({
    calls: calls.of({ engine, question, code: 'ok' }),
    durations: meter.histogram('assay_engine_call_duration_seconds').of({ engine, question }),
    firstTokens: meter.histogram('assay_engine_first_token_seconds').of({ engine, question }),
  }));
  const retried = meter.counter('assay_engine_retries_total').of({ engine });
  const hedged = meter.counter('assay_engine_hedges_total').of({ engine });
  const spend = createSpending(meter, engine);
  return {
    ended({ question, code, ms, firstTokenMs, cost }) {
      const figures = answered(question);
      if (firstTokenMs !== null) figures.firstTokens.observe(firstTokenMs / 1_000);
      spend(cost);
      if (code === 'ok') {
        figures.calls.add();
        figures.durations.observe(ms / 1_000);
      } else calls.of({ engine, question, code }).add();
    },
    asked({ retries, hedges }) {
      retried.add(retries);
      hedged.add(hedges);
    },
  };
}

function createSpending(meter: Meter, engine: string): (cost: EndedAttempt['cost']) => void {
  const tokens = meter.counter('assay_engine_tokens_total');
  const fresh = tokens.of({ engine, direction: 'fresh_input' });
  const cached = tokens.of({ engine, direction: 'cached_input' });
  const output = tokens.of({ engine, direction: 'output' });
  const dollars = meter.counter('assay_engine_cost_dollars_total').of({ engine });
  const busy = meter.counter('assay_engine_busy_seconds_total').of({ engine });
  return ({ nanoUsd, usage, engineSeconds }) => {
    fresh.add(usage.inputTokens - usage.cachedInputTokens);
    cached.add(usage.cachedInputTokens);
    output.add(usage.outputTokens);
    dollars.add(toUsd(nanoUsd));
    busy.add(engineSeconds);
  };
}
