import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'undici';
import { z } from 'zod';
import type { CommandContext } from './context.ts';
import { CommandError, EXIT } from './exit.ts';

/** Options of every command that asks the admin API of a running gateway. */
export const adminOptions = {
  url: z.url({ protocol: /^https?$/, error: 'is no http address' }),
  key: z.string().min(1).optional(),
  json: z.boolean().default(false),
};

export interface AdminAccess {
  readonly url: string;
  readonly key?: string | undefined;
}

const errorSchema = z.object({ error: z.object({ message: z.string() }) });
const TIMEOUT_MS = 30_000;

export type AdminMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The JSON of a reply with status 200 or 201. Throws `CommandError` with what the gateway said otherwise. */
export async function askAdmin(
  method: AdminMethod,
  path: string,
  access: AdminAccess,
  sending: Sending,
): Promise<unknown> {
  return JSON.parse((await askAdminText(method, path, access, sending)).text);
}

interface Sending extends Pick<CommandContext, 'io'> {
  readonly body?: unknown;
}

/** The same for what is not JSON, with the headers of the reply. */
export async function askAdminText(
  method: AdminMethod,
  path: string,
  { url, key }: AdminAccess,
  { io, body: sent }: Sending,
): Promise<{ readonly text: string; readonly headers: IncomingHttpHeaders }> {
  const secret = key ?? io.env['ASSAY_ADMIN_KEY'];
  const { statusCode, headers, body } = await request(url.replace(/\/$/, '') + path, {
    method,
    headers: {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new CommandError(EXIT.stopped, `no admin API answers at ${url}`, { cause });
  });
  const text = await body.text();
  if (statusCode === 200 || statusCode === 201) return { text, headers };
  const told = errorSchema.safeParse(jsonOrNull(text));
  const message = told.success ? told.data.error.message : `${url} answered with status ${statusCode}`;
  throw new CommandError(statusCode < 500 ? EXIT.usage : EXIT.stopped, message);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
