#!/usr/bin/env python3
"""Files of every kind go through MediaReader and MediaWriter, and decode to the same pictures and sound afterwards.

Usage: test.py PROGRAM, where PROGRAM is the built test.cpp. Needs ffmpeg, which makes the files and looks at them.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None
VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2"]
# The encoder and its fastest setting; no frames out of order, as RTP wants them.
CODECS = {
    "vp8": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0"],
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "av1": ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p"],
    "opus": ["-c:a", "libopus"],
    "pcmu": ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"],
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def decoded(path, kind):
    """A hash of every picture, or of all packets of sound: RTP does not say what a decoder shall skip at the beginning."""
    args = ["-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash"] if kind == "v" else ["-map", "0:a", "-c", "copy", "-f", "hash"]
    lines = run("ffmpeg", "-v", "error", "-i", str(path), *args, "-").splitlines()
    return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]


class Copies(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def copy(self, codecs, source, copy, kinds):
        source, copy = self.path / source, self.path / copy
        inputs = (VIDEO if "v" in kinds else []) + (AUDIO if "a" in kinds else [])
        run("ffmpeg", "-v", "error", *inputs, *(a for c in codecs for a in CODECS[c]), str(source))
        said = dict(line.split() for line in run(PROGRAM, str(source), str(copy)).splitlines())
        for kind in kinds:
            self.assertEqual(decoded(copy, kind), decoded(source, kind))
        if "v" in kinds:
            pictures = run("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries",
                           "stream=nb_read_packets", "-of", "csv=p=0", str(copy)).strip()
            self.assertEqual(pictures, "50")
            self.assertEqual([v for k, v in said.items() if k.startswith("video/")], ["50"])
            if copy.suffix not in (".ivf", ".h264"):
                seconds = float(run("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(copy)))
                self.assertAlmostEqual(seconds, 2, delta=0.1)

    def test_webm_with_vp8_and_opus(self):
        self.copy(["vp8", "opus"], "a.webm", "b.webm", "va")

    def test_webm_with_vp9(self):
        self.copy(["vp9"], "a.webm", "b.webm", "v")

    def test_ivf_with_av1_to_webm(self):
        self.copy(["av1"], "a.ivf", "b.webm", "v")

    def test_mp4_with_av1(self):
        self.copy(["av1"], "a.mp4", "b.mp4", "v")

    def test_mp4_with_h264_and_opus(self):
        self.copy(["h264", "opus"], "a.mp4", "b.mp4", "va")

    def test_raw_h264_to_mp4_and_back(self):
        self.copy(["h264"], "a.h264", "b.mp4", "v")
        self.copy(["h264"], "c.mp4", "d.h264", "v")

    def test_ogg_with_opus(self):
        self.copy(["opus"], "a.ogg", "b.ogg", "a")

    def test_matroska_with_pcmu(self):
        self.copy(["pcmu"], "a.mkv", "b.mkv", "a")

    def refused(self, source, copy, words):
        process = subprocess.run([PROGRAM, str(source), str(copy)], capture_output=True, text=True)
        self.assertEqual(process.returncode, 1)
        self.assertIn(words, process.stderr)
        self.assertEqual(len(process.stderr.strip().splitlines()), 1, process.stderr)

    def test_what_cannot_be_is_said(self):
        self.refused(self.path / "none.webm", self.path / "b.webm", "No such file")
        text = self.path / "text.webm"
        text.write_text("This is no film.")
        self.refused(text, self.path / "b.webm", "text.webm")
        flac = self.path / "a.flac"
        run("ffmpeg", "-v", "error", *AUDIO, str(flac))
        self.refused(flac, self.path / "b.mkv", "nothing in it can be sent (it has flac)")
        film = self.path / "a.webm"
        run("ffmpeg", "-v", "error", *VIDEO, *CODECS["vp8"], str(film))
        self.refused(film, self.path / "b.xyz", "the ending of the name")
        self.refused(film, self.path / "b.mp4", "no place for video/VP8")
        self.refused(film, self.path / "nowhere" / "b.webm", "No such file")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
