import type { JudgedVerdict, KeptObservation, LaneScope } from '../../contracts/evidence.ts';
import type { Certificate } from '../../contracts/certificate.ts';
import type { LaneEvent } from '../../contracts/quality.ts';
import type { QueueEntry } from '../write-queue.ts';
import { jsonOf } from '../verdicts/rows.ts';

export type EvidenceTable = 'lane' | 'observation' | 'certificate' | 'lane_event' | 'lane_verdict';

/** A row on its way: of several with one key in a batch the last is written. */
export interface EvidenceEntry extends QueueEntry {
  readonly table: EvidenceTable;
  readonly key: string;
  readonly json: string;
}

/** Told what became of it: nothing waits for evidence. */
export type Settle = QueueEntry['settle'];

/** `place`: among all lanes, in the order in which they appeared; the first that was written stays. */
export function laneEntry(
  { basis, scope, place }: { readonly basis: string; readonly scope: LaneScope; readonly place: number },
  memory: unknown,
  settle: Settle,
): EvidenceEntry {
  const generation = Number(Reflect.get(Object(memory), 'generation') ?? 0);
  return entryOf('lane', laneKey(basis, scope), { basis, ...scope, place, generation, memory }, settle);
}

export function observationEntry(basis: string, kept: KeptObservation, settle: Settle): EvidenceEntry {
  const { observation, generation, order } = kept;
  const { lane, verdictId, at } = observation;
  const row = {
    basis,
    ...lane,
    generation,
    verdict_id: verdictId,
    place: order,
    at: new Date(at),
    body: observation,
  };
  return entryOf('observation', `${laneKey(basis, lane)} ${generation} ${verdictId}`, row, settle);
}

export function certificateEntry(scope: LaneScope, certificate: Certificate, settle: Settle): EvidenceEntry {
  return entryOf('certificate', certificate.id, { id: certificate.id, ...scope, body: certificate }, settle);
}

/** `number` tells events of one batch apart. */
export function eventEntry(
  { type, lane, detail }: LaneEvent,
  about: { readonly gateway: string; readonly isEcho: boolean; readonly number: number },
  settle: Settle,
): EvidenceEntry {
  const { gateway, isEcho: is_echo, number } = about;
  return entryOf('lane_event', String(number), { gateway, ...lane, type, detail, is_echo }, settle);
}

export function verdictEntry(
  { id, lane, label, confidence, gold }: JudgedVerdict,
  settle: Settle,
): EvidenceEntry {
  return entryOf('lane_verdict', id, { id, ...lane, label, confidence, gold }, settle);
}

export function laneKey(basis: string, { policy, team, stratum }: LaneScope): string {
  return JSON.stringify([policy, basis, team, stratum]);
}

function entryOf(table: EvidenceTable, key: string, row: object, settle: Settle): EvidenceEntry {
  const json = jsonOf(row);
  return { table, key, json, bytes: json.length, settle };
}
