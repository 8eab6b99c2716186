// SPDX-License-Identifier: Apache-2.0
/**
 * A second verifier for what Legation signs, written from docs/spec alone.
 *
 * It shares no code and no language with the program, so that an auditor need not trust the program
 * to check the program. It needs nothing but WebCrypto (SHA-256, Ed25519, and ML-DSA-44 where there
 * is one), runs in browsers and in Node, asks nothing of any network and keeps nothing.
 *
 *     const card = await readCard(cardBytes);           // compare card.words by another way first
 *     const view = await verifyView(viewBytes, [card]);
 *     for (const each of shown(view, ["en"])) console.log(each.code, each.portion.text);
 *
 * What is exported: readCard, verifyChain, verifyView, shown, verifyWithdrawal, withdrawalsOf, verifyDestruction, verifyCheckpoint,
 * verifyReceipt, verifyNote, verifyProof, verifyGrowth, forksAmong, verifyPayload, readEntry, verifyStatement, verifySuccession,
 * verifyAttachment, abilities, visible, VerifyError. Each checking function returns a frozen value that says what was checked (`checked`) and what was
 * not (`notChecked`), or throws a VerifyError. None returns a boolean: a caller who forgets to look cannot be fooled.
 *
 * The order of the file: errors; bytes and hashes; canonical JSON; shapes; signatures; cards; items; withdrawals;
 * certificates of destruction; text for people; notes; proofs; statements; attachments; words. The sentence of docs/spec that a check enforces
 * stands above it.
 */

// ---------------------------------------------------------------------------------------------------
// Errors

/**
 * Something does not hold.
 *
 * `family` says what: `malformed` (the bytes are not what they claim to be), `proof` (a hash does not
 * lead where it must), `signature` (a signature does not hold, or its key is not one of the cards given),
 * `origin` (a checkpoint of another stream), `equivocation` and `refused` (see verifySuccession), `unsupported` (this browser cannot check it; nothing is
 * known). `step` is the step of "Verifying" in docs/spec/view.md, of a view, or in docs/spec/withdrawal.md. No message
 * holds content.
 */
export class VerifyError extends Error {
  constructor(family, message, step = undefined) {
    super(message);
    this.name = "VerifyError";
    this.family = family;
    this.step = step;
  }
}

function refuse(family, message, step) {
  throw new VerifyError(family, message, step);
}

/** Refuse as malformed unless it holds. */
function demand(holds, message, step = 1) {
  if (!holds) refuse("malformed", message, step);
}

// ---------------------------------------------------------------------------------------------------
// Bytes and hashes

const utf8 = new TextEncoder();
const INTEGER_MAX = Number.MAX_SAFE_INTEGER; // 2^53-1: what JSON holds exactly
const TIME_MAX = 253_402_300_799; // the end of the year 9999

function asBytes(given) {
  if (given instanceof Uint8Array) return given;
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  throw new TypeError("expected a Uint8Array or an ArrayBuffer");
}

function join(...parts) {
  const pieces = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Write a number below 2^53 in so many bytes, most significant first. */
function bigEndian(number, size) {
  const bytes = new Uint8Array(size);
  for (let at = size - 1, rest = number; at >= 0; at -= 1, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

function littleEndian(bytes) {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) number = (number << 8n) | BigInt(bytes[at]);
  return number;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Order of raw bytes: below 0, 0, or above 0. */
function compareBytes(left, right) {
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at += 1) if (left[at] !== right[at]) return left[at] - right[at];
  return left.length - right.length;
}

/** Order of code points, which is not that of JavaScript's own UTF-16 halves. */
function compareText(left, right) {
  return compareBytes(utf8.encode(left), utf8.encode(right)); // UTF-8 keeps the order of code points
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_VALUE = new Map(Array.from(BASE64, (character, value) => [character, value]));

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const given = Math.min(3, bytes.length - at);
    for (let place = 0; place < 4; place += 1) text += place > given ? "=" : BASE64[(word >> (18 - 6 * place)) & 63];
  }
  return text;
}

/** Read base64 (RFC 4648, section 4) in its one spelling: padded, and with loose bits zero. */
function fromBase64(text) {
  demand(typeof text === "string" && text.length % 4 === 0, "base64 is of a wrong length");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < text.length - padding; index += 1) {
    const value = BASE64_VALUE.get(text[index]);
    demand(value !== undefined, "base64 has another character");
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      at += 1;
    }
  }
  demand((held & ((1 << bits) - 1)) === 0, "base64 has loose bits");
  return bytes;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Root over leaf hashes (RFC 9162, section 2.1.1); the last node of a level that has no sibling rises as it is. */
async function rootOf(leaves) {
  if (leaves.length === 0) return sha256();
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at + 1 < level.length; at += 2) above.push(await sha256(NODE, level[at], level[at + 1]));
    if (level.length % 2 === 1) above.push(level[level.length - 1]);
    level = above;
  }
  return level[0];
}

/**
 * Root to which an inclusion proof leads; the step numbers are those of RFC 9162, section 2.1.3.2.
 *
 * Numbers up to 2^53: division instead of shifts, which have 32 bits in JavaScript.
 */
async function rootFromProof(leaf, index, size, hashes) {
  // 1. The entry lies inside the tree.
  if (index >= size) refuse("proof", "the entry is not below the checkpoint");
  // 2. and 3. Walk up the path of the leaf and the right border at once.
  let here = index;
  let last = size - 1;
  let found = leaf;
  for (const sibling of hashes) {
    // 4a. The border is reached before the proof is used up.
    if (last === 0) refuse("proof", "the proof is too long");
    // 4b. A right child, or the lone last node of its level.
    if (here % 2 === 1 || here === last) {
      found = await sha256(NODE, sibling, found);
      while (here % 2 === 0 && here !== 0) {
        here /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      found = await sha256(NODE, found, sibling);
    }
    // 4c. One level up.
    here = Math.floor(here / 2);
    last = Math.floor(last / 2);
  }
  // 5. The border is reached exactly.
  if (last !== 0) refuse("proof", "the proof is too short");
  return found;
}

// SHAKE-256 (FIPS 202), for paragraph codes only: WebCrypto has none. Lanes are 64-bit integers.
const LANE = (1n << 64n) - 1n;
const RATE = 136; // bytes that are taken in and given out at once

function turn(lane, by) {
  return ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & LANE;
}

/** The constants of the 24 rounds, and how far and whereto lanes are turned: from FIPS 202, section 3.2. */
const KECCAK = (() => {
  const rounds = [];
  let register = 1;
  for (let round = 0; round < 24; round += 1) {
    let constant = 0n;
    for (let bit = 0; bit < 7; bit += 1) {
      if (register & 1) constant |= 1n << ((1n << BigInt(bit)) - 1n);
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
    rounds.push(constant);
  }
  const moves = []; // rho and pi together: from, to, by
  for (let step = 0, x = 1, y = 0; step < 24; step += 1) {
    const [nextX, nextY] = [y, (2 * x + 3 * y) % 5];
    moves.push({ from: x + 5 * y, to: nextX + 5 * nextY, by: (((step + 1) * (step + 2)) / 2) % 64 });
    [x, y] = [nextX, nextY];
  }
  return { rounds, moves };
})();

function permute(state) {
  for (const constant of KECCAK.rounds) {
    // theta
    const columns = [0, 1, 2, 3, 4].map((x) => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
    for (let lane = 0; lane < 25; lane += 1) state[lane] ^= columns[(lane + 4) % 5] ^ turn(columns[(lane + 1) % 5], 1);
    // rho and pi
    const moved = state.slice();
    for (const { from, to, by } of KECCAK.moves) moved[to] = turn(state[from], by);
    // chi
    for (let lane = 0; lane < 25; lane += 1) {
      const row = lane - (lane % 5);
      state[lane] = moved[lane] ^ (~moved[row + ((lane + 1) % 5)] & LANE & moved[row + ((lane + 2) % 5)]);
    }
    // iota
    state[0] ^= constant;
  }
}

function shake256(message, size) {
  const padded = new Uint8Array(Math.ceil((message.length + 1) / RATE) * RATE);
  padded.set(message);
  padded[message.length] = 0x1f;
  padded[padded.length - 1] |= 0x80;
  const state = new Array(25).fill(0n);
  for (let block = 0; block < padded.length; block += RATE) {
    for (let lane = 0; lane < RATE / 8; lane += 1) {
      state[lane] ^= littleEndian(padded.subarray(block + 8 * lane, block + 8 * lane + 8));
    }
    permute(state);
  }
  const out = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) {
    if (at > 0 && at % RATE === 0) permute(state);
    const within = at % RATE;
    out[at] = Number((state[Math.floor(within / 8)] >> BigInt(8 * (within % 8))) & 0xffn);
  }
  return out;
}

// ---------------------------------------------------------------------------------------------------
// Canonical JSON

/*
 * "Everything is encoded as RFC 8785 JSON, restricted: objects with ASCII keys, arrays, strings, booleans,
 * and integers from 0 to 2^53-1. No floats, no null." (docs/spec/item.md, Conventions)
 *
 * This reader takes the one canonical spelling and no other, so that nothing needs to be encoded again:
 * the canonical bytes of an object are those between its braces, which `spelling` gives.
 */

const DEPTH_MAX = 16; // the deepest of these formats has 7
const SPANS = new WeakMap();
const ESCAPED = new Map([['"', '"'], ["\\", "\\"], ["b", "\b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"]]);
// A control character that has no short escape is written \u00xx, in small letters.
const LONG_ESCAPE = /^u00(?:0[0-7bef]|1[0-9a-f])$/;
const NUMBER = /(?:0|[1-9][0-9]*)/y;

class CanonicalReader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  whole() {
    const value = this.value(0);
    demand(this.at === this.text.length, "there is something behind the end");
    return value;
  }

  value(depth) {
    demand(depth <= DEPTH_MAX, "nested too deep");
    switch (this.text[this.at]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.array(depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      default:
        return this.number();
    }
  }

  object(depth) {
    const from = this.at;
    const fields = Object.create(null); // no field of ours is ever inherited
    let before;
    this.at += 1;
    while (this.text[this.at] !== "}") {
      if (before !== undefined) this.skip(",");
      demand(this.text[this.at] === '"', "expected a field");
      const name = this.string();
      // Ascending and therefore never twice. ASCII, for which every order is the same.
      demand(/^[\x20-\x7e]*$/.test(name), "the name of a field is not ASCII");
      demand(before === undefined || before < name, "fields are not in order, or one is there twice");
      this.skip(":");
      fields[name] = this.value(depth + 1);
      before = name;
    }
    this.at += 1;
    SPANS.set(fields, { text: this.text, from, to: this.at });
    return fields;
  }

  array(depth) {
    const values = [];
    this.at += 1;
    while (this.text[this.at] !== "]") {
      if (values.length > 0) this.skip(",");
      values.push(this.value(depth + 1));
    }
    this.at += 1;
    return values;
  }

  string() {
    const pieces = [];
    let from = this.at + 1;
    for (let at = from; ; at += 1) {
      const code = this.text.charCodeAt(at); // NaN behind the end
      demand(code >= 0x20, "a string does not end, or holds a control character");
      if (code === 0x22) {
        pieces.push(this.text.slice(from, at));
        this.at = at + 1;
        return pieces.join("");
      }
      if (code === 0x5c) {
        pieces.push(this.text.slice(from, at));
        const short = ESCAPED.get(this.text[at + 1]);
        const long = this.text.slice(at + 1, at + 6);
        demand(short !== undefined || LONG_ESCAPE.test(long), "a character is escaped in another way");
        pieces.push(short ?? String.fromCharCode(parseInt(long.slice(3), 16)));
        at += short === undefined ? 5 : 1;
        from = at + 1;
      }
    }
  }

  number() {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    demand(digits !== undefined && digits.length <= 16, "expected a value");
    const number = Number(digits);
    demand(number <= INTEGER_MAX, "an integer is too large");
    this.at += digits.length;
    return number;
  }

  word(spelt, value) {
    demand(this.text.startsWith(spelt, this.at), "expected a value");
    this.at += spelt.length;
    return value;
  }

  skip(character) {
    demand(this.text[this.at] === character, "not canonical JSON");
    this.at += 1;
  }
}

/** Decode UTF-8, and nothing that is not UTF-8; a byte order mark is a character like others. */
function decodeUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("malformed", "not UTF-8", 1);
  }
}

