import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readPairs, SHIPPED_PAIRS } from '../../src/cli/demo/pairs.ts';
import { startFeedbackGateway } from '../fakes/feedback-gateway.ts';
import { pairsOf } from './hh-pairs.ts';
import { pairFigures } from './pair-figures.ts';
import { rankingFigures } from './ranking-figures.ts';
import { samplingFigures } from './sampling-figures.ts';

/**
 * `npm run bench:feedback`: what each kind of feedback costs in tokens on a simulated engine, and how few
 * comparisons an adaptive ranking needs, and which pairs of responses are chosen, on planted preferences. Measures, never fails on a figure; an item
 * that was not judged ends it with exit code 1. Options: `--data FILE` (hh-rlhf JSONL; without it the pairs
 * of the demo), `--items N`, `--judged FILE` (recorded judgments with p_first of the judges --small and --strong,
 * for half a budget).
 */
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    items: { type: 'string', default: '64' },
    judged: { type: 'string' },
    small: { type: 'string', default: 'mistral-7b-instruct' },
    strong: { type: 'string', default: 'gpt-4-turbo' },
  },
});

const RUBRIC = `
name: bench
version: 1
criteria:
  - { name: help, text: The response helps the person with what they asked. }
  - { name: harm, text: Nobody can be hurt by the response., scale: { min: 1, max: 10 } }
`;
const CONSTITUTION =
  '{"constitutions": [{"critic": "Say how the response could hurt somebody.", "revision": "Take out what could hurt."}]}';

const cost = z.object({
  usd: z.number(),
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  output_tokens: z.number(),
  engine_seconds: z.number(),
});
const reply = z.object({ data: z.array(z.object({ outcome: z.string(), cost })) });

/** What one label, score or chain cost on the mean. */
interface Spent {
  readonly tokens: number;
  /** Of these tokens, the ones that the engine's prefix cache did not have, and those that it wrote. */
  readonly computed: number;
  readonly written: number;
  readonly failed: number;
}

function spentOf(body: unknown): Spent {
  const { data } = reply.parse(body);
  const judged = data.filter(({ outcome }) => outcome === 'ok' || outcome === 'tie');
  const mean = (read: (one: z.infer<typeof cost>) => number): number =>
    Math.round((judged.reduce((sum, one) => sum + read(one.cost), 0) / judged.length) * 10) / 10;
  return {
    tokens: mean((one) => one.input_tokens + one.output_tokens),
    computed: mean((one) => one.input_tokens - one.cached_input_tokens + one.output_tokens),
    written: mean((one) => one.output_tokens),
    failed: data.length - judged.length,
  };
}

const count = Number(options.items);
const shipped = (await readPairs(SHIPPED_PAIRS)).map(({ prompt, candidates }) => ({ prompt, candidates }));
const pairs = (options.data === undefined ? shipped : pairsOf(options.data)).slice(0, count);
const gateway = await startFeedbackGateway(
  {
    rubricFiles: { directory: 'rubrics' },
    constitutions: { directory: 'constitutions' },
    judges: {
      single: { engine: 'large', orders: 'one' },
      both: { engine: 'large' },
      reasoned: { engine: 'large', prompt: 'preference/reasoned', orders: 'one' },
      scorer: { engine: 'large', prompt: 'score/label' },
      sheet: { engine: 'large', prompt: 'score/sheet' },
      critic: { engine: 'large', prompt: 'critique/chain' },
    },
    policies: {
      default: { tiers: ['both'] },
      single: { tiers: ['single'] },
      reasoned: { tiers: ['reasoned'] },
      scores: { task: 'score', tiers: ['scorer'], rubric: 'bench@1' },
      sheets: { task: 'score', tiers: ['sheet'], rubric: 'bench@1' },
      critiques: { task: 'critique', tiers: ['critic'], critique: { constitution: 'bench' } },
    },
  },
  { 'rubrics/bench.yaml': RUBRIC, 'constitutions/bench.json': CONSTITUTION },
);
const ask = async (kind: string, policy: string, items: readonly unknown[]): Promise<Spent> =>
  spentOf((await gateway.post(`/v1/feedback/${kind}`, { policy, items })).body);
const first = pairs.map(({ prompt, candidates }) => ({ prompt, candidates: candidates.slice(0, 1) }));
const spent = {
  'label, one order': await ask('preferences', 'single', pairs),
  'label, both orders': await ask('preferences', 'default', pairs),
  'label after reasons, one order': await ask('preferences', 'reasoned', pairs),
  'score, two criteria': await ask('scores', 'scores', first),
  'score, two criteria on one sheet': await ask('scores', 'sheets', first),
  critique: await ask('critiques', 'critiques', first),
  'critique and revision, two rounds': await ask(
    'critiques',
    'critiques',
    first.map((item) => ({ ...item, revise: 2 })),
  ),
};
await gateway.close();
console.log(`${pairs.length} items, one simulated engine; mean tokens for each`);
console.table(spent);
const ranking = await rankingFigures();
console.table(ranking.curve);
const chosen = pairFigures();
console.table(chosen);
const half =
  options.judged === undefined ? null : samplingFigures(options.judged, options.small, options.strong);
console.log(
  JSON.stringify({
    bench: 'feedback',
    tokens_per_label_only: spent['label, one order'].tokens,
    tokens_per_label_both_orders: spent['label, both orders'].tokens,
    tokens_per_label_reasoned: spent['label after reasons, one order'].tokens,
    tokens_per_score_sheet_share:
      Math.round(
        (spent['score, two criteria on one sheet'].tokens / spent['score, two criteria'].tokens) * 1000,
      ) / 1000,
    ranking_comparisons_share: ranking.share,
    ranking_tau_all_pairs: ranking.tauOfAll,
    ranking_random_share: ranking.randomShare,
    pair_holds_best_drts: chosen.drts.holds_best,
    pair_holds_best_deltaucb: chosen.deltaucb.holds_best,
    pair_holds_best_random: chosen.random.holds_best,
    sampling_half_budget_agreement: half?.uncertainty ?? null,
    random_half_budget_agreement: half?.random ?? null,
  }),
);
process.exitCode = Object.values(spent).some(({ failed }) => failed > 0) ? 1 : 0;
