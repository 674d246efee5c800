import { afterAll, beforeAll, describe } from 'vitest';
import { sliceStoreContract } from '../../contracts/slice-store.ts';
import { startTestStore, type TestStore } from '../../fakes/embedded-store.ts';

describe('budgets on the embedded database', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await startTestStore();
  }, 90_000);
  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });
  sliceStoreContract(() => test.store);
});
