// SPDX-License-Identifier: Apache-2.0
/**
 * The page around the verifier: takes files, has them verified, and says what came of it.
 *
 * tools/verify_html.py puts verify.js and this file into verify.html, which is the page that people open.
 * What files say is shown as text (textContent) in an element of its own direction, and never as HTML.
 */
import {
  abilities,
  forksAmong,
  readCard,
  shown,
  VerifyError,
  verifyAttachment,
  verifyChain,
  verifyGrowth,
  verifyNote,
  verifyPayload,
  verifyProof,
  verifyView,
  verifyDestruction,
  verifyWithdrawal,
  visible,
  withdrawalsOf,
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
  ['{"author":', "withdrawal"],
  ['{"format":"legation/destruction/', "destruction"],
  ["legation/policy/", "statement"],
  ["legation/stream/", "note"],
  ["legation/log/", "note"],
  ["c2sp.org/tlog-proof@", "proof"],
  ["old ", "growth"],
];
const NAMES = {
  card: "card",
  view: "copy of an item",
  withdrawal: "withdrawal",
  destruction: "certificate of destruction",
  statement: "statement on a policy",
  note: "checkpoint or receipt",
  proof: "proof of one entry",
  growth: "growth of a stream or log",
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
  if (kind === "withdrawal") {
    Object.assign(outcome, await attempt(async () => verifyWithdrawal(await read(file), cards)));
  } else if (kind === "destruction") {
    Object.assign(outcome, await attempt(async () => verifyDestruction(await read(file), cards)));
  } else if (kind === "view") {
    Object.assign(outcome, await attempt(async () => verifyView(await read(file), cards)));
    if (outcome.value !== undefined) await withAttachments(outcome, outcome.value, given, used);
  } else if (kind === "payload") {
    Object.assign(outcome, await attempt(async () => verifyPayload(await read(file), cards)));
    if (outcome.value !== undefined) await withAttachments(outcome, outcome.value.view, given, used);
  } else if (kind === "note") {
    Object.assign(outcome, await attempt(async () => verifyNote(await read(file), cards)));
  } else if (kind === "growth") {
    Object.assign(outcome, await attempt(async () => verifyGrowth(await read(file), cards)));
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

/** The view that a file holds, if it does: a copy, what an entry brought, or both beside a proof. */
function viewIn({ kind, value, error }) {
  if (value === undefined || error !== undefined) return undefined;
  return { view: value, payload: value.view, proof: value.payload?.view }[kind];
}

/** Say of each view who has withdrawn it, and of each withdrawal what it finds here. */
function withWithdrawals(outcomes) {
  const all = outcomes.filter(({ kind, value }) => kind === "withdrawal" && value !== undefined);
  const views = outcomes.filter((each) => viewIn(each) !== undefined);
  for (const each of views) {
    const counting = new Set(withdrawalsOf(viewIn(each), all.map(({ value }) => value)));
    each.withdrawals = all.filter(({ value }) => counting.has(value));
  }
  for (const each of all) {
    each.counts = views.filter(({ withdrawals }) => withdrawals.includes(each));
    each.counterfeits = views.filter((one) => viewIn(one).item === each.value.item && !each.counts.includes(one));
  }
}

/** The checkpoint or receipt that a file holds, if it does. */
function noteIn({ kind, value, error }) {
  if (value === undefined || error !== undefined) return undefined;
  return { note: value, proof: value.note, growth: value.note }[kind];
}

/** Hold each growth against every older checkpoint that is here; gives the pairs of files that tell two histories. */
async function compareHistories(outcomes, cards) {
  const noted = outcomes.filter((each) => noteIn(each) !== undefined);
  for (const growth of noted.filter(({ kind }) => kind === "growth")) {
    Object.assign(growth, { grew: [], broken: [] });
    const { oldSize, note } = growth.value;
    const isOlder = (one) => one.origin === note.origin && one.size === oldSize && one.size < note.size;
    for (const older of noted.filter((each) => isOlder(noteIn(each)))) {
      const { value, error } = await attempt(async () => verifyGrowth(await read(growth.file), cards, noteIn(older)));
      (error === undefined ? growth.grew : growth.broken).push(older);
      growth.value = value ?? growth.value;
    }
  }
  const fileOf = new Map(noted.map((each) => [noteIn(each), each]));
  return forksAmong([...fileOf.keys()]).map((pair) => pair.map((note) => fileOf.get(note)));
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
  for (const kind of ["withdrawal", "destruction", "view", "payload", "note", "proof", "growth"]) {
    for (const file of of(kind)) {
      const outcome = await verifyFile(file, kind, cards, given, payloads, used);
      if (kind === "payload") payloads.push(outcome);
      outcomes.push(outcome);
      if (run !== state.run) return;
    }
  }
  withWithdrawals(outcomes);
  const forks = await compareHistories(outcomes, cards);
  outcomes.push(...["statement", "other"].flatMap((kind) => of(kind).map((file) => ({ file, kind }))));
  if (run !== state.run) return;
  // An attachment may begin like anything.
  const attached = ({ file, kind, error }) => used.has(file) && (["other", "statement"].includes(kind) || error !== undefined);
  render(
    cardOutcomes,
    outcomes.map((each) => (attached(each) ? { file: each.file, kind: "other", isAttachment: true } : each)),
    forks,
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

function render(cardOutcomes, outcomes, forks) {
  place("cards").replaceChildren(...cardOutcomes.map(cardShown));
  place("results").replaceChildren(...forks.map(forkShown), ...outcomes.map(outcomeShown));
  for (const [id, some] of [["cards-part", cardOutcomes], ["results-part", outcomes]]) {
    place(id).hidden = some.length === 0;
  }
  const every = [...cardOutcomes, ...outcomes];
  const isFailed = ({ error, broken }) => error !== undefined || (broken !== undefined && broken.length > 0);
  const failed = every.filter(isFailed).length;
  const held = every.filter((each) => each.value !== undefined && !isFailed(each)).length;
  const rest = every.length - failed - held;
  const attached = outcomes.filter(({ isAttachment }) => isAttachment).length;
  const unchecked = outcomes.filter(({ kind }) => kind === "statement").length;
  const withdrawn = new Set(outcomes.filter(isWithdrawn).map((each) => viewIn(each).item)).size;
  const parts = [`${counted(held, "file holds", "files hold")}`];
  if (failed > 0) parts.push(counted(failed, "does not", "do not"));
  if (attached > 0) parts.push(counted(attached, "is an attachment", "are attachments"));
  if (unchecked > 0) parts.push(counted(unchecked, "was not checked", "were not checked"));
  const others = rest - attached - unchecked;
  if (others > 0) parts.push(counted(others, "was not recognised", "were not recognised"));
  const more = withdrawn > 0 ? ` ${counted(withdrawn, "item was withdrawn by its author", "items were withdrawn by their authors")}.` : "";
  const worst = forks.length > 0 ? " TWO HISTORIES of one stream or log are signed: see the results." : "";
  announce(every.length === 0 ? "No files yet." : `${counted(every.length, "file", "files")}: ${parts.join(", ")}.${more}${worst}`);
}

function isWithdrawn({ withdrawals }) {
  return withdrawals !== undefined && withdrawals.length > 0;
}

/** A file and the verdict on it: `looks` is good, bad or withdrawn. */
function headed(file, verdict, looks, ...children) {
  const title = element("h3", {}, said(file.name));
  const made = element("article", { class: looks }, title);
  made.append(element("p", { class: "verdict" }, element("strong", {}, verdict)), ...children.filter(Boolean));
  return made;
}

function failure(file, kind, error) {
  const expected = error instanceof VerifyError;
  const what = `Does not hold (as a ${NAMES[kind]})`;
  const why = expected
    ? `${FAMILIES[error.family]}: ${error.message}.`
    : "This page failed on it. Nothing is known of the file.";
  if (error?.family === "unsupported" || !expected) return headed(file, "Not checked", "bad", element("p", {}, why));
  return headed(file, what, "bad", element("p", {}, why));
}

function cardShown(outcome) {
  const { file, value: card, error } = outcome;
  if (error !== undefined) return failure(file, "card", error);
  if (!outcome.used) return headed(file, `Holds: an older card of ${card.office}`, "good");
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
    "good",
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
      return headedView(outcome, "Holds: a copy of an item", ...viewShown(value, outcome));
    case "withdrawal":
      return headed(file, "Holds: the withdrawal of an item", "good", ...withdrawalShown(outcome));
    case "destruction":
      return headed(file, "Holds: a certificate of destruction", "good", ...destructionShown(value));
    case "payload": {
      const addressee = facts([["Handed over to", said(value.slip.addressee)]]);
      const note = element("p", {}, "By itself it proves what the author signed; that it was handed over, a proof says.");
      return headedView(outcome, "Holds: what an entry of a stream brought", addressee, note, ...viewShown(value.view, outcome));
    }
    case "note":
      return headed(file, `Holds: a ${value.what}`, "good", noteShown(value), ...findings(value));
    case "proof":
      return headedView(outcome, "Holds: a proof of one entry", ...proofShown(value));
    case "growth":
      return growthShown(outcome);
    case "statement":
      return headed(file, "Not checked", "bad", element("p", {}, "It begins like a statement on a policy. No card names the keys of its authority, so this page cannot say whether it holds."));
    default:
      return outcome.isAttachment
        ? headed(file, "Holds: the attachment of a copy here", "good")
        : headed(file, "Not recognised", "bad", element("p", {}, "It is no card, copy, withdrawal, certificate of destruction, checkpoint, receipt, proof, growth or payload, and no attachment of a copy here."));
  }
}

/** "A proof that does not hold shows nothing, not even that there are two histories." */
function growthShown({ file, value, grew, broken }) {
  const rows = [["Said to have grown from", counted(value.oldSize, "entry", "entries")]];
  if (grew.length > 0) rows.push(["Has only grown since", ...named(grew)]);
  if (broken.length > 0) rows.push(["Does not lead from", ...named(broken)]);
  const verdict = broken.length > 0
    ? "Does not hold as a growth; the checkpoint in it does"
    : grew.length > 0
      ? "Holds: a stream or log has only grown"
      : "Holds: the checkpoint in a growth; the older one is not here, so nothing is known of the growth";
  return headed(file, verdict, broken.length > 0 ? "bad" : "good", facts(rows), noteShown(value.note), ...findings(value));
}

/** Two files that together prove that their writer tells two histories. */
function forkShown(pair) {
  const [note] = pair.map(noteIn);
  const title = element("h3", {}, "Two histories of ", said(note.origin));
  const made = element("article", { class: "bad" }, title);
  made.append(
    element("p", { class: "verdict" }, element("strong", {}, `Two roots over the same ${note.size} entries, both signed`)),
    element("p", {}, "Signed by ", signedBy(note.writer), ", in ", ...named(pair), ". Keep both files: together they prove it to whoever has the card."),
  );
  return made;
}

/** A file that holds a view, and first whether its author has withdrawn it. */
function headedView(outcome, verdict, ...children) {
  if (!isWithdrawn(outcome)) return headed(outcome.file, verdict, "good", ...children);
  const by = outcome.withdrawals.map(({ file, value }) =>
    element("p", {}, "Withdrawn by ", signedBy(value.author.office), ": ", said(file.name), ". Nobody is to use it any more."),
  );
  return headed(outcome.file, `Withdrawn by its author. ${verdict}`, "withdrawn", ...by, ...children);
}

function withdrawalShown({ value, counts, counterfeits }) {
  const rows = [
    ["Signed by", signedBy(value.author.office)],
    ["Item", element("code", {}, value.item)],
    ["Key", `${value.author.state}: `, element("code", {}, value.author.key)],
  ];
  if (counts.length > 0) rows.push(["Withdraws", ...named(counts)]);
  if (counterfeits.length > 0) rows.push(["Has no effect on", ...named(counterfeits), ": another office is its author"]);
  const isAlone = counts.length + counterfeits.length === 0;
  const alone = isAlone ? element("p", {}, "No copy of this item is here. It counts if the same office is its author.") : undefined;
  return [facts(rows), alone, ...findings(value)];
}

function destructionShown(value) {
  const rows = [
    ["Signed by", signedBy(value.holder.office)],
    ["Item", element("code", {}, value.item)],
    ["Destroyed at, by its clock", time(value.time)],
    ["Key", `${value.holder.state}: `, element("code", {}, value.holder.key)],
  ];
  if (value.withdrawal !== undefined) rows.push(["Answers the withdrawal", element("code", {}, value.withdrawal)]);
  return [facts(rows), ...findings(value)];
}

function named(outcomes) {
  return outcomes.flatMap(({ file }, at) => [at > 0 ? ", " : "", said(file.name)]);
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

function viewShown(view, outcome) {
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
    view.portions.map((each, number) => portionShown(view, each, number, kept.has(each), outcome.attachments)),
    { class: "portions" },
    "ol",
  );
  const title = "Portions in reading order, with their labels as the author states them";
  if (!isWithdrawn(outcome)) return [facts(rows), element("h4", {}, title), portions, ...findings(view)];
  // It proves what was signed, and so it can be opened; nobody is to come upon it.
  const summary = element("summary", {}, "What it said before it was withdrawn");
  return [facts(rows), element("details", {}, summary, element("h4", {}, title), portions), ...findings(view)];
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
