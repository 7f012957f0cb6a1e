// A path between two peers that loses packets of media: a relay of UDP, whose addresses stand in the descriptions that
// they are given in place of their own.
import { createSocket } from 'node:dgram';

const hostCandidate = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*$/im;

async function bind(address) {
  const socket = createSocket('udp4');
  await new Promise((bound) => socket.bind(0, address, bound));
  return socket;
}

export class LossyPath {
  /** `delay`: one way, ms. Of each stream of RTP, one packet in `every` is lost. */
  constructor({ delay, every }) {
    Object.assign(this, { delay, every, ends: {}, seen: new Map() });
  }

  /** The description that `name` ('ours' or 'theirs') wrote, as the other side is to see it: with one candidate. */
  async through(name, { type, sdp }) {
    const [line, address, port] = hostCandidate.exec(sdp);
    const end = this.ends[name] ??= { socket: await bind(address) };
    Object.assign(end, { address, port: Number(port) });
    const other = name === 'ours' ? 'theirs' : 'ours';
    end.socket.removeAllListeners('message');
    // What comes to the address of one side goes to it from that of the other.
    end.socket.on('message', (datagram) => {
      const from = this.ends[other];
      if (!from || this.loses(datagram)) return;
      setTimeout(() => { if (!this.closed) from.socket.send(datagram, end.port, end.address); }, this.delay);
    });
    const relayed = line.replace(`${address} ${port}`, `${address} ${end.socket.address().port}`);
    const others = sdp.replace(/^a=candidate:.*\r\n/gm, '');
    return { type, sdp: others.replace(/^(m=.*\r\nc=.*\r\n)/m, `$1${relayed}\r\n`) };
  }

  loses(datagram) {
    // RFC 7983: STUN and DTLS; RFC 5761 s.4: RTCP.
    if (datagram[0] < 128 || datagram[0] > 191 || (datagram[1] >= 192 && datagram[1] < 224)) return false;
    const ssrc = datagram.readUInt32BE(8);
    const count = (this.seen.get(ssrc) ?? 0) + 1;
    this.seen.set(ssrc, count);
    return count % this.every === 0;
  }

  close() {
    this.closed = true;
    for (const { socket } of Object.values(this.ends)) socket.close();
  }
}
