import type { TeamAdministration } from '../contracts/team-administration.ts';
import type { Actor } from '../contracts/teams.ts';
import type { Checked } from '../wire/problems.ts';
import {
  parseKey,
  parseRotation,
  parseTeam,
  parseTeamChanges,
  renderIssued,
  renderKey,
  renderTeam,
} from '../wire/teams.ts';
import { actorOf } from './admin-audit.ts';
import { ACT_BYTES, type AdminRoute } from './admin-route.ts';
import type { Exchange } from './exchange.ts';
import { readJsonIfAny } from './json-body.ts';
import { kept } from './ledger.ts';
import { sendJson, sendProblems } from './reply.ts';

const TEAMS = '/admin/teams';
const TEAM = `${TEAMS}/{team}`;
const KEYS = `${TEAM}/keys`;
const KEY = `${KEYS}/{key}`;

/** Reads of teams and keys, and acts on them. Each act is in the audit log of the ledger, or was not done. */
export const teamRoutes: readonly AdminRoute[] = [
  read(TEAMS, (teams) => ({ object: 'list', data: teams.teams().map(renderTeam) })),
  act('POST', TEAMS, parseTeam, async (teams, { name, settings }, { by }) =>
    renderTeam(await teams.addTeam(name, settings, by)),
  ),
  read(TEAM, (teams, [name = '']) => renderTeam(teams.team(name))),
  act('PATCH', TEAM, parseTeamChanges, async (teams, { settings }, { by, names: [name = ''] }) =>
    renderTeam(await teams.setTeam(name, settings, by)),
  ),
  act('DELETE', TEAM, nothing, async (teams, _body, { by, names: [name = ''] }) => {
    const revoked = await teams.removeTeam(name, by);
    return { object: 'team.removed', name, revoked_keys: revoked };
  }),
  read(KEYS, async (teams, [team = '']) => ({
    object: 'list',
    data: (await teams.keys(team)).map(renderKey),
  })),
  act('POST', KEYS, parseKey, async (teams, wishes, { by, names: [team = ''] }) =>
    renderIssued(await teams.addKey(team, wishes, by)),
  ),
  act('DELETE', KEY, nothing, async (teams, _body, { by, names: [team = '', id = ''] }) =>
    renderKey(await teams.revokeKey({ team, id }, by)),
  ),
  act('POST', `${KEY}/rotate`, parseRotation, async (teams, overlap, { by, names: [team = '', id = ''] }) =>
    renderIssued(await teams.rotateKey({ team, id }, overlap, by)),
  ),
];

function read(
  pattern: string,
  look: (teams: TeamAdministration, names: readonly string[]) => unknown,
): AdminRoute {
  return {
    method: 'GET',
    pattern,
    path: pathOf(pattern),
    handle: async (exchange, { teams }, names) => sendJson(exchange, 200, await look(kept(teams), names)),
  };
}

interface Act {
  readonly by: Actor;
  readonly names: readonly string[];
}

function act<T>(
  method: AdminRoute['method'],
  pattern: string,
  parse: (body: unknown) => Checked<T>,
  work: (teams: TeamAdministration, body: T, act: Act) => Promise<unknown>,
): AdminRoute {
  return {
    method,
    pattern,
    path: pathOf(pattern),
    async handle(exchange, { teams, logger }, names) {
      const administration = kept(teams);
      const parsed = parse(await readJsonIfAny(exchange, ACT_BYTES));
      if (!parsed.ok) {
        sendProblems(exchange, parsed.problems);
        return;
      }
      const by = actorOf(exchange);
      const done = await work(administration, parsed.value, { by, names });
      logger.info({ act: `${method} ${pattern}`, names, actor: by }, 'admin action');
      sendJson(exchange, statusOf(exchange), done);
    },
  };
}

/** What is made by POST is new. */
function statusOf({ request }: Exchange): number {
  return request.method === 'POST' ? 201 : 200;
}

function nothing(): Checked<null> {
  return { ok: true, value: null };
}

function pathOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '([A-Za-z0-9-]{1,64})')}$`);
}
