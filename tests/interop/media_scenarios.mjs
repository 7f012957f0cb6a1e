// Encoded media between the examples play and record and a page. "We offer" is play: the page must show moving pictures
// and sound. "They offer" is record: what ends up in the file must decode to moving pictures and sound.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Terminal } from './terminal.mjs';

const run = promisify(execFile);
export const program = (name) => join(dirname(process.env.PARLEY_PEER), '..', name, `parley-${name}`);
const patience = { timeout: 20_000, polling: 100 };
let serial = 0;

/** A file of ten seconds, with as many key frames as a page that comes at any time wants. */
async function makeFile(ending, encoder, log) {
  const path = join(process.env.INTEROP_SCRATCH, `film-${++serial}.${ending}`);
  const args = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=10', '-f', 'lavfi', '-i',
    'sine=frequency=440:sample_rate=48000:duration=10', ...encoder, '-g', '50', '-c:a', 'libopus', path];
  log(`ffmpeg ${args.join(' ')}`);
  await run('ffmpeg', args);
  return path;
}

/** In the page: the frames that were shown, how much the picture varies, how much two of them differ, and the sound. */
export async function look(id = 'video') {
  const video = document.getElementById(id);
  const kept = ((window.looked ??= {})[id] ??= {});
  const canvas = new OffscreenCanvas(160, 90);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const luma = () => {
    context.drawImage(video, 0, 0, 160, 90);
    const { data } = context.getImageData(0, 0, 160, 90);
    const values = new Float64Array(160 * 90);
    for (let i = 0; i < values.length; i++) values[i] = 0.3 * data[4 * i] + 0.6 * data[4 * i + 1] + 0.1 * data[4 * i + 2];
    return values;
  };
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  kept.sound ??= (() => {
    const audio = new AudioContext();
    const analyser = audio.createAnalyser();
    audio.createMediaStreamSource(video.srcObject).connect(analyser);
    audio.resume();
    return analyser;
  })();
  const samples = new Float32Array(kept.sound.fftSize);
  kept.sound.getFloatTimeDomainData(samples);
  const now = luma();
  const average = mean(now);
  const before = kept.picture ?? now;
  kept.picture = now;
  // Firefox counts no frames of streams in the element, and plays no sound to an analyser without a device for it.
  const inbound = { frames: 0, level: 0 };
  for (const report of (await pc.getStats()).values()) {
    if (report.type !== 'inbound-rtp') continue;
    if (report.kind === 'video') inbound.frames = Math.max(inbound.frames, report.framesDecoded ?? 0);
    else inbound.level = Math.max(inbound.level, report.audioLevel ?? 0);
  }
  return {
    frames: Math.max(video.getVideoPlaybackQuality().totalVideoFrames, inbound.frames),
    deviation: Math.sqrt(mean(now.map((v) => (v - average) ** 2))),
    difference: mean(now.map((v, i) => Math.abs(v - before[i]))),
    loudness: Math.max(Math.sqrt(mean(Array.from(samples, (v) => v * v))), inbound.level),
  };
}

export const isAlive = ({ frames, deviation, difference, loudness }) =>
  frames > 10 && deviation > 3 && difference > 0.1 && loudness > 0.005;

async function play({ host, log, onFailure }, ending, encoder) {
  const file = await makeFile(ending, encoder, log);
  const terminal = new Terminal(['--port', '0', '--loop', file], log, program('play'));
  onFailure(() => terminal.kill());
  const url = (await terminal.prints(/Open (\S+) in a browser/))[1];
  const page = await host.newPage();
  onFailure(() => page.close());
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById('video').videoWidth > 0, patience);
  const until = performance.now() + patience.timeout;
  let seen;
  do {
    await new Promise((later) => setTimeout(later, 250));
    seen = await page.evaluate(look);
    log(JSON.stringify(seen));
  } while (!isAlive(seen) && performance.now() < until);
  if (!isAlive(seen)) throw new Error(`the page does not show it: ${JSON.stringify(seen)}`);
  await page.close();
  await terminal.prints(/Somebody has gone/);
  terminal.kill();
}

