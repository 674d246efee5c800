import type { BackgroundResponse, BackgroundService, BackgroundStore } from '../../contracts/background.ts';
import type { Clock, Random } from '../../contracts/clock.ts';
import { GatewayError } from '../../domain/errors.ts';
import { pause } from '../pause.ts';
import type { JobSettings } from '../settings.ts';

export interface BackgroundServiceOptions {
  readonly store: BackgroundStore;
  readonly settings: Pick<JobSettings, 'maxDeadlineSeconds'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly worker: {
    /** There may be something to do. */
    wake(): void;
    /** Somebody gave a command: look at once how the jobs under way stand. */
    refresh(): Promise<void>;
  };
}

/** Pause before the next look at a response that goes on. */
const LOOK_MS = 500;

/** Responses in the background as the surface uses them; they are worked on as jobs. */
export function createBackgroundService(options: BackgroundServiceOptions): BackgroundService {
  const { store, settings, clock, random, worker } = options;
  const find = async (team: string, id: string): Promise<BackgroundResponse> =>
    (await store.find(team, id)) ?? notFound();
  return {
    async create(request) {
      const { maxDeadlineSeconds: deadlineSeconds } = settings;
      const response = await store.create({ ...request, id: random.id('resp_'), deadlineSeconds });
      worker.wake();
      return response;
    },
    find,
    async *watch(team, id, signal) {
      let before: BackgroundResponse['state'] | null = null;
      while (!signal.aborted) {
        const response = await find(team, id);
        if (response.state !== before) yield response;
        before = response.state;
        if (before !== 'queued' && before !== 'running') return;
        await pause(clock, LOOK_MS, signal);
      }
    },
    async cancel(team, id) {
      const response = (await store.cancel(team, id)) ?? notFound();
      await worker.refresh();
      return response;
    },
    async remove(team, id) {
      if (!(await store.remove(team, id))) notFound();
      // One that was under way is dropped: nobody holds its lease any more.
      await worker.refresh();
    },
  };
}

function notFound(): never {
  throw new GatewayError(
    'not_found',
    'there is no response with this id; only those in the background are kept',
  );
}
