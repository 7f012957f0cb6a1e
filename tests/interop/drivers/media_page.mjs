// The pages of the examples play, record and sfu, and one that calls the agent, in a browser with a camera and a microphone that are made up.
import { launchOptions as chromium } from './chromium.mjs';
import { launchOptions as firefox } from './firefox.mjs';
import { launch } from './browser.mjs';
import { ccfbScenarios, loopScenarios } from '../loop_scenarios.mjs';
import { mediaScenarios } from '../media_scenarios.mjs';
import { sfuScenarios } from '../sfu_scenarios.mjs';

const scenarios = { ...mediaScenarios, ...loopScenarios, ...sfuScenarios };

const mediaIn = (name, options, lacks, own = scenarios) => ({
  name: `media-${name}`,
  scenarios: own,
  lacks,
  async start() {
    const browser = await launch(await options());
    return {
      version: await browser.version(),
      newPage: () => browser.newPage(),
      stop: () => browser.close(),
    };
  },
});

const chromiumWithDevices = (...more) => chromium('--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', ...more);
export const mediaInChromium = mediaIn('chromium', () => chromiumWithDevices(), {});
export const mediaInChromiumCcfb = mediaIn('chromium-ccfb', () => chromiumWithDevices(
  '--force-fieldtrials=WebRTC-RFC8888CongestionControlFeedback/Enabled,offer:true/'), {}, ccfbScenarios);
export const mediaInFirefox = mediaIn('firefox', () => firefox({
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
}), { 'H.264 and Opus': 'Debian\'s Firefox has no H.264 for calls' });
