"""The signature of Triton's vllm_backend."""
import json
import threading

import numpy as np
import toy
import triton_python_backend_utils as pb

# vLLM's SamplingParams know many more; a name that is not here is refused as an unknown one is.
KNOWN = {"temperature", "top_p", "top_k", "max_tokens", "logprobs", "stop", "seed", "ignore_eos"}


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            threading.Thread(target=self.run, args=(request, request.get_response_sender())).start()
        return None

    def run(self, raw, sender):
        request = toy.Request(raw)
        sampling = json.loads(request.text("sampling_parameters"))
        unknown = sorted(set(sampling) - KNOWN)
        if unknown:
            error = "Error generating stream: Unexpected keyword argument '%s'" % unknown[0]
            sender.send(pb.InferenceResponse(error=pb.TritonError(error)), flags=toy.FINAL)
            return
        prompt = request.text("text_input")
        for token, scores, _, last in toy.answer(prompt, int(sampling.get("max_tokens", 16))):
            if sender.is_cancelled():
                error = pb.TritonError("Request was cancelled", pb.TritonError.CANCELLED)
                sender.send(pb.InferenceResponse(error=error), flags=toy.FINAL)
                return
            tensors = [
                toy.texts("text_output", toy.TEXTS[token]),
                toy.texts("finish_reason", "length" if last else "None"),
                toy.texts("logprobs", self.listed(token, scores, sampling.get("logprobs"))),
                pb.Tensor("num_input_tokens", np.asarray(toy.count_tokens(prompt), np.uint32)),
                pb.Tensor("num_output_tokens", np.asarray([1], np.uint32)),
            ]
            sender.send(pb.InferenceResponse(tensors), flags=toy.FINAL if last else 0)

    def listed(self, token, scores, count):
        """The sampled token first, then the likeliest."""
        if count is None:
            return "null"
        logprobs = toy.log_softmax(scores)
        likeliest = [int(at) for at in np.argsort(-logprobs, kind="stable")[: int(count)]]
        ids = [token] + [other for other in likeliest if other != token]
        entry = lambda at, rank: {"logprob": float(logprobs[at]), "rank": rank, "decoded_token": toy.TEXTS[at]}
        return json.dumps([{str(at): entry(at, rank) for rank, at in enumerate(ids, 1)}])
