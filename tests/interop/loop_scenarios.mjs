// A page with a camera and a microphone that are made up calls the agent, which sends back what it receives: the picture
// and the sound that come out of the page's own decoders count.
import { createServer } from 'node:http';
import { Agent } from './drivers/agent.mjs';
import { LossyPath } from './lossy_path.mjs';
import { isAlive, look } from './media_scenarios.mjs';

const patience = { timeout: 20_000, polling: 100 };

/** A page of http://localhost, which may use cameras. */
async function servePage() {
  const server = createServer((request, response) => response.setHeader('Content-Type', 'text/html')
    .end('<!doctype html><meta charset="utf-8"><title>Parley interop</title><video id="video" autoplay></video>'));
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return server;
}

/** In the page: describes itself, with all candidates. Neither side hears of lines that match `without`. */
async function describe(remote, without) {
  const lines = new RegExp(`^${without}\\r\\n`, 'gm');
  const tell = ({ type, sdp }) => ({ type, sdp: without ? sdp.replace(lines, '') : sdp });
  if (remote) remote = tell(remote);
  if (remote) await pc.setRemoteDescription(remote);
  if (remote?.type === 'answer') return null;
  for (const track of camera.getTracks()) pc.addTrack(track, camera);
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete') {
    await new Promise((changed) => pc.addEventListener('icegatheringstatechange', changed, { once: true }));
  }
  return tell(pc.localDescription.toJSON());
}

/** In the page: opens the devices and shows what comes. */
async function open() {
  window.pc = new RTCPeerConnection();
  window.camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const video = document.getElementById('video');
  video.srcObject = new MediaStream();
  pc.ontrack = ({ track }) => video.srcObject.addTrack(track);
  pc.ondatachannel = ({ channel }) => { window.channel = channel; };
}

const feedback = (name) => `a=rtcp-fb:\\S+ ${name}`;
const bundle = 'a=group:BUNDLE .*';

/** Numbers of both sides about the same packets; ours were read first. */
async function compareStatistics(agent, page, log) {
  const ours = Object.values(await agent.stats()).filter(({ kind }) => kind === 'video');
  // Chromium's statistics may be 50 ms old.
  await new Promise((later) => setTimeout(later, 100));
  const theirs = (await page.evaluate(async () => [...(await pc.getStats()).values()])).filter(({ kind }) => kind === 'video');
  const one = (reports, wanted) => reports.find(({ type }) => type === wanted) ?? {};
  const inbound = one(ours, 'inbound-rtp'), sent = one(theirs, 'outbound-rtp');
  const outbound = one(ours, 'outbound-rtp'), received = one(theirs, 'inbound-rtp');
  const seen = {
    toUs: [sent.packetsSent, inbound.packetsReceived, inbound.framesReceived], fromUs: [outbound.packetsSent, received.packetsReceived],
    reported: one(ours, 'remote-inbound-rtp').packetsReceived, told: one(ours, 'remote-outbound-rtp').packetsSent,
  };
  log(JSON.stringify(seen));
  const holds = inbound.ssrc === sent.ssrc && inbound.packetsReceived > 10 && inbound.packetsReceived <= sent.packetsSent
    && inbound.framesReceived > 10 && received.packetsReceived >= 0.8 * outbound.packetsSent
    && seen.reported <= outbound.packetsSent && seen.told <= sent.packetsSent;
  if (!holds) throw new Error(`the statistics do not fit together: ${JSON.stringify(seen)}`);
}

/** Both sides know what the path carries: the other one tells them by RFC 8888, for there is nothing else. */
async function compareEstimates(agent, page, log) {
  const fromPage = async () => page.evaluate(async () => [...(await pc.getStats()).values()]);
  const estimate = (reports) => Math.max(0, ...reports.map(({ availableOutgoingBitrate }) => availableOutgoingBitrate ?? 0));
  const until = performance.now() + patience.timeout;
  let seen;
  do {
    await new Promise((later) => setTimeout(later, 250));
    seen = { ours: estimate(Object.values(await agent.stats())), theirs: estimate(await fromPage()) };
    log(JSON.stringify(seen));
    // Chromium believes in 300 kbit/s as long as it is told nothing.
    if (seen.ours > 0 && seen.theirs > 400_000) return;
  } while (performance.now() < until);
  throw new Error(`somebody was told nothing: ${JSON.stringify(seen)}`);
}

/**
 * Packets are lost and never repeated, so that each would cost the pictures up to the next key frame. FEC restores them,
 * which the browsers do not count.
 */
