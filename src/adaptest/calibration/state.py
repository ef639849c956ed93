"""Where a fit stands: every free parameter, as blocks and as one vector."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.latent import Latent, Moments
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.models.base import Floats, Rows

LOWEST_BAR = -600.0  # log probability of a histogram's bar: it stays a number


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Own parameters (J, p) and common ones (h,) of each block, and the groups' distributions."""

    own: tuple[Floats, ...]
    common: tuple[Floats, ...]
    moments: Moments


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a state lies in a vector: block after block, own then common; then the groups.

    A normal density has its free means and log SDs there, a histogram the logs of its bars.
    """

    blocks: tuple[Block, ...]
    latent: Latent

    def pack(self, state: State) -> Floats:
        """Return the free parameters as one vector."""
        parts = []
        for own, common in zip(state.own, state.common, strict=True):
            parts += [own.ravel(), common]
        if self.latent.empirical:
            parts.append(state.moments.histogram.ravel())
        else:
            parts += [
                state.moments.mean[self.latent.mean_free],
                state.moments.log_sd[self.latent.variance_free],
            ]
        return np.concatenate(parts) if parts else np.empty(0)

    def unpack(self, vector: Floats, like: State) -> State:
        """Return the state that `vector` spells; what is fixed comes from `like`."""
        at = 0
        own, common = [], []
        for mine, shared in zip(like.own, like.common, strict=True):
            own.append(vector[at : at + mine.size].reshape(mine.shape))
            at += mine.size
            common.append(vector[at : at + shared.size])
            at += shared.size
        moments = like.moments
        if self.latent.empirical:
            bars = np.clip(vector[at:].reshape(moments.histogram.shape), LOWEST_BAR, 0)
            bars -= np.log(np.exp(bars).sum(axis=1, keepdims=True))
            moments = replace(moments, histogram=bars)
        else:
            mean, log_sd = moments.mean.copy(), moments.log_sd.copy()
            middle = at + int(self.latent.mean_free.sum())
            mean[self.latent.mean_free] = vector[at:middle]
            log_sd[self.latent.variance_free] = vector[middle:]
            moments = replace(moments, mean=mean, log_sd=log_sd)
        return State(tuple(own), tuple(common), moments)

    def psi(self, state: State) -> list[Floats]:
        """Return each block's (J, P) parameters."""
        return [
            block.psi(own, common)
            for block, own, common in zip(self.blocks, state.own, state.common, strict=True)
        ]

    def visible(self, state: State) -> Floats:
        """Return how far each parameter moves what is reported, per unit: c(1 - c) for a logit."""
        parts = []
        for block, psi, own in zip(self.blocks, self.psi(state), state.own, strict=True):
            unit = np.ones_like(psi)
            if isinstance(block.kernel, LogisticKernel):
                asymptote = 1 / (1 + np.exp(-psi[:, 2:]))
                unit[:, 2:] = asymptote * (1 - asymptote)
            parts += [(unit @ np.abs(block.local))[:, : own.shape[1]].ravel(), np.ones(block.shared.shape[1])]
        if self.latent.empirical:
            parts.append(np.exp(state.moments.histogram).ravel())
        else:
            parts.append(np.ones(int(self.latent.mean_free.sum() + self.latent.variance_free.sum())))
        return np.concatenate(parts) if parts else np.empty(0)

    @property
    def n_free(self) -> int:
        """Number of free parameters; a histogram's bars, last in the vector, are not counted."""
        return self.places()[3]

    def places(self) -> tuple[list[Rows], list[Rows], Rows, int]:
        """Return where parameters lie in the vector: own (J, p) and common (h,) of each block.

        Then (G, 2) of each group's mean and log SD, -1 where fixed, and the vector's length.
        """
        at = 0
        own, common = [], []
        for block in self.blocks:
            items, p, h = len(block), block.local.shape[1], block.shared.shape[1]
            own.append(np.arange(at, at + items * p).reshape(items, p))
            at += items * p
            common.append(np.arange(at, at + h))
            at += h
        groups = np.full((len(self.latent.mean_free), 2), -1, dtype=np.intp)
        if not self.latent.empirical:
            for column, free in enumerate((self.latent.mean_free, self.latent.variance_free)):
                groups[free, column] = np.arange(at, at + int(free.sum()))
                at += int(free.sum())
        return own, common, groups, at
