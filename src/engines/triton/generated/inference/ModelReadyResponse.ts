// Original file: src/engines/triton/kserve.proto

export interface ModelReadyResponse {
  ready?: boolean;
}

export interface ModelReadyResponse__Output {
  ready?: boolean;
}
