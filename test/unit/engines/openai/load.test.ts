import { describe, expect, it } from 'vitest';
import { FLAVOURS } from '../../../../src/engines/openai/flavours.ts';
import { readLoad } from '../../../../src/engines/openai/load.ts';

function loadOf(flavour: 'vllm' | 'sglang' | 'llamacpp' | 'trtllm', ...lines: string[]): unknown {
  const { load } = FLAVOURS[flavour];
  if (load === null) throw new Error(`${flavour} tells no load`);
  return readLoad(`${lines.join('\n')}\n`, load);
}

describe('the load in the metrics of', () => {
  it('vLLM is that of all its engines, and its cache that of the fullest', () => {
    expect(
      loadOf(
        'vllm',
        '# HELP vllm:num_requests_running Requests.',
        'vllm:num_requests_running{engine="0",model_name="a b"} 3.0',
        'vllm:num_requests_running{engine="1",model_name="a b"} 2.0',
        'vllm:num_requests_waiting{engine="0",model_name="a b"} 1.0',
        'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0',
        'vllm:kv_cache_usage_perc{engine="0"} 0.25',
        'vllm:kv_cache_usage_perc{engine="1"} 0.5',
      ),
    ).toEqual({ running: 5, waiting: 1, cacheUse: 0.5 });
  });

  it('an older vLLM has its cache under another name', () => {
    expect(
      loadOf(
        'vllm',
        'vllm:num_requests_running 1',
        'vllm:num_requests_waiting 0',
        'vllm:gpu_cache_usage_perc 0.1',
      ),
    ).toEqual({ running: 1, waiting: 0, cacheUse: 0.1 });
  });

  it('SGLang counts each request once, though every worker tells of it', () => {
    expect(
      loadOf(
        'sglang',
        'sglang:num_running_reqs{tp_rank="0"} 4.0',
        'sglang:num_running_reqs{tp_rank="1"} 4.0',
        'sglang:num_queue_reqs{tp_rank="0"} 2.0',
        'sglang:token_usage{tp_rank="0"} 0.75',
      ),
    ).toEqual({ running: 4, waiting: 2, cacheUse: 0.75 });
  });

  it('llama.cpp has no labels and no cache', () => {
    expect(loadOf('llamacpp', 'llamacpp:requests_processing 4', 'llamacpp:requests_deferred 3')).toEqual({
      running: 4,
      waiting: 3,
      cacheUse: null,
    });
  });

  it('a server without these figures is not there', () => {
    expect(loadOf('trtllm', 'trtllm_num_requests_running NaN', 'other 1')).toBeNull();
  });

  it('has the tokens that the engine counted, where both counters are there and hold cached ones', () => {
    const busy = ['vllm:num_requests_running 0', 'vllm:num_requests_waiting 0'];
    const counted = [
      'vllm:prompt_tokens_total{engine="0"} 1200.0',
      'vllm:prompt_tokens_total{engine="1"} 34.0',
      'vllm:prompt_tokens_by_source_total{engine="0",source="local_cache_hit"} 9.0',
      'vllm:prompt_tokens_created{engine="0"} 1.7e+09',
      'vllm:generation_tokens_total{engine="0"} 56.0',
    ];
    expect(loadOf('vllm', ...busy, ...counted)).toMatchObject({ tokens: { input: 1234, output: 56 } });
    expect(loadOf('vllm', ...busy, ...counted.slice(0, 4))).not.toHaveProperty('tokens');
    expect(
      loadOf(
        'llamacpp',
        'llamacpp:requests_processing 0',
        'llamacpp:requests_deferred 0',
        'llamacpp:prompt_tokens_total 5',
        'llamacpp:tokens_predicted_total 6',
      ),
    ).not.toHaveProperty('tokens');
  });
});
