// Debian's coturn, for the scenarios that go through a relay: UDP, TCP and TLS, with a certificate that is verified.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';

const address = '10.99.0.1'; // the namespace's, see ./run
const name = 'turn.interop.test'; // and its name: what the certificate proves
const username = 'parley';
const credential = 'secret';
const patience = 20_000;

/** An authority of our own, and a certificate by it for the server's name. */
function makeCertificates(folder) {
  const at = (name) => join(folder, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Interop', '-days', '2');
  openssl('req', ...key, '-keyout', at('turn.key'), '-out', at('turn.csr'), '-subj', '/CN=turn');
  writeFileSync(at('names'), `subjectAltName=DNS:${name}\n`);
  openssl('x509', '-req', '-in', at('turn.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial',
    '-out', at('turn.pem'), '-days', '2', '-extfile', at('names'));
  const spki = new X509Certificate(readFileSync(at('turn.pem'))).publicKey.export({ type: 'spki', format: 'der' });
  return { ca: at('ca.pem'), pin: createHash('sha256').update(spki).digest('base64') };
}

/** Starts the server; resolves once it can be used. */
export async function startTurn(folder) {
  const { ca, pin } = makeCertificates(folder);
  let output = '';
  const server = spawn('turnserver', [
    '-n', `--listening-ip=${address}`, `--relay-ip=${address}`, '--listening-port=3478', '--tls-listening-port=5349',
    '--fingerprint', '--lt-cred-mech', `--user=${username}:${credential}`, '--realm=interop.test', '--no-cli',
    '--no-rfc5780', `--cert=${join(folder, 'turn.pem')}`, `--pkey=${join(folder, 'turn.key')}`,
    `--db=${join(folder, 'turndb')}`, `--pidfile=${join(folder, 'turn.pid')}`, '--log-file=stdout', '--verbose',
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => { output = (output + text).slice(-20_000); });
  let ended;
  server.on('error', (error) => { ended = error.message; });
  server.on('exit', (code, signal) => { ended = `ended with ${signal ?? code}`; });
  await Promise.all([3478, 5349].map((port) => answers(port, () => ended ?? false)));
  return {
    ca,
    pin,
    /** The W3C's iceServers for one transport: 'UDP', 'TCP' or 'TLS'. */
    server: (transport) => ({
      urls: { UDP: `turn:${address}`, TCP: `turn:${address}?transport=tcp`, TLS: `turns:${name}?transport=tcp` }[transport],
      username,
      credential,
    }),
    log: () => output,
    stop: () => server.kill(),
  };
}

async function answers(port, failed) {
  for (const began = Date.now(); ;) {
    const connected = await new Promise((resolve) => {
      const socket = createConnection({ host: address, port }, () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => resolve(false));
      setTimeout(() => socket.destroy(), 50);
    });
    if (connected) return;
    if (failed() || Date.now() - began > patience) throw new Error(`coturn does not answer: ${failed() || 'too slow'}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
