import type { JSX } from 'preact';
import type { Engine, Replica } from '../admin.ts';
import { engines } from '../state.ts';
import { badge, row, table } from './table.ts';

export function Engines(): JSX.Element {
  const rows = engines.value.flatMap((engine) =>
    engine.replicas.map((replica, i) => replicaRow(engine, replica, i === 0)),
  );
  const heads = ['engine', 'model', 'queue', 'replica', 'state', 'breaker', 'calls out'];
  return table({ title: 'Engines', empty: 'No engine has a replica.' }, heads, rows);
}

function replicaRow(
  { engine, kind, model, precision, queue }: Engine,
  replica: Replica,
  isFirst: boolean,
): JSX.Element {
  const about = isFirst
    ? [
        `${engine} (${kind})`,
        precision === null ? model : `${model}, ${precision}`,
        `${queue.waiting} wait, ${queue.running} of ${queue.capacity ?? '–'} running`,
      ]
    : ['', '', ''];
  return row(
    ...about,
    replica.name,
    state(replica),
    badge(replica.breaker.replace('_', ' '), replica.breaker === 'closed' ? 'good' : 'bad'),
    `${replica.inFlight} of ${replica.limit}`,
  );
}

function state({ ready, draining, ejected, reason }: Replica): JSX.Element {
  if (draining) return badge('draining', 'plain');
  if (ejected) return badge('ejected', 'bad');
  return ready ? badge('ready', 'good') : badge(reason ?? 'not ready', 'bad');
}
