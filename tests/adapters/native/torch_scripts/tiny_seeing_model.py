"""Save a tiny random LLaVA with the bundled model's tokenizer; run inside the Native environment: FOLDER BUNDLED."""

import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer, CLIPVisionConfig, LlavaConfig, LlavaForConditionalGeneration, Qwen2Config
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.processing_llava import LlavaProcessor

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIDE, PATCH = 32, 16


def save(folder: Path, bundled: Path) -> None:
    """Write checkpoint and processor; the weights are the same every time."""
    tokenizer = AutoTokenizer.from_pretrained(bundled)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    sight = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=32,
        initializer_range=0.5,
    )
    speech = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.3,
    )
    image = tokenizer.convert_tokens_to_ids("<image>")
    torch.manual_seed(7)
    config = LlavaConfig(vision_config=sight, text_config=speech, image_token_index=image)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
        ),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


if __name__ == "__main__":
    save(Path(sys.argv[1]), Path(sys.argv[2]))
