import { describe, expect, it } from 'vitest';
import { createCachedRouter } from '../../../../src/caching/cached-router.ts';
import { createLabelStore } from '../../../../src/caching/label-store.ts';
import { createNgramEmbedder } from '../../../../src/caching/semantic/ngram-embedder.ts';
import { createSemanticRouter } from '../../../../src/caching/semantic/semantic-router.ts';
import { createSimilarLabels } from '../../../../src/caching/semantic/similar-labels.ts';
import type { CacheUse } from '../../../../src/contracts/cache.ts';
import type { Embedder } from '../../../../src/contracts/embedder.ts';
import type { RoutingResult } from '../../../../src/contracts/routing.ts';
import type { Item } from '../../../../src/domain/item.ts';
import { manualClock } from '../../../fakes/clock.ts';
import { openCall } from '../../../fakes/engine.ts';
import { failedResult, labelledResult } from '../../../fakes/routing-results.ts';

const PROMPT =
  'Please explain to a child of primary school age what gravity is and why apples fall to the ground when they are ripe';
const CANDIDATES = [
  'Gravity is a pull between all things; the earth is large, so that it pulls every apple down to itself',
  'Apples are fruit that grow on trees in most gardens of the country and taste best in early autumn',
] as const;

function itemOf(variant: string, more: Partial<Item> = {}): Item {
  return {
    id: variant,
    prompt: `${PROMPT} ${variant}`,
    candidates: CANDIDATES,
    rubric: undefined,
    metadata: {},
    ...more,
  };
}

interface SetUp {
  readonly embedder?: Embedder;
  readonly isCurrent?: () => boolean;
  readonly entries?: number;
  answer?(): RoutingResult;
}

/** Judges that count, behind similar and equal labels; `coin` is what the next toss shows. */
function setUp({ embedder, isCurrent, entries, answer }: SetUp = {}) {
  const clock = manualClock();
  const store = createSimilarLabels({ bytes: 8_000_000, entries: entries ?? 100, clock });
  const counts = { found: 0, given: 0, compared: 0, differed: 0 };
  const state = { judged: 0, coin: 0, result: labelledResult(0.9, 0.1) };
  const judges = {
    route: () => {
      state.judged += 1;
      return Promise.resolve(answer?.() ?? state.result);
    },
  };
  const rule = {
    stratumOf: (item: Item) => String(item.metadata['kind'] ?? ''),
    isCurrent: isCurrent ?? (() => true),
  };
  const shared = { ...rule, ttlMs: 1_000, policy: 'default', promise: 'p' };
  const similar = createSemanticRouter(judges, {
    ...shared,
    store,
    embedder: embedder ?? createNgramEmbedder(),
    random: { uniform: () => state.coin },
    counts,
    maxError: 0.05,
    floor: 0.9,
  });
  const cached = createCachedRouter(similar, {
    ...shared,
    store: createLabelStore(1_000_000, clock),
    shared: null,
    answered: () => undefined,
    recheck: null,
    reused: () => undefined,
  });
  const ask = (item: Item, team = 'one', cache: CacheUse = 'normal') =>
    cached.route(item, { ...openCall(), team, cache }, 'v');
  return { clock, store, counts, state, similar, ask };
}

/** Names without figures or denials. */
const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'] as const;

/** An entry that was confirmed by seven similar items; the next coin says to give its label. */
async function learned(options: SetUp = {}) {
  const made = setUp(options);
  for (const name of NAMES) await made.ask(itemOf(name));
  expect(made.state.judged).toBe(8);
  made.state.coin = 0.999;
  return made;
}

const labelsOf = ({ end }: RoutingResult) => (end.type === 'failed' ? null : end.judgment.probabilities);

