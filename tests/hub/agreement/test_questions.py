import random

from hub.agreement.questions import same_questions

PEOPLE, THINGS = ("Kate", "Ben", "Ida", "Hugo", "Mia"), ("marbles", "coins", "shells", "stones", "pencils")


def problem(seed: int) -> str:
    draw = random.Random(seed)
    first, second = draw.sample(range(2, 60), 2)
    person, thing = draw.choice(PEOPLE), draw.choice(THINGS)
    return f"{person} has {first} {thing} and buys {second} more. How many are there in total?"


def test_a_question_is_found_under_other_words_around_it() -> None:
    questions = [problem(seed) for seed in range(50)]
    plain = [f"Question: {question}\nAnswer:" for question in questions]
    told = [f"Solve the problem step by step and end with 'The answer is'.\n\n{question}\n" for question in questions]

    assert same_questions(plain, told[::-1]) == [(index, 49 - index) for index in range(50)]


def test_worked_examples_before_every_question_do_not_matter() -> None:
    questions = [problem(seed) for seed in range(50)]
    shots = "".join(f"Question: {problem(seed)}\nAnswer: 12\n\n" for seed in range(100, 105))

    pairs = same_questions(questions, [f"{shots}Question: {question}\nAnswer:" for question in questions])

    assert pairs == [(index, index) for index in range(50)]


def test_questions_with_the_same_words_in_another_order_are_two() -> None:
    left = ["Ben has 3 coins and buys 10 more", "Ben has 10 coins and buys 3 more", "Ida sells a shell", "Mia reads"]

    assert same_questions(left, left[::-1]) == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_a_question_that_the_other_side_lacks_has_no_match() -> None:
    left, right = [problem(seed) for seed in range(20)], [problem(seed) for seed in range(10, 30)]

    assert same_questions(left, right) == [(index, index - 10) for index in range(10, 20)]


def test_one_question_asked_twice_is_paired_in_order() -> None:
    questions = [problem(seed) for seed in (1, 2, 3, 4, 1)]

    assert same_questions(questions, questions) == [(index, index) for index in range(5)]


def test_signs_without_spaces_between_words_are_told_apart() -> None:
    left = ["北京是哪个国家的首都?", "光的速度是多少?", "水的化学式是什么?", "谁写了红楼梦?"]
    right = [f"以下是单项选择题,请直接给出正确答案。{question}\n答案:" for question in left]

    assert same_questions(left, right[::-1]) == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_prompts_without_a_word_match_nothing() -> None:
    assert same_questions(["", "?!"], ["", "?!"]) == []
