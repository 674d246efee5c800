import { z } from 'zod';

/** Names that the configuration gives: of engines, judges, policies and teams. */
export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .describe('Lower-case letters, digits and hyphens, at most 63.');
