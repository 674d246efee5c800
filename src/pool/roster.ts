import type { Replica } from '../contracts/engine.ts';
import type { Place } from './discovery.ts';
import type { Member } from './member.ts';

/** The members of a pool. They come by configuration or discovery and leave when nobody needs them. */
export interface Roster {
  members(): readonly Member[];
  find(name: string): Member | undefined;
  /** These places are the engine's now: new ones join, those gone drain and leave, those back stay. */
  follow(places: readonly Place[]): void;
  /** A call on it ended: a member that drains to leave is closed after its last one. */
  freed(member: Member): void;
  close(): Promise<void>;
}

export interface RosterOptions {
  readonly engine: string;
  readonly replicas: readonly Replica[];
  readonly createReplica: (address: string) => Replica;
  readonly createMember: (name: string, replica: Replica) => Member;
}

export function createRoster(options: RosterOptions): Roster {
  let numbered = 0;
  let members: readonly Member[] = [];
  /** Places of the members that were found; those configured have none. */
  const places = new Map<Member, string>();
  const nameOf = (own: string | undefined): string => {
    const name = `${options.engine}/${own}`;
    // A pod that comes back under its name while its predecessor still drains gets a number.
    if (own !== undefined && !members.some((member) => member.name === name)) return name;
    numbered += 1;
    return `${options.engine}/${numbered - 1}`;
  };
  const join = (replica: Replica, own?: string): Member => {
    const member = options.createMember(nameOf(own), replica);
    members = [...members, member];
    return member;
  };
  for (const replica of options.replicas) join(replica);
  const leaving = new Set<Member>();
  const closing = new Set<Promise<void>>();

  const part = (member: Member): void => {
    members = members.filter((each) => each !== member);
    leaving.delete(member);
    places.delete(member);
    const closed = member.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const keep = (member: Member): void => {
    if (leaving.delete(member)) member.setLeaving(false);
  };
  const release = (member: Member): void => {
    leaving.add(member);
    member.setLeaving(true);
    if (member.running() === 0) part(member);
  };
  return {
    members: () => members,
    find: (name) => members.find((member) => member.name === name),
    follow(found) {
      const wanted = new Map(found.map((place) => [keyOf(place), place]));
      for (const member of members) {
        if (wanted.delete(places.get(member) ?? '')) keep(member);
        else if (!leaving.has(member)) release(member);
      }
      for (const [key, { url, name }] of wanted) places.set(join(options.createReplica(url), name), key);
    },
    freed(member) {
      if (leaving.has(member) && member.running() === 0) part(member);
    },
    async close() {
      await Promise.all([...members.map((member) => member.close()), ...closing]);
    },
  };
}

/** A pod that was replaced under the same address is another replica. */
function keyOf({ url, name = '' }: Place): string {
  return `${url} ${name}`;
}
