// The process of a stack that runs in Node: loads it and serves the commands of the test.
import { PeerHost } from '../page.js';

const { load } = await import(`./${process.argv[2]}.mjs`);
const { PeerConnection, configuration, version } = await load();
const host = new PeerHost(PeerConnection, configuration);
process.on('message', async ({ serial, command }) => {
  try {
    process.send({ serial, result: command[0] === 'version' ? { version } : await host.call(...command) });
  } catch (error) {
    process.send({ serial, error: error?.message ?? String(error) });
  }
});
process.on('disconnect', () => process.exit()); // the test is gone
