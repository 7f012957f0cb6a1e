import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startBrowser } from './browser.mjs';

export const launchOptions = async (preferences = {}) => ({
  browser: 'firefox',
  protocol: 'webDriverBiDi',
  executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
  headless: true,
  env: { ...process.env, HOME: await mkdtemp(join(process.env.INTEROP_SCRATCH, 'firefox-')) },
  extraPrefsFirefox: preferences,
});

export default {
  name: 'firefox',
  async start() {
    return startBrowser(await launchOptions({ 'media.peerconnection.ice.obfuscate_host_addresses': false }));
  },
};
