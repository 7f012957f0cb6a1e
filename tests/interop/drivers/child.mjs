// The stacks that run in Node, each in a process of its own (child_main.mjs): a crash of native code fails its cells
// and nothing else.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `environment`: more of it. */
export async function startChild(name, environment = {}) {
  const program = fileURLToPath(new URL('child_main.mjs', import.meta.url));
  const child = fork(program, [name], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => { output = (output + text).slice(-4000); });
  }
  const pending = new Map();
  let serial = 0;
  let ended;
  const call = (...command) => new Promise((resolve, reject) => {
    if (ended) return reject(ended);
    pending.set(++serial, { resolve, reject });
    return child.send({ serial, command });
  });
  child.on('message', ({ serial: of, result, error }) => {
    const waiting = pending.get(of);
    pending.delete(of);
    if (error) waiting.reject(new Error(error));
    else waiting.resolve(result);
  });
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => {
    ended = new Error(`the process of ${name} ended (${signal ?? `exit code ${code}`})\n${output}`);
    for (const { reject } of pending.values()) reject(ended);
    resolve();
  }));
  const { version } = await call('version');
  return {
    version,
    call,
    stop: async () => {
      child.kill('SIGKILL'); // native stacks differ in how, and whether, they end
      await exited;
    },
  };
}

/** Name and version of an installed package. */
export function versionOf(name) {
  const description = readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url));
  return `${name} ${JSON.parse(description).version}`;
}
