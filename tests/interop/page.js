// Their side of a connection, over the W3C's API: peer connections that a test commands by name. The same file runs in
// a browser's page and in Node, because every other stack offers that API, more or less. Arguments and results are
// JSON.
import { compare, label as nameOf, makePayload } from './payload.js';

// Milliseconds that a wait may take. All of them end in less than one second on an idle machine; CI's has two cores.
const patience = 20_000;

export class PeerHost {
  #PeerConnection;
  #configuration;
  #connections = new Map();

  constructor(PeerConnection, configuration = {}) {
    this.#PeerConnection = PeerConnection;
    this.#configuration = configuration;
  }

  /** Runs one method of Connection; `open` makes the connection first, `forget` ends it. */
  async call(connection, method, ...args) {
    if (method === 'open') {
      const [{ configuration = {}, ...options } = {}] = args;
      const pc = new this.#PeerConnection({ ...this.#configuration, ...configuration });
      this.#connections.set(connection, new Connection(pc, options));
      return;
    }
    const target = this.#connections.get(connection);
    if (!target) throw new Error(`there is no connection '${connection}'`);
    if (method === 'forget') {
      this.#connections.delete(connection);
      target.close();
      return;
    }
    return target[method](...args);
  }
}

class Connection {
  #pc;
  #trickle;
  #channels = new Map(); // by label
  #candidates = [];
  #gathered = false; // the state of gathering itself still says complete when a restart begins
  #events = [];
  #changed = new Set(); // those who wait for anything to happen
  #began = Date.now();

