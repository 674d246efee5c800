import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../../../src/contracts/engine.ts';
import { EventBuffer } from '../../../../src/engines/openai/event-buffer.ts';

const chunk = (n: number): GenerationEvent => ({ type: 'chunk', data: String(n), value: {} });
const END: GenerationEvent = {
  type: 'end',
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
};

function open(): { buffer: EventBuffer; told: string[] } {
  const told: string[] = [];
  const buffer = new EventBuffer({
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    abandon: () => told.push('abandon'),
  });
  return { buffer, told };
}

describe('the buffer between socket and consumer', () => {
  it('hands events over in order, waiting or not, and ends after the last', async () => {
    const { buffer, told } = open();
    const early = buffer.next();
    buffer.push(chunk(1));
    buffer.push(chunk(2));
    buffer.push(END);
    buffer.push(chunk(3));
    expect(await early).toEqual({ done: false, value: chunk(1) });
    expect(await buffer.next()).toEqual({ done: false, value: chunk(2) });
    expect(await buffer.next()).toEqual({ done: false, value: END });
    expect(await buffer.next()).toEqual({ done: true, value: undefined });
    expect(told).toEqual([]);
  });

  it('pauses the source at 128 events and resumes it when the consumer has caught up', async () => {
    const { buffer, told } = open();
    for (let n = 0; n < 127; n += 1) buffer.push(chunk(n));
    expect(told).toEqual([]);
    buffer.push(chunk(127));
    expect(told).toEqual(['pause']);
    for (let n = 0; n < 95; n += 1) await buffer.next();
    expect(told).toEqual(['pause']);
    await buffer.next();
    expect(told).toEqual(['pause', 'resume']);
  });

  it('abandons the source when the consumer leaves early, and not after the end', async () => {
    const early = open();
    early.buffer.push(chunk(1));
    for await (const event of early.buffer) {
      expect(event).toEqual(chunk(1));
      break;
    }
    expect(early.told).toEqual(['abandon']);
    const late = open();
    late.buffer.push(END);
    for await (const event of late.buffer) {
      expect(event).toEqual(END);
      break;
    }
    expect(late.told).toEqual([]);
  });

  it('lets a consumer that waits go when it leaves', async () => {
    const { buffer } = open();
    const waiting = buffer.next();
    await buffer.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});
