import { z } from 'zod';

/** The one line that the database's process writes about its start. */
export const childReportSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);

export type ChildReport = z.infer<typeof childReportSchema>;
