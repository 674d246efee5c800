import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Replica } from '../../../src/contracts/engine.ts';
import type { Member } from '../../../src/pool/member.ts';
import { createRoster } from '../../../src/pool/roster.ts';
import { fakeReplica } from '../../fakes/pool.ts';

/** A roster whose members only count their calls and know whether they leave. */
function rosterOf(configured: readonly string[] = []) {
  const busy = new Map<string, number>();
  const leaving = new Set<string>();
  const closed: string[] = [];
  const replicaOf = (url: string): Replica => fakeReplica(url).replica;
  const roster = createRoster({
    engine: 'small',
    replicas: configured.map(replicaOf),
    createReplica: replicaOf,
    createMember(name, replica) {
      const member = {
        name,
        replica,
        running: () => busy.get(name) ?? 0,
        setLeaving(value: boolean) {
          if (value) leaving.add(name);
          else leaving.delete(name);
        },
        close: async () => void closed.push(name),
      };
      // The roster uses nothing else of a member.
      return member as Partial<Member> as Member;
    },
  });
  const names = (): string[] => roster.members().map(({ name }) => name);
  return { roster, busy, leaving, closed, names };
}

const places = (...urls: string[]) => urls.map((url) => ({ url }));

describe('a roster', () => {
  it('gives a new replica the number after those of the configured ones', () => {
    const { roster, names } = rosterOf(['http://a', 'http://b']);
    roster.follow(places('http://c'));
    expect(names()).toEqual(['small/2']);
  });

  it('closes who is gone at once when idle, and after the last call when busy', () => {
    const { roster, busy, leaving, closed, names } = rosterOf();
    roster.follow(places('http://a', 'http://b'));
    busy.set('small/1', 1);
    roster.follow([]);
    expect([closed, names(), [...leaving]]).toEqual([['small/0'], ['small/1'], ['small/0', 'small/1']]);
    busy.set('small/1', 0);
    for (const member of roster.members()) roster.freed(member);
    expect([closed, names()]).toEqual([['small/0', 'small/1'], []]);
  });

  it('keeps a replica that comes back while it still drains', () => {
    const { roster, busy, leaving, closed, names } = rosterOf();
    roster.follow(places('http://a'));
    busy.set('small/0', 1);
    roster.follow([]);
    roster.follow(places('http://a'));
    busy.set('small/0', 0);
    for (const member of roster.members()) roster.freed(member);
    expect([closed, names(), [...leaving]]).toEqual([[], ['small/0'], []]);
  });

  it('takes another pod under the same address for another replica', () => {
    const { roster, names, closed } = rosterOf();
    roster.follow([{ url: 'http://a', name: 'pod-1' }]);
    roster.follow([{ url: 'http://a', name: 'pod-2' }]);
    expect([names(), closed]).toEqual([['small/pod-2'], ['small/pod-1']]);
  });

  it('ends with exactly the last places, all others closed once, however they come and go', () => {
    const step = fc.oneof(
      fc.record({ urls: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 }) }),
      fc.record({ begin: fc.nat(9) }),
      fc.record({ end: fc.nat(9) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { roster, busy, closed, names } = rosterOf();
        const made = new Set<string>();
        let last: string[] = [];
        for (const each of steps) {
          if ('urls' in each) {
            last = each.urls.toSorted();
            roster.follow(places(...each.urls));
          } else if ('begin' in each) {
            const member = roster.members()[each.begin];
            if (member !== undefined) busy.set(member.name, (busy.get(member.name) ?? 0) + 1);
          } else {
            const member = roster.members()[each.end];
            const calls = busy.get(member?.name ?? '') ?? 0;
            if (member === undefined || calls === 0) continue;
            busy.set(member.name, calls - 1);
            roster.freed(member);
          }
          for (const name of names()) made.add(name);
        }
        for (const member of roster.members()) {
          busy.set(member.name, 0);
          roster.freed(member);
        }
        expect(
          roster
            .members()
            .map(({ replica }) => replica.url)
            .toSorted(),
        ).toEqual(last);
        expect(new Set(closed).size).toBe(closed.length);
        expect([...closed, ...names()].toSorted()).toEqual([...made].toSorted());
      }),
    );
  });
});
