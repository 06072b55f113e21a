"""Print the tokens of odd texts: all at once as Native does it, and each by a call of transformers' own."""

import json
import sys
from pathlib import Path

from transformers import AutoTokenizer

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.local import load_checkpoint

TEXTS = [
    "",
    " ",
    "Hi",
    "<|im_start|>Hi<|im_end|>",
    "Zoë…\n\n\n  ",
    "Which word is an animal? " * 40,
    "水是什么",
    "\u0000 a",
]


def main(folder: str) -> None:
    checkpoint, _ = load_checkpoint(
        NativeModel("transformers", "tiny", folder, "auto", None), Path(folder), batch_tokens=1
    )
    # As tokenizers are that were saved while they cut and filled up texts.
    checkpoint.tokenizer.backend_tokenizer.enable_truncation(4)
    checkpoint.tokenizer.backend_tokenizer.enable_padding(length=9)
    plain = AutoTokenizer.from_pretrained(folder)
    expected = [plain(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    sys.stdout.write(json.dumps({"found": checkpoint.encode_all(TEXTS), "expected": expected}))


main(*sys.argv[1:])
