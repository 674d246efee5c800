import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/loader.ts';
import { ConfigError } from '../../../src/contracts/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-semantic-'));
afterAll(() => rmSync(folder, { recursive: true }));

const START = `
engines:
  small: { kind: openai, flavour: vllm, replicas: [http://a:1], model: m, cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 } }
  rows: { kind: triton, replicas: ['http://b:1'], backend: vllm, model: n, tokenizer: t, cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 } }
judges:
  quick: { engine: small }
  strict: { engine: small }
  scorer: { engine: small, prompt: score/label }
policies:
`;

function problemsOf(policies: string): string[] {
  const path = join(folder, 'assay.yaml');
  writeFileSync(path, START + policies);
  const builtInTemplates = join(import.meta.dirname, '../../../src/judging/templates');
  try {
    loadConfig(path, { environment: {}, builtInTemplates });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path: place, message }) => `${place}: ${message}`);
  }
  return [];
}
const semanticProblemsOf = (policies: string) =>
  problemsOf(policies).filter((problem) => problem.includes('semantic'));

describe('labels of similar items in the configuration', () => {
  it('are for preferences, with a target that leaves room', () => {
    expect(
      semanticProblemsOf(`
  default: { tiers: [quick, strict], cache: { semantic: { maxError: 0.02 } } }
  proven: { tiers: [quick, strict], target: { agreement: 0.95 }, cache: { semantic: { maxError: 0.04, engine: small } } }
`),
    ).toEqual([]);
  });

  it('are told everything that does not fit', () => {
    expect(
      semanticProblemsOf(`
  tight: { tiers: [quick, strict], target: { agreement: 0.95 }, cache: { semantic: { maxError: 0.05 } } }
  chosen: { tiers: [quick, strict], target: { agreement: 0.9, risk: selective }, cache: { semantic: { maxError: 0.01 } } }
  scores: { task: score, tiers: [scorer], cache: { ttlMs: 0, semantic: { maxError: 0.01 } } }
  lost: { tiers: [quick], cache: { semantic: { maxError: 0.01, engine: smal } } }
  other: { tiers: [quick], cache: { semantic: { maxError: 0.01, engine: rows } } }
`),
    ).toEqual([
      'policies.tight.cache.semantic: maxError 0.05 does not fit an agreement of 0.95, which allows 0.050 of errors in all: at most 0.040 for the cache, the rest is for the judges',
      'policies.chosen.cache.semantic: bounds errors over all items; a target with risk selective needs more: take marginal',
      'policies.scores.cache.semantic: is for preferences alone',
      'policies.scores.cache.semantic: gives nothing while ttlMs is 0; keep one of them',
      'policies.lost.cache.semantic.engine: there is no engine "smal". Did you mean "small"? Known: small, rows',
      'policies.other.cache.semantic.engine: "rows" is a Triton engine, which has no /v1/embeddings',
    ]);
  });
});