function parse(bytes, sizeMax) {
  demand(bytes.length <= sizeMax, `longer than ${sizeMax} bytes`);
  return new CanonicalReader(decodeUtf8(bytes)).whole();
}

/** The canonical bytes of an object that `parse` read. */
function spelling(object) {
  const { text, from, to } = SPANS.get(object);
  return utf8.encode(text.slice(from, to));
}

// ---------------------------------------------------------------------------------------------------
// Shapes: each reader takes a value and returns it read, or refuses

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Read an object with all of `required`, any of `optional`, and nothing else. */
function fields(value, required, optional = {}) {
  demand(isObject(value), "expected an object");
  for (const name of Object.keys(value)) {
    demand(Object.hasOwn(required, name) || Object.hasOwn(optional, name), "a field is not known");
  }
  const read = {};
  for (const [name, reader] of Object.entries({ ...required, ...optional })) {
    if (Object.hasOwn(value, name)) read[name] = reader(value[name]);
    else demand(!Object.hasOwn(required, name), `the field ${name} is missing`);
  }
  return read;
}

const integer = (min, max) => (value) => {
  demand(Number.isInteger(value) && value >= min && value <= max, "expected an integer within its limits");
  return value;
};

/** Bytes stay base64 in what is returned: it has one spelling, and compares and prints. */
const bytesOf = (size) => (value) => {
  demand(fromBase64(value).length === size, `expected ${size} bytes in base64`);
  return value;
};

function anyBytes(value) {
  fromBase64(value);
  return value;
}

const oneOf = (words) => (value) => {
  demand(words.includes(value), "a word is not known");
  return value;
};

const list = (reader, min, max) => (value) => {
  demand(Array.isArray(value) && value.length >= min && value.length <= max, "expected an array within its limits");
  return value.map(reader);
};

/** `false` is the default, and a field that has its default is absent. */
function yes(value) {
  demand(value === true, "expected true");
  return value;
}

function characters(text) {
  let count = 0;
  for (const _ of text) count += 1; // by code points: neither bytes nor halves of UTF-16
  return count;
}

/**
 * Read text, of at most so many characters.
 *
 * "Text is not empty, has no space around it, and no control characters but line feed and tab (C0, C1,
 * U+2028, U+2029)." DEL counts among the controls.
 */
const textOf = (max, forbidden) => (value) => {
  demand(typeof value === "string" && value.length > 0, "expected text");
  demand(!forbidden.test(value), "a text holds a control character");
  demand(!/^\p{White_Space}|\p{White_Space}$/u.test(value), "a text has space around it");
  demand(value.length <= max || characters(value) <= max, `a text is longer than ${max} characters`);
  return value;
};

const TEXT_MAX = 100_000;
const LINE_MAX = 1_000;
const NAME_MAX = 256;
const text = textOf(TEXT_MAX, /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
const line = textOf(LINE_MAX, /[\0-\x1f\x7f-\x9f\u2028\u2029]/);

/**
 * Read a name in a label.
 *
 * "A name in a label is in NFC, has no space around it, and no character of the categories Cc, Cf, Co, Cn, Zl and
 * Zp." What Unicode assigned later than this browser knows is Cn here, and refused.
 */
const nameText = textOf(NAME_MAX, /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u);

function nameInLabel(value) {
  nameText(value);
  demand(value.normalize("NFC") === value, "a name is not in NFC");
  return value;
}

// "A party code, for its capital; or party code, @, code of the party where the mission is, and not the same
// code. A code is 2 to 16 of A-Z, 0-9 and -, with a letter first." (docs/spec/card.md, Format)
const OFFICE = /^([A-Z][A-Z0-9-]{1,15})(?:@(?!\1$)([A-Z][A-Z0-9-]{1,15}))?$/;

function office(value) {
  demand(typeof value === "string" && OFFICE.test(value), "expected an office");
  return value;
}

const OBJECT_IDENTIFIER = /^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*$/;

function objectIdentifier(value) {
  demand(
    typeof value === "string" && value.length <= NAME_MAX && OBJECT_IDENTIFIER.test(value),
    "expected an object identifier",
  );
  return value;
}

function policy(value) {
  return fields(value, { digest: bytesOf(32), id: objectIdentifier, version: integer(0, INTEGER_MAX) });
}

/** Refuse what is not strictly ascending. */
function ascending(values, compare, message) {
  for (let at = 1; at < values.length; at += 1) demand(compare(values[at - 1], values[at]) < 0, message);
}

/** Freeze a value through and through. */
function frozen(value) {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

// ---------------------------------------------------------------------------------------------------
// Signatures

const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

// "An Ed25519 key is refused if its y is not below 2^255 - 19 or if it is a point of small order. An X25519
// key is refused if it is not below 2^255 - 19 or is a point of low order; an ML-KEM key if a coefficient is
// not below 3329." (docs/spec/card.md, rule 4)
// The y of the eight points whose order divides 8, and the u of theirs in Montgomery form.
const SMALL_Y = [
  0n,
  1n,
  FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];
const LOW_U = [
  0n,
  1n,
  FIELD - 1n,
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
];
const KYBER_PRIME = 3329;
const KYBER_PACKED = 1152; // 768 coefficients of 12 bits; 32 bytes of seed follow

const KEY_SIZES = { ed25519: 32, "ml-dsa-44": 1312, "mlkem768-x25519": 1184 + 32 };
const SIGNATURE_SIZES = { ed25519: 64, "ml-dsa-44": 2420 };

function checkKey(algorithm, key) {
  if (algorithm === "ed25519") {
    const y = littleEndian(key) & ((1n << 255n) - 1n); // the highest bit is the sign of x
    demand(y < FIELD && !SMALL_Y.includes(y), "an Ed25519 key is not canonical, or of small order");
  }
  if (algorithm === "mlkem768-x25519") {
    const u = littleEndian(key.subarray(1184));
    demand(u < FIELD && !LOW_U.includes(u), "an X25519 key is not canonical, or of low order");
    for (let at = 0; at < KYBER_PACKED; at += 3) {
      const [low, middle, high] = key.subarray(at, at + 3);
      const holds = low + ((middle & 15) << 8) < KYBER_PRIME && (middle >> 4) + (high << 4) < KYBER_PRIME;
      demand(holds, "an ML-KEM key has a coefficient out of range");
    }
  }
}

async function imported(format, key, algorithm) {
  return crypto.subtle.importKey(format, key, { name: algorithm }, false, ["verify"]);
}

/** Ask whether this browser knows an algorithm at all, with a key that is one of it. */
async function knows(format, key, algorithm) {
  try {
    await imported(format, key, algorithm);
    return true;
  } catch {
    return false;
  }
}

// The base point, 4/5: a key that every implementation of Ed25519 takes.
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 0x58 : 0x66));
const known = {};

/** True if this browser can check signatures of the algorithm. */
async function supports(algorithm) {
  known[algorithm] ??=
    algorithm === "ed25519"
      ? knows("raw", BASE_POINT, "Ed25519")
      : knows("raw-public", new Uint8Array(KEY_SIZES["ml-dsa-44"]), "ML-DSA-44");
  return known[algorithm];
}

/** What this browser can check signatures of; where one is missing, what it signs is "not checked". */
export async function abilities() {
  return Object.freeze({ ed25519: await supports("ed25519"), mlDsa44: await supports("ml-dsa-44") });
}

/** True if the signature holds. The key was checked when its card was read. */
async function holdsEd25519(key, message, signature) {
  if (!(await supports("ed25519"))) refuse("unsupported", "there is no Ed25519 here");
  // "With S below the group order": else a signature could be spelt in several ways.
  if (littleEndian(signature.subarray(32)) >= ORDER) return false;
  try {
    return await crypto.subtle.verify("Ed25519", await imported("raw", key, "Ed25519"), signature, message);
  } catch {
    return false; // bytes that are no point of the curve
  }
}

async function holdsMlDsa(key, message, signature) {
  if (!(await supports("ml-dsa-44"))) return undefined;
  try {
    const name = "ML-DSA-44";
    return await crypto.subtle.verify({ name }, await imported("raw-public", key, name), signature, message);
  } catch {
    return false;
  }
}

/** True if the signature holds, false if not, undefined if this browser cannot tell (ML-DSA-44 only). */
async function holds(key, message, signature) {
  if (signature.length !== SIGNATURE_SIZES[key.algorithm]) return false;
  const check = key.algorithm === "ed25519" ? holdsEd25519 : holdsMlDsa;
  return check(fromBase64(key.key), message, signature);
}

// ---------------------------------------------------------------------------------------------------
// Cards (docs/spec/card.md)

const CARD_SIZE_MAX = 524_288;
const KEYS_MAX = 128; // of one role
const STATES = ["current", "retired", "revoked"];
const CARDS = new WeakSet(); // what readCard made; nothing else is ever taken for a card

const keyIn = (algorithms) => (value) => {
  const { algorithm, key } = fields(value, { algorithm: oneOf(algorithms), key: (each) => each });
  bytesOf(KEY_SIZES[algorithm])(key);
  checkKey(algorithm, fromBase64(key));
  return { algorithm, key };
};

// "Since when a key is revoked is said of a revoked item key only, and is not after the card's time."
const SINCE = { since: integer(0, TIME_MAX) };

const listedKeys = (algorithms, since = {}) =>
  list((each) => fields(each, { key: keyIn(algorithms), state: oneOf(STATES) }, since), 0, KEYS_MAX);

// "Host names, IPv4 addresses or https URLs, with or without a port. A host name is labels of 1 to 63 small letters,
// digits and inner hyphens, with dots between; its last label begins with a letter. What ends in a number is four
// numbers from 0 to 255, without leading zeros. A path is segments of letters, digits, - . _ and ~, none of them
// empty, . or .., and may end in a slash. There is no user name, query, fragment or escape."
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const OCTET = /^(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;
const PORT = /^[1-9][0-9]{0,4}$/;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)*\/?$/;

function isHost(host) {
  const labels = host.split(".");
  if (labels.every((each) => OCTET.test(each))) return labels.length === 4;
  return labels.every((each) => HOST_LABEL.test(each)) && /^[a-z]/.test(labels[labels.length - 1]);
}

function address(value) {
  demand(typeof value === "string" && value.length <= 253, "expected an address");
  const [, scheme, rest] = /^(https:\/\/)?(.*)$/s.exec(value);
  const slash = scheme === undefined ? rest.length : (rest + "/").indexOf("/");
  const [host, port, ...more] = rest.slice(0, slash).split(":");
  const path = rest.slice(slash);
  demand(more.length === 0 && isHost(host), "an address has no host");
  demand(port === undefined || (PORT.test(port) && Number(port) <= 65535), "an address has no such port");
  demand(PATH.test(path) && !path.split("/").some((each) => each === "." || each === ".."), "an address has no path");
  return value;
}

