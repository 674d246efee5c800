import { describe, expect, it } from 'vitest';
import type { AnchorItem } from '../../../../src/contracts/anchors.ts';
import type { Judge } from '../../../../src/contracts/judge.ts';
import { judgmentOf } from '../../../../src/domain/judgment.ts';
import { createCallStarter } from '../../../../src/resilience/deadline.ts';
import { createAnchorWatch } from '../../../../src/routing/anchors/anchor-watch.ts';
import { createAuditor } from '../../../../src/routing/auditor.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';
import { manualClock } from '../../../fakes/clock.ts';
import { keyOfModel } from '../../../fakes/judge-key.ts';

const ITEMS = 60;

const anchors: AnchorItem[] = Array.from({ length: ITEMS }, (_, i) => ({
  item: {
    id: `anchor-${i}`,
    prompt: `question ${i}`,
    candidates: ['a', 'b'],
    rubric: undefined,
    metadata: {},
  },
  gold: i < 20 ? (i % 2 === 0 ? 'a' : 'b') : null,
}));

/** A judge that is certain of every second item, until `say` is another function. */
function changeable() {
  const state = {
    model: 'large',
    classes: new Set<string>(),
    say: (n: number): number => (n % 2 === 0 ? 0.9 : 0.1),
  };
  const judge: Judge = {
    name: 'large',
    async judge(item, _, call) {
      state.classes.add(String(call.class));
      const a = state.say(Number(item.id.slice(7)));
      const reading = {
        order: 'ab',
        probabilities: { a, b: 1 - a, tie: 0 },
        worstCase: 1,
        censored: false,
        mass: 1,
      } as const;
      return { ok: true, judgment: judgmentOf([reading], keyOfModel(state.model)), trail: [] };
    },
  };
  return { state, judge };
}

function watching() {
  const clock = manualClock();
  const { uniform } = createSeededRandom(3);
  const auditor = createAuditor({ calls: createCallStarter(clock), concurrency: 4, waiting: 10 });
  const alarms: string[] = [];
  const watch = createAnchorWatch({
    policy: 'default',
    items: anchors,
    tolerance: 0.05,
    everyMs: 1_000,
    timeoutMs: 60_000,
    auditor,
    clock,
    random: { id: (prefix) => prefix, uniform },
    alarm: (judge, detail) => void alarms.push(`${judge}: ${detail}`),
  });
  const { state, judge } = changeable();
  watch.use(new Map([['strict', judge]]));
  const turns = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      clock.advance(1_000);
      await auditor.idle();
    }
  };
  return { watch, state, alarms, turns, auditor };
}

describe('the watch over anchor items', () => {
  it('asks one item a turn, as a call of class audit, and counts what is right and what repeats itself', async () => {
    const { watch, state, alarms, turns } = watching();
    await turns(ITEMS + 40);
    expect(alarms).toEqual([]);
    expect([...state.classes]).toEqual(['audit']);
    const [quality] = watch.quality();
    expect(quality).toEqual({
      judge: 'strict',
      known: 60,
      items: 60,
      repeated: 40,
      changed: 0,
      gold: 20,
      right: 20,
      lastAlarm: null,
    });
  });

  it('raises an alarm when a judge answers otherwise than before, and begins anew', async () => {
    const { watch, state, alarms, turns } = watching();
    await turns(ITEMS + 200);
    state.say = (n) => (n % 5 === 0 ? 0.9 : n % 2 === 0 ? 0.9 : 0.1);
    await turns(400);
    expect(alarms).toHaveLength(1);
    expect(alarms[0]).toMatch(/^strict: \d+ of \d+ answers to the anchor set differ from its first ones$/);
    expect(watch.quality()[0]).toMatchObject({ changed: 0, lastAlarm: { detail: alarms[0]?.slice(8) } });
  });

  it('sees probabilities that moved although no label did', async () => {
    const { state, alarms, turns } = watching();
    await turns(ITEMS + 600);
    state.say = (n) => (n % 2 === 0 ? 0.6 : 0.4);
    await turns(600);
    expect(alarms[0]).toMatch(/^strict: its probabilities on the anchor set have moved \(gap 0\.\d\d/);
  });

  it('takes another build for another judge, not for drift', async () => {
    const { watch, state, alarms, turns } = watching();
    await turns(ITEMS + 10);
    state.model = 'large-awq';
    state.say = () => 0.7;
    await turns(20);
    expect(alarms).toEqual([]);
    expect(watch.quality()[0]).toMatchObject({ known: 20, repeated: 0 });
  });

  it('asks nothing more when it is stopped', async () => {
    const { watch, turns } = watching();
    await turns(5);
    watch.stop();
    await turns(5);
    expect(watch.quality()[0]?.known).toBe(5);
  });
});
