// Two peers that are to be connected: ours (an Agent) and theirs (a connection in a driver's host). Both have the same
// methods, so that a scenario is written once for both roles: createChannel, offer, answer, accept, nextCandidate,
// addCandidate, state, opened, closeChannel, channelClosed, close. The other stack also has echo (it sends and
// compares; our agent sends back what it receives).
import { Agent } from './drivers/agent.mjs';

let serial = 0;

export class Pair {
  /**
   * `host`: what a driver's start() gave. `role`: who offers, 'theirs' or 'ours'. `options`: more of the command line of
   * our side; `configuration`: their RTCConfiguration.
   */
  constructor({ host, role, log, trickle = false, options = [], configuration = {} }) {
    this.trickle = trickle;
    this.log = log;
    this.ours = new Agent({ trickle, log, options: [...(host.agentOptions ?? []), ...options] });
    this.theirs = connectionOf(host, `connection ${++serial}`);
    this.offerer = this[role];
    this.answerer = role === 'ours' ? this.theirs : this.ours;
    this.opening = this.theirs.open({ trickle, configuration });
    this.pumps = [];
  }

  /** One round of offer and answer, and until both sides are connected. */
  async connect(options = {}) {
    await this.opening;
    await this.negotiate(options);
    await this.both((peer) => peer.state('connected'));
  }

  async negotiate(options = {}, offerer = this.offerer) {
    const answerer = offerer === this.ours ? this.theirs : this.ours;
    const offer = await offerer.offer(options);
    const answer = await answerer.answer(offer);
    if (this.trickle) this.pump(offerer, answerer);
    await offerer.accept(answer);
    if (this.trickle) this.pump(answerer, offerer);
    this.offer = offer;
    this.answer = answer;
  }

  both(action) {
    return Promise.all([action(this.ours), action(this.theirs)]);
  }

  /** Makes the channel on the offering side, before or after the connection. */
  async createChannel(label, init, by = this.offerer) {
    await this.opening;
    await by.createChannel(label, init);
  }

  /** Waits for the channel on both sides, and that they think the same of it. */
  async opened(label) {
    const [ours, theirs] = await this.both((peer) => peer.opened(label));
    return { ours, theirs };
  }

  /** The largest message that both descriptions allow. */
  maxMessageSize() {
    const sizeIn = ({ sdp }) => Number(/a=max-message-size:(\d+)/.exec(sdp)?.[1] ?? 65536);
    const sizes = [sizeIn(this.offer), sizeIn(this.answer)];
    return Math.min(...sizes.map((size) => size || Infinity)); // RFC 8841 s.6.1: 0 is no limit
  }

  /** Ends both; the agent must do so by itself. */
  async finish() {
    await Promise.all(this.pumps);
    await this.ours.stop();
    await this.theirs.forget();
  }

  async abandon() {
    const tooLate = new Promise((resolve) => setTimeout(resolve, 1000, ['no answer']));
    const history = await Promise.race([this.theirs.history().catch((error) => [error.message]), tooLate]);
    for (const line of history) this.log(`theirs: ${line}`);
    const ours = await Promise.race([this.ours.stats().catch((error) => [error.message]), tooLate]);
    for (const each of Object.values(ours))
      if (!['codec', 'certificate'].includes(each.type)) this.log(`ours: ${JSON.stringify(each)}`);
    this.theirs.forget().catch(() => {});
    this.ours.kill();
  }

  pump(from, to) {
    const run = async () => {
      let candidate;
      while ((candidate = await from.nextCandidate())) await to.addCandidate(candidate);
      await to.addCandidate({ candidate: '', sdpMid: /a=mid:(\S+)/.exec(this.offer.sdp)[1] });
    };
    const running = run();
    running.catch(() => {}); // finish() looks at it
    this.pumps.push(running);
  }
}

/** The driver's connection of that name as an object: its methods are those of page.js. */
function connectionOf(host, name) {
  return new Proxy({}, {
    get: (_, method) => (method === 'then' ? undefined : (...args) => host.call(name, method, ...args)),
  });
}
