import { describe, expect, it } from 'vitest';
import { createBuilds } from '../../../src/caching/builds.ts';
import type { ReplicaReport, ReplicaState } from '../../../src/contracts/engine.ts';
import { manualClock } from '../../fakes/clock.ts';
import { TRAIL_ENTRY } from '../../fakes/routing-results.ts';

function report(fingerprint: string | null): ReplicaReport {
  return {
    model: 'm',
    version: null,
    fingerprint,
    maxModelTokens: null,
    route: 'label_ids',
    labels: {},
    finite: true,
    repeatError: 0,
    reportsCachedTokens: false,
    capabilities: {
      routes: ['label_ids'],
      topLogprobs: 20,
      tokenizer: true,
      promptArrays: true,
      structuredOutput: true,
      priority: false,
      cacheSalt: false,
      load: false,
      labelBatch: 0,
    },
  };
}

function replica(number: number, told: ReplicaReport | null, ready = true): ReplicaState {
  return { name: `e/${number}`, url: 'http://e', ready, inFlight: 0, reason: null, report: told };
}

const by = (fingerprint: string | null, number = 0) => [
  { ...TRAIL_ENTRY, fingerprint, replica: `e/${number}` },
];

function setUp(...first: ReplicaState[]) {
  const clock = manualClock();
  let replicas = first;
  const builds = createBuilds((engine) => (engine === 'e' ? replicas : undefined), clock);
  const become = (...next: ReplicaState[]): void => {
    replicas = next;
    clock.advance(1_000);
  };
  return { builds, become };
}

describe('builds of an engine', () => {
  it('are those that its ready replicas named at their warm-up', () => {
    const { builds } = setUp(replica(0, report('one')), replica(1, report('two'), false));
    expect(builds.areCurrent(by('one'))).toBe(true);
    expect(builds.areCurrent(by('two'))).toBe(false);
    expect(builds.areCurrent(by(null))).toBe(false);
  });

  it('change when the last replica of a build was warmed up with another', () => {
    const { builds, become } = setUp(replica(0, report('old')), replica(1, report('old')));
    become(replica(0, report('new')), replica(1, report('old')));
    expect(builds.areCurrent(by('old'))).toBe(true);
    become(replica(0, report('new')), replica(1, report('new')));
    expect(builds.areCurrent(by('old'))).toBe(false);
    expect(builds.areCurrent(by('new'))).toBe(true);
  });

  it('are learned from answers, and forgotten after twenty of another build', () => {
    const told = report('old');
    const { builds, become } = setUp(replica(0, told));
    builds.answered(by('new'));
    expect([builds.areCurrent(by('old')), builds.areCurrent(by('new'))]).toEqual([true, true]);
    for (let i = 0; i < 19; i += 1) builds.answered(by('new'));
    become(replica(0, told));
    expect([builds.areCurrent(by('old')), builds.areCurrent(by('new'))]).toEqual([false, true]);
  });

  it('contradict nothing while the engine is away, unknown, or silent about them', () => {
    const { builds, become } = setUp(replica(0, report('one'), false));
    expect(builds.areCurrent(by('other'))).toBe(true);
    become(replica(0, report(null)));
    expect(builds.areCurrent(by('other'))).toBe(true);
    expect(builds.areCurrent([{ ...TRAIL_ENTRY, engine: 'gone' }])).toBe(true);
  });

  it('are not asked of calls that failed', () => {
    const { builds } = setUp(replica(0, report('one')));
    const problem = { code: 'engine_error', message: 'no', param: null } as const;
    expect(builds.areCurrent([{ ...TRAIL_ENTRY, fingerprint: null, problem }])).toBe(true);
  });
});
