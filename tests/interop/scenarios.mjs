// What every stack is tested with. A scenario gets a function that makes a Pair, and throws if anything is wrong. What
// a stack cannot do stands in the `lacks` of its driver, with the reason: by the scenario's name, or "scenario, role".
import { label as nameOf } from './payload.js';

const text = (size) => ({ kind: 'text', size });
const binary = (size) => ({ kind: 'binary', size });
const hello = [text(5), binary(5)];

/** Around the limits that a message can meet: a packet, the 16 and 64 KiB of old stacks, and the negotiated one. */
function sizes(limit) {
  const wanted = [1, 1024, 16384, 65535, 65536, 65537, 262143, 262144];
  return [...new Set([...wanted.filter((size) => size <= limit), Math.min(limit, 262144)])];
}

async function connected(makePair, options) {
  const pair = await makePair(options);
  await pair.createChannel('chat');
  await pair.connect();
  await pair.opened('chat');
  return pair;
}

function assertEqual(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** Both sides must tell the same of a channel as the one that made it asked for. */
function checkChannel(label, { ours, theirs }, init, lacks = []) {
  const wanted = { protocol: '', ordered: true, maxRetransmits: null, maxPacketLifeTime: null, ...init };
  for (const [side, told] of Object.entries({ ours, theirs })) {
    for (const name of ['protocol', 'ordered', 'maxRetransmits', 'maxPacketLifeTime']) {
      if (side === 'theirs' && lacks.includes(name)) continue;
      assertEqual(told[name] ?? null, wanted[name], `${side}: ${name} of channel ${nameOf(label)}`);
    }
  }
}

export const scenarios = {
  'connects, candidates in the descriptions': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', hello);
    await pair.finish();
  },

  'connects, candidates trickled': async ({ makePair }) => {
    const pair = await connected(makePair, { trickle: true });
    await pair.theirs.echo('chat', hello);
    await pair.finish();
  },

  'text of all sizes': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', sizes(pair.maxMessageSize()).map(text));
    await pair.finish();
  },

  'binary of all sizes': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', sizes(pair.maxMessageSize()).map(binary));
    await pair.finish();
  },

  'empty messages': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', [text(0), binary(0), text(1), binary(0), text(0)]);
    await pair.finish();
  },

  'a burst of 4 MB': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', Array(64).fill(binary(65536)));
    await pair.finish();
  },

  'reliability: full, limited, unordered': (context) =>
    reliability(context, {
      ordered: { init: {}, promise: 'in order' },
      unordered: { init: { ordered: false }, promise: 'any order' },
      'no retransmission': { init: { maxRetransmits: 0 }, promise: 'may be lost' },
      'three retransmissions': { init: { maxRetransmits: 3 }, promise: 'may be lost' },
      'half a second': { init: { maxPacketLifeTime: 500 }, promise: 'may be lost' },
    }),

  'reliability: limited and unordered': (context) =>
    reliability(context, {
      'no retransmission': { init: { maxRetransmits: 0, ordered: false }, promise: 'may be lost' },
      'three retransmissions': { init: { maxRetransmits: 3, ordered: false }, promise: 'may be lost' },
      'half a second': { init: { maxPacketLifeTime: 500, ordered: false }, promise: 'may be lost' },
    }),

  'labels and protocols': (context) =>
    labels(context, [['', ''], ['a label with spaces', 'chat.example.v1'], ['long '.repeat(200), 'p'.repeat(1000)]]),

  'labels and protocols beyond ASCII': (context) => labels(context, [['Grüße, 世界 😀', 'prötokoll-日本']]),

  'negotiated channels': async ({ makePair }) => {
    const pair = await makePair();
    const channels = [
      ['five', { negotiated: true, id: 5 }],
      ['forty, unordered', { negotiated: true, id: 40, ordered: false }],
    ];
    for (const [label, init] of channels) {
      await pair.createChannel(label, init, pair.ours);
      await pair.createChannel(label, init, pair.theirs);
    }
    await pair.connect();
    for (const [label, { id }] of channels) {
      const { ours } = await pair.opened(label);
      assertEqual(ours.id, id, `id of channel ${nameOf(label)}`);
      await pair.theirs.echo(label, [text(1024), binary(16384)], 'any order');
    }
    await pair.finish();
  },

  'channels from both sides, early and late': async ({ makePair }) => {
    const pair = await connected(makePair);
    const labels = ['chat'];
    for (let i = 0; i < 4; ++i) {
      await pair.createChannel(`late ${i} of ours`, {}, pair.ours);
      await pair.createChannel(`late ${i} of theirs`, {}, pair.theirs);
      labels.push(`late ${i} of ours`, `late ${i} of theirs`);
    }
    const ids = [];
    for (const label of labels) ids.push((await pair.opened(label)).ours.id);
    assertEqual(new Set(ids).size, labels.length, 'number of different ids');
    await Promise.all(labels.map((label) => pair.theirs.echo(label, [text(1024), binary(16384), binary(65536)])));
    await pair.finish();
  },

  'they close a channel': ({ makePair }) => closeChannel(makePair, 'theirs'),
  'we close a channel': ({ makePair }) => closeChannel(makePair, 'ours'),

  'they close the connection': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', hello);
    await pair.theirs.close();
    await pair.ours.channelClosed('chat', { byAbort: true });
    await pair.finish();
  },

  'we close the connection': async ({ makePair }) => {
    const pair = await connected(makePair);
    await pair.theirs.echo('chat', hello);
    pair.ours.close();
    await pair.theirs.channelClosed('chat');
    await pair.finish();
  },

  'relay only, by UDP': (context) => relayed(context, 'UDP'),
  'relay only, by TCP': (context) => relayed(context, 'TCP'),
  'relay only, by TLS': (context) => relayed(context, 'TLS'),

  'TCP only': async ({ makePair }) => {
    const pair = await connected(makePair, { trickle: true, options: ['--tcp-only'] });
    await pair.theirs.echo('chat', [text(1024), binary(65536)]);
    const { local } = await pair.ours.path();
    assertEqual(local.protocol, 'tcp', 'protocol of our candidate');
    await pair.finish();
  },

  'the offerer restarts ICE': ({ makePair }) => restart(makePair, (pair) => pair.offerer),
  'the answerer restarts ICE': ({ makePair }) => restart(makePair, (pair) => pair.answerer),
};

