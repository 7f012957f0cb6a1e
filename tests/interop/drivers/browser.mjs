// What both browsers need: a page on http://localhost that runs page.js, commanded through puppeteer.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import puppeteer from 'puppeteer-core';

const html = `<!doctype html><meta charset="utf-8"><title>Parley interop</title><script type="module">
import { PeerHost } from './page.js';
window.host = new PeerHost(RTCPeerConnection);
</script>`;

export const launch = (options) => puppeteer.launch(options);

/** Starts the browser with one page; all scenarios use it. */
export async function startBrowser(options) {
  const server = await servePage();
  const browser = await launch(options);
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.waitForFunction(() => window.host !== undefined);
  return {
    version: await browser.version(),
    call: (...command) => page.evaluate((args) => window.host.call(...args), command),
    stop: async () => {
      await browser.close();
      server.close();
    },
  };
}

async function servePage() {
  const server = createServer(async (request, response) => {
    if (request.url === '/') return response.setHeader('Content-Type', 'text/html').end(html);
    if (!['/page.js', '/payload.js'].includes(request.url)) return response.writeHead(404).end();
    const script = await readFile(new URL(`..${request.url}`, import.meta.url));
    return response.setHeader('Content-Type', 'text/javascript').end(script);
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return server;
}
