import { describe, expect, it } from 'vitest';
import { readLoad } from '../../../../src/engines/triton/load.ts';

const TRTLLM = `# HELP nv_trt_llm_request_metrics TRT LLM request metrics
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 4
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="active",version="1"} 7
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.25
nv_inference_pending_request_count{model="ensemble",version="1"} 2
nv_inference_pending_request_count{model="other",version="1"} 90
`;

const vllm = (model: string): string => `vllm:num_requests_running{model="${model}",version="1"} 3.000000
vllm:num_requests_waiting{model="${model}",version="1"} 1
vllm:gpu_cache_usage_perc{model="${model}",version="1"} 0.5
vllm:prompt_tokens_total{model="${model}",version="1"} 1000
vllm:generation_tokens_total{model="${model}",version="1"} 20
`;

describe('the load of a model', () => {
  it('is what TensorRT-LLM tells, with those who wait in front of it', () => {
    expect(readLoad(TRTLLM, 'ensemble')).toEqual({ running: 7, waiting: 6, cacheUse: 0.25 });
  });

  it('is what vLLM tells, with the tokens that it has worked on', () => {
    expect(readLoad(vllm('judge'), 'judge')).toEqual({
      running: 3,
      waiting: 1,
      cacheUse: 0.5,
      progress: 1020,
      tokens: { input: 1000, output: 20 },
    });
  });

  it.each([
    ['is not known from the queue alone', 'nv_inference_pending_request_count{model="judge"} 2\n', 'judge'],
    ['is not guessed among several engines', vllm('one') + vllm('two'), 'ensemble'],
    ['is not read from other texts', '<html>vllm:num_requests_running</html>', 'judge'],
    ['is not read from numbers that are none', vllm('judge').replace('3.000000', 'NaN'), 'judge'],
  ])('%s', (_, page, model) => {
    expect(readLoad(page, model)).toBeNull();
  });

  it('is that of the model among several', () => {
    expect(readLoad(vllm('one') + vllm('two').replace('3.000000', '9'), 'two')).toMatchObject({ running: 9 });
  });
});
