import { jobStoreContract } from '../../contracts/job-store.ts';
import { startTestStore } from '../../fakes/embedded-store.ts';

jobStoreContract('embedded', () => startTestStore());
