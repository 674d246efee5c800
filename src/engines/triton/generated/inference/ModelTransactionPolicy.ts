// Original file: src/engines/triton/kserve.proto

export interface ModelTransactionPolicy {
  decoupled?: boolean;
}

export interface ModelTransactionPolicy__Output {
  decoupled?: boolean;
}
