"""What a design looks like: counts, components and weak links, against brute force and known cases."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph, csr_array

from adaptest.responses import NOT_REACHED, OMITTED, Responses
from adaptest.responses.checks import LINK_PERSONS, design_report
from adaptest.responses.links import blocks, edges_from, grown, maximum_adjacency


def two_forms(persons=100, items=10):
    """Responses to two forms that share nobody and nothing."""
    cells = np.full((2 * persons, 2 * items), -1, np.int8)
    cells[:persons, :items] = np.indices((persons, items)).sum(axis=0) % 2
    cells[persons:, items:] = np.indices((persons, items)).sum(axis=0) % 2
    return cells


def report(cells, **options):
    return design_report(Responses.of(cells), **options)


def test_nothing_is_said_of_complete_ordinary_responses():
    found = report(np.indices((50, 6)).sum(axis=0) % 2)
    assert found.sentences() == ()
    assert (found.components, found.responses) == (1, 300)
    assert found.counts.tolist() == [[25, 25]] * 6


def test_empty_constant_and_unused_are_found_and_named():
    cells = np.indices((40, 5)).sum(axis=0) % 2
    cells[:, 1] = -1
    cells[7] = -1
    cells[:7, 2], cells[8:, 2] = 1, 1
    cells[:, 3] = np.where(cells[:, 3] == 1, 3, cells[:, 3])
    found = report(cells)
    assert found.sentences() == (
        "1 persons without a scored response: 'p8'",
        "1 items without a scored response: 'i2'",
        "1 items with the same score from everyone: 'i3'",
        "item 'i3': nobody scored 0 (and 1 more items have such scores); labels stay",
    )
    assert found.unused == ((2, (0,)), (3, (1, 2)))
    assert found.component.tolist() == [0, -1, 0, 0, 0]
    assert found.person_component[7] == -1


def test_categories_of_the_items_own_are_missed_above_the_highest_seen():
    found = report(np.array([[0, 1], [1, 0]] * 20), categories=[2, 4])
    assert found.unused == ((1, (2, 3)),)
    assert found.sentences() == ("item 'i2': nobody scored 2, 3; labels stay",)


def test_omitted_and_not_reached_are_counted_apart_in_both_holdings():
    cells = np.array([[1, OMITTED, NOT_REACHED], [0, 1, OMITTED], [OMITTED, 2, -1]])
    dense = Responses.of(cells)
    for responses in (dense, Responses.of(dense.sparse(), dense.items)):
        found = design_report(responses)
        assert found.counts.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
        assert (found.omitted.tolist(), found.not_reached.tolist()) == ([1, 1, 1], [0, 0, 1])
        assert found.empty_items.tolist() == [2]


def test_a_disconnected_design_is_named():
    found = report(two_forms())
    assert found.components == 2
    assert found.sentences() == (
        (
            "the design is disconnected: no person links its 2 parts of 10, 10 items; "
            "'i11', 'i12', 'i13', ... stand apart from the largest"
        ),
    )
    assert found.person_component.tolist() == [0] * 100 + [1] * 100


@pytest.mark.parametrize("common", [5, LINK_PERSONS - 1, LINK_PERSONS])
def test_forms_that_few_persons_link_are_weakly_linked(common):
    cells = two_forms()
    cells[:common] = np.where(cells[:common] < 0, 1, cells[:common])
    found = report(cells)
    assert found.components == 1
    if common >= LINK_PERSONS:
        assert found.sentences() == ()
        return
    apart = "'i1', 'i2', 'i3', ..." if found.block[0] else "'i11', 'i12', 'i13', ..."
    assert found.sentences() == (
        (
            f"10 items are weakly linked, by {common} persons who answered others too "
            f"(at least 32 are wanted): {apart}"
        ),
    )
    assert found.block_links.tolist() == [common, common]


def test_a_weight_counts_as_so_many_persons():
    cells = two_forms()
    cells[0] = np.where(cells[0] < 0, 1, cells[0])
    weight = np.ones(200)
    weight[0] = LINK_PERSONS
    assert design_report(Responses.of(cells, weight=weight)).sentences() == ()


@pytest.mark.parametrize("common", [1, 4, 5])
def test_booklets_that_share_few_items_are_weakly_linked(common):
    cells = two_forms()
    cells[:100, 10 : 10 + common] = 1
    found = report(cells)
    assert found.components == 1
    expected = (
        ()
        if common == 5
        else (f"100 persons share only {common} items with all others (at least 5 are wanted)",)
    )
    assert found.sentences() == expected


def test_so_few_persons_that_nothing_could_be_linked_enough_are_only_checked_for_components():
    assert report(np.array([[0, 1], [1, 0], [1, -1]])).sentences() == ()
    assert report(np.array([[0, -1], [-1, 0]])).components == 2


def test_no_responses_at_all_are_two_sentences():
    found = report(np.full((2, 2), -1))
    assert found.sentences() == (
        "2 persons without a scored response: 'p1', 'p2'",
        "2 items without a scored response: 'i1', 'i2'",
    )
    assert found.components == 0


@pytest.mark.parametrize("seed", range(4))
def test_trying_some_persons_first_finds_what_all_of_them_say(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    cells = np.full((600, 40), -1, np.int8)
    for n in range(600):  # four areas, a few persons answer in two
        area = [n % 4, rng.integers(4)] if rng.random() < 0.12 else [n % 4]
        for one in area:
            cells[n, 10 * one + rng.choice(10, 6, replace=False)] = rng.integers(0, 2, 6)
    whole = report(cells)
    for start in (3, 50, 200):
        monkeypatch.setattr("adaptest.responses.links.SUBSET", start)
        some = report(cells)
        assert some.block.tolist() == whole.block.tolist()
        assert some.component.tolist() == whole.component.tolist()
        assert some.sentences() == whole.sentences()


DESIGNS = st.integers(2, 7).flatmap(
    lambda j: st.lists(st.lists(st.booleans(), min_size=j, max_size=j), min_size=1, max_size=14)
)


def smallest_cut(answered, one, other):
    """The fewest rows that join both sides, over all ways to part two columns."""
    j = answered.shape[1]
    rest = [k for k in range(j) if k not in {one, other}]
    fewest = len(answered)
    for size in range(len(rest) + 1):
        for side in combinations(rest, size):
            left = np.isin(np.arange(j), [one, *side])
            joins = answered[:, left].any(axis=1) & answered[:, ~left].any(axis=1)
            fewest = min(fewest, int(joins.sum()))
    return fewest


@pytest.mark.slow
@given(DESIGNS, st.integers(1, 5))
@settings(max_examples=150)
def test_no_small_cut_goes_through_a_block_by_brute_force(rows, enough):
    answered = np.array(rows)
    start = np.concatenate([[0], answered.sum(axis=1).cumsum()])
    edges = edges_from(start, np.nonzero(answered)[1], answered.shape[1])
    weight = np.ones(len(rows))
    block = blocks(edges, weight, enough, maximum_adjacency(edges, weight))
    for one, other in combinations(range(answered.shape[1]), 2):
        if block[one] == block[other]:
            assert smallest_cut(answered, one, other) >= enough
    apart = [(a, b) for a, b in combinations(range(len(block)), 2) if block[a] != block[b]]
    assert not apart or min(smallest_cut(answered, a, b) for a, b in apart) < enough


@given(DESIGNS, st.integers(1, 5), st.integers(0, 6))
def test_what_grows_from_an_item_is_within_its_block(rows, enough, first):
    answered = np.array(rows)
    first %= answered.shape[1]
    start = np.concatenate([[0], answered.sum(axis=1).cumsum()])
    edges = edges_from(start, np.nonzero(answered)[1], answered.shape[1])
    weight = np.ones(len(rows))
    inside = grown(edges, weight, enough, first)
    assert inside[first]
    for other in np.flatnonzero(inside):
        assert other == first or smallest_cut(answered, first, int(other)) >= enough


def test_two_forms_do_not_grow_into_each_other_and_one_form_grows_whole():
    cells = two_forms() >= 0
    edges = edges_from(np.arange(201) * 10, np.nonzero(cells)[1], 20)
    assert grown(edges, np.ones(200), 32, 0).tolist() == [True] * 10 + [False] * 10


@given(DESIGNS)
def test_components_are_those_of_the_bipartite_graph(rows):
    cells = np.where(rows, 1, -1)
    found = report(cells)
    graph = csr_array(
        np.block([[np.zeros((len(rows),) * 2), cells > 0], [(cells > 0).T, np.zeros((cells.shape[1],) * 2)]])
    )
    label = csgraph.connected_components(graph, directed=False)[1]
    persons, items = label[: len(rows)], label[len(rows) :]
    pairs = {(int(a), int(b)) for a, b in zip(found.component, items, strict=True) if a >= 0}
    pairs |= {(int(a), int(b)) for a, b in zip(found.person_component, persons, strict=True) if a >= 0}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) == found.components
