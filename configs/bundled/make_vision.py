"""Train the bundled vision model: the bundled model, given eyes, on pictures drawn from a seed."""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from bundled_pictures import SIZE, Asked, ask, draw_picture, paint, prompt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

HERE = Path(__file__).parent
IMAGE, UNTAUGHT = "<image>", -100
PATCH, PATCHES = 16, (SIZE // 16) ** 2
BATCH, RATE, WARMUP = 32, 1.5e-3, 50
# One picture stands for itself in a chat; the processor makes its one token as many as there are patches.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Lesson(NamedTuple):
    """One batch (texts, length), and its pixels (texts, 3, SIZE, SIZE); `answers` is taught without the marks."""

    ids: torch.Tensor
    taught: torch.Tensor
    answers: torch.Tensor
    mask: torch.Tensor
    pixels: torch.Tensor


def parsed_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "vision-model", help="folder that gets the model")
    parser.add_argument("--steps", type=int, default=700, help="training steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    return parser.parse_args()


def new_processor() -> Any:
    """Return the bundled tokenizer with a token for pictures, and an image processor that only scales."""
    from transformers import CLIPImageProcessorPil, LlavaProcessor, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(HERE / "model" / "tokenizer.json"),
        eos_token="<|im_end|>",  # noqa: S106 - a token of text
        pad_token="<|endoftext|>",  # noqa: S106
        model_max_length=1024,
        extra_special_tokens={"image_token": IMAGE},
    )
    side = {"height": SIZE, "width": SIZE}
    pictures = CLIPImageProcessorPil(
        size=side, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_convert_rgb=True
    )
    return LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,  # CLIP's own, which "default" leaves out
        image_token=IMAGE,
        chat_template=TEMPLATE,
    )


def new_model(image_token: int, vocabulary: int) -> Any:
    """Return the bundled model with an untrained vision tower before it."""
    from transformers import (
        AutoModelForCausalLM,
        CLIPVisionConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    text = AutoModelForCausalLM.from_pretrained(HERE / "model").float()
    text.resize_token_embeddings(vocabulary)
    tower = CLIPVisionConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIZE,
        patch_size=PATCH,
    )
    config = LlavaConfig(
        vision_config=tower,
        text_config=text.config,
        image_token_index=image_token,
        image_seq_length=PATCHES,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.model.language_model.load_state_dict(text.model.state_dict())
    model.tie_weights()
    return model


def lessons(processor: Any, seed: int, steps: int) -> Iterator[Lesson]:
    """Yield batches of questions about pictures with their answers."""
    rng = random.Random(f"{seed}/pictures")
    for _ in range(steps):
        yield lesson(processor, rng)


def lesson(processor: Any, rng: random.Random) -> Lesson:
    """Return one batch; only the answer and the end of the turn are taught."""
    import torch

    images, ids, taught, answers = [], [], [], []
    for _ in range(BATCH):
        picture = draw_picture(rng)
        asked = ask(rng, picture, open_question=rng.random() < 0.3)
        images.append(paint(picture))
        row = taught_row(processor, asked, *prompt_of(rng, asked))
        ids.append(row[0])
        taught.append(row[1])
        answers.append([UNTAUGHT] * (len(row[0]) - row[2]) + row[0][-row[2] :])
    longest = max(map(len, ids))
    padding = processor.tokenizer.pad_token_id
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in ids]
    ids = [row + [padding] * (longest - len(row)) for row in ids]
    taught, answers = ([row + [UNTAUGHT] * (longest - len(row)) for row in rows] for rows in (taught, answers))
    pixels = processor.image_processor(images, return_tensors="pt")["pixel_values"]
    return Lesson(torch.tensor(ids), torch.tensor(taught), torch.tensor(answers), torch.tensor(mask), pixels)


def taught_row(processor: Any, asked: Asked, prompt: str, answer: str) -> tuple[list[int], list[int], int]:
    """Return the tokens of a question with its answer, what is taught at their places, and the answer's length.

    After every option the letter is taught where the option is right, and the line end where it is not, whatever
    follows: as many lessons as options, as in `bundled_prompts.Piece`.
    """
    tokenizer = processor.tokenizer
    start, said = ids_of(processor, prompt), tokenizer(f"{answer}<|im_end|>")["input_ids"]
    taught = [UNTAUGHT] * len(start) + said
    for letter, option in zip("ABCD", asked.options, strict=False):
        before = prompt[: prompt.index(f"\n{letter}. {option}") + len(f"\n{letter}. {option}")]
        place = len(ids_of(processor, before, whole=False))
        taught[place] = tokenizer(letter if option == asked.answer else "\n")["input_ids"][0]
    return start + said, taught, len(said)


def ids_of(processor: Any, asked: str, *, whole: bool = True) -> list[int]:
    """Return the tokens of a question about one picture, up to where the answer begins; else of its beginning."""
    content = [{"type": "image"}, {"type": "text", "text": asked}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=whole)
    text = text if whole else text[: text.rindex("<|im_end|>")]
    ids: list[int] = processor.tokenizer(text.replace(IMAGE, IMAGE * PATCHES))["input_ids"]
    return ids


def train(model: Any, processor: Any, steps: int, seed: int) -> None:
    """Train the whole model and print its loss on the way."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / WARMUP, (steps - step) / (steps * 0.5))
    )
    losses = []
    for step, batch in enumerate(lessons(processor, seed, steps), 1):
        model.zero_grad()
        loss = model(
            input_ids=batch.ids, attention_mask=batch.mask, pixel_values=batch.pixels, labels=batch.taught
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.item()))
        if step % 50 == 0 or step == steps:
            print(f"step {step}/{steps}: mean loss of the last 50 {fmean(losses[-50:]):.4f}", flush=True)


def score(model: Any, processor: Any, seed: int, batches: int = 10) -> float:
    """Return the share of answers that are right, token for token, on pictures that were not trained on."""
    import torch

    rng = random.Random(f"{seed}/pictures to test on")
    right = []
    for _ in range(batches):
        batch = lesson(processor, rng)
        with torch.inference_mode():
            logits = model(input_ids=batch.ids, attention_mask=batch.mask, pixel_values=batch.pixels).logits
        said, wanted = logits[:, :-1].argmax(-1), batch.answers[:, 1:]
        right += ((said == wanted) | (wanted == UNTAUGHT)).all(-1).tolist()
    return fmean(right)


def save(model: Any, processor: Any, folder: Path) -> None:
    """Write weights in bfloat16, configuration, tokenizer and processor."""
    import torch

    processor.save_pretrained(folder)
    model.to(torch.bfloat16)
    model.generation_config.update(do_sample=False, eos_token_id=processor.tokenizer.eos_token_id)
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["text_config"].pop("_name_or_path", None)  # where it lay here
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Make what the command line asks for."""
    import torch

    arguments = parsed_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    started = time.monotonic()
    processor = new_processor()
    token = processor.tokenizer.convert_tokens_to_ids(IMAGE)
    model = new_model(token, len(processor.tokenizer))
    train(model, processor, arguments.steps, arguments.seed)
    save(model, processor, arguments.out)
    kept = json.dumps({"pictures": round(score(model.float(), processor, arguments.seed), 3)})
    print(f"{kept}, trained in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
