// A page with a camera and a microphone that are made up calls the agent, which sends back what it receives: the picture
// and the sound that come out of the page's own decoders count.
import { createServer } from 'node:http';
import { Agent } from './drivers/agent.mjs';
import { isAlive, look } from './media_scenarios.mjs';

const patience = { timeout: 20_000, polling: 100 };

/** A page of http://localhost, which may use cameras. */
async function servePage() {
  const server = createServer((request, response) => response.setHeader('Content-Type', 'text/html')
    .end('<!doctype html><meta charset="utf-8"><title>Parley interop</title><video id="video" autoplay></video>'));
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return server;
}

/** In the page: describes itself, with all candidates. Without `transportFeedback` neither side hears of it. */
async function describe(remote, transportFeedback = true) {
  const tell = ({ type, sdp }) => ({ type, sdp: transportFeedback ? sdp : sdp.replace(/a=rtcp-fb:\S+ transport-cc\r\n/g, '') });
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
}

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

async function loop({ host, role, log, onFailure }, transportFeedback = true) {
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
  if (role === 'ours') {
    await agent.accept(await page.evaluate(describe, await agent.offer({ media: { audio: true, video: true } }), transportFeedback));
  } else {
    const offer = await page.evaluate(describe, undefined, transportFeedback);
    const answer = await agent.answer(offer);
    if (!transportFeedback && !/^a=rtcp-fb:\S+ ack ccfb/m.test(answer.sdp)) throw new Error(`no RFC 8888 in ${answer.sdp}`);
    await page.evaluate(describe, answer, transportFeedback);
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
  await compareStatistics(agent, page, log);
  if (!transportFeedback) await compareEstimates(agent, page, log);
  agent.close();
  await agent.stop();
  await page.close();
  server.close();
}

export const loopScenarios = { 'audio and video looped by the agent': (context) => loop(context) };
export const ccfbScenarios = { 'congestion control by RFC 8888': (context) => loop(context, false) };
