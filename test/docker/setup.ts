import type { TestProject } from 'vitest/node';
import { findEngine } from './engine.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the Docker engine listens; null where there is none. */
    dockerHost: string | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await findEngine();
  if (engine.host === null) console.log(`The image is neither built nor run: ${engine.reason}.`);
  project.provide('dockerHost', engine.host);
  return () => engine.stop();
}
