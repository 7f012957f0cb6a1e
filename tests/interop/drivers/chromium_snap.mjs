// Chromium with draft-hancke-tsvwg-snap: the descriptions carry SCTP's INITs, and there is no handshake. usrsctp cannot do
// that.
import { startBrowser } from './browser.mjs';
import { launchOptions } from './chromium.mjs';

const sizes = [1, 1024, 65536, 262144];

export default {
  name: 'chromium_snap',
  async start() {
    const host = await startBrowser(
      await launchOptions('--disable-features=WebRtcHideLocalIpsWithMdns', '--enable-features=WebRtcSctpSnap'),
    );
    return { ...host, agentOptions: ['--snap'] };
  },
  scenarios: {
    'SCTP without a handshake': async ({ makePair }) => {
      const pair = await makePair();
      await pair.createChannel('chat');
      await pair.connect();
      await pair.opened('chat');
      for (const [what, { sdp }] of Object.entries({ offer: pair.offer, answer: pair.answer })) {
        if (!/a=sctp-init:AQAA/.test(sdp)) throw new Error(`no a=sctp-init in the ${what}`);
      }
      await pair.theirs.echo('chat', sizes.map((size) => ({ kind: 'binary', size })));
      await pair.finish();
    },
  },
};
