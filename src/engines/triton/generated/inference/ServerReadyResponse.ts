// Original file: src/engines/triton/kserve.proto

export interface ServerReadyResponse {
  ready?: boolean;
}

export interface ServerReadyResponse__Output {
  ready?: boolean;
}
