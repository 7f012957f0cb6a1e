import { createSocket } from 'node:dgram';
import { startChild, versionOf } from './child.mjs';

export default {
  name: 'werift',
  lacks: {
    'reliability: limited and unordered, they offer': 'werift announces such a channel as ordered',
    'the answerer restarts ICE, we offer': 'werift takes the other ICE role then, and may not survive the conflict',
    'empty messages': 'werift sends nothing for an empty message',
    'labels and protocols beyond ASCII, they offer': 'werift counts characters where DCEP counts bytes',
    'they close the connection': 'werift closes without a word; consent ends 30 seconds later',
  },
  // Its TLS is Node's, whose list of authorities can be added to.
  start: ({ turn }) => startChild('werift', { NODE_EXTRA_CA_CERTS: turn.ca }),
};

/** In the child's process. */
export async function load() {
  const { RTCPeerConnection } = await import('werift');
  // Without a STUN server it asks a public one, even if told to use none, and waits for the answer.
  const configuration = { iceServers: [{ urls: `stun:127.0.0.1:${await serveStun()}` }], iceUseTcp: true };
  return { PeerConnection: RTCPeerConnection, configuration, version: versionOf('werift') };
}

/** Tells who asks its own address (RFC 8489), over IPv4. */
async function serveStun() {
  const socket = createSocket('udp4');
  socket.on('message', (request, { address, port }) => {
    const response = Buffer.alloc(32);
    response.writeUInt16BE(0x0101, 0); // Binding success
    response.writeUInt16BE(12, 2);
    request.copy(response, 4, 4, 20); // magic cookie, transaction id
    response.writeUInt32BE(0x00200008, 20); // XOR-MAPPED-ADDRESS
    response.writeUInt16BE(0x0001, 24);
    response.writeUInt16BE(port ^ 0x2112, 26);
    address.split('.').forEach((octet, i) => response.writeUInt8(Number(octet) ^ request[4 + i], 28 + i));
    socket.send(response, port, address);
  });
  await new Promise((bound) => socket.bind(0, '0.0.0.0', bound));
  return socket.address().port;
}
