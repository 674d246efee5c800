import { afterAll, beforeAll } from 'vitest';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { jsonLines, temporaryFolder } from './cli-runner.ts';
import { quickSimulator } from './quick-simulator.ts';

const COUNT = 200;

/** The small judge is right whenever it is sure (P from .80 up), and mostly not where it is unsure. */
export const REPLAYED_ROWS = Array.from({ length: COUNT }, (_, i) => {
  const isSure = i % 2 === 0;
  const isA = i % 3 === 0;
  const isRight = isSure || i % 4 === 1;
  const strength = (isSure ? 0.8 : 0.55) + (0.15 * ((i * 37) % 101)) / 101;
  return {
    id: `item-${i}`,
    prompt: `prompt number ${i}`,
    responses: [`answer ${i}`, `other ${i}`],
    judges: {
      small: { p_first: isA === isRight ? strength : 1 - strength },
      large: { p_first: isA ? 0.97 : 0.03 },
    },
  };
});

/** The pairs as files, and the configuration of two engines that replay what is recorded of them. */
export interface ReplayedJudges {
  /** `judged.jsonl`, `pairs.jsonl` and whatever is written there. */
  at(name: string): string;
  /** The sections `engines` and `judges`: quick and strict. */
  configuration(): Record<string, unknown>;
}

/** For the length of the tests beside it. */
export function replayedJudges(): ReplayedJudges {
  const at = temporaryFolder({
    'judged.jsonl': jsonLines(REPLAYED_ROWS),
    'pairs.jsonl': jsonLines(
      REPLAYED_ROWS.map(({ id, prompt, responses }) => ({ id, prompt, candidates: responses })),
    ),
  });
  let engines: RunningSimulator[] = [];
  beforeAll(async () => {
    const replaying = (judge: string) =>
      startSimulator({ ...quickSimulator(judge, 0), replay: { path: at('judged.jsonl'), judge } });
    engines = await Promise.all([replaying('small'), replaying('large')]);
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));
  const engine = (model: string, replica: string | undefined, usd: number) => ({
    kind: 'openai',
    flavour: 'vllm',
    replicas: [replica],
    model,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  return {
    at,
    configuration() {
      const [small, large] = engines.map(({ url }) => url);
      return {
        engines: { small: engine('small', small, 0.05), large: engine('large', large, 1) },
        judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
      };
    },
  };
}
