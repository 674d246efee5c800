"""A toy language model for a real Triton core: a pure function of the prompt, which never ends by itself.

Tokens are those of tokenizer.json beside it: a line end, the printable ASCII characters, " A", " B", words.
"""
import math
import time
import zlib

import numpy as np
import triton_python_backend_utils as pb

FINAL = pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL
WORDS = [" good", " fine", " nice", " well"]
TEXTS = ["\n"] + [chr(32 + at) for at in range(95)] + [" A", " B"] + WORDS
TOKEN_SECONDS = 0.002


def logits(prompt, produced):
    """float32 logits of the next token: labels come first, then words."""
    scores = np.full(len(TEXTS), -10.0)
    if produced == 0:
        lean = zlib.crc32(prompt.encode()) / 2**32 - 0.5
        for text, score in ((("A", 2 + lean)), ("B", 2 - lean), (" A", 1 + lean), (" B", 1 - lean)):
            scores[TEXTS.index(text)] = score
    for at, word in enumerate(WORDS):
        scores[TEXTS.index(word)] = (produced * 7 + at * 3) % 5 if produced else -1
    return scores.astype(np.float32)


def log_softmax(scores):
    top = float(np.max(scores))
    return scores - top - math.log(float(np.sum(np.exp(scores - top))))


def count_tokens(text):
    return len(text) - sum(text.count(token) * (len(token) - 1) for token in TEXTS if len(token) > 1)


class Request:
    """Reads the inputs of one request, or of one row of it."""

    def __init__(self, request, row=0):
        self.raw = request
        self.row = row

    def get(self, name, default=None):
        tensor = pb.get_input_tensor_by_name(self.raw, name)
        if tensor is None or tensor.as_numpy().size == 0:
            return default
        values = tensor.as_numpy()
        return values[self.row].reshape(-1)[0] if self.row > 0 else values.reshape(-1)[0]

    def text(self, name):
        return (self.get(name) or b"").decode()


def answer(prompt, limit, bias_word="", bias=0.0):
    """Yields (token, biased scores, unbiased scores, last) until `limit`."""
    for produced in range(limit):
        time.sleep(TOKEN_SECONDS)
        raw = logits(prompt, produced)
        scores = raw.copy()
        if bias_word in TEXTS:
            scores[TEXTS.index(bias_word)] += bias
        yield int(np.argmax(scores)), scores, raw, produced + 1 == limit


def texts(name, text, batched=False):
    value = np.asarray([text.encode()], np.object_)
    return pb.Tensor(name, value.reshape(1, 1) if batched else value)