/** SHA-256 over "legation/key/v1", a newline, the algorithm, a newline, and the key's bytes. */
async function keyId(key) {
  return sha256(`legation/key/v1\n${key.algorithm}\n`, fromBase64(key.key));
}

async function withIds(listed) {
  const keys = [];
  for (const { key, ...standing } of listed) keys.push({ id: base64(await keyId(key)), ...key, ...standing });
  ascending(keys, byId, "keys are not in order, or one is there twice");
  return keys;
}

function byId(left, right) {
  return compareBytes(fromBase64(left.id), fromBase64(right.id));
}

function currentOf(keys, algorithm) {
  return keys.filter((key) => key.state === "current" && (algorithm === undefined || key.algorithm === algorithm));
}

/**
 * Read a card, and check all that can be checked of one card alone.
 *
 * That it is *theirs* no signature can say: compare `words` with the office by another way.
 */
export async function readCard(given) {
  const bytes = asBytes(given);
  const whole = parse(bytes, CARD_SIZE_MAX);
  const { body, signatures } = fields(whole, {
    body: (value) => value,
    signatures: list((each) => fields(each, { key: anyBytes, signature: anyBytes }), 0, CARD_SIZE_MAX),
  });
  const read = fields(
    body,
    {
      addresses: list(address, 0, 16),
      format: oneOf(["legation/card/v1"]),
      item_keys: listedKeys(["ed25519"], SINCE),
      number: integer(0, 1_000_000),
      office,
      policies: list(policy, 0, 64),
      protocols: list(integer(1, 65_535), 1, 16),
      root: keyIn(["ed25519"]),
      seal_keys: listedKeys(["mlkem768-x25519"]),
      stream_keys: listedKeys(["ed25519", "ml-dsa-44"]),
      time: integer(0, TIME_MAX),
    },
    { previous: bytesOf(32) },
  );
  demand((read.number === 0) === (read.previous === undefined), "number and previous do not fit");
  demand(new Set(read.addresses).size === read.addresses.length, "an address is there twice");
  ascending(read.protocols, (left, right) => left - right, "protocols are not in order");
  ascending(read.policies, (left, right) => compareText(left.id, right.id), "policies are not in order");

  const root = { id: base64(await keyId(read.root)), ...read.root, state: "current" };
  const itemKeys = await withIds(read.item_keys);
  const streamKeys = await withIds(read.stream_keys);
  const sealKeys = await withIds(read.seal_keys);
  const all = [root, ...itemKeys, ...streamKeys, ...sealKeys];
  // Rule 2: "Current are 1 to 16 item keys, exactly one stream key of each algorithm, and exactly one seal key."
  const itemCount = currentOf(itemKeys).length;
  demand(itemCount >= 1 && itemCount <= 16, "a card has 1 to 16 current item keys");
  for (const algorithm of ["ed25519", "ml-dsa-44"]) {
    demand(currentOf(streamKeys, algorithm).length === 1, "a card has one current stream key of each algorithm");
  }
  demand(currentOf(sealKeys).length === 1, "a card has one current seal key");
  // Rule 3: "A key id stands once in a card."
  demand(new Set(all.map((key) => key.id)).size === all.length, "a key has two roles");
  for (const { state, since } of itemKeys) {
    const is = since === undefined || (state === "revoked" && since <= read.time);
    demand(is, "an instant of a revocation stands at another key, or after the card");
  }
  // "In card 0 all keys are current."
  demand(read.number > 0 || all.every((key) => key.state === "current"), "a first card has no old keys");

  // Rule 1: signatures "are those of the root, of every current item key and of every current stream key: each
  // once, ascending, and no others."
  const signers = [root, ...currentOf(itemKeys), ...currentOf(streamKeys)].sort(byId);
  if (signers.length !== signatures.length || signers.some((key, at) => key.id !== signatures[at].key)) {
    refuse("signature", "a card is signed by the root and each current signing key, and by no other");
  }
  const message = join("legation/card/v1\n", spelling(body));
  const notChecked = ["that this card is the office's own: compare the twelve words with the office"];
  for (const [at, key] of signers.entries()) {
    const held = await holds(key, message, fromBase64(signatures[at].signature));
    if (held === false) refuse("signature", "a signature of the card does not hold");
    if (held === undefined) notChecked.push(`the ${key.algorithm} signature: there is no ML-DSA-44 here`);
  }
  if (read.number > 0) {
    notChecked.push("the cards before it: that retired and revoked keys were ever this office's (verifyChain)");
  }
  const card = frozen({
    what: "card",
    office: read.office,
    number: read.number,
    previous: read.previous,
    digest: base64(await sha256(bytes)),
    words: await wordsOf(bytes),
    time: read.time,
    root,
    itemKeys,
    streamKeys,
    sealKeys,
    addresses: read.addresses,
    policies: read.policies,
    protocols: read.protocols,
    checked: ["it is canonical and keeps the rules of a card", "its keys are sound", "its signatures hold"],
    notChecked,
  });
  CARDS.add(card);
  return card;
}

/** "The first 132 bits of SHA-256 over legation/fingerprint/v1, a newline, and the card's bytes; 11 bits a word." */
async function wordsOf(bytes) {
  let bits = 0n;
  for (const byte of await sha256("legation/fingerprint/v1\n", bytes)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: 12 }, (_, at) => WORDS[Number((bits >> BigInt(256 - 11 * (at + 1))) & 2047n)]);
}

function genuine(card) {
  if (!CARDS.has(card)) throw new TypeError("expected a card that readCard returned");
  return card;
}

// What a key that was so is in the next card.
const NEXT_STATES = {
  unlisted: ["current"],
  current: ["current", "retired", "revoked"],
  retired: ["retired", "revoked"],
  revoked: ["revoked"],
};

// "The since of a revoked key moves to an earlier instant only, or goes; it does not come." Without it a key is revoked
// always, which is earlier than any instant.
const sinceOf = (key) => key.since ?? -1;

function checkRole(older, newer) {
  const before = new Map(older.map((key) => [key.id, key.state]));
  const revoked = new Map(older.filter((key) => key.state === "revoked").map((key) => [key.id, sinceOf(key)]));
  const after = new Set(newer.map((key) => key.id));
  demand([...before.keys()].every((id) => after.has(id)), "a key has left the list");
  for (const key of newer) {
    demand(NEXT_STATES[before.get(key.id) ?? "unlisted"].includes(key.state), "a key has come back");
    demand(sinceOf(key) <= (revoked.get(key.id) ?? Infinity), "a key was revoked since an earlier instant");
  }
}

/** Check that cards, given from card 0 upward, follow each other; returns the newest. */
export function verifyChain(cards) {
  cards.forEach(genuine);
  demand(cards.length > 0 && cards[0].number === 0, "a chain begins with card 0");
  for (let at = 1; at < cards.length; at += 1) {
    const [older, newer] = [cards[at - 1], cards[at]];
    demand(newer.office === older.office && newer.root.id === older.root.id, "another office, or another root");
    demand(newer.number === older.number + 1 && newer.previous === older.digest, "a card does not follow");
    for (const role of ["itemKeys", "streamKeys", "sealKeys"]) checkRole(older[role], newer[role]);
  }
  return cards[cards.length - 1];
}

/**
 * Check that cards stand beside each other.
 *
 * "Among pinned cards there is one of each office, the newest, and no key id of one office stands in the card of
 * another. Only a root may serve several offices of one party, as their root."
 */
function pinned(cards) {
  const offices = new Set();
  const owners = new Map();
  for (const card of cards.map(genuine)) {
    demand(!offices.has(card.office), "two cards of one office");
    offices.add(card.office);
    const party = card.office.split("@")[0];
    const keys = [...card.itemKeys, ...card.streamKeys, ...card.sealKeys].map((key) => [key.id, card.office]);
    for (const [id, owner] of [[card.root.id, `root of ${party}`], ...keys]) {
      demand(!owners.has(id) || owners.get(id) === owner, "a key stands in the cards of two offices");
      owners.set(id, owner);
    }
  }
  return cards;
}

// ---------------------------------------------------------------------------------------------------
// Items (docs/spec/item.md) and views (docs/spec/view.md); the numbers of the steps are those of "Verifying" there

const VIEW_SIZE_MAX = 67_108_864;
const PORTIONS_MAX = 20_000;
const LAYERS_MAX = { 64: 10, 1024: 44 }; // by the leaves of the tree
const PAIRS_MAX = 200_000;
const LIST_MAX = 1_000;
const CATEGORIES_MAX = 64;
const VALUES_MAX = 1_024;
const ATTACHMENT_SIZE_MAX = 17_179_869_184;
const KINDS = ["report", "message", "note", "request", "answer", "claims", "meeting", "record"];
const CATEGORY_TYPES = ["restrictive", "permissive", "informative"];
const STATUSES = ["planned", "announced", "expected", "confirmed", "denied", "ended", "unclear"];
const FORMS = [
  "telegram", "contact report", "situation report", "note verbale", "aide-memoire", "non-paper", "speaking points",
  "instruction", "minutes",
];

function grade(value) {
  demand(typeof value === "string" && /^[A-F][1-6]$/.test(value), "expected a grade");
  return value;
}

// "Two or three small letters, then up to three times a hyphen and 2 to 8 letters or digits."
const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;

function language(value) {
  demand(typeof value === "string" && LANGUAGE.test(value), "expected a language");
  return value;
}

