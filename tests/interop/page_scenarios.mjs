// A person at the web page of the example server, another one at a terminal.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Terminal } from './terminal.mjs';

const patience = { timeout: 20_000 }; // as in page.js
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
let serial = 0;

function assertSameHash(hash, bytes, where) {
  if (hash !== sha256(bytes)) throw new Error(`${where} has a file with SHA-256 ${hash}, not ${sha256(bytes)}`);
}

/** Waits until the page's log shows the text. */
async function shows(page, text) {
  const isShown = (wanted) => document.getElementById('log').innerText.includes(wanted);
  await page.waitForFunction(isShown, patience, text).catch(async (error) => {
    const log = await page.$eval('#log', (element) => element.innerText);
    throw new Error(`the page does not show '${text}' (${error.message}) but:\n${log}`);
  });
}

/** Both in one room, connected; the second to come offers. */
async function meet({ host, role, log, onFailure }, options = []) {
  const room = `room-${++serial}`;
  const folder = await mkdtemp(join(process.env.INTEROP_SCRATCH, 'files-'));
  const page = await host.newPage();
  onFailure(async () => {
    log(`page: ${await page.$eval('#log', (element) => element.innerText)}`);
    await page.close();
  });
  const openPage = () => page.goto(`${host.url}?room=${room}`);
  const openTerminal = () => {
    const terminal = new Terminal(['--room', room, '--into', folder, ...options], log);
    onFailure(() => terminal.kill());
    return terminal;
  };
  let terminal;
  if (role === 'theirs') {
    terminal = openTerminal();
    await terminal.prints(/Waiting in room/);
    await openPage();
  } else {
    await openPage();
    await shows(page, 'Waiting in room');
    terminal = openTerminal();
  }
  await Promise.all([terminal.prints(/Connected/), shows(page, 'Connected.')]);
  return { page, terminal, folder };
}

export const pageScenarios = {
  'chat with the web page': async (context) => {
    const { page, terminal } = await meet(context);
    terminal.type('Grüße from the terminal 😀');
    await shows(page, '< Grüße from the terminal 😀');
    await page.type('#line', 'Grüße from the page 😀');
    await page.keyboard.press('Enter');
    await terminal.prints(/< Grüße from the page 😀/);
    await terminal.quit();
    await shows(page, 'The other peer has left.');
    await page.close();
  },

  'both hide their addresses behind mDNS names': async (context) => {
    const { page, terminal } = await meet(context, ['--hide-addresses']);
    await terminal.prints(/^path: host /m);
    terminal.type('hello');
    await shows(page, '< hello');
    await terminal.quit();
    await page.close();
  },

  'the web page closes': async (context) => {
    const { page, terminal } = await meet(context);
    await page.close();
    await terminal.prints(/The other peer has left/);
    await terminal.ends();
  },

  'a file to the web page': async (context) => {
    const { page, terminal, folder } = await meet(context);
    const bytes = randomBytes(3_000_001);
    await writeFile(join(folder, 'to the page.bin'), bytes);
    terminal.type(`/send ${join(folder, 'to the page.bin')}`);
    await shows(page, `received to the page.bin, ${bytes.length} bytes`);
    await terminal.prints(new RegExp(`sent to the page.bin.*${sha256(bytes)}`));
    const saved = await page.$eval('#log a', async (link) => {
      const digest = await crypto.subtle.digest('SHA-256', await (await fetch(link.href)).arrayBuffer());
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    });
    assertSameHash(saved, bytes, "the page's link");
    await terminal.quit();
    await page.close();
  },

  'a file from the web page': async (context) => {
    const { page, terminal, folder } = await meet(context);
    const bytes = randomBytes(3_000_001);
    const original = join(await mkdtemp(join(process.env.INTEROP_SCRATCH, 'files-')), 'from the page.bin');
    await writeFile(original, bytes);
    await (await page.$('#file')).uploadFile(original);
    await terminal.prints(/received .*from the page.bin/);
    await shows(page, `SHA-256 ${sha256(bytes)} confirmed`);
    assertSameHash(sha256(await readFile(join(folder, 'from the page.bin'))), bytes, "the terminal's folder");
    await terminal.quit();
    await page.close();
  },
};
