import { startChild, versionOf } from './child.mjs';

export default {
  name: 'node-datachannel',
  doesNotTell: ['ordered', 'maxRetransmits', 'maxPacketLifeTime'], // of the channels that the other side made
  lacks: {
    'relay only, by TCP': 'libjuice has TURN over UDP only (libdatachannel, issue 1484)',
    'relay only, by TLS': 'libjuice has TURN over UDP only (libdatachannel, issue 1484)',
    'TCP only': 'libjuice has no ICE-TCP (enableIceTcp is for libnice)',
    'the offerer restarts ICE': 'libdatachannel has no ICE restart',
    'the answerer restarts ICE': 'libdatachannel has no ICE restart',
  },
  start: () => startChild('node_datachannel'),
};

/** In the child's process. */
export async function load() {
  const { RTCPeerConnection } = await import('node-datachannel/polyfill');
  return { PeerConnection: RTCPeerConnection, version: `${versionOf('node-datachannel')} (libdatachannel)` };
}