// "One line of at most 255 bytes in UTF-8, in NFC, without / \ : * ? " < > | and without any invisible or
// direction-changing character (the categories Cc, Cf, Co and Cn). Its first character is no dot and its last neither dot nor space. What stands
// before its first dot is no device of Windows, in any case." (docs/spec/attachment.md)
const NO_FILE_NAME = /[/\\:*?"<>|\p{Cc}\p{Cf}\p{Co}\p{Cn}]/u;
const DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;

function fileName(value) {
  line(value);
  demand(utf8.encode(value).length <= 255 && value.normalize("NFC") === value, "a file's name is too long or not in NFC");
  demand(!NO_FILE_NAME.test(value) && !/^\.|[. ]$/.test(value), "a file's name has a character it may not have");
  demand(!DEVICE.test(value.split(".")[0]), "a file's name is that of a device");
  return value;
}

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

function mediaType(value) {
  demand(typeof value === "string" && MEDIA_TYPE.test(value), "expected a media type");
  return value;
}

const offices = list(office, 1, LIST_MAX);

function noneTwice(values, message) {
  demand(new Set(values).size === values.length, message);
  return values;
}

function topics(value) {
  return noneTwice(list(line, 1, LIST_MAX)(value), "a topic is there twice");
}

/** Read addressees: at least one, of whichever sort, and none twice. */
function addressees(read) {
  const all = noneTwice([...(read.action ?? []), ...(read.information ?? [])], "an addressee is there twice");
  demand(all.length >= 1 && all.length <= LIST_MAX, "addressees are none, or too many");
}

/** The fields of each type of portion: those that must be there, and those that may. */
const PORTIONS = {
  title: [{ text: line }, {}],
  form: [{ form: oneOf(FORMS) }, {}],
  topics: [{ topics }, {}],
  addressees: [{}, { action: offices, information: offices }],
  link: [{ item: bytesOf(32) }, {}],
  text: [
    { text },
    {
      language,
      source: line,
      grade,
      status: oneOf(STATUSES),
      caveat: line,
      handling: line,
      originator_control: yes,
      origin: office,
    },
  ],
  withheld: [{}, { reason: line }],
  attachment: [
    { name: fileName, media_type: mediaType, size: integer(0, ATTACHMENT_SIZE_MAX), root: bytesOf(32) },
    { originator_control: yes },
  ],
};

function portion(value) {
  demand(isObject(value) && typeof value.type === "string", "a portion has no type");
  demand(Object.hasOwn(PORTIONS, value.type), "a portion is of no known type");
  const [required, optional] = PORTIONS[value.type];
  const read = fields(value, { type: oneOf([value.type]), ...required }, optional);
  if (read.type === "addressees") addressees(read);
  return read;
}

/** Pairs [x, y]: "x is at least as full as y". Sorted, each once, and never of itself. */
const pairs = (value) => {
  const read = list((pair) => list(integer(0, INTEGER_MAX), 2, 2)(pair), 1, PAIRS_MAX)(value);
  demand(read.every(([x, y]) => x !== y), "a portion is fuller than itself");
  ascending(read, ([a, b], [c, d]) => a - c || b - d, "pairs are not in order, or one is there twice");
  return read;
};

function category(value) {
  const read = fields(value, {
    tag: nameInLabel,
    type: oneOf(CATEGORY_TYPES),
    values: list(nameInLabel, 1, VALUES_MAX),
  });
  ascending(read.values, compareText, "values are not in order, or one is there twice");
  return read;
}

function categories(value) {
  const read = list(category, 1, CATEGORIES_MAX)(value);
  const compare = (left, right) => compareText(left.tag, right.tag) || compareText(left.type, right.type);
  ascending(read, compare, "categories are not in order, or one is there twice");
  return read;
}

function layerLeaf(value) {
  const read = fields(
    value,
    {
      type: oneOf(["layer"]),
      kind: oneOf(KINDS),
      document: bytesOf(16),
      time: integer(0, TIME_MAX),
      policy,
      classification: nameInLabel,
      portions: list(portion, 1, PORTIONS_MAX),
    },
    { categories, fuller: pairs },
  );
  const within = (read.fuller ?? []).flat().every((number) => number < read.portions.length);
  demand(within, "a pair names a portion that is not there");
  return read;
}

function seamLeaf(value) {
  const read = fields(
    value,
    {
      type: oneOf(["seam"]),
      layers: list(integer(0, INTEGER_MAX), 2, 2),
      order: list(integer(0, INTEGER_MAX), 1, PORTIONS_MAX),
    },
    { fuller: pairs },
  );
  demand(read.layers[0] < read.layers[1], "the lower layer of a seam stands first");
  demand(read.order.slice(1).every((count) => count > 0), "only the first count of a seam may be 0");
  return read;
}

const leafAt = (reader) => (value) => {
  const read = fields(value, { place: integer(0, INTEGER_MAX), salt: bytesOf(32), leaf: reader });
  return { ...read, bytes: spelling(value.leaf) };
};

function header(value) {
  const read = fields(value, {
    format: oneOf(["legation/item/v1"]),
    nonce: bytesOf(16),
    author: bytesOf(32),
    leaves: oneOf([64, 1024]),
    root: bytesOf(32),
  });
  return { ...read, bytes: spelling(value) };
}

/** Step 1: "It is within the limits, canonical, and of these shapes." */
function shapeOfView(bytes) {
  const view = fields(parse(bytes, VIEW_SIZE_MAX), {
    header,
    layers: list(leafAt(layerLeaf), 1, LAYERS_MAX[1024]),
    seams: list(leafAt(seamLeaf), 0, LAYERS_MAX[1024] ** 2),
    proof: list(bytesOf(32), 0, 2 * 1024),
    signature: bytesOf(64),
  });
  demand(view.layers.length <= LAYERS_MAX[view.header.leaves], "more labels than this tree may have");
  const portions = view.layers.reduce((sum, { leaf }) => sum + leaf.portions.length, 0);
  demand(portions <= PORTIONS_MAX, "more portions than an item may have");
  const all = [...view.layers, ...view.seams].reduce((sum, { leaf }) => sum + (leaf.fuller?.length ?? 0), 0);
  demand(all <= PAIRS_MAX, "more pairs than an item may have");
  return view;
}

/** Step 2: "Every place is inside the tree, none is used twice, and leaves are in the order of their places." */
function checkPlaces(view) {
  const every = [...view.layers, ...view.seams].map(({ place }) => place);
  demand(every.every((place) => place < view.header.leaves), "a place is outside the tree", 2);
  demand(new Set(every).size === every.length, "a place is used twice", 2);
  for (const leaves of [view.layers, view.seams]) {
    demand(leaves.every(({ place }, at) => at === 0 || leaves[at - 1].place < place), "leaves are not in order", 2);
  }
}

/** Step 3: "No two layers carry one label under one policy identifier. Kind, document and time are the same." */
function checkLabels(view) {
  const labels = new Set();
  const [{ leaf: first }] = view.layers;
  for (const { leaf } of view.layers) {
    labels.add(JSON.stringify([leaf.policy.id, leaf.classification, leaf.categories ?? []]));
    const same = leaf.kind === first.kind && leaf.document === first.document && leaf.time === first.time;
    demand(same, "two layers are not of one document", 3);
  }
  demand(labels.size === view.layers.length, "two layers carry one label", 3);
}

/** Step 4: "There is one seam for each pair of layers and none besides. Its counts add up to its layers." */
function checkSeams(view) {
  const sizes = new Map(view.layers.map(({ place, leaf }) => [place, leaf.portions.length]));
  const joined = new Set();
  for (const { leaf } of view.seams) {
    const [first, second] = leaf.layers;
    demand(sizes.has(first) && sizes.has(second), "a seam joins a layer that is not there", 4);
    joined.add(`${first} ${second}`);
    const counted = [0, 0];
    leaf.order.forEach((count, turn) => (counted[turn % 2] += count));
    demand(counted[0] === sizes.get(first) && counted[1] === sizes.get(second), "a seam has other counts", 4);
    const sides = sidesOf(leaf.order);
    for (const [x, y] of leaf.fuller ?? []) {
      demand(Math.max(x, y) < sides.length, "a pair of a seam names a portion that is not there", 4);
      demand(sides[x] !== sides[y], "a pair of a seam does not cross it", 4);
    }
  }
  const count = view.layers.length;
  demand(view.seams.length === joined.size && joined.size === (count * (count - 1)) / 2, "a seam is missing", 4);
}

/** Whose portion stands at each place of the joint order: 0 for the first layer's, 1 for the second's. */
function sidesOf(order) {
  const sides = [];
  order.forEach((count, turn) => {
    for (let number = 0; number < count; number += 1) sides.push(turn % 2);
  });
  return sides;
}

/**
 * Step 5: "The seams form one total order. A portion's rank is its number in its layer plus, for each seam, how
 * many portions of the other layer stand before it. The order is total exactly if the ranks are 0 to n-1."
 *
 * Returns the ranks of each layer's portions, by place.
 */
function ranksOf(view) {
  const ranks = new Map(view.layers.map(({ place, leaf }) => [place, leaf.portions.map((_, number) => number)]));
  for (const { leaf } of view.seams) {
    const seen = [0, 0];
    for (const side of sidesOf(leaf.order)) {
      ranks.get(leaf.layers[side])[seen[side]] += seen[1 - side];
      seen[side] += 1;
    }
  }
  const every = [...ranks.values()].flat();
  const total = new Set(every).size === every.length && every.every((rank) => rank < every.length);
  demand(total, "the seams form no order", 5);
  return ranks;
}

/** The relation of variants: by rank, the ranks that each portion is at least as full as. */
function relationOf(view, ranks) {
  const relation = new Map();
  const add = (x, y) => {
    if (!relation.has(x)) relation.set(x, []);
    relation.get(x).push(y);
  };
  for (const { place, leaf } of view.layers) {
    const within = ranks.get(place);
    for (const [x, y] of leaf.fuller ?? []) add(within[x], within[y]);
  }
  for (const { leaf } of view.seams) {
    const seen = [0, 0];
    const joint = sidesOf(leaf.order).map((side) => ranks.get(leaf.layers[side])[seen[side]++]);
    for (const [x, y] of leaf.fuller ?? []) add(joint[x], joint[y]);
  }
  return relation;
}

/**
 * Step 6: "The relation of variants is transitively closed."
 *
 * One bit for each portion that is named: what y is at least as full as must lie within what x is, or be x.
 */
function checkClosed(relation) {
  const named = new Map();
  const numberOf = (rank) => named.get(rank) ?? (named.set(rank, named.size), named.size - 1);
  for (const [x, below] of relation) [x, ...below].forEach(numberOf);
  const words = Math.ceil(named.size / 32);
  const rows = new Map();
  for (const [x, below] of relation) {
    const row = new Int32Array(words);
    for (const number of [x, ...below].map(numberOf)) row[number >> 5] |= 1 << (number & 31);
    rows.set(x, row);
  }
  for (const [x, below] of relation) {
    const row = rows.get(x);
    for (const y of below) {
      const further = rows.get(y);
      for (let at = 0; further !== undefined && at < words; at += 1) {
        demand((further[at] & ~row[at]) === 0, "the relation of variants is not closed", 6);
      }
    }
  }
}

/**
 * Step 7: "Leaves and proof lead to root, with no hash missing and none left over."
 *
 * Nodes are numbered in heap order: the root is 1, the children of n are 2n and 2n+1.
 */
async function checkProof(view) {
  const { leaves, nonce, root } = view.header;
  const hashes = new Map();
  const onPath = new Set();
  for (const { place, salt, bytes } of [...view.layers, ...view.seams]) {
    // "leaf = H(0x00 || "legation/leaf/v1" || nonce || place || salt || leaf bytes)"
    const parts = ["legation/leaf/v1", fromBase64(nonce), bigEndian(place, 2), fromBase64(salt), bytes];
    hashes.set(leaves + place, await sha256(LEAF, ...parts));
    for (let node = leaves + place; node >= 1; node = Math.floor(node / 2)) onPath.add(node);
  }
  // "The proof holds the hashes of the nodes that are on no path of a given leaf while their sibling is, by
  // ascending number."
  let taken = 0;
  for (let node = 2; node < 2 * leaves; node += 1) {
    if (onPath.has(node) || !onPath.has(node ^ 1)) continue;
    if (taken === view.proof.length) refuse("proof", "a hash is missing", 7);
    hashes.set(node, fromBase64(view.proof[taken]));
    taken += 1;
  }
  if (taken < view.proof.length) refuse("proof", "a hash is left over", 7);
  for (let node = leaves - 1; node >= 1; node -= 1) {
    if (onPath.has(node)) hashes.set(node, await sha256(NODE, hashes.get(2 * node), hashes.get(2 * node + 1)));
  }
  if (base64(hashes.get(1)) !== root) refuse("proof", "the leaves lead to another root", 7);
}

/** The key of this id and the card that lists it for items. */
function authorOf(id, cards, step) {
  const found = cards.flatMap((card) => card.itemKeys.map((key) => ({ card, key })));
  const author = found.find(({ key }) => key.id === id);
  if (author === undefined) refuse("signature", "no card lists the author's key for items", step);
  return author;
}

/** Step 8: "The author's key is known and listed for items, it is not revoked, and the signature holds." */
async function checkSignature(view, cards) {
  const author = authorOf(view.header.author, cards, 8);
  if (author.key.state === "revoked") refuse("signature", "the author's key is revoked", 8);
  const message = join("legation/item/v1\n", view.header.bytes);
  if ((await holds(author.key, message, fromBase64(view.signature))) !== true) {
    refuse("signature", "the signature does not hold", 8);
  }
  return author;
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The first so many bits in characters of Crockford's base 32. */
function crockford(bytes, count) {
  const total = BigInt(bytes.length * 8);
  const bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return Array.from({ length: count }, (_, at) => CROCKFORD[Number((bits >> (total - 5n * BigInt(at + 1))) & 31n)]).join("");
}

/** "Number i of a layer with the salt s has the first 30 bits of bytes 4i to 4i+3 of SHAKE-256(...)." */
function paragraphCodes(salt, count) {
  const stream = shake256(join("legation/paragraph/v1", fromBase64(salt)), 4 * count);
  return Array.from({ length: count }, (_, at) => crockford(stream.subarray(4 * at, 4 * at + 4), 6));
}

/** "KOR@NATO 2026-7KQ4-M2X6": office, year, 35 bits of the item id, and one character that checks them. */
function referenceOf(author, time, itemId) {
  const seven = crockford(itemId.subarray(0, 5), 8).slice(0, 7);
  let sum = 0;
  for (let at = 0; at < 7; at += 1) {
    const product = CROCKFORD.indexOf(seven[6 - at]) * (at % 2 === 0 ? 2 : 1);
    sum += Math.floor(product / 32) + (product % 32);
  }
  const check = CROCKFORD[(32 - (sum % 32)) % 32];
  const year = new Date(time * 1000).getUTCFullYear();
  return `${author} ${year}-${seven.slice(0, 4)}-${seven.slice(4)}${check}`;
}

/** One entry for each portion, in reading order. */
function inReadingOrder(view, ranks, relation) {
  const portions = [];
  for (const { place, salt, leaf } of view.layers) {
    const codes = paragraphCodes(salt, leaf.portions.length);
    const label = { policy: leaf.policy, classification: leaf.classification, categories: leaf.categories ?? [] };
    leaf.portions.forEach((each, number) => {
      const rank = ranks.get(place)[number];
      portions[rank] = { code: codes[number], label, portion: each, atLeastAsFullAs: relation.get(rank) ?? [] };
    });
  }
  return portions;
}

/**
 * Verify a view with cards that readCard returned.
 *
 * Returns who signed it, and its portions in reading order, each with its code, its label as the author states
 * it, and the numbers of the portions here that it is at least as full as; `shown` picks from them.
 */
export async function verifyView(given, cards) {
  const listed = pinned(cards);
  const view = shapeOfView(asBytes(given));
  checkPlaces(view);
  checkLabels(view);
  checkSeams(view);
  const ranks = ranksOf(view);
  const relation = relationOf(view, ranks);
  checkClosed(relation);
  await checkProof(view);
  const { card, key } = await checkSignature(view, listed);
  const itemId = await sha256(view.header.bytes);
  const [{ leaf }] = view.layers;
  return frozen({
    what: "view",
    item: base64(itemId),
    reference: referenceOf(card.office, leaf.time, itemId),
    author: { office: card.office, key: key.id, state: key.state },
    kind: leaf.kind,
    document: leaf.document,
    time: leaf.time,
    portions: inReadingOrder(view, ranks, relation),
    checked: [
      "it is canonical and within the limits",
      "its layers and seams form one order, and its variants one relation",
      "every portion and label leads to the root that was signed",
      `the signature of ${card.office} holds`,
    ],
    notChecked: [
      "that the copy is complete: others may have been given more",
      "that its labels are valid in their policies, and who may see it",
      "when it was signed: the time is the author's word",
      "the bytes of attachments (verifyAttachment)",
      ...(key.state === "retired" ? ["whether a retired key is still to be trusted"] : []),
    ],
  });
}

/**
 * What a reader of these languages is shown of a verified view, in reading order.
 *
 * "The portions that no visible portion is fuller than. Of portions that are translations of each other one is
 * shown: in the first of the reader's languages that one of them has, else the first in reading order."
 */
export function shown(view, languages = []) {
  const { portions } = view;
  const below = portions.map((each) => new Set(each.atLeastAsFullAs));
  const hidden = new Set();
  const groups = new Map();
  portions.forEach((_, x) => {
    for (const y of below[x]) {
      if (!below[y].has(x)) hidden.add(y); // x is fuller than y
      else groups.set(x, [...(groups.get(x) ?? [x]), y]); // translations of each other
    }
  });
  const chosen = (group) => {
    const inOrder = [...group].sort((left, right) => left - right);
    for (const wanted of languages) {
      const found = inOrder.find((number) => portions[number].portion.language === wanted);
      if (found !== undefined) return found;
    }
    return inOrder[0];
  };
  const kept = portions.filter((_, x) => !hidden.has(x) && (!groups.has(x) || chosen(groups.get(x)) === x));
  return Object.freeze(kept);
}

// ---------------------------------------------------------------------------------------------------
// Withdrawals (docs/spec/withdrawal.md); the numbers of the steps are those of "Verifying" there

const WITHDRAWAL_SIZE_MAX = 512;

/**
 * Verify a withdrawal with cards that readCard returned; whether it counts for a view, `withdrawalsOf` says.
 *
 * It is judged by these cards: nobody can tell from files when it came.
 */
export async function verifyWithdrawal(given, cards) {
  const listed = pinned(cards);
  // Step 1: "It is within the limits, canonical, and of this shape."
  const read = fields(parse(asBytes(given), WITHDRAWAL_SIZE_MAX), {
    author: bytesOf(32),
    format: oneOf(["legation/withdrawal/v1"]),
    item: bytesOf(32),
    signature: bytesOf(64),
  });
  // Step 2: "The author's key is known, listed for items, and current."
  const { card, key } = authorOf(read.author, listed, 2);
  // "Who was not there when it came refuses it if its key is retired by now, and says that it may have held then."
  if (key.state === "retired") refuse("signature", "its key is retired now; it counts if it came while the key was current", 2);
  if (key.state === "revoked") refuse("signature", "its key is revoked", 2);
  // Step 3: "The signature holds, with S below the group order."
  const message = join("legation/withdrawal/v1\n", fromBase64(read.item));
  if ((await holds(key, message, fromBase64(read.signature))) !== true) {
    refuse("signature", "the signature does not hold", 3);
  }
  return frozen({
    what: "withdrawal",
    item: read.item,
    author: { office: card.office, key: key.id, state: key.state },
    checked: ["it is canonical", "the card lists its key as current", `the signature of ${card.office} holds`],
    notChecked: ["when it was made: a withdrawal has no time", "that anybody heeds it"],
  });
}

/**
 * Which of these verified withdrawals count for a verified view.
 *
 * "A withdrawal counts for an item of the same office: that whose card lists both keys. A withdrawal by anybody else
 * has no effect."
 */
export function withdrawalsOf(view, withdrawals) {
  const counts = ({ item, author }) => item === view.item && author.office === view.author.office;
  return Object.freeze(withdrawals.filter(counts));
}

// ---------------------------------------------------------------------------------------------------
// Certificates of destruction (docs/spec/withdrawal.md, "The certificate")

const DESTRUCTION_SIZE_MAX = 1024;

/**
 * Verify a certificate of destruction with cards that readCard returned.
 *
 * It is judged by these cards: nobody can tell from files when it came.
 */
export async function verifyDestruction(given, cards) {
  const listed = pinned(cards);
  // Step 1: "It is within the limits, canonical, and of this shape."
  const required = {
    format: oneOf(["legation/destruction/v1"]),
    item: bytesOf(32),
    office,
    signature: bytesOf(64),
    signer: bytesOf(32),
    time: integer(0, TIME_MAX),
  };
  const read = fields(parse(asBytes(given), DESTRUCTION_SIZE_MAX), required, { withdrawal: bytesOf(32) });
  // Step 2: "The signer's key is known, listed for items, on the card of `office`, and current."
  const { card, key } = authorOf(read.signer, listed, 2);
  if (card.office !== read.office) refuse("signature", "its key is another office's than it says", 2);
  const stale = { retired: "its key is retired now; it counts if it came while the key was current", revoked: "its key is revoked" };
  if (key.state !== "current") refuse("signature", stale[key.state], 2);
  // Step 3: "The signature holds, with S below the group order."
  const { item, time, withdrawal } = read;
  const said = JSON.stringify({ item, office: read.office, time, ...(withdrawal === undefined ? {} : { withdrawal }) });
  const signed = join("legation/destruction/v1\n", utf8.encode(said));
  if (!(await holds(key, signed, fromBase64(read.signature)))) {
    refuse("signature", "the signature does not hold", 3);
  }
  return frozen({
    what: "destruction",
    item,
    holder: { office: card.office, key: key.id, state: key.state },
    time,
    ...(withdrawal === undefined ? {} : { withdrawal }),
    checked: ["it is canonical", "the card of that office lists its key as current", `the signature of ${card.office} holds`],
    notChecked: ["that it is so: it is that office's word on itself", "when it was made: its clock is its own"],
  });
}

// ---------------------------------------------------------------------------------------------------
// Text for people

const INVISIBLE = /([\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])/u;

/**
 * Spell out invisible and direction-changing characters as <U+XXXX>, so that what is shown is all there is.
 *
 * Returns the text in pieces; `mark` may make of each spelling something that no text can imitate.
 */
export function visible(text, mark = (spelling) => spelling) {
  return text.split(INVISIBLE).map((piece, at) => {
    if (at % 2 === 0 || piece === "\n" || piece === "\t") return piece;
    return mark(`<U+${piece.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
  });
}

// ---------------------------------------------------------------------------------------------------
// Checkpoints, receipts and proofs (docs/spec/log.md)

const CHECKPOINT_SIZE_MAX = 4_096;
const RECEIPT_SIZE_MAX = 8_192;
const PROOF_SIZE_MAX = 131_072;
const EXTRA_SIZE_MAX = 4_096;
const HASHES_MAX = 64;
const ENTRIES_MAX = INTEGER_MAX;
const CODE = "[A-Z][A-Z0-9-]{1,15}";
const ONE_OFFICE = `${CODE}(?:@${CODE})?`;
const STREAM = new RegExp(`^legation/stream/v1/(${ONE_OFFICE})/(${ONE_OFFICE})/[0-9a-f]{32}$`);
const LOG = new RegExp(`^legation/log/v1/(${ONE_OFFICE})/[0-9a-f]{32}$`);
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;
// "A key name has neither white space nor plus" (c2sp.org/signed-note).
const SIGNATURE_LINE = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/=]+)$/u;

/** Lines 1 to 4: whose they are, the type in their key hash, their algorithm, and the bytes of time before them. */
const LINES = [
  { of: "writer", type: 0x01, algorithm: "ed25519", timeSize: 0 },
  { of: "writer", type: 0x06, algorithm: "ml-dsa-44", timeSize: 8 },
  { of: "receiver", type: 0x04, algorithm: "ed25519", timeSize: 8 },
  { of: "receiver", type: 0x06, algorithm: "ml-dsa-44", timeSize: 8 },
];

function decimal(digits, max) {
  demand(DECIMAL.test(digits) && Number(digits) <= max, "expected a number within its limits");
  return Number(digits);
}

/** Sender and receiver of a stream, or the office of a log. */
function parseOrigin(origin) {
  const stream = STREAM.exec(origin);
  const log = LOG.exec(origin);
  demand(stream !== null || log !== null, "the origin is of no known form");
  const named = (stream ?? log).slice(1);
  named.forEach(office);
  demand(named.length === 1 || named[0] !== named[1], "sender and receiver are one");
  return { writer: named[0], receiver: named[1] };
}

/** Reading, step 1: the text and exactly the lines, with signatures of these sizes and these times. */
function parseNote(bytes, lineCount) {
  demand(bytes.length <= (lineCount === 2 ? CHECKPOINT_SIZE_MAX : RECEIPT_SIZE_MAX), "a note is too long");
  const whole = decodeUtf8(bytes);
  demand(!/[\0-\x09\x0b-\x1f]/.test(whole), "a note holds a control character");
  const lines = whole.split("\n");
  // Three lines of text, an empty one, the signatures, and nothing behind the last line feed.
  demand(lines.length === 3 + 1 + lineCount + 1, "a note has another number of lines");
  demand(lines[3] === "" && lines[lines.length - 1] === "", "a note is not of this form");
  const [origin, digits, root] = lines;
  const offices = parseOrigin(origin);
  const size = decimal(digits, ENTRIES_MAX);
  demand(size >= 1, "size 0 is never signed");
  bytesOf(32)(root);
  const signatures = LINES.slice(0, lineCount).map((form, at) => parseLine(lines[4 + at], form));
  const times = signatures.map(({ time }) => time);
  demand(times[1] === 0, "the writer's line has a time");
  if (lineCount === 4) {
    demand(times[2] === times[3] && times[2] >= 1 && times[2] <= TIME_MAX, "the receiver's lines have no one time");
  }
  return { origin, ...offices, size, root, text: `${origin}\n${digits}\n${root}\n`, signatures, time: times[3] };
}

function parseLine(given, form) {
  const found = SIGNATURE_LINE.exec(given);
  demand(found !== null, "a signature line is not of this form");
  const bytes = fromBase64(found[2]);
  const size = 4 + form.timeSize + SIGNATURE_SIZES[form.algorithm];
  demand(bytes.length === size, "a signature is of another size");
  const time = bytes.subarray(4, 4 + form.timeSize).reduce((sum, byte) => sum * 256 + byte, 0);
  return { ...form, name: found[1], keyHash: hex(bytes.subarray(0, 4)), time, signature: bytes.subarray(4 + form.timeSize) };
}

/** What a line signs ("What is signed"). */
function messageOf(note, each) {
  if (each.type === 0x01) return utf8.encode(note.text);
  if (each.type === 0x04) return utf8.encode(`cosignature/v1\ntime ${each.time}\n${note.text}`);
  const [name, origin] = [utf8.encode(each.name), utf8.encode(note.origin)];
  return join(
    "subtree/v1\n\0",
    ...[bigEndian(name.length, 1), name, bigEndian(each.time, 8), bigEndian(origin.length, 1), origin],
    ...[bigEndian(0, 8), bigEndian(note.size, 8), fromBase64(note.root)],
  );
}

/** Steps 3 and 4 for one line; true if it was checked, false if this browser cannot. */
async function checkLine(note, each, card) {
  const name = `${card.office}/stream`;
  if (each.name !== name) refuse("signature", "a line is by another name");
  for (const key of card.streamKeys) {
    // "Current and retired ones, never revoked ones."
    if (key.algorithm !== each.algorithm || key.state === "revoked") continue;
    const hash = await sha256(`${name}\n`, Uint8Array.of(each.type), fromBase64(key.key));
    // "A key hash only says which key is meant; it is four bytes that anyone can imitate."
    if (hex(hash.subarray(0, 4)) !== each.keyHash) continue;
    const held = await holds(key, messageOf(note, each), each.signature);
    if (held !== false) return held === true;
  }
  return refuse("signature", "a line is by no known key, or does not hold");
}

async function openNote(given, lineCount, cards, options) {
  const note = parseNote(asBytes(given), lineCount);
  const { writer, receiver } = cards;
  pinned(Object.values(cards));
  // Step 2: "The origin is the expected one."
  const expected = options.origin === undefined || options.origin === note.origin;
  if (!expected || note.writer !== writer.office) refuse("origin", "it is of another stream");
  if (receiver !== undefined && note.receiver !== receiver.office) refuse("origin", "it is of another stream");
  // Step 4: "Every line verifies. One good signature does not excuse another that fails."
  const [checked, notChecked] = [[], []];
  for (const each of note.signatures) {
    const card = cards[each.of];
    const done = await checkLine(note, each, card);
    if (done) checked.push(`the ${each.algorithm} signature of ${card.office} holds`);
    else notChecked.push(`the ${each.algorithm} signature of ${card.office}: there is no ML-DSA-44 here`);
  }
  return { note, checked, notChecked };
}

function opened(what, { note, checked, notChecked }, more) {
  const { origin, size, root, writer, receiver } = note;
  return { what, origin, size, root, writer, receiver, ...more, checked, notChecked };
}

/**
 * Verify a checkpoint with the card of the office that wrote it.
 *
 * Of which stream it is to be may be given as `options.origin`; else the origin is what the note says.
 */
export async function verifyCheckpoint(given, writerCard, options = {}) {
  const found = await openNote(given, 2, { writer: genuine(writerCard) }, options);
  return frozen(opened("checkpoint", found, {}));
}

/** Verify a receipt with the cards of the office that wrote the stream and of the one that received it. */
export async function verifyReceipt(given, writerCard, receiverCard, options = {}) {
  const cards = { writer: genuine(writerCard), receiver: genuine(receiverCard) };
  const found = await openNote(given, 4, cards, options);
  found.notChecked.push("that anybody has read it: a receipt says that it is held, void or refused");
  return frozen(opened("receipt", found, { time: found.note.time }));
}

/** Take a .tlog-proof apart; nothing is verified. */
function parseProof(bytes) {
  demand(bytes.length <= PROOF_SIZE_MAX, "a proof is too long");
  const whole = decodeUtf8(bytes);
  const end = whole.indexOf("\n\n");
  demand(end >= 0, "a proof has no checkpoint");
  const lines = whole.slice(0, end).split("\n");
  demand(lines.shift() === "c2sp.org/tlog-proof@v1", "a proof is of another form");
  let extra;
  if (lines[0]?.startsWith("extra ")) {
    extra = fromBase64(lines.shift().slice("extra ".length));
    demand(extra.length >= 1 && extra.length <= EXTRA_SIZE_MAX, "extra data is empty, or too much");
  }
  const index = /^index ([0-9]+)$/.exec(lines.shift() ?? "");
  demand(index !== null, "a proof has no index");
  demand(lines.length <= HASHES_MAX, "a proof has too many hashes");
  return {
    extra,
    index: decimal(index[1], ENTRIES_MAX - 1),
    hashes: lines.map((each) => fromBase64(bytesOf(32)(each))),
    note: utf8.encode(whole.slice(end + 2)),
  };
}

function cardOf(office, cards) {
  const found = pinned(cards).find((card) => card.office === office);
  if (found === undefined) refuse("signature", "the card of an office that has signed is not given");
  return found;
}

/**
 * Verify a checkpoint or a receipt, whichever it is, with the cards of the offices that have signed it.
 */
export async function verifyNote(given, cards, options = {}) {
  const bytes = asBytes(given);
  const isReceipt = decodeUtf8(bytes).split("\n").length > 3 + 1 + 2 + 1;
  const note = parseNote(bytes, isReceipt ? 4 : 2);
  if (options.origin !== undefined && options.origin !== note.origin) refuse("origin", "it is of another stream");
  const writer = cardOf(note.writer, cards);
  if (!isReceipt) return verifyCheckpoint(bytes, writer, options);
  demand(note.receiver !== undefined, "a log has no receipts");
  return verifyReceipt(bytes, writer, cardOf(note.receiver, cards), options);
}

/**
 * Verify that an entry stands below a checkpoint or a receipt.
 *
 * Which entry is either given as `options.entry`, the bytes that its leaf hash is over, and then nothing is read
 * of it; or it is what the file itself carries as extra data. `options.payload` are the bytes that it brought.
 */
export async function verifyProof(given, cards, options = {}) {
  const proof = parseProof(asBytes(given));
  const note = await verifyNote(proof.note, cards, options);
  const bytes = options.entry === undefined ? proof.extra : asBytes(options.entry);
  demand(bytes !== undefined, "the proof does not hold the entry that it is about");
  const root = await rootFromProof(await sha256(LEAF, bytes), proof.index, note.size, proof.hashes);
  if (base64(root) !== note.root) refuse("proof", "the proof leads to another root");
  const found = {
    what: "proof",
    index: proof.index,
    note,
    checked: [...note.checked, `the entry is number ${proof.index}, from 0, of ${note.size}`],
    notChecked: [...note.notChecked, "that no void or refusal of it follows in the streams"],
  };
  if (options.entry !== undefined || note.receiver === undefined) {
    return frozen({ ...found, notChecked: [...found.notChecked, "what the entry says"] });
  }
  const entry = readEntry(bytes);
  if (entry.number !== proof.index) refuse("proof", "the entry says that it has another number");
  if (options.payload === undefined) {
    return frozen({ ...found, entry, notChecked: [...found.notChecked, "what the entry brought: it is not here"] });
  }
  if (entry.kind !== "view") refuse("proof", "the entry brought no view");
  const brought = asBytes(options.payload);
  if (brought.length !== entry.payload_size_bytes || base64(await sha256(brought)) !== entry.payload_hash) {
    refuse("proof", "the payload is not the one that the entry brought");
  }
  const payload = await verifyPayload(brought, cards);
  if (payload.slip.addressee !== note.receiver) refuse("origin", "the slip is that of another office");
  return frozen({ ...found, entry, payload, checked: [...found.checked, "what it brought is the payload shown"] });
}

const GROWTH_SIZE_MAX = 12_288;
const GROWTH_HASHES_MAX = 63;

/** Take a growth apart; nothing is verified. */
function parseGrowth(bytes) {
  demand(bytes.length <= GROWTH_SIZE_MAX, "a growth is too long");
  const whole = decodeUtf8(bytes);
  const end = whole.indexOf("\n\n");
  demand(end >= 0, "a growth has no checkpoint");
  const [first, ...lines] = whole.slice(0, end).split("\n");
  const old = /^old ([0-9]+)$/.exec(first);
  demand(old !== null, "a growth names no older size");
  demand(lines.length <= GROWTH_HASHES_MAX, "a growth has too many hashes");
  const size = decimal(old[1], ENTRIES_MAX);
  demand(size >= 1, "from an older size of 0 follows nothing");
  return { size, hashes: lines.map((each) => fromBase64(bytesOf(32)(each))), note: utf8.encode(whole.slice(end + 2)) };
}

/**
 * Verify that a stream or log has only grown since an older checkpoint, which verifyNote returned.
 *
 * Without an older one only the newer checkpoint in the file is verified.
 */
export async function verifyGrowth(given, cards, older = undefined) {
  const growth = parseGrowth(asBytes(given));
  const note = await verifyNote(growth.note, cards);
  // "An older size above the newer one, or the same with hashes, is no growth."
  const isPossible = growth.size < note.size || (growth.size === note.size && growth.hashes.length === 0);
  if (!isPossible) refuse("proof", "fewer entries now than before");
  const found = { what: "growth", oldSize: growth.size, note, checked: note.checked, notChecked: note.notChecked };
  if (older === undefined) {
    return frozen({ ...found, notChecked: [...note.notChecked, "that it has only grown: the older checkpoint is not here"] });
  }
  if (older.origin !== note.origin) refuse("origin", "the older checkpoint is of another stream");
  if (older.size !== growth.size) refuse("proof", "the older checkpoint has another size");
  if (!(await isGrowth(older, note, growth.hashes))) refuse("proof", "the hashes do not lead to both roots");
  return frozen({ ...found, older, checked: [...note.checked, `its first ${older.size} entries are those of the older checkpoint`] });
}

/** Follow a consistency proof to both roots; the step numbers are those of RFC 9162, section 2.1.4.2. */
async function isGrowth(older, newer, proof) {
  if (older.size === newer.size) return older.root === newer.root;
  // 1. and 2. A proof is not empty; that of a power of two leaves out the older root.
  if (proof.length === 0) return false;
  const path = isPowerOfTwo(older.size) ? [fromBase64(older.root), ...proof] : [...proof];
  // 3. and 4. Numbers up to 2^53: division instead of shifts, which have 32 bits in JavaScript.
  let [here, last] = [older.size - 1, newer.size - 1];
  const up = () => ([here, last] = [Math.floor(here / 2), Math.floor(last / 2)]);
  while (here % 2 === 1) up();
  // 5.
  let [old, now] = [path[0], path[0]];
  for (const hash of path.slice(1)) {
    // 6.a.
    if (last === 0) return false;
    if (here % 2 === 1 || here === last) {
      // 6.b.
      [old, now] = [await sha256(NODE, hash, old), await sha256(NODE, hash, now)];
      while (here % 2 === 0 && here !== 0) up();
    } else {
      // 6.c.
      now = await sha256(NODE, now, hash);
    }
    // 6.d.
    up();
  }
  // 7.
  return last === 0 && base64(old) === older.root && base64(now) === newer.root;
}

function isPowerOfTwo(number) {
  while (number % 2 === 0) number /= 2;
  return number === 1;
}

/**
 * Which pairs of verified checkpoints and receipts prove that their writer tells two histories.
 *
 * "Two checkpoints of one origin and size with different roots, both of which verify, prove that their writer tells two
 * histories. Both are kept."
 */
export function forksAmong(notes) {
  const isFork = (one, other) => one.origin === other.origin && one.size === other.size && one.root !== other.root;
  const pairs = notes.flatMap((one, at) => notes.slice(at + 1).map((other) => [one, other]));
  return frozen(pairs.filter(([one, other]) => isFork(one, other)));
}

const HEADER_SIZE_MAX = 4_096;
const SLIP_SIZE_MAX = 8_192;
const PAYLOAD_SIZE_MAX = 67_117_060;
const ENTRY_KINDS = ["start", "view", "void", "refused", "policy", "key", "withdrawal", "destruction"];

/** Read the header of an entry of a stream (docs/spec/exchange.md, Entries). */
export function readEntry(given) {
  const header = parse(asBytes(given), HEADER_SIZE_MAX);
  return frozen(
    fields(header, {
      kind: oneOf(ENTRY_KINDS),
      number: integer(0, INTEGER_MAX),
      payload_hash: bytesOf(32),
      payload_size_bytes: integer(1, INTEGER_MAX),
    }),
  );
}

/**
 * Verify what an entry of a stream brought: "4 bytes of length, the slip, the view" (docs/spec/exchange.md).
 *
 * The author has signed the view alone; only a proof ties the slip to it.
 */
export async function verifyPayload(given, cards) {
  const bytes = asBytes(given);
  demand(bytes.length > 4 && bytes.length <= PAYLOAD_SIZE_MAX, "a payload is too short, or too long");
  const end = 4 + bytes.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
  demand(end < bytes.length && end <= 4 + SLIP_SIZE_MAX, "a payload has no slip, or no view");
  const slip = parse(bytes.subarray(4, end), SLIP_SIZE_MAX);
  demand(isObject(slip), "a slip is not of this form");
  return frozen({
    what: "payload",
    hash: base64(await sha256(bytes)),
    size: bytes.length,
    slip: { addressee: office(slip.addressee) },
    view: await verifyView(bytes.slice(end), cards),
    checked: ["the view in it holds"],
    notChecked: ["the slip: nobody signed it by itself"],
  });
}

// ---------------------------------------------------------------------------------------------------
// Statements on the versions of a policy (docs/spec/policy-chain.md)

const STATEMENT_SIZE_MAX = 6_144;
const VERSION_MAX = 999_999_999_999_999;
const CHAIN_MAX = 1_024;
const AUTHORITY_NAME_SIZE_MAX = 255;
const DIGEST = /^[0-9a-f]{64}$/;
// "0xff, then legation/note/ml-dsa-44/v1": the standard has no type for ML-DSA-44 over a plain text.
const STATEMENT_LINES = [
  { algorithm: "ed25519", type: Uint8Array.of(0x01), timeSize: 0 },
  { algorithm: "ml-dsa-44", type: join(Uint8Array.of(0xff), "legation/note/ml-dsa-44/v1"), timeSize: 0 },
];

/** "A reader knows beforehand the key name and both keys of the authority." Keys in base64. */
function pinnedAuthority({ name, keys }) {
  const isName = typeof name === "string" && /^[^\p{White_Space}+]+$/u.test(name);
  demand(isName && utf8.encode(name).length <= AUTHORITY_NAME_SIZE_MAX, "an authority has no such name");
  for (const { algorithm } of STATEMENT_LINES) {
    bytesOf(KEY_SIZES[algorithm])(keys[algorithm]);
    checkKey(algorithm, fromBase64(keys[algorithm]));
  }
  return { name, keys };
}

/** Step 1: the five lines of the text and exactly two lines of signatures, of these sizes. */
function parseStatement(bytes) {
  demand(bytes.length <= STATEMENT_SIZE_MAX, "a statement is too long");
  const whole = decodeUtf8(bytes);
  demand(!/[\0-\x09\x0b-\x1f]/.test(whole), "a note holds a control character");
  const lines = whole.split("\n");
  demand(lines.length === 5 + 1 + 2 + 1, "a statement has another number of lines");
  demand(lines[5] === "" && lines[8] === "", "a statement is not of this form");
  const [purpose, policyId, version, previous, digest] = lines;
  demand(purpose === "legation/policy/v1", "a statement is of another purpose");
  demand(previous === "none" || DIGEST.test(previous), "expected the digest before, or none");
  demand(DIGEST.test(digest) && digest !== previous, "expected a digest, and another one than before");
  return {
    policy: objectIdentifier(policyId),
    version: decimal(version, VERSION_MAX),
    previous: previous === "none" ? undefined : previous,
    digest,
    text: lines.slice(0, 5).join("\n") + "\n",
    signatures: STATEMENT_LINES.map((form, at) => parseLine(lines[6 + at], form)),
  };
}

/**
 * Verify a statement with the authority that was pinned: `{ name, keys: { ed25519, "ml-dsa-44" } }`, keys in base64.
 *
 * `options.file` are the bytes of the policy that the statement is to be on. What stands in them is not read.
 */
export async function verifyStatement(given, authority, options = {}) {
  const { name, keys } = pinnedAuthority(authority);
  const { text, signatures, ...statement } = parseStatement(asBytes(given));
  const [checked, notChecked] = [["it has its one spelling"], []];
  // Step 2: "Both lines have the pinned name, the key hash of a pinned key of their algorithm, and verify."
  for (const each of signatures) {
    const key = fromBase64(keys[each.algorithm]);
    const hash = hex((await sha256(`${name}\n`, each.type, key)).subarray(0, 4));
    const isTheirs = each.name === name && each.keyHash === hash;
    const held = isTheirs && (await holds({ algorithm: each.algorithm, key: keys[each.algorithm] }, utf8.encode(text), each.signature));
    if (held === false) refuse("signature", "a line is by no pinned key, or does not hold");
    if (held === true) checked.push(`the ${each.algorithm} signature of ${name} holds`);
    else notChecked.push(`the ${each.algorithm} signature of ${name}: there is no ML-DSA-44 here`);
  }
  // Step 3: "The statement is on the very file at hand: identifier, version and digest are the file's own."
  if (options.file === undefined) {
    notChecked.push("which file it is on: it is not here");
  } else {
    if (hex(await sha256(asBytes(options.file))) !== statement.digest) refuse("proof", "it is on another file");
    checked.push("it is on the file given");
    notChecked.push("that the file itself states this identifier and version");
  }
  return frozen({ what: "statement", authority: name, ...statement, checked, notChecked });
}

/**
 * Check that verified statements of one authority follow each other, the oldest first; returns the newest.
 *
 * A statement that is there already changes nothing. Two histories are refused as of the family `equivocation`,
 * what is of another policy or falls as `refused`, what has no predecessor here as `proof`.
 */
export function verifySuccession(statements) {
  demand(statements.length > 0 && statements.length <= CHAIN_MAX, "a chain has 1 to 1,024 statements");
  const known = [statements[0]];
  for (const next of statements.slice(1)) {
    const last = known[known.length - 1];
    if (next.authority !== last.authority || next.policy !== last.policy) refuse("refused", "it is of another policy");
    const same = (each) => ["version", "previous", "digest"].every((field) => each[field] === next[field]);
    if (known.some(same)) continue;
    // "Another statement there has its version, or its digest before: two histories."
    const rival = known.some((each) => each.version === next.version || each.previous === next.previous);
    if (rival) refuse("equivocation", "another statement has its version, or its digest before");
    if (next.version < last.version) refuse("refused", "versions never fall");
    if (next.previous !== last.digest) refuse("proof", "the version before it is not here");
    known.push(next);
  }
  return known[known.length - 1];
}

// ---------------------------------------------------------------------------------------------------
// Attachments (docs/spec/attachment.md)

const CHUNK_SIZE = 1_048_576;

/** Give the bytes of a Blob, of a stream of Uint8Arrays or of a Uint8Array in chunks of this size, the last shorter. */
async function* chunksOf(source) {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = asBytes(source);
    for (let at = 0; at < bytes.length; at += CHUNK_SIZE) yield bytes.subarray(at, at + CHUNK_SIZE);
    return;
  }
  if (typeof source.slice === "function") {
    for (let at = 0; at < source.size; at += CHUNK_SIZE) {
      yield new Uint8Array(await source.slice(at, at + CHUNK_SIZE).arrayBuffer());
    }
    return;
  }
  let held = new Uint8Array();
  for await (const piece of source) {
    held = join(held, piece);
    for (; held.length >= CHUNK_SIZE; held = held.slice(CHUNK_SIZE)) yield held.subarray(0, CHUNK_SIZE);
  }
  if (held.length > 0) yield held;
}

/**
 * Verify that bytes are those of an attachment.
 *
 * `attached` is the portion of a verified view; `source` a Blob or File, a stream of Uint8Arrays, or a Uint8Array.
 * A mebibyte at a time is held. Nothing is to be used of the bytes before this returns.
 */
export async function verifyAttachment(attached, source) {
  const { name, media_type, size, root } = portion({ ...attached });
  demand(attached.type === "attachment", "the portion is no attachment");
  const leaves = [];
  let total = 0;
  for await (const chunk of chunksOf(source)) {
    total += chunk.length;
    if (total > size) refuse("proof", "the file has another size");
    // "leaf = H(0x00 || "legation/chunk/v1\n" || chunk)"
    leaves.push(await sha256(LEAF, "legation/chunk/v1\n", chunk));
  }
  if (total !== size) refuse("proof", "the file has another size");
  if (base64(await rootOf(leaves)) !== root) refuse("proof", "the file has other bytes");
  return frozen({
    what: "attachment",
    name,
    media_type,
    size,
    checked: ["every byte is what the author signed"],
    notChecked: ["what the file is: name and media type are the author's word", "that it is harmless to open"],
  });
}

// ---------------------------------------------------------------------------------------------------
// Words of fingerprints: the English list of BIP-0039, by Marek Palatinus, Pavol Rusnak, Aaron Voisine and Sean Bowe
// (MIT licence)

const WORDS = `
abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid
acoustic acquire across act action actor actress actual adapt add addict address adjust admit adult advance
advice aerobic affair afford afraid again age agent agree ahead aim air airport aisle alarm album alcohol alert
alien all alley allow almost alone alpha already also alter always amateur amazing among amount amused analyst
anchor ancient anger angle angry animal ankle announce annual another answer antenna antique anxiety any apart
apology appear apple approve april arch arctic area arena argue arm armed armor army around arrange arrest
arrive arrow art artefact artist artwork ask aspect assault asset assist assume asthma athlete atom attack
attend attitude attract auction audit august aunt author auto autumn average avocado avoid awake aware away
awesome awful awkward axis baby bachelor bacon badge bag balance balcony ball bamboo banana banner bar barely
bargain barrel base basic basket battle beach bean beauty because become beef before begin behave behind believe
below belt bench benefit best betray better between beyond bicycle bid bike bind biology bird birth bitter black
blade blame blanket blast bleak bless blind blood blossom blouse blue blur blush board boat body boil bomb bone
bonus book boost border boring borrow boss bottom bounce box boy bracket brain brand brass brave bread breeze
brick bridge brief bright bring brisk broccoli broken bronze broom brother brown brush bubble buddy budget
buffalo build bulb bulk bullet bundle bunker burden burger burst bus business busy butter buyer buzz cabbage
cabin cable cactus cage cake call calm camera camp can canal cancel candy cannon canoe canvas canyon capable
capital captain car carbon card cargo carpet carry cart case cash casino castle casual cat catalog catch
category cattle caught cause caution cave ceiling celery cement census century cereal certain chair chalk
champion change chaos chapter charge chase chat cheap check cheese chef cherry chest chicken chief child chimney
choice choose chronic chuckle chunk churn cigar cinnamon circle citizen city civil claim clap clarify claw clay
clean clerk clever click client cliff climb clinic clip clock clog close cloth cloud clown club clump cluster
clutch coach coast coconut code coffee coil coin collect color column combine come comfort comic common company
concert conduct confirm congress connect consider control convince cook cool copper copy coral core corn correct
cost cotton couch country couple course cousin cover coyote crack cradle craft cram crane crash crater crawl
crazy cream credit creek crew cricket crime crisp critic crop cross crouch crowd crucial cruel cruise crumble
crunch crush cry crystal cube culture cup cupboard curious current curtain curve cushion custom cute cycle dad
damage damp dance danger daring dash daughter dawn day deal debate debris decade december decide decline
decorate decrease deer defense define defy degree delay deliver demand demise denial dentist deny depart depend
deposit depth deputy derive describe desert design desk despair destroy detail detect develop device devote
diagram dial diamond diary dice diesel diet differ digital dignity dilemma dinner dinosaur direct dirt disagree
discover disease dish dismiss disorder display distance divert divide divorce dizzy doctor document dog doll
dolphin domain donate donkey donor door dose double dove draft dragon drama drastic draw dream dress drift drill
drink drip drive drop drum dry duck dumb dune during dust dutch duty dwarf dynamic eager eagle early earn earth
easily east easy echo ecology economy edge edit educate effort egg eight either elbow elder electric elegant
element elephant elevator elite else embark embody embrace emerge emotion employ empower empty enable enact end
endless endorse enemy energy enforce engage engine enhance enjoy enlist enough enrich enroll ensure enter entire
entry envelope episode equal equip era erase erode erosion error erupt escape essay essence estate eternal
ethics evidence evil evoke evolve exact example excess exchange excite exclude excuse execute exercise exhaust
exhibit exile exist exit exotic expand expect expire explain expose express extend extra eye eyebrow fabric face
faculty fade faint faith fall false fame family famous fan fancy fantasy farm fashion fat fatal father fatigue
fault favorite feature february federal fee feed feel female fence festival fetch fever few fiber fiction field
figure file film filter final find fine finger finish fire firm first fiscal fish fit fitness fix flag flame
flash flat flavor flee flight flip float flock floor flower fluid flush fly foam focus fog foil fold follow food
foot force forest forget fork fortune forum forward fossil foster found fox fragile frame frequent fresh friend
fringe frog front frost frown frozen fruit fuel fun funny furnace fury future gadget gain galaxy gallery game
gap garage garbage garden garlic garment gas gasp gate gather gauge gaze general genius genre gentle genuine
gesture ghost giant gift giggle ginger giraffe girl give glad glance glare glass glide glimpse globe gloom glory
glove glow glue goat goddess gold good goose gorilla gospel gossip govern gown grab grace grain grant grape
grass gravity great green grid grief grit grocery group grow grunt guard guess guide guilt guitar gun gym habit
hair half hammer hamster hand happy harbor hard harsh harvest hat have hawk hazard head health heart heavy
hedgehog height hello helmet help hen hero hidden high hill hint hip hire history hobby hockey hold hole holiday
hollow home honey hood hope horn horror horse hospital host hotel hour hover hub huge human humble humor hundred
hungry hunt hurdle hurry hurt husband hybrid ice icon idea identify idle ignore ill illegal illness image
imitate immense immune impact impose improve impulse inch include income increase index indicate indoor industry
infant inflict inform inhale inherit initial inject injury inmate inner innocent input inquiry insane insect
inside inspire install intact interest into invest invite involve iron island isolate issue item ivory jacket
jaguar jar jazz jealous jeans jelly jewel job join joke journey joy judge juice jump jungle junior junk just
kangaroo keen keep ketchup key kick kid kidney kind kingdom kiss kit kitchen kite kitten kiwi knee knife knock
know lab label labor ladder lady lake lamp language laptop large later latin laugh laundry lava law lawn lawsuit
layer lazy leader leaf learn leave lecture left leg legal legend leisure lemon lend length lens leopard lesson
letter level liar liberty library license life lift light like limb limit link lion liquid list little live
lizard load loan lobster local lock logic lonely long loop lottery loud lounge love loyal lucky luggage lumber
lunar lunch luxury lyrics machine mad magic magnet maid mail main major make mammal man manage mandate mango
mansion manual maple marble march margin marine market marriage mask mass master match material math matrix
matter maximum maze meadow mean measure meat mechanic medal media melody melt member memory mention menu mercy
merge merit merry mesh message metal method middle midnight milk million mimic mind minimum minor minute miracle
mirror misery miss mistake mix mixed mixture mobile model modify mom moment monitor monkey monster month moon
moral more morning mosquito mother motion motor mountain mouse move movie much muffin mule multiply muscle
museum mushroom music must mutual myself mystery myth naive name napkin narrow nasty nation nature near neck
need negative neglect neither nephew nerve nest net network neutral never news next nice night noble noise
nominee noodle normal north nose notable note nothing notice novel now nuclear number nurse nut oak obey object
oblige obscure observe obtain obvious occur ocean october odor off offer office often oil okay old olive olympic
omit once one onion online only open opera opinion oppose option orange orbit orchard order ordinary organ
orient original orphan ostrich other outdoor outer output outside oval oven over own owner oxygen oyster ozone
pact paddle page pair palace palm panda panel panic panther paper parade parent park parrot party pass patch
path patient patrol pattern pause pave payment peace peanut pear peasant pelican pen penalty pencil people
pepper perfect permit person pet phone photo phrase physical piano picnic picture piece pig pigeon pill pilot
pink pioneer pipe pistol pitch pizza place planet plastic plate play please pledge pluck plug plunge poem poet
point polar pole police pond pony pool popular portion position possible post potato pottery poverty powder
power practice praise predict prefer prepare present pretty prevent price pride primary print priority prison
private prize problem process produce profit program project promote proof property prosper protect proud
provide public pudding pull pulp pulse pumpkin punch pupil puppy purchase purity purpose purse push put puzzle
pyramid quality quantum quarter question quick quit quiz quote rabbit raccoon race rack radar radio rail rain
raise rally ramp ranch random range rapid rare rate rather raven raw razor ready real reason rebel rebuild
recall receive recipe record recycle reduce reflect reform refuse region regret regular reject relax release
relief rely remain remember remind remove render renew rent reopen repair repeat replace report require rescue
resemble resist resource response result retire retreat return reunion reveal review reward rhythm rib ribbon
rice rich ride ridge rifle right rigid ring riot ripple risk ritual rival river road roast robot robust rocket
romance roof rookie room rose rotate rough round route royal rubber rude rug rule run runway rural sad saddle
sadness safe sail salad salmon salon salt salute same sample sand satisfy satoshi sauce sausage save say scale
scan scare scatter scene scheme school science scissors scorpion scout scrap screen script scrub sea search
season seat second secret section security seed seek segment select sell seminar senior sense sentence series
service session settle setup seven shadow shaft shallow share shed shell sheriff shield shift shine ship shiver
shock shoe shoot shop short shoulder shove shrimp shrug shuffle shy sibling sick side siege sight sign silent
silk silly silver similar simple since sing siren sister situate six size skate sketch ski skill skin skirt
skull slab slam sleep slender slice slide slight slim slogan slot slow slush small smart smile smoke smooth
snack snake snap sniff snow soap soccer social sock soda soft solar soldier solid solution solve someone song
soon sorry sort soul sound soup source south space spare spatial spawn speak special speed spell spend sphere
spice spider spike spin spirit split spoil sponsor spoon sport spot spray spread spring spy square squeeze
squirrel stable stadium staff stage stairs stamp stand start state stay steak steel stem step stereo stick still
sting stock stomach stone stool story stove strategy street strike strong struggle student stuff stumble style
subject submit subway success such sudden suffer sugar suggest suit summer sun sunny sunset super supply supreme
sure surface surge surprise surround survey suspect sustain swallow swamp swap swarm swear sweet swift swim
swing switch sword symbol symptom syrup system table tackle tag tail talent talk tank tape target task taste
tattoo taxi teach team tell ten tenant tennis tent term test text thank that theme then theory there they thing
this thought three thrive throw thumb thunder ticket tide tiger tilt timber time tiny tip tired tissue title
toast tobacco today toddler toe together toilet token tomato tomorrow tone tongue tonight tool tooth top topic
topple torch tornado tortoise toss total tourist toward tower town toy track trade traffic tragic train transfer
trap trash travel tray treat tree trend trial tribe trick trigger trim trip trophy trouble truck true truly
trumpet trust truth try tube tuition tumble tuna tunnel turkey turn turtle twelve twenty twice twin twist two
type typical ugly umbrella unable unaware uncle uncover under undo unfair unfold unhappy uniform unique unit
universe unknown unlock until unusual unveil update upgrade uphold upon upper upset urban urge usage use used
useful useless usual utility vacant vacuum vague valid valley valve van vanish vapor various vast vault vehicle
velvet vendor venture venue verb verify version very vessel veteran viable vibrant vicious victory video view
village vintage violin virtual virus visa visit visual vital vivid vocal voice void volcano volume vote voyage
wage wagon wait walk wall walnut want warfare warm warrior wash wasp waste water wave way wealth weapon wear
weasel weather web wedding weekend weird welcome west wet whale what wheat wheel when where whip whisper wide
width wife wild will win window wine wing wink winner winter wire wisdom wise wish witness wolf woman wonder
wood wool word work world worry worth wrap wreck wrestle wrist write wrong yard year yellow you young youth
zebra zero zone zoo
`.trim().split(/\s+/);
