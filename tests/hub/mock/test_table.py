from hub.mock.table import TextTable

TABLE = TextTable([("What is 2 + 2?", 1), ("2 + 2?", 2), ("Why?", 3), (" What is 2 + 2? ", 4), ("", 5)])


def test_white_space_at_the_ends_does_not_count_and_the_first_of_equals_does() -> None:
    assert len(TABLE) == 3
    assert TABLE.find("  What is 2 + 2?\n") == 1


def test_after_examples_the_longest_ending_is_the_question() -> None:
    assert TABLE.find("Why? Because.\n\nWhat is 2 + 2?") == 1
    assert TABLE.find("Now: 2 + 2?") == 2


def test_inside_a_prompt_the_last_question_counts() -> None:
    assert TABLE.find("What is 2 + 2? 4. Why? Answer in a word.") == 3
    assert TABLE.find("Why? Because. What is 2 + 2? Answer in a word.") == 1


def test_what_is_not_there_is_not_found() -> None:
    assert TABLE.find("What?") is None
    assert TABLE.find("") is None
