import type { Clock, Random } from '../contracts/clock.ts';
import type { IssuedKey, TeamAdministration, TeamDetail } from '../contracts/team-administration.ts';
import type { Actor, AuditEntry, StoredKey, TeamBooks, TeamSettings, TeamStore } from '../contracts/teams.ts';
import { keyHashOf, keyOf } from '../domain/api-key.ts';
import { GatewayError } from '../domain/errors.ts';
import type { KnownTeam, TeamDirectory } from './directory.ts';

/** Two of one label: the old one and the new one of a rotation. */
const MOST_OF_A_LABEL = 2;
const MOST_OF_A_TEAM = 64;
const MOST_TEAMS = 10_000;

export interface AdministrationOptions {
  readonly store: TeamStore;
  readonly directory: TeamDirectory;
  /** Checks what a team is to be like. Throws `invalid_request` with everything that is wrong. */
  settingsOf(team: string, settings: unknown): TeamSettings;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The acts of operators on teams and keys, and their rules: how many keys may live, what the file alone may change,
 * what the audit log says. It never sees a request, and keeps no secret.
 */
export function createTeamAdministration(options: AdministrationOptions): TeamAdministration {
  const { store, directory } = options;
  const acted = async <T>(work: (books: TeamBooks) => Promise<T>): Promise<T> => {
    const done = await store.act(work);
    // The act is done: when its result cannot be read now, it is a moment later.
    await directory.refresh().catch(() => undefined);
    return done;
  };
  return {
    ...teamActs(options, acted),
    ...keyActs(options, acted),
    record: (entry) => store.record(entry),
    events: (query) => store.events(query),
  };
}

type Acted = <T>(work: (books: TeamBooks) => Promise<T>) => Promise<T>;
type TeamActs = Pick<TeamAdministration, 'teams' | 'team' | 'addTeam' | 'setTeam' | 'removeTeam'>;
type KeyActs = Pick<TeamAdministration, 'keys' | 'addKey' | 'rotateKey' | 'revokeKey'>;

function teamActs({ directory, settingsOf, clock }: AdministrationOptions, acted: Acted): TeamActs {
  const save = async (
    name: string,
    { actor, act }: Pick<AuditEntry, 'actor' | 'act'>,
    settle: (before: TeamSettings | null, teams: number) => TeamSettings,
  ): Promise<TeamDetail> => {
    refuseFile(directory, name);
    // The settings are read in the transaction: acts at two gateways do not undo each other.
    const settings = await acted(async (books) => {
      const teams = await books.teams();
      const before = teams.find((team) => team.name === name)?.settings ?? null;
      const after = settle(before, teams.length);
      await books.saveTeam(name, after);
      await books.write({ actor, act, subject: `team:${name}`, before, after });
      return after;
    });
    return describe(name, { source: 'ledger', settings }, directory);
  };
  return {
    teams: () => [...directory.all()].map(([name, team]) => describe(name, team, directory)).toSorted(byName),
    team: (name) => detailOf(directory, name),
    addTeam(name, settings, actor) {
      return save(name, { actor, act: 'team.add' }, (before, teams) => {
        const checked = settingsOf(name, settings);
        refuseNew(name, teams, before !== null);
        return checked;
      });
    },
    setTeam(name, changes, actor) {
      return save(name, { actor, act: 'team.set' }, (before) => {
        if (before === null) throw unknownTeam(name);
        return settingsOf(name, changed(before, changes));
      });
    },
    async removeTeam(name, actor) {
      refuseFile(directory, name);
      return acted(async (books) => {
        const before = (await books.teams()).find((team) => team.name === name);
        if (before === undefined) throw unknownTeam(name);
        const live = (await books.keys(name)).filter((key) => isLive(key, clock.now()));
        for (const { id } of live) await books.endKey(id, 'revoked');
        await books.dropTeam(name);
        const event = { actor, act: 'team.remove', subject: `team:${name}` };
        await books.write({
          ...event,
          before: before.settings,
          after: { revoked: live.map(({ id }) => id) },
        });
        return live.length;
      });
    },
  };
}

function keyActs({ store, directory, clock, random }: AdministrationOptions, acted: Acted): KeyActs {
  const found = async (books: TeamBooks, team: string, id: string): Promise<StoredKey> => {
    const key = (await books.keys(team)).find((each) => each.id === id);
    if (key === undefined)
      throw new GatewayError('not_found', `the team "${team}" has no key "${id}" in the ledger`);
    return key;
  };
  return {
    async keys(team) {
      detailOf(directory, team);
      return store.keys(team);
    },
    addKey(team, { label, scopes, lifeSeconds }, actor) {
      return acted(async (books) => {
        await needTeam(books, directory, team);
        refuseMore(await books.keys(team), label, clock.now());
        const expiresAt = lifeSeconds === null ? null : clock.now() + lifeSeconds * 1_000;
        const issued = await issue(books, { team, label, scopes, expiresAt }, random);
        await books.write({
          actor,
          act: 'key.new',
          subject: subjectOf(issued.key),
          before: null,
          after: plain(issued.key),
        });
        return issued;
      });
    },
    rotateKey: ({ team, id }, overlapSeconds, actor) =>
      acted(async (books) =>
        rotate(books, await found(books, team, id), { overlapSeconds, actor, clock, random }),
      ),
    revokeKey({ team, id }, actor) {
      return acted(async (books) => {
        const before = await found(books, team, id);
        if (before.revokedAt !== null) return before;
        const after = await books.endKey(id, 'revoked');
        await books.write({
          actor,
          act: 'key.revoke',
          subject: subjectOf(after),
          before: plain(before),
          after: plain(after),
        });
        return after;
      });
    },
  };
}

interface Rotation extends Pick<AdministrationOptions, 'clock' | 'random'> {
  readonly overlapSeconds: number;
  readonly actor: Actor;
}

async function rotate(
  books: TeamBooks,
  old: StoredKey,
  { overlapSeconds, actor, clock, random }: Rotation,
): Promise<IssuedKey> {
  const now = clock.now();
  if (!isLive(old, now)) throw new GatewayError('conflict', `the key "${old.id}" has ended; make a new one`);
  refuseMore(await books.keys(old.team), old.label, now);
  // The new one is given as long as the old one was.
  const life = old.expiresAt === null ? null : old.expiresAt - old.createdAt;
  const issued = await issue(books, { ...old, expiresAt: life === null ? null : now + life }, random);
  const expiresAt = Math.min(old.expiresAt ?? Infinity, now + overlapSeconds * 1_000);
  const ended = await books.endKey(old.id, { expiresAt });
  await books.write({
    actor,
    act: 'key.rotate',
    subject: subjectOf(old),
    before: plain(old),
    after: { old: plain(ended), new: { id: issued.key.id, ...plain(issued.key) } },
  });
  return issued;
}

async function issue(
  books: TeamBooks,
  { team, label, scopes, expiresAt }: Pick<StoredKey, 'team' | 'label' | 'scopes' | 'expiresAt'>,
  random: Random,
): Promise<IssuedKey> {
  // Ids are drawn like secrets, from 32 letters: eight of them are enough to find a key, 52 prove it with 260 bits.
  const id = `k${random.id('').slice(0, 8)}`;
  const secret = keyOf(id, random.id('') + random.id(''));
  const key = await books.addKey({ id, team, label, scopes, expiresAt, sha256: keyHashOf(secret) });
  return { key, secret };
}

function refuseMore(keys: readonly StoredKey[], label: string, now: number): void {
  const live = keys.filter((key) => isLive(key, now));
  const alike = live.filter((key) => key.label === label).map(({ id }) => id);
  if (alike.length >= MOST_OF_A_LABEL) {
    const names = alike.join(', ');
    throw new GatewayError(
      'conflict',
      `two live keys are labelled "${label}" already (${names}); revoke one, or use another label`,
    );
  }
  if (live.length >= MOST_OF_A_TEAM) {
    throw new GatewayError(
      'conflict',
      `the team has ${live.length} live keys, which is the most; revoke some`,
    );
  }
}

function refuseNew(name: string, teams: number, isThere: boolean): void {
  if (isThere) throw new GatewayError('conflict', `there is a team "${name}" already`);
  if (teams >= MOST_TEAMS) throw new GatewayError('conflict', `there are ${teams} teams, which is the most`);
}

function refuseFile(directory: TeamDirectory, name: string): void {
  if (directory.find(name)?.source !== 'file') return;
  throw new GatewayError('conflict', `the team "${name}" stands in the configuration file: change it there`);
}

/** A team of the ledger may be newer, or gone for a moment longer, than this gateway knows. */
async function needTeam(books: TeamBooks, directory: TeamDirectory, name: string): Promise<void> {
  if (directory.find(name)?.source === 'file') return;
  if (!(await books.teams()).some((team) => team.name === name)) throw unknownTeam(name);
}

function detailOf(directory: TeamDirectory, name: string): TeamDetail {
  const team = directory.find(name);
  if (team === undefined) throw unknownTeam(name);
  return describe(name, team, directory);
}

function describe(name: string, { source, settings }: KnownTeam, directory: TeamDirectory): TeamDetail {
  return { name, source, settings, liveKeys: directory.liveKeys(name) };
}

function unknownTeam(name: string): GatewayError {
  return new GatewayError('not_found', `there is no team "${name}"`);
}

/** Settings with changes: null takes one away. What is no object is left for the check to refuse. */
function changed(now: TeamSettings, changes: unknown): unknown {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) return changes;
  return Object.fromEntries(Object.entries({ ...now, ...changes }).filter(([, value]) => value !== null));
}

function isLive({ revokedAt, expiresAt }: StoredKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

function subjectOf({ team, id }: StoredKey): string {
  return `key:${team}/${id}`;
}

/** For the audit log. */
function plain({ label, scopes, expiresAt, revokedAt }: StoredKey): Readonly<Record<string, unknown>> {
  return { label, scopes, expires_at: instant(expiresAt), revoked_at: instant(revokedAt) };
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function byName(one: TeamDetail, other: TeamDetail): number {
  return one.name < other.name ? -1 : 1;
}
