// A program of the examples as a person in a terminal uses it.
import { spawn } from 'node:child_process';

const patience = 20_000; // as in page.js

export class Terminal {
  #process;
  #output = '';
  #ended;
  #changed = new Set();

  constructor(args, log, program = process.env.PARLEY_PEER) {
    this.#process = spawn(program, args);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (text) => {
        this.#output += text;
        for (const line of String(text).split(/[\r\n]+/)) if (line) log(`terminal: ${line}`);
        this.#wake();
      });
    }
    const end = (how) => {
      this.#ended ??= how;
      log(`the terminal's peer ${how}`);
      this.#wake();
    };
    this.#process.on('error', (error) => end(`could not be started: ${error.message}`));
    this.#process.on('close', (code, signal) => end(`ended with ${signal ?? `exit code ${code}`}`));
    this.#process.stdin.on('error', () => {}); // it ended: 'close' tells
  }

  type(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Waits until the output matches; returns the match. */
  async prints(pattern) {
    await this.#until(`${pattern}`, () => pattern.test(this.#output) || this.#ended);
    const match = pattern.exec(this.#output);
    if (!match) throw new Error(`the terminal's peer ${this.#ended} before it printed ${pattern}:\n${this.#output}`);
    return match;
  }

  async quit() {
    if (!this.#ended) this.type('/quit');
    await this.ends();
  }

  async ends() {
    await this.#until('the end of the process', () => this.#ended);
    if (this.#ended !== 'ended with exit code 0') throw new Error(`the terminal's peer ${this.#ended}`);
  }

  kill() {
    this.#process.kill('SIGKILL');
  }

  #wake() {
    for (const wake of this.#changed) wake();
    this.#changed.clear();
  }

  async #until(what, holds) {
    let timer;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited ${patience / 1000} s for the terminal: ${what}`)), patience);
    });
    try {
      while (!holds()) await Promise.race([tooLate, new Promise((wake) => this.#changed.add(wake))]);
    } finally {
      clearTimeout(timer);
    }
  }
}
