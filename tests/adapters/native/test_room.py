from types import SimpleNamespace
from typing import Any

from adapters.native.evaluator.models.room import Room, room_of

QWEN_1B = {"num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2, "hidden_size": 1536}
LLAMA_7B = {"num_hidden_layers": 32, "num_attention_heads": 32, "hidden_size": 4096}


def config(**named: Any) -> SimpleNamespace:
    text = SimpleNamespace(**named)
    return SimpleNamespace(get_text_config=lambda: text)


def test_a_token_takes_its_keys_and_values_in_half_of_what_is_free() -> None:
    # 32 layers, 32 heads of 128 numbers of 2 bytes, keys and values: 512 KiB a token.
    room = room_of(config(**LLAMA_7B), number_bytes=2, free_bytes=10 << 30)

    assert room == Room(512, (5 << 30) // (512 << 10))


def test_heads_that_share_their_keys_need_less_room() -> None:
    room = room_of(config(**QWEN_1B), number_bytes=2, free_bytes=1 << 30)

    assert room is not None
    assert room.tokens == (1 << 29) // (28 << 10)


def test_heads_of_a_size_of_their_own_are_counted_so() -> None:
    room = room_of(config(**QWEN_1B, head_dim=256), number_bytes=2, free_bytes=1 << 30)

    assert room is not None
    assert room.tokens == (1 << 29) // (56 << 10)


def test_more_than_is_of_use_is_not_taken() -> None:
    assert room_of(config(**QWEN_1B), number_bytes=2, free_bytes=1 << 40) == Room(512, 1 << 18)


def test_there_is_always_room_for_one() -> None:
    assert room_of(config(**LLAMA_7B), number_bytes=4, free_bytes=0) == Room(512, 1)


def test_nothing_is_guessed_of_a_model_that_does_not_say_its_shape() -> None:
    assert room_of(config(num_hidden_layers=4), number_bytes=2, free_bytes=1 << 30) is None
