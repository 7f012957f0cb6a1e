import { startChild, versionOf } from './child.mjs';

export default {
  name: 'wrtc',
  doesNotTell: ['maxRetransmits', 'maxPacketLifeTime'], // 65535 for none
  lacks: {
    'relay only, by TLS': 'libwebrtc trusts the authorities of its ssl_roots.h alone, and wrtc adds none',
  },
  start: () => startChild('wrtc'),
};

/** In the child's process. */
export async function load() {
  const { default: wrtc } = await import('@roamhq/wrtc');
  return { PeerConnection: wrtc.RTCPeerConnection, version: `${versionOf('@roamhq/wrtc')} (libwebrtc)` };
}
