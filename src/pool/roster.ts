import type { Replica } from '../contracts/engine.ts';
import type { Member } from './member.ts';

/** The members of a pool. They come by configuration or discovery and leave when nobody needs them. */
export interface Roster {
  members(): readonly Member[];
  find(name: string): Member | undefined;
  /** These addresses are the engine's now: new ones join, those gone drain and leave, those back stay. */
  follow(addresses: readonly string[]): void;
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
  const join = (replica: Replica): Member => {
    const name = `${options.engine}/${numbered}`;
    numbered += 1;
    return options.createMember(name, replica);
  };
  let members: readonly Member[] = options.replicas.map(join);
  const leaving = new Set<Member>();
  const closing = new Set<Promise<void>>();

  const part = (member: Member): void => {
    members = members.filter((each) => each !== member);
    leaving.delete(member);
    const closed = member.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const keep = (member: Member): void => {
    if (leaving.delete(member)) member.setDraining(false);
  };
  const release = (member: Member): void => {
    leaving.add(member);
    member.setDraining(true);
    if (member.running() === 0) part(member);
  };
  return {
    members: () => members,
    find: (name) => members.find((member) => member.name === name),
    follow(addresses) {
      const wanted = new Set(addresses);
      for (const member of members) {
        if (wanted.delete(member.replica.url)) keep(member);
        else if (!leaving.has(member)) release(member);
      }
      const joined = [...wanted].map((address) => join(options.createReplica(address)));
      members = [...members, ...joined];
    },
    freed(member) {
      if (leaving.has(member) && member.running() === 0) part(member);
    },
    async close() {
      await Promise.all([...members.map((member) => member.close()), ...closing]);
    },
  };
}
