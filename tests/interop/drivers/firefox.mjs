import { execFileSync } from 'node:child_process';
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

/** A profile that trusts the authority of the TURN server. */
async function profileThatTrusts(ca) {
  const folder = await mkdtemp(join(process.env.INTEROP_SCRATCH, 'profile-'));
  const certutil = (...args) => execFileSync('certutil', args, { stdio: 'pipe' });
  certutil('-N', '-d', `sql:${folder}`, '--empty-password');
  certutil('-A', '-d', `sql:${folder}`, '-n', 'interop', '-t', 'C,,', '-i', ca);
  return folder;
}

export default {
  name: 'firefox',
  async start({ turn }) {
    const options = await launchOptions({ 'media.peerconnection.ice.obfuscate_host_addresses': false });
    return startBrowser({ ...options, userDataDir: await profileThatTrusts(turn.ca) });
  },
};
