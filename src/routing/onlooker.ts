import type { CertifiedRouterOptions, RouterLane } from './certified-router.ts';

/**
 * The options of a certified router that decides as the certificates in force say and leaves no trace: no
 * observation, no watch, no lane of its own, nothing learned, no budget moved. For items that are no traffic.
 */
export function asOnlooker(options: CertifiedRouterOptions): CertifiedRouterOptions {
  const { lanes, gate } = options;
  return {
    ...options,
    lanes: {
      ...lanes,
      of(team, stratum) {
        const lane = lanes.has(team, stratum) ? lanes.of(team, stratum) : null;
        return {
          ...SILENT,
          scope: { team, policy: options.policy, stratum },
          ...(lane === null ? {} : seen(lane)),
        };
      },
    },
    gate: {
      ...gate,
      before: (item, stratum) => ({ ...gate.before(item, stratum), learn: nothing, paid: nothing }),
    },
    spending: null,
    remember: nothing,
  };
}

const nothing = (): void => undefined;

const SILENT: Omit<RouterLane, 'scope'> = {
  certificate: () => null,
  quality: () => ({ reason: 'nothing was judged there yet' }),
  observedShare: () => 0,
  answered: nothing,
  released: nothing,
  skipped: nothing,
  observe: nothing,
};

function seen(lane: RouterLane): Pick<RouterLane, 'certificate' | 'quality'> {
  return { certificate: () => lane.certificate(), quality: () => lane.quality() };
}
