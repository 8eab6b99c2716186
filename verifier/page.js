// SPDX-License-Identifier: Apache-2.0
/**
 * The page around the verifier: takes files, has them verified, and says what came of it.
 *
 * tools/verify_html.py puts verify.js and this file into verify.html, which is the page that people open.
 * What files say is shown as text (textContent) in an element of its own direction, and never as HTML.
 */
import {
  abilities,
  readCard,
  shown,
  VerifyError,
  verifyAttachment,
  verifyChain,
  verifyNote,
  verifyPayload,
  verifyProof,
  verifyView,
  visible,
} from "./verify.js";

const READ_SIZE_MAX = 67_117_060; // the largest thing but attachments, which are read a mebibyte at a time
const FAMILIES = {
  malformed: "It is not what it claims to be",
  proof: "What it shows does not lead to what was signed",
  signature: "A signature does not hold, or the card of who signed is not here",
  origin: "It is of another stream or of another office",
  unsupported: "This browser cannot check it",
};
// A payload begins with the length of its slip, at most 8,192, and the slip with a brace.
const PAYLOAD = /^\0\0[\0-\x20][^]\{/;
const BEGINNINGS = [
  ['{"body":', "card"],
  ['{"header":', "view"],
  ["legation/stream/", "note"],
  ["legation/log/", "note"],
  ["c2sp.org/tlog-proof@", "proof"],
];
const NAMES = {
  card: "card",
  view: "copy of an item",
  note: "checkpoint or receipt",
  proof: "proof of one entry",
  payload: "payload of an entry",
  other: "file",
};

// ---------------------------------------------------------------------------------------------------
// Elements

/** Make an element; text goes in as text. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Text in which every invisible character is an element of its own, which nothing that a file says can imitate. */
function spelt(text) {
  return visible(text, (spelling) => element("bdi", { class: "spelt", dir: "ltr" }, spelling));
}

/** Something that a file says, inside a line: of its own direction, with nothing invisible in it. */
function said(text) {
  return element("bdi", {}, ...spelt(String(text)));
}

/** Something that a file says, on lines of its own. */
function paragraph(text, kind = "text") {
  return element("p", { class: kind, dir: "auto" }, ...spelt(text));
}

function list(items, properties = {}, name = "ul") {
  return element(name, properties, ...items.map((item) => element("li", {}, item)));
}

function facts(rows) {
  const made = element("dl");
  for (const [term, ...values] of rows) made.append(element("dt", {}, term), element("dd", {}, ...values));
  return made;
}

function time(seconds) {
  return new Date(seconds * 1000).toISOString().replace(".000Z", " UTC").replace("T", " ");
}

/** "Checked" and "not checked" of whatever was verified. */
function findings(value) {
  const parts = [];
  if (value.checked.length > 0) parts.push(element("h4", {}, "Checked"), list(value.checked.map(said)));
  if (value.notChecked.length > 0) parts.push(element("h4", {}, "Not checked here"), list(value.notChecked.map(said)));
  return parts;
}

// ---------------------------------------------------------------------------------------------------
// State: the files that were given, and what came of each

const state = { files: [], compared: new Set(), compares: new WeakMap(), run: 0 };
const place = (id) => document.getElementById(id);

/** What a file claims to be, by its first bytes; what cannot be read, as a folder, is nothing. */
async function kindOf(file) {
  const { value, error } = await attempt(() => file.slice(0, 32).arrayBuffer());
  const beginning = error === undefined ? String.fromCharCode(...new Uint8Array(value)) : "";
  if (PAYLOAD.test(beginning)) return "payload";
  return BEGINNINGS.find(([start]) => beginning.startsWith(start))?.[1] ?? "other";
}

async function read(file) {
  if (file.size > READ_SIZE_MAX) throw new VerifyError("malformed", "longer than anything of its kind");
  return new Uint8Array(await file.arrayBuffer());
}

/** Verify; gives { value } or { error }. What is no refusal is a fault of this page, and proves nothing. */
async function attempt(verify) {
  try {
    return { value: await verify() };
  } catch (error) {
    return { error };
  }
}

/** Read all cards, and choose of each office the newest, if the others lead to it. */
async function readCards(files) {
  const outcomes = [];
  const byOffice = new Map();
  for (const file of files) {
    const outcome = { file, ...(await attempt(async () => readCard(await read(file)))) };
    outcomes.push(outcome);
    if (outcome.error !== undefined) continue;
    const { office } = outcome.value;
    byOffice.set(office, [...(byOffice.get(office) ?? []), outcome]);
  }
  const cards = [];
  for (const sameOffice of byOffice.values()) {
    const different = new Map(sameOffice.map((outcome) => [outcome.value.digest, outcome]));
    const inOrder = [...different.values()].sort((left, right) => left.value.number - right.value.number);
    const newest = inOrder[inOrder.length - 1];
    const isWhole = inOrder[0].value.number === 0 && inOrder.length > 1;
    const { error } = inOrder.length > 1 ? await attempt(() => verifyChain(inOrder.map(({ value }) => value))) : {};
    if (error === undefined) {
      cards.push(newest.value);
      newest.used = true;
      newest.chained = isWhole;
    } else {
      for (const outcome of inOrder) outcome.error = new VerifyError("malformed", "the cards of this office do not follow each other from card 0");
    }
  }
  return { outcomes, cards };
}

/** Whether a file is an attachment; remembered, for it may be large and files are judged again when others come. */
async function hasBytesOf(file, portion) {
  const known = state.compares.get(file) ?? new Map();
  state.compares.set(file, known);
  if (!known.has(portion.root)) {
    const { error } = await attempt(() => verifyAttachment(portion, file));
    known.set(portion.root, error === undefined);
  }
  return known.get(portion.root);
}

/** Which of the files are the attachments that a view names: for each, the outcome, or none. */
async function attachmentsOf(view, files) {
  const found = [];
  for (const each of view.portions.filter(({ portion }) => portion.type === "attachment")) {
    const row = { entry: each, files: [] };
    for (const file of files.filter(({ size }) => size === each.portion.size)) {
      if (await hasBytesOf(file, each.portion)) row.files.push(file);
    }
    row.named = files.filter((file) => file.name === each.portion.name && !row.files.includes(file));
    found.push(row);
  }
  return found;
}

async function withAttachments(outcome, view, files, used) {
  outcome.attachments = await attachmentsOf(view, files);
  for (const row of outcome.attachments) row.files.forEach((file) => used.add(file));
}

async function verifyFile(file, kind, cards, given, payloads, used) {
  const outcome = { file, kind };
  if (kind === "view") {
    Object.assign(outcome, await attempt(async () => verifyView(await read(file), cards)));
    if (outcome.value !== undefined) await withAttachments(outcome, outcome.value, given, used);
  } else if (kind === "payload") {
    Object.assign(outcome, await attempt(async () => verifyPayload(await read(file), cards)));
    if (outcome.value !== undefined) await withAttachments(outcome, outcome.value.view, given, used);
  } else if (kind === "note") {
    Object.assign(outcome, await attempt(async () => verifyNote(await read(file), cards)));
  } else {
    Object.assign(outcome, await attempt(async () => proofWithPayload(await read(file), cards, payloads)));
  }
  return outcome;
}

/** Verify a proof, with the payload that its entry names if that is among the files. */
async function proofWithPayload(bytes, cards, payloads) {
  const alone = await verifyProof(bytes, cards);
  const brought = payloads.find(({ value }) => value !== undefined && value.hash === alone.entry?.payload_hash);
  if (brought === undefined) return alone;
  return { ...(await verifyProof(bytes, cards, { payload: await read(brought.file) })), payloadFile: brought.file.name };
}

/** Verify everything anew: a card that comes later changes what holds. */
async function verifyAll() {
  state.run += 1;
  const run = state.run;
  const given = [...state.files];
  announce("Verifying …");
  const kinds = new Map();
  for (const file of given) kinds.set(file, await kindOf(file));
  const of = (kind) => given.filter((file) => kinds.get(file) === kind);
  const { outcomes: cardOutcomes, cards } = await readCards(of("card"));
  const used = new Set();
  const outcomes = [];
  const payloads = [];
  for (const kind of ["view", "payload", "note", "proof"]) {
    for (const file of of(kind)) {
      const outcome = await verifyFile(file, kind, cards, given, payloads, used);
      if (kind === "payload") payloads.push(outcome);
      outcomes.push(outcome);
      if (run !== state.run) return;
    }
  }
  outcomes.push(...of("other").map((file) => ({ file, kind: "other" })));
  if (run !== state.run) return;
  // An attachment may begin like anything.
  const attached = ({ file, kind, error }) => used.has(file) && (kind === "other" || error !== undefined);
  render(
    cardOutcomes,
    outcomes.map((each) => (attached(each) ? { file: each.file, kind: "other", isAttachment: true } : each)),
  );
}

/** Verify, and say so if this page itself fails: then nothing is known. */
function verifyAgain() {
  return verifyAll().catch(() => {
    for (const id of ["cards", "results"]) place(id).replaceChildren();
    announce("This page failed. Nothing is known of any file.");
  });
}

// ---------------------------------------------------------------------------------------------------
// What is shown

function announce(text) {
  place("status").textContent = text;
}

function counted(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}

function render(cardOutcomes, outcomes) {
  place("cards").replaceChildren(...cardOutcomes.map(cardShown));
  place("results").replaceChildren(...outcomes.map(outcomeShown));
  for (const [id, some] of [["cards-part", cardOutcomes], ["results-part", outcomes]]) {
    place(id).hidden = some.length === 0;
  }
  const every = [...cardOutcomes, ...outcomes];
  const failed = every.filter(({ error }) => error !== undefined).length;
  const held = every.filter(({ value, error }) => value !== undefined && error === undefined).length;
  const rest = every.length - failed - held;
  const attached = outcomes.filter(({ isAttachment }) => isAttachment).length;
  const parts = [`${counted(held, "file holds", "files hold")}`];
  if (failed > 0) parts.push(counted(failed, "does not", "do not"));
  if (attached > 0) parts.push(counted(attached, "is an attachment", "are attachments"));
  if (rest > attached) parts.push(counted(rest - attached, "was not recognised", "were not recognised"));
  announce(every.length === 0 ? "No files yet." : `${counted(every.length, "file", "files")}: ${parts.join(", ")}.`);
}

function headed(file, verdict, isGood, ...children) {
  const title = element("h3", {}, said(file.name));
  const made = element("article", { class: isGood ? "good" : "bad" }, title);
  made.append(element("p", { class: "verdict" }, element("strong", {}, verdict)), ...children.filter(Boolean));
  return made;
}

function failure(file, kind, error) {
  const expected = error instanceof VerifyError;
  const what = `Does not hold (as a ${NAMES[kind]})`;
  const why = expected
    ? `${FAMILIES[error.family]}: ${error.message}.`
    : "This page failed on it. Nothing is known of the file.";
  if (error?.family === "unsupported" || !expected) return headed(file, "Not checked", false, element("p", {}, why));
  return headed(file, what, false, element("p", {}, why));
}

function cardShown(outcome) {
  const { file, value: card, error } = outcome;
  if (error !== undefined) return failure(file, "card", error);
  if (!outcome.used) return headed(file, `Holds: an older card of ${card.office}`, true);
  const words = list([...card.words], { class: "words" }, "ol");
  const id = `compared-${card.office}`;
  const box = element("input", { type: "checkbox", id });
  box.checked = state.compared.has(card.digest);
  box.addEventListener("change", () => {
    state.compared[box.checked ? "add" : "delete"](card.digest);
    document.querySelectorAll("[data-card]").forEach(showCompared);
  });
  const keys = card.itemKeys.map((key) => element("span", {}, `${key.state}: `, element("code", {}, key.id)));
  const notChecked = card.notChecked.filter((each) => !(outcome.chained && each.startsWith("the cards before")));
  const checked = outcome.chained ? [...card.checked, "it follows the cards before it, from card 0"] : card.checked;
  return headed(
    file,
    `Holds: card ${card.number} of ${card.office}`,
    true,
    element("p", {}, "Its twelve words. That this card is the office's own, only the office can say: compare them by telephone or in person."),
    words,
    element("p", { class: "compare" }, box, element("label", { for: id }, `I have compared these words with ${card.office}`)),
    element("details", {}, element("summary", {}, "Keys that sign items, and what was checked"), list(keys), ...findings({ checked, notChecked })),
  );
}

/** Whose card it is, and whether its words were compared: each says so itself, so that nobody forgets. */
function signedBy(office) {
  const made = element("span", { "data-card": office });
  made.append(said(office), " ", element("span", { class: "compared" }));
  showCompared(made);
  return made;
}

function showCompared(node) {
  const box = place(`compared-${node.dataset.card}`);
  const isCompared = box !== null && box.checked;
  node.lastChild.textContent = isCompared ? "(words compared)" : "(by a card whose words you have not compared)";
}

function outcomeShown(outcome) {
  const { file, kind, value, error } = outcome;
  if (error !== undefined) return failure(file, kind, error);
  switch (kind) {
    case "view":
      return headed(file, "Holds: a copy of an item", true, ...viewShown(value, outcome.attachments));
    case "payload": {
      const addressee = facts([["Handed over to", said(value.slip.addressee)]]);
      const note = element("p", {}, "By itself it proves what the author signed; that it was handed over, a proof says.");
      return headed(file, "Holds: what an entry of a stream brought", true, addressee, note, ...viewShown(value.view, outcome.attachments));
    }
    case "note":
      return headed(file, `Holds: a ${value.what}`, true, noteShown(value), ...findings(value));
    case "proof":
      return headed(file, "Holds: a proof of one entry", true, ...proofShown(value));
    default:
      return outcome.isAttachment
        ? headed(file, "Holds: the attachment of a copy here", true)
        : headed(file, "Not recognised", false, element("p", {}, "It is no card, copy, receipt, proof or payload, and no attachment of a copy here."));
  }
}

function noteShown(note) {
  const rows = [["Of", said(note.origin)], ["Entries", String(note.size)], ["Written and signed by", signedBy(note.writer)]];
  if (note.what === "receipt") {
    rows.push(["Received and signed by", signedBy(note.receiver)], ["Received at, by its clock", time(note.time)]);
  }
  return facts(rows);
}

function proofShown(proof) {
  const rows = [["Entry", `number ${proof.index}, from 0, of ${proof.note.size}`]];
  if (proof.entry !== undefined) {
    rows.push(["What it is", said(proof.entry.kind)], ["Hash of what it brought", element("code", {}, proof.entry.payload_hash)]);
  }
  if (proof.payload !== undefined) {
    rows.push(["What it brought", said(proof.payload.view.reference), ", the payload in ", said(proof.payloadFile)]);
  }
  return [facts(rows), noteShown(proof.note), ...findings(proof)];
}

function viewShown(view, attachments) {
  const languages = place("languages").value.split(",").map((each) => each.trim()).filter(Boolean);
  const kept = new Set(shown(view, languages));
  const rows = [
    ["Signed by", signedBy(view.author.office)],
    ["Reference", said(view.reference)],
    ["Kind", said(view.kind)],
    ["Time, as the author states it", time(view.time)],
    ["Item", element("code", {}, view.item)],
    ["Key", `${view.author.state}: `, element("code", {}, view.author.key)],
  ];
  const portions = list(
    view.portions.map((each, number) => portionShown(view, each, number, kept.has(each), attachments)),
    { class: "portions" },
    "ol",
  );
  return [facts(rows), element("h4", {}, "Portions in reading order, with their labels as the author states them"), portions, ...findings(view)];
}

function labelShown(label) {
  const parts = [said(label.classification)];
  for (const { tag, type, values } of label.categories) {
    parts.push("; ", said(tag), ` (${type}): `, ...values.flatMap((each, at) => [at > 0 ? ", " : "", said(each)]));
  }
  const policy = `policy ${label.policy.id}, version ${label.policy.version}`;
  return element("p", { class: "label" }, element("strong", {}, ...parts), ` — ${policy}`);
}

function portionShown(view, each, number, isKept, attachments) {
  const made = element("div", { class: isKept ? "portion" : "portion lesser" });
  made.append(labelShown(each.label), ...contentShown(each.portion));
  const codes = (numbers) => numbers.map((other) => view.portions[other].code).join(", ");
  const isMutual = (other) => view.portions[other].atLeastAsFullAs.includes(number);
  const translations = each.atLeastAsFullAs.filter(isMutual);
  const lesser = each.atLeastAsFullAs.filter((other) => !isMutual(other));
  const about = [`Code ${each.code}`];
  if (translations.length > 0) about.push(`a translation of ${codes(translations)}`);
  if (lesser.length > 0) about.push(`says more than ${codes(lesser)}`);
  if (!isKept) about.push("not shown to a reader: another portion here stands for it");
  made.append(element("p", { class: "about" }, about.join("; ")));
  const row = attachments?.find(({ entry }) => entry === each);
  if (row !== undefined) made.append(attachmentShown(row));
  return made;
}

function attachmentShown(row) {
  if (row.files.length > 0) {
    return element("p", { class: "verdict" }, "Its bytes hold: ", ...row.files.map((file) => said(file.name)));
  }
  const other = row.named.length > 0;
  return element("p", { class: "verdict" }, other ? "A file of this name is here, and does NOT have the bytes that were signed." : "Not checked: no file here has its bytes.");
}

/** What a portion says, by its type. */
function contentShown(portion) {
  const rows = Object.entries(portion).filter(([name]) => !["type", "text", "topics"].includes(name));
  const told = rows.length > 0 ? [facts(rows.map(([name, value]) => [name.replace("_", " "), said(Array.isArray(value) ? value.join(", ") : value)]))] : [];
  switch (portion.type) {
    case "title":
      return [paragraph(portion.text, "title")];
    case "text":
      return [paragraph(portion.text), ...told];
    case "topics":
      return [element("p", {}, "Topics: ", ...portion.topics.flatMap((each, at) => [at > 0 ? ", " : "", said(each)]))];
    default:
      return [element("p", {}, portion.type), ...told];
  }
}

// ---------------------------------------------------------------------------------------------------
// What people do

function take(files) {
  state.files.push(...files);
  return verifyAgain();
}

function start() {
  const input = place("files");
  input.addEventListener("change", () => take([...input.files]));
  input.addEventListener("click", () => {
    input.value = ""; // so that the same file may be given again
  });
  place("languages").addEventListener("change", verifyAgain);
  place("clear").addEventListener("click", () => {
    state.files = [];
    state.compared.clear();
    input.value = "";
    verifyAgain();
    input.focus();
  });
  const drop = place("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  abilities().then(({ ed25519, mlDsa44 }) => {
    place("abilities").textContent = !ed25519
      ? "This browser cannot check Ed25519 signatures: nothing can be verified here. Use a newer one."
      : mlDsa44
        ? "This browser can check all signatures: Ed25519 and ML-DSA-44."
        : "This browser has no ML-DSA-44: those signatures are not checked here, and each result says so.";
  });
}

start();
