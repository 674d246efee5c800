import { once } from 'node:events';
import type { FileStore, StoredFile } from '../../contracts/files.ts';
import { GatewayError } from '../../domain/errors.ts';
import { parseFileQuery, renderFile, renderFiles } from '../../wire/file.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import type { TeamHandler } from '../handler.ts';
import { queryOf } from '../jobs/query.ts';
import { endResponse, sendJson, sendProblems } from '../reply.ts';
import type { TeamRoute } from '../team-route.ts';
import { createUploadHandler } from './upload.ts';

const FILES = '/v1/files';
const FILE = `${FILES}/:id`;

/** The OpenAI Files API. */
export function fileRoutes(deps: GatewayDeps, files: FileStore): readonly TeamRoute[] {
  const upload = createUploadHandler(deps, files);
  const find = async (team: string, id: string): Promise<StoredFile> => {
    const file = await files.find(team, id);
    if (file === null) throw notFound();
    return file;
  };
  return [
    { method: 'POST', path: FILES, handle: () => upload },
    { method: 'GET', path: FILES, handle: () => createListHandler(files) },
    {
      method: 'GET',
      path: FILE,
      handle:
        (id) =>
        async (exchange, { team }) => {
          sendJson(exchange, 200, renderFile(await find(team, id)));
        },
    },
    {
      method: 'DELETE',
      path: FILE,
      handle:
        (id) =>
        async (exchange, { team }) => {
          if (!(await files.remove(team, id))) throw notFound();
          sendJson(exchange, 200, { id, object: 'file', deleted: true });
        },
    },
    {
      method: 'GET',
      path: `${FILE}/content`,
      handle:
        (id) =>
        async (exchange, { team }) =>
          sendContent(exchange, deps, files, await find(team, id)),
    },
  ];
}

function notFound(): GatewayError {
  return new GatewayError('not_found', 'there is no file with this id');
}

function createListHandler(files: FileStore): TeamHandler {
  return async (exchange, { team }) => {
    const parsed = parseFileQuery(queryOf(exchange));
    if (!parsed.ok) sendProblems(exchange, parsed.problems);
    else sendJson(exchange, 200, renderFiles(await files.list(team, parsed.value)));
  };
}

/** Longest time that one download may take. */
const DOWNLOAD_MS = 3_600_000;

/** The bytes, no faster than they are read. What breaks in the middle breaks the connection. */
async function sendContent(
  exchange: Exchange,
  { calls }: GatewayDeps,
  files: FileStore,
  file: StoredFile,
): Promise<void> {
  const { response, requestId } = exchange;
  await exchange.withCall(calls, DOWNLOAD_MS, async ({ signal }) => {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': file.bytes,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    });
    try {
      for await (const bytes of files.content(file)) {
        if (signal.aborted) break;
        if (!response.write(bytes) && !response.destroyed) await once(response, 'drain', { signal });
      }
    } catch (error) {
      response.destroy();
      if (!signal.aborted) throw error;
    }
    if (signal.aborted) response.destroy();
    else endResponse(response, '');
  });
}
