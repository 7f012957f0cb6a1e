// Our side: parley-peer --agent, a process for each connection, driven by JSON lines (docs/peer.md).
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { label as nameOf } from '../payload.js';

const patience = 20_000; // as in page.js

export class Agent {
  #process;
  #log; // called with each line that goes in or comes out
  #descriptions = [];
  #candidates = [];
  #states = [];
  #channels = new Map(); // by label: {open: what dc-open told, closed}
  #errors = [];
  #stats = [];
  #tracks = []; // as 'track' told: 'video 0'
  #frames = {}; // by kind, as 'frames' told
  #changed = new Set();
  #ended;

  constructor({ trickle = false, options = [], log }) {
    this.#log = log;
    this.#process = spawn(process.env.PARLEY_PEER, [
      '--agent',
      '--verbose',
      ...(trickle ? ['--trickle'] : []),
      ...(process.env.PARLEY_SCTP_ENGINE ? ['--sctp-engine', process.env.PARLEY_SCTP_ENGINE] : []),
      ...options,
    ]);
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line));
    createInterface({ input: this.#process.stderr }).on('line', (line) => log(`   ${line}`));
    this.#process.on('error', (error) => this.#end(`could not be started: ${error.message}`));
    this.#process.on('exit', (code, signal) => this.#end(`ended with ${signal ?? `exit code ${code}`}`));
    this.#process.stdin.on('error', () => {}); // it ended: 'exit' tells
  }

  createChannel(label, init = {}) {
    this.#tell({ cmd: 'channel', label, ...init });
  }

  /** `media`: {audio, video}, which sections it shall have. */
  async offer({ restart = false, media = {} } = {}) {
    this.#candidates = [];
    this.#tell({ cmd: restart ? 'restart' : 'offer', ...media });
    return this.#nextDescription('offer');
  }

  async answer(offer) {
    this.#tell(offer);
    return this.#nextDescription('answer');
  }

  async accept(answer) {
    this.#tell(answer);
  }

  async nextCandidate() {
    await this.#until('a candidate or the last of them', () => this.#candidates.length > 0);
    const { candidate, sdpMid } = this.#candidates[0];
    if (candidate === '') return null;
    this.#candidates.shift();
    return { candidate, sdpMid };
  }

  async addCandidate({ candidate, sdpMid }) {
    this.#tell({ candidate, sdpMid });
  }

  async state(...wanted) {
    await this.#until(`the state ${wanted.join(' or ')}`, () => wanted.includes(this.#states.at(-1)));
    return this.#states.at(-1);
  }

  async opened(label) {
    await this.#until(`channel ${nameOf(label)} to open`, () => this.#channels.get(label)?.open);
    return this.#channels.get(label).open;
  }

  /** `byAbort`: the association ends as a whole, which is an error of the channel too. */
  async channelClosed(label, { byAbort = false } = {}) {
    const isClosed = () => this.#channels.get(label)?.closed;
    await this.#until(`channel ${nameOf(label)} to close`, isClosed, { despiteErrors: byAbort });
  }

  async track(kind) {
    await this.#until(`a track of ${kind}`, () => this.#tracks.some((track) => track.startsWith(`${kind} `)));
  }

  /** Until the agent has told of so many frames. */
  async frames(kind, count) {
    await this.#until(`${count} frames of ${kind}`, () => this.#frames[kind] >= count);
  }

  closeChannel(label) {
    this.#tell({ cmd: 'close-channel', label });
  }

  async stats() {
    this.#tell({ cmd: 'stats' });
    await this.#until('statistics', () => this.#stats.length > 0);
    return this.#stats.shift();
  }

  /** The two candidates of the selected pair, as in the statistics. */
  async path() {
    const stats = await this.stats();
    const transport = Object.values(stats).find(({ type }) => type === 'transport');
    const pair = stats[transport.selectedCandidatePairId];
    return { local: stats[pair.localCandidateId], remote: stats[pair.remoteCandidateId] };
  }

  close() {
    this.#tell({ cmd: 'close' });
  }

  /** Ends the process; an agent that was closed ends when its input does. */
  async stop() {
    if (this.#ended) return;
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    try {
      await this.#until('the process to end', () => this.#ended, { despiteErrors: true });
    } finally {
      clearTimeout(timer);
    }
    if (this.#ended !== 'ended with exit code 0') throw new Error(`the agent ${this.#ended} after its input did`);
  }

  /** For when the test failed already. */
  kill() {
    this.#process.kill('SIGKILL');
  }

  #tell(message) {
    const line = JSON.stringify(message);
    this.#log(`-> ${line}`);
    if (!this.#ended) this.#process.stdin.write(`${line}\n`);
  }

  #take(line) {
    this.#log(`<- ${line}`);
    const message = JSON.parse(line);
    if (message.sdp !== undefined) this.#descriptions.push(message);
    else if (message.candidate !== undefined) this.#candidates.push(message);
    else if (message.stats !== undefined) this.#stats.push(message.stats);
    else if (message.event !== undefined) this.#takeEvent(message);
    this.#wake();
  }

  #takeEvent(message) {
    const [, kind, rest] = /^(\S+) ?(.*)$/s.exec(message.event);
    if (kind === 'state') this.#states.push(rest);
    if (kind === 'error') this.#errors.push(rest);
    if (kind === 'track') this.#tracks.push(rest);
    if (kind === 'frames') this.#frames[message.kind] = message.frames;
    if (kind === 'dc-open') this.#channels.set(rest, { open: { ...message, label: rest } });
    if (kind === 'dc-close') this.#channels.set(rest, { ...this.#channels.get(rest), closed: true });
  }

  #end(how) {
    this.#ended = how;
    this.#log(`the agent ${how}`);
    this.#wake();
  }

  #wake() {
    for (const wake of this.#changed) wake();
    this.#changed.clear();
  }

  async #nextDescription(type) {
    await this.#until(`its ${type}`, () => this.#descriptions.length > 0);
    const description = this.#descriptions.shift();
    if (description.type !== type) throw new Error(`the agent made an ${description.type}, not an ${type}`);
    return description;
  }

  async #until(what, holds, { despiteErrors = false } = {}) {
    let timer;
    const tooLate = new Promise((_, reject) => {
      const fail = () => reject(new Error(`waited ${patience / 1000} s for the agent: ${what} (${this.#told()})`));
      timer = setTimeout(fail, patience);
    });
    try {
      while (!holds()) {
        if (this.#errors.length > 0 && !despiteErrors) {
          throw new Error(`the agent reports an error: ${this.#errors.join('; ')}`);
        }
        if (this.#ended) throw new Error(`the agent ${this.#ended}, while the test waited for ${what}`);
        await Promise.race([tooLate, new Promise((wake) => this.#changed.add(wake))]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #told() {
    const channels = [...this.#channels].map(([label, { closed }]) => `${nameOf(label)} ${closed ? 'closed' : 'open'}`);
    return [`states: ${this.#states.join(', ') || 'none'}`, ...channels].join('; ');
  }
}
