// Original file: src/engines/triton/kserve.proto

import type {
  InferStatistics as _inference_InferStatistics,
  InferStatistics__Output as _inference_InferStatistics__Output,
} from '../inference/InferStatistics.ts';
import type { Long } from '@grpc/proto-loader';

export interface ModelStatistics {
  name?: string;
  version?: string;
  last_inference?: number | string | Long;
  inference_count?: number | string | Long;
  execution_count?: number | string | Long;
  inference_stats?: _inference_InferStatistics | null;
}

export interface ModelStatistics__Output {
  name?: string;
  version?: string;
  last_inference?: string;
  inference_count?: string;
  execution_count?: string;
  inference_stats?: _inference_InferStatistics__Output;
}
