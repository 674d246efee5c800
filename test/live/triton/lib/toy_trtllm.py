"""TensorRT-LLM's signature, a tensor for each sampling parameter: whole answers, or streamed as BLS does."""
import json
import threading

import numpy as np
import toy
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        self.decoupled = pb.using_decoupled_model_transaction_policy(json.loads(args["model_config"]))

    def execute(self, requests):
        if not self.decoupled:
            return [self.rows(request) for request in requests]
        for request in requests:
            threading.Thread(target=self.stream, args=(request, request.get_response_sender())).start()
        return None

    def rows(self, request):
        """One reply, with a row in each tensor for every row of the request."""
        count = pb.get_input_tensor_by_name(request, "text_input").as_numpy().shape[0]
        replies = [list(self.replies(request, row))[-1] for row in range(count)]
        by_name = zip(*(reply.output_tensors() for reply in replies))
        stacked = [
            pb.Tensor(tensors[0].name(), np.concatenate([tensor.as_numpy() for tensor in tensors]))
            for tensors in by_name
        ]
        return pb.InferenceResponse(stacked)

    def stream(self, request, sender):
        for reply in self.replies(request):
            if sender.is_cancelled():
                break
            sender.send(reply)
        # BLS ends with a reply without tensors.
        sender.send(flags=toy.FINAL)

    def replies(self, raw, row=0):
        request, text = toy.Request(raw, row), ""
        prompt = request.text("text_input")
        wants_logits = bool(request.get("return_generation_logits", False))
        bias = float(request.get("embedding_bias_weights", 0.0))
        steps = toy.answer(prompt, int(request.get("max_tokens")), request.text("embedding_bias_words"), bias)
        for produced, (token, scores, plain, _) in enumerate(steps, 1):
            text += toy.TEXTS[token]
            # Logits that were not asked for are a single zero.
            values = plain if wants_logits else np.zeros(1, np.float32)
            tensors = [
                toy.texts("text_output", text, batched=True),
                pb.Tensor("output_log_probs", np.asarray([[[toy.log_softmax(scores)[token]]]], np.float32)),
                pb.Tensor("generation_logits", values.reshape(1, 1, 1, -1)),
                pb.Tensor("num_input_tokens", np.asarray([[toy.count_tokens(prompt)]], np.int32)),
                pb.Tensor("num_output_tokens", np.asarray([[produced]], np.int32)),
            ]
            asked = set(raw.requested_output_names())
            yield pb.InferenceResponse([tensor for tensor in tensors if tensor.name() in asked])
