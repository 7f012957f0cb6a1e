// The page that the example server serves, in a browser as a person has it: with mDNS names for its addresses.
import { launchOptions as chromium } from './chromium.mjs';
import { launchOptions as firefox } from './firefox.mjs';
import { launch } from './browser.mjs';
import { pageScenarios } from '../page_scenarios.mjs';
import { Terminal } from '../terminal.mjs';

const pageIn = (name, options) => ({
  name: `page-${name}`,
  scenarios: pageScenarios,
  async start() {
    const browser = await launch(await options());
    // One program stays in a room of its own and serves the page and the rooms of the tests.
    const server = new Terminal(['--room', 'server'], () => {});
    const url = (await server.prints(/Hosting the signalling server at (\S+)/))[1];
    return {
      version: await browser.version(),
      url,
      newPage: () => browser.newPage(),
      stop: async () => {
        await server.quit();
        await browser.close();
      },
    };
  },
});

export const pageInChromium = pageIn('chromium', chromium);
export const pageInFirefox = pageIn('firefox', firefox);
