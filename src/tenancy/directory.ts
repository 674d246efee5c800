import type { Principal, Scope } from '../contracts/authenticator.ts';
import type { Clock } from '../contracts/clock.ts';
import type { NewKey, StoredTeam, TeamSettings, TeamSnapshot, TeamStore } from '../contracts/teams.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { knownKey, type KnownKey } from './key-authenticator.ts';

/**
 * Who is known: the teams of the configuration file, and the teams and keys of the ledger as they were a moment ago.
 * It asks the ledger every two seconds whether something changed, so that no request waits for a database; while the
 * ledger is away what was known last goes on, for a bounded time, and never more than that. What teams may spend is
 * not decided here.
 */
export interface TeamDirectory {
  /** The file's first: a team of the ledger with the same name waits until the file's is gone. */
  find(team: string): KnownTeam | undefined;
  /** By name. */
  all(): ReadonlyMap<string, KnownTeam>;
  /** A key of the ledger. */
  key(id: string): KnownKey | undefined;
  /** Keys of the ledger that a team can use now. */
  liveKeys(team: string): number;
  /** The ledger was away for so long that its keys are not believed any more. */
  isBlind(): boolean;
  /** True when a key of the ledger ever had this scope, or any where none is named. */
  hasIssued(scope?: Scope): boolean;
  /** The teams of the file from now on. */
  use(file: ReadonlyMap<string, TeamSettings>): void;
  /** Reads the ledger now. Throws `storage_unavailable`. */
  refresh(): Promise<void>;
  /** Writes down which keys were used. */
  close(): Promise<void>;
}

export interface KnownTeam {
  readonly source: 'file' | 'ledger';
  readonly settings: TeamSettings;
}

export interface DirectoryOptions {
  /** Null where nothing is kept: then there are the teams of the file alone. */
  readonly store: TeamStore | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told after each change. */
  changed(): void;
}

const POLL_MS = 2_000;
/** Uses of keys are written down so often. */
const USES_MS = 60_000;
/** Longest time for which keys are believed without the ledger. */
const MOST_STALE_MS = 900_000;

const NOTHING: TeamSnapshot = { version: -1, teams: [], keys: [], everIssued: [] };

export function createTeamDirectory({ store, clock, logger, changed }: DirectoryOptions): TeamDirectory {
  const uses = new Set<string>();
  let snapshot = NOTHING;
  let file: ReadonlyMap<string, TeamSettings> = new Map();
  let teams: ReadonlyMap<string, KnownTeam> = new Map();
  let keys: ReadonlyMap<string, KnownKey> = new Map();
  let ofTeam: ReadonlyMap<string, readonly NewKey[]> = new Map();
  let seenAt = clock.monotonic();
  const rebuild = (): void => {
    teams = merged(file, snapshot.teams);
    keys = new Map(snapshot.keys.flatMap((key) => entryOf(key, teams.get(key.team), uses)));
    ofTeam = Map.groupBy(snapshot.keys, (key) => key.team);
    changed();
  };
  const load = async (from: TeamStore): Promise<void> => {
    const next = await from.snapshot();
    seenAt = clock.monotonic();
    // An older one may come later.
    if (next.version <= snapshot.version) return;
    snapshot = next;
    rebuild();
  };
  const poll = async (from: TeamStore): Promise<void> => {
    const version = await from.version();
    seenAt = clock.monotonic();
    if (version !== snapshot.version) await load(from);
  };
  const writeUses = async (to: TeamStore): Promise<void> => {
    const ids = [...uses];
    uses.clear();
    await to.markUsed(ids);
  };
  const watch =
    store === null
      ? null
      : startWatch({ clock, logger }, { poll: () => poll(store), writeUses: () => writeUses(store) });
  const isBlind = (): boolean => store !== null && clock.monotonic() - seenAt > MOST_STALE_MS;
  return {
    find: (team) => teams.get(team),
    all: () => teams,
    key: (id) => (isBlind() ? undefined : keys.get(id)),
    liveKeys: (team) => {
      const now = clock.now();
      return (ofTeam.get(team) ?? []).filter(({ expiresAt }) => (expiresAt ?? Infinity) > now).length;
    },
    isBlind,
    hasIssued: (scope) =>
      scope === undefined ? snapshot.everIssued.length > 0 : snapshot.everIssued.includes(scope),
    use(next) {
      file = next;
      rebuild();
    },
    refresh: async () => (store === null ? undefined : load(store)),
    close: async () => watch?.stop(),
  };
}

function merged(
  file: ReadonlyMap<string, TeamSettings>,
  stored: readonly StoredTeam[],
): ReadonlyMap<string, KnownTeam> {
  const ofLedger = stored.map(({ name, settings }): [string, KnownTeam] => [
    name,
    { source: 'ledger', settings },
  ]);
  const ofFile = [...file].map(([name, settings]): [string, KnownTeam] => [
    name,
    { source: 'file', settings },
  ]);
  return new Map([...ofLedger, ...ofFile]);
}

/** A key whose team is gone opens nothing. */
function entryOf(key: NewKey, team: KnownTeam | undefined, uses: Set<string>): [string, KnownKey][] {
  if (team === undefined) return [];
  const { policies, classes } = team.settings;
  const principal: Principal = {
    team: key.team,
    keyId: key.id,
    scopes: new Set(key.scopes),
    policies: policies === undefined ? null : new Set(policies),
    classes: new Set(classes),
  };
  return [[key.id, { ...knownKey(key.sha256, principal, key.expiresAt), use: () => void uses.add(key.id) }]];
}

interface Watched {
  poll(): Promise<void>;
  writeUses(): Promise<void>;
}

function startWatch(
  { clock, logger }: Pick<DirectoryOptions, 'clock' | 'logger'>,
  { poll, writeUses }: Watched,
): { stop(): Promise<void> } {
  let isAway = false;
  let isStopped = false;
  const tries = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      if (isAway) logger.info({}, 'the ledger tells of teams and keys again');
      isAway = false;
    } catch (error) {
      if (!isAway)
        logger.warn({ err: error }, 'teams and keys of the ledger stay as they were: it cannot be asked');
      isAway = true;
    }
  };
  const again = (ms: number, work: () => Promise<void>): (() => void) => {
    let cancel = (): void => undefined;
    const next = (): void => {
      if (!isStopped) cancel = clock.after(ms, () => void tries(work).finally(next));
    };
    next();
    return () => cancel();
  };
  const cancels = [again(POLL_MS, poll), again(USES_MS, writeUses)];
  return {
    async stop() {
      isStopped = true;
      for (const cancel of cancels) cancel();
      await tries(writeUses);
    },
  };
}
