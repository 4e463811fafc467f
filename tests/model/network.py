"""The frame classifier: a small TDNN trained with cross-entropy on espeak-ng's own alignment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tests.model.layout import CONTEXT, DIM, LAYERS, Phones

HIDDEN = 160
BATCH = 64
OUTPUTS = 60  # output frames in a piece
NEWS = 200  # steps between two words of progress


class Tdnn(nn.Module):
    """(batch, DIM, frames) -> (batch, classes, frames / 3), unnormalised."""

    def __init__(self, classes: int, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.view(1, -1, 1))
        self.register_buffer("std", std.view(1, -1, 1))
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for i, (taps, step) in enumerate(LAYERS):
            stride, dilation = (3 if i == 1 else 1), (1 if i < 2 else step // 3)
            self.convs.append(nn.Conv1d(HIDDEN if i else DIM, HIDDEN, taps, stride=stride, dilation=dilation))
            self.norms.append(nn.BatchNorm1d(HIDDEN))
        self.out = nn.Conv1d(HIDDEN, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - self.mean) / self.std
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(torch.relu(conv(x)))
        return self.out(x)


def train(corpus: Path, phones: Phones, target: Path, *, steps: int) -> Iterator[str]:
    """Train on ``corpus/train.npz`` and write weights and priors. Nearly, not exactly, repeatable (threads). Yields progress."""
    torch.manual_seed(0)
    torch.set_num_threads(2)
    stored = np.load(corpus / "train.npz")
    features, classes = torch.from_numpy(stored["feats"]), torch.from_numpy(stored["labs"].astype(np.int64))
    some = features[::7].float()
    model = Tdnn(2 * len(phones.names), some.mean(0), some.std(0))
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps, pct_start=0.1)
    loss_sum = hits = 0.0
    for step in range(1, steps + 1):
        loss, hit = _step(model, features, classes)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        loss_sum, hits = loss_sum + loss.item(), hits + hit
        if step % NEWS == 0:
            yield f"step {step} of {steps}: loss {loss_sum / NEWS:.3f}, frames right {hits / NEWS:.3f}"
            loss_sum = hits = 0.0
    priors = torch.bincount(classes, minlength=2 * len(phones.names)).float().clamp(min=1)
    torch.save({"model": model.state_dict(), "priors": priors / priors.sum()}, target)


def _step(model: Tdnn, features: Tensor, classes: Tensor) -> tuple[Tensor, float]:
    window = torch.arange(3 * (OUTPUTS - 1) + 2 * CONTEXT + 1)
    start = torch.randint(0, len(features) - len(window), (BATCH, 1))
    guess = model(features[start + window].float().transpose(1, 2))
    right = classes[start + CONTEXT + 3 * torch.arange(OUTPUTS)]
    loss = nn.functional.cross_entropy(guess, right, label_smoothing=0.03)
    return loss, (guess.argmax(1) == right).float().mean().item()
