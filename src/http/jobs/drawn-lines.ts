import type { JobLine } from '../../contracts/jobs.ts';
import type { JobSampling, LineSampler } from '../../contracts/sampling.ts';
import type { GatewayDeps } from '../deps.ts';

/**
 * The lines of a job as sampling draws them while they come in: so each is drawn once, whatever happens to the
 * job later. What is left out is kept as an item that ends without being judged.
 */
export async function* drawnLines(
  lines: AsyncIterable<JobLine>,
  sampling: JobSampling | null,
  { sampler }: Pick<GatewayDeps, 'sampler'>,
): AsyncGenerator<JobLine, void> {
  const drawing = sampling === null ? null : sampler(sampling);
  for await (const each of lines) yield drawing === null ? each : drawnLine(each, drawing);
}

function drawnLine({ line, input }: JobLine, sampler: LineSampler): JobLine {
  if (!input.ok) return { line, input };
  const { item } = input;
  const { taken, inclusion: probability, reason } = sampler.draw(item);
  const inclusion = probability * (item.inclusion ?? 1);
  if (taken) return { line, input: { ok: true, item: { ...item, inclusion } } };
  const { id, metadata } = item;
  const message = `${id} ${reason ?? 'was left out by sampling'}`;
  return {
    line,
    input: { ok: false, id, metadata, inclusion, problem: { code: 'not_sampled', message, param: id } },
  };
}
