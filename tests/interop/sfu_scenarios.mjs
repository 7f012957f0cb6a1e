// A room of the example sfu with two pages of one browser: each must show the other, moving and with sound; what a click
// asks for is seen in the size of what is decoded.
import { Terminal } from './terminal.mjs';
import { program, look } from './media_scenarios.mjs';

const patience = { timeout: 30_000, polling: 100 };

async function open(context) {
  const terminal = new Terminal(['--port', '0'], context.log, program('sfu'));
  const pages = [];
  context.onFailure(async () => {
    const open = pages.filter((one) => !one.isClosed());
    for (const page of open)
      context.log(await page.evaluate(async () => `${document.body.innerText}\n${
        JSON.stringify([...(await pc.getStats()).values()].filter(({ type }) => type.endsWith('bound-rtp')))}`));
    for (const page of open) await page.close();
    terminal.kill();
  });
  const url = (await terminal.prints(/Open (\S+) in a browser/))[1];
  const enter = async () => {
    const page = await context.host.newPage();
    pages.push(page);
    await page.goto(url);
    return page;
  };
  return { terminal, enter };
}

/** Firefox's camera shows one colour that changes. */
const isAlive = ({ frames, deviation, difference, loudness }) =>
  frames > 10 && deviation > 1 && difference > 0.1 && loudness > 0.005;

/** Until `page` decodes moving pictures and sound of `member`. */
async function sees(page, member, log) {
  await page.bringToFront();  // Behind another page nothing begins to play.
  await page.waitForFunction((id) => document.getElementById(id)?.videoWidth > 0, patience, member);
  const until = performance.now() + patience.timeout;
  let seen;
  do {
    await new Promise((later) => setTimeout(later, 250));
    seen = await page.evaluate(look, member);
    if (isAlive(seen)) return log(`${member}: ${JSON.stringify(seen)}`);
  } while (performance.now() < until);
  throw new Error(`${member} is not seen: ${JSON.stringify(seen)}`);
}

/** A click on the button of a layer, once it is there. */
const click = (page, member, rid) => page.waitForFunction((id, name) => {
  const button = [...(seats.get(id)?.buttons.children ?? [])].find((one) => one.textContent === name);
  button?.click();
  return Boolean(button);
}, patience, member, rid);

const isWide = (page, member, width) => page.waitForFunction(
  (id, wanted) => document.getElementById(id).videoWidth === wanted, patience, member, width);

async function layers(context) {
  const { terminal, enter } = await open(context);
  const first = await enter();
  await terminal.prints(/member-1 has come/);
  const second = await enter();
  await terminal.prints(/member-2 has come; 2 in the room/);
  await sees(first, 'member-2', context.log);
  await sees(second, 'member-1', context.log);
  // The camera is 1280 pixels wide; the layers are a quarter and a half of that. (The third is the browser's to leave out.)
  for (const [rid, width] of [['h', 640], ['q', 320], ['h', 640], ['q', 320]]) {
    await click(second, 'member-1', rid);
    await isWide(second, 'member-1', width);
    await sees(second, 'member-1', context.log);
  }
  await terminal.kill();
  await Promise.all([first.close(), second.close()]);
}

async function comings(context) {
  const { terminal, enter } = await open(context);
  const first = await enter();
  await terminal.prints(/member-1 has come/);
  for (const member of ['member-2', 'member-3']) {
    const page = await enter();
    await terminal.prints(new RegExp(`${member} has come; 2 in the room`));
    await sees(first, member, context.log);
    await sees(page, 'member-1', context.log);
    await page.close();
    await terminal.prints(new RegExp(`${member} has gone; 1 in the room`));
    // Its sections are free, and used again by the next.
    await first.waitForFunction((id) => !document.getElementById(id), patience, member);
  }
  const sections = await first.evaluate(() => pc.localDescription.sdp.match(/^m=/gm).length);
  if (sections !== 4) throw new Error(`there are ${sections} sections for two senders and two receivers`);
  await terminal.kill();
  await first.close();
}

export const sfuScenarios = {
  'a room: simulcast, or who comes and goes': (context) => (context.role === 'ours' ? comings(context) : layers(context)),
};
