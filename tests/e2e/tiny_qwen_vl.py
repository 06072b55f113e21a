"""Inside Native's environment: write a Qwen2.5-VL of random weights, in the files of the published ones.

The marks have the published numbers, since SWIFT knows the mark of a picture by its number.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

MARKS = {"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}
MARKS |= {"<|vision_start|>": 151652, "<|vision_end|>": 151653, "<|vision_pad|>": 151654}
MARKS |= {"<|image_pad|>": 151655, "<|video_pad|>": 151656}
WORDS = 151664
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZE = {"hidden_size": 32, "intermediate_size": 64, "initializer_range": 0.3}  # so large that pictures change answers


def tokenizer() -> transformers.PreTrainedTokenizerBase:
    """Return a tokenizer of bytes; nothing is written in the numbers between them and Qwen's marks."""
    letters = pre_tokenizers.ByteLevel.alphabet()
    names = dict(enumerate(sorted(letters))) | {MARKS[mark]: mark for mark in MARKS}
    vocabulary = {names.get(number, f"unused {number}"): number for number in range(max(names) + 1)}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    plain.add_special_tokens(list(MARKS))
    found = transformers.Qwen2TokenizerFast(
        tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    assert found.convert_tokens_to_ids(list(MARKS)) == list(MARKS.values())
    return found


def config() -> transformers.Qwen2_5_VLConfig:
    """Return the shape of the model."""
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    text = {"vocab_size": WORDS, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    ends = {"eos_token_id": MARKS["<|im_end|>"], "pad_token_id": MARKS["<|endoftext|>"]}
    return transformers.Qwen2_5_VLConfig(
        text_config={**SIZE, **text, **ends, "rope_parameters": rope, "tie_word_embeddings": True},
        vision_config={**SIZE, "depth": 2, "num_heads": 2, "out_hidden_size": 32, "fullatt_block_indexes": [1]},
        image_token_id=MARKS["<|image_pad|>"],
        video_token_id=MARKS["<|video_pad|>"],
        vision_start_token_id=MARKS["<|vision_start|>"],
        vision_end_token_id=MARKS["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def main(folder: Path) -> None:
    """Write configuration, weights, tokenizer, and what prepares pictures."""
    transformers.set_seed(1)
    transformers.Qwen2_5_VLForConditionalGeneration(config()).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is saved for its owner alone, whom a container does not have
    tokenizer().save_pretrained(folder)
    Qwen2VLImageProcessorPil(min_pixels=3136, max_pixels=12845056).save_pretrained(folder)
    file = folder / "preprocessor_config.json"
    named = {"processor_class": "Qwen2_5_VLProcessor", "image_processor_type": "Qwen2VLImageProcessor"}
    file.write_text(json.dumps(json.loads(file.read_text()) | named))


main(Path(sys.argv[1]))
