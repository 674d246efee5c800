// Original file: src/engines/triton/kserve.proto

export interface ModelMetadataRequest {
  name?: string;
  version?: string;
}

export interface ModelMetadataRequest__Output {
  name?: string;
  version?: string;
}