/** Both sides have one TURN server, and nothing but relay candidates. */
async function relayed({ makePair, turn }, transport) {
  const server = turn.server(transport);
  const options = ['--turn', server.urls, '--user', server.username, '--credential', server.credential,
    '--turn-ca', turn.ca, '--relay-only'];
  const pair = await connected(makePair, { options, configuration: { iceServers: [server], iceTransportPolicy: 'relay' } });
  await pair.theirs.echo('chat', [...hello, text(1024), binary(65536)]);
  for (const { sdp } of [pair.offer, pair.answer]) {
    for (const [, type] of sdp.matchAll(/a=candidate:.* typ (\S+)/g)) assertEqual(type, 'relay', 'type of a candidate');
  }
  const { local, remote } = await pair.ours.path();
  assertEqual(local.candidateType, 'relay', 'type of our candidate');
  assertEqual(local.relayProtocol, transport.toLowerCase(), "transport to our candidate's server");
  assertEqual(remote.candidateType, 'relay', 'type of their candidate');
  await pair.finish();
}

async function reliability({ makePair, driver }, channels) {
  const pair = await makePair();
  for (const [label, { init }] of Object.entries(channels)) await pair.createChannel(label, init);
  await pair.connect();
  for (const [label, { init, promise }] of Object.entries(channels)) {
    checkChannel(label, await pair.opened(label), init, driver.doesNotTell);
    await pair.theirs.echo(label, [1, 1024, 16384].flatMap((size) => [text(size), binary(size)]), promise);
  }
  await pair.finish();
}

async function labels({ makePair, driver }, channels) {
  const pair = await makePair();
  for (const [label, protocol] of channels) await pair.createChannel(label, { protocol });
  await pair.connect();
  for (const [label, protocol] of channels) {
    checkChannel(label, await pair.opened(label), { protocol }, driver.doesNotTell);
    await pair.theirs.echo(label, hello);
  }
  await pair.finish();
}

async function closeChannel(makePair, closer) {
  const pair = await makePair();
  await pair.createChannel('stays');
  await pair.createChannel('goes');
  await pair.connect();
  await pair.opened('stays');
  await pair.opened('goes');
  await pair.theirs.echo('goes', hello);
  await pair[closer].closeChannel('goes');
  await pair.both((peer) => peer.channelClosed('goes'));
  await pair.theirs.echo('stays', hello);
  // The stream is free again, in both directions.
  await pair.createChannel('next');
  await pair.opened('next');
  await pair.theirs.echo('next', hello);
  await pair.finish();
}

async function restart(makePair, whoOf) {
  const pair = await connected(makePair);
  await pair.theirs.echo('chat', hello);
  const ufrags = () => [pair.offer, pair.answer].map(({ sdp }) => /a=ice-ufrag:(\S+)/.exec(sdp)[1]);
  const before = ufrags();
  await pair.negotiate({ restart: true }, whoOf(pair));
  const kept = ufrags().filter((ufrag) => before.includes(ufrag));
  if (kept.length > 0) throw new Error(`the restart kept the ufrag ${kept}`);
  // Until the new pair is selected the old one serves; both must carry data.
  await pair.theirs.echo('chat', [text(1024), binary(65536)]);
  await pair.theirs.usesUfrags(...ufrags());
  await pair.theirs.echo('chat', [text(1024), binary(65536)]);
  await pair.finish();
}
