import { batchContract } from '../../contracts/batches.ts';
import { startTestStore } from '../../fakes/embedded-store.ts';

batchContract('the embedded database', () => startTestStore());
