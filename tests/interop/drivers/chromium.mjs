import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startBrowser } from './browser.mjs';

export const launchOptions = async (...more) => ({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  ignoreDefaultArgs: true,
  pipe: true,
  args: [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
    '--disable-extensions', '--disable-renderer-backgrounding', '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows', '--remote-debugging-pipe',
    `--user-data-dir=${await mkdtemp(join(process.env.INTEROP_SCRATCH, 'chromium-'))}`, ...more,
  ],
});

export default {
  name: 'chromium',
  async start({ turn }) {
    // Plain addresses; the page of the example server is tested with the mDNS names that a browser has by default.
    return startBrowser(await launchOptions('--disable-features=WebRtcHideLocalIpsWithMdns',
      `--ignore-certificate-errors-spki-list=${turn.pin}`));
  },
};