  constructor(pc, { trickle = false } = {}) {
    this.#pc = pc;
    this.#trickle = trickle;
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) {
        this.#candidates.push({ candidate: candidate.candidate, sdpMid: candidate.sdpMid });
        this.#happened(candidate.candidate);
      } else if (!candidate) {
        this.#endOfCandidates();
      }
    };
    // Some stacks tell the end of gathering only by the state.
    pc.onicegatheringstatechange = () => {
      this.#happened(`gathering ${pc.iceGatheringState}`);
      if (pc.iceGatheringState === 'complete') this.#endOfCandidates();
    };
    pc.onsignalingstatechange = () => this.#happened(`signaling ${pc.signalingState}`);
    pc.oniceconnectionstatechange = () => this.#happened(`ice ${pc.iceConnectionState}`);
    pc.onconnectionstatechange = () => this.#happened(`connection ${pc.connectionState}`);
    pc.ondatachannel = ({ channel }) => this.#adopt(channel);
  }

  createChannel(label, init) {
    this.#adopt(this.#pc.createDataChannel(label, init ?? {}));
  }

  async offer({ restart = false } = {}) {
    if (restart) this.#gatherAgain();
    return this.#local(await this.#pc.createOffer(restart ? { iceRestart: true } : undefined));
  }

  async answer(offer) {
    const ufragOf = (description) => /a=ice-ufrag:(\S+)/.exec(description?.sdp)?.[1];
    const before = ufragOf(this.#pc.remoteDescription);
    if (before && before !== ufragOf(offer)) this.#gatherAgain();
    await this.#pc.setRemoteDescription(offer);
    return this.#local(await this.#pc.createAnswer());
  }

  async accept(answer) {
    await this.#pc.setRemoteDescription(answer);
  }

  /** The next candidate of a trickling connection; null after the last. */
  async nextCandidate() {
    await this.#until('a candidate or the last of them', () => this.#candidates.length > 0 || this.#gathered);
    return this.#candidates.shift() ?? null;
  }

  async addCandidate(candidate) {
    await this.#pc.addIceCandidate(candidate);
  }

  /** Waits for `connectionState` to be one of the wanted. */
  async state(...wanted) {
    await this.#until(`the state ${wanted.join(' or ')}`, () => wanted.includes(this.#pc.connectionState));
    return this.#pc.connectionState;
  }

  /** Waits until the channel exists and is open; returns what it is like. */
  async opened(label) {
    const isOpen = () => this.#channels.get(label)?.channel.readyState === 'open';
    await this.#until(`channel ${nameOf(label)} to open`, isOpen);
    const { channel } = this.#channels.get(label);
    const { protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated, id } = channel;
    return { label: channel.label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated, id };
  }

  async channelClosed(label) {
    await this.#until(`channel ${nameOf(label)} to close`, () => this.#channels.get(label)?.closed);
  }

  closeChannel(label) {
    this.#channels.get(label).channel.close();
  }

  /**
   * Sends messages ({kind: 'text' | 'binary', size}) and compares what the echo sends back, byte by byte. How depends
   * on what the channel promises:
   *   'in order'    all at once, each must come back in its turn;
   *   'any order'   all at once, each must come back;
   *   'may be lost' one after the other, and again (three times at most) if it does not come back within a second.
   */
  async echo(label, messages, promise = 'in order') {
    const record = this.#channels.get(label);
    const sent = messages.map(({ kind, size }, index) => makePayload(kind, size, index));
    if (promise === 'may be lost') return this.#echoOneByOne(label, record, sent);
    for (const payload of sent) record.channel.send(payload);
    for (let received = 0; received < messages.length; ++received) {
      const echo = await this.#nextMessage(label, record, `echo ${received + 1} of ${messages.length}`);
      if (promise === 'in order') {
        const difference = compare(sent[received], echo);
        if (difference) throw new Error(`channel ${nameOf(label)}: echo ${received + 1}: ${difference}`);
      } else {
        const match = sent.findIndex((payload) => payload !== undefined && !compare(payload, echo));
        if (match < 0) throw new Error(`channel ${nameOf(label)}: echo ${received + 1} equals no message`);
        sent[match] = undefined;
      }
    }
  }

  async #echoOneByOne(label, record, sent) {
    for (const [index, payload] of sent.entries()) {
      for (let attempt = 1; ; ++attempt) {
        record.channel.send(payload);
        try {
          const limit = attempt < 3 ? 1000 : patience;
          // A late echo of what was sent again is no fault.
          while (compare(payload, await this.#nextMessage(label, record, `echo ${index + 1}`, limit)));
          break;
        } catch (error) {
          if (attempt === 3 || !error.timedOut) throw error;
          this.#happened(`channel ${nameOf(label)}: message ${index + 1} is sent again`);
        }
      }
    }
  }

  async #nextMessage(label, record, what, limit = patience) {
    await this.#until(`${what} on channel ${nameOf(label)}`, () => record.messages.length > 0 || record.closed, limit);
    if (record.messages.length === 0) throw new Error(`channel ${nameOf(label)} closed before ${what}`);
    return record.messages.shift();
  }

  /** Waits until the descriptions in force have these ufrags (in any order). */
  async usesUfrags(...wanted) {
    const descriptions = () => [this.#pc.localDescription, this.#pc.remoteDescription];
    const inForce = () => descriptions().map(({ sdp }) => /a=ice-ufrag:(\S+)/.exec(sdp)[1]);
    await this.#until(`the ufrags ${wanted}`, () => wanted.every((ufrag) => inForce().includes(ufrag)));
    await this.state('connected');
  }

  close() {
    this.#pc.close();
    this.#happened('closed here');
  }

  /** What happened so far, for the log of a failure. */
  history() {
    return this.#events;
  }

  #adopt(channel) {
    channel.binaryType = 'arraybuffer';
    const record = { channel, messages: [], closed: false };
    this.#channels.set(channel.label, record);
    this.#happened(`channel ${nameOf(channel.label)} ${channel.readyState}`);
    channel.onopen = () => this.#happened(`channel ${nameOf(channel.label)} open`);
    channel.onclose = () => {
      record.closed = true;
      this.#happened(`channel ${nameOf(channel.label)} closed`);
    };
    channel.onerror = ({ error }) => this.#happened(`channel ${nameOf(channel.label)} error ${error?.message ?? ''}`);
    channel.onmessage = ({ data }) => {
      record.messages.push(data);
      this.#wake();
    };
  }

  async #local(description) {
    await this.#pc.setLocalDescription(description);
    if (!this.#trickle) await this.#until('all candidates', () => this.#gathered);
    const { type, sdp } = this.#pc.localDescription;
    return { type, sdp };
  }

  #gatherAgain() {
    this.#gathered = false;
    this.#candidates = [];
  }

  #endOfCandidates() {
    this.#gathered = true;
    this.#happened('end of candidates');
  }

  #happened(what) {
    this.#events.push(`${Date.now() - this.#began} ms: ${what}`);
    this.#wake();
  }

  #wake() {
    for (const wake of this.#changed) wake();
    this.#changed.clear();
  }

  /** Waits for events until the condition holds. */
  async #until(what, holds, limit = patience) {
    let timer;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`waited ${limit / 1000} s for ${what} (${this.#states()})`);
        error.timedOut = true;
        reject(error);
      }, limit);
    });
    try {
      while (!holds()) await Promise.race([tooLate, new Promise((wake) => this.#changed.add(wake))]);
    } finally {
      clearTimeout(timer);
    }
  }

  #states() {
    const pc = this.#pc;
    const channels = [...this.#channels].map(([label, { channel }]) => `${nameOf(label)} ${channel.readyState}`);
    return [
      `connection ${pc.connectionState}`, `ice ${pc.iceConnectionState}`, `gathering ${pc.iceGatheringState}`,
      `signaling ${pc.signalingState}`, ...channels,
    ].join(', ');
  }
}
