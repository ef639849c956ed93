"""What candidates read, in English."""

from __future__ import annotations

from types import MappingProxyType

from adaptest.administration.sentences import Sentences

ENGLISH = Sentences(
    intro_items="{at_least} to {at_most} questions, chosen for you one at a time.",
    intro_fixed="{at_most} questions, chosen for you one at a time.",
    intro_practice="After each answer you see why it is right or wrong, and where to read more.",
    intro_exam=(
        "Each answer is final: there is no way back to an earlier question, and no answer is explained"
        " before the end."
    ),
    intro_pretest=(
        "Among them are up to {pretest} questions that are being tried out. They look like all others and do"
        " not count towards your result."
    ),
    intro_pause="Ctrl-C pauses. Every answer is kept, and you go on later with the same question.",
    intro_time="You have {time} in all.",
    intro_item_time="You have {time} for each question; after that it counts as wrong.",
    intro_clock="The clock starts with the first question.",
    intro_breaks="Breaks that you may take between questions: {number}, of up to {time} each.",
    intro_review=(
        "You may go back and change answers, at any question and before the end. No answer is explained"
        " before the end."
    ),
    intro_edits=(
        "You may change up to {edits} answers, at any question and before the end. No answer is explained"
        " before the end."
    ),
    provisional=(
        "Provisional: the difficulty of these questions was judged by their writers and is not yet measured"
        " from answers. Take the result as a guide for study."
    ),
    press_start="Press any key to begin.",
    resumed="You go on where you paused. Answers kept: {recorded}.",
    question="Question {number}, at most {at_most}",
    question_of="Question {number} of {at_most}",
    choose="Your answer ({letters}):",
    choose_confirm="Your answer ({letters}), then Enter:",
    chosen="Your answer: {letter}. Enter confirms, another letter changes it.",
    not_a_letter="Please press one of {letters}.",
    correct="Correct: {letter}.",
    incorrect="Not quite. You chose {given}; the best answer is {key}.",
    tag_key="best answer",
    tag_given="your answer",
    no_rationale="(no explanation was written)",
    read_on="Read on: {title}",
    press_next="Press any key for the next question.",
    press_next_lesson="Press any key for the next question, or L for the lesson.",
    press_more="Press any key to read on.",
    press_back="Press any key to go back.",
    time_left="{time} left",
    time_warning="You have {time} left.",
    time_over="The time is over.",
    item_time_over="The time for this question is over.",
    break_key="P: a break after this question",
    break_wanted="Your break comes after this question.",
    break_offer="You may take a break of {time} now: P for the break, any other key to go on.",
    on_break="Break: up to {time}. Press any key to go on.",
    break_over="The break is over.",
    change_key="R: change an earlier answer",
    change_title="Your answers",
    change_which="Number of the question to change, then Enter:",
    change_end="Press R to change an answer, or E to end the exam.",
    change_end_line=(
        "The exam ends here. A number and a letter, such as 3 B, change an answer; E ends the exam."
    ),
    changes_left="Changes left: {left}.",
    changed="Question {number}: your answer is {letter} now.",
    no_change="That answer cannot be changed.",
    paused="Paused; answers kept: {recorded}.",
    how_to_resume="Go on with:",
    ended="The end: {reason}.",
    score="Your score is {score}. With 95 % confidence it lies between {low} and {high}.",
    score_without_scale=(
        "Your estimate is {score} logits. With 95 % confidence it lies between {low} and {high}."
    ),
    no_score="There is no score: {outcome}.",
    cut="The pass mark is {cut} ({label}).",
    level="Your level is: {level}.",
    decision_pass="Your result is a pass.",  # noqa: S106 (a sentence, not a secret)
    decision_fail="Your result is not a pass.",
    decision_open="The interval holds the pass mark: another sitting could well end on the other side.",
    held="Thank you. Your answers are complete. Your result will be released after it was reviewed.",
    study_title="For your study",
    study_note="Right answers per area; not a score, because the questions were chosen to fit you.",
    study_line="{correct} of {answered}",
    bands_title="By content area",
    bands_note="How each area compares with the pass mark.",
    band=MappingProxyType(
        {
            "above": "above",
            "near": "near",
            "below": "below",
            "not enough items": "too few questions to say",
        }
    ),
    lessons_title="Read next",
    review_title="What you missed",
    review_none="You missed nothing.",
    review_first="Press any key to go through what you missed ({left}), or Q to finish.",
    review_next="Press any key for the next one you missed ({left} left), or Q to finish.",
    review_done="That was the last one. Press any key to finish.",
    new_questions="With --candidate NAME, your next exam brings questions you have not seen.",
    report="A page to keep",
    reason=MappingProxyType(
        {
            "maximum_length": "you reached the maximum number of questions",
            "sem": "your result is precise enough",
            "minimum_information": "no question left would make your result more precise",
            "predicted_sem_reduction": "a further question would hardly make your result more precise",
            "theta_change": "your last answers no longer changed your result",
            "confidence_interval": "your result is clear of the pass mark",
            "sprt": "your result is clear of the pass mark",
            "glr": "your result is clear of the pass mark",
            "posterior_probability": "your result is clear of the pass mark",
            "time": "the time meant for the exam was used",
            "time_limit": "your time was over",
            "several_rules": "your result is as certain as the exam asks for",
            "pool_exhausted": "you answered every question there is",
            "finished_early": "you finished early",
        }
    ),
)
