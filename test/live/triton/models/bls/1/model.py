from toy_trtllm import TritonPythonModel  # noqa: F401
