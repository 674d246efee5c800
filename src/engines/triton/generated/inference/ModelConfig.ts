// Original file: src/engines/triton/kserve.proto

import type {
  ModelParameter as _inference_ModelParameter,
  ModelParameter__Output as _inference_ModelParameter__Output,
} from '../inference/ModelParameter.ts';
import type {
  ModelTransactionPolicy as _inference_ModelTransactionPolicy,
  ModelTransactionPolicy__Output as _inference_ModelTransactionPolicy__Output,
} from '../inference/ModelTransactionPolicy.ts';

export interface ModelConfig {
  name?: string;
  platform?: string;
  max_batch_size?: number;
  parameters?: { [key: string]: _inference_ModelParameter };
  backend?: string;
  model_transaction_policy?: _inference_ModelTransactionPolicy | null;
}

export interface ModelConfig__Output {
  name?: string;
  platform?: string;
  max_batch_size?: number;
  parameters?: { [key: string]: _inference_ModelParameter__Output };
  backend?: string;
  model_transaction_policy?: _inference_ModelTransactionPolicy__Output;
}
