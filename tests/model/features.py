"""MFCC exactly as vosk computes them from conf/mfcc.conf (Kaldi's options; kaldi-native-fbank is the same code)."""

from __future__ import annotations

import kaldi_native_fbank as knf
import numpy as np
import numpy.typing as npt

from tests.model.layout import DIM, MFCC_CONF


def _options() -> knf.MfccOptions:
    options = knf.MfccOptions()
    options.frame_opts.samp_freq = MFCC_CONF["sample-frequency"]
    options.frame_opts.dither = 0  # results repeat exactly
    options.mel_opts.num_bins = MFCC_CONF["num-mel-bins"]
    options.mel_opts.low_freq = MFCC_CONF["low-freq"]
    options.mel_opts.high_freq = MFCC_CONF["high-freq"]
    options.num_ceps = DIM
    options.use_energy = False
    return options


OPTIONS = _options()


def mfcc(sound: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """8 kHz samples -> (frames, DIM); frame i covers 10 i to 10 i + 25 ms."""
    computer = knf.OnlineMfcc(OPTIONS)
    computer.accept_waveform(MFCC_CONF["sample-frequency"], sound.astype(np.float32))
    computer.input_finished()
    frames = [computer.get_frame(i) for i in range(computer.num_frames_ready)]
    return np.stack(frames) if frames else np.zeros((0, DIM), np.float32)
