import { h, render, type JSX } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './console.css';
import { Engines } from './panels/engines.ts';
import { clock } from './panels/format.ts';
import { Jobs } from './panels/jobs.ts';
import { Overview } from './panels/overview.ts';
import { Quality } from './panels/quality.ts';
import { Verdicts } from './panels/verdicts.ts';
import { follow, needsKey, problem, readAt, useKey } from './state.ts';

/**
 * The console of one gateway, as its admin port serves it: what it does now, read from the admin API and from nowhere
 * else. It changes nothing, and keeps the key of its user for the tab alone.
 */
function App(): JSX.Element {
  return h(
    'main',
    null,
    h('header', null, h('h1', null, 'Assay'), h(Status, null)),
    ...(needsKey.value
      ? [h(Key, null)]
      : [Overview, Quality, Engines, Jobs, Verdicts].map((panel) => h(panel, null))),
  );
}

function Status(): JSX.Element {
  if (problem.value !== null) return h('p', { class: 'problem', role: 'alert' }, problem.value);
  return h('p', null, readAt.value === null ? 'reading …' : `as of ${clock(readAt.value)} UTC`);
}

function Key(): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    // The form below is the only one that calls this.
    const form = event.currentTarget as HTMLFormElement;
    const key = new FormData(form).get('key');
    if (typeof key === 'string') useKey(key.trim());
  };
  return h(
    'form',
    { onSubmit: submit },
    h(
      'label',
      null,
      'Admin key ',
      h('input', { name: 'key', type: 'password', autocomplete: 'off', required: true }),
    ),
    h('button', { type: 'submit' }, 'Open'),
  );
}

const place = document.getElementById('console');
if (place !== null) {
  render(h(App, null), place);
  follow();
}
