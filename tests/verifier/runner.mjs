// SPDX-License-Identifier: Apache-2.0
/**
 * Answers questions for the second verifier: one JSON document a line in, one out.
 *
 *     node runner.mjs PATH-OF-VERIFY.JS [--without-ml-dsa]
 *
 * Bytes are base64. Cards are read by the question `card` and named by number afterwards.
 */
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

if (process.argv.includes("--without-ml-dsa")) {
  // As in browsers that have none: the name is not known to them.
  const imported = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = async (format, key, algorithm, ...more) => {
    if ((algorithm.name ?? algorithm).startsWith("ML-DSA")) throw new DOMException("unknown", "NotSupportedError");
    return imported(format, key, algorithm, ...more);
  };
}

const verifier = await import(pathToFileURL(process.argv[2]));
const cards = [];
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const card = (number) => (number === null ? undefined : cards[number]);

const answers = {
  async card({ data, forget }) {
    const read = await verifier.readCard(bytes(data));
    if (!forget) cards.push(read);
    return { ...read, place: cards.length - 1 };
  },
  async chain({ cards: numbers }) {
    return verifier.verifyChain(numbers.map(card));
  },
  async view({ data, cards: numbers, languages }) {
    const view = await verifier.verifyView(bytes(data), numbers.map(card));
    const shown = (languages ?? []).map((each) => verifier.shown(view, each).map(({ code }) => code));
    return { ...view, reading: view.portions.map(({ code }) => code), shown };
  },
  async withdrawal({ data, cards: numbers }) {
    return verifier.verifyWithdrawal(bytes(data), numbers.map(card));
  },
  async destruction({ data, cards: numbers }) {
    return verifier.verifyDestruction(bytes(data), numbers.map(card));
  },
  async withdrawals({ view, withdrawals, cards: numbers }) {
    const listed = numbers.map(card);
    const read = await Promise.all(withdrawals.map((each) => verifier.verifyWithdrawal(bytes(each), listed)));
    const counting = verifier.withdrawalsOf(await verifier.verifyView(bytes(view), listed), read);
    return { counting: counting.map(({ author }) => author.office) };
  },
  async statement({ data, authority, file }) {
    const options = { file: file === undefined ? undefined : bytes(file) };
    return verifier.verifyStatement(bytes(data), authority, options);
  },
  async succession({ statements, authority }) {
    const read = await Promise.all(statements.map((each) => verifier.verifyStatement(bytes(each), authority)));
    return verifier.verifySuccession(read);
  },
  async checkpoint({ data, writer, origin }) {
    return verifier.verifyCheckpoint(bytes(data), card(writer), { origin });
  },
  async receipt({ data, writer, receiver, origin }) {
    return verifier.verifyReceipt(bytes(data), card(writer), card(receiver), { origin });
  },
  async proof({ data, cards: numbers, entry, payload, origin }) {
    const given = (text) => (text === undefined ? undefined : bytes(text));
    const options = { entry: given(entry), payload: given(payload), origin };
    return verifier.verifyProof(bytes(data), numbers.map(card), options);
  },
  async note({ data, cards: numbers }) {
    return verifier.verifyNote(bytes(data), numbers.map(card));
  },
  async growth({ data, cards: numbers, older }) {
    const listed = numbers.map(card);
    const note = older === undefined ? undefined : await verifier.verifyNote(bytes(older), listed);
    return verifier.verifyGrowth(bytes(data), listed, note);
  },
  async forks({ notes, cards: numbers }) {
    const listed = numbers.map(card);
    const read = await Promise.all(notes.map((each) => verifier.verifyNote(bytes(each), listed)));
    return { forks: verifier.forksAmong(read).map((pair) => pair.map((each) => read.indexOf(each))) };
  },
  async payload({ data, cards: numbers }) {
    return verifier.verifyPayload(bytes(data), numbers.map(card));
  },
  async attachment({ portion, data, as }) {
    const whole = bytes(data);
    const pieces = async function* () {
      for (let at = 0; at < whole.length; at += 700_001) yield whole.subarray(at, at + 700_001);
    };
    const sources = { bytes: () => whole, blob: () => new Blob([whole]), stream: pieces };
    return verifier.verifyAttachment(portion, sources[as ?? "bytes"]());
  },
  async visible({ text }) {
    return verifier.visible(text).join("");
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { value: await answers[question.ask](question) };
  } catch (error) {
    // Whatever is no VerifyError is a fault of the verifier itself.
    const expected = error instanceof verifier.VerifyError;
    answer = { family: expected ? error.family : "fault", message: expected ? error.message : String(error.stack) };
    if (expected && error.step !== undefined) answer.step = error.step;
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
