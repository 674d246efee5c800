import type { ObservedTask, StratumCalibration } from '../../contracts/evaluation.ts';
import type { Observation } from '../../contracts/evidence.ts';
import { minimumItems } from '../../statistics/binomial.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import { askObservations, readObservations } from './observations.ts';

/** Which observations, from where. */
export interface ObservedSource {
  /** Saved rows; absent when gateways are asked. */
  readonly path?: string | undefined;
  /** Admin APIs of gateways that serve the same policy. */
  readonly gateways: readonly string[];
  readonly key?: string | undefined;
  readonly team: string;
  readonly policy: string;
  /** Absent for all there are. */
  readonly strata?: readonly string[] | undefined;
  /** Milliseconds since 1970: only what was observed from then on. */
  readonly since?: number | undefined;
  readonly skipBad: boolean;
}

/** The observations of a team's policy. Says on stderr what a file holds of others. Throws when there are none. */
export async function gatherObservations(
  source: ObservedSource,
  { io }: Pick<CommandContext, 'io'>,
): Promise<Observation[]> {
  const { path, gateways, key, team, policy, since = 0 } = source;
  const rows =
    path === undefined
      ? (await Promise.all(gateways.map((url) => askObservations({ url, key }, source, { io })))).flat()
      : await readObservations(path, source.skipBad);
  const own = rows.filter((row) => row.lane.team === team && row.lane.policy === policy);
  if (own.length < rows.length) {
    io.stderr.write(`${rows.length - own.length} rows are of other teams or policies and are left out\n`);
  }
  return own.filter(({ at }) => at >= since);
}

type Certify = (observations: readonly Observation[], task: ObservedTask) => StratumCalibration['result'];

/** A certificate for each stratum, the largest first; together they keep the task's confidence. */
export function certifyStrata(
  observations: readonly Observation[],
  {
    strata,
    task,
  }: { readonly strata: readonly string[] | undefined; readonly task: Omit<ObservedTask, 'sharedBy'> },
  certify: Certify,
): StratumCalibration[] {
  const found = Map.groupBy(observations, ({ lane }) => lane.stratum);
  requireStrata(strata, [...found.keys()], task);
  // Strata that nobody asks for spend their share all the same: which ones were chosen may depend on the rows.
  return [...found]
    .filter(([stratum]) => strata?.includes(stratum) ?? true)
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([stratum, part]) => ({
      stratum,
      items: part.length,
      result: certify(part, { ...task, sharedBy: found.size }),
    }));
}

function requireStrata(
  wanted: readonly string[] | undefined,
  found: readonly string[],
  { source, team, policy, agreement, confidence }: Omit<ObservedTask, 'sharedBy'>,
): void {
  if (found.length === 0) {
    const needed = minimumItems(1 - agreement, 1 - confidence);
    throw new CommandError(
      EXIT.failures,
      `${source}: no certificate: there are no observations of policy ${policy} for team ${team}; ` +
        `${needed} without an error are the fewest that can show ${agreement}`,
    );
  }
  const unknown = (wanted ?? []).filter((stratum) => !found.includes(stratum));
  if (unknown.length === 0) return;
  throw usageError(
    `--stratum: there are no observations of ${unknown.join(', ')}; there are of ${found.join(', ')}`,
  );
}
