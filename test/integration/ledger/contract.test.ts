import { afterAll, beforeAll, describe } from 'vitest';
import { evidenceContract } from '../../contracts/evidence.ts';
import { ledgerContract } from '../../contracts/ledger.ts';
import { startTestStore, type TestStore } from '../../fakes/embedded-store.ts';

describe('the ledger on the embedded database', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await startTestStore();
  }, 90_000);
  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });
  ledgerContract(() => test.store);
  evidenceContract(() => test.store);
});
