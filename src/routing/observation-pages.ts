import type {
  Observation,
  ObservationPage,
  ObservationPlace,
  ObservationQuery,
} from '../contracts/evidence.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

/**
 * The evidence that lanes hold, lane by lane in the order in which they appeared, page by page. Every page is
 * bounded. What is observed meanwhile comes with a later page; a lane that began anew is told from its beginning.
 */
export function observationPage(lanes: Lanes, query: ObservationQuery): ObservationPage {
  const { team, stratum, after, limit } = query;
  const asked = lanes
    .all()
    .filter(
      ({ scope }) => (team ?? scope.team) === scope.team && (stratum ?? scope.stratum) === scope.stratum,
    );
  const start = after === null ? 0 : asked.findIndex((lane) => isAt(lane, after));
  if (start < 0) {
    throw new GatewayError('invalid_request', 'is no place among these observations; begin without it', {
      param: 'after',
    });
  }
  const observations: Observation[] = [];
  for (const lane of asked.slice(start)) {
    const from =
      after !== null && isAt(lane, after) && lane.generation === after.generation ? after.number : -1;
    const page = lane.observations(from, limit - observations.length);
    observations.push(...page.observations);
    if (observations.length < limit) continue;
    const { generation, scope } = lane;
    return {
      observations,
      next: { team: scope.team, stratum: scope.stratum, generation, number: page.last },
    };
  }
  return { observations, next: null };
}

function isAt({ scope }: Lane, { team, stratum }: ObservationPlace): boolean {
  return scope.team === team && scope.stratum === stratum;
}