/** Decodes the file: luma of small pictures, and the loudness in dB. */
async function decode(file) {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v', '-vf', 'scale=64:36,format=gray',
    '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'], { encoding: 'buffer', maxBuffer: 1 << 28 });
  const size = 64 * 36;
  const pictures = [];
  for (let at = 0; at + size <= stdout.length; at += size) pictures.push(stdout.subarray(at, at + size));
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const deviations = pictures.map((p) => { const m = mean([...p]); return Math.sqrt(mean([...p].map((v) => (v - m) ** 2))); });
  const changes = pictures.slice(1).filter((p, i) => !p.equals(pictures[i])).length;
  const { stderr } = await run('ffmpeg', ['-nostats', '-i', file, '-map', '0:a', '-af', 'volumedetect', '-f', 'null', '-']);
  return { pictures: pictures.length, deviation: mean(deviations), changes, decibel: Number(/max_volume: (\S+) dB/.exec(stderr)[1]) };
}

async function record({ host, log, onFailure }, ending, mimeType) {
  const file = join(process.env.INTEROP_SCRATCH, `record-${++serial}.${ending}`);
  const terminal = new Terminal(['--port', '0', '--codec', mimeType, file], log, program('record'));
  onFailure(() => terminal.kill());
  const url = (await terminal.prints(/Open (\S+) in a browser/))[1];
  const page = await host.newPage();
  onFailure(() => page.close());
  const opened = performance.now();
  await page.goto(url);
  const sent = () => page.evaluate(async () => {
    for (const report of (await pc.getStats()).values()) {
      if (report.type === 'outbound-rtp' && report.kind === 'video') return report.framesSent ?? report.framesEncoded;
    }
    return 0;
  });
  // Ten seconds of a call, from its first frame on.
  const until = performance.now() + 30_000;
  while (!(await sent()) && performance.now() < until) await new Promise((later) => setTimeout(later, 50));
  const began = performance.now();
  await new Promise((later) => setTimeout(later, 10_000));
  const frames = await sent();
  const seconds = (performance.now() - began) / 1000;
  await page.click('#stop');
  const most = (performance.now() - opened) / 1000;
  const written = Number((await terminal.prints(/: (\d+) frames of video, \d+ of audio/))[1]);
  await terminal.ends();
  await page.close();

  const probe = await run('ffprobe', ['-v', 'error', '-count_packets', '-select_streams', 'v', '-show_entries',
    'stream=nb_read_packets:format=duration', '-of', 'default=noprint_wrappers=1:nokey=1', file]);
  const [packets, duration] = probe.stdout.trim().split('\n').map(Number);
  const decoded = await decode(file);
  const seen = { sent: frames, seconds, most, written, packets, duration, decoded };
  log(JSON.stringify(seen));
  const check = (holds, what) => { if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}`); };
  check(packets === written, 'the file has another number of frames than were written');
  check(Math.abs(packets - frames) <= Math.max(10, 0.1 * frames), 'not what was sent');
  // Pages hear of their first frame late (Firefox counts once a second); there was none before the page was opened.
  check(duration > seconds - 0.5 && duration < most + 0.5, 'not as long as the call');
  check(decoded.pictures >= packets - 1, 'not all of it decodes');
  check(decoded.deviation > 3 && decoded.changes > packets / 4, 'no moving picture');
  check(decoded.decibel > -50, 'no sound');
}

const scenario = (encoder, endings, mimeType) => (context) =>
  context.role === 'ours' ? play(context, endings.play, encoder) : record(context, endings.record, mimeType);
const webm = { play: 'webm', record: 'webm' };

export const mediaScenarios = {
  'VP8 and Opus': scenario(['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-auto-alt-ref', '0', '-b:v', '1M'], webm, 'video/VP8'),
  'VP9 and Opus': scenario(['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M'], webm, 'video/VP9'),
  'H.264 and Opus': scenario(['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-b:v', '1M'],
    { play: 'mp4', record: 'mp4' }, 'video/H264'),
  'AV1 and Opus': scenario(['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-b:v', '1M'],
    webm, 'video/AV1'),
};
