// Original file: src/engines/triton/kserve.proto

export interface ServerReadyRequest {}

export interface ServerReadyRequest__Output {}
