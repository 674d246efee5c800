// Original file: src/engines/triton/kserve.proto

export interface ServerMetadataRequest {}

export interface ServerMetadataRequest__Output {}
