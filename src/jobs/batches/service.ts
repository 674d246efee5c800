import type { BatchService, BatchStore, LineRelay } from '../../contracts/batches.ts';
import type { Random } from '../../contracts/clock.ts';
import type { FileStore } from '../../contracts/files.ts';
import { GatewayError } from '../../domain/errors.ts';

export interface BatchServiceOptions {
  readonly store: BatchStore;
  readonly files: Pick<FileStore, 'find'>;
  readonly relay: () => LineRelay;
  readonly random: Random;
  /** There is a file to be read. */
  readonly wakeReader: () => void;
  /** Somebody gave a command; see `JobWorker`. */
  readonly refreshWorker: () => Promise<void>;
}

/** Batches as the surface uses them: what is created here is read by the reader, and worked on as a job. */
export function createBatchService(options: BatchServiceOptions): BatchService {
  const { store, files, relay, random } = options;
  return {
    async create(request) {
      const { endpoint, inputFileId, team } = request;
      const { paths } = relay();
      if (!paths.includes(endpoint)) {
        const message = `endpoint is not served in batches; served are ${paths.join(', ')}`;
        throw new GatewayError('invalid_request', message, { param: 'endpoint' });
      }
      const file = await files.find(team, inputFileId);
      if (file === null) {
        throw new GatewayError('invalid_request', 'input_file_id is not the id of a file of your team', {
          param: 'input_file_id',
        });
      }
      if (file.purpose !== 'batch') {
        const message = `input_file_id is a file for ${file.purpose}; upload it with the purpose batch`;
        throw new GatewayError('invalid_request', message, { param: 'input_file_id' });
      }
      const batch = await store.create({ ...request, id: random.id('batch_') });
      options.wakeReader();
      return batch;
    },
    async find(team, id) {
      const batch = await store.find(team, id);
      if (batch === null) throw notFound();
      return batch;
    },
    list: (team, page) => store.list(team, page),
    async cancel(team, id) {
      const answer = await store.cancel(team, id);
      if (answer === null) throw notFound();
      const { batch, done } = answer;
      if (!done) {
        throw new GatewayError('conflict', `a batch that is ${batch.state} cannot be cancelled`);
      }
      await options.refreshWorker();
      return batch;
    },
  };
}

function notFound(): GatewayError {
  return new GatewayError('not_found', 'there is no batch with this id');
}
