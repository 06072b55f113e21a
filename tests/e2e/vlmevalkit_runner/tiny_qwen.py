"""Inside the VLMEvalKit environment: write a Qwen2.5-VL of random weights, a few thousand, to the folder named."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.vlmevalkit.runner import compat

compat.prepare()

import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS += ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n"
    "{% if turn['content'] is string %}{{ turn['content'] }}{% else %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer() -> transformers.PreTrainedTokenizerBase:
    """Return a tokenizer of bytes, with Qwen's marks."""
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(special_tokens=MARKS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    plain.train_from_iterator(["one two three"], trainer)
    found = transformers.Qwen2TokenizerFast(tokenizer_object=plain, eos_token=MARKS[2], pad_token=MARKS[0])
    found.add_special_tokens({"additional_special_tokens": MARKS})
    found.chat_template = TEMPLATE
    return found


def main(folder: Path) -> None:
    """Write configuration, weights and processor."""
    words = tokenizer()
    number = dict(zip(MARKS, words.convert_tokens_to_ids(MARKS), strict=True))
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    size = {"hidden_size": 32, "intermediate_size": 64}
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            **size,
            "vocab_size": len(words) + 8,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "rope_parameters": rope,
            "eos_token_id": number["<|im_end|>"],
            "pad_token_id": number["<|endoftext|>"],
        },
        vision_config={**size, "depth": 2, "num_heads": 2, "out_hidden_size": 32, "fullatt_block_indexes": [1]},
        image_token_id=number["<|image_pad|>"],
        video_token_id=number["<|video_pad|>"],
        vision_start_token_id=number["<|vision_start|>"],
        vision_end_token_id=number["<|vision_end|>"],
    )
    transformers.set_seed(1)
    transformers.Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    pictures, videos = transformers.Qwen2VLImageProcessor(), transformers.Qwen2VLVideoProcessor()
    transformers.Qwen2_5_VLProcessor(pictures, words, videos, chat_template=TEMPLATE).save_pretrained(folder)


main(Path(sys.argv[1]))
