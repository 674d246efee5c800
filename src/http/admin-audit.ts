import type { Actor, AuditEntry } from '../contracts/teams.ts';
import { parseAuditQuery, renderEvent } from '../wire/teams.ts';
import type { AdminMeans, AdminRoute } from './admin-route.ts';
import type { Exchange } from './exchange.ts';
import { queryOf } from './jobs/query.ts';
import { kept } from './ledger.ts';
import { sendJson, sendProblems } from './reply.ts';

export function actorOf({ principal, requestId, request }: Exchange): Actor {
  const keyId = principal?.keyId ?? null;
  const name = keyId === null ? 'anonymous' : `key:${keyId}`;
  return { name, requestId, address: request.socket.remoteAddress ?? null };
}

/** An act that was done beside the ledger: to the log always, to the ledger where there is one and it answers. */
export async function audit(
  exchange: Exchange,
  { teams, logger }: AdminMeans,
  act: Pick<AuditEntry, 'act' | 'subject' | 'after'>,
): Promise<void> {
  const actor = actorOf(exchange);
  logger.info({ ...act, actor }, 'admin action');
  try {
    await teams?.record({ ...act, actor, before: null });
  } catch (error) {
    logger.error({ ...act, actor, err: error }, 'an admin action is not in the audit log of the ledger');
  }
}

/** `GET /admin/audit`: the newest acts first; `before` goes on with older ones. */
export const auditRoute: AdminRoute = {
  method: 'GET',
  pattern: '/admin/audit',
  path: /^\/admin\/audit$/,
  async handle(exchange, { teams }) {
    const parsed = parseAuditQuery(queryOf(exchange));
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const { limit } = parsed.value;
    // One more tells whether there are more.
    const found = await kept(teams).events({ ...parsed.value, limit: limit + 1 });
    const data = found.slice(0, limit).map(renderEvent);
    sendJson(exchange, 200, { object: 'list', data, has_more: found.length > limit });
  },
};
