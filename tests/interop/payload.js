// Messages whose every byte is known, and their comparison; in a browser and in Node.

const alphabet = [...'Parley 0123456789 äöüß Ωλ 日本語 😀 '].map((character) => ({
  character,
  width: new TextEncoder().encode(character).length,
}));

/** A string whose UTF-8 form has `size` bytes, or that many bytes; different for each `seed`. */
export function makePayload(kind, size, seed = 0) {
  return kind === 'text' ? makeText(size, seed) : makeBytes(size, seed);
}

function makeText(size, seed) {
  const parts = [];
  for (let i = seed, left = size; left > 0; ++i) {
    const { character, width } = alphabet[i % alphabet.length];
    parts.push(width <= left ? character : '.');
    left -= width <= left ? width : 1;
  }
  return parts.join('');
}

function makeBytes(size, seed) {
  const bytes = new Uint8Array(size);
  let state = 0x9e3779b9 ^ (seed + 1);
  for (let i = 0; i < size; ++i) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** What differs between a payload and a received message, or nothing. */
export function compare(payload, received) {
  if (typeof payload === 'string' || typeof received === 'string') {
    if (typeof payload !== typeof received) return `sent ${kindOf(payload)}, got ${kindOf(received)}`;
    if (payload === received) return undefined;
    return `text of ${payload.length} characters came back different, with ${received.length}`;
  }
  const bytes = new Uint8Array(received.buffer ?? received, received.byteOffset ?? 0, received.byteLength);
  if (bytes.length !== payload.length) return `${payload.length} bytes came back as ${bytes.length}`;
  const at = payload.findIndex((byte, index) => byte !== bytes[index]);
  return at < 0 ? undefined : `byte ${at} of ${payload.length} differs`;
}

function kindOf(value) {
  return typeof value === 'string' ? 'text' : 'binary';
}

/** A label as it stands in messages: quoted, and short. */
export function label(text) {
  const shown = text.length > 40 ? `${text.slice(0, 40)}… (${text.length} characters)` : text;
  return JSON.stringify(shown);
}
