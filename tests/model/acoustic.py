"""Write am/final.mdl (Kaldi's TransitionModel and nnet3, binary) and conf/ from the trained weights, without Kaldi."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tests.model.layout import DIM, LAYERS, MFCC_CONF, Phones, position_phones

BATCH_NORM_EPS = 1e-5  # torch's
Floats = npt.NDArray[np.floating]
MODEL_CONF = """--min-active=200
--max-active=3000
--beam=13.0
--lattice-beam=6.0
--acoustic-scale=0.6
--frame-subsampling-factor=3
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""
"""Acoustic scale: 0.5 to 1.0 is flat for clean sentences; lower is better in noise, higher for free word order."""


class KaldiStream:
    """Kaldi's binary stream, as far as it is needed."""

    def __init__(self) -> None:
        self.content = bytearray(b"\0B")

    def raw(self, text: str) -> None:
        self.content += text.encode()

    def token(self, *names: str) -> None:
        for name in names:
            self.raw(name + " ")

    def integer(self, *values: int) -> None:
        for value in values:
            self.content += struct.pack("<bi", 4, value)

    def single(self, value: float) -> None:
        self.content += struct.pack("<bf", 4, value)

    def double(self, value: float) -> None:
        self.content += struct.pack("<bd", 8, value)

    def integers(self, values: Sequence[int]) -> None:
        self.content += struct.pack("<bi", 4, len(values)) + struct.pack(f"<{len(values)}i", *values)

    def vector(self, values: Iterable[float]) -> None:
        packed = np.asarray(values, np.float32)
        self.token("FV")
        self.integer(len(packed))
        self.content += packed.tobytes()

    def matrix(self, values: Floats) -> None:
        """As 16-bit numbers (Kaldi's CM2): half the size of floats, the same results."""
        low, span = float(values.min()), float(values.max() - values.min())
        self.token("CM2")
        self.content += struct.pack("<ffii", low, span, *values.shape)
        self.content += np.round((values - low) / span * 65535).astype("<u2").tobytes()


def write_transitions(stream: KaldiStream, phones: list[tuple[str, int, str]]) -> None:
    """One state a phone, pdf 2b when it is entered and 2b+1 on its self-loop. Transition ids of phone i: 2i-1 (loop) and 2i."""
    count = len(phones)
    stream.token("<TransitionModel>", "<Topology>")
    stream.integers(range(1, count + 1))
    stream.integers([-1] + [0] * count)
    stream.integer(-1, 1, 2)  # "new format" mark, one entry, two states
    stream.integer(0, 1, 2)  # pdf classes of forward and self-loop, two transitions
    for state in (0, 1):
        stream.integer(state)
        stream.single(0.5)
    stream.integer(-1, -1, 0)  # the final state
    stream.token("</Topology>", "<Tuples>")
    stream.integer(count)
    for number, (_, base, _) in enumerate(phones, 1):  # must be sorted by phone
        stream.integer(number, 0, 2 * base, 2 * base + 1)
    stream.token("</Tuples>", "<LogProbs>")
    stream.vector([0.0] + [np.log(0.5)] * (2 * count))
    stream.token("</LogProbs>", "</TransitionModel>")


def folded(state: dict[str, torch.Tensor]) -> list[tuple[Floats, Floats]]:
    """(weights (out, in, taps), bias) of every layer, the scaling of the input and the batch norms folded in."""

    def get(name: str) -> Floats:
        return state[name].double().numpy()

    scale, shift = 1 / get("std").ravel(), -get("mean").ravel() / get("std").ravel()
    out = []
    for i in range(len(LAYERS) + 1):
        name = f"convs.{i}" if i < len(LAYERS) else "out"
        weight, bias = get(name + ".weight"), get(name + ".bias")
        out.append((weight * scale[None, :, None], bias + np.einsum("oik,i->o", weight, shift)))
        if i < len(LAYERS):
            scale = get(f"norms.{i}.weight") / np.sqrt(get(f"norms.{i}.running_var") + BATCH_NORM_EPS)
            shift = get(f"norms.{i}.bias") - get(f"norms.{i}.running_mean") * scale
    return out


def write_network(stream: KaldiStream, layers: list[tuple[Floats, Floats]], priors: Iterable[float]) -> None:
    """nnet3 of FixedAffine (it spares all fields of training), ReLU and LogSoftmax components."""
    stream.token("<Nnet3>")
    previous = "input"
    stream.raw(f"\ninput-node name=input dim={DIM}\n")
    for i, (taps, step) in enumerate(LAYERS, 1):
        offsets = ", ".join(f"Offset({previous}, {step * (k - taps // 2)})" for k in range(taps))
        stream.raw(f"component-node name=affine{i} component=affine{i} input=Append({offsets})\n")
        stream.raw(f"component-node name=relu{i} component=relu{i} input=affine{i}\n")
        previous = f"relu{i}"
    stream.raw(f"component-node name=affine_out component=affine_out input={previous}\n")
    stream.raw("component-node name=softmax component=softmax input=affine_out\n")
    stream.raw("output-node name=output input=softmax objective=linear\n\n")  # the text part ends with an empty line
    stream.token("<NumComponents>")
    stream.integer(2 * len(layers))
    for i, (weight, bias) in enumerate(layers[:-1], 1):
        _affine(stream, f"affine{i}", weight, bias)
        _nonlinear(stream, f"relu{i}", "RectifiedLinearComponent", len(bias))
    _affine(stream, "affine_out", *layers[-1])
    _nonlinear(stream, "softmax", "LogSoftmaxComponent", len(layers[-1][1]))
    stream.token("</Nnet3>", "<LeftContext>")
    context = sum(taps // 2 * step for taps, step in LAYERS)
    stream.integer(context)
    stream.token("<RightContext>")
    stream.integer(context)
    stream.token("<Priors>")
    stream.vector(priors)


def _affine(stream: KaldiStream, name: str, weight: Floats, bias: Floats) -> None:
    stream.token("<ComponentName>", name, "<FixedAffineComponent>", "<LinearParams>")
    stream.matrix(np.concatenate([weight[:, :, tap] for tap in range(weight.shape[2])], axis=1))
    stream.token("<BiasParams>")
    stream.vector(bias)
    stream.token("</FixedAffineComponent>")


def _nonlinear(stream: KaldiStream, name: str, kind: str, size: int) -> None:
    stream.token("<ComponentName>", name, f"<{kind}>", "<Dim>")
    stream.integer(size)
    for statistic in ("<ValueAvg>", "<DerivAvg>"):
        stream.token(statistic)
        stream.vector([])
    stream.token("<Count>")
    stream.double(0)
    stream.token(f"</{kind}>")


def export(phones: Phones, weights: Path, model: Path) -> None:
    """Write am/ and conf/ of the model folder from what ``network.train`` wrote."""
    trained: dict[str, Any] = torch.load(weights)
    stream = KaldiStream()
    write_transitions(stream, position_phones(phones.names))
    write_network(stream, folded(trained["model"]), trained["priors"])
    for part in ("am", "conf"):
        (model / part).mkdir(parents=True, exist_ok=True)
    (model / "am" / "final.mdl").write_bytes(stream.content)
    (model / "conf" / "mfcc.conf").write_text("".join(f"--{name}={value}\n" for name, value in MFCC_CONF.items()))
    (model / "conf" / "model.conf").write_text(MODEL_CONF)
