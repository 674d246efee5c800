"""The signature of TensorRT-LLM's LLM API model: texts alone."""
import threading

import toy
import triton_python_backend_utils as pb


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            threading.Thread(target=self.run, args=(request, request.get_response_sender())).start()
        return None

    def run(self, raw, sender):
        request = toy.Request(raw)
        steps = toy.answer(request.text("text_input"), int(request.get("sampling_param_max_tokens", 32)))
        for token, _, _, last in steps:
            if sender.is_cancelled():
                error = pb.TritonError("Request cancelled by client", pb.TritonError.CANCELLED)
                sender.send(pb.InferenceResponse(error=error), flags=toy.FINAL)
                return
            reason = toy.texts("finish_reason", "length" if last else "None")
            reply = pb.InferenceResponse([toy.texts("text_output", toy.TEXTS[token]), reason])
            sender.send(reply, flags=toy.FINAL if last else 0)
