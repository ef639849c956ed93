"""Rules that give way in a sitting that can no longer keep them all: which, in their stated order.

Only a live sitting comes to that: items were withdrawn while it ran. Rules with a priority give way, the
largest first, until an item can follow; those that need not have given way are kept after all.
"""

from __future__ import annotations

from dataclasses import replace

from adaptest.constraints.blueprint import Blueprint
from adaptest.constraints.reach import Reach
from adaptest.engine.batch import Sittings
from adaptest.engine.design import Design
from adaptest.engine.events import RulesRelaxed
from adaptest.engine.state import State
from adaptest.errors import PoolExhaustedError


def design_of(state: State, design: Design) -> Design:
    """Return the design as it holds for one sitting: its own prior, without the rules that gave way."""
    return relaxed(design.own(state.prior), state.relaxed)


def relaxed(design: Design, names: tuple[str, ...]) -> Design:
    """Return the design without some of its rules; cells of items and lengths to stop at stay."""
    if not names:
        return design
    if names not in design.looser:
        rules = tuple(
            replace(rule, lower=None, upper=None, minimum=None, maximum=None) if rule.name in names else rule
            for rule in design.blueprint.rules
        )
        blueprint = Blueprint(rules, design.blueprint.n_items)
        reach = None if design.reach is None else Reach(design.pool, blueprint, design.reach.stops)
        content = None if design.content is None else design.content.without(names, blueprint, reach)
        design.looser[names] = replace(design, blueprint=blueprint, reach=reach, content=content, looser={})
    return design.looser[names]


def may_give_way(design: Design) -> tuple[str, ...]:
    """Return the rules that have a priority, in the order in which they give way."""
    found = {rule.name: rule.priority for rule in design.blueprint.rules if rule.priority is not None}
    if design.content is not None:
        found |= design.content.priorities
    return tuple(sorted(found, key=lambda name: (-found[name], name)))


def relaxation(design: Design, sittings: Sittings, already: tuple[str, ...]) -> tuple[str, ...]:
    """Return the further rules, in their order, without which an item can follow; () where there are none.

    Parameters
    ----------
    design : with every rule
    sittings : one
    already : rules that gave way before
    """

    def goes_on(names: tuple[str, ...]) -> bool:
        return bool(relaxed(design, (*already, *names)).goes_on(sittings)[0])

    given: tuple[str, ...] = ()
    for name in may_give_way(design):
        if name in already:
            continue
        given = (*given, name)
        if goes_on(given):
            for spared in reversed(given[:-1]):
                fewer = tuple(one for one in given if one != spared)
                given = fewer if goes_on(fewer) else given
            return given
    return ()


def relax(state: State, design: Design, problem: PoolExhaustedError) -> RulesRelaxed:
    """Return which rules give way so that the sitting can go on.

    Raises
    ------
    PoolExhaustedError, the problem itself, where none may or it does not help.
    """
    rules = relaxation(design.own(state.prior), state.batch, state.relaxed)
    if not rules:
        raise problem
    return RulesRelaxed(rules, str(problem))