async function compareFec(agent, page, log) {
  const video = (reports, wanted) => reports.find(({ type, kind }) => type === wanted && kind === 'video') ?? {};
  const until = performance.now() + 2 * patience.timeout;
  const once = async (holds) => {
    for (;;) {
      await new Promise((later) => setTimeout(later, 500));
      const reports = Object.values(await agent.stats());
      const { framesSent } = video(reports, 'outbound-rtp');
      const { packetsLost: lostByUs, pliCount, fecPacketsReceived } = video(reports, 'inbound-rtp');
      const inbound = video(await page.evaluate(async () => [...(await pc.getStats()).values()]), 'inbound-rtp');
      const { framesDecoded, packetsLost: lostByThem } = inbound;
      const now = { framesSent, framesDecoded, lostByUs, lostByThem, pliCount, fecPacketsReceived };
      log(JSON.stringify(now));
      if (holds(now)) return now;
      if (performance.now() > until) throw new Error(`too little was lost, or no FEC came: ${JSON.stringify(now)}`);
    }
  };
  // Who sends hears of a loss before there is FEC.
  const before = await once(({ fecPacketsReceived, lostByThem }) => fecPacketsReceived > 10 && lostByThem > 10);
  const after = await once(({ lostByUs, lostByThem }) => Math.min(lostByUs - before.lostByUs, lostByThem - before.lostByThem) > 40);
  const since = (member) => after[member] - before[member];
  const restored = since('pliCount') < since('lostByUs') / 2 && since('framesDecoded') > 0.8 * since('framesSent');
  if (!restored) throw new Error(`what was lost is not restored: ${JSON.stringify({ before, after })}`);
}

/** Audio, video and data have a transport each, on both sides. */
async function compareTransports(agent, page, log) {
  const ours = Object.values(await agent.stats());
  const transports = ours.filter(({ type }) => type === 'transport');
  const seen = {
    ours: transports.length,
    connected: transports.filter(({ dtlsState }) => dtlsState === 'connected').length,
    streams: new Set(ours.filter(({ type }) => type.endsWith('bound-rtp')).map(({ transportId }) => transportId)).size,
    theirs: await page.evaluate(() =>
      new Set([...pc.getSenders().map(({ transport }) => transport), pc.sctp.transport]).size),
  };
  log(JSON.stringify(seen));
  const holds = seen.ours === 3 && seen.connected === 3 && seen.streams === 2 && seen.theirs === 3;
  if (!holds) throw new Error(`not a transport for each section: ${JSON.stringify(seen)}`);
}

async function loop({ host, role, log, onFailure }, { without, path, data = false } = {}) {
  const server = await servePage();
  const agent = new Agent({ options: ['--loop-media'], log });
  const page = await host.newPage();
  onFailure(async () => log(`theirs: ${JSON.stringify(await page.evaluate(async () =>
    [...(await pc.getStats()).values()].filter(({ type }) => type.endsWith('bound-rtp'))))}`));
  onFailure(async () => log(`ours: ${JSON.stringify(Object.values(await agent.stats()).filter(({ type }) => type.endsWith('rtp')))}`));
  onFailure(() => { agent.kill(); server.close(); });
  onFailure(() => page.close());
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.evaluate(open);
  const through = (name, description) => (path ? path.through(name, description) : description);
  if (role === 'ours') {
    if (data) agent.createChannel('data');
    const offer = await through('ours', await agent.offer({ media: { audio: true, video: true } }));
    await agent.accept(await through('theirs', await page.evaluate(describe, offer, without)));
  } else {
    if (data) await page.evaluate(() => { window.channel = pc.createDataChannel('data'); });
    const offer = await through('theirs', await page.evaluate(describe, undefined, without));
    const answer = await through('ours', await agent.answer(offer));
    if (without === feedback('transport-cc') && !/^a=rtcp-fb:\S+ ack ccfb/m.test(answer.sdp)) throw new Error(`no RFC 8888 in ${answer.sdp}`);
    await page.evaluate(describe, answer, without);
  }
  await Promise.all(['audio', 'video'].map((kind) => agent.track(kind)));
  await Promise.all(['audio', 'video'].map((kind) => agent.frames(kind, 10)));
  await page.waitForFunction(() => {
    const video = document.getElementById('video');
    return video.videoWidth > 0 && video.srcObject.getTracks().length === 2;
  }, patience);
  const until = performance.now() + patience.timeout;
  let seen;
  do {
    await new Promise((later) => setTimeout(later, 250));
    seen = await page.evaluate(look);
    log(JSON.stringify(seen));
  } while (!isAlive(seen) && performance.now() < until);
  if (!isAlive(seen)) throw new Error(`nothing alive came back: ${JSON.stringify(seen)}`);
  if (data) {
    await agent.opened('data');
    await page.waitForFunction(() => window.channel?.readyState === 'open', patience);
  }
  if (path) await compareFec(agent, page, log);
  else await compareStatistics(agent, page, log);
  if (without === bundle) await compareTransports(agent, page, log);
  if (without === feedback('transport-cc')) await compareEstimates(agent, page, log);
  agent.close();
  await agent.stop();
  await page.close();
  server.close();
}

/** Nobody asks for what is lost. */
async function loopWithLoss(context) {
  const path = new LossyPath({ delay: 20, every: 15 });
  context.onFailure(() => path.close());
  await loop(context, { path, without: feedback('nack') });
  path.close();
}

export const loopScenarios = {
  'audio and video looped by the agent': (context) => loop(context),
  'looped without a bundle: a transport for audio, one for video, one for data':
    (context) => loop(context, { without: bundle, data: true }),
  'looped over a path that loses packets: FEC restores them': loopWithLoss,
};
export const ccfbScenarios = { 'congestion control by RFC 8888': (context) => loop(context, { without: feedback('transport-cc') }) };