describe('a label of a similar item', () => {
  it('is given with its history, its reason and without a price once enough of them were confirmed', async () => {
    const { ask, state, counts, store } = await learned();
    const given = await ask(itemOf('iota'));
    expect(given.reuse).toBe('semantic');
    expect(labelsOf(given)).toEqual({ a: 0.9, b: 0.1, tie: 0 });
    expect(given.trail.map(({ cost }) => cost.nanoUsd)).toEqual([0]);
    expect(given.decisions.at(-1)?.reason).toMatch(/^label of a similar item \(0\.9\d\d\)$/);
    expect(state.judged).toBe(8);
    expect(counts).toEqual({ found: 8, given: 1, compared: 7, differed: 0 });
    expect(store.size().entries).toBe(1);
  });

  it('is asked for each time: it is no label of its own', async () => {
    const { ask, state } = await learned();
    expect((await ask(itemOf('iota'))).reuse).toBe('semantic');
    state.coin = 0;
    expect((await ask(itemOf('iota'))).reuse).toBeUndefined();
    expect(state.judged).toBe(9);
    expect((await ask(itemOf('iota'))).reuse).toBe('exact');
  });

  it.each([
    ['another team', itemOf('iota'), 'two'],
    ['another stratum', itemOf('iota', { metadata: { kind: 'code' } }), 'one'],
    ['another rubric', itemOf('iota', { rubric: { id: 'short', text: 'shorter is better' } }), 'one'],
    ['roles instead of a text', itemOf('', { prompt: [{ role: 'user', content: `${PROMPT} iota` }] }), 'one'],
    ['another figure', itemOf('5'), 'one'],
    ['a denial', itemOf('not'), 'one'],
    ['its candidates exchanged', itemOf('iota', { candidates: [CANDIDATES[1], CANDIDATES[0]] }), 'one'],
    ['another response', itemOf('iota', { candidates: [CANDIDATES[0], 'Ask your teacher'] }), 'one'],
  ])('is not given for %s', async (_, item, team) => {
    const { ask, state } = await learned();
    expect((await ask(item, team)).reuse).toBeUndefined();
    expect(state.judged).toBe(9);
  });

  it.each(['refresh', 'bypass'] as const)('is not given for a request that wants %s', async (cache) => {
    const { ask, state } = await learned();
    expect((await ask(itemOf('iota'), 'one', cache)).reuse).toBeUndefined();
    expect(state.judged).toBe(9);
  });

  it('is not given once its time is over, its judge has changed, or it was invalidated', async () => {
    const over = await learned();
    over.clock.advance(1_001);
    expect((await over.ask(itemOf('iota'))).reuse).toBeUndefined();
    let isCurrent = true;
    const changed = await learned({ isCurrent: () => isCurrent });
    isCurrent = false;
    expect((await changed.ask(itemOf('iota'))).reuse).toBeUndefined();
    const dropped = await learned();
    expect(dropped.store.count({ team: 'one', policy: 'default' })).toBe(1);
    expect(dropped.store.drop({ team: 'two' })).toBe(0);
    expect(dropped.store.drop({ judge: 'small' })).toBe(1);
    expect((await dropped.ask(itemOf('iota'))).reuse).toBeUndefined();
  });

  it('is given no more when audits say otherwise, and those who differ get an entry of their own', async () => {
    const { ask, similar, state, counts, store } = await learned();
    const given = await ask(itemOf('iota'));
    for (let i = 0; i < 20; i += 1) similar.checked(given, false);
    expect((await ask(itemOf('kappa'))).reuse).toBe('semantic');
    state.coin = 0.9;
    expect((await ask(itemOf('lambda'))).reuse).toBeUndefined();
    state.result = labelledResult(0.2, 0.8);
    await ask(itemOf('omega'));
    expect(counts.differed).toBe(1);
    expect(store.size().entries).toBe(2);
  });

  it('costs no answer when vectors cannot be had, and comes of no failure', async () => {
    const away = setUp({ embedder: { id: 'away', embed: () => Promise.resolve(null) } });
    for (const name of NAMES) expect(labelsOf(await away.ask(itemOf(name)))?.a).toBe(0.9);
    expect(away.state.judged).toBe(8);
    expect(away.store.size().entries).toBe(0);
    const failing = setUp({ answer: () => failedResult('engine_error') });
    for (const name of NAMES) await failing.ask(itemOf(name));
    expect(failing.store.size().entries).toBe(0);
  });
});
