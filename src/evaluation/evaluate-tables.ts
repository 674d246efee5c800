import type { ReportTable } from '../contracts/evaluation.ts';
import type { Interval } from '../statistics/binomial.ts';
import type { Evaluation, LabellerRow } from './evaluation.ts';
import type { JudgeProfile } from './judge-profile.ts';
import { formatCount, formatFigure, formatInterval, formatMs, formatUsd, NOTHING } from './report/format.ts';

export function evaluationTables(evaluation: Evaluation): ReportTable[] {
  return [
    labellersTable(evaluation),
    servedTable(evaluation),
    judgesTable(evaluation),
    ...(evaluation.routing.reference === null ? [] : [routingTable(evaluation)]),
  ];
}

function labellersTable({ rows, task, powered }: Evaluation): ReportTable {
  const isGold = task.reference.type === 'gold';
  const showsGold = !isGold && rows.some((row) => row.gold !== null);
  const showsMoney = rows.some((row) => row.nanoUsdPerLabel !== null);
  const cells = (row: LabellerRow): string[] => [
    row.name,
    formatInterval(row.coverage),
    formatInterval(row.agreement),
    formatInterval(row.kappa),
    ...(showsGold ? [formatInterval(row.gold)] : []),
    ...(showsMoney ? [formatUsd(row.nanoUsdPerLabel)] : []),
    formatFigure(row.relativeCost),
  ];
  const title = isGold ? 'agrees with gold' : 'agrees with the reference';
  const poweredRow =
    powered === null ? [] : [[`${task.policy}, gold by PPI++`, '', formatInterval(powered.interval)]];
  return {
    title: 'Labels',
    columns: [
      { title: '' },
      { title: 'coverage' },
      { title },
      { title: "Cohen's kappa" },
      ...(showsGold ? [{ title: 'agrees with gold' }] : []),
      ...(showsMoney ? [{ title: 'cost per label', align: 'right' as const }] : []),
      { title: 'cost, always large = 1', align: 'right' },
    ],
    rows: [...rows.map(cells), ...poweredRow],
  };
}

function servedTable({ served, task, policyConfidence }: Evaluation): ReportTable {
  const small = task.tiers[0] ?? '';
  const rows: string[][] = [
    [`served by ${small} alone`, formatInterval(served.smallShare)],
    ['abstained', formatInterval(served.abstained)],
    ['not judged', formatCount(served.failed)],
    [`marginal risk: served by ${small} and wrong`, formatInterval(served.marginalRisk)],
    [`selective risk: wrong among those`, formatInterval(served.selectiveRisk)],
    ['calibration error of the confidence (ECE)', formatInterval(policyConfidence.ece)],
    ['certified labels', formatCount(served.certified)],
    ['cost per certified label', formatUsd(served.nanoUsdPerCertified)],
  ];
  for (const { tier, labels, latency } of served.tiers) {
    const time =
      latency === null ? '' : `; latency median ${formatMs(latency[0])}, 95 % ${formatMs(latency[1])}`;
    rows.push([`labels of ${tier}`, `${formatCount(labels)}${time}`]);
  }
  return { title: `Policy ${task.policy}`, columns: [{ title: '' }, { title: 'value' }], rows };
}

function judgesTable({ profiles, confidence }: Evaluation): ReportTable {
  const row = (title: string, cell: (profile: JudgeProfile) => Interval | null): string[] => [
    title,
    ...profiles.map((profile) => formatInterval(cell(profile))),
  ];
  const quality = (title: string, name: 'ece' | 'brier' | 'auroc' | 'aurc'): string[] => [
    title,
    ...confidence.map((entry) => formatInterval(entry.quality[name])),
  ];
  return {
    title: 'Judges',
    columns: [{ title: '' }, ...profiles.map((profile) => ({ title: profile.name }))],
    rows: [
      ['precision', ...profiles.map(({ identity }) => identity?.precision ?? NOTHING)],
      ['judged', ...profiles.map(({ judged }) => formatCount(judged))],
      quality('AUROC of the confidence', 'auroc'),
      quality('AURC', 'aurc'),
      quality('ECE', 'ece'),
      quality('Brier score', 'brier'),
      row('same label in both orders', (profile) => profile.swapConsistency),
      row('same slot in both orders', (profile) => profile.samePosition),
      row('of those, the first slot', (profile) => profile.firstOfSame),
      row('ties', (profile) => profile.tieRate),
      row('prefers the longer response', (profile) => profile.prefersLonger),
      row('length bias: more than the reference does', (profile) => profile.lengthBias),
    ],
  };
}

function routingTable({ routing: { reference, gold }, task }: Evaluation): ReportTable {
  const against = task.reference.type === 'gold' ? 'gold' : task.reference.name;
  const columns = [
    { title: '' },
    { title: `against ${against}` },
    ...(gold === null ? [] : [{ title: 'against gold' }]),
  ];
  const both = gold === null ? [reference] : [reference, gold];
  return {
    title: `Routing by the confidence of ${task.tiers[0] ?? ''}`,
    columns,
    rows: [
      [
        'all small, all large',
        ...both.map(
          (of) => `${formatFigure(of?.smallQuality ?? null)}, ${formatFigure(of?.largeQuality ?? null)}`,
        ),
      ],
      ['APGR', ...both.map((of) => formatInterval(of?.apgr ?? null))],
      ['CPT50: large calls for half the gap', ...both.map((of) => formatInterval(of?.cpt50 ?? null))],
      ['CPT80: for four fifths', ...both.map((of) => formatInterval(of?.cpt80 ?? null))],
    ],
  };
}
