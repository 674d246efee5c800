import { z } from 'zod';
import type { TeamAdministration } from '../../contracts/team-administration.ts';
import type { Actor } from '../../contracts/teams.ts';
import type { Checked } from '../../wire/problems.ts';
import {
  parseKey,
  parseRotation,
  renderEvent,
  renderIssued,
  renderKey,
  renderTeam,
} from '../../wire/teams.ts';
import { type AdminAccess, askAdmin } from '../admin-client.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';

/** What the commands ask for: of a running gateway, or of the ledger itself. Replies are those of the admin API. */
export interface TeamDesk {
  teams(): Promise<TeamReply[]>;
  team(name: string): Promise<TeamReply>;
  addTeam(name: string, settings: Settings): Promise<TeamReply>;
  setTeam(name: string, settings: Settings): Promise<TeamReply>;
  /** How many keys went with it. */
  removeTeam(name: string): Promise<number>;
  keys(team: string): Promise<KeyReply[]>;
  addKey(team: string, body: Settings): Promise<IssuedReply>;
  rotateKey(team: string, id: string, body: Settings): Promise<IssuedReply>;
  revokeKey(team: string, id: string): Promise<KeyReply>;
  events(query: { readonly before: number | null; readonly limit: number }): Promise<EventReply[]>;
}

export type Settings = Readonly<Record<string, unknown>>;

const teamSchema = z.object({
  name: z.string(),
  source: z.string(),
  live_keys: z.number(),
  settings: z.looseObject({
    policies: z.array(z.string()).optional(),
    limits: z.record(z.string(), z.number()),
    share: z.number(),
    classes: z.array(z.string()),
  }),
});
export type TeamReply = z.output<typeof teamSchema>;

const keySchema = z.object({
  id: z.string(),
  team: z.string(),
  label: z.string(),
  scopes: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});
export type KeyReply = z.output<typeof keySchema>;

const issuedSchema = z.object({ ...keySchema.shape, key: z.string() });
export type IssuedReply = z.output<typeof issuedSchema>;

const eventSchema = z.object({
  id: z.number(),
  at: z.string(),
  actor: z.string(),
  act: z.string(),
  subject: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  request_id: z.string().nullable(),
  address: z.string().nullable(),
});
export type EventReply = z.output<typeof eventSchema>;

const listOf = <T extends z.ZodType>(entry: T) => z.object({ data: z.array(entry) });
const removedSchema = z.object({ revoked_keys: z.number() });

/** Asks the admin API of a running gateway. */
export function gatewayDesk(access: AdminAccess, { io }: Pick<CommandContext, 'io'>): TeamDesk {
  const ask = (method: Parameters<typeof askAdmin>[0], path: string, body?: Settings): Promise<unknown> =>
    askAdmin(method, path, access, { io, ...(body === undefined ? {} : { body }) });
  const of = (team: string): string => `/admin/teams/${encodeURIComponent(team)}`;
  const keyOf = (team: string, id: string): string => `${of(team)}/keys/${encodeURIComponent(id)}`;
  return {
    teams: async () => listOf(teamSchema).parse(await ask('GET', '/admin/teams')).data,
    team: async (name) => teamSchema.parse(await ask('GET', of(name))),
    addTeam: async (name, settings) =>
      teamSchema.parse(await ask('POST', '/admin/teams', { name, settings })),
    setTeam: async (name, settings) => teamSchema.parse(await ask('PATCH', of(name), { settings })),
    removeTeam: async (name) => removedSchema.parse(await ask('DELETE', of(name))).revoked_keys,
    keys: async (team) => listOf(keySchema).parse(await ask('GET', `${of(team)}/keys`)).data,
    addKey: async (team, body) => issuedSchema.parse(await ask('POST', `${of(team)}/keys`, body)),
    rotateKey: async (team, id, body) =>
      issuedSchema.parse(await ask('POST', `${keyOf(team, id)}/rotate`, body)),
    revokeKey: async (team, id) => keySchema.parse(await ask('DELETE', keyOf(team, id))),
    async events({ before, limit }) {
      const query = `limit=${limit}${before === null ? '' : `&before=${before}`}`;
      return listOf(eventSchema).parse(await ask('GET', `/admin/audit?${query}`)).data;
    },
  };
}

/** Asks the ledger itself: for the first key, and when no key opens the admin API any more. */
export function ledgerDesk(administration: TeamAdministration, by: Actor): TeamDesk {
  return {
    teams: async () => administration.teams().map((team) => teamSchema.parse(renderTeam(team))),
    team: async (name) => teamSchema.parse(renderTeam(administration.team(name))),
    addTeam: async (name, settings) =>
      teamSchema.parse(renderTeam(await administration.addTeam(name, settings, by))),
    setTeam: async (name, settings) =>
      teamSchema.parse(renderTeam(await administration.setTeam(name, settings, by))),
    removeTeam: (name) => administration.removeTeam(name, by),
    keys: async (team) => (await administration.keys(team)).map(renderKey).map((key) => keySchema.parse(key)),
    addKey: async (team, body) =>
      issuedSchema.parse(renderIssued(await administration.addKey(team, valueOf(parseKey(body)), by))),
    rotateKey: async (team, id, body) =>
      issuedSchema.parse(
        renderIssued(await administration.rotateKey({ team, id }, valueOf(parseRotation(body)), by)),
      ),
    revokeKey: async (team, id) =>
      keySchema.parse(renderKey(await administration.revokeKey({ team, id }, by))),
    events: async (query) =>
      (await administration.events(query)).map(renderEvent).map((event) => eventSchema.parse(event)),
  };
}

function valueOf<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw usageError(checked.problems.map(({ message }) => message).join('\n'));
}
