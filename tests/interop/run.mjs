// Runs the scenarios with each stack in both roles and prints the table. Started by ./run, inside of its namespace.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mediaInChromium, mediaInChromiumCcfb, mediaInFirefox } from './drivers/media_page.mjs';
import { pageInChromium, pageInFirefox } from './drivers/web_page.mjs';
import { Pair } from './pair.mjs';
import { scenarios } from './scenarios.mjs';
import { startTurn } from './turn.mjs';

// A driver starts a stack; it has the scenarios that all stacks are tested with, or its own.
const drivers = [];
for (const name of ['chromium', 'chromium_snap', 'firefox', 'wrtc', 'node_datachannel', 'werift']) {
  drivers.push((await import(`./drivers/${name}.mjs`)).default);
}
drivers.push(pageInChromium, pageInFirefox, mediaInChromium, mediaInChromiumCcfb, mediaInFirefox);
const roles = { theirs: 'they offer', ours: 'we offer' };
const cellLimit = 60_000; // milliseconds; each wait inside has a shorter limit and says more when it fails

const { values: options } = parseArgs({
  options: {
    peer: { type: 'string', multiple: true },
    role: { type: 'string' },
    scenario: { type: 'string', multiple: true },
    list: { type: 'boolean' },
  },
});

const scenariosOf = (driver) => driver.scenarios ?? scenarios;

/** What the arguments ask for. */
function choose() {
  for (const name of options.peer ?? []) {
    if (drivers.some((driver) => driver.name === name)) continue;
    console.error(`tests/interop/run: there is no peer '${name}'; --list shows what there is`);
    process.exit(2);
  }
  const wanted = (name) => !options.scenario || options.scenario.some((part) => name.includes(part));
  const selection = {
    drivers: drivers.filter(({ name }) => !options.peer || options.peer.includes(name)),
    roles: Object.keys(roles).filter((role) => !options.role || role === options.role),
  };
  selection.scenariosOf = (driver) => Object.keys(scenariosOf(driver)).filter(wanted);
  selection.drivers = selection.drivers.filter((driver) => selection.scenariosOf(driver).length > 0);
  if (selection.drivers.length === 0 || selection.roles.length === 0) {
    console.error('tests/interop/run: there is no such cell; --list shows what there is');
    process.exit(2);
  }
  return selection;
}

/** One cell of the table: {result: 'passed' | 'FAILED' | 'lacking', ms, error, log}. */
async function runCell(driver, host, role, name, turn) {
  const lines = [];
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const log = (line) => lines.push(`${elapsed().toFixed(0).padStart(6)} ${line}`);
  const undo = [];
  const onFailure = (action) => undo.push(action);
  const makePair = async (pairOptions) => {
    const pair = new Pair({ host, role, log, ...pairOptions });
    onFailure(() => pair.abandon());
    return pair;
  };
  let timer;
  try {
    await Promise.race([
      scenariosOf(driver)[name]({ driver, host, role, log, makePair, onFailure, turn }),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took longer than ${cellLimit / 1000} s`)), cellLimit);
      }),
    ]);
    return { result: 'passed', ms: elapsed(), log: writeLog(driver, role, name, lines) };
  } catch (error) {
    log(`FAILED: ${error.stack}`);
    for (const action of undo) await Promise.resolve().then(action).catch((e) => log(`cleaning up: ${e.message}`));
    return { result: 'FAILED', ms: elapsed(), error, log: writeLog(driver, role, name, lines) };
  } finally {
    clearTimeout(timer);
  }
}

function writeLog(driver, role, name, lines) {
  const folder = join(process.env.INTEROP_LOGS, driver.name);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${roles[role]}, ${name}.log`.replaceAll(' ', '-'));
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** All cells of one stack. */
async function runDriver(driver, selection, turn) {
  const cells = [];
  const add = (role, scenario, cell) => {
    cells.push({ driver: driver.name, role, scenario, ...cell });
    const time = cell.ms === undefined ? '' : ` (${(cell.ms / 1000).toFixed(2)} s)`;
    console.log(`${cell.result.padEnd(7)} ${driver.name}, ${roles[role]}: ${scenario}${time}`);
    if (cell.error) console.log(`        ${cell.error.message}\n        ${cell.log ?? ''}`);
  };
  const each = async (action) => {
    for (const role of selection.roles) {
      for (const scenario of selection.scenariosOf(driver)) await action(role, scenario);
    }
  };
  let host;
  try {
    host = await driver.start({ turn });
  } catch (error) {
    console.log(`${driver.name} could not be started: ${error.message}`);
    await each((role, scenario) => add(role, scenario, { result: 'FAILED' }));
    return cells;
  }
  console.log(`== ${driver.name}: ${host.version}`);
  await each(async (role, scenario) => {
    const lacking = driver.lacks?.[scenario] ?? driver.lacks?.[`${scenario}, ${roles[role]}`];
    add(role, scenario, lacking ? { result: 'lacking', reason: lacking } : await runCell(driver, host, role, scenario, turn));
  });
  await host.stop();
  return cells;
}

/** A table for each set of scenarios. */
function printTables(cells, selection) {
  console.log('\nSeconds that it took; FAILED; - where the other stack lacks what it takes.');
  for (const set of new Set(selection.drivers.map(scenariosOf))) {
    printTable(cells, selection, selection.drivers.filter((driver) => scenariosOf(driver) === set));
  }
  const lacking = cells.filter(({ result }) => result === 'lacking');
  const reasons = lacking.map(({ driver, scenario, reason }) => `${driver}: ${scenario}: ${reason}`);
  for (const reason of new Set(reasons)) console.log(reason);
}

function printTable(cells, selection, ofDrivers) {
  const names = selection.scenariosOf(ofDrivers[0]);
  const columns = ofDrivers.flatMap(({ name }) => selection.roles.map((role) => ({ driver: name, role })));
  const width = Math.max(...names.map((name) => name.length));
  const widthOf = ({ driver, role }) => Math.max(driver.length, roles[role].length);
  const row = (title, text) => {
    console.log([title.padEnd(width), ...columns.map((c) => text(c).padEnd(widthOf(c)))].join('  ').trimEnd());
  };
  console.log();
  row('', ({ driver }) => driver);
  row('', ({ role }) => roles[role]);
  for (const scenario of names) {
    row(scenario, ({ driver, role }) => {
      const cell = cells.find((c) => c.driver === driver && c.role === role && c.scenario === scenario);
      return { passed: (cell.ms / 1000).toFixed(2), lacking: '-', FAILED: 'FAILED' }[cell.result];
    });
  }
  console.log();
}

if (options.list) {
  console.log('roles: theirs (they offer), ours (we offer)');
  for (const driver of drivers) {
    console.log(`${driver.name}:`);
    for (const name of Object.keys(scenariosOf(driver))) console.log(`  ${name}`);
  }
  process.exit(0);
}
const selection = choose();
const began = performance.now();
const cells = [];
const turn = await startTurn(process.env.INTEROP_SCRATCH);
for (const driver of selection.drivers) cells.push(...await runDriver(driver, selection, turn));
turn.stop();
writeFileSync(join(process.env.INTEROP_LOGS, 'coturn.log'), turn.log());
printTables(cells, selection);
const failed = cells.filter(({ result }) => result === 'FAILED').length;
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(`All of it took ${seconds} s; the logs are in ${process.env.INTEROP_LOGS}`);
console.log(`${cells.filter(({ result }) => result === 'passed').length} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
